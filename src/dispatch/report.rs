//! What becomes of exceptions: the error log always, the client only with PythonDebug On.

use std::ffi::c_int;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyAny;

use super::child;
use crate::httpd::conn::Conn;
use crate::httpd::log::{Level, Owner};
use crate::httpd::request::Request;
use crate::httpd::sys;
use crate::image::state;
use crate::py::detach::without_gil;
use crate::py::errors::RequestTimeout;
use crate::py::functions::log_line;
use crate::py::request;

/// What the report names.
pub struct Place<'a> {
    /// The directive.
    pub phase: &'a str,
    /// The handler as configured.
    pub handler: &'a str,
    /// The interpreter.
    pub interpreter: &'a str,
}

/// The traceback in chunks as `traceback.format_exception` gives them; the exception's text if that fails.
fn chunks(py: Python<'_>, error: &PyErr) -> Vec<String> {
    // Before Python 3.12 a fetched exception carries its traceback beside itself.
    let exception = error.clone_ref(py).into_value(py);
    let formatted = child::core(py)
        .and_then(|core| core.call_method1("format_exception", (exception,)))
        .and_then(|list| list.try_iter()?.map(|chunk| Ok(child::shown(&chunk?))).collect::<PyResult<Vec<_>>>());
    formatted.unwrap_or_else(|_| vec![error.to_string()])
}

/// The name of the exception's type.
fn kind(py: Python<'_>, error: &PyErr) -> String {
    error.get_type(py).name().map(|name| name.to_string()).unwrap_or_default()
}

/// Logs a traceback, one line per chunk, each with the prefix.
pub fn log_lines(py: Python<'_>, owner: Owner<'_>, level: Level, prefix: &str, error: &PyErr) -> Vec<String> {
    let chunks = chunks(py, error);
    without_gil(py, owner, |owner| {
        for chunk in &chunks {
            owner.log(level, format!("{prefix}{chunk}").as_bytes());
        }
    });
    chunks
}

/// Logs one line with a code and the interpreter's name.
pub fn log_summary(py: Python<'_>, owner: Owner<'_>, code: &str, text: &str) {
    let line = format!("{code}: {text} (interpreter '{}')", state::name());
    log_line(py, owner, Level::ERR, line.as_bytes());
}

/// A cleanup raised: two lines, the others still run.
pub fn cleanup_failed(py: Python<'_>, owner: Owner<'_>, callable: &Bound<'_, PyAny>, error: &PyErr) {
    let first = format!("python_cleanup: Error calling cleanup object {}", child::shown(callable));
    let second =
        format!("    {}: {}", child::shown(error.get_type(py).as_any()), child::shown(error.value(py).as_any()));
    without_gil(py, owner, |owner| {
        for line in [first, second] {
            owner.log(Level::ERR, line.as_bytes());
        }
    });
}

/// Logs an uncaught exception: a line that names everything, then the traceback, each line with the prefix. Returns the
/// traceback.
pub fn log_uncaught(py: Python<'_>, owner: Owner<'_>, place: &Place<'_>, prefix: &str, error: &PyErr) -> Vec<String> {
    let Place { phase, interpreter, .. } = place;
    let kind = kind(py, error);
    let summary = format!("MPY0401: {prefix}: uncaught {kind} (phase {phase}, interpreter '{interpreter}')");
    log_line(py, owner, Level::ERR, summary.as_bytes());
    log_lines(py, owner, Level::ERR, &format!("{prefix}: "), error)
}

/// The page that shows an exception to the client.
pub fn page(place: &Place<'_>, chunks: &[String]) -> String {
    let (phase, handler) = (escape(place.phase), escape(place.handler));
    let mut page = format!("\n<pre>\nMod_python error: \"{phase} {handler}\"\n\n");
    for chunk in chunks {
        page.push_str(&escape(chunk));
        page.push('\n');
    }
    page.push_str("</pre>\n");
    page
}

/// An uncaught exception of a handler: logged; with `debug` also sent to the client. Returns the phase's result.
pub fn uncaught(
    py: Python<'_>,
    object: &Bound<'_, request::Request>,
    request: Request<'_>,
    place: &Place<'_>,
    error: &PyErr,
    debug: bool,
) -> c_int {
    let prefix = format!("{} {}", place.phase, place.handler);
    let chunks = log_uncaught(py, Owner::Request(request), place, &prefix, error);
    if !debug || client_gone(py, error) {
        return status(py, error);
    }
    let page = self::page(place, &chunks);
    match request::send_error_page(py, object, page.as_bytes()) {
        Ok(()) => sys::DONE,
        Err(_) => sys::HTTP_INTERNAL_SERVER_ERROR,
    }
}

/// What an uncaught exception is for the client. Too much time is what it is for a script of mod_cgi: 504.
pub fn status(py: Python<'_>, error: &PyErr) -> c_int {
    if error.is_instance_of::<RequestTimeout>(py) {
        sys::HTTP_GATEWAY_TIME_OUT
    } else {
        sys::HTTP_INTERNAL_SERVER_ERROR
    }
}

/// An uncaught exception of a handler of the connection itself: logged. Nobody is told.
pub fn uncaught_in_connection(py: Python<'_>, conn: Conn<'_>, place: &Place<'_>, error: &PyErr) {
    let owner = Owner::Conn(conn);
    let Place { phase, handler, interpreter } = place;
    let kind = kind(py, error);
    let summary = format!("MPY0416: {phase} {handler}: uncaught {kind} (phase {phase}, interpreter '{interpreter}')");
    log_line(py, owner, Level::ERR, summary.as_bytes());
    let short = phase.strip_prefix("Python").unwrap_or(phase);
    log_lines(py, owner, Level::ERR, &format!("{short} {handler}: "), error);
}

/// An uncaught exception of a function that answers httpd's own machinery: the log only, a client is never told.
pub fn callback_failed(py: Python<'_>, owner: Owner<'_>, place: &Place<'_>, error: &PyErr) {
    let Place { phase: directive, handler, .. } = place;
    let kind = kind(py, error);
    log_summary(py, owner, "MPY0410", &format!("{directive} {handler}: uncaught {kind}"));
    log_lines(py, owner, Level::ERR, &format!("{directive} {handler}: "), error);
}

/// The exception is our own of a failed write: nobody is there to read a page.
fn client_gone(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PyOSError>(py) && child::shown(error.value(py).as_any()).starts_with("Write failed")
}

/// `html.escape` with quotes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#x27;"),
            other => escaped.push(other),
        }
    }
    escaped
}
