//! One call of a filter: what it can read, and how it ends. `queue` has what it writes.
//!
//! A pass lies on the stack of the host's side. Python reaches it through a live pointer, one caller at a time.

use std::ffi::c_char;
use std::ptr;

use super::{Brigade, Instance, WINDOW};
use crate::httpd::body::Room;
use crate::httpd::handler_list::HandlerEntry;
use crate::httpd::pool::{bytes, optional_bytes};
use crate::httpd::sys;
use crate::httpd::view::Record;
use crate::phase::Callback;

/// What kind of call it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Somebody asks for data.
    Input {
        /// `AP_MODE_*`
        mode: sys::ap_input_mode_t,
        /// Whether to wait for it.
        block: sys::apr_read_type_e,
        /// How much is wanted.
        wanted: sys::apr_off_t,
    },
    /// Somebody sends data.
    Output,
    /// A page asks for text at one place; there is nothing to read.
    Tag,
}

/// What stands in front of the reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Head {
    /// Data.
    Data,
    /// Nothing for now.
    Nothing,
    /// The end of the stream.
    End,
}

/// httpd could not give the data.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("reading failed with status {0}")]
pub struct ReadFailed(pub sys::apr_status_t);

/// The state of one call.
pub struct Pass {
    /// httpd's filter.
    pub filter: *mut sys::ap_filter_t,
    /// Its request.
    pub request: *mut sys::request_rec,
    /// What is kept with the filter; NULL for a tag.
    pub instance: *mut Instance,
    /// What runs; NULL for a tag.
    pub entry: *const HandlerEntry,
    /// Its directory for this request, NULL where there is none.
    pub directory: *const c_char,
    /// What kind of call it is.
    pub kind: Kind,
    /// What can be read; NULL for a tag.
    pub source: Brigade,
    /// Output: what the caller has sent beyond `source`; NULL where there is nothing.
    pub rest: Brigade,
    /// What was written.
    pub queue: Brigade,
    /// How many bytes are in the queue.
    pub queued: usize,
    /// The filter has ended the stream.
    pub closed: bool,
    /// From now on data goes past Python.
    pub bypass: bool,
    /// The reader has met the end of the stream.
    pub met_end: bool,
    /// Something was read, written or handed on.
    pub progressed: bool,
    /// Input: the next filter was asked in this call.
    pub fetched: bool,
    /// What the next filter said last.
    pub status: sys::apr_status_t,
    /// Python is inside a method of the filter.
    pub busy: bool,
}

impl Pass {
    /// A call that has not begun.
    pub fn new(filter: *mut sys::ap_filter_t, request: *mut sys::request_rec, kind: Kind, queue: Brigade) -> Pass {
        Pass {
            filter,
            request,
            instance: ptr::null_mut(),
            entry: ptr::null(),
            directory: ptr::null(),
            kind,
            source: ptr::null_mut(),
            rest: ptr::null_mut(),
            queue,
            queued: 0,
            closed: false,
            bypass: false,
            met_end: false,
            progressed: false,
            fetched: false,
            status: sys::APR_SUCCESS,
            busy: false,
        }
    }

    /// Whether it is for data on its way in.
    pub fn is_input(&self) -> bool {
        matches!(self.kind, Kind::Input { .. })
    }

    /// What it is for.
    pub fn callback(&self) -> Callback {
        if self.is_input() { Callback::InputFilter } else { Callback::OutputFilter }
    }

    /// The filter's name.
    pub fn name(&self) -> &[u8] {
        // SAFETY: the filter is live while it is called; its record is httpd's, and so is what is kept with it.
        unsafe { bytes(self.instance.as_ref().map_or((*(*self.filter).frec).name, |instance| instance.name)) }
    }

    /// The handler's text.
    pub fn handler(&self) -> Option<&[u8]> {
        // SAFETY: NULL or an entry of the request's configuration or pool.
        unsafe { self.entry.as_ref() }.map(HandlerEntry::text)
    }

    /// The handler's directory; for a Location its text.
    pub fn directory(&self) -> Option<&[u8]> {
        // SAFETY: NULL or a text as long-lived as the request.
        unsafe { optional_bytes(self.directory) }
    }

    fn first(&self) -> *mut sys::apr_bucket {
        // SAFETY: the source is a live brigade; a tag's callers do not get here.
        unsafe { sys::mpy_brigade_first(self.source) }
    }

