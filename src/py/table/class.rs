//! The table as Python sees it: subscripts, membership, reading and changing by key. What concerns whole tables is in
//! `dict`.

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyDict, PyTuple, PyType};

use super::fill::given;
use super::own::Own;
use super::{Store, Table};

#[pymethods]
impl Table {
    #[new]
    #[pyo3(signature = (*_args, **_named))]
    fn new(_args: &Bound<'_, PyTuple>, _named: Option<&Bound<'_, PyDict>>) -> Table {
        Table { store: Store::Own(Own::default()) }
    }

    /// table([items]): a table of its own, filled from a mapping or from pairs through str().
    #[pyo3(signature = (items = None))]
    fn __init__(&self, #[pyo3(from_py_with = given)] items: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        items.map_or(Ok(()), |items| self.fill(&items))
    }

    fn __getitem__<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match self.lookup(py, &self.encode(key)?)? {
            Some(value) => Ok(value),
            None => Err(missing(key)),
        }
    }

    fn __setitem__(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.store(&self.encode(key)?, &self.encode(value)?)
    }

    fn __delitem__(&self, key: &Bound<'_, PyAny>) -> PyResult<()> {
        self.remove(&self.encode(key)?)
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.has(&self.encode(key)?)
    }

    fn __len__(&self) -> PyResult<usize> {
        self.count()
    }

    /// has_key(key): 1 if the key is there, else 0.
    #[pyo3(signature = (key, /))]
    fn has_key(&self, key: &Bound<'_, PyAny>) -> PyResult<i32> {
        self.has(&self.encode(key)?).map(i32::from)
    }

    /// get(key[, default]): the first value of the key as str, or the default (None).
    #[pyo3(signature = (key, default = None, /))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.first(py, &self.encode(key)?)?.or(default))
    }

    /// setdefault(key[, value]): the first value of the key; where it is missing, the value ('') is stored and returned.
    #[pyo3(signature = (key, value = None, /))]
    fn setdefault<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = given)] value: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let key = self.encode(key)?;
        let bytes = value.as_ref().map(|value| self.encode(value)).transpose()?.unwrap_or_default();
        if let Some(found) = self.first(py, &key)? {
            return Ok(Some(found));
        }
        self.store(&key, &bytes)?;
        self.first(py, &key)
    }

    /// add(key, value): one more entry, whether the key is there or not.
    #[pyo3(signature = (key, value, /))]
    fn add(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.append(&self.encode(key)?, &self.encode(value)?)
    }

    /// pop(key[, default]): removes the key and returns what table[key] was; KeyError if missing and no default is given.
    #[pyo3(signature = (key, default = None, /))]
    fn pop<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = given)] default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let bytes = self.encode(key)?;
        match self.lookup(py, &bytes)? {
            Some(value) => self.remove(&bytes).map(|()| value),
            None => default.ok_or_else(|| missing(key)),
        }
    }

    /// popitem(): removes the first entry and returns it as (key, value); KeyError if the table is empty.
    fn popitem<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let Some(item) = self.item_at(py, 0)? else {
            return Err(PyKeyError::new_err("popitem(): table is empty"));
        };
        self.remove_first()?;
        Ok(item.into_pyobject(py)?.into_any())
    }

    /// clear(): removes everything.
    fn clear(&self) -> PyResult<()> {
        self.remove_all()
    }

    /// fromkeys(keys[, value]): a new table with these keys, all with the same value ('').
    #[classmethod]
    #[pyo3(signature = (keys, value = None, /))]
    fn fromkeys<'py>(
        class: &Bound<'py, PyType>,
        keys: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = given)] value: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let table = class.call0()?;
        for key in keys.try_iter()? {
            match &value {
                Some(value) => table.set_item(key?, value)?,
                None => table.set_item(key?, "")?,
            }
        }
        Ok(table)
    }
}

#[cold]
fn missing(key: &Bound<'_, PyAny>) -> PyErr {
    PyKeyError::new_err((key.clone().unbind(),))
}
