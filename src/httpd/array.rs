//! APR arrays as slices.

use std::ffi::c_char;

use super::pool::bytes;
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
