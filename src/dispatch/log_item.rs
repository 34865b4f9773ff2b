//! `%{module::object}^py` in mod_log_config's LogFormat: a Python function gives a part of a line. Runs in the host copy.

use std::ffi::c_char;
use std::ptr;

use super::callback;
use crate::guard;
use crate::httpd::handler_list::{HandlerEntry, Place};
use crate::httpd::pool::{Pool, bytes};
use crate::httpd::sys;
use crate::phase::Callback;

/// mod_log_config's callback: the text for a request, NULL for `-`. Whatever could end a line or forge one is escaped, as
/// httpd does with headers.
pub unsafe extern "C" fn item(request: *mut sys::request_rec, function: *mut c_char) -> *const c_char {
    guard::callback(request, Callback::LogItem.name(), ptr::null(), || {
        let entry = HandlerEntry { text: function, place: Place::None, silent: false, next: ptr::null() };
        // SAFETY: mod_log_config passes a live request, and what stands between the braces.
        unsafe {
            if bytes(function).is_empty() {
                callback::refuse(
                    request,
                    Callback::LogItem,
                    &entry,
                    "there is no function, write %{module::object}^py",
                );
                return ptr::null();
            }
            match callback::text(request, Callback::LogItem, &entry, &[]) {
                Ok(Some(text)) => {
                    let pool = Pool::from_raw((*request).pool);
                    sys::ap_escape_logitem(pool.as_ptr(), pool.dup(&text))
                }
                Ok(None) | Err(_) => ptr::null(),
            }
        }
    })
}
