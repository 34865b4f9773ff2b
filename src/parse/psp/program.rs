//! The Python program that is written while a page is read. Used by the translation only.
//!
//! A line of the page is a line of the program wherever that is possible; `lines` says what each one comes from.

use super::code::{BLANKS, Line};

/// A line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number of the file; 0 is the page itself.
    pub file: u32,
    /// From 1.
    pub line: u32,
}

/// A call that is not closed yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    None,
    /// Further text is another literal.
    Text,
    /// The text behind an expression goes into the same call.
    Value,
}

/// The program so far.
pub struct Program {
    source: String,
    lines: Vec<Place>,
    /// Where its last line begins.
    start: usize,
    call: Call,
    /// The last line has no statement yet.
    fresh: bool,
}

impl Program {
    /// An empty program.
    pub fn new() -> Self {
        Program {
            source: String::new(),
            lines: vec![Place { file: 0, line: 1 }],
            start: 0,
            call: Call::None,
            fresh: true,
        }
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.source.len()
    }

    /// How many lines it has.
    pub fn lines(&self) -> usize {
        self.lines.len()
    }

    /// The source and what its lines come from.
    pub fn finish(mut self) -> (String, Vec<Place>) {
        self.close();
        (self.source, self.lines)
    }

    /// Ends the call that text and expressions may share.
    pub fn close(&mut self) {
        if self.call != Call::None {
            self.source.push_str(",0)");
            self.call = Call::None;
        }
    }

    /// Writes text; returns the place behind it.
    pub fn text(&mut self, indent: &str, mut place: Place, mut text: &str) -> Place {
        if text.is_empty() {
            return place;
        }
        match self.call {
            Call::None => {
                self.statement(indent, place);
                self.source.push_str("_psp_write(");
            }
            Call::Text => self.go_to(place),
            Call::Value => {
                self.go_to(place);
                self.source.push('+');
            }
        }
        self.call = Call::Text;
        while !text.is_empty() {
            let (line, broken, rest) = first_line(text);
            self.go_to(place);
            self.source.push('"');
            self.escape(line);
            if broken {
                self.source.push_str("\\n");
                place.line += 1;
            }
            self.source.push('"');
            text = rest;
        }
        place
    }

    /// Writes the value of an expression.
    pub fn expression(&mut self, indent: &str, place: Place, lines: &[Line<'_>]) {
        self.statement(indent, place);
        self.source.push_str("_psp_write(_psp_str(");
        self.call = Call::Value;
        for (number, line) in lines.iter().enumerate() {
            if number > 0 {
                self.next_line(Place { line: place.line + number as u32, ..place });
            }
            // A comment in the last line would hide what follows.
            self.source.push_str(if number + 1 == lines.len() { line.code() } else { line.text });
        }
        self.source.push(')');
    }

    /// Writes code that stands in one line: a simple statement, as it shares the line with others.
    pub fn one_line(&mut self, indent: &str, place: Place, line: &Line<'_>) {
        let code = line.code().trim_matches(BLANKS);
        if !code.is_empty() {
            self.simple_statement(indent, place);
            let ended = code.strip_suffix(';').map(|code| code.trim_end_matches(BLANKS));
            self.source.push_str(ended.filter(|code| !code.is_empty()).unwrap_or(code));
        }
    }

    /// Writes code of several lines. What comes before its first line break belongs to the line so far.
    pub fn block(&mut self, indent: &str, place: Place, lines: &[Line<'_>]) {
        self.close();
        self.go_to(place);
        let Some((head, rest)) = lines.split_first() else { return };
        if !head.code().trim_matches(BLANKS).is_empty() {
            self.simple_statement(indent, place);
            self.source.push_str(head.text.trim_start_matches(BLANKS));
        }
        for (number, line) in rest.iter().enumerate() {
            let place = Place { line: place.line + number as u32 + 1, ..place };
            self.next_line(place);
            let last = number + 1 == rest.len();
            if !(last && line.is_blank()) {
                self.source.push_str(line.text);
                if last {
                    self.next_line(place);
                }
            }
        }
        self.fresh = true;
    }

    /// Begins what comes from an included file. The line that includes it stays: what goes wrong inside a statement of the
    /// including file is told with it.
    pub fn include(&mut self, place: Place) {
        self.close();
        self.go_to(place);
        self.next_line(place);
    }

    /// A statement that must be a simple one: a compound one cannot follow another in its line.
    fn simple_statement(&mut self, indent: &str, place: Place) {
        if self.statement(indent, place) {
            self.source.push_str("pass;");
        }
    }

    /// Begins a statement; returns whether it is the first in its line.
    fn statement(&mut self, indent: &str, place: Place) -> bool {
        self.close();
        self.go_to(place);
        let first = self.fresh;
        self.source.push_str(if first { indent } else { ";" });
        self.fresh = false;
        first
    }

    /// Makes the program's last line one that comes from `place`.
    fn go_to(&mut self, place: Place) {
        while let Some(last) = self.lines.last_mut().filter(|last| **last != place) {
            if last.file == place.file && last.line < place.line {
                let line = last.line + 1;
                self.next_line(Place { line, ..place });
            } else if self.source.len() == self.start {
                *last = place;
            } else {
                self.next_line(place);
            }
        }
    }

    fn next_line(&mut self, place: Place) {
        self.source.push('\n');
        self.start = self.source.len();
        self.lines.push(place);
        // Inside a call the statement goes on.
        if self.call == Call::None {
            self.fresh = true;
        }
    }

    fn escape(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '"' | '\\' => {
                    self.source.push('\\');
                    self.source.push(character);
                }
                '\0'..'\t' | '\x0b'..' ' | '\x7f' => {
                    self.source.push_str("\\x");
                    for digit in [character as u32 >> 4, character as u32 & 15] {
                        self.source.extend(char::from_digit(digit, 16));
                    }
                }
                _ => self.source.push(character),
            }
        }
    }
}

/// The first line of a text, whether a line break ends it, and what follows. CR, LF and CRLF are line breaks.
pub fn first_line(text: &str) -> (&str, bool, &str) {
    match memchr::memchr2(b'\n', b'\r', text.as_bytes()) {
        Some(end) => {
            let length = if text[end..].starts_with("\r\n") { 2 } else { 1 };
            (&text[..end], true, &text[end + length..])
        }
        None => (text, false, ""),
    }
}

/// The number of line breaks in a text.
pub fn breaks(mut text: &str) -> u32 {
    let mut count = 0;
    loop {
        let (_, broken, rest) = first_line(text);
        if !broken {
            return count;
        }
        count += 1;
        text = rest;
    }
}
