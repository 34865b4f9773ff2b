//! Query strings (`application/x-www-form-urlencoded`). Used by `_apache.parse_qs`, `parse_qsl` and form parsing.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// A decoded name and its decoded value.
pub type Pair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// The pairs of a query string in order, decoded after they were split.
///
/// Pairs end at `&` and `;`, a name ends at its first `=`. Empty segments are dropped; a segment without a value only
/// if `keep_blank` is false.
pub fn pairs(query: &[u8], keep_blank: bool) -> impl Iterator<Item = Pair<'_>> {
    let mut rest = Some(query);
    let segments = std::iter::from_fn(move || {
        let text = rest?;
        let end = memchr2(b'&', b';', text);
        rest = end.map(|end| &text[end + 1..]);
        Some(&text[..end.unwrap_or(text.len())])
    });
    segments.filter_map(move |segment| {
        let (name, value) = match memchr(b'=', segment) {
            Some(at) => (&segment[..at], &segment[at + 1..]),
            None => (segment, &segment[..0]),
        };
        let dropped = segment.is_empty() || (value.is_empty() && !keep_blank);
        (!dropped).then(|| (decode(name), decode(value)))
    })
}

/// `+` as a space and `%XX` as its byte; a `%` without two hex digits stays as it is.
pub fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    decode_from(text, memchr2(b'+', b'%', text), b' ')
}

/// As [`decode`], and `+` stays.
pub fn decode_percent(text: &[u8]) -> Cow<'_, [u8]> {
    decode_from(text, memchr(b'%', text), b'+')
}

/// Decodes what follows the first special byte, byte by byte: the pieces between them are short.
#[inline]
fn decode_from(text: &[u8], first: Option<usize>, plus: u8) -> Cow<'_, [u8]> {
    let Some(first) = first else { return Cow::Borrowed(text) };
    let mut decoded = Vec::with_capacity(text.len());
    decoded.extend_from_slice(&text[..first]);
    let mut rest = &text[first..];
    while let [byte, behind @ ..] = rest {
        let (decoded_byte, next) = match (byte, behind) {
            (b'+', _) => (plus, behind),
            (b'%', [high, low, next @ ..]) => match hex(*high).zip(hex(*low)) {
                Some((high, low)) => (high << 4 | low, next),
                None => (b'%', behind),
            },
            (other, _) => (*other, behind),
        };
        decoded.push(decoded_byte);
        rest = next;
    }
    Cow::Owned(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn listed(query: &[u8], keep_blank: bool) -> Vec<(Vec<u8>, Vec<u8>)> {
        pairs(query, keep_blank).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(Vec<u8>, Vec<u8>)> {
        pairs.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect()
    }

    // spec: library:U-30, library:U-34, library:U-35, library:U-36, library:U-47
    #[test]
    fn segments_end_at_ampersand_and_semicolon() {
        for keep in [false, true] {
            assert_eq!(listed(b"a=1&b=2;c=3", keep), owned(&[("a", "1"), ("b", "2"), ("c", "3")]));
            assert_eq!(listed(b"=x", keep), owned(&[("", "x")]));
            assert_eq!(listed(b"a=b=c", keep), owned(&[("a", "b=c")]));
            assert_eq!(listed(b"&&;", keep), owned(&[]));
            assert_eq!(listed(b"a=1;;b=2", keep), owned(&[("a", "1"), ("b", "2")]));
        }
    }

    // spec: library:U-32, library:U-33, library:U-45
    #[test]
    fn blank_values_are_kept_on_request() {
        for query in [b"a".as_slice(), b"a="] {
            assert_eq!(listed(query, false), owned(&[]));
            assert_eq!(listed(query, true), owned(&[("a", "")]));
        }
        assert_eq!(listed(b"a=1&b", false), owned(&[("a", "1")]));
        assert_eq!(listed(b"a=1&b", true), owned(&[("a", "1"), ("b", "")]));
    }

    // spec: library:U-15, library:U-16, library:U-17, library:U-39, library:U-48
    #[test]
    fn escapes_are_decoded_once() {
        assert_eq!(*decode(b"a+b%20c"), *b"a b c");
        assert_eq!(*decode(b"%2B%2b"), *b"++");
        assert_eq!(*decode(b"%252F"), *b"%2F");
        assert_eq!(*decode(b"%00x%E9"), *b"\0x\xe9");
        for literal in [b"%zz".as_slice(), b"%", b"%4", b"%%", b"%g0", b"%0g"] {
            assert_eq!(*decode(literal), *literal);
        }
        assert!(matches!(decode(b"plain"), Cow::Borrowed(_)));
    }

    /// The rule, written without care for speed.
    fn slow(text: &[u8]) -> Vec<u8> {
        match text {
            [] => vec![],
            [b'+', rest @ ..] => [b" ".to_vec(), slow(rest)].concat(),
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digits = String::from_utf8(vec![*high, *low]).unwrap();
                [vec![u8::from_str_radix(&digits, 16).unwrap()], slow(rest)].concat()
            }
            [other, rest @ ..] => [vec![*other], slow(rest)].concat(),
        }
    }

    fn escape(text: &[u8]) -> Vec<u8> {
        text.iter()
            .flat_map(|byte| match byte {
                b' ' => b"+".to_vec(),
                byte if byte.is_ascii_alphanumeric() => vec![*byte],
                byte => format!("%{byte:02x}").into_bytes(),
            })
            .collect()
    }

    proptest! {
        #[test]
        fn decoding_follows_the_rule(text in "[+%0-9a-gA-G&=;]{0,40}") {
            prop_assert_eq!(decode(text.as_bytes()).into_owned(), slow(text.as_bytes()));
        }

        #[test]
        fn escaped_pairs_come_back(pairs in proptest::collection::vec(
            (proptest::collection::vec(any::<u8>(), 0..9), proptest::collection::vec(any::<u8>(), 1..9)), 0..9,
        )) {
            let segments: Vec<_> =
                pairs.iter().map(|(name, value)| [escape(name), b"=".to_vec(), escape(value)].concat()).collect();
            prop_assert_eq!(listed(&segments.join(&b'&'), false), pairs.clone());
            prop_assert_eq!(listed(&segments.join(&b';'), true), pairs);
        }

        #[test]
        fn any_bytes_are_split(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let filled = text.split(|byte| b"&;".contains(byte)).filter(|segment| !segment.is_empty()).count();
            prop_assert_eq!(pairs(&text, true).count(), filled);
            prop_assert!(pairs(&text, false).all(|(_, value)| !value.is_empty()));
        }
    }
}
