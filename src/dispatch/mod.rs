//! From a hook to a Python function and back to a status. `phases`, `select` and `visit` run in the host copy, without Python;
//! `door` and what it calls run inside an image, with its interpreter's GIL.

pub mod child;
pub mod connection;
pub mod door;
mod handlers;
pub mod phases;
mod report;
mod resolve;
pub mod select;
mod visit;
