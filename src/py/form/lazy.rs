//! Urlencoded fields that become Python objects when they are asked for.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyList, PyString};

use super::strings::{self, Maker};
use crate::parse::fields::Pairs;

/// With more fields than this the names are worth an index.
const FEW: usize = 64;

/// The fields of a form without a multipart body, until somebody wants the list of them.
pub(super) struct Lazy {
    pairs: Pairs,
    maker: Maker,
    /// The objects that were made, in the order of the pairs. Never locked across a call into Python.
    made: Mutex<Vec<Option<Py<PyAny>>>>,
}

/// The text of a name, None where it takes a closer look.
fn text<'a>(name: &'a Bound<'_, PyAny>) -> Option<Cow<'a, [u8]>> {
    if let Ok(name) = name.cast_exact::<PyString>() {
        name.to_str().ok().map(|name| Cow::Borrowed(name.as_bytes()))
    } else {
        let name = name.cast_exact::<PyBytes>().ok()?;
        Some(Cow::Owned(String::from_utf8_lossy(name.as_bytes()).into_owned().into_bytes()))
    }
}

impl Lazy {
    pub(super) fn new(pairs: Pairs, maker: Maker) -> Lazy {
        let mut made = Vec::new();
        made.resize_with(pairs.len(), || None);
        Lazy { pairs, maker, made: Mutex::new(made) }
    }

    fn made(&self) -> MutexGuard<'_, Vec<Option<Py<PyAny>>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.maker.traverse(visit)?;
        // As in `Form`.
        let Ok(made) = self.made.try_lock() else { return Ok(()) };
        made.iter().flatten().try_for_each(|field| visit.call(field))
    }

    /// A field, always the same object. `name`: its name, if there is an object of it.
    fn field<'py>(
        &self,
        py: Python<'py>,
        number: usize,
        name: Option<&Bound<'py, PyString>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let Some(field) = &self.made()[number] {
            return Ok(field.bind(py).clone());
        }
        let name = name.cloned().unwrap_or_else(|| self.name(py, number));
        let field = self.maker.make(name.into_any(), self.pairs.value(number))?;
        // Where making it has run Python code that has asked for it too, that one stays.
        let kept = self.made()[number].get_or_insert_with(|| field.clone().unbind()).clone_ref(py);
        Ok(kept.into_bound(py))
    }

    fn name<'py>(&self, py: Python<'py>, number: usize) -> Bound<'py, PyString> {
        strings::replaced(py, self.pairs.name(number))
    }

    /// All fields.
    pub(super) fn list<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for number in 0..self.pairs.len() {
            list.append(self.field(py, number, None)?)?;
        }
        Ok(list)
    }

    /// The fields of a name, for a form that finds them without an index; None where it needs one.
    pub(super) fn find<'a, 'py>(&'a self, name: &'a Bound<'py, PyAny>) -> Option<Named<'a, 'py>> {
        let text = if self.pairs.len() <= FEW { text(name)? } else { return None };
        let mut numbers = self.pairs.named(&text);
        let first = numbers.next();
        let rest = numbers.collect();
        Some(Named { lazy: self, name, first, rest })
    }

    /// The names, each once; None where it takes an index.
    pub(super) fn names<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        if self.pairs.len() > FEW {
            return Ok(None);
        }
        let names = PyList::empty(py);
        for number in self.pairs.first_ones() {
            names.append(self.name(py, number))?;
        }
        Ok(Some(names))
    }

    /// How many names there are; None where it takes an index.
    pub(super) fn count(&self) -> Option<usize> {
        (self.pairs.len() <= FEW).then(|| self.pairs.first_ones().count())
    }
}

/// The fields of one name.
pub(super) struct Named<'a, 'py> {
    lazy: &'a Lazy,
    name: &'a Bound<'py, PyAny>,
    first: Option<usize>,
    /// Those behind the first one.
    rest: Vec<usize>,
}

impl<'py> Named<'_, 'py> {
    fn field(&self, number: usize) -> PyResult<Bound<'py, PyAny>> {
        self.lazy.field(self.name.py(), number, self.name.cast_exact::<PyString>().ok())
    }

    /// There are some.
    pub(super) fn exists(&self) -> bool {
        self.first.is_some()
    }

    /// The first one.
    pub(super) fn first(&self) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.first.map(|first| self.field(first)).transpose()
    }

    /// All of them.
    pub(super) fn all(&self) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(self.name.py());
        for number in self.first.iter().chain(&self.rest) {
            list.append(self.field(*number)?)?;
        }
        Ok(list)
    }

    /// What `form[name]` gives.
    pub(super) fn shown(&self) -> PyResult<Option<Bound<'py, PyAny>>> {
        if self.rest.is_empty() { self.first() } else { Ok(Some(self.all()?.into_any())) }
    }
}
