//! Giving up the GIL around what can block.

use pyo3::prelude::*;

use super::capi::Carry;

/// Runs `body` without the GIL, in this thread. `body` must not touch Python objects.
pub fn without_gil<T, R>(py: Python<'_>, value: T, body: impl FnOnce(T) -> R) -> R {
    let carried = Carry((value, body));
    let Carry(result) = py.detach(move || {
        let carried = carried;
        let Carry((value, body)) = carried;
        Carry(body(value))
    });
    result
}
