//! PythonErrorLogHandler. httpd may write a line anywhere: with a mutex of its own held, in the thread that listens, in a
//! filter, with the GIL held. So the thread that writes only copies the line into a queue, and a thread of this module
//! calls the handlers: no thread of httpd ever waits for a GIL to log.
//!
//! `queue` holds the lines, `limiter` keeps failures from filling the log, `host` fills and empties the queue, `image`
//! calls the functions.

mod host;
mod image;
mod limiter;
mod queue;

pub use self::host::{begin, drain, line, open, stop};
pub use self::image::run;
