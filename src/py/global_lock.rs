//! `_apache._global_lock`, `_global_trylock`, `_global_unlock`: the mutexes that all children share.

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyModule, PyString};

use super::detach::without_gil;
use super::functions::log_line;
use super::server::Server;
use crate::httpd::log::{Level, Owner};
use crate::httpd::mutex::{LockError, Mutexes};
use crate::httpd::mutex_plan::error_text;
use crate::image::state;

/// Adds the functions to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_global_lock, module)?)?;
    module.add_function(wrap_pyfunction!(_global_trylock, module)?)?;
    module.add_function(wrap_pyfunction!(_global_unlock, module)?)
}

/// _global_lock(server, key[, index]): waits until the mutex is held.
///
/// index: number of the mutex; -1 (default): chosen by key, never 0, the same in all processes. Raises TypeError where
/// server is no server or key cannot be hashed, ValueError where index is out of range or locking failed.
#[pyfunction]
#[pyo3(signature = (server, key, index = -1, /))]
fn _global_lock(py: Python<'_>, server: &Bound<'_, Server>, key: &Bound<'_, PyAny>, index: isize) -> PyResult<()> {
    let (mutexes, index) = choose(server, key, index)?;
    let result = without_gil(py, mutexes, |mutexes| mutexes.lock(index));
    result.map_err(|error| failed(py, server, index, "locked", error))
}

/// _global_trylock(server, key[, index]): True if the mutex was free and is held now. Otherwise as _global_lock.
#[pyfunction]
#[pyo3(signature = (server, key, index = -1, /))]
fn _global_trylock(py: Python<'_>, server: &Bound<'_, Server>, key: &Bound<'_, PyAny>, index: isize) -> PyResult<bool> {
    let (mutexes, index) = choose(server, key, index)?;
    match without_gil(py, mutexes, |mutexes| mutexes.try_lock(index)) {
        Ok(()) => Ok(true),
        Err(LockError::Busy) => Ok(false),
        Err(error) => Err(failed(py, server, index, "locked", error)),
    }
}

/// _global_unlock(server, key[, index]): gives the mutex back; any thread of the process that took it may.
///
/// Raises ValueError where this process does not hold it; otherwise as _global_lock.
#[pyfunction]
#[pyo3(signature = (server, key, index = -1, /))]
fn _global_unlock(py: Python<'_>, server: &Bound<'_, Server>, key: &Bound<'_, PyAny>, index: isize) -> PyResult<()> {
    let (mutexes, index) = choose(server, key, index)?;
    let result = without_gil(py, mutexes, |mutexes| mutexes.unlock(index));
    result.map_err(|error| match error {
        LockError::Busy => PyValueError::new_err(format!("global mutex {index} is not held by this process")),
        error => failed(py, server, index, "unlocked", error),
    })
}

/// The mutexes, and the number of the one that is meant.
fn choose(server: &Bound<'_, Server>, key: &Bound<'_, PyAny>, index: isize) -> PyResult<(&'static Mutexes, usize)> {
    let mutexes = state::host().and_then(|host| host.mutexes);
    let mutexes = mutexes.ok_or_else(|| PyRuntimeError::new_err("there are no global mutexes in this process"))?;
    let count = mutexes.count();
    if index == -1 {
        let by_key = hash(&key_bytes(key)?) % (count.max(2) as u64 - 1);
        return Ok((mutexes, 1 + by_key as usize));
    }
    match usize::try_from(index) {
        Ok(index) if index < count => Ok((mutexes, index)),
        _ => {
            let text = format!("index {index} is out of range: there are {count} global mutexes");
            let line = format!("MPY0503: {text}");
            log_line(key.py(), Owner::Server(server.get().view()), Level::WARNING, line.as_bytes());
            Err(PyValueError::new_err(text))
        }
    }
}

/// What stands for a key in every process: its UTF-8 bytes, or the repr of what is no str.
fn key_bytes(key: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    key.hash()?;
    let text = match key.cast::<PyString>() {
        Ok(text) => text.clone(),
        Err(_) => key.repr()?,
    };
    let encoded = text.call_method1("encode", ("utf-8", "surrogatepass"))?;
    Ok(encoded.cast::<PyBytes>()?.as_bytes().to_vec())
}

/// FNV-1a, 64 bits, with the offset basis and prime that its authors (Fowler, Noll, Vo) publish.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn failed(py: Python<'_>, server: &Bound<'_, Server>, index: usize, what: &str, error: LockError) -> PyErr {
    let text = sentence(index, what, error);
    let line = format!("MPY0502: {text}");
    log_line(py, Owner::Server(server.get().view()), Level::ERR, line.as_bytes());
    PyValueError::new_err(text)
}

/// Why a mutex could not be locked or unlocked.
pub(super) fn sentence(index: usize, what: &str, error: LockError) -> String {
    let reason = match error {
        LockError::Busy => "it is held".to_owned(),
        LockError::Failed(status) => error_text(status),
    };
    format!("global mutex {index} could not be {what}: {reason}")
}

#[cfg(test)]
mod tests {
    use super::hash;

    // spec: interpreters:I-9
    #[test]
    fn hash_is_the_published_one() {
        // Test vectors of the FNV reference code.
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
