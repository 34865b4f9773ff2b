//! Pure parsers: bytes in, values out. Nothing here knows httpd or Python.

#![forbid(unsafe_code)]

pub mod cookies;
pub mod fields;
pub mod handler;
pub mod lines;
pub mod multipart;
pub mod parameters;
pub mod part_headers;
pub mod psp;
pub mod query;
pub mod session;
