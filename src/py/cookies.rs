//! `_apache.parse_cookies`, `format_cookie` and `add_cookie`: the `Cookie` header as Python text, and the plain cases of `Set-Cookie`.
//! The rules are those of `parse::cookies`.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyDict, PyInt, PyModule, PyString};

use super::table::Table;
use super::text;
use crate::parse::cookies;

/// Adds the function to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(parse_cookies, module)?)?;
    module.add_function(wrap_pyfunction!(format_cookie, module)?)?;
    module.add_function(wrap_pyfunction!(add_cookie, module)?)
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

/// format_cookie(name, value, attributes): the text of a Set-Cookie header; None where that takes a closer look.
///
/// attributes: a dict. Nothing is said about what is wrong: all that is not printable ASCII, of other types than str, int
/// and bool, unknown or a promise (partitioned, a name in `__`) is for `mod_python.Cookie` to judge. A date in expires is
/// taken as it is.
#[pyfunction]
#[pyo3(signature = (name, value, attributes, /))]
fn format_cookie(
    name: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    attributes: &Bound<'_, PyDict>,
) -> PyResult<Option<String>> {
    let (Some(name), Some(value)) = (plain(name), plain(value)) else { return Ok(None) };
    if !cookies::is_plain_name(name.as_bytes()) {
        return Ok(None);
    }
    let mut given: [Option<Bound<'_, PyAny>>; cookies::ATTRIBUTES.len()] = Default::default();
    for (attribute, value) in attributes.iter() {
        let place =
            plain(&attribute).and_then(|name| cookies::ATTRIBUTES.iter().position(|(known, ..)| *known == name));
        match place {
            Some(place) if cookies::ATTRIBUTES[place].0 != "partitioned" => given[place] = Some(value),
            _ => return Ok(None),
        }
    }
    let mut text = String::with_capacity(128);
    text.push_str(name);
    text.push('=');
    text.push_str(value);
    for ((_, shown, is_flag), value) in cookies::ATTRIBUTES.iter().zip(given) {
        let Some(value) = value.filter(|value| !value.is_none()) else { continue };
        if *is_flag {
            if value.is_truthy()? {
                text.push_str("; ");
                text.push_str(shown);
            }
            continue;
        }
        text.push_str("; ");
        text.push_str(shown);
        text.push('=');
        if let Some(plain) = plain(&value) {
            text.push_str(plain);
        } else if let Ok(number) = value.cast_exact::<PyInt>()
            && let Ok(number) = number.extract::<i64>()
        {
            text.push_str(&number.to_string());
        } else {
            return Ok(None);
        }
    }
    Ok(Some(text))
}

/// add_cookie(headers, name, value, attributes): adds what `format_cookie` makes to a table of headers, before the first
/// cookie also `Cache-Control: no-cache="set-cookie"`. False: nothing was added, because that takes a closer look.
///
/// A date in expires takes one too.
#[pyfunction]
#[pyo3(signature = (headers, name, value, attributes, /))]
fn add_cookie(
    headers: &Bound<'_, PyAny>,
    name: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    attributes: &Bound<'_, PyDict>,
) -> PyResult<bool> {
    if !attributes.is_empty() && attributes.contains(intern!(headers.py(), "expires"))? {
        return Ok(false);
    }
    let Ok(headers) = headers.cast::<Table>() else { return Ok(false) };
    let Some(text) = format_cookie(name, value, attributes)? else { return Ok(false) };
    let headers = headers.get();
    if !headers.has(b"Set-Cookie")? {
        headers.append(b"Cache-Control", b"no-cache=\"set-cookie\"")?;
    }
    headers.append(b"Set-Cookie", text.as_bytes())?;
    Ok(true)
}

/// The text of a str (no subclass) that may stand anywhere in the header.
fn plain<'a>(value: &'a Bound<'_, PyAny>) -> Option<&'a str> {
    let text = value.cast_exact::<PyString>().ok()?.to_str().ok()?;
    cookies::is_plain(text.as_bytes()).then_some(text)
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
