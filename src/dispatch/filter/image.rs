//! A filter's function inside an image: look it up, call it with a filter object, say how it ended.

use pyo3::prelude::*;
use pyo3::types::PyAny;

use crate::abi::{FilterCall, FilterOutcome};
use crate::dispatch::report;
use crate::dispatch::resolve::{self, Lookup};
use crate::httpd::filter::Pass;
use crate::httpd::log::{Level, Owner};
use crate::httpd::sys;
use crate::httpd::view::Record;
use crate::image::state;
use crate::phase::{Callback, Role};
use crate::py::errors::SERVER_RETURN;
use crate::py::filter::Filter;
use crate::py::live::{Active, Live};
use crate::py::{attributes, request};

/// Runs the function and leaves in the call how it ended.
pub fn run(py: Python<'_>, call: &mut FilterCall<'_>) {
    // SAFETY: the host passes a live filter with its request, in the thread that serves them, until run returns.
    let (view, conn, pass, _active) = unsafe {
        let pass = &mut *call.pass;
        let conn = (*pass.filter).c;
        (sys::request_rec::view(pass.request), conn, call.pass, Active::new(conn, pass.request))
    };
    let object = match request::object(py, view) {
        Ok(object) => object,
        Err(error) => {
            report::log_lines(py, Owner::Request(view), Level::ERR, "MPY0403: request object: ", &error);
            return;
        }
    };
    attributes::import(py, &object, view);
    // SAFETY: the pass lives until the filter object expires, below.
    let live = unsafe { Live::new(pass, conn) };
    let result = Bound::new(py, Filter::of(live, object.clone())).and_then(|filter| {
        let result = invoke(py, call, &filter);
        filter.get().expire();
        result
    });
    call.outcome = match result {
        Ok(()) => FilterOutcome::Finished,
        Err(error) => failed(py, call, &error),
    };
    request::drop_if_private(&object);
}

fn invoke(py: Python<'_>, call: &FilterCall<'_>, filter: &Bound<'_, Filter>) -> PyResult<()> {
    let pass = pass(call);
    // SAFETY: the entry of the request's configuration or pool.
    let is_location = unsafe { pass.entry.as_ref() }.is_some_and(|entry| entry.is_location());
    let directory = pass.directory().filter(|_| !is_location);
    let text = pass.handler().unwrap_or_default();
    let lookup = Lookup::new(Role::Callback(role(pass)), text, directory, call.settings, false);
    let Some(function) = resolve::callable(py, &lookup, filter.as_any())? else { return Ok(()) };
    let _: Bound<'_, PyAny> = function.call1((filter,))?;
    Ok(())
}

fn role(pass: &Pass) -> Callback {
    if pass.is_input() { Callback::InputFilter } else { Callback::OutputFilter }
}

/// The pass for a moment in which no Python code runs.
fn pass<'a>(call: &FilterCall<'a>) -> &'a Pass {
    // SAFETY: the host's pass outlives the call.
    unsafe { &*call.pass }
}

/// Logs the exception and says how the data ends.
fn failed(py: Python<'_>, call: &FilterCall<'_>, error: &PyErr) -> FilterOutcome {
    let pass = pass(call);
    let handler = String::from_utf8_lossy(pass.handler().unwrap_or_default()).into_owned();
    let name = String::from_utf8_lossy(pass.name()).into_owned();
    let interpreter = state::name();
    let place = report::Place { phase: role(pass).name(), handler: &handler, interpreter: &interpreter };
    // SAFETY: the request is live while its filter runs.
    let owner = Owner::Request(unsafe { sys::request_rec::view(pass.request) });
    if error.is_instance_of::<SERVER_RETURN>(py) {
        let status = server_return(py, error);
        let text = format!("{name} {handler}: SERVER_RETURN ends the response with status {status}");
        report::log_summary(py, owner, "MPY0412", &text);
        return FilterOutcome::Failed { status, page: None };
    }
    let chunks = report::log_uncaught(py, owner, &place, &format!("{name} {handler}"), error);
    let debug = call.settings.is_some_and(|settings| settings.debug.is_on()) && !pass.is_input();
    let page = debug.then(|| report::page(&place, &chunks).into_bytes());
    FilterOutcome::Failed { status: sys::HTTP_INTERNAL_SERVER_ERROR, page }
}

/// The status of a SERVER_RETURN, its first or second value; 500 where it carries none that is an error.
fn server_return(py: Python<'_>, error: &PyErr) -> i32 {
    let is_error = |status: &i32| (400..600).contains(status);
    let values = crate::dispatch::handlers::server_return_values(py, error);
    let statuses = values.map(|values| values.iter().take(2).map(|value| value.extract::<i32>()).collect::<Vec<_>>());
    let found = statuses.unwrap_or_default().into_iter().flatten().find(is_error);
    found.unwrap_or(sys::HTTP_INTERNAL_SERVER_ERROR)
}
