//! File facts as APR gives them.

use std::ffi::{CStr, CString, c_char};
use std::marker::PhantomData;
use std::ptr;

use super::pool::{bytes, optional_bytes};
use super::request::Request;
use super::sys;

/// A view of file facts. What is not known is None; of a missing file only the name it was asked for by and the type are.
#[derive(Clone, Copy)]
pub struct Facts<'a>(*const sys::apr_finfo_t, PhantomData<&'a sys::apr_finfo_t>);

impl<'a> Facts<'a> {
    /// The facts of a request's file, as they are whenever a method is called.
    pub fn of_request(request: Request<'a>) -> Facts<'a> {
        // SAFETY: the view's record is live for `'a`.
        Facts(unsafe { &raw const (*request.as_ptr()).finfo }, PhantomData)
    }

    /// A copy of the record; its texts are NULL or NUL-terminated and live for `'a`.
    pub fn record(self) -> sys::apr_finfo_t {
        // SAFETY: the record is live for `'a`.
        unsafe { *self.0 }
    }

    /// Path of the file as it was asked for.
    pub fn fname(self) -> Option<&'a [u8]> {
        // SAFETY: the record is live; its texts are NULL or NUL-terminated and as long-lived.
        unsafe { optional_bytes((*self.0).fname) }
    }

    /// Name of the file in the file system's own spelling.
    pub fn name(self) -> Option<&'a [u8]> {
        // SAFETY: as in `fname`.
        if self.knows(sys::APR_FINFO_NAME) { unsafe { optional_bytes((*self.0).name) } } else { None }
    }

    /// APR_REG, APR_DIR ...; APR_NOFILE where there is no file.
    pub fn filetype(self) -> sys::apr_filetype_e {
        // SAFETY: the record is live.
        unsafe { (*self.0).filetype }
    }

    /// The APR_FINFO_* bits of what is known.
    pub fn valid(self) -> Option<i32> {
        // SAFETY: the record is live.
        self.exists().then(|| unsafe { (*self.0).valid })
    }

    /// A number that is known where its APR_FINFO_* bit is set.
    pub fn number(self, bit: i32, value: impl FnOnce(&sys::apr_finfo_t) -> i64) -> Option<i64> {
        // SAFETY: the record is live, and nobody writes it while this thread reads.
        self.knows(bit).then(|| value(unsafe { &*self.0 }))
    }

    fn exists(self) -> bool {
        self.filetype() != sys::apr_filetype_e_APR_NOFILE
    }

    fn knows(self, bit: i32) -> bool {
        self.valid().is_some_and(|valid| valid & bit != 0)
    }
}

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

    /// The facts.
    pub fn facts(&self) -> Facts<'_> {
        Facts(&self.info, PhantomData)
    }
}

/// # Safety
/// `text` is NULL or NUL-terminated.
unsafe fn owned(text: *const c_char) -> Option<CString> {
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
