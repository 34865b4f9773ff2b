//! The calls of Python's C API that pyo3 has no safe form of: strings, capsules, attribute dictionaries, reference
//! counts, and the references that a request of httpd keeps. Everything here is safe to call; the other files of `py` use
//! it instead of `pyo3::ffi`.

use std::ffi::CStr;
use std::ptr::{self, NonNull};
use std::slice;

use pyo3::PyClass;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyCapsule, PyCode, PyDict, PyString, PyTuple, PyType};

use super::request::Request;
use crate::httpd::request::Request as View;
use crate::image::state;

unsafe extern "C" {
    /// Where an object keeps its attribute dictionary (CPython 3.2 to 3.15 export it).
    fn _PyObject_GetDictPtr(object: *mut ffi::PyObject) -> *mut *mut ffi::PyObject;
}

/// A value on its way through code that runs without the GIL, in the same thread; for `detach` only.
pub(super) struct Carry<T>(pub(super) T);

// SAFETY: `without_gil` runs its body in the calling thread; nothing moves to another one.
unsafe impl<T> Send for Carry<T> {}

/// Bytes as str: UTF-8, other bytes as lone surrogates (PEP 383).
///
/// # Errors
/// MemoryError.
#[inline]
pub fn decode<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    // SAFETY: address and length of the slice; the error handler's name is NUL-terminated; the result is a new
    // reference or an error is set.
    unsafe {
        let text = ffi::PyUnicode_DecodeUTF8(
            bytes.as_ptr().cast(),
            bytes.len() as ffi::Py_ssize_t,
            c"surrogateescape".as_ptr(),
        );
        Ok(Bound::from_owned_ptr_or_err(py, text)?.cast_into_unchecked())
    }
}

/// Bytes as str, one character each (ISO-8859-1).
///
/// # Errors
/// MemoryError.
#[inline]
pub fn decode_latin1<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    // SAFETY: address and length of the slice; the result is a new reference or an error is set.
    unsafe {
        let text = ffi::PyUnicode_DecodeLatin1(bytes.as_ptr().cast(), bytes.len() as ffi::Py_ssize_t, ptr::null());
        Ok(Bound::from_owned_ptr_or_err(py, text)?.cast_into_unchecked())
    }
}

/// A str as ISO-8859-1, lone surrogates as the bytes they stand for.
///
/// # Errors
/// UnicodeEncodeError.
pub fn encode_latin1<'py>(text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyBytes>> {
    // SAFETY: text is a str, both names are NUL-terminated; the result is a new bytes object or an error is set.
    unsafe {
        let encoded =
            ffi::PyUnicode_AsEncodedString(text.as_ptr(), c"iso-8859-1".as_ptr(), c"surrogateescape".as_ptr());
        Ok(Bound::from_owned_ptr_or_err(text.py(), encoded)?.cast_into()?)
    }
}

/// A str as a C string, which it keeps; None for NULs and lone surrogates.
#[inline]
pub fn c_text<'a>(text: &'a Bound<'_, PyString>) -> Option<&'a CStr> {
    let plain = text.to_str().ok()?;
    // SAFETY: CPython puts a NUL behind the UTF-8 form that a str keeps.
    CStr::from_bytes_with_nul(unsafe { slice::from_raw_parts(plain.as_ptr(), plain.len() + 1) }).ok()
}

/// Runs the code of a module with these names.
///
/// # Errors
/// What the code raises.
pub fn run_code(code: &Bound<'_, PyCode>, names: &Bound<'_, PyDict>) -> PyResult<()> {
    // SAFETY: live objects of these types; the result is a new reference or an error is set.
    let result = unsafe {
        Bound::from_owned_ptr_or_err(code.py(), ffi::PyEval_EvalCode(code.as_ptr(), names.as_ptr(), names.as_ptr()))
    };
    result.map(drop)
}

/// How many references there are to an object.
#[inline]
pub fn refcount<T>(object: &Py<T>) -> isize {
    // SAFETY: the object is live.
    unsafe { ffi::Py_REFCNT(object.as_ptr()) }
}

