//! The directives that name handlers: the phases, PythonHandlerModule, the filters.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use super::{Answer, Scope};
use crate::dispatch::filter::FILTERS;
use crate::httpd::config::{FilterNode, ServerConfig};
use crate::httpd::handler_list::{ExtNode, HandlerEntry, HandlerList, Place};
use crate::httpd::pool::bytes;
use crate::httpd::{filter, process, section, sys};
use crate::parse::handler::{self, HandlerLine};
use crate::phase::{Callback, PHASES, Phase};

/// The phases that PythonHandlerModule fills.
const MODULE_PHASES: [Phase; 12] = [
    Phase::PostReadRequest,
    Phase::Trans,
    Phase::HeaderParser,
    Phase::Access,
    Phase::Authen,
    Phase::Authz,
    Phase::Type,
    Phase::Fixup,
    Phase::Content,
    Phase::Init,
    Phase::Log,
    Phase::Cleanup,
];

/// Callback of the phase directives.
pub(super) unsafe extern "C" fn phase_handlers(
    cmd: *mut sys::cmd_parms,
    dir: *mut c_void,
    args: *const c_char,
) -> Answer {
    // SAFETY: httpd's arguments.
    let (mut scope, value) = unsafe { (Scope::new(cmd, dir), bytes(args)) };
    let Some(info) = PHASES.get(scope.data()) else { return scope.error("unknown phase") };
    let line = handler::split_line(value);
    if info.early && line.bar {
        return scope.error(&format!("{} does not accept \"| .ext\" syntax.", scope.name()));
    }
    if let Some(doubt) = handler::doubts(&line) {
        scope.warn(&doubt);
    }
    if info.phase == Phase::MapToStorage {
        // httpd looks for directories and files after this phase.
        // SAFETY: cmd is httpd's.
        let refused = unsafe { section::refused_but_in_location(scope.cmd) };
        if !refused.is_null() {
            return refused;
        }
    }
    match info.phase {
        Phase::Connection => connection(&mut scope, &line),
        Phase::PreConnection => pre_connection(&mut scope, &line),
        phase => add(&mut scope, phase, &line, false),
    }
}

/// Callback of the directives whose handlers belong to a server and get no request.
pub(super) unsafe extern "C" fn server_handlers(
    cmd: *mut sys::cmd_parms,
    dir: *mut c_void,
    args: *const c_char,
) -> Answer {
    // SAFETY: httpd's arguments.
    let (mut scope, value) = unsafe { (Scope::new(cmd, dir), bytes(args)) };
    let Some(&callback) = Callback::ALL.get(scope.data()) else { return scope.error("unknown directive") };
    let line = handler::split_line(value);
    if line.bar {
        return scope.error(&format!("{} does not accept \"| .ext\" syntax.", scope.name()));
    }
    if let Some(doubt) = handler::doubts(&line) {
        scope.warn(&doubt);
    }
    scope.mark_server(ServerConfig::HAS_CODE);
    let pool = scope.pool();
    let Some(list) = scope.server().and_then(|server| server.lists.place(callback)) else { return ptr::null() };
    for text in &line.handlers {
        if list.is_null() {
            *list = HandlerList::new(pool);
        }
        let entry = HandlerEntry { text: pool.dup(text), place: Place::None, silent: false, next: ptr::null() };
        // SAFETY: the list belongs to the server being read; nobody else has seen it yet.
        unsafe { (**list).push(pool, entry) };
    }
    ptr::null()
}

/// Callback of PythonHandlerModule.
pub(super) unsafe extern "C" fn handler_module(
    cmd: *mut sys::cmd_parms,
    dir: *mut c_void,
    args: *const c_char,
) -> Answer {
    // SAFETY: httpd's arguments.
    let (mut scope, value) = unsafe { (Scope::new(cmd, dir), bytes(args)) };
    let line = handler::split_line(value);
    if let Some(doubt) = handler::doubts(&line) {
        scope.warn(&doubt);
    }
    for phase in MODULE_PHASES {
        let answer = add(&mut scope, phase, &line, true);
        if !answer.is_null() {
            return answer;
        }
    }
    ptr::null()
}

/// The bit of a server whose mapping of URLs to files is affected by a handler of this phase at this place.
fn mapping(phase: Phase, place: Place) -> u8 {
    match phase {
        Phase::Content if place.is_location() => ServerConfig::HAS_LOCATION_CONTENT,
        Phase::MapToStorage => ServerConfig::HAS_MAPPING,
        _ => 0,
    }
}

/// Appends the handlers of a line to the scope's lists of one phase.
fn add(scope: &mut Scope<'_>, phase: Phase, line: &HandlerLine<'_>, silent: bool) -> Answer {
    if line.handlers.is_empty() {
        return ptr::null();
    }
    // SAFETY: cmd is httpd's.
    let place = match unsafe { section::place(scope.cmd) } {
        Ok(place) => place,
        Err(text) => return text.as_ptr(),
    };
    scope.mark_server(ServerConfig::HAS_CODE | mapping(phase, place));
    let pool = scope.pool();
    let mut lists = Vec::new();
    if line.extensions.is_empty() {
        let generic = &mut scope.dir.lists[phase as usize];
        if generic.is_null() {
            *generic = HandlerList::new(pool);
        }
        lists.push(*generic);
    }
    for extension in &line.extensions {
        lists.push(extension_list(scope, phase, extension));
    }
    scope.dir.phases |= phase.bit();
    for text in &line.handlers {
        let entry = HandlerEntry { text: pool.dup(text), place, silent, next: ptr::null() };
        for &list in &lists {
            // SAFETY: the lists belong to the scope being read; nobody else has seen them yet.
            unsafe { (*list).push(pool, entry) };
        }
    }
    ptr::null()
}

