//! The `Cookie` header. Used by `_apache.parse_cookies`.
//!
//! `python/mod_python/_cookie/pairs.py` has the same rule for Python outside httpd; a test compares the two.

use memchr::{memchr, memchr2};

/// The cookies of a header as (name, value), in order, names more than once included.
///
/// Spaces, commas, `;` and `=` before a name are skipped. A name ends at a space, `;` or `=`; after it spaces, one `=`
/// and spaces may stand. A value is a string in double quotes (a backslash takes the next byte along), with its
/// quotes, or else everything up to the next `;`. Names that begin with `$` are left out.
pub fn pairs(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = header;
    let every = std::iter::from_fn(move || {
        let start = rest.iter().position(|byte| !b" ,;=".contains(byte))?;
        let (name, after) = split(&rest[start..], |byte| b" ;=".contains(&byte));
        let after = skip_spaces(after);
        let after = after.strip_prefix(b"=").map_or(after, skip_spaces);
        let end = quoted(after).or_else(|| memchr(b';', after)).unwrap_or(after.len());
        rest = &after[end..];
        Some((name, &after[..end]))
    });
    every.filter(|(name, _)| name[0] != b'$')
}

fn split(text: &[u8], ends: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|&byte| ends(byte)).unwrap_or(text.len()))
}

fn skip_spaces(text: &[u8]) -> &[u8] {
    split(text, |byte| byte != b' ').1
}

/// Where a string in double quotes ends that `text` begins with; None where there is none or its end is missing.
///
/// Only one string of a header can lack its end, so that all calls together look at each byte a fixed number of times:
/// a later one would begin with a quote after `=` or a space, which ends the earlier one.
fn quoted(text: &[u8]) -> Option<usize> {
    let inner = text.strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', inner.get(at..)?)?;
        if inner[at] == b'"' {
            return Some(at + 2);
        }
        at += 2;
    }
}

/// The attributes of a cookie in the order of its header: their names in Python, in the header, and whether they stand
/// there without a value.
///
/// The table of `python/mod_python/_cookie/attributes.py`; a test compares what comes of the two.
pub const ATTRIBUTES: [(&str, &str, bool); 13] = [
    ("version", "version", false),
    ("path", "path", false),
    ("domain", "domain", false),
    ("secure", "secure", true),
    ("comment", "comment", false),
    ("expires", "expires", false),
    ("max_age", "max-age", false),
    ("samesite", "samesite", false),
    ("commentURL", "commentURL", false),
    ("discard", "discard", true),
    ("port", "port", false),
    ("httponly", "httponly", true),
    ("partitioned", "partitioned", true),
];

/// Whether text may stand in a value or an attribute beyond any doubt: printable ASCII without `;`.
#[inline]
pub fn is_plain(text: &[u8]) -> bool {
    !text.iter().fold(false, |odd, &byte| odd | !(0x20..0x7f).contains(&byte) | (byte == b';'))
}

