//! The syntax of a handler directive: `module[::object] ... [| .ext ...]`.

/// One directive's value, split.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct HandlerLine<'a> {
    /// The handler words, left to right.
    pub handlers: Vec<&'a [u8]>,
    /// The extension words; empty: no restriction.
    pub extensions: Vec<&'a [u8]>,
    /// A `|` was seen.
    pub bar: bool,
}

/// Cuts the value at the first `|` and both parts at white space. Quotes have no meaning.
pub fn split_line(value: &[u8]) -> HandlerLine<'_> {
    let (left, right) = match memchr::memchr(b'|', value) {
        Some(at) => (&value[..at], Some(&value[at + 1..])),
        None => (value, None),
    };
    HandlerLine {
        handlers: words(left).collect(),
        extensions: right.map(|part| words(part).collect()).unwrap_or_default(),
        bar: right.is_some(),
    }
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// Splits `module[::object]` at the first `::`; None where there is no object part.
pub fn split_handler(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match text.windows(2).position(|pair| pair == b"::") {
        Some(at) => (&text[..at], Some(&text[at + 2..])),
        None => (text, None),
    }
}

/// The extension that selects a handler list: everything from the first dot of the last path component.
///
/// `a.tar.gz` has the extension `.tar.gz`; a name without a dot has the empty one.
pub fn extension(filename: &[u8]) -> &[u8] {
    let base = memchr::memrchr(b'/', filename).map_or(0, |at| at + 1);
    let name = &filename[base..];
    memchr::memchr(b'.', name).map_or(&[], |at| &name[at..])
}

/// What is doubtful in a directive's value, for a warning at configuration time.
pub fn doubts(line: &HandlerLine<'_>) -> Option<String> {
    let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
    if line.handlers.is_empty() {
        return Some("it names no handler".to_owned());
    }
    if let Some(word) = line.handlers.iter().find(|word| word.contains(&b'"') || word.contains(&b'\'')) {
        return Some(format!("quotes have no meaning here: {} is taken as it stands", text(word)));
    }
    if let Some(word) = line.extensions.iter().find(|word| !word.starts_with(b".")) {
        return Some(format!("the extension {} does not begin with a dot and can never match", text(word)));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // spec: directives:4.1.1, directives:4.1.4
    #[test]
    fn line_is_cut_at_the_first_bar() {
        let line = split_line(b" a::b  c |.py .txt | .x");
        assert_eq!(line.handlers, [b"a::b".as_slice(), b"c"]);
        assert_eq!(line.extensions, [b".py".as_slice(), b".txt", b"|", b".x"]);
        assert!(split_line(b"x |").bar && split_line(b"x |").extensions.is_empty());
    }

    // spec: directives:4.2.1
    #[test]
    fn handler_is_split_at_the_first_pair_of_colons() {
        assert_eq!(split_handler(b"m"), (b"m".as_slice(), None));
        assert_eq!(split_handler(b"m::"), (b"m".as_slice(), Some(b"".as_slice())));
        assert_eq!(split_handler(b"m::a::b"), (b"m".as_slice(), Some(b"a::b".as_slice())));
    }

    // spec: directives:4.4.1, directives:4.4.2
    #[test]
    fn extension_begins_at_the_first_dot_of_the_name() {
        assert_eq!(extension(b"/a.b/c.tar.gz"), b".tar.gz");
        assert_eq!(extension(b"/a/.x"), b".x");
        assert_eq!(extension(b"/a.d/name"), b"");
        assert_eq!(extension(b""), b"");
    }

    // spec: directives:D-23
    #[test]
    fn doubtful_lines_are_named() {
        assert!(doubts(&split_line(b"")).unwrap().contains("no handler"));
        assert!(doubts(&split_line(b"\"a b\"")).unwrap().contains("quotes"));
        assert!(doubts(&split_line(b"a | py")).unwrap().contains("dot"));
        assert_eq!(doubts(&split_line(b"a::b | .py")), None);
    }

    proptest! {
        #[test]
        fn any_text_is_split_without_loss(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let line = split_line(&text);
            for word in line.handlers.iter().chain(&line.extensions) {
                prop_assert!(!word.is_empty() && !word.iter().any(u8::is_ascii_whitespace));
            }
            let (module, object) = split_handler(&text);
            prop_assert_eq!(module.len() + object.map_or(0, |o| o.len() + 2), text.len());
        }
    }
}
