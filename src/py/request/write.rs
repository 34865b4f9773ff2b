//! Writing the response. What is written goes into httpd's output filters without the GIL: filters in Python and a slow
//! client hold nobody else up.

use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::PyAny;

use super::Request;
use crate::httpd::request::Request as View;
use crate::py::detach::without_gil;
use crate::py::text;

/// The client does not take the response any more.
pub(super) fn client_gone() -> PyErr {
    PyOSError::new_err("Write failed, client closed connection.")
}

/// Whether the request can be written to now: not while mod_include or mod_filter is in the middle of a filter of it.
///
/// # Errors
/// RuntimeError then.
#[inline]
pub(super) fn check_writable(request: View<'_>) -> PyResult<()> {
    if request.is_in_element() {
        return Err(PyRuntimeError::new_err("code in a page must write to filter, not to its request"));
    }
    if request.is_in_chosen_filter() {
        let text = "inside a filter that mod_filter has chosen nothing can be written to the request";
        return Err(PyRuntimeError::new_err(text));
    }
    Ok(())
}

impl Request {
    /// Sends bytes, optionally flushing them to the client.
    pub(in crate::py) fn send(&self, py: Python<'_>, data: &[u8], flush: bool) -> PyResult<()> {
        let sent = self.live.view(|request| {
            check_writable(request)?;
            if data.is_empty() || (!flush && request.collect(&[data])) {
                return Ok(true);
            }
            Ok::<_, PyErr>(without_gil(py, (request, data), |(request, data)| request.send(data, flush)))
        })??;
        if sent { Ok(()) } else { Err(client_gone()) }
    }

    /// Sends parts one after the other, unflushed.
    #[inline]
    pub(super) fn send_parts(&self, py: Python<'_>, parts: &[&[u8]]) -> PyResult<()> {
        let collected = self.live.view(|request| check_writable(request).map(|()| request.collect(parts)))??;
        if collected { Ok(()) } else { parts.iter().try_for_each(|part| self.send(py, part, false)) }
    }

    /// Hands unflushed data to httpd: something else is about to write, or the handler has ended.
    pub(super) fn release(&self, py: Python<'_>) -> PyResult<bool> {
        self.live.view(|request| request.nothing_collected() || without_gil(py, request, |request| request.release()))
    }
}

/// A handler has returned: what it wrote goes to httpd before anything httpd does about the result. A client that is gone
/// is noticed by httpd itself.
pub fn handler_ended(py: Python<'_>, request: &Request) {
    let _ = request.release(py);
}

#[pymethods]
impl Request {
    /// write(data, flush=1): sends str (as UTF-8) or bytes, at once unless flush is 0.
    ///
    /// Empty data does nothing. Raises OSError where the client is gone, TypeError for other types, RuntimeError in an SSI element.
    #[pyo3(signature = (data, flush = 1))]
    fn write(&self, py: Python<'_>, data: &Bound<'_, PyAny>, flush: i32) -> PyResult<()> {
        self.send(py, text::data(data)?, flush != 0)
    }

    /// flush(): sends what httpd has buffered. Raises OSError where the client is gone, RuntimeError in an SSI
    /// element.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.live.view(check_writable)??;
        let sent = self.live.view(|request| without_gil(py, request, |request| request.send(&[], true)))?;
        if sent { Ok(()) } else { Err(PyOSError::new_err("Flush failed, client closed connection.")) }
    }

    /// How many bytes write and sendfile have given to httpd, sent or not.
    #[getter]
    fn _bytes_queued(&self) -> PyResult<u64> {
        self.live.view(|request| request.bytes_queued())
    }
}