/// Whether text may be a cookie's name beyond any doubt: [`is_plain`], neither empty nor with a space or `=`, and not the
/// beginning of a name that promises something.
#[inline]
pub fn is_plain_name(name: &[u8]) -> bool {
    is_plain(name)
        && !name.is_empty()
        && !name.iter().any(|&byte| byte == b' ' || byte == b'=')
        && !name.starts_with(b"__")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn listed(header: &str) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        pairs(header.as_bytes()).map(|(name, value)| (text(name), text(value))).collect()
    }

    fn is(header: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        assert_eq!(listed(header), expected, "{header}");
    }

    // spec: library:C-50, library:C-51, library:C-52, library:C-53, library:C-57, library:C-58, library:C-59
    // spec: library:C-60, library:C-61, library:C-65
    #[test]
    fn plain_values_end_at_a_semicolon() {
        is("a=b; c=d", &[("a", "b"), ("c", "d")]);
        is("a=b;c=d", &[("a", "b"), ("c", "d")]);
        is("a = b ; c=d", &[("a", "b "), ("c", "d")]);
        is("a", &[("a", "")]);
        is("a;b=1", &[("a", ""), ("b", "1")]);
        is("a b=1", &[("a", "b=1")]);
        is("a=1, b=2", &[("a", "1, b=2")]);
        is(", a=1", &[("a", "1")]);
        is("a=1;a=2", &[("a", "1"), ("a", "2")]);
        is("a=b=c", &[("a", "b=c")]);
        is("=x", &[("x", "")]);
        is("", &[]);
        is(" ,;= ", &[]);
    }

    // spec: library:C-40, library:C-41, library:C-54, library:C-55, library:C-63, library:C-64
    #[test]
    fn quoted_values_keep_their_quotes() {
        is(r#"a="x;y"; c=1"#, &[("a", r#""x;y""#), ("c", "1")]);
        is(r#"a="x\"y""#, &[("a", r#""x\"y""#)]);
        is(r#"a="x\\"; b=1"#, &[("a", r#""x\\""#), ("b", "1")]);
        is(r#"a="unterminated; b=1"#, &[("a", r#""unterminated"#), ("b", "1")]);
        is(r#"a="x\"; b=1"#, &[("a", r#""x\""#), ("b", "1")]);
        is(r#"a="\"#, &[("a", r#""\"#)]);
        is(r#"a="x"y; b=1"#, &[("a", r#""x""#), ("y", ""), ("b", "1")]);
        is(r#"a=%41"x"; b="""#, &[("a", r#"%41"x""#), ("b", r#""""#)]);
    }

    // spec: library:C-42, library:C-43, library:C-56, library:C-62
    #[test]
    fn dollar_names_are_left_out() {
        is("$Version=1; a=b; $Path=/", &[("a", "b")]);
        is("a=$b; A=c", &[("a", "$b"), ("A", "c")]);
        is(
            "spam=foo; path=blah;;eggs=bar;, bar=foo",
            &[("spam", "foo"), ("path", "blah"), ("eggs", "bar"), ("bar", "foo")],
        );
    }

    // spec: library:C-10
    #[test]
    fn doubtful_text_is_not_plain() {
        assert!(is_plain(b"") && is_plain(b" /a=\"b\", ~") && is_plain_name(b"_a-b.c") && is_plain_name(b"a,b"));
        for doubtful in (0..0x20).chain(0x7f..=0xff).chain([b';']) {
            assert!(!is_plain(&[b'a', doubtful, b'b']) && !is_plain_name(&[b'a', doubtful]));
        }
        for name in [b"".as_slice(), b"a b", b"a=", b"__Host-a", b"__"] {
            assert!(!is_plain_name(name));
        }
    }

    #[test]
    fn a_long_header_takes_time_in_proportion() {
        for piece in [r#"a="\";"#, r#"a=";"#, "=", ";", "\"", "\\", r#"="\"#, ", "] {
            assert!(pairs(piece.repeat(200_000).as_bytes()).count() <= 400_000);
        }
    }

    proptest! {
        #[test]
        fn well_formed_cookies_come_back(cookies in proptest::collection::vec(
            ("[a-zA-Z0-9_.-]{1,8}", "[!#-:<-~]{0,12}|\"[ -!#-\\[\\]-~]{0,12}\""), 0..9,
        )) {
            let header: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            prop_assert_eq!(listed(&header.join("; ")), cookies.clone());
            prop_assert_eq!(listed(&header.join(";")), cookies);
        }

        #[test]
        fn any_bytes_are_parts_of_the_header(header in proptest::collection::vec(
            prop_oneof![any::<u8>(), proptest::sample::select(b" ,;=\"\\$a".to_vec())], 0..200,
        )) {
            let mut last = 0;
            for (name, value) in pairs(&header) {
                prop_assert!(!name.is_empty() && !name.iter().any(|byte| b" ;=".contains(byte)));
                prop_assert!(!value.contains(&b';') || (value.len() > 1 && value.starts_with(b"\"") && value.ends_with(b"\"")));
                let at = name.as_ptr() as usize - header.as_ptr() as usize;
                prop_assert!(at >= last);
                last = at + name.len() + value.len();
                prop_assert!(last <= header.len());
            }
        }
    }
}
