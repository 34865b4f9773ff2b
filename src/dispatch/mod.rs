//! From a hook to a Python function and back to a status. `phases`, `select`, `visit` and `callback::host` run in the host
//! copy, without Python; `door` and what it calls run inside an image, with its interpreter's GIL.

pub mod authn;
pub mod authz;
mod callback;
pub mod child;
pub mod connection;
pub mod door;
pub mod filter;
mod handlers;
pub mod mapping;
pub mod phases;
mod report;
mod resolve;
pub mod select;
mod visit;
