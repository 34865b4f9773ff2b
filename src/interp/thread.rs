//! Thread states: one per OS thread and interpreter, made once, parked between requests. The only way into an
//! interpreter is [`enter`].

use std::cell::RefCell;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::ffi;

use super::table::Interp;

/// Set when the process goes: from then on no thread state is deleted.
pub static EXITING: AtomicBool = AtomicBool::new(false);

unsafe extern "C" {
    /// The current thread state or NULL, without a check.
    #[cfg_attr(Py_3_13, link_name = "PyThreadState_GetUnchecked")]
    fn _PyThreadState_UncheckedGet() -> *mut ffi::PyThreadState;
}

/// The thread states of one OS thread, by interpreter index.
struct States(Vec<*mut ffi::PyThreadState>);

thread_local! {
    static STATES: RefCell<States> = const { RefCell::new(States(Vec::new())) };
}

impl Drop for States {
    fn drop(&mut self) {
        // The main interpreter's goes last, as PyGILState functions look for it.
        for state in self.0.drain(..).rev().filter(|state| !state.is_null()) {
            if EXITING.load(Ordering::Acquire) {
                return;
            }
            // SAFETY: the state belongs to this thread, which ends and holds no GIL here: every entry is left.
            unsafe {
                ffi::PyEval_RestoreThread(state);
                ffi::PyThreadState_Clear(state);
                ffi::PyThreadState_DeleteCurrent();
            }
        }
    }
}

/// Makes `state`, which Python just created for this thread, the one used for the interpreter from now on.
pub fn adopt(index: usize, state: *mut ffi::PyThreadState) {
    STATES.with_borrow_mut(|states| {
        if states.0.len() <= index {
            states.0.resize(index + 1, ptr::null_mut());
        }
        states.0[index] = state;
    });
}

/// This thread's state for an interpreter, made if missing.
fn state_for(interp: &Interp) -> *mut ffi::PyThreadState {
    let known = STATES.with_borrow(|states| states.0.get(interp.index).copied().unwrap_or(ptr::null_mut()));
    if !known.is_null() {
        return known;
    }
    if !interp.is_main() {
        // PyGILState_Ensure, which C extensions call, must find the main interpreter's state: the first one made in a
        // thread is the one it finds (before 3.12).
        if let Some(main) = super::table::main() {
            state_for(main);
        }
    }
    // SAFETY: the interpreter was created and is never ended; PyThreadState_New needs no GIL.
    let state = unsafe { ffi::PyThreadState_New(interp.state()) };
    adopt(interp.index, state);
    state
}

/// Starts a thread of this module that gets none of the process's signals: httpd's signal handlers expect its own
/// threads.
///
/// # Errors
/// What the system says.
pub fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    // SAFETY: both sets are plain data that the functions fill; a thread begins with the mask of the one that made it.
    unsafe {
        let (mut all, mut before) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        let made = std::thread::Builder::new().name(name.to_owned()).spawn(body);
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, ptr::null_mut());
        made.map(drop)
    }
}

/// The state of this thread that holds a GIL right now, NULL where none does.
fn held() -> *mut ffi::PyThreadState {
    // SAFETY: reads one pointer. Before 3.12 it is the process-wide current state, hence the comparison.
    let current = unsafe { _PyThreadState_UncheckedGet() };
    if current.is_null() {
        return ptr::null_mut();
    }
    let ours = STATES.with_borrow(|states| states.0.contains(&current));
    if ours { current } else { ptr::null_mut() }
}

/// Whether this thread is inside Python code that has not released the GIL.
pub fn holds_gil() -> bool {
    !held().is_null()
}

/// A GIL given up for a while.
struct Released(*mut ffi::PyThreadState);

impl Released {
    fn new() -> Released {
        // SAFETY: only made where this thread holds a GIL.
        Released(unsafe { ffi::PyEval_SaveThread() })
    }
}

impl Drop for Released {
    fn drop(&mut self) {
        // SAFETY: the state was parked by new, in this thread.
        unsafe { ffi::PyEval_RestoreThread(self.0) };
    }
}

/// Runs `body`, which waits for another thread, without the GIL that this thread may hold.
pub fn without_gil<R>(body: impl FnOnce() -> R) -> R {
    let _released = holds_gil().then(Released::new);
    body()
}

/// Gives back what [`enter`] took, also on a panic.
struct Entered {
    outer: *mut ffi::PyThreadState,
}

impl Drop for Entered {
    fn drop(&mut self) {
        // SAFETY: the state that enter attached is current; `outer` was current in this thread before.
        unsafe {
            ffi::PyEval_SaveThread();
            if !self.outer.is_null() {
                ffi::PyEval_RestoreThread(self.outer);
            }
        }
    }
}

/// Runs `body` with the interpreter's GIL held by this thread.
///
/// Works at any depth: from plain C, from code that released its GIL, and from code of any interpreter that still
/// holds it (it is released meanwhile, because another thread may wait in the opposite order).
pub fn enter<R>(interp: &Interp, body: impl FnOnce() -> R) -> R {
    let state = state_for(interp);
    let outer = held();
    if outer == state {
        return body();
    }
    // SAFETY: `outer` is current in this thread; `state` belongs to this thread and is parked.
    unsafe {
        if !outer.is_null() {
            ffi::PyEval_SaveThread();
        }
        ffi::PyEval_RestoreThread(state);
    }
    let _entered = Entered { outer };
    body()
}
