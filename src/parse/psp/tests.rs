//! Translations as a whole; what they do when they run is tested in httpd.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn with(page: &str, files: &HashMap<&str, String>) -> Result<Translation, Fault<String>> {
    translate(page, &mut |path| files.get(path).cloned().ok_or_else(|| path.to_owned()))
}

fn alone(page: &str) -> Result<Translation, Fault<String>> {
    with(page, &HashMap::new())
}

fn is_one_to_one(made: &Translation) -> bool {
    made.lines.iter().zip(1..).all(|(place, line)| *place == Place { file: 0, line })
}

fn source(page: &str) -> String {
    alone(page).unwrap().source
}

// spec: library:P-50, library:P-51, library:P-53, library:P-54, library:P-63, library:P-83, library:P-97
#[test]
fn text_and_values_become_calls() {
    for (page, expected) in [
        ("", ""),
        ("Hi\n", r#"_psp_write("Hi\n",0)"#),
        ("n=<%= n %>!", r#"_psp_write("n=",0);_psp_write(_psp_str( n )+"!",0)"#),
        ("<% x = 2 %>[<%= x %>]", "pass;x = 2;_psp_write(\"[\",0);_psp_write(_psp_str( x )+\"]\",0)"),
        ("A<%= 1 %>B<%-- c --%>C", r#"_psp_write("A",0);_psp_write(_psp_str( 1 )+"B""C",0)"#),
        ("<%=%>", "_psp_write(_psp_str(),0)"),
        ("<%%><% # x %>", ""),
        ("<%=a%><%=b # c%>", "_psp_write(_psp_str(a),0);_psp_write(_psp_str(b ),0)"),
        ("<%\nfor k in items:\n%>\n<b>\n<%\n%>", "\nfor k in items:\n\t_psp_write(\"\\n\"\n\"<b>\\n\",0)\n\n"),
        ("<% x=1; %>A", r#"pass;x=1;_psp_write("A",0)"#),
        ("\"\\\0\u{7f}\té", r#"_psp_write("\"\\\x00\x7f	é",0)"#),
    ] {
        let made = alone(page).unwrap();
        assert_eq!(made.source, expected, "{page:?}");
        assert!(is_one_to_one(&made));
    }
}

// spec: library:P-13, library:P-24, library:P-25, library:P-91
#[test]
fn lines_are_those_of_the_page() {
    let page = "a\n<%-- x\n\n--%>b<%= 1 %>\r\n\r<% x=1\ny=2\n%>c\n<%= [\n2] %>\nd<%if a:\n  b\n%>";
    let made = alone(page).unwrap();
    assert!(is_one_to_one(&made));
    let lines: Vec<_> = made.source.split('\n').collect();
    assert_eq!(lines[3], r#""b",0);_psp_write(_psp_str( 1 )+"\n""#);
    assert_eq!(lines[5..8], ["pass;x=1", "y=2", "_psp_write(\"c\\n\",0)"]);
    assert_eq!(lines[10], r#""d",0);if a:"#);

    let made = alone("<%\nx=1 %>B\n<%= x %>").unwrap();
    assert_eq!(made.source, "\nx=1 \n_psp_write(\"B\\n\",0)\n_psp_write(_psp_str( x ),0)");
    let lines: Vec<_> = made.lines.iter().map(|place| place.line).collect();
    assert_eq!(lines, [1, 2, 2, 3]);
}

// spec: library:P-42, library:P-43, library:P-44, library:P-86, library:P-87
#[test]
fn includes_are_translated_in_their_place() {
    let files = HashMap::from([
        ("i.psp", "INC\n<%\nif z:\n    # i\n%>".to_owned()),
        ("/a", "<%@ include file=\"i.psp\"%>x".to_owned()),
    ]);
    let made = with("t<%@include file=\"i.psp\"%>tail\n<%@ include file=\"/a\" %>", &files).unwrap();
    assert_eq!(made.included, ["i.psp", "/a"]);
    let shown: Vec<_> =
        made.source.split('\n').zip(&made.lines).map(|(text, at)| format!("{}:{} {text}", at.file, at.line)).collect();
    assert_eq!(
        shown,
        [
            "0:1 _psp_write(\"t\",0)",
            "1:1 _psp_write(\"INC\\n\",0)",
            "1:2 ",
            "1:3 if z:",
            "1:4     # i",
            "0:1     _psp_write(\"tail\\n\",0)",
            "0:2 ",
            "2:1 ",
            "1:1     _psp_write(\"INC\\n\",0)",
            "1:2 ",
            "1:3 if z:",
            "1:4     # i",
            "2:1     _psp_write(\"x\",0)",
        ]
    );
    assert_eq!(with("<%@ include file=\"none\" %>", &files).unwrap_err(), Fault::Load("none".to_owned()));
}

// spec: library:P-11, library:P-33, library:P-45, library:P-65, library:D-30
#[test]
fn wrong_pages_are_refused_with_their_line() {
    let files = HashMap::from([("self", "\n<%@ include file=\"self\" %>".to_owned()), ("bad", "a\n<% x".to_owned())]);
    for (page, message, file, line) in [
        ("a\n<% x", "a tag is not closed by %>", None, 2),
        ("<%=", "a tag is not closed by %>", None, 1),
        ("\n\n<%-- %>", "a tag is not closed by --%>", None, 3),
        ("<%= '%>' %>", "a string is not closed before %>", None, 1),
        ("<%\nx='''\n%>'''", "a string is not closed before %>", None, 1),
        ("<%\n\n\0%>", "source code cannot contain null bytes", None, 3),
        ("<%@ include file=\"bad\" %>", "a tag is not closed by %>", Some("bad"), 2),
    ] {
        assert_eq!(
            with(page, &files).unwrap_err(),
            Fault::Syntax(message.to_owned(), file.map(str::to_owned), line),
            "{page:?}"
        );
    }
    let Fault::Syntax(message, file, line) = with("<%@ include file=\"self\" %>", &files).unwrap_err() else {
        panic!()
    };
    assert!(message.starts_with("more than 32 included files"));
    assert_eq!((file.as_deref(), line), (Some("self"), 2));
}

// spec: library:P-41
#[test]
fn unknown_directives_are_told() {
    let made = alone("a\n<%@ page x %>b").unwrap();
    assert_eq!(made.ignored, [(Place { file: 0, line: 2 }, "page x".to_owned())]);
    assert_eq!(source("<%@ page\nx %>b"), "\n_psp_write(\"b\",0)");
}

#[test]
fn many_small_includes_end() {
    let mut files: HashMap<&str, String> = HashMap::new();
    let twice = |name: &str| format!("<%@ include file=\"{name}\" %><%@ include file=\"{name}\" %>");
    let names: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    for (name, next) in names.iter().zip(&names[1..]) {
        files.insert(name, twice(next));
    }
    files.insert(&names[29], "x".to_owned());
    assert!(matches!(with(&twice("0"), &files), Err(Fault::Syntax(..))));
}

#[test]
fn empty_lines_are_bounded() {
    let page = "<%@ include file=\"i\" %>".repeat(MAX_INCLUDES);
    let with_lines = |count: usize| with(&page, &HashMap::from([("i", format!("<%{}%>", "\n".repeat(count)))]));
    assert!(with_lines(1000).is_ok());
    let Err(Fault::Syntax(message, ..)) = with_lines(1100) else { panic!("too many lines") };
    assert_eq!(message, "the page is too large");
}

#[test]
fn indents_are_bounded() {
    let wide = " ".repeat(MAX_INDENT + 1);
    assert!(matches!(alone(&format!("<%\n{wide}# x\n%>")), Err(Fault::Syntax(..))));
}

/// What a program of calls without expressions writes.
fn written(source: &str) -> String {
    let mut text = String::new();
    let mut rest = source;
    while let Some(start) = rest.find('"') {
        rest = &rest[start + 1..];
        while !rest.starts_with('"') {
            let mut characters = rest.chars();
            text.push(match characters.next().unwrap() {
                '\\' => match characters.next().unwrap() {
                    'n' => '\n',
                    'x' => {
                        let code: String = characters.by_ref().take(2).collect();
                        u8::from_str_radix(&code, 16).unwrap() as char
                    }
                    same => same,
                },
                plain => plain,
            });
            rest = characters.as_str();
        }
        rest = &rest[1..];
    }
    text
}

proptest! {
    // spec: library:P-5, library:P-6, library:P-7
    #[test]
    fn text_comes_out_as_it_is(page in "([-\"'\\\\nrtx41\n\r\0é<%> ]|\r\n){0,80}") {
        let page = page.replace("<%", "< %");
        let expected = page.replace("\r\n", "\n").replace('\r', "\n");
        prop_assert_eq!(written(&source(&page)), expected);
    }

    #[test]
    fn any_page_is_translated_or_refused(page in "(<%|<%=|<%@|<%--|%>|--%>|include file=|\"i\"|[a-c:#'\"(){}\\\\ \t\n\r\0é]){0,60}") {
        let files = HashMap::from([("i", page.clone())]);
        match with(&page, &files) {
            Ok(made) => {
                prop_assert_eq!(made.source.split('\n').count(), made.lines.len());
                prop_assert!(!made.source.contains(['\0', '\r']));
                let last = breaks(&page) + 1;
                prop_assert!(made.lines.iter().all(|place| (1..=last).contains(&place.line)));
            }
            Err(Fault::Syntax(_, _, line)) => prop_assert!((1..=breaks(&page) + 1).contains(&line)),
            Err(Fault::Load(_)) => prop_assert!(false),
        }
    }

    #[test]
    fn the_program_is_not_much_longer_than_the_page(unit in "(<%|<%=|<%--|%>|--%>|[a:#'\" \t\n])([a:#'\"{}() \n%>]){0,12}") {
        let page = unit.repeat(400);
        if let Ok(made) = alone(&page) {
            // The indent is at most as wide as the unit and one tab; a call has 40 characters.
            prop_assert!(made.source.len() <= page.len() * (unit.len() + 40));
        }
    }
}
