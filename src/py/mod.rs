//! The Python classes and functions of `_apache`: views of httpd's records, and the conversions between the two worlds.

pub mod attributes;
pub mod bytes;
pub mod capi;
pub mod conn;
mod conn_io;
pub mod constants;
pub mod cookies;
pub mod detach;
pub mod errors;
pub mod filter;
pub mod finfo;
pub mod form;
pub mod functions;
pub mod global_lock;
pub mod hlist;
pub mod live;
pub mod log;
pub mod module;
pub mod query;
pub mod request;
pub mod server;
pub mod server_config;
pub mod session_lock;
pub mod streams;
pub mod table;
pub mod text;
pub mod wsgi;
