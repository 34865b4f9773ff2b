//! Fields of text: objects of `util.StringField`, made without a call of Python code.

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyString, PyType};

use crate::py::capi::{self, TextClass};

/// Bytes as str, with U+FFFD for what is no UTF-8.
pub(super) fn replaced<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    capi::utf8(py, bytes).unwrap_or_else(|| PyString::new(py, &String::from_utf8_lossy(bytes)))
}

/// Makes fields of text.
pub(super) struct Maker(TextClass<2>);

impl Maker {
    /// Of this class.
    ///
    /// # Errors
    /// AttributeError where its objects have no name or value.
    pub(super) fn new(class: Bound<'_, PyType>) -> PyResult<Maker> {
        let py = class.py();
        TextClass::new(class, [intern!(py, "name"), intern!(py, "value")]).map(Maker)
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(self.0.class())
    }

    /// A field of text; `name`: a str, or None.
    ///
    /// # Errors
    /// TypeError where the class is no subclass of str, and what its attributes raise.
    pub(super) fn make<'py>(&self, name: Bound<'py, PyAny>, value: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let py = name.py();
        if let Some(text) = capi::utf8(py, value) {
            return self.0.make(text.clone(), [name, text.into_any()]);
        }
        let text = PyString::new(py, &String::from_utf8_lossy(value));
        let field = self.0.make(text.clone(), [name, text.into_any()])?;
        field.setattr(intern!(py, "_raw"), PyBytes::new(py, value))?;
        Ok(field)
    }
}
