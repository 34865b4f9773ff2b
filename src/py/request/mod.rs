//! The request object `mp_request`: one per httpd request and interpreter, kept with the request until its pool goes.

mod clock;
mod conditions;
mod config;
mod credentials;
mod dynamic;
mod fields;
mod finfo;
mod links;
mod names;
mod numbers;
mod phase;
mod read;
mod sendfile;
mod texts;
mod tuples;
mod variables;
mod write;
mod wsgi;
mod wsgi_start;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyAny, PyDict};

use self::config::ConfigCopy;
pub use self::write::handler_ended;
use super::conn::Conn;
use super::finfo::Finfo;
use super::hlist::HandlerCursor;
use super::live::{self, Live};
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
    hlist: PyOnceLock<Py<HandlerCursor>>,
    finfo: PyOnceLock<Py<Finfo>>,
    connection: PyOnceLock<Py<Conn>>,
    config: ConfigCopy,
    options: ConfigCopy,
}

impl Request {
    /// Nothing that expires with the request is referred to by anybody else.
    fn children_are_private(&self, py: Python<'_>) -> bool {
        self.tables.iter().all(|table| table.get(py).is_none_or(live::is_private))
            && self.connection.get(py).is_none_or(|conn| live::is_private(conn) && conn.get().children_are_private(py))
            && self.finfo.get(py).is_none_or(live::is_private)
            && self.server.get(py).is_none_or(|server| live::is_private(server) && has_no_attributes(server.bind(py)))
            && !self.config.is_made(py)
            && !self.options.is_made(py)
            && self.hlist.get(py).is_none_or(live::is_private)
    }

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
            hlist: PyOnceLock::new(),
            finfo: PyOnceLock::new(),
            connection: PyOnceLock::new(),
            config: ConfigCopy::new(),
            options: ConfigCopy::new(),
        };
        let made = Bound::new(py, request)?;
        if let Some(state) = RequestState::of(record) {
            state.objects.push((interp, made.clone().into_ptr().cast()));
        }
        Ok(made)
    }
}

unsafe extern "C" {
    /// Where an object keeps its attribute dictionary (CPython 3.2 to 3.15 export it).
    fn _PyObject_GetDictPtr(object: *mut ffi::PyObject) -> *mut *mut ffi::PyObject;
}

/// Nobody has set an attribute on the object, whose class has a dictionary.
fn has_no_attributes<T>(object: &Bound<'_, T>) -> bool {
    // SAFETY: the object is live; the place of its dictionary is NULL or valid as long as it. CPython 3.11 and 3.12
    // make an empty dictionary with the object.
    unsafe {
        let dict = _PyObject_GetDictPtr(object.as_ptr());
        dict.is_null() || (*dict).is_null() || (ffi::PyDict_Size(*dict) == 0 && ffi::Py_REFCNT(*dict) == 1)
    }
}

/// How many references there are to an object that the caller holds.
fn refcount(object: *mut ffi::PyObject) -> isize {
    // SAFETY: the caller holds a reference, and the GIL.
    unsafe { ffi::Py_REFCNT(object) }
}

/// Drops the object at the end of a phase where nobody could tell it from a new one: no attribute was set, and neither
/// it nor anything made from it is referred to elsewhere. The visit at the request's end is saved then.
pub fn drop_if_private(request: &Bound<'_, Request>, record: *mut sys::request_rec) {
    let py = request.py();
    let this = request.get();
    // The request's record and the caller hold one reference each.
    if !has_no_attributes(request) || refcount(request.as_ptr()) != 2 || !this.children_are_private(py) {
        return;
    }
    let interp = state::interp();
    // SAFETY: this thread serves the request; the borrow ends before the reference is given back.
    let owned = unsafe { RequestState::of(record) }.and_then(|state| {
        let at = state.objects.iter().position(|(owner, _)| *owner == interp)?;
        Some(state.objects.swap_remove(at).1)
    });
    if let Some(owned) = owned {
        // SAFETY: the record owned this reference.
        drop(unsafe { Bound::<PyAny>::from_owned_ptr(py, owned.cast()) });
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
    if let Some(hlist) = this.hlist.get(py) {
        hlist.get().expire();
    }
    if let Some(finfo) = this.finfo.get(py) {
        finfo.get().expire();
    }
    if let Some(server) = this.server.get(py) {
        Server::forget(server.bind(py));
    }
    if let Some(conn) = this.connection.get(py) {
        conn.get().expire(py);
    }
    // What user code stored there may refer back to the request.
    if let Ok(dict) = own_attributes(request) {
        dict.clear();
    }
}

/// Takes `__dict__` off the class: attributes that Python code sets are kept, but not shown as a dictionary.
///
/// # Errors
/// MemoryError.
pub fn hide_dictionary(py: Python<'_>) -> PyResult<()> {
    let class = py.get_type::<Request>();
    // `del` on the class itself would mean the class's own dictionary.
    // SAFETY: a heap type of this image, which nobody has used yet; its dictionary lives as long as the type.
    unsafe {
        let type_object = class.as_type_ptr();
        let names = Bound::from_borrowed_ptr(py, (*type_object).tp_dict).cast_into::<PyDict>()?;
        if names.contains("__dict__")? {
            names.del_item("__dict__")?;
            ffi::PyType_Modified(type_object);
        }
    }
    Ok(())
}

/// The dictionary of attributes that Python code has set.
///
/// # Errors
/// MemoryError.
pub fn own_attributes<'py>(request: &Bound<'py, Request>) -> PyResult<Bound<'py, PyDict>> {
    // SAFETY: a live object of a class with a dictionary; the result is a new reference or an error is set.
    let dict = unsafe {
        Bound::from_owned_ptr_or_err(
            request.py(),
            ffi::PyObject_GenericGetDict(request.as_ptr(), std::ptr::null_mut()),
        )?
    };
    Ok(dict.cast_into::<PyDict>()?)
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
