//! The phases of a connection that has no request yet: PythonPreConnectionHandler, before anything is read, and
//! PythonConnectionHandler, instead of HTTP. `host` is what the hooks call, `image` what the door calls.

mod host;
pub mod image;

pub use host::{pre, process};
