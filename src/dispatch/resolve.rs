//! From a handler's text to a callable. Per interpreter a cache remembers what a text means and which module it loaded;
//! one stat per call decides whether the module must be loaded again.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyDict, PyList, PyString};
use rustc_hash::{FxHashMap, FxHashSet};

use super::child::core;
use crate::httpd::config::{Flag, Settings};
use crate::httpd::file::{self, Stamp};
use crate::image::state;
use crate::parse::handler;
use crate::phase::Role;
use crate::py::text;

/// What the caller knows about the handler's surroundings.
pub struct Lookup<'a> {
    /// What the handler is for, which gives the default function.
    pub role: Role,
    /// The handler's text.
    pub text: &'a [u8],
    /// The entry's directory; for a Location it is not a place to import from.
    pub directory: Option<&'a [u8]>,
    /// PythonPath, if set.
    pub path: Option<&'a [u8]>,
    /// PythonAutoReload.
    pub autoreload: bool,
    /// Log imports (PythonDebug).
    pub log: bool,
    /// PythonOption mod_python.importer.
    pub importer: &'a [u8],
    /// A missing function is no error.
    pub silent: bool,
}

impl<'a> Lookup<'a> {
    /// A look-up under the settings of the request or server that asks.
    pub fn new(
        role: Role,
        text: &'a [u8],
        directory: Option<&'a [u8]>,
        settings: Option<&'a Settings>,
        silent: bool,
    ) -> Lookup<'a> {
        Lookup {
            role,
            text,
            directory,
            path: settings.and_then(Settings::path),
            autoreload: settings.is_none_or(|settings| settings.auto_reload != Flag::Off),
            log: settings.is_some_and(|settings| settings.debug.is_on()),
            importer: settings.and_then(|settings| settings.option("mod_python.importer")).unwrap_or_default(),
            silent,
        }
    }
}

/// What a handler text means; made once per interpreter.
struct Meaning {
    module: Py<PyString>,
    object: Py<PyString>,
    dotted: bool,
    known: Mutex<Known>,
}

/// What the last look-up found.
#[derive(Default)]
struct Known {
    loaded: Option<Arc<Loaded>>,
    arranged: Option<Arranged>,
}

impl Meaning {
    /// Never held across Python code.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For what sys.path was arranged last, and when.
struct Arranged {
    epoch: u64,
    wanted: Box<[u8]>,
}

/// The module as it was loaded.
struct Loaded {
    module: Py<PyAny>,
    dict: Py<PyDict>,
    /// The source file and its stamp when it was executed.
    source: Option<(CString, Stamp)>,
}

/// By handler text; one map for each role, since the default function depends on it.
type Meanings = Option<FxHashMap<Box<[u8]>, &'static Meaning>>;

static MEANINGS: Mutex<[Meanings; Role::COUNT]> = Mutex::new([const { None }; Role::COUNT]);
static APPLIED: Mutex<Option<FxHashSet<Box<[u8]>>>> = Mutex::new(None);

/// Counts how often a PythonPath replaced sys.path: handler directories have to be looked for again then.
static EPOCH: AtomicU64 = AtomicU64::new(1);

/// The callable for a handler; None where a silent handler's module has no such function.
///
/// # Errors
/// Whatever the import raises; AttributeError where the function is missing.
pub fn callable<'py>(
    py: Python<'py>,
    lookup: &Lookup<'_>,
    argument: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let meaning = meaning(py, lookup.role, lookup.text)?;
    let known = arrange_path(py, lookup, meaning)?;
    let loaded = module(py, lookup, meaning, known)?;
    let name = meaning.object.bind(py);
    if meaning.dotted {
        let found =
            core(py)?.call_method1("resolve_object", (loaded.module.bind(py), name, argument, lookup.silent))?;
        return Ok(Some(found).filter(|found| !(lookup.silent && found.is_none())));
    }
    match loaded.dict.bind(py).get_item(name)? {
        Some(found) => Ok(Some(found)),
        None if lookup.silent => Ok(None),
        None => {
            let module = loaded.module.bind(py);
            let file = module.getattr("__file__").or_else(|_| module.getattr("__name__"))?;
            Err(PyAttributeError::new_err(format!("module '{file}' contains no '{name}'")))
        }
    }
}

