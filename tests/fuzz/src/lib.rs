//! The module's parsers, as they are: the crate itself is a shared library for httpd and can't be linked here.
//!
//! Used by the targets in `fuzz_targets/` only.

#[path = "../../../src/parse/mod.rs"]
pub mod parse;

/// Takes a byte of choices off the input; 0 where there is none.
pub fn choice(data: &mut &[u8]) -> u8 {
    let Some((first, rest)) = data.split_first() else { return 0 };
    *data = rest;
    *first
}

/// The text in blocks whose lengths the choices say: what arrives from a network is cut anywhere.
pub fn blocks<'a>(text: &'a [u8], choices: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let (mut rest, mut lengths) = (text, choices.iter().cycle());
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        // Mostly a few bytes, sometimes many, 0 for an empty block; all of it where nothing was chosen.
        let wanted = match lengths.next() {
            None => rest.len(),
            Some(&length @ 0..200) => usize::from(length),
            Some(&length) => usize::from(length) << 6,
        };
        // Blocks of 0 bytes for ever would never end.
        let wanted = if choices.iter().all(|&length| length == 0) { rest.len() } else { wanted };
        let (block, after) = rest.split_at(wanted.min(rest.len()));
        rest = after;
        Some(block)
    })
}
