//! The one door into an image. The host calls `run` with the GIL held; `run` calls a Python function of the image, so
//! that pyo3 counts this thread as attached, and that function serves the call.

use std::ffi::c_void;
use std::ptr;

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;

use super::{callback, child, connection, error_log, filter, handlers, server_call, ssi, time_limit};
use crate::abi::{Answer, Call, HostTable, ImageTable};
use crate::guard;
use crate::httpd::config;
use crate::httpd::log::{Level, Owner};
use crate::httpd::request_state::RequestState;
use crate::httpd::sys;
use crate::httpd::view::Record;
use crate::image::state;
use crate::phase::Callback;
use crate::py::rest;

/// The entry of an image: takes the host's facts and answers with the image's functions.
///
/// # Safety
/// `host` points to a [`HostTable`], `image` to an [`ImageTable`], both of the same build of this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mod_python_image_main(host: *const c_void, image: *mut c_void) {
    // SAFETY: the caller guarantees both.
    unsafe {
        let host = &*host.cast::<HostTable>();
        guard::install();
        config::set_module_index(host.module_index);
        state::set_host(host);
        *image.cast::<ImageTable>() = ImageTable { run };
    }
}

/// Serves one call.
///
/// # Safety
/// `call` points to a [`Call`] of the same build; this thread holds the GIL of the image's interpreter.
unsafe extern "C" fn run(call: *mut c_void) {
    // SAFETY: the caller holds the GIL. The token is used to make the door only; everything else runs behind it.
    let door = state::door(unsafe { Python::assume_attached() }, || {
        // SAFETY: as above.
        let py = unsafe { Python::assume_attached() };
        Ok(wrap_pyfunction!(door, py)?.into_any().unbind())
    });
    let outer = state::swap_call(call);
    // SAFETY: the door is a live function of this interpreter, called without arguments.
    unsafe {
        let answer = match door {
            Ok(door) => ffi::PyObject_CallNoArgs(door),
            Err(_) => ptr::null_mut(),
        };
        if answer.is_null() {
            ffi::PyErr_Clear();
            Owner::Default.log(Level::CRIT, b"MPY0003: a call into an interpreter failed at its door");
        } else {
            ffi::Py_DECREF(answer);
        }
    }
    state::swap_call(outer);
}

/// The function behind [`run`]; Python code never gets hold of it.
#[pyfunction]
fn door(py: Python<'_>) -> PyResult<()> {
    let call = state::swap_call(ptr::null_mut()).cast::<Call<'_, '_>>();
    // SAFETY: run laid the call down just before and keeps it alive until this function returns.
    let Some(call) = (unsafe { call.as_mut() }) else {
        return Err(PyRuntimeError::new_err("only httpd calls this"));
    };
    if let Err(text) = guard::image(|| serve(py, call)) {
        panicked(call, &text);
    }
    Ok(())
}

/// The module's own code panicked: a phase fails, whatever its earlier handlers answered; a callback has no
/// answer; everything else has failed by having no result.
fn panicked(call: &mut Call<'_, '_>, text: &str) {
    let interpreter = state::name();
    if let Call::Connection(call) = call {
        return connection::image::panicked(call, text);
    }
    let (request, what) = match call {
        Call::Phase(call) => {
            call.result = sys::HTTP_INTERNAL_SERVER_ERROR;
            // SAFETY: the host passed a live request.
            if let Some(state) = unsafe { RequestState::of(call.request) } {
                state.phase = None;
            }
            (call.request, format!("phase {}", call.phase.name()))
        }
        Call::Callback(call) => {
            call.answer = Answer::Failed;
            (call.request, call.callback.name().to_owned())
        }
        // SAFETY: the host passed a live pass.
        Call::Include(call) => (unsafe { (*call.pass).request }, Callback::Include.name().to_owned()),
        // SAFETY: as above.
        Call::Filter(call) => unsafe { ((*call.pass).request, (*call.pass).callback().name().to_owned()) },
        Call::Generator(call) => (call.request, call.callback.name().to_owned()),
        other => {
            let what = match other {
                Call::Server(call) => format!("{}, ", call.callback.name()),
                Call::ErrorLog(_) => format!("{}, ", Callback::ErrorLog.name()),
                _ => String::new(),
            };
            Owner::Default.log(Level::CRIT, format!("{text} ({what}interpreter '{interpreter}')").as_bytes());
            return;
        }
    };
    let line = format!("{text} ({what}, interpreter '{interpreter}')");
    // SAFETY: the host passed a live request.
    Owner::Request(unsafe { sys::request_rec::view(request) }).log(Level::CRIT, line.as_bytes());
}

fn serve(py: Python<'_>, call: &mut Call<'_, '_>) {
    match call {
        Call::Start(call) => child::start(py, call),
        Call::Phase(call) => handlers::run(py, call),
        Call::Connection(call) => connection::image::run(py, call),
        Call::Filter(call) => filter::image::run(py, call),
        Call::Generator(call) => filter::generator::run(py, call),
        Call::Callback(call) => callback::run(py, call),
        Call::Include(call) => ssi::run(py, call),
        Call::RequestCleanup(call) => child::request_cleanup(py, call),
        Call::Expire(call) => child::expire(py, call),
        Call::ExportAttributes(request) => child::export_attributes(py, *request),
        Call::ImportAttributes(request) => child::import_attributes(py, *request),
        Call::Server(call) => server_call::run(py, call),
        Call::ErrorLog(call) => error_log::run(py, call),
        Call::Import(call) => child::import(py, call),
        Call::ChildCleanup(call) => child::child_cleanup(py, call),
        Call::End(call) => time_limit::end(py, call),
        Call::Settle => rest::settle(py),
        Call::Stacks(call) => time_limit::prepare_stacks(py, call),
        Call::Exit => child::exit(py),
    }
}
