//! A safe view of a server: the main server or a virtual host. Its record is made while the configuration is read and
//! never changed while the child serves, so a view may be copied and kept.

use std::ptr::NonNull;

use super::config::ServerConfig;
use super::pool::optional_bytes;
use super::{array, sys};

/// A server of the configuration that this child serves with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Server(NonNull<sys::server_rec>);

// SAFETY: the record is not changed while the child serves (from_raw).
unsafe impl Send for Server {}
// SAFETY: as above.
unsafe impl Sync for Server {}

impl Server {
    /// None for NULL.
    ///
    /// # Safety
    /// `record` is NULL or a server of the configuration that this child serves with, which is complete and not changed
    /// any more.
    #[inline]
    pub unsafe fn from_raw(record: *mut sys::server_rec) -> Option<Server> {
        NonNull::new(record).map(Server)
    }

    /// The record.
    #[inline]
    pub fn as_ptr(self) -> *mut sys::server_rec {
        self.0.as_ptr()
    }

    /// The record, for Python's capsule.
    pub fn as_non_null(self) -> NonNull<sys::server_rec> {
        self.0
    }

    #[inline]
    fn record(self) -> &'static sys::server_rec {
        // SAFETY: the record lives, unchanged, as long as the child serves (from_raw).
        unsafe { self.0.as_ref() }
    }

    /// What this module keeps for the server; None where its configuration was never read.
    pub fn config(self) -> Option<&'static ServerConfig> {
        // SAFETY: the record is live and its configuration was read (from_raw).
        unsafe { ServerConfig::of(self.as_ptr()) }
    }

    /// `s->is_virtual`
    pub fn is_virtual(self) -> bool {
        self.record().is_virtual != 0
    }

    /// LogLevel as APLOG_*.
    pub fn log_level(self) -> i32 {
        self.record().log.level
    }

    /// Timeout in microseconds.
    pub fn timeout(self) -> i64 {
        self.record().timeout
    }

    /// KeepAliveTimeout in microseconds.
    pub fn keep_alive_timeout(self) -> i64 {
        self.record().keep_alive_timeout
    }

    /// ServerAlias values without wildcards.
    pub fn names(self) -> impl Iterator<Item = &'static [u8]> {
        // SAFETY: the configuration's array of texts (from_raw).
        unsafe { array::texts(self.record().names) }
    }

    /// ServerAlias values with wildcards.
    pub fn wild_names(self) -> impl Iterator<Item = &'static [u8]> {
        // SAFETY: as in `names`.
        unsafe { array::texts(self.record().wild_names) }
    }

    /// The next server of httpd's list, None at its end.
    pub fn next(self) -> Option<Server> {
        // SAFETY: httpd's list holds servers of the same configuration.
        unsafe { Server::from_raw(self.record().next) }
    }
}

/// A text of the record, None for NULL.
macro_rules! texts {
    ($($name:ident)*) => {
        impl Server {
            $(#[doc = concat!("`s->", stringify!($name), "`, None for NULL.")]
            pub fn $name(self) -> Option<&'static [u8]> {
                // SAFETY: the record's texts are NULL or NUL-terminated and live as long as it.
                unsafe { optional_bytes(self.record().$name) }
            })*
        }
    };
}

texts!(defn_name server_admin server_hostname error_fname path);

/// A number of the record.
macro_rules! numbers {
    ($($name:ident: $type:ty)*) => {
        impl Server {
            $(#[doc = concat!("`s->", stringify!($name), "`")]
            pub fn $name(self) -> $type {
                self.record().$name
            })*
        }
    };
}

numbers!(defn_line_number: u32 port: u16 keep_alive_max: i32 keep_alive: i32 pathlen: i32
    limit_req_line: i32 limit_req_fieldsize: i32 limit_req_fields: i32);
