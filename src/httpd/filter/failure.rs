//! The end of a response whose filter has failed: an error page while there is time for one, else an end that no client
//! takes for a complete response.

use super::{Instance, State};
use crate::httpd::output;
use crate::httpd::request::Request;
use crate::httpd::sys;
use crate::httpd::view::Record;

/// Ends the response. `status` is the error, `page` the text to show instead of httpd's own page. Returns what the filter
/// has to answer.
///
/// # Safety
/// The filter is live and called for output, by this thread; `instance` is kept with it.
pub unsafe fn fail(
    filter: *mut sys::ap_filter_t,
    instance: *mut Instance,
    status: i32,
    page: Option<&[u8]>,
) -> sys::apr_status_t {
    // SAFETY: the caller guarantees the filter, its request and connection. The page is copied.
    unsafe {
        let (request, conn) = ((*filter).r, (*filter).c);
        let begun = (*instance).passed;
        (*instance).state = State::Failed;
        (*instance).passed = true;
        let (pool, alloc) = ((*request).pool, (*conn).bucket_alloc);
        let brigade = Instance::take_brigade(instance, filter);
        let error = |status| sys::ap_bucket_error_create(status, std::ptr::null(), pool, alloc);
        if let Some(page) = page {
            if !begun {
                Request::start_error_page(sys::request_rec::view(request));
                sys::apr_table_unset((*request).headers_out, c"Content-Length".as_ptr());
            }
            sys::apr_brigade_write(brigade, None, std::ptr::null_mut(), page.as_ptr().cast(), page.len());
        } else {
            // Answered by httpd's header filter with an error page, as long as it has sent nothing.
            sys::mpy_brigade_append(brigade, error(status));
        }
        if begun {
            // What httpd's own proxy sends when its backend breaks off: no last chunk, the connection ends.
            sys::mpy_brigade_append(brigade, error(sys::HTTP_BAD_GATEWAY));
            (*conn).keepalive = sys::ap_conn_keepalive_e_AP_CONN_CLOSE;
        }
        sys::mpy_brigade_append(brigade, sys::apr_bucket_eos_create(alloc));
        let passed = sys::ap_pass_brigade((*filter).next, brigade);
        output::end(request);
        Instance::give_back(instance, brigade);
        if passed == sys::APR_SUCCESS && page.is_some() && !begun { passed } else { sys::AP_FILTER_ERROR }
    }
}

/// An input filter refuses the request: the client is told so with this status, as long as it has been told nothing, as
/// httpd does for bodies that it refuses itself.
///
/// # Safety
/// The filter is live and called for input, by this thread.
pub unsafe fn refuse(filter: *mut sys::ap_filter_t, status: i32) {
    // SAFETY: the caller guarantees the filter, its request and connection.
    unsafe {
        let (request, alloc) = ((*filter).r, (*(*filter).c).bucket_alloc);
        if (*request).sent_bodyct != 0 || (*request).eos_sent != 0 || !(*request).main.is_null() {
            return;
        }
        let brigade = sys::apr_brigade_create((*request).pool, alloc);
        let error = sys::ap_bucket_error_create(status, std::ptr::null(), (*request).pool, alloc);
        sys::mpy_brigade_append(brigade, error);
        sys::mpy_brigade_append(brigade, sys::apr_bucket_eos_create(alloc));
        sys::ap_pass_brigade((*request).output_filters, brigade);
        output::end(request);
    }
}
