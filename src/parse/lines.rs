//! Cuts text into lines for the error log, which writes one line at a time and drops what is longer than its buffer.

/// How much of a line goes into the log at once, in bytes as httpd writes them. httpd's buffer is MAX_STRING_LEN
/// (httpd.h), 8192 bytes; what is left of it holds the time, the client, the Referer and our own words.
pub const WIDTH: usize = 7168;

/// How many bytes httpd makes of a byte: `ap_escape_errorlog_item` writes `\n` or `\xhh` for what is no printable ASCII.
fn width(byte: u8) -> usize {
    match byte {
        b'\\' | 0x08..=0x0b | b'\r' => 2,
        b' '..=b'~' => 1,
        _ => 4,
    }
}

/// The first line and what follows it: up to a line end, which neither has, or as much as fits where the line is too
/// long. None where the text is the beginning of a line.
pub fn next_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    // What lies behind the longest line is not looked at, or a long text without line ends would be read again for
    // each of its pieces.
    let near = &text[..text.len().min(WIDTH + 1)];
    let end = memchr::memchr(b'\n', near);
    let line = &near[..end.unwrap_or(near.len())];
    if let Some(fits) = fitting(line) {
        return Some(text.split_at(fits));
    }
    end.map(|end| (line.strip_suffix(b"\r").unwrap_or(line), &text[end + 1..]))
}

/// Where to cut a line that is too long: in front of a character.
fn fitting(line: &[u8]) -> Option<usize> {
    if line.len() <= WIDTH / 4 {
        return None;
    }
    let mut sum = 0;
    let too_far = line.iter().position(|&byte| {
        sum += width(byte);
        sum > WIDTH
    })?;
    // A character of UTF-8 has up to three bytes behind its first one.
    let begins = |at: &usize| line[*at] & 0xc0 != 0x80;
    Some((too_far.saturating_sub(3)..=too_far).rev().find(begins).unwrap_or(too_far))
}

/// Calls `each` with every line of a whole text. A line end at its end begins no further line.
pub fn for_each_line(mut text: &[u8], mut each: impl FnMut(&[u8])) {
    loop {
        match next_line(text) {
            Some((line, rest)) => {
                each(line);
                if rest.is_empty() {
                    return;
                }
                text = rest;
            }
            None => return each(text.strip_suffix(b"\r").unwrap_or(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for_each_line(text.as_bytes(), |line| found.push(String::from_utf8(line.to_vec()).unwrap()));
        found
    }

    #[test]
    fn line_ends_end_lines() {
        assert_eq!(lines(""), [""]);
        assert_eq!(lines("\n"), [""]);
        assert_eq!(lines("a\r\n\nb"), ["a", "", "b"]);
        assert_eq!(lines("a\rb\n"), ["a\rb"]);
    }

    #[test]
    fn a_beginning_is_no_line() {
        assert_eq!(next_line(b"abc"), None);
        assert_eq!(next_line(b"abc\nde"), Some((&b"abc"[..], &b"de"[..])));
    }

    #[test]
    fn long_lines_are_cut_by_what_httpd_writes() {
        for (character, whole) in [("x", WIDTH), ("\\", WIDTH / 2), ("\u{e4}", WIDTH / 8), ("\u{20ac}", WIDTH / 12)] {
            let text = character.repeat(2 * whole + 1);
            let found = lines(&text);
            let counts: Vec<_> = found.iter().map(|line| line.chars().count()).collect();
            assert_eq!(counts, [whole, whole, 1], "{character}");
            assert_eq!(found.concat(), text);
        }
    }

    /// The rule, with no thought of what a long text costs.
    fn slow(text: &[u8]) -> Option<(&[u8], &[u8])> {
        let end = text.iter().position(|&byte| byte == b'\n');
        let line = &text[..end.unwrap_or(text.len())];
        if let Some(fits) = fitting(line) {
            return Some(text.split_at(fits));
        }
        end.map(|end| (line.strip_suffix(b"\r").unwrap_or(line), &text[end + 1..]))
    }

    #[test]
    fn lines_around_the_longest_end_where_they_ended() {
        for size in WIDTH - 2..WIDTH + 4 {
            for end in ["", "\n", "\r\n", "\nmore", "\r\n\n"] {
                let text = "x".repeat(size) + end;
                assert_eq!(next_line(text.as_bytes()), slow(text.as_bytes()), "{size} {end:?}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_cut_anywhere() {
        let text = [0xbf; WIDTH];
        let mut sizes = Vec::new();
        for_each_line(&text, |line| sizes.push(line.len()));
        assert_eq!(sizes, [WIDTH / 4; 4]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_line_is_too_long(
            tokens in proptest::collection::vec(proptest::sample::select(
                vec!["a", "\\", "\n", "\r\n", "\r", "\u{e4}", "\u{20ac}", "\u{1f600}", "\u{0}"]), 0..60),
            times in 1..400usize,
        ) {
            let text = tokens.concat().repeat(times);
            let found = lines(&text);
            let visible = |text: &str| text.replace(['\r', '\n'], "");
            prop_assert_eq!(visible(&found.concat()), visible(&text));
            for line in found {
                prop_assert!(!line.contains('\n'));
                prop_assert!(line.bytes().map(width).sum::<usize>() <= WIDTH);
            }
            prop_assert_eq!(next_line(text.as_bytes()), slow(text.as_bytes()));
        }
    }
}
