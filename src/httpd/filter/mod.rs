//! Python's filters in httpd's filter chains: their names, and what is kept with each one while its request lives. The
//! host's side (`dispatch::filter`) runs them, `py::filter` shows a call to Python.

mod deliver;
mod failure;
mod names;
mod pass;
mod queue;
mod relay;
mod window;

use std::ffi::{CStr, c_char};
use std::ptr;
use std::sync::Arc;

pub use self::deliver::deliver;
pub use self::failure::{fail, refuse};
pub use self::names::{Names, SLOTS, add, is_taken, register, register_dynamic};
pub use self::pass::{Head, Kind, Pass, ReadFailed};
pub use self::queue::ends;
pub use self::relay::{PassPointer, Relay, Step};
pub use self::window::{Cut, WINDOW, cut};
use super::config::DirConfig;
use super::handler_list::HandlerEntry;
use super::pool::{Pool, bytes};
use super::request_state::{Object, RequestState};
use super::sys;

/// A brigade of httpd.
pub type Brigade = *mut sys::apr_bucket_brigade;

/// Whether a filter still runs Python.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It does.
    Active,
    /// Data goes past Python, unchanged.
    Bypassed,
    /// It has ended the stream itself: what comes is dropped.
    Ended,
    /// It has failed: what comes is dropped, whoever sends it is told.
    Failed,
}

/// The generator that a filter function has returned, from then until it ends or its request does; owned references.
#[derive(Clone, Copy)]
pub struct Generator {
    /// The interpreter it belongs to.
    pub interp: usize,
    /// The iterator.
    pub iterator: Object,
    /// The filter object it reads from.
    pub object: Object,
    /// The relay it runs in (from `Arc::into_raw`); NULL where the request's thread runs it.
    pub relay: *const Relay,
}

/// How a call of a filter ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The function has returned.
    Finished,
    /// It has returned a generator, which has not begun: owned references to it and to the filter object.
    Generator(Object, Object),
    /// It has failed.
    Failed {
        /// The HTTP status of the response, where it is not too late for one.
        status: i32,
        /// What to show the client.
        page: Option<Vec<u8>>,
    },
}

impl Outcome {
    /// It has failed, and nothing more is known.
    pub const FAILED: Outcome = Outcome::Failed { status: sys::HTTP_INTERNAL_SERVER_ERROR, page: None };
}

// SAFETY: references to Python objects are only passed on; whoever uses them holds their interpreter's GIL.
unsafe impl Send for Outcome {}

impl Generator {
    /// The relay it runs in.
    ///
    /// # Safety
    /// The generator has not ended.
    pub unsafe fn relay(&self) -> Option<Arc<Relay>> {
        // SAFETY: the record owns a reference until the generator ends.
        unsafe {
            let relay = self.relay.as_ref()?;
            Arc::increment_strong_count(relay);
            Some(Arc::from_raw(relay))
        }
    }
}

/// One filter of one request, from its first data to the request's end. Lies in the request's pool.
#[derive(Clone, Copy)]
pub struct Instance {
    /// The name it has in the configuration, NUL-terminated, as long-lived as the configuration.
    pub name: *const c_char,
    /// What runs; NULL where the request's configuration has no filter of this name.
    pub entry: *const HandlerEntry,
    /// Whether it still runs.
    pub state: State,
    /// How many calls are under way: a filter may cause output that it sees itself.
    pub depth: u8,
    /// Output: something went to the next filter, so the response may have begun.
    pub passed: bool,
    /// Output: the data is not what the filter was given, so its length is not either.
    pub altered: bool,
    /// Input: taken from the next filter and not read yet.
    pub waiting: Brigade,
    /// Input: written and not asked for yet.
    pub ready: Brigade,
    /// Input: the end of the stream was handed out.
    pub ended: bool,
    /// Input: the next filter has delivered its end.
    pub exhausted: bool,
    /// A brigade of this filter that is not in use, NULL where there is none.
    pub spare: [Brigade; 2],
    /// The running generator.
    pub generator: Option<Generator>,
}

impl Instance {
    /// A filter that has seen nothing.
    pub fn new(name: *const c_char, entry: *const HandlerEntry) -> Instance {
        Instance {
            name,
            entry,
            state: State::Active,
            depth: 0,
            passed: false,
            altered: false,
            waiting: ptr::null_mut(),
            ready: ptr::null_mut(),
            ended: false,
            exhausted: false,
            spare: [ptr::null_mut(); 2],
            generator: None,
        }
    }

    /// What is kept with a filter, made at its first data. `slot` is where its function stands among the slots, which tells
    /// its name although mod_filter calls it in the name of another one.
    ///
    /// # Safety
    /// `filter` is a live filter of this module with a request, and this thread serves it.
    pub unsafe fn of(filter: *mut sys::ap_filter_t, input: bool, slot: Option<usize>) -> *mut Instance {
        // SAFETY: the caller guarantees the filter; its context is ours.
        unsafe {
            let known = (*filter).ctx.cast::<Instance>();
            if !known.is_null() {
                return known;
            }
            let request = (*filter).r;
            let name = slot.and_then(names::of_slot).map_or((*(*filter).frec).name, CStr::as_ptr);
            let found = DirConfig::of((*request).per_dir_config).and_then(|config| config.filter(bytes(name), input));
            let entry = found.map_or(ptr::null(), |node| node.entry);
            let made = Pool::from_raw((*request).pool).alloc(Instance::new(name, entry));
            (*filter).ctx = made.cast();
            made
        }
    }

    /// Takes a running generator over; `end` of its request finds it.
    ///
    /// # Safety
    /// The instance belongs to a filter of `request`, which is live and has its record.
    pub unsafe fn keep_generator(this: *mut Instance, request: *mut sys::request_rec, generator: Generator) {
        // SAFETY: the caller guarantees both.
        unsafe {
            (*this).generator = Some(generator);
            if let Some(state) = RequestState::of(request) {
                state.generators.push(this);
            }
        }
    }

    /// A brigade for a call, to be given back by [`Instance::give_back`].
    ///
    /// # Safety
    /// The instance belongs to `filter`, which is live and has a request.
    pub unsafe fn take_brigade(this: *mut Instance, filter: *mut sys::ap_filter_t) -> Brigade {
        // SAFETY: the caller guarantees both.
        unsafe {
            for spare in &mut (*this).spare {
                if !spare.is_null() {
                    return std::mem::replace(spare, ptr::null_mut());
                }
            }
            new_brigade(filter)
        }
    }

    /// Keeps an empty brigade for the next call.
    ///
    /// # Safety
    /// `brigade` came from [`Instance::take_brigade`] of the same filter.
    pub unsafe fn give_back(this: *mut Instance, brigade: Brigade) {
        // SAFETY: the caller guarantees it.
        unsafe {
            sys::apr_brigade_cleanup(brigade.cast());
            if let Some(place) = (*this).spare.iter_mut().find(|spare| spare.is_null()) {
                *place = brigade;
            }
        }
    }
}

/// # Safety
/// `filter` is live and has a request.
pub unsafe fn new_brigade(filter: *mut sys::ap_filter_t) -> Brigade {
    // SAFETY: the caller guarantees it.
    unsafe { sys::apr_brigade_create((*(*filter).r).pool, (*(*filter).c).bucket_alloc) }
}
