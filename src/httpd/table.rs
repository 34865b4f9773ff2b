//! APR's tables: what httpd keeps headers, notes and environment variables in. The entries are scanned in place, which
//! is cheaper than several calls. Only `py::table` uses this.

use std::ffi::{CStr, c_char};
use std::marker::PhantomData;
use std::slice;

use super::pool::{Pool, bytes, optional_bytes};
use super::request::Request;
use super::sys;

/// A table of APR, alive as long as its pool.
#[derive(Clone, Copy)]
pub struct Table<'p>(*mut sys::apr_table_t, PhantomData<&'p ()>);

impl<'p> Table<'p> {
    /// # Safety
    /// `table` is a live table that no other thread uses, and stays so for `'p`.
    pub unsafe fn from_raw(table: *mut sys::apr_table_t) -> Table<'p> {
        Table(table, PhantomData)
    }

    fn array(self) -> *const sys::apr_array_header_t {
        // SAFETY: the table is live (from_raw).
        unsafe { sys::apr_table_elts(self.0) }
    }

    /// The entries as they are now; the slice is used up before anything is changed.
    #[inline]
    fn entries(&self) -> &[sys::apr_table_entry_t] {
        let array = self.array();
        // SAFETY: apr_tables.h: the array's elements are nelts entries; the address is never NULL.
        unsafe { slice::from_raw_parts((*array).elts.cast(), (*array).nelts as usize) }
    }

    fn pool(self) -> Pool {
        // SAFETY: the array's pool is the table's.
        unsafe { Pool::from_raw((*self.array()).pool) }
    }

    /// How many entries there are, equal keys counted each.
    pub fn len(self) -> usize {
        self.entries().len()
    }

    /// The place of the first entry from `from` on whose key is `key` in any ASCII case.
    #[inline]
    pub fn find(self, key: &[u8], from: usize) -> Option<usize> {
        let entries = self.entries();
        // SAFETY: keys are NULL or NUL-terminated texts of the table's pool.
        let found = entries.get(from..)?.iter().position(|entry| unsafe { is_key(entry.key, key) });
        found.map(|at| at + from)
    }

    /// The places of the first and the second entry of the key, in one scan.
    #[inline]
    pub fn places(self, key: &[u8]) -> (Option<usize>, Option<usize>) {
        let mut found = (None, None);
        for (place, entry) in self.entries().iter().enumerate() {
            // SAFETY: as in `find`.
            if unsafe { is_key(entry.key, key) } {
                if found.0.is_some() {
                    found.1 = Some(place);
                    break;
                }
                found.0 = Some(place);
            }
        }
        found
    }

    /// Key and value at a place, each NULL or NUL-terminated and as long-lived as the table's pool.
    #[inline]
    pub fn at(self, place: usize) -> Option<(*const c_char, *const c_char)> {
        self.entries().get(place).map(|entry| (entry.key.cast_const(), entry.val.cast_const()))
    }

    /// The bytes at a place.
    pub fn bytes_at(self, place: usize) -> Option<(&'p [u8], Option<&'p [u8]>)> {
        // SAFETY: as in `at`.
        self.at(place).map(|(key, value)| unsafe { (bytes(key), value.as_ref().map(|value| bytes(value))) })
    }

    /// How many entries from a place on are exactly these, one after the other.
    #[inline]
    pub fn run<'e>(self, from: usize, expected: impl Iterator<Item = (&'e CStr, &'e CStr)>) -> usize {
        let entries = self.entries().get(from..).unwrap_or_default().iter();
        let same = |(entry, (key, value)): &(&sys::apr_table_entry_t, (&CStr, &CStr))| {
            // SAFETY: as in `find`, and values are as keys are; both others are NUL-terminated.
            !entry.key.is_null()
                && !entry.val.is_null()
                && unsafe { libc::strcmp(entry.key, key.as_ptr()) == 0 && libc::strcmp(entry.val, value.as_ptr()) == 0 }
        };
        entries.zip(expected).take_while(same).count()
    }

    /// The value of the first entry of the key.
    pub fn get(self, key: &CStr) -> Option<&'p [u8]> {
        // SAFETY: the table is live (from_raw), its values are NUL-terminated and stay in its pool.
        unsafe { optional_bytes(sys::apr_table_get(self.0, key.as_ptr())) }
    }

    /// Keys and values in order. The table may change meanwhile: each entry is looked up when its turn comes.
    pub fn pairs(self) -> impl Iterator<Item = (&'p [u8], &'p [u8])> {
        let array = self.array();
        // SAFETY: apr_tables.h: the array is a part of the table and lives as long; the texts as in `at`.
        (0..).map_while(move |place| unsafe {
            let entry = super::array::slice::<sys::apr_table_entry_t>(array).get(place)?;
            Some((bytes(entry.key), bytes(entry.val)))
        })
    }

    /// Replaces all entries of the key by one; the first one's place and spelling stay.
    pub fn set(self, key: &[u8], value: &[u8]) {
        let Some(first) = self.find(key, 0) else { return self.add(key, value) };
        if self.find(key, first + 1).is_some() {
            let pool = self.pool();
            // SAFETY: both copies live as long as the table.
            return unsafe { sys::apr_table_setn(self.0, pool.dup(key), pool.dup(value)) };
        }
        // The same text again takes no more of the pool.
        if self.bytes_at(first).is_none_or(|(_, old)| old != Some(value)) {
            let copy = self.pool().dup(value);
            // SAFETY: find gave a place inside the array, whose entries this thread may write (from_raw).
            unsafe { (*(*self.array()).elts.cast::<sys::apr_table_entry_t>().add(first)).val = copy };
        }
    }

    /// Appends an entry.
    pub fn add(self, key: &[u8], value: &[u8]) {
        let pool = self.pool();
        // SAFETY: both copies live as long as the table.
        unsafe { sys::apr_table_addn(self.0, pool.dup(key), pool.dup(value)) };
    }

    /// Removes all entries of the key.
    pub fn remove(self, key: &[u8]) {
        if let Some((stored, _)) = self.find(key, 0).and_then(|place| self.at(place)) {
            // SAFETY: the stored text stays in the pool when its entry goes.
            unsafe { sys::apr_table_unset(self.0, stored) };
        }
    }

    /// Removes the first entry only.
    pub fn remove_first(self) {
        let Some((key, _)) = self.at(0) else { return };
        // SAFETY: as in `find`.
        let repeated = self.entries()[1..].iter().any(|entry| unsafe { is_key(entry.key, bytes(key)) });
        if !repeated && !key.is_null() {
            // SAFETY: the stored text stays in the pool when its entry goes.
            return unsafe { sys::apr_table_unset(self.0, key) };
        }
        let rest = self.entries()[1..].to_vec();
        self.clear();
        for entry in rest {
            // SAFETY: the texts are the table's own.
            unsafe { sys::apr_table_addn(self.0, entry.key, entry.val) };
        }
    }

    /// Removes everything.
    pub fn clear(self) {
        // SAFETY: the table is live (from_raw).
        unsafe { sys::apr_table_clear(self.0) }
    }
}

