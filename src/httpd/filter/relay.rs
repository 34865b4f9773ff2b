//! A second thread for an output filter that cannot return while it waits for more data: a generator. The thread that
//! serves the request and the relay's thread take turns, so there is never more than one at work on the request.

use std::mem;
use std::ptr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::{Outcome, Pass};

/// How many threads wait for work at most.
const IDLE: usize = 16;

/// A thread's stack, in bytes: what httpd's own threads usually have. Deep recursion in Python needs it.
const STACK: usize = 8 * 1024 * 1024;

/// The way to a call of a filter, for as long as its caller waits.
#[derive(Clone, Copy)]
pub struct PassPointer(*mut Pass);

// SAFETY: the thread that made it waits until whoever has it gives the turn back.
unsafe impl Send for PassPointer {}

impl PassPointer {
    /// # Safety
    /// The pass lives, and only the holder of the result uses it, until the holder returns or gives the turn back.
    pub unsafe fn new(pass: *mut Pass) -> PassPointer {
        PassPointer(pass)
    }

    /// The pass.
    pub fn as_ptr(self) -> *mut Pass {
        self.0
    }
}

/// What the relay's thread does: runs to its end, giving the turn back in between.
pub type Job = Box<dyn FnOnce(&Arc<Relay>) -> Outcome + Send>;

/// Why the turn came back.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// More data is wanted.
    Hungry,
    /// The job is done.
    Done(Outcome),
}

#[derive(Default)]
struct Turns {
    /// The relay's thread is at work.
    theirs: bool,
    /// Why it gave the turn back.
    step: Option<Step>,
    pass: Option<PassPointer>,
    job: Option<Job>,
    /// The thread is not needed any more.
    dismissed: bool,
}

/// See the module.
#[derive(Default)]
pub struct Relay {
    turns: Mutex<Turns>,
    changed: Condvar,
}

/// Relays whose threads have nothing to do.
static WAITING: Mutex<Vec<Arc<Relay>>> = Mutex::new(Vec::new());

impl Relay {
    /// A relay whose thread does nothing yet; None where no thread can be made.
    pub fn hire() -> Option<Arc<Relay>> {
        let waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner).pop();
        waiting.or_else(|| {
            let relay = Arc::new(Relay::default());
            let own = Arc::clone(&relay);
            let builder = thread::Builder::new().name("mod_python filter".to_owned()).stack_size(STACK);
            without_signals(|| builder.spawn(move || own.serve())).ok().map(|_| relay)
        })
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the relay's thread its job, and the turn.
    pub fn start(self: &Arc<Relay>, pass: PassPointer, job: Job) -> Step {
        self.lock().job = Some(job);
        self.resume(Some(pass))
    }

    /// Gives the relay's thread the turn, with more data; None: there will be no more. Once the job is done the relay
    /// belongs to others.
    ///
    /// Signals wait for the end of the turn: a prefork child ends from a signal handler, and takes the pools away with
    /// which the other thread is at work.
    pub fn resume(self: &Arc<Relay>, pass: Option<PassPointer>) -> Step {
        without_signals(|| self.give_turn(pass))
    }

    fn give_turn(self: &Arc<Relay>, pass: Option<PassPointer>) -> Step {
        let mut turns = self.lock();
        turns.pass = pass;
        turns.theirs = true;
        self.changed.notify_all();
        while turns.theirs {
            turns = self.changed.wait(turns).unwrap_or_else(PoisonError::into_inner);
        }
        let step = turns.step.take().unwrap_or(Step::Hungry);
        drop(turns);
        if step != Step::Hungry {
            self.offer();
        }
        step
    }

    /// For the job: what it was started with.
    pub fn pass(&self) -> Option<PassPointer> {
        self.lock().pass
    }

    /// For the job: gives the turn back until there is more data; None where there will be none.
    pub fn next_pass(&self) -> Option<PassPointer> {
        let mut turns = self.lock();
        turns.pass?;
        turns.step = Some(Step::Hungry);
        turns.theirs = false;
        self.changed.notify_all();
        while !turns.theirs {
            turns = self.changed.wait(turns).unwrap_or_else(PoisonError::into_inner);
        }
        turns.pass
    }

    /// The thread: one job after the other.
    fn serve(self: Arc<Relay>) {
        loop {
            let mut turns = self.lock();
            while !turns.theirs {
                if turns.dismissed {
                    return;
                }
                turns = self.changed.wait(turns).unwrap_or_else(PoisonError::into_inner);
            }
            let job = turns.job.take();
            drop(turns);
            let outcome = job.map_or(Outcome::Finished, |job| job(&self));
            let mut turns = self.lock();
            turns.step = Some(Step::Done(outcome));
            turns.theirs = false;
            self.changed.notify_all();
        }
    }

    /// Offers the thread for other jobs, or dismisses it where enough others wait.
    fn offer(self: &Arc<Relay>) {
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < IDLE {
            waiting.push(Arc::clone(self));
            return;
        }
        self.lock().dismissed = true;
        self.changed.notify_all();
    }
}

/// Runs `body` with all signals blocked in this thread: a thread made meanwhile never runs httpd's signal handlers.
fn without_signals<R>(body: impl FnOnce() -> R) -> R {
    // SAFETY: both sets are initialised by the calls; the mask is this thread's own.
    unsafe {
        let (mut all, mut before) = (mem::zeroed(), mem::zeroed());
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &all, &mut before);
        let result = body();
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, ptr::null_mut());
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn pointer(number: usize) -> PassPointer {
        // SAFETY: never dereferenced.
        unsafe { PassPointer::new(ptr::without_provenance_mut(number)) }
    }

    #[test]
    fn threads_take_turns() {
        static SUM: AtomicUsize = AtomicUsize::new(0);
        let relay = Relay::hire().unwrap();
        let job = |relay: &Arc<Relay>| {
            let mut pass = relay.pass();
            while let Some(given) = pass {
                SUM.fetch_add(given.as_ptr().addr(), Ordering::SeqCst);
                pass = relay.next_pass();
            }
            assert!(relay.next_pass().is_none());
            Outcome::Finished
        };
        assert_eq!(relay.start(pointer(8), Box::new(job)), Step::Hungry);
        assert_eq!(SUM.load(Ordering::SeqCst), 8);
        assert_eq!(relay.resume(Some(pointer(16))), Step::Hungry);
        assert_eq!(SUM.load(Ordering::SeqCst), 24);
        assert_eq!(relay.resume(None), Step::Done(Outcome::Finished));
        assert_eq!(relay.start(pointer(8), Box::new(|_| Outcome::Finished)), Step::Done(Outcome::Finished));
    }
}
