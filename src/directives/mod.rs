//! The command table: every directive with its contexts and callback. httpd calls the callbacks while it reads
//! httpd.conf (one thread) and `.htaccess` files (any thread, records of its own).

mod handlers;
mod named;
pub mod require;
mod settings;

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use crate::httpd::config::{DirConfig, ServerConfig, module_config};
use crate::httpd::log::{Level, Owner};
use crate::httpd::{section, sys};
use crate::phase::{Callback, PHASES, Phase};

/// Directory, Location, Files, server level and `.htaccess` with any AllowOverride class.
const ANYWHERE: c_int = sys::OR_ALL;
/// Server level only.
const SERVER: c_int = sys::RSRC_CONF;
/// Server level and sections, not `.htaccess`.
const NO_HTACCESS: c_int = sys::RSRC_CONF | sys::ACCESS_CONF;

/// Server level and sections, `.htaccess` with AllowOverride AuthConfig.
const AUTHENTICATION: c_int = NO_HTACCESS | sys::OR_AUTHCFG;

/// What a callback returns: NULL, or a sentence for httpd.
type Answer = *const c_char;

const fn command(
    name: &'static CStr,
    func: sys::cmd_func,
    how: sys::cmd_how,
    contexts: c_int,
    help: &'static CStr,
) -> sys::command_rec {
    sys::command_rec {
        name: name.as_ptr(),
        func,
        cmd_data: ptr::null_mut(),
        req_override: contexts,
        args_how: how,
        errmsg: help.as_ptr(),
    }
}

const fn raw(phase: Phase) -> sys::command_rec {
    let contexts = match phase {
        Phase::PostReadRequest | Phase::Quick | Phase::Trans | Phase::PreConnection | Phase::Connection => SERVER,
        Phase::MapToStorage => NO_HTACCESS,
        _ => ANYWHERE,
    };
    let name = PHASES[phase as usize].directive;
    let func = sys::cmd_func { raw_args: Some(handlers::phase_handlers) };
    let help = c"handlers for this phase: module[::object] ... [| .ext ...]";
    let mut record = command(name, func, sys::cmd_how_RAW_ARGS, contexts, help);
    record.cmd_data = ptr::without_provenance_mut(phase as usize);
    record
}

const fn of_server(name: &'static CStr, callback: Callback, contexts: c_int, help: &'static CStr) -> sys::command_rec {
    let func = sys::cmd_func { raw_args: Some(handlers::server_handlers) };
    let mut record = command(name, func, sys::cmd_how_RAW_ARGS, contexts, help);
    record.cmd_data = ptr::without_provenance_mut(callback as usize);
    record
}

const fn flag(
    name: &'static CStr,
    which: settings::FlagDirective,
    contexts: c_int,
    help: &'static CStr,
) -> sys::command_rec {
    let mut record = command(name, sys::cmd_func { flag: Some(settings::flag) }, sys::cmd_how_FLAG, contexts, help);
    record.cmd_data = ptr::without_provenance_mut(which as usize);
    record
}

const fn one(name: &'static CStr, func: settings::TakeOne, contexts: c_int, help: &'static CStr) -> sys::command_rec {
    command(name, sys::cmd_func { take1: Some(func) }, sys::cmd_how_TAKE1, contexts, help)
}

/// A table that httpd may read from any thread.
#[repr(transparent)]
pub struct Commands([sys::command_rec; COUNT + 1]);

// SAFETY: the records are constants; httpd only reads them.
unsafe impl Sync for Commands {}

impl Commands {
    /// The first record; the table ends with a nameless one.
    pub const fn as_ptr(&self) -> *const sys::command_rec {
        self.0.as_ptr()
    }
}

/// How many directives there are.
pub const COUNT: usize = 40;

