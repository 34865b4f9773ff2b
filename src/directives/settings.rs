//! The directives that set values: flags, interpreter, path, options, imports, and the process-wide ones.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use super::{Answer, Scope};
use crate::httpd::config::{Flag, GilMode, ImportNode, OptionNode, ServerConfig, Settings};
use crate::httpd::pool::{Pool, bytes};
use crate::httpd::time_limit::{self, TimeLimit};
use crate::httpd::{process, sys};

/// The On/Off directives; the command table carries the number.
#[derive(Clone, Copy)]
pub(super) enum FlagDirective {
    AutoReload,
    Debug,
    EnablePdb,
    PerDirective,
    PerDirectory,
    Optimize,
}

const FLAGS: [FlagDirective; 6] = [
    FlagDirective::AutoReload,
    FlagDirective::Debug,
    FlagDirective::EnablePdb,
    FlagDirective::PerDirective,
    FlagDirective::PerDirectory,
    FlagDirective::Optimize,
];

pub(super) type TakeOne = unsafe extern "C" fn(*mut sys::cmd_parms, *mut c_void, *const c_char) -> Answer;

/// Writes a setting into the scope's record, and at server level into the server's too.
fn set(scope: &mut Scope<'_>, change: impl Fn(&mut Settings, Pool)) {
    let pool = scope.pool();
    change(&mut scope.dir.settings, pool);
    let at_server_level = scope.at_server_level();
    if let Some(server) = scope.server().filter(|_| at_server_level) {
        change(&mut server.settings, pool);
    }
    scope.mark_server(0);
}

/// Callback of the On/Off directives.
pub(super) unsafe extern "C" fn flag(cmd: *mut sys::cmd_parms, dir: *mut c_void, on: c_int) -> Answer {
    // SAFETY: httpd's arguments.
    let mut scope = unsafe { Scope::new(cmd, dir) };
    let value = if on != 0 { Flag::On } else { Flag::Off };
    let Some(which) = FLAGS.get(scope.data()) else { return scope.error("unknown directive") };
    match which {
        FlagDirective::AutoReload => set(&mut scope, |settings, _| settings.auto_reload = value),
        FlagDirective::Debug => set(&mut scope, |settings, _| settings.debug = value),
        FlagDirective::EnablePdb => set(&mut scope, |settings, _| settings.enable_pdb = value),
        FlagDirective::PerDirective => set(&mut scope, |settings, _| settings.per_directive = value),
        FlagDirective::PerDirectory => {
            scope.dir.settings.per_directory = value;
            scope.mark_server(0);
        }
        FlagDirective::Optimize => {
            if value.is_on() {
                process::update(|config| config.optimize = true);
            }
            scope.mark_server(0);
        }
    }
    ptr::null()
}

/// Callback of PythonInterpreter.
pub(super) unsafe extern "C" fn interpreter(cmd: *mut sys::cmd_parms, dir: *mut c_void, name: *const c_char) -> Answer {
    // SAFETY: httpd's arguments; httpd's words live in the pool of the configuration.
    let mut scope = unsafe { Scope::new(cmd, dir) };
    set(&mut scope, |settings, _| settings.interpreter = name);
    ptr::null()
}

/// Callback of PythonPath.
pub(super) unsafe extern "C" fn path(cmd: *mut sys::cmd_parms, dir: *mut c_void, text: *const c_char) -> Answer {
    // SAFETY: as above.
    let mut scope = unsafe { Scope::new(cmd, dir) };
    set(&mut scope, |settings, _| settings.path = text);
    ptr::null()
}

/// Callback of PythonOption.
pub(super) unsafe extern "C" fn option(
    cmd: *mut sys::cmd_parms,
    dir: *mut c_void,
    key: *const c_char,
    value: *const c_char,
) -> Answer {
    // SAFETY: as above.
    let mut scope = unsafe { Scope::new(cmd, dir) };
    let value = if value.is_null() { c"".as_ptr() } else { value };
    set(&mut scope, |settings, pool| {
        settings.options = pool.alloc(OptionNode { key, value, next: settings.options });
    });
    ptr::null()
}

