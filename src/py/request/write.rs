//! Writing the response. What is written goes into httpd's output filters without the GIL: filters in Python and a slow
//! client hold nobody else up.

use pyo3::exceptions::{PyOSError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyString};

use super::Request;
use crate::httpd::output;
use crate::httpd::request_state::RequestState;
use crate::py::detach::without_gil;

/// The client does not take the response any more.
pub(super) fn client_gone() -> PyErr {
    PyOSError::new_err("Write failed, client closed connection.")
}

impl Request {
    /// Sends bytes, optionally flushing them to the client.
    pub(super) fn send(&self, py: Python<'_>, data: &[u8], flush: bool) -> PyResult<()> {
        let sent = self.live.with(|record| {
            // SAFETY: the request is live while its phase runs; the data is held by the caller.
            if data.is_empty() || (!flush && unsafe { output::collect(record, data) }) {
                return true;
            }
            // SAFETY: as above.
            without_gil(py, (record, data), |(record, data)| unsafe { output::send(record, data, flush) })
        })?;
        if sent { Ok(()) } else { Err(client_gone()) }
    }

    /// Hands unflushed data to httpd: something else is about to write, or the handler has ended.
    pub(super) fn release(&self, py: Python<'_>) -> PyResult<bool> {
        self.live.with(|record| {
            // SAFETY: the request is live while its phase runs.
            let empty = unsafe { output::is_empty(record) };
            // SAFETY: as above.
            empty || without_gil(py, record, |record| unsafe { output::release(record) })
        })
    }
}

/// A handler has returned: what it wrote goes to httpd before anything httpd does about the result. A client that is gone
/// is noticed by httpd itself.
pub fn handler_ended(py: Python<'_>, request: &Request) {
    let _ = request.release(py);
}

/// The bytes of what `write` accepts: bytes, or str as UTF-8.
fn data<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<&'a [u8]> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        Ok(bytes.as_bytes())
    } else if let Ok(text) = value.cast::<PyString>() {
        Ok(text.to_str()?.as_bytes())
    } else {
        Err(PyTypeError::new_err(format!("write() takes str or bytes, not {}", value.get_type().name()?)))
    }
}

#[pymethods]
impl Request {
    /// write(data, flush=1): sends str (as UTF-8) or bytes, at once unless flush is 0.
    ///
    /// Empty data does nothing. Raises OSError where the client is gone, TypeError for other types.
    #[pyo3(signature = (data, flush = 1))]
    fn write(&self, py: Python<'_>, data: &Bound<'_, PyAny>, flush: i32) -> PyResult<()> {
        self.send(py, self::data(data)?, flush != 0)
    }

    /// flush(): sends what httpd has buffered. Raises OSError where the client is gone.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        let sent = self.live.with(|record| {
            // SAFETY: the request is live while its phase runs.
            without_gil(py, record, |record| unsafe { output::send(record, &[], true) })
        })?;
        if sent { Ok(()) } else { Err(PyOSError::new_err("Flush failed, client closed connection.")) }
    }

    /// How many bytes write and sendfile have given to httpd, sent or not.
    #[getter]
    fn _bytes_queued(&self) -> PyResult<u64> {
        // SAFETY: the record is live.
        self.live.with(|record| unsafe { RequestState::of(record) }.map_or(0, |state| state.output.queued))
    }
}
