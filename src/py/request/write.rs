//! Writing the response. What is written goes into httpd's output filters without the GIL: filters in Python and a slow
//! client hold nobody else up.

use pyo3::exceptions::{PyOSError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyString};

use super::Request;
use crate::httpd::request_state::RequestState;
use crate::httpd::sys;
use crate::py::detach::without_gil;

/// The client does not take the response any more.
pub(super) fn client_gone() -> PyErr {
    PyOSError::new_err("Write failed, client closed connection.")
}

/// Counts bytes that were given to httpd.
///
/// # Safety
/// `record` is live.
pub(super) unsafe fn count(record: *mut sys::request_rec, bytes: usize) {
    // SAFETY: the caller guarantees the record; the borrow ends here.
    if let Some(state) = unsafe { RequestState::of(record) } {
        state.bytes_queued += bytes as u64;
    }
}

impl Request {
    /// Sends bytes, optionally flushing them to the client.
    pub(super) fn send(&self, py: Python<'_>, data: &[u8], flush: bool) -> PyResult<()> {
        let sent = self.live.with(|record| {
            if data.is_empty() {
                return true;
            }
            without_gil(py, (record, data), |(record, data)| {
                // SAFETY: the request is live while its phase runs; the data is held by the caller.
                unsafe {
                    // ap_rwrite takes an int.
                    let failed = data
                        .chunks(1 << 30)
                        .any(|part| sys::ap_rwrite(part.as_ptr().cast(), part.len() as i32, record) < 0);
                    if failed {
                        return false;
                    }
                    count(record, data.len());
                    !flush || sys::ap_rflush(record) >= 0
                }
            })
        })?;
        if sent { Ok(()) } else { Err(client_gone()) }
    }
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
            without_gil(py, record, |record| unsafe { sys::ap_rflush(record) }) >= 0
        })?;
        if sent { Ok(()) } else { Err(PyOSError::new_err("Flush failed, client closed connection.")) }
    }

    /// How many bytes write and sendfile have given to httpd, sent or not.
    #[getter]
    fn _bytes_queued(&self) -> PyResult<u64> {
        // SAFETY: the record is live.
        self.live.with(|record| unsafe { RequestState::of(record) }.map_or(0, |state| state.bytes_queued))
    }
}
