//! PythonRequestTimeout inside an image: the stack of another thread's call, and the exception that ends it.

use std::ffi::c_long;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyAny;

use super::child::core;
use crate::abi::{EndCall, StacksCall};
use crate::httpd::log::{Level, Owner};
use crate::py::detach::without_gil;
use crate::py::errors::RequestTimeout;

/// Shows where a call is, then raises the exception in it, unless it has ended.
pub fn end(py: Python<'_>, call: &mut EndCall<'_>) {
    if !(call.goes_on)() {
        return;
    }
    let lines = stack(py, call).unwrap_or_else(|error| vec![format!("the stack cannot be shown: {error}")]);
    without_gil(py, (call.show, &lines), |(show, lines)| show(lines));
    // Other threads had their turn meanwhile.
    if (call.tell)() {
        let class = py.get_type::<RequestTimeout>();
        // SAFETY: the GIL is held; the class is live, and Python takes a reference of its own.
        unsafe { ffi::PyThreadState_SetAsyncExc(call.thread as c_long, class.as_ptr()) };
    }
}

/// The lines of the stack of a call that goes on; none where it is not in Python code.
fn stack(py: Python<'_>, call: &EndCall<'_>) -> PyResult<Vec<String>> {
    // SAFETY: the call goes on, and with it its thread and thread state: it cannot end while this thread holds the GIL. The
    // result is a new reference or NULL.
    let frame = unsafe {
        let frame = ffi::PyThreadState_GetFrame(call.state.cast());
        Bound::<PyAny>::from_owned_ptr_or_opt(py, frame.cast())
    };
    let Some(frame) = frame else { return Ok(Vec::new()) };
    core(py)?.call_method1("format_stack", (frame,))?.extract()
}

/// Gets ready to show stacks.
pub fn prepare_stacks(py: Python<'_>, call: &mut StacksCall) {
    if let Err(error) = core(py).and_then(|core| core.call_method1("prepare_stacks", (call.signal,))) {
        let text = format!("MPY0435: stacks cannot be shown without the GIL: {error}");
        Owner::Default.log(Level::WARNING, text.as_bytes());
    }
}
