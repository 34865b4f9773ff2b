//! Handlers that belong to a server and get no request: the start and the end of a child. `host` goes through the
//! servers and enters their interpreters, `image` calls the functions there. For `server`, which calls at a child's start
//! and end, and for the door.

mod host;
mod image;

pub use self::host::{child_exit, child_init};
pub use self::image::{meaningless, run, server_return};
