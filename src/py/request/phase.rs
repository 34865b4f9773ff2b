//! Attributes that say where the request stands inside this module. Only Python code calls these.

use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyString};

use super::Request;
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
        let phase = self.live.view(|request| request.running_phase())?;
        Ok(phase.map(|phase| PyString::new(py, phase.name())))
    }

    #[setter]
    fn set_phase(&self, _value: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(readonly())
    }

    /// str or None: the extension by which the handler was looked up, '' where the file has none.
    #[getter]
    fn extension<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.live.view(|request| text::optional(py, request.extension()))?
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
        self.live.view(|request| {
            // Without a selection Python saw this request through another one only.
            let selected = request.interpreter();
            text::decode(py, selected.unwrap_or_else(|| state::host().map_or(b"", |host| host.name.to_bytes())))
        })?
    }
}
