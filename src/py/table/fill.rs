//! Filling a table from mappings and pairs. Keys and values go through `str()`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyList, PyTuple};

use super::Table;

/// An optional argument that may be None itself.
pub fn given<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    Ok(Some(value.clone()))
}

impl Table {
    /// Fills from a mapping (anything with `keys`) or from pairs.
    pub(super) fn fill(&self, items: &Bound<'_, PyAny>) -> PyResult<()> {
        if items.hasattr("keys")? { self.merge(items) } else { self.fill_pairs(items) }
    }

    /// Fills from a mapping. Of several values of a key of another table the last one counts.
    pub(super) fn merge(&self, items: &Bound<'_, PyAny>) -> PyResult<()> {
        if let Ok(table) = items.cast_exact::<Table>() {
            for (key, value) in table.get().snapshot()? {
                let value = value.as_deref().unwrap_or(b"None");
                let line_end = |text: &[u8]| memchr::memchr2(b'\r', b'\n', text).is_some();
                if self.is_response_header() && (line_end(&key) || line_end(value)) {
                    return Err(PyValueError::new_err("a header name or value must not contain CR or LF"));
                }
                self.store(&key, value)?;
            }
            return Ok(());
        }
        for key in items.call_method0("keys")?.try_iter()? {
            let key = key?;
            self.store_text(&key, &items.get_item(&key)?)?;
        }
        Ok(())
    }

    fn fill_pairs(&self, items: &Bound<'_, PyAny>) -> PyResult<()> {
        for (index, item) in items.try_iter()?.enumerate() {
            let item = item?;
            let pair = sequence(&item).map_err(|error| {
                if error.is_instance_of::<PyTypeError>(item.py()) {
                    PyTypeError::new_err(format!("cannot convert table update sequence element #{index} to a sequence"))
                } else {
                    error
                }
            })?;
            let length = pair.len();
            if length != 2 {
                return Err(PyValueError::new_err(format!(
                    "table update sequence element #{index} has length {length}; 2 is required"
                )));
            }
            self.store_text(&pair.get_item(0)?, &pair.get_item(1)?)?;
        }
        Ok(())
    }

    fn store_text(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let (key, value) = (key.str()?.into_any(), value.str()?.into_any());
        self.store(&self.encode(&key)?, &self.encode(&value)?)
    }
}

/// The elements of any iterable.
fn sequence<'py>(item: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
    if let Ok(pair) = item.cast::<PyTuple>() {
        return Ok(pair.clone());
    }
    let list = PyList::empty(item.py());
    for element in item.try_iter()? {
        list.append(element?)?;
    }
    Ok(list.to_tuple())
}
