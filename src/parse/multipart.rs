//! Multipart bodies (RFC 2046, RFC 7578) in blocks of any size: the caller fills a window, the parser says what it sees
//! in it. Memory is the window, a block and at most a header block; time is linear in the body. Used by `py::form`.
//!
//! Why no crate: multer is asynchronous and needs a runtime, multipart and its like have not been maintained for years;
//! none of them lets the caller read into its buffer or has the rules for malformed bodies that old programs rely on.

use memchr::memchr;
use memchr::memmem::Finder;

use super::part_headers;
pub use super::part_headers::{Header, get};

/// How much the caller is asked to read at once.
pub const BLOCK: usize = 64 * 1024;

/// Blanks behind a delimiter beyond this make it data.
const PADDING: usize = 1000;

/// What is wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The closing delimiter is missing.
    #[error("the multipart body ends without its closing delimiter")]
    Truncated,
    /// A line of a header block ends with LF alone.
    #[error("a header of a part does not end with CRLF")]
    LineEnd,
    /// A line of a header block has no name and colon.
    #[error("a header of a part has no name")]
    Header,
    /// A header block is longer than allowed.
    #[error("the headers of a part are longer than max_part_header")]
    HeaderTooLong,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// More of the body is needed: [`Parser::space`] and [`Parser::filled`], or [`Parser::finish`] at its end.
    Starved,
    /// The headers of a part.
    Part(Vec<Header>),
    /// The next bytes of the part's data.
    Data(&'a [u8]),
    /// The end of the part.
    PartEnd,
    /// The end of the form, again and again.
    End,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Preamble,
    Headers,
    Data,
    /// The end of a part was found, the delimiter is behind it.
    AfterData {
        closing: bool,
    },
    Done,
}

/// What stands at a possible delimiter.
enum Delimiter {
    /// It is one, so many bytes behind its boundary.
    Here { length: usize, closing: bool },
    /// It may become one with more bytes.
    Open,
    /// It is data.
    No,
}

/// The parser of one body.
pub struct Parser {
    /// CRLF, two hyphens, the boundary.
    finder: Finder<'static>,
    header_limit: usize,
    /// What is read of the body and not yet done with is `window[start..end]`; what follows is space.
    window: Vec<u8>,
    start: usize,
    end: usize,
    /// The first bytes of the window belong to the line before the data, but may begin a delimiter.
    lead: usize,
    /// So many bytes behind `start` were searched for the end of a header line.
    searched: usize,
    /// The body has no more bytes.
    ended: bool,
    place: Place,
    /// Of the part whose headers are being read.
    headers: Vec<Header>,
    /// Length of these so far.
    header_length: usize,
}

impl Parser {
    /// A parser for bodies with this boundary, which is not empty; a part's headers may have `header_limit` bytes.
    pub fn new(boundary: &[u8], header_limit: usize) -> Parser {
        let needle = [b"\r\n--", boundary].concat();
        Parser {
            finder: Finder::new(&needle).into_owned(),
            header_limit,
            // The first line of a body needs no line end before it.
            window: b"\r\n".to_vec(),
            start: 0,
            end: 2,
            lead: 0,
            searched: 0,
            ended: false,
            place: Place::Preamble,
            headers: Vec::new(),
            header_length: 0,
        }
    }

