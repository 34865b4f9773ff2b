//! Attributes that user code sets on a request travel between the interpreters that serve it, as far as their values
//! are plain: None, bool, int, float, str, bytes. Everything else stays where it was made.

use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBool, PyBytes, PyDict, PyFloat, PyInt, PyNone, PyString};

use super::capi::{self, own_attributes};
use super::request::Request;
use super::text;
use crate::httpd::request;
use crate::httpd::request_state::PlainValue;

/// Copies the plain attributes of this interpreter's object into the request's record.
pub fn export(py: Python<'_>, request: request::Request<'_>) {
    let Some(object) = capi::kept_object(py, request) else { return };
    let Ok(attributes) = own_attributes(&object) else { return };
    let plain = attributes
        .iter()
        .filter_map(|(name, value)| Some((text::encode_utf8(name.cast::<PyString>().ok()?).ok()?, plain(&value)?)))
        .collect();
    request.leave_attributes(plain);
}

/// Sets what another interpreter exported on this interpreter's object.
pub fn import(py: Python<'_>, object: &Bound<'_, Request>, request: request::Request<'_>) {
    if request.has_attributes() {
        import_all(py, object, request.take_attributes());
    }
}

/// As [`import`], for an object that is there already.
pub fn import_into_kept(py: Python<'_>, request: request::Request<'_>) {
    if let Some(object) = capi::kept_object(py, request) {
        import(py, &object, request);
    }
}

fn import_all(py: Python<'_>, object: &Bound<'_, Request>, attributes: Vec<(Vec<u8>, PlainValue)>) {
    // Asking for the dictionary makes it: not before there is something to put in.
    let Ok(own) = own_attributes(object) else { return };
    for (name, value) in attributes {
        if let Ok(name) = text::decode(py, &name) {
            // A value that cannot be made again (no memory) is left out.
            let _ = set(py, &own, &name, &value);
        }
    }
}

fn plain(value: &Bound<'_, PyAny>) -> Option<PlainValue> {
    if value.is_none() {
        Some(PlainValue::None)
    } else if value.is_exact_instance_of::<PyBool>() {
        value.is_truthy().ok().map(PlainValue::Bool)
    } else if value.is_exact_instance_of::<PyInt>() {
        value.extract().ok().map(PlainValue::Int)
    } else if value.is_exact_instance_of::<PyFloat>() {
        value.extract().ok().map(PlainValue::Float)
    } else if value.is_exact_instance_of::<PyString>() {
        text::encode_utf8(value.cast().ok()?).ok().map(PlainValue::Str)
    } else if value.is_exact_instance_of::<PyBytes>() {
        value.cast::<PyBytes>().ok().map(|bytes| PlainValue::Bytes(bytes.as_bytes().to_vec()))
    } else {
        None
    }
}

fn set(py: Python<'_>, own: &Bound<'_, PyDict>, name: &Bound<'_, PyString>, value: &PlainValue) -> PyResult<()> {
    match value {
        PlainValue::None => own.set_item(name, PyNone::get(py)),
        PlainValue::Bool(value) => own.set_item(name, *value),
        PlainValue::Int(value) => own.set_item(name, *value),
        PlainValue::Float(value) => own.set_item(name, *value),
        PlainValue::Str(value) => own.set_item(name, text::decode(py, value)?),
        PlainValue::Bytes(value) => own.set_item(name, PyBytes::new(py, value)),
    }
}
