//! Safe views of httpd and APR. Nothing here knows Python.

pub mod array;
pub mod body;
pub mod body_source;
pub mod chain;
pub mod config;
pub mod file;
pub mod finfo;
pub mod handler_list;
pub mod idle;
pub mod listeners;
pub mod log;
pub mod mime;
pub mod mutex;
pub mod mutex_plan;
pub mod output;
pub mod pool;
pub mod process;
pub mod request;
pub mod request_state;
pub mod section;
pub mod send_file;
pub mod settings;
pub mod sys;
pub mod table;
pub mod user;
pub mod view;