    /// Space for the next bytes, `size` of them at most and a block at most; it is not empty.
    pub fn space(&mut self, size: usize) -> &mut [u8] {
        if self.start > 0 {
            self.window.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let size = size.clamp(1, BLOCK);
        if self.window.len() < self.end + size {
            self.window.resize(self.end + size, 0);
        }
        &mut self.window[self.end..self.end + size]
    }

    /// So many bytes of the space were filled.
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.window.len());
    }

    /// The body ends here.
    pub fn finish(&mut self) {
        self.ended = true;
    }

    /// What comes next.
    ///
    /// # Errors
    /// Where the body is malformed; nothing can be had of it then.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Event<'_>, Malformed> {
        loop {
            match self.place {
                Place::Preamble | Place::Data => return self.search(),
                Place::Headers => match self.line()? {
                    Line::Starved if self.ended => return Err(Malformed::Truncated),
                    Line::Starved => return Ok(Event::Starved),
                    Line::Part => return Ok(Event::Part(std::mem::take(&mut self.headers))),
                    Line::Delimiter { closing } => self.begin(closing),
                },
                Place::AfterData { closing } => {
                    self.begin(closing);
                    return Ok(Event::PartEnd);
                }
                Place::Done => return Ok(Event::End),
            }
        }
    }

    /// Behind a delimiter.
    fn begin(&mut self, closing: bool) {
        self.place = if closing { Place::Done } else { Place::Headers };
        self.headers.clear();
        (self.searched, self.header_length, self.lead) = (0, 0, 0);
    }

    /// Looks for the next delimiter in the preamble or in data.
    fn search(&mut self) -> Result<Event<'_>, Malformed> {
        let needle = self.finder.needle().len();
        let mut from = self.start;
        let (data_end, next) = loop {
            let Some(found) = self.finder.find(&self.window[from..self.end]) else {
                // A delimiter may begin in the last bytes.
                let held = if self.ended { 0 } else { needle - 1 };
                break ((self.end.saturating_sub(held)).max(from), None);
            };
            let at = from + found;
            match self.delimiter(at + needle) {
                Delimiter::Here { length, closing } => break (at, Some((at + needle + length, closing))),
                Delimiter::Open => break (at, None),
                Delimiter::No => from = at + needle,
            }
        };
        let data_start = self.start + self.lead;
        let in_data = self.place == Place::Data;
        match next {
            Some((next, closing)) if in_data => {
                self.place = Place::AfterData { closing };
                self.start = next;
                self.lead = 0;
                // An empty part's delimiter uses the line end of its headers.
                if data_end > data_start { Ok(Event::Data(&self.window[data_start..data_end])) } else { self.next() }
            }
            Some((next, closing)) => {
                self.start = next;
                self.begin(closing);
                self.next()
            }
            None => {
                if data_end > data_start {
                    self.start = data_end;
                    self.lead = 0;
                    if in_data {
                        return Ok(Event::Data(&self.window[data_start..data_end]));
                    }
                }
                match (self.ended, in_data) {
                    (false, _) => Ok(Event::Starved),
                    (true, true) => Err(Malformed::Truncated),
                    (true, false) => {
                        self.place = Place::Done;
                        Ok(Event::End)
                    }
                }
            }
        }
    }

    /// What the bytes behind a boundary make of it: hyphens for the last one, blanks, a line end.
    fn delimiter(&self, behind: usize) -> Delimiter {
        let rest = &self.window[behind..self.end];
        let (closing, text) = match rest {
            [b'-', b'-', text @ ..] => (true, text),
            [b'-'] if !self.ended => return Delimiter::Open,
            text => (false, text),
        };
        let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if blanks > PADDING {
            return Delimiter::No;
        }
        let before = rest.len() - text.len() + blanks;
        match &text[blanks..] {
            [b'\n', ..] => Delimiter::Here { length: before + 1, closing },
            [b'\r', b'\n', ..] => Delimiter::Here { length: before + 2, closing },
            [] | [b'\r'] if !self.ended => Delimiter::Open,
            [] if closing => Delimiter::Here { length: before, closing },
            _ => Delimiter::No,
        }
    }

    /// Takes the lines of a header block.
    fn line(&mut self) -> Result<Line, Malformed> {
        loop {
            let rest = &self.window[self.start..self.end];
            let Some(found) = memchr(b'\n', &rest[self.searched..]) else {
                let dashes = &self.finder.needle()[2..];
                // A closing delimiter needs no line end.
                if self.ended
                    && rest.starts_with(dashes)
                    && let Delimiter::Here { length, closing: true } = self.delimiter(self.start + dashes.len())
                {
                    self.start += dashes.len() + length;
                    return Ok(Line::Delimiter { closing: true });
                }
                self.searched = rest.len();
                return if self.header_length + rest.len() > self.header_limit {
                    Err(Malformed::HeaderTooLong)
                } else {
                    Ok(Line::Starved)
                };
            };
            let length = self.searched + found + 1;
            let (line, dashes) = (&rest[..length], &self.finder.needle()[2..]);
            self.searched = 0;
            if line.starts_with(dashes)
                && let Delimiter::Here { length: behind, closing } = self.delimiter(self.start + dashes.len())
                && dashes.len() + behind == length
            {
                self.start += length;
                return Ok(Line::Delimiter { closing });
            }
            self.header_length += length;
            if self.header_length > self.header_limit {
                return Err(Malformed::HeaderTooLong);
            }
            let last = part_headers::add(&mut self.headers, line)?;
            self.start += length;
            if last {
                // The line end of the empty line may begin the delimiter of a part without data.
                self.start -= 2;
                self.lead = 2;
                self.place = Place::Data;
                return Ok(Line::Part);
            }
        }
    }
}

/// What the lines of a header block gave.
enum Line {
    Starved,
    Part,
    Delimiter { closing: bool },
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