    fn is_empty(&self) -> bool {
        // SAFETY: as in `first`.
        unsafe { sys::mpy_brigade_is_empty(self.source) != 0 }
    }

    /// Whether [`Pass::head`] may have to wait for somebody.
    pub fn may_wait(&self) -> bool {
        if self.kind == Kind::Tag {
            return false;
        }
        if self.is_empty() {
            return self.is_input() && !self.fetched;
        }
        let bucket = self.first();
        // SAFETY: a bucket of the live brigade.
        unsafe { sys::mpy_bucket_is_metadata(bucket) != 0 || (*bucket).length == usize::MAX }
    }

    /// Brings what can be read next to the front. Markers on the way go to the next filter, in their place.
    ///
    /// # Errors
    /// What httpd said.
    pub fn head(&mut self) -> Result<Head, ReadFailed> {
        if self.kind == Kind::Tag {
            return Ok(Head::Nothing);
        }
        if self.is_input() && self.is_empty() && !self.fetched {
            self.fetch()?;
        }
        loop {
            let bucket = self.first();
            // SAFETY: the brigades are live, and nobody else uses them during the call.
            unsafe {
                if sys::mpy_brigade_is_end(self.source, bucket) != 0 {
                    return Ok(Head::Nothing);
                }
                if sys::mpy_bucket_is_eos(bucket) != 0 {
                    self.met_end = true;
                    return Ok(Head::End);
                }
                if sys::mpy_bucket_is_metadata(bucket) != 0 {
                    let flush = sys::mpy_bucket_is_flush(bucket) != 0;
                    sys::mpy_bucket_remove(bucket);
                    sys::mpy_brigade_append(self.queue, bucket);
                    if flush && self.kind == Kind::Output {
                        self.send();
                    }
                    continue;
                }
                if (*bucket).length == usize::MAX {
                    self.await_bucket(bucket)?;
                }
                if (*bucket).length != 0 {
                    return Ok(Head::Data);
                }
                sys::mpy_bucket_delete(bucket);
            }
        }
    }

    /// Reads a bucket whose length is not known. Before it waits, what was written is sent.
    fn await_bucket(&mut self, bucket: *mut sys::apr_bucket) -> Result<(), ReadFailed> {
        if self.kind == Kind::Output {
            let (mut data, mut length) = (ptr::null(), 0);
            // SAFETY: a data bucket of the live source.
            if unsafe { sys::mpy_bucket_read(bucket, &mut data, &mut length, 0) } == sys::APR_SUCCESS {
                return Ok(());
            }
            self.flush();
        }
        self.read(bucket).map(drop)
    }

    /// Asks the next filter for what the caller has asked for.
    ///
    /// # Errors
    /// What httpd said; that there is nothing yet is no error.
    pub fn fetch(&mut self) -> Result<(), ReadFailed> {
        let Kind::Input { mode, block, wanted } = self.kind else { return Ok(()) };
        self.fetched = true;
        // SAFETY: the filter and the brigade are live.
        self.status = unsafe { sys::ap_get_brigade((*self.filter).next, self.source, mode, block, wanted) };
        match self.status {
            sys::APR_SUCCESS => {
                // SAFETY: as above; a tag does not get here.
                unsafe { (*self.instance).exhausted |= super::ends(self.source) };
                Ok(())
            }
            libc::EAGAIN => Ok(()),
            status => Err(ReadFailed(status)),
        }
    }

    /// The bytes of a bucket, which stays where it is.
    fn read(&self, bucket: *mut sys::apr_bucket) -> Result<(*const c_char, usize), ReadFailed> {
        let (mut data, mut length) = (ptr::null(), 0);
        // SAFETY: a data bucket of the live source.
        match unsafe { sys::mpy_bucket_read(bucket, &mut data, &mut length, 1) } {
            sys::APR_SUCCESS => Ok((data, length)),
            status => Err(ReadFailed(status)),
        }
    }

    /// How many bytes are known to stand before the next marker, `limit` at most.
    pub fn ahead(&self, limit: usize) -> usize {
        let mut total: usize = 0;
        let mut bucket = self.first();
        // SAFETY: the buckets of the live source.
        unsafe {
            while total < limit
                && sys::mpy_brigade_is_end(self.source, bucket) == 0
                && sys::mpy_bucket_is_metadata(bucket) == 0
                && (*bucket).length != usize::MAX
            {
                total = total.saturating_add((*bucket).length);
                bucket = sys::mpy_bucket_next(bucket);
            }
        }
        total.min(limit)
    }

