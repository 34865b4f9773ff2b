//! Interpreters of a child process: start-up, the table from name to interpreter, private images, thread states, the
//! one way in and out, and the end. Knows Python's C API and nothing of requests.

pub mod exit;
pub mod home;
pub mod image_file;
pub mod start;
pub mod table;
pub mod thread;
pub mod watch;

/// What can go wrong on the way into an interpreter.
#[derive(Debug, thiserror::Error)]
pub enum InterpError {
    /// Python did not start in this child.
    #[error("Python did not start in this process: {0}")]
    NotStarted(String),
    /// A sub-interpreter was refused by Python.
    #[error("Python refused a new interpreter: {0}")]
    Refused(String),
    /// The private copy of the library could not be loaded.
    #[error("the private copy of the module could not be loaded: {0}")]
    Image(String),
    /// The interpreter exists, but its Python side does not come up.
    #[error("the package mod_python could not be imported: {0}")]
    Bind(String),
}
