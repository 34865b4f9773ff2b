//! Methods that name things: server, client, realm, files, TLS. Only Python code calls these.

use std::ffi::CString;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyString};

use super::Request;
use crate::httpd::sys;
use crate::py::detach::without_gil;
use crate::py::text;

#[pymethods]
impl Request {
    /// auth_name(): AuthName as str, None where it is not set.
    fn auth_name<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.live.view(|request| text::optional(py, request.auth_name()))?
    }

    /// auth_type(): AuthType as str, None where it is not set.
    fn auth_type<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.live.view(|request| text::optional(py, request.auth_type()))?
    }

    /// str: the server's name for this request, as UseCanonicalName wants it.
    #[getter]
    fn server_name<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        // UseCanonicalName DNS asks a name server.
        self.live.view(|request| {
            let name = without_gil(py, request, |request| request.server_name());
            text::optional(py, name)
        })?
    }

    /// construct_url(uri): scheme, server name and port, where it is not the scheme's own, followed by uri as it is.
    fn construct_url<'py>(
        &self,
        py: Python<'py>,
        uri: &Bound<'py, PyString>,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let uri = CString::new(text::argument(uri)?)?;
        self.live.view(|request| {
            let url = without_gil(py, (request, &uri), |(request, uri)| request.construct_url(uri));
            text::optional(py, url)
        })?
    }

    /// document_root(): DocumentRoot of the virtual host, without a trailing slash.
    fn document_root<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.live.view(|request| text::optional(py, request.document_root()))?
    }

    /// get_addhandler_exts(): the extensions that AddHandler gives to this module, as one str, each without its dot and
    /// followed by a space.
    fn get_addhandler_exts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        let mut extensions = Vec::new();
        self.live.view(|request| {
            request.extensions_of(&[b"mod_python", b"python-program"], |extension| {
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
        let (name, is_address) = self.live.view(|request| {
            let (name, is_address) = without_gil(py, request, |request| request.remote_host(r#type));
            PyResult::Ok((text::optional(py, name)?, is_address))
        })??;
        let Some(name) = name else { return Ok(None) };
        match str_is_ip {
            Some(_) => (name, is_address).into_bound_py_any(py).map(Some),
            None => Ok(Some(name.into_any())),
        }
    }

    /// is_https(): 1 where the connection is encrypted by httpd, else 0.
    fn is_https(&self) -> PyResult<i32> {
        self.live.view(|request| request.is_https().into())
    }

    /// ssl_var_lookup(name): a variable of mod_ssl as str, None where it is unknown or mod_ssl is absent.
    fn ssl_var_lookup<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let name = CString::new(text::argument(name)?)?;
        self.live.view(|request| text::optional(py, request.ssl_variable(&name)))?
    }
}