/// Callback of PythonRequestTimeout.
pub(super) unsafe extern "C" fn request_timeout(
    cmd: *mut sys::cmd_parms,
    dir: *mut c_void,
    after: *const c_char,
    grace: *const c_char,
) -> Answer {
    // SAFETY: as above.
    let (mut scope, parsed) = unsafe { (Scope::new(cmd, dir), time_limit::parse(after, grace)) };
    let limit = match parsed {
        Ok(limit) => limit,
        Err(sentence) => return scope.error(&sentence),
    };
    // SAFETY: httpd's words.
    let words = unsafe { [bytes(after), if grace.is_null() { b"" } else { bytes(grace) }] };
    let text = scope.pool().dup(words.join(&b' ').trim_ascii_end());
    set(&mut scope, |settings, pool| settings.time_limit = pool.alloc(TimeLimit { limit, text }));
    if limit.is_some() && scope.server().is_some() {
        process::update(|config| config.time_limit = true);
    }
    ptr::null()
}

/// Callback of PythonImport.
pub(super) unsafe extern "C" fn import(
    cmd: *mut sys::cmd_parms,
    dir: *mut c_void,
    text: *const c_char,
    interpreter: *const c_char,
) -> Answer {
    // SAFETY: as above.
    let mut scope = unsafe { Scope::new(cmd, dir) };
    scope.mark_server(ServerConfig::HAS_CODE);
    // SAFETY: the server record is httpd's.
    if unsafe { (*(*cmd).server).is_virtual } != 0 {
        scope.warn("only the main server's lines are carried out, not those of a <VirtualHost>");
    }
    let pool = scope.pool();
    if let Some(server) = scope.server() {
        server.imports = pool.alloc(ImportNode { text, interpreter, next: server.imports });
    }
    ptr::null()
}

/// Callback of PythonInterpreterGIL.
pub(super) unsafe extern "C" fn gil(cmd: *mut sys::cmd_parms, dir: *mut c_void, word: *const c_char) -> Answer {
    // SAFETY: as above.
    let (mut scope, word) = unsafe { (Scope::new(cmd, dir), bytes(word)) };
    let mode = if word.eq_ignore_ascii_case(b"own") {
        GilMode::Own
    } else if word.eq_ignore_ascii_case(b"shared") {
        GilMode::Shared
    } else {
        return c"PythonInterpreterGIL must be own or shared".as_ptr();
    };
    if mode == GilMode::Own && !cfg!(Py_3_12) {
        return scope.error(&format!(
            "PythonInterpreterGIL own needs Python 3.12 or newer, this module was built for Python {}",
            env!("MOD_PYTHON_PYTHON_VERSION")
        ));
    }
    if let Some(server) = scope.server() {
        server.gil = mode;
    }
    scope.mark_server(0);
    ptr::null()
}

/// Callback of PythonHome.
pub(super) unsafe extern "C" fn home(cmd: *mut sys::cmd_parms, dir: *mut c_void, text: *const c_char) -> Answer {
    // SAFETY: as above.
    let mut scope = unsafe { Scope::new(cmd, dir) };
    // SAFETY: NUL-terminated, the server record is httpd's.
    let (text, virtual_host) = unsafe { (CStr::from_ptr(text), (*(*cmd).server).is_virtual != 0) };
    if virtual_host {
        return c"PythonHome holds for the whole server and cannot stand in <VirtualHost>".as_ptr();
    }
    if let Err(sentence) = crate::interp::home::check(text.to_bytes()) {
        return scope.error(&sentence);
    }
    process::update(|config| config.home = Some(text.to_owned()));
    scope.mark_server(0);
    ptr::null()
}
