//! Files in a response. Called by `py::request::sendfile`, without the GIL.

use std::ptr;

use super::output;
use super::pool::Pool;
use super::sys;

/// Why a file was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The name leads to nothing that can be looked at.
    #[error("Could not stat file for reading")]
    Stat,
    /// It is no regular file, or may not be read.
    #[error("Could not open file for reading")]
    Open,
    /// The client does not take the response any more.
    #[error("Write failed, client closed connection.")]
    Client,
}

/// Passes a part of a file to the output filters: `len` bytes from `offset`, None: to the end. Nothing behind the end
/// of the file is asked for. Returns how many bytes that were.
///
/// # Errors
/// See [`SendError`].
///
/// # Safety
/// `request` is live and served by this thread.
pub unsafe fn send(
    request: *mut sys::request_rec,
    path: &[u8],
    offset: u64,
    len: Option<u64>,
) -> Result<usize, SendError> {
    // The file gets a pool of its own, destroyed when it was passed on: a filter that keeps a part for later sets it
    // aside, which takes the descriptor over. So a long response does not collect open files.
    let mut pool = ptr::null_mut();
    // SAFETY: the caller guarantees the request; the new pool is a child of its pool.
    unsafe {
        let status = sys::apr_pool_create_ex(&mut pool, (*request).pool, None, ptr::null_mut());
        if status != sys::APR_SUCCESS {
            return Err(SendError::Open);
        }
        let sent = send_with(request, Pool::from_raw(pool), path, offset, len);
        sys::apr_pool_destroy(pool);
        sent
    }
}

/// # Safety
/// As [`send`].
unsafe fn send_with(
    request: *mut sys::request_rec,
    pool: Pool,
    path: &[u8],
    offset: u64,
    len: Option<u64>,
) -> Result<usize, SendError> {
    // SAFETY: the caller guarantees the request; the results are plain values on the stack.
    unsafe {
        let (path, mut facts) = (pool.dup(path), sys::apr_finfo_t::default());
        let wanted = sys::APR_FINFO_SIZE | sys::APR_FINFO_TYPE;
        if sys::apr_stat(&mut facts, path, wanted, pool.as_ptr()) != sys::APR_SUCCESS {
            return Err(SendError::Stat);
        }
        // Opening a pipe would wait for its other end.
        if facts.filetype != sys::apr_filetype_e_APR_REG {
            return Err(SendError::Open);
        }
        let (mut file, mut flags) = (ptr::null_mut(), sys::APR_FOPEN_READ);
        if sys::mpy_sendfile_enabled(request) != 0 {
            flags |= sys::APR_FOPEN_SENDFILE_ENABLED;
        }
        if sys::apr_file_open(&mut file, path, flags, sys::APR_FPROT_OS_DEFAULT, pool.as_ptr()) != sys::APR_SUCCESS {
            return Err(SendError::Open);
        }
        let rest = u64::try_from(facts.size).unwrap_or(0).saturating_sub(offset);
        let Ok(length) = usize::try_from(len.map_or(rest, |len| len.min(rest))) else { return Err(SendError::Open) };
        if length == 0 {
            return Ok(0);
        }
        if output::has_ended(request) {
            return Err(SendError::Client);
        }
        let mut sent = 0;
        match sys::ap_send_fd(file, request, offset as sys::apr_off_t, length, &mut sent) {
            sys::APR_SUCCESS => Ok(length),
            _ => Err(SendError::Client),
        }
    }
}
