//! The response: its head, and what is written.

use super::Request;
use crate::httpd::output;
use crate::httpd::request_state::ResponseHead;
use crate::httpd::send_file::{self, SendError};
use crate::httpd::sys;

impl Request<'_> {
    /// Keeps unflushed data, which comes in parts, if it fits; false: it has to go through [`Request::send`].
    #[inline]
    pub fn collect(self, parts: &[&[u8]]) -> bool {
        // SAFETY: the view's record is live; no borrow of its state is held.
        unsafe { output::collect(self.0, parts) }
    }

    /// Hands the collected data, then `data`, to httpd, and sends all of it to the client if `flush`. May block, and may
    /// run filters: no GIL. False: the client is gone.
    #[inline]
    pub fn send(self, data: &[u8], flush: bool) -> bool {
        // SAFETY: the view's record is live and served by this thread.
        unsafe { output::send(self.0, data, flush) }
    }

    /// Whether an SSI element runs in this request's page: what is written now would get into the middle of it.
    #[inline]
    pub fn is_in_element(self) -> bool {
        self.with_state(|state| state.elements > 0).unwrap_or(false)
    }

    /// Whether an output filter runs inside one that mod_filter has chosen: mod_filter cannot be called meanwhile.
    pub fn is_in_chosen_filter(self) -> bool {
        let running = self.with_state(|state| state.running_filter).unwrap_or(std::ptr::null());
        // SAFETY: the request and its chain of filters are live, and so is the filter that runs.
        unsafe {
            let mut filter = if running.is_null() { std::ptr::null_mut() } else { (*self.0).output_filters };
            while !filter.is_null() {
                if !(*(*filter).frec).providers.is_null() {
                    return true;
                }
                filter = if std::ptr::eq(filter, running) { std::ptr::null_mut() } else { (*filter).next };
            }
        }
        false
    }

    /// Whether nothing is collected.
    #[inline]
    pub fn nothing_collected(self) -> bool {
        // SAFETY: the view's record is live; no borrow of its state is held.
        unsafe { output::is_empty(self.0) }
    }

    /// Hands the collected data to httpd's own buffer. As [`Request::send`].
    #[inline]
    pub fn release(self) -> bool {
        // SAFETY: the view's record is live and served by this thread.
        unsafe { output::release(self.0) }
    }

    /// How many bytes were written, handed to httpd or not.
    pub fn bytes_queued(self) -> u64 {
        self.with_state(|state| state.output.queued).unwrap_or(0)
    }

    /// Hands the collected data to httpd, then `len` bytes of a file from `offset`, None: to its end. May block. Returns
    /// how many bytes that were.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn send_file(self, path: &[u8], offset: u64, len: Option<u64>) -> Result<usize, SendError> {
        if !self.release() {
            return Err(SendError::Client);
        }
        // SAFETY: the view's record is live and served by this thread; no borrow of its state is held.
        unsafe {
            let sent = send_file::send(self.0, path, offset, len)?;
            output::count(self.0, sent);
            Ok(sent)
        }
    }

    /// Runs a new request for `uri`, which answers the client in this one's place. May block.
    pub fn redirect(self, uri: &[u8]) {
        // A client that is gone is noticed by the new request.
        let _ = self.release();
        // SAFETY: the view's record is live while its phase runs; the copy lives as long.
        unsafe { sys::ap_internal_redirect(self.pool().dup(uri), self.0) };
    }

    /// The head of an error page: status 500, text/html.
    pub fn start_error_page(self) {
        // SAFETY: the view's record is live, the type a static text.
        unsafe { sys::ap_set_content_type(self.0, c"text/html".as_ptr()) };
        self.set_status(sys::HTTP_INTERNAL_SERVER_ERROR);
    }

    /// A WSGI application has started the response.
    pub fn is_started(self) -> bool {
        self.with_state(|state| state.before_wsgi.is_some()).unwrap_or(false)
    }

    /// Puts status and headers into the record, in place of those of an earlier call.
    pub fn start(self, number: i32, line: &[u8], headers: &[(Vec<u8>, Vec<u8>)]) {
        let pool = self.pool();
        // SAFETY: the view's record is live; copies have the request's life.
        unsafe {
            match self.with_state(|state| state.before_wsgi).flatten() {
                Some(before) => {
                    (*self.0).headers_out = sys::apr_table_copy(pool.as_ptr(), before.headers);
                    (*self.0).content_type = before.content_type;
                }
                None => {
                    let headers = sys::apr_table_copy(pool.as_ptr(), (*self.0).headers_out);
                    let head = ResponseHead { headers, content_type: (*self.0).content_type };
                    self.with_state(|state| state.before_wsgi = Some(head));
                }
            }
        }
        self.put_head(number, line, headers);
    }

    /// Adds status and headers to the record.
    pub fn put_head(self, number: i32, line: &[u8], headers: &[(Vec<u8>, Vec<u8>)]) {
        let pool = self.pool();
        // httpd follows the line only where its number is the status.
        self.set_status(number);
        self.set_status_line(line);
        for (name, value) in headers {
            let value = pool.dup(value);
            // SAFETY: the view's record is live; copies have the request's life.
            unsafe {
                sys::apr_table_addn((*self.0).headers_out, pool.dup(name), value);
                // httpd replaces this header by the record's type, which may come from the script's own file name.
                if name.eq_ignore_ascii_case(b"content-type") {
                    sys::ap_set_content_type(self.0, value);
                }
            }
        }
    }

    /// Ends a response that has begun as httpd's own proxy does when its backend breaks off: no last chunk, the
    /// connection ends. Nothing can be written any more. May block.
    pub fn cut(self) {
        // SAFETY: the view's record is live and served by this thread; no borrow of its state is held.
        unsafe {
            let conn = (*self.0).connection;
            let (pool, alloc) = ((*self.0).pool, (*conn).bucket_alloc);
            let brigade = sys::apr_brigade_create(pool, alloc);
            let error = sys::ap_bucket_error_create(sys::HTTP_BAD_GATEWAY, std::ptr::null(), pool, alloc);
            sys::mpy_brigade_append(brigade, error);
            sys::mpy_brigade_append(brigade, sys::apr_bucket_eos_create(alloc));
            (*conn).keepalive = sys::ap_conn_keepalive_e_AP_CONN_CLOSE;
            // A client that is gone needs no end.
            let _ = sys::ap_pass_brigade((*self.0).output_filters, brigade);
            output::end(self.0);
        }
    }
}
