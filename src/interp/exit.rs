//! The orderly end of a child: registered cleanups and `atexit` callbacks under a time limit, then the interpreters are
//! held still while the process leaves. Python is never finalised.

use std::ffi::c_void;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use pyo3::ffi;

use super::{table, thread};
use crate::abi::{Call, ChildCleanupCall};

/// How long a child may spend in its users' exit code. httpd's parent itself kills after about ten seconds.
pub const LIMIT: Duration = Duration::from_secs(5);

/// A `server.register_cleanup` or `apache.register_cleanup` call: both references are owned.
struct ChildCleanup {
    interp: usize,
    callable: *mut c_void,
    data: *mut c_void,
}

// SAFETY: the references are used only inside their interpreter.
unsafe impl Send for ChildCleanup {}

static CLEANUPS: Mutex<Vec<ChildCleanup>> = Mutex::new(Vec::new());

/// Keeps a cleanup for the end of the child, last in first out over all interpreters.
pub extern "C" fn register(interp: usize, callable: *mut c_void, data: *mut c_void) {
    let cleanup = ChildCleanup { interp, callable, data };
    CLEANUPS.lock().unwrap_or_else(PoisonError::into_inner).push(cleanup);
}

/// Runs what users registered. Returns false where the time limit ended it.
///
/// `in_order`: the child was waiting, or all its threads have ended.
///
/// The work is done in a thread of its own, which afterwards keeps every GIL: user threads stand still while the
/// process runs its C exit handlers.
pub fn run(in_order: bool) -> bool {
    // httpd ends a prefork child from a signal handler: in the midst of Python or malloc nothing can be run.
    if thread::EXITING.swap(true, Ordering::AcqRel) || !in_order || thread::holds_gil() || table::all().is_empty() {
        return true;
    }
    let done = Arc::new((Mutex::new(false), Condvar::new()));
    let signal = Arc::clone(&done);
    let worker = std::thread::Builder::new().name("mod_python exit".to_owned()).spawn(move || {
        user_code();
        *signal.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        signal.1.notify_all();
        hold_everything()
    });
    if worker.is_err() {
        return false;
    }
    let guard = done.0.lock().unwrap_or_else(PoisonError::into_inner);
    match done.1.wait_timeout_while(guard, LIMIT, |finished| !*finished) {
        Ok((finished, _)) => *finished,
        Err(_) => false,
    }
}

fn user_code() {
    loop {
        let last = CLEANUPS.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(cleanup) = last else { break };
        if let Some(interp) = table::by_index(cleanup.interp) {
            let mut call = ChildCleanupCall { callable: cleanup.callable, data: cleanup.data };
            interp.run(&mut Call::ChildCleanup(&mut call));
        }
    }
    for interp in table::all().into_iter().rev() {
        interp.run(&mut Call::Exit);
    }
}

/// Takes the GIL of every interpreter and never gives it back.
fn hold_everything() -> ! {
    if let Some(main) = table::main() {
        let own: Vec<_> = table::all().into_iter().filter(|interp| interp.own_gil).collect();
        thread::enter(main, || {
            for interp in own {
                // SAFETY: a new state for this thread, which never leaves; the interpreter is never ended.
                unsafe {
                    let state = ffi::PyThreadState_New(interp.state());
                    ffi::PyEval_RestoreThread(state);
                }
            }
            park()
        })
    }
    park()
}

fn park() -> ! {
    loop {
        std::thread::park();
    }
}
