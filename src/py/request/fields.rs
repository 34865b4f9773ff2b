//! Attributes that show fields of the record.

use pyo3::prelude::*;
use pyo3::types::{PyAny, PyString};

use super::Request;
use crate::httpd::pool::Pool;
use crate::httpd::sys;
use crate::py::conn::Conn;
use crate::py::server::Server;
use crate::py::table::{RequestTable, Table};
use crate::py::text;

/// A text field as str or None.
macro_rules! text_getter {
    ($($name:ident)*) => {
        #[pymethods]
        impl Request {
            $(#[getter]
            fn $name<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
                // SAFETY: the record is live; its texts are NULL or NUL-terminated.
                self.live.with(|record| unsafe { text::decode_c(py, (*record).$name) })?
            })*
        }
    };
}

text_getter!(the_request protocol hostname method uri filename path_info args handler unparsed_uri content_type);

/// A table of the request.
macro_rules! table_getter {
    ($($name:ident $which:ident)*) => {
        #[pymethods]
        impl Request {
            $(#[getter]
            fn $name(&self, py: Python<'_>) -> PyResult<Py<Table>> {
                self.table(py, RequestTable::$which)
            })*
        }
    };
}

table_getter!(headers_in HeadersIn headers_out HeadersOut err_headers_out ErrHeadersOut
    subprocess_env SubprocessEnv notes Notes);

#[pymethods]
impl Request {
    #[getter]
    fn status(&self) -> PyResult<i32> {
        // SAFETY: the record is live.
        self.live.with(|record| unsafe { (*record).status })
    }

    #[setter]
    fn set_status(&self, value: i32) -> PyResult<()> {
        // SAFETY: the record is live.
        self.live.with(|record| unsafe { (*record).status = value })
    }

    #[setter]
    fn set_content_type(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = text::encode_header(value)?;
        // SAFETY: the record is live; the copy has the request's life.
        self.live.with(|record| unsafe {
            let copy = Pool::from_raw((*record).pool).dup(&value);
            sys::ap_set_content_type(record, copy);
        })
    }

    #[getter]
    fn connection(&self, py: Python<'_>) -> PyResult<Py<Conn>> {
        // SAFETY: the record is live.
        let record = self.live.with(|record| unsafe { (*record).connection })?;
        // SAFETY: the connection outlives the request; `expire` expires both objects together.
        let made = self.connection.get_or_try_init(py, || Py::new(py, unsafe { Conn::new(record) }))?;
        Ok(made.clone_ref(py))
    }

    #[getter]
    fn server(&self, py: Python<'_>) -> PyResult<Py<Server>> {
        // SAFETY: the record is live; servers live as long as the child serves.
        let server = self.live.with(|record| unsafe { (*record).server })?;
        self.server
            .get_or_try_init(py, || Py::new(py, unsafe { Server::new(server) }))
            .map(|server| server.clone_ref(py))
    }
}
