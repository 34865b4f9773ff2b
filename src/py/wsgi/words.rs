//! What environs have in common. The environ of one request is kept, and those of the next ones are made as copies of it:
//! only what differs is decoded and inserted. Clients send the same headers with each request, and most of what httpd says
//! about itself never changes.

use std::ffi::CString;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use rustc_hash::FxHashMap;

use crate::httpd::table::Table;
use crate::py::text;

/// How many entries are kept: there is a bit for each.
const ENTRIES: usize = 64;
/// How many other names are kept, and how long names are at most: clients can send any.
const NAMES: usize = 128;
const LONGEST_NAME: usize = 64;
/// Longer values are not worth keeping, and never the same.
const LONGEST_VALUE: usize = 256;
/// After so many requests, if they were not all the same, another one becomes the model: clients come and go.
const REQUESTS: u32 = 64;

/// Variables whose values never outlive their request, and those that have to be looked at each time.
const NEVER_KEPT: [&[u8]; 4] = [b"HTTP_COOKIE", b"HTTP_AUTHORIZATION", b"HTTP_PROXY_AUTHORIZATION", b"HTTPS"];

/// A variable of the model.
struct Entry {
    name: CString,
    key: Py<PyString>,
    /// None: never the same, the model has an empty str.
    value: Option<CString>,
}

/// A model, and the names that were met.
pub struct Words {
    /// The entries that every environ has, variables or not.
    constant: Py<PyDict>,
    /// What an environ begins as: the constants and the variables of the model.
    model: Py<PyDict>,
    entries: Vec<Entry>,
    names: FxHashMap<Box<[u8]>, Py<PyString>>,
    /// Requests since the model's.
    served: u32,
    /// One of them was different.
    differed: bool,
}

impl Words {
    /// Begins with these entries, which are in every environ.
    pub fn new(constant: Bound<'_, PyDict>) -> Words {
        Words {
            model: constant.clone().unbind(),
            constant: constant.unbind(),
            entries: Vec::new(),
            names: FxHashMap::default(),
            served: 0,
            differed: false,
        }
    }

    /// A dict with these variables and the constants, each byte one character. The last one of a name counts. `look` is
    /// given name and value of what differs, and all of [`NEVER_KEPT`]; it returns the value to take, always the same for
    /// the same two.
    ///
    /// # Errors
    /// MemoryError.
    #[inline]
    pub fn fill<'py, 'v>(
        &mut self,
        py: Python<'py>,
        variables: Table<'v>,
        mut look: impl FnMut(&'v [u8], &'v [u8]) -> &'v [u8],
    ) -> PyResult<Bound<'py, PyDict>> {
        self.served += 1;
        if self.entries.is_empty() || (self.differed && self.served > REQUESTS) {
            return self.learn(py, variables, look);
        }
        let environ = self.model.bind(py).copy()?;
        let (mut seen, mut next) = (0_u64, 0);
        let mut at = 0;
        loop {
            // Mostly they are the model's next ones. A name may come twice.
            let expected =
                self.entries.get(next..).unwrap_or_default().iter().enumerate().map_while(|(ahead, entry)| {
                    let unseen = seen & (1 << (next + ahead)) == 0;
                    entry.value.as_deref().filter(|_| unseen).map(|value| (entry.name.as_c_str(), value))
                });
            let same = variables.run(at, expected);
            if same > 0 {
                seen |= (u64::MAX >> (ENTRIES - same)) << next;
                (at, next) = (at + same, next + same);
            }
            // The first one that is not.
            let Some((name, value)) = variables.bytes_at(at) else { break };
            at += 1;
            let text = text::decode_latin1(py, look(name, value.unwrap_or_default()))?;
            let Some(place) = self.place(name, next) else {
                self.differed = true;
                environ.set_item(self.name(py, name)?, text)?;
                continue;
            };
            next = place + 1;
            seen |= 1 << place;
            let entry = &self.entries[place];
            self.differed |= entry.value.is_some();
            environ.set_item(entry.key.bind(py), text)?;
        }
        if seen != u64::MAX >> (ENTRIES - self.entries.len()) {
            self.drop_missing(py, &environ, seen)?;
        }
        Ok(environ)
    }

    /// Where the model has a name: mostly its next one.
    #[inline]
    fn place(&self, name: &[u8], next: usize) -> Option<usize> {
        if self.entries.get(next).is_some_and(|entry| entry.name.to_bytes() == name) {
            return Some(next);
        }
        self.entries.iter().position(|entry| entry.name.to_bytes() == name)
    }

    /// A name that the model has not.
    fn name<'py>(&mut self, py: Python<'py>, name: &[u8]) -> PyResult<Bound<'py, PyString>> {
        if let Some(known) = self.names.get(name) {
            return Ok(known.bind(py).clone());
        }
        let made = text::decode_latin1(py, name)?;
        if self.names.len() < NAMES && name.len() <= LONGEST_NAME {
            self.names.insert(name.into(), made.clone().unbind());
        }
        Ok(made)
    }

    /// Variables of the model that this request has not.
    #[cold]
    fn drop_missing(&mut self, py: Python<'_>, environ: &Bound<'_, PyDict>, seen: u64) -> PyResult<()> {
        self.differed = true;
        let constant = self.constant.bind(py);
        for (place, entry) in self.entries.iter().enumerate() {
            if seen & (1 << place) == 0 {
                let key = entry.key.bind(py);
                match constant.get_item(key)? {
                    Some(value) => environ.set_item(key, value)?,
                    None => environ.del_item(key)?,
                }
            }
        }
        Ok(())
    }

    /// Makes an environ from nothing, and the model of it.
    #[cold]
    fn learn<'py, 'v>(
        &mut self,
        py: Python<'py>,
        variables: Table<'v>,
        mut look: impl FnMut(&'v [u8], &'v [u8]) -> &'v [u8],
    ) -> PyResult<Bound<'py, PyDict>> {
        (self.served, self.differed) = (0, false);
        let environ = self.constant.bind(py).copy()?;
        let model = environ.copy()?;
        let mut entries: Vec<Entry> = Vec::new();
        for (name, value) in variables.pairs() {
            let (key, shown) = (self.name(py, name)?, text::decode_latin1(py, look(name, value))?);
            environ.set_item(&key, &shown)?;
            if let Some(twice) = entries.iter_mut().find(|entry| entry.name.to_bytes() == name) {
                twice.value = None;
            } else if entries.len() < ENTRIES && name.len() <= LONGEST_NAME {
                let kept = value.len() <= LONGEST_VALUE && !NEVER_KEPT.contains(&name);
                model.set_item(&key, if kept { shown } else { PyString::new(py, "") })?;
                let value = if kept { Some(CString::new(value)?) } else { None };
                entries.push(Entry { name: CString::new(name)?, key: key.unbind(), value });
            }
        }
        (self.model, self.entries) = (model.unbind(), entries);
        Ok(environ)
    }
}
