//! Session ids, the first line of a stored session, and text in its data. Used by `py::session_record` and `py::session_json`.
//!
//! `python/mod_python/_session/format.py` writes that line, and reads those that are refused here, to say what is wrong.

/// How every stored session begins.
const MAGIC: &[u8] = b"mod_python-session 1 ";

/// A float holds every whole number up to this one; as microseconds since the epoch it is in the year 2255.
pub const MOST: u64 = 1 << 53;

/// A stored session, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// How the data is written.
    pub kind: &'a str,
    /// When the session was made, in microseconds since the epoch.
    pub created: u64,
    /// When it was used last, in microseconds since the epoch.
    pub accessed: u64,
    /// How many seconds after that it ends.
    pub timeout: u64,
    /// What follows the first line.
    pub data: &'a [u8],
}

/// Takes a record apart; None if its first line is any other than a plain one with whole numbers.
pub fn split(raw: &[u8]) -> Option<Record<'_>> {
    let line = raw.strip_prefix(MAGIC)?;
    let end = line.iter().take(80).position(|&byte| byte == b'\n')?;
    let mut words = line[..end].split(|&byte| byte == b' ');
    let kind = match words.next()? {
        b"json" => "json",
        b"pickle" => "pickle",
        _ => return None,
    };
    let (created, accessed, timeout) = (number(words.next()?)?, number(words.next()?)?, number(words.next()?)?);
    words.next().is_none().then_some(Record { kind, created, accessed, timeout, data: &line[end + 1..] })
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    let sum =
        digits.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')))?;
    (sum <= MOST).then_some(sum)
}

/// Begins a record whose data are JSON: the first line, as `format.join` writes it.
pub fn begin(created: u64, accessed: u64, timeout: u64) -> Vec<u8> {
    let mut raw = Vec::with_capacity(256);
    raw.extend_from_slice(MAGIC);
    raw.extend_from_slice(format!("json {created} {accessed} {timeout}\n").as_bytes());
    raw
}

/// Writes a text as JSON does: in double quotes, which are escaped with a backslash, as it is itself and control
/// characters. Everything else stays.
pub fn quote(text: &str, into: &mut Vec<u8>) {
    into.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        into.extend_from_slice(&rest[..at]);
        let short = match rest[at] {
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            8 => b'b',
            12 => b'f',
            byte => byte,
        };
        if short < 0x20 {
            into.extend_from_slice(format!("\\u{short:04x}").as_bytes());
        } else {
            into.extend_from_slice(&[b'\\', short]);
        }
        rest = &rest[at + 1..];
    }
    into.extend_from_slice(rest);
    into.push(b'"');
}

/// Whether `text` is a session id: 32 lower-case hex digits.
pub fn is_id(text: &[u8]) -> bool {
    text.len() == 32 && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_lines() {
        let raw = b"mod_python-session 1 json 5500000 1795280400123456 1800\n{}";
        let expected =
            Record { kind: "json", created: 5_500_000, accessed: 1_795_280_400_123_456, timeout: 1800, data: b"{}" };
        assert_eq!(split(raw), Some(expected));
        for odd in [
            &b"mod_python-session 1 json 1 2 3"[..],
            b"mod_python-session 1 json 1 2 3 4\n",
            b"mod_python-session 1 json 1 2\n",
            b"mod_python-session 1 json 1 2 \n",
            b"mod_python-session 1 json 1 2 1800.5\n",
            b"mod_python-session 1 json 1 -2 3\n",
            b"mod_python-session 1 xml 1 2 3\n",
            b"mod_python-session 2 json 1 2 3\n",
            b"mod_python-session 1 json 1 2 9007199254740993\n",
            b"mod_python-session 1 json 1 2 12345678901234567\n",
            b"",
        ] {
            assert_eq!(split(odd), None);
        }
    }

    #[test]
    fn quoted_text() {
        let mut raw = Vec::new();
        quote("a\"b\\c/\n\r\t\u{8}\u{c}\0\u{1f}\u{7f}\u{e9}\u{1f600}", &mut raw);
        assert_eq!(raw, "\"a\\\"b\\\\c/\\n\\r\\t\\b\\f\\u0000\\u001f\u{7f}\u{e9}\u{1f600}\"".as_bytes());
    }

    #[test]
    fn ids() {
        assert!(is_id(b"0123456789abcdef0123456789abcdef"));
        for odd in [
            &b"0123456789ABCDEF0123456789abcdef"[..],
            b"",
            b"0123456789abcdef0123456789abcdef\n",
            b"0123456789abcdeg0123456789abcdef",
        ] {
            assert!(!is_id(odd));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(created in 0..=MOST, accessed in 0..=MOST, timeout in 0..=MOST,
                                   data: Vec<u8>) {
            let mut raw = format!("mod_python-session 1 pickle {created} {accessed} {timeout}\n").into_bytes();
            raw.extend_from_slice(&data);
            prop_assert_eq!(split(&raw), Some(Record { kind: "pickle", created, accessed, timeout, data: &data }));
        }

        #[test]
        fn what_is_begun_is_read(created in 0..=MOST, accessed in 0..=MOST, timeout in 0..=MOST) {
            let raw = begin(created, accessed, timeout);
            prop_assert_eq!(split(&raw), Some(Record { kind: "json", created, accessed, timeout, data: b"" }));
        }

        #[test]
        fn any_bytes(raw: Vec<u8>) {
            let _ = split(&[MAGIC, &raw].concat());
            prop_assert_eq!(split(&raw), None);
        }
    }
}
