//! Writing the response.

use pyo3::exceptions::{PyOSError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyString};

use super::Request;
use crate::httpd::sys;
use crate::py::detach::without_gil;

impl Request {
    /// Sends bytes, optionally flushing them to the client.
    pub(super) fn send(&self, py: Python<'_>, data: &[u8], flush: bool) -> PyResult<()> {
        if data.is_empty() {
            return Ok(());
        }
        let failed = self.live.with(|record| {
            without_gil(py, (record, data), |(record, data)| {
                // ap_rwrite takes an int.
                data.chunks(1 << 30).any(|part| {
                    // SAFETY: the request is live while its phase runs; the data is held by the caller.
                    unsafe {
                        sys::ap_rwrite(part.as_ptr().cast(), part.len() as i32, record) < 0
                    }
                // SAFETY: as above.
                }) || (flush && unsafe { sys::ap_rflush(record) } < 0)
            })
        })?;
        if failed { Err(PyOSError::new_err("Write failed, client closed connection.")) } else { Ok(()) }
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
    /// write(data, flush=1): sends str (as UTF-8) or bytes.
    #[pyo3(signature = (data, flush = 1))]
    fn write(&self, py: Python<'_>, data: &Bound<'_, PyAny>, flush: i32) -> PyResult<()> {
        self.send(py, self::data(data)?, flush != 0)
    }
}