    /// Passes data to `sink`, which says how much of it it takes; stops where it takes less than all, at a marker, and
    /// where nothing is left. True: there is more for a sink with more space.
    fn drain(&mut self, mut sink: impl FnMut(&[u8]) -> usize) -> Result<bool, ReadFailed> {
        let mut any = false;
        loop {
            let bucket = self.first();
            // SAFETY: a bucket of the live source; its bytes are used before it changes.
            unsafe {
                if sys::mpy_brigade_is_end(self.source, bucket) != 0 || sys::mpy_bucket_is_metadata(bucket) != 0 {
                    return Ok(false);
                }
                if any && (*bucket).length == usize::MAX {
                    // There is something to go on with; this may have to be waited for.
                    return Ok(false);
                }
                if (*bucket).length != usize::MAX && (*bucket).length > WINDOW {
                    // A large file is mapped as far as it is read; one that cannot be split is read as a whole.
                    sys::mpy_bucket_split(bucket, WINDOW);
                }
                let (data, length) = self.read(bucket)?;
                let data = if length == 0 { &[] } else { std::slice::from_raw_parts(data.cast::<u8>(), length) };
                let taken = sink(data);
                any |= taken > 0;
                if taken > 0 {
                    self.progressed = true;
                    self.note_altered();
                }
                if taken == length {
                    sys::mpy_bucket_delete(bucket);
                    continue;
                }
                if taken > 0 {
                    sys::mpy_bucket_split(bucket, taken);
                    sys::mpy_bucket_delete(bucket);
                }
                return Ok(true);
            }
        }
    }

    /// Fills the room up to a marker. True: there is more for more room.
    ///
    /// # Errors
    /// What httpd said; the room's bytes are lost then.
    pub fn fill(&mut self, room: &mut Room<'_>) -> Result<bool, ReadFailed> {
        self.drain(|data| room.put(data))
    }

    /// A line with its newline, at most `limit` bytes of it; shorter at a marker or where nothing is left.
    ///
    /// # Errors
    /// As [`Pass::fill`].
    pub fn line(&mut self, limit: usize) -> Result<Vec<u8>, ReadFailed> {
        let mut line = Vec::new();
        let mut complete = false;
        self.drain(|data| {
            let window = &data[..data.len().min(limit - line.len())];
            let taken = match memchr::memchr(b'\n', window) {
                _ if complete => 0,
                Some(at) => at + 1,
                None => window.len(),
            };
            line.extend_from_slice(&data[..taken]);
            complete |= line.len() == limit || line.last() == Some(&b'\n');
            taken
        })?;
        Ok(line)
    }

    /// A generator wants more than this call of an input filter was meant to bring: it waits for it.
    pub fn ask_again(&mut self) {
        if let Kind::Input { mode, wanted, .. } = self.kind {
            self.kind = Kind::Input { mode, block: sys::apr_read_type_e_APR_BLOCK_READ, wanted };
            self.fetched = false;
        }
    }

    /// Throws away what could be read. True: the end of the stream was in it.
    ///
    /// # Errors
    /// As [`Pass::head`].
    pub fn swallow(&mut self) -> Result<bool, ReadFailed> {
        loop {
            match self.head()? {
                Head::Data => drop(self.drain(<[u8]>::len)?),
                Head::Nothing => return Ok(false),
                Head::End => return Ok(true),
            }
        }
    }
}

/// A call of a filter, as Python's object sees it.
#[derive(Clone, Copy)]
pub struct FilterPass<'r>(*mut Pass, std::marker::PhantomData<&'r Pass>);

impl Record for Pass {
    type View<'r> = FilterPass<'r>;

    unsafe fn view<'r>(record: *mut Pass) -> FilterPass<'r> {
        FilterPass(record, std::marker::PhantomData)
    }
}

impl FilterPass<'_> {
    /// Works with the call; None where another method of the same filter is under way, further out.
    pub fn exclusively<R>(self, work: impl FnOnce(&mut Pass) -> R) -> Option<R> {
        // SAFETY: the view's record is live, in the thread that runs the call; `busy` keeps a second borrow out.
        let pass = unsafe {
            if (*self.0).busy {
                return None;
            }
            &mut *self.0
        };
        pass.busy = true;
        let result = work(pass);
        pass.busy = false;
        Some(result)
    }
}
