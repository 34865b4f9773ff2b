//! `wsgi_start_response`: the response's head as PEP 3333 gives it. Only Python code calls this.

use pyo3::exceptions::{PyAssertionError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyList, PyString, PyTuple};

use super::Request;
use crate::py::text;

/// Names and values, encoded.
type Headers = Vec<(Vec<u8>, Vec<u8>)>;

/// The number at the start of a status line.
fn status_number(line: &[u8]) -> Option<i32> {
    let digits = line.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(line.len());
    let number = std::str::from_utf8(&line[..digits]).ok()?.parse().ok()?;
    (100..=599).contains(&number).then_some(number)
}

fn header_text(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if !value.is_instance_of::<PyString>() && !value.is_instance_of::<PyBytes>() {
        let found = value.get_type().name()?;
        return Err(PyTypeError::new_err(format!("header names and values must be str or bytes, not {found}")));
    }
    Ok(text::encode_header(value)?.into_owned())
}

fn headers(value: &Bound<'_, PyAny>) -> PyResult<Headers> {
    let Ok(list) = value.cast::<PyList>() else {
        return Err(PyTypeError::new_err(format!("headers must be a list, not {}", value.get_type().name()?)));
    };
    list.iter()
        .map(|item| match item.cast_exact::<PyTuple>() {
            Ok(pair) if pair.len() == 2 => Ok((header_text(&pair.get_item(0)?)?, header_text(&pair.get_item(1)?)?)),
            _ => Err(PyTypeError::new_err("each header must be a tuple of two, a name and a value")),
        })
        .collect()
}

/// The exception of a `sys.exc_info()` tuple, with its traceback.
fn exception(exc_info: &Bound<'_, PyAny>) -> PyResult<PyErr> {
    match exc_info.cast::<PyTuple>() {
        Ok(info) if info.len() == 3 => {
            let value = info.get_item(1)?;
            value.setattr(intern!(value.py(), "__traceback__"), info.get_item(2)?)?;
            Ok(PyErr::from_value(value))
        }
        _ => Err(PyTypeError::new_err("exc_info must be a tuple of three, as sys.exc_info() gives it")),
    }
}

#[pymethods]
impl Request {
    /// wsgi_start_response(status, headers[, exc_info]): sets status and headers, returns write.
    ///
    /// status is a str as in '200 OK', headers a list of pairs. A second call needs exc_info and replaces the first;
    /// once the headers were sent, it raises the exception of exc_info instead. ValueError for a bad status or a line
    /// break in a text, TypeError for wrong types, AssertionError for a second call without exc_info.
    #[pyo3(signature = (status, headers, exc_info = None))]
    fn wsgi_start_response<'py>(
        slf: &Bound<'py, Self>,
        status: &Bound<'py, PyString>,
        headers: &Bound<'py, PyAny>,
        exc_info: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let live = &slf.get().live;
        let line = text::encode_header(status.as_any())?;
        let Some(number) = status_number(&line) else {
            return Err(PyValueError::new_err(format!("Invalid status line: {}", status.to_string_lossy())));
        };
        let headers = self::headers(headers)?;
        let (sent, started) = live.view(|request| (request.sent_bodyct() != 0, request.is_started()))?;
        match exc_info {
            Some(exc_info) if sent => return Err(exception(exc_info)?),
            None if started => {
                return Err(PyAssertionError::new_err("a second call of start_response needs exc_info"));
            }
            _ => {}
        }
        live.view(|request| request.start(number, &line, &headers))?;
        slf.as_any().getattr(intern!(slf.py(), "write"))
    }
}
