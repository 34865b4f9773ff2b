//! Attributes that say where the request stands inside this module. Only Python code calls these.

use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyString};

use super::Request;
use crate::httpd::pool::bytes;
use crate::httpd::request_state::RequestState;
use crate::image::state;
use crate::py::text;

fn readonly() -> PyErr {
    PyAttributeError::new_err("readonly attribute")
}

#[pymethods]
impl Request {
    /// str or None: the directive of the running phase, as in PythonFixupHandler.
    #[getter]
    fn phase<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        // SAFETY: the record is live, its state borrowed for this moment.
        let phase = self.live.with(|record| unsafe { RequestState::of(record) }.and_then(|state| state.phase))?;
        Ok(phase.map(|phase| PyString::new(py, phase.name())))
    }

    #[setter]
    fn set_phase(&self, _value: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(readonly())
    }

    /// str or None: the extension by which the handler was looked up, '' where the file has none.
    #[getter]
    fn extension<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        // SAFETY: the record is live, its state borrowed for this moment; the text is NULL or NUL-terminated.
        self.live.with(|record| unsafe {
            let extension = RequestState::of(record).map_or(std::ptr::null(), |state| state.extension);
            text::decode_c(py, extension)
        })?
    }

    #[setter]
    fn set_extension(&self, _value: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(readonly())
    }

    #[setter(_content_type_set)]
    fn refuse_content_type_set(&self, _value: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(readonly())
    }

    /// str: the interpreter's name as it was selected for the running phase.
    #[getter]
    fn interpreter<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        self.live.with(|record| {
            // SAFETY: the record is live, its state borrowed for this moment; the name is NULL or NUL-terminated.
            let selected = unsafe { RequestState::of(record).and_then(|state| state.interpreter.as_ref()) };
            match selected {
                // SAFETY: as above.
                Some(name) => text::decode(py, unsafe { bytes(name) }),
                // Python saw this request through another one only.
                None => text::decode(py, state::host().map_or(b"", |host| host.name.to_bytes())),
            }
        })?
    }
}
