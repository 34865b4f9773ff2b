//! The interpreters of this process, by name. Entries are made at first use and kept until the process ends.

use std::ffi::{CStr, CString};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use pyo3::ffi;
use rustc_hash::FxHashMap;

use super::start::{self, StartConfig};
use super::{InterpError, image_file, thread, watch};
use crate::abi::{Call, HostTable, ImageMain, ImageTable, StartCall};
use crate::httpd::log::{Level, Owner};

/// The name that always means the first interpreter of the process.
pub const MAIN: &CStr = c"main_interpreter";

/// One interpreter.
pub struct Interp {
    /// Its name; the main one has [`MAIN`] as well.
    pub name: CString,
    /// Its place in the table; 0 is the main one.
    pub index: usize,
    /// It has a GIL of its own.
    pub own_gil: bool,
    state: usize,
    image: ImageTable,
    ready: AtomicBool,
}

impl Interp {
    /// The main interpreter?
    pub fn is_main(&self) -> bool {
        self.index == 0
    }

    /// Python's record.
    pub fn state(&self) -> *mut ffi::PyInterpreterState {
        self.state as *mut ffi::PyInterpreterState
    }

    /// Runs a call in the interpreter's image, with its GIL. Does nothing once the child ends: no GIL is given back
    /// from then on, and httpd ends a prefork child from a signal handler, in the middle of whatever it was doing.
    pub fn run(&self, call: &mut Call<'_, '_>) {
        if !thread::EXITING.load(Ordering::Acquire) {
            self.run_last(call);
        }
    }

    /// As [`Interp::run`], for a call that may take a limited time only.
    pub fn run_within(&self, facts: watch::Facts, call: &mut Call<'_, '_>) {
        if thread::EXITING.load(Ordering::Acquire) {
            return;
        }
        thread::enter(self, || {
            watch::begin(self.index, facts);
            // SAFETY: the image belongs to this interpreter, whose GIL is held.
            unsafe { (self.image.run)(std::ptr::from_mut(call).cast()) };
            if watch::end() {
                let mut settle = Call::Settle;
                // SAFETY: as above.
                unsafe { (self.image.run)((&raw mut settle).cast()) };
            }
        });
    }

    /// As [`Interp::run`], also for the child's end.
    pub fn run_last(&self, call: &mut Call<'_, '_>) {
        thread::enter(self, || {
            // SAFETY: the image belongs to this interpreter, whose GIL is held.
            unsafe { (self.image.run)(std::ptr::from_mut(call).cast()) }
        });
    }
}

/// What new interpreters need to know.
pub struct TableConfig {
    /// How Python starts.
    pub start: StartConfig,
    /// The server name bound to the main interpreter.
    pub main_name: Option<CString>,
    /// Where files may be made if anonymous ones are refused.
    pub runtime_dir: PathBuf,
    /// The entry of this copy of the library.
    pub entry: ImageMain,
    /// What every image is told.
    pub host: HostTable,
}

struct Table {
    config: TableConfig,
    /// The main interpreter, once it is ready.
    main: OnceLock<&'static Interp>,
    names: RwLock<FxHashMap<Vec<u8>, &'static Interp>>,
    all: RwLock<Vec<&'static Interp>>,
    making: Mutex<()>,
}

impl Table {
    /// The name, beside [`MAIN`], of the main interpreter.
    fn main_name(&self) -> &CStr {
        self.config.main_name.as_deref().unwrap_or(MAIN)
    }
}

static TABLE: OnceLock<Result<Table, String>> = OnceLock::new();

fn table() -> Result<&'static Table, InterpError> {
    match TABLE.get() {
        Some(Ok(table)) => Ok(table),
        Some(Err(error)) => Err(InterpError::NotStarted(error.clone())),
        None => Err(InterpError::NotStarted("no child process has begun".to_owned())),
    }
}

