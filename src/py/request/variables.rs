//! The CGI variables in `subprocess_env`. Only Python code calls these.

use pyo3::prelude::*;

use super::Request;
use crate::py::detach::without_gil;

#[pymethods]
impl Request {
    /// add_cgi_vars(): puts the variables of a CGI program into subprocess_env. REQUEST_URI is the decoded path.
    fn add_cgi_vars(&self, py: Python<'_>) -> PyResult<()> {
        self.live.view(|request| without_gil(py, request, |request| request.add_cgi_vars(None)))
    }

    /// add_common_vars(): puts what CGI and server-side includes have in common into subprocess_env.
    fn add_common_vars(&self, py: Python<'_>) -> PyResult<()> {
        self.live.view(|request| without_gil(py, request, |request| request.add_common_vars()))
    }
}
