//! What `mod_python.wsgi` is made of: where applications are, their environ, the head of a response as PEP 3333 gives it,
//! the object that an application gets as `start_response`, and the way of its result into httpd. `py::request` uses
//! head and environ for `req.wsgi_start_response` and `req.build_wsgi_env`.

mod applications;
mod body;
pub mod environ;
pub mod head;
mod response;
mod serve;
pub mod words;

use pyo3::prelude::*;
use pyo3::types::PyModule;

/// Adds the classes to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<applications::Applications>()?;
    module.add_class::<response::Response>()
}
