//! Basic authentication. Only Python code calls this.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::Request;
use crate::py::text;

#[pymethods]
impl Request {
    /// get_basic_auth_pw(): the password that the client sent, as str decoded as ISO-8859-1, and sets user and
    /// ap_auth_type.
    ///
    /// None where there are no Basic credentials; if AuthType is Basic, err_headers_out then asks for them.
    fn get_basic_auth_pw<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.live.view(|request| text::optional_latin1(py, request.basic_password()))?
    }
}
