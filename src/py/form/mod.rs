//! `mp_form`: the fields of a form and the way to them by name. `util.FieldStorage` is its subclass; what is rarely used
//! is written there, in Python.

mod body;
mod fill;
mod head;
mod index;
mod lazy;
mod limits;
mod parts;
mod strings;
mod temporary;
mod upload;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyKeyError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyDict, PyList, PyTuple};

use self::index::Index;
use self::lazy::Lazy;

/// The fields of a form in their order, and an index of their names.
#[pyclass(name = "mp_form", module = "_apache", frozen, subclass, mapping)]
pub struct Form {
    state: Mutex<State>,
}

/// Never locked across a call into Python.
#[derive(Default)]
struct State {
    /// One entry for each occurrence.
    fields: Option<Py<PyList>>,
    /// The fields as long as there is no list of them.
    lazy: Option<Arc<Lazy>>,
    /// Python code has seen the list, so it may have changed it.
    exposed: bool,
    /// Made at the first look-up.
    index: Option<Index>,
    /// Where files go, if an option says it.
    directory: Option<PathBuf>,
}

impl Form {
    /// What `form[name]` gives, None where there is no such name.
    fn field<'py>(&self, py: Python<'py>, name: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self.lazy().as_deref().and_then(|lazy| lazy.find(name)) {
            Some(named) => named.shown(),
            None => self.find(py, name)?.map(index::shown).transpose(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fields as they came, None from the moment when there is a list of them.
    fn lazy(&self) -> Option<Arc<Lazy>> {
        self.state().lazy.clone()
    }

    /// The list of fields.
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        if let Some(fields) = &self.state().fields {
            return Ok(fields.clone_ref(py).into_bound(py));
        }
        let made = self.lazy().map_or_else(|| Ok(PyList::empty(py)), |lazy| lazy.list(py))?;
        let (fields, before) = {
            let mut state = self.state();
            let fields = state.fields.get_or_insert_with(|| made.clone().unbind()).clone_ref(py);
            (fields, state.lazy.take())
        };
        drop(before);
        Ok(fields.into_bound(py))
    }

    /// Takes other fields; `exposed`: Python code knows the list.
    fn set_fields(&self, fields: Bound<'_, PyList>, exposed: bool) {
        self.set(Some(fields.unbind()), None, exposed);
    }

    /// Takes other fields, of which there is no list yet.
    fn set_lazy(&self, lazy: Lazy) {
        self.set(None, Some(Arc::new(lazy)), false);
    }

    fn set(&self, fields: Option<Py<PyList>>, lazy: Option<Arc<Lazy>>, exposed: bool) {
        let before = {
            let mut state = self.state();
            state.exposed = exposed;
            let before = (state.fields.take(), state.lazy.take(), state.index.take());
            (state.fields, state.lazy) = (fields, lazy);
            before
        };
        drop(before);
    }
}

#[pymethods]
impl Form {
    #[new]
    #[pyo3(signature = (*_args, **_named))]
    fn new(_args: &Bound<'_, PyTuple>, _named: Option<&Bound<'_, PyDict>>) -> Form {
        Form { state: Mutex::default() }
    }

    /// list: every field, one entry for each occurrence, in the order of arrival. It may be changed.
    #[getter]
    fn list<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
        let fields = slf.get().fields(slf.py())?;
        if slf.get().state().exposed {
            return Ok(fields);
        }
        let class = slf.getattr(intern!(slf.py(), "_field_list"))?;
        let list = class.call1((fields,))?.cast_into::<PyList>()?;
        slf.get().set_fields(list.clone(), true);
        Ok(list)
    }

    #[setter]
    fn set_list(&self, list: Bound<'_, PyList>) {
        self.set_fields(list, true);
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match self.field(py, name)? {
            Some(found) => Ok(found),
            None => Err(PyKeyError::new_err((name.clone().unbind(),))),
        }
    }

    fn __contains__(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<bool> {
        match self.lazy().as_deref().and_then(|lazy| lazy.find(name)) {
            Some(named) => Ok(named.exists()),
            None => Ok(self.find(py, name)?.is_some()),
        }
    }

    /// How many names there are.
    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        match self.lazy().and_then(|lazy| lazy.count()) {
            Some(count) => Ok(count),
            None => Ok(self.names(py)?.len()),
        }
    }

    /// get(name[, default]): the field of this name, a list of them where there are several, else the default (None).
    #[pyo3(signature = (name, default = None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.field(py, name)?.or(default))
    }

    /// getfirst(name[, default]): the first field of this name, else the default (None).
    #[pyo3(signature = (name, default = None))]
    fn getfirst<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let first = match self.lazy().as_deref().and_then(|lazy| lazy.find(name)) {
            Some(named) => named.first()?,
            None => self.find(py, name)?.map(index::first).transpose()?,
        };
        Ok(first.or(default))
    }

    /// getlist(name): a new list of the fields of this name, empty where there is none.
    fn getlist<'py>(&self, py: Python<'py>, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        if let Some(named) = self.lazy().as_deref().and_then(|lazy| lazy.find(name)) {
            return named.all();
        }
        self.find(py, name)?.map_or_else(|| Ok(PyList::empty(py)), index::all)
    }

    /// keys(): a new list of the names, each once, in the order of their first occurrence.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let names = self.lazy().map_or(Ok(None), |lazy| lazy.names(py))?;
        names.map_or_else(|| Ok(self.names(py)?.keys()), Ok)
    }

    /// make_file(): the file for a part with a file name, where no file_callback was given: one without a name, open
    /// for reading and writing bytes. A subclass may return something else.
    fn make_file<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let directory = self.state().directory.clone();
        let directory = temporary::directory(py, directory.as_deref())?;
        let file = temporary::create(&directory).map_err(|error| temporary::failed(&error, &directory))?;
        temporary::as_python(py, file)
    }

    /// make_field(): the same for a part without, where no field_callback was given: a file in memory.
    fn make_field<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import(intern!(py, "io"))?.call_method0(intern!(py, "BytesIO"))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // Whoever holds the lock is in the middle of a change: the objects count as reachable this time.
        let Ok(state) = self.state.try_lock() else { return Ok(()) };
        if let Some(fields) = &state.fields {
            visit.call(fields)?;
        }
        if let Some(lazy) = &state.lazy {
            lazy.traverse(&visit)?;
        }
        state.index.as_ref().map_or(Ok(()), |index| index.traverse(&visit))
    }

    fn __clear__(&self) {
        let before = std::mem::take(&mut *self.state());
        drop(before);
    }
}
