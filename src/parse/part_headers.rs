//! The header block of one part of a multipart body, line by line. Used by `multipart` only.

use memchr::memchr;

use super::multipart::Malformed;

/// A name and its value, both without blanks around them.
pub type Header = (Vec<u8>, Vec<u8>);

/// Adds a line that ends with LF; true: it was the empty one, which ends the block.
///
/// A line that begins with a blank continues the one before.
///
/// # Errors
/// Where the line ends without CR, or is no header.
pub fn add(headers: &mut Vec<Header>, line: &[u8]) -> Result<bool, Malformed> {
    let line = line.strip_suffix(b"\r\n").ok_or(Malformed::LineEnd)?;
    if line.is_empty() {
        return Ok(true);
    }
    if let [b' ' | b'\t', ..] = line {
        let (_, value) = headers.last_mut().ok_or(Malformed::Header)?;
        let more = line.trim_ascii();
        if !value.is_empty() && !more.is_empty() {
            value.push(b' ');
        }
        value.extend_from_slice(more);
        return Ok(false);
    }
    let colon = memchr(b':', line).ok_or(Malformed::Header)?;
    let name = line[..colon].trim_ascii();
    if name.is_empty() {
        return Err(Malformed::Header);
    }
    headers.push((name.to_vec(), line[colon + 1..].trim_ascii().to_vec()));
    Ok(false)
}

/// The value of the last header of a name, in any case.
pub fn get<'a>(headers: &'a [Header], name: &str) -> Option<&'a [u8]> {
    let found = headers.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes()));
    found.map(|(_, value)| value.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(lines: &[&str]) -> Result<(Vec<Header>, bool), Malformed> {
        let mut headers = Vec::new();
        for line in lines {
            if add(&mut headers, line.as_bytes())? {
                return Ok((headers, true));
            }
        }
        Ok((headers, false))
    }

    #[test]
    fn folded_lines_are_joined_by_one_blank() {
        let expected = |value: &str| Ok((vec![(b"A".to_vec(), value.as_bytes().to_vec())], true));
        assert_eq!(block(&["A: b\r\n", "  c \r\n", "\td\r\n", "\r\n"]), expected("b c d"));
        assert_eq!(block(&["A:\r\n", " c\r\n", "\r\n"]), expected("c"));
        // A line of blanks adds nothing.
        assert_eq!(block(&["A: b\r\n", " \t\r\n", "\r\n"]), expected("b"));
        assert_eq!(block(&["A: b\r\n", " \r\n", " c\r\n", " \r\n", "\r\n"]), expected("b c"));
    }

    proptest! {
        #[test]
        fn headers_come_back_however_folded(
            names in proptest::collection::vec("[A-Za-z-]{1,8}", 0..6),
            words in proptest::collection::vec(proptest::collection::vec("[!-~\u{e9}]{1,5}", 1..4), 6),
            fold in "[ \t]{1,3}",
        ) {
            let expected: Vec<Header> =
                names.iter().zip(&words).map(|(name, words)| (name.clone().into(), words.join(" ").into())).collect();
            let mut lines = Vec::new();
            for (name, words) in names.iter().zip(&words) {
                lines.push(format!("{name} :{fold}{}\r\n", words[0]));
                lines.extend(words[1..].iter().map(|word| format!("{fold}{word}{fold}\r\n")));
            }
            lines.push("\r\n".to_owned());
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            prop_assert_eq!(block(&lines), Ok((expected.clone(), true)));
            for name in &names {
                let last = expected.iter().rev().find(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes()));
                prop_assert_eq!(get(&expected, &name.to_uppercase()), last.map(|(_, value)| &value[..]));
            }
        }

        #[test]
        fn any_lines_do_no_harm(lines in proptest::collection::vec("[a:; \t\r\u{0}\u{e9}]{0,6}(\n|\r\n)", 0..20)) {
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            if let Ok((headers, _)) = block(&lines) {
                for (name, value) in headers {
                    prop_assert!(!name.is_empty());
                    prop_assert_eq!((name.trim_ascii(), value.trim_ascii()), (&name[..], &value[..]));
                }
            }
        }
    }
}
