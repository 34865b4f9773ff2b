//! Cuts a brigade into pieces that fit into memory: a file of any size is one bucket, and what a script or a backend
//! sends may never end.

use std::ptr;

use super::Brigade;
use crate::httpd::sys;

/// A call of a filter is given about this many bytes at most.
pub const WINDOW: usize = 256 * 1024;

/// Where the window ends.
pub enum Cut {
    /// The brigade is one window.
    Whole,
    /// The rest stands in the other brigade. `pause`: the next bytes are not there yet, so what is should be sent.
    At {
        /// Whether to flush.
        pause: bool,
    },
}

/// Leaves one window in the brigade and moves the rest to the end of `rest`.
///
/// # Errors
/// What httpd said when a bucket could not be read.
///
/// # Safety
/// Both are live brigades of one connection that this thread serves; `rest` is empty.
pub unsafe fn cut(brigade: Brigade, rest: Brigade) -> Result<Cut, sys::apr_status_t> {
    let mut total = 0;
    // SAFETY: the caller guarantees the brigades; buckets are followed while nobody else changes them.
    unsafe {
        let mut bucket = sys::mpy_brigade_first(brigade);
        while sys::mpy_brigade_is_end(brigade, bucket) == 0 {
            if sys::mpy_bucket_is_eos(bucket) != 0 {
                return Ok(Cut::Whole);
            }
            if sys::mpy_bucket_is_metadata(bucket) == 0 {
                if (*bucket).length == usize::MAX {
                    let (mut data, mut length) = (ptr::null(), 0);
                    let status = sys::mpy_bucket_read(bucket, &mut data, &mut length, i32::from(total == 0));
                    if status != sys::APR_SUCCESS {
                        if total == 0 {
                            return Err(status);
                        }
                        // Not there yet, or broken: the next window will see.
                        return Ok(split(brigade, bucket, rest, true));
                    }
                }
                let room = WINDOW - total;
                if (*bucket).length > room {
                    if room > 0 && sys::mpy_bucket_split(bucket, room) == sys::APR_SUCCESS {
                        return Ok(split(brigade, sys::mpy_bucket_next(bucket), rest, false));
                    }
                    // One that cannot be split is taken as a whole, by a window of its own.
                    if total > 0 {
                        return Ok(split(brigade, bucket, rest, false));
                    }
                }
                total += (*bucket).length.min(room);
            }
            bucket = sys::mpy_bucket_next(bucket);
        }
    }
    Ok(Cut::Whole)
}

/// # Safety
/// As [`cut`]; the bucket belongs to the brigade.
unsafe fn split(brigade: Brigade, bucket: *mut sys::apr_bucket, rest: Brigade, pause: bool) -> Cut {
    // SAFETY: the caller guarantees it.
    unsafe {
        if sys::mpy_brigade_is_end(brigade, bucket) != 0 {
            return Cut::Whole;
        }
        sys::apr_brigade_split_ex(brigade, bucket, rest);
    }
    Cut::At { pause }
}
