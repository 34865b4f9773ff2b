//! The lines of a part's header block, against a reader that first joins what was folded.

#![no_main]

use libfuzzer_sys::fuzz_target;
use targets::choice;
use targets::parse::multipart::Malformed;
use targets::parse::part_headers::{Header, add, get};

/// Headers of the lines before the first empty one, and whether there is one.
fn unfolded(lines: &[&[u8]]) -> Result<(Vec<Header>, bool), Malformed> {
    let end = lines.iter().position(|line| *line == b"\r\n");
    let mut headers: Vec<(Vec<u8>, Vec<Vec<u8>>)> = Vec::new();
    for line in &lines[..end.unwrap_or(lines.len())] {
        if !line.ends_with(b"\r\n") {
            return Err(Malformed::LineEnd);
        }
        let text = &line[..line.len() - 2];
        if text.starts_with(b" ") || text.starts_with(b"\t") {
            headers.last_mut().ok_or(Malformed::Header)?.1.push(text.trim_ascii().to_vec());
            continue;
        }
        let mut halves = text.splitn(2, |&byte| byte == b':');
        let name = halves.next().unwrap_or_default().trim_ascii().to_vec();
        match halves.next() {
            Some(value) if !name.is_empty() => headers.push((name, vec![value.trim_ascii().to_vec()])),
            _ => return Err(Malformed::Header),
        }
    }
    let joined = headers.into_iter().map(|(name, mut pieces)| {
        pieces.retain(|piece| !piece.is_empty());
        (name, pieces.join(&b' '))
    });
    Ok((joined.collect(), end.is_some()))
}

fuzz_target!(|data: &[u8]| {
    let mut text = data;
    // Half of the inputs need not guess that lines end with CRLF.
    let ended = choice(&mut text) & 1 == 1;
    let lines: Vec<Vec<u8>> = text
        .split_inclusive(|&byte| byte == b'\n')
        .map(|line| match line.strip_suffix(b"\n") {
            Some(line) if ended && !line.ends_with(b"\r") => [line, b"\r\n"].concat(),
            _ => line.to_vec(),
        })
        .collect();
    let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();

    let mut headers = Vec::new();
    let mut found = Ok(false);
    for line in &lines {
        found = add(&mut headers, line);
        if found != Ok(false) {
            break;
        }
    }
    assert_eq!(found.map(|last| (headers.clone(), last)), unfolded(&lines));
    // The last of a name is looked for among all of them.
    for (name, _) in headers.iter().take(16) {
        if let Ok(name) = std::str::from_utf8(name) {
            let last = headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes())).next_back();
            assert_eq!(get(&headers, name), last.map(|(_, value)| &value[..]));
        }
    }
});
