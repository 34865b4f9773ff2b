//! The image's side: compiles the code of an element and runs it with the globals of its page.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::abi::IncludeCall;
use crate::dispatch::child::core;
use crate::dispatch::{report, resolve};
use crate::httpd::config::Settings;
use crate::httpd::log::{Level, Owner};
use crate::httpd::request::Request as View;
use crate::httpd::sys;
use crate::httpd::view::Record;
use crate::image::state;
use crate::phase::Callback;
use crate::py::filter::Filter;
use crate::py::live::{Active, Live};
use crate::py::request::{self, Request};
use crate::py::{attributes, text};

/// Runs the code and leaves in the call how it ended.
pub fn run(py: Python<'_>, call: &mut IncludeCall<'_>) {
    // SAFETY: the host passes a live filter with its request, in the thread that serves them, until run returns.
    let (view, conn, _active) = unsafe {
        let record = (*call.pass).request;
        let conn = (*record).connection.cast_const();
        (sys::request_rec::view(record), conn, Active::new(conn, record))
    };
    #[cfg(feature = "test-panic")]
    assert!(call.code != b"mod_python-panic", "asked for by a test");
    let object = match request::object(py, view) {
        Ok(object) => object,
        Err(error) => {
            report::log_lines(py, Owner::Request(view), Level::ERR, "MPY0403: request object: ", &error);
            return;
        }
    };
    attributes::import(py, &object, view);
    // SAFETY: the pass lives until the filter object expires, below.
    let live = unsafe { Live::new(call.pass, conn) };
    let result = Bound::new(py, Filter::of(live, object.clone())).and_then(|filter| {
        let result = element(py, call, &object, &filter);
        filter.get().expire();
        result
    });
    match result {
        Ok(()) => call.finished = true,
        Err(error) => call.page = failed(py, call, view, &object, &error),
    }
}

/// Compiles and runs the code, and writes the value of an expression.
fn element(
    py: Python<'_>,
    call: &IncludeCall<'_>,
    object: &Bound<'_, Request>,
    filter: &Bound<'_, Filter>,
) -> PyResult<()> {
    if let Some(path) = call.settings.and_then(Settings::path) {
        resolve::apply_path(py, path)?;
    }
    let source = PyBytes::new(py, call.code);
    let name = code_name(object, call.is_expression)?;
    let globals = globals(object)?;
    globals.set_item(intern!(py, "filter"), filter)?;
    globals.set_item(intern!(py, "__file__"), object.getattr(intern!(py, "filename"))?)?;
    let evaluate = || {
        let code = core(py)?.call_method1(intern!(py, "compile_element"), (source, name, call.is_expression))?;
        let value = py.import(intern!(py, "builtins"))?.call_method1(intern!(py, "eval"), (code, &globals))?;
        if value.is_none() {
            return Ok(());
        }
        let shown = text::encode_utf8(&value.str()?)?;
        filter.call_method1(intern!(py, "write"), (PyBytes::new(py, &shown),)).map(drop)
    };
    let result = evaluate();
    globals.set_item(intern!(py, "filter"), py.None())?;
    result
}

/// `req.ssi_globals`, made where nobody has.
fn globals<'py>(object: &Bound<'py, Request>) -> PyResult<Bound<'py, PyDict>> {
    let py = object.py();
    let name = intern!(py, "ssi_globals");
    match object.getattr_opt(name)? {
        Some(known) => known.cast_into().map_err(|_| PyTypeError::new_err("req.ssi_globals must be a dict")),
        None => {
            let made = PyDict::new(py);
            object.setattr(name, &made)?;
            Ok(made)
        }
    }
}

/// The file of the page, its URI where it has none.
fn file_name(object: &Bound<'_, Request>) -> PyResult<String> {
    let py = object.py();
    let name = object.getattr(intern!(py, "filename"))?;
    let name = if name.is_none() { object.getattr(intern!(py, "uri"))? } else { name };
    Ok(name.cast::<PyString>()?.to_string_lossy().into_owned())
}

/// How tracebacks name the code.
fn code_name(object: &Bound<'_, Request>, is_expression: bool) -> PyResult<String> {
    let kind = if is_expression { "eval" } else { "exec" };
    Ok(format!("<{kind} in {}>", file_name(object)?))
}

/// Logs the exception; gives what to show in its place.
fn failed(
    py: Python<'_>,
    call: &IncludeCall<'_>,
    view: View<'_>,
    object: &Bound<'_, Request>,
    error: &PyErr,
) -> Option<Vec<u8>> {
    let name = file_name(object).unwrap_or_default();
    let (phase, interpreter) = (Callback::Include.name(), state::name());
    let place = report::Place { phase, handler: &name, interpreter: &interpreter };
    let _ = quote(py, object, call.is_expression, Some(call.code));
    let chunks = report::log_uncaught(py, Owner::Request(view), &place, &format!("{phase} {name}"), error);
    let _ = quote(py, object, call.is_expression, None);
    let debug = call.settings.is_some_and(|settings| settings.debug.is_on());
    debug.then(|| report::page(&place, &chunks).into_bytes())
}

/// Lets tracebacks show the code; None ends that. Without it they are complete all the same.
fn quote(py: Python<'_>, object: &Bound<'_, Request>, is_expression: bool, code: Option<&[u8]>) -> PyResult<()> {
    let arguments = (code.map(|code| PyBytes::new(py, code)), code_name(object, is_expression)?);
    core(py)?.call_method1("quote_element", arguments).map(drop)
}
