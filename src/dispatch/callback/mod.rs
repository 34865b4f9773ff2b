//! A Python function that httpd's own machinery asks by name, in the middle of whatever it is doing with a request, and
//! its answer. `host` chooses and enters the interpreter, `image` calls the function there.

mod host;
mod image;

pub use self::host::{NoAnswer, call, not_here, refuse, text, texts};
pub use self::image::run;
