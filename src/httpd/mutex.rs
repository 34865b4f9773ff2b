//! The global mutexes: made in the parent through httpd's Mutex machinery, opened again in each child.

use std::ffi::{CStr, c_int};
use std::ptr;

use super::pool::Pool;
use super::sys;

/// The type name in httpd's `Mutex` directive.
pub const TYPE: &CStr = c"mod_python";

/// The mutexes of one configuration generation.
pub struct Mutexes {
    /// Lock number 0 is reserved for whole-database locks.
    pub locks: Vec<*mut sys::apr_global_mutex_t>,
}

/// Makes the type known; called before the configuration is read.
///
/// # Safety
/// `pool` is httpd's configuration pool.
pub unsafe fn register(pool: *mut sys::apr_pool_t) {
    // SAFETY: the caller guarantees the pool; the name is static.
    unsafe { sys::ap_mutex_register(pool, TYPE.as_ptr(), ptr::null(), sys::apr_lockmech_e_APR_LOCK_DEFAULT, 0) };
}

/// Creates `count` mutexes.
///
/// # Errors
/// The number of the first mutex that could not be made, and APR's status.
///
/// # Safety
/// Called in post_config with its arguments.
pub unsafe fn create(
    count: usize,
    server: *mut sys::server_rec,
    pool: Pool,
) -> Result<Mutexes, (usize, sys::apr_status_t)> {
    let mut locks = Vec::with_capacity(count);
    for index in 0..count {
        let id = pool.dup(format!("mod_python-{index}").as_bytes());
        let mut mutex = ptr::null_mut();
        // SAFETY: post_config's server and pool; the pool owns the mutex.
        let status = unsafe {
            sys::ap_global_mutex_create(&mut mutex, ptr::null_mut(), TYPE.as_ptr(), id, server, pool.as_ptr(), 0)
        };
        if status != sys::APR_SUCCESS {
            return Err((index, status));
        }
        locks.push(mutex);
    }
    Ok(Mutexes { locks })
}

impl Mutexes {
    /// Opens the mutexes again in a child.
    ///
    /// # Safety
    /// Called in child_init with its pool; the mutexes were made by this generation's post_config.
    pub unsafe fn child_init(&mut self, pool: *mut sys::apr_pool_t) -> c_int {
        for mutex in &mut self.locks {
            // SAFETY: the caller guarantees it.
            let status =
                unsafe { sys::apr_global_mutex_child_init(mutex, sys::apr_global_mutex_lockfile(*mutex), pool) };
            if status != sys::APR_SUCCESS {
                return status;
            }
        }
        sys::APR_SUCCESS
    }
}
