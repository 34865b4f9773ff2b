//! What Python prints, cut into lines for the error log, whole and as it arrives in pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use targets::choice;
use targets::parse::lines::{WIDTH, for_each_line, next_line};

/// The most that httpd makes of a byte.
const WIDEST: usize = 4;

fuzz_target!(|data: &[u8]| {
    let mut seed = data;
    // Lines that are too long need more bytes than a fuzzer likes to make.
    let times = 1 + usize::from(choice(&mut seed));
    let text = seed.repeat(times.min(1 + 3 * WIDTH / seed.len().max(1)));

    let mut lines = Vec::new();
    for_each_line(&text, |line| lines.push(line.to_vec()));
    let visible = |bytes: &[u8]| -> Vec<u8> { bytes.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect() };
    assert_eq!(visible(&lines.concat()), visible(&text));
    for line in &lines {
        assert!(line.len() <= WIDTH && !line.contains(&b'\n'));
    }
    // A cut is made only where a line is long, so short texts have as many lines as line ends.
    if text.len() <= WIDTH / WIDEST {
        let ends = text.iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(lines.len(), ends + usize::from(!text.ends_with(b"\n")));
    }

    let mut rest = &text[..];
    while let Some((line, after)) = next_line(rest) {
        assert!(line.len() + after.len() <= rest.len() && after.len() < rest.len());
        rest = after;
    }
    assert!(!rest.contains(&b'\n'));
});
