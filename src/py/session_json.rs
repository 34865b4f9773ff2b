//! The data of a session as JSON, where they are plain. Called by `session_record`; all else is the business of
//! `python/mod_python/_session/packing.py` and `format.py`, and a test compares the two.

use std::io::Write;

use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBool, PyDict, PyFloat, PyInt, PyList, PyString};

use crate::parse::session;

/// How deep values may be nested here.
const DEEPEST: usize = 20;

/// Writes a dict; false where it takes a closer look, with something written.
///
/// Plain are None, bool, str without lone surrogates, int of 64 bits, finite float, and list and dict of these, all of
/// these types themselves, the keys str. None of them runs code.
///
/// # Errors
/// MemoryError.
pub fn write_dict(data: &Bound<'_, PyDict>, into: &mut Vec<u8>, depth: usize) -> PyResult<bool> {
    into.push(b'{');
    let single = data.len() == 1;
    for (at, (key, value)) in data.iter().enumerate() {
        let Ok(key) = key.cast_exact::<PyString>() else { return Ok(false) };
        let Ok(key) = key.to_str() else { return Ok(false) };
        // That is how other types are written.
        if single && key.starts_with('!') {
            return Ok(false);
        }
        if at > 0 {
            into.push(b',');
        }
        session::quote(key, into);
        into.push(b':');
        if !write(&value, into, depth + 1)? {
            return Ok(false);
        }
    }
    into.push(b'}');
    Ok(true)
}

fn write(value: &Bound<'_, PyAny>, into: &mut Vec<u8>, depth: usize) -> PyResult<bool> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        let Ok(text) = text.to_str() else { return Ok(false) };
        session::quote(text, into);
    } else if let Ok(number) = value.cast_exact::<PyInt>() {
        let Ok(number) = number.extract::<i64>() else { return Ok(false) };
        return Ok(write!(into, "{number}").is_ok());
    } else if let Ok(flag) = value.cast_exact::<PyBool>() {
        into.extend_from_slice(if flag.is_true() { b"true" } else { b"false" });
    } else if value.is_none() {
        into.extend_from_slice(b"null");
    } else if depth > DEEPEST {
        return Ok(false);
    } else if let Ok(items) = value.cast_exact::<PyDict>() {
        return write_dict(items, into, depth);
    } else if let Ok(items) = value.cast_exact::<PyList>() {
        into.push(b'[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                into.push(b',');
            }
            if !write(&item, into, depth + 1)? {
                return Ok(false);
            }
        }
        into.push(b']');
    } else if let Ok(number) = value.cast_exact::<PyFloat>()
        && number.value().is_finite()
    {
        into.extend_from_slice(number.repr()?.to_str()?.as_bytes());
    } else {
        return Ok(false);
    }
    Ok(true)
}
