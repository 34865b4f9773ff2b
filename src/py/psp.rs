//! `_apache._psp_translate`: a page of Python code as a Python program. The rules are those of `parse::psp`; reading files,
//! compiling and running is the work of `mod_python._psp`.

use pyo3::exceptions::PySyntaxError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyModule, PyString};

use crate::parse::psp::{self, Fault};

/// Adds the function to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
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
