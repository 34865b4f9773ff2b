//! What the running httpd says about itself.

use std::ffi::{CStr, c_int};

use super::pool::bytes;
use super::sys;

/// ServerRoot.
pub fn server_root() -> &'static [u8] {
    // SAFETY: httpd's text lives as long as the configuration, which the child serves with.
    unsafe { bytes(sys::ap_server_root) }
}

/// Whether httpd was started with `-D name`, or `Define`d it.
pub fn is_defined(name: &CStr) -> bool {
    // SAFETY: reads httpd's list, which does not change while the child serves.
    unsafe { sys::ap_exists_config_define(name.as_ptr()) != 0 }
}

/// What the MPM answers to AP_MPMQ_*, None for what it does not know.
pub fn mpm_query(code: c_int) -> Option<c_int> {
    let mut answer = 0;
    // SAFETY: the result is an int on the stack.
    let status = unsafe { sys::ap_mpm_query(code, &mut answer) };
    (status == sys::APR_SUCCESS).then_some(answer)
}

/// When httpd started, or restarted other than gracefully: microseconds since 1970. None without a scoreboard.
pub fn restart_time() -> Option<i64> {
    // SAFETY: httpd makes the scoreboard before it forks; NULL only where there is none.
    let global = unsafe { sys::ap_scoreboard_image.as_ref().and_then(|board| board.global.as_ref()) };
    global.map(|global| global.restart_time)
}
