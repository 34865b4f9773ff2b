//! What a handler arranges for its own request: more handlers, cleanups, another request in its place, log lines.

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyString};

use super::Request;
use crate::httpd::log::Owner;
use crate::httpd::request_state::RequestCleanup;
use crate::image::state;
use crate::phase::Phase;
use crate::py::detach::without_gil;
use crate::py::hlist::HandlerCursor;
use crate::py::{functions, text};

#[pymethods]
impl Request {
    /// add_handler(htype, handler[, dir]): runs a handler in a phase of this request, after the configured ones.
    ///
    /// htype is a directive such as 'PythonFixupHandler'; IndexError for other names. In the running phase the handler
    /// joins the list that is being run; a phase that is over does not come again. dir is the handler's directory. The
    /// handler is looked for when it runs.
    #[pyo3(signature = (htype, handler, dir = None))]
    fn add_handler(
        &self,
        htype: &Bound<'_, PyString>,
        handler: &Bound<'_, PyString>,
        dir: Option<&Bound<'_, PyString>>,
    ) -> PyResult<()> {
        let name = htype.to_string_lossy();
        let phase = Phase::by_directive(&name)
            .filter(|phase| phase.info().dynamic)
            .ok_or_else(|| PyIndexError::new_err(format!("Invalid phase: {name}")))?;
        let handler = text::argument(handler)?;
        let dir = dir.map(text::argument).transpose()?;
        self.live.view(|request| request.add_handler(phase, handler, dir))
    }

    /// register_cleanup(callable[, data]): calls callable(data) when the request ends, the last one registered first.
    ///
    /// Raises ValueError where the first argument is not callable.
    #[pyo3(signature = (callable, data = None))]
    fn register_cleanup(&self, callable: Bound<'_, PyAny>, data: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        if !callable.is_callable() {
            return Err(PyValueError::new_err("first argument must be a callable object"));
        }
        let data = data.unwrap_or_else(|| callable.py().None().into_bound(callable.py()));
        self.live.view(|request| {
            request.add_cleanup(|| {
                let (callable, data) = (callable.into_ptr().cast(), data.into_ptr().cast());
                RequestCleanup { interp: state::interp(), callable, data }
            });
        })
    }

    /// internal_redirect(new_uri): runs a new request for new_uri, which answers the client in this one's place.
    ///
    /// The response is complete when it returns: the handler has nothing to write any more and should return OK. Raises
    /// ValueError where the address has CR, LF or NUL.
    fn internal_redirect(&self, py: Python<'_>, new_uri: &Bound<'_, PyString>) -> PyResult<()> {
        let uri = text::argument(new_uri)?;
        // No address from a client has them, and modules put parts of addresses into headers.
        if memchr::memchr2(b'\r', b'\n', uri).is_some() {
            return Err(PyValueError::new_err("an address must not contain CR or LF"));
        }
        self.live.view(|request| without_gil(py, (request, uri), |(request, uri)| request.redirect(uri)))
    }

    /// log_error(message[, level]): one line in the request's error log; level is one of APLOG_*, APLOG_ERR if missing.
    ///
    /// Raises TypeError where the message is neither a str nor None, which logs nothing.
    #[pyo3(signature = (message, level = None))]
    fn log_error(&self, py: Python<'_>, message: &Bound<'_, PyAny>, level: Option<i32>) -> PyResult<()> {
        let message = functions::message(message, level)?;
        self.live.view(|request| {
            if let Some((level, line)) = message {
                functions::log_line(py, Owner::Request(request), level, &line);
            }
        })
    }

    /// The cursor over the handlers of the running phase.
    #[getter]
    fn hlist(&self, py: Python<'_>) -> PyResult<Py<HandlerCursor>> {
        self.live.with(|_| ())?;
        self.child(py, &self.hlist, || Py::new(py, HandlerCursor::of_request(&self.live)))
    }
}
