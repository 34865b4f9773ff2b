//! `wsgi_response`: what an application is given as `start_response`. It keeps the head until the first bytes of the
//! body, so that an application can replace it and a failure before that leaves the request as it was.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyAssertionError, PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyString};

use super::head::{Head, exception};
use crate::httpd::log::{Level, Owner};
use crate::image::state;
use crate::py::detach::without_gil;
use crate::py::functions::log_line;
use crate::py::request::Request;

/// How far the response has come.
#[derive(Default)]
pub(super) struct Progress {
    /// What `start_response` was called with; taken when the head goes to httpd.
    pub head: Option<Head>,
    /// `start_response` was called.
    pub started: bool,
    /// The head went to httpd.
    pub begun: bool,
    /// Neither GET's body nor its length can be told from what is sent: HEAD, 204 and 304.
    pub no_body: bool,
    /// Content-Length.
    pub declared: Option<u64>,
    /// Bytes of the body so far.
    pub sent: u64,
    /// The response is complete, or was cut.
    pub over: bool,
    /// The client does not take it any more.
    pub gone: bool,
}

/// The response of one request.
#[pyclass(name = "wsgi_response", module = "_apache", frozen)]
pub struct Response {
    pub(super) request: Py<Request>,
    progress: Mutex<Progress>,
}

impl Response {
    /// Never held across Python code or without the GIL.
    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One line of the error log, with the interpreter's name.
    pub(super) fn log(&self, py: Python<'_>, level: Level, text: &str) {
        let line = format!("{text} (interpreter '{}')", state::name());
        // Without its request there is nobody to tell.
        let _ = self.request.get().live.view(|request| log_line(py, Owner::Request(request), level, line.as_bytes()));
    }

    /// Hands the head to httpd, once.
    ///
    /// # Errors
    /// AssertionError where `start_response` was not called, ExpiredError.
    pub(super) fn begin(&self) -> PyResult<()> {
        let head = {
            let mut progress = self.progress();
            if progress.begun {
                return Ok(());
            }
            let Some(head) = progress.head.take() else {
                return Err(PyAssertionError::new_err("the application did not call start_response"));
            };
            progress.begun = true;
            head
        };
        self.request.get().live.view(|request| request.put_head(head.number, &head.line, &head.headers))
    }

    /// Sends bytes of the body. False: Content-Length had room for a part of them only, or for none.
    ///
    /// # Errors
    /// AssertionError where `start_response` was not called, RuntimeError behind the end, OSError where the client is
    /// gone.
    pub(super) fn emit(&self, py: Python<'_>, data: &[u8], flush: bool) -> PyResult<bool> {
        if data.is_empty() {
            return Ok(true);
        }
        self.begin()?;
        let room = {
            let mut progress = self.progress();
            if progress.over {
                return Err(PyRuntimeError::new_err("the response has ended"));
            }
            let room = progress.declared.map_or(data.len() as u64, |declared| declared - progress.sent);
            let room = usize::try_from(room).unwrap_or(usize::MAX).min(data.len());
            progress.sent += room as u64;
            room
        };
        if let Err(error) = self.request.get().send(py, &data[..room], flush) {
            self.progress().gone = true;
            return Err(error);
        }
        Ok(room == data.len())
    }

    /// The application has sent more than Content-Length.
    pub(super) fn too_much(&self, py: Python<'_>) {
        self.log(
            py,
            Level::WARNING,
            "MPY0675: the WSGI application sends more than its Content-Length, the rest is cut off",
        );
    }

    /// Everything was sent: the head goes out without a body, and a body that is too short cannot pass for a whole one.
    ///
    /// # Errors
    /// As [`Response::begin`].
    pub(super) fn finish(&self, py: Python<'_>) -> PyResult<()> {
        self.begin()?;
        let (short, sent) = {
            let progress = self.progress();
            (progress.declared.filter(|declared| !progress.no_body && *declared > progress.sent), progress.sent)
        };
        if let Some(declared) = short {
            let text = format!(
                "MPY0674: the WSGI application has sent {sent} bytes, not the {declared} of its Content-Length; the \
                 connection ends"
            );
            self.log(py, Level::ERR, &text);
            return self.cut(py);
        }
        self.progress().over = true;
        Ok(())
    }
}

#[pymethods]
impl Response {
    #[new]
    pub(super) fn new(req: Py<Request>) -> PyResult<Response> {
        let head_only = req.get().live.view(|request| request.header_only() != 0)?;
        let progress = Progress { no_body: head_only, ..Progress::default() };
        Ok(Response { request: req, progress: Mutex::new(progress) })
    }

    /// start_response(status, headers[, exc_info]) of PEP 3333; returns write.
    ///
    /// ValueError for a status or header that is none, TypeError for wrong types, AssertionError for a second call
    /// without exc_info. With it, the second call replaces the first, or raises the exception once the response has begun.
    #[pyo3(signature = (status, headers, exc_info = None, /))]
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        status: &Bound<'py, PyString>,
        headers: &Bound<'py, PyAny>,
        exc_info: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let head = Head::new(status, headers)?;
        if head.number < 200 {
            return Err(PyValueError::new_err("an application sends final responses only, from 200 on"));
        }
        let this = slf.get();
        let (started, begun) = {
            let progress = this.progress();
            (progress.started, progress.begun)
        };
        match exc_info {
            Some(exc_info) if begun => return Err(exception(exc_info)?),
            None if started => {
                return Err(PyAssertionError::new_err("a second call of start_response needs exc_info"));
            }
            _ => {}
        }
        let head_only = this.request.get().live.view(|request| request.header_only() != 0)?;
        {
            let mut progress = this.progress();
            progress.started = true;
            progress.declared = head.content_length;
            progress.no_body = head_only || head.has_no_body();
            progress.head = Some(head);
        }
        slf.as_any().getattr(intern!(slf.py(), "write"))
    }

    /// write(data): sends bytes, or a str as ISO-8859-1, at once.
    ///
    /// OSError where the client is gone, AssertionError before start_response, ValueError beyond Content-Length.
    #[pyo3(signature = (data, /))]
    fn write(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.emit(py, &super::body::bytes(data)?, true)? {
            return Ok(());
        }
        Err(PyValueError::new_err("more data than Content-Length says"))
    }

    /// cut(): ends the connection, so that nobody takes what was sent for a complete response.
    fn cut(&self, py: Python<'_>) -> PyResult<()> {
        self.progress().over = true;
        self.request.get().live.view(|request| without_gil(py, request, |request| request.cut()))
    }

    /// bool: the response has begun, its head cannot change any more.
    #[getter]
    fn begun(&self) -> bool {
        self.progress().begun
    }

    /// bool: nothing is missing.
    #[getter]
    fn over(&self) -> bool {
        self.progress().over
    }

    /// bool: the client does not take the response any more.
    #[getter]
    fn gone(&self) -> bool {
        self.progress().gone
    }
}
