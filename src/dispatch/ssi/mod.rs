//! The element `python` of pages with server-side includes: `host` is what mod_include calls, `image` runs the code.

mod host;
mod image;

pub use self::host::register;
pub use self::image::run;
