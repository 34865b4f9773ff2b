//! Facts about files.

use std::ffi::CStr;

/// What a file looked like: modification time in nanoseconds since the epoch, size in bytes, inode number. A changed
/// file differs; so does one that was swapped for another with the same date.
pub type Stamp = (i64, i64, u64);

/// The file's stamp, None where there is no such file.
///
/// One system call and nothing else: handlers' files are looked at for every request.
pub fn stamp(file: &CStr) -> Option<Stamp> {
    let mut facts = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the path is NUL-terminated; stat fills the record where it returns 0.
    unsafe {
        if libc::stat(file.as_ptr(), facts.as_mut_ptr()) != 0 {
            return None;
        }
        let facts = facts.assume_init_ref();
        Some((facts.st_mtime * 1_000_000_000 + facts.st_mtime_nsec, facts.st_size, facts.st_ino))
    }
}
