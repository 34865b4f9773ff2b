//! The body that comes with a request.

use super::Request;
use crate::httpd::body_source::Body;

impl Request<'_> {
    /// Takes the reader of the body out of the request's record, for one call made while the request is served;
    /// [`Body::put_back`] returns it. None while another call has it.
    pub fn take_body(self) -> Option<Box<Body>> {
        // SAFETY: the view's record is live, and this thread serves it.
        unsafe { Body::take(self.0) }
    }
}
