//! `wsgi_applications.serve`: one request, from its application to the end of its response. What is rare is done by the
//! functions that `mod_python.wsgi` gives.

use pyo3::prelude::*;
use pyo3::types::{PyAny, PyInt, PyList};

use super::applications::Applications;
use super::response::Response;
use crate::httpd::sys;
use crate::py::request::Request;

/// The Python code for what is rare.
pub(super) struct Rare {
    /// find(req, applications): an application, or a status.
    pub find: Py<PyAny>,
    /// outside(req): the status of a request that is not for the application.
    pub outside: Py<PyAny>,
    /// send(response, result): sends a result that is no list.
    pub send: Py<PyAny>,
    /// settled(req, response, error): whether an exception was dealt with.
    pub settled: Py<PyAny>,
}

#[pymethods]
impl Applications {
    /// serve(req): answers a request by its application; returns a handler's status.
    ///
    /// Raises what the application raises before its response has begun.
    #[pyo3(signature = (req, /))]
    fn serve(slf: &Bound<'_, Self>, req: &Bound<'_, Request>) -> PyResult<i32> {
        let (py, this) = (slf.py(), slf.get());
        let application = match this.get(req)? {
            Some(application) => application,
            None => {
                let found = this.rare.find.bind(py).call1((req, slf))?;
                if found.is_instance_of::<PyInt>() {
                    return found.extract();
                }
                found
            }
        };
        let Some(environ) = this.environ(req)? else {
            return this.rare.outside.bind(py).call1((req,))?.extract();
        };
        let response = Bound::new(py, Response::new(req.clone().unbind())?)?;
        let answered = application.call1((environ, &response)).and_then(|result| {
            if result.is_exact_instance_of::<PyList>() {
                return response.get().send(py, &result);
            }
            this.rare.send.bind(py).call1((&response, result)).map(drop)
        });
        match answered {
            Ok(()) => Ok(sys::OK),
            Err(error) if this.rare.settled.bind(py).call1((req, &response, error.value(py)))?.extract()? => {
                Ok(sys::DONE)
            }
            Err(error) => Err(error),
        }
    }
}
