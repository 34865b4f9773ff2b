//! Attributes that lead to other requests, and the raw record. Only Python code calls these.

use std::ptr::NonNull;

use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::Request;
use super::object::linked;
use crate::py::capi;

#[pymethods]
impl Request {
    /// mp_request or None: the request whose sub-request this is.
    #[getter]
    fn main<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, Request>>> {
        self.live.view(|request| request.main().map(|main| linked(py, main)).transpose())?
    }

    /// mp_request or None: the request that was redirected to this one.
    #[getter]
    fn prev<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, Request>>> {
        self.live.view(|request| request.prev().map(|prev| linked(py, prev)).transpose())?
    }

    /// mp_request or None: the request this one was redirected to.
    #[getter]
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, Request>>> {
        self.live.view(|request| request.next().map(|next| linked(py, next)).transpose())?
    }

    /// capsule without a name: the request_rec, for other C code. Not valid after the request.
    #[getter]
    fn _request_rec<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let record = self.live.with(NonNull::new)?;
        capi::capsule(py, record.ok_or_else(|| PyAttributeError::new_err("_request_rec"))?)
    }
}
