//! Python objects made from raw records, for those who have no safe view of them. Used by `request` only.

use pyo3::prelude::*;

use super::conn::Conn;
use super::detach::without_gil;
use super::finfo::Finfo;
use super::live::{self, Live};
use super::request::{self, Request};
use super::server::Server;
use crate::httpd::log::{self, Level, Target};
use crate::httpd::{server, sys};

impl Server {
    /// # Safety
    /// `record` is a server of the configuration this child serves with.
    pub unsafe fn new(record: *mut sys::server_rec) -> Server {
        // SAFETY: the caller guarantees it.
        Server::of(unsafe { server::Server::from_raw(record).unwrap_unchecked() })
    }
}

impl Conn {
    /// The view of a connection.
    ///
    /// # Safety
    /// `record` is live until [`Conn::expire`] is called.
    pub unsafe fn new(record: *mut sys::conn_rec) -> Conn {
        // SAFETY: the caller guarantees it; the record is its own connection.
        Conn::of(unsafe { Live::new(record, record) })
    }
}

impl Finfo {
    /// The facts of a request's file.
    ///
    /// # Safety
    /// `request` is an unexpired pointer's sibling, expired with it through [`Finfo::expire`].
    pub unsafe fn of_request(request: Live<sys::request_rec>) -> Finfo {
        Finfo::of(request)
    }
}

/// Writes a line without the GIL.
///
/// # Safety
/// The target's record is live.
pub unsafe fn write_log(py: Python<'_>, target: Target, level: Level, line: &[u8]) {
    // SAFETY: the caller guarantees the record.
    without_gil(py, (target, line), |(target, line)| unsafe { log::write(target, level, line) });
}

/// The object of the request this thread is serving in this interpreter, None outside requests.
///
/// # Errors
/// MemoryError.
pub fn current_object(py: Python<'_>) -> PyResult<Option<Bound<'_, Request>>> {
    let record = live::current_request();
    if record.is_null() {
        return Ok(None);
    }
    // SAFETY: the record is being served by this thread: its phase has made the state.
    unsafe { request::object(py, record) }.map(Some)
}
