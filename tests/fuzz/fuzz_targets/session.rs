//! Stored sessions and session ids, against a reader that takes the first line for text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use targets::choice;
use targets::parse::session::{is_id, split};

const BEGIN: &str = "mod_python-session 1 ";

type Facts<'a> = (&'a str, u64, u64, u64, &'a [u8]);

fn number(word: &str) -> Option<u64> {
    let digits = (1..=16).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    // A float holds every number up to that one.
    word.parse().ok().filter(|&number| digits && number <= 1 << 53)
}

fn read(raw: &[u8]) -> Option<Facts<'_>> {
    let end = raw.iter().position(|&byte| byte == b'\n')?;
    let line = std::str::from_utf8(&raw[..end]).ok()?.strip_prefix(BEGIN)?;
    let words: Vec<_> = line.split(' ').collect();
    let [kind @ ("json" | "pickle"), created, accessed, timeout] = words[..] else { return None };
    Some((kind, number(created)?, number(accessed)?, number(timeout)?, &raw[end + 1..]))
}

fuzz_target!(|data: &[u8]| {
    let mut text = data;
    // Nobody guesses how a session begins.
    let raw = if choice(&mut text) & 1 == 1 { [BEGIN.as_bytes(), text].concat() } else { text.to_vec() };
    let found = split(&raw).map(|found| (found.kind, found.created, found.accessed, found.timeout, found.data));
    assert_eq!(found, read(&raw));

    let plain =
        std::str::from_utf8(text).is_ok_and(|text| text.chars().all(|digit| "0123456789abcdef".contains(digit)));
    assert_eq!(is_id(text), plain && text.len() == 32);
});
