//! `req.finfo`: the facts of the file that httpd mapped the request to.

use pyo3::prelude::*;

use super::Request;
use crate::py::finfo::Finfo;

#[pymethods]
impl Request {
    /// The facts of the file the request is mapped to; always the same object, which shows what is there now.
    #[getter]
    fn finfo(&self, py: Python<'_>) -> PyResult<Py<Finfo>> {
        self.live.with(|_| ())?;
        self.child(py, &self.finfo, || Py::new(py, Finfo::of(self.live.twin())))
    }

    /// Copies the contents of another mp_finfo. Raises TypeError for anything else.
    #[setter]
    fn set_finfo(&self, value: &Bound<'_, Finfo>) -> PyResult<()> {
        self.live.view(|request| value.get().facts(|facts| request.set_finfo(facts)))?
    }
}
