//! The error log. Text goes through the fixed format `"%s"`, after the level was checked.

use std::ffi::{CString, c_int};
use std::ptr;

use super::config::module_index;
use super::conn::Conn;
use super::request::Request;
use super::server::Server;
use super::sys;

/// Levels of httpd's log, `APLOG_*`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level(pub c_int);

impl Level {
    /// The server cannot start.
    pub const EMERG: Level = Level(sys::APLOG_EMERG);
    /// A fault of the module itself.
    pub const CRIT: Level = Level(sys::APLOG_CRIT);
    /// Something failed.
    pub const ERR: Level = Level(sys::APLOG_ERR);
    /// Something is doubtful.
    pub const WARNING: Level = Level(sys::APLOG_WARNING);
    /// Normal but worth a line.
    pub const NOTICE: Level = Level(sys::APLOG_NOTICE);
}

/// What a line belongs to.
#[derive(Clone, Copy)]
pub enum Target {
    /// httpd's default log.
    Default,
    /// A server.
    Server(*const sys::server_rec),
    /// A request.
    Request(*const sys::request_rec),
    /// A connection.
    Conn(*const sys::conn_rec),
}

/// Whether a line of this level would be written.
///
/// # Safety
/// The target's record is live.
pub unsafe fn enabled(target: Target, level: Level) -> bool {
    let index = module_index();
    // SAFETY: the caller guarantees the record.
    let threshold = unsafe {
        match target {
            Target::Default => return true,
            Target::Server(server) => sys::mpy_server_log_level(server, index),
            Target::Request(request) => sys::mpy_request_log_level(request, index),
            Target::Conn(conn) => sys::mpy_conn_log_level(conn, index),
        }
    };
    level.0 & sys::APLOG_LEVELMASK <= threshold
}

/// Writes one line. A NUL in the text ends it.
///
/// # Safety
/// The target's record is live.
pub unsafe fn write(target: Target, level: Level, text: &[u8]) {
    // SAFETY: the caller guarantees the record.
    if !unsafe { enabled(target, level) } {
        return;
    }
    let end = memchr::memchr(0, text).unwrap_or(text.len());
    let Ok(text) = CString::new(&text[..end]) else { return };
    let (file, format, index) = (ptr::null(), c"%s".as_ptr(), module_index());
    // SAFETY: format and argument match; the record is the caller's.
    unsafe {
        match target {
            Target::Default => {
                sys::ap_log_error_(file, 0, index, level.0, 0, ptr::null(), format, text.as_ptr());
            }
            Target::Server(server) => sys::ap_log_error_(file, 0, index, level.0, 0, server, format, text.as_ptr()),
            Target::Request(request) => sys::ap_log_rerror_(file, 0, index, level.0, 0, request, format, text.as_ptr()),
            Target::Conn(conn) => sys::ap_log_cerror_(file, 0, index, level.0, 0, conn, format, text.as_ptr()),
        }
    }
}

/// What a line belongs to, as a view whose record is live.
#[derive(Clone, Copy)]
pub enum Owner<'r> {
    /// httpd's default log.
    Default,
    /// A server.
    Server(Server),
    /// A request.
    Request(Request<'r>),
    /// A connection.
    Conn(Conn<'r>),
}

impl Owner<'_> {
    /// Writes one line. A NUL in the text ends it.
    pub fn log(self, level: Level, text: &[u8]) {
        let target = match self {
            Owner::Default => Target::Default,
            Owner::Server(server) => Target::Server(server.as_ptr()),
            Owner::Request(request) => Target::Request(request.as_ptr()),
            Owner::Conn(conn) => Target::Conn(conn.as_ptr()),
        };
        // SAFETY: a view's record is live.
        unsafe { write(target, level, text) };
    }
}
