//! The server object `mp_server`. Server records live as long as the child serves, so it never expires.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::text;
use crate::httpd::sys;

/// A server of httpd, seen by Python.
#[pyclass(name = "mp_server", module = "_apache", frozen, dict)]
pub struct Server {
    record: *mut sys::server_rec,
}

// SAFETY: the record is not changed while the child serves.
unsafe impl Send for Server {}
// SAFETY: as above.
unsafe impl Sync for Server {}

impl Server {
    /// # Safety
    /// `record` is a server of the configuration this child serves with.
    pub unsafe fn new(record: *mut sys::server_rec) -> Server {
        Server { record }
    }

    /// The record.
    pub fn record(&self) -> *mut sys::server_rec {
        self.record
    }
}

#[pymethods]
impl Server {
    #[getter]
    fn server_hostname<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        // SAFETY: the record lives as long as the child; the text is NULL or NUL-terminated.
        unsafe { text::decode_c(py, (*self.record).server_hostname) }
    }
}
