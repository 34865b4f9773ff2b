//! A safe view of a request. Fields and functions of httpd that take a live request and nothing else are safe here.
//! `py::request` shows them to Python.

mod body;
mod caching;
mod filters;
mod names;
mod numbers;
mod parts;
mod response;
mod state;
mod texts;
mod variables;

use std::marker::PhantomData;

pub use self::state::Expire;
use super::config::DirConfig;
use super::handler_list::Place;
use super::pool::{Pool, bytes};
use super::request_state::RequestState;
use super::server::Server;
use super::sys;
use super::view::Record;
use crate::phase::Phase;

/// A live request, in the thread that serves it.
#[derive(Clone, Copy)]
pub struct Request<'r>(*mut sys::request_rec, PhantomData<&'r sys::request_rec>);

impl Record for sys::request_rec {
    type View<'r> = Request<'r>;

    #[inline]
    unsafe fn view<'r>(record: *mut sys::request_rec) -> Request<'r> {
        Request(record, PhantomData)
    }
}

impl<'r> Request<'r> {
    /// The record, for the parts of the module that work with it themselves.
    #[inline]
    pub fn as_ptr(self) -> *mut sys::request_rec {
        self.0
    }

    /// `r->pool`
    #[inline]
    fn pool(self) -> Pool {
        // SAFETY: the view's record is live, so is its pool.
        unsafe { Pool::from_raw((*self.0).pool) }
    }

    /// Looks at what the module keeps with the request; None before Python saw it. `look` neither calls httpd nor uses
    /// the view.
    #[inline]
    pub(in crate::httpd) fn with_state<R>(self, look: impl FnOnce(&mut RequestState) -> R) -> Option<R> {
        // SAFETY: the view's record is live; the borrow ends with `look`, and this thread is the only one here.
        unsafe { RequestState::of(self.0) }.map(look)
    }

    /// The configuration of this module that counts for the request, None where there is none. httpd may merge another
    /// one later; this one stays as long as the request.
    pub fn dir_config(self) -> Option<&'r DirConfig> {
        // SAFETY: the view's record is live; what its vector points to lives as long as the request.
        unsafe { DirConfig::of((*self.0).per_dir_config) }
    }

    /// The text of the `<Location>` in which the first handler of a phase was written, None where it was not.
    pub fn location(self, phase: Phase) -> Option<&'r [u8]> {
        match self.dir_config()?.list(phase)?.iter().next()?.place {
            // SAFETY: NUL-terminated, part of the configuration.
            Place::Location(text) => Some(unsafe { bytes(text) }),
            _ => None,
        }
    }

    /// `r->connection`, which outlives the request.
    pub fn connection(self) -> *mut sys::conn_rec {
        // SAFETY: the view's record is live.
        unsafe { (*self.0).connection }
    }

    /// The request came in a stream of HTTP/2.
    pub fn is_secondary(self) -> bool {
        // SAFETY: the view's record is live; its connection outlives it.
        unsafe { !(*(*self.0).connection).master.is_null() }
    }

    /// `r->server`
    pub fn server(self) -> Option<Server> {
        // SAFETY: the view's record is live; its server is one of the configuration that this child serves with.
        unsafe { Server::from_raw((*self.0).server) }
    }

    /// `r->main`: the request whose sub-request this is. It outlives its sub-requests.
    pub fn main(self) -> Option<Request<'r>> {
        // SAFETY: the view's record is live.
        self.linked(unsafe { (*self.0).main })
    }

    /// `r->prev`: the request that was redirected to this one.
    pub fn prev(self) -> Option<Request<'r>> {
        // SAFETY: the view's record is live.
        self.linked(unsafe { (*self.0).prev })
    }

    /// `r->next`: the request this one was redirected to.
    pub fn next(self) -> Option<Request<'r>> {
        // SAFETY: the view's record is live.
        self.linked(unsafe { (*self.0).next })
    }

    /// A request that belongs to the same connection. All requests of a chain of redirects lie in the first one's pool.
    fn linked(self, record: *mut sys::request_rec) -> Option<Request<'r>> {
        (!record.is_null()).then_some(Request(record, PhantomData))
    }
}
