//! Header values with parameters: `form-data; name="a"; filename*=UTF-8''b`. Used for Content-Type and
//! Content-Disposition, of requests and of the parts of a multipart body, and by `_apache.parse_header`.

use std::borrow::Cow;

use memchr::memchr;

use super::query;

/// A name in lower case and its value.
pub type Parameter<'a> = (Vec<u8>, Cow<'a, [u8]>);

/// A header's value, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderValue<'a> {
    /// What stands in front of the first `;`, in lower case.
    pub main: Vec<u8>,
    /// The parameters in their order.
    pub parameters: Vec<Parameter<'a>>,
}

impl<'a> HeaderValue<'a> {
    /// Takes a value apart at each `;` outside of quotes. What has no `=` is left out.
    ///
    /// A value in double quotes loses them; in it, a backslash in front of a quote or a backslash goes, others stay
    /// (browsers on Windows have sent paths). A quote that does not end is part of the value.
    pub fn parse(line: &'a [u8]) -> HeaderValue<'a> {
        let (main, mut rest) = split(line, b';');
        let mut parameters = Vec::new();
        while let Some(text) = rest {
            // A `=` behind the next `;` belongs to another parameter.
            let segment = &text[..memchr(b';', text).unwrap_or(text.len())];
            let Some(equals) = memchr(b'=', segment) else {
                rest = text.get(segment.len() + 1..);
                continue;
            };
            let name = text[..equals].trim_ascii().to_ascii_lowercase();
            let value = text[equals + 1..].trim_ascii_start();
            let (value, behind) = match value.strip_prefix(b"\"").and_then(quoted) {
                Some((value, behind)) => (value, split(behind, b';').1),
                None => {
                    let (value, behind) = split(value, b';');
                    (Cow::Borrowed(value.trim_ascii_end()), behind)
                }
            };
            parameters.push((name, value));
            rest = behind;
        }
        HeaderValue { main: main.trim_ascii().to_ascii_lowercase(), parameters }
    }

    /// The value of a parameter; the last one of its name wins.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.parameters.iter().rev().find(|(known, _)| known == name.as_bytes()).map(|(_, value)| &**value)
    }

    /// Decodes parameters whose name ends in `*` (RFC 5987) and puts them under the name without it, where they win.
    /// Those in a charset other than UTF-8 and ISO-8859-1, or of another form, stay as they are.
    pub fn decode_extended(&mut self) {
        let (mut decoded, mut plain) = (Vec::new(), Vec::new());
        for (name, value) in std::mem::take(&mut self.parameters) {
            match name.strip_suffix(b"*").zip(extended(&value)) {
                Some((short, text)) => decoded.push((short.to_vec(), Cow::Owned(text))),
                None => plain.push((name, value)),
            }
        }
        plain.append(&mut decoded);
        self.parameters = plain;
    }
}

/// The text in front of the first `mark`, and what is behind it.
fn split(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    match memchr(mark, text) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// The text up to the closing quote, and what is behind it; None without a closing quote.
fn quoted(text: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let mut value = Cow::Borrowed(&text[..0]);
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', &text[from..])?;
        match (text[at], text.get(at + 1)) {
            (b'"', _) => {
                match &mut value {
                    Cow::Borrowed(value) => *value = &text[..at],
                    Cow::Owned(value) => value.extend_from_slice(&text[from..at]),
                }
                return Some((value, &text[at + 1..]));
            }
            (_, Some(escaped @ (b'"' | b'\\'))) => {
                let value = value.to_mut();
                value.extend_from_slice(&text[from..at]);
                value.push(*escaped);
                from = at + 2;
            }
            (_, _) => {
                let value = value.to_mut();
                value.extend_from_slice(&text[from..=at]);
                from = at + 1;
            }
        }
    }
}

