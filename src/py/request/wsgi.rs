//! `build_wsgi_env`: the environ of PEP 3333. Only Python code calls this.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::Request;
use crate::httpd::request::Request as View;
use crate::httpd::table::RequestTable;
use crate::httpd::{running, sys};
use crate::phase::Phase;
use crate::py::capi;
use crate::py::detach::without_gil;
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
    let uri = request.the_request()?.split(|&byte| byte == b' ').nth(1)?;
    match memchr::memmem::find(uri, b"://") {
        Some(at) if !uri.starts_with(b"/") => {
            let host = &uri[at + 3..];
            Some(memchr::memchr(b'/', host).map_or(b"/", |path| &host[path..]))
        }
        _ => Some(uri),
    }
}

/// Copies the variables; as PEP 3333 has it, each byte becomes one character.
fn copy(py: Python<'_>, request: View<'_>, environ: &Bound<'_, PyDict>) -> PyResult<()> {
    let env = RequestTable::SubprocessEnv.of(request);
    for (key, value) in env.pairs() {
        environ.set_item(text::decode_latin1(py, key)?, text::decode_latin1(py, value)?)?;
    }
    let authorization = RequestTable::HeadersIn.of(request).get(c"Authorization");
    if let Some(authorization) = text::optional_latin1(py, authorization)? {
        environ.set_item(intern!(py, "HTTP_AUTHORIZATION"), authorization)?;
    }
    if let Some(uri) = text::optional_latin1(py, request_uri(request))? {
        environ.set_item(intern!(py, "REQUEST_URI"), uri)?;
    }
    let https = env.get(c"HTTPS");
    let secure = https.is_some_and(|https| !https.eq_ignore_ascii_case(b"off"));
    let scheme = if secure { intern!(py, "https") } else { intern!(py, "http") };
    environ.set_item(intern!(py, "wsgi.url_scheme"), scheme)
}

/// Whether the MPM has the property.
fn mpm_has(property: i32) -> bool {
    running::mpm_query(property).is_some_and(|answer| answer != sys::AP_MPMQ_NOT_SUPPORTED)
}

#[pymethods]
impl Request {
    /// build_wsgi_env(): the environ for a WSGI application as a dict, None where the URI lies outside the base URI.
    ///
    /// The base URI is PythonOption mod_python.wsgi.base_uri or the Location; what follows it becomes path_info.
    /// Texts are decoded as ISO-8859-1, as PEP 3333 demands. ValueError where the option ends with a slash.
    fn build_wsgi_env<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let (py, live) = (slf.py(), &slf.get().live);
        let inside = live.view(|request| PyResult::Ok(split(request, base(request)?)))??;
        if !inside {
            return Ok(None);
        }
        live.view(|request| without_gil(py, request, |request| request.add_cgi_vars()))?;
        let environ = PyDict::new(py);
        // add_cgi leaves an empty one out; applications read it without asking.
        environ.set_item(intern!(py, "PATH_INFO"), intern!(py, ""))?;
        live.view(|request| copy(py, request, &environ))??;
        environ.set_item(intern!(py, "wsgi.version"), (1, 0))?;
        environ.set_item(intern!(py, "wsgi.input"), slf)?;
        environ.set_item(intern!(py, "wsgi.errors"), capi::stderr(py))?;
        environ.set_item(intern!(py, "wsgi.multithread"), mpm_has(sys::AP_MPMQ_IS_THREADED))?;
        environ.set_item(intern!(py, "wsgi.multiprocess"), mpm_has(sys::AP_MPMQ_IS_FORKED))?;
        environ.set_item(intern!(py, "wsgi.run_once"), false)?;
        Ok(Some(environ))
    }
}
