//! What Python sees of the record that the module keeps with a request: the handler that runs, the phase, the request's
//! objects and attributes; and the same of a connection's record. Each method borrows the record for itself only.

use std::marker::PhantomData;
use std::ptr;

use super::conn::Conn;
use super::pool::optional_bytes;
use super::request::Request;
use super::request_state::{ListEntry, Object, PlainValue};
use crate::phase::Phase;

/// The handler that runs.
#[derive(Clone, Copy)]
pub struct Handler<'r>(ListEntry, PhantomData<&'r ()>);

impl<'r> Handler<'r> {
    /// The handler as configured or added.
    pub fn text(self) -> &'r [u8] {
        // SAFETY: the entry lies in the configuration's or the request's pool.
        unsafe { &*self.0.entry }.text()
    }

    /// Its directory; for a Location its text.
    pub fn directory(self) -> Option<&'r [u8]> {
        // SAFETY: NULL or a text in the configuration's or the request's pool.
        unsafe { optional_bytes(self.0.directory) }
    }

    /// It was written in a Location.
    pub fn is_location(self) -> bool {
        // SAFETY: as in `text`.
        unsafe { &*self.0.entry }.is_location()
    }

    /// A missing default function is no error.
    pub fn is_silent(self) -> bool {
        // SAFETY: as in `text`.
        unsafe { (*self.0.entry).silent }
    }
}

impl<'r> Request<'r> {
    /// The handler that runs, None at the end of the list.
    pub fn current_handler(self) -> Option<Handler<'r>> {
        let entry = self.with_state(|state| state.hlist.current()).flatten();
        entry.map(|entry| Handler(entry, PhantomData))
    }

    /// Goes on to the next handler; stays at the end.
    pub fn advance_handler(self) {
        self.with_state(|state| state.hlist.advance());
    }

    /// The phase that runs.
    pub fn running_phase(self) -> Option<Phase> {
        self.with_state(|state| state.phase).flatten()
    }

    /// The reference to an interpreter's request object, which the record owns.
    pub fn kept_object(self, interp: usize) -> Option<Object> {
        self.with_state(|state| state.object(interp)).flatten()
    }

    /// Leaves attributes for another interpreter.
    pub fn leave_attributes(self, attributes: Vec<(Vec<u8>, PlainValue)>) {
        self.with_state(|state| state.attributes = attributes);
    }

    /// Whether another interpreter left any.
    #[inline]
    pub fn has_attributes(self) -> bool {
        self.with_state(|state| !state.attributes.is_empty()).unwrap_or(false)
    }

    /// Takes what another interpreter left.
    pub fn take_attributes(self) -> Vec<(Vec<u8>, PlainValue)> {
        self.with_state(|state| std::mem::take(&mut state.attributes)).unwrap_or_default()
    }
}

impl<'r> Conn<'r> {
    /// The handler that runs for the connection itself, None at the end of the list and outside such handlers.
    pub fn current_handler(self) -> Option<Handler<'r>> {
        let entry = self.with_state(|state| state.entry).filter(|entry| !entry.is_null())?;
        Some(Handler(ListEntry { entry, directory: ptr::null() }, PhantomData))
    }

    /// Goes on to the next handler; stays at the end.
    pub fn advance_handler(self) {
        self.with_state(|state| {
            // SAFETY: NULL or an entry of the configuration, whose list is complete.
            state.entry = unsafe { state.entry.as_ref() }.map_or(ptr::null(), |entry| entry.next);
        });
    }

    /// The phase of the connection itself that runs, None while requests are served.
    pub fn running_phase(self) -> Option<Phase> {
        self.with_state(|state| state.phase).flatten()
    }
}