/// `charset'language'%XX...` as UTF-8; None for what it is not.
fn extended(value: &[u8]) -> Option<Vec<u8>> {
    let (charset, rest) = split(value, b'\'');
    let (_, text) = split(rest?, b'\'');
    let text = query::decode_percent(text?);
    if charset.eq_ignore_ascii_case(b"utf-8") {
        return Some(text.into_owned());
    }
    let latin1 = charset.eq_ignore_ascii_case(b"iso-8859-1");
    latin1.then(|| text.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(line: &str) -> (String, Vec<(String, String)>) {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut value = HeaderValue::parse(line.as_bytes());
        value.decode_extended();
        (text(&value.main), value.parameters.iter().map(|(name, value)| (text(name), text(value))).collect())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    // spec: library:U-190, library:U-192
    #[test]
    fn values_are_taken_apart() {
        let (main, found) = parsed(r#"Form-Data ; Name="a b"; x=y; junk; f=a"b""#);
        assert_eq!((main.as_str(), found), ("form-data", pairs(&[("name", "a b"), ("x", "y"), ("f", "a\"b\"")])));
        assert_eq!(parsed(""), (String::new(), vec![]));
        assert_eq!(parsed("a/b;;; ;").1, pairs(&[]));
        assert_eq!(parsed("a; x = y ;=z").1, pairs(&[("x", "y"), ("", "z")]));
        assert_eq!(parsed("a; x=1; X=2").1, pairs(&[("x", "1"), ("x", "2")]));
        assert_eq!(HeaderValue::parse(b"a; x=1; X=2").get("x"), Some(b"2".as_slice()));
    }

    // spec: library:U-102, library:U-121, library:U-122
    #[test]
    fn quotes_protect() {
        assert_eq!(parsed(r#"a; f="a;b.txt"; c=d"#).1, pairs(&[("f", "a;b.txt"), ("c", "d")]));
        assert_eq!(parsed(r#"a; f="a\"b.txt""#).1, pairs(&[("f", "a\"b.txt")]));
        assert_eq!(parsed(r#"a; f="C:\dir\x\\y""#).1, pairs(&[("f", r"C:\dir\x\y")]));
        assert_eq!(parsed(r#"a; f="" ; g="x" junk; h=1"#).1, pairs(&[("f", ""), ("g", "x"), ("h", "1")]));
        assert_eq!(parsed(r#"a; f="open; g=1"#).1, pairs(&[("f", "\"open"), ("g", "1")]));
        assert_eq!(parsed(r#"a; f="\"#).1, pairs(&[("f", r#""\"#)]));
    }

    // spec: library:U-123
    #[test]
    fn extended_values_are_decoded() {
        assert_eq!(parsed("a; f*=UTF-8''x%20%C3%A9+.txt").1, pairs(&[("f", "x é+.txt")]));
        assert_eq!(parsed("a; f*=utf-8'en'y; f=x").1, pairs(&[("f", "x"), ("f", "y")]));
        assert_eq!(parsed("a; f*=iso-8859-1''%E9").1, pairs(&[("f", "é")]));
        for other in ["koi8-r''%C1", "utf-8'x", "x", ""] {
            assert_eq!(parsed(&format!("a; f*={other}")).1, pairs(&[("f*", other)]));
        }
    }

    proptest! {
        #[test]
        fn quoted_values_come_back(values in proptest::collection::vec("[ -~é]{0,12}", 0..6)) {
            let mut line = "form-data".to_owned();
            for (number, value) in values.iter().enumerate() {
                let value = value.replace('\\', "\\\\").replace('"', "\\\"");
                line += &format!("; p{number}=\"{value}\"");
            }
            let expected: Vec<_> = values.iter().enumerate().map(|(n, value)| (format!("p{n}"), value.clone())).collect();
            prop_assert_eq!(parsed(&line).1, expected);
        }

        #[test]
        fn any_bytes_are_taken_apart(line in proptest::collection::vec(
            prop_oneof![any::<u8>(), proptest::sample::select(b";=\"\\'*%".to_vec())], 0..200,
        )) {
            let mut value = HeaderValue::parse(&line);
            value.decode_extended();
            let size: usize = value.parameters.iter().map(|(name, value)| name.len() + value.len()).sum();
            // ISO-8859-1 takes two bytes for one, which was three before.
            prop_assert!(value.main.len() + size <= line.len());
        }
    }
}
