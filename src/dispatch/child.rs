//! Calls into an image other than phases: bring the interpreter up, PythonImport, cleanups, the end.

use std::ffi::c_void;

use pyo3::prelude::*;
use pyo3::types::{PyAny, PyDict, PyList, PyString};

use super::report;
use crate::abi::{ChildCleanupCall, ExpireCall, ImportCall, RequestCleanupCall, StartCall};
use crate::httpd::log::{Level, Owner};
use crate::httpd::sys;
use crate::httpd::view::Record;
use crate::image::state::{self, Objects, main_log};
use crate::py;

/// Makes `_apache`, puts the package's folder on sys.path and imports `mod_python.apache`.
pub fn start(py: Python<'_>, call: &mut StartCall) {
    call.error = bring_up(py).err().map(|error| {
        report::log_lines(py, Owner::Default, Level::ERR, "MPY0203: mod_python.apache: ", &error);
        error.to_string()
    });
}

fn bring_up(py: Python<'_>) -> PyResult<()> {
    let host = state::host().ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("the image has no host"))?;
    let sys_module = py.import("sys")?;
    let modules = sys_module.getattr("modules")?.cast_into::<PyDict>()?;
    let native = py::module::native(py, host)?;
    modules.set_item("_apache", &native)?;
    modules.set_item("mod_python._apache", &native)?;
    let path = sys_module.getattr("path")?.cast_into::<PyList>()?;
    let package_dir = py::text::decode(py, host.package_dir.to_bytes())?;
    if !path.contains(&package_dir)? {
        path.insert(0, package_dir)?;
    }
    py.import("mod_python.apache")?;
    check_version(py)?;
    let core = py.import("mod_python._core")?;
    core.call_method0("prepare")?;
    state::set_objects(py, Objects { core: core.unbind(), modules: modules.unbind() });
    Ok(())
}

/// Warns where the package is another release than this module; work goes on.
fn check_version(py: Python<'_>) -> PyResult<()> {
    let found = shown(&py.import("mod_python.version")?.getattr("version")?);
    let expected = env!("CARGO_PKG_VERSION");
    if found != expected {
        let place = shown(&py.import("mod_python")?.getattr("__file__")?);
        for text in [
            format!("MPY0207: mod_python.so is {expected}, the Python package mod_python is {found}"),
            format!("MPY0207: the package is {place}; install both from one release"),
        ] {
            main_log().log(Level::WARNING, text.as_bytes());
        }
    }
    Ok(())
}

/// PythonImport: the path of the main server first, then `module[::function]`.
pub fn import(py: Python<'_>, call: &mut ImportCall<'_>) {
    let result = (|| {
        if let Some(path) = call.path {
            super::resolve::apply_path(py, path)?;
        }
        let text = py::text::decode(py, call.text)?;
        core(py)?.call_method1("run_import", (text, call.log)).map(drop)
    })();
    if let Err(error) = result {
        let main_server = main_log();
        let text = String::from_utf8_lossy(call.text);
        let prefix = format!("directive_PythonImport: error importing {text}: ");
        report::log_summary(py, main_server, "MPY0302", &format!("directive_PythonImport: error importing {text}"));
        report::log_lines(py, main_server, Level::ERR, &prefix, &error);
    }
}

/// `mod_python._core`.
pub fn core<'py>(py: Python<'py>) -> PyResult<&'py Bound<'py, pyo3::types::PyModule>> {
    state::objects(py)
        .map(|objects| objects.core.bind(py))
        .ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("mod_python is still being imported"))
}

/// Takes over an owned reference.
///
/// # Safety
/// `object` is an owned reference of this interpreter.
unsafe fn take<'py>(py: Python<'py>, object: *mut c_void) -> Bound<'py, PyAny> {
    // SAFETY: the caller guarantees it.
    unsafe { Bound::from_owned_ptr(py, object.cast()) }
}

/// One `req.register_cleanup`.
pub fn request_cleanup(py: Python<'_>, call: &mut RequestCleanupCall) {
    // SAFETY: the host hands both references over; the request is live until the host's expire returns.
    let (callable, data, request, _active) = unsafe {
        let active = py::live::Active::new((*call.request).connection, call.request);
        (take(py, call.callable), take(py, call.data), sys::request_rec::view(call.request), active)
    };
    if let Err(error) = callable.call1((data,)) {
        report::cleanup_failed(py, Owner::Request(request), &callable, &error);
    }
}

/// One `register_cleanup` of the child.
pub fn child_cleanup(py: Python<'_>, call: &mut ChildCleanupCall) {
    // SAFETY: the host hands both references over.
    let (callable, data) = unsafe { (take(py, call.callable), take(py, call.data)) };
    if let Err(error) = callable.call1((data,)) {
        report::cleanup_failed(py, main_log(), &callable, &error);
    }
}

/// The request goes: its object and everything made from it expire.
pub fn expire(py: Python<'_>, call: &mut ExpireCall) {
    // SAFETY: the host hands the reference over.
    let object = unsafe { take(py, call.object) };
    if let Ok(request) = object.cast::<py::request::Request>() {
        py::request::expire(request);
    }
}

/// Copies the request object's plain attributes into the request's record.
pub fn export_attributes(py: Python<'_>, request: *mut sys::request_rec) {
    // SAFETY: the host passes a live request between two of its phases.
    py::attributes::export(py, unsafe { sys::request_rec::view(request) });
}

/// Sets the plain attributes of the request's record on its object.
pub fn import_attributes(py: Python<'_>, request: *mut sys::request_rec) {
    // SAFETY: the host passes a live request, in the middle of a phase of this interpreter.
    py::attributes::import_into_kept(py, unsafe { sys::request_rec::view(request) });
}

/// Runs `atexit` callbacks.
pub fn exit(py: Python<'_>) {
    let result = core(py).and_then(|core| core.call_method0("run_exit_callbacks"));
    if let Err(error) = result {
        report::log_lines(py, Owner::Default, Level::ERR, "MPY0206: atexit: ", &error);
    }
}

/// Shows a value in a log line, whatever it is.
pub fn shown(value: &Bound<'_, PyAny>) -> String {
    value.str().map(|text: Bound<'_, PyString>| text.to_string_lossy().into_owned()).unwrap_or_default()
}
