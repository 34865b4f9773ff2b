//! Attributes that are text. Only Python code calls these.

use std::ffi::c_char;

use pyo3::prelude::*;
use pyo3::types::{PyAny, PyString};

use super::Request;
use crate::httpd::pool::Pool;
use crate::httpd::request_state::RequestState;
use crate::httpd::sys;
use crate::py::text;

/// Text fields of the record as str or None.
macro_rules! text_getter {
    ($($(#[$doc:meta])* $name:ident)*) => {
        #[pymethods]
        impl Request {
            $($(#[$doc])*
            #[getter]
            fn $name<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
                // SAFETY: the record is live; its texts are NULL or NUL-terminated.
                self.live.with(|record| unsafe { text::decode_c(py, (*record).$name) })?
            })*
        }
    };
}

text_getter! {
    /// str: the request line.
    the_request
    /// str: the protocol, as in HTTP/1.1.
    protocol
    /// str or None: the host asked for, lower case, without a port; None where the request names none.
    hostname
    /// str: GET, POST...
    method
    /// str: the URI's path, decoded. Writable.
    uri
    /// str or None: the file; None before it is known and inside Location. Writable.
    filename
    /// str or None: the canonical form of filename. Writable.
    canonical_filename
    /// str or None: what follows the file, or the prefix of the Location. Writable.
    path_info
    /// str or None: the query as it came; None without a question mark. Writable, None too.
    args
    /// str or None: httpd's handler name. Writable, None too.
    handler
    /// str: the URI as it came, with its query.
    unparsed_uri
    /// str or None: the response's media type. Writable.
    content_type
    /// str or None: the response's content coding.
    content_encoding
    /// str or None: the ranges asked for, where httpd honours them.
    range
    /// str or None: what a variant list adds to the ETag.
    vlist_validator
    /// str or None: how the user was authenticated. Writable.
    ap_auth_type
    /// str or None: status and reason; counts only if its number is that of status. Writable.
    status_line
    /// str: the client's address as httpd believes it.
    useragent_ip
    /// str or None: the client's name, once looked up; '' where it has none.
    useragent_host
    /// str or None: the number of the request in the error log.
    log_id
}

impl Request {
    /// Stores a copy of the text in a field of the record.
    fn store(&self, value: &[u8], field: impl FnOnce(&mut sys::request_rec) -> &mut *mut c_char) -> PyResult<()> {
        // SAFETY: the record is live; the copy has the request's life.
        self.live.with(|record| unsafe { *field(&mut *record) = Pool::from_raw((*record).pool).dup(value) })
    }

    /// The same for the fields that httpd declares as constant text.
    fn store_const(
        &self,
        value: &[u8],
        field: impl FnOnce(&mut sys::request_rec) -> &mut *const c_char,
    ) -> PyResult<()> {
        // SAFETY: as in store.
        self.live.with(|record| unsafe { *field(&mut *record) = Pool::from_raw((*record).pool).dup(value) })
    }
}

#[pymethods]
impl Request {
    #[setter]
    fn set_uri(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.store(&text::encode(value)?, |record| &mut record.uri)
    }

    #[setter]
    fn set_filename(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.store(&text::encode(value)?, |record| &mut record.filename)
    }

    #[setter]
    fn set_canonical_filename(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.store(&text::encode(value)?, |record| &mut record.canonical_filename)
    }

    #[setter]
    fn set_path_info(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.store(&text::encode(value)?, |record| &mut record.path_info)
    }

    #[setter]
    fn set_ap_auth_type(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.store(&text::encode(value)?, |record| &mut record.ap_auth_type)
    }

    #[setter]
    fn set_args(&self, value: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        match value {
            Some(value) => self.store(&text::encode(value)?, |record| &mut record.args),
            // SAFETY: the record is live.
            None => self.live.with(|record| unsafe { (*record).args = std::ptr::null_mut() }),
        }
    }

    #[setter]
    fn set_handler(&self, value: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        match value {
            Some(value) => self.store_const(&text::encode(value)?, |record| &mut record.handler),
            // SAFETY: the record is live.
            None => self.live.with(|record| unsafe { (*record).handler = std::ptr::null() }),
        }
    }

    #[setter]
    fn set_status_line(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        // A line break in the response's first line would begin a header.
        self.store_const(&text::encode_header(value)?, |record| &mut record.status_line)
    }

    #[setter]
    fn set_content_type(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = text::encode_header(value)?;
        // SAFETY: the record is live and its state borrowed for this moment; the copy has the request's life.
        self.live.with(|record| unsafe {
            sys::ap_set_content_type(record, Pool::from_raw((*record).pool).dup(&value));
            if let Some(state) = RequestState::of(record) {
                state.content_type_set = true;
            }
        })
    }

    /// str or None: who the user is, decoded as ISO-8859-1. Writable.
    #[getter]
    fn user<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        // SAFETY: the record is live; its texts are NULL or NUL-terminated.
        self.live.with(|record| unsafe { text::decode_latin1_c(py, (*record).user) })?
    }

    #[setter]
    fn set_user(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.store(&text::encode(value)?, |record| &mut record.user)
    }
}
