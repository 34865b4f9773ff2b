//! The CGI variables in `subprocess_env`. Called by Python code and by `wsgi`.

use pyo3::prelude::*;

use super::Request;
use crate::httpd::pool::{Pool, bytes};
use crate::httpd::sys;
use crate::py::detach::without_gil;

/// Fills `subprocess_env`; may ask a name server.
///
/// # Safety
/// `record` is live and served by this thread.
pub(super) unsafe fn add_cgi(record: *mut sys::request_rec) {
    // SAFETY: the caller guarantees the record, whose texts are NULL or NUL-terminated; what the table keeps is static,
    // a copy of the request's life, or a text that lives as long.
    unsafe {
        let (env, pool) = ((*record).subprocess_env, Pool::from_raw((*record).pool));
        let (uri, path_info) = (bytes((*record).uri), bytes((*record).path_info));
        let args = if (*record).args.is_null() { c"".as_ptr() } else { (*record).args.cast_const() };
        // The URI may still be edited in place; the table gets a copy.
        let whole = pool.dup(uri);
        let script = match uri.strip_suffix(path_info) {
            Some(script) if !path_info.is_empty() => pool.dup(script),
            // The path was rewritten in between: httpd's own comparison from the end.
            None => pool.dup(
                &uri[..(sys::ap_find_path_info((*record).uri, (*record).path_info).max(0) as usize).min(uri.len())],
            ),
            Some(_) => whole,
        };
        sys::apr_table_setn(env, c"GATEWAY_INTERFACE".as_ptr(), c"CGI/1.1".as_ptr());
        sys::apr_table_setn(env, c"SERVER_PROTOCOL".as_ptr(), (*record).protocol);
        sys::apr_table_setn(env, c"REQUEST_METHOD".as_ptr(), (*record).method);
        sys::apr_table_setn(env, c"QUERY_STRING".as_ptr(), args);
        sys::apr_table_setn(env, c"REQUEST_URI".as_ptr(), whole);
        sys::apr_table_setn(env, c"SCRIPT_NAME".as_ptr(), script);
        if !path_info.is_empty() {
            sys::apr_table_setn(env, c"PATH_INFO".as_ptr(), pool.dup(path_info));
        }
        sys::ap_add_common_vars(record);
    }
}

#[pymethods]
impl Request {
    /// add_cgi_vars(): puts the variables of a CGI program into subprocess_env. REQUEST_URI is the decoded path.
    fn add_cgi_vars(&self, py: Python<'_>) -> PyResult<()> {
        // SAFETY: the record is live while this thread serves it.
        self.live.with(|record| without_gil(py, record, |record| unsafe { add_cgi(record) }))
    }

    /// add_common_vars(): puts what CGI and server-side includes have in common into subprocess_env.
    fn add_common_vars(&self, py: Python<'_>) -> PyResult<()> {
        // SAFETY: the record is live while this thread serves it.
        self.live.with(|record| without_gil(py, record, |record| unsafe { sys::ap_add_common_vars(record) }))
    }
}
