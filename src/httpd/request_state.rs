//! What the module keeps with a request: its Python objects, the handlers and cleanups added while it ran. Made when
//! Python first sees the request, gone with the request's pool.
//!
//! The record belongs to the process, not to an interpreter: every image reads and writes it, one thread at a time
//! (httpd never runs two phases of one request at once).

use std::ffi::{c_char, c_void};
use std::ptr;

use smallvec::SmallVec;

use super::body_source::BodySlot;
use super::config::{self, DirConfig, module_config, set_module_config};
use super::handler_list::{HandlerEntry, HandlerList};
use super::output::Output;
use super::pool::Pool;
use super::sys;
use crate::phase::Phase;

/// A reference to a Python object that only its interpreter may use.
pub type Object = *mut c_void;

/// A `req.register_cleanup` call: both references are owned.
pub struct RequestCleanup {
    /// The interpreter that registered it.
    pub interp: usize,
    /// The callable.
    pub callable: Object,
    /// Its argument.
    pub data: Object,
}

/// A plain attribute on its way from one interpreter's request object to another's.
#[derive(Clone, Debug, PartialEq)]
pub enum PlainValue {
    /// None
    None,
    /// bool
    Bool(bool),
    /// int that fits 64 bits
    Int(i64),
    /// float
    Float(f64),
    /// str, as UTF-8 with surrogates passed through
    Str(Vec<u8>),
    /// bytes
    Bytes(Vec<u8>),
}

/// One handler of the running list, with its directory for this request.
#[derive(Clone, Copy)]
pub struct ListEntry {
    /// The entry.
    pub entry: *const HandlerEntry,
    /// The resolved directory or NULL.
    pub directory: *const c_char,
}

/// A filter that the request registered for itself.
#[derive(Clone, Copy)]
pub struct OwnFilter {
    /// Its name, lower case, NUL-terminated.
    pub name: *const c_char,
    /// Input or output.
    pub input: bool,
    /// What runs.
    pub entry: HandlerEntry,
}

/// The list of the running phase and the place in it.
#[derive(Default)]
pub struct Cursor {
    /// The handlers of the phase.
    pub entries: SmallVec<[ListEntry; 2]>,
    /// Which one runs.
    pub at: usize,
}

impl Cursor {
    /// The handler that runs, None past the end.
    pub fn current(&self) -> Option<ListEntry> {
        self.entries.get(self.at).copied()
    }

    /// Goes to the next handler; stays at the end.
    pub fn advance(&mut self) {
        self.at = (self.at + 1).min(self.entries.len());
    }
}

/// What a WSGI application that starts over gets back.
#[derive(Clone, Copy)]
pub struct ResponseHead {
    /// A copy of `headers_out`, in the request's pool.
    pub headers: *mut sys::apr_table_t,
    /// The content type or NULL.
    pub content_type: *const c_char,
}

/// The record of one request.
pub struct RequestState {
    /// The list of the running phase.
    pub hlist: Cursor,
    /// The request objects, one per interpreter that has seen the request: (interpreter, owned reference).
    pub objects: SmallVec<[(usize, Object); 1]>,
    /// Handlers added for a phase by `req.add_handler`.
    pub added: Vec<(Phase, *mut HandlerList)>,
    /// Filters registered by `req.register_input_filter` and `req.register_output_filter`.
    pub filters: Vec<OwnFilter>,
    /// Filters whose generators may be running.
    pub generators: Vec<*mut super::filter::Instance>,
    /// Registered cleanups, in the order of registration.
    pub cleanups: Vec<RequestCleanup>,
    /// Attributes set by the interpreter that ran last, when another one is entered.
    pub attributes: Vec<(Vec<u8>, PlainValue)>,
    /// The interpreter that ran last.
    pub last_interp: Option<usize>,
    /// The running phase.
    pub phase: Option<Phase>,
    /// `req.extension`, NULL until a look-up by extension succeeded.
    pub extension: *const c_char,
    /// The interpreter's name as it was selected for the running phase.
    pub interpreter: *const c_char,
    /// The Init list that ran at post_read_request.
    pub init_list: *const HandlerList,
    /// A PythonTransHandler answered OK: the file name is its own.
    pub translated: bool,
    /// A Python function of an expression failed.
    pub expression_failed: bool,
    /// Python has assigned `req.content_type`.
    pub content_type_set: bool,
    /// What the response was before a WSGI application started it.
    pub before_wsgi: Option<ResponseHead>,
    /// The reader of the body.
    pub body: BodySlot,
    /// What Python wrote.
    pub output: Output,
    /// How many SSI elements run in this request's page and in those it includes: mod_include is in the middle of its
    /// filter.
    pub elements: u32,
    /// The innermost output filter of this request that runs Python now, NULL where there is none.
    pub running_filter: *const sys::ap_filter_t,
}

