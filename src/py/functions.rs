//! The functions of `_apache` that belong to no object.

use std::ffi::CString;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyInt, PyList, PyModule, PyString};

use super::detach::without_gil;
use super::server::Server;
use super::{request, text};
use crate::httpd::config_tree::Directive;
use crate::httpd::log::{Level, Owner};
use crate::httpd::{running, sys};
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
pub fn log_line(py: Python<'_>, owner: Owner<'_>, level: Level, line: &[u8]) {
    without_gil(py, (owner, line), |(owner, line)| owner.log(level, line));
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
        let owner = server.map_or(Owner::Default, |server| Owner::Server(server.get().view()));
        log_line(py, owner, level, &line);
    }
    Ok(())
}

/// config_tree(): the server's configuration as nested lists of (directive, arguments).
#[pyfunction]
fn config_tree(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    subtree(py, Directive::first())
}

fn subtree(py: Python<'_>, mut next: Option<Directive>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    while let Some(directive) = next {
        list.append((text::decode(py, directive.name())?, text::decode(py, directive.args())?))?;
        let child = directive.first_child();
        if child.is_some() {
            list.append(subtree(py, child)?)?;
        }
        next = directive.next();
    }
    Ok(list)
}

/// server_root(): ServerRoot.
#[pyfunction]
fn server_root(py: Python<'_>) -> PyResult<Bound<'_, PyString>> {
    text::decode(py, running::server_root())
}

/// exists_config_define(name): whether httpd was started with -D name.
#[pyfunction]
fn exists_config_define(name: &Bound<'_, PyString>) -> PyResult<bool> {
    let name = CString::new(text::argument(name)?)?;
    Ok(running::is_defined(&name))
}

/// mpm_query(code): what the MPM answers to AP_MPMQ_*; -1 for a code it does not know.
#[pyfunction]
fn mpm_query(code: &Bound<'_, PyAny>) -> PyResult<i32> {
    let code = code.cast::<PyInt>().map_err(|_| PyTypeError::new_err("The argument must be an integer"))?;
    Ok(running::mpm_query(code.extract()?).unwrap_or(-1))
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
    request::current(py)
}
