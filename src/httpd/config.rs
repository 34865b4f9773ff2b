//! The two configuration records: per directory and per server. Plain data in pools, read without Python.
//!
//! A record is written while its scope is read, by one thread, and never changed once requests run. Merging makes a new
//! record that points into both, so a request without Python directives in its scope pays nothing, and one with them a
//! few hundred instructions.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::chain;
use super::handler_list::{ExtNode, HandlerEntry, HandlerList};
use super::named::NamedNode;
use super::pool::{Pool, bytes};
use super::server_lists::ServerLists;
pub use super::settings::{Flag, OptionNode, Settings};
use super::sys;
use crate::phase::Phase;

/// The place of this module in every configuration vector; httpd sets it at `LoadModule`, an image gets the host's.
static MODULE_INDEX: AtomicUsize = AtomicUsize::new(usize::MAX);

/// Tells this copy of the library which index httpd gave to the module.
pub fn set_module_index(index: c_int) {
    MODULE_INDEX.store(index as usize, Ordering::Relaxed);
}

/// The module's index, -1 before httpd set it.
pub fn module_index() -> c_int {
    slot() as c_int
}

/// The same as a place in a vector.
#[inline]
pub(super) fn slot() -> usize {
    MODULE_INDEX.load(Ordering::Relaxed)
}

/// One PythonInputFilter or PythonOutputFilter.
#[derive(Clone, Copy)]
pub struct FilterNode {
    /// The filter's name, lower case.
    pub name: *const c_char,
    /// Its handler.
    pub entry: *const HandlerEntry,
    /// Input or output.
    pub input: bool,
    /// The next node.
    pub next: *const FilterNode,
}

impl chain::Node for FilterNode {
    fn next(&self) -> *const FilterNode {
        self.next
    }
    fn with_next(self, next: *const FilterNode) -> FilterNode {
        FilterNode { next, ..self }
    }
}

/// The per-directory record.
#[derive(Clone, Copy)]
pub struct DirConfig {
    /// Directives and options.
    pub settings: Settings,
    /// Bit set of the phases that have any list.
    pub phases: u32,
    /// The generic list of each phase, NULL where there is none.
    pub lists: [*mut HandlerList; Phase::COUNT],
    /// The lists for extensions.
    pub by_ext: *const ExtNode,
    /// The Python filters.
    pub filters: *const FilterNode,
    /// PythonAuthnProvider, NULL where there is none.
    pub authn: *const HandlerEntry,
    /// Anything was written into this record.
    pub touched: bool,
}

impl DirConfig {
    /// An empty record.
    pub const EMPTY: DirConfig = DirConfig {
        settings: Settings::EMPTY,
        phases: 0,
        lists: [ptr::null_mut(); Phase::COUNT],
        by_ext: chain::empty(),
        filters: chain::empty(),
        authn: ptr::null(),
        touched: false,
    };

    /// The merged record of a configuration vector, None where httpd never made one.
    ///
    /// # Safety
    /// `vector` is a configuration vector of httpd that outlives `'a`.
    #[inline]
    pub unsafe fn of<'a>(vector: *const sys::ap_conf_vector_t) -> Option<&'a DirConfig> {
        // SAFETY: httpd's vectors are arrays of pointers indexed by module_index.
        unsafe { module_config(vector).cast::<DirConfig>().as_ref() }
    }

    /// The object that knows the users.
    pub fn authn(&self) -> Option<&HandlerEntry> {
        // SAFETY: NULL or an entry of the same configuration.
        unsafe { self.authn.as_ref() }
    }

    /// The generic list of a phase.
    pub fn list(&self, phase: Phase) -> Option<&HandlerList> {
        // SAFETY: NULL or a list of the same configuration.
        unsafe { self.lists[phase as usize].as_ref() }
    }

    /// The innermost filter of a name, in lower case.
    pub fn filter(&self, name: &[u8], input: bool) -> Option<&FilterNode> {
        // SAFETY: nodes and texts of the same configuration.
        unsafe { chain::iter(self.filters).find(|node| node.input == input && bytes(node.name) == name) }
    }
}

