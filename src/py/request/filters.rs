//! The request's own filters.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::Request;
use crate::py::filter::registered;
use crate::py::text;

impl Request {
    fn register_filter(
        &self,
        input: bool,
        name: &Bound<'_, PyString>,
        handler: &Bound<'_, PyString>,
        dir: Option<&Bound<'_, PyString>>,
    ) -> PyResult<()> {
        let (name, handler) = (text::argument(name)?, text::argument(handler)?);
        let dir = dir.map(text::argument).transpose()?;
        self.live.view(|request| request.register_filter(input, name, handler, dir))
    }

    fn add_filter(&self, input: bool, name: &Bound<'_, PyString>) -> PyResult<()> {
        let name = text::argument(name)?;
        self.live.view(|request| {
            if !request.has_filter(input, name)
                && let Some(shared) = registered::find(input, name)
            {
                request.register_filter(input, name, &shared.handler, shared.dir.as_deref());
            }
            request.add_filter(input, name);
        })
    }
}

#[pymethods]
impl Request {
    /// add_input_filter(name): adds a filter to this request's input: one registered by the request, else by
    /// apache.register_input_filter, else one that httpd knows, from Python or another module. httpd logs an error for a name that nobody knows.
    fn add_input_filter(&self, name: &Bound<'_, PyString>) -> PyResult<()> {
        self.add_filter(true, name)
    }

    /// add_output_filter(name): the same for the request's output.
    fn add_output_filter(&self, name: &Bound<'_, PyString>) -> PyResult<()> {
        self.add_filter(false, name)
    }

    /// register_input_filter(name, handler[, dir]): makes a filter that only this request knows; add_input_filter(name)
    /// puts it to work. handler is module[::object], dir the directory it is imported from.
    #[pyo3(signature = (name, handler, dir = None))]
    fn register_input_filter(
        &self,
        name: &Bound<'_, PyString>,
        handler: &Bound<'_, PyString>,
        dir: Option<&Bound<'_, PyString>>,
    ) -> PyResult<()> {
        self.register_filter(true, name, handler, dir)
    }

    /// register_output_filter(name, handler[, dir]): the same for output.
    #[pyo3(signature = (name, handler, dir = None))]
    fn register_output_filter(
        &self,
        name: &Bound<'_, PyString>,
        handler: &Bound<'_, PyString>,
        dir: Option<&Bound<'_, PyString>>,
    ) -> PyResult<()> {
        self.register_filter(false, name, handler, dir)
    }
}
