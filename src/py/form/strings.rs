//! Fields of text: objects of `util.StringField`, made without a call of Python code.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyList, PyString, PyType};

use super::fill::Refusal;
use super::limits::Limits;
use crate::httpd::sys;
use crate::parse::query;
use crate::py::capi;

/// Where fields are collected.
pub(super) struct Fields<'py> {
    pub(super) list: Bound<'py, PyList>,
    class: Bound<'py, PyType>,
    pub(super) limits: Limits,
}

impl<'py> Fields<'py> {
    /// An empty list of fields of this class.
    pub(super) fn new(class: Bound<'py, PyType>, limits: Limits) -> Fields<'py> {
        Fields { list: PyList::empty(class.py()), class, limits }
    }

    /// The fields of a query string or a body like one.
    pub(super) fn add_query(&self, text: &[u8], keep_blank: bool) -> Result<(), Refusal> {
        for (name, value) in query::pairs(text, keep_blank) {
            if self.list.len() >= self.limits.fields {
                return Err(Refusal::new(sys::HTTP_BAD_REQUEST, "there are more fields than max_fields"));
            }
            let name = PyString::new(self.list.py(), &String::from_utf8_lossy(&name));
            self.list.append(self.string(name.as_any(), &value)?)?;
        }
        Ok(())
    }

    /// A field of text.
    pub(super) fn string(&self, name: &Bound<'py, PyAny>, value: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let py = self.list.py();
        let (text, exact) = match std::str::from_utf8(value) {
            Ok(text) => (PyString::new(py, text), true),
            Err(_) => (PyString::new(py, &String::from_utf8_lossy(value)), false),
        };
        let field = capi::new_str(&self.class, text.clone())?;
        field.setattr(intern!(py, "name"), name)?;
        field.setattr(intern!(py, "value"), text)?;
        if !exact {
            field.setattr(intern!(py, "_raw"), PyBytes::new(py, value))?;
        }
        Ok(field)
    }
}
