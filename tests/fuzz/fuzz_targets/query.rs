//! Query strings, against a reader that goes byte by byte and knows nothing of speed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use targets::choice;
use targets::parse::query::{decode, pairs};

type Listed = Vec<(Vec<u8>, Vec<u8>)>;

fn decoded(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| text.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let (mut found, mut at) = (Vec::new(), 0);
    while at < text.len() {
        match (text[at], digit(at + 1), digit(at + 2)) {
            (b'+', ..) => found.push(b' '),
            (b'%', Some(high), Some(low)) => {
                found.push((high * 16 + low) as u8);
                at += 2;
            }
            (other, ..) => found.push(other),
        }
        at += 1;
    }
    found
}

fn listed(text: &[u8], keep_blank: bool) -> Listed {
    let segments = text.split(|byte| b"&;".contains(byte)).filter(|segment| !segment.is_empty());
    segments
        .map(|segment| {
            let mut halves = segment.splitn(2, |&byte| byte == b'=');
            (halves.next().unwrap_or_default(), halves.next().unwrap_or_default())
        })
        .filter(|(_, value)| keep_blank || !value.is_empty())
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fuzz_target!(|data: &[u8]| {
    let mut text = data;
    let keep_blank = choice(&mut text) & 1 == 1;
    assert_eq!(decode(text).into_owned(), decoded(text));
    let found: Listed = pairs(text, keep_blank).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    assert_eq!(found, listed(text, keep_blank));
});
