//! The bytes of a connection as its filters give and take them (decrypted, for instance), and what httpd's errors mean.
//! For `py::conn_io`, which must not hold the GIL meanwhile.

use std::ffi::c_char;
use std::ptr;

use super::conn::Conn;
use super::conn_reader::{Source, Want};
use super::conn_state::ConnState;
use super::pool::bytes;
use super::sys;

/// Why a connection could not be read or written; the text is the system's or httpd's reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The peer was silent, or took nothing, for httpd's `Timeout`.
    #[error("{0}")]
    Timeout(String),
    /// The peer has left without a word.
    #[error("{0}")]
    Reset(String),
    /// The peer has closed the connection.
    #[error("{0}")]
    Closed(String),
    /// Anything else: a filter refuses.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// The peer has closed the connection in order.
    pub fn ended() -> Failure {
        Failure::Closed("the peer has closed the connection".to_owned())
    }

    fn of(status: sys::apr_status_t) -> Failure {
        match status {
            sys::APR_EOF => Failure::ended(),
            sys::APR_TIMEUP => Failure::Timeout(text(status)),
            sys::APR_ECONNRESET | sys::APR_EPIPE => Failure::Reset(text(status)),
            sys::APR_ECONNABORTED => Failure::Closed(text(status)),
            _ => Failure::Other(text(status)),
        }
    }
}

/// APR's sentence for an error.
fn text(status: sys::apr_status_t) -> String {
    let mut space = [0 as c_char; 120];
    // SAFETY: APR writes a NUL-terminated text of at most so many bytes.
    let text = unsafe { bytes(sys::apr_strerror(status, space.as_mut_ptr(), space.len())) };
    String::from_utf8_lossy(text).into_owned()
}

/// Which of the record's brigades.
#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

/// A brigade of the connection, taken out of its record for one call, so that a filter that comes back here gets
/// another one. Emptied and given back at the end.
struct Brigade(*mut sys::conn_rec, Way, *mut sys::apr_bucket_brigade);

impl Brigade {
    fn take(conn: Conn<'_>, way: Way) -> Brigade {
        let conn = conn.as_ptr();
        // SAFETY: a view's record is live, and this thread serves it; the record's borrow ends with the statement.
        unsafe {
            let known = std::mem::replace(&mut ConnState::ensure(conn).brigades[way as usize], ptr::null_mut());
            let new = || sys::apr_brigade_create((*conn).pool, (*conn).bucket_alloc);
            Brigade(conn, way, if known.is_null() { new() } else { known })
        }
    }
}

impl Drop for Brigade {
    fn drop(&mut self) {
        // SAFETY: as in take; the call that took the brigade has not left the view's closure.
        unsafe {
            sys::apr_brigade_cleanup(self.2.cast());
            ConnState::ensure(self.0).brigades[self.1 as usize] = self.2;
        }
    }
}

impl Source for Conn<'_> {
    fn pull(&mut self, want: Want, into: &mut Vec<u8>) -> Result<bool, Failure> {
        // Filters may answer with nothing at all for a while; a filter that does so for ever must not hold the thread.
        const EMPTY_ANSWERS: usize = 1000;
        let before = into.len();
        for _ in 0..EMPTY_ANSWERS {
            let end = receive(*self, want, into)?;
            if end || into.len() > before {
                return Ok(end);
            }
        }
        Err(Failure::Other("a filter of the connection gives nothing".to_owned()))
    }
}

/// One brigade of the input filters, appended to `into`; true: the connection ended with it.
fn receive(conn: Conn<'_>, want: Want, into: &mut Vec<u8>) -> Result<bool, Failure> {
    let (mode, count) = match want {
        Want::Bytes(count) => (sys::ap_input_mode_t_AP_MODE_READBYTES, count),
        Want::Peek(count) => (sys::ap_input_mode_t_AP_MODE_SPECULATIVE, count),
        Want::Line => (sys::ap_input_mode_t_AP_MODE_GETLINE, 0),
    };
    let brigade = Brigade::take(conn, Way::In);
    let (mut bucket, mut data, mut length) = (ptr::null_mut(), ptr::null(), 0);
    let (mut end, mut read) = (0, sys::APR_SUCCESS);
    // SAFETY: a view's record is live, and this thread serves it; a bucket's data is copied before the bucket goes.
    let got = unsafe {
        let block = sys::apr_read_type_e_APR_BLOCK_READ;
        let got = sys::ap_get_brigade((*conn.as_ptr()).input_filters, brigade.2, mode, block, count as sys::apr_off_t);
        // What came before a failure counts too.
        loop {
            bucket = sys::mpy_brigade_next(brigade.2, bucket, &mut data, &mut length, &mut end, &mut read);
            if bucket.is_null() {
                break;
            }
            into.extend_from_slice(std::slice::from_raw_parts(data.cast(), length));
        }
        got
    };
    match if got == sys::APR_SUCCESS { read } else { got } {
        sys::APR_SUCCESS => Ok(end != 0),
        sys::APR_EOF => Ok(true),
        status => Err(Failure::of(status)),
    }
}

impl Conn<'_> {
    /// Sends bytes to the peer, all of them, or as far as it takes them. May block: no GIL.
    ///
    /// # Errors
    /// Why they could not be sent; nothing more can be sent then.
    pub fn send(self, data: &[u8]) -> Result<(), Failure> {
        let (conn, brigade) = (self.as_ptr(), Brigade::take(self, Way::Out));
        // SAFETY: a view's record is live, and this thread serves it. The flush marker makes every filter send or copy
        // the data before the call returns.
        let status = unsafe {
            let alloc = (*conn).bucket_alloc;
            if !data.is_empty() {
                let bucket = sys::apr_bucket_transient_create(data.as_ptr().cast(), data.len(), alloc);
                sys::mpy_brigade_append(brigade.2, bucket);
            }
            sys::mpy_brigade_append(brigade.2, sys::apr_bucket_flush_create(alloc));
            sys::ap_pass_brigade((*conn).output_filters, brigade.2)
        };
        match status {
            sys::APR_SUCCESS if self.aborted() == 0 => Ok(()),
            sys::APR_SUCCESS => Err(Failure::of(sys::APR_ECONNABORTED)),
            status => Err(Failure::of(status)),
        }
    }
}
