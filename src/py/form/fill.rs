//! `mp_form(req, ...)`: the fields of a request's query string and of its body.

use std::borrow::Cow;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyList, PyType};

use super::Form;
use super::body::{self, Kind};
use super::lazy::Lazy;
use super::limits::Limits;
use super::parts::{Callbacks, Parts};
use super::strings::{self, Maker};
use crate::httpd::log::{Level, Owner};
use crate::httpd::request::Request as View;
use crate::httpd::sys;
use crate::httpd::table::RequestTable;
use crate::parse::fields::{Pairs, TooMany};
use crate::py::errors::SERVER_RETURN;
use crate::py::functions;
use crate::py::request::Request;

/// Why a form is not read.
pub(super) enum Refusal {
    /// Something failed in Python.
    Error(PyErr),
    /// The request is answered with a status.
    Status(i32, Cow<'static, str>),
    /// httpd has refused the body and told the client so.
    Answered(i32),
}

impl Refusal {
    pub(super) fn new(status: i32, reason: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal::Status(status, reason.into())
    }
}

impl From<PyErr> for Refusal {
    fn from(error: PyErr) -> Refusal {
        Refusal::Error(error)
    }
}

impl From<TooMany> for Refusal {
    fn from(_: TooMany) -> Refusal {
        Refusal::new(sys::HTTP_BAD_REQUEST, "there are more fields than max_fields")
    }
}

/// Says in the log why, and gives what ends the handler with the status, as if it had returned it.
fn raised(py: Python<'_>, request: &Request, refusal: Refusal) -> PyErr {
    match refusal {
        Refusal::Error(error) => error,
        Refusal::Answered(status) => SERVER_RETURN::new_err((sys::DONE, status)),
        Refusal::Status(status, reason) => {
            let line = format!("MPY0601: form refused with status {status}: {reason}");
            let logged = request.live.view(|request| {
                functions::log_line(py, Owner::Request(request), Level::INFO, line.as_bytes());
            });
            logged.map_or_else(|error| error, |()| SERVER_RETURN::new_err((status,)))
        }
    }
}

/// The body of a POST request, None where there is none to read.
fn kind(request: View<'_>) -> Result<Option<Kind>, Refusal> {
    if request.method() != Some(b"POST") {
        return Ok(None);
    }
    let headers = RequestTable::HeadersIn.of(request);
    // A stream of HTTP/2 ends by itself.
    let secondary = || request.is_secondary();
    if headers.get(c"Content-Length").is_none() && headers.get(c"Transfer-Encoding").is_none() && !secondary() {
        return Err(Refusal::new(sys::HTTP_LENGTH_REQUIRED, "the length of the body is not known"));
    }
    Kind::of(headers.get(c"Content-Type")).map(Some)
}

#[pymethods]
impl Form {
    /// Reads the fields of a request; the arguments are those of util.FieldStorage, which tells what is raised.
    #[pyo3(signature = (req, keep_blank_values = None, strict_parsing = None, file_callback = None, field_callback = None))]
    fn __init__<'py>(
        slf: &Bound<'py, Self>,
        req: &Bound<'py, Request>,
        keep_blank_values: Option<&Bound<'py, PyAny>>,
        strict_parsing: Option<&Bound<'py, PyAny>>,
        file_callback: Option<&Bound<'py, PyAny>>,
        field_callback: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let _ = strict_parsing;
        let (py, request) = (slf.py(), req.get());
        let keep_blank = keep_blank_values.map_or(Ok(false), |value| value.is_truthy())?;
        let maker = Maker::new(slf.getattr(intern!(py, "_string_field"))?.cast_into::<PyType>()?)?;
        let (limits, mut pairs, kind) = request
            .live
            .view(|request| {
                let (limits, mut pairs) = (Limits::of(request)?, Pairs::default());
                if let Some(query) = request.args() {
                    pairs.add(query, keep_blank, limits.fields)?;
                }
                Ok::<_, Refusal>((limits, pairs, kind(request)?))
            })?
            .map_err(|refusal| raised(py, request, refusal))?;
        match kind {
            None => slf.get().set_lazy(Lazy::new(pairs, maker)),
            Some(Kind::Urlencoded) => {
                body::add_urlencoded(py, request, &mut pairs, limits, keep_blank)
                    .map_err(|refusal| raised(py, request, refusal))?;
                slf.get().set_lazy(Lazy::new(pairs, maker));
            }
            Some(Kind::Multipart(boundary)) => {
                let list = PyList::empty(py);
                for number in 0..pairs.len() {
                    let name = strings::replaced(py, pairs.name(number));
                    list.append(maker.make(name.into_any(), pairs.value(number))?)?;
                }
                let callbacks = Callbacks { file: file_callback, field: field_callback };
                let parts = Parts { form: slf, list: &list, maker: &maker, limits, callbacks };
                body::add_multipart(request, &parts, &boundary).map_err(|refusal| raised(py, request, refusal))?;
                slf.get().set_fields(list, false);
            }
        }
        Ok(())
    }
}
