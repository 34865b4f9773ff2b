//! The body of a form: read once for each request, whoever asks for its fields how often.

use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;

use super::fill::Refusal;
use super::limits::{Limits, upload_directory};
use super::parts::Parts;
use super::temporary;
use super::upload::Upload;
use crate::httpd::body::Failure;
use crate::httpd::body_source::Body;
use crate::httpd::body_whole::{Kept, Unread, read_whole};
use crate::httpd::sys;
use crate::parse::fields::Pairs;
use crate::parse::parameters::HeaderValue;
use crate::py::detach::without_gil;
use crate::py::request::Request;

/// What the body is.
pub(super) enum Kind {
    /// Like a query string.
    Urlencoded,
    /// In parts, with this text between them.
    Multipart(Vec<u8>),
}

/// Whether a type begins so, in any case.
fn begins(media: &[u8], with: &[u8]) -> bool {
    media.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

impl Kind {
    /// What a Content-Type says.
    pub(super) fn of(content_type: Option<&[u8]>) -> Result<Kind, Refusal> {
        match content_type.map(<[u8]>::trim_ascii_start) {
            None => Ok(Kind::Urlencoded),
            Some(media) if begins(media, b"application/x-www-form-urlencoded") => Ok(Kind::Urlencoded),
            Some(media) if begins(media, b"multipart/") => match HeaderValue::parse(media).get("boundary") {
                Some(boundary) if !boundary.is_empty() => Ok(Kind::Multipart(boundary.to_vec())),
                _ => Err(Refusal::new(sys::HTTP_BAD_REQUEST, "the Content-Type names no boundary")),
            },
            Some(_) => Err(Refusal::new(sys::HTTP_NOT_IMPLEMENTED, "this type of body holds no fields")),
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        match failure {
            Failure::Client => Refusal::new(sys::HTTP_BAD_REQUEST, "the client is gone, or silent for too long"),
            Failure::Status(status) => Refusal::new(status, "httpd refuses the body"),
            Failure::Answered(status) => Refusal::Answered(status),
        }
    }
}

impl From<Unread> for Refusal {
    fn from(unread: Unread) -> Refusal {
        match unread {
            Unread::Failed(failure) => failure.into(),
            Unread::TooLong => {
                Refusal::new(sys::HTTP_REQUEST_ENTITY_TOO_LARGE, "the body is longer than max_body or max_memory")
            }
        }
    }
}

/// Adds the fields of an urlencoded body.
pub(super) fn add_urlencoded(
    py: Python<'_>,
    request: &Request,
    pairs: &mut Pairs,
    limits: Limits,
    keep_blank: bool,
) -> Result<(), Refusal> {
    add(request, |body| {
        let text = whole(py, limits, body)?;
        Ok(pairs.add(&text, keep_blank, limits.fields)?)
    })
}

/// Adds the fields of a body in parts.
pub(super) fn add_multipart(request: &Request, parts: &Parts<'_, '_>, boundary: &[u8]) -> Result<(), Refusal> {
    add(request, |body| uploaded(request, parts, body, boundary))
}

fn add(request: &Request, read: impl FnOnce(&mut Body) -> Result<(), Refusal>) -> Result<(), Refusal> {
    let mut borrowed = request.borrow_body()?;
    let body = borrowed.body()?;
    if let Kept::Refused(status) = body.kept {
        return Err(Refusal::new(status, "as the form before"));
    }
    let added = read(body);
    match added {
        Ok(()) => {}
        Err(Refusal::Status(status, _) | Refusal::Answered(status)) => body.kept = Kept::Refused(status),
        // What is left of the body begins somewhere.
        Err(Refusal::Error(_)) => body.kept = Kept::Refused(sys::HTTP_INTERNAL_SERVER_ERROR),
    }
    added
}

/// The fields of a multipart body: those of the form before, if there was one.
fn uploaded(request: &Request, parts: &Parts<'_, '_>, body: &mut Body, boundary: &[u8]) -> Result<(), Refusal> {
    let (py, list) = (parts.form.py(), parts.list);
    if matches!(body.kept, Kept::Parts) {
        let Some(kept) = request.uploaded(py)? else {
            let text = "the body was read as a form by another interpreter, which has its fields";
            return Err(PyRuntimeError::new_err(text).into());
        };
        return Ok(list.call_method1(intern!(py, "extend"), (kept,)).map(drop)?);
    }
    let before = list.len();
    let option = request.live.view(upload_directory)?;
    let directory = temporary::directory(py, option.as_deref())?;
    parts.form.get().state().directory = option;
    let upload = Upload::new(body, boundary, parts.limits, directory)
        .map_err(|stop| Refusal::new(sys::HTTP_REQUEST_ENTITY_TOO_LARGE, stop.to_string()))?;
    parts.read(upload)?;
    request.keep_uploaded(list.get_slice(before, list.len()));
    body.kept = Kept::Parts;
    Ok(())
}

/// All of the body, kept for the next form of the request.
fn whole(py: Python<'_>, limits: Limits, body: &mut Body) -> Result<Arc<Vec<u8>>, Refusal> {
    if let Kept::Whole(text) = &body.kept {
        return Ok(text.clone());
    }
    let most = limits.body.min(limits.memory);
    let text = Arc::new(without_gil(py, &mut *body, |body| read_whole(body, most))?);
    body.kept = Kept::Whole(text.clone());
    Ok(text)
}
