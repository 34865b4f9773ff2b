//! The host's side of a connection's phases: choose the handlers and the interpreter, enter it, pass the result on. The
//! handlers are those of the server whose address the connection came in on; which virtual host is meant, a name would
//! have to tell. A connection without handlers pays a few instructions per hook.

use std::ffi::c_int;
use std::ptr;

use super::super::select;
use crate::abi::{Call, ConnectionCall};
use crate::guard;
use crate::httpd::config::ServerConfig;
use crate::httpd::conn_state::ConnState;
use crate::httpd::handler_list::HandlerList;
use crate::httpd::log::Owner;
use crate::httpd::server::Server;
use crate::httpd::sys;
use crate::httpd::tally::Running;
use crate::httpd::view::Record;
use crate::interp::watch::Facts;
use crate::phase::{Phase, Role};

/// pre_connection: the handlers of a client's new connection; httpd closes it unless this is OK or DECLINED.
///
/// # Safety
/// `conn` is what httpd passed to the hook.
#[inline(always)]
pub unsafe fn pre(conn: *mut sys::conn_rec) -> c_int {
    // SAFETY: the caller guarantees the connection.
    unsafe {
        match ServerConfig::of((*conn).base_server) {
            Some(config) if config.has_connection_handlers() => begin(conn, config),
            _ => sys::DECLINED,
        }
    }
}

/// The part of [`pre`] that connections without any handler never reach.
///
/// # Safety
/// As [`pre`].
#[inline(never)]
unsafe fn begin(conn: *mut sys::conn_rec, config: &ServerConfig) -> c_int {
    // SAFETY: the caller guarantees the connection. A proxy's own connections have no place in the scoreboard, streams of
    // HTTP/2 have a master.
    unsafe {
        if (*conn).sbh.is_null() || !(*conn).master.is_null() {
            return sys::DECLINED;
        }
        if sys::mpy_ssl_is_https(conn) != 0 {
            ConnState::ensure(conn).tls = true;
        }
        let Some(list) = config.connection_list(Phase::PreConnection) else { return sys::DECLINED };
        match run(Phase::PreConnection, conn, config, list) {
            // httpd takes DONE from its own core only, as the sign that all is prepared.
            sys::DONE => sys::HTTP_FORBIDDEN,
            result => result,
        }
    }
}

/// process_connection: the handler that takes the connection over; DECLINED leaves it to HTTP.
///
/// # Safety
/// `conn` is what httpd passed to the hook.
#[inline(always)]
pub unsafe fn process(conn: *mut sys::conn_rec) -> c_int {
    // SAFETY: the caller guarantees the connection.
    unsafe {
        let config = ServerConfig::of((*conn).base_server);
        match config.and_then(|config| Some((config, config.connection_list(Phase::Connection)?))) {
            Some((config, list)) => take_over(conn, config, list),
            None => sys::DECLINED,
        }
    }
}

/// The part of [`process`] that connections without a handler never reach.
///
/// # Safety
/// As [`process`].
#[inline(never)]
unsafe fn take_over(conn: *mut sys::conn_rec, config: &ServerConfig, list: &HandlerList) -> c_int {
    // SAFETY: the caller guarantees the connection.
    unsafe {
        // A stream of HTTP/2 is no connection of its own.
        if !(*conn).master.is_null() {
            return sys::DECLINED;
        }
        let state = ConnState::ensure(conn);
        // mod_ssl goes on in the clear where the peer speaks plain HTTP, to tell it so: that is no place for a protocol
        // that was to be encrypted.
        let handshake_failed = sys::mpy_conn_is_aborted(conn) != 0 || (state.tls && sys::mpy_ssl_is_https(conn) == 0);
        if std::mem::replace(&mut state.asked, true) || handshake_failed {
            return sys::DECLINED;
        }
        // The MPM counts this thread as idle otherwise.
        sys::ap_update_child_status_from_conn((*conn).sbh.cast(), sys::SERVER_BUSY_READ, conn);
        let result = run(Phase::Connection, conn, config, list);
        if result != sys::DECLINED
            && let Some(state) = (*conn).cs.as_mut()
        {
            // What event shall do next: flush, close our side, wait for the peer to close its own.
            state.state = sys::conn_state_e_CONN_STATE_LINGER;
        }
        result
    }
}

/// Runs a phase that has handlers.
///
/// # Safety
/// As [`process`]; `config` is the record of the connection's server.
#[inline(never)]
unsafe fn run(phase: Phase, conn: *mut sys::conn_rec, config: &ServerConfig, list: &HandlerList) -> c_int {
    guard::connection(conn, phase.name(), || {
        let settings = &config.settings;
        // SAFETY: the caller guarantees the connection and its server; the record is looked up again after the visit.
        unsafe {
            let view = sys::conn_rec::view(conn);
            let find = |server: Server| {
                let what = format_args!("phase {}", phase.name());
                select::find_for(select::of_server(server), server, Owner::Conn(view), what)
            };
            let Some(interp) = view.base_server().and_then(find) else { return sys::HTTP_INTERNAL_SERVER_ERROR };
            let _running = Running::begin(Role::Phase(phase));
            let state = ConnState::ensure(conn);
            (state.phase, state.entry) = (Some(phase), list.head);
            let mut call = ConnectionCall { conn, phase, settings, result: sys::HTTP_INTERNAL_SERVER_ERROR };
            match settings.time_limit() {
                None => interp.run(&mut Call::Connection(&mut call)),
                Some(limit) => {
                    let (whom, connection) = ((*conn).client_ip, view.carrier());
                    let facts = Facts { limit, what: phase.name(), whom, connection, server: view.base_server() };
                    interp.run_within(facts, &mut Call::Connection(&mut call));
                }
            }
            let state = ConnState::ensure(conn);
            (state.phase, state.entry) = (None, ptr::null());
            call.result
        }
    })
}
