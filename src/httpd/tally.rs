//! How often Python functions ran, how many run now and how long they took, by role and for the whole server: children
//! count into memory they share. Whoever enters an interpreter for httpd holds a [`Running`]; `status` reads the sums.
//!
//! Each child has a slot of its own, so no two processes write to the same place. A slot outlives its child with its
//! sums; what a killed child left running is not counted any more.

use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, AtomicUsize, Ordering};

use super::{running, sys};
use crate::phase::Role;

/// What is counted for one role.
struct Counter {
    begun: AtomicU64,
    ended: AtomicU64,
    nanoseconds: AtomicU64,
}

/// What one child counts.
#[repr(C, align(64))]
struct Slot {
    /// The child's process id, 0 where the slot is free.
    process: AtomicI32,
    counters: [Counter; Role::COUNT],
}

/// For a process that got no slot: nobody reads it, but counting needs a place.
static NOWHERE: Slot = Slot {
    process: AtomicI32::new(0),
    counters: [const { Counter { begun: AtomicU64::new(0), ended: AtomicU64::new(0), nanoseconds: AtomicU64::new(0) } };
        Role::COUNT],
};

/// The shared slots: mapped by the parent before its first child, never unmapped.
static SLOTS: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// The slot of this child.
static OWN: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());

fn slots() -> &'static [Slot] {
    let first = SLOTS.load(Ordering::Acquire);
    if first.is_null() {
        return &[];
    }
    // SAFETY: prepare mapped so many slots, which are never unmapped and consist of atomics; zero is valid for them.
    unsafe { std::slice::from_raw_parts(first, COUNT.load(Ordering::Acquire)) }
}

fn own() -> &'static Slot {
    // SAFETY: NULL or one of the slots.
    unsafe { OWN.load(Ordering::Relaxed).as_ref() }.unwrap_or(&NOWHERE)
}

/// httpd's hook when it starts, and when it restarts other than gracefully: counting begins at zero. No child is there.
pub unsafe extern "C" fn pre_mpm(_pool: *mut sys::apr_pool_t, _kind: sys::ap_scoreboard_e) -> c_int {
    if SLOTS.load(Ordering::Acquire).is_null() {
        map();
    }
    for slot in slots() {
        slot.process.store(0, Ordering::Relaxed);
        for counter in &slot.counters {
            for number in [&counter.begun, &counter.ended, &counter.nanoseconds] {
                number.store(0, Ordering::Relaxed);
            }
        }
    }
    sys::OK
}

/// Maps a slot for each child that the MPM may have.
fn map() {
    let children = running::mpm_query(sys::AP_MPMQ_HARD_LIMIT_DAEMONS as c_int).unwrap_or(0);
    let count = usize::try_from(children).unwrap_or(0).max(1);
    // SAFETY: a new mapping without a file, which fork shares; the kernel fills it with zeros as it is used.
    let place = unsafe {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        libc::mmap(ptr::null_mut(), count * size_of::<Slot>(), access, kind, -1, 0)
    };
    if place != libc::MAP_FAILED {
        COUNT.store(count, Ordering::Release);
        SLOTS.store(place.cast(), Ordering::Release);
    }
}

/// In each child, before it serves: takes a slot.
pub fn child_init() {
    let process = process_id();
    let take = |slot: &&Slot| {
        let known = slot.process.load(Ordering::Acquire);
        let free = known == 0 || known == process || !is_alive(known);
        free && slot.process.compare_exchange(known, process, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    };
    let Some(slot) = slots().iter().find(take) else { return };
    for counter in &slot.counters {
        counter.ended.store(counter.begun.load(Ordering::Relaxed), Ordering::Relaxed);
    }
    OWN.store(ptr::from_ref(slot).cast_mut(), Ordering::Release);
}

/// At the child's end: the next child may have the slot.
pub fn child_exit() {
    own().process.store(0, Ordering::Release);
}

fn process_id() -> c_int {
    // SAFETY: always succeeds.
    unsafe { libc::getpid() }
}

fn is_alive(process: c_int) -> bool {
    // SAFETY: signal 0 asks only. A process of another user answers EPERM.
    unsafe { libc::kill(process, 0) == 0 || *libc::__errno_location() != libc::ESRCH }
}

/// Whether time is measured too: httpd's own ExtendedStatus, which mod_status sets where nothing else is said.
pub fn is_timed() -> bool {
    // SAFETY: httpd writes it while it reads the configuration only.
    unsafe { sys::ap_extended_status != 0 }
}

/// Nanoseconds of a clock that never goes back. `std::time::Instant` is the same clock at twice the instructions.
fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock exists on every Linux; the record is on the stack.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Python runs, or waits for its interpreter, as long as this lives. Once for each visit of httpd to an interpreter.
#[must_use]
pub struct Running {
    counter: &'static Counter,
    since: Option<u64>,
}

impl Running {
    /// Counts one call for the role.
    #[inline]
    pub fn begin(role: Role) -> Running {
        let counter = &own().counters[role.index()];
        counter.begun.fetch_add(1, Ordering::Relaxed);
        Running { counter, since: is_timed().then(now) }
    }
}

impl Drop for Running {
    #[inline]
    fn drop(&mut self) {
        if let Some(since) = self.since {
            self.counter.nanoseconds.fetch_add(now().wrapping_sub(since), Ordering::Relaxed);
        }
        self.counter.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// The sums of one role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Calls that began, the running ones included.
    pub calls: u64,
    /// Calls that run now.
    pub running: u64,
    /// How long calls took that ended, while [`is_timed`].
    pub nanoseconds: u64,
}

/// The sums of all children.
pub struct Sums {
    /// How many children have Python now.
    pub children: usize,
    /// By [`Role::index`].
    pub roles: [Sum; Role::COUNT],
}

/// Adds all slots up. Children go on counting meanwhile: the numbers may be a call apart from each other.
pub fn sums() -> Sums {
    let mut sums = Sums { children: 0, roles: [Sum::default(); Role::COUNT] };
    for slot in slots() {
        let process = slot.process.load(Ordering::Acquire);
        let lives = process != 0 && is_alive(process);
        sums.children += usize::from(lives);
        for (sum, counter) in sums.roles.iter_mut().zip(&slot.counters) {
            // In this order a call that ends meanwhile cannot make it negative.
            let ended = counter.ended.load(Ordering::Acquire);
            let begun = counter.begun.load(Ordering::Acquire);
            sum.calls += begun;
            sum.running += if lives { begun.saturating_sub(ended) } else { 0 };
            sum.nanoseconds += counter.nanoseconds.load(Ordering::Relaxed);
        }
    }
    sums
}
