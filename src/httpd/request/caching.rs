//! What caches and clients go by: times, conditions, lengths, methods.

use super::Request;
use crate::httpd::sys;

impl Request<'_> {
    /// `ap_update_mtime`: sets `r->mtime` if the time is later.
    pub fn update_mtime(self, time: sys::apr_time_t) {
        // SAFETY: the view's record is live.
        unsafe { sys::ap_update_mtime(self.0, time) };
    }

    /// Adds method names to those of the Allow header.
    pub fn allow_methods<'a>(self, names: impl IntoIterator<Item = &'a [u8]>) {
        for name in names {
            // SAFETY: the view's record is live, and so is its list of methods; the copy has the request's life.
            unsafe { sys::ap_method_list_add((*self.0).allowed_methods, self.pool().dup(name)) };
        }
    }

    /// Empties the list of the Allow header.
    pub fn clear_methods(self) {
        // SAFETY: the view's record is live, and so is its list of methods.
        unsafe { sys::ap_clear_method_list((*self.0).allowed_methods) };
    }

    /// `ap_meets_conditions`: OK or a status.
    pub fn meets_conditions(self) -> i32 {
        // SAFETY: the view's record is live.
        unsafe { sys::ap_meets_conditions(self.0) }
    }

    /// `ap_set_content_length`
    pub fn set_content_length(self, length: i64) {
        // SAFETY: the view's record is live.
        unsafe { sys::ap_set_content_length(self.0, length) };
    }

    /// `ap_set_etag`. May read the file.
    pub fn set_etag(self) {
        // SAFETY: the view's record is live.
        unsafe { sys::ap_set_etag(self.0) };
    }

    /// `ap_set_last_modified`
    pub fn set_last_modified(self) {
        // SAFETY: the view's record is live.
        unsafe { sys::ap_set_last_modified(self.0) };
    }
}
