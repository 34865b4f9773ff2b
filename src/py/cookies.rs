//! `_apache.parse_cookies`: the `Cookie` header as Python text. The rule is that of `parse::cookies`.

use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyDict, PyModule, PyString};

use super::text;
use crate::parse::cookies;

/// Adds the function to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(parse_cookies, module)?)
}

/// parse_cookies(header[, names]): {name: value} of a Cookie header; of a name that is there twice the last value counts.
///
/// header: str; names: a collection of the names to keep, None for all. Raises TypeError for other types.
#[pyfunction]
#[pyo3(signature = (header, names = None, /))]
fn parse_cookies<'py>(
    py: Python<'py>,
    header: &Bound<'py, PyString>,
    names: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    let Ok(bytes) = header.to_str() else {
        // Lone surrogates, one for each byte that is no UTF-8. All marks are ASCII, so that parts can be taken apart in
        // any encoding that keeps them.
        let encoded = header.call_method1("encode", ("utf-8", "surrogatepass"))?.cast_into::<PyBytes>()?;
        let decode = |part| PyBytes::new(py, part).call_method1("decode", ("utf-8", "surrogatepass"));
        for (name, value) in cookies::pairs(encoded.as_bytes()) {
            keep(&found, names, decode(name)?, || decode(value))?;
        }
        return Ok(found);
    };
    for (name, value) in cookies::pairs(bytes.as_bytes()) {
        keep(&found, names, text::decode(py, name)?.into_any(), || Ok(text::decode(py, value)?.into_any()))?;
    }
    Ok(found)
}

/// Stores a cookie if its name is wanted.
fn keep<'py>(
    found: &Bound<'py, PyDict>,
    names: Option<&Bound<'py, PyAny>>,
    name: Bound<'py, PyAny>,
    value: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<()> {
    let wanted = names.map_or(Ok(true), |names| names.contains(&name))?;
    if wanted { found.set_item(name, value()?) } else { Ok(()) }
}
