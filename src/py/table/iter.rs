//! Iterators over a table, and the lists made in the same order.

use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyList};

use super::Table;

/// What an iterator gives.
#[derive(Clone, Copy)]
enum Part {
    Key,
    Value,
    Item,
}

/// The type's name in Python.
const NAME: &str = "dictionary-iterator";

/// No step can come to this place any more.
const FAILED: usize = usize::MAX;

/// An iterator over the entries of a table, in insertion order.
#[pyclass(name = "dictionary_iterator", module = "_apache", frozen)]
pub struct TableIter {
    table: Py<Table>,
    part: Part,
    /// The table's size when the iteration began.
    size: usize,
    /// The next place.
    place: AtomicUsize,
}

impl TableIter {
    /// Gives the type its name, which is no identifier.
    ///
    /// # Errors
    /// MemoryError.
    pub fn set_type_name(py: Python<'_>) -> PyResult<()> {
        let class = py.get_type::<TableIter>();
        class.setattr("__name__", NAME)?;
        class.setattr("__qualname__", NAME)
    }

    fn over(table: &Bound<'_, Table>, part: Part) -> PyResult<TableIter> {
        let size = table.get().count()?;
        Ok(TableIter { table: table.clone().unbind(), part, size, place: AtomicUsize::new(0) })
    }
}

impl Part {
    fn at<'py>(self, py: Python<'py>, table: &Table, place: usize) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self {
            Part::Key => Ok(table.key_at(py, place)?.map(Bound::into_any)),
            Part::Value => table.value_at(py, place),
            Part::Item => match table.item_at(py, place)? {
                Some(item) => Ok(Some(item.into_pyobject(py)?.into_any())),
                None => Ok(None),
            },
        }
    }

    fn list<'py>(self, py: Python<'py>, table: &Table) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        let mut place = 0;
        while let Some(element) = self.at(py, table, place)? {
            list.append(element)?;
            place += 1;
        }
        // An expired table is no empty one.
        table.count().map(|_| list)
    }
}

#[pymethods]
impl TableIter {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (table, place) = (self.table.get(), self.place.load(Ordering::Relaxed));
        if place == FAILED || table.count()? != self.size {
            self.place.store(FAILED, Ordering::Relaxed);
            return Err(PyRuntimeError::new_err("table changed size during iteration"));
        }
        let element = self.part.at(py, table, place)?;
        if element.is_some() {
            self.place.store(place + 1, Ordering::Relaxed);
        }
        Ok(element)
    }

    /// next(): the next element; StopIteration at the end.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.__next__(py)?.ok_or_else(|| pyo3::exceptions::PyStopIteration::new_err(()))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.table)
    }
}

#[pymethods]
impl Table {
    fn __iter__(slf: &Bound<'_, Self>) -> PyResult<TableIter> {
        TableIter::over(slf, Part::Key)
    }

    /// iterkeys(): an iterator over the keys.
    fn iterkeys(slf: &Bound<'_, Self>) -> PyResult<TableIter> {
        TableIter::over(slf, Part::Key)
    }

    /// itervalues(): an iterator over the values.
    fn itervalues(slf: &Bound<'_, Self>) -> PyResult<TableIter> {
        TableIter::over(slf, Part::Value)
    }

    /// iteritems(): an iterator over (key, value).
    fn iteritems(slf: &Bound<'_, Self>) -> PyResult<TableIter> {
        TableIter::over(slf, Part::Item)
    }

    /// keys(): the keys as a list, one for each entry, in the order and spelling they were stored in.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        Part::Key.list(py, self)
    }

    /// values(): the values as a list, one for each entry.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        Part::Value.list(py, self)
    }

    /// items(): (key, value) of each entry as a list.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        Part::Item.list(py, self)
    }
}
