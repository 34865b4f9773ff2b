//! The lines of a piece of Python code: where comments begin, and which lines go on with the one before. Used by the
//! translation only, which leaves everything else to Python.

use memchr::memchr2;

/// A line of the code as it stands in the page, without its line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The text.
    pub text: &'a str,
    /// Where its comment begins.
    pub comment: Option<usize>,
    /// It is inside brackets or a string that began earlier, or the line before ends in a backslash.
    pub continues: bool,
    /// A lone CR stands before it.
    pub after_cr: bool,
}

impl<'a> Line<'a> {
    /// The line without its comment.
    pub fn code(&self) -> &'a str {
        &self.text[..self.comment.unwrap_or(self.text.len())]
    }

    /// The white space it begins with.
    pub fn indent(&self) -> &'a str {
        &self.text[..self.text.len() - self.text.trim_start_matches(BLANKS).len()]
    }

    /// It has nothing but white space.
    pub fn is_blank(&self) -> bool {
        self.indent().len() == self.text.len()
    }
}

/// White space inside a line.
pub const BLANKS: [char; 3] = [' ', '\t', '\x0c'];

/// The lines of a piece of code.
#[derive(Debug)]
pub struct Code<'a> {
    /// At least one.
    pub lines: Vec<Line<'a>>,
    /// A string that begins in the piece does not end in it.
    pub open_string: bool,
}

/// What is open at a place of the code. Fields and formats are those of f-strings, with the quotes of their string.
#[derive(Clone, Copy)]
enum Open {
    Bracket,
    String { quote: Quote, fields: bool },
    Field(Quote),
    Format(Quote),
}

#[derive(Clone, Copy)]
struct Quote {
    sign: u8,
    triple: bool,
}

impl Quote {
    fn len(self) -> usize {
        if self.triple { 3 } else { 1 }
    }

    fn is_at(self, bytes: &[u8], at: usize) -> bool {
        bytes[at..].len() >= self.len() && bytes[at..at + self.len()].iter().all(|&byte| byte == self.sign)
    }
}

/// Reads the code once, from its start to its end.
pub fn lines(code: &str) -> Code<'_> {
    let mut reader =
        Reader { code, at: 0, start: 0, open: Vec::new(), comment: None, lines: Vec::new(), joined: false };
    reader.read();
    let open_string = reader.open.iter().any(|open| matches!(open, Open::String { .. }));
    Code { lines: reader.lines, open_string }
}

struct Reader<'a> {
    code: &'a str,
    at: usize,
    /// Where the line begins.
    start: usize,
    open: Vec<Open>,
    comment: Option<usize>,
    lines: Vec<Line<'a>>,
    /// A backslash stands before the line break.
    joined: bool,
}

impl Reader<'_> {
    fn read(&mut self) {
        let bytes = self.code.as_bytes();
        let (mut continues, mut after_cr) = (false, false);
        while let Some(&byte) = bytes.get(self.at) {
            if byte == b'\n' || byte == b'\r' {
                if !self.joined {
                    self.end_short_string();
                }
                self.end_line(continues, after_cr);
                continues = self.joined || !self.open.is_empty();
                let crlf = bytes[self.at..].starts_with(b"\r\n");
                after_cr = byte == b'\r' && !crlf;
                self.at += 1 + usize::from(crlf);
                self.start = self.at;
                self.joined = false;
                continue;
            }
            match self.open.last() {
                Some(&Open::String { quote, fields }) => self.in_string(bytes, quote, fields),
                Some(&Open::Format(quote)) => self.in_format(bytes, quote),
                _ => self.in_code(bytes, byte),
            }
        }
        self.end_line(continues, after_cr);
    }

    fn end_line(&mut self, continues: bool, after_cr: bool) {
        let text = &self.code[self.start..self.at];
        let comment = self.comment.take().map(|at| at - self.start);
        self.lines.push(Line { text, comment, continues, after_cr });
    }

    /// A string in single quotes does not go beyond its line; Python tells its author.
    fn end_short_string(&mut self) {
        match self.open.last() {
            Some(Open::String { quote, .. } | Open::Format(quote)) if !quote.triple => self.end_string(),
            _ => {}
        }
    }

    fn end_string(&mut self) {
        while let Some(open) = self.open.pop() {
            if matches!(open, Open::String { .. }) {
                return;
            }
        }
    }

    fn in_code(&mut self, bytes: &[u8], byte: u8) {
        match byte {
            b'#' => {
                self.comment = Some(self.at);
                self.at = memchr2(b'\n', b'\r', &bytes[self.at..]).map_or(bytes.len(), |end| self.at + end);
                return;
            }
            b'\\' => self.joined = matches!(bytes.get(self.at + 1), Some(b'\n' | b'\r')),
            b'(' | b'[' | b'{' => self.open.push(Open::Bracket),
            b')' | b']' => self.close_bracket(),
            b'}' if matches!(self.open.last(), Some(Open::Field(_))) => drop(self.open.pop()),
            b'}' => self.close_bracket(),
            b':' => {
                if let Some(&Open::Field(quote)) = self.open.last() {
                    self.open.push(Open::Format(quote));
                }
            }
            b'"' | b'\'' => {
                let triple = Quote { sign: byte, triple: true }.is_at(bytes, self.at);
                let quote = Quote { sign: byte, triple };
                self.open.push(Open::String { quote, fields: has_fields(&bytes[self.start..self.at]) });
                self.at += quote.len();
                return;
            }
            _ => {}
        }
        self.at += 1;
    }

    fn close_bracket(&mut self) {
        if matches!(self.open.last(), Some(Open::Bracket)) {
            self.open.pop();
        }
    }

    fn in_string(&mut self, bytes: &[u8], quote: Quote, fields: bool) {
        match bytes[self.at] {
            b'\\' => self.escaped(bytes, fields),
            _ if quote.is_at(bytes, self.at) => {
                self.end_string();
                self.at += quote.len();
            }
            b'{' if fields && bytes.get(self.at + 1) == Some(&b'{') => self.at += 2,
            b'{' if fields => {
                self.open.push(Open::Field(quote));
                self.at += 1;
            }
            _ => self.at += 1,
        }
    }

    fn in_format(&mut self, bytes: &[u8], quote: Quote) {
        match bytes[self.at] {
            b'\\' => self.escaped(bytes, true),
            _ if quote.is_at(bytes, self.at) => {
                self.end_string();
                self.at += quote.len();
            }
            b'{' => {
                self.open.push(Open::Field(quote));
                self.at += 1;
            }
            b'}' => {
                self.open.truncate(self.open.len().saturating_sub(2));
                self.at += 1;
            }
            _ => self.at += 1,
        }
    }

    /// Goes past a backslash in a string, and past what it makes literal.
    fn escaped(&mut self, bytes: &[u8], fields: bool) {
        self.at += match bytes.get(self.at + 1) {
            Some(b'\n' | b'\r') => {
                self.joined = true;
                1
            }
            // A field begins after a backslash as well; \N{...} is a character's name.
            Some(b'{' | b'}') if fields => 1,
            Some(b'N') if fields && bytes.get(self.at + 2) == Some(&b'{') => 3,
            Some(_) => 2,
            None => 1,
        };
    }
}

