//! From a hook to a Python function and back to a status. `phases`, `select`, `visit` and `callback::host` run in the host
//! copy, without Python; `door` and what it calls run inside an image, with its interpreter's GIL.

pub mod authn;
pub mod authz;
mod callback;
pub mod child;
pub mod connection;
pub mod door;
pub mod error_log;
pub mod expression;
pub mod filter;
mod handlers;
pub mod log_item;
pub mod mapping;
pub mod phases;
mod report;
mod resolve;
pub mod rewrite_map;
pub mod select;
pub mod server_call;
pub mod ssi;
mod time_limit;
mod visit;