/// A capsule without a name or a destructor, for extension modules.
///
/// # Errors
/// MemoryError.
pub fn capsule<T>(py: Python<'_>, record: NonNull<T>) -> PyResult<Bound<'_, PyCapsule>> {
    // SAFETY: the address is not NULL; the result is a new reference or an error is set.
    unsafe {
        let capsule = ffi::PyCapsule_New(record.as_ptr().cast(), ptr::null(), None);
        Ok(Bound::from_owned_ptr_or_err(py, capsule)?.cast_into()?)
    }
}

/// Sets an attribute as `object.__setattr__` does.
///
/// # Errors
/// AttributeError, and what a setter raises.
pub fn generic_set_attribute(
    object: &Bound<'_, PyAny>,
    name: &Bound<'_, PyString>,
    value: &Bound<'_, PyAny>,
) -> PyResult<()> {
    // SAFETY: three live objects; -1 means that an error is set.
    match unsafe { ffi::PyObject_GenericSetAttr(object.as_ptr(), name.as_ptr(), value.as_ptr()) } {
        -1 => Err(PyErr::fetch(object.py())),
        _ => Ok(()),
    }
}

/// This interpreter's object of a request, which the request's record keeps; None before Python saw the request here.
#[inline]
pub fn kept_object<'py>(py: Python<'py>, request: View<'_>) -> Option<Bound<'py, Request>> {
    let object = request.kept_object(state::interp())?;
    // SAFETY: the record owns a reference to this interpreter's object, which came from `keep_object`.
    Some(unsafe { Bound::from_borrowed_ptr(py, object.cast()).cast_into_unchecked() })
}

/// Keeps an object with its request until the request's end, or until [`drop_kept`]. False: the request cannot keep any.
pub fn keep_object(object: &Bound<'_, Request>, request: View<'_>) -> bool {
    request.keep_object(state::interp(), || object.clone().into_ptr().cast())
}

/// Drops the reference to this interpreter's object that a request keeps.
pub fn drop_kept(py: Python<'_>, request: View<'_>) {
    if let Some(object) = request.take_object(state::interp()) {
        // SAFETY: the owned reference that `keep_object` gave away in this interpreter.
        drop(unsafe { Bound::<PyAny>::from_owned_ptr(py, object.cast()) });
    }
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

/// The dictionary of attributes that Python code has set.
///
/// # Errors
/// MemoryError.
pub fn own_attributes<'py, T>(object: &Bound<'py, T>) -> PyResult<Bound<'py, PyDict>> {
    // SAFETY: a live object of a class with a dictionary; the result is a new reference or an error is set.
    let dict = unsafe {
        Bound::from_owned_ptr_or_err(object.py(), ffi::PyObject_GenericGetDict(object.as_ptr(), std::ptr::null_mut()))?
    };
    Ok(dict.cast_into::<PyDict>()?)
}

/// Takes `__dict__` off the class: attributes that Python code sets are kept, but not shown as a dictionary.
/// Called before anybody uses the class.
///
/// # Errors
/// MemoryError.
pub fn hide_dictionary<T: PyClass>(py: Python<'_>) -> PyResult<()> {
    let class = py.get_type::<T>();
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

/// `str.__new__(class, text)`: an object of a subclass of str, without what the class itself does at its birth.
///
/// # Errors
/// TypeError where the class is no subclass of str, MemoryError.
fn new_str<'py>(class: &Bound<'py, PyType>, text: Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let arguments = PyTuple::new(py, [text])?;
    // SAFETY: the class is a subtype of str, whose own constructor gets it with a tuple of arguments; the result is a
    // new reference or an error is set.
    unsafe {
        let base = &raw mut ffi::PyUnicode_Type;
        let made = match (*base).tp_new {
            Some(make) if ffi::PyType_IsSubtype(class.as_type_ptr(), base) != 0 => {
                make(class.as_type_ptr(), arguments.as_ptr(), ptr::null_mut())
            }
            _ => return Err(PyTypeError::new_err("a class of text fields must be a subclass of str")),
        };
        Bound::from_owned_ptr_or_err(py, made)
    }
}

/// `object.__new__(class)`.
///
/// # Errors
/// TypeError where that makes no object of the class, MemoryError.
pub fn new_object<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let nothing = PyTuple::empty(py);
    // SAFETY: both classes are live. A class whose nearest static base is another one than object is left to its own
    // constructor's rules, as `object.__new__` does. The result is a new reference or an error is set.
    unsafe {
        let mut base = class.as_type_ptr();
        while !base.is_null() && ffi::PyType_HasFeature(base, ffi::Py_TPFLAGS_HEAPTYPE) != 0 {
            base = (*base).tp_base;
        }
        let object = &raw mut ffi::PyBaseObject_Type;
        let made = match (*object).tp_new {
            Some(make) if base == object => make(class.as_type_ptr(), nothing.as_ptr(), ptr::null_mut()),
            _ => return Err(PyTypeError::new_err("not a class of Python's own objects")),
        };
        Bound::from_owned_ptr_or_err(py, made)
    }
}

/// Sets what a descriptor of a slot stands for: `descriptor.__set__(object, value)`.
///
/// # Errors
/// TypeError where the descriptor is none of the object's class or cannot be set.
#[inline]
pub fn set_slot(descriptor: &Bound<'_, PyAny>, object: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    // SAFETY: three live objects; -1 means that an error is set.
    unsafe {
        match (*ffi::Py_TYPE(descriptor.as_ptr())).tp_descr_set {
            Some(set) if set(descriptor.as_ptr(), object.as_ptr(), value.as_ptr()) == 0 => Ok(()),
            Some(_) => Err(PyErr::fetch(descriptor.py())),
            None => Err(PyTypeError::new_err("not the descriptor of a slot")),
        }
    }
}

