//! The server object `mp_server`. Server records live as long as the child serves, so it never expires. Its methods are
//! here; the configuration it shows is in a file of its own.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyCapsule, PyDict, PyString, PyTuple};

use super::functions::{child_cleanup, log_line, message};
use super::request::Request;
use super::{capi, text};
use crate::httpd::log::Owner;
use crate::httpd::{running, server, sys};

/// A server of httpd, seen by Python: the main server or a virtual host.
#[pyclass(name = "mp_server", module = "_apache", frozen, dict)]
pub struct Server {
    server: server::Server,
}

impl Server {
    /// The object of a server.
    pub fn of(server: server::Server) -> Server {
        Server { server }
    }

    /// The server.
    pub fn view(&self) -> server::Server {
        self.server
    }

    /// Drops what Python code stored on the object: it may refer back to the request that owns the object.
    pub fn forget(server: &Bound<'_, Server>) {
        if let Ok(dict) = server.as_any().getattr("__dict__").and_then(|dict| Ok(dict.cast_into::<PyDict>()?)) {
            dict.clear();
        }
    }
}

/// A text field as str or None.
macro_rules! text_getter {
    ($($(#[$doc:meta])* $name:ident)*) => {
        #[pymethods]
        impl Server {
            $($(#[$doc])*
            #[getter]
            fn $name<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
                text::optional(py, self.server.$name())
            })*
        }
    };
}

text_getter! {
    /// File in which the server is defined; None for the main server.
    defn_name
    /// ServerAdmin.
    server_admin
    /// ServerName.
    server_hostname
    /// ErrorLog of this very server; None where it has none of its own.
    error_fname
    /// ServerPath or None.
    path
}

/// A number as int.
macro_rules! int_getter {
    ($($(#[$doc:meta])* $name:ident: $type:ty)*) => {
        #[pymethods]
        impl Server {
            $($(#[$doc])*
            #[getter]
            fn $name(&self) -> $type {
                self.server.$name()
            })*
        }
    };
}

int_getter! {
    /// Line of `defn_name` on which the definition begins; 0 for the main server.
    defn_line_number: u32
    /// Port of ServerName; 0 where it names none.
    port: u16
    /// MaxKeepAliveRequests.
    keep_alive_max: i32
    /// 1: KeepAlive On.
    keep_alive: i32
    /// Length of `path` in bytes.
    pathlen: i32
    /// LimitRequestLine, in bytes.
    limit_req_line: i32
    /// LimitRequestFieldSize, in bytes.
    limit_req_fieldsize: i32
    /// LimitRequestFields.
    limit_req_fields: i32
}

#[pymethods]
impl Server {
    /// 1 for a virtual host.
    #[getter]
    fn is_virtual(&self) -> i32 {
        i32::from(self.server.is_virtual())
    }

    /// LogLevel as APLOG_*.
    #[getter]
    fn loglevel(&self) -> i32 {
        self.server.log_level()
    }

    /// Timeout in seconds.
    #[getter]
    fn timeout(&self) -> f64 {
        seconds(self.server.timeout())
    }

    /// KeepAliveTimeout in seconds.
    #[getter]
    fn keep_alive_timeout(&self) -> f64 {
        seconds(self.server.keep_alive_timeout())
    }

    /// ServerAlias values without wildcards.
    #[getter]
    fn names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        texts(py, self.server.names())
    }

    /// ServerAlias values with wildcards.
    #[getter]
    fn wild_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        texts(py, self.server.wild_names())
    }

    /// How many times the configuration was read again since httpd started.
    #[getter]
    fn my_generation(&self) -> i32 {
        running::mpm_query(sys::AP_MPMQ_GENERATION).unwrap_or(0)
    }

    /// When httpd started, or restarted other than gracefully: seconds since 1970.
    #[getter]
    fn restart_time(&self) -> f64 {
        running::restart_time().map_or(0.0, seconds)
    }

    /// The next server of httpd's list, which begins with `apache.main_server`; None at its end.
    #[getter]
    fn next(&self) -> Option<Server> {
        self.server.next().map(Server::of)
    }

    /// A capsule with the `server_rec *`, for C extensions; it has no name.
    #[getter]
    fn _server_rec<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        capi::capsule(py, self.server.as_non_null())
    }

    /// log_error(message[, level]): one line in the server's error log, if its LogLevel lets it through.
    ///
    /// level: APLOG_*, APLOG_ERR where it is missing. Raises TypeError where message is no str and not None.
    #[pyo3(signature = (message, level = None))]
    fn log_error(&self, py: Python<'_>, message: &Bound<'_, PyAny>, level: Option<i32>) -> PyResult<()> {
        if let Some((level, line)) = self::message(message, level)? {
            log_line(py, Owner::Server(self.server), level, &line);
        }
        Ok(())
    }

    /// register_cleanup(req, callable[, data]): calls callable(data) in this interpreter when the child ends, the last
    /// one registered first.
    ///
    /// Raises ValueError where req is no request or callable cannot be called.
    #[pyo3(signature = (req, callable, data = None))]
    fn register_cleanup(
        &self,
        req: &Bound<'_, PyAny>,
        callable: Bound<'_, PyAny>,
        data: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        if !req.is_instance_of::<Request>() {
            return Err(PyValueError::new_err("first argument must be a request object"));
        }
        if !callable.is_callable() {
            return Err(PyValueError::new_err("second argument must be a callable object"));
        }
        child_cleanup(callable, data);
        Ok(())
    }
}

/// Microseconds, the unit of apr_time_t (apr_time.h), in seconds.
fn seconds(time: i64) -> f64 {
    time as f64 / 1e6
}

fn texts<'py>(py: Python<'py>, texts: impl Iterator<Item = &'static [u8]>) -> PyResult<Bound<'py, PyTuple>> {
    let texts: PyResult<Vec<_>> = texts.map(|text| text::decode(py, text)).collect();
    PyTuple::new(py, texts?)
}
