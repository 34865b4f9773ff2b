//! Pages of Python code (PSP): a page's text becomes a Python program. Used by `_apache._psp_translate` and by the
//! program `mod_python-psp`.
//!
//! The program writes with `_psp_write(text, 0)` and turns values into text with `_psp_str`; whoever runs it supplies both.
//! Time and memory grow with the length of the page and of what it includes, which is bounded.

mod code;
mod indent;
mod program;
mod tags;

use indent::Indents;
pub use program::Place;
use program::{Program, breaks};
use tags::{Piece, Pieces, Unclosed};

/// How deep includes may be nested.
pub const MAX_DEPTH: usize = 32;
/// How many includes a page may have.
const MAX_INCLUDES: usize = 4096;
/// How long the program may be, in bytes.
const MAX_PROGRAM: usize = 64 << 20;
/// How many lines it may have: what each comes from takes eight bytes, many times as much as an empty line.
const MAX_LINES: usize = 4 << 20;
/// How far lines may be indented, in characters: every line of the program repeats the indent.
const MAX_INDENT: usize = 1000;

/// A page as a program.
#[derive(Debug)]
pub struct Translation {
    /// Python source.
    pub source: String,
    /// What each of its lines comes from. As many as it has lines.
    pub lines: Vec<Place>,
    /// The names of the included files, each once. File n of a place is the one before n, since file 0 is the page.
    pub included: Vec<String>,
    /// Directives that mean nothing.
    pub ignored: Vec<(Place, String)>,
}

/// Why a page is none.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault<E> {
    /// The page is wrong: what, in which included file, None for the page itself, and line.
    Syntax(String, Option<String>, u32),
    /// An included file could not be read.
    Load(E),
}

/// Translates a page. `load` gives the text of an included file by the name that stands in the page.
///
/// # Errors
/// See [`Fault`].
pub fn translate<E>(page: &str, load: &mut dyn FnMut(&str) -> Result<String, E>) -> Result<Translation, Fault<E>> {
    let mut pages = Pages {
        load,
        program: Program::new(),
        indents: Indents::new(),
        included: Vec::new(),
        ignored: Vec::new(),
        includes: 0,
    };
    pages.page(0, page, 0)?;
    let (source, lines) = pages.program.finish();
    Ok(Translation { source, lines, included: pages.included, ignored: pages.ignored })
}

struct Pages<'a, E> {
    load: &'a mut dyn FnMut(&str) -> Result<String, E>,
    program: Program,
    indents: Indents,
    included: Vec<String>,
    ignored: Vec<(Place, String)>,
    includes: usize,
}

impl<E> Pages<'_, E> {
    fn page(&mut self, file: u32, text: &str, depth: usize) -> Result<(), Fault<E>> {
        let mut place = Place { file, line: 1 };
        for piece in Pieces::of(text) {
            let piece = match piece {
                Ok(piece) => piece,
                Err(Unclosed(sign)) => return Err(self.fault(place, format!("a tag is not closed by {sign}"))),
            };
            match piece {
                Piece::Text(text) => {
                    place = self.program.text(&self.indents.current, place, text);
                }
                Piece::Code(code) => self.code(place, code)?,
                Piece::Expression(code) => self.expression(place, code)?,
                Piece::Directive(directive) => self.directive(place, directive, depth)?,
                Piece::Comment(_) => {}
            }
            if !matches!(piece, Piece::Text(_)) {
                place.line += breaks(piece.text());
            }
            if self.program.len() > MAX_PROGRAM || self.program.lines() > MAX_LINES {
                return Err(self.fault(place, "the page is too large".to_owned()));
            }
        }
        Ok(())
    }

    fn code(&mut self, place: Place, code: &str) -> Result<(), Fault<E>> {
        let lines = self.lines(place, code)?;
        match lines.as_slice() {
            [line] => self.program.one_line(&self.indents.current, place, line),
            lines => {
                self.program.block(&self.indents.current, place, lines);
                self.indents.block(lines);
                if self.indents.current.len() > MAX_INDENT {
                    return Err(self.fault(place, format!("more than {MAX_INDENT} characters of indent")));
                }
            }
        }
        Ok(())
    }

    fn expression(&mut self, place: Place, code: &str) -> Result<(), Fault<E>> {
        let lines = self.lines(place, code)?;
        self.program.expression(&self.indents.current, place, &lines);
        Ok(())
    }

    /// The lines of the code of a tag. What Python would misunderstand, since the tag ends before the code does, is refused.
    fn lines<'c>(&self, place: Place, code: &'c str) -> Result<Vec<code::Line<'c>>, Fault<E>> {
        if let Some(at) = memchr::memchr(0, code.as_bytes()) {
            let line = place.line + breaks(&code[..at]);
            return Err(self.fault(Place { line, ..place }, "source code cannot contain null bytes".to_owned()));
        }
        let read = code::lines(code);
        if read.open_string {
            return Err(self.fault(place, "a string is not closed before %>".to_owned()));
        }
        Ok(read.lines)
    }

    fn directive(&mut self, place: Place, directive: &str, depth: usize) -> Result<(), Fault<E>> {
        let Some(name) = tags::included(directive) else {
            self.ignored.push((place, directive.trim().to_owned()));
            return Ok(());
        };
        self.includes += 1;
        if depth == MAX_DEPTH || self.includes > MAX_INCLUDES {
            let limit = if depth == MAX_DEPTH { MAX_DEPTH } else { MAX_INCLUDES };
            let message = format!("more than {limit} included files, the last one {name}; does a file include itself?");
            return Err(self.fault(place, message));
        }
        let text = (self.load)(name).map_err(Fault::Load)?;
        let known = self.included.iter().position(|file| file == name);
        let file = known.unwrap_or(self.included.len()) + 1;
        if known.is_none() {
            self.included.push(name.to_owned());
        }
        self.program.include(place);
        self.page(file as u32, &text, depth + 1)?;
        self.program.close();
        Ok(())
    }

    fn fault(&self, place: Place, message: String) -> Fault<E> {
        let included = (place.file as usize).checked_sub(1).and_then(|index| self.included.get(index));
        Fault::Syntax(message, included.cloned(), place.line)
    }
}

#[cfg(test)]
mod tests;
