//! `mp_finfo`, the facts of a file, and `_apache.stat`. What `req.finfo` gives shows the request's own record as it is
//! now and expires with the request; what `stat` gives is a value of its own.

use std::ffi::CString;

use pyo3::exceptions::{PyIndexError, PyOSError, PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyDict, PyIterator, PyModule, PyString, PyTuple};

use super::detach::without_gil;
use super::live::Live;
use super::text;
use crate::httpd::finfo::{self, Facts, FileInfo};
use crate::httpd::sys;

/// Adds the class and `stat` to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Finfo>()?;
    module.add_function(wrap_pyfunction!(stat, module)?)
}

enum Source {
    Own(FileInfo),
    Request(Live<sys::request_rec>),
}

/// The facts of a file. Attributes are None where they are not known; `valid` has the APR_FINFO_* bits of those that
/// are. All but `fname` and `filetype` are None for a missing file.
#[pyclass(name = "mp_finfo", module = "_apache", frozen)]
pub struct Finfo {
    source: Source,
}

impl Finfo {
    /// The facts of a request's file; the pointer expires through [`Finfo::expire`].
    pub fn of(request: Live<sys::request_rec>) -> Finfo {
        Finfo { source: Source::Request(request) }
    }

    /// From now on every access raises, if this shows a request's record.
    pub fn expire(&self) {
        if let Source::Request(live) = &self.source {
            live.expire();
        }
    }

    /// Runs `body` with the facts; nothing borrowed from them leaves.
    ///
    /// # Errors
    /// `ExpiredError` after the request's end.
    pub fn facts<R>(&self, body: impl for<'r> FnOnce(Facts<'r>) -> R) -> PyResult<R> {
        match &self.source {
            Source::Own(info) => Ok(body(info.facts())),
            Source::Request(live) => live.view(|request| body(Facts::of_request(request))),
        }
    }
}

/// A number that is known where its bit is set.
macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident $bit:ident $value:expr;)*) => {
        #[pymethods]
        impl Finfo {
            $($(#[$doc])*
            #[getter]
            fn $name(&self) -> PyResult<Option<i64>> {
                self.facts(|facts| facts.number(sys::$bit, $value))
            })*
        }
    };
}

numbers! {
    /// APR's permission bits, in hexadecimal what chmod has in octal: 0x644 for rw-r--r--.
    protection APR_FINFO_PROT |info| i64::from(info.protection);
    /// User id.
    user APR_FINFO_USER |info| i64::from(info.user);
    /// Group id.
    group APR_FINFO_GROUP |info| i64::from(info.group);
    /// Inode number.
    inode APR_FINFO_INODE |info| info.inode as i64;
    /// Device number.
    device APR_FINFO_DEV |info| info.device as i64;
    /// Number of hard links.
    nlink APR_FINFO_NLINK |info| i64::from(info.nlink);
    /// Size in bytes.
    size APR_FINFO_SIZE |info| info.size;
    /// Last access, seconds since 1970.
    atime APR_FINFO_ATIME |info| info.atime.div_euclid(1_000_000);
    /// Last change of the content, seconds since 1970.
    mtime APR_FINFO_MTIME |info| info.mtime.div_euclid(1_000_000);
    /// Last change of the inode, seconds since 1970.
    ctime APR_FINFO_CTIME |info| info.ctime.div_euclid(1_000_000);
}

/// The attributes in the order of `repr`.
const SHOWN: [&str; 14] = [
    "fname",
    "filetype",
    "valid",
    "protection",
    "user",
    "group",
    "size",
    "inode",
    "device",
    "nlink",
    "atime",
    "mtime",
    "ctime",
    "name",
];

/// The attributes in the order of FINFO_MODE .. FINFO_FILETYPE.
const INDEXED: [&str; 13] = [
    "protection",
    "inode",
    "device",
    "nlink",
    "user",
    "group",
    "size",
    "atime",
    "mtime",
    "ctime",
    "fname",
    "name",
    "filetype",
];

/// Iteration ends where FINFO_FILETYPE, which came later, begins.
const ITERATED: usize = 12;

#[pymethods]
impl Finfo {
    /// Path of the file as it was asked for.
    #[getter]
    fn fname<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.facts(|facts| text::optional(py, facts.fname()))?
    }

    /// Name of the file in the file system's own spelling, known after directory scans only.
    #[getter]
    fn name<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.facts(|facts| text::optional(py, facts.name()))?
    }

    /// APR_REG, APR_DIR ...; APR_NOFILE where there is no file.
    #[getter]
    fn filetype(&self) -> PyResult<u32> {
        self.facts(|facts| facts.filetype())
    }

    /// The APR_FINFO_* bits of what is known.
    #[getter]
    fn valid(&self) -> PyResult<Option<i32>> {
        self.facts(|facts| facts.valid())
    }

    fn __getitem__<'py>(slf: &Bound<'py, Self>, index: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let index = match index.extract::<usize>() {
            Ok(index) => index,
            // Negative, or beyond any index.
            Err(error) if error.is_instance_of::<PyOverflowError>(slf.py()) => usize::MAX,
            Err(error) => return Err(error),
        };
        let name = INDEXED.get(index).ok_or_else(|| PyIndexError::new_err("tuple index out of range"))?;
        slf.getattr(*name)
    }

    fn __iter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyIterator>> {
        let values: PyResult<Vec<_>> = INDEXED[..ITERATED].iter().map(|name| slf.getattr(*name)).collect();
        PyTuple::new(slf.py(), values?)?.try_iter()
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        let shown = PyDict::new(slf.py());
        for name in SHOWN {
            shown.set_item(name, slf.getattr(name)?)?;
        }
        shown.repr()
    }
}

/// stat(fname, wanted): the facts of a file as mp_finfo.
///
/// fname: str. wanted: a bit set of APR_FINFO_*; more may be known than was wanted. With APR_FINFO_LINK a symbolic link
/// is looked at itself. A missing file gives an object with filetype APR_NOFILE. Raises the subclass of OSError that
/// belongs to the errno.
#[pyfunction]
#[pyo3(signature = (fname, wanted, /))]
fn stat(py: Python<'_>, fname: &Bound<'_, PyString>, wanted: i32) -> PyResult<Finfo> {
    let path = path(fname)?;
    match without_gil(py, &path, |path| finfo::stat(path, wanted)) {
        Ok(info) => Ok(Finfo { source: Source::Own(info) }),
        Err(status) => Err(PyOSError::new_err((status, "apr_stat() failed", fname.clone().unbind()))),
    }
}

/// A path of the file system: bytes that are no UTF-8 come as lone surrogates, as everywhere in Python.
fn path(text: &Bound<'_, PyString>) -> PyResult<CString> {
    let encoded = text.call_method1("encode", ("utf-8", "surrogateescape"))?;
    CString::new(encoded.cast::<PyBytes>()?.as_bytes()).map_err(|_| PyValueError::new_err("embedded null character"))
}
