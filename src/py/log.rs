//! What `mod_python.logging` writes with. Only Python code calls these.

use std::borrow::Cow;
use std::ffi::{CStr, CString};

use pyo3::prelude::*;
use pyo3::types::{PyModule, PyString};

use super::detach::without_gil;
use super::live::with_log;
use crate::httpd::log::{Level, Place};
use crate::httpd::sys;
use crate::parse::lines;

/// Adds the functions to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_is_logged, module)?)?;
    module.add_function(wrap_pyfunction!(_log, module)?)
}

/// A str as bytes for the log: UTF-8, lone surrogates as they are written in Python.
///
/// # Errors
/// MemoryError.
pub fn bytes<'a>(text: &'a Bound<'_, PyString>) -> PyResult<Cow<'a, [u8]>> {
    match text.to_str() {
        Ok(text) => Ok(Cow::Borrowed(text.as_bytes())),
        Err(_) => {
            let encoded = text.call_method1("encode", ("utf-8", "backslashreplace"))?;
            Ok(Cow::Owned(encoded.extract::<Vec<u8>>()?))
        }
    }
}

/// A line for C: a NUL, which would end it, becomes `\0`.
pub fn c_line(line: Vec<u8>) -> CString {
    CString::new(line).unwrap_or_else(|error| {
        let line = error.into_vec();
        let parts: Vec<_> = line.split(|&byte| byte == 0).collect();
        CString::new(parts.join(&br"\0"[..])).unwrap_or_default()
    })
}

fn level(level: i32) -> Level {
    Level(level & sys::APLOG_LEVELMASK)
}

/// _is_logged(level): whether a line of this level, APLOG_*, is written where `_log` writes now.
#[pyfunction]
fn _is_logged(level: i32) -> bool {
    with_log(|owner| owner.wants(self::level(level)))
}

/// _log(level, message, file=None, line=0): writes each line of the message with this source position to the error log of
/// the request this thread is serving, else of its connection, else of the main server.
#[pyfunction]
#[pyo3(signature = (level, message, file = None, line = 0))]
fn _log(
    py: Python<'_>,
    level: i32,
    message: &Bound<'_, PyString>,
    file: Option<&Bound<'_, PyString>>,
    line: i32,
) -> PyResult<()> {
    let (level, message) = (self::level(level), bytes(message)?);
    let file = file.map(bytes).transpose()?.map(|file| c_line(file.into_owned()));
    with_log(|owner| {
        without_gil(py, (owner, &*message, file.as_deref()), |(owner, message, file): (_, _, Option<&CStr>)| {
            let place = file.map(|file| Place { file, line });
            lines::for_each_line(message, |text| owner.log_from(level, place, &c_line(text.to_vec())));
        });
    });
    Ok(())
}
