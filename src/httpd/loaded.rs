//! What else httpd has loaded: its modules by name, and the shared libraries of the process. For the configuration's check.

use std::ffi::{CStr, OsStr, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::pool::bytes;
use super::sys;

/// Whether httpd has a module; its name is that of its source file, as in `mod_mime.c`.
pub fn has_module(name: &CStr) -> bool {
    // SAFETY: the name ends with NUL. Modules come and go only while a configuration is read, in httpd's only thread.
    !unsafe { sys::ap_find_linked_module(name.as_ptr()) }.is_null()
}

/// The paths of all shared libraries of this process, in the order in which they were loaded.
pub fn libraries() -> Vec<PathBuf> {
    let mut found = Vec::new();
    // SAFETY: the callback gets exactly this vector, and only until the call returns.
    unsafe { libc::dl_iterate_phdr(Some(add), (&raw mut found).cast()) };
    found
}

/// # Safety
/// Called by `dl_iterate_phdr` with a live record, and with the vector of [`libraries`].
unsafe extern "C" fn add(info: *mut libc::dl_phdr_info, _size: usize, found: *mut c_void) -> c_int {
    // SAFETY: the caller guarantees both; a library's name is NULL or ends with NUL.
    unsafe {
        let name = bytes((*info).dlpi_name);
        if !name.is_empty() {
            (*found.cast::<Vec<PathBuf>>()).push(PathBuf::from(OsStr::from_bytes(name)));
        }
    }
    0
}
