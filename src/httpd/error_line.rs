//! One line of the error log, as httpd shows it to modules, copied: it may be looked at later and by another thread. For
//! the hook error_log.

use std::ffi::{c_char, c_int};

use super::pool::{bytes, optional_bytes};
use super::server::Server;
use super::sys;

/// A line that httpd has written.
pub struct ErrorLine {
    /// Its server; the main one where it belongs to none.
    pub server: Server,
    /// Microseconds since 1970.
    pub time: i64,
    /// APLOG_*.
    pub level: c_int,
    /// The module's name without `mod_`, as the log shows it.
    pub module: Option<Vec<u8>>,
    /// The source file that wrote the line, if known.
    pub file: Option<Vec<u8>>,
    /// The line in it, 0 if unknown.
    pub line: c_int,
    /// APR's number for what went wrong, 0 for none.
    pub status: c_int,
    /// The process.
    pub process: u32,
    /// The thread, by the system's number.
    pub thread: c_int,
    /// Address and port of the client.
    pub client: Option<(Vec<u8>, u16)>,
    /// The request's method.
    pub method: Option<Vec<u8>>,
    /// The request's path.
    pub uri: Option<Vec<u8>>,
    /// What `%L` shows in a log.
    pub log_id: Option<Vec<u8>>,
    /// The message itself.
    pub message: Vec<u8>,
}

impl ErrorLine {
    /// The server that a line belongs to, among those of the configuration. Some modules log with a server record of
    /// their own, which does not live on: None.
    ///
    /// # Safety
    /// `info` is what httpd passed to the hook; `main` its main server.
    pub unsafe fn server(info: *const sys::ap_errorlog_info, main: Server) -> Option<Server> {
        // SAFETY: the caller guarantees it.
        let record = unsafe { (*info).s };
        if record.is_null() {
            return Some(main);
        }
        std::iter::successors(Some(main), |server| server.next())
            .find(|server| std::ptr::eq(server.as_ptr().cast_const(), record))
    }

    /// Copies a line of a known server. Takes no memory from httpd's pools, which the hook must not do.
    ///
    /// # Safety
    /// `info` and `text` are what httpd passed to the hook.
    pub unsafe fn copy(info: *const sys::ap_errorlog_info, text: *const c_char, server: Server) -> ErrorLine {
        // SAFETY: the caller guarantees both; every text is NULL or NUL-terminated, every record NULL or live.
        unsafe {
            let info = &*info;
            let (request, conn) = (info.r.as_ref(), info.c.as_ref());
            let owned = |text: *const c_char| optional_bytes(text).map(<[u8]>::to_vec);
            let module = (info.module_index > sys::APLOG_NO_MODULE)
                .then(|| owned(sys::ap_find_module_short_name(info.module_index)))
                .flatten();
            let client = match (request, conn) {
                (Some(request), _) => Some((request.useragent_ip, request.useragent_addr)),
                (None, Some(conn)) => Some((conn.client_ip, conn.client_addr)),
                (None, None) => None,
            };
            let client =
                client.and_then(|(ip, address)| Some((owned(ip)?, address.as_ref().map_or(0, |address| address.port))));
            let log_id = info.rmain.as_ref().map(|main| main.log_id).or(conn.map(|conn| conn.log_id));
            ErrorLine {
                server,
                time: sys::apr_time_now(),
                level: info.level,
                module,
                file: owned(info.file),
                line: info.line,
                status: info.status,
                process: std::process::id(),
                thread: libc::gettid(),
                client,
                method: request.and_then(|request| owned(request.method)),
                uri: request.and_then(|request| owned(request.uri)),
                log_id: log_id.and_then(owned),
                message: bytes(text).to_vec(),
            }
        }
    }
}
