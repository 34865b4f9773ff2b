//! The calls of Python's C API that pyo3 has no safe form of.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyDict};

use super::Request;

unsafe extern "C" {
    /// Where an object keeps its attribute dictionary (CPython 3.2 to 3.15 export it).
    fn _PyObject_GetDictPtr(object: *mut ffi::PyObject) -> *mut *mut ffi::PyObject;
}

/// How many references there are to an object.
pub fn refcount<T>(object: &Bound<'_, T>) -> isize {
    // SAFETY: the object is live.
    unsafe { ffi::Py_REFCNT(object.as_ptr()) }
}

/// Nobody has set an attribute on the object, whose class has a dictionary.
pub fn has_no_attributes<T>(object: &Bound<'_, T>) -> bool {
    // SAFETY: the object is live; the place of its dictionary is NULL or valid as long as it. CPython 3.11 and 3.12
    // make an empty dictionary with the object.
    unsafe {
        let dict = _PyObject_GetDictPtr(object.as_ptr());
        dict.is_null() || (*dict).is_null() || (ffi::PyDict_Size(*dict) == 0 && ffi::Py_REFCNT(*dict) == 1)
    }
}

/// Takes `__dict__` off the class: attributes that Python code sets are kept, but not shown as a dictionary.
///
/// # Errors
/// MemoryError.
pub fn hide_dictionary(py: Python<'_>) -> PyResult<()> {
    let class = py.get_type::<Request>();
    // `del` on the class itself would mean the class's own dictionary.
    // SAFETY: a heap type of this image, which nobody has used yet; its dictionary lives as long as the type.
    unsafe {
        let type_object = class.as_type_ptr();
        let names = Bound::from_borrowed_ptr(py, (*type_object).tp_dict).cast_into::<PyDict>()?;
        if names.contains("__dict__")? {
            names.del_item("__dict__")?;
            ffi::PyType_Modified(type_object);
        }
    }
    Ok(())
}

/// The dictionary of attributes that Python code has set.
///
/// # Errors
/// MemoryError.
pub fn own_attributes<'py>(request: &Bound<'py, Request>) -> PyResult<Bound<'py, PyDict>> {
    // SAFETY: a live object of a class with a dictionary; the result is a new reference or an error is set.
    let dict = unsafe {
        Bound::from_owned_ptr_or_err(
            request.py(),
            ffi::PyObject_GenericGetDict(request.as_ptr(), std::ptr::null_mut()),
        )?
    };
    Ok(dict.cast_into::<PyDict>()?)
}

/// A capsule without a name or a destructor, for extension modules.
///
/// # Errors
/// MemoryError; ValueError for NULL.
pub fn capsule<T>(py: Python<'_>, record: *mut T) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: Python refuses NULL; the result is a new reference or an error is set.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyCapsule_New(record.cast(), std::ptr::null(), None)) }
}

/// Whether the object can be indexed by numbers (`PySequence_Check`).
pub fn is_sequence(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: the object is live.
    unsafe { ffi::PySequence_Check(object.as_ptr()) != 0 }
}

/// `sys.stderr`, None where it was removed.
pub fn stderr(py: Python<'_>) -> Option<Bound<'_, PyAny>> {
    // SAFETY: the name is NUL-terminated; the result is a borrowed reference or NULL.
    unsafe { Bound::from_borrowed_ptr_or_opt(py, ffi::PySys_GetObject(c"stderr".as_ptr())) }
}
