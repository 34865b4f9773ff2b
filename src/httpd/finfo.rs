//! File facts as APR gives them.

use std::ffi::{CStr, CString};
use std::ptr;

use super::pool::bytes;
use super::sys;

/// The facts of one file, with texts of their own.
pub struct FileInfo {
    info: sys::apr_finfo_t,
    /// What `info.fname` points to.
    _fname: Option<CString>,
    /// What `info.name` points to.
    _name: Option<CString>,
}

// SAFETY: the record points to nothing but the two owned texts, and is not changed.
unsafe impl Send for FileInfo {}
// SAFETY: as above.
unsafe impl Sync for FileInfo {}

impl FileInfo {
    /// Copies a record.
    ///
    /// # Safety
    /// The record's texts are NULL or NUL-terminated.
    unsafe fn copy(info: &sys::apr_finfo_t) -> FileInfo {
        // SAFETY: the caller guarantees both texts.
        let (fname, name) = unsafe { (owned(info.fname), owned(info.name)) };
        let text = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |text| text.as_ptr());
        let info = sys::apr_finfo_t {
            pool: ptr::null_mut(),
            filehand: ptr::null_mut(),
            fname: text(&fname),
            name: text(&name),
            ..*info
        };
        FileInfo { info, _fname: fname, _name: name }
    }

    /// The record; its texts live as long as `self`.
    pub fn record(&self) -> &sys::apr_finfo_t {
        &self.info
    }
}

/// # Safety
/// `text` is NULL or NUL-terminated.
unsafe fn owned(text: *const std::ffi::c_char) -> Option<CString> {
    // SAFETY: the caller guarantees it.
    (!text.is_null()).then(|| CString::new(unsafe { bytes(text) }).unwrap_or_default())
}

/// Asks the file system; may block. A missing file has the type APR_NOFILE.
///
/// # Errors
/// APR's status, which is an errno where the system refused.
pub fn stat(path: &CStr, wanted: i32) -> Result<FileInfo, sys::apr_status_t> {
    let mut pool = ptr::null_mut();
    // SAFETY: the pool lives until the end of this function; the record is copied before.
    unsafe {
        let status = sys::apr_pool_create_ex(&mut pool, ptr::null_mut(), None, ptr::null_mut());
        if status != sys::APR_SUCCESS {
            return Err(status);
        }
        let mut info = sys::apr_finfo_t::default();
        let result = match sys::apr_stat(&mut info, path.as_ptr(), wanted, pool) {
            // Some of what was wanted is not to be had: `valid` says what is.
            sys::APR_SUCCESS | sys::APR_INCOMPLETE => Ok(FileInfo::copy(&info)),
            sys::APR_ENOENT => {
                let missing = sys::apr_finfo_t { fname: path.as_ptr(), ..sys::apr_finfo_t::default() };
                Ok(FileInfo::copy(&missing))
            }
            status => Err(status),
        };
        sys::apr_pool_destroy(pool);
        result
    }
}
