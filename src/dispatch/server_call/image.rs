//! The image's side: every function of the list is called with the server, whatever the others did.

use pyo3::prelude::*;
use pyo3::types::{PyAny, PyInt, PyTuple};

use crate::abi::ServerCall;
use crate::dispatch::child::shown;
use crate::dispatch::report::{self, Place};
use crate::dispatch::resolve::{self, Lookup};
use crate::httpd::log::Owner;
use crate::httpd::sys;
use crate::image::state;
use crate::phase::Role;
use crate::py::errors::SERVER_RETURN;
use crate::py::live::Active;
use crate::py::server::Server;

/// Runs the handlers; failures and strange results are in the log of the server.
pub fn run(py: Python<'_>, call: &mut ServerCall<'_>) {
    let (owner, directive) = (Owner::Server(call.server), call.callback.name());
    let _active = Active::for_server(py, call.server);
    for entry in call.list.iter() {
        #[cfg(feature = "test-panic")]
        assert!(entry.text() != b"mod_python-panic", "asked for by a test");
        let handler = String::from_utf8_lossy(entry.text());
        match one(py, call, entry.text()) {
            Ok(None) => {}
            Ok(Some(result)) => {
                let text = format!("{directive} {handler}: the result {result} has no meaning here");
                report::log_summary(py, owner, "MPY0404", &text);
            }
            Err(error) => {
                let interpreter = state::name();
                let place = Place { phase: directive, handler: &handler, interpreter: &interpreter };
                report::callback_failed(py, owner, &place, &error);
            }
        }
    }
}

/// Calls one function; a result that means nothing, as the log shows it.
fn one(py: Python<'_>, call: &ServerCall<'_>, text: &[u8]) -> PyResult<Option<String>> {
    let server = Bound::new(py, Server::of(call.server))?.into_any();
    let settings = call.server.config().map(|config| &config.settings);
    let lookup = Lookup::new(Role::Callback(call.callback), text, None, settings, false);
    // A function that is not silent is there, or the look-up raises.
    let Some(function) = resolve::callable(py, &lookup, &server)? else { return Ok(None) };
    function.call1((server,)).or_else(|error| server_return(py, error)).map(|result| meaningless(&result))
}

/// The value a SERVER_RETURN carries; any other exception passes through.
pub fn server_return(py: Python<'_>, error: PyErr) -> PyResult<Bound<'_, PyAny>> {
    if !error.is_instance_of::<SERVER_RETURN>(py) {
        return Err(error);
    }
    let value = error.value(py).getattr("args")?.get_item(0)?;
    match value.cast::<PyTuple>() {
        Ok(pair) => pair.get_item(0),
        Err(_) => Ok(value),
    }
}

/// None, OK and DECLINED are the results that nobody has to hear of.
pub fn meaningless(result: &Bound<'_, PyAny>) -> Option<String> {
    let number = result.cast::<PyInt>().ok().and_then(|number| number.extract::<i32>().ok());
    let known = result.is_none() || number == Some(sys::OK) || number == Some(sys::DECLINED);
    // Shown in a line of the log: the repr of a large object would not be.
    (!known).then(|| number.map_or_else(|| shown(result.get_type().as_any()), |number| number.to_string()))
}
