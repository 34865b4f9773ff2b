//! The server object `mp_server`. Server records live as long as the child serves, so it never expires. Its methods are
//! here; the configuration it shows is in a file of its own.

use pyo3::exceptions::PyValueError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyDict, PyString, PyTuple};

use super::functions::{child_cleanup, message, write_log};
use super::request::Request;
use super::text;
use crate::httpd::array;
use crate::httpd::log::Target;
use crate::httpd::pool::bytes;
use crate::httpd::sys;

/// A server of httpd, seen by Python: the main server or a virtual host.
#[pyclass(name = "mp_server", module = "_apache", frozen, dict)]
pub struct Server {
    record: *mut sys::server_rec,
}

// SAFETY: the record is not changed while the child serves.
unsafe impl Send for Server {}
// SAFETY: as above.
unsafe impl Sync for Server {}

impl Server {
    /// # Safety
    /// `record` is a server of the configuration this child serves with.
    pub unsafe fn new(record: *mut sys::server_rec) -> Server {
        Server { record }
    }

    /// The record.
    pub fn record(&self) -> *mut sys::server_rec {
        self.record
    }

    fn get(&self) -> &sys::server_rec {
        // SAFETY: the record lives as long as the child serves, and nobody changes it (new).
        unsafe { &*self.record }
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
                // SAFETY: the record's texts are NULL or NUL-terminated.
                unsafe { text::decode_c(py, self.get().$name) }
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
                self.get().$name
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
        i32::from(self.get().is_virtual != 0)
    }

    /// LogLevel as APLOG_*.
    #[getter]
    fn loglevel(&self) -> i32 {
        self.get().log.level
    }

    /// Timeout in seconds.
    #[getter]
    fn timeout(&self) -> f64 {
        seconds(self.get().timeout)
    }

    /// KeepAliveTimeout in seconds.
    #[getter]
    fn keep_alive_timeout(&self) -> f64 {
        seconds(self.get().keep_alive_timeout)
    }

    /// ServerAlias values without wildcards.
    #[getter]
    fn names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        // SAFETY: the configuration's array of texts.
        unsafe { texts(py, self.get().names) }
    }

    /// ServerAlias values with wildcards.
    #[getter]
    fn wild_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        // SAFETY: the configuration's array of texts.
        unsafe { texts(py, self.get().wild_names) }
    }

    /// How many times the configuration was read again since httpd started.
    #[getter]
    fn my_generation(&self) -> i32 {
        let mut generation = 0;
        // SAFETY: the result is an int on the stack.
        unsafe { sys::ap_mpm_query(sys::AP_MPMQ_GENERATION, &mut generation) };
        generation
    }

    /// When httpd started, or restarted other than gracefully: seconds since 1970.
    #[getter]
    fn restart_time(&self) -> f64 {
        // SAFETY: httpd makes the scoreboard before it forks; NULL only where there is none.
        unsafe { sys::ap_scoreboard_image.as_ref().and_then(|board| board.global.as_ref()) }
            .map_or(0.0, |global| seconds(global.restart_time))
    }

    /// The next server of httpd's list, which begins with `apache.main_server`; None at its end.
    #[getter]
    fn next(&self) -> Option<Server> {
        let next = self.get().next;
        // SAFETY: httpd's list holds servers of this configuration.
        (!next.is_null()).then(|| unsafe { Server::new(next) })
    }

    /// A capsule with the `server_rec *`, for C extensions; it has no name.
    #[getter]
    fn _server_rec<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: the pointer is not NULL; no name, no destructor. The result is a new reference or an error is set.
        unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyCapsule_New(self.record.cast(), std::ptr::null(), None)) }
    }

    /// log_error(message[, level]): one line in the server's error log, if its LogLevel lets it through.
    ///
    /// level: APLOG_*, APLOG_ERR where it is missing. Raises TypeError where message is no str and not None.
    #[pyo3(signature = (message, level = None))]
    fn log_error(&self, py: Python<'_>, message: &Bound<'_, PyAny>, level: Option<i32>) -> PyResult<()> {
        if let Some((level, line)) = self::message(message, level)? {
            // SAFETY: servers live as long as the child serves.
            unsafe { write_log(py, Target::Server(self.record), level, &line) };
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

/// # Safety
/// `texts` is NULL or an array of C strings that is not changed.
unsafe fn texts<'py>(py: Python<'py>, texts: *const sys::apr_array_header_t) -> PyResult<Bound<'py, PyTuple>> {
    // SAFETY: the caller guarantees it.
    let texts = unsafe { array::slice::<*const std::ffi::c_char>(texts) };
    // SAFETY: as above.
    let texts: PyResult<Vec<_>> = texts.iter().map(|text| text::decode(py, unsafe { bytes(*text) })).collect();
    PyTuple::new(py, texts?)
}
