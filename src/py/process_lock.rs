//! `_apache._process_lock`, `_process_unlock`: the lock that all interpreters of a process share.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyModule;

use super::detach::without_gil;
use crate::httpd::process_lock::ProcessLock;
use crate::image::state;

/// Adds the functions to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_process_lock, module)?)?;
    module.add_function(wrap_pyfunction!(_process_unlock, module)?)
}

fn lock() -> PyResult<&'static ProcessLock> {
    state::host()
        .map(|host| host.process_lock)
        .ok_or_else(|| PyRuntimeError::new_err("there is no lock in this process"))
}

/// _process_lock(): waits until no other thread of the process has the lock; its holder may take it again.
#[pyfunction]
fn _process_lock(py: Python<'_>) -> PyResult<()> {
    without_gil(py, lock()?, ProcessLock::lock);
    Ok(())
}

/// _process_unlock(): gives it back, as often as it was taken. RuntimeError where this thread does not have it.
#[pyfunction]
fn _process_unlock() -> PyResult<()> {
    if lock()?.unlock() { Ok(()) } else { Err(PyRuntimeError::new_err("this thread does not hold the lock")) }
}
