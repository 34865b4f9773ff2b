//! A lock of the whole process, for what its threads and interpreters share: environment, working directory. The host
//! copy owns the one there is; images reach it through their `HostTable`.

use std::sync::{Condvar, Mutex, PoisonError};

/// Who has the lock, and how often.
struct Holder {
    thread: libc::pid_t,
    times: usize,
}

/// A lock that its holder may take again.
pub struct ProcessLock {
    holder: Mutex<Option<Holder>>,
    freed: Condvar,
}

/// The lock; only the host copy's is used.
pub static PROCESS_LOCK: ProcessLock = ProcessLock { holder: Mutex::new(None), freed: Condvar::new() };

/// The calling thread, the same number in every image: std's own numbers differ.
fn this_thread() -> libc::pid_t {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::gettid() }
}

impl ProcessLock {
    /// Waits until the calling thread has the lock.
    pub fn lock(&self) {
        let mut holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match &mut *holder {
                None => {
                    *holder = Some(Holder { thread: this_thread(), times: 1 });
                    return;
                }
                Some(held) if held.thread == this_thread() => {
                    held.times += 1;
                    return;
                }
                Some(_) => holder = self.freed.wait(holder).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Gives the lock back. False: the calling thread does not have it.
    pub fn unlock(&self) -> bool {
        let mut holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *holder {
            Some(held) if held.thread == this_thread() => {
                held.times -= 1;
                if held.times == 0 {
                    *holder = None;
                    self.freed.notify_one();
                }
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: library:H-11
    #[test]
    fn one_thread_at_a_time_and_that_one_again() {
        static LOCK: ProcessLock = ProcessLock { holder: Mutex::new(None), freed: Condvar::new() };
        assert!(!LOCK.unlock());
        LOCK.lock();
        LOCK.lock();
        let other = std::thread::spawn(|| {
            let refused = !LOCK.unlock();
            LOCK.lock();
            (refused, LOCK.unlock())
        });
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(LOCK.unlock());
        assert!(!other.is_finished());
        assert!(LOCK.unlock());
        assert_eq!(other.join().ok(), Some((true, true)));
    }
}
