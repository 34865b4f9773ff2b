//! `req.get_config()` and `req.get_options()`: the request's copies of what its scope configures.

use std::ffi::CString;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

use super::Request;
use crate::httpd::config::DirConfig;
use crate::httpd::file::{self, Stamp};
use crate::httpd::settings::{Flag, Settings};
use crate::py::table::Table;
use crate::py::text;

/// Name and value.
type Pair<'a> = (&'a [u8], &'a [u8]);

/// One of the two copies: always the same object, filled again when httpd has merged another configuration into the
/// request (a directory's, once the file is known).
pub struct ConfigCopy {
    table: PyOnceLock<Py<Table>>,
    source: AtomicPtr<DirConfig>,
}

impl ConfigCopy {
    /// Nothing copied yet.
    pub const fn new() -> ConfigCopy {
        ConfigCopy { table: PyOnceLock::new(), source: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Python code has seen it, so it may have changed it.
    pub fn is_made(&self, py: Python<'_>) -> bool {
        self.table.get(py).is_some()
    }

    fn get(
        &self,
        py: Python<'_>,
        config: Option<&DirConfig>,
        pairs: impl for<'a> FnOnce(&'a Settings) -> Vec<Pair<'a>>,
    ) -> PyResult<Py<Table>> {
        let table = self.table.get_or_try_init(py, || Py::new(py, Table::of_pairs([])))?;
        let source = config.map_or(ptr::null_mut(), |config| ptr::from_ref(config).cast_mut());
        if self.source.swap(source, Ordering::Relaxed) != source {
            table.get().replace(config.map(|config| pairs(&config.settings)).unwrap_or_default());
        }
        Ok(table.clone_ref(py))
    }
}

impl Request {
    /// Python code has seen the request's copy of the options.
    pub(in crate::py) fn has_shown_options(&self, py: Python<'_>) -> bool {
        self.options.is_made(py)
    }
}

#[pymethods]
impl Request {
    /// get_config(): the directives that count for the request as a table, flags as '1' and '0'. A copy for the request,
    /// the same table at each call.
    fn get_config(&self, py: Python<'_>) -> PyResult<Py<Table>> {
        self.has_children.store(true, Ordering::Relaxed);
        self.live.view(|request| {
            self.config.get(py, request.dir_config(), |settings| {
                settings.directives().into_iter().map(|(name, value)| (name.as_bytes(), value)).collect()
            })
        })?
    }

    /// _is_current(file, stamp): whether what was made from a file may be used as it is: the file still has that stamp, a
    /// tuple of its time in nanoseconds, size and inode, or PythonAutoReload is Off.
    fn _is_current(&self, file: &Bound<'_, PyString>, stamp: Stamp) -> PyResult<bool> {
        if self
            .live
            .view(|request| request.dir_config().is_some_and(|config| config.settings.auto_reload == Flag::Off))?
        {
            return Ok(true);
        }
        let Ok(path) = CString::new(text::encode_utf8(file)?) else { return Ok(false) };
        Ok(file::stamp(&path) == Some(stamp))
    }

    /// get_options(): the PythonOptions that count for the request as a table, without those whose value is empty. A
    /// copy for the request, the same table at each call.
    fn get_options(&self, py: Python<'_>) -> PyResult<Py<Table>> {
        self.has_children.store(true, Ordering::Relaxed);
        self.live.view(|request| {
            self.options.get(py, request.dir_config(), |settings| {
                settings.options().into_iter().filter(|(_, value)| !value.is_empty()).collect()
            })
        })?
    }
}
