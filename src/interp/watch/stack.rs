//! The stack of a thread's Python code without the GIL: the thread itself writes it into a pipe, from a signal handler,
//! with the function that CPython has for fatal errors. CPython 3.11, 3.12 and 3.15 export that function. For the others
//! the module `faulthandler` installs the handler.

use std::ffi::{CStr, c_int, c_void};
use std::mem;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::slot::{Slot, Target};
use crate::abi::{Call, StacksCall};
use crate::interp::{table, thread};

/// How long the thread may take to begin, and how long it may pause, in milliseconds.
const BEGIN: c_int = 500;
const PAUSE: c_int = 50;

/// Longer stacks are cut, in bytes.
const LONGEST: usize = 32 * 1024;

/// `void _Py_DumpTraceback(int fd, PyThreadState *tstate)`; what a newer one returns is not looked at.
type Dump = unsafe extern "C" fn(c_int, *mut c_void);

struct Plan {
    signal: c_int,
    read: c_int,
    write: c_int,
    dump: Option<Dump>,
}

static PLAN: OnceLock<Option<Plan>> = OnceLock::new();

/// The state whose stack is wanted.
static WANTED: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

fn plan() -> Option<&'static Plan> {
    PLAN.get().and_then(Option::as_ref)
}

/// Chooses the signal and opens the pipe. The rest of the work needs a GIL: with `may_wait` it is done here, else by
/// another thread.
pub fn prepare(may_wait: bool) {
    let plan = PLAN.get_or_init(make).as_ref();
    let signal = plan.filter(|plan| plan.dump.is_none()).map(|plan| (plan.signal, plan.write));
    let install = move || {
        if let Some(main) = table::main() {
            main.run(&mut Call::Stacks(&mut StacksCall { signal }));
        }
    };
    if may_wait {
        install();
    } else {
        let _ = thread::spawn("mod_python timeout", install);
    }
}

fn make() -> Option<Plan> {
    // SAFETY: plain calls of the C library with arguments on the stack. Only a signal that nobody uses is taken.
    unsafe {
        let mut ends = [0; 2];
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) != 0 {
            return None;
        }
        let is_free = |&signal: &c_int| {
            let mut action: libc::sigaction = mem::zeroed();
            libc::sigaction(signal, ptr::null(), &mut action) == 0 && action.sa_sigaction == libc::SIG_DFL
        };
        let signal = (libc::SIGRTMIN()..=libc::SIGRTMAX()).rev().find(is_free)?;
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = on_signal as *const () as usize;
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigaction(signal, &action, ptr::null_mut());
        Some(Plan { signal, read: ends[0], write: ends[1], dump: dump_function() })
    }
}

fn dump_function() -> Option<Dump> {
    let find = |name: &CStr| {
        // SAFETY: a name is looked up; what has it is the function of CPython.
        unsafe {
            let found = libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr());
            (!found.is_null()).then(|| mem::transmute::<*mut c_void, Dump>(found))
        }
    };
    find(c"PyUnstable_DumpTraceback").or_else(|| find(c"_Py_DumpTraceback"))
}

/// The signal handler.
unsafe extern "C" fn on_signal(_signal: c_int) {
    let wanted = WANTED.swap(ptr::null_mut(), Ordering::AcqRel);
    if let Some(plan) = plan()
        && let Some(dump) = plan.dump
        && !wanted.is_null()
    {
        // SAFETY: made for signal handlers. The state belongs to this thread, which is alive; errno is kept.
        unsafe {
            let errno = *libc::__errno_location();
            dump(plan.write, wanted);
            *libc::__errno_location() = errno;
        }
    }
}

/// Lets the signal come through to this thread.
pub fn admit() {
    if let Some(plan) = plan() {
        // SAFETY: the set is filled by the calls; the mask is this thread's own.
        unsafe {
            let mut set = mem::zeroed();
            libc::sigemptyset(&mut set);
            libc::sigaddset(&mut set, plan.signal);
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, ptr::null_mut());
        }
    }
}

/// The lines of the stack of a call that goes on in a slot's thread; None where it has ended. Without lines where there is
/// no way to see it.
pub fn of(slot: &Slot, target: Target) -> Option<Vec<String>> {
    let Some(plan) = plan() else { return Some(Vec::new()) };
    receive(plan.read, 0);
    slot.during(target, || {
        WANTED.store(target.state as *mut c_void, Ordering::Release);
        // SAFETY: the thread lives: the call goes on in it.
        unsafe { libc::pthread_kill(slot.thread, plan.signal) };
    })?;
    let text = receive(plan.read, BEGIN);
    WANTED.store(ptr::null_mut(), Ordering::Release);
    Some(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect())
}

/// What comes through the pipe until it pauses.
fn receive(fd: c_int, begin: c_int) -> Vec<u8> {
    let (mut text, mut wait) = (Vec::new(), begin);
    let mut piece = [0u8; 4096];
    while text.len() < LONGEST {
        let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        // SAFETY: one record, and a buffer of its length.
        let length = unsafe {
            if libc::poll(&mut poll, 1, wait) <= 0 {
                break;
            }
            libc::read(fd, piece.as_mut_ptr().cast(), piece.len())
        };
        let Some(read) = usize::try_from(length).ok().and_then(|length| piece.get(..length)) else { break };
        text.extend_from_slice(read);
        wait = PAUSE;
    }
    text
}
