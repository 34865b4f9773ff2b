//! What a `Require python` line was parsed into, as it lies in the configuration's pool.

use std::ffi::c_char;

use smallvec::SmallVec;

use super::handler_list::HandlerEntry;
use super::pool::{Pool, bytes};
use super::sys;

/// One parsed line.
#[derive(Clone, Copy)]
pub struct Requirement {
    /// The object and the place it was written in.
    pub entry: HandlerEntry,
    /// The words behind it.
    words: *const *const c_char,
    count: usize,
}

impl Requirement {
    /// A line in the pool.
    pub fn new(pool: Pool, entry: HandlerEntry, words: &[*const c_char]) -> *mut Requirement {
        pool.alloc(Requirement { entry, words: pool.copy(words), count: words.len() })
    }

    /// The words behind the object.
    pub fn arguments(&self) -> SmallVec<[&[u8]; 4]> {
        if self.count == 0 {
            return SmallVec::new();
        }
        // SAFETY: `new` copied so many NUL-terminated words into the pool in which this record lies.
        unsafe { std::slice::from_raw_parts(self.words, self.count).iter().map(|&word| bytes(word)).collect() }
    }
}

/// Cuts a directive's text into words as httpd does: quotes and backslashes count.
pub fn words(pool: Pool, text: *const c_char) -> Vec<*const c_char> {
    let mut rest = text;
    let mut words = Vec::new();
    // SAFETY: the caller's text is NUL-terminated; httpd moves `rest` behind each word, up to its end.
    unsafe {
        while *rest != 0 {
            let word = sys::ap_getword_conf(pool.as_ptr(), &mut rest).cast_const();
            words.push(word);
        }
    }
    words
}
