//! The request objects of an interpreter: owned references that the httpd request keeps, and the pointer that expires
//! with it.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyAny;

use super::Request;
use super::config::ConfigCopy;
use crate::httpd::request::Request as View;
use crate::httpd::request_state::Object;
use crate::httpd::table::RequestTable;
use crate::image::state;
use crate::py::capi;
use crate::py::live::{self, Live};

/// The object of a request in this interpreter, made at the first call.
///
/// # Errors
/// MemoryError.
pub fn object<'py>(py: Python<'py>, request: View<'_>) -> PyResult<Bound<'py, Request>> {
    if let Some(object) = capi::kept_object(py, request) {
        // SAFETY: only this function gives a request objects to keep.
        return Ok(unsafe { object.cast_into_unchecked() });
    }
    let made = Request {
        // SAFETY: the request expires the objects it keeps before its record goes; one that it does not keep expires
        // below.
        live: unsafe { Live::new(request.as_ptr(), request.connection()) },
        tables: [const { PyOnceLock::new() }; RequestTable::COUNT],
        server: PyOnceLock::new(),
        hlist: PyOnceLock::new(),
        finfo: PyOnceLock::new(),
        connection: PyOnceLock::new(),
        config: ConfigCopy::new(),
        options: ConfigCopy::new(),
    };
    let made = Bound::new(py, made)?;
    if !request.keep_object(state::interp(), || made.clone().into_ptr().cast()) {
        made.get().live.expire();
    }
    Ok(made)
}

/// The object of the request this thread is serving in this interpreter, None outside requests.
///
/// # Errors
/// MemoryError.
pub fn current(py: Python<'_>) -> PyResult<Option<Bound<'_, Request>>> {
    live::with_current(|request| object(py, request)).transpose()
}

/// The object of a request that is linked to one this thread serves.
///
/// # Errors
/// MemoryError, or where the module is not bound.
pub(super) fn linked<'py>(py: Python<'py>, request: View<'_>) -> PyResult<Bound<'py, Request>> {
    let host = state::host().ok_or_else(|| PyRuntimeError::new_err("the module is not bound to httpd"))?;
    // SAFETY: the host's function takes the request's record.
    unsafe { request.ensure_state(host.expire_request) };
    object(py, request)
}

/// Drops a reference that a request has kept for this interpreter.
pub(super) fn drop_kept(py: Python<'_>, object: Object) {
    // SAFETY: an owned reference, which `keep_object` got from this interpreter.
    drop(unsafe { Bound::<PyAny>::from_owned_ptr(py, object.cast()) });
}