/// Brings sys.path into the state the handler needs: PythonPath, or else its directory in front. Returns the module that
/// was loaded last.
fn arrange_path(py: Python<'_>, lookup: &Lookup<'_>, meaning: &Meaning) -> PyResult<Option<Arc<Loaded>>> {
    let directory = lookup.directory.filter(|_| lookup.importer.is_empty());
    let wanted = lookup.path.or(directory);
    {
        let known = meaning.known();
        let epoch = EPOCH.load(Ordering::Relaxed);
        let is_same = |arranged: &Arranged, wanted: &[u8]| arranged.epoch == epoch && *arranged.wanted == *wanted;
        if wanted.is_none_or(|wanted| known.arranged.as_ref().is_some_and(|arranged| is_same(arranged, wanted))) {
            return Ok(known.loaded.clone());
        }
    }
    match (lookup.path, directory) {
        (Some(path), _) => apply_path(py, path)?,
        (None, Some(directory)) => add_directory(py, directory)?,
        (None, None) => {}
    }
    let epoch = EPOCH.load(Ordering::Relaxed);
    let mut known = meaning.known();
    known.arranged = wanted.map(|wanted| Arranged { epoch, wanted: wanted.into() });
    Ok(known.loaded.clone())
}

/// Applies a PythonPath text once per interpreter; remembered only where it worked.
///
/// # Errors
/// Whatever the expression raises.
pub fn apply_path(py: Python<'_>, path: &[u8]) -> PyResult<()> {
    if APPLIED.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(|applied| applied.contains(path)) {
        return Ok(());
    }
    core(py)?.call_method1("apply_python_path", (text::decode(py, path)?,))?;
    APPLIED.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().insert(path.into());
    EPOCH.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Puts a handler's directory in front of sys.path unless it is there.
fn add_directory(py: Python<'_>, directory: &[u8]) -> PyResult<()> {
    let path = py.import("sys")?.getattr("path")?.cast_into::<PyList>()?;
    let entry = text::decode(py, directory)?;
    if path.contains(&entry)? { Ok(()) } else { path.insert(0, entry) }
}

fn meaning(py: Python<'_>, role: Role, handler: &[u8]) -> PyResult<&'static Meaning> {
    let place = role.index();
    let known = MEANINGS.lock().unwrap_or_else(PoisonError::into_inner)[place]
        .as_ref()
        .and_then(|meanings| meanings.get(handler).copied());
    if let Some(known) = known {
        return Ok(known);
    }
    let (module, object) = handler::split_handler(handler);
    let object = object.unwrap_or(role.function().as_bytes());
    // The cache keeps what it knows until the process ends.
    let made: &Meaning = Box::leak(Box::new(Meaning {
        module: text::decode(py, module)?.unbind(),
        object: text::decode(py, object)?.unbind(),
        dotted: object.contains(&b'.'),
        known: Mutex::default(),
    }));
    let mut meanings = MEANINGS.lock().unwrap_or_else(PoisonError::into_inner);
    meanings[place].get_or_insert_default().insert(handler.into(), made);
    Ok(made)
}

/// The module, loaded or reloaded where needed.
fn module(py: Python<'_>, lookup: &Lookup<'_>, meaning: &Meaning, known: Option<Arc<Loaded>>) -> PyResult<Arc<Loaded>> {
    let usable = |known: &Arc<Loaded>| lookup.importer.is_empty() && is_current(py, lookup, meaning, known);
    if let Some(known) = known.filter(usable) {
        return Ok(known);
    }
    let directory = lookup.directory.map(|directory| text::decode(py, directory)).transpose()?;
    let importer = text::decode(py, lookup.importer)?;
    let arguments = (meaning.module.bind(py), directory, lookup.autoreload, lookup.log, importer);
    let module = core(py)?.call_method1("load_handler_module", arguments)?;
    let dict = module.getattr("__dict__")?.cast_into::<PyDict>()?;
    let loaded = Arc::new(Loaded { source: source(&dict), dict: dict.unbind(), module: module.unbind() });
    meaning.known().loaded = Some(Arc::clone(&loaded));
    Ok(loaded)
}

/// The file and stamp the importer left on the module; None where it has no file that could change.
fn source(dict: &Bound<'_, PyDict>) -> Option<(CString, Stamp)> {
    let file = dict.get_item("__file__").ok()??.extract::<PathBuf>().ok()?;
    let stamp = dict.get_item("__mp_stamp__").ok()??.extract::<Stamp>().ok()?;
    Some((CString::new(file.as_os_str().as_bytes()).ok()?, stamp))
}

fn is_current(py: Python<'_>, lookup: &Lookup<'_>, meaning: &Meaning, known: &Loaded) -> bool {
    let Some(objects) = state::objects(py) else { return false };
    let listed = objects.modules.bind(py).get_item(meaning.module.bind(py)).ok().flatten();
    if !listed.is_some_and(|listed: Bound<'_, PyAny>| listed.is(known.module.bind(py))) {
        return false;
    }
    match &known.source {
        Some((file, stamp)) if lookup.autoreload => file::stamp(file) == Some(*stamp),
        _ => true,
    }
}
