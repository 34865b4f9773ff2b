//! Filters that this interpreter's code has registered for all of its requests. A request that adds one makes it its own.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyModule, PyString};

use crate::py::text;

/// One registration.
#[derive(Clone)]
pub struct Registered {
    input: bool,
    name: Vec<u8>,
    /// `module[::object]`
    pub handler: Vec<u8>,
    /// The handler's directory.
    pub dir: Option<Vec<u8>>,
}

static REGISTERED: Mutex<Vec<Registered>> = Mutex::new(Vec::new());

/// The filter of a name, which is compared without case.
pub fn find(input: bool, name: &[u8]) -> Option<Registered> {
    let registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    registered.iter().find(|known| known.input == input && known.name.eq_ignore_ascii_case(name)).cloned()
}

fn register(
    input: bool,
    name: &Bound<'_, PyString>,
    handler: &Bound<'_, PyString>,
    dir: Option<&Bound<'_, PyString>>,
) -> PyResult<()> {
    let (name, handler) = (text::argument(name)?.to_ascii_lowercase(), text::argument(handler)?.to_vec());
    let dir = dir.map(text::argument).transpose()?.map(<[u8]>::to_vec);
    let mut registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    registered.retain(|known| known.input != input || known.name != name);
    registered.push(Registered { input, name, handler, dir });
    Ok(())
}

/// register_input_filter(name, handler[, dir]): gives requests of this interpreter a filter for req.add_input_filter(name).
///
/// handler is module[::object], dir the directory it is imported from. A later filter of the same name takes its place.
#[pyfunction]
#[pyo3(signature = (name, handler, dir = None))]
fn register_input_filter(
    name: &Bound<'_, PyString>,
    handler: &Bound<'_, PyString>,
    dir: Option<&Bound<'_, PyString>>,
) -> PyResult<()> {
    register(true, name, handler, dir)
}

/// register_output_filter(name, handler[, dir]): the same for output.
#[pyfunction]
#[pyo3(signature = (name, handler, dir = None))]
fn register_output_filter(
    name: &Bound<'_, PyString>,
    handler: &Bound<'_, PyString>,
    dir: Option<&Bound<'_, PyString>>,
) -> PyResult<()> {
    register(false, name, handler, dir)
}

/// Adds the functions to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(register_input_filter, module)?)?;
    module.add_function(wrap_pyfunction!(register_output_filter, module)?)
}
