//! What the module keeps with a request, see [`RequestState`]. Python sees the request only after it was made.

use super::Request;
use crate::httpd::handler_list::{HandlerEntry, Place};
use crate::httpd::pool::{Cleanup, optional_bytes};
use crate::httpd::request_state::{ListEntry, Object, RequestCleanup, RequestState};
use crate::httpd::section::canonical_directory;
use crate::phase::Phase;

/// What runs before the pool of a request goes that Python has seen.
#[derive(Clone, Copy)]
pub struct Expire(Cleanup);

impl Expire {
    /// # Safety
    /// `cleanup` takes the record of a request with [`RequestState`], and lets everything that Python keeps of it expire.
    pub unsafe fn new(cleanup: Cleanup) -> Expire {
        Expire(cleanup)
    }
}

impl<'r> Request<'r> {
    /// Makes what is kept with the request, if it is missing.
    pub fn ensure_state(self, expire: Expire) {
        // SAFETY: the view's record is live, the result is not used; `expire` takes it.
        unsafe { RequestState::ensure(self.0, expire.0) };
    }

    /// Keeps an owned reference to an interpreter's object. False: there is nothing to keep it with, `own` was not called.
    pub fn keep_object(self, interp: usize, own: impl FnOnce() -> Object) -> bool {
        self.with_state(|state| state.objects.push((interp, own()))).is_some()
    }

    /// Gives the owned reference to an interpreter's object back.
    #[inline]
    pub fn take_object(self, interp: usize) -> Option<Object> {
        self.with_state(|state| {
            let at = state.objects.iter().position(|(owner, _)| *owner == interp)?;
            Some(state.objects.swap_remove(at).1)
        })
        .flatten()
    }

    /// Keeps a cleanup with its owned references, made by `own` if there is something to keep it with.
    pub fn add_cleanup(self, own: impl FnOnce() -> RequestCleanup) {
        self.with_state(|state| state.cleanups.push(own()));
    }

    /// The extension by which the handler was looked up, empty where the file has none.
    pub fn extension(self) -> Option<&'r [u8]> {
        let text = self.with_state(|state| state.extension)?;
        // SAFETY: NULL or NUL-terminated, as long-lived as the request.
        unsafe { optional_bytes(text) }
    }

    /// The interpreter's name as it was selected for the running phase.
    pub fn interpreter(self) -> Option<&'r [u8]> {
        let text = self.with_state(|state| state.interpreter)?;
        // SAFETY: NULL or NUL-terminated, as long-lived as the request.
        unsafe { optional_bytes(text) }
    }

    /// Python has assigned `r->content_type`.
    pub fn is_content_type_set(self) -> bool {
        self.with_state(|state| state.content_type_set).unwrap_or(false)
    }

    /// Adds a handler to a phase of this request, with its directory if it has one; in the running phase to the list
    /// that is being run.
    pub fn add_handler(self, phase: Phase, handler: &[u8], directory: Option<&[u8]>) {
        let pool = self.pool();
        let entry = self.entry(handler, directory);
        if self.with_state(|state| state.add(pool, phase, entry)).is_none() || self.running_phase() != Some(phase) {
            return;
        }
        let entry = pool.alloc(entry);
        // SAFETY: just allocated in the request's pool; the view's record is live.
        let directory = unsafe { (*entry).directory(self.0) };
        self.with_state(|state| state.hlist.entries.push(ListEntry { entry, directory }));
    }

    /// A handler of this request, with its directory if it has one.
    pub(super) fn entry(self, handler: &[u8], directory: Option<&[u8]>) -> HandlerEntry {
        let pool = self.pool();
        let place = directory.map_or(Place::None, |path| Place::Directory(canonical_directory(pool, pool.dup(path))));
        HandlerEntry { text: pool.dup(handler), place, silent: false, next: std::ptr::null() }
    }
}
