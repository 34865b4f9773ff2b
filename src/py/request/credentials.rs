//! Basic authentication. Only Python code calls this.

use std::ffi::c_char;
use std::ptr;

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::Request;
use crate::httpd::pool::{Pool, bytes};
use crate::httpd::sys;
use crate::py::text;

/// Asks for Basic credentials where httpd did not: it leaves that to mod_auth_basic, which may be absent.
///
/// # Safety
/// `record` is live and has an AuthName.
unsafe fn challenge(record: *mut sys::request_rec) {
    // SAFETY: the caller guarantees the record; the texts are NUL-terminated, the copy has the request's life.
    unsafe {
        let proxy = (*record).proxyreq == sys::PROXYREQ_PROXY;
        let header = if proxy { c"Proxy-Authenticate" } else { c"WWW-Authenticate" };
        if sys::apr_table_get((*record).err_headers_out, header.as_ptr()).is_null() {
            let pool = Pool::from_raw((*record).pool);
            // httpd has escaped the quotes when it read AuthName.
            let realm = bytes(sys::ap_auth_name(record));
            let value = pool.dup(&[b"Basic realm=\"", realm, b"\""].concat());
            sys::apr_table_setn((*record).err_headers_out, header.as_ptr(), value);
        }
    }
}

#[pymethods]
impl Request {
    /// get_basic_auth_pw(): the password that the client sent, as str decoded as ISO-8859-1, and sets user and
    /// ap_auth_type.
    ///
    /// None where there are no Basic credentials; if AuthType is Basic, err_headers_out then asks for them.
    fn get_basic_auth_pw<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        let password = self.live.with(|record| {
            let mut password: *const c_char = ptr::null();
            // SAFETY: the record is live; httpd stores a NUL-terminated text of the request's pool.
            match unsafe { sys::ap_get_basic_auth_pw(record, &mut password) } {
                sys::OK => password,
                sys::HTTP_UNAUTHORIZED => {
                    // SAFETY: httpd gives this answer only after it found an AuthName.
                    unsafe { challenge(record) };
                    ptr::null()
                }
                _ => ptr::null(),
            }
        })?;
        // SAFETY: NULL or NUL-terminated, as long-lived as the request.
        unsafe { text::decode_latin1_c(py, password) }
    }
}
