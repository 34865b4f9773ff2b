//! Reading and writing the connection itself. The GIL is released whenever the peer is waited for.

use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyConnectionAbortedError, PyConnectionResetError, PyOSError, PyRuntimeError, PyTimeoutError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes};

use super::conn::Conn;
use super::detach::without_gil;
use super::rest::Rest;
use super::{live, text};
use crate::httpd::conn;
use crate::httpd::conn_io::Failure;
use crate::httpd::conn_reader::Reader;

/// The reader of a connection object; None while a call works with it.
pub struct Reading(Mutex<Option<Reader>>);

impl Default for Reading {
    fn default() -> Reading {
        Reading(Mutex::new(Some(Reader::default())))
    }
}

impl Reading {
    /// It has nothing that a new one would not have.
    pub fn is_fresh(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(Reader::is_fresh)
    }

    fn put(&self, reader: Option<Reader>) -> Option<Reader> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), reader)
    }
}

/// The reader during one call; goes back at its end.
struct Borrowed<'a>(&'a Reading, Reader);

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        self.0.put(Some(std::mem::take(&mut self.1)));
    }
}

/// A failure as OSError; its class tells what happened.
fn raised(what: &str, failure: &Failure) -> PyErr {
    let text = format!("Connection {what} error: {failure}");
    match failure {
        Failure::Timeout(_) => PyTimeoutError::new_err(text),
        Failure::Reset(_) => PyConnectionResetError::new_err(text),
        Failure::Closed(_) => PyConnectionAbortedError::new_err(text),
        Failure::Other(_) => PyOSError::new_err(text),
    }
}

impl Conn {
    /// Runs a read without the GIL.
    fn receive<R>(
        &self,
        py: Python<'_>,
        read: impl for<'r> FnOnce(&mut Reader, conn::Conn<'r>) -> Result<R, Failure>,
    ) -> PyResult<R> {
        let received = self.live.raw_io(|conn| {
            let reader = self.reading.put(None)?;
            let borrowed = Borrowed(&self.reading, reader);
            // The time of a request goes on.
            let _rest = live::with_current(|_| ()).is_none().then(|| Rest::begin(py));
            Some(without_gil(py, borrowed, |mut borrowed| read(&mut borrowed.1, conn)))
        })?;
        let received = received.ok_or_else(|| PyRuntimeError::new_err("the connection is being read already"))?;
        received.map_err(|failure| raised("read", &failure))
    }
}

#[pymethods]
impl Conn {
    /// read(len=0): what arrives first, at least one byte; at most len bytes where len is above 0, everything until the
    /// peer closes the connection where it is below.
    ///
    /// None where the peer has closed the connection, once; after that, and for any other reason why there are no bytes,
    /// OSError: TimeoutError after httpd's Timeout, ConnectionResetError or ConnectionAbortedError where the peer is
    /// gone. RuntimeError where the connection cannot be read now.
    #[pyo3(signature = (len = 0))]
    fn read<'py>(&self, py: Python<'py>, len: isize) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let data = self.receive(py, |reader, mut conn| match usize::try_from(len) {
            Err(_) => reader.rest(&mut conn),
            Ok(0) => reader.block(&mut conn, usize::MAX),
            Ok(limit) => reader.block(&mut conn, limit),
        })?;
        Ok(data.map(|data| PyBytes::new(py, &data)))
    }

    /// readline(len=0): the next line with its newline, at most len bytes of it where len is above 0.
    ///
    /// The last line before the peer closes the connection may have no newline. Raises what read raises; at the end an
    /// OSError.
    #[pyo3(signature = (len = 0))]
    fn readline<'py>(&self, py: Python<'py>, len: isize) -> PyResult<Bound<'py, PyBytes>> {
        let limit = usize::try_from(len).ok().filter(|limit| *limit > 0);
        let line = self.receive(py, |reader, mut conn| reader.line(&mut conn, limit))?;
        Ok(PyBytes::new(py, &line))
    }

    /// write(data): sends str (as UTF-8) or bytes at once.
    ///
    /// Raises OSError where the peer does not take it, as read does; TypeError for other types; RuntimeError where the
    /// connection cannot be written now.
    fn write(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let data = text::data(data)?;
        let sent = self.live.raw_io(|conn| without_gil(py, (conn, data), |(conn, data)| conn.send(data)))?;
        sent.map_err(|failure| raised("write", &failure))
    }
}