/// The command table.
pub static COMMANDS: Commands = Commands([
    raw(Phase::AccessCheckerEx),
    raw(Phase::Access),
    raw(Phase::Authen),
    one(
        c"PythonAuthnProvider",
        handlers::authn_provider,
        AUTHENTICATION,
        c"the object that knows the users, for AuthBasicProvider python and AuthDigestProvider python",
    ),
    raw(Phase::Authz),
    flag(
        c"PythonAutoReload",
        settings::FlagDirective::AutoReload,
        ANYWHERE,
        c"reload changed handler modules: On or Off",
    ),
    of_server(
        c"PythonChildExitHandler",
        Callback::ChildExit,
        SERVER,
        c"handlers for the end of each child: module[::object] ...",
    ),
    of_server(
        c"PythonChildInitHandler",
        Callback::ChildInit,
        SERVER,
        c"handlers for the start of each child: module[::object] ...",
    ),
    raw(Phase::Cleanup),
    raw(Phase::Connection),
    flag(c"PythonDebug", settings::FlagDirective::Debug, ANYWHERE, c"send tracebacks to the client: On or Off"),
    of_server(
        c"PythonErrorLogHandler",
        Callback::ErrorLog,
        SERVER,
        c"handlers for lines of the error log: module[::object] ...",
    ),
    flag(
        c"PythonEnablePdb",
        settings::FlagDirective::EnablePdb,
        ANYWHERE,
        c"run handlers under pdb (httpd -X): On or Off",
    ),
    command(
        c"PythonExprFunction",
        sys::cmd_func { take2: Some(named::expr_function) },
        sys::cmd_how_TAKE2,
        SERVER,
        c"a name for httpd's expressions and the function it calls",
    ),
    raw(Phase::Fixup),
    raw(Phase::Content),
    command(
        c"PythonHandlerModule",
        sys::cmd_func { raw_args: Some(handlers::handler_module) },
        sys::cmd_how_RAW_ARGS,
        ANYWHERE,
        c"modules whose default functions serve every phase they have one for",
    ),
    raw(Phase::HeaderParser),
    one(
        c"PythonHome",
        settings::home,
        SERVER,
        c"a prefix or virtual environment of the Python the module was built for",
    ),
    command(
        c"PythonImport",
        sys::cmd_func { take2: Some(settings::import) },
        sys::cmd_how_TAKE2,
        SERVER,
        c"a module[::function] and the interpreter in which each child imports it at its start",
    ),
    raw(Phase::Init),
    command(
        c"PythonInputFilter",
        sys::cmd_func { take2: Some(handlers::input_filter) },
        sys::cmd_how_TAKE12,
        NO_HTACCESS,
        c"a handler and the name of the input filter it makes",
    ),
    raw(Phase::InsertFilter),
    flag(
        c"PythonInterpPerDirective",
        settings::FlagDirective::PerDirective,
        ANYWHERE,
        c"one interpreter per directory of the directive: On or Off",
    ),
    flag(
        c"PythonInterpPerDirectory",
        settings::FlagDirective::PerDirectory,
        ANYWHERE,
        c"one interpreter per directory of the file: On or Off",
    ),
    one(c"PythonInterpreter", settings::interpreter, ANYWHERE, c"the name of the interpreter to use"),
    one(
        c"PythonInterpreterGIL",
        settings::gil,
        SERVER,
        c"own or shared: whether the server's interpreters have a GIL of their own",
    ),
    raw(Phase::Log),
    raw(Phase::MapToStorage),
    flag(c"PythonOptimize", settings::FlagDirective::Optimize, SERVER, c"run Python with -OO: On or Off"),
    command(
        c"PythonOption",
        sys::cmd_func { take2: Some(settings::option) },
        sys::cmd_how_TAKE12,
        ANYWHERE,
        c"a key and a value for req.get_options(); without a value the key is removed",
    ),
    command(
        c"PythonOutputFilter",
        sys::cmd_func { take2: Some(handlers::output_filter) },
        sys::cmd_how_TAKE12,
        NO_HTACCESS,
        c"a handler and the name of the output filter it makes",
    ),
    one(c"PythonPath", settings::path, ANYWHERE, c"a Python expression that gives sys.path"),
    raw(Phase::PostReadRequest),
    raw(Phase::PreConnection),
    raw(Phase::Quick),
    command(
        c"PythonRequestTimeout",
        sys::cmd_func { take2: Some(settings::request_timeout) },
        sys::cmd_how_TAKE12,
        ANYWHERE,
        c"how long one call of Python may take for a request, and how long it may go on after its end was asked for",
    ),
    command(
        c"PythonRewriteMap",
        sys::cmd_func { take2: Some(named::rewrite_map) },
        sys::cmd_how_TAKE2,
        SERVER,
        c"a name for RewriteMap's int: and the function it calls",
    ),
    raw(Phase::Trans),
    raw(Phase::Type),
    // The end of the table.
    sys::command_rec {
        name: ptr::null(),
        func: sys::cmd_func { no_args: None },
        cmd_data: ptr::null_mut(),
        req_override: 0,
        args_how: sys::cmd_how_RAW_ARGS,
        errmsg: ptr::null(),
    },
]);

