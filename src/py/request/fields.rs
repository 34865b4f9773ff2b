//! The request's tables and its server.

use pyo3::prelude::*;

use super::Request;
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
    fn server(&self, py: Python<'_>) -> PyResult<Py<Server>> {
        // SAFETY: the record is live; servers live as long as the child serves.
        let server = self.live.with(|record| unsafe { (*record).server })?;
        self.server
            .get_or_try_init(py, || Py::new(py, unsafe { Server::new(server) }))
            .map(|server| server.clone_ref(py))
    }
}
