//! The image's side: the line as a Python object, and the functions of the list, each of which is called.

use std::ffi::c_int;

use pyo3::prelude::*;
use pyo3::types::{PyAny, PyTuple};

use super::limiter::Limiter;
use crate::abi::ErrorLogCall;
use crate::dispatch::report::{self, Place};
use crate::dispatch::resolve::{self, Lookup};
use crate::dispatch::server_call::{meaningless, server_return};
use crate::httpd::error_line::ErrorLine;
use crate::httpd::log::Owner;
use crate::httpd::sys;
use crate::image::state;
use crate::phase::{Callback, Role};
use crate::py::server::Server;
use crate::py::text;

const DIRECTIVE: Callback = Callback::ErrorLog;

/// httpd's names of its levels, from APLOG_EMERG on (log.c).
const LEVELS: [&str; 16] = [
    "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug", "trace1", "trace2", "trace3", "trace4",
    "trace5", "trace6", "trace7", "trace8",
];

/// Failures of handlers in this interpreter.
static FAILURES: Limiter = Limiter::new();

/// Calls the handlers with a line.
pub fn run(py: Python<'_>, call: &mut ErrorLogCall<'_>) {
    let line = object(py, call.line);
    for entry in call.list.iter() {
        #[cfg(feature = "test-panic")]
        assert!(entry.text() != b"mod_python-panic", "asked for by a test");
        let outcome = match &line {
            Ok(line) => one(py, call, line, entry.text()),
            Err(error) => Err(error.clone_ref(py)),
        };
        if !matches!(outcome, Ok(None))
            && let Some(unreported) = FAILURES.admit(entry.text())
        {
            report_failure(py, call, entry.text(), outcome, unreported);
        }
    }
}

/// Calls one function; a result that means nothing, as the log shows it.
fn one(py: Python<'_>, call: &ErrorLogCall<'_>, line: &Bound<'_, PyAny>, text: &[u8]) -> PyResult<Option<String>> {
    let settings = call.line.server.config().map(|config| &config.settings);
    let lookup = Lookup::new(Role::Callback(DIRECTIVE), text, None, settings, false);
    // A function that is not silent is there, or the look-up raises.
    let Some(function) = resolve::callable(py, &lookup, line)? else { return Ok(None) };
    function.call1((line,)).or_else(|error| server_return(py, error)).map(|result| meaningless(&result))
}

fn report_failure(
    py: Python<'_>,
    call: &ErrorLogCall<'_>,
    text: &[u8],
    outcome: PyResult<Option<String>>,
    unreported: u64,
) {
    let (owner, directive) = (Owner::Server(call.line.server), DIRECTIVE.name());
    let (handler, interpreter) = (String::from_utf8_lossy(text), state::name());
    match outcome {
        Ok(result) => {
            let result = result.unwrap_or_default();
            let text = format!("{directive} {handler}: the result {result} has no meaning here");
            report::log_summary(py, owner, "MPY0404", &text);
        }
        Err(error) => {
            let place = Place { phase: directive, handler: &handler, interpreter: &interpreter };
            report::callback_failed(py, owner, &place, &error);
        }
    }
    if unreported > 0 {
        let text = format!("{directive} {handler}: {unreported} more failures since the last report");
        report::log_summary(py, owner, "MPY0419", &text);
    }
}

/// The line as `mod_python.errorlog.ErrorLine`.
fn object<'py>(py: Python<'py>, line: &ErrorLine) -> PyResult<Bound<'py, PyAny>> {
    let optional = |bytes: &Option<Vec<u8>>| text::optional(py, bytes.as_deref());
    let client = match &line.client {
        Some((ip, port)) => Some((text::decode(py, ip)?, *port)),
        None => None,
    };
    let place = (optional(&line.module)?, optional(&line.file)?, line.line, line.status, line.process, line.thread);
    let request = (client, optional(&line.method)?, optional(&line.uri)?, optional(&line.log_id)?);
    let server = Bound::new(py, Server::of(line.server))?;
    let head = (text::decode(py, &line.message)?, line.level, level_name(line.level), line.time as f64 / 1e6);
    let fields = [
        head.into_pyobject(py)?.into_any(),
        place.into_pyobject(py)?.into_any(),
        request.into_pyobject(py)?.into_any(),
        (server,).into_pyobject(py)?.into_any(),
    ];
    let mut values = Vec::new();
    for part in &fields {
        values.extend(part.cast::<PyTuple>()?.iter());
    }
    py.import("mod_python.errorlog")?.getattr("ErrorLine")?.call1(PyTuple::new(py, values)?)
}

fn level_name(level: c_int) -> &'static str {
    let level = level & sys::APLOG_LEVELMASK;
    usize::try_from(level).ok().and_then(|level| LEVELS.get(level)).copied().unwrap_or("debug")
}
