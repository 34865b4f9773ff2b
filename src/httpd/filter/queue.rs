//! What a filter writes, on its way to the next filter (output) or to whoever asks (input).

use std::ptr;

use super::State;
use super::pass::{Kind, Pass, ReadFailed};
use crate::httpd::sys;

/// The queue of an output filter goes to the next filter when it has grown to this size, in bytes.
const QUEUE: usize = 64 * 1024;

/// Data of this size in one piece goes there at once, without being copied: the next filter copies what it keeps.
const DIRECT: usize = 16 * 1024;

impl Pass {
    /// Whether [`Pass::write`] sends something, and may wait for the client.
    pub fn would_send(&self, length: usize) -> bool {
        self.sends() && (length >= DIRECT || self.queued + length > QUEUE)
    }

    /// Whether what is written goes to the next filter, rather than to somebody who asked for it.
    fn sends(&self) -> bool {
        !self.is_input()
    }

    fn alloc(&self) -> *mut sys::apr_bucket_alloc_t {
        // SAFETY: the filter is live while it is called.
        unsafe { (*(*self.filter).c).bucket_alloc }
    }

    /// Queues a copy of the data; large data is sent at once.
    pub fn write(&mut self, data: &[u8]) {
        self.progressed = true;
        self.note_altered();
        let direct = self.sends() && data.len() >= DIRECT;
        // SAFETY: the queue is a live brigade. A transient bucket lives until `send` has returned; apr_brigade_write
        // copies.
        unsafe {
            if direct {
                let bucket = sys::apr_bucket_transient_create(data.as_ptr().cast(), data.len(), self.alloc());
                sys::mpy_brigade_append(self.queue, bucket);
                self.send();
                return;
            }
            sys::apr_brigade_write(self.queue, None, ptr::null_mut(), data.as_ptr().cast(), data.len());
        }
        self.queued += data.len();
        if self.sends() && self.queued > QUEUE {
            self.send();
        }
    }

    /// The data is not what the filter was given.
    pub fn note_altered(&mut self) {
        // SAFETY: NULL or what is kept with the filter, for a moment.
        if let Some(instance) = unsafe { self.instance.as_mut() } {
            instance.altered = true;
        }
    }

    /// Queues a flush marker and sends the queue.
    pub fn flush(&mut self) -> bool {
        // SAFETY: the queue is a live brigade.
        unsafe { sys::mpy_brigade_append(self.queue, sys::apr_bucket_flush_create(self.alloc())) };
        !self.sends() || self.send()
    }

    /// Queues the end of the stream and sends the queue; the second time nothing happens.
    pub fn close(&mut self) {
        if std::mem::replace(&mut self.closed, true) || self.kind == Kind::Tag {
            return;
        }
        self.progressed = true;
        // SAFETY: the queue is a live brigade.
        unsafe { sys::mpy_brigade_append(self.queue, sys::apr_bucket_eos_create(self.alloc())) };
        if self.kind == Kind::Output {
            self.send();
        }
    }

    /// Hands on what was not read, unchanged; with its end, the filter is closed.
    ///
    /// # Errors
    /// As [`Pass::fetch`].
    pub fn pass_on(&mut self) -> Result<(), ReadFailed> {
        if self.kind == Kind::Tag {
            return Ok(());
        }
        self.progressed = true;
        // SAFETY: the brigades are live.
        unsafe {
            if self.is_input() && sys::mpy_brigade_is_empty(self.source) != 0 && !self.fetched {
                self.fetch()?;
            }
            sys::mpy_brigade_concat(self.queue, self.source);
            if !self.rest.is_null() {
                sys::mpy_brigade_concat(self.queue, self.rest);
            }
            self.closed |= ends(self.queue);
        }
        if self.kind == Kind::Output {
            self.send();
        }
        Ok(())
    }

    /// The data that an output filter has not read is lost. The markers before the end are not: whoever makes the content
    /// says there that it could not go on, and no response is to look complete then.
    pub fn forget_rest(&mut self) {
        // SAFETY: the brigades are live, and nobody else uses them during the call.
        unsafe {
            loop {
                let bucket = sys::mpy_brigade_first(self.source);
                if sys::mpy_brigade_is_end(self.source, bucket) != 0 {
                    return;
                }
                if sys::mpy_bucket_is_eos(bucket) != 0 {
                    self.met_end = true;
                    return;
                }
                if sys::mpy_bucket_is_metadata(bucket) != 0 {
                    sys::mpy_bucket_remove(bucket);
                    sys::mpy_brigade_append(self.queue, bucket);
                } else {
                    self.note_altered();
                    sys::mpy_bucket_delete(bucket);
                }
            }
        }
    }

    /// Sends the queue of an output filter, for a tag the page up to here, to the next filter. False: it refuses data, now or since earlier.
    pub fn send(&mut self) -> bool {
        self.queued = 0;
        // SAFETY: the filter, its request, the queue and what is kept with the filter are live; httpd may call other
        // filters, and this one again, with other passes.
        unsafe {
            if sys::mpy_brigade_is_empty(self.queue) != 0 {
                return self.status == sys::APR_SUCCESS;
            }
            // A tag has none. The borrow ends before filters run.
            if let Some(instance) = self.instance.as_mut() {
                if instance.state == State::Failed {
                    // A call further in has ended the response: nothing may follow.
                    self.status = sys::AP_FILTER_ERROR;
                }
                if !instance.passed && instance.altered {
                    sys::apr_table_unset((*self.request).headers_out, c"Content-Length".as_ptr());
                }
                instance.passed |= self.status == sys::APR_SUCCESS;
            }
            if self.status == sys::APR_SUCCESS {
                self.status = sys::ap_pass_brigade((*self.filter).next, self.queue);
            }
            sys::apr_brigade_cleanup(self.queue.cast());
        }
        self.status == sys::APR_SUCCESS
    }
}

/// Whether the stream ends in the brigade.
///
/// # Safety
/// The brigade is live, and this thread uses it.
pub unsafe fn ends(brigade: super::Brigade) -> bool {
    // SAFETY: the caller guarantees it.
    unsafe {
        let mut bucket = sys::mpy_brigade_first(brigade);
        while sys::mpy_brigade_is_end(brigade, bucket) == 0 {
            if sys::mpy_bucket_is_eos(bucket) != 0 {
                return true;
            }
            bucket = sys::mpy_bucket_next(bucket);
        }
    }
    false
}
