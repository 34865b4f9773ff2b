//! Memory pools: copies with the pool's life, and cleanups.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use super::sys;

/// A pool of APR, alive as long as its owner (a request, a connection, the configuration).
#[derive(Clone, Copy)]
pub struct Pool(*mut sys::apr_pool_t);

/// What APR calls when a pool goes.
pub type Cleanup = unsafe extern "C" fn(*mut c_void) -> sys::apr_status_t;

impl Pool {
    /// # Safety
    /// `pool` is a live pool, and stays so while the result and everything allocated from it is used.
    pub unsafe fn from_raw(pool: *mut sys::apr_pool_t) -> Pool {
        Pool(pool)
    }

    /// The raw pool.
    pub fn as_ptr(self) -> *mut sys::apr_pool_t {
        self.0
    }

    /// Moves a value into the pool. It is never dropped: only plain data may go here.
    pub fn alloc<T: Copy>(self, value: T) -> *mut T {
        // SAFETY: the pool is live (from_raw); apr_palloc aligns to 8 bytes at least and never returns NULL: httpd's
        // pools abort the process when memory ends.
        unsafe {
            debug_assert!(align_of::<T>() <= 8);
            let place = sys::apr_palloc(self.0, size_of::<T>()).cast::<T>();
            ptr::write(place, value);
            place
        }
    }

    /// Room for a value, which the pool never drops.
    pub fn uninit<T>(self) -> *mut T {
        const { assert!(align_of::<T>() <= 8) };
        // SAFETY: as in `alloc`.
        unsafe { sys::apr_palloc(self.0, size_of::<T>()).cast() }
    }

    /// A copy of plain values.
    pub fn copy<T: Copy>(self, values: &[T]) -> *const T {
        // SAFETY: as in `alloc`; the slice gives address and length.
        unsafe {
            debug_assert!(align_of::<T>() <= 8);
            let place = sys::apr_palloc(self.0, size_of_val(values)).cast::<T>();
            ptr::copy_nonoverlapping(values.as_ptr(), place, values.len());
            place
        }
    }

    /// A NUL-terminated copy of the bytes.
    pub fn dup(self, bytes: &[u8]) -> *mut c_char {
        // SAFETY: the pool is live, the slice gives address and length.
        unsafe { sys::apr_pstrmemdup(self.0, bytes.as_ptr().cast(), bytes.len()) }
    }

    /// Calls `cleanup(data)` when the pool is destroyed, after its sub-pools went.
    pub fn on_destroy(self, data: *mut c_void, cleanup: Cleanup) {
        // SAFETY: the pool is live; APR copies both values.
        unsafe {
            sys::apr_pool_cleanup_register(self.0, data, Some(cleanup), Some(sys::apr_pool_cleanup_null));
        }
    }

    /// Calls `cleanup(data)` when the pool is about to be destroyed: everything in it, sub-pools too, is still there.
    pub fn before_destroy(self, data: *mut c_void, cleanup: Cleanup) {
        // SAFETY: the pool is live; APR copies both values.
        unsafe { sys::apr_pool_pre_cleanup_register(self.0, data, Some(cleanup)) }
    }
}

/// The bytes of a C string, None for NULL.
///
/// # Safety
/// As [`bytes`].
#[inline]
pub unsafe fn optional_bytes<'a>(text: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: the caller guarantees it.
    (!text.is_null()).then(|| unsafe { bytes(text) })
}

/// The bytes of a C string, empty for NULL.
///
/// # Safety
/// `text` is NULL or a NUL-terminated string that outlives `'a`.
pub unsafe fn bytes<'a>(text: *const c_char) -> &'a [u8] {
    if text.is_null() {
        return &[];
    }
    // SAFETY: the caller guarantees it.
    unsafe { CStr::from_ptr(text) }.to_bytes()
}
