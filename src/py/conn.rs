//! The connection object `mp_conn`: made by the request object at the first `req.connection` and expired with it, or made
//! for the handlers of the connection itself and expired when they have returned.

use std::ptr::NonNull;

use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyAny, PyCapsule, PyInt, PyString};

use super::conn_io::Reading;
use super::functions::{log_line, message};
use super::hlist::HandlerCursor;
use super::live::{self, Live};
use super::server::Server;
use super::table::Table;
use super::{capi, text};
use crate::httpd::log::{Level, Owner};
use crate::httpd::{conn, sys};
use crate::image::state;

/// A connection of httpd, seen by Python. Its attributes can be read; only `keepalive` can be set.
#[pyclass(name = "mp_conn", module = "_apache", frozen)]
pub struct Conn {
    pub(super) live: Live<sys::conn_rec>,
    base_server: PyOnceLock<Py<Server>>,
    notes: PyOnceLock<Py<Table>>,
    hlist: PyOnceLock<Py<HandlerCursor>>,
    pub(super) reading: Reading,
}

/// Address and port.
type Address<'py> = (Option<Bound<'py, PyString>>, u16);

impl Conn {
    /// The object of a connection; its pointer expires through [`Conn::expire`].
    pub fn of(live: Live<sys::conn_rec>) -> Conn {
        Conn {
            live,
            base_server: PyOnceLock::new(),
            notes: PyOnceLock::new(),
            hlist: PyOnceLock::new(),
            reading: Reading::default(),
        }
    }

    /// From now on every access to it, its notes and its list raises.
    pub fn expire(&self, py: Python<'_>) {
        self.live.expire();
        if let Some(notes) = self.notes.get(py) {
            notes.get().expire();
        }
        if let Some(hlist) = self.hlist.get(py) {
            hlist.get().expire();
        }
        // What Python code stored there may refer back to the connection.
        if let Some(server) = self.base_server.get(py) {
            Server::forget(server.bind(py));
        }
    }

    /// Nothing that expires with it is referred to by anybody else, and a new one would read on in the same place.
    pub fn children_are_private(&self, py: Python<'_>) -> bool {
        self.notes.get(py).is_none_or(live::is_private) && self.reading.is_fresh()
    }

    fn text<'py>(
        &self,
        py: Python<'py>,
        field: impl for<'r> FnOnce(conn::Conn<'r>) -> Option<&'r [u8]>,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        self.live.view(|conn| text::optional(py, field(conn)))?
    }

    fn address<'py>(
        &self,
        py: Python<'py>,
        field: impl for<'r> FnOnce(conn::Conn<'r>) -> Option<conn::Address<'r>>,
    ) -> PyResult<Option<Address<'py>>> {
        self.live.view(|conn| field(conn).map(|(ip, port)| Ok((text::optional(py, ip)?, port))).transpose())?
    }

    /// Logs that an attribute has a new name.
    fn renamed(&self, py: Python<'_>, old: &str, request: &str, conn: &str) -> PyResult<()> {
        let own = self.live.view(|conn| conn.running_phase())?;
        let phase = own.or_else(|| live::with_current(|request| request.running_phase()).flatten());
        let phase = phase.map_or("no phase", |phase| phase.name());
        let interpreter = state::host().map(|host| host.name.to_string_lossy()).unwrap_or_default();
        let line = format!(
            "MPY0501: conn.{old} is an old name: use req.{request} for the user agent or conn.{conn} for the \
             connection's peer (interpreter '{interpreter}', {phase})"
        );
        self.live.view(|conn| log_line(py, Owner::Conn(conn), Level::WARNING, line.as_bytes()))
    }
}

#[pymethods]
impl Conn {
    /// 1 when the client is gone, else 0.
    #[getter]
    fn aborted(&self) -> PyResult<u32> {
        self.live.view(|conn| conn.aborted())
    }

    /// The server of the address that the connection came in on.
    #[getter]
    fn base_server(&self, py: Python<'_>) -> PyResult<Py<Server>> {
        let server = self.live.view(|conn| conn.base_server())?;
        let server = server.ok_or_else(|| PyAttributeError::new_err("base_server"))?;
        let made = self.base_server.get_or_try_init(py, || Py::new(py, Server::of(server)))?;
        Ok(made.clone_ref(py))
    }

