//! The environ of PEP 3333: httpd's CGI variables as a dict, each byte one character, and the keys of WSGI.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyDict};

use super::words::Words;
use crate::httpd::request::Request as View;
use crate::httpd::table::RequestTable;
use crate::httpd::{running, sys};
use crate::phase::Phase;
use crate::py::detach::without_gil;
use crate::py::request::Request;
use crate::py::text;

/// The option that names the application's place in the URI space.
const BASE_URI: &str = "mod_python.wsgi.base_uri";

/// Where the application lives: the option, else the `<Location>`, else at the root.
///
/// # Errors
/// ValueError for an option that ends with a slash.
fn base(request: View<'_>) -> PyResult<&[u8]> {
    if let Some(option) = request.dir_config().and_then(|config| config.settings.option_as_written(BASE_URI)) {
        if option.ends_with(b"/") {
            let option = String::from_utf8_lossy(option);
            return Err(PyValueError::new_err(format!("PythonOption {BASE_URI} '{option}' must not end with '/'")));
        }
        return Ok(option);
    }
    let location = request.location(Phase::Content);
    Ok(location.map_or(b"", |location| location.strip_suffix(b"/").unwrap_or(location)))
}

/// Splits the URI at the base and makes the rest `path_info`. False where the URI lies outside the base.
fn split(request: View<'_>, base: &[u8]) -> bool {
    let Some(rest) = request.uri().unwrap_or_default().strip_prefix(base) else { return false };
    if !rest.is_empty() && !rest.starts_with(b"/") {
        return false;
    }
    request.set_path_info(rest);
    true
}

/// The URI as the client sent it, with its query: the request line without method, version, scheme and host.
fn request_uri(request: View<'_>) -> Option<&[u8]> {
    let line = request.the_request()?;
    let line = &line[memchr::memchr(b' ', line)? + 1..];
    let uri = &line[..memchr::memchr(b' ', line).unwrap_or(line.len())];
    if uri.starts_with(b"/") {
        return Some(uri);
    }
    match memchr::memmem::find(uri, b"://") {
        Some(at) => {
            let host = &uri[at + 3..];
            Some(memchr::memchr(b'/', host).map_or(b"/", |path| &host[path..]))
        }
        None => Some(uri),
    }
}

/// Whether the MPM has the property.
fn mpm_has(property: i32) -> bool {
    running::mpm_query(property).is_some_and(|answer| answer != sys::AP_MPMQ_NOT_SUPPORTED)
}

/// Splits the URI and collects the CGI variables. False where the URI lies outside the base URI; `path_info` becomes what
/// follows the base.
///
/// # Errors
/// ValueError where the option ends with a slash, ExpiredError.
pub fn prepare(request: &Bound<'_, Request>) -> PyResult<bool> {
    let (py, live) = (request.py(), &request.get().live);
    if !live.view(|request| PyResult::Ok(split(request, base(request)?)))?? {
        return Ok(false);
    }
    live.view(|request| without_gil(py, request, |request| request.add_cgi_vars(request_uri(request))))?;
    Ok(true)
}

/// The environ of a request that was prepared. `words` began with [`constants`]; `errors` is `sys.stderr`.
///
/// # Errors
/// ExpiredError, MemoryError.
pub fn environ<'py>(
    request: &Bound<'py, Request>,
    words: &mut Words,
    errors: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let py = request.py();
    let environ = request.get().live.view(|request| {
        let mut secure = false;
        let environ = words.fill(py, RequestTable::SubprocessEnv.of(request), |name, value| match name {
            b"HTTPS" => {
                secure = !value.eq_ignore_ascii_case(b"off");
                value
            }
            _ => value,
        })?;
        // What httpd keeps from CGI programs.
        if let Some(authorization) = RequestTable::HeadersIn.of(request).get(c"Authorization") {
            environ.set_item(intern!(py, "HTTP_AUTHORIZATION"), text::decode_latin1(py, authorization)?)?;
        }
        if secure {
            environ.set_item(intern!(py, "wsgi.url_scheme"), intern!(py, "https"))?;
        }
        PyResult::Ok(environ)
    })??;
    environ.set_item(intern!(py, "wsgi.input"), request)?;
    environ.set_item(intern!(py, "wsgi.errors"), errors)?;
    Ok(environ)
}

/// The keys that are the same for every request.
///
/// # Errors
/// MemoryError.
pub fn constants(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let constant = PyDict::new(py);
    // add_cgi leaves an empty one out; applications read it without asking.
    constant.set_item(intern!(py, "PATH_INFO"), intern!(py, ""))?;
    // Each request has its own; a dict that need not grow is cheaper.
    constant.set_item(intern!(py, "wsgi.input"), py.None())?;
    constant.set_item(intern!(py, "wsgi.errors"), py.None())?;
    constant.set_item(intern!(py, "wsgi.version"), (1, 0))?;
    constant.set_item(intern!(py, "wsgi.multithread"), mpm_has(sys::AP_MPMQ_IS_THREADED))?;
    constant.set_item(intern!(py, "wsgi.multiprocess"), mpm_has(sys::AP_MPMQ_IS_FORKED))?;
    constant.set_item(intern!(py, "wsgi.run_once"), false)?;
    constant.set_item(intern!(py, "wsgi.url_scheme"), intern!(py, "http"))?;
    Ok(constant)
}
