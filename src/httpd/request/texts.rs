//! Texts of a request.

use std::ptr;

use super::Request;
use crate::httpd::pool::optional_bytes;
use crate::httpd::sys;

/// Fields of the record, under their own names. A text that is replaced stays in the request's pool.
macro_rules! texts {
    ($($field:ident)*) => {
        impl<'r> Request<'r> {
            $(#[doc = concat!("`r->", stringify!($field), "`")]
            #[inline]
            pub fn $field(self) -> Option<&'r [u8]> {
                // SAFETY: the view's record is live; its texts are NULL or NUL-terminated and live as long.
                unsafe { optional_bytes((*self.0).$field) }
            })*
        }
    };
}

texts! {
    the_request
    protocol
    hostname
    method
    uri
    filename
    canonical_filename
    path_info
    args
    handler
    unparsed_uri
    content_type
    content_encoding
    range
    vlist_validator
    user
    ap_auth_type
    status_line
    useragent_ip
    useragent_host
    log_id
}

/// Fields that take a copy of a text.
macro_rules! text_setters {
    ($($setter:ident $field:ident)*) => {
        impl Request<'_> {
            $(#[doc = concat!("Stores a copy in `r->", stringify!($field), "`.")]
            pub fn $setter(self, value: &[u8]) {
                // SAFETY: the view's record is live; the copy has the request's life.
                unsafe { (*self.0).$field = self.pool().dup(value) };
            })*
        }
    };
}

text_setters! {
    set_uri uri
    set_filename filename
    set_canonical_filename canonical_filename
    set_path_info path_info
    set_user user
    set_ap_auth_type ap_auth_type
    set_status_line status_line
}

impl Request<'_> {
    /// Stores a copy, or NULL, in `r->args`.
    pub fn set_args(self, value: Option<&[u8]>) {
        // SAFETY: the view's record is live; the copy has the request's life.
        unsafe { (*self.0).args = value.map_or(ptr::null_mut(), |value| self.pool().dup(value)) };
    }

    /// Stores a copy, or NULL, in `r->handler`.
    pub fn set_handler(self, value: Option<&[u8]>) {
        // SAFETY: the view's record is live; the copy has the request's life.
        unsafe { (*self.0).handler = value.map_or(ptr::null_mut(), |value| self.pool().dup(value)) };
    }

    /// Gives `r->content_type` a copy of the text, and remembers that Python did so.
    #[inline]
    pub fn set_content_type(self, value: &[u8]) {
        // SAFETY: the view's record is live; the copy has the request's life.
        unsafe { sys::ap_set_content_type(self.0, self.pool().dup(value)) };
        self.with_state(|state| state.content_type_set = true);
    }
}
