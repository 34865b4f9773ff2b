//! The global mutexes: made in the parent, opened again in each child, used by the images through the host's record.
//!
//! They live as long as httpd itself, through restarts, so that the children of two generations exclude each other.

use std::ffi::{CStr, c_int};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use super::pool::{Pool, bytes};
use super::sys;

/// The type name in httpd's `Mutex` directive.
pub const TYPE: &CStr = c"mod_python";

/// A session's lock may be given back by another thread than the one that took it (a request's pool goes where its
/// last byte is sent), and must not stay behind when its holder is killed: System V semaphores allow the first and are
/// undone by the kernel.
const DEFAULT_MECHANISM: sys::apr_lockmech_e = if sys::APR_HAS_SYSVSEM_SERIALIZE != 0 {
    sys::apr_lockmech_e_APR_LOCK_SYSVSEM
} else {
    sys::apr_lockmech_e_APR_LOCK_DEFAULT
};

/// Where an administrator asks for lock files in a directory of their own.
const FILE_MECHANISM: sys::apr_lockmech_e = if sys::APR_HAS_FCNTL_SERIALIZE != 0 {
    sys::apr_lockmech_e_APR_LOCK_FCNTL
} else {
    sys::apr_lockmech_e_APR_LOCK_FLOCK
};

/// Nobody.
const FREE: u32 = 0;

pub(super) struct Lock {
    /// NULL where this child could not open it.
    mutex: *mut sys::apr_global_mutex_t,
    /// The process that took it, as this process knows. Mechanisms do not check who unlocks.
    holder: AtomicU32,
    /// The request of this process that it was taken for, null where there is none (`request_lock`).
    pub(super) request: AtomicPtr<sys::request_rec>,
    /// How often that request has taken it.
    pub(super) depth: AtomicU32,
}

impl Lock {
    fn new(mutex: *mut sys::apr_global_mutex_t) -> Lock {
        Lock { mutex, holder: AtomicU32::new(FREE), request: AtomicPtr::new(ptr::null_mut()), depth: AtomicU32::new(0) }
    }

    /// Gives it back, whoever it was taken for.
    ///
    /// # Errors
    /// `Busy` where this process does not hold it, or APR's status.
    pub(super) fn release(&self) -> Result<(), LockError> {
        let me = std::process::id();
        // Before the mutex is free: afterwards the next holder writes here.
        if self.holder.compare_exchange(me, FREE, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return Err(LockError::Busy);
        }
        // SAFETY: the mutex was made by grow, and is held by this process.
        match unsafe { sys::apr_global_mutex_unlock(self.mutex) } {
            sys::APR_SUCCESS => Ok(()),
            status => {
                self.holder.store(me, Ordering::Release);
                Err(LockError::Failed(status))
            }
        }
    }
}

/// The mutexes. Number 0 is reserved for whole-database locks.
pub struct Mutexes {
    pub(super) locks: Vec<Lock>,
    /// How many this generation uses.
    count: usize,
    directory: Option<Vec<u8>>,
    /// The process that made them.
    owner: u32,
}

// SAFETY: APR's mutexes may be used by all threads; the list does not change while a child serves.
unsafe impl Sync for Mutexes {}

/// Why a mutex was not taken or given back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockError {
    /// It is held by someone else, or at unlock by nobody of this process.
    Busy,
    /// APR's status.
    Failed(sys::apr_status_t),
}

/// Makes the type known; called before the configuration is read.
///
/// # Safety
/// `pool` is httpd's configuration pool.
pub unsafe fn register(pool: *mut sys::apr_pool_t) {
    // SAFETY: the caller guarantees the pool; the name is static.
    unsafe { sys::ap_mutex_register(pool, TYPE.as_ptr(), ptr::null(), DEFAULT_MECHANISM, 0) };
}

impl Mutexes {
    /// No mutexes yet; their files, if their mechanism needs any, go to `directory`, else to where httpd's `Mutex`
    /// directive says.
    pub fn new(directory: Option<Vec<u8>>) -> Mutexes {
        Mutexes { locks: Vec::new(), count: 0, directory, owner: std::process::id() }
    }

    /// The directory they were made for.
    pub fn directory(&self) -> Option<&[u8]> {
        self.directory.as_deref()
    }

    /// How many this generation uses.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Makes as many as are missing to have `count`; those that are there stay.
    ///
    /// # Errors
    /// The number of the first mutex that could not be made, and APR's status.
    ///
    /// # Safety
    /// Called in post_config with its server; `pool` lives as long as httpd.
    pub unsafe fn grow(
        &mut self,
        count: usize,
        server: *mut sys::server_rec,
        pool: Pool,
    ) -> Result<(), (usize, sys::apr_status_t)> {
        while self.locks.len() < count {
            let index = self.locks.len();
            // SAFETY: the caller guarantees server and pool.
            let mutex = unsafe {
                match &self.directory {
                    Some(directory) => in_directory(directory, index, pool),
                    None => by_httpd(index, server, pool),
                }
            };
            let mutex = mutex.map_err(|status| (index, status))?;
            self.locks.push(Lock::new(mutex));
        }
        self.count = count;
        Ok(())
    }

    /// Gives the last ones back, so that `count` stay: whatever they use up may be what httpd itself lacks.
    ///
    /// # Safety
    /// Called in the parent; no child uses the last ones.
    pub unsafe fn shrink(&mut self, count: usize) {
        for lock in self.locks.drain(count..) {
            // SAFETY: the mutex was made by grow and is gone from the list.
            unsafe { sys::apr_global_mutex_destroy(lock.mutex) };
        }
        self.count = count;
    }

