//! One phase inside an image: the loop over the list, and what each outcome means.

use std::ffi::c_int;

use pyo3::exceptions::{PyAssertionError, PyOverflowError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyInt, PyTuple};

use super::child::core;
use super::report::{self, Place};
use super::resolve::{self, Lookup};
use crate::abi::PhaseCall;
use crate::httpd::config::Settings;
use crate::httpd::handler_list::HandlerEntry;
use crate::httpd::log::{Level, Owner};
use crate::httpd::pool::bytes;
use crate::httpd::request_state::{ListEntry, RequestState};
use crate::httpd::view::Record;
use crate::httpd::{running, sys};
use crate::image::state;
use crate::phase::{Chain, Phase, Role};
use crate::py::errors::SERVER_RETURN;
use crate::py::live::{Active, RawIo};
use crate::py::{attributes, request};

/// Runs the handlers of a phase and leaves the result in the call.
pub fn run(py: Python<'_>, call: &mut PhaseCall<'_>) {
    let record = call.request;
    // SAFETY: the host passes a live request whose record it made; this thread runs its phase until run returns.
    let (view, _active) = unsafe {
        let active = Active::with_raw_io((*record).connection, record, raw_io(call.phase));
        (sys::request_rec::view(record), active)
    };
    let object = match request::object(py, view) {
        Ok(object) => object,
        Err(error) => {
            report::log_lines(py, Owner::Request(view), Level::ERR, "MPY0403: request object: ", &error);
            return;
        }
    };
    attributes::import(py, &object, view);
    // SAFETY: as above.
    let outer = unsafe { begin(call) };
    while let Some(entry) = current(record) {
        match one(py, call, &object, entry) {
            Next::Stop(result) => {
                call.result = result;
                break;
            }
            Next::Go(result) => {
                call.result = result;
                advance(record);
            }
            Next::Skip => {
                if call.result == sys::HTTP_INTERNAL_SERVER_ERROR {
                    call.result = sys::DECLINED;
                }
                advance(record);
            }
        }
    }
    request::handler_ended(py, object.get());
    with_state(record, |state| state.phase = outer);
    request::drop_if_private(&object);
}

/// The record of the request for a moment; never held across Python code.
fn with_state<R>(record: *mut sys::request_rec, look: impl FnOnce(&mut RequestState) -> R) -> Option<R> {
    // SAFETY: the request is live while its phase runs, and the borrow ends with `look`.
    unsafe { RequestState::of(record) }.map(look)
}

/// Lays the phase's list into the request's record; returns the phase that was running.
///
/// # Safety
/// The call's request is live.
unsafe fn begin(call: &PhaseCall<'_>) -> Option<Phase> {
    with_state(call.request, |state| {
        let mut list = std::mem::take(&mut state.hlist.entries);
        list.clear();
        for entries in call.configured.into_iter().chain(state.added(call.phase)) {
            list.extend(entries.iter().map(|entry| {
                // SAFETY: the caller guarantees the request.
                ListEntry { entry, directory: unsafe { entry.directory(call.request) } }
            }));
        }
        state.hlist.entries = list;
        state.hlist.at = 0;
        state.phase.replace(call.phase)
    })
    .flatten()
}

fn current(record: *mut sys::request_rec) -> Option<ListEntry> {
    with_state(record, |state| state.hlist.current()).flatten()
}

fn advance(record: *mut sys::request_rec) {
    with_state(record, |state| state.hlist.advance());
}

/// What happens after one handler.
enum Next {
    Stop(c_int),
    Go(c_int),
    Skip,
}

fn one(py: Python<'_>, call: &PhaseCall<'_>, object: &Bound<'_, request::Request>, item: ListEntry) -> Next {
    // SAFETY: entry and directory live in the configuration's or the request's pool.
    let (entry, directory) = unsafe { (&*item.entry, item.directory.as_ref().map(|text| bytes(text))) };
    #[cfg(feature = "test-panic")]
    assert!(entry.text() != b"mod_python-panic", "asked for by a test");
    let directory = directory.filter(|_| !entry.is_location());
    let lookup = Lookup::new(Role::Phase(call.phase), entry.text(), directory, call.settings, entry.silent);
    let outcome = match resolve::callable(py, &lookup, object.as_any()) {
        Ok(None) => return Next::Skip,
        Ok(Some(function)) => self::call(&function, object.as_any(), call.settings),
        Err(error) => Err(error),
    };
    let outcome = outcome.or_else(|error| server_return(py, object, error));
    match outcome.and_then(|value| status(&value, entry.text())) {
        Ok(result) if goes_on(call.phase.info().chain, result) => Next::Go(result),
        Ok(result) => {
            if call.phase == Phase::InsertFilter {
                no_meaning(py, call, entry, result);
            }
            Next::Stop(result)
        }
        Err(error) => {
            let debug = call.settings.is_some_and(|settings| settings.debug.is_on())
                && !matches!(call.phase, Phase::InsertFilter | Phase::Log | Phase::Cleanup);
            let interpreter = state::name();
            let handler = String::from_utf8_lossy(entry.text());
            let place = Place { phase: call.phase.name(), handler: &handler, interpreter: &interpreter };
            // SAFETY: the host passes a live request; its phase is running.
            let request = unsafe { sys::request_rec::view(call.request) };
            Next::Stop(report::uncaught(py, object, request, &place, &error, debug))
        }
    }
}

