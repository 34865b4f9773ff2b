//! `_apache.parse_qs` and `parse_qsl`: query strings as Python text. The rules are those of `parse::query`.

use std::borrow::Cow;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyDict, PyList, PyModule, PyString, PyTuple};

use crate::parse::query;

/// Adds both functions to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(parse_qs, module)?)?;
    module.add_function(wrap_pyfunction!(parse_qsl, module)?)
}

/// What was passed in decides what comes out.
enum Input<'a> {
    Text(Cow<'a, [u8]>),
    Bytes(&'a [u8]),
}

impl<'a> Input<'a> {
    fn new(value: &'a Bound<'_, PyAny>) -> PyResult<Input<'a>> {
        if let Ok(text) = value.cast::<PyString>() {
            Ok(Input::Text(match text.to_str() {
                Ok(text) => Cow::Borrowed(text.as_bytes()),
                // Lone surrogates: those that stand for raw bytes become these bytes, others U+FFFD.
                Err(_) => Cow::Owned(surrogates(text)?),
            }))
        } else if let Ok(bytes) = value.cast::<PyBytes>() {
            Ok(Input::Bytes(bytes.as_bytes()))
        } else {
            Err(PyTypeError::new_err("not an ISO-8859-1 string"))
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Input::Text(text) => text,
            Input::Bytes(bytes) => bytes,
        }
    }

    /// A part as the type of the input; bytes that are no UTF-8 become U+FFFD in text.
    fn part<'py>(&self, py: Python<'py>, part: &[u8]) -> Bound<'py, PyAny> {
        match self {
            Input::Text(_) => PyString::new(py, &String::from_utf8_lossy(part)).into_any(),
            Input::Bytes(_) => PyBytes::new(py, part).into_any(),
        }
    }
}

fn surrogates(text: &Bound<'_, PyString>) -> PyResult<Vec<u8>> {
    let py = text.py();
    let encode = |errors: &str| text.call_method1("encode", ("utf-8", errors));
    let encoded = encode("surrogateescape").or_else(|error| {
        if error.is_instance_of::<pyo3::exceptions::PyUnicodeEncodeError>(py) {
            encode("surrogatepass")
        } else {
            Err(error)
        }
    })?;
    Ok(encoded.cast::<PyBytes>()?.as_bytes().to_vec())
}

/// parse_qs(qs[, keep_blank_values[, strict_parsing]]): a dict of names to lists of values, in the order of the query.
///
/// qs: str (gives str; what is no UTF-8 after decoding becomes U+FFFD) or bytes (gives bytes). strict_parsing is
/// ignored. Raises TypeError for other types.
#[pyfunction]
#[pyo3(signature = (qs, keep_blank_values = false, strict_parsing = false, /))]
fn parse_qs<'py>(
    py: Python<'py>,
    qs: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = truth)] keep_blank_values: bool,
    #[pyo3(from_py_with = truth)] strict_parsing: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let _ = strict_parsing;
    let input = Input::new(qs)?;
    let found = PyDict::new(py);
    for (name, value) in query::pairs(input.bytes(), keep_blank_values) {
        let (name, value) = (input.part(py, &name), input.part(py, &value));
        match found.get_item(&name)? {
            Some(values) => values.cast::<PyList>()?.append(value)?,
            None => found.set_item(name, PyList::new(py, [value])?)?,
        }
    }
    Ok(found)
}

/// parse_qsl(qs[, keep_blank_values[, strict_parsing]]): a list of (name, value) in the order of the query; types and
/// errors as parse_qs.
#[pyfunction]
#[pyo3(signature = (qs, keep_blank_values = false, strict_parsing = false, /))]
fn parse_qsl<'py>(
    py: Python<'py>,
    qs: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = truth)] keep_blank_values: bool,
    #[pyo3(from_py_with = truth)] strict_parsing: bool,
) -> PyResult<Bound<'py, PyList>> {
    let _ = strict_parsing;
    let input = Input::new(qs)?;
    let found = PyList::empty(py);
    for (name, value) in query::pairs(input.bytes(), keep_blank_values) {
        found.append(PyTuple::new(py, [input.part(py, &name), input.part(py, &value)])?)?;
    }
    Ok(found)
}

fn truth(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    value.is_truthy()
}
