//! `mod_python-psp FILE`: writes the Python program of a page, for `mod_python psp`, which checks pages where no httpd
//! runs. `mod_python.so` itself cannot be loaded there.
//!
//! Standard output has fields that each end with NUL. After `program`: the source, the lines as `FILE:LINE` with spaces
//! between, and the names of included files. After `fault`: the path of the file, the line, the message. After `unreadable`:
//! a path and why. Warnings come in front: `ignored`, path, line, text. Paths are as in the command line and in the pages.

#![forbid(unsafe_code)]

#[path = "../parse/psp/mod.rs"]
mod psp;

use std::env;
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use psp::{Fault, Place};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (Some(path), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: mod_python-psp FILE");
        return ExitCode::from(2);
    };
    let mut fields = String::new();
    for field in answer(&path) {
        fields.push_str(&field);
        fields.push('\0');
    }
    match io::stdout().write_all(fields.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn answer(path: &str) -> Vec<String> {
    let directory = path.rfind('/').map_or("", |end| &path[..=end]);
    let in_full = |name: &str| if name.starts_with('/') { name.to_owned() } else { format!("{directory}{name}") };
    let page = match read(path) {
        Ok(page) => page,
        Err(fields) => return fields,
    };
    match psp::translate(&page, &mut |name| read(&in_full(name))) {
        Ok(made) => {
            let file_of = |place: &Place| match (place.file as usize).checked_sub(1).and_then(|n| made.included.get(n))
            {
                Some(name) => in_full(name),
                None => path.to_owned(),
            };
            let mut fields = Vec::new();
            for (place, text) in &made.ignored {
                fields.extend(["ignored".to_owned(), file_of(place), place.line.to_string(), text.clone()]);
            }
            let lines: Vec<String> = made.lines.iter().map(|place| format!("{}:{}", place.file, place.line)).collect();
            fields.extend(["program".to_owned(), made.source, lines.join(" ")]);
            fields.extend(made.included.iter().map(|name| in_full(name)));
            fields
        }
        Err(Fault::Syntax(message, included, line)) => {
            let file = included.map_or_else(|| path.to_owned(), |name| in_full(&name));
            vec!["fault".to_owned(), file, line.to_string(), message]
        }
        Err(Fault::Load(fields)) => fields,
    }
}

/// The text of a file, or the answer that says why there is none.
fn read(path: &str) -> Result<String, Vec<String>> {
    let unreadable = |why: String| vec!["unreadable".to_owned(), path.to_owned(), why];
    let bytes = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| unreadable(format!("it is not UTF-8: {}", error.utf8_error())))
}
