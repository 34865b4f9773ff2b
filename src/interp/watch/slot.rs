//! What one thread has under way: a stack, because Python's code may cause more calls of Python. Its lock is held for a
//! moment only, never across Python or a wait.
//!
//! A call leaves its slot with its interpreter's GIL held, and an exception is raised in it with the same GIL held, by
//! somebody who has found it in the slot: so none is raised in what comes after it.

use std::cell::OnceCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pyo3::ffi;

use super::{Facts, Known, now, stack, watcher};

/// How far a call has come with its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// There is time left.
    Running,
    /// It was told to end.
    Told,
    /// It did not end.
    Stuck,
}

/// One call.
struct Level {
    number: u64,
    stage: Stage,
    /// When its time is over, while it is running.
    due: u64,
    /// When its grace time is over, once it was told to end.
    last: u64,
    /// An exception was raised in it.
    told: bool,
    interp: usize,
    /// Its thread state.
    state: usize,
    facts: Facts,
}

impl Level {
    /// When to look at it.
    fn next(&self) -> u64 {
        match self.stage {
            Stage::Running => self.due.min(self.last),
            Stage::Told => self.last,
            Stage::Stuck => NEVER,
        }
    }

    /// It is told to end after so many milliseconds, without more grace.
    fn tell_again(&mut self, after: u64) {
        (self.stage, self.due) = (Stage::Running, now() + after);
    }

    /// How long it may go on when a call within it was ended in its place, in milliseconds: for what it does about that.
    fn reprieve(&self) -> u64 {
        1_000.min(u64::from(self.facts.limit.grace.get()) / 4)
    }
}

#[derive(Default)]
struct Levels {
    stack: Vec<Level>,
    count: u64,
}

impl Levels {
    /// When to look at the call at this place. A call whose time is over waits for those within it that have only a little
    /// more: it is they that take the time.
    fn next(&self, place: usize) -> u64 {
        let level = &self.stack[place];
        let next = level.next();
        if level.stage != Stage::Running {
            return next;
        }
        let latest = next.saturating_add(TOGETHER);
        let soon = self.stack[place + 1..].iter().filter(|inner| inner.stage == Stage::Running && inner.due <= latest);
        soon.map(|inner| inner.due).fold(next, u64::max)
    }
}

/// The slot of one thread.
pub struct Slot {
    /// When to look into it.
    due: AtomicU64,
    /// The thread.
    pub thread: libc::pthread_t,
    levels: Mutex<Levels>,
}

/// How long until a call is told again that could not be told, in milliseconds.
const AGAIN: u64 = 100;

/// How much more time calls may have that are taken together, in milliseconds.
const TOGETHER: u64 = 100;

/// Nothing is due.
const NEVER: u64 = u64::MAX;

/// What the watcher has to do.
pub enum Event {
    /// The time of a call is over.
    Over(Known, Target),
    /// The grace time is over.
    Stuck(Known),
}

/// Where the exception goes that ends a call.
#[derive(Clone, Copy)]
pub struct Target {
    /// The call.
    number: u64,
    /// The interpreter of the innermost call, which may be another one's.
    pub interp: usize,
    /// The thread's state there.
    pub state: usize,
}

static SLOTS: Mutex<Vec<Weak<Slot>>> = Mutex::new(Vec::new());

thread_local! {
    static OWN: OnceCell<Arc<Slot>> = const { OnceCell::new() };
}

/// A call begins, in the interpreter of this place in the table, whose GIL this thread holds.
pub fn begin(interp: usize, facts: Facts) {
    watcher::expect(facts.limit);
    // A thread that is ending has no slot any more.
    let _ = OWN.try_with(|own| own.get_or_init(Slot::register).push(interp, facts));
}

/// The innermost call has ended; the GIL is still held. True: an exception may be on its way to it, which has to be taken
/// before Python code of somebody else runs.
pub fn end() -> bool {
    OWN.try_with(|own| own.get().is_some_and(|slot| slot.pop())).unwrap_or_default()
}

/// The innermost call begins or ends a time that is not its own; the GIL is held. True: as for [`end`].
pub extern "C" fn rest(begins: bool) -> bool {
    OWN.try_with(|own| own.get().is_some_and(|slot| slot.rest(begins))).unwrap_or_default()
}

/// All slots of threads that live.
pub fn all() -> Vec<Arc<Slot>> {
    let mut slots = SLOTS.lock().unwrap_or_else(PoisonError::into_inner);
    slots.retain(|slot| slot.strong_count() > 0);
    slots.iter().filter_map(Weak::upgrade).collect()
}