impl RequestState {
    /// The record of a request, None before Python saw it.
    ///
    /// # Safety
    /// `request` is live; the caller keeps no other reference to the record.
    #[inline]
    pub unsafe fn of<'a>(request: *const sys::request_rec) -> Option<&'a mut RequestState> {
        // SAFETY: the caller guarantees it.
        unsafe { module_config((*request).request_config).cast::<RequestState>().as_mut() }
    }

    /// Whether a hook has anything to do: the request's configuration has any of the phases, or something that happened
    /// to the request has a say in all of them. Most hooks of most requests end here.
    ///
    /// # Safety
    /// As [`RequestState::of`].
    #[inline(always)]
    pub unsafe fn concerns(request: *const sys::request_rec, phases: u32) -> bool {
        let slot = config::slot();
        // SAFETY: the caller guarantees the request; its vectors have entries of these types.
        unsafe {
            let config = config::entry_at((*request).per_dir_config, slot).cast::<DirConfig>().as_ref();
            let state = config::entry_at((*request).request_config, slot).cast::<RequestState>().as_ref();
            config.is_some_and(|config| config.phases & phases != 0) || state.is_some_and(RequestState::has_a_say)
        }
    }

    /// The record of a request, made if missing; `expire(request)` runs before the pool goes.
    ///
    /// # Safety
    /// As [`RequestState::of`].
    pub unsafe fn ensure<'a>(request: *mut sys::request_rec, expire: super::pool::Cleanup) -> &'a mut RequestState {
        // SAFETY: the caller guarantees it.
        unsafe {
            if let Some(state) = RequestState::of(request) {
                return state;
            }
            let pool = Pool::from_raw((*request).pool);
            // The pool's memory is whole until `expire` has run, which drops the record.
            let state = pool.uninit::<RequestState>();
            state.write(RequestState::new());
            set_module_config((*request).request_config, state.cast());
            pool.before_destroy(request.cast(), expire);
            &mut *state
        }
    }

    #[inline(always)]
    fn new() -> RequestState {
        RequestState {
            hlist: Cursor::default(),
            objects: SmallVec::new(),
            added: Vec::new(),
            filters: Vec::new(),
            generators: Vec::new(),
            cleanups: Vec::new(),
            attributes: Vec::new(),
            last_interp: None,
            phase: None,
            extension: ptr::null(),
            interpreter: ptr::null(),
            init_list: ptr::null(),
            translated: false,
            expression_failed: false,
            content_type_set: false,
            before_wsgi: None,
            body: BodySlot::default(),
            output: Output::default(),
            elements: 0,
            running_filter: ptr::null(),
        }
    }

    /// Takes the record away from the request and drops it. Its references must have been released.
    ///
    /// # Safety
    /// `request` is live; nothing refers to the record any more.
    pub unsafe fn remove(request: *mut sys::request_rec) {
        // SAFETY: the record was made by ensure; nobody finds it any more.
        unsafe {
            let state = module_config((*request).request_config).cast::<RequestState>();
            if !state.is_null() {
                set_module_config((*request).request_config, ptr::null_mut());
                ptr::drop_in_place(state);
            }
        }
    }

    /// The reference to this interpreter's request object.
    pub fn object(&self, interp: usize) -> Option<Object> {
        self.objects.iter().find(|(owner, _)| *owner == interp).map(|(_, object)| *object)
    }

    /// Whether phases without a configured handler have something to do: there are added handlers, or the request has to
    /// end because an expression failed.
    #[inline]
    pub fn has_a_say(&self) -> bool {
        !self.added.is_empty() || self.expression_failed
    }

    /// The added handlers of a phase.
    pub fn added(&self, phase: Phase) -> Option<&HandlerList> {
        // SAFETY: the list lies in the request's pool, which outlives this record.
        self.added.iter().find(|(added, _)| *added == phase).map(|(_, list)| unsafe { &**list })
    }

    /// Adds a handler for a phase.
    pub fn add(&mut self, pool: Pool, phase: Phase, entry: HandlerEntry) {
        let list = match self.added.iter().find(|(added, _)| *added == phase) {
            Some((_, list)) => *list,
            None => {
                let list = HandlerList::new(pool);
                self.added.push((phase, list));
                list
            }
        };
        // SAFETY: as in `added`; `&mut self` means nobody iterates over it through this record.
        unsafe { (*list).push(pool, entry) };
    }
}
