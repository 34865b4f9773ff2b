//! Pages of Python code, and files that they include. Page and file are the input's parts around a byte of 0xff.

#![no_main]

use libfuzzer_sys::fuzz_target;
use targets::parse::psp::{Fault, translate};

fn breaks(text: &str) -> u32 {
    let ends = text.matches('\n').count() + text.matches('\r').count() - text.matches("\r\n").count();
    u32::try_from(ends).expect("inputs are small")
}

/// What the string literals of a program say together, where it is nothing but one call with them.
fn written(source: &str) -> String {
    let (mut text, mut characters) = (String::new(), source.chars());
    let mut inside = false;
    while let Some(character) = characters.next() {
        match (inside, character) {
            (_, '"') => inside = !inside,
            (true, '\\') => match characters.next() {
                Some('n') => text.push('\n'),
                Some('x') => {
                    let digits: String = characters.by_ref().take(2).collect();
                    text.push(char::from(u8::from_str_radix(&digits, 16).expect("two digits")));
                }
                other => text.extend(other),
            },
            (true, other) => text.push(other),
            (false, _) => (),
        }
    }
    text
}

fuzz_target!(|data: &[u8]| {
    let cut = data.iter().position(|&byte| byte == 0xff).unwrap_or(data.len());
    let page = String::from_utf8_lossy(&data[..cut]);
    let file = String::from_utf8_lossy(data.get(cut + 1..).unwrap_or_default());
    let last_lines = [breaks(&page) + 1, breaks(&file) + 1];
    let mut load = |name: &str| if name == "i" { Ok(file.to_string()) } else { Err(()) };
    let made = match translate(&page, &mut load) {
        Ok(made) => made,
        Err(Fault::Syntax(_, None, line)) => return assert!((1..=last_lines[0]).contains(&line)),
        Err(Fault::Syntax(_, Some(name), line)) => {
            assert_eq!(name, "i");
            return assert!((1..=last_lines[1]).contains(&line));
        }
        Err(Fault::Load(())) => return assert!(data.windows(7).any(|bytes| bytes == b"include")),
    };
    assert_eq!(made.source.split('\n').count(), made.lines.len());
    assert!(!made.source.contains(['\0', '\r']));
    for place in &made.lines {
        assert!((1..=last_lines[usize::from(place.file > 0)]).contains(&place.line));
        assert!(place.file as usize <= made.included.len());
    }
    if !page.contains("<%") {
        assert_eq!(written(&made.source), page.replace("\r\n", "\n").replace('\r', "\n"));
    }
});