/// The entry of this module in a configuration vector (`ap_get_module_config`).
///
/// # Safety
/// `vector` is a configuration vector of httpd, NULL is refused by httpd itself.
#[inline]
pub unsafe fn module_config(vector: *const sys::ap_conf_vector_t) -> *mut c_void {
    // SAFETY: the caller guarantees it.
    unsafe { entry_at(vector, slot()) }
}

/// As [`module_config`], for callers that look into several vectors.
///
/// # Safety
/// As [`module_config`]; `slot` is [`slot()`].
#[inline]
pub(super) unsafe fn entry_at(vector: *const sys::ap_conf_vector_t, slot: usize) -> *mut c_void {
    // SAFETY: http_config.h: a vector is an array of void pointers, one per module.
    unsafe { *vector.cast::<*mut c_void>().add(slot) }
}

/// Sets the entry of this module.
///
/// # Safety
/// As [`module_config`]; the caller owns the vector's owner.
pub unsafe fn set_module_config(vector: *mut sys::ap_conf_vector_t, value: *mut c_void) {
    // SAFETY: as above.
    unsafe { *vector.cast::<*mut c_void>().add(slot()) = value };
}

/// The handler name that SetHandler gives to a request with its present per-directory vector, empty where there is none.
///
/// # Safety
/// `request` is live.
pub unsafe fn set_handler<'a>(request: *mut sys::request_rec) -> &'a [u8] {
    // SAFETY: http_config.h: as in module_config, with the core module's index and record. httpd keeps the argument of
    // SetHandler as an expression, constant or not (`expr_handler` in http_core.h); its value lies in a pool that lives
    // as long as the request.
    unsafe {
        let vector = (*request).per_dir_config.cast::<*const sys::core_dir_config>();
        let Some(core) = (*vector.add(sys::core_module.module_index as usize)).as_ref() else { return &[] };
        if core.expr_handler.is_null() {
            return bytes(core.handler);
        }
        let mut error = ptr::null();
        let name = sys::ap_expr_str_exec(request, core.expr_handler, &mut error);
        if error.is_null() { bytes(name) } else { &[] }
    }
}

/// One PythonImport line.
#[derive(Clone, Copy)]
pub struct ImportNode {
    /// `module[::function]`
    pub text: *const c_char,
    /// The interpreter's name.
    pub interpreter: *const c_char,
    /// The next line.
    pub next: *const ImportNode,
}

impl chain::Node for ImportNode {
    fn next(&self) -> *const ImportNode {
        self.next
    }
    fn with_next(self, next: *const ImportNode) -> ImportNode {
        ImportNode { next, ..self }
    }
}

/// Who shares a GIL.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum GilMode {
    /// Not given: shared.
    #[default]
    Unset,
    /// All interpreters of the process share one.
    Shared,
    /// The interpreter has its own.
    Own,
}

/// The per-server record.
#[derive(Clone, Copy)]
pub struct ServerConfig {
    /// Directives and options.
    pub settings: Settings,
    /// PythonConnectionHandler: one handler.
    pub connection: *mut HandlerList,
    /// PythonPreConnectionHandler.
    pub pre_connection: *mut HandlerList,
    /// PythonImport, the last line first.
    pub imports: *const ImportNode,
    /// PythonExprFunction and PythonRewriteMap.
    pub named: *const NamedNode,
    /// The handlers that get no request.
    pub lists: ServerLists,
    /// PythonInterpreterGIL.
    pub gil: GilMode,
    /// What Python directives belong to this server: the `HAS_` bits.
    pub python: u8,
}

impl ServerConfig {
    /// Any Python directive.
    pub const HAS_DIRECTIVE: u8 = 1;
    /// One that names code to run.
    pub const HAS_CODE: u8 = 2;
    /// A content handler in a `<Location>`.
    pub const HAS_LOCATION_CONTENT: u8 = 4;
    /// A PythonMapToStorageHandler.
    pub const HAS_MAPPING: u8 = 8;

    /// An empty record.
    pub const EMPTY: ServerConfig = ServerConfig {
        settings: Settings::EMPTY,
        connection: ptr::null_mut(),
        pre_connection: ptr::null_mut(),
        imports: chain::empty(),
        named: chain::empty(),
        lists: ServerLists::EMPTY,
        gil: GilMode::Unset,
        python: 0,
    };

