//! The request objects of an interpreter: made at the first look, kept by the httpd request until it ends.

use std::sync::atomic::AtomicBool;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::Request;
use super::config::ConfigCopy;
use crate::httpd::request::Request as View;
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
        return Ok(object);
    }
    let made = Request {
        live: Live::of(request),
        has_children: AtomicBool::new(false),
        tables: [const { PyOnceLock::new() }; RequestTable::COUNT],
        server: PyOnceLock::new(),
        hlist: PyOnceLock::new(),
        finfo: PyOnceLock::new(),
        connection: PyOnceLock::new(),
        config: ConfigCopy::new(),
        options: ConfigCopy::new(),
        uploaded: PyOnceLock::new(),
    };
    let made = Bound::new(py, made)?;
    // The request expires what it keeps before its record goes.
    if !capi::keep_object(&made, request) {
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
    request.ensure_state(host.expire_request);
    object(py, request)
}