    /// (address, port) of the peer.
    #[getter]
    fn client_addr<'py>(&self, py: Python<'py>) -> PyResult<Option<Address<'py>>> {
        self.address(py, |conn| conn.client_addr())
    }

    /// Address of the peer.
    #[getter]
    fn client_ip<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.text(py, |conn| conn.client_ip())
    }

    /// `client_addr`; each access logs a warning.
    #[getter]
    fn remote_addr<'py>(&self, py: Python<'py>) -> PyResult<Option<Address<'py>>> {
        self.renamed(py, "remote_addr", "useragent_addr", "client_addr")?;
        self.client_addr(py)
    }

    /// `client_ip`; each access logs a warning.
    #[getter]
    fn remote_ip<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.renamed(py, "remote_ip", "useragent_ip", "client_ip")?;
        self.client_ip(py)
    }

    /// Name of the peer: None before a look-up, '' without a name.
    #[getter]
    fn remote_host<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.text(py, |conn| conn.remote_host())
    }

    /// The peer's user by RFC 1413, None where nobody asked.
    #[getter]
    fn remote_logname<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.text(py, |conn| conn.remote_logname())
    }

    /// (address, port) of this end.
    #[getter]
    fn local_addr<'py>(&self, py: Python<'py>) -> PyResult<Option<Address<'py>>> {
        self.address(py, |conn| conn.local_addr())
    }

    /// Address of this end.
    #[getter]
    fn local_ip<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.text(py, |conn| conn.local_ip())
    }

    /// Name of this end, None where nobody looked it up.
    #[getter]
    fn local_host<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.text(py, |conn| conn.local_host())
    }

    /// Result of the double reverse look-up: 0 none, 1 matched, -1 failed.
    #[getter]
    fn double_reverse(&self) -> PyResult<i32> {
        self.live.view(|conn| conn.double_reverse())
    }

    /// The number of the connection in the error log, None before httpd gave it one.
    #[getter]
    fn log_id<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.text(py, |conn| conn.log_id())
    }

    /// The list of running handlers in handlers of the connection itself, None elsewhere.
    #[getter]
    fn hlist(&self, py: Python<'_>) -> PyResult<Option<Py<HandlerCursor>>> {
        if self.live.view(|conn| conn.running_phase())?.is_none() {
            return Ok(None);
        }
        let made = self.hlist.get_or_try_init(py, || Py::new(py, HandlerCursor::of_connection(&self.live)))?;
        Ok(Some(made.clone_ref(py)))
    }

    /// A number that no other open connection has.
    #[getter]
    fn id(&self) -> PyResult<i64> {
        self.live.view(|conn| conn.id())
    }

    /// An AP_CONN_* number: whether the connection stays open after the response.
    #[getter]
    fn keepalive(&self) -> PyResult<i32> {
        self.live.view(|conn| conn.keepalive())
    }

    #[setter]
    fn set_keepalive(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = value.cast::<PyInt>().map_err(|_| PyTypeError::new_err("keepalive must be a integer"))?;
        let value = value.extract::<i32>()?;
        self.live.view(|conn| conn.set_keepalive(value))
    }

    /// How many responses have been decided to keep the connection alive.
    #[getter]
    fn keepalives(&self) -> PyResult<i32> {
        self.live.view(|conn| conn.keepalives())
    }

    /// Table of notes; lives as long as the connection.
    #[getter]
    fn notes(&self, py: Python<'_>) -> PyResult<Py<Table>> {
        self.live.with(|_| ())?;
        self.notes.get_or_try_init(py, || Py::new(py, Table::of_notes(&self.live))).map(|notes| notes.clone_ref(py))
    }

    /// The conn_rec as a capsule without a name, for extension modules.
    #[getter]
    fn _conn_rec<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let record = self.live.with(NonNull::new)?;
        let record = record.ok_or_else(|| PyAttributeError::new_err("_conn_rec"))?;
        capi::capsule(py, record)
    }

    /// With `__delattr__` alone nothing could be set.
    fn __setattr__(slf: &Bound<'_, Self>, name: &Bound<'_, PyString>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        capi::generic_set_attribute(slf.as_any(), name, value)
    }

    fn __delattr__(&self, _name: &Bound<'_, PyString>) -> PyResult<()> {
        Err(PyAttributeError::new_err("can't delete connection attributes"))
    }

    /// log_error(message[, level]): one line in the error log, with the connection's prefix.
    #[pyo3(signature = (message, level = None))]
    fn log_error(&self, py: Python<'_>, message: &Bound<'_, PyAny>, level: Option<i32>) -> PyResult<()> {
        self.live.with(|_| ())?;
        if let Some((level, line)) = self::message(message, level)? {
            self.live.view(|conn| log_line(py, Owner::Conn(conn), level, &line))?;
        }
        Ok(())
    }
}
