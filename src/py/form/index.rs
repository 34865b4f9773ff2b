//! Names to fields. A name leads to its field, or to a private list where it occurs several times.

use std::borrow::Cow;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyDict, PyList, PyString};

use super::{Form, State};

/// The names of a form, and the fields they were collected from.
pub(super) struct Index {
    names: Py<PyDict>,
    /// Only where Python code may change the list behind our back.
    seen: Option<Vec<Py<PyAny>>>,
}

impl Index {
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.names)?;
        self.seen.iter().flatten().try_for_each(|field| visit.call(field))
    }

    /// Whether these are the fields of the list still.
    fn is_of(&self, fields: &Bound<'_, PyList>) -> bool {
        self.seen.as_ref().is_none_or(|seen| {
            seen.len() == fields.len() && seen.iter().zip(fields.iter()).all(|(seen, field)| seen.is(&field))
        })
    }
}

/// What `form[name]` gives: the field, or a list of its own.
pub(super) fn shown(found: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
    if found.cast_exact::<PyList>().is_ok() { Ok(all(found)?.into_any()) } else { Ok(found) }
}

/// The first occurrence.
pub(super) fn first(found: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
    match found.cast_exact::<PyList>() {
        Ok(several) => several.get_item(0),
        Err(_) => Ok(found),
    }
}

/// All occurrences, as a list that nobody else has.
pub(super) fn all(found: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyList>> {
    match found.cast_exact::<PyList>() {
        Ok(several) => Ok(several.get_slice(0, several.len())),
        Err(_) => PyList::new(found.py(), [&found]),
    }
}

/// A name as fields have it: bytes are decoded as UTF-8 with replacement.
fn key<'a, 'py>(name: &'a Bound<'py, PyAny>) -> Cow<'a, Bound<'py, PyAny>> {
    match name.cast::<PyBytes>() {
        Ok(bytes) => Cow::Owned(PyString::new(name.py(), &String::from_utf8_lossy(bytes.as_bytes())).into_any()),
        Err(_) => Cow::Borrowed(name),
    }
}

/// Collects the names.
fn collect<'py>(fields: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyDict>> {
    let py = fields.py();
    let names = PyDict::new(py);
    for field in fields {
        let name = field.getattr(intern!(py, "name"))?;
        match names.get_item(&name)? {
            None => names.set_item(name, field)?,
            Some(found) => match found.cast_exact::<PyList>() {
                Ok(several) => several.append(field)?,
                Err(_) => names.set_item(name, PyList::new(py, [found, field])?)?,
            },
        }
    }
    Ok(names)
}

impl Form {
    /// Names to fields, as the list is now.
    pub(super) fn names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        if let State { exposed: false, index: Some(index), .. } = &*self.state() {
            return Ok(index.names.clone_ref(py).into_bound(py));
        }
        let fields = self.fields(py)?;
        let exposed = {
            let state = self.state();
            if let Some(index) = state.index.as_ref().filter(|index| index.is_of(&fields)) {
                return Ok(index.names.clone_ref(py).into_bound(py));
            }
            state.exposed
        };
        let seen = exposed.then(|| fields.iter().map(Bound::unbind).collect());
        let names = collect(&fields)?;
        let made = Index { names: names.clone().unbind(), seen };
        let before = self.state().index.replace(made);
        drop(before);
        Ok(names)
    }

    /// The field of a name, or the private list of them.
    pub(super) fn find<'py>(&self, py: Python<'py>, name: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.names(py)?.get_item(&*key(name))
    }
}
