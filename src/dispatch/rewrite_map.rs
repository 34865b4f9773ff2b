//! PythonRewriteMap: maps of mod_rewrite that are Python functions. Runs in the host copy.
//!
//! mod_rewrite calls a plain C function with the request and the key, nothing else: so there is one function for each
//! name, and its number leads to the name.

use std::ffi::c_char;
use std::ptr;

use super::callback;
use crate::guard;
use crate::httpd::pool::{Pool, bytes};
use crate::httpd::{named, process, sys};
use crate::phase::Callback;

/// mod_rewrite's own internal maps.
pub const OF_HTTPD: [&[u8]; 4] = [b"toupper", b"tolower", b"escape", b"unescape"];

/// How many names there can be.
pub const MOST: usize = ROWS * COLUMNS;
const ROWS: usize = 8;
const COLUMNS: usize = 8;

static TRAMPOLINES: [[sys::mpy_map_function; COLUMNS]; ROWS] =
    [row::<0>(), row::<1>(), row::<2>(), row::<3>(), row::<4>(), row::<5>(), row::<6>(), row::<7>()];

const fn row<const ROW: usize>() -> [sys::mpy_map_function; COLUMNS] {
    [
        Some(map::<ROW, 0>),
        Some(map::<ROW, 1>),
        Some(map::<ROW, 2>),
        Some(map::<ROW, 3>),
        Some(map::<ROW, 4>),
        Some(map::<ROW, 5>),
        Some(map::<ROW, 6>),
        Some(map::<ROW, 7>),
    ]
}

/// The C function for the name with this number; None where there are no more.
pub fn trampoline(number: usize) -> Option<sys::mpy_map_function> {
    TRAMPOLINES.get(number / COLUMNS).map(|row| row[number % COLUMNS])
}

/// mod_rewrite's callback: the value of a key, NULL where there is none.
unsafe extern "C" fn map<const ROW: usize, const COLUMN: usize>(
    request: *mut sys::request_rec,
    key: *mut c_char,
) -> *mut c_char {
    guard::callback(request, Callback::RewriteMap.name(), ptr::null_mut(), || {
        // SAFETY: mod_rewrite passes the live request that it works on, and a text.
        unsafe { value(request, ROW * COLUMNS + COLUMN, bytes(key)) }
    })
}

/// # Safety
/// `request` is live and served by this thread.
unsafe fn value(request: *mut sys::request_rec, number: usize, key: &[u8]) -> *mut c_char {
    // SAFETY: the caller guarantees the request, whose configuration outlives it.
    unsafe {
        let Some(entry) = named::find((*request).server, Callback::RewriteMap, |node| node.number == number) else {
            let name = process::current().rewrite_maps.into_iter().nth(number).unwrap_or_default();
            callback::not_here(request, Callback::RewriteMap, &name);
            return ptr::null_mut();
        };
        match callback::text(request, Callback::RewriteMap, entry, &[key]) {
            Ok(Some(value)) => Pool::from_raw((*request).pool).dup(&value),
            Ok(None) | Err(_) => ptr::null_mut(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_a_function_of_its_own() {
        let functions: Vec<_> = (0..MOST).map(|number| trampoline(number).unwrap().unwrap() as usize).collect();
        assert!(functions.iter().enumerate().all(|(at, one)| !functions[..at].contains(one)));
        assert!(trampoline(MOST).is_none());
    }
}
