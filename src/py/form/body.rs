//! The body of a form: read once for each request, whoever asks for its fields how often.

use std::sync::Arc;

use super::fill::Refusal;
use super::strings::Fields;
use crate::httpd::body::Failure;
use crate::httpd::body_source::Body;
use crate::httpd::body_whole::{Kept, Unread, read_whole};
use crate::httpd::sys;
use crate::py::detach::without_gil;
use crate::py::request::Request;

/// What the body is.
pub(super) enum Kind {
    /// Like a query string.
    Urlencoded,
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

/// Adds the fields of the body.
pub(super) fn add(request: &Request, fields: &Fields<'_>, kind: Kind, keep_blank: bool) -> Result<(), Refusal> {
    let mut borrowed = request.borrow_body()?;
    let body = borrowed.body()?;
    if let Kept::Refused(status) = body.kept {
        return Err(Refusal::new(status, "as the form before"));
    }
    let added = match kind {
        Kind::Urlencoded => whole(fields, body).and_then(|text| fields.add_query(&text, keep_blank)),
    };
    if let Err(Refusal::Status(status, _) | Refusal::Answered(status)) = added {
        body.kept = Kept::Refused(status);
    }
    added
}

/// All of the body, kept for the next form of the request.
fn whole(fields: &Fields<'_>, body: &mut Body) -> Result<Arc<Vec<u8>>, Refusal> {
    if let Kept::Whole(text) = &body.kept {
        return Ok(text.clone());
    }
    let most = fields.limits.body.min(fields.limits.memory);
    let text = Arc::new(without_gil(fields.list.py(), &mut *body, |body| read_whole(body, most))?);
    body.kept = Kept::Whole(text.clone());
    Ok(text)
}
