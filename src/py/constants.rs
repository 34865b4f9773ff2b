//! The numbers of `mod_python.apache`, taken from httpd's headers.

use pyo3::prelude::*;
use pyo3::types::PyModule;

use crate::httpd::sys;

/// Adds constants under their C names.
macro_rules! same_name {
    ($module:expr, $($name:ident)*) => {
        $($module.add(stringify!($name), sys::$name)?;)*
    };
}

/// Adds every constant to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    same_name!(module, OK DECLINED DONE HTTP_OK HTTP_FORBIDDEN HTTP_NOT_FOUND);
    Ok(())
}
