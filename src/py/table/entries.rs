//! Reading and changing entries, whichever store they are in: bytes here, Python's str at the edge. Used by the table's
//! other files.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::types::{PyAny, PyList, PyNone, PyString};

use super::own::{Entry, Own};
use super::{Store, Table};
use crate::httpd::table as apr;
use crate::py::text;

/// A value on its way out, None where httpd stored NULL.
fn value<'py>(py: Python<'py>, bytes: Option<&[u8]>) -> PyResult<Bound<'py, PyAny>> {
    match bytes {
        Some(bytes) => text::decode(py, bytes).map(Bound::into_any),
        None => Ok(PyNone::get(py).to_owned().into_any()),
    }
}

/// A value at a place of httpd's table; the place is inside the table.
#[inline]
fn value_of<'py>(py: Python<'py>, table: apr::Table<'_>, place: usize) -> PyResult<Bound<'py, PyAny>> {
    value(py, table.bytes_at(place).and_then(|(_, bytes)| bytes))
}

impl Table {
    /// Text for this table: as [`text::encode`], response headers without CR and LF.
    ///
    /// # Errors
    /// TypeError, ValueError
    pub(super) fn encode<'a>(&self, value: &'a Bound<'_, PyAny>) -> PyResult<Cow<'a, [u8]>> {
        if self.is_response_header() { text::encode_header(value) } else { text::encode(value) }
    }

    /// One value as str, several as a list, None where the key is missing.
    #[inline]
    pub(super) fn lookup<'py>(&self, py: Python<'py>, key: &[u8]) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Store::Own(own) = &self.store {
            return match own.values(key).as_slice() {
                [] => Ok(None),
                [one] => value(py, one.as_deref()).map(Some),
                several => {
                    let list = PyList::empty(py);
                    several.iter().try_for_each(|bytes| list.append(value(py, bytes.as_deref())?))?;
                    Ok(Some(list.into_any()))
                }
            };
        }
        self.with(
            |_| Ok(None),
            |table| {
                let (Some(first), second) = table.places(key) else { return Ok(None) };
                let Some(second) = second else { return value_of(py, table, first).map(Some) };
                let list = PyList::new(py, [value_of(py, table, first)?, value_of(py, table, second)?])?;
                let mut from = second + 1;
                while let Some(place) = table.find(key, from) {
                    list.append(value_of(py, table, place)?)?;
                    from = place + 1;
                }
                Ok(Some(list.into_any()))
            },
        )?
    }

    /// The first value of a key.
    pub(super) fn first<'py>(&self, py: Python<'py>, key: &[u8]) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Store::Own(own) = &self.store {
            return own.first(key).map(|bytes| value(py, bytes.as_deref())).transpose();
        }
        self.with(|_| Ok(None), |table| table.find(key, 0).map(|place| value_of(py, table, place)).transpose())?
    }

    /// The key at a place, None past the end.
    pub(super) fn key_at<'py>(&self, py: Python<'py>, place: usize) -> PyResult<Option<Bound<'py, PyString>>> {
        if let Store::Own(own) = &self.store {
            return own.at(place).map(|(key, _)| text::decode(py, &key)).transpose();
        }
        self.with(|_| Ok(None), |table| table.bytes_at(place).map(|(key, _)| text::decode(py, key)).transpose())?
    }

    /// The value at a place, None past the end.
    pub(super) fn value_at<'py>(&self, py: Python<'py>, place: usize) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Store::Own(own) = &self.store {
            return own.at(place).map(|(_, bytes)| value(py, bytes.as_deref())).transpose();
        }
        self.with(|_| Ok(None), |table| table.bytes_at(place).map(|(_, bytes)| value(py, bytes)).transpose())?
    }

    /// Key and value at a place, None past the end.
    pub(super) fn item_at<'py>(
        &self,
        py: Python<'py>,
        place: usize,
    ) -> PyResult<Option<(Bound<'py, PyString>, Bound<'py, PyAny>)>> {
        Ok(self.key_at(py, place)?.zip(self.value_at(py, place)?))
    }

    /// How many entries there are.
    pub(super) fn count(&self) -> PyResult<usize> {
        self.with(Own::len, |table| table.len())
    }

    /// Whether the key is there.
    pub(in crate::py) fn has(&self, key: &[u8]) -> PyResult<bool> {
        self.with(|own| own.contains(key), |table| table.find(key, 0).is_some())
    }

    /// Replaces all entries of the key by one.
    pub(super) fn store(&self, key: &[u8], value: &[u8]) -> PyResult<()> {
        self.with(|own| own.set(key, value), |table| table.set(key, value))
    }

    /// Appends an entry.
    pub(in crate::py) fn append(&self, key: &[u8], value: &[u8]) -> PyResult<()> {
        self.with(|own| own.add(key, value), |table| table.add(key, value))
    }

    /// Removes all entries of the key.
    pub(super) fn remove(&self, key: &[u8]) -> PyResult<()> {
        self.with(|own| own.remove(key), |table| table.remove(key))
    }

    /// Removes the first entry.
    pub(super) fn remove_first(&self) -> PyResult<()> {
        self.with(Own::remove_first, |table| table.remove_first())
    }

    /// Removes everything.
    pub(super) fn remove_all(&self) -> PyResult<()> {
        self.with(Own::clear, |table| table.clear())
    }

    /// A copy of all entries.
    pub(super) fn snapshot(&self) -> PyResult<Vec<Entry>> {
        self.with(
            |own| (0..own.len()).filter_map(|place| own.at(place)).collect(),
            |table| {
                let entries = (0..table.len()).filter_map(|place| table.bytes_at(place));
                entries.map(|(key, value)| (key.into(), value.map(Into::into))).collect()
            },
        )
    }
}