/// Starts Python and the main interpreter in this child; the second call of a process does nothing.
///
/// # Errors
/// What Python or the package said. Later calls of [`find`] repeat it.
pub fn start(config: TableConfig) -> Result<(), InterpError> {
    let mut fresh = false;
    TABLE.get_or_init(|| {
        fresh = true;
        start::initialize(&config.start)?;
        Ok(Table {
            config,
            main: OnceLock::new(),
            names: RwLock::default(),
            all: RwLock::default(),
            making: Mutex::default(),
        })
    });
    let table = table()?;
    if fresh { first(table) } else { Ok(()) }
}

/// Enters the main interpreter into the table. Called once, by the thread that just started Python.
fn first(table: &'static Table) -> Result<(), InterpError> {
    let name = table.main_name().to_owned();
    // SAFETY: this thread holds the GIL of the main interpreter since its initialisation.
    let (thread_state, state) = unsafe { (ffi::PyThreadState_Get(), ffi::PyInterpreterState_Get()) };
    let image = image_table(table, table.config.entry, 0, &name);
    // SAFETY: as above; from here on the state is parked.
    unsafe { ffi::PyEval_SaveThread() };
    thread::adopt(0, thread_state);
    let interp: &'static Interp = Box::leak(Box::new(Interp {
        name: name.clone(),
        index: 0,
        own_gil: false,
        state: state as usize,
        image,
        ready: AtomicBool::new(false),
    }));
    table.all.write().unwrap_or_else(PoisonError::into_inner).push(interp);
    let mut names = table.names.write().unwrap_or_else(PoisonError::into_inner);
    names.insert(name.into_bytes(), interp);
    names.insert(MAIN.to_bytes().to_vec(), interp);
    drop(names);
    bind(interp)
}

/// The main interpreter, once Python runs.
pub fn main() -> Option<&'static Interp> {
    by_index(0)
}

/// An interpreter by its place.
pub fn by_index(index: usize) -> Option<&'static Interp> {
    table().ok()?.all.read().unwrap_or_else(PoisonError::into_inner).get(index).copied()
}

/// Every interpreter, in order of creation.
pub fn all() -> Vec<&'static Interp> {
    table().map(|table| table.all.read().unwrap_or_else(PoisonError::into_inner).clone()).unwrap_or_default()
}

/// Finds an interpreter by name or makes it. Must be called without any GIL of this process held where it may have to
/// be made; `enter` takes care of that for callers that hold one.
///
/// # Errors
/// [`InterpError`]; the next call tries again.
pub fn find(name: &[u8], own_gil: bool) -> Result<&'static Interp, InterpError> {
    let table = table()?;
    // A server with one site has no other one.
    if let Some(main) = table.main.get().filter(|_| table.main_name().to_bytes() == name) {
        return Ok(main);
    }
    let known = table.names.read().unwrap_or_else(PoisonError::into_inner).get(name).copied();
    if let Some(interp) = known
        && interp.ready.load(Ordering::Acquire)
    {
        return Ok(interp);
    }
    // Waiting for the lock with a GIL held would block the thread that holds the lock.
    thread::without_gil(|| make(table, name, own_gil))
}

fn make(table: &'static Table, name: &[u8], own_gil: bool) -> Result<&'static Interp, InterpError> {
    let _making = table.making.lock().unwrap_or_else(PoisonError::into_inner);
    let known = table.names.read().unwrap_or_else(PoisonError::into_inner).get(name).copied();
    let interp = match known {
        Some(interp) => interp,
        None => create(table, name, own_gil)?,
    };
    if !interp.ready.load(Ordering::Acquire) {
        bind(interp)?;
    }
    Ok(interp)
}

/// Makes the Python side of a sub-interpreter and loads its image.
fn create(table: &'static Table, name: &[u8], own_gil: bool) -> Result<&'static Interp, InterpError> {
    let loaded = image_file::load(table.config.entry, &table.config.runtime_dir)?;
    for refused in &loaded.refused {
        let text = format!("MPY0202: a private copy of the module was refused as {refused}");
        Owner::Default.log(Level::NOTICE, text.as_bytes());
    }
    let name = CString::new(name).map_err(|error| InterpError::Refused(error.to_string()))?;
    let main = main().ok_or_else(|| InterpError::NotStarted("no main interpreter".to_owned()))?;
    let index = table.all.read().unwrap_or_else(PoisonError::into_inner).len();
    let state = new_interpreter(main, own_gil)?;
    let image = image_table(table, loaded.entry, index, &name);
    let interp: &'static Interp = Box::leak(Box::new(Interp {
        name: name.clone(),
        index,
        own_gil,
        state: state as usize,
        image,
        ready: AtomicBool::new(false),
    }));
    table.all.write().unwrap_or_else(PoisonError::into_inner).push(interp);
    table.names.write().unwrap_or_else(PoisonError::into_inner).insert(name.into_bytes(), interp);
    Ok(interp)
}

