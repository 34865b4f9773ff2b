//! The life of the server: what happens when the configuration is read, and at a child's start and end.

use std::ffi::{CString, c_int, c_uint, c_void};
use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::abi::{Call, HostTable, ImportCall};
use crate::dispatch::filter::FILTERS;
use crate::dispatch::{door, error_log, log_item, phases, select, server_call, ssi};
use crate::guard;
use crate::httpd::config::{self, ServerConfig};
use crate::httpd::log::{Level, Owner};
use crate::httpd::pool::{Pool, bytes};
use crate::httpd::process_lock::PROCESS_LOCK;
use crate::httpd::request::Expire;
use crate::httpd::server::Server;
use crate::httpd::{chain, filter, idle, leave, mutex, mutex_plan, process, sys, tally, user};
use crate::interp::start::StartConfig;
use crate::interp::table::{self, TableConfig};
use crate::interp::{exit, home, image_file, watch};

/// The version of the module and its package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Seconds that a child may take to leave whom a signal found in the middle of a connection; httpd's parent begins to
/// complain after three.
const LAST: c_uint = 2;

/// The mutexes of the current generation; owned by this static, replaced in post_config.
static MUTEXES: AtomicPtr<mutex::Mutexes> = AtomicPtr::new(ptr::null_mut());

/// Before the configuration is read: statics that survived a restart are set back.
pub unsafe extern "C" fn pre_config(
    pconf: *mut sys::apr_pool_t,
    _plog: *mut sys::apr_pool_t,
    _ptemp: *mut sys::apr_pool_t,
) -> c_int {
    guard::install();
    process::update(|config| *config = process::ProcessConfig::default());
    // SAFETY: httpd's configuration pool.
    unsafe {
        mutex::register(pconf);
        sys::mpy_register_log_item(pconf, c"^py".as_ptr(), Some(log_item::item));
    }
    sys::OK
}

/// After the configuration was read: the version, the mutexes, the name of the main interpreter. No Python.
pub unsafe extern "C" fn post_config(
    pconf: *mut sys::apr_pool_t,
    _plog: *mut sys::apr_pool_t,
    _ptemp: *mut sys::apr_pool_t,
    server: *mut sys::server_rec,
) -> c_int {
    guard::process(sys::HTTP_INTERNAL_SERVER_ERROR, || {
        // SAFETY: httpd's arguments; the configuration was merged.
        unsafe {
            if sys::ap_state_query(sys::AP_SQ_MAIN_STATE as c_int) == sys::AP_SQ_MS_CREATE_PRE_CONFIG as c_int {
                return sys::OK;
            }
            for part in [format!("mod_python/{VERSION}"), format!("Python/{}", env!("MOD_PYTHON_PYTHON_VERSION"))] {
                let part = Pool::from_raw(pconf).dup(part.as_bytes());
                sys::ap_add_version_component(pconf, part);
            }
            if !home_is_readable(server) || !filter_names_are_ours(server) {
                return sys::HTTP_INTERNAL_SERVER_ERROR;
            }
            image_file::remember_bytes();
            let main_name = select::main_name(server);
            process::update(|config| config.main_name = main_name);
            ssi::register();
            make_mutexes(server)
        }
    })
}

/// Whether the children's user can read PythonHome; a sentence in the log where not.
///
/// # Safety
/// Called in post_config with its server.
unsafe fn home_is_readable(server: *mut sys::server_rec) -> bool {
    let Some(text) = process::current().home else { return true };
    // The directive itself has refused what is no home at all.
    let Ok(home) = home::check(text.to_bytes()) else { return true };
    let paths = home::needed(&home);
    let Some(path) = user::unreadable(&paths) else { return true };
    let text = format!(
        "MPY0110: PythonHome {} cannot be used: {} is not readable for the user that serves requests (uid {}). Open it \
         and every directory above it to that user, or name another PythonHome",
        text.to_string_lossy(),
        path.display(),
        user::id()
    );
    // SAFETY: the caller guarantees the server.
    unsafe { Owner::of_server(server) }.log(Level::EMERG, text.as_bytes());
    false
}

/// Whether every name of a filter directive still means our filter; a sentence in the log where not.
///
/// # Safety
/// Called in post_config with its server.
unsafe fn filter_names_are_ours(server: *mut sys::server_rec) -> bool {
    let filters = process::current().filters;
    let Some((name, _)) = filters.iter().find(|(name, input)| filter::is_taken(FILTERS, name, *input)) else {
        return true;
    };
    let text = format!(
        "MPY0111: the filter name '{}' of a Python filter directive belongs to another module, which was loaded after \
         it: choose another name",
        name.to_string_lossy()
    );
    // SAFETY: the caller guarantees the server.
    unsafe { Owner::of_server(server) }.log(Level::EMERG, text.as_bytes());
    false
}

/// # Safety
/// Called in post_config with its main server.
unsafe fn make_mutexes(server: *mut sys::server_rec) -> c_int {
    let old = MUTEXES.swap(ptr::null_mut(), Ordering::AcqRel);
    // SAFETY: boxed here by the last generation; the parent has no other user of it.
    let old = (!old.is_null()).then(|| unsafe { *Box::from_raw(old) });
    // SAFETY: the caller guarantees the server.
    match unsafe { mutex_plan::prepare(server, old) } {
        Some(mutexes) => {
            MUTEXES.store(Box::into_raw(Box::new(mutexes)), Ordering::Release);
            sys::OK
        }
        None => sys::HTTP_INTERNAL_SERVER_ERROR,
    }
}

