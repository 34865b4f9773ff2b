//! Attributes that lead to other requests, and the raw record. Only Python code calls these.

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyAny;

use super::{Request, object};
use crate::httpd::request_state::RequestState;
use crate::httpd::sys;
use crate::image::state;

/// The object of a request that is linked to one this thread serves.
///
/// # Safety
/// `record` is NULL or live, and belongs to the same connection as the one it was found in.
unsafe fn linked<'py>(py: Python<'py>, record: *mut sys::request_rec) -> PyResult<Option<Bound<'py, Request>>> {
    if record.is_null() {
        return Ok(None);
    }
    let host = state::host().ok_or_else(|| PyRuntimeError::new_err("the module is not bound to httpd"))?;
    // SAFETY: the caller guarantees the record; the borrow of the state ends at once.
    unsafe {
        RequestState::ensure(record, host.expire_request);
        object(py, record).map(Some)
    }
}

#[pymethods]
impl Request {
    /// mp_request or None: the request whose sub-request this is.
    #[getter]
    fn main<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, Request>>> {
        // SAFETY: the record is live; a main request outlives its sub-requests.
        unsafe { linked(py, self.live.with(|record| (*record).main)?) }
    }

    /// mp_request or None: the request that was redirected to this one.
    #[getter]
    fn prev<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, Request>>> {
        // SAFETY: the record is live; all requests of a chain of redirects are in the first one's pool.
        unsafe { linked(py, self.live.with(|record| (*record).prev)?) }
    }

    /// mp_request or None: the request this one was redirected to.
    #[getter]
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, Request>>> {
        // SAFETY: as in prev.
        unsafe { linked(py, self.live.with(|record| (*record).next)?) }
    }

    /// capsule without a name: the request_rec, for other C code. Not valid after the request.
    #[getter]
    fn _request_rec<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let record = self.live.with(|record| record)?;
        // SAFETY: the address is not NULL; the result is a new reference or an error is set.
        unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyCapsule_New(record.cast(), std::ptr::null(), None)) }
    }
}
