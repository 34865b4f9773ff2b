//! The table object `mp_table`: a live view of one of httpd's tables, or a table of its own (`apache.table()`). The
//! request and connection objects make the views; `class` and `dict` hold what Python sees.

mod class;
mod dict;
mod entries;
mod fill;
mod iter;
mod own;

use pyo3::prelude::*;

pub use iter::TableIter;

pub use crate::httpd::table::RequestTable;

use self::own::Own;
use super::live::Live;
use crate::httpd::sys;
use crate::httpd::table as apr;

/// Where the entries are.
enum Store {
    /// In the object itself.
    Own(Own),
    /// In a request.
    Request(Live<sys::request_rec>, RequestTable),
    /// In a connection's notes.
    Notes(Live<sys::conn_rec>),
}

/// A table of text: keys in any ASCII case, several values for a key where they were added so.
///
/// Text comes out as UTF-8 with other bytes as lone surrogates; it goes in as str up to U+00FF (ISO-8859-1) or bytes.
#[pyclass(name = "mp_table", module = "_apache", frozen, mapping, subclass)]
pub struct Table {
    store: Store,
}

impl Table {
    /// The view of a request's table; expires with the request.
    pub fn of_request(owner: &Live<sys::request_rec>, which: RequestTable) -> Table {
        Table { store: Store::Request(owner.twin(), which) }
    }

    /// The view of a connection's notes; expires with the connection object.
    pub fn of_notes(owner: &Live<sys::conn_rec>) -> Table {
        Table { store: Store::Notes(owner.twin()) }
    }

    /// A table of its own with these entries.
    pub fn of_pairs<'a>(pairs: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Table {
        let own = Own::default();
        own.replace(pairs);
        Table { store: Store::Own(own) }
    }

    /// Puts other entries into a table of its own; nothing happens to a view.
    pub fn replace<'a>(&self, pairs: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) {
        if let Store::Own(own) = &self.store {
            own.replace(pairs);
        }
    }

    /// From now on every access raises; a table of its own stays usable.
    pub fn expire(&self) {
        match &self.store {
            Store::Own(_) => {}
            Store::Request(live, _) => live.expire(),
            Store::Notes(live) => live.expire(),
        }
    }

    /// CR and LF would end a header early.
    fn is_response_header(&self) -> bool {
        matches!(self.store, Store::Request(_, RequestTable::HeadersOut | RequestTable::ErrHeadersOut))
    }

    /// Runs one of two bodies, for entries of its own or for httpd's. Neither may call Python code.
    ///
    /// # Errors
    /// `ExpiredError`
    #[inline]
    fn with<R>(&self, own: impl FnOnce(&Own) -> R, view: impl FnOnce(apr::Table<'_>) -> R) -> PyResult<R> {
        match &self.store {
            Store::Own(entries) => Ok(own(entries)),
            Store::Request(live, which) => live.view(|request| view(which.of(request))),
            Store::Notes(live) => live.view(|conn| view(conn.notes())),
        }
    }
}
