//! The response on its way into httpd's output filters. Small unflushed writes are collected here, so that httpd's
//! filters see a few large pieces instead of many small ones.

use std::ptr;

use super::request_state::RequestState;
use super::sys;

/// Unflushed data is handed to httpd when this many bytes have come together.
const COLLECT: usize = 32 * 1024;

/// How many bytes there is room for at first.
const FIRST: usize = 512;

/// What was written and not handed to httpd yet, and the brigade that carries it.
pub struct Output {
    pending: Vec<u8>,
    brigade: *mut sys::apr_bucket_brigade,
    /// Bytes that were written, handed over or not.
    pub queued: u64,
    /// A filter has ended the response: nothing may follow, or the client takes it for the next one.
    ended: bool,
}

impl Default for Output {
    fn default() -> Output {
        Output { pending: Vec::new(), brigade: ptr::null_mut(), queued: 0, ended: false }
    }
}

/// Keeps unflushed data, which comes in parts, if it fits; false: it has to go through [`send`].
///
/// # Safety
/// `request` is live and its record was made; the caller keeps no reference to it.
#[inline]
pub unsafe fn collect(request: *mut sys::request_rec, parts: &[&[u8]]) -> bool {
    // SAFETY: the caller guarantees the request; the borrow ends here.
    let Some(state) = (unsafe { RequestState::of(request) }) else { return false };
    if state.output.ended {
        return false;
    }
    let pending = &mut state.output.pending;
    // SAFETY: the connection lives as long as its request.
    let aborted = unsafe { sys::mpy_conn_is_aborted((*request).connection) } != 0;
    let len = parts.iter().map(|part| part.len()).sum::<usize>();
    if aborted || pending.len() + len > COLLECT {
        return false;
    }
    if pending.capacity() - pending.len() < len {
        pending.reserve(len.max(FIRST));
    }
    for part in parts {
        pending.extend_from_slice(part);
    }
    state.output.queued += len as u64;
    true
}

/// Hands the collected data, then `data`, to httpd, and sends all of it to the client if `flush`. May block, and may run
/// filters: no GIL, no borrow of the record. False: the client is gone.
///
/// # Safety
/// `request` is live; this thread serves it.
pub unsafe fn send(request: *mut sys::request_rec, data: &[u8], flush: bool) -> bool {
    // SAFETY: the caller guarantees the request.
    unsafe {
        let pending = take(request);
        if has_ended(request) {
            return false;
        }
        count(request, data.len());
        let sent =
            if flush { pass(request, &pending, data) } else { buffer(request, &pending) && buffer(request, data) };
        give_back(request, pending);
        sent
    }
}

/// Hands the collected data to httpd's own buffer: what is small stays there, and httpd can tell the response's length.
///
/// # Safety
/// As [`send`].
pub unsafe fn release(request: *mut sys::request_rec) -> bool {
    // SAFETY: the caller guarantees the request.
    unsafe {
        if is_empty(request) {
            return true;
        }
        send(request, &[], false)
    }
}

/// The response has been ended by a filter, and so has that of the request it is included in.
///
/// # Safety
/// As [`collect`].
pub unsafe fn end(mut request: *mut sys::request_rec) {
    // SAFETY: the caller guarantees the request; a main request lives longer. The borrow ends here.
    unsafe {
        while !request.is_null() {
            if let Some(state) = RequestState::of(request) {
                state.output.ended = true;
            }
            request = (*request).main;
        }
    }
}

/// Whether [`end`] was called.
///
/// # Safety
/// As [`collect`].
pub unsafe fn has_ended(request: *mut sys::request_rec) -> bool {
    // SAFETY: the caller guarantees the request; the borrow ends here.
    unsafe { RequestState::of(request) }.is_some_and(|state| state.output.ended)
}

/// Whether nothing is collected.
///
/// # Safety
/// As [`collect`].
pub unsafe fn is_empty(request: *mut sys::request_rec) -> bool {
    // SAFETY: the caller guarantees the request; the borrow ends here.
    unsafe { RequestState::of(request) }.is_none_or(|state| state.output.ended || state.output.pending.is_empty())
}

/// Counts bytes that were given to httpd.
///
/// # Safety
/// As [`collect`].
pub unsafe fn count(request: *mut sys::request_rec, bytes: usize) {
    // SAFETY: the caller guarantees the request; the borrow ends here.
    if let Some(state) = unsafe { RequestState::of(request) } {
        state.output.queued += bytes as u64;
    }
}

unsafe fn take(request: *mut sys::request_rec) -> Vec<u8> {
    // SAFETY: as in `count`.
    unsafe { RequestState::of(request) }.map(|state| std::mem::take(&mut state.output.pending)).unwrap_or_default()
}

/// Keeps the space for the next writes, unless filters have written meanwhile.
unsafe fn give_back(request: *mut sys::request_rec, mut space: Vec<u8>) {
    // SAFETY: as in `count`.
    if let Some(state) = unsafe { RequestState::of(request) }.filter(|state| state.output.pending.capacity() == 0) {
        space.clear();
        state.output.pending = space;
    }
}

unsafe fn buffer(request: *mut sys::request_rec, data: &[u8]) -> bool {
    // ap_rwrite takes an int.
    data.chunks(1 << 30)
        // SAFETY: the caller guarantees the request; httpd copies or sends the data before it returns.
        .all(|part| unsafe { sys::ap_rwrite(part.as_ptr().cast(), part.len() as i32, request) } >= 0)
}

/// Passes the data and a flush marker down at once. What httpd itself has buffered goes first: its filter for that
/// stands on top of the others.
unsafe fn pass(request: *mut sys::request_rec, first: &[u8], second: &[u8]) -> bool {
    // SAFETY: the caller guarantees the request. The flush marker makes every filter send or copy the data before the
    // call returns.
    unsafe {
        let conn = (*request).connection;
        if sys::mpy_conn_is_aborted(conn) != 0 {
            return false;
        }
        let alloc = (*conn).bucket_alloc;
        let mut brigade = RequestState::of(request).map_or(ptr::null_mut(), |state| state.output.brigade);
        if brigade.is_null() {
            brigade = sys::apr_brigade_create((*request).pool, alloc);
        } else if let Some(state) = RequestState::of(request) {
            // A filter that writes meanwhile needs one of its own.
            state.output.brigade = ptr::null_mut();
        }
        for data in [first, second].into_iter().filter(|data| !data.is_empty()) {
            sys::mpy_brigade_append(brigade, sys::apr_bucket_transient_create(data.as_ptr().cast(), data.len(), alloc));
        }
        sys::mpy_brigade_append(brigade, sys::apr_bucket_flush_create(alloc));
        let status = sys::ap_pass_brigade((*request).output_filters, brigade);
        sys::apr_brigade_cleanup(brigade.cast());
        if let Some(state) = RequestState::of(request) {
            state.output.brigade = brigade;
        }
        status == sys::APR_SUCCESS && sys::mpy_conn_is_aborted(conn) == 0
    }
}
