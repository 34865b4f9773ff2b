//! A safe view of a connection.

use std::ffi::c_char;
use std::marker::PhantomData;

use super::conn_state::ConnState;
use super::pool::optional_bytes;
use super::server::Server;
use super::sys;
use super::table::Table;
use super::view::Record;

/// A live connection.
#[derive(Clone, Copy)]
pub struct Conn<'r>(*mut sys::conn_rec, PhantomData<&'r sys::conn_rec>);

impl Record for sys::conn_rec {
    type View<'r> = Conn<'r>;

    #[inline]
    unsafe fn view<'r>(record: *mut sys::conn_rec) -> Conn<'r> {
        Conn(record, PhantomData)
    }
}

/// The address of one end: text and port.
pub type Address<'r> = (Option<&'r [u8]>, u16);

impl<'r> Conn<'r> {
    /// The record.
    #[inline]
    pub fn as_ptr(self) -> *mut sys::conn_rec {
        self.0
    }

    /// The module's record of the connection for a moment, None where it has none.
    pub fn with_state<R>(self, look: impl FnOnce(&mut ConnState) -> R) -> Option<R> {
        // SAFETY: the view's record is live and served by this thread; the borrow ends with `look`.
        unsafe { ConnState::of(self.0) }.map(look)
    }

    #[inline]
    fn text(self, field: impl FnOnce(&sys::conn_rec) -> *const c_char) -> Option<&'r [u8]> {
        // SAFETY: the view's record is live; its texts are NULL or NUL-terminated and live in the connection's pool.
        unsafe { optional_bytes(field(&*self.0)) }
    }

    /// The server of the address that the connection came in on.
    pub fn base_server(self) -> Option<Server> {
        // SAFETY: the view's record is live, its server is one of the configuration this child serves with.
        unsafe { Server::from_raw((*self.0).base_server) }
    }

    /// The peer, None where httpd does not know it.
    pub fn client_addr(self) -> Option<Address<'r>> {
        // SAFETY: the view's record is live; the address is NULL or as long-lived.
        let address = unsafe { (*self.0).client_addr.as_ref() }?;
        Some((self.client_ip(), address.port))
    }

    /// This end, None where httpd does not know it.
    pub fn local_addr(self) -> Option<Address<'r>> {
        // SAFETY: as in `client_addr`.
        let address = unsafe { (*self.0).local_addr.as_ref() }?;
        Some((self.local_ip(), address.port))
    }

    /// `c->aborted`: 1 when the client is gone.
    pub fn aborted(self) -> u32 {
        // SAFETY: the view's record is live.
        unsafe { (*self.0).aborted }
    }

    /// The connection carries requests of another one: a stream of HTTP/2.
    pub fn is_secondary(self) -> bool {
        // SAFETY: the view's record is live.
        unsafe { !(*self.0).master.is_null() }
    }

    /// The connection by which this one's data goes, this one or the one that carries it: an address, for comparison only.
    pub fn carrier(self) -> usize {
        // SAFETY: the view's record is live.
        let master = unsafe { (*self.0).master };
        if master.is_null() { self.0 as usize } else { master as usize }
    }

    /// `c->double_reverse`: 0 no look-up, 1 matched, -1 failed.
    pub fn double_reverse(self) -> i32 {
        // SAFETY: the view's record is live.
        unsafe { (*self.0).double_reverse() }
    }

    /// `c->id`
    pub fn id(self) -> i64 {
        // SAFETY: the view's record is live.
        unsafe { (*self.0).id }
    }

    /// `c->keepalive`, AP_CONN_*
    pub fn keepalive(self) -> i32 {
        // SAFETY: the view's record is live.
        unsafe { (*self.0).keepalive as i32 }
    }

    /// Sets `c->keepalive`; a C enum holds any int.
    pub fn set_keepalive(self, value: i32) {
        // SAFETY: the view's record is live, and this thread serves it.
        unsafe { (*self.0).keepalive = value as sys::ap_conn_keepalive_e };
    }

    /// `c->keepalives`
    pub fn keepalives(self) -> i32 {
        // SAFETY: the view's record is live.
        unsafe { (*self.0).keepalives }
    }

    /// `c->notes`
    #[inline]
    pub fn notes(self) -> Table<'r> {
        // SAFETY: the view's record is live and served by this thread, so its table is.
        unsafe { Table::from_raw((*self.0).notes) }
    }
}

/// A text of the record, None for NULL.
macro_rules! texts {
    ($($name:ident)*) => {
        impl<'r> Conn<'r> {
            $(#[doc = concat!("`c->", stringify!($name), "`, None for NULL.")]
            pub fn $name(self) -> Option<&'r [u8]> {
                self.text(|conn| conn.$name)
            })*
        }
    };
}

texts!(client_ip local_ip remote_host remote_logname local_host log_id);
