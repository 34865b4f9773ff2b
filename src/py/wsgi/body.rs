//! The result of a WSGI application on its way into httpd.

use std::borrow::Cow;

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyList, PyString, PyTuple};

use super::response::Response;
use crate::httpd::send_file::SendError;
use crate::py::capi;
use crate::py::detach::without_gil;

/// The bytes of an item: bytes, or str as ISO-8859-1, which older applications give.
///
/// # Errors
/// TypeError for other types and characters.
pub(super) fn bytes<'a>(item: &'a Bound<'_, PyAny>) -> PyResult<Cow<'a, [u8]>> {
    if let Ok(bytes) = item.cast::<PyBytes>() {
        return Ok(Cow::Borrowed(bytes.as_bytes()));
    }
    let refused = |found: &str| PyTypeError::new_err(format!("a WSGI application must give bytes, not {found}"));
    let Ok(text) = item.cast::<PyString>() else { return Err(refused(&item.get_type().name()?.to_string_lossy())) };
    match text.to_str() {
        Ok(ascii) if ascii.is_ascii() => Ok(Cow::Borrowed(ascii.as_bytes())),
        _ => match capi::encode_latin1(text) {
            Ok(bytes) => Ok(Cow::Owned(bytes.as_bytes().to_vec())),
            Err(_) => Err(refused("str with characters beyond ISO-8859-1")),
        },
    }
}

impl Response {
    /// What is there at once: nothing has to be flushed, and its length is known.
    fn send_all(&self, py: Python<'_>, items: &[Bound<'_, PyAny>]) -> PyResult<()> {
        let mut total = 0;
        for item in items {
            total += bytes(item)?.len();
        }
        let short = {
            let mut guard = self.progress();
            let progress = &mut *guard;
            match (progress.declared, &mut progress.head) {
                // An empty answer to HEAD says nothing about GET's.
                (None, Some(head)) if !(head.has_no_body() || progress.no_body && total == 0) => {
                    head.headers.push((b"Content-Length".to_vec(), total.to_string().into_bytes()));
                    None
                }
                (Some(declared), Some(_)) => Some(declared).filter(|d| !progress.no_body && (total as u64) < *d),
                _ => None,
            }
        };
        if let Some(declared) = short {
            let text = format!("Content-Length is {declared}, but the body has {total} bytes");
            return Err(PyRuntimeError::new_err(text));
        }
        // httpd would take the length of what is sent for GET's.
        let items = if self.progress().no_body { &[] } else { items };
        for item in items {
            if !self.emit(py, &bytes(item)?, false)? {
                self.too_much(py);
                break;
            }
        }
        self.finish(py)
    }

    /// What comes bit by bit: each goes out before the next one is asked for. Of an answer to HEAD the first is enough.
    fn send_each(&self, py: Python<'_>, result: &Bound<'_, PyAny>) -> PyResult<()> {
        for item in result.try_iter()? {
            let item = item?;
            let data = bytes(&item)?;
            if !self.emit(py, &data, true)? {
                self.too_much(py);
                break;
            }
            if !data.is_empty() && self.progress().no_body {
                break;
            }
        }
        self.finish(py)
    }
}

#[pymethods]
impl Response {
    /// send(result): sends what the application has returned, and ends the response.
    ///
    /// AssertionError where start_response was not called, TypeError for what is no iterable of bytes, RuntimeError for a
    /// list that is shorter than Content-Length, OSError where the client is gone; what the iterable raises.
    #[pyo3(signature = (result, /))]
    pub(super) fn send(&self, py: Python<'_>, result: &Bound<'_, PyAny>) -> PyResult<()> {
        if let Ok(list) = result.cast_exact::<PyList>() {
            return match list.len() {
                1 => self.send_all(py, &[list.get_item(0)?]),
                _ => self.send_all(py, &list.iter().collect::<Vec<_>>()),
            };
        }
        if let Ok(tuple) = result.cast_exact::<PyTuple>() {
            return self.send_all(py, &tuple.iter().collect::<Vec<_>>());
        }
        self.send_each(py, result)
    }

    /// send_file(descriptor, offset, length): sends a part of an open regular file, and ends the response.
    ///
    /// False, with nothing sent, where httpd cannot open it again. Raises what send raises.
    #[pyo3(signature = (descriptor, offset, length, /))]
    fn send_file(&self, py: Python<'_>, descriptor: i32, offset: u64, length: u64) -> PyResult<bool> {
        let length = {
            let mut guard = self.progress();
            let progress = &mut *guard;
            if let (None, Some(head)) = (progress.declared, &mut progress.head)
                && !head.has_no_body()
            {
                head.headers.push((b"Content-Length".to_vec(), length.to_string().into_bytes()));
                progress.declared = Some(length);
            }
            let room = progress.declared.map_or(length, |declared| declared.saturating_sub(progress.sent));
            // A part of a file is sent so: the position is its start, Content-Length its size.
            length.min(room)
        };
        self.begin()?;
        // The descriptor may be shared with other requests, and its position with it: httpd gets one of its own.
        let path = format!("/proc/self/fd/{descriptor}");
        let sent = self.request.get().live.view(|request| {
            without_gil(py, (request, path), |(request, path)| request.send_file(path.as_bytes(), offset, Some(length)))
        })?;
        match sent {
            Ok(count) => self.progress().sent += count as u64,
            Err(SendError::Client) => {
                self.progress().gone = true;
                return Err(SendError::Client.into());
            }
            Err(SendError::Stat | SendError::Open) => return Ok(false),
        }
        self.finish(py)?;
        Ok(true)
    }
}
