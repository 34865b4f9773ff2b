//! Attributes that are tuples, made at each access. Only Python code calls these.

use pyo3::prelude::*;
use pyo3::types::{PyAny, PyTuple};

use super::Request;
use crate::py::text;

/// Texts as a tuple of str.
fn texts<'py, 'r>(py: Python<'py>, texts: impl Iterator<Item = &'r [u8]>) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, texts.map(|text| text::decode(py, text)).collect::<PyResult<Vec<_>>>()?)
}

#[pymethods]
impl Request {
    /// tuple of str: methods unknown to httpd that allow_methods added.
    #[getter]
    fn allowed_methods<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.live.view(|request| texts(py, request.allowed_methods()))?
    }

    /// tuple of str: extension methods the resource allows.
    #[getter]
    fn allowed_xmethods<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.live.view(|request| texts(py, request.allowed_xmethods()))?
    }

    /// tuple of str: the languages of the response.
    #[getter]
    fn content_languages<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.live.view(|request| texts(py, request.content_languages()))?
    }

    /// tuple: (scheme, hostinfo, user, password, hostname, port, path, query, fragment) of the URI, as far as the
    /// request line has them; the port is an int, the others are str, what is absent is None.
    #[getter]
    fn parsed_uri<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.live.view(|request| {
            let uri = request.parsed_uri();
            let part = |part| text::optional(py, part);
            (
                part(uri.scheme)?,
                part(uri.hostinfo)?,
                part(uri.user)?,
                part(uri.password)?,
                part(uri.hostname)?,
                uri.port,
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
        self.live.view(|request| {
            let address = request.useragent_addr();
            address.map(|(ip, port)| Ok((text::decode(py, ip)?.into_any(), port))).transpose()
        })?
    }
}
