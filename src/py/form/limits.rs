//! What a form may cost: the options `mod_python.form.*`, with the names and defaults of `mod_python/_options.py`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::httpd::request::Request as View;

/// Sizes in bytes; `usize::MAX` where there is no limit.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// All of the body.
    pub body: usize,
    /// What is held in memory of it.
    pub memory: usize,
    /// One field of a multipart body in memory.
    pub memory_field: usize,
    /// The headers of one part.
    pub part_header: usize,
    /// Fields, those of the query string included; parts of a multipart body.
    pub fields: usize,
}

/// One option: decimal digits, 0 for no limit.
fn limit(request: View<'_>, name: &str, default: usize) -> PyResult<usize> {
    let Some(value) = request.dir_config().and_then(|config| config.settings.option(name)) else { return Ok(default) };
    match std::str::from_utf8(value).ok().and_then(|text| text.trim().parse().ok()) {
        Some(0) => Ok(usize::MAX),
        Some(number) => Ok(number),
        None => {
            let value = String::from_utf8_lossy(value);
            Err(PyValueError::new_err(format!("PythonOption {name}: '{value}' is not a number of 0 or more")))
        }
    }
}

impl Limits {
    /// The limits of a request.
    ///
    /// # Errors
    /// ValueError for an option that is no number.
    pub(super) fn of(request: View<'_>) -> PyResult<Limits> {
        Ok(Limits {
            body: limit(request, "mod_python.form.max_body", 64 * 1024 * 1024)?,
            memory: limit(request, "mod_python.form.max_memory", 16 * 1024 * 1024)?,
            memory_field: limit(request, "mod_python.form.max_memory_field", 1024 * 1024)?,
            part_header: limit(request, "mod_python.form.max_part_header", 16 * 1024)?,
            fields: limit(request, "mod_python.form.max_fields", 1000)?,
        })
    }
}

/// Where files go, None where nobody has said it.
pub(super) fn upload_directory(request: View<'_>) -> Option<PathBuf> {
    let value = request.dir_config()?.settings.option("mod_python.form.upload_directory")?;
    Some(PathBuf::from(OsStr::from_bytes(value)))
}