    /// The mechanism's name, and the file of the first mutex, empty where it has none.
    pub fn mechanism(&self) -> Option<(&[u8], &[u8])> {
        let first = self.locks.first()?;
        // SAFETY: the mutex was made by grow; both texts live as long as it.
        unsafe {
            Some((bytes(sys::apr_global_mutex_name(first.mutex)), bytes(sys::apr_global_mutex_lockfile(first.mutex))))
        }
    }

    /// Opens the mutexes again in a child.
    ///
    /// # Errors
    /// The number of the last mutex that could not be opened, which cannot be used from now on, and APR's status.
    ///
    /// # Safety
    /// Called in child_init with its pool; nothing else uses the mutexes in this process yet.
    pub unsafe fn child_init(&mut self, pool: *mut sys::apr_pool_t) -> Result<(), (usize, sys::apr_status_t)> {
        let mut result = Ok(());
        for (index, lock) in self.locks.iter_mut().enumerate() {
            // SAFETY: the mutex was made by grow, the pool is the caller's.
            let status = unsafe {
                let file = sys::apr_global_mutex_lockfile(lock.mutex);
                sys::apr_global_mutex_child_init(&mut lock.mutex, file, pool)
            };
            if status != sys::APR_SUCCESS {
                // The parent's handle would exclude nobody.
                lock.mutex = ptr::null_mut();
                result = Err((index, status));
            }
        }
        result
    }

    /// At the end of a process that made the mutexes and served itself (`httpd -X`): nobody else gives them back.
    ///
    /// # Safety
    /// Called in child_init's pool cleanup.
    pub unsafe fn child_exit(&self) {
        if self.owner == std::process::id() {
            for lock in self.locks.iter().filter(|lock| !lock.mutex.is_null()) {
                // SAFETY: the mutex was made by grow; the process ends.
                unsafe { sys::apr_global_mutex_destroy(lock.mutex) };
            }
        }
    }

    /// Waits for a mutex.
    ///
    /// # Errors
    /// APR's status.
    pub fn lock(&self, index: usize) -> Result<(), LockError> {
        // SAFETY: `take` passes a mutex that grow made.
        self.take(index, |mutex| unsafe { sys::apr_global_mutex_lock(mutex) })
    }

    /// Takes a mutex if it is free.
    ///
    /// # Errors
    /// `Busy`, or APR's status.
    pub fn try_lock(&self, index: usize) -> Result<(), LockError> {
        // SAFETY: `take` passes a mutex that grow made.
        self.take(index, |mutex| unsafe { sys::apr_global_mutex_trylock(mutex) })
    }

    fn take(&self, index: usize, body: impl FnOnce(*mut sys::apr_global_mutex_t) -> c_int) -> Result<(), LockError> {
        let lock = self.usable(index)?;
        match body(lock.mutex) {
            sys::APR_SUCCESS => {
                lock.holder.store(std::process::id(), Ordering::Release);
                Ok(())
            }
            sys::APR_EBUSY => Err(LockError::Busy),
            status => Err(LockError::Failed(status)),
        }
    }

    /// Gives a mutex back.
    ///
    /// # Errors
    /// `Busy` where this process does not hold it or took it for a request, or APR's status.
    pub fn unlock(&self, index: usize) -> Result<(), LockError> {
        let lock = self.usable(index)?;
        if lock.request.load(Ordering::Acquire).is_null() { lock.release() } else { Err(LockError::Busy) }
    }

    pub(super) fn usable(&self, index: usize) -> Result<&Lock, LockError> {
        let lock = self.locks.get(index).filter(|lock| !lock.mutex.is_null());
        lock.ok_or(LockError::Failed(sys::APR_ENOLOCK))
    }
}

/// A mutex as httpd's `Mutex` directive wants it; httpd gives it to the run-time user.
unsafe fn by_httpd(
    index: usize,
    server: *mut sys::server_rec,
    pool: Pool,
) -> Result<*mut sys::apr_global_mutex_t, sys::apr_status_t> {
    let id = pool.dup(index.to_string().as_bytes());
    let mut mutex = ptr::null_mut();
    // SAFETY: the caller guarantees server and pool; the pool owns the mutex.
    let status = unsafe {
        sys::ap_global_mutex_create(&mut mutex, ptr::null_mut(), TYPE.as_ptr(), id, server, pool.as_ptr(), 0)
    };
    if status == sys::APR_SUCCESS { Ok(mutex) } else { Err(status) }
}

/// A mutex with a file in a directory; nobody can guess its name, and it must not be there yet.
unsafe fn in_directory(
    directory: &[u8],
    index: usize,
    pool: Pool,
) -> Result<*mut sys::apr_global_mutex_t, sys::apr_status_t> {
    let mut random = [0_u8; 8];
    // SAFETY: the slice gives address and length.
    let status = unsafe { sys::apr_generate_random_bytes(random.as_mut_ptr(), random.len()) };
    if status != sys::APR_SUCCESS {
        return Err(status);
    }
    let name = format!("/mod_python-{}-{:016x}-{index}", std::process::id(), u64::from_ne_bytes(random));
    let file = pool.dup(&[directory, name.as_bytes()].concat());
    let mut mutex = ptr::null_mut();
    // SAFETY: the file's name is NUL-terminated; the caller guarantees the pool, which owns the mutex.
    unsafe {
        let status = sys::apr_global_mutex_create(&mut mutex, file, FILE_MECHANISM, pool.as_ptr());
        if status != sys::APR_SUCCESS {
            return Err(status);
        }
        let status = sys::ap_unixd_set_global_mutex_perms(mutex);
        if status != sys::APR_SUCCESS {
            sys::apr_global_mutex_destroy(mutex);
            return Err(status);
        }
    }
    Ok(mutex)
}