    /// How much of Python the server has: 2 with code to run, 1 with any directive.
    pub fn rank(&self) -> u8 {
        if self.python & Self::HAS_CODE != 0 { 2 } else { self.python & Self::HAS_DIRECTIVE }
    }

    /// Whether there are handlers of connections.
    #[inline]
    pub fn has_connection_handlers(&self) -> bool {
        !self.connection.is_null() || !self.pre_connection.is_null()
    }

    /// The handlers of a phase of connections, which belong to the server that the connection came in on.
    #[inline]
    pub fn connection_list(&self, phase: Phase) -> Option<&HandlerList> {
        let list = if phase == Phase::PreConnection { self.pre_connection } else { self.connection };
        // SAFETY: NULL or a list of the same configuration.
        unsafe { list.as_ref() }
    }

    /// The record of a server.
    ///
    /// # Safety
    /// `server` is a live server record whose configuration was read.
    pub unsafe fn of<'a>(server: *const sys::server_rec) -> Option<&'a ServerConfig> {
        // SAFETY: the caller guarantees the record; module_config its vector.
        unsafe { module_config((*server).module_config).cast::<ServerConfig>().as_ref() }
    }
}

/// httpd's callback for a new per-directory record.
pub unsafe extern "C" fn create_dir(pool: *mut sys::apr_pool_t, _dir: *mut c_char) -> *mut c_void {
    // SAFETY: httpd passes the pool in which the record lives.
    unsafe { Pool::from_raw(pool) }.alloc(DirConfig::EMPTY).cast()
}

/// httpd's callback to overlay an outer per-directory record with an inner one.
pub unsafe extern "C" fn merge_dir(pool: *mut sys::apr_pool_t, outer: *mut c_void, inner: *mut c_void) -> *mut c_void {
    // SAFETY: httpd passes records made by create_dir or here, and a pool that does not outlive them.
    let (pool, base, add) = unsafe { (Pool::from_raw(pool), &*outer.cast::<DirConfig>(), &*inner.cast::<DirConfig>()) };
    if !add.touched {
        return outer;
    }
    if !base.touched {
        return inner;
    }
    let mut lists = base.lists;
    for (merged, own) in lists.iter_mut().zip(add.lists) {
        if !own.is_null() {
            *merged = own;
        }
    }
    // SAFETY: as above.
    let merged = unsafe {
        DirConfig {
            settings: add.settings.merged(&base.settings, pool),
            phases: base.phases | add.phases,
            lists,
            by_ext: chain::overlay(pool, add.by_ext, base.by_ext),
            filters: chain::overlay(pool, add.filters, base.filters),
            authn: if add.authn.is_null() { base.authn } else { add.authn },
            touched: true,
        }
    };
    pool.alloc(merged).cast()
}

/// httpd's callback for a new per-server record.
pub unsafe extern "C" fn create_server(pool: *mut sys::apr_pool_t, _server: *mut sys::server_rec) -> *mut c_void {
    // SAFETY: httpd passes the configuration's pool.
    unsafe { Pool::from_raw(pool) }.alloc(ServerConfig::EMPTY).cast()
}

/// httpd's callback to overlay the main server's record with a virtual host's.
pub unsafe extern "C" fn merge_server(
    pool: *mut sys::apr_pool_t,
    outer: *mut c_void,
    inner: *mut c_void,
) -> *mut c_void {
    // SAFETY: httpd passes two records made by create_server, and the configuration's pool.
    let (pool, base, add) =
        unsafe { (Pool::from_raw(pool), &*outer.cast::<ServerConfig>(), &*inner.cast::<ServerConfig>()) };
    // SAFETY: both records live in the configuration's pool.
    let (settings, named) =
        unsafe { (add.settings.merged(&base.settings, pool), chain::overlay(pool, add.named, base.named)) };
    let merged = ServerConfig {
        settings,
        named,
        connection: if add.connection.is_null() { base.connection } else { add.connection },
        pre_connection: if add.pre_connection.is_null() { base.pre_connection } else { add.pre_connection },
        lists: add.lists.inherit(base.lists),
        gil: if add.gil == GilMode::Unset { base.gil } else { add.gil },
        python: add.python | base.python,
        ..*add
    };
    pool.alloc(merged).cast()
}
