//! The error log. Text goes through the fixed format `"%s"`, after the level was checked.

use std::ffi::{CStr, CString, c_int};
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
    /// News.
    pub const INFO: Level = Level(sys::APLOG_INFO);
}

/// Where in the source a line comes from, as httpd shows it at level debug and with `%F`.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The file; httpd shows the part behind its last slash.
    pub file: &'a CStr,
    /// The line.
    pub line: c_int,
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
    pub fn wants(self, level: Level) -> bool {
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
        if let Ok(text) = CString::new(&text[..end]) {
            self.write(level, None, &text);
        }
    }

    /// Writes one line if its level is wanted.
    pub fn log_from(self, level: Level, place: Option<Place<'_>>, text: &CStr) {
        if self.wants(level) {
            self.write(level, place, text);
        }
    }

    fn write(self, level: Level, place: Option<Place<'_>>, text: &CStr) {
        let (file, line) = place.map_or((ptr::null(), 0), |place| (place.file.as_ptr(), place.line));
        let (format, index, text) = (c"%s".as_ptr(), module_index(), text.as_ptr());
        // SAFETY: format and argument match; a view's record is live.
        unsafe {
            match self {
                Owner::Default => sys::ap_log_error_(file, line, index, level.0, 0, ptr::null(), format, text),
                Owner::Server(server) => {
                    sys::ap_log_error_(file, line, index, level.0, 0, server.as_ptr(), format, text);
                }
                Owner::Request(request) => {
                    sys::ap_log_rerror_(file, line, index, level.0, 0, request.as_ptr(), format, text);
                }
                Owner::Conn(conn) => {
                    sys::ap_log_cerror_(file, line, index, level.0, 0, conn.as_ptr(), format, text);
                }
            }
        }
    }
}
