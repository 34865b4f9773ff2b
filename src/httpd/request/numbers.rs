//! Numbers and times of a request.

use super::Request;
use crate::httpd::sys;

/// Fields of the record, under their own names.
macro_rules! numbers {
    ($($field:ident: $type:ty)*) => {
        impl Request<'_> {
            $(#[doc = concat!("`r->", stringify!($field), "`")]
            #[inline]
            pub fn $field(self) -> $type {
                // SAFETY: the view's record is live.
                unsafe { (*self.0).$field }
            })*
        }
    };
}

numbers! {
    allowed: i64
    assbackwards: i32
    bytes_sent: i64
    chunked: i32
    clength: i64
    eos_sent: i32
    expecting_100: u32
    header_only: i32
    method_number: i32
    mtime: sys::apr_time_t
    no_cache: i32
    no_local_copy: i32
    proto_num: i32
    proxyreq: i32
    read_body: i32
    read_chunked: i32
    read_length: i64
    remaining: i64
    request_time: sys::apr_time_t
    sent_bodyct: i64
    status: i32
    used_path_info: i32
}

/// Fields that may hold any int.
macro_rules! number_setters {
    ($($setter:ident $field:ident)*) => {
        impl Request<'_> {
            $(#[doc = concat!("Sets `r->", stringify!($field), "`.")]
            #[inline]
            pub fn $setter(self, value: i32) {
                // SAFETY: the view's record is live.
                unsafe { (*self.0).$field = value };
            })*
        }
    };
}

number_setters! {
    set_assbackwards assbackwards
    set_chunked chunked
    set_no_cache no_cache
    set_no_local_copy no_local_copy
    set_proxyreq proxyreq
    set_status status
    set_used_path_info used_path_info
}
