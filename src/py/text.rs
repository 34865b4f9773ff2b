//! Text between C and Python: out as UTF-8 with surrogateescape, which never fails and loses nothing; in as ISO-8859-1
//! with the escaped bytes mapped back.

use std::borrow::Cow;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyString};

use super::capi::encode_latin1;
pub use super::capi::{decode, decode_latin1};

/// Bytes as str, None as None.
///
/// # Errors
/// MemoryError.
#[inline]
pub fn optional<'py>(py: Python<'py>, bytes: Option<&[u8]>) -> PyResult<Option<Bound<'py, PyString>>> {
    bytes.map(|bytes| decode(py, bytes)).transpose()
}

/// Bytes as str, one character each; None as None.
///
/// # Errors
/// MemoryError.
#[inline]
pub fn optional_latin1<'py>(py: Python<'py>, bytes: Option<&[u8]>) -> PyResult<Option<Bound<'py, PyString>>> {
    bytes.map(|bytes| decode_latin1(py, bytes)).transpose()
}

/// Text on its way into the server: str as ISO-8859-1 (escaped bytes mapped back), bytes as they are.
///
/// # Errors
/// TypeError for other types and characters above U+00FF, ValueError for NUL.
#[inline]
pub fn encode<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<Cow<'a, [u8]>> {
    match utf8(value) {
        Some(bytes) if is_plain::<false>(bytes) => Ok(Cow::Borrowed(bytes)),
        _ => encode_checked(value, false),
    }
}

/// A header's name or value: as [`encode`], and no CR or LF, which would end the header.
///
/// # Errors
/// As [`encode`], and ValueError for CR and LF.
#[inline]
pub fn encode_header<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<Cow<'a, [u8]>> {
    match utf8(value) {
        Some(bytes) if is_plain::<true>(bytes) => Ok(Cow::Borrowed(bytes)),
        _ => encode_checked(value, true),
    }
}

/// The UTF-8 form of a str, which the str keeps; None for other types and for lone surrogates.
#[inline]
fn utf8<'a>(value: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
    value.cast::<PyString>().ok()?.to_str().ok().map(str::as_bytes)
}

/// Whether all bytes are ASCII and none of them is NUL, nor CR or LF in a header: one pass without a branch inside.
#[inline]
fn is_plain<const HEADER: bool>(bytes: &[u8]) -> bool {
    !bytes
        .iter()
        .fold(false, |odd, &byte| odd | (byte.wrapping_sub(1) >= 0x7f) | (HEADER & ((byte == b'\r') | (byte == b'\n'))))
}

/// What is not plain ASCII.
#[cold]
fn encode_checked<'a>(value: &'a Bound<'_, PyAny>, header: bool) -> PyResult<Cow<'a, [u8]>> {
    let bytes = if let Ok(text) = value.cast::<PyString>() {
        Cow::Owned(latin1(text)?)
    } else if let Ok(bytes) = value.cast::<PyBytes>() {
        Cow::Borrowed(bytes.as_bytes())
    } else {
        return Err(PyTypeError::new_err("not an ISO-8859-1 string"));
    };
    if memchr::memchr(0, &bytes).is_some() {
        return Err(PyValueError::new_err("embedded null byte"));
    }
    if header && memchr::memchr2(b'\r', b'\n', &bytes).is_some() {
        return Err(PyValueError::new_err("a header name or value must not contain CR or LF"));
    }
    Ok(bytes)
}

/// A str as UTF-8, lone surrogates as the bytes they stand for: what [`decode`] made comes back as it was.
///
/// # Errors
/// UnicodeEncodeError for surrogates that stand for no byte.
pub fn encode_utf8(text: &Bound<'_, PyString>) -> PyResult<Vec<u8>> {
    if let Ok(plain) = text.to_str() {
        return Ok(plain.as_bytes().to_vec());
    }
    let encoded = text.call_method1("encode", ("utf-8", "surrogateescape"))?;
    Ok(encoded.cast_into::<PyBytes>()?.as_bytes().to_vec())
}

fn latin1(text: &Bound<'_, PyString>) -> PyResult<Vec<u8>> {
    match encode_latin1(text) {
        Ok(bytes) => Ok(bytes.as_bytes().to_vec()),
        Err(_) => Err(PyTypeError::new_err("not an ISO-8859-1 string")),
    }
}

/// A plain string argument (a name, path, URI, message): UTF-8.
///
/// # Errors
/// ValueError for NUL, UnicodeEncodeError for lone surrogates.
pub fn argument<'a>(value: &'a Bound<'_, PyString>) -> PyResult<&'a [u8]> {
    let bytes = value.to_str()?.as_bytes();
    if memchr::memchr(0, bytes).is_some() {
        return Err(PyValueError::new_err("embedded null character"));
    }
    Ok(bytes)
}

/// The bytes of what the `write` methods accept: bytes, or str as UTF-8.
///
/// # Errors
/// TypeError for other types, UnicodeEncodeError for lone surrogates.
pub fn data<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<&'a [u8]> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        Ok(bytes.as_bytes())
    } else if let Ok(text) = value.cast::<PyString>() {
        Ok(text.to_str()?.as_bytes())
    } else {
        Err(PyTypeError::new_err(format!("write() takes str or bytes, not {}", value.get_type().name()?)))
    }
}
