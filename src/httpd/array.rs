//! APR arrays as slices.

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
