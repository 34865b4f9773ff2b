//! Methods that set what caches and clients go by. Only Python code calls these.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyAny;

use super::Request;
use crate::py::capi;
use crate::py::detach::without_gil;
use crate::py::text;

#[pymethods]
impl Request {
    /// allow_methods(methods[, reset=0]): adds method names to those of the Allow header; with reset, only these stay.
    ///
    /// TypeError where methods is no sequence of text.
    #[pyo3(signature = (methods, reset = 0))]
    fn allow_methods(&self, methods: &Bound<'_, PyAny>, reset: i32) -> PyResult<()> {
        if !capi::is_sequence(methods) {
            return Err(PyTypeError::new_err("First argument must be a sequence"));
        }
        let mut names = Vec::new();
        for name in methods.try_iter()? {
            names.push(text::encode_header(&name?)?.into_owned());
        }
        self.live.view(|request| {
            if reset != 0 {
                request.clear_methods();
            }
            request.allow_methods(names.iter().map(Vec::as_slice));
        })
    }

    /// meets_conditions(): OK, or the status (304, 412) with which the conditions of the request are to be answered,
    /// given mtime, ETag and Last-Modified as they are now.
    fn meets_conditions(&self) -> PyResult<i32> {
        self.live.view(|request| request.meets_conditions())
    }

    /// send_http_header(): does nothing; httpd sends the headers with the first output.
    fn send_http_header(&self) -> PyResult<()> {
        self.live.with(|_| ())
    }

    /// set_content_length(len): the response's length in bytes, also its Content-Length header.
    ///
    /// ValueError for a negative number.
    fn set_content_length(&self, len: i64) -> PyResult<()> {
        if len < 0 {
            return Err(PyValueError::new_err("the content length must not be negative"));
        }
        self.live.view(|request| request.set_content_length(len))
    }

    /// set_etag(): the ETag header, from finfo and mtime.
    fn set_etag(&self, py: Python<'_>) -> PyResult<()> {
        // FileETag Digest reads the file.
        self.live.view(|request| without_gil(py, request, |request| request.set_etag()))
    }

    /// set_last_modified(): the Last-Modified header, from mtime.
    fn set_last_modified(&self) -> PyResult<()> {
        self.live.view(|request| request.set_last_modified())
    }
}
