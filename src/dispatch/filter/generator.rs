//! A filter's generator inside an image: it is driven until it has ended, waits for data or has brought some.

use pyo3::exceptions::PyGeneratorExit;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyIterator};

use super::image::{Named, failed};
use crate::abi::GeneratorCall;
use crate::httpd::filter::Outcome;
use crate::phase::Callback;
use crate::py::capi;
use crate::py::errors::ExpiredError;
use crate::py::filter::Filter;
use crate::py::live::Active;

/// Goes on with the generator, or closes it.
pub fn run(py: Python<'_>, call: &mut GeneratorCall<'_>) {
    // SAFETY: the request is live until the call returns, in the thread that serves it or in a relay that has its turn.
    let _active = unsafe { Active::new((*call.request).connection, call.request) };
    // SAFETY: the filter's record owns both references, of this interpreter.
    let (iterator, object) = unsafe {
        (
            Bound::<PyAny>::from_borrowed_ptr(py, call.generator.iterator.cast()),
            Bound::<PyAny>::from_borrowed_ptr(py, call.generator.object.cast()),
        )
    };
    let result = object.cast_into::<Filter>().map_err(PyErr::from).and_then(|filter| {
        let result = match call.pass {
            Some(pass) => {
                filter.get().begin(pass, call.relay);
                drive(&iterator, &filter, call.relay.is_none() && call.callback == Callback::InputFilter)
            }
            None => iterator.call_method0("close").map(|_| true),
        };
        filter.get().expire();
        result
    });
    let closing = call.pass.is_none() || call.relay.is_some_and(|relay| relay.pass().is_none());
    call.done = !matches!(result, Ok(false));
    call.outcome = match result {
        Ok(_) => Outcome::Finished,
        // The request has ended: whatever it says of its filter being closed is of no interest.
        Err(error)
            if closing && (error.is_instance_of::<PyGeneratorExit>(py) || error.is_instance_of::<ExpiredError>(py)) =>
        {
            Outcome::Finished
        }
        Err(error) => {
            let named = Named { name: call.name, handler: call.handler, callback: call.callback };
            failed(py, &named, call.settings, call.request, &error)
        }
    };
    if call.done {
        // SAFETY: the owned references of the filter's record, which forgets them.
        unsafe {
            drop(Bound::<PyAny>::from_owned_ptr(py, call.generator.iterator.cast()));
            drop(Bound::<PyAny>::from_owned_ptr(py, call.generator.object.cast()));
        }
    }
}

/// Writes what the generator yields. True: it has ended, and so has the stream; false: it has brought `one` piece.
fn drive(iterator: &Bound<'_, PyAny>, filter: &Bound<'_, Filter>, one: bool) -> PyResult<bool> {
    let py = iterator.py();
    for value in iterator.cast::<PyIterator>()? {
        let value = value?;
        if !value.is_none() {
            filter.get().write(py, &value)?;
            if one && value.is_truthy()? {
                return Ok(false);
            }
        }
    }
    filter.get().close(py)?;
    Ok(true)
}

/// What a function's result means.
///
/// # Errors
/// TypeError for what `async` functions give.
pub fn generator<'py>(result: Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    if capi::is_coroutine(&result) {
        result.call_method0("close")?;
        let text = "a filter must be a function or a generator function, not an async function";
        return Err(pyo3::exceptions::PyTypeError::new_err(text));
    }
    Ok(Some(result).filter(capi::is_generator))
}