/// Asks Python for a sub-interpreter; on return no GIL is held.
///
/// The thread state that Python makes with it is parked for good and belongs to no thread of ours: an interpreter that
/// has lost its first state cannot get a new one (CPython 3.11 ends the process with "thread state already
/// initialized"), while threads come and go.
fn new_interpreter(main: &Interp, own_gil: bool) -> Result<*mut ffi::PyInterpreterState, InterpError> {
    let mut made = Err(InterpError::Refused("no thread state".to_owned()));
    thread::enter(main, || {
        // SAFETY: this thread holds the main interpreter's GIL. Py_NewInterpreter leaves the new state current; it is
        // parked, and the main one attached again, so that enter finds what it left.
        unsafe {
            let outer = ffi::PyThreadState_Get();
            made = match new_state(own_gil) {
                Ok(state) => {
                    let interp = ffi::PyThreadState_GetInterpreter(state);
                    ffi::PyEval_SaveThread();
                    ffi::PyEval_RestoreThread(outer);
                    Ok(interp)
                }
                Err(error) => Err(InterpError::Refused(error)),
            };
        }
    });
    made
}

/// `Py_NewInterpreter`, which shares the main GIL and takes every extension module that can be taken at all, or an
/// interpreter with a GIL of its own.
///
/// # Safety
/// The caller holds the main interpreter's GIL.
#[cfg(Py_3_12)]
unsafe fn new_state(own_gil: bool) -> Result<*mut ffi::PyThreadState, String> {
    let config = if own_gil {
        ffi::PyInterpreterConfig {
            allow_fork: 1,
            allow_exec: 1,
            allow_daemon_threads: 1,
            ..ffi::_PyInterpreterConfig_INIT
        }
    } else {
        ffi::_PyInterpreterConfig_LEGACY_INIT
    };
    let mut state = std::ptr::null_mut();
    // SAFETY: the caller holds the GIL; both arguments are live. Unlike Py_NewInterpreter, this does not end the process
    // where it fails.
    unsafe { start::checked(ffi::Py_NewInterpreterFromConfig(&mut state, &config)) }?;
    Ok(state)
}

/// # Safety
/// As above.
#[cfg(not(Py_3_12))]
unsafe fn new_state(own_gil: bool) -> Result<*mut ffi::PyThreadState, String> {
    if own_gil {
        return Err("interpreters with a GIL of their own need Python 3.12".to_owned());
    }
    // SAFETY: the caller holds the GIL.
    let state = unsafe { ffi::Py_NewInterpreter() };
    if state.is_null() { Err("no reason given".to_owned()) } else { Ok(state) }
}

fn image_table(table: &'static Table, entry: ImageMain, index: usize, name: &CStr) -> ImageTable {
    let mut host = table.config.host.clone();
    host.interp = index;
    host.name = name.to_owned();
    let mut image = ImageTable::EMPTY;
    // SAFETY: the entry is this library's own, whatever copy of it; both records are live. It stores facts only.
    unsafe { entry((&raw const host).cast(), (&raw mut image).cast()) };
    image
}

/// Lets the image create its module and import `mod_python`; tried again at the next use if it fails.
fn bind(interp: &'static Interp) -> Result<(), InterpError> {
    let mut call = StartCall { error: None };
    interp.run(&mut Call::Start(&mut call));
    match call.error {
        None => {
            interp.ready.store(true, Ordering::Release);
            if let Some(table) = table().ok().filter(|_| interp.is_main()) {
                let _ = table.main.set(interp);
            }
            Ok(())
        }
        Some(error) => Err(InterpError::Bind(error)),
    }
}
