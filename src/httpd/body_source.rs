//! The body of one httpd request: httpd's input filters as a [`Source`], and the place in the request's record where the
//! one reader is kept. `py::request::read` works with it.

use std::ffi::c_int;
use std::mem;
use std::ptr;

use super::body::{Failure, Progress, Reader, Room, Source};
use super::body_whole::Kept;
use super::request_state::RequestState;
use super::sys;

/// Where a request keeps its reader.
#[derive(Default)]
pub enum BodySlot {
    /// Nobody has read yet.
    #[default]
    Unused,
    /// The reader, at rest.
    Kept(Box<Body>),
    /// A read is under way: an input filter of this request asks for the body it is passing on.
    InUse,
}

/// The body of a request.
pub struct Body {
    reader: Reader,
    filters: Filters,
    /// What a form has left of it.
    pub kept: Kept,
}

/// httpd's input filters of a request.
struct Filters {
    request: *mut sys::request_rec,
    /// Made at the first pull, in the request's pool, and empty between two of them.
    brigade: *mut sys::apr_bucket_brigade,
}

impl Body {
    /// Takes the reader out of the request's record, for one call; [`Body::put_back`] returns it. None while another
    /// call has it.
    ///
    /// # Safety
    /// `request` is live and has a record, and this thread serves it.
    pub unsafe fn take(request: *mut sys::request_rec) -> Option<Box<Body>> {
        // SAFETY: the caller guarantees the request; the borrow ends with the statement.
        let slot = unsafe { RequestState::of(request) }.map(|state| mem::replace(&mut state.body, BodySlot::InUse))?;
        match slot {
            BodySlot::Kept(body) => Some(body),
            // SAFETY: as above.
            BodySlot::Unused => Some(Box::new(unsafe { Body::open(request) })),
            BodySlot::InUse => None,
        }
    }

    /// Returns the reader to the request's record.
    pub fn put_back(self: Box<Body>) {
        // SAFETY: the request is live since `take`: the call that took the body runs in one of its phases.
        if let Some(state) = unsafe { RequestState::of(self.filters.request) } {
            state.body = BodySlot::Kept(self);
        }
    }

    /// # Safety
    /// `request` is live.
    unsafe fn open(request: *mut sys::request_rec) -> Body {
        let filters = Filters { request, brigade: ptr::null_mut() };
        // SAFETY: the caller guarantees the request.
        unsafe {
            let begun = (*request).read_length > 0;
            let status = sys::ap_setup_client_block(request, sys::REQUEST_CHUNKED_DECHUNK as c_int);
            let progress = if status != sys::OK {
                Progress::Failed(Failure::Status(status))
            } else if begun {
                let (reader, kept) = inherited(request);
                return Body { reader, filters, kept };
            } else if (*request).read_chunked == 0 && (*request).remaining <= 0 {
                Progress::End
            } else {
                Progress::More
            };
            Body { reader: Reader::new(progress), filters, kept: Kept::Nothing }
        }
    }

    /// The bytes at hand.
    pub fn buffered(&self) -> &[u8] {
        self.reader.buffered()
    }

    /// Gives away the first bytes at hand.
    pub fn consume(&mut self, count: usize) {
        self.reader.consume(count);
    }

    /// Whether everything has been taken from the client.
    pub fn at_end(&self) -> bool {
        self.reader.progress() == Progress::End
    }

    /// How many bytes are left according to Content-Length, None where it tells nothing. Filters may change the body,
    /// and a client may announce anything.
    pub fn announced(&self) -> Option<usize> {
        // SAFETY: the request is live since `take`.
        let (length, taken) = unsafe { ((*self.filters.request).remaining, (*self.filters.request).read_length) };
        let left = usize::try_from(length - taken).ok().filter(|left| *left > 0)?;
        Some(self.buffered().len() + left)
    }

    /// See [`Reader::fill`].
    ///
    /// # Errors
    /// As there.
    pub fn fill(&mut self, room: &mut Room<'_>) -> Result<(), Failure> {
        self.reader.fill(&mut self.filters, room)
    }

    /// See [`Reader::has_more`].
    ///
    /// # Errors
    /// As there.
    pub fn has_more(&mut self) -> Result<bool, Failure> {
        self.reader.has_more(&mut self.filters)
    }

    /// See [`Reader::ready_line`].
    pub fn ready_line(&self, limit: usize) -> Option<usize> {
        self.reader.ready_line(limit)
    }

    /// See [`Reader::line`].
    ///
    /// # Errors
    /// As there.
    pub fn line(&mut self, limit: usize) -> Result<usize, Failure> {
        self.reader.line(&mut self.filters, limit)
    }

