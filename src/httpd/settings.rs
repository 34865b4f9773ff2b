//! The settings that both configuration records hold: the directives table and the options.

use std::ffi::c_char;
use std::ptr;

use super::chain;
use super::pool::{Pool, bytes};
use super::time_limit::{Limit, TimeLimit};

/// An On/Off directive that may be absent.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[repr(u8)]
pub enum Flag {
    /// Not given.
    #[default]
    Unset,
    /// Off
    Off,
    /// On
    On,
}

impl Flag {
    fn or(self, outer: Flag) -> Flag {
        if self == Flag::Unset { outer } else { self }
    }

    /// Given and On.
    pub fn is_on(self) -> bool {
        self == Flag::On
    }

    /// `"1"`, `"0"` or None, as `get_config()` shows it.
    pub fn text(self) -> Option<&'static str> {
        match self {
            Flag::Unset => None,
            Flag::Off => Some("0"),
            Flag::On => Some("1"),
        }
    }
}

/// One PythonOption; the innermost and latest stands first.
#[derive(Clone, Copy)]
pub struct OptionNode {
    /// Key, NUL-terminated.
    pub key: *const c_char,
    /// Value, NUL-terminated; empty: removed.
    pub value: *const c_char,
    /// The next node.
    pub next: *const OptionNode,
}

impl chain::Node for OptionNode {
    fn next(&self) -> *const OptionNode {
        self.next
    }
    fn with_next(self, next: *const OptionNode) -> OptionNode {
        OptionNode { next, ..self }
    }
}

/// What both records hold: the directives table and the options.
#[derive(Clone, Copy)]
pub struct Settings {
    /// PythonAutoReload
    pub auto_reload: Flag,
    /// PythonDebug
    pub debug: Flag,
    /// PythonEnablePdb
    pub enable_pdb: Flag,
    /// PythonInterpPerDirective
    pub per_directive: Flag,
    /// PythonInterpPerDirectory
    pub per_directory: Flag,
    /// PythonInterpreter, NULL where absent
    pub interpreter: *const c_char,
    /// PythonPath, NULL where absent
    pub path: *const c_char,
    /// PythonRequestTimeout, NULL where absent
    pub time_limit: *const TimeLimit,
    /// PythonOption
    pub options: *const OptionNode,
}

impl Settings {
    /// Nothing is set.
    pub const EMPTY: Settings = Settings {
        auto_reload: Flag::Unset,
        debug: Flag::Unset,
        enable_pdb: Flag::Unset,
        per_directive: Flag::Unset,
        per_directory: Flag::Unset,
        interpreter: ptr::null(),
        path: ptr::null(),
        time_limit: ptr::null(),
        options: chain::empty(),
    };

    /// This record in front of an outer one.
    ///
    /// # Safety
    /// Both records live at least as long as the pool.
    pub unsafe fn merged(&self, outer: &Settings, pool: Pool) -> Settings {
        let text = |inner: *const c_char, outer: *const c_char| if inner.is_null() { outer } else { inner };
        Settings {
            auto_reload: self.auto_reload.or(outer.auto_reload),
            debug: self.debug.or(outer.debug),
            enable_pdb: self.enable_pdb.or(outer.enable_pdb),
            per_directive: self.per_directive.or(outer.per_directive),
            per_directory: self.per_directory.or(outer.per_directory),
            interpreter: text(self.interpreter, outer.interpreter),
            path: text(self.path, outer.path),
            time_limit: if self.time_limit.is_null() { outer.time_limit } else { self.time_limit },
            // SAFETY: the caller guarantees it.
            options: unsafe { chain::overlay(pool, self.options, outer.options) },
        }
    }

    /// The directives that are set, by name, as `get_config()` shows them.
    pub fn directives(&self) -> Vec<(&'static str, &[u8])> {
        let flags = [
            ("PythonAutoReload", self.auto_reload),
            ("PythonDebug", self.debug),
            ("PythonEnablePdb", self.enable_pdb),
            ("PythonInterpPerDirective", self.per_directive),
            ("PythonInterpPerDirectory", self.per_directory),
        ];
        let flags = flags.into_iter().filter_map(|(name, flag)| Some((name, flag.text()?.as_bytes())));
        // SAFETY: the texts are NULL or NUL-terminated and live as long as the record.
        let texts = unsafe {
            [
                ("PythonInterpreter", self.interpreter.as_ref()),
                ("PythonPath", self.path.as_ref()),
                ("PythonRequestTimeout", self.time_limit.as_ref().and_then(|limit| limit.text.as_ref())),
            ]
        };
        // SAFETY: as above.
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, unsafe { bytes(text?) })));
        flags.chain(texts).collect()
    }

    /// The options from the outermost to the innermost, each key once (compared without case): the first spelling and
    /// the last value. A removed option has an empty value.
    pub fn options(&self) -> Vec<(&[u8], &[u8])> {
        // SAFETY: nodes and texts live as long as the record.
        let nodes = unsafe { chain::iter(self.options) };
        let mut nodes: Vec<(&[u8], &[u8])> =
            // SAFETY: as above.
            nodes.map(|node| unsafe { (bytes(node.key), bytes(node.value)) }).collect();
        nodes.reverse();
        let mut found: Vec<(&[u8], &[u8])> = Vec::with_capacity(nodes.len());
        for (key, value) in nodes {
            match found.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(key)) {
                Some(entry) => entry.1 = value,
                None => found.push((key, value)),
            }
        }
        found
    }

    /// The value of one option, None where it is absent or removed.
    pub fn option(&self, key: &str) -> Option<&[u8]> {
        self.option_as_written(key).filter(|value| !value.is_empty())
    }

    /// The value of one option, None where it is absent, empty where it was given an empty value.
    pub fn option_as_written(&self, key: &str) -> Option<&[u8]> {
        // SAFETY: nodes and texts live as long as the record.
        let mut nodes = unsafe { chain::iter(self.options) };
        // SAFETY: as above.
        nodes
            .find_map(|node| unsafe { bytes(node.key).eq_ignore_ascii_case(key.as_bytes()).then(|| bytes(node.value)) })
    }

    /// How long Python may take for a request. Somebody who is in pdb takes the time that it takes.
    #[inline]
    pub fn time_limit(&self) -> Option<Limit> {
        // SAFETY: NULL or a value of the same configuration.
        unsafe { self.time_limit.as_ref() }?.limit.filter(|_| !self.enable_pdb.is_on())
    }

    /// PythonPath's value.
    pub fn path(&self) -> Option<&[u8]> {
        // SAFETY: NULL or NUL-terminated, as long-lived as the record.
        unsafe { self.path.as_ref().map(|text| bytes(text)) }
    }
}
