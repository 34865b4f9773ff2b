//! Calls of Python that may take a limited time only. The thread that makes one lays it down in a slot of its own, on its
//! way in and out, with the GIL held; one thread of the child, `watcher`, looks into the slots. It never waits for a GIL:
//! where one is needed, `helper` waits in a thread of its own, and `stack` does without.

mod helper;
mod slot;
mod stack;
mod watcher;

use std::ffi::{CStr, c_char};

pub use slot::{begin, end, rest};
pub use watcher::{on_leave, prepare};

use crate::httpd::server::Server;
use crate::httpd::time_limit::Limit;

/// What is known about a call.
#[derive(Clone, Copy)]
pub struct Facts {
    /// How long it may take.
    pub limit: Limit,
    /// The directive that asked for it.
    pub what: &'static str,
    /// The request's URI, or the client's address for a connection without request: NUL-terminated or NULL, and live as
    /// long as the call.
    pub whom: *const c_char,
    /// The connection by which it is served, for comparison only.
    pub connection: usize,
    /// In whose log lines go.
    pub server: Option<Server>,
}

// SAFETY: the text is read only while the call goes on, which the lock of its slot says.
unsafe impl Send for Facts {}

/// The same, in the watcher's hands.
#[derive(Clone)]
struct Known {
    limit: Limit,
    server: Option<Server>,
    /// `PythonHandler /uri`
    name: String,
    interp: usize,
}

impl Known {
    /// # Safety
    /// The call goes on: the lock of its slot is held.
    unsafe fn new(facts: &Facts, interp: usize) -> Known {
        // SAFETY: the caller guarantees that the text is live.
        let whom = unsafe { facts.whom.as_ref().map(|text| CStr::from_ptr(text).to_string_lossy().into_owned()) };
        let name = format!("{} {}", facts.what, whom.unwrap_or_default());
        Known { limit: facts.limit, server: facts.server, name, interp }
    }

    fn log(&self, text: &str) {
        use crate::httpd::log::{Level, Owner};
        self.server.map_or(Owner::Default, Owner::Server).log(Level::ERR, text.as_bytes());
    }

    /// The interpreter's name, as log lines show it.
    fn interpreter(&self) -> String {
        super::table::by_index(self.interp).map(|interp| interp.name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// `1.5` for 1500 milliseconds.
fn seconds(millis: u32) -> String {
    format!("{}", f64::from(millis) / 1000.0)
}

/// Milliseconds of a clock that never goes back: a cheap one, that is right within some milliseconds.
fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock exists on every Linux; the record is on the stack.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &mut time) };
    time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
}
