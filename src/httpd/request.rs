//! A safe view of a request. Fields and functions of httpd that take a live request and nothing else are safe here.

use std::marker::PhantomData;

use super::sys;
use super::view::Record;

/// A live request.
#[derive(Clone, Copy)]
pub struct Request<'r>(*mut sys::request_rec, PhantomData<&'r sys::request_rec>);

impl Record for sys::request_rec {
    type View<'r> = Request<'r>;

    unsafe fn view<'r>(record: *mut sys::request_rec) -> Request<'r> {
        Request(record, PhantomData)
    }
}

impl Request<'_> {
    /// The record, for the parts of the module that work with it themselves.
    pub fn as_ptr(self) -> *mut sys::request_rec {
        self.0
    }

    /// `r->status`
    pub fn status(self) -> i32 {
        // SAFETY: the view's record is live.
        unsafe { (*self.0).status }
    }
}
