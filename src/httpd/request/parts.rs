//! What a request has in parts: its URI, its lists, the client's address, the facts of its file.

use super::Request;
use crate::httpd::array;
use crate::httpd::finfo::Facts;
use crate::httpd::pool::optional_bytes;
use crate::httpd::sys;

/// The parts of a URI, as far as the request line has them.
#[derive(Clone, Copy)]
pub struct UriParts<'r> {
    /// As in https.
    pub scheme: Option<&'r [u8]>,
    /// User, password, host and port together.
    pub hostinfo: Option<&'r [u8]>,
    /// The user's name.
    pub user: Option<&'r [u8]>,
    /// The password.
    pub password: Option<&'r [u8]>,
    /// The host's name.
    pub hostname: Option<&'r [u8]>,
    /// The port, if it is written.
    pub port: Option<u16>,
    /// The path.
    pub path: Option<&'r [u8]>,
    /// What follows a question mark.
    pub query: Option<&'r [u8]>,
    /// What follows a number sign.
    pub fragment: Option<&'r [u8]>,
}

impl<'r> Request<'r> {
    /// The methods unknown to httpd in `r->allowed_methods`.
    pub fn allowed_methods(self) -> impl Iterator<Item = &'r [u8]> {
        // SAFETY: the view's record is live; its list is NULL or one of httpd's.
        unsafe {
            let list = (*self.0).allowed_methods.as_ref();
            array::texts(list.map_or(std::ptr::null(), |list| list.method_list.cast_const()))
        }
    }

    /// `r->allowed_xmethods`
    pub fn allowed_xmethods(self) -> impl Iterator<Item = &'r [u8]> {
        // SAFETY: the view's record is live; its array is NULL or holds texts.
        unsafe { array::texts((*self.0).allowed_xmethods) }
    }

    /// `r->content_languages`
    pub fn content_languages(self) -> impl Iterator<Item = &'r [u8]> {
        // SAFETY: the view's record is live; its array is NULL or holds texts.
        unsafe { array::texts((*self.0).content_languages) }
    }

    /// `r->parsed_uri`
    pub fn parsed_uri(self) -> UriParts<'r> {
        // SAFETY: the view's record is live; the parts are NULL or NUL-terminated and live as long.
        unsafe {
            let uri = &(*self.0).parsed_uri;
            UriParts {
                scheme: optional_bytes(uri.scheme),
                hostinfo: optional_bytes(uri.hostinfo),
                user: optional_bytes(uri.user),
                password: optional_bytes(uri.password),
                hostname: optional_bytes(uri.hostname),
                port: (!uri.port_str.is_null()).then_some(uri.port),
                path: optional_bytes(uri.path),
                query: optional_bytes(uri.query),
                fragment: optional_bytes(uri.fragment),
            }
        }
    }

    /// Address and port of the client as httpd believes them.
    pub fn useragent_addr(self) -> Option<(&'r [u8], u16)> {
        // SAFETY: the view's record is live; the address is NULL or lives as long as the connection.
        let address = unsafe { (*self.0).useragent_addr.as_ref() };
        self.useragent_ip().zip(address.map(|address| address.port))
    }

    /// Puts a copy of the facts into `r->finfo`.
    pub fn set_finfo(self, facts: Facts<'_>) {
        let (pool, info) = (self.pool(), facts.record());
        // SAFETY: a view's texts are NULL or NUL-terminated; the copies have the request's life.
        let text = |text| unsafe { optional_bytes(text) }.map_or(std::ptr::null(), |text| pool.dup(text).cast_const());
        let copy = sys::apr_finfo_t {
            pool: pool.as_ptr(),
            filehand: std::ptr::null_mut(),
            fname: text(info.fname),
            name: text(info.name),
            ..info
        };
        // SAFETY: the view's record is live.
        unsafe { (*self.0).finfo = copy };
    }
}
