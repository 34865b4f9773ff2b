//! The request object `mp_request`: one per httpd request and interpreter, kept with the request until its pool goes.

mod clock;
mod conditions;
mod config;
mod credentials;
mod dynamic;
mod fields;
mod filters;
mod finfo;
mod links;
mod names;
mod numbers;
mod object;
mod page;
mod phase;
mod read;
mod sendfile;
mod texts;
mod tuples;
mod variables;
mod write;
mod wsgi;
mod wsgi_start;

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyList;

use self::config::ConfigCopy;
pub use self::object::{current, object};
pub use self::write::handler_ended;
use super::capi::{self, has_no_attributes, own_attributes};
use super::conn::Conn;
use super::finfo::Finfo;
use super::hlist::HandlerCursor;
use super::live::{self, Live};
use super::server::Server;
use super::table::{RequestTable, Table};
use crate::httpd::sys;

/// A request of httpd, seen by Python.
#[pyclass(name = "mp_request", module = "_apache", frozen, dict)]
pub struct Request {
    /// The record.
    pub live: Live<sys::request_rec>,
    /// Anything that follows was made.
    has_children: AtomicBool,
    /// Its tables, made at first use, in the order of [`RequestTable`].
    tables: [PyOnceLock<Py<Table>>; RequestTable::COUNT],
    server: PyOnceLock<Py<Server>>,
    hlist: PyOnceLock<Py<HandlerCursor>>,
    finfo: PyOnceLock<Py<Finfo>>,
    connection: PyOnceLock<Py<Conn>>,
    config: ConfigCopy,
    options: ConfigCopy,
    /// The fields that a form has made of a multipart body, for the next one.
    uploaded: PyOnceLock<Py<PyList>>,
}

impl Request {
    /// Nothing that expires with the request is referred to by anybody else.
    fn children_are_private(&self, py: Python<'_>) -> bool {
        !self.has_children.load(Ordering::Relaxed) || self.made_children_are_private(py)
    }

    fn made_children_are_private(&self, py: Python<'_>) -> bool {
        self.tables.iter().all(|table| table.get(py).is_none_or(live::is_private))
            && self.connection.get(py).is_none_or(|conn| live::is_private(conn) && conn.get().children_are_private(py))
            && self.finfo.get(py).is_none_or(live::is_private)
            && self.server.get(py).is_none_or(|server| live::is_private(server) && has_no_attributes(server.bind(py)))
            && !self.config.is_made(py)
            && !self.options.is_made(py)
            && self.uploaded.get(py).is_none()
            && self.hlist.get(py).is_none_or(live::is_private)
    }

    /// One of the request's tables, always the same object.
    fn table(&self, py: Python<'_>, which: RequestTable) -> PyResult<Py<Table>> {
        self.live.with(|_| ())?;
        self.child(py, &self.tables[which as usize], || Py::new(py, Table::of_request(&self.live, which)))
    }

    /// Keeps the fields of a multipart body until the request ends.
    pub fn keep_uploaded(&self, fields: Bound<'_, PyList>) {
        self.has_children.store(true, Ordering::Relaxed);
        let _ = self.uploaded.set(fields.py(), fields.unbind());
    }

    /// The fields of this request's multipart body, or of the one it was redirected from; None where this interpreter
    /// has none.
    ///
    /// # Errors
    /// `ExpiredError`
    pub fn uploaded<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        if let Some(fields) = self.uploaded.get(py) {
            return Ok(Some(fields.bind(py).clone()));
        }
        let origin = self.live.view(|request| request.prev().and_then(|origin| capi::kept_object(py, origin)))?;
        origin.map_or(Ok(None), |origin| origin.get().uploaded(py))
    }

    /// Something that is made from the request at first use and expires with it.
    fn child<T>(
        &self,
        py: Python<'_>,
        place: &PyOnceLock<Py<T>>,
        make: impl FnOnce() -> PyResult<Py<T>>,
    ) -> PyResult<Py<T>> {
        self.has_children.store(true, Ordering::Relaxed);
        place.get_or_try_init(py, make).map(|made| made.clone_ref(py))
    }
}

/// Drops the object at the end of a phase where nobody could tell it from a new one: no attribute was set, and neither
/// it nor anything made from it is referred to elsewhere. The visit at the request's end is saved then.
pub fn drop_if_private(request: &Bound<'_, Request>) {
    let py = request.py();
    let this = request.get();
    // The request's record and the caller hold one reference each.
    if !has_no_attributes(request) || capi::refcount(request.as_unbound()) != 2 || !this.children_are_private(py) {
        return;
    }
    // A request that has ended keeps nothing.
    let _ = this.live.view(|request| capi::drop_kept(py, request));
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
    if let Some(fields) = this.uploaded.get(py) {
        // Closes their files, where nobody else has them.
        let _ = fields.bind(py).call_method0("clear");
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

/// Answers with an error page: status 500, text/html. The status cannot change once something was sent.
///
/// # Errors
/// OSError where the client is gone.
pub fn send_error_page(py: Python<'_>, request: &Bound<'_, Request>, page: &[u8]) -> PyResult<()> {
    let this = request.get();
    this.live.view(|request| request.start_error_page())?;
    this.send(py, page, true)
}
