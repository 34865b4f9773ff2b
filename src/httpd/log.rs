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
    /// The log of a server, httpd's default log for NULL.
    ///
    /// # Safety
    /// As [`Server::from_raw`].
    pub unsafe fn of_server(server: *mut sys::server_rec) -> Owner<'static> {
        // SAFETY: the caller guarantees it.
        unsafe { Server::from_raw(server) }.map_or(Owner::Default, Owner::Server)
    }

    /// Whether a line of this level would be written.
    fn wants(self, level: Level) -> bool {
        let index = module_index();
        // SAFETY: a view's record is live.
        let threshold = unsafe {
            match self {
                Owner::Default => return true,
                Owner::Server(server) => sys::mpy_server_log_level(server.as_ptr(), index),
                Owner::Request(request) => sys::mpy_request_log_level(request.as_ptr(), index),
                Owner::Conn(conn) => sys::mpy_conn_log_level(conn.as_ptr(), index),
            }
        };
        level.0 & sys::APLOG_LEVELMASK <= threshold
    }

    /// Writes one line. A NUL in the text ends it.
    pub fn log(self, level: Level, text: &[u8]) {
        if !self.wants(level) {
            return;
        }
        let end = memchr::memchr(0, text).unwrap_or(text.len());
        let Ok(text) = CString::new(&text[..end]) else { return };
        let (file, format, index) = (ptr::null(), c"%s".as_ptr(), module_index());
        // SAFETY: format and argument match; a view's record is live.
        unsafe {
            match self {
                Owner::Default => sys::ap_log_error_(file, 0, index, level.0, 0, ptr::null(), format, text.as_ptr()),
                Owner::Server(server) => {
                    sys::ap_log_error_(file, 0, index, level.0, 0, server.as_ptr(), format, text.as_ptr());
                }
                Owner::Request(request) => {
                    sys::ap_log_rerror_(file, 0, index, level.0, 0, request.as_ptr(), format, text.as_ptr());
                }
                Owner::Conn(conn) => {
                    sys::ap_log_cerror_(file, 0, index, level.0, 0, conn.as_ptr(), format, text.as_ptr())
                }
            }
        }
    }
}
