//! The module record that httpd loads.

use std::ffi::{c_char, c_int};
use std::ptr;

use crate::directives::COMMANDS;
use crate::hooks;
use crate::httpd::{config, sys};

/// The record `LoadModule python_module` names. httpd writes its index and link into it, and only httpd touches it
/// afterwards.
#[unsafe(no_mangle)]
pub static mut python_module: sys::module = sys::module {
    version: sys::MODULE_MAGIC_NUMBER_MAJOR as c_int,
    minor_version: sys::MODULE_MAGIC_NUMBER_MINOR as c_int,
    module_index: -1,
    name: c"mod_python.c".as_ptr().cast::<c_char>(),
    dynamic_load_handle: ptr::null_mut(),
    next: ptr::null_mut(),
    magic: sys::MODULE_MAGIC_COOKIE as _,
    rewrite_args: None,
    create_dir_config: Some(config::create_dir),
    merge_dir_config: Some(config::merge_dir),
    create_server_config: Some(config::create_server),
    merge_server_config: Some(config::merge_server),
    cmds: COMMANDS.as_ptr(),
    register_hooks: Some(register_hooks),
    flags: 0,
};

/// httpd's first call into the module: its index is known now.
unsafe extern "C" fn register_hooks(pool: *mut sys::apr_pool_t) {
    // SAFETY: httpd has filled the record and calls this in one thread.
    unsafe {
        config::set_module_index(python_module.module_index);
        hooks::register(pool);
    }
}
