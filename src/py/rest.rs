//! A wait for more data in a call of Python that stays in the midst of its work meanwhile: a connection handler's read, a
//! filter's generator. Its PythonRequestTimeout begins anew afterwards.

use pyo3::prelude::*;

use crate::image::state;

/// The wait lasts until this is dropped.
pub struct Rest<'py>(Python<'py>);

impl<'py> Rest<'py> {
    /// The wait begins.
    pub fn begin(py: Python<'py>) -> Rest<'py> {
        tell(py, true);
        Rest(py)
    }
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        tell(self.0, false);
    }
}

fn tell(py: Python<'_>, begins: bool) {
    if state::host().is_some_and(|host| (host.rest)(begins)) {
        settle(py);
    }
}

/// An exception may wait for this thread that is meant for what was before: it is raised here, and forgotten.
pub fn settle(py: Python<'_>) {
    if let Some(objects) = state::objects(py) {
        let _ = objects.core.bind(py).call_method0("begin_call");
    }
}
