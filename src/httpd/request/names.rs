//! What names things: server, client, realm, files, TLS.

use std::ffi::CStr;
use std::ptr;

use super::Request;
use crate::httpd::mime;
use crate::httpd::pool::optional_bytes;
use crate::httpd::sys;

impl<'r> Request<'r> {
    /// `ap_auth_name`
    pub fn auth_name(self) -> Option<&'r [u8]> {
        // SAFETY: the view's record is live; the result is NULL or NUL-terminated and lives as long.
        unsafe { optional_bytes(sys::ap_auth_name(self.0)) }
    }

    /// `ap_auth_type`
    pub fn auth_type(self) -> Option<&'r [u8]> {
        // SAFETY: the view's record is live; the result is NULL or NUL-terminated and lives as long.
        unsafe { optional_bytes(sys::ap_auth_type(self.0)) }
    }

    /// `ap_get_server_name`. May ask a name server.
    pub fn server_name(self) -> Option<&'r [u8]> {
        // SAFETY: the view's record is live; the result is NULL or NUL-terminated and lives as long.
        unsafe { optional_bytes(sys::ap_get_server_name(self.0)) }
    }

    /// `ap_construct_url`. May ask a name server.
    pub fn construct_url(self, uri: &CStr) -> Option<&'r [u8]> {
        // SAFETY: the view's record is live; httpd copies uri; the result is NUL-terminated and has the request's life.
        unsafe { optional_bytes(sys::ap_construct_url((*self.0).pool, uri.as_ptr(), self.0)) }
    }

    /// `ap_document_root`
    pub fn document_root(self) -> Option<&'r [u8]> {
        // SAFETY: the view's record is live; the result is NULL or NUL-terminated and lives as long.
        unsafe { optional_bytes(sys::ap_document_root(self.0)) }
    }

    /// Calls `found` with every extension that AddHandler maps to one of the handlers, see [`mime::extensions_of`].
    pub fn extensions_of(self, handlers: &[&[u8]], found: impl FnMut(&[u8])) {
        // SAFETY: the view's record is live.
        unsafe { mime::extensions_of(self.0, handlers, found) };
    }

    /// `ap_get_useragent_host`: name or address of the client, and a number other than 0 where it is an address. `kind`
    /// is one of the `REMOTE_` numbers. May ask a name server.
    pub fn remote_host(self, kind: i32) -> (Option<&'r [u8]>, i32) {
        let mut is_address = 0;
        // SAFETY: the view's record is live, the flag an int on the stack; the result is NULL or NUL-terminated and
        // lives as long as the request.
        let name = unsafe { optional_bytes(sys::ap_get_useragent_host(self.0, kind, &mut is_address)) };
        (name, is_address)
    }

    /// `ap_ssl_conn_is_ssl`: whether httpd encrypts the connection.
    pub fn is_https(self) -> bool {
        // SAFETY: the view's record is live, and so is its connection.
        unsafe { sys::mpy_ssl_is_https((*self.0).connection) != 0 }
    }

    /// A variable of mod_ssl, None where it is unknown or mod_ssl is absent.
    pub fn ssl_variable(self, name: &CStr) -> Option<&'r [u8]> {
        // SAFETY: the view's record is live with its pool, server and connection; the result is NULL or NUL-terminated
        // and lives in the request's pool or longer.
        let value = unsafe {
            let (pool, server, connection) = ((*self.0).pool, (*self.0).server, (*self.0).connection);
            optional_bytes(sys::mpy_ssl_var_lookup(pool, server, connection, self.0, name.as_ptr()))
        };
        // mod_ssl answers what it does not know with nothing.
        value.filter(|value| !value.is_empty())
    }

    /// The password of Basic credentials; sets `r->user` and `r->ap_auth_type`. None where there are none; if AuthType
    /// is Basic, `r->err_headers_out` then asks for them.
    pub fn basic_password(self) -> Option<&'r [u8]> {
        let mut password = ptr::null();
        // SAFETY: the view's record is live; httpd stores a NUL-terminated text of the request's pool.
        match unsafe { sys::ap_get_basic_auth_pw(self.0, &mut password) } {
            // SAFETY: as above.
            sys::OK => unsafe { optional_bytes(password) },
            sys::HTTP_UNAUTHORIZED => {
                self.challenge();
                None
            }
            _ => None,
        }
    }

    /// Asks for Basic credentials where httpd did not: it leaves that to mod_auth_basic, which may be absent.
    fn challenge(self) {
        // SAFETY: the view's record is live; the texts are NUL-terminated, the copy has the request's life.
        unsafe {
            let proxy = (*self.0).proxyreq == sys::PROXYREQ_PROXY;
            let header = if proxy { c"Proxy-Authenticate" } else { c"WWW-Authenticate" };
            if sys::apr_table_get((*self.0).err_headers_out, header.as_ptr()).is_null() {
                // httpd has escaped the quotes when it read AuthName.
                let realm = self.auth_name().unwrap_or_default();
                let value = self.pool().dup(&[b"Basic realm=\"", realm, b"\""].concat());
                sys::apr_table_setn((*self.0).err_headers_out, header.as_ptr(), value);
            }
        }
    }
}
