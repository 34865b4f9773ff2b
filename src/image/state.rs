//! The per-interpreter state.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyAny, PyDict, PyModule};

use crate::abi::HostTable;
use crate::httpd::log::Owner;

static HOST: OnceLock<HostTable> = OnceLock::new();

/// The Python objects this interpreter's image works with.
pub struct Objects {
    /// `mod_python._core`
    pub core: Py<PyModule>,
    /// `sys.modules`
    pub modules: Py<PyDict>,
}

static OBJECTS: PyOnceLock<Objects> = PyOnceLock::new();

/// The function through which every call enters; see `dispatch::door`.
static DOOR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

thread_local! {
    /// The call that is on its way through the door.
    static CALL: Cell<*mut c_void> = const { Cell::new(ptr::null_mut()) };
}

/// Stores the host's facts; the first time counts.
pub fn set_host(host: &HostTable) {
    let _ = HOST.set(host.clone());
}

/// The host's facts, None before the entry was called.
pub fn host() -> Option<&'static HostTable> {
    HOST.get()
}

/// This interpreter's name, as log lines show it.
pub fn name() -> String {
    host().map(|host| host.name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// This interpreter's place in the host's table.
pub fn interp() -> usize {
    host().map_or(0, |host| host.interp)
}

/// The main server's log, httpd's default log before the host said which server that is.
pub fn main_log() -> Owner<'static> {
    host().and_then(|host| host.main_server).map_or(Owner::Default, Owner::Server)
}

/// Stores the Python objects once `mod_python` is imported.
pub fn set_objects(py: Python<'_>, objects: Objects) {
    let _ = OBJECTS.set(py, objects);
}

/// The Python objects, None while `mod_python` is being imported.
pub fn objects(py: Python<'_>) -> Option<&'static Objects> {
    OBJECTS.get(py)
}

/// The door, made by `make` at the first call.
pub fn door(py: Python<'_>, make: impl FnOnce() -> PyResult<Py<PyAny>>) -> PyResult<*mut pyo3::ffi::PyObject> {
    DOOR.get_or_try_init(py, make).map(Py::as_ptr)
}

/// Lays a call down for the door and returns the one that lay there.
pub fn swap_call(call: *mut c_void) -> *mut c_void {
    CALL.replace(call)
}
