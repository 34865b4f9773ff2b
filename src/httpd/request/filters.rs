//! Filters that a request registers for itself or adds to its chains.

use super::Request;
use crate::httpd::filter;
use crate::httpd::handler_list::HandlerEntry;
use crate::httpd::pool::bytes;
use crate::httpd::request_state::OwnFilter;

impl Request<'_> {
    /// Registers a filter under a name that only this request knows; a later one of the same name takes its place.
    pub fn register_filter(self, input: bool, name: &[u8], handler: &[u8], directory: Option<&[u8]>) {
        let name = self.pool().dup(&name.to_ascii_lowercase());
        let own = OwnFilter { name, input, entry: self.entry(handler, directory) };
        self.with_state(|state| state.filters.push(own));
    }

    /// The request has registered a filter of this name.
    pub fn has_filter(self, input: bool, name: &[u8]) -> bool {
        self.own_filter(input, name).is_some()
    }

    fn own_filter(self, input: bool, name: &[u8]) -> Option<HandlerEntry> {
        self.with_state(|state| {
            // SAFETY: names of registered filters are NUL-terminated and lie in the request's pool.
            let called = |own: &&OwnFilter| own.input == input && unsafe { bytes(own.name) }.eq_ignore_ascii_case(name);
            state.filters.iter().rev().find(called).map(|own| own.entry)
        })
        .flatten()
    }

    /// Adds a filter to the request: one of its own, or one that httpd knows by name, which logs an error where it knows
    /// none.
    pub fn add_filter(self, input: bool, name: &[u8]) {
        let own = self.own_filter(input, name);
        // SAFETY: the view's record is live and served by this thread; the copy has its life.
        unsafe { filter::add(self.as_ptr(), self.pool().dup(name), input, own) };
    }
}
