//! Header values with parameters, against a reader that goes byte by byte.

#![no_main]

use libfuzzer_sys::fuzz_target;
use targets::parse::parameters::HeaderValue;

type Parameters = Vec<(Vec<u8>, Vec<u8>)>;

/// The string behind an opening quote and where it ends; None without an end.
fn quoted(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut value, mut at) = (Vec::new(), 0);
    loop {
        match (*text.get(at)?, text.get(at + 1)) {
            (b'"', _) => return Some((value, at + 1)),
            (b'\\', Some(&next @ (b'"' | b'\\'))) => {
                value.push(next);
                at += 1;
            }
            (other, _) => value.push(other),
        }
        at += 1;
    }
}

fn taken_apart(line: &[u8]) -> (Vec<u8>, Parameters) {
    let end = |from: usize| line[from..].iter().position(|&byte| byte == b';').map_or(line.len(), |at| from + at);
    let (main, mut found) = (line[..end(0)].trim_ascii().to_ascii_lowercase(), Parameters::new());
    let mut at = end(0) + 1;
    while at <= line.len() {
        let segment = &line[at..end(at)];
        let Some(equals) = segment.iter().position(|&byte| byte == b'=') else {
            at = end(at) + 1;
            continue;
        };
        let name = segment[..equals].trim_ascii().to_ascii_lowercase();
        let mut start = at + equals + 1;
        while line.get(start).is_some_and(u8::is_ascii_whitespace) {
            start += 1;
        }
        let string = line[start..].strip_prefix(b"\"").and_then(quoted);
        let (value, behind) = match string {
            Some((value, length)) => (value, start + 1 + length),
            None => (line[start..end(start)].trim_ascii_end().to_vec(), start),
        };
        found.push((name, value));
        at = end(behind) + 1;
    }
    (main, found)
}

fuzz_target!(|data: &[u8]| {
    let mut value = HeaderValue::parse(data);
    let listed = |value: &HeaderValue<'_>| -> Parameters {
        value.parameters.iter().map(|(name, value)| (name.clone(), value.to_vec())).collect()
    };
    // The plain reader looks for the end of each string to the end of the line.
    if data.len() < 4096 {
        assert_eq!((value.main.clone(), listed(&value)), taken_apart(data));
    }
    // The last of a name is looked for among all of them.
    for (name, last) in value.parameters.iter().take(16) {
        if let Ok(name) = std::str::from_utf8(name) {
            assert!(value.get(name).is_some());
            assert!(
                value.get(name) == Some(last)
                    || value.parameters.iter().filter(|(n, _)| n == name.as_bytes()).count() > 1
            );
        }
    }
    let before = value.parameters.len();
    value.decode_extended();
    assert_eq!(value.parameters.len(), before);
    let size: usize = value.parameters.iter().map(|(name, value)| name.len() + value.len()).sum();
    // A byte of ISO-8859-1 may become two of UTF-8.
    assert!(value.main.len() + size <= 2 * data.len());
});
