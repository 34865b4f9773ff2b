//! What the headers of a part say of its field.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyDict, PyString};

use crate::parse::multipart::{Header, get};
use crate::parse::parameters::HeaderValue;
use crate::py::parameters::{options, replaced};
use crate::py::table::Table;

/// The facts of a part.
pub(super) struct Head<'py> {
    /// None where the client gave none.
    pub(super) name: Option<Bound<'py, PyString>>,
    /// None where the part is no file; it may be empty.
    pub(super) filename: Option<Bound<'py, PyString>>,
    disposition: Bound<'py, PyString>,
    disposition_options: Bound<'py, PyDict>,
    media: Bound<'py, PyString>,
    media_options: Bound<'py, PyDict>,
    headers: Bound<'py, Table>,
}

impl<'py> Head<'py> {
    /// None for a part without Content-Disposition, which is no field.
    ///
    /// # Errors
    /// MemoryError.
    pub(super) fn of(py: Python<'py>, headers: &[Header]) -> PyResult<Option<Head<'py>>> {
        let Some(disposition) = get(headers, "Content-Disposition") else { return Ok(None) };
        let mut disposition = HeaderValue::parse(disposition);
        disposition.decode_extended();
        let media = HeaderValue::parse(get(headers, "Content-Type").unwrap_or(b"text/plain"));
        let main: &[u8] = if media.main.contains(&b'/') { &media.main } else { b"application/octet-stream" };
        let parameter = |name| disposition.get(name).map(|value| replaced(py, value));
        Ok(Some(Head {
            name: parameter("name"),
            filename: parameter("filename"),
            disposition: replaced(py, &disposition.main),
            disposition_options: options(py, &disposition)?,
            media: replaced(py, main),
            media_options: options(py, &media)?,
            headers: Bound::new(py, Table::of_pairs(headers.iter().map(|(name, value)| (&**name, &**value))))?,
        }))
    }

    /// Tells a field of text what it is.
    ///
    /// # Errors
    /// MemoryError.
    pub(super) fn describe(&self, field: &Bound<'py, PyAny>) -> PyResult<()> {
        let py = field.py();
        field.setattr(intern!(py, "type"), &self.media)?;
        field.setattr(intern!(py, "type_options"), &self.media_options)?;
        field.setattr(intern!(py, "disposition"), &self.disposition)?;
        field.setattr(intern!(py, "disposition_options"), &self.disposition_options)?;
        field.setattr(intern!(py, "headers"), &self.headers)
    }

    /// Makes the field of a file.
    ///
    /// # Errors
    /// What the class raises.
    pub(super) fn file(&self, class: &Bound<'py, PyAny>, file: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let field = class.call1((
            &self.name,
            file,
            &self.media,
            &self.media_options,
            &self.disposition,
            &self.disposition_options,
            &self.headers,
        ))?;
        field.setattr(intern!(class.py(), "filename"), &self.filename)?;
        Ok(field)
    }
}