/// The record of the server a directive belongs to; None in `.htaccess`, where it must not be written.
///
/// # Safety
/// `cmd` is what httpd passed to a directive's callback; nothing else refers to the record meanwhile.
unsafe fn server_of<'c>(cmd: *mut sys::cmd_parms) -> Option<&'c mut ServerConfig> {
    // SAFETY: the caller guarantees cmd; outside .htaccess the configuration is read by one thread before requests run.
    unsafe {
        if section::in_htaccess(cmd) {
            return None;
        }
        module_config((*(*cmd).server).module_config).cast::<ServerConfig>().as_mut()
    }
}

/// The records a callback writes into.
struct Scope<'c> {
    cmd: *mut sys::cmd_parms,
    dir: &'c mut DirConfig,
}

impl Scope<'_> {
    /// # Safety
    /// Both are what httpd passed to a callback of [`COMMANDS`].
    unsafe fn new<'c>(cmd: *mut sys::cmd_parms, dir: *mut c_void) -> Scope<'c> {
        // SAFETY: httpd passes the per-directory record of the scope that is being read, which nobody else uses yet.
        let dir = unsafe { &mut *dir.cast::<DirConfig>() };
        dir.touched = true;
        Scope { cmd, dir }
    }

    fn pool(&self) -> crate::httpd::pool::Pool {
        // SAFETY: httpd's pool for what the directive stores.
        unsafe { crate::httpd::pool::Pool::from_raw((*self.cmd).pool) }
    }

    fn at_server_level(&self) -> bool {
        // SAFETY: cmd is httpd's.
        unsafe { section::at_server_level(self.cmd) }
    }

    /// The record of the server the directive belongs to; None in `.htaccess`, where it must not be written.
    fn server(&mut self) -> Option<&mut ServerConfig> {
        // SAFETY: cmd is httpd's; the borrow ends before another one begins.
        unsafe { server_of(self.cmd) }
    }

    /// Notes what the server has of Python: `HAS_` bits of [`ServerConfig`].
    fn mark_server(&mut self, bits: u8) {
        if let Some(server) = self.server() {
            server.python |= bits | ServerConfig::HAS_DIRECTIVE;
        }
    }

    /// The directive's name.
    fn name(&self) -> &str {
        // SAFETY: cmd and its command record are httpd's.
        unsafe { CStr::from_ptr((*(*self.cmd).cmd).name) }.to_str().unwrap_or_default()
    }

    /// The number that the command table carries for the directive.
    fn data(&self) -> usize {
        // SAFETY: as above.
        unsafe { (*self.cmd).info.addr() }
    }

    /// A configuration error with an own text.
    fn error(&self, text: &str) -> Answer {
        self.pool().dup(text.as_bytes())
    }

    /// A warning in the error log that names file and line. Silent in `.htaccess`, which is read for every request.
    fn warn(&self, text: &str) {
        // SAFETY: cmd, its directive and server are httpd's.
        unsafe {
            if section::in_htaccess(self.cmd) {
                return;
            }
            let directive = &*(*self.cmd).directive;
            let file = String::from_utf8_lossy(crate::httpd::pool::bytes(directive.filename));
            let line = format!("MPY0101: {} at {}:{}: {text}", self.name(), file, directive.line_num);
            // A virtual host has no log level of its own yet.
            Owner::Default.log(Level::WARNING, line.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: directives:1/PythonAccessHandler
    #[test]
    fn every_phase_and_no_name_twice() {
        // SAFETY: names are static C strings.
        let names: Vec<&CStr> =
            COMMANDS.0[..COUNT].iter().map(|record| unsafe { CStr::from_ptr(record.name) }).collect();
        assert!(PHASES.iter().all(|info| names.contains(&info.directive)));
        assert!(names.iter().enumerate().all(|(at, name)| !names[..at].contains(name)));
        assert!(COMMANDS.0[COUNT].name.is_null());
    }
}
