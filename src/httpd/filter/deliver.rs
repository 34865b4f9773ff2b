//! From what an input filter has written to whoever asks: as much as was asked for, the rest waits.

use super::{Brigade, queue};
use crate::httpd::sys;

/// Moves up to `wanted` bytes, a line or everything from `ready` to the end of `brigade`. True: the stream ends with it.
///
/// # Errors
/// What httpd said.
///
/// # Safety
/// Both are live brigades of one connection that this thread serves.
pub unsafe fn deliver(
    ready: Brigade,
    brigade: Brigade,
    mode: sys::ap_input_mode_t,
    wanted: sys::apr_off_t,
) -> Result<bool, sys::apr_status_t> {
    /// httpd's limit for a line that is asked for (`HUGE_STRING_LEN`).
    const LINE: sys::apr_off_t = sys::HUGE_STRING_LEN as sys::apr_off_t;
    // SAFETY: the caller guarantees the brigades.
    unsafe {
        if mode == sys::ap_input_mode_t_AP_MODE_GETLINE {
            let status = sys::apr_brigade_split_line(brigade, ready, sys::apr_read_type_e_APR_BLOCK_READ, LINE);
            if status != sys::APR_SUCCESS {
                return Err(status);
            }
        } else if mode == sys::ap_input_mode_t_AP_MODE_READBYTES && wanted > 0 {
            let mut after = std::ptr::null_mut();
            match sys::apr_brigade_partition(ready, wanted, &mut after) {
                sys::APR_SUCCESS => {
                    while sys::mpy_brigade_is_end(ready, after) == 0 && sys::mpy_brigade_first(ready) != after {
                        move_first(ready, brigade);
                    }
                    // Markers right behind belong to what was delivered.
                    while sys::mpy_brigade_is_empty(ready) == 0
                        && sys::mpy_bucket_is_metadata(sys::mpy_brigade_first(ready)) != 0
                    {
                        move_first(ready, brigade);
                    }
                    if sys::mpy_brigade_is_end(ready, after) != 0 {
                        sys::mpy_brigade_concat(brigade, ready);
                    }
                }
                status if status == sys::APR_INCOMPLETE as sys::apr_status_t => {
                    sys::mpy_brigade_concat(brigade, ready);
                }
                status => return Err(status),
            }
        } else {
            sys::mpy_brigade_concat(brigade, ready);
        }
        Ok(queue::ends(brigade))
    }
}

/// # Safety
/// Both are live; `from` is not empty.
unsafe fn move_first(from: Brigade, to: Brigade) {
    // SAFETY: the caller guarantees it.
    unsafe {
        let bucket = sys::mpy_brigade_first(from);
        sys::mpy_bucket_remove(bucket);
        sys::mpy_brigade_append(to, bucket);
    }
}
