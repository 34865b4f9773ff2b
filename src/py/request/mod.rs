//! The request object `mp_request`: one per httpd request and interpreter, kept with the request until its pool goes.

mod fields;
mod finfo;
mod write;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use super::finfo::Finfo;
use super::live::Live;
use super::server::Server;
use super::table::{RequestTable, Table};
use crate::httpd::request_state::RequestState;
use crate::httpd::sys;
use crate::image::state;

/// A request of httpd, seen by Python.
#[pyclass(name = "mp_request", module = "_apache", frozen, dict)]
pub struct Request {
    /// The record.
    pub live: Live<sys::request_rec>,
    /// Its tables, made at first use, in the order of [`RequestTable`].
    tables: [PyOnceLock<Py<Table>>; RequestTable::COUNT],
    server: PyOnceLock<Py<Server>>,
    finfo: PyOnceLock<Py<Finfo>>,
}

impl Request {
    /// One of the request's tables, always the same object.
    fn table(&self, py: Python<'_>, which: RequestTable) -> PyResult<Py<Table>> {
        self.live.with(|_| ())?;
        self.tables[which as usize]
            .get_or_try_init(py, || Py::new(py, self.live.with(|record| Table::of_request(&self.live, record, which))?))
            .map(|table| table.clone_ref(py))
    }
}

/// The object of a request in this interpreter, made at the first call.
///
/// # Errors
/// MemoryError, or where the module is not bound.
///
/// # Safety
/// `record` is live, this thread serves it, and the host has made its state.
pub unsafe fn object<'py>(py: Python<'py>, record: *mut sys::request_rec) -> PyResult<Bound<'py, Request>> {
    let interp = state::interp();
    // SAFETY: the caller guarantees the record; the borrow of its state ends before Python code runs.
    unsafe {
        if let Some(object) = RequestState::of(record).and_then(|state| state.object(interp)) {
            return Ok(Bound::from_borrowed_ptr(py, object.cast()).cast_into_unchecked());
        }
        let request = Request {
            live: Live::new(record, (*record).connection),
            tables: [const { PyOnceLock::new() }; RequestTable::COUNT],
            server: PyOnceLock::new(),
            finfo: PyOnceLock::new(),
        };
        let made = Bound::new(py, request)?;
        if let Some(state) = RequestState::of(record) {
            state.objects.push((interp, made.clone().into_ptr().cast()));
        }
        Ok(made)
    }
}

/// The request's pool goes: the object and everything made from it raise from now on, its attributes are dropped.
pub fn expire(request: &Bound<'_, Request>) {
    let py = request.py();
    let this = request.get();
    this.live.expire();
    for table in this.tables.iter().filter_map(|table| table.get(py)) {
        table.get().expire();
    }
    if let Some(finfo) = this.finfo.get(py) {
        finfo.get().expire();
    }
    if let Some(server) = this.server.get(py) {
        Server::forget(server.bind(py));
    }
    // What user code stored there may refer back to the request.
    if let Ok(dict) = own_attributes(request) {
        dict.clear();
    }
}

/// The dictionary of attributes that Python code has set.
///
/// # Errors
/// MemoryError.
pub fn own_attributes<'py>(request: &Bound<'py, Request>) -> PyResult<Bound<'py, PyDict>> {
    Ok(request.as_any().getattr("__dict__")?.cast_into::<PyDict>()?)
}

/// Answers with an error page: status 500, text/html. The status cannot change once something was sent.
///
/// # Errors
/// OSError where the client is gone.
pub fn send_error_page(py: Python<'_>, request: &Bound<'_, Request>, page: &[u8]) -> PyResult<()> {
    let this = request.get();
    this.live.with(|record| {
        // SAFETY: the record is live, the type a static text.
        unsafe {
            sys::ap_set_content_type(record, c"text/html".as_ptr());
            (*record).status = sys::HTTP_INTERNAL_SERVER_ERROR;
        }
    })?;
    this.send(py, page, true)
}
