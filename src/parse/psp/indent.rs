//! How far the text after a block of code is indented. Used by the translation only.

use super::code::{BLANKS, Line};

/// A `:` at the end of the last line of code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Colon {
    None,
    /// Nothing follows it in its line.
    Last,
    /// White space or a comment follows.
    Followed,
}

/// What blocks leave behind.
pub struct Indents {
    /// The white space in front of text, expressions and code in one line.
    pub current: String,
    /// The indents of the lines that are open blocks.
    levels: Vec<String>,
}

impl Indents {
    /// A page begins at its left edge.
    pub fn new() -> Self {
        Indents { current: String::new(), levels: vec![String::new()] }
    }

    /// Takes in a block with line breaks. Its last line, if blank, is what stands before `%>`.
    ///
    /// The last line sets the indent, a comment as well as code. An empty line ends it. A `:` at the end of the code goes
    /// one level deeper.
    pub fn block(&mut self, lines: &[Line<'_>]) {
        // By the last line; by the last statement, which may have begun earlier.
        let (mut physical, mut logical, mut continued) = ("", "", false);
        let (mut colon, mut colon_indent) = (Colon::None, "");
        for (number, line) in lines.iter().enumerate() {
            let indent = line.indent();
            let ends_the_tag = number + 1 == lines.len() && line.is_blank();
            if number > 0 && !line.after_cr && !(ends_the_tag && indent.is_empty()) {
                physical = indent;
            }
            if !(ends_the_tag && indent.is_empty()) {
                continued = line.continues;
                if !continued {
                    logical = if line.after_cr { physical } else { indent };
                }
            }
            let code = line.code().trim_end_matches(BLANKS);
            let has_code = !code.trim_start_matches(BLANKS).is_empty();
            if has_code && !line.continues && number > 0 {
                self.open_level(indent);
            }
            colon = match (has_code, line.comment) {
                (true, _) if !code.ends_with(':') => Colon::None,
                (true, _) => {
                    colon_indent = logical;
                    if code.len() == line.text.len() { Colon::Last } else { Colon::Followed }
                }
                // A comment sets the indent by itself, unless it looks like the line it follows.
                (false, Some(_)) if !line.text.ends_with(':') => Colon::None,
                (false, _) => colon,
            };
        }
        // A line that continues another one says nothing, except where it happens to name an open level.
        let keeps = !continued || (colon == Colon::None && self.levels.iter().any(|level| level == physical));
        let base = if keeps { physical } else { logical };
        let deeper = match colon {
            Colon::None => false,
            Colon::Last => true,
            Colon::Followed => !(base.len() > colon_indent.len() && base.starts_with(colon_indent)),
        };
        self.current = format!("{base}{}", if deeper { "\t" } else { "" });
    }

    fn open_level(&mut self, indent: &str) {
        while self.levels.last().is_some_and(|level| level.len() > indent.len()) {
            self.levels.pop();
        }
        if self.levels.last().is_none_or(|level| level.len() < indent.len()) {
            self.levels.push(indent.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::code::lines;
    use super::*;

    fn after(block: &str) -> String {
        let mut indents = Indents::new();
        indents.block(&lines(block).lines);
        indents.current
    }

    // spec: library:P-20, library:P-21, library:P-22, library:P-23
    #[test]
    fn the_last_line_sets_the_indent() {
        for (block, indent) in [
            ("\n", ""),
            ("\n    # x\n", "    "),
            ("\n  \t# x\n", "  \t"),
            ("\n    # x\n\n", ""),
            ("\n    # x\n    \n", "    "),
            ("\n    # x\ny\n", ""),
            ("\nif a:\n", "\t"),
            ("\nif a:\n\n", "\t"),
            ("\n  if a:\n", "  \t"),
            ("\nfor i in x: y\n", ""),
            ("x=1\n", ""),
            ("\n    # x\r\n", "    "),
            ("\r    # x\r", ""),
            ("\rif a:\r", "\t"),
        ] {
            assert_eq!(after(block), indent, "{block:?}");
        }
    }

    // spec: library:P-26, library:P-27, library:P-29
    #[test]
    fn lenient_cases() {
        for (block, indent) in [
            ("\nx=1 ", ""),
            ("\nif a:\n    y=1\n    ", "    "),
            ("\nif a: # note\n", "\t"),
            ("\nif a:  \n", "\t"),
            ("\nif a: # note\n    # x\n", "    "),
            ("\nif a: # note\n    \n", "    "),
            ("\nx={'k':1} #:\n", ""),
            ("\nif a:\n# only if a:\n", "\t"),
            ("\nx=1\n# note:\n", ""),
            ("\nif 1:\n    x = [1,\n  2]\n", "    "),
            ("\nif 1:\n    x = [1,\n    2]\n", "    "),
            ("\nif 1:\n    x = '''\n'''\n", ""),
            ("\nif (1 and\n    2):\n", "\t"),
            ("\n    if (1 and\n2):\n", "    \t"),
        ] {
            assert_eq!(after(block), indent, "{block:?}");
        }
    }
}
