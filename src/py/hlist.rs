//! The cursor `mp_hlist` over the handlers of the running phase. The dispatcher moves the same cursor: it lies in the
//! request's or the connection's record, this class shows it.

use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::live::Live;
use super::text;
use crate::httpd::cursor::Handler;
use crate::httpd::sys;

/// The handlers of the phase, at the one that runs. At the end of the list every attribute is None.
#[pyclass(name = "mp_hlist", module = "_apache", frozen)]
pub struct HandlerCursor {
    owner: Owner,
}

/// Whose handlers run.
enum Owner {
    Request(Live<sys::request_rec>),
    Connection(Live<sys::conn_rec>),
}

impl HandlerCursor {
    /// The cursor of a request; expires with the request.
    pub fn of_request(owner: &Live<sys::request_rec>) -> HandlerCursor {
        HandlerCursor { owner: Owner::Request(owner.twin()) }
    }

    /// The cursor of a connection; expires with the connection's object.
    pub fn of_connection(owner: &Live<sys::conn_rec>) -> HandlerCursor {
        HandlerCursor { owner: Owner::Connection(owner.twin()) }
    }

    /// From now on every access raises.
    pub fn expire(&self) {
        match &self.owner {
            Owner::Request(live) => live.expire(),
            Owner::Connection(live) => live.expire(),
        }
    }

    /// Looks at the current entry; None at the end.
    fn look<R>(&self, look: impl for<'r> FnOnce(Handler<'r>) -> PyResult<R>) -> PyResult<Option<R>> {
        match &self.owner {
            Owner::Request(live) => live.view(|request| request.current_handler().map(look).transpose())?,
            Owner::Connection(live) => live.view(|conn| conn.current_handler().map(look).transpose())?,
        }
    }
}

#[pymethods]
impl HandlerCursor {
    /// The handler as configured or added, a str; None at the end.
    #[getter]
    fn handler<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.look(|handler| text::decode(py, handler.text()))
    }

    /// The directory that belongs to the handler, or None; for a Location its text.
    #[getter]
    fn directory<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        Ok(self.look(|handler| text::optional(py, handler.directory()))?.flatten())
    }

    /// 1 where a missing default function is no error.
    #[getter]
    fn silent(&self) -> PyResult<Option<i32>> {
        self.look(|handler| Ok(i32::from(handler.is_silent())))
    }

    /// 1 for a handler that was written in a Location.
    #[getter]
    fn is_location(&self) -> PyResult<Option<i32>> {
        self.look(|handler| Ok(i32::from(handler.is_location())))
    }

    /// next(): goes on to the following handler, so that it is not run; does nothing at the end.
    fn next(&self) -> PyResult<()> {
        match &self.owner {
            Owner::Request(live) => live.view(|request| request.advance_handler()),
            Owner::Connection(live) => live.view(|conn| conn.advance_handler()),
        }
    }

    /// Reached for names that do not exist: None at the end of the list.
    fn __getattr__(&self, py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
        if name.starts_with("__") || self.look(|_| Ok(()))?.is_some() {
            return Err(PyAttributeError::new_err(format!("'mp_hlist' object has no attribute '{name}'")));
        }
        Ok(py.None())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let shown = self.look(|handler| {
            let mut shown = format!("{{'handler':{}", text::decode(py, handler.text())?.repr()?.to_string_lossy());
            if let Some(directory) = text::optional(py, handler.directory())? {
                shown.push_str(&format!(",'directory':{}", directory.repr()?.to_string_lossy()));
            }
            let is_location = if handler.is_location() { "True" } else { "False" };
            shown.push_str(&format!(",'is_location':{is_location},'silent':{}}}", i32::from(handler.is_silent())));
            Ok(shown)
        })?;
        Ok(shown.unwrap_or_else(|| "{'handler':None}".to_owned()))
    }
}
