//! The host's side of a filter: what httpd calls, and the way into the interpreter. `output` and `input` do what lies
//! between the two.

use std::ptr;

use super::{input, output, resume};
use crate::abi::{Call, FilterCall};
use crate::dispatch::visit::Visit;
use crate::guard;
use crate::httpd::config::DirConfig;
use crate::httpd::filter::{Brigade, Instance, Kind, Outcome, Pass};
use crate::httpd::log::{Level, Owner};
use crate::httpd::pool::bytes;
use crate::httpd::request_state::RequestState;
use crate::httpd::sys;
use crate::httpd::tally::Running;
use crate::httpd::view::Record;
use crate::phase::Role;

/// How often a filter may be called again by output that it causes itself.
const MAX_DEPTH: u8 = 4;

/// httpd's call of an output filter.
///
/// # Safety
/// httpd's arguments.
pub unsafe extern "C" fn send(filter: *mut sys::ap_filter_t, brigade: Brigade) -> sys::apr_status_t {
    // SAFETY: the caller guarantees the arguments.
    guard::process(sys::APR_EGENERAL as sys::apr_status_t, || unsafe { output::run(filter, brigade, None) })
}

/// The same for the name that has this slot.
///
/// # Safety
/// httpd's arguments.
pub unsafe extern "C" fn send_of<const SLOT: usize>(
    filter: *mut sys::ap_filter_t,
    brigade: Brigade,
) -> sys::apr_status_t {
    // SAFETY: the caller guarantees the arguments.
    guard::process(sys::APR_EGENERAL as sys::apr_status_t, || unsafe { output::run(filter, brigade, Some(SLOT)) })
}

/// httpd's call of an input filter.
///
/// # Safety
/// httpd's arguments.
pub unsafe extern "C" fn ask(
    filter: *mut sys::ap_filter_t,
    brigade: Brigade,
    mode: sys::ap_input_mode_t,
    block: sys::apr_read_type_e,
    wanted: sys::apr_off_t,
) -> sys::apr_status_t {
    // SAFETY: the caller guarantees the arguments.
    unsafe {
        let asks_for_body = mode == sys::ap_input_mode_t_AP_MODE_READBYTES
            || mode == sys::ap_input_mode_t_AP_MODE_GETLINE
            || mode == sys::ap_input_mode_t_AP_MODE_EXHAUSTIVE;
        if (*filter).r.is_null() || !asks_for_body {
            return sys::ap_get_brigade((*filter).next, brigade, mode, block, wanted);
        }
        let kind = Kind::Input { mode, block, wanted };
        guard::process(sys::APR_EGENERAL as sys::apr_status_t, || input::run(filter, brigade, kind))
    }
}

/// Enters the interpreter and runs the function.
///
/// # Safety
/// The pass is a call that httpd makes, `instance` is kept with its filter.
pub unsafe fn call(pass: &mut Pass, instance: *mut Instance) -> Outcome {
    // SAFETY: the caller guarantees the pass and the instance; the configuration lives as long as the request.
    unsafe {
        let (filter, request) = (pass.filter, pass.request);
        let Some(entry) = (*instance).entry.as_ref() else {
            log(filter, instance, "MPY0407: no filter of this name is configured for this request");
            return Outcome::FAILED;
        };
        if (*instance).depth >= MAX_DEPTH || ((*instance).depth > 0 && (*instance).generator.is_some()) {
            log(filter, instance, "MPY0408: an output filter causes output for itself without end");
            return Outcome::FAILED;
        }
        let settings = DirConfig::of((*request).per_dir_config).map(|config| &config.settings);
        let name = String::from_utf8_lossy(bytes((*instance).name));
        let Some(visit) = Visit::open(request, settings, Some(entry), format_args!("filter {name}")) else {
            return Outcome::FAILED;
        };
        pass.instance = instance;
        pass.entry = entry;
        pass.directory = entry.directory(request);
        let is_input = pass.is_input();
        let role = Role::Callback(pass.callback());
        let running = Running::begin(role);
        let outer = if is_input { ptr::null() } else { set_running(request, filter) };
        (*instance).depth += 1;
        let outcome = if (*instance).generator.is_some() {
            resume::go_on(pass, instance)
        } else {
            let mut call = FilterCall { pass, settings, outcome: Outcome::FAILED };
            visit.run(role, &mut Call::Filter(&mut call));
            match call.outcome {
                Outcome::Generator(iterator, object) => resume::begin(pass, instance, visit.index(), iterator, object),
                outcome => outcome,
            }
        };
        (*instance).depth -= 1;
        if !is_input {
            set_running(request, outer);
        }
        drop(running);
        visit.return_to_outer();
        outcome
    }
}

/// Notes which output filter of a request runs; returns which one did.
///
/// # Safety
/// `request` is live and served by this thread.
unsafe fn set_running(request: *mut sys::request_rec, filter: *const sys::ap_filter_t) -> *const sys::ap_filter_t {
    // SAFETY: the caller guarantees the request; the borrow ends here.
    let state = unsafe { RequestState::of(request) };
    state.map_or(ptr::null(), |state| std::mem::replace(&mut state.running_filter, filter))
}

/// A line in the request's log that names the filter.
///
/// # Safety
/// The filter is live and has a request; `instance` is kept with it.
pub unsafe fn log(filter: *mut sys::ap_filter_t, instance: *const Instance, text: &str) {
    // SAFETY: the caller guarantees it.
    unsafe {
        let name = String::from_utf8_lossy(bytes((*instance).name));
        let line = format!("{text} (filter {name})");
        Owner::Request(sys::request_rec::view((*filter).r)).log(Level::ERR, line.as_bytes());
    }
}
