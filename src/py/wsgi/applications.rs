//! `wsgi_applications`: the applications of an interpreter, by the option that names them, as long as their files are as
//! they were. `mod_python.wsgi` has the one there is, and imports what is not known here.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyDict, PyString};
use rustc_hash::FxHashMap;

use super::environ;
use super::serve::Rare;
use super::words::Words;
use crate::httpd::config::Flag;
use crate::httpd::file::{self, Stamp};
use crate::image::state;
use crate::py::request::Request;

/// PythonOption that names the application.
const APPLICATION: &str = "mod_python.wsgi.application";

/// Where an application was found.
struct Known {
    module_name: Py<PyString>,
    module: Py<PyAny>,
    dict: Py<PyDict>,
    name: Py<PyString>,
    /// The source file and its stamp when it was executed; None where it is never executed again.
    source: Option<(CString, Stamp)>,
}

/// The applications that were found, and what all their environs have in common.
#[pyclass(name = "wsgi_applications", module = "_apache", frozen)]
pub struct Applications {
    known: Mutex<FxHashMap<Box<[u8]>, Arc<Known>>>,
    /// None while an environ is made.
    words: Mutex<Option<Words>>,
    file_wrapper: Py<PyAny>,
    /// What the module sys has: asking the interpreter makes a name each time.
    sys: Py<PyDict>,
    pub(super) rare: Rare,
}

/// Never held across Python code.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Known {
    /// The module is the one that was loaded, and its file has not changed.
    fn is_current(&self, py: Python<'_>, autoreload: bool) -> bool {
        let Some(objects) = state::objects(py) else { return false };
        let listed = objects.modules.bind(py).get_item(self.module_name.bind(py)).ok().flatten();
        if !listed.is_some_and(|listed| listed.is(self.module.bind(py))) {
            return false;
        }
        match &self.source {
            Some((file, stamp)) if autoreload => file::stamp(file) == Some(*stamp),
            _ => true,
        }
    }
}

/// The file and stamp that the importer left on a module.
fn source(dict: &Bound<'_, PyDict>) -> Option<(CString, Stamp)> {
    let file = dict.get_item("__file__").ok()??.extract::<PathBuf>().ok()?;
    let stamp = dict.get_item("__mp_stamp__").ok()??.extract::<Stamp>().ok()?;
    Some((CString::new(file.as_os_str().as_bytes()).ok()?, stamp))
}

#[pymethods]
impl Applications {
    /// wsgi_applications(file_wrapper, find, outside, send, settled): what applications find under that name, and the
    /// functions of [`Rare`].
    #[new]
    fn new(
        py: Python<'_>,
        file_wrapper: Py<PyAny>,
        find: Py<PyAny>,
        outside: Py<PyAny>,
        send: Py<PyAny>,
        settled: Py<PyAny>,
    ) -> PyResult<Applications> {
        let rare = Rare { find, outside, send, settled };
        let sys = py.import(intern!(py, "sys"))?.dict().unbind();
        Ok(Applications { known: Mutex::default(), words: Mutex::default(), file_wrapper, sys, rare })
    }

    /// keep(named, module, name): the option's value `named` means this name of this module, which was just imported.
    #[pyo3(signature = (named, module, name, /))]
    fn keep(&self, named: &str, module: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> PyResult<()> {
        let py = module.py();
        let dict = module.getattr(intern!(py, "__dict__"))?.cast_into::<PyDict>()?;
        let known = Known {
            module_name: module.getattr(intern!(py, "__name__"))?.cast_into::<PyString>()?.unbind(),
            module: module.clone().unbind(),
            source: source(&dict),
            dict: dict.unbind(),
            name: name.clone().unbind(),
        };
        let before = held(&self.known).insert(named.as_bytes().into(), Arc::new(known));
        drop(before);
        Ok(())
    }
}

impl Applications {
    /// The application of a request, None where it has to be imported.
    ///
    /// # Errors
    /// ExpiredError.
    pub(super) fn get<'py>(&self, req: &Bound<'py, Request>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = req.py();
        // Python code may have changed its copy of the options.
        if req.get().has_shown_options(py) {
            return Ok(None);
        }
        let found = req.get().live.view(|request| {
            let settings = &request.dir_config()?.settings;
            if settings.option("mod_python.importer").is_some() {
                return None;
            }
            let known = held(&self.known).get(settings.option(APPLICATION)?).cloned()?;
            Some((known, settings.auto_reload != Flag::Off))
        })?;
        match found {
            Some((known, autoreload)) if known.is_current(py, autoreload) => {
                let application = known.dict.bind(py).get_item(known.name.bind(py))?;
                Ok(application.filter(|application| application.is_callable()))
            }
            _ => Ok(None),
        }
    }

    /// What `req.build_wsgi_env()` gives, and the keys that `mod_python.wsgi` adds.
    ///
    /// # Errors
    /// As [`environ::prepare`].
    pub(super) fn environ<'py>(&self, req: &Bound<'py, Request>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let py = req.py();
        if !environ::prepare(req)? {
            return Ok(None);
        }
        let errors = self.sys.bind(py).get_item(intern!(py, "stderr"))?;
        let kept = held(&self.words).take();
        let mut words = match kept {
            Some(words) => words,
            None => self.words(py)?,
        };
        let made = environ::environ(req, &mut words, errors);
        let before = held(&self.words).replace(words);
        drop(before);
        made.map(Some)
    }

    fn words(&self, py: Python<'_>) -> PyResult<Words> {
        let constant = environ::constants(py)?;
        constant.set_item(intern!(py, "wsgi.file_wrapper"), &self.file_wrapper)?;
        // What the server hands over ends where the body ends, chunked or not.
        constant.set_item(intern!(py, "wsgi.input_terminated"), true)?;
        Ok(Words::new(constant))
    }
}
