//! The request's tables, its connection and its server.

use pyo3::exceptions::PyAttributeError;
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
        let conn = self.live.connection()?;
        self.child(py, &self.connection, || Py::new(py, Conn::of(conn)))
    }

    #[getter]
    fn server(&self, py: Python<'_>) -> PyResult<Py<Server>> {
        let server = self.live.view(|request| request.server())?;
        let server = server.ok_or_else(|| PyAttributeError::new_err("server"))?;
        self.child(py, &self.server, || Py::new(py, Server::of(server)))
    }
}
