//! What takes a GIL: a thread for each call whose time is over shows its stack and raises the exception in it. Where the
//! GIL cannot be had for a while, the watcher shows the stack without.

use std::cell::Cell;
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::slot::{Slot, Target};
use super::{Known, seconds, stack};
use crate::abi::{Call, EndCall};
use crate::httpd::log::{Level, Owner};
use crate::interp::{table, thread};

/// How long the GIL is waited for before the stack is shown without it, in milliseconds.
const PATIENCE: u64 = 1_000;

/// One call that is to end.
pub struct Errand {
    known: Known,
    slot: Arc<Slot>,
    target: Target,
    /// When patience ends.
    due: AtomicU64,
    /// Somebody has got the stack.
    shown: AtomicBool,
    /// Nothing is left to be done.
    done: AtomicBool,
}

impl Errand {
    /// The target is in the slot.
    pub fn new(known: Known, slot: &Arc<Slot>, target: Target, now: u64) -> Errand {
        let due = AtomicU64::new(now + PATIENCE.min(u64::from(known.limit.grace.get()) / 2));
        let (shown, done) = (AtomicBool::new(false), AtomicBool::new(false));
        Errand { known, slot: Arc::clone(slot), target, due, shown, done }
    }

    /// When the watcher has to look at it.
    pub fn due(&self) -> u64 {
        self.due.load(Ordering::Relaxed)
    }

    /// Whether the GIL was got, and what is to be done with it is done.
    pub fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    /// Shows the stack if it is due and nobody has yet.
    pub fn look(&self, now: u64) {
        if self.is_done() || now < self.due() {
            return;
        }
        self.due.store(u64::MAX, Ordering::Relaxed);
        if self.shown.load(Ordering::Acquire) {
            return;
        }
        let lines = stack::of(&self.slot, self.target);
        if let Some(lines) = lines.filter(|_| !self.shown.swap(true, Ordering::AcqRel)) {
            self.show(&lines, ", and holds the GIL or waits for it");
        }
    }

    fn show(&self, lines: &[String], more: &str) {
        let Known { limit, name, .. } = &self.known;
        self.known.log(&format!(
            "MPY0430: {name}: PythonRequestTimeout, no end after {} seconds{more} (interpreter '{}')",
            seconds(limit.after.get()),
            self.known.interpreter()
        ));
        for line in lines {
            self.known.log(&format!("MPY0431: {name}: {line}"));
        }
    }

    fn carry_out(&self) {
        let Some(interp) = table::by_index(self.target.interp) else { return };
        let goes_on = || self.slot.during(self.target, || ()).is_some();
        let told = Cell::new(false);
        let tell = || {
            told.set(self.slot.tell(self.target));
            told.get()
        };
        let show = |lines: &[String]| {
            if !self.shown.swap(true, Ordering::AcqRel) {
                self.show(lines, "");
            }
        };
        let state = self.target.state as *mut c_void;
        let mut call = EndCall { state, thread: self.slot.thread, goes_on: &goes_on, show: &show, tell: &tell };
        interp.run(&mut Call::End(&mut call));
        if !told.get() {
            self.slot.tell_later(self.target);
        }
    }
}

/// Sends a thread.
pub fn send(errand: Errand) -> Arc<Errand> {
    let errand = Arc::new(errand);
    let own = Arc::clone(&errand);
    let sent = thread::spawn("mod_python timeout", move || {
        own.carry_out();
        own.done.store(true, Ordering::Release);
    });
    if let Err(error) = sent {
        let text = format!("MPY0433: no thread can be made to end a call of Python: {error}");
        Owner::Default.log(Level::ERR, text.as_bytes());
    }
    errand
}