impl Slot {
    fn register() -> Arc<Slot> {
        stack::admit();
        // SAFETY: always succeeds.
        let thread = unsafe { libc::pthread_self() };
        let slot = Arc::new(Slot { due: AtomicU64::new(NEVER), thread, levels: Mutex::default() });
        SLOTS.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&slot));
        slot
    }

    fn lock(&self) -> MutexGuard<'_, Levels> {
        self.levels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When to look into it again.
    pub fn due(&self) -> u64 {
        self.due.load(Ordering::Acquire)
    }

    fn set_due(&self, levels: &Levels) {
        let due = (0..levels.stack.len()).map(|place| levels.next(place)).min().unwrap_or(NEVER);
        self.due.store(due, Ordering::Release);
    }

    fn push(&self, interp: usize, facts: Facts) {
        // SAFETY: the caller holds a GIL.
        let state = unsafe { ffi::PyThreadState_Get() } as usize;
        let mut levels = self.lock();
        levels.count += 1;
        let (number, due) = (levels.count, now() + u64::from(facts.limit.after.get()));
        let level = Level { number, stage: Stage::Running, due, last: NEVER, told: false, interp, state, facts };
        levels.stack.push(level);
        self.set_due(&levels);
    }

    fn pop(&self) -> bool {
        let mut levels = self.lock();
        let told = levels.stack.pop().is_some_and(|level| level.told);
        let mut again = false;
        for outer in levels.stack.iter_mut().filter(|outer| told && outer.stage == Stage::Told && !outer.told) {
            // What was meant for it has ended a call within it. That may be enough.
            outer.tell_again(outer.reprieve());
            again = true;
        }
        self.set_due(&levels);
        drop(levels);
        if again {
            watcher::wake();
        }
        told
    }

    fn rest(&self, begins: bool) -> bool {
        let mut levels = self.lock();
        levels.count += 1;
        let number = levels.count;
        let Some(level) = levels.stack.last_mut() else { return false };
        level.number = number;
        let told = std::mem::take(&mut level.told);
        (level.stage, level.last) = (Stage::Running, NEVER);
        level.due = if begins { NEVER } else { now() + u64::from(level.facts.limit.after.get()) };
        self.set_due(&levels);
        told
    }

    /// Looks what is due: the grace times that are over, and the innermost one of the calls whose time is.
    pub fn look(&self, now: u64) -> Vec<Event> {
        let mut events = Vec::new();
        let mut levels = self.lock();
        let mut over = None;
        for place in 0..levels.stack.len() {
            if now < levels.next(place) {
                continue;
            }
            let level = &mut levels.stack[place];
            // SAFETY: the call goes on while the lock is held.
            let known = unsafe { Known::new(&level.facts, level.interp) };
            if level.last <= now {
                level.stage = Stage::Stuck;
                events.push(Event::Stuck(known));
            } else {
                level.stage = Stage::Told;
                level.last = level.last.min(now + u64::from(level.facts.limit.grace.get()));
                over = Some((known, level.number));
            }
        }
        if let Some(((known, number), innermost)) = over.zip(levels.stack.last()) {
            events.push(Event::Over(known, Target { number, interp: innermost.interp, state: innermost.state }));
        }
        self.set_due(&levels);
        events
    }

    /// Runs `body` with the innermost call if the target's call goes on and its interpreter is still the innermost one's.
    fn with<R>(&self, target: Target, body: impl FnOnce(&mut Level) -> R) -> Option<R> {
        let mut levels = self.lock();
        let goes_on = levels.stack.iter().any(|level| level.number == target.number && level.stage != Stage::Running);
        let innermost = levels.stack.last_mut().filter(|level| goes_on && level.interp == target.interp)?;
        Some(body(innermost))
    }

    /// Runs `body` if the target can be told, which stays so meanwhile.
    pub fn during<R>(&self, target: Target, body: impl FnOnce() -> R) -> Option<R> {
        self.with(target, |_| body())
    }

    /// Whether an exception may be raised in the target, whose GIL is held: it will be.
    pub fn tell(&self, target: Target) -> bool {
        self.with(target, |level| level.told = true).is_some()
    }

    /// The target could not be told, because a call in another interpreter goes on within it.
    pub fn tell_later(&self, target: Target) {
        let mut levels = self.lock();
        let is_told = |level: &&mut Level| level.number == target.number && level.stage == Stage::Told;
        if let Some(level) = levels.stack.iter_mut().find(is_told) {
            level.tell_again(AGAIN);
            self.set_due(&levels);
            drop(levels);
            watcher::wake();
        }
    }

    /// The connection of a call that is stuck in this thread.
    pub fn stuck(&self) -> Option<usize> {
        self.lock().stack.iter().find(|level| level.stage == Stage::Stuck).map(|level| level.facts.connection)
    }
}
