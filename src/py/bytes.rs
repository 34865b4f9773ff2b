//! A bytes object under construction: filled in place, growing, shown to nobody before it is done. For `request::read`
//! and whoever else receives data of unknown length.

use std::ffi::c_int;
use std::mem::{self, MaybeUninit};
use std::ptr;
use std::slice;

use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::httpd::body::Room;

unsafe extern "C" {
    /// Part of Python's documented C API, missing in pyo3's bindings.
    fn _PyBytes_Resize(bytes: *mut *mut ffi::PyObject, size: ffi::Py_ssize_t) -> c_int;
}

/// The bytes so far and the space behind them.
pub struct GrowingBytes<'py> {
    py: Python<'py>,
    /// An owned reference, the only one; NULL once it was given up.
    object: *mut ffi::PyObject,
    filled: usize,
    capacity: usize,
}

impl<'py> GrowingBytes<'py> {
    /// Space for `capacity` bytes, at least one.
    ///
    /// # Errors
    /// MemoryError.
    pub fn new(py: Python<'py>, capacity: usize) -> PyResult<GrowingBytes<'py>> {
        // Python shares the objects of length 0 and 1: they must not be written to.
        let capacity = capacity.max(2);
        let size = ffi::Py_ssize_t::try_from(capacity).map_err(|_| PyMemoryError::new_err(()))?;
        // SAFETY: NULL asks for an object of this size with undefined contents, an error is set where it is NULL.
        let object = unsafe { ffi::PyBytes_FromStringAndSize(ptr::null(), size) };
        if object.is_null() { Err(PyErr::fetch(py)) } else { Ok(GrowingBytes { py, object, filled: 0, capacity }) }
    }

    /// How many bytes are there.
    pub fn filled(&self) -> usize {
        self.filled
    }

    /// How many bytes there is space for.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Runs `body` with the space behind the bytes, as far as `limit` bytes altogether; it may be filled without the GIL.
    pub fn fill<R>(&mut self, limit: usize, body: impl FnOnce(&mut Room<'_>) -> R) -> R {
        let end = self.capacity.min(limit).max(self.filled);
        // SAFETY: the object has `capacity` bytes and nobody else knows it.
        let space = unsafe {
            let start = ffi::PyBytes_AsString(self.object).cast::<MaybeUninit<u8>>();
            slice::from_raw_parts_mut(start.add(self.filled), end - self.filled)
        };
        let mut room = Room::new(space);
        let result = body(&mut room);
        debug_assert!(room.filled() <= end - self.filled);
        // What a room counts was written.
        self.filled += room.filled();
        result
    }

    /// Changes the space; what is filled stays.
    ///
    /// # Errors
    /// MemoryError; the bytes are lost then.
    pub fn resize(&mut self, capacity: usize) -> PyResult<()> {
        let capacity = capacity.max(self.filled).max(2);
        self.set_size(capacity)?;
        self.capacity = capacity;
        Ok(())
    }

    fn set_size(&mut self, size: usize) -> PyResult<()> {
        let size = ffi::Py_ssize_t::try_from(size).map_err(|_| PyMemoryError::new_err(()))?;
        // SAFETY: the only reference; Python replaces it, by NULL and an error where it fails.
        match unsafe { _PyBytes_Resize(&mut self.object, size) } {
            0 => Ok(()),
            _ => Err(PyErr::fetch(self.py)),
        }
    }

    /// The finished object.
    ///
    /// # Errors
    /// MemoryError.
    pub fn finish(mut self) -> PyResult<Bound<'py, PyBytes>> {
        if self.filled < 2 {
            // SAFETY: the filled part was written.
            let filled = unsafe { slice::from_raw_parts(ffi::PyBytes_AsString(self.object).cast::<u8>(), self.filled) };
            return Ok(PyBytes::new(self.py, filled));
        }
        if self.filled != self.capacity {
            self.set_size(self.filled)?;
        }
        let object = mem::replace(&mut self.object, ptr::null_mut());
        // SAFETY: an owned reference to a bytes object, given up here.
        Ok(unsafe { Bound::from_owned_ptr(self.py, object).cast_into_unchecked() })
    }
}

impl Drop for GrowingBytes<'_> {
    fn drop(&mut self) {
        // SAFETY: the owned reference or NULL; the token proves that the GIL is held.
        unsafe { ffi::Py_XDECREF(self.object) };
    }
}
