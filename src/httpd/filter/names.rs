//! The names under which httpd knows Python's filters: those of the directives, and `MOD_PYTHON` for those that a request
//! registers for itself.

use std::ffi::{CStr, CString, c_char};
use std::sync::OnceLock;

use super::Instance;
use crate::httpd::handler_list::HandlerEntry;
use crate::httpd::pool::Pool;
use crate::httpd::sys;

/// The name of filters that a request registers for itself.
const DYNAMIC: &CStr = c"MOD_PYTHON";

/// The same as filters show it.
const DYNAMIC_NAME: &CStr = c"mod_python";

/// How many output filters have a function of their own.
pub const SLOTS: usize = 64;

/// The names that have one; a name keeps its function through restarts.
static TAKEN: [OnceLock<CString>; SLOTS] = [const { OnceLock::new() }; SLOTS];

/// The functions that httpd calls.
#[derive(Clone, Copy)]
pub struct Names {
    /// For data on its way in.
    pub input: sys::ap_in_filter_func,
    /// For data on its way out.
    pub output: sys::ap_out_filter_func,
    /// The same, one for each name: mod_filter calls a filter's function in its own name.
    pub slots: &'static [sys::ap_out_filter_func; SLOTS],
}

/// The name of a slot.
pub fn of_slot(slot: usize) -> Option<&'static CStr> {
    TAKEN.get(slot).and_then(OnceLock::get).map(CString::as_c_str)
}

impl Names {
    /// Whether a filter that httpd knows is one of ours.
    ///
    /// # Safety
    /// `known` is NULL or a filter record of httpd, for input as `input` says.
    unsafe fn is_ours(self, known: *const sys::ap_filter_rec_t, input: bool) -> bool {
        // SAFETY: the caller guarantees it; the union's member follows from the direction.
        unsafe {
            known.is_null()
                || if input {
                    (*known).filter_func.in_func.map(|func| func as usize) == self.input.map(|func| func as usize)
                } else {
                    let known = (*known).filter_func.out_func.map(|func| func as usize);
                    self.slots.iter().chain([&self.output]).any(|ours| ours.map(|func| func as usize) == known)
                }
        }
    }

    /// The function for an output filter of this name. Beyond [`SLOTS`] names it is one that mod_filter cannot use.
    fn output_for(self, name: &CStr) -> sys::ap_out_filter_func {
        let mut slots = TAKEN.iter().zip(self.slots);
        slots
            .find(|(place, _)| place.get_or_init(|| name.to_owned()).as_c_str() == name)
            .map_or(self.output, |(_, slot)| *slot)
    }
}

/// # Safety
/// `name` is NUL-terminated; called while the configuration is read or served.
unsafe fn known(name: *const c_char, input: bool) -> *mut sys::ap_filter_rec_t {
    // SAFETY: the caller guarantees it.
    unsafe { if input { sys::ap_get_input_filter_handle(name) } else { sys::ap_get_output_filter_handle(name) } }
}

/// Tells httpd a filter's name. False: another module has a filter of this name.
///
/// # Safety
/// `name` is NUL-terminated; the configuration is being read.
pub unsafe fn register(names: Names, name: *const c_char, input: bool) -> bool {
    // SAFETY: the caller guarantees it; httpd copies the name.
    unsafe {
        if !names.is_ours(known(name, input), input) {
            return false;
        }
        let kind = sys::ap_filter_type_AP_FTYPE_RESOURCE;
        if input {
            sys::ap_register_input_filter(name, names.input, None, kind);
        } else {
            sys::ap_register_output_filter(name, names.output_for(CStr::from_ptr(name)), None, kind);
        }
    }
    true
}

/// Registers the filter that serves those of single requests.
///
/// # Safety
/// httpd is registering the module's hooks.
pub unsafe fn register_dynamic(names: Names) {
    // SAFETY: the caller guarantees it.
    unsafe {
        register(names, DYNAMIC.as_ptr(), true);
        register(names, DYNAMIC.as_ptr(), false);
    }
}

/// Whether httpd means another module's filter by a name that was registered before: a module that is loaded after our
/// directive was read replaces it silently.
pub fn is_taken(names: Names, name: &CStr, input: bool) -> bool {
    // SAFETY: the name is NUL-terminated; httpd's table of filters lives as long as the configuration.
    unsafe { !names.is_ours(known(name.as_ptr(), input), input) }
}

/// Adds a filter to a request: one that the request registered for itself (`entry`), or one that httpd knows by name,
/// which logs an error where it knows none.
///
/// # Safety
/// `request` is live and served by this thread; `name` is NUL-terminated.
pub unsafe fn add(request: *mut sys::request_rec, name: *const c_char, input: bool, entry: Option<HandlerEntry>) {
    // SAFETY: the caller guarantees it.
    unsafe {
        let conn = (*request).connection;
        let (name, context) = match entry {
            Some(entry) => {
                let pool = Pool::from_raw((*request).pool);
                (DYNAMIC.as_ptr(), pool.alloc(Instance::new(DYNAMIC_NAME.as_ptr(), pool.alloc(entry))).cast())
            }
            None => (name, std::ptr::null_mut()),
        };
        if input {
            sys::ap_add_input_filter(name, context, request, conn);
        } else {
            sys::ap_add_output_filter(name, context, request, conn);
        }
    }
}
