//! Safe views of httpd and APR. Nothing here knows Python.

pub mod chain;
pub mod config;
pub mod file;
pub mod handler_list;
pub mod listeners;
pub mod log;
pub mod mutex;
pub mod pool;
pub mod process;
pub mod request_state;
pub mod section;
pub mod settings;
pub mod sys;
pub mod table;
pub mod user;
