//! The cursor `mp_hlist` over the handlers of the running phase. The dispatcher moves the same cursor: it lies in the
//! request's record, this class shows it.

use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::live::Live;
use super::text;
use crate::httpd::request_state::{ListEntry, RequestState};
use crate::httpd::sys;

/// The handlers of the phase, at the one that runs. At the end of the list every attribute is None.
#[pyclass(name = "mp_hlist", module = "_apache", frozen)]
pub struct HandlerCursor {
    live: Live<sys::request_rec>,
}

impl HandlerCursor {
    /// The cursor of a request; expires with the request.
    pub fn of_request(owner: &Live<sys::request_rec>, record: *mut sys::request_rec) -> HandlerCursor {
        // SAFETY: the same record as the owner's; the request expires its cursor with itself.
        HandlerCursor { live: unsafe { owner.sibling(record) } }
    }

    /// From now on every access raises.
    pub fn expire(&self) {
        self.live.expire();
    }

    /// Looks at the current entry; None at the end.
    fn look<R>(&self, look: impl FnOnce(&ListEntry) -> PyResult<R>) -> PyResult<Option<R>> {
        let entry = self.live.with(|record| {
            // SAFETY: the record is live; the entry is copied out of its state.
            unsafe { RequestState::of(record) }.and_then(|state| state.hlist.current())
        })?;
        entry.as_ref().map(look).transpose()
    }
}

fn handler<'py>(py: Python<'py>, entry: &ListEntry) -> PyResult<Bound<'py, PyString>> {
    // SAFETY: the entry lies in the configuration's or the request's pool.
    text::decode(py, unsafe { &*entry.entry }.text())
}

fn directory<'py>(py: Python<'py>, entry: &ListEntry) -> PyResult<Option<Bound<'py, PyString>>> {
    // SAFETY: NULL or a text in the configuration's or the request's pool.
    unsafe { text::decode_c(py, entry.directory) }
}

fn is_location(entry: &ListEntry) -> bool {
    // SAFETY: as in handler.
    unsafe { &*entry.entry }.is_location()
}

fn silent(entry: &ListEntry) -> i32 {
    // SAFETY: as in handler.
    i32::from(unsafe { &*entry.entry }.silent)
}

#[pymethods]
impl HandlerCursor {
    /// The handler as configured or added, a str; None at the end.
    #[getter]
    fn handler<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.look(|entry| handler(py, entry))
    }

    /// The directory that belongs to the handler, or None; for a Location its text.
    #[getter]
    fn directory<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        Ok(self.look(|entry| directory(py, entry))?.flatten())
    }

    /// 1 where a missing default function is no error.
    #[getter]
    fn silent(&self) -> PyResult<Option<i32>> {
        self.look(|entry| Ok(silent(entry)))
    }

    /// 1 for a handler that was written in a Location.
    #[getter]
    fn is_location(&self) -> PyResult<Option<i32>> {
        self.look(|entry| Ok(i32::from(is_location(entry))))
    }

    /// next(): goes on to the following handler, so that it is not run; does nothing at the end.
    fn next(&self) -> PyResult<()> {
        self.live.with(|record| {
            // SAFETY: the record is live.
            if let Some(state) = unsafe { RequestState::of(record) } {
                state.hlist.advance();
            }
        })
    }

    /// Reached for names that do not exist: None at the end of the list.
    fn __getattr__(&self, py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
        if name.starts_with("__") || self.look(|_| Ok(()))?.is_some() {
            return Err(PyAttributeError::new_err(format!("'mp_hlist' object has no attribute '{name}'")));
        }
        Ok(py.None())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let shown = self.look(|entry| {
            let mut shown = format!("{{'handler':{}", handler(py, entry)?.repr()?.to_string_lossy());
            if let Some(directory) = directory(py, entry)? {
                shown.push_str(&format!(",'directory':{}", directory.repr()?.to_string_lossy()));
            }
            let is_location = if is_location(entry) { "True" } else { "False" };
            shown.push_str(&format!(",'is_location':{is_location},'silent':{}}}", silent(entry)));
            Ok(shown)
        })?;
        Ok(shown.unwrap_or_else(|| "{'handler':None}".to_owned()))
    }
}
