//! The handlers a directive or `req.add_handler` names, as they lie in a configuration or request pool, and the choice
//! of the list that applies to a request.

use std::ffi::c_char;
use std::ptr;

use super::pool::{Pool, bytes};
use super::sys;
use crate::parse::handler;
use crate::phase::Phase;

/// Where a handler entry was written down, which gives its directory.
#[derive(Clone, Copy)]
pub enum Place {
    /// At server level, or added without a directory.
    None,
    /// A directory: canonical path with a trailing slash.
    Directory(*const c_char),
    /// A `<Directory>` with wildcards: the pattern, matched against the leading directories of `r->filename`.
    Wildcard(*const c_char),
    /// A `<DirectoryMatch>` or `<Directory ~>`: the compiled expression.
    Regex(*mut sys::ap_regex_t),
    /// A `<Location>`: its text as written.
    Location(*const c_char),
    /// A `<LocationMatch>` or `<Location ~>`: the text and the compiled expression.
    LocationMatch(*const c_char, *mut sys::ap_regex_t),
}

impl Place {
    /// Whether this is a `<Location>` of any kind.
    pub fn is_location(self) -> bool {
        matches!(self, Place::Location(_) | Place::LocationMatch(..))
    }

    /// The part of a URI behind the Location: empty or with a slash in front. Empty too where the Location has wildcards,
    /// and None for places that are no Location.
    ///
    /// # Safety
    /// `uri` is NUL-terminated and lives for `'u`.
    pub unsafe fn rest_of<'u>(self, uri: *const c_char) -> Option<&'u [u8]> {
        // SAFETY: the caller guarantees the URI; the text and expression live as long as the configuration.
        let (uri, prefix) = unsafe {
            match self {
                Place::Location(text) => {
                    let text = bytes(text);
                    let prefix = text.strip_suffix(b"/").unwrap_or(text);
                    (bytes(uri), bytes(uri).starts_with(prefix).then_some(prefix.len()))
                }
                Place::LocationMatch(_, regex) => {
                    let mut found = sys::ap_regmatch_t::default();
                    let matches = sys::ap_regexec(regex, uri, 1, &mut found, 0) == 0;
                    let end = usize::try_from(found.rm_eo).ok().filter(|_| matches);
                    // A slash at the end of the match belongs to the rest.
                    (bytes(uri), end.map(|end| end - usize::from(end > 0 && bytes(uri)[end - 1] == b'/')))
                }
                _ => return None,
            }
        };
        let rest = prefix.and_then(|prefix| uri.get(prefix..));
        Some(rest.filter(|rest| rest.starts_with(b"/")).unwrap_or_default())
    }
}

/// One handler of a list.
#[derive(Clone, Copy)]
pub struct HandlerEntry {
    /// The handler as written, NUL-terminated.
    pub text: *const c_char,
    /// Its directory.
    pub place: Place,
    /// From `PythonHandlerModule`: a missing default function is no error.
    pub silent: bool,
    /// The next one of the list.
    pub next: *const HandlerEntry,
}

/// A list that grows while its configuration scope is read and is read-only afterwards.
#[derive(Clone, Copy)]
pub struct HandlerList {
    /// First entry, never NULL in a list that is reachable from a configuration.
    pub head: *const HandlerEntry,
    tail: *mut HandlerEntry,
}

impl HandlerList {
    /// A list of no entry, in the pool.
    pub fn new(pool: Pool) -> *mut HandlerList {
        pool.alloc(HandlerList { head: ptr::null(), tail: ptr::null_mut() })
    }

