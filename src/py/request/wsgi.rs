//! `build_wsgi_env`: the environ of PEP 3333. Only Python code calls this.

use pyo3::exceptions::PyValueError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyDict};

use super::{Request, variables};
use crate::httpd::array;
use crate::httpd::config::DirConfig;
use crate::httpd::handler_list::Place;
use crate::httpd::pool::{Pool, bytes};
use crate::httpd::sys;
use crate::phase::Phase;
use crate::py::detach::without_gil;
use crate::py::text;

/// The option that names the application's place in the URI space.
const BASE_URI: &str = "mod_python.wsgi.base_uri";

/// Where the application lives: the option, else the `<Location>`; None where neither says it.
///
/// # Errors
/// ValueError for an option that ends with a slash.
///
/// # Safety
/// `record` is live.
unsafe fn base<'a>(record: *const sys::request_rec) -> PyResult<Option<&'a [u8]>> {
    // SAFETY: the caller guarantees the record, whose configuration outlives the request's phases.
    let Some(config) = (unsafe { DirConfig::of((*record).per_dir_config) }) else { return Ok(None) };
    if let Some(option) = config.settings.option_as_written(BASE_URI) {
        if option.ends_with(b"/") {
            let option = String::from_utf8_lossy(option);
            return Err(PyValueError::new_err(format!("PythonOption {BASE_URI} '{option}' must not end with '/'")));
        }
        return Ok(Some(option));
    }
    match config.list(Phase::Content).and_then(|list| list.iter().next()).map(|entry| entry.place) {
        Some(Place::Location(location)) => {
            // SAFETY: NUL-terminated, part of the configuration.
            let location = unsafe { bytes(location) };
            Ok(Some(location.strip_suffix(b"/").unwrap_or(location)))
        }
        _ => Ok(None),
    }
}

/// Splits the URI at the base and makes the rest `path_info`. False where the URI lies outside the base.
///
/// # Safety
/// `record` is live.
unsafe fn split(record: *mut sys::request_rec, base: &[u8]) -> bool {
    // SAFETY: the caller guarantees the record; the copy has the request's life.
    unsafe {
        let Some(rest) = bytes((*record).uri).strip_prefix(base) else { return false };
        if !rest.is_empty() && !rest.starts_with(b"/") {
            return false;
        }
        (*record).path_info = Pool::from_raw((*record).pool).dup(rest);
        true
    }
}

/// Copies the variables; as PEP 3333 has it, each byte becomes one character.
///
/// # Safety
/// `record` is live.
unsafe fn copy(py: Python<'_>, record: *const sys::request_rec, environ: &Bound<'_, PyDict>) -> PyResult<()> {
    // SAFETY: the caller guarantees the record; a table's array holds entries of NUL-terminated texts, which filling a
    // dictionary with str does not change.
    unsafe {
        let entries = sys::apr_table_elts((*record).subprocess_env);
        for entry in array::slice::<sys::apr_table_entry_t>(entries) {
            environ.set_item(text::decode_latin1(py, bytes(entry.key))?, text::decode_latin1(py, bytes(entry.val))?)?;
        }
        let authorization = sys::apr_table_get((*record).headers_in, c"Authorization".as_ptr());
        if let Some(authorization) = text::decode_latin1_c(py, authorization)? {
            environ.set_item(intern!(py, "HTTP_AUTHORIZATION"), authorization)?;
        }
        let https = sys::apr_table_get((*record).subprocess_env, c"HTTPS".as_ptr());
        let secure = !https.is_null() && !bytes(https).eq_ignore_ascii_case(b"off");
        let scheme = if secure { intern!(py, "https") } else { intern!(py, "http") };
        environ.set_item(intern!(py, "wsgi.url_scheme"), scheme)
    }
}

/// Whether the MPM has the property.
fn mpm_has(property: i32) -> bool {
    let mut answer = sys::AP_MPMQ_NOT_SUPPORTED;
    // SAFETY: the result is an int on the stack.
    unsafe { sys::ap_mpm_query(property, &mut answer) == sys::APR_SUCCESS && answer != sys::AP_MPMQ_NOT_SUPPORTED }
}

#[pymethods]
impl Request {
    /// build_wsgi_env(): the environ for a WSGI application as a dict, None where the URI lies outside the base URI.
    ///
    /// The base URI is PythonOption mod_python.wsgi.base_uri or the Location; what follows it becomes path_info.
    /// Texts are decoded as ISO-8859-1, as PEP 3333 demands. ValueError where the option ends with a slash.
    fn build_wsgi_env<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let (py, live) = (slf.py(), &slf.get().live);
        // SAFETY: the record is live.
        let inside =
            live.with(|record| unsafe { base(record)?.map_or(PyResult::Ok(true), |base| Ok(split(record, base))) })??;
        if !inside {
            return Ok(None);
        }
        // SAFETY: the record is live while this thread serves it.
        live.with(|record| without_gil(py, record, |record| unsafe { variables::add_cgi(record) }))?;
        let environ = PyDict::new(py);
        // add_cgi leaves an empty one out; applications read it without asking.
        environ.set_item(intern!(py, "PATH_INFO"), intern!(py, ""))?;
        // SAFETY: the record is live.
        live.with(|record| unsafe { copy(py, record, &environ) })??;
        environ.set_item(intern!(py, "wsgi.version"), (1, 0))?;
        environ.set_item(intern!(py, "wsgi.input"), slf)?;
        // SAFETY: the name is NUL-terminated; the result is a borrowed reference or NULL.
        let errors = unsafe { Bound::<PyAny>::from_borrowed_ptr_or_opt(py, ffi::PySys_GetObject(c"stderr".as_ptr())) };
        environ.set_item(intern!(py, "wsgi.errors"), errors)?;
        environ.set_item(intern!(py, "wsgi.multithread"), mpm_has(sys::AP_MPMQ_IS_THREADED))?;
        environ.set_item(intern!(py, "wsgi.multiprocess"), mpm_has(sys::AP_MPMQ_IS_FORKED))?;
        environ.set_item(intern!(py, "wsgi.run_once"), false)?;
        Ok(Some(environ))
    }
}