/// In each child, before it serves: Python starts, PythonImport runs.
pub unsafe extern "C" fn child_init(pchild: *mut sys::apr_pool_t, server: *mut sys::server_rec) {
    guard::process((), || {
        let _busy = idle::Busy::begin();
        tally::child_init();
        // SAFETY: httpd's arguments.
        unsafe {
            Pool::from_raw(pchild).before_destroy(server.cast(), child_exit);
            if let Some(mutexes) = MUTEXES.load(Ordering::Acquire).as_mut()
                && let Err((index, status)) = mutexes.child_init(pchild)
            {
                let reason = mutex_plan::error_text(status);
                let text = format!("MPY0109: global mutex {index} cannot be used in this child: {reason}");
                Owner::of_server(server).log(Level::ERR, text.as_bytes());
            }
            if let Err(error) = table::start(table_config(server)) {
                let text = format!(
                    "MPY0201: {error}. Requests for Python get status 500; check PythonHome and that the server's \
                     user can read Python {} and the folder of mod_python",
                    env!("MOD_PYTHON_PYTHON_VERSION")
                );
                Owner::of_server(server).log(Level::CRIT, text.as_bytes());
                return;
            }
            let Some(main) = Server::from_raw(server) else { return };
            error_log::open(main);
            run_imports(server);
            server_call::child_init(main);
            error_log::begin();
            watch::on_leave(leave);
            if process::current().time_limit {
                watch::prepare(true);
            }
        }
    });
}

fn table_config(server: *mut sys::server_rec) -> TableConfig {
    let process = process::current();
    let text = |path: Option<PathBuf>| {
        CString::new(path.unwrap_or_default().into_os_string().into_encoded_bytes()).unwrap_or_default()
    };
    TableConfig {
        start: StartConfig { home: process.home, optimize: process.optimize },
        main_name: process.main_name,
        runtime_dir: runtime_dir(),
        entry: door::mod_python_image_main,
        host: HostTable {
            module_index: config::module_index(),
            interp: 0,
            name: CString::default(),
            // SAFETY: the configuration is complete; child_init passes its main server.
            main_server: unsafe { Server::from_raw(server) },
            package_dir: text(image_file::package_dir()),
            // SAFETY: NULL or a record that is kept, unchanged from now on, until the process ends.
            mutexes: unsafe { MUTEXES.load(Ordering::Acquire).as_ref() },
            process_lock: &PROCESS_LOCK,
            register_child_cleanup: exit::register,
            rest: watch::rest,
            // SAFETY: expire takes a request of which Python has objects, and visits their interpreters.
            expire_request: unsafe { Expire::new(phases::expire) },
        },
    }
}

/// httpd's DefaultRuntimeDir.
fn runtime_dir() -> PathBuf {
    // SAFETY: the global pool lives as long as the process; the empty name gives the directory itself.
    unsafe {
        let path = sys::ap_runtime_dir_relative(sys::ap_pglobal, c"".as_ptr());
        PathBuf::from(String::from_utf8_lossy(bytes(path)).into_owned())
    }
}

/// The main server's PythonImport lines, in configuration order.
unsafe fn run_imports(server: *mut sys::server_rec) {
    // SAFETY: the configuration lives as long as the child serves.
    unsafe {
        let Some(config) = ServerConfig::of(server) else { return };
        let mut lines: Vec<_> = chain::iter(config.imports).collect();
        lines.reverse();
        for line in lines {
            let name = bytes(line.interpreter);
            let Some(interp) = select::find(name, server, Owner::of_server(server), format_args!("PythonImport"))
            else {
                continue;
            };
            let settings = &config.settings;
            let mut call = ImportCall { text: bytes(line.text), log: settings.debug.is_on(), path: settings.path() };
            interp.run(&mut Call::Import(&mut call));
        }
    }
}

/// The child's pool goes: user exit code runs, under a time limit.
unsafe extern "C" fn child_exit(server: *mut c_void) -> sys::apr_status_t {
    guard::process((), || {
        if !idle::is_idle() {
            // A signal may have found this thread inside malloc. With a second thread, a daemon of user code, malloc locks,
            // and the end of the pools would wait for ever: httpd's parent would kill the child after nine seconds.
            leave::end_within(LAST);
        }
        // SAFETY: the server record outlives the child's pool.
        exit_code(idle::is_idle(), unsafe { Owner::of_server(server.cast()) });
        // SAFETY: the mutexes are kept until the process ends; this is the child's end.
        unsafe {
            if let Some(mutexes) = MUTEXES.load(Ordering::Acquire).as_ref() {
                mutexes.child_exit();
            }
        }
    });
    sys::APR_SUCCESS
}

/// A child that is replaced ends, while a call of Python is stuck in it.
fn leave() {
    guard::process((), || exit_code(true, Owner::Default));
}

/// Runs user exit code, under a time limit.
fn exit_code(in_order: bool, owner: Owner<'_>) {
    if !in_order {
        error_log::stop();
    }
    if !exit::run(in_order, error_log::drain, server_call::child_exit) {
        let text = format!(
            "MPY0205: cleanups and atexit callbacks did not end within {} seconds, the child leaves without them",
            exit::LIMIT.as_secs()
        );
        owner.log(Level::WARNING, text.as_bytes());
    }
    tally::child_exit();
}
