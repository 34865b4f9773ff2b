//! Status and headers in the form in which a WSGI application gives them, checked and encoded.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyList, PyString, PyTuple};

use crate::py::text;

/// Names and values, encoded.
pub type Headers = Vec<(Vec<u8>, Vec<u8>)>;

/// Headers about the connection, which is the server's (RFC 2616, 13.5.1, which PEP 3333 names).
const HOP_BY_HOP: [&[u8]; 8] = [
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"te",
    b"trailers",
    b"transfer-encoding",
    b"upgrade",
];

/// The head of a response.
pub struct Head {
    /// The status.
    pub number: i32,
    /// The whole status line, without the version.
    pub line: Vec<u8>,
    /// The headers in their order.
    pub headers: Headers,
    /// What Content-Length among them says.
    pub content_length: Option<u64>,
}

impl Head {
    /// Reads the arguments of `start_response`.
    ///
    /// # Errors
    /// ValueError for a status that is none, a header that the server has to make, a name that is no token, a length that
    /// is no number and line breaks; TypeError for wrong types.
    pub fn new(status: &Bound<'_, PyString>, headers: &Bound<'_, PyAny>) -> PyResult<Head> {
        let line = text::encode_header(status.as_any())?;
        let Some(number) = status_number(&line) else {
            return Err(PyValueError::new_err(format!("Invalid status line: {}", status.to_string_lossy())));
        };
        let headers = self::headers(headers)?;
        let mut lengths = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"content-length"));
        let content_length = lengths.next().map(|(_, value)| length(value)).transpose()?;
        if lengths.next().is_some() {
            return Err(PyValueError::new_err("more than one Content-Length"));
        }
        Ok(Head { number, line: line.into_owned(), headers, content_length })
    }

    /// The status comes without a body (RFC 9110, 15.3.5 and 15.4.5).
    pub fn has_no_body(&self) -> bool {
        matches!(self.number, 204 | 304)
    }
}

/// The number at the start of a status line: three digits, then a space or nothing.
fn status_number(line: &[u8]) -> Option<i32> {
    let (digits, rest) = line.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) || !(rest.is_empty() || rest[0] == b' ') {
        return None;
    }
    let number = digits.iter().fold(0, |number, digit| number * 10 + i32::from(digit - b'0'));
    (100..=599).contains(&number).then_some(number)
}

fn length(value: &[u8]) -> PyResult<u64> {
    let text = std::str::from_utf8(value).unwrap_or_default();
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|length| digits && *length <= i64::MAX as u64).ok_or_else(|| {
        PyValueError::new_err(format!("Content-Length is no number: '{}'", String::from_utf8_lossy(value)))
    })
}

fn header_text(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if !value.is_instance_of::<PyString>() && !value.is_instance_of::<PyBytes>() {
        let found = value.get_type().name()?;
        return Err(PyTypeError::new_err(format!("header names and values must be str or bytes, not {found}")));
    }
    Ok(text::encode_header(value)?.into_owned())
}

/// The characters of a token (RFC 9110, 5.6.2).
const TOKEN: [bool; 256] = {
    let (mut allowed, mut byte, others) = ([false; 256], 0, b"!#$%&'*+-.^_`|~");
    while byte < 128_u8 {
        allowed[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < others.len() {
        allowed[others[at] as usize] = true;
        at += 1;
    }
    allowed
};

/// A header's name: a token (RFC 9110, 5.6.2), and none that belongs to the connection.
fn header_name(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let name = header_text(value)?;
    let refused = if name.is_empty() || !name.iter().all(|byte| TOKEN[usize::from(*byte)]) {
        "not a header name"
    } else if HOP_BY_HOP.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        "a header about the connection is the server's"
    } else {
        return Ok(name);
    };
    Err(PyValueError::new_err(format!("{refused}: '{}'", String::from_utf8_lossy(&name))))
}

fn headers(value: &Bound<'_, PyAny>) -> PyResult<Headers> {
    let Ok(list) = value.cast::<PyList>() else {
        return Err(PyTypeError::new_err(format!("headers must be a list, not {}", value.get_type().name()?)));
    };
    let mut headers = Vec::with_capacity(list.len());
    for item in list.iter() {
        match item.cast_exact::<PyTuple>() {
            Ok(pair) if pair.len() == 2 => {
                let (name, value) = (pair.get_borrowed_item(0)?, pair.get_borrowed_item(1)?);
                headers.push((header_name(&name)?, header_text(&value)?));
            }
            _ => return Err(PyTypeError::new_err("each header must be a tuple of two, a name and a value")),
        }
    }
    Ok(headers)
}

/// The exception of a `sys.exc_info()` tuple, with its traceback.
///
/// # Errors
/// TypeError where it is none.
pub fn exception(exc_info: &Bound<'_, PyAny>) -> PyResult<PyErr> {
    match exc_info.cast::<PyTuple>() {
        Ok(info) if info.len() == 3 => {
            let value = info.get_item(1)?;
            value.setattr(intern!(value.py(), "__traceback__"), info.get_item(2)?)?;
            Ok(PyErr::from_value(value))
        }
        _ => Err(PyTypeError::new_err("exc_info must be a tuple of three, as sys.exc_info() gives it")),
    }
}
