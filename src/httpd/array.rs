//! APR arrays as slices.

use std::ffi::{c_char, c_int};

use super::pool::{Pool, bytes};
use super::sys;

/// The elements; none for NULL.
///
/// # Safety
/// `array` is NULL or an array of `T` that is not changed during `'a`.
pub unsafe fn slice<'a, T>(array: *const sys::apr_array_header_t) -> &'a [T] {
    // SAFETY: the caller guarantees the array; APR aligns its elements.
    unsafe {
        match array.as_ref() {
            Some(array) if array.nelts > 0 => {
                debug_assert_eq!(array.elt_size as usize, size_of::<T>());
                std::slice::from_raw_parts(array.elts.cast(), array.nelts as usize)
            }
            _ => &[],
        }
    }
}

/// The texts of an array; none for NULL. The array may grow meanwhile: each one is looked up when its turn comes.
///
/// # Safety
/// `array` is NULL or an array of NUL-terminated texts, which stay for `'a`.
pub unsafe fn texts<'a>(array: *const sys::apr_array_header_t) -> impl Iterator<Item = &'a [u8]> {
    // SAFETY: the caller guarantees the array; the slice ends with the look.
    (0..).map_while(move |at| unsafe { slice::<*const c_char>(array).get(at).map(|text| bytes(*text)) })
}

/// An array of copies of the texts, in the pool.
pub fn of_texts(pool: Pool, texts: &[Vec<u8>]) -> *mut sys::apr_array_header_t {
    // SAFETY: the pool is live; apr_array_push gives the place of a new element of the size that apr_array_make was told.
    unsafe {
        let array = sys::apr_array_make(pool.as_ptr(), texts.len() as c_int, size_of::<*const c_char>() as c_int);
        for text in texts {
            sys::apr_array_push(array).cast::<*const c_char>().write(pool.dup(text));
        }
        array
    }
}
