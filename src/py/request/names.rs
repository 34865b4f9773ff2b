//! Methods that name things: server, client, realm, files, TLS. Only Python code calls these.

use std::ffi::CString;
use std::ptr;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyString};

use super::Request;
use crate::httpd::mime;
use crate::httpd::sys;
use crate::py::detach::without_gil;
use crate::py::text;

#[pymethods]
impl Request {
    /// auth_name(): AuthName as str, None where it is not set.
    fn auth_name<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        // SAFETY: the record is live; the result is NULL or NUL-terminated.
        self.live.with(|record| unsafe { text::decode_c(py, sys::ap_auth_name(record)) })?
    }

    /// auth_type(): AuthType as str, None where it is not set.
    fn auth_type<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        // SAFETY: the record is live; the result is NULL or NUL-terminated.
        self.live.with(|record| unsafe { text::decode_c(py, sys::ap_auth_type(record)) })?
    }

    /// str: the server's name for this request, as UseCanonicalName wants it.
    #[getter]
    fn server_name<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        // UseCanonicalName DNS asks a name server.
        // SAFETY: the record is live; the result is NULL or NUL-terminated.
        let name =
            self.live.with(|record| without_gil(py, record, |record| unsafe { sys::ap_get_server_name(record) }))?;
        // SAFETY: as above.
        unsafe { text::decode_c(py, name) }
    }

    /// construct_url(uri): scheme, server name and port, where it is not the scheme's own, followed by uri as it is.
    fn construct_url<'py>(
        &self,
        py: Python<'py>,
        uri: &Bound<'py, PyString>,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let uri = CString::new(text::argument(uri)?)?;
        let url = self.live.with(|record| {
            // SAFETY: the record is live; uri is NUL-terminated and httpd copies it.
            without_gil(py, (record, &uri), |(record, uri)| unsafe {
                sys::ap_construct_url((*record).pool, uri.as_ptr(), record)
            })
        })?;
        // SAFETY: the result is NUL-terminated and has the request's life.
        unsafe { text::decode_c(py, url) }
    }

    /// document_root(): DocumentRoot of the virtual host, without a trailing slash.
    fn document_root<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        // SAFETY: the record is live; the result is NUL-terminated.
        self.live.with(|record| unsafe { text::decode_c(py, sys::ap_document_root(record)) })?
    }

    /// get_addhandler_exts(): the extensions that AddHandler gives to this module, as one str, each without its dot and
    /// followed by a space.
    fn get_addhandler_exts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        let mut extensions = Vec::new();
        // SAFETY: the record is live.
        self.live.with(|record| unsafe {
            mime::extensions_of(record, &[b"mod_python", b"python-program"], |extension| {
                extensions.extend_from_slice(extension);
                extensions.push(b' ');
            });
        })?;
        text::decode(py, &extensions)
    }

    /// get_remote_host([type=REMOTE_NAME[, str_is_ip=None]]): the client's name or address, None where it is unknown.
    ///
    /// type is one of the REMOTE_ numbers. With a str_is_ip other than None the result is a tuple of the str and an
    /// int, which is not 0 where the str is an address.
    #[pyo3(signature = (r#type = sys::REMOTE_NAME, str_is_ip = None))]
    fn get_remote_host<'py>(
        &self,
        py: Python<'py>,
        r#type: i32,
        str_is_ip: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (name, is_address) = self.live.with(|record| {
            without_gil(py, record, |record| {
                let mut is_address = 0;
                // SAFETY: the record is live; the flag is an int on the stack.
                let name = unsafe { sys::ap_get_useragent_host(record, r#type, &mut is_address) };
                (name, is_address)
            })
        })?;
        // SAFETY: the name is NULL or NUL-terminated, as long-lived as the request.
        let Some(name) = (unsafe { text::decode_c(py, name) })? else { return Ok(None) };
        match str_is_ip {
            Some(_) => (name, is_address).into_bound_py_any(py).map(Some),
            None => Ok(Some(name.into_any())),
        }
    }

    /// is_https(): 1 where the connection is encrypted by httpd, else 0.
    fn is_https(&self) -> PyResult<i32> {
        // SAFETY: the record is live, and so is its connection.
        self.live.with(|record| i32::from(unsafe { sys::mpy_ssl_is_https((*record).connection) } != 0))
    }

    /// ssl_var_lookup(name): a variable of mod_ssl as str, None where it is unknown or mod_ssl is absent.
    fn ssl_var_lookup<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let name = CString::new(text::argument(name)?)?;
        let value = self.live.with(|record| {
            // SAFETY: the record is live with its pool, server and connection; the result is NULL or NUL-terminated.
            let value = unsafe {
                let record = &mut *record;
                sys::mpy_ssl_var_lookup(record.pool, record.server, record.connection, record, name.as_ptr())
            };
            // mod_ssl answers what it does not know with nothing.
            // SAFETY: as above.
            if value.is_null() || unsafe { *value } == 0 { ptr::null() } else { value }
        })?;
        // SAFETY: as above; the value lives in the request's pool or longer.
        unsafe { text::decode_c(py, value) }
    }
}
