//! The functions of `_apache` that belong to no object.

use std::ffi::CString;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyInt, PyList, PyModule, PyString};

use super::detach::without_gil;
use super::server::Server;
use super::{live, request, text};
use crate::httpd::log::{self, Level, Target};
use crate::httpd::pool::bytes;
use crate::httpd::sys;
use crate::image::state;

/// Adds the functions to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(log_error, module)?)?;
    module.add_function(wrap_pyfunction!(config_tree, module)?)?;
    module.add_function(wrap_pyfunction!(server_root, module)?)?;
    module.add_function(wrap_pyfunction!(exists_config_define, module)?)?;
    module.add_function(wrap_pyfunction!(mpm_query, module)?)?;
    module.add_function(wrap_pyfunction!(register_cleanup, module)?)?;
    module.add_function(wrap_pyfunction!(current_request, module)?)
}

/// The level and text of a `log_error` call; None: nothing is to be logged. A missing level is APLOG_ERR.
///
/// # Errors
/// TypeError where the message is no str.
pub fn message(message: &Bound<'_, PyAny>, level: Option<i32>) -> PyResult<Option<(Level, Vec<u8>)>> {
    if message.is_none() {
        return Ok(None);
    }
    let text = message.cast::<PyString>().map_err(|_| PyTypeError::new_err("the message must be a str"))?;
    // APLOG_NOERRNO and other bits above the level mean nothing any more.
    let level = Level(level.unwrap_or(sys::APLOG_ERR) & sys::APLOG_LEVELMASK);
    Ok(Some((level, text.to_string_lossy().into_owned().into_bytes())))
}

/// Writes a line without the GIL.
///
/// # Safety
/// The target's record is live.
pub unsafe fn write_log(py: Python<'_>, target: Target, level: Level, line: &[u8]) {
    // SAFETY: the caller guarantees the record.
    without_gil(py, (target, line), |(target, line)| unsafe { log::write(target, level, line) });
}

/// log_error(message[, level[, server]]): one line in the error log.
#[pyfunction]
#[pyo3(signature = (message, level = None, server = None))]
fn log_error(
    py: Python<'_>,
    message: &Bound<'_, PyAny>,
    level: Option<i32>,
    server: Option<&Bound<'_, Server>>,
) -> PyResult<()> {
    if let Some((level, line)) = self::message(message, level)? {
        let target = server.map_or(Target::Default, |server| Target::Server(server.get().record()));
        // SAFETY: servers live as long as the child serves.
        unsafe { write_log(py, target, level, &line) };
    }
    Ok(())
}

/// config_tree(): the server's configuration as nested lists of (directive, arguments).
#[pyfunction]
fn config_tree(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    // SAFETY: httpd's tree of the running configuration is not changed while the child serves.
    unsafe { subtree(py, sys::ap_conftree) }
}

/// # Safety
/// `node` is NULL or a node of httpd's directive tree.
unsafe fn subtree(py: Python<'_>, mut node: *const sys::ap_directive_t) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    while !node.is_null() {
        // SAFETY: the caller guarantees the node; its texts are NULL or NUL-terminated.
        unsafe {
            let (name, args) = (text::decode(py, bytes((*node).directive))?, text::decode(py, bytes((*node).args))?);
            list.append((name, args))?;
            if !(*node).first_child.is_null() {
                list.append(subtree(py, (*node).first_child)?)?;
            }
            node = (*node).next;
        }
    }
    Ok(list)
}

/// server_root(): ServerRoot.
#[pyfunction]
fn server_root(py: Python<'_>) -> PyResult<Bound<'_, PyString>> {
    // SAFETY: httpd's text lives as long as the configuration.
    text::decode(py, unsafe { bytes(sys::ap_server_root) })
}

/// exists_config_define(name): whether httpd was started with -D name.
#[pyfunction]
fn exists_config_define(name: &Bound<'_, PyString>) -> PyResult<bool> {
    let name = CString::new(text::argument(name)?)?;
    // SAFETY: reads httpd's list.
    Ok(unsafe { sys::ap_exists_config_define(name.as_ptr()) } != 0)
}

/// mpm_query(code): what the MPM answers to AP_MPMQ_*; -1 for a code it does not know.
#[pyfunction]
fn mpm_query(code: &Bound<'_, PyAny>) -> PyResult<i32> {
    let code = code.cast::<PyInt>().map_err(|_| PyTypeError::new_err("The argument must be an integer"))?;
    let (code, mut answer) = (code.extract::<i32>()?, -1);
    // SAFETY: the result is an int on the stack.
    let status = unsafe { sys::ap_mpm_query(code, &mut answer) };
    Ok(if status == sys::APR_SUCCESS { answer } else { -1 })
}

/// register_cleanup(interpreter, server, callable[, data]): calls callable(data) when the child ends.
#[pyfunction]
#[pyo3(signature = (interpreter, server, callable, data = None))]
fn register_cleanup(
    interpreter: &Bound<'_, PyString>,
    server: &Bound<'_, PyAny>,
    callable: Bound<'_, PyAny>,
    data: Option<Bound<'_, PyAny>>,
) -> PyResult<()> {
    let _ = interpreter;
    if !server.is_instance_of::<Server>() {
        return Err(PyValueError::new_err("second argument must be a server object"));
    }
    if !callable.is_callable() {
        return Err(PyValueError::new_err("third argument must be a callable object"));
    }
    child_cleanup(callable, data);
    Ok(())
}

/// Keeps a callable of this interpreter for the child's end.
pub fn child_cleanup(callable: Bound<'_, PyAny>, data: Option<Bound<'_, PyAny>>) {
    let Some(host) = state::host() else { return };
    let data = data.unwrap_or_else(|| callable.py().None().into_bound(callable.py()));
    (host.register_child_cleanup)(host.interp, callable.into_ptr().cast(), data.into_ptr().cast());
}

/// current_request(): the request this thread is serving in this interpreter, None outside requests.
#[pyfunction]
fn current_request(py: Python<'_>) -> PyResult<Option<Bound<'_, request::Request>>> {
    let record = live::current_request();
    if record.is_null() {
        return Ok(None);
    }
    // SAFETY: the record is being served by this thread: its phase has made the state.
    unsafe { request::object(py, record) }.map(Some)
}