    /// Reads the rest and throws it away. OK or an HTTP status.
    pub fn discard(&mut self) -> c_int {
        self.reader.discard();
        // SAFETY: the request is live since `take`.
        unsafe { sys::ap_discard_request_body(self.filters.request) }
    }
}

/// The reader of a request whose body was begun by somebody else: by the request this one was redirected from, whose
/// bytes at hand it gets, or by a module that has not left us anything.
///
/// # Safety
/// `request` is live.
unsafe fn inherited(request: *mut sys::request_rec) -> (Reader, Kept) {
    // SAFETY: the caller guarantees the request; the one it came from lives at least as long.
    let slot = unsafe {
        match (*request).prev {
            origin if origin.is_null() => None,
            origin => RequestState::of(origin).map(|state| &mut state.body),
        }
    };
    match slot {
        Some(slot @ BodySlot::Kept(_)) => match mem::take(slot) {
            BodySlot::Kept(body) => (body.reader, body.kept),
            _ => (Reader::new(Progress::End), Kept::Nothing),
        },
        _ => (Reader::new(Progress::End), Kept::Nothing),
    }
}

/// What an error of the input filters means.
///
/// # Safety
/// `request` is live.
unsafe fn failure(request: *const sys::request_rec, error: sys::apr_status_t) -> Failure {
    // SAFETY: the caller guarantees the request; the mapping is a pure function.
    let (status, answered) = unsafe {
        let status = sys::ap_map_http_request_error(error, sys::HTTP_REQUEST_TIME_OUT);
        (status, Some((*request).status).filter(|status| (*request).eos_sent != 0 && *status >= sys::HTTP_BAD_REQUEST))
    };
    match (status, answered) {
        (sys::AP_FILTER_ERROR, Some(status)) => Failure::Answered(status),
        (sys::AP_FILTER_ERROR, None) => Failure::Status(sys::HTTP_INTERNAL_SERVER_ERROR),
        (sys::HTTP_REQUEST_TIME_OUT, _) => Failure::Client,
        (status, _) => Failure::Status(status),
    }
}

impl Source for Filters {
    fn pull(&mut self, want: usize, sink: &mut dyn FnMut(&[u8])) -> Result<bool, Failure> {
        // Filters may answer with nothing at all for a while; a filter that does so for ever must not hold the thread.
        const EMPTY_ANSWERS: usize = 1000;
        for _ in 0..EMPTY_ANSWERS {
            // SAFETY: the request is live while its body is out of its slot.
            let (count, end) = unsafe { self.brigade(want, sink) }?;
            if count > 0 || end {
                return Ok(end);
            }
        }
        Err(Failure::Client)
    }
}

impl Filters {
    /// One brigade of the input filters; how many bytes it had, and whether the body ended with it.
    ///
    /// # Safety
    /// The request is live.
    unsafe fn brigade(&mut self, want: usize, sink: &mut dyn FnMut(&[u8])) -> Result<(usize, bool), Failure> {
        let (request, mut count, mut end) = (self.request, 0, 0);
        // SAFETY: the caller guarantees the request; a bucket's data is passed on before the bucket goes.
        unsafe {
            if self.brigade.is_null() {
                self.brigade = sys::apr_brigade_create((*request).pool, (*(*request).connection).bucket_alloc);
            }
            let brigade = self.brigade;
            let mode = sys::ap_input_mode_t_AP_MODE_READBYTES;
            let block = sys::apr_read_type_e_APR_BLOCK_READ;
            let mut status =
                sys::ap_get_brigade((*request).input_filters, brigade, mode, block, want as sys::apr_off_t);
            let (mut bucket, mut data, mut length) = (ptr::null_mut(), ptr::null(), 0);
            while status == sys::APR_SUCCESS {
                bucket = sys::mpy_brigade_next(brigade, bucket, &mut data, &mut length, &mut end, &mut status);
                if bucket.is_null() {
                    break;
                }
                sink(std::slice::from_raw_parts(data.cast(), length));
                count += length;
            }
            sys::apr_brigade_cleanup(brigade.cast());
            (*request).read_length += count as sys::apr_off_t;
            if status != sys::APR_SUCCESS {
                // What is left of the body cannot be told from the next request.
                (*(*request).connection).keepalive = sys::ap_conn_keepalive_e_AP_CONN_CLOSE;
                return Err(failure(request, status));
            }
            if end != 0 {
                (*request).remaining = if (*request).read_chunked != 0 { -1 } else { 0 };
            }
        }
        Ok((count, end != 0))
    }
}
