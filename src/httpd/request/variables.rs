//! The CGI variables in `r->subprocess_env`.

use super::Request;
use crate::httpd::pool::bytes;
use crate::httpd::sys;

impl Request<'_> {
    /// `ap_add_common_vars`. May ask a name server.
    pub fn add_common_vars(self) {
        // SAFETY: the view's record is live.
        unsafe { sys::ap_add_common_vars(self.0) };
    }

    /// The variables of a CGI program, `REQUEST_URI` being this text or else the decoded path. May ask a name server.
    pub fn add_cgi_vars(self, request_uri: Option<&[u8]>) {
        // First, into an empty table where nothing has been set: httpd need not merge two then.
        self.add_common_vars();
        let (record, pool) = (self.0, self.pool());
        // SAFETY: the view's record is live, its texts are NULL or NUL-terminated; what the table keeps is static, a
        // copy of the request's life, or a text that lives as long.
        unsafe {
            let env = (*record).subprocess_env;
            let (uri, path_info) = (bytes((*record).uri), bytes((*record).path_info));
            let args = if (*record).args.is_null() { c"".as_ptr() } else { (*record).args.cast_const() };
            // The URI may still be edited in place; the table gets a copy.
            let whole = pool.dup(uri);
            let script = match uri.strip_suffix(path_info) {
                Some(script) if !path_info.is_empty() => pool.dup(script),
                // The path was rewritten in between: httpd's own comparison from the end.
                None => pool.dup(
                    &uri[..(sys::ap_find_path_info((*record).uri, (*record).path_info).max(0) as usize).min(uri.len())],
                ),
                Some(_) => whole,
            };
            sys::apr_table_setn(env, c"GATEWAY_INTERFACE".as_ptr(), c"CGI/1.1".as_ptr());
            sys::apr_table_setn(env, c"SERVER_PROTOCOL".as_ptr(), (*record).protocol);
            sys::apr_table_setn(env, c"REQUEST_METHOD".as_ptr(), (*record).method);
            sys::apr_table_setn(env, c"QUERY_STRING".as_ptr(), args);
            sys::apr_table_setn(env, c"REQUEST_URI".as_ptr(), request_uri.map_or(whole, |text| pool.dup(text)));
            sys::apr_table_setn(env, c"SCRIPT_NAME".as_ptr(), script);
            if !path_info.is_empty() {
                sys::apr_table_setn(env, c"PATH_INFO".as_ptr(), pool.dup(path_info));
            }
        }
    }
}
