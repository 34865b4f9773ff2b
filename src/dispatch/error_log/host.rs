//! The host's side: lines into the queue, by whatever thread writes them, and out of it by a thread of this module.

use std::cell::Cell;
use std::ffi::c_char;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use super::limiter::Limiter;
use super::queue::Queue;
use crate::abi::{Call, ErrorLogCall};
use crate::dispatch::select;
use crate::guard;
use crate::httpd::error_line::ErrorLine;
use crate::httpd::handler_list::HandlerList;
use crate::httpd::log::{Level, Owner};
use crate::httpd::server::Server;
use crate::httpd::sys;
use crate::httpd::tally::Running;
use crate::interp::thread;
use crate::phase::{Callback, Role};

/// How many lines may wait. Each is at most 8 KB, httpd's own limit.
const MOST: usize = 1000;

/// How long the end of a child waits for handlers: a part of the time that all exit code has.
const LAST: Duration = Duration::from_secs(2);

static QUEUE: Queue<ErrorLine> = Queue::new(MOST);

/// The process whose lines are taken: a child with handlers. 0 in the parent. A child of the child (a CGI script before
/// its `exec`) has a copy of this number and another one of its own.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// No handler is called any more.
static STOPPED: AtomicBool = AtomicBool::new(false);

static MAIN: OnceLock<Server> = OnceLock::new();

/// Failures of the host's side: an interpreter that cannot be had, a full queue.
static FAILURES: Limiter = Limiter::new();

thread_local! {
    /// Lines that this thread writes are not taken: it is taking one, or it is the thread that shows them to Python.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// httpd has written a line. Takes it if the line's server has handlers; runs no Python and waits for nothing.
///
/// # Safety
/// `info` and `text` are what httpd passed to the hook.
#[inline]
pub unsafe fn line(info: *const sys::ap_errorlog_info, text: *const c_char) {
    if PROCESS.load(Ordering::Acquire) != 0 {
        // SAFETY: the caller guarantees both.
        unsafe { take(info, text) };
    }
}

/// # Safety
/// As [`line`].
unsafe fn take(info: *const sys::ap_errorlog_info, text: *const c_char) {
    // Also where httpd ends a prefork child from a signal handler, in the middle of the function below.
    if QUIET.try_with(|quiet| quiet.replace(true)).unwrap_or(true) {
        return;
    }
    guard::process((), || {
        let here = PROCESS.load(Ordering::Relaxed) == std::process::id();
        if let Some(&main) = MAIN.get().filter(|_| here && !thread::EXITING.load(Ordering::Acquire)) {
            // SAFETY: the caller guarantees both.
            unsafe {
                if let Some(server) = ErrorLine::server(info, main).filter(|&server| list(server).is_some()) {
                    QUEUE.push(ErrorLine::copy(info, text, server));
                }
            }
        }
    });
    QUIET.set(false);
}

fn list(server: Server) -> Option<&'static HandlerList> {
    server.config()?.lists.list(Callback::ErrorLog)
}

/// Lines are taken from now on, if any server has handlers. For a child's start, before other Python code runs.
pub fn open(main: Server) {
    if std::iter::successors(Some(main), |server| server.next()).any(|server| list(server).is_some()) {
        let _ = MAIN.set(main);
        PROCESS.store(std::process::id(), Ordering::Release);
    }
}

/// Handlers are called from now on, if lines are taken. For a child's start, when everything else has been done there.
pub fn begin() {
    if PROCESS.load(Ordering::Acquire) == 0 {
        return;
    }
    if let Err(error) = thread::spawn("mod_python log", deliver) {
        PROCESS.store(0, Ordering::Release);
        let text = format!("MPY0418: PythonErrorLogHandler is not called in this child: no thread for it: {error}");
        Owner::Default.log(Level::ERR, text.as_bytes());
    }
}

/// The thread that calls the handlers, until the child ends.
fn deliver() {
    QUIET.set(true);
    loop {
        let line = QUEUE.take();
        if STOPPED.load(Ordering::Acquire) {
            return;
        }
        guard::process((), || show(&line));
        lost();
    }
}

/// Lets the handlers have what still waits, for a while. For the thread that runs users' exit code: no new lines come.
pub fn drain() {
    if PROCESS.load(Ordering::Acquire) != 0 {
        QUEUE.settle(LAST);
    }
}

/// The child leaves without any user code.
pub fn stop() {
    STOPPED.store(true, Ordering::Release);
}

fn show(line: &ErrorLine) {
    let (name, what) = (select::of_server(line.server), format_args!("{}", Callback::ErrorLog.name()));
    let Some(list) = list(line.server) else { return };
    match select::get(name, line.server) {
        Ok(interp) => {
            let _running = Running::begin(Role::Callback(Callback::ErrorLog));
            // Also what was written before the child began to end.
            interp.run_last(&mut Call::ErrorLog(&mut ErrorLogCall { line, list }));
        }
        Err(error) => {
            if FAILURES.admit(name).is_some() {
                select::not_found(name, Owner::Server(line.server), what, &error);
            }
        }
    }
}

/// Tells of lines that did not fit into the queue.
fn lost() {
    let lost = QUEUE.take_lost();
    if lost == 0 {
        return;
    }
    let (name, interval) = (Callback::ErrorLog.name(), super::limiter::PAUSE.as_secs());
    if let Some(&main) = MAIN.get()
        && FAILURES.admit(b"lost").is_some()
    {
        let text = format!(
            "MPY0417: {lost} lines came faster than {name} took them: they stand in the error log only. Not said again \
             for {interval} seconds"
        );
        Owner::Server(main).log(Level::WARNING, text.as_bytes());
    }
}
