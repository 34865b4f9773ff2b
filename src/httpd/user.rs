//! The user that children run as, and what that user can read. For post_config.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::sys;

/// The first of these paths that the server's run-time user cannot read. Where httpd was not started by root, that user
/// is its own.
///
/// A process of its own takes the user's identity and looks, because only the kernel knows all rules.
pub fn unreadable(paths: &[PathBuf]) -> Option<&Path> {
    let names: Vec<_> = paths.iter().filter_map(|path| CString::new(path.as_os_str().as_bytes()).ok()).collect();
    // SAFETY: post_config runs in httpd's only thread. Between fork and _exit the child calls functions of the kernel
    // only; the identity's texts and numbers are httpd's, complete once the configuration was read.
    let first = unsafe {
        let looker = libc::fork();
        if looker == 0 {
            let become_user = libc::geteuid() != 0 || {
                let user = &raw const sys::ap_unixd_config;
                let name = (*user).user_name;
                libc::setgroups(0, std::ptr::null()) == 0
                    && (name.is_null() || libc::initgroups(name, (*user).group_id) == 0)
                    && libc::setgid((*user).group_id) == 0
                    && libc::setuid((*user).user_id) == 0
            };
            let seen = |name: &CString| libc::access(name.as_ptr(), libc::R_OK) == 0;
            let first = if become_user { names.iter().position(|name| !seen(name)) } else { None };
            libc::_exit(first.map_or(0, |at| 1 + i32::try_from(at).unwrap_or(0).min(200)));
        }
        let mut status = 0;
        while looker > 0 && libc::waitpid(looker, &mut status, 0) < 0 && *libc::__errno_location() == libc::EINTR {}
        if looker > 0 && libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 0 }
    };
    usize::try_from(first).ok().and_then(|first| paths.get(first.checked_sub(1)?)).map(PathBuf::as_path)
}

/// The number of that user.
pub fn id() -> u32 {
    // SAFETY: as above.
    unsafe { if libc::geteuid() == 0 { sys::ap_unixd_config.user_id } else { libc::geteuid() } }
}
