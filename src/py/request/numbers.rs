//! Attributes that are whole numbers. Only Python code calls these.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyInt};

use super::Request;

/// Numbers of the record.
macro_rules! number_getter {
    ($($(#[$doc:meta])* $name:ident: $type:ty)*) => {
        #[pymethods]
        impl Request {
            $($(#[$doc])*
            #[getter]
            fn $name(&self) -> PyResult<$type> {
                self.live.view(|request| request.$name())
            })*
        }
    };
}

number_getter! {
    /// int: the methods the resource allows, one bit for each M_ number.
    allowed: i64
    /// int: 1 in an answer without status line and headers (HTTP/0.9). Writable.
    assbackwards: i32
    /// int: body bytes passed to the network so far.
    bytes_sent: i64
    /// int: 1 once the response is known to be chunked. Writable.
    chunked: i32
    /// int: the response's length, 0 until set_content_length.
    clength: i64
    /// int: 1 once the end of the response was passed on.
    eos_sent: i32
    /// int: 1 while the client waits for 100 Continue.
    expecting_100: u32
    /// int: 1 for HEAD.
    header_only: i32
    /// int: the M_ number of the method.
    method_number: i32
    /// int: 1 makes httpd send Expires. Writable.
    no_cache: i32
    /// int: 1 keeps httpd from answering 304. Writable.
    no_local_copy: i32
    /// int: the protocol, 1001 for HTTP/1.1.
    proto_num: i32
    /// int: a PROXYREQ_ number. Writable.
    proxyreq: i32
    /// int: a REQUEST_ number, how the body is read.
    read_body: i32
    /// int: 1 while a chunked body is read.
    read_chunked: i32
    /// int: body bytes taken from the network so far.
    read_length: i64
    /// int: body bytes still to come, once reading has begun.
    remaining: i64
    /// int: 1 once body bytes were sent.
    sent_bodyct: i64
    /// int: the response's status. Writable.
    status: i32
    /// int: an AP_REQ_ number, whether path_info is acceptable. Writable.
    used_path_info: i32
}

/// Writable ones; Python's own conversion refuses what is no int.
macro_rules! number_setter {
    ($($setter:ident)*) => {
        #[pymethods]
        impl Request {
            $(#[setter]
            fn $setter(&self, value: i32) -> PyResult<()> {
                self.live.view(|request| request.$setter(value))
            })*
        }
    };
}

number_setter! {
    set_assbackwards
    set_no_cache
    set_no_local_copy
    set_proxyreq
    set_status
    set_used_path_info
}

#[pymethods]
impl Request {
    #[setter]
    fn set_chunked(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = value.cast::<PyInt>().map_err(|_| PyTypeError::new_err("chunked must be a integer"))?;
        let value: i32 = value.extract()?;
        self.live.view(|request| request.set_chunked(value))
    }

    /// int: 1 once content_type was assigned.
    #[getter]
    fn _content_type_set(&self) -> PyResult<i32> {
        self.live.view(|request| request.is_content_type_set().into())
    }
}