/// Calls a handler, under pdb where PythonEnablePdb says so and there is a terminal to talk to.
///
/// # Errors
/// What the handler raises.
pub fn call<'py>(
    function: &Bound<'py, PyAny>,
    argument: &Bound<'py, PyAny>,
    settings: Option<&Settings>,
) -> PyResult<Bound<'py, PyAny>> {
    if settings.is_some_and(|settings| settings.enable_pdb.is_on()) && one_process() {
        return core(function.py())?.call_method1("pdb_call", (function, argument));
    }
    function.call1((argument,))
}

/// The connection itself may be used until the response ends: then it belongs to the next request.
fn raw_io(phase: Phase) -> RawIo {
    if matches!(phase, Phase::Log | Phase::Cleanup) { RawIo::Forbidden } else { RawIo::Allowed }
}

/// httpd takes no result from this phase.
fn no_meaning(py: Python<'_>, call: &PhaseCall<'_>, entry: &HandlerEntry, result: c_int) {
    let (phase, handler) = (call.phase.name(), String::from_utf8_lossy(entry.text()));
    let text = format!("{phase} {handler}: the result {result} has no meaning here, the request goes on");
    // SAFETY: the host passes a live request; its phase is running.
    let owner = Owner::Request(unsafe { sys::request_rec::view(call.request) });
    report::log_summary(py, owner, "MPY0404", &text);
}

/// httpd was started with -X, which defines DEBUG, or with -D ONE_PROCESS.
fn one_process() -> bool {
    [c"DEBUG", c"ONE_PROCESS"].into_iter().any(running::is_defined)
}

/// Whether the next handler of the list runs.
pub fn goes_on(chain: Chain, result: c_int) -> bool {
    match chain {
        Chain::OkAndDeclined => result == sys::OK || result == sys::DECLINED,
        Chain::Declined => result == sys::DECLINED,
        Chain::Ok => result == sys::OK,
        Chain::Never => false,
    }
}

/// The value a SERVER_RETURN carries; any other exception passes through.
pub fn server_return<'py>(
    py: Python<'py>,
    object: &Bound<'py, request::Request>,
    error: PyErr,
) -> PyResult<Bound<'py, PyAny>> {
    if !error.is_instance_of::<SERVER_RETURN>(py) {
        return Err(error);
    }
    let args = server_return_values(py, &error)?;
    if args.len() > 1 {
        let status = args.get_item(1)?;
        if status.is_truthy()? {
            object.setattr("status", status)?;
        }
    }
    args.get_item(0)
}

/// What a SERVER_RETURN was made with; two values in one tuple count as two.
pub fn server_return_values<'py>(py: Python<'py>, error: &PyErr) -> PyResult<Bound<'py, PyTuple>> {
    let args = error.value(py).getattr("args")?.cast_into::<PyTuple>()?;
    if args.len() == 1
        && let Ok(pair) = args.get_item(0)?.cast_into::<PyTuple>()
        && pair.len() == 2
    {
        return Ok(pair);
    }
    Ok(args)
}

/// A handler's result: an exact int that fits C's int.
///
/// # Errors
/// AssertionError for anything else, OverflowError.
pub fn status(value: &Bound<'_, PyAny>, handler: &[u8]) -> PyResult<c_int> {
    if value.is_exact_instance_of::<PyInt>() {
        return value.extract::<c_int>().map_err(|_| {
            let handler = String::from_utf8_lossy(handler);
            PyOverflowError::new_err(format!("handler '{handler}' returned an integer that is no status"))
        });
    }
    let found = value.get_type().name()?.to_string();
    let handler = String::from_utf8_lossy(handler);
    Err(PyAssertionError::new_err(format!(
        "handler '{handler}' returned, or raised SERVER_RETURN with, a non-integer: found {found}, expected int"
    )))
}
