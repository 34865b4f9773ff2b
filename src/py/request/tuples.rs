//! Attributes that are tuples, made at each access. Only Python code calls these.

use std::ffi::c_char;

use pyo3::prelude::*;
use pyo3::types::{PyAny, PyString, PyTuple};

use super::Request;
use crate::httpd::array;
use crate::httpd::pool::bytes;
use crate::httpd::sys;
use crate::py::text;

/// An array of texts as a tuple of str.
///
/// # Safety
/// `array` is NULL or an array of NUL-terminated texts.
unsafe fn texts<'py>(py: Python<'py>, array: *const sys::apr_array_header_t) -> PyResult<Bound<'py, PyTuple>> {
    // SAFETY: the caller guarantees it; decoding calls no Python code that could change the array.
    let texts = unsafe { array::slice::<*const c_char>(array) };
    // SAFETY: as above.
    let texts = texts.iter().map(|&item| text::decode(py, unsafe { bytes(item) }));
    PyTuple::new(py, texts.collect::<PyResult<Vec<_>>>()?)
}

#[pymethods]
impl Request {
    /// tuple of str: methods unknown to httpd that allow_methods added.
    #[getter]
    fn allowed_methods<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        // SAFETY: the record is live; its list is NULL or one of httpd's.
        self.live.with(|record| unsafe {
            let list = (*record).allowed_methods.as_ref();
            texts(py, list.map_or(std::ptr::null(), |list| list.method_list.cast_const()))
        })?
    }

    /// tuple of str: extension methods the resource allows.
    #[getter]
    fn allowed_xmethods<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        // SAFETY: the record is live; its array is NULL or holds texts.
        self.live.with(|record| unsafe { texts(py, (*record).allowed_xmethods) })?
    }

    /// tuple of str: the languages of the response.
    #[getter]
    fn content_languages<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        // SAFETY: the record is live; its array is NULL or holds texts.
        self.live.with(|record| unsafe { texts(py, (*record).content_languages) })?
    }

    /// tuple: (scheme, hostinfo, user, password, hostname, port, path, query, fragment) of the URI, as far as the
    /// request line has them; the port is an int, the others are str, what is absent is None.
    #[getter]
    fn parsed_uri<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.live.with(|record| {
            // SAFETY: the record is live.
            let uri = unsafe { &(*record).parsed_uri };
            // SAFETY: the parts are NULL or NUL-terminated.
            let part = |part: *const c_char| unsafe { text::decode_c(py, part) };
            let port = if uri.port_str.is_null() { None } else { Some(uri.port) };
            (
                part(uri.scheme)?,
                part(uri.hostinfo)?,
                part(uri.user)?,
                part(uri.password)?,
                part(uri.hostname)?,
                port,
                part(uri.path)?,
                part(uri.query)?,
                part(uri.fragment)?,
            )
                .into_pyobject(py)
        })?
    }

    /// (str, int) or None: address and port of the client as httpd believes them.
    #[getter]
    fn useragent_addr<'py>(&self, py: Python<'py>) -> PyResult<Option<(Bound<'py, PyAny>, u16)>> {
        self.live.with(|record| {
            // SAFETY: the record is live; address and text are NULL or as long-lived as the connection.
            let (ip, address) = unsafe { ((*record).useragent_ip, (*record).useragent_addr.as_ref()) };
            // SAFETY: as above.
            let ip: Option<Bound<'py, PyString>> = unsafe { text::decode_c(py, ip) }?;
            Ok(ip.zip(address).map(|(ip, address)| (ip.into_any(), address.port)))
        })?
    }
}
