//! The way of a request into an interpreter: which one, under which name, with the attributes that the last one set.
//! For the host's side of everything that runs Python for a request.

use std::ffi::c_char;
use std::fmt::Arguments;

use super::{phases, select};
use crate::abi::Call;
use crate::httpd::config::Settings;
use crate::httpd::handler_list::HandlerEntry;
use crate::httpd::log::Owner;
use crate::httpd::pool::bytes;
use crate::httpd::request_state::RequestState;
use crate::httpd::server::Server;
use crate::httpd::sys;
use crate::httpd::time_limit::Limit;
use crate::httpd::view::Record;
use crate::interp::table::{self, Interp};
use crate::interp::watch::Facts;
use crate::phase::Role;

/// A request in front of its interpreter.
pub struct Visit {
    interp: &'static Interp,
    request: *mut sys::request_rec,
    outer: *const c_char,
    /// The interpreter that ran before this visit.
    last: Option<usize>,
    limit: Option<Limit>,
}

impl Visit {
    /// Chooses the interpreter and lets the request know it. None, with a line in the log, where it cannot be had;
    /// `what` needs it.
    ///
    /// # Safety
    /// `request` is live and served by this thread until the visit is dropped; `settings` is its merged configuration,
    /// `entry` the first handler.
    pub unsafe fn open(
        request: *mut sys::request_rec,
        settings: Option<&Settings>,
        entry: Option<&HandlerEntry>,
        what: Arguments<'_>,
    ) -> Option<Visit> {
        // SAFETY: the caller guarantees the request.
        unsafe {
            let name = select::interpreter(request, settings, entry);
            let owner = Owner::Request(sys::request_rec::view(request));
            let interp = select::find(bytes(name), (*request).server, owner, what)?;
            let state = RequestState::ensure(request, phases::expire);
            let outer = std::mem::replace(&mut state.interpreter, name);
            let last = move_attributes(request, interp);
            Some(Visit { interp, request, outer, last, limit: settings.and_then(Settings::time_limit) })
        }
    }

    /// The interpreter's place in the table.
    pub fn index(&self) -> usize {
        self.interp.index
    }

    /// Runs a call of code that belongs to `role` in the interpreter, within the time that PythonRequestTimeout gives it.
    pub fn run(&self, role: Role, call: &mut Call<'_, '_>) {
        // SAFETY: the caller of `open` guarantees the request.
        unsafe { run_within(self.limit, self.interp, self.request, role, call) }
    }

    /// The visit was made while another one of the same request may go on, which finds its interpreter's name again, and
    /// in the middle of a phase the attributes that were set meanwhile.
    pub fn return_to_outer(self) {
        // SAFETY: the caller of `open` guarantees the request; the borrow ends with the statement.
        let Some(state) = (unsafe { RequestState::of(self.request) }) else { return };
        if !self.outer.is_null() {
            state.interpreter = self.outer;
        }
        let last = self.last.filter(|&last| state.phase.is_some() && last != self.interp.index);
        if let Some(outer) = last.and_then(table::by_index) {
            // What the handler sets from now on is newer than what this interpreter has.
            state.last_interp = last;
            self.interp.run(&mut Call::ExportAttributes(self.request));
            outer.run(&mut Call::ImportAttributes(self.request));
        }
    }
}

/// Runs a call for a request in an interpreter, within its time if that is limited.
///
/// # Safety
/// `request` is live.
#[inline]
pub unsafe fn run_within(
    limit: Option<Limit>,
    interp: &Interp,
    request: *mut sys::request_rec,
    role: Role,
    call: &mut Call<'_, '_>,
) {
    match limit {
        None => interp.run(call),
        Some(limit) => {
            // SAFETY: the caller guarantees the request, whose texts live as long as it.
            let facts = unsafe {
                let server = Server::from_raw((*request).server);
                let connection = sys::conn_rec::view((*request).connection).carrier();
                Facts { limit, what: role.name(), whom: (*request).uri, connection, server }
            };
            interp.run_within(facts, call);
        }
    }
}

/// Where another interpreter ran last, its plain attributes are taken along. Returns that interpreter.
///
/// # Safety
/// `request` is live and has its record.
unsafe fn move_attributes(request: *mut sys::request_rec, interp: &Interp) -> Option<usize> {
    // SAFETY: the caller guarantees the request; the record is looked up again after each visit.
    unsafe {
        let last = RequestState::of(request)?.last_interp.replace(interp.index)?;
        if let Some(last) = Some(last).filter(|&last| last != interp.index).and_then(table::by_index) {
            last.run(&mut Call::ExportAttributes(request));
        }
        Some(last)
    }
}
