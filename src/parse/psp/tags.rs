//! Cuts a page at its tags. Used by the translation only.

use memchr::memmem;

/// A part of a page, without its tag's signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// What stands outside of tags.
    Text(&'a str),
    /// `<% ... %>`
    Code(&'a str),
    /// `<%= ... %>`
    Expression(&'a str),
    /// `<%@ ... %>`
    Directive(&'a str),
    /// `<%-- ... --%>`
    Comment(&'a str),
}

impl<'a> Piece<'a> {
    /// What is between the signs.
    pub fn text(&self) -> &'a str {
        match *self {
            Piece::Text(text)
            | Piece::Code(text)
            | Piece::Expression(text)
            | Piece::Directive(text)
            | Piece::Comment(text) => text,
        }
    }
}

/// The sign that a tag lacks at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclosed(pub &'static str);

/// The pieces of a page from its start to its end, or to a tag that is not closed.
pub struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Pieces<'a> {
    /// The pieces of `page`.
    pub fn of(page: &'a str) -> Self {
        Pieces { rest: page }
    }

    fn tag(&mut self) -> Result<Piece<'a>, Unclosed> {
        type Make = for<'b> fn(&'b str) -> Piece<'b>;
        const KINDS: [(&str, &str, Make); 4] = [
            ("<%--", "--%>", |text| Piece::Comment(text)),
            ("<%=", "%>", |text| Piece::Expression(text)),
            ("<%@", "%>", |text| Piece::Directive(text)),
            ("<%", "%>", |text| Piece::Code(text)),
        ];
        for (opening, closing, make) in KINDS {
            if let Some(inside) = self.rest.strip_prefix(opening) {
                let end = memmem::find(inside.as_bytes(), closing.as_bytes());
                let (text, rest) = match end {
                    Some(end) => (&inside[..end], &inside[end + closing.len()..]),
                    None => return Err(Unclosed(closing)),
                };
                self.rest = rest;
                return Ok(make(text));
            }
        }
        Err(Unclosed("<%"))
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Result<Piece<'a>, Unclosed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let opening = memmem::find(self.rest.as_bytes(), b"<%").unwrap_or(self.rest.len());
        if opening > 0 {
            let (text, rest) = self.rest.split_at(opening);
            self.rest = rest;
            return Some(Ok(Piece::Text(text)));
        }
        let piece = self.tag();
        if piece.is_err() {
            self.rest = "";
        }
        Some(piece)
    }
}

/// The file that `include file="..."` names; None for any other directive.
///
/// Between the words stand one space or more, around `=` at most one. The name ends at its closing quote.
pub fn included(directive: &str) -> Option<&str> {
    let words = directive.trim_matches([' ', '\t', '\r', '\n']).strip_prefix("include ")?;
    let after = words.trim_start_matches(' ').strip_prefix("file")?;
    let value = one_space(one_space(after).strip_prefix('=')?).strip_prefix('"')?;
    let (name, rest) = value.split_once('"')?;
    (rest.is_empty() && !name.is_empty() && !name.contains('\0')).then_some(name)
}

fn one_space(text: &str) -> &str {
    text.strip_prefix(' ').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(page: &str) -> Vec<Piece<'_>> {
        Pieces::of(page).collect::<Result<_, _>>().unwrap()
    }

    // spec: library:P-1, library:P-2, library:P-3, library:P-4
    #[test]
    fn the_longest_opening_wins() {
        use Piece::*;
        assert_eq!(pieces("<%a%><%=b%><%@c%><%--d--%>"), [Code("a"), Expression("b"), Directive("c"), Comment("d")]);
        assert_eq!(pieces("a%>< %b% <%-c%>"), [Text("a%>< %b% "), Code("-c")]);
        assert_eq!(pieces("<%-- <%= 1 %> -%> --%>x"), [Comment(" <%= 1 %> -%> "), Text("x")]);
        assert_eq!(pieces("<% '%>' %>"), [Code(" '"), Text("' %>")]);
        assert_eq!(pieces("<<%%>%>"), [Text("<"), Code(""), Text("%>")]);
        assert_eq!(pieces(""), []);
    }

    // spec: library:P-33
    #[test]
    fn a_tag_has_an_end() {
        for (page, sign) in [("x<% a", "%>"), ("<%=", "%>"), ("<%@ x % >", "%>"), ("<%--%> x", "--%>"), ("<%", "%>")] {
            assert_eq!(Pieces::of(page).last(), Some(Err(Unclosed(sign))));
        }
    }

    // spec: library:P-40, library:P-46
    #[test]
    fn only_one_form_includes() {
        for (directive, name) in [
            ("include file=\"i.psp\"", "i.psp"),
            (" include   file = \"a b.psp\" ", "a b.psp"),
            ("include file =\"/x\"", "/x"),
            ("include file=\"a'%\"", "a'%"),
        ] {
            assert_eq!(included(directive), Some(name));
        }
        for other in [
            "include file=i.psp",
            "include file  =\"i\"",
            "include file=  \"i\"",
            "includefile=\"i\"",
            "include file=\"i\" x",
            "include file=\"\"",
            "include file=\"i",
            "page language=\"python\"",
            "",
        ] {
            assert_eq!(included(other), None, "{other}");
        }
    }
}
