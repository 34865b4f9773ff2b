//! The request's tables, its connection and its server.

use pyo3::prelude::*;

use super::Request;
use crate::py::conn::Conn;
use crate::py::server::Server;
use crate::py::table::{RequestTable, Table};

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
    fn connection(&self, py: Python<'_>) -> PyResult<Py<Conn>> {
        // SAFETY: the record is live.
        let record = self.live.with(|record| unsafe { (*record).connection })?;
        // SAFETY: the connection outlives the request; `expire` expires both objects together.
        let made = self.connection.get_or_try_init(py, || Py::new(py, unsafe { Conn::new(record) }))?;
        Ok(made.clone_ref(py))
    }

    #[getter]
    fn server(&self, py: Python<'_>) -> PyResult<Py<Server>> {
        // SAFETY: the record is live.
        let server = self.live.with(|record| unsafe { (*record).server })?;
        // SAFETY: servers live as long as the child serves.
        let made = self.server.get_or_try_init(py, || Py::new(py, unsafe { Server::new(server) }))?;
        Ok(made.clone_ref(py))
    }
}