/// A subclass of str whose objects keep attributes in `__slots__`, for making many objects.
pub struct TextClass<const N: usize> {
    class: Py<PyType>,
    /// The names of attributes; where objects of the class keep them, None where the class does something else.
    attributes: [(Py<PyString>, Option<usize>); N],
}

impl<const N: usize> TextClass<N> {
    /// Looks at the class.
    ///
    /// # Errors
    /// AttributeError where the class has no such attribute.
    pub fn new(class: Bound<'_, PyType>, attributes: [&Bound<'_, PyString>; N]) -> PyResult<TextClass<N>> {
        let mut found = attributes.map(|name| (name.clone().unbind(), None));
        for (place, name) in found.iter_mut().zip(attributes) {
            place.1 = slot(&class, &class.getattr(name)?);
        }
        Ok(TextClass { class: class.unbind(), attributes: found })
    }

    /// The class.
    pub fn class(&self) -> &Py<PyType> {
        &self.class
    }

    /// An object as `str.__new__(class, text)` makes it, with its attributes.
    ///
    /// # Errors
    /// As there, and what setting an attribute raises.
    pub fn make<'py>(&self, text: Bound<'py, PyString>, values: [Bound<'py, PyAny>; N]) -> PyResult<Bound<'py, PyAny>> {
        let py = text.py();
        let object = new_str(self.class.bind(py), text)?;
        for ((name, offset), value) in self.attributes.iter().zip(values) {
            match offset {
                // SAFETY: the object is new and of this class, in whose objects there is a reference or NULL at this
                // place; it gets a reference of its own for the one that was there, and nobody else has seen it.
                Some(offset) => unsafe {
                    let place = object.as_ptr().byte_add(*offset).cast::<*mut ffi::PyObject>();
                    let before = place.replace(value.into_ptr());
                    drop(Bound::from_owned_ptr_or_opt(py, before));
                },
                None => object.setattr(name, value)?,
            }
        }
        Ok(object)
    }
}

/// Where objects of a class keep an attribute, if this descriptor is one of its `__slots__`.
fn slot(class: &Bound<'_, PyType>, descriptor: &Bound<'_, PyAny>) -> Option<usize> {
    // SAFETY: both objects are live; a member descriptor has this layout, and its member, which CPython declares as
    // such in all versions, lives as long as it. Slots of a base class are at the same place in its subclasses.
    unsafe {
        if descriptor.get_type_ptr() != &raw mut ffi::PyMemberDescr_Type {
            return None;
        }
        let descriptor = descriptor.as_ptr().cast::<ffi::PyMemberDescrObject>();
        let member = &*(*descriptor).d_member.cast::<ffi::PyMemberDef>();
        let writable = member.type_code == ffi::Py_T_OBJECT_EX && member.flags & ffi::Py_READONLY == 0;
        let fits = ffi::PyType_IsSubtype(class.as_type_ptr(), (*descriptor).d_common.d_type) != 0;
        if writable && fits { usize::try_from(member.offset).ok() } else { None }
    }
}

/// Bytes as str where they are UTF-8, else None.
#[inline]
pub fn utf8<'py>(py: Python<'py>, bytes: &[u8]) -> Option<Bound<'py, PyString>> {
    // SAFETY: address and length of the slice; the result is a new reference, or an error is set, which is taken.
    unsafe {
        let text = ffi::PyUnicode_DecodeUTF8(bytes.as_ptr().cast(), bytes.len() as ffi::Py_ssize_t, ptr::null());
        if text.is_null() {
            ffi::PyErr_Clear();
        }
        Some(Bound::from_owned_ptr_or_opt(py, text)?.cast_into_unchecked())
    }
}

/// Whether the object can be indexed by numbers (`PySequence_Check`).
pub fn is_sequence(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: the object is live.
    unsafe { ffi::PySequence_Check(object.as_ptr()) != 0 }
}

/// What calling a generator function gives.
pub fn is_generator(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: the object is live.
    unsafe { ffi::PyGen_CheckExact(object.as_ptr()) != 0 }
}

/// What calling an `async` function gives.
pub fn is_coroutine(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: the object is live.
    unsafe { ffi::PyCoro_CheckExact(object.as_ptr()) != 0 }
}

/// `sys.stderr`, None where it was removed.
pub fn stderr(py: Python<'_>) -> Option<Bound<'_, PyAny>> {
    // SAFETY: the name is NUL-terminated; the result is a borrowed reference or NULL.
    unsafe { Bound::from_borrowed_ptr_or_opt(py, ffi::PySys_GetObject(c"stderr".as_ptr())) }
}
