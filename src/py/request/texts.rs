//! Attributes that are text. Only Python code calls these.

use pyo3::prelude::*;
use pyo3::types::{PyAny, PyString};

use super::Request;
use crate::py::text;

/// Text fields of the record as str or None.
macro_rules! text_getter {
    ($($(#[$doc:meta])* $name:ident)*) => {
        #[pymethods]
        impl Request {
            $($(#[$doc])*
            #[getter]
            fn $name<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
                self.live.view(|request| text::optional(py, request.$name()))?
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

/// Writable ones, which httpd gets a copy of.
macro_rules! text_setter {
    ($($setter:ident)*) => {
        #[pymethods]
        impl Request {
            $(#[setter]
            fn $setter(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
                let value = text::encode(value)?;
                self.live.view(|request| request.$setter(&value))
            })*
        }
    };
}

text_setter! {
    set_uri
    set_filename
    set_canonical_filename
    set_path_info
    set_ap_auth_type
    set_user
}

#[pymethods]
impl Request {
    #[setter]
    fn set_args(&self, value: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let value = value.map(text::encode).transpose()?;
        self.live.view(|request| request.set_args(value.as_deref()))
    }

    #[setter]
    fn set_handler(&self, value: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let value = value.map(text::encode).transpose()?;
        self.live.view(|request| request.set_handler(value.as_deref()))
    }

    #[setter]
    fn set_status_line(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        // A line break in the response's first line would begin a header.
        let value = text::encode_header(value)?;
        self.live.view(|request| request.set_status_line(&value))
    }

    #[setter]
    fn set_content_type(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = text::encode_header(value)?;
        self.live.view(|request| request.set_content_type(&value))
    }

    /// str or None: who the user is, decoded as ISO-8859-1. Writable.
    #[getter]
    fn user<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.live.view(|request| text::optional_latin1(py, request.user()))?
    }
}
