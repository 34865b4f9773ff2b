//! `build_wsgi_env`: the environ of PEP 3333. Only Python code calls this.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::Request;
use crate::py::capi;
use crate::py::wsgi::environ;
use crate::py::wsgi::words::Words;

#[pymethods]
impl Request {
    /// build_wsgi_env(): the environ for a WSGI application as a dict, None where the URI lies outside the base URI.
    ///
    /// The base URI is PythonOption mod_python.wsgi.base_uri or the Location; what follows it becomes path_info.
    /// Texts are decoded as ISO-8859-1, as PEP 3333 demands. ValueError where the option ends with a slash.
    fn build_wsgi_env<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyDict>>> {
        if !environ::prepare(slf)? {
            return Ok(None);
        }
        let py = slf.py();
        environ::environ(slf, &mut Words::new(environ::constants(py)?), capi::stderr(py)).map(Some)
    }
}
