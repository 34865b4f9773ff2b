//! The request objects of an interpreter and what they are made of: owned references that the httpd request keeps, and
//! pointers that expire with it.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyAny;

use super::Request;
use super::config::ConfigCopy;
use crate::httpd::request::Request as View;
use crate::httpd::request_state::Object;
use crate::httpd::sys;
use crate::httpd::view::Record;
use crate::image::state;
use crate::py::conn::Conn;
use crate::py::finfo::Finfo;
use crate::py::live::Live;
use crate::py::server::Server;
use crate::py::table::RequestTable;

/// The object of a request in this interpreter, made at the first call.
///
/// # Errors
/// MemoryError, or where the module is not bound.
///
/// # Safety
/// `record` is live, this thread serves it, and the host has made its state.
pub unsafe fn object<'py>(py: Python<'py>, record: *mut sys::request_rec) -> PyResult<Bound<'py, Request>> {
    // SAFETY: the caller guarantees the record.
    let request = unsafe { sys::request_rec::view(record) };
    let interp = state::interp();
    if let Some(object) = request.object(interp) {
        // SAFETY: the request keeps a reference to this interpreter's object.
        return Ok(unsafe { Bound::from_borrowed_ptr(py, object.cast()).cast_into_unchecked() });
    }
    let made = Request {
        // SAFETY: what is kept with the request expires its objects before the record goes.
        live: unsafe { Live::new(record, request.connection()) },
        tables: [const { PyOnceLock::new() }; RequestTable::COUNT],
        server: PyOnceLock::new(),
        hlist: PyOnceLock::new(),
        finfo: PyOnceLock::new(),
        connection: PyOnceLock::new(),
        config: ConfigCopy::new(),
        options: ConfigCopy::new(),
    };
    let made = Bound::new(py, made)?;
    request.keep_object(interp, || made.clone().into_ptr().cast());
    Ok(made)
}

/// The object of a request that is linked to one this thread serves.
///
/// # Errors
/// As [`object`].
pub(super) fn linked<'py>(py: Python<'py>, request: View<'_>) -> PyResult<Bound<'py, Request>> {
    let host = state::host().ok_or_else(|| PyRuntimeError::new_err("the module is not bound to httpd"))?;
    // SAFETY: the host's function takes the request's record; the view's record is live and on the same connection as
    // the one that this thread serves.
    unsafe {
        request.ensure_state(host.expire_request);
        object(py, request.as_ptr())
    }
}

/// Drops a reference that a request has kept for this interpreter.
pub(super) fn drop_kept(py: Python<'_>, object: Object) {
    // SAFETY: an owned reference, which `keep_object` got from this interpreter.
    drop(unsafe { Bound::<PyAny>::from_owned_ptr(py, object.cast()) });
}

/// The view of a request's connection.
pub(super) fn connection(request: View<'_>) -> Conn {
    // SAFETY: the connection outlives the request; `expire` expires both objects together.
    unsafe { Conn::new(request.connection()) }
}

/// The view of a request's server.
pub(super) fn server(request: View<'_>) -> Server {
    // SAFETY: servers live as long as the child serves.
    unsafe { Server::new(request.server()) }
}

/// The facts of a request's file.
pub(super) fn finfo(live: &Live<sys::request_rec>, record: *mut sys::request_rec) -> Finfo {
    // SAFETY: the sibling shows the same record, and `expire` expires it.
    unsafe { Finfo::of_request(live.sibling(record)) }
}

/// Copies the facts of a file into a request.
pub(super) fn set_finfo(request: View<'_>, info: sys::apr_finfo_t) {
    // SAFETY: `Finfo::with` guarantees the texts, which live as long as the object that the caller holds.
    unsafe { request.set_finfo(info) };
}
