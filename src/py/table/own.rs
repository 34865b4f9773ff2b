//! The entries of a table of its own: plain memory that a replaced value gives back. Used by the table only.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::httpd::table::same_key;

/// Key and value; a value copied from httpd may be missing.
pub type Entry = (Box<[u8]>, Option<Box<[u8]>>);

/// The entries in insertion order. The lock is never held while Python code can run.
#[derive(Default)]
pub struct Own(Mutex<Vec<Entry>>);

impl Own {
    /// A store with these entries, equal keys collapsed: the first place and spelling, the last value.
    pub fn collapsed(entries: Vec<Entry>) -> Own {
        let mut list: Vec<Entry> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            match list.iter_mut().find(|(known, _)| same_key(known, &key)) {
                Some(entry) => entry.1 = value,
                None => list.push((key, value)),
            }
        }
        Own(Mutex::new(list))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts other entries in.
    pub fn replace<'a>(&self, pairs: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) {
        let entries = pairs.into_iter().map(|(key, value)| (key.into(), Some(value.into()))).collect();
        *self.lock() = entries;
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// The entry at a place.
    pub fn at(&self, place: usize) -> Option<Entry> {
        self.lock().get(place).cloned()
    }

    /// The values of a key, in order.
    pub fn values(&self, key: &[u8]) -> Vec<Option<Box<[u8]>>> {
        self.lock().iter().filter(|(known, _)| same_key(known, key)).map(|(_, value)| value.clone()).collect()
    }

    /// The first value of a key.
    pub fn first(&self, key: &[u8]) -> Option<Option<Box<[u8]>>> {
        self.lock().iter().find(|(known, _)| same_key(known, key)).map(|(_, value)| value.clone())
    }

    /// Whether the key is there.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.lock().iter().any(|(known, _)| same_key(known, key))
    }

    /// Replaces all entries of the key by one; the first one's place and spelling stay.
    pub fn set(&self, key: &[u8], value: &[u8]) {
        let mut list = self.lock();
        let Some(first) = list.iter().position(|(known, _)| same_key(known, key)) else {
            return list.push((key.into(), Some(value.into())));
        };
        list[first].1 = Some(value.into());
        let mut place = 0;
        list.retain(|(known, _)| {
            place += 1;
            place - 1 <= first || !same_key(known, key)
        });
    }

    /// Appends an entry.
    pub fn add(&self, key: &[u8], value: &[u8]) {
        self.lock().push((key.into(), Some(value.into())));
    }

    /// Removes all entries of the key.
    pub fn remove(&self, key: &[u8]) {
        self.lock().retain(|(known, _)| !same_key(known, key));
    }

    /// Removes the first entry.
    pub fn remove_first(&self) {
        let mut list = self.lock();
        if !list.is_empty() {
            list.remove(0);
        }
    }

    /// Removes everything.
    pub fn clear(&self) {
        *self.lock() = Vec::new();
    }
}
