//! APR's tables: what httpd keeps headers, notes and environment variables in. The entries are scanned in place, which
//! is cheaper than several calls. Only `py::table` uses this.

use std::cell::UnsafeCell;
use std::ffi::c_char;
use std::marker::PhantomData;
use std::{ptr, slice};

use super::pool::{Pool, bytes};
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

    /// The places of the first and the second entry of the key. From the second call on, keys that were seen are compared
    /// by their marks.
    ///
    /// # Safety
    /// The marks belong to this table's view, whose owner this thread serves; nobody else uses them meanwhile.
    #[inline]
    pub unsafe fn places(self, key: &[u8], marks: &Marks) -> (Option<usize>, Option<usize>) {
        // SAFETY: the caller guarantees that this is the only reference.
        let marks = unsafe { &mut *marks.0.get() };
        if !marks.asked {
            marks.asked = true;
            let first = self.find(key, 0);
            return (first, first.and_then(|first| self.find(key, first + 1)));
        }
        let (entries, wanted) = (self.entries(), mark(key));
        for entry in entries.iter().skip(marks.seen.len()) {
            // SAFETY: as in `find`.
            marks.seen.push(unsafe { (entry.key.cast_const(), mark(bytes(entry.key))) });
        }
        let mut first = None;
        for (place, (entry, seen)) in entries.iter().zip(&mut marks.seen).enumerate() {
            if !ptr::eq(entry.key, seen.0) {
                // SAFETY: as in `find`.
                *seen = unsafe { (entry.key.cast_const(), mark(bytes(entry.key))) };
            }
            // SAFETY: as in `find`.
            if seen.1 == wanted && unsafe { is_key(entry.key, key) } {
                if first.is_some() {
                    return (first, Some(place));
                }
                first = Some(place);
            }
        }
        (first, None)
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

/// What a view remembers of the keys it has seen: the text's address, and a number that equal keys share. A pool never
/// gives an address out twice, so the same address is the same key.
#[derive(Default)]
pub struct Marks(UnsafeCell<Seen>);

#[derive(Default)]
struct Seen {
    asked: bool,
    seen: Vec<(*const c_char, u64)>,
}

// SAFETY: `places` asks its caller for one thread at a time; the addresses are compared only.
unsafe impl Send for Marks {}
// SAFETY: as above.
unsafe impl Sync for Marks {}

/// A number that is equal for equal keys in any ASCII case: length, first byte and the last four.
#[inline]
fn mark(key: &[u8]) -> u64 {
    let tail = match key.last_chunk::<4>() {
        Some(tail) => u32::from_le_bytes(*tail),
        None => key.iter().fold(0, |tail, byte| tail << 8 | u32::from(*byte)),
    };
    let head = key.first().map_or(0, |byte| u64::from(byte | 0x20));
    (key.len() as u64) << 40 | head << 32 | u64::from(tail | 0x2020_2020)
}

/// Whether a stored key is the wanted one, in any ASCII case. Names differ in their first or last byte mostly, so these
/// are looked at before the rest.
///
/// # Safety
/// `stored` is NULL or NUL-terminated.
#[inline]
unsafe fn is_key(stored: *const c_char, wanted: &[u8]) -> bool {
    let Some(&first) = wanted.first() else {
        // SAFETY: the caller guarantees it.
        return !stored.is_null() && unsafe { *stored } == 0;
    };
    if ptr::eq(stored, ptr::null()) {
        return false;
    }
    // SAFETY: the caller guarantees it.
    if unsafe { *stored.cast::<u8>() } | 0x20 != first | 0x20 {
        return false;
    }
    // SAFETY: as above.
    same_key(unsafe { bytes(stored) }, wanted)
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
