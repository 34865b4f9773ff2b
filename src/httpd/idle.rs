//! Whether a child without threads is between two connections.
//!
//! A prefork child ends from a signal handler, wherever the signal finds it. In the middle of a connection that may be
//! inside malloc or Python, where no exit code of users can run; between two connections the child just waits.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use super::pool::Pool;
use super::{running, sys};

/// A child without threads is doing something.
static BUSY: AtomicBool = AtomicBool::new(false);

/// Whether the MPM serves connections in threads, which end in order.
pub fn is_threaded() -> bool {
    running::mpm_query(sys::AP_MPMQ_IS_THREADED as c_int)
        .is_some_and(|answer| answer != sys::AP_MPMQ_NOT_SUPPORTED as c_int)
}

/// Marks the child as busy until the result is dropped; for its start.
pub struct Busy;

impl Busy {
    /// The child does something from now on.
    pub fn begin() -> Busy {
        BUSY.store(!is_threaded(), Ordering::Relaxed);
        Busy
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        BUSY.store(false, Ordering::Relaxed);
    }
}

/// Whether exit code can run now.
pub fn is_idle() -> bool {
    !BUSY.load(Ordering::Relaxed)
}

/// httpd's hook before a connection: the child is busy until the connection's pool goes.
pub unsafe extern "C" fn pre_connection(conn: *mut sys::conn_rec, _socket: *mut c_void) -> c_int {
    // SAFETY: httpd passes a live connection. A proxy's own connections have no place in the scoreboard.
    let (is_client, pool) = unsafe { (!(*conn).sbh.is_null(), Pool::from_raw((*conn).pool)) };
    if is_client && !is_threaded() {
        BUSY.store(true, Ordering::Relaxed);
        pool.on_destroy(ptr::null_mut(), connection_ended);
    }
    sys::OK
}

unsafe extern "C" fn connection_ended(_data: *mut c_void) -> sys::apr_status_t {
    BUSY.store(false, Ordering::Relaxed);
    sys::APR_SUCCESS
}
