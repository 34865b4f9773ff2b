//! What the module keeps with a connection: the handler that runs for the connection itself, and the brigades through
//! which Python reads and writes it. Lies in the connection's pool, so it needs no cleanup; host and images reach it by
//! pointer. Connections that Python never touches have none.

use std::ptr;

use super::config::{module_config, set_module_config};
use super::handler_list::HandlerEntry;
use super::pool::Pool;
use super::sys;
use crate::phase::Phase;

/// The record of one connection.
#[derive(Clone, Copy)]
pub struct ConnState {
    /// The phase of the connection itself that runs.
    pub phase: Option<Phase>,
    /// The handler that runs in it; NULL past the end of the list.
    pub entry: *const HandlerEntry,
    /// PythonConnectionHandler has been asked. httpd's hook runs again for each request of a connection that event has
    /// kept alive.
    pub asked: bool,
    /// The connection began as one with TLS.
    pub tls: bool,
    /// The brigades for what is read and written, empty between two calls; NULL before the first one and during one.
    pub brigades: [*mut sys::apr_bucket_brigade; 2],
}

impl ConnState {
    /// The record of a connection, None before Python touched it.
    ///
    /// # Safety
    /// `conn` is live; the caller keeps no other reference to the record.
    #[inline]
    pub unsafe fn of<'a>(conn: *const sys::conn_rec) -> Option<&'a mut ConnState> {
        // SAFETY: the caller guarantees it.
        unsafe { module_config((*conn).conn_config).cast::<ConnState>().as_mut() }
    }

    /// The record of a connection, made if missing.
    ///
    /// # Safety
    /// As [`ConnState::of`].
    pub unsafe fn ensure<'a>(conn: *mut sys::conn_rec) -> &'a mut ConnState {
        // SAFETY: the caller guarantees it; the record lives as long as the connection.
        unsafe {
            if let Some(state) = ConnState::of(conn) {
                return state;
            }
            let new =
                ConnState { phase: None, entry: ptr::null(), asked: false, tls: false, brigades: [ptr::null_mut(); 2] };
            let state = Pool::from_raw((*conn).pool).alloc(new);
            set_module_config((*conn).conn_config, state.cast());
            &mut *state
        }
    }
}
