//! A filter's function inside an image: look it up, call it with a filter object, say how it ended.

use pyo3::prelude::*;

use super::generator::generator;
use crate::abi::FilterCall;
use crate::dispatch::resolve::{self, Lookup};
use crate::dispatch::{handlers, report};
use crate::httpd::config::Settings;
use crate::httpd::filter::{Outcome, Pass};
use crate::httpd::log::{Level, Owner};
use crate::httpd::sys;
use crate::httpd::view::Record;
use crate::image::state;
use crate::phase::{Callback, Role};
use crate::py::errors::SERVER_RETURN;
use crate::py::filter::Filter;
use crate::py::live::{Active, Live};
use crate::py::{attributes, request};

/// Ends the use of a filter object with its call, however that ends.
struct Expires<'a>(&'a Filter);

impl Drop for Expires<'_> {
    fn drop(&mut self) {
        self.0.expire();
    }
}

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
        let _expires = Expires(filter.get());
        invoke(py, call, &filter)
    });
    call.outcome = match result {
        Ok(outcome) => outcome,
        Err(error) => {
            let pass = self::pass(call);
            let handler = pass.handler().unwrap_or_default();
            let named = Named { name: pass.name(), handler, callback: pass.callback() };
            failed(py, &named, call.settings, pass.request, &error)
        }
    };
    request::drop_if_private(&object);
}

fn invoke(py: Python<'_>, call: &FilterCall<'_>, filter: &Bound<'_, Filter>) -> PyResult<Outcome> {
    let pass = pass(call);
    // SAFETY: the entry of the request's configuration or pool.
    let is_location = unsafe { pass.entry.as_ref() }.is_some_and(|entry| entry.is_location());
    let directory = pass.directory().filter(|_| !is_location);
    let text = pass.handler().unwrap_or_default();
    #[cfg(feature = "test-panic")]
    assert!(text != b"mod_python-panic", "asked for by a test");
    let lookup = Lookup::new(Role::Callback(pass.callback()), text, directory, call.settings, false);
    let Some(function) = resolve::callable(py, &lookup, filter.as_any())? else { return Ok(Outcome::Finished) };
    let result = function.call1((filter,))?;
    Ok(match generator(result)? {
        Some(iterator) => Outcome::Generator(iterator.into_ptr().cast(), filter.clone().into_any().into_ptr().cast()),
        None => Outcome::Finished,
    })
}

/// The pass for a moment in which no Python code runs.
fn pass<'a>(call: &FilterCall<'a>) -> &'a Pass {
    // SAFETY: the host's pass outlives the call.
    unsafe { &*call.pass }
}

/// What log lines call a filter.
pub struct Named<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its handler.
    pub handler: &'a [u8],
    /// What it is for.
    pub callback: Callback,
}

/// Logs the exception and says how the data ends. The request is live while its filter runs.
pub fn failed(
    py: Python<'_>,
    named: &Named<'_>,
    settings: Option<&Settings>,
    record: *mut sys::request_rec,
    error: &PyErr,
) -> Outcome {
    let (name, handler) = (String::from_utf8_lossy(named.name), String::from_utf8_lossy(named.handler));
    let prefix = format!("{name} {handler}");
    let interpreter = state::name();
    let place = report::Place { phase: named.callback.name(), handler: &handler, interpreter: &interpreter };
    // SAFETY: the caller guarantees the request.
    let view = unsafe { sys::request_rec::view(record) };
    let owner = Owner::Request(view);
    if error.is_instance_of::<SERVER_RETURN>(py) {
        let status = server_return(py, error);
        let text = format!("{prefix}: SERVER_RETURN ends the response with status {status}");
        report::log_summary(py, owner, "MPY0412", &text);
        return Outcome::Failed { status, page: None };
    }
    let chunks = report::log_uncaught(py, owner, &place, &prefix, error);
    let debug = settings.is_some_and(|settings| settings.debug.is_on()) && named.callback == Callback::OutputFilter;
    let page = debug.then(|| report::page(&place, &chunks).into_bytes());
    Outcome::Failed { status: report::status(py, error), page }
}

/// The status of a SERVER_RETURN, its first or second value; 500 where it carries none that is an error.
fn server_return(py: Python<'_>, error: &PyErr) -> i32 {
    let is_error = |status: &i32| (400..600).contains(status);
    let values = handlers::server_return_values(py, error);
    let statuses = values.map(|values| values.iter().take(2).map(|value| value.extract::<i32>()).collect::<Vec<_>>());
    let found = statuses.unwrap_or_default().into_iter().flatten().find(is_error);
    found.unwrap_or(sys::HTTP_INTERNAL_SERVER_ERROR)
}
