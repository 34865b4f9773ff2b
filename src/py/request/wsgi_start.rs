//! `wsgi_start_response`: the response's head as PEP 3333 gives it. Only Python code calls this.

use pyo3::exceptions::PyAssertionError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyString};

use super::Request;
use crate::py::wsgi::head::{Head, exception};

#[pymethods]
impl Request {
    /// wsgi_start_response(status, headers[, exc_info]): sets status and headers, returns write.
    ///
    /// status is a str as in '200 OK', headers a list of pairs. A second call needs exc_info and replaces the first;
    /// once the headers were sent, it raises the exception of exc_info instead. ValueError for a bad status or header,
    /// TypeError for wrong types, AssertionError for a second call without exc_info.
    #[pyo3(signature = (status, headers, exc_info = None))]
    fn wsgi_start_response<'py>(
        slf: &Bound<'py, Self>,
        status: &Bound<'py, PyString>,
        headers: &Bound<'py, PyAny>,
        exc_info: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let live = &slf.get().live;
        let head = Head::new(status, headers)?;
        let (sent, started) = live.view(|request| (request.sent_bodyct() != 0, request.is_started()))?;
        match exc_info {
            Some(exc_info) if sent => return Err(exception(exc_info)?),
            None if started => {
                return Err(PyAssertionError::new_err("a second call of start_response needs exc_info"));
            }
            _ => {}
        }
        live.view(|request| request.start(head.number, &head.line, &head.headers))?;
        slf.as_any().getattr(intern!(slf.py(), "write"))
    }
}
