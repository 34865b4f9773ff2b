//! Holds the order of the layers: a file may use its own room and the rooms below it. Compiled for tests only.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from top to bottom; those of one row do not know each other.
const ROWS: [&[&str]; 10] = [
    &["module", "bin"],
    &["hooks"],
    &["status"],
    &["server", "directives", "beside"],
    &["dispatch"],
    &["py"],
    &["interp", "image"],
    &["guard", "abi"],
    &["httpd"],
    &["parse", "phase"],
];

/// The files of `py` and `dispatch` that may hold unsafe code: the live pointer, Python's C API, the host's side of a
/// request and the calls that cross from it into an image.
const UNSAFE: &[&str] = &[
    "py/live.rs",
    "py/capi.rs",
    "py/bytes.rs",
    "dispatch/authn.rs",
    "dispatch/authz.rs",
    "dispatch/callback/host.rs",
    "dispatch/callback/image.rs",
    "dispatch/child.rs",
    "dispatch/connection/host.rs",
    "dispatch/connection/image.rs",
    "dispatch/door.rs",
    "dispatch/filter/generator.rs",
    "dispatch/error_log/host.rs",
    "dispatch/expression.rs",
    "dispatch/filter/host.rs",
    "dispatch/filter/image.rs",
    "dispatch/filter/input.rs",
    "dispatch/filter/output.rs",
    "dispatch/filter/resume.rs",
    "dispatch/handlers.rs",
    "dispatch/log_item.rs",
    "dispatch/mapping.rs",
    "dispatch/phases.rs",
    "dispatch/rewrite_map.rs",
    "dispatch/select.rs",
    "dispatch/ssi/host.rs",
    "dispatch/ssi/image.rs",
    "dispatch/time_limit.rs",
    "dispatch/visit.rs",
];

fn row(room: &str) -> usize {
    ROWS.iter().position(|rooms| rooms.contains(&room)).unwrap_or_else(|| panic!("{room} has no row"))
}

fn source_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            source_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Calls `check(file, room, text)` for every source file that belongs to a room.
fn for_each_file(mut check: impl FnMut(&Path, &str, &str)) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root, &mut files);
    assert!(files.len() > 30);
    for file in files {
        let inside = file.strip_prefix(&root).unwrap();
        let room = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if !["lib", "layers"].contains(&room) {
            check(&file, room, &fs::read_to_string(&file).unwrap());
        }
    }
}

#[test]
fn arrows_point_down() {
    for_each_file(|file, room, text| {
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect();
                let below = row(&used) > row(room);
                assert!(used == room || below, "{}: {room} must not use {used}", file.display());
            }
        }
    });
}

#[test]
fn only_some_rooms_know_python() {
    for_each_file(|file, room, text| {
        let knows = ["py", "image", "dispatch", "interp"].contains(&room);
        assert!(knows || !text.contains("use pyo3"), "{} must not know Python", file.display());
    });
}

#[test]
fn files_stay_small() {
    for_each_file(|file, _, text| {
        let lines = text.lines().count();
        assert!(lines <= 400, "{} has {lines} lines: it holds two things", file.display());
    });
}

#[test]
fn files_say_what_they_own() {
    for_each_file(|file, _, text| assert!(text.starts_with("//! "), "{} has no opening comment", file.display()));
}

#[test]
fn unsafe_stays_in_its_rooms() {
    let mut found = Vec::new();
    for_each_file(|file, room, text| {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let holds = code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_')).any(|w| w == "unsafe");
        if holds && ["py", "dispatch", "parse", "phase"].contains(&room) {
            found.push(file.to_str().unwrap().to_owned());
        }
    });
    let allowed = |file: &str| UNSAFE.iter().any(|known| file.contains(&format!("/src/{known}")));
    let elsewhere: Vec<_> = found.iter().filter(|file| !allowed(file)).collect();
    assert!(elsewhere.is_empty(), "unsafe code does not belong in {elsewhere:?}");
    for known in UNSAFE.iter().copied() {
        assert!(found.iter().any(|file| file.ends_with(known)), "{known} holds no unsafe code any more");
    }
}
