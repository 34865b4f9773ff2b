//! `_apache.parse_cookies`, `received_cookies`, `format_cookie` and `add_cookie`: the `Cookie` header as Python text and
//! objects, and the plain cases of `Set-Cookie`. The rules are those of `parse::cookies`.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyDict, PyInt, PyModule, PyString, PyType};

use super::request::Request;
use super::{capi, text};
use crate::httpd::table::RequestTable;
use crate::parse::cookies;

/// Adds the functions to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(parse_cookies, module)?)?;
    module.add_function(wrap_pyfunction!(received_cookies, module)?)?;
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

/// add_cookie(req, on_errors, name, value, attributes): adds what `format_cookie` makes to the headers of a response,
/// before the first cookie also `Cache-Control: no-cache="set-cookie"`. False: nothing was added, because that takes a
/// closer look.
///
/// on_errors: to err_headers_out, else to headers_out. A date in expires takes a closer look, and so does any other object
/// than a request.
#[pyfunction]
#[pyo3(signature = (req, on_errors, name, value, attributes, /))]
fn add_cookie(
    req: &Bound<'_, PyAny>,
    on_errors: &Bound<'_, PyAny>,
    name: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    attributes: &Bound<'_, PyDict>,
) -> PyResult<bool> {
    if !attributes.is_empty() && attributes.contains(intern!(req.py(), "expires"))? {
        return Ok(false);
    }
    let Ok(req) = req.cast::<Request>() else { return Ok(false) };
    let which = if on_errors.is_truthy()? { RequestTable::ErrHeadersOut } else { RequestTable::HeadersOut };
    let Some(text) = format_cookie(name, value, attributes)? else { return Ok(false) };
    req.get().live.view(|request| {
        let headers = which.of(request);
        if headers.find(b"Set-Cookie", 0).is_none() {
            headers.add(b"Cache-Control", b"no-cache=\"set-cookie\"");
        }
        headers.add(b"Set-Cookie", text.as_bytes());
    })?;
    Ok(true)
}

/// received_cookies(req, kind, places, attributes): {name: cookie} of the cookies that came with a request; None if that
/// is no request object.
///
/// kind: the class of the cookies, whose `__init__` is not called; places: a tuple of the descriptors of its three slots,
/// which get the name, the value and `attributes`. Raises TypeError for others.
#[pyfunction]
#[pyo3(signature = (req, kind, places, attributes, /))]
fn received_cookies<'py>(
    py: Python<'py>,
    req: &Bound<'py, PyAny>,
    kind: &Bound<'py, PyType>,
    places: (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>),
    attributes: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyDict>>> {
    let Ok(req) = req.cast::<Request>() else { return Ok(None) };
    let found = PyDict::new(py);
    let Some(header) = header_of(req)? else { return Ok(Some(found)) };
    for (name, value) in cookies::pairs(&header) {
        let cookie = capi::new_object(kind)?;
        let name = text::decode(py, name)?;
        capi::set_slot(&places.0, &cookie, &name)?;
        capi::set_slot(&places.1, &cookie, text::decode(py, value)?.as_any())?;
        capi::set_slot(&places.2, &cookie, attributes)?;
        found.set_item(name, cookie)?;
    }
    Ok(Some(found))
}

/// A copy of the `Cookie` header of a request, of several ones in a row; None if there is none.
///
/// # Errors
/// `ExpiredError`
pub(super) fn header_of(req: &Bound<'_, Request>) -> PyResult<Option<Vec<u8>>> {
    req.get().live.view(|request| {
        let table = RequestTable::HeadersIn.of(request);
        let (first, second) = table.places(b"Cookie");
        let value = |place| table.bytes_at(place).and_then(|(_, value)| value).unwrap_or_default();
        let mut header = value(first?).to_vec();
        let mut next = second;
        while let Some(place) = next {
            header.extend_from_slice(b"; ");
            header.extend_from_slice(value(place));
            next = table.find(b"Cookie", place + 1);
        }
        Some(header)
    })
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
