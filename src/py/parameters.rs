//! `_apache.parse_header`, and the parameters of headers as dicts of str.

use std::borrow::Cow;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyDict, PyModule, PyString};

use super::text;
use crate::parse::parameters::HeaderValue;

/// Adds the function to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(parse_header, module)?)
}

/// Bytes of a client as str: UTF-8, U+FFFD for what is none.
pub fn replaced<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    PyString::new(py, &String::from_utf8_lossy(bytes))
}

/// The parameters of a header; the last one of a name wins.
///
/// # Errors
/// MemoryError.
pub fn options<'py>(py: Python<'py>, value: &HeaderValue<'_>) -> PyResult<Bound<'py, PyDict>> {
    let options = PyDict::new(py);
    for (name, value) in &value.parameters {
        options.set_item(replaced(py, name), replaced(py, value))?;
    }
    Ok(options)
}

/// parse_header(line): the value of a header in lower case, and its parameters as a dict with names in lower case.
///
/// line: str or bytes; bytes that are no UTF-8 become U+FFFD. Raises TypeError for other types.
#[pyfunction]
fn parse_header<'py>(
    py: Python<'py>,
    line: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyString>, Bound<'py, PyDict>)> {
    let bytes = match line.cast::<PyString>() {
        Ok(text) => Cow::Owned(text::encode_utf8(text)?),
        Err(_) => match line.cast::<PyBytes>() {
            Ok(bytes) => Cow::Borrowed(bytes.as_bytes()),
            Err(_) => {
                let found = line.get_type().name()?;
                return Err(PyTypeError::new_err(format!("a header must be str or bytes, not {found}")));
            }
        },
    };
    let value = HeaderValue::parse(&bytes);
    Ok((replaced(py, &value.main), options(py, &value)?))
}
