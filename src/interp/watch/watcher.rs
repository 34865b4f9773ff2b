//! The thread that looks into the slots: one per child, made where the configuration has a limit, or with the first call
//! that has one from `.htaccess`. It tells calls to end
//! whose time is over, and lets the child leave where one does not.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, Once, OnceLock, PoisonError};
use std::time::Duration;

use super::helper::{self, Errand};
use super::slot::{self, Event};
use super::{Known, now, seconds, stack};
use crate::httpd::leave;
use crate::httpd::log::{Level, Owner};
use crate::httpd::time_limit::Limit;
use crate::interp::thread;

/// How long the other requests of a child may go on that is to be replaced, in milliseconds.
const LEAVE_WITHIN: u64 = 30_000;

/// How often it is looked whether they have ended, in milliseconds.
const LOOK: u64 = 100;

/// How long the thread sleeps at most, in milliseconds.
const LONGEST_SLEEP: u64 = 60_000;

/// The shortest time of any limit: a call that begins now is not due before, so the watcher may sleep as long.
static SHORTEST: AtomicU64 = AtomicU64::new(u64::MAX);

static WAKE: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// What is done before the process ends.
static ON_LEAVE: OnceLock<fn()> = OnceLock::new();

/// Says what is done before a child ends that is replaced; it must not take for ever.
pub fn on_leave(body: fn()) {
    let _ = ON_LEAVE.set(body);
}

/// A call with this limit is about to begin.
#[inline]
pub fn expect(limit: Limit) {
    let after = u64::from(limit.after.get().min(limit.grace.get()));
    if after < SHORTEST.load(Ordering::Acquire) {
        start(after);
    }
}

#[cold]
fn start(after: u64) {
    prepare(false);
    // Only now: who is not sent here finds everything prepared.
    SHORTEST.fetch_min(after, Ordering::Release);
    wake();
}

/// Starts the thread, once. At the start of a child, where nobody keeps a GIL, it may wait for one.
pub fn prepare(may_wait: bool) {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        stack::prepare(may_wait);
        if let Err(error) = thread::spawn("mod_python watch", watch) {
            let text = format!("MPY0433: no thread can be made for PythonRequestTimeout, which has no effect: {error}");
            Owner::Default.log(Level::ERR, text.as_bytes());
        }
    });
}

/// Something has become due.
pub fn wake() {
    *WAKE.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
    WAKE.1.notify_all();
}

fn sleep(millis: u64) {
    let guard = WAKE.0.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = WAKE.1.wait_timeout_while(guard, Duration::from_millis(millis), |called| !*called);
    *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
}

fn watch() {
    let mut errands = Vec::new();
    let mut leaving_since = None;
    loop {
        let now = now();
        let mut next = now.saturating_add(SHORTEST.load(Ordering::Relaxed));
        for slot in slot::all() {
            let events = if slot.due() <= now { slot.look(now) } else { Vec::new() };
            for event in events {
                match event {
                    Event::Over(known, target) => errands.push(helper::send(Errand::new(known, &slot, target, now))),
                    Event::Stuck(known) => stuck(&known, &mut leaving_since, now),
                }
            }
            next = next.min(slot.due());
        }
        errands.iter().for_each(|errand: &Arc<Errand>| errand.look(now));
        errands.retain(|errand| !errand.is_done());
        next = errands.iter().map(|errand| errand.due()).fold(next, u64::min);
        if let Some(since) = leaving_since {
            leave::keep_leaving();
            // Not at once: a connection may just have been taken.
            if now >= since + LOOK {
                leave_if_done(since + LEAVE_WITHIN, now, errands.is_empty());
            }
            next = next.min(now + LOOK);
        }
        sleep(next.saturating_sub(now).clamp(1, LONGEST_SLEEP));
    }
}

/// A call did not end: the child takes no more connections.
fn stuck(known: &Known, leaving_since: &mut Option<u64>, now: u64) {
    // Before the line: who reads it meets the next child.
    if leave::is_replaceable() && leaving_since.is_none() {
        leave::refuse_connections();
        leave::keep_leaving();
        *leaving_since = Some(now);
    }
    let what = if leave::is_replaceable() { "the child is replaced" } else { "there is nobody to replace the process" };
    known.log(&format!(
        "MPY0432: {}: still running {} seconds after it was told to end, {what} (interpreter '{}')",
        known.name,
        seconds(known.limit.grace.get()),
        known.interpreter(),
    ));
}

/// Ends the process when nobody else is served any more, or their time is over. Exit code runs where every GIL `is_free`.
fn leave_if_done(by: u64, now: u64, is_free: bool) {
    // With HTTP/2 many calls may be stuck for one connection, which has one thread of the MPM.
    let stuck: HashSet<usize> = slot::all().iter().filter_map(|slot| slot.stuck()).collect();
    let others = leave::at_work().saturating_sub(stuck.len());
    if others > 0 && now < by {
        return;
    }
    let level = if others > 0 { Level::WARNING } else { Level::NOTICE };
    let text = format!("MPY0434: the child that is replaced leaves with {others} other requests unfinished");
    Owner::Default.log(level, text.as_bytes());
    if let Some(body) = ON_LEAVE.get().filter(|_| is_free) {
        body();
    }
    leave::give_up_rows();
    leave::end()
}
