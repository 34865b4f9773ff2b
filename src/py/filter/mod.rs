//! The filter object `mp_filter`: made for each call of a filter, usable until the call returns.

mod io;
pub mod registered;
mod turns;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use pyo3::exceptions::{PyAttributeError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyString};

use super::capi;
use super::live::Live;
use super::request::Request;
use super::text;
use crate::httpd::filter::{Pass, Relay};

/// A filter while httpd calls it: the data it is given, and the way for what it makes of it.
#[pyclass(name = "mp_filter", module = "_apache", frozen)]
pub struct Filter {
    live: Live<Pass>,
    request: Py<Request>,
    softspace: AtomicI64,
    /// The function is a generator: it waits for more data instead of returning.
    waits: AtomicBool,
    /// Where it waits, if not in the next filter.
    relay: OnceLock<Arc<Relay>>,
}

impl Filter {
    /// The object of a call; [`Filter::expire`] ends its use.
    pub fn of(live: Live<Pass>, request: Bound<'_, Request>) -> Filter {
        Filter {
            live,
            request: request.unbind(),
            softspace: AtomicI64::new(0),
            waits: AtomicBool::new(false),
            relay: OnceLock::new(),
        }
    }

    /// From now on every access raises.
    pub fn expire(&self) {
        self.live.expire();
    }

    /// Works with the call. No other method of the same filter runs meanwhile.
    fn pass<R>(&self, work: impl FnOnce(&mut Pass) -> PyResult<R>) -> PyResult<R> {
        self.live
            .view(|pass| pass.exclusively(work))?
            .unwrap_or_else(|| Err(PyRuntimeError::new_err("the filter is reading or writing already")))
    }
}

#[pymethods]
impl Filter {
    /// The name under which httpd knows the filter, in lower case; 'mod_python' for one that its request registered.
    #[getter]
    fn name<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        self.pass(|pass| text::decode(py, pass.name()))
    }

    /// The request whose data it is; it can be used as long as any object of the request.
    #[getter]
    fn req(&self, py: Python<'_>) -> Py<Request> {
        self.request.clone_ref(py)
    }

    /// 1 for an input filter, else 0.
    #[getter]
    fn is_input(&self) -> PyResult<i32> {
        self.pass(|pass| Ok(i32::from(pass.is_input())))
    }

    /// The handler as configured or registered; None for an SSI tag.
    #[getter]
    fn handler<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.pass(|pass| text::optional(py, pass.handler()))
    }

    /// The directory that belongs to the handler, or None; for a Location its text.
    #[getter]
    fn dir<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.pass(|pass| text::optional(py, pass.directory()))
    }

    /// 1 after close(), else 0.
    #[getter]
    fn closed(&self) -> PyResult<i32> {
        self.pass(|pass| Ok(i32::from(pass.closed)))
    }

    /// Kept for old code that prints into the filter; means nothing.
    #[getter]
    fn softspace(&self) -> i64 {
        self.softspace.load(Ordering::Relaxed)
    }

    #[setter]
    fn set_softspace(&self, value: i64) {
        self.softspace.store(value, Ordering::Relaxed);
    }

    /// With `__delattr__` alone nothing could be set.
    fn __setattr__(slf: &Bound<'_, Self>, name: &Bound<'_, PyString>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        capi::generic_set_attribute(slf.as_any(), name, value)
    }

    fn __delattr__(&self, _name: &Bound<'_, PyString>) -> PyResult<()> {
        Err(PyAttributeError::new_err("can't delete filter attributes"))
    }
}
