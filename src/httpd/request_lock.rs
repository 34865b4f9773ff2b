//! Global mutexes that belong to a request: taken again by the same request without waiting, never waited for in a
//! circle, and given back when the request ends. Sessions use them, through `py::session_lock`.
//!
//! A request, its sub-requests and what it was redirected to are one here: they are served one inside the other, and
//! would wait for themselves. All interpreters see the same record, so it does not matter in which one it was taken.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::mutex::{Lock, LockError, Mutexes};
use super::pool::Pool;
use super::request::Request;
use super::sys;

/// How long a request waits for a mutex below one that it holds.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How often it looks meanwhile.
const PAUSE: Duration = Duration::from_millis(5);

impl Mutexes {
    /// Takes a mutex for a request; once more where the request has it.
    ///
    /// Whoever holds one and waits for another could be waited for by the holder of that. So a request waits without limit
    /// only for a mutex above all that it holds, which leaves no circle; for another one [`PATIENCE`].
    ///
    /// # Errors
    /// `Busy` where that was not enough, or APR's status.
    pub fn lock_for(&'static self, request: Request<'_>, index: usize) -> Result<(), LockError> {
        let root = root(request);
        if self.again(root, index)? {
            return Ok(());
        }
        let above_all = self.locks.iter().rposition(|lock| lock.is_for(root)).is_none_or(|highest| index > highest);
        if above_all {
            self.lock(index)?;
        } else {
            let end = Instant::now() + PATIENCE;
            while let Err(error) = self.try_lock(index) {
                if error != LockError::Busy || Instant::now() >= end {
                    return Err(error);
                }
                sleep(PAUSE);
            }
        }
        self.note(root, index)
    }

    /// Takes a mutex for a request if nobody else has it.
    ///
    /// # Errors
    /// `Busy`, or APR's status.
    pub fn try_lock_for(&'static self, request: Request<'_>, index: usize) -> Result<(), LockError> {
        let root = root(request);
        if self.again(root, index)? {
            return Ok(());
        }
        self.try_lock(index)?;
        self.note(root, index)
    }

    /// Undoes one `lock_for` or `try_lock_for`; the last one gives the mutex back.
    ///
    /// # Errors
    /// `Busy` where the request does not hold it, or APR's status.
    pub fn unlock_for(&'static self, request: Request<'_>, index: usize) -> Result<(), LockError> {
        let root = root(request);
        let lock = self.usable(index)?;
        if !lock.is_for(root) {
            return Err(LockError::Busy);
        }
        if lock.depth.fetch_sub(1, Ordering::Relaxed) > 1 {
            return Ok(());
        }
        let data = ptr::from_ref(lock).cast_mut().cast::<c_void>();
        // SAFETY: the request is live, and `note` has registered the cleanup.
        unsafe { sys::apr_pool_cleanup_kill((*root).pool, data, Some(give_back)) };
        lock.give_up()
    }

    /// Counts one more where the request has the mutex.
    fn again(&self, root: *mut sys::request_rec, index: usize) -> Result<bool, LockError> {
        let lock = self.usable(index)?;
        let ours = lock.is_for(root);
        if ours {
            lock.depth.fetch_add(1, Ordering::Relaxed);
        }
        Ok(ours)
    }

    /// The mutex was taken for the request.
    fn note(&'static self, root: *mut sys::request_rec, index: usize) -> Result<(), LockError> {
        let lock = self.usable(index)?;
        lock.depth.store(1, Ordering::Relaxed);
        lock.request.store(root, Ordering::Release);
        // SAFETY: the request is live, so is its pool. It goes after the pools of everything inside the request.
        unsafe { Pool::from_raw((*root).pool) }.on_destroy(ptr::from_ref(lock).cast_mut().cast(), give_back);
        Ok(())
    }
}

impl Lock {
    fn is_for(&self, root: *mut sys::request_rec) -> bool {
        ptr::eq(self.request.load(Ordering::Acquire), root)
    }

    fn give_up(&self) -> Result<(), LockError> {
        self.depth.store(0, Ordering::Relaxed);
        self.request.store(ptr::null_mut(), Ordering::Release);
        self.release()
    }
}

/// The request that the client has sent.
fn root(request: Request<'_>) -> *mut sys::request_rec {
    let mut root = request;
    while let Some(outer) = root.main().or_else(|| root.prev()) {
        root = outer;
    }
    root.as_ptr()
}

/// The request's pool goes.
unsafe extern "C" fn give_back(lock: *mut c_void) -> sys::apr_status_t {
    // SAFETY: `note` gave the address of a lock that lives as long as the process; `unlock_for` takes the cleanup away
    // when it gives the mutex back.
    let lock = unsafe { &*lock.cast::<Lock>() };
    match lock.give_up() {
        Ok(()) | Err(LockError::Busy) => sys::APR_SUCCESS,
        Err(LockError::Failed(status)) => status,
    }
}
