//! The numbers and names of `mod_python.apache` that httpd's headers define.

use std::ffi::CStr;

use pyo3::prelude::*;
use pyo3::types::PyModule;

use crate::httpd::sys;

/// Name and value of every number; the build takes them from the headers.
const NUMBERS: &[(&str, i64)] = include!(concat!(env!("OUT_DIR"), "/constants.rs"));

/// Media types that httpd treats specially.
const MAGIC_TYPES: [(&str, &CStr); 4] = [
    ("CGI_MAGIC_TYPE", magic(sys::CGI_MAGIC_TYPE)),
    ("INCLUDES_MAGIC_TYPE", magic(sys::INCLUDES_MAGIC_TYPE)),
    ("INCLUDES_MAGIC_TYPE3", magic(sys::INCLUDES_MAGIC_TYPE3)),
    ("DIR_MAGIC_TYPE", magic(sys::DIR_MAGIC_TYPE)),
];

const fn magic(text: &[u8]) -> &CStr {
    match CStr::from_bytes_with_nul(text) {
        Ok(text) => text,
        Err(_) => c"",
    }
}

/// Adds every constant to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    for (name, value) in NUMBERS {
        module.add(*name, *value)?;
    }
    for (name, text) in MAGIC_TYPES {
        module.add(name, text.to_string_lossy())?;
    }
    Ok(())
}
