//! What concerns a whole table: comparison, text, copy, update.

use pyo3::basic::CompareOp;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyDict, PyMapping, PyNotImplemented};

use super::own::Own;
use super::{Store, Table};

impl Table {
    /// The table as a dict: several values of a key are a list, under each spelling of the key.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (key, _) in self.snapshot()? {
            if let Some(value) = self.lookup(py, &key)? {
                dict.set_item(crate::py::text::decode(py, &key)?, value)?;
            }
        }
        Ok(dict)
    }
}

/// The other side of a comparison as a dict, None where it is no mapping.
fn other_dict<'py>(other: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyDict>>> {
    if let Ok(table) = other.cast::<Table>() {
        table.get().to_dict(other.py()).map(Some)
    } else if let Ok(dict) = other.cast::<PyDict>() {
        Ok(Some(dict.clone()))
    } else if let Ok(mapping) = other.cast::<PyMapping>() {
        let dict = PyDict::new(other.py());
        dict.update(mapping)?;
        Ok(Some(dict))
    } else {
        Ok(None)
    }
}

#[pymethods]
impl Table {
    fn __richcmp__<'py>(
        &self,
        py: Python<'py>,
        other: &Bound<'py, PyAny>,
        operator: CompareOp,
    ) -> PyResult<Bound<'py, PyAny>> {
        let not_implemented = || PyNotImplemented::get(py).to_owned().into_any();
        if !matches!(operator, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented());
        }
        match other_dict(other)? {
            Some(dict) => self.to_dict(py)?.rich_compare(dict, operator),
            None => Ok(not_implemented()),
        }
    }

    fn __hash__(&self) -> PyResult<isize> {
        Err(PyTypeError::new_err("mp_table objects are unhashable"))
    }

    fn __repr__(&self) -> PyResult<String> {
        let mut text = String::from("{");
        for (index, (key, value)) in self.snapshot()?.into_iter().enumerate() {
            if index > 0 {
                text.push_str(", ");
            }
            quote(&key, &mut text);
            text.push_str(": ");
            match value {
                Some(value) => quote(&value, &mut text),
                None => text.push_str("None"),
            }
        }
        text.push('}');
        Ok(text)
    }

    /// copy(): a table of its own; of several values of a key the last one counts.
    fn copy(&self) -> PyResult<Table> {
        Ok(Table { store: Store::Own(Own::collapsed(self.snapshot()?)) })
    }

    /// update(mapping): sets every key of a mapping, through str().
    #[pyo3(signature = (items, /))]
    fn update(&self, items: &Bound<'_, PyAny>) -> PyResult<()> {
        self.merge(items)
    }
}

/// Appends bytes as Python would write them in a literal, without a prefix.
fn quote(bytes: &[u8], text: &mut String) {
    let mark = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    text.push(mark);
    for &byte in bytes {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            b'\'' if mark == '\'' => text.push_str("\\'"),
            b' '..=b'~' => text.push(byte.into()),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text.push(mark);
}
