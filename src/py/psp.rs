//! `_apache._psp_translate`: a page of Python code as a Python program. The rules are those of `parse::psp`; reading files,
//! compiling and running is the work of `mod_python._psp`. `_apache._psp_state` and `_apache._psp_exec`: what it
//! needs for each request.

use std::ffi::CString;

use pyo3::exceptions::{PySyntaxError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyCode, PyDict, PyModule, PyString, PyTuple};

use super::capi::{self, has_no_attributes};
use super::request::Request;
use super::text;
use crate::httpd::config::Flag;
use crate::httpd::file::{self, Stamp};
use crate::parse::psp::{self, Fault};

/// Adds the functions to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_psp_exec, module)?)?;
    module.add_function(wrap_pyfunction!(_psp_state, module)?)?;
    module.add_function(wrap_pyfunction!(_psp_translate, module)?)
}

/// Source, (file, line) for each of its lines, names of included files, (file, line, text) of ignored directives.
type Translated = (String, Vec<(u32, u32)>, Vec<String>, Vec<(u32, u32, String)>);

/// _psp_translate(page, load): the tuple (source, lines, included, ignored).
///
/// load(name) returns the text of an included file;
/// what it raises is raised. Raises SyntaxError with the included file's name, None for the page, and the line.
#[pyfunction]
#[pyo3(signature = (page, load, /))]
fn _psp_translate(page: &Bound<'_, PyString>, load: &Bound<'_, PyAny>) -> PyResult<Translated> {
    let mut read = |name: &str| load.call1((name,))?.extract::<String>();
    match psp::translate(page.to_str()?, &mut read) {
        Ok(made) => {
            let lines = made.lines.iter().map(|place| (place.file, place.line));
            let ignored = made.ignored.into_iter().map(|(place, text)| (place.file, place.line, text));
            Ok((made.source, lines.collect(), made.included, ignored.collect()))
        }
        Err(Fault::Load(error)) => Err(error),
        Err(Fault::Syntax(message, included, line)) => {
            Err(PySyntaxError::new_err((message, (included, line, None::<u32>, None::<String>))))
        }
    }
}

/// The files look as they did, or PythonAutoReload is Off.
const CURRENT: u32 = 1;
/// `PythonOption mod_python.psp.autoescape` is set; its name is in `mod_python._options`.
const ESCAPES: u32 = 2;

/// Python code has set attributes of the request.
const MARKED: u32 = 4;

/// _psp_state(req, files): a sum of 1 if a page is as it was when it was compiled, 2 if the option autoescape is set and 4
/// if the request has attributes of Python code.
///
/// files: tuples (path, (modification time in nanoseconds, size, inode)). They are looked at, one system call each, unless
/// PythonAutoReload is Off. Raises ExpiredError.
#[pyfunction]
#[pyo3(signature = (req, files, /))]
fn _psp_state(req: &Bound<'_, Request>, files: &Bound<'_, PyTuple>) -> PyResult<u32> {
    let (look, escapes) = req.get().live.view(|request| {
        let settings = request.dir_config().map(|config| &config.settings);
        let escapes = settings.is_some_and(|settings| settings.option("mod_python.psp.autoescape").is_some());
        (settings.is_none_or(|settings| settings.auto_reload != Flag::Off), escapes)
    })?;
    let mut state = CURRENT | if escapes { ESCAPES } else { 0 } | if has_no_attributes(req) { 0 } else { MARKED };
    if look {
        for file in files.iter_borrowed() {
            if !is_same(&file)? {
                state &= !CURRENT;
                break;
            }
        }
    }
    Ok(state)
}

/// _psp_exec(req, parts, names): runs code objects with the same names; returns whether the request has attributes then.
///
/// Raises what they raise.
#[pyfunction]
#[pyo3(signature = (req, parts, names, /))]
fn _psp_exec(req: &Bound<'_, Request>, parts: &Bound<'_, PyTuple>, names: &Bound<'_, PyDict>) -> PyResult<bool> {
    for part in parts.iter_borrowed() {
        let part = part.cast::<PyCode>()?;
        capi::run_code(&part, names)?;
    }
    Ok(!has_no_attributes(req))
}

fn is_same(file: &Bound<'_, PyAny>) -> PyResult<bool> {
    let wrong = || PyTypeError::new_err("a file is a tuple of path and stamp");
    let pair = file.cast::<PyTuple>().map_err(|_| wrong())?;
    let path = pair.get_borrowed_item(0)?;
    let path = &*path.cast::<PyString>().map_err(|_| wrong())?;
    let stamp = pair.get_borrowed_item(1)?.extract::<Stamp>()?;
    let now = match capi::c_text(path) {
        Some(path) => file::stamp(path),
        None => file::stamp(&CString::new(text::encode_utf8(path)?)?),
    };
    Ok(now == Some(stamp))
}
