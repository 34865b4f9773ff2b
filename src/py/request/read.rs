//! Reading the body. The reader itself is `httpd::body`; it is kept with the httpd request, so that every interpreter
//! that serves the request goes on where the one before stopped. The GIL is released whenever the client is waited for.

use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use super::Request;
use crate::httpd::body::Failure;
use crate::httpd::body_source::Body;
use crate::httpd::sys;
use crate::py::bytes::GrowingBytes;
use crate::py::detach::without_gil;
use crate::py::errors::SERVER_RETURN;

/// The space for the first bytes, which show that the client sends at all: what httpd takes from a socket at once.
const FIRST: usize = 8000;

/// A Content-Length up to this size is believed once the first bytes have come ...
const BELIEVED: usize = 1024 * 1024;

/// ... and beyond it as far as so many times what has come.
const TRUST: usize = 16;

/// The body while a call works with it; goes back to the request's record at the end.
pub struct Borrowed(Option<Box<Body>>);

impl Borrowed {
    /// The body.
    ///
    /// # Errors
    /// RuntimeError where another call has it.
    pub fn body(&mut self) -> PyResult<&mut Body> {
        self.0.as_deref_mut().ok_or_else(|| PyRuntimeError::new_err("the request body is being read already"))
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(body) = self.0.take() {
            body.put_back();
        }
    }
}

/// A client that is gone is an OSError; what httpd refuses ends the handler with the status, as if it had returned it.
fn raised(failure: Failure) -> PyErr {
    match failure {
        Failure::Client => PyOSError::new_err(failure.to_string()),
        Failure::Status(status) => SERVER_RETURN::new_err((status,)),
        Failure::Answered(status) => SERVER_RETURN::new_err((sys::DONE, status)),
    }
}

/// Up to `limit` bytes; fewer only at the end. Memory follows what has arrived: see [`FIRST`], [`BELIEVED`], [`TRUST`].
fn block<'py>(py: Python<'py>, body: &mut Body, limit: usize) -> PyResult<Bound<'py, PyBytes>> {
    let at_hand = body.buffered().len();
    if at_hand >= limit || body.at_end() {
        let bytes = PyBytes::new(py, &body.buffered()[..at_hand.min(limit)]);
        body.consume(at_hand.min(limit));
        return Ok(bytes);
    }
    let first = body.announced().unwrap_or(FIRST).min(FIRST.max(at_hand + 1));
    let mut bytes = GrowingBytes::new(py, first.min(limit))?;
    loop {
        bytes
            .fill(limit, |room| without_gil(py, (&mut *body, room), |(body, room)| body.fill(room)))
            .map_err(raised)?;
        // A filter may deliver more than was asked for, with the end.
        if bytes.filled() >= limit || (body.at_end() && body.buffered().is_empty()) {
            return bytes.finish();
        }
        let announced = body.announced();
        // Where all that was announced is here, nothing may be left but the end.
        if announced.is_none() && !without_gil(py, &mut *body, Body::has_more).map_err(raised)? {
            return bytes.finish();
        }
        // Without a Content-Length the space doubles.
        let target = match announced {
            Some(left) => {
                let believed = bytes.filled().saturating_mul(TRUST).max(BELIEVED);
                bytes.filled().saturating_add(left).min(believed)
            }
            None => bytes.capacity().saturating_mul(2),
        };
        bytes.resize(target.max(bytes.filled() + 1).min(limit))?;
    }
}

/// A line, at most `limit` bytes of it; empty at the end.
fn line<'py>(py: Python<'py>, body: &mut Body, limit: usize) -> PyResult<Bound<'py, PyBytes>> {
    let count = match body.ready_line(limit) {
        Some(count) => count,
        None => without_gil(py, &mut *body, |body| body.line(limit)).map_err(raised)?,
    };
    let line = PyBytes::new(py, &body.buffered()[..count]);
    body.consume(count);
    Ok(line)
}

/// Negative: no limit.
fn limit(len: isize) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

impl Request {
    /// Takes the body out of the request's record until the result is dropped.
    ///
    /// # Errors
    /// `ExpiredError`
    pub fn borrow_body(&self) -> PyResult<Borrowed> {
        self.live.view(|request| Borrowed(request.take_body()))
    }
}

#[pymethods]
impl Request {
    /// read(len=-1): up to len bytes of the request body, all that is left where len is negative.
    ///
    /// Waits until they are there; fewer bytes, or b'', mean the end of the body. Raises OSError where the client is
    /// gone or silent for longer than Timeout. Where httpd refuses the body it raises SERVER_RETURN: (DONE, 413) above
    /// LimitRequestBody, for instance; the client has its answer then. After an error nothing more can be read.
    #[pyo3(signature = (len = -1))]
    fn read<'py>(&self, py: Python<'py>, len: isize) -> PyResult<Bound<'py, PyBytes>> {
        if len == 0 {
            return self.live.with(|_| PyBytes::new(py, b""));
        }
        block(py, self.borrow_body()?.body()?, limit(len))
    }

    /// readline(len=-1): the next line of the body with its newline, at most len bytes of it; b'' at the end.
    ///
    /// Raises what read raises.
    #[pyo3(signature = (len = -1))]
    fn readline<'py>(&self, py: Python<'py>, len: isize) -> PyResult<Bound<'py, PyBytes>> {
        if len == 0 {
            return self.live.with(|_| PyBytes::new(py, b""));
        }
        line(py, self.borrow_body()?.body()?, limit(len))
    }

    /// readlines(sizehint=-1): the remaining lines; with a sizehint, lines until they hold that many bytes together.
    ///
    /// A line after the first one that is longer than sizehint is cut there. Raises what read raises.
    #[pyo3(signature = (sizehint = -1))]
    fn readlines<'py>(&self, py: Python<'py>, sizehint: isize) -> PyResult<Bound<'py, PyList>> {
        let mut borrowed = self.borrow_body()?;
        let body = borrowed.body()?;
        let lines = PyList::empty(py);
        let mut total = 0;
        loop {
            let first = lines.is_empty();
            let line = line(py, body, if first { usize::MAX } else { limit(sizehint) })?;
            if line.as_bytes().is_empty() {
                return Ok(lines);
            }
            total += line.as_bytes().len();
            lines.append(line)?;
            if sizehint != -1 && total >= usize::try_from(sizehint).unwrap_or(0) {
                return Ok(lines);
            }
        }
    }

    /// discard_request_body(): reads the body and throws it away. OK (0) or an HTTP status; later reads give b''.
    fn discard_request_body(&self, py: Python<'_>) -> PyResult<i32> {
        let mut borrowed = self.borrow_body()?;
        let body = borrowed.body()?;
        Ok(without_gil(py, body, Body::discard))
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        self.readline(py, -1).map(|line| Some(line).filter(|line| !line.as_bytes().is_empty()))
    }
}
