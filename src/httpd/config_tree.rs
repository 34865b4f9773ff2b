//! httpd's tree of the running configuration. It is not changed while the child serves.

use super::pool::bytes;
use super::sys;

/// A directive or section of the configuration.
#[derive(Clone, Copy)]
pub struct Directive(&'static sys::ap_directive_t);

impl Directive {
    /// The first directive of the configuration, None where there is none.
    pub fn first() -> Option<Directive> {
        // SAFETY: NULL or a tree that lives, unchanged, as long as the child serves.
        unsafe { sys::ap_conftree.as_ref() }.map(Directive)
    }

    /// Its name; a section's begins with `<`.
    pub fn name(self) -> &'static [u8] {
        // SAFETY: the tree's texts are NULL or NUL-terminated and live as long as it.
        unsafe { bytes(self.0.directive) }
    }

    /// Its arguments as written.
    pub fn args(self) -> &'static [u8] {
        // SAFETY: as above.
        unsafe { bytes(self.0.args) }
    }

    /// The first directive of a section.
    pub fn first_child(self) -> Option<Directive> {
        // SAFETY: NULL or a node of the same tree.
        unsafe { self.0.first_child.as_ref() }.map(Directive)
    }

    /// The directive that follows.
    pub fn next(self) -> Option<Directive> {
        // SAFETY: as above.
        unsafe { self.0.next.as_ref() }.map(Directive)
    }
}

/// The value of a directive that takes On or Off, wherever it stands; of several the last one. None where there is none.
pub fn switch(name: &str) -> Option<bool> {
    fn last(from: Option<Directive>, name: &str, value: &mut Option<bool>) {
        let mut next = from;
        while let Some(directive) = next {
            if directive.name().eq_ignore_ascii_case(name.as_bytes()) {
                let text = directive.args().trim_ascii();
                let text = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
                *value = Some(text.eq_ignore_ascii_case(b"on"));
            }
            last(directive.first_child(), name, value);
            next = directive.next();
        }
    }
    let mut value = None;
    last(Directive::first(), name, &mut value);
    value
}
