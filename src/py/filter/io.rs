//! Reading and writing of a filter. The GIL is released while httpd waits or other filters run.

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes};

use super::Filter;
use crate::httpd::filter::{Head, Pass, ReadFailed};
use crate::py::bytes::GrowingBytes;
use crate::py::detach::without_gil;
use crate::py::text;

/// The space for data of unknown length, in bytes: what httpd takes from a pipe or socket at once.
const PIECE: usize = 8000;

/// httpd could not give the data.
fn read_failed(pass: &Pass) -> PyErr {
    PyOSError::new_err(if pass.is_input() { "Input filter read error" } else { "Output filter read error" })
}

pub(super) fn check_open(pass: &Pass) -> PyResult<()> {
    if pass.closed { Err(PyValueError::new_err("I/O operation on closed filter")) } else { Ok(()) }
}

/// What can be read next.
pub(super) fn head(py: Python<'_>, pass: &mut Pass) -> PyResult<Head> {
    let head: Result<Head, ReadFailed> =
        if pass.may_wait() { without_gil(py, &mut *pass, |pass| pass.head()) } else { pass.head() };
    head.map_err(|_| read_failed(pass))
}

/// Everything up to a marker, at most `limit` bytes.
pub(super) fn block<'py>(py: Python<'py>, pass: &mut Pass, limit: usize) -> PyResult<Bound<'py, PyBytes>> {
    let mut bytes = GrowingBytes::new(py, pass.ahead(limit).max(PIECE.min(limit)))?;
    loop {
        let more = bytes.fill(limit, |room| without_gil(py, (&mut *pass, room), |(pass, room)| pass.fill(room)));
        if !more.map_err(|_| read_failed(pass))? || bytes.filled() >= limit {
            return bytes.finish();
        }
        let ahead = pass.ahead(limit - bytes.filled()).max(PIECE);
        bytes.resize(bytes.filled().saturating_add(ahead).min(limit))?;
    }
}

/// A line, at most `limit` bytes of it.
fn line<'py>(py: Python<'py>, pass: &mut Pass, limit: usize) -> PyResult<Bound<'py, PyBytes>> {
    let line = without_gil(py, &mut *pass, |pass| pass.line(limit));
    Ok(PyBytes::new(py, &line.map_err(|_| read_failed(pass))?))
}

impl Filter {
    /// What `take` takes of the data; a negative len means no limit.
    fn next<'py>(
        &self,
        py: Python<'py>,
        len: isize,
        take: impl FnOnce(Python<'py>, &mut Pass, usize) -> PyResult<Bound<'py, PyBytes>>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        if len == 0 {
            return self.pass(|pass| check_open(pass).map(|()| Some(PyBytes::new(py, b""))));
        }
        match self.await_data(py)? {
            Head::End => Ok(None),
            Head::Nothing => Ok(Some(PyBytes::new(py, b""))),
            Head::Data => self.pass(|pass| take(py, pass, usize::try_from(len).unwrap_or(usize::MAX))).map(Some),
        }
    }
}

#[pymethods]
impl Filter {
    /// read(len=-1): the data that is there, up to len bytes; b'' where there is none for now, None at the stream's end.
    ///
    /// An output filter reads what it was given, an input filter asks the next filter for it. A negative len means all of
    /// it. Raises OSError where the data cannot be had, ValueError after close().
    #[pyo3(signature = (len = -1))]
    fn read<'py>(&self, py: Python<'py>, len: isize) -> PyResult<Option<Bound<'py, PyBytes>>> {
        self.next(py, len, block)
    }

    /// readline(len=-1): as read, but no further than the next newline, which is part of the result.
    #[pyo3(signature = (len = -1))]
    fn readline<'py>(&self, py: Python<'py>, len: isize) -> PyResult<Option<Bound<'py, PyBytes>>> {
        self.next(py, len, line)
    }

    /// write(data): gives str (as UTF-8) or bytes to the next filter, or to whoever asks an input filter.
    ///
    /// Raises ValueError after close(), TypeError for other types.
    pub fn write(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let data = text::data(data)?;
        self.pass(|pass| {
            check_open(pass)?;
            if data.is_empty() {
                return Ok(());
            }
            if pass.would_send(data.len()) {
                without_gil(py, (pass, data), |(pass, data)| pass.write(data));
            } else {
                pass.write(data);
            }
            Ok(())
        })
    }

    /// flush(): sends what was written, and lets the following filters send it as well.
    ///
    /// Raises OSError where the next filter does not take it.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.pass(|pass| {
            if without_gil(py, pass, |pass| pass.flush()) { Ok(()) } else { Err(PyOSError::new_err("Flush failed.")) }
        })
    }

    /// close(): sends what was written and ends the stream; does nothing the second time.
    pub fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.pass(|pass| {
            without_gil(py, pass, |pass| pass.close());
            Ok(())
        })
    }

    /// pass_on(): hands on, unchanged, what was not read. Raises OSError where an input filter cannot get it.
    fn pass_on(&self, py: Python<'_>) -> PyResult<()> {
        self.pass(|pass| {
            let handed = without_gil(py, &mut *pass, |pass| pass.pass_on());
            handed.map_err(|_| read_failed(pass))
        })
    }

    /// disable(): what follows in this request goes past the filter, and so does what it has not read.
    fn disable(&self) -> PyResult<()> {
        self.pass(|pass| {
            pass.bypass = true;
            Ok(())
        })
    }
}
