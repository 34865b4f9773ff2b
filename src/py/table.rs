//! The table object `mp_table`: a live view of one of httpd's tables.

use std::ffi::CString;

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyList};

use super::live::Live;
use super::text;
use crate::httpd::sys;

/// The tables of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RequestTable {
    /// `headers_in`
    HeadersIn,
    /// `headers_out`
    HeadersOut,
    /// `err_headers_out`
    ErrHeadersOut,
    /// `subprocess_env`
    SubprocessEnv,
    /// `notes`
    Notes,
}

impl RequestTable {
    /// How many there are.
    pub const COUNT: usize = 5;

    /// The table as it is now; httpd may replace it during a request.
    ///
    /// # Safety
    /// `record` is live.
    unsafe fn of(self, record: *mut sys::request_rec) -> *mut sys::apr_table_t {
        // SAFETY: the caller guarantees it.
        unsafe {
            match self {
                RequestTable::HeadersIn => (*record).headers_in,
                RequestTable::HeadersOut => (*record).headers_out,
                RequestTable::ErrHeadersOut => (*record).err_headers_out,
                RequestTable::SubprocessEnv => (*record).subprocess_env,
                RequestTable::Notes => (*record).notes,
            }
        }
    }

    /// CR and LF would end a header early.
    fn is_response_header(self) -> bool {
        matches!(self, RequestTable::HeadersOut | RequestTable::ErrHeadersOut)
    }
}

/// A table of httpd, seen by Python.
#[pyclass(name = "mp_table", module = "_apache", frozen, mapping)]
pub struct Table {
    live: Live<sys::request_rec>,
    which: RequestTable,
}

impl Table {
    /// The view of a request's table; expires with the request.
    pub fn of_request(owner: &Live<sys::request_rec>, record: *mut sys::request_rec, which: RequestTable) -> Table {
        // SAFETY: the same record as the owner's; the request expires its tables with itself.
        Table { live: unsafe { owner.sibling(record) }, which }
    }

    /// From now on every access raises.
    pub fn expire(&self) {
        self.live.expire();
    }
}

#[pymethods]
impl Table {
    fn __getitem__<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let name = CString::new(text::encode(key)?.as_ref())?;
        let value = self.live.with(|record| unsafe {
            text::decode_c(py, sys::apr_table_get(self.which.of(record), name.as_ptr()))
        })??;
        value.map(Bound::into_any).ok_or_else(|| PyKeyError::new_err(key.clone().unbind()))
    }

    fn __setitem__(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let encode = if self.which.is_response_header() { text::encode_header } else { text::encode };
        let (key, value) = (CString::new(encode(key)?.as_ref())?, CString::new(encode(value)?.as_ref())?);
        // SAFETY: the record is live; APR copies both texts.
        self.live.with(|record| unsafe { sys::apr_table_set(self.which.of(record), key.as_ptr(), value.as_ptr()) })
    }

    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let _ = self;
        Ok(PyList::empty(py))
    }
}