/// The tables of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RequestTable {
    /// `headers_in`
    HeadersIn,
    /// `headers_out`
    HeadersOut,
    /// `err_headers_out`
    ErrHeadersOut,
    /// `subprocess_env`
    SubprocessEnv,
    /// `notes`
    Notes,
}

impl RequestTable {
    /// How many there are.
    pub const COUNT: usize = 5;

    /// The table as it is now; httpd may replace it during a request.
    #[inline]
    pub fn of(self, request: Request<'_>) -> Table<'_> {
        let record = request.as_ptr();
        // SAFETY: the view's record is live and served by this thread, so its tables are.
        unsafe {
            Table::from_raw(match self {
                RequestTable::HeadersIn => (*record).headers_in,
                RequestTable::HeadersOut => (*record).headers_out,
                RequestTable::ErrHeadersOut => (*record).err_headers_out,
                RequestTable::SubprocessEnv => (*record).subprocess_env,
                RequestTable::Notes => (*record).notes,
            })
        }
    }
}

/// Whether a stored key is the wanted one, in any ASCII case. Names differ in their first or last byte mostly, so these
/// are looked at before the rest.
///
/// # Safety
/// `stored` is NULL or NUL-terminated.
#[inline]
unsafe fn is_key(stored: *const c_char, wanted: &[u8]) -> bool {
    if stored.is_null() {
        return false;
    }
    // SAFETY: the caller guarantees it. The byte is 0 where the wanted key is empty, too.
    if unsafe { *stored.cast::<u8>() } | 0x20 != wanted.first().unwrap_or(&0) | 0x20 {
        return false;
    }
    // SAFETY: as above.
    same_key(unsafe { CStr::from_ptr(stored) }.to_bytes(), wanted)
}

/// Whether two keys are the same in any ASCII case.
#[inline]
pub fn same_key(stored: &[u8], wanted: &[u8]) -> bool {
    if stored.len() != wanted.len() {
        return false;
    }
    match (stored.last(), wanted.last()) {
        (Some(a), Some(b)) if a | 0x20 != b | 0x20 => false,
        _ => stored == wanted || stored.eq_ignore_ascii_case(wanted),
    }
}
