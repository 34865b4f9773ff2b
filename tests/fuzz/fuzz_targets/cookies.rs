//! The `Cookie` header, against a reader that takes one byte after the other off the front.

#![no_main]

use std::collections::VecDeque;

use libfuzzer_sys::fuzz_target;
use targets::parse::cookies::pairs;

fn take(rest: &mut VecDeque<u8>, wanted: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut found = Vec::new();
    while let Some(&byte) = rest.front()
        && wanted(byte)
    {
        found.push(byte);
        rest.pop_front();
    }
    found
}

/// The string in double quotes at the front with its quotes; None where it has no end.
fn quoted(rest: &VecDeque<u8>) -> Option<Vec<u8>> {
    let mut bytes = rest.iter().copied();
    let mut found = vec![bytes.next().filter(|&byte| byte == b'"')?];
    loop {
        let byte = bytes.next()?;
        found.push(byte);
        match byte {
            b'"' => return Some(found),
            b'\\' => found.push(bytes.next()?),
            _ => (),
        }
    }
}

fn listed(header: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut rest, mut found) = (VecDeque::from(header.to_vec()), Vec::new());
    loop {
        take(&mut rest, |byte| b" ,;=".contains(&byte));
        let name = take(&mut rest, |byte| !b" ;=".contains(&byte));
        if name.is_empty() {
            return found;
        }
        take(&mut rest, |byte| byte == b' ');
        if rest.front() == Some(&b'=') {
            rest.pop_front();
            take(&mut rest, |byte| byte == b' ');
        }
        let value = match quoted(&rest) {
            Some(value) => rest.drain(..value.len()).collect(),
            None => take(&mut rest, |byte| byte != b';'),
        };
        if name[0] != b'$' {
            found.push((name, value));
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let found: Vec<_> = pairs(data).map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    // The plain reader looks for the end of each string to the end of the header.
    if data.len() < 4096 {
        assert_eq!(found, listed(data));
    }
});
