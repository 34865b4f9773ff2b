//! The orderly end of a child: registered cleanups and `atexit` callbacks under a time limit, then the interpreters are
//! held still while the process leaves. Python is never finalised.

use std::ffi::c_void;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::Duration;

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

/// Runs `before`, what users registered, `handlers` and `atexit` callbacks. Returns false where the time limit ended it.
///
/// `in_order`: the child was waiting, or all its threads have ended.
///
/// The work is done in a thread of its own, which afterwards keeps every GIL: user threads stand still while the
/// process runs its C exit handlers.
pub fn run(in_order: bool, before: impl FnOnce() + Send + 'static, handlers: impl FnOnce() + Send + 'static) -> bool {
    // httpd ends a prefork child from a signal handler: in the midst of Python or malloc nothing can be run.
    if thread::EXITING.swap(true, Ordering::AcqRel) || !in_order || thread::holds_gil() || table::all().is_empty() {
        return true;
    }
    let done = Arc::new((Mutex::new(Progress::UserCode), Condvar::new()));
    let signal = Arc::clone(&done);
    let worker = std::thread::Builder::new().name("mod_python exit".to_owned()).spawn(move || {
        let report = |progress| {
            *signal.0.lock().unwrap_or_else(PoisonError::into_inner) = progress;
            signal.1.notify_all();
        };
        before();
        user_code(handlers);
        report(Progress::Holding);
        hold_everything(|| report(Progress::Held))
    });
    if worker.is_err() {
        return false;
    }
    let guard = done.0.lock().unwrap_or_else(PoisonError::into_inner);
    match done.1.wait_timeout_while(guard, LIMIT, |progress| *progress != Progress::Held) {
        Ok((progress, _)) => *progress != Progress::UserCode,
        Err(_) => false,
    }
}

/// How far the end has come.
#[derive(PartialEq)]
enum Progress {
    /// Cleanups and `atexit` callbacks run.
    UserCode,
    /// They are through; the GILs are being taken.
    Holding,
    /// No thread can run Python any more.
    Held,
}

fn user_code(handlers: impl FnOnce()) {
    cleanups();
    handlers();
    // They may have registered some more.
    cleanups();
    for interp in table::all().into_iter().rev() {
        interp.run_last(&mut Call::Exit);
    }
}

fn cleanups() {
    loop {
        let last = CLEANUPS.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(cleanup) = last else { break };
        if let Some(interp) = table::by_index(cleanup.interp) {
            let mut call = ChildCleanupCall { callable: cleanup.callable, data: cleanup.data };
            interp.run_last(&mut Call::ChildCleanup(&mut call));
        }
    }
}

/// Takes the GIL of every interpreter and never gives it back. One thread can hold only one, so those that interpreters
/// have for themselves are taken by a thread each.
///
/// `held` is called once no other thread can run Python any more.
fn hold_everything(held: impl FnOnce()) -> ! {
    let keepers: Vec<_> = table::all().into_iter().filter(|interp| interp.own_gil).map(keeper).collect();
    for keeper in keepers.into_iter().flatten() {
        let _ = keeper.recv();
    }
    let rest = || {
        held();
        park()
    };
    match table::main() {
        Some(main) => thread::enter(main, rest),
        None => rest(),
    }
}

/// A thread that takes the interpreter's GIL, says so and keeps it. None where no thread can be made.
fn keeper(interp: &'static table::Interp) -> Option<mpsc::Receiver<()>> {
    let (held, report) = mpsc::channel();
    let keep = move || {
        thread::enter(interp, || {
            let _ = held.send(());
            park()
        })
    };
    std::thread::Builder::new().name("mod_python exit".to_owned()).spawn(keep).ok().map(|_| report)
}

fn park() -> ! {
    loop {
        std::thread::park();
    }
}