    /// Appends an entry.
    pub fn push(&mut self, pool: Pool, entry: HandlerEntry) {
        let entry = pool.alloc(HandlerEntry { next: ptr::null(), ..entry });
        if self.tail.is_null() {
            self.head = entry;
        } else {
            // SAFETY: tail is the last entry of this list, allocated by an earlier push from a pool that lives at least
            // as long as the list; configuration is read by one thread.
            unsafe { (*self.tail).next = entry };
        }
        self.tail = entry;
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = &HandlerEntry> {
        // SAFETY: entries live as long as the list and are not changed once requests run.
        let mut next = unsafe { self.head.as_ref() };
        std::iter::from_fn(move || {
            let entry = next?;
            // SAFETY: as above.
            next = unsafe { entry.next.as_ref() };
            Some(entry)
        })
    }
}

/// A list for one extension of one phase; the chain is searched front to back, the innermost scope first.
#[derive(Clone, Copy)]
pub struct ExtNode {
    /// The phase.
    pub phase: Phase,
    /// The extension with its dot, NUL-terminated.
    pub extension: *const c_char,
    /// Its handlers.
    pub list: *mut HandlerList,
    /// The next node.
    pub next: *const ExtNode,
}

impl super::chain::Node for ExtNode {
    fn next(&self) -> *const ExtNode {
        self.next
    }
    fn with_next(self, next: *const ExtNode) -> ExtNode {
        ExtNode { next, ..self }
    }
}

impl HandlerEntry {
    /// The handler's text.
    pub fn text(&self) -> &[u8] {
        // SAFETY: text is NUL-terminated and lives in the entry's pool.
        unsafe { bytes(self.text) }
    }

    /// Whether the entry was written in a `<Location>`.
    pub fn is_location(&self) -> bool {
        self.place.is_location()
    }

    /// The directory for a request, NULL where there is none; for a Location its text.
    ///
    /// # Safety
    /// `request` is live; the result lives as long as it and the configuration.
    pub unsafe fn directory(&self, request: *const sys::request_rec) -> *const c_char {
        // SAFETY: the caller guarantees the request; its file name is NULL or NUL-terminated.
        let file = || unsafe { (bytes((*request).filename), Pool::from_raw((*request).pool)) };
        match self.place {
            Place::None => ptr::null(),
            Place::Directory(path) | Place::Location(path) | Place::LocationMatch(path, _) => path,
            Place::Wildcard(pattern) => shortest_match(file(), |candidate| {
                // SAFETY: both are NUL-terminated.
                unsafe { sys::apr_fnmatch(pattern, candidate, sys::APR_FNM_PATHNAME) == sys::APR_SUCCESS }
            }),
            Place::Regex(regex) => shortest_match(file(), |candidate| {
                // SAFETY: the expression was compiled by ap_pregcomp in the configuration's pool.
                unsafe { sys::ap_regexec(regex, candidate, 0, ptr::null_mut(), 0) == 0 }
            }),
        }
    }
}

/// The shortest leading directory of `filename` that matches, tried without and with its trailing slash.
fn shortest_match((filename, pool): (&[u8], Pool), matches: impl Fn(*const c_char) -> bool) -> *const c_char {
    for at in memchr::memchr_iter(b'/', filename) {
        let with_slash = pool.dup(&filename[..=at]);
        if matches(with_slash) || (at > 0 && matches(pool.dup(&filename[..at]))) {
            return with_slash;
        }
    }
    ptr::null()
}

/// The outcome of the choice for one phase.
pub struct Selection<'c> {
    /// The configured list, if any.
    pub list: Option<&'c HandlerList>,
    /// The request's extension, where the look-up by extension succeeded.
    pub extension: Option<&'c [u8]>,
}

/// Chooses the list of a phase: by extension first, then the generic one.
///
/// `generic` and `by_ext` come from the merged configuration; `filename` is None where it is not known yet.
pub fn select<'c>(
    phase: Phase,
    generic: Option<&'c HandlerList>,
    by_ext: *const ExtNode,
    filename: Option<&'c [u8]>,
) -> Selection<'c> {
    let Some(filename) = filename else {
        return Selection { list: generic, extension: None };
    };
    let extension = handler::extension(filename);
    if extension.is_empty() {
        return Selection { list: generic, extension: generic.map(|_| extension) };
    }
    // SAFETY: the nodes belong to the merged configuration, which outlives the request's phases.
    for node in unsafe { super::chain::iter(by_ext) } {
        // SAFETY: NUL-terminated text and a live list of the same configuration.
        let (text, list) = unsafe { (bytes(node.extension), &*node.list) };
        if node.phase == phase && text == extension {
            return Selection { list: Some(list), extension: Some(extension) };
        }
    }
    Selection { list: generic, extension: None }
}