/// This scope's list for an extension, made if missing.
fn extension_list(scope: &mut Scope<'_>, phase: Phase, extension: &[u8]) -> *mut HandlerList {
    // SAFETY: nodes and texts of the scope being read.
    let found = unsafe {
        crate::httpd::chain::iter(scope.dir.by_ext)
            .find(|node| node.phase == phase && bytes(node.extension) == extension)
    };
    if let Some(node) = found {
        return node.list;
    }
    let pool = scope.pool();
    let list = HandlerList::new(pool);
    let node = ExtNode { phase, extension: pool.dup(extension), list, next: scope.dir.by_ext };
    scope.dir.by_ext = pool.alloc(node);
    list
}

/// No file name is known while a connection has no request.
fn has_bar(scope: &Scope<'_>, line: &HandlerLine<'_>) -> bool {
    if line.bar {
        scope.warn("a connection has no file name: a handler with an extension never runs");
    }
    line.bar
}

/// Every handler of a new connection runs.
fn pre_connection(scope: &mut Scope<'_>, line: &HandlerLine<'_>) -> Answer {
    if has_bar(scope, line) || line.handlers.is_empty() {
        return ptr::null();
    }
    scope.mark_server(ServerConfig::HAS_CODE);
    let pool = scope.pool();
    let Some(server) = scope.server() else { return ptr::null() };
    if server.pre_connection.is_null() {
        server.pre_connection = HandlerList::new(pool);
    }
    for text in &line.handlers {
        let entry = HandlerEntry { text: pool.dup(text), place: Place::None, silent: false, next: ptr::null() };
        // SAFETY: the list belongs to the server being read; nobody else has seen it yet.
        unsafe { (*server.pre_connection).push(pool, entry) };
    }
    ptr::null()
}

/// Only the first handler of a connection runs.
fn connection(scope: &mut Scope<'_>, line: &HandlerLine<'_>) -> Answer {
    if has_bar(scope, line) {
        return ptr::null();
    }
    let Some(text) = line.handlers.first() else { return ptr::null() };
    scope.mark_server(ServerConfig::HAS_CODE);
    let pool = scope.pool();
    let entry = HandlerEntry { text: pool.dup(text), place: Place::None, silent: false, next: ptr::null() };
    let second = line.handlers.len() > 1;
    let again = match scope.server() {
        Some(server) if server.connection.is_null() => {
            let list = HandlerList::new(pool);
            // SAFETY: just made.
            unsafe { (*list).push(pool, entry) };
            server.connection = list;
            false
        }
        _ => true,
    };
    if second || again {
        scope.warn("only the first connection handler of a server runs");
    }
    ptr::null()
}

/// Callback of PythonAuthnProvider.
pub(super) unsafe extern "C" fn authn_provider(
    cmd: *mut sys::cmd_parms,
    dir: *mut c_void,
    text: *const c_char,
) -> Answer {
    // SAFETY: httpd's arguments; the word is not empty and lives in the pool of the configuration.
    let (mut scope, place) = unsafe { (Scope::new(cmd, dir), section::place(cmd)) };
    let place = match place {
        Ok(place) => place,
        Err(text) => return text.as_ptr(),
    };
    scope.mark_server(ServerConfig::HAS_CODE);
    scope.dir.authn = scope.pool().alloc(HandlerEntry { text, place, silent: false, next: ptr::null() });
    ptr::null()
}

/// Callback of PythonInputFilter.
pub(super) unsafe extern "C" fn input_filter(
    cmd: *mut sys::cmd_parms,
    dir: *mut c_void,
    text: *const c_char,
    name: *const c_char,
) -> Answer {
    // SAFETY: httpd's arguments.
    unsafe { add_filter(Scope::new(cmd, dir), bytes(text), name, true) }
}

/// Callback of PythonOutputFilter.
pub(super) unsafe extern "C" fn output_filter(
    cmd: *mut sys::cmd_parms,
    dir: *mut c_void,
    text: *const c_char,
    name: *const c_char,
) -> Answer {
    // SAFETY: httpd's arguments.
    unsafe { add_filter(Scope::new(cmd, dir), bytes(text), name, false) }
}

/// # Safety
/// `name` is NULL or NUL-terminated.
unsafe fn add_filter(mut scope: Scope<'_>, text: &[u8], name: *const c_char, input: bool) -> Answer {
    // SAFETY: cmd is httpd's, name the caller's.
    let (place, name) = unsafe { (section::place(scope.cmd), if name.is_null() { text } else { bytes(name) }) };
    let place = match place {
        Ok(place) => place,
        Err(text) => return text.as_ptr(),
    };
    let pool = scope.pool();
    let name = pool.dup(&name.to_ascii_lowercase());
    // SAFETY: NUL-terminated; the configuration is being read.
    let (free, owned) = unsafe { (filter::register(FILTERS, name, input), CStr::from_ptr(name).to_owned()) };
    if !free {
        let name = String::from_utf8_lossy(owned.to_bytes()).into_owned();
        return scope.error(&format!("the filter name '{name}' belongs to another module"));
    }
    process::update(|config| config.filters.push((owned, input)));
    scope.mark_server(ServerConfig::HAS_CODE);
    let entry = pool.alloc(HandlerEntry { text: pool.dup(text), place, silent: false, next: ptr::null() });
    scope.dir.filters = pool.alloc(FilterNode { name, entry, input, next: scope.dir.filters });
    ptr::null()
}
