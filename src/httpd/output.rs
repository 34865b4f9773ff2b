//! The response's body on its way into httpd's output filters. Small unflushed writes of a running phase are collected
//! in the request's record, so that a block costs neither a release of the GIL nor a walk through the filters.
//! `py::request` writes with it; whoever lets others write to the same client, and the dispatcher at a phase's end,
//! passes on what was collected.

use std::mem;

use super::request_state::RequestState;
use super::sys;

/// How much is collected.
const MOST: usize = 32 * 1024;

/// Longer pieces are passed on as they are: httpd does not copy them either.
const SMALL: usize = 8000;

/// Collects a small piece; false where it has to be sent.
///
/// # Safety
/// `request` is live and served by this thread.
pub unsafe fn collect(request: *mut sys::request_rec, data: &[u8]) -> bool {
    // SAFETY: the caller guarantees the request; the borrow ends here.
    match unsafe { RequestState::of(request) } {
        // Outside phases nobody would pass it on.
        Some(state) if state.phase.is_some() && data.len() < SMALL && state.output.len() + data.len() <= MOST => {
            state.output.extend_from_slice(data);
            state.bytes_queued += data.len() as u64;
            true
        }
        _ => false,
    }
}

/// Passes on what was collected, then the data; may block. False where the client does not take it.
///
/// # Safety
/// As [`collect`].
pub unsafe fn send(request: *mut sys::request_rec, data: &[u8], flush: bool) -> bool {
    // SAFETY: the caller guarantees the request; no borrow of its record lasts through the filters.
    unsafe {
        let mut collected = RequestState::of(request).map(|state| mem::take(&mut state.output)).unwrap_or_default();
        let sent = write(request, &collected) && write(request, data);
        if let Some(state) = RequestState::of(request) {
            if sent {
                state.bytes_queued += data.len() as u64;
            }
            // The space is used again, unless a filter wrote in the meantime.
            if state.output.is_empty() {
                collected.clear();
                state.output = collected;
            }
        }
        sent && (!flush || sys::ap_rflush(request) >= 0)
    }
}

/// A phase ends, or others are going to write: passes on what was collected. Whether the client takes it is found out
/// by whoever writes next.
///
/// # Safety
/// As [`collect`].
pub unsafe fn finish(request: *mut sys::request_rec) {
    // SAFETY: the caller guarantees the request.
    unsafe {
        if RequestState::of(request).is_some_and(|state| !state.output.is_empty()) {
            send(request, &[], false);
        }
    }
}

/// # Safety
/// As [`collect`].
unsafe fn write(request: *mut sys::request_rec, data: &[u8]) -> bool {
    // ap_rwrite takes an int.
    data.chunks(1 << 30).all(|part| {
        // SAFETY: the caller guarantees the request, the slice gives address and length.
        unsafe { sys::ap_rwrite(part.as_ptr().cast(), part.len() as i32, request) >= 0 }
    })
}
