//! The image's side: find the function, call it, make its answer plain while the GIL is held.

use std::ffi::c_long;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple, PyType};

use crate::abi::{Answer, CallbackCall};
use crate::dispatch::child::core;
use crate::dispatch::report::{self, Place};
use crate::dispatch::resolve::{self, Lookup};
use crate::httpd::log::Owner;
use crate::httpd::request::Request;
use crate::httpd::sys;
use crate::httpd::view::Record;
use crate::image::state;
use crate::phase::Role;
use crate::py::live::Active;
use crate::py::{attributes, request, text};

/// Calls the function and leaves its answer in the call.
pub fn run(py: Python<'_>, call: &mut CallbackCall<'_>) {
    let record = call.request;
    // SAFETY: the host passes a live request whose record it made; this thread serves it until run returns.
    let (view, _active) = unsafe { (sys::request_rec::view(record), Active::new((*record).connection, record)) };
    #[cfg(feature = "test-panic")]
    assert!(call.text != b"mod_python-panic", "asked for by a test");
    call.answer = ask(py, call, view).unwrap_or_else(|error| {
        let (handler, interpreter) = (String::from_utf8_lossy(call.text), state::name());
        let place = Place { phase: call.callback.name(), handler: &handler, interpreter: &interpreter };
        report::callback_failed(py, Owner::Request(view), &place, &error);
        Answer::Failed
    });
}

fn ask(py: Python<'_>, call: &CallbackCall<'_>, view: Request<'_>) -> PyResult<Answer> {
    let object = request::object(py, view)?;
    attributes::import(py, &object, view);
    let answer = called(py, call, &object);
    // While a handler of the request is running, what it has written stays with it.
    if !view.nothing_collected() && view.running_phase().is_none() {
        request::handler_ended(py, object.get());
    }
    request::drop_if_private(&object);
    answer
}

fn called(py: Python<'_>, call: &CallbackCall<'_>, object: &Bound<'_, request::Request>) -> PyResult<Answer> {
    let lookup = Lookup::new(Role::Callback(call.callback), call.text, call.directory, call.settings, false);
    // A function that is not silent is there, or the look-up raises.
    let Some(mut function) = resolve::callable(py, &lookup, object.as_any())? else { return Ok(Answer::Missing) };
    if let Some(method) = call.method {
        match method_of(py, &function, method, object)? {
            Some(found) => function = found,
            None => return Ok(Answer::Missing),
        }
    }
    let plain = if call.list { list } else { plain };
    if call.arguments.is_empty() {
        return plain(&function.call1((object,))?);
    }
    let mut arguments = Vec::with_capacity(call.arguments.len() + 1);
    arguments.push(object.as_any().clone());
    for argument in call.arguments {
        arguments.push(text::decode(py, argument)?.into_any());
    }
    plain(&function.call1(PyTuple::new(py, arguments)?)?)
}

/// A method of an object; of a class as for a dotted handler name, whose instance gets the request.
fn method_of<'py>(
    py: Python<'py>,
    owner: &Bound<'py, PyAny>,
    method: &str,
    object: &Bound<'py, request::Request>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if !owner.is_instance_of::<PyType>() {
        return owner.getattr_opt(method);
    }
    let found = core(py)?.call_method1("method_of", (owner, method, object))?;
    Ok(Some(found).filter(|found| !found.is_none()))
}

/// What crosses the border of an answer: None, int and bool, str as UTF-8 (escaped bytes mapped back), bytes.
fn plain(value: &Bound<'_, PyAny>) -> PyResult<Answer> {
    if value.is_none() {
        return Ok(Answer::None);
    }
    if value.is_instance_of::<PyInt>() {
        return value.extract::<c_long>().map(Answer::Int);
    }
    match bytes(value)? {
        Some(bytes) => Ok(Answer::Text(bytes)),
        None => Err(unexpected(value, "int, str, bytes or None")),
    }
}

/// The same for a list of texts; None is an empty one.
fn list(value: &Bound<'_, PyAny>) -> PyResult<Answer> {
    if value.is_none() {
        return Ok(Answer::Texts(Vec::new()));
    }
    // A str is iterable too, and never meant here.
    let is_list = value.is_instance_of::<PyList>()
        || value.is_instance_of::<PyTuple>()
        || value.is_instance_of::<PySet>()
        || value.is_instance_of::<PyFrozenSet>();
    if !is_list {
        return Err(unexpected(value, "a list, tuple or set of str, or None"));
    }
    let texts = value.try_iter()?.map(|item| {
        let item = item?;
        bytes(&item)?.ok_or_else(|| unexpected(&item, "only str in the list"))
    });
    texts.collect::<PyResult<Vec<_>>>().map(Answer::Texts)
}

/// A str or bytes; None for other types.
fn bytes(value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u8>>> {
    let bytes = if let Ok(text) = value.cast::<PyString>() {
        text::encode_utf8(text)?
    } else if let Ok(bytes) = value.cast::<PyBytes>() {
        bytes.as_bytes().to_vec()
    } else {
        return Ok(None);
    };
    if memchr::memchr(0, &bytes).is_some() {
        return Err(PyValueError::new_err("the function returned a text with a null byte"));
    }
    Ok(Some(bytes))
}

fn unexpected(value: &Bound<'_, PyAny>, expected: &str) -> PyErr {
    match value.get_type().name() {
        Ok(found) => PyTypeError::new_err(format!("the function returned {found}, expected {expected}")),
        Err(error) => error,
    }
}