/// Whether the letters before a quote make an f-string, or a t-string, of it.
fn has_fields(before: &[u8]) -> bool {
    let letters = before.iter().rev().take(3).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (rest, prefix) = before.split_at(before.len() - letters);
    let in_a_name = rest.last().is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80);
    !in_a_name && prefix.iter().any(|byte| b"fFtT".contains(byte)) && prefix.iter().all(|byte| b"fFtTrR".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn comment(line: &str) -> Option<&str> {
        let code = lines(line);
        assert!(!code.open_string && code.lines.len() == 1, "{line}");
        code.lines[0].comment.map(|at| &line[at..])
    }

    #[test]
    fn comments_begin_outside_of_strings() {
        assert_eq!(comment("x # c"), Some("# c"));
        for none in [
            "'#'",
            "\"\\\"#\"",
            "'''#' \"#'''",
            "f'{x:#x}'",
            "f'{x!r:#>{n}}'",
            "f\"{d[\"#\"]}#\"",
            "f'{{#}}'",
            "'{#'",
            "f'\\N{NUMBER SIGN}#'",
            "rf'\\{'#'}#'",
            "t'{x}#'",
            "F''' '#{ (1, {2: '#'}) }#'''",
        ] {
            assert_eq!(comment(none), None, "{none}");
        }
        assert_eq!(comment("f'{x}'#f"), Some("#f"));
        assert_eq!(comment("elf'{'#'"), Some("#'"));
        assert_eq!(comment("''#'"), Some("#'"));
        assert_eq!(comment("x = {1: 2}[1]#:"), Some("#:"));
    }

    #[test]
    fn lines_continue_in_brackets_strings_and_after_backslashes() {
        let continues = |code: &str| -> Vec<bool> { lines(code).lines.iter().map(|line| line.continues).collect() };
        assert_eq!(continues("x = [1,\n2]\r\ny"), [false, true, false]);
        assert_eq!(continues("x = '''a\n\n'''\ny"), [false, true, true, false]);
        assert_eq!(continues("x = 1 + \\\n2\ry"), [false, true, false]);
        assert_eq!(continues("x = 'a\\\nb'\ny"), [false, true, false]);
        assert_eq!(continues("x = f'{\n1}'\ny # (\nz"), [false, true, false, false]);
        assert_eq!(continues("x = 'a\ny)\nz"), [false, false, false]);
        assert_eq!(continues("x = f'{a:b\ny"), [false, false]);
    }

    #[test]
    fn open_strings_are_seen() {
        for open in ["'", "x = \"\"\"\n\"\"", "f'{", "f'{'", "f'{x:", "'\\'", "f'{\"'}", "'\\\n"] {
            assert!(lines(open).open_string, "{open}");
        }
        for closed in ["", "[", "{x:", "'\n", "# '", "f'{x:'"] {
            assert!(!lines(closed).open_string, "{closed}");
        }
    }

    proptest! {
        #[test]
        fn lines_are_the_text(code in "([-'\"#{}:()fr\\\\N \n\r]|é){0,60}") {
            let read = lines(&code);
            let texts: Vec<&str> = read.lines.iter().map(|line| line.text).collect();
            prop_assert_eq!(texts.join("\n"), code.replace("\r\n", "\n").replace('\r', "\n"));
            for line in read.lines {
                prop_assert!(line.code().len() <= line.text.len());
                prop_assert!(line.comment.is_none_or(|at| line.text.as_bytes()[at] == b'#'));
            }
        }
    }
}
