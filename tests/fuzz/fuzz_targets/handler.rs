//! The text of a handler directive, as somebody may write it into a configuration or an `.htaccess` file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use targets::parse::handler::{doubts, extension, split_handler, split_line};

fuzz_target!(|data: &[u8]| {
    let line = split_line(data);
    assert_eq!(line.bar, data.contains(&b'|'));
    assert!(line.bar || line.extensions.is_empty());
    // Every byte that is no white space and not the first bar is in a word, in order.
    let words: Vec<u8> = line.handlers.iter().chain(&line.extensions).flat_map(|word| word.iter().copied()).collect();
    let mut bars = 0;
    let rest: Vec<u8> = data
        .iter()
        .copied()
        .filter(|byte| {
            bars += usize::from(*byte == b'|');
            !byte.is_ascii_whitespace() && (*byte != b'|' || bars > 1)
        })
        .collect();
    assert_eq!(words, rest);
    assert!(doubts(&line).is_some() || !line.handlers.is_empty());

    let (module, object) = split_handler(data);
    let joined = object.map_or(module.to_vec(), |object| [module, object].join(&b"::"[..]));
    assert_eq!(joined, data);
    assert!(!module.windows(2).any(|pair| pair == b"::"));

    let found = extension(data);
    assert!(data.ends_with(found) && !found.contains(&b'/'));
    assert!(found.is_empty() || found[0] == b'.');
    let name = data.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    assert_eq!(name.contains(&b'.'), !found.is_empty());
});
