//! Giving up the GIL around what can block.

use pyo3::prelude::*;

/// Carries a raw pointer into code that runs without the GIL, in the same thread.
#[derive(Clone, Copy)]
pub struct Carry<T>(pub T);

// SAFETY: `without_gil` runs its body in the calling thread; nothing moves to another one.
unsafe impl<T> Send for Carry<T> {}

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
