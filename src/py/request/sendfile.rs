//! `sendfile`: a file, or a part of it, in the response, by the system's sendfile where EnableSendfile is on.

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::Request;
use super::write::check_writable;
use super::write::client_gone;
use crate::httpd::send_file::SendError;
use crate::py::detach::without_gil;
use crate::py::text;

impl From<SendError> for PyErr {
    fn from(error: SendError) -> PyErr {
        match error {
            SendError::Client => client_gone(),
            SendError::Stat | SendError::Open => PyOSError::new_err(error.to_string()),
        }
    }
}

#[pymethods]
impl Request {
    /// sendfile(path, offset=0, len=-1): sends len bytes of a file from offset, to its end where len is negative.
    ///
    /// What lies behind the end of the file is left out. Does not flush. Returns the number of bytes given to httpd.
    /// Raises OSError where the file cannot be read or the client is gone, ValueError for a negative offset,
    /// RuntimeError in an SSI element.
    #[pyo3(signature = (path, offset = 0, len = -1))]
    fn sendfile(&self, py: Python<'_>, path: &Bound<'_, PyString>, offset: i64, len: i64) -> PyResult<usize> {
        let path = text::argument(path)?;
        let offset = u64::try_from(offset).map_err(|_| PyValueError::new_err("offset must not be negative"))?;
        let len = u64::try_from(len).ok();
        self.live.view(check_writable)??;
        let sent = self
            .live
            .view(|request| without_gil(py, (request, path), |(request, path)| request.send_file(path, offset, len)))?;
        sent.map_err(SendError::into)
    }
}
