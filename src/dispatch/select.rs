//! Which interpreter serves a request. Reads the merged configuration, touches no Python.

use std::ffi::{CStr, CString, c_char};
use std::fmt::Arguments;
use std::ptr;

use crate::httpd::config::{GilMode, ServerConfig, Settings};
use crate::httpd::handler_list::HandlerEntry;
use crate::httpd::log::{Level, Owner};
use crate::httpd::pool::{Pool, bytes};
use crate::httpd::server::Server;
use crate::httpd::{listeners, sys};
use crate::interp::InterpError;
use crate::interp::table::{self, Interp, MAIN};

/// The interpreter's name for a request: the first rule that applies of PythonInterpreter, PythonInterpPerDirectory,
/// PythonInterpPerDirective, the server's name.
///
/// # Safety
/// `request` is live; `settings` is its merged configuration, `entry` the first handler of the phase.
pub unsafe fn interpreter(
    request: *const sys::request_rec,
    settings: Option<&Settings>,
    entry: Option<&HandlerEntry>,
) -> *const c_char {
    // SAFETY: the caller guarantees the request, whose texts are NULL or NUL-terminated.
    unsafe {
        let name = match settings {
            Some(settings) if !settings.interpreter.is_null() => settings.interpreter,
            Some(settings) if settings.per_directory.is_on() => file_directory(request),
            Some(settings) if settings.per_directive.is_on() => entry_directory(request, entry),
            _ => (*(*request).server).server_hostname.cast_const(),
        };
        if name.is_null() { MAIN.as_ptr() } else { name }
    }
}

/// The interpreter's name for what a server does without a request: PythonInterpreter, then the main interpreter where
/// PythonInterpPerDirective is On, since there is no directory, then the server's name.
pub fn of_server(server: Server) -> &'static [u8] {
    let settings = server.config().map(|config| &config.settings);
    let per_directive = settings.is_some_and(|settings| settings.per_directive.is_on());
    // SAFETY: NULL or NUL-terminated, as long-lived as the configuration.
    let named = settings.and_then(|settings| unsafe { settings.interpreter.as_ref().map(|name| bytes(name)) });
    named.or_else(|| server.server_hostname().filter(|_| !per_directive)).unwrap_or(MAIN.to_bytes())
}

/// As [`find`], for a server.
pub fn find_for(name: &[u8], server: Server, owner: Owner<'_>, what: Arguments<'_>) -> Option<&'static Interp> {
    // SAFETY: a server of the configuration that this child serves with.
    unsafe { find(name, server.as_ptr(), owner, what) }
}

/// The directory of `r->filename`, with one trailing slash; NULL where no file is known.
unsafe fn file_directory(request: *const sys::request_rec) -> *const c_char {
    // SAFETY: as in interpreter.
    let (filename, is_directory, pool) = unsafe {
        let request = &*request;
        let is_directory = request.finfo.filetype == sys::apr_filetype_e_APR_DIR;
        (bytes(request.filename), is_directory, Pool::from_raw(request.pool))
    };
    if filename.is_empty() {
        return ptr::null();
    }
    if is_directory {
        let end = filename.iter().rposition(|&byte| byte != b'/').map_or(0, |at| at + 1);
        return pool.dup(&[&filename[..end], b"/"].concat());
    }
    match memchr::memrchr(b'/', filename) {
        Some(at) => pool.dup(&filename[..=at]),
        None => ptr::null(),
    }
}

unsafe fn entry_directory(request: *const sys::request_rec, entry: Option<&HandlerEntry>) -> *const c_char {
    // SAFETY: as in interpreter.
    entry.map_or(ptr::null(), |entry| unsafe { entry.directory(request) })
}

/// Finds the interpreter of a name, made for this server if it is new; None with a line in the owner's log where it
/// cannot be had. `what` needs it.
///
/// # Safety
/// `server` is a live server record.
pub unsafe fn find(
    name: &[u8],
    server: *const sys::server_rec,
    owner: Owner<'_>,
    what: Arguments<'_>,
) -> Option<&'static Interp> {
    // SAFETY: the caller guarantees it.
    let own_gil = unsafe { own_gil(server) };
    table::find(name, own_gil).map_err(|error| not_found(name, owner, what, &error)).ok()
}

/// Logs that an interpreter cannot be had.
pub fn not_found(name: &[u8], owner: Owner<'_>, what: Arguments<'_>, error: &InterpError) {
    let name = String::from_utf8_lossy(name);
    let text = format!("MPY0204: can't get/create interpreter '{name}' ({what}): {error}");
    owner.log(Level::ERR, text.as_bytes());
}

/// As [`find`], for a server and without a line in the log.
///
/// # Errors
/// Why it cannot be had.
pub fn get(name: &[u8], server: Server) -> Result<&'static Interp, InterpError> {
    // SAFETY: a server of the configuration that this child serves with.
    table::find(name, unsafe { own_gil(server.as_ptr()) })
}

/// Whether an interpreter made for this server gets a GIL of its own.
///
/// # Safety
/// `server` is a live server record.
unsafe fn own_gil(server: *const sys::server_rec) -> bool {
    // SAFETY: the caller guarantees it.
    unsafe { ServerConfig::of(server) }.is_some_and(|config| config.gil == GilMode::Own)
}

/// The server name that is bound to the main interpreter: the first, in configuration order, of a server that names
/// code to run; else of one that has any Python directive; else of any server. A virtual host has what the main server
/// has; the main server itself counts only where a listening address leads to it.
///
/// # Safety
/// Called in post_config with its main server.
pub unsafe fn main_name(main_server: *const sys::server_rec) -> Option<CString> {
    // SAFETY: the caller guarantees it.
    let (inherited, reachable) = unsafe {
        (ServerConfig::of(main_server).map_or(0, ServerConfig::rank), listeners::reach_main_server(main_server))
    };
    let mut best: Option<(u8, *const c_char)> = None;
    let mut known_is_main = false;
    let mut server = main_server;
    while !server.is_null() {
        // SAFETY: httpd's list of servers, whose configuration was merged.
        let (config, name, next) =
            unsafe { (ServerConfig::of(server), (*server).server_hostname, (*server).next.cast_const()) };
        let is_main = server == main_server;
        server = next;
        let Some(config) = config.filter(|_| (reachable || !is_main) && !name.is_null()) else { continue };
        let rank = config.rank().max(inherited);
        // core.c puts each virtual host in front of those it has read: among equals the last of the list is the first
        // of the configuration, but the main server stands before all.
        let better = best.is_none_or(|(known, _)| rank > known || (rank == known && !known_is_main));
        if better {
            best = Some((rank, name));
            known_is_main = is_main;
        }
    }
    // SAFETY: NUL-terminated, checked for NULL above.
    best.map(|(_, name)| unsafe { CStr::from_ptr(name) }.to_owned())
}
