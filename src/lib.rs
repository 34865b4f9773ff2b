//! `mod_python.so`: Python functions in every phase of an Apache httpd request.
//!
//! ```text
//! module      the record httpd loads        directives  the command table
//! hooks       one line per hook             server      start, stop, child start
//!                                           status      server-status
//!                                           beside      other modules that start Python
//!    |
//! dispatch    from a hook to a function and back
//!    |
//! py          the classes of _apache        image       what one interpreter keeps
//!    |
//! interp      interpreters, thread states   guard       panics end here
//!    |
//! abi         what crosses into an image
//!    |
//! httpd       safe views of httpd and APR   parse       pure parsers     phase  the table of phases
//! ```
//!
//! Arrows point down; a test holds them.

mod abi;
mod beside;
mod directives;
mod dispatch;
mod guard;
mod hooks;
mod httpd;
mod image;
mod interp;
#[cfg(test)]
mod layers;
mod module;
mod parse;
mod phase;
mod py;
mod server;
mod status;

pub use dispatch::door::mod_python_image_main;
pub use module::python_module;
