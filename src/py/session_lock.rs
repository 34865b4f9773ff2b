//! `_apache._session_lock`, `_session_trylock`, `_session_unlock`: the lock of a session, which belongs to a request.

use pyo3::exceptions::{PyRuntimeError, PyTimeoutError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyModule;

use super::detach::without_gil;
use super::functions::log_line;
use super::global_lock::{hash, sentence};
use super::request::Request;
use crate::httpd::log::{Level, Owner};
use crate::httpd::mutex::{LockError, Mutexes};
use crate::httpd::request_lock::PATIENCE;
use crate::image::state;

/// Adds the functions to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_session_lock, module)?)?;
    module.add_function(wrap_pyfunction!(_session_trylock, module)?)?;
    module.add_function(wrap_pyfunction!(_session_unlock, module)?)
}

/// _session_lock(req, sid): waits until the request has the lock of the session; its end gives it back.
///
/// The same request, its sub-requests and redirects may take it again. Raises TimeoutError where the request holds the
/// lock of another session and would wait in a circle, ValueError where locking failed.
#[pyfunction]
#[pyo3(signature = (req, sid, /))]
fn _session_lock(py: Python<'_>, req: &Bound<'_, Request>, sid: &str) -> PyResult<()> {
    let (mutexes, index) = choose(sid)?;
    let result = req
        .get()
        .live
        .view(|request| without_gil(py, (mutexes, request), |(mutexes, request)| mutexes.lock_for(request, index)))?;
    result.map_err(|error| match error {
        LockError::Busy => PyTimeoutError::new_err(format!(
            "the lock of a session was not free within {} s, and this request holds that of another one",
            PATIENCE.as_secs()
        )),
        error => failed(py, req, index, "locked", error),
    })
}

/// _session_trylock(req, sid): True if nobody else has the lock and the request has it now. Otherwise as _session_lock.
#[pyfunction]
#[pyo3(signature = (req, sid, /))]
fn _session_trylock(py: Python<'_>, req: &Bound<'_, Request>, sid: &str) -> PyResult<bool> {
    let (mutexes, index) = choose(sid)?;
    match req.get().live.view(|request| mutexes.try_lock_for(request, index))? {
        Ok(()) => Ok(true),
        Err(LockError::Busy) => Ok(false),
        Err(error) => Err(failed(py, req, index, "locked", error)),
    }
}

/// _session_unlock(req, sid): undoes one _session_lock or _session_trylock of the request.
///
/// Raises ValueError where the request does not have the lock.
#[pyfunction]
#[pyo3(signature = (req, sid, /))]
fn _session_unlock(py: Python<'_>, req: &Bound<'_, Request>, sid: &str) -> PyResult<()> {
    let (mutexes, index) = choose(sid)?;
    let result = req.get().live.view(|request| mutexes.unlock_for(request, index))?;
    result.map_err(|error| match error {
        LockError::Busy => PyValueError::new_err("this request does not hold the lock of that session"),
        error => failed(py, req, index, "unlocked", error),
    })
}

/// The mutexes, and the number of the session's: that of `_global_lock(server, sid)`, never 0.
fn choose(sid: &str) -> PyResult<(&'static Mutexes, usize)> {
    let mutexes = state::host().and_then(|host| host.mutexes);
    let mutexes = mutexes.ok_or_else(|| PyRuntimeError::new_err("there are no global mutexes in this process"))?;
    let by_sid = hash(sid.as_bytes()) % (mutexes.count().max(2) as u64 - 1);
    Ok((mutexes, 1 + by_sid as usize))
}

fn failed(py: Python<'_>, req: &Bound<'_, Request>, index: usize, what: &str, error: LockError) -> PyErr {
    let text = sentence(index, what, error);
    let line = format!("MPY0502: {text}");
    // The request may have ended meanwhile; the exception tells the same.
    let _ = req.get().live.view(|request| log_line(py, Owner::Request(request), Level::ERR, line.as_bytes()));
    PyValueError::new_err(text)
}
