//! The raw bindings that bindgen makes from httpd's and APR's own headers. Only `httpd` and the live pointers of `py`
//! look in here.

#![allow(
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    dead_code,
    missing_docs,
    unsafe_op_in_unsafe_fn,
    clippy::all,
    clippy::undocumented_unsafe_blocks
)]

include!(concat!(env!("OUT_DIR"), "/httpd.rs"));
