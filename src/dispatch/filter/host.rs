//! The host's side of a filter: a brigade of httpd becomes calls of a Python function, and what the function wrote goes
//! on its way.

use std::ptr;

use super::resume;
use crate::abi::{Call, FilterCall};
use crate::dispatch::visit::Visit;
use crate::guard;
use crate::httpd::config::DirConfig;
use crate::httpd::filter::{self, Brigade, Cut, Instance, Kind, Outcome, Pass, State};
use crate::httpd::log::{Level, Owner};
use crate::httpd::pool::bytes;
use crate::httpd::request_state::RequestState;
use crate::httpd::sys;
use crate::httpd::tally::Running;
use crate::httpd::view::Record;
use crate::phase::{Callback, Role};

/// How often a filter may be called again by output that it causes itself.
const MAX_DEPTH: u8 = 4;

/// httpd's call of an output filter.
///
/// # Safety
/// httpd's arguments.
pub unsafe extern "C" fn output(filter: *mut sys::ap_filter_t, brigade: Brigade) -> sys::apr_status_t {
    // SAFETY: the caller guarantees the arguments.
    guard::process(sys::APR_EGENERAL as sys::apr_status_t, || unsafe { run_output(filter, brigade, None) })
}

/// The same for the name that has this slot.
///
/// # Safety
/// httpd's arguments.
pub unsafe extern "C" fn output_of<const SLOT: usize>(
    filter: *mut sys::ap_filter_t,
    brigade: Brigade,
) -> sys::apr_status_t {
    // SAFETY: the caller guarantees the arguments.
    guard::process(sys::APR_EGENERAL as sys::apr_status_t, || unsafe { run_output(filter, brigade, Some(SLOT)) })
}

/// httpd's call of an input filter.
///
/// # Safety
/// httpd's arguments.
pub unsafe extern "C" fn input(
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
        guard::process(sys::APR_EGENERAL as sys::apr_status_t, || run_input(filter, brigade, kind))
    }
}

/// # Safety
/// As [`output`].
unsafe fn run_output(filter: *mut sys::ap_filter_t, source: Brigade, slot: Option<usize>) -> sys::apr_status_t {
    // SAFETY: the caller guarantees the filter; what is kept with it lives as long.
    unsafe {
        if (*filter).r.is_null() || sys::mpy_brigade_is_empty(source) != 0 {
            return sys::ap_pass_brigade((*filter).next, source);
        }
        let instance = Instance::of(filter, false, slot);
        match (*instance).state {
            State::Active => {}
            State::Bypassed => return sys::ap_pass_brigade((*filter).next, source),
            State::Ended => {
                sys::apr_brigade_cleanup(source.cast());
                return sys::APR_SUCCESS;
            }
            State::Failed => {
                sys::apr_brigade_cleanup(source.cast());
                return sys::AP_FILTER_ERROR;
            }
        }
        let rest = Instance::take_brigade(instance, filter);
        let mut status;
        loop {
            // A generator takes what it can hold by itself.
            let cut = if (*instance).generator.is_some() { Ok(Cut::Whole) } else { filter::cut(source, rest) };
            status = match cut {
                Ok(cut) => one_window(filter, instance, source, rest, cut),
                Err(status) => {
                    let text = format!("MPY0409: the data for a filter cannot be read, status {status}");
                    log(filter, instance, &text);
                    filter::fail(filter, instance, sys::HTTP_INTERNAL_SERVER_ERROR, None)
                }
            };
            sys::apr_brigade_cleanup(source.cast());
            let goes_on = (*instance).state == State::Active && status == sys::APR_SUCCESS;
            if !goes_on || sys::mpy_brigade_is_empty(rest) != 0 {
                break;
            }
            sys::mpy_brigade_concat(source, rest);
        }
        Instance::give_back(instance, rest);
        status
    }
}

/// Runs the function for what stands in `source`.
///
/// # Safety
/// As [`output`]; `instance` is kept with the filter.
unsafe fn one_window(
    filter: *mut sys::ap_filter_t,
    instance: *mut Instance,
    source: Brigade,
    rest: Brigade,
    cut: Cut,
) -> sys::apr_status_t {
    // SAFETY: the caller guarantees the filter, the instance and the brigades.
    unsafe {
        let mut pass = Pass::new(filter, (*filter).r, Kind::Output, Instance::take_brigade(instance, filter));
        pass.source = source;
        if matches!(cut, Cut::At { .. }) {
            pass.rest = rest;
        }
        let outcome = call(&mut pass, instance);
        let status = match outcome {
            Outcome::Failed { status, page } => {
                sys::apr_brigade_cleanup(pass.queue.cast());
                filter::fail(filter, instance, status, page.as_deref())
            }
            Outcome::Finished | Outcome::Generator(..) => {
                let pause = !matches!(cut, Cut::At { pause: false });
                finish_output(&mut pass, instance, pause)
            }
        };
        Instance::give_back(instance, pass.queue);
        status
    }
}

/// The function has returned: what it left in the queue is sent, with the end of the stream if it was there.
///
/// # Safety
/// The pass of [`one_window`], whose call is over.
unsafe fn finish_output(pass: &mut Pass, instance: *mut Instance, pause: bool) -> sys::apr_status_t {
    // SAFETY: the caller guarantees the pass; `pass_on` reads nothing for output.
    unsafe {
        if pass.bypass {
            (*instance).state = State::Bypassed;
            if !pass.closed {
                let _ = pass.pass_on();
            }
        } else if !pass.closed {
            pass.forget_rest();
            if pass.met_end {
                pass.note_altered();
                pass.close();
            } else if pause {
                pass.flush();
            }
        }
        pass.send();
        if pass.closed && (*instance).state == State::Active {
            (*instance).state = State::Ended;
        }
    }
    pass.status
}

/// # Safety
/// As [`input`]; the filter has a request.
unsafe fn run_input(filter: *mut sys::ap_filter_t, brigade: Brigade, kind: Kind) -> sys::apr_status_t {
    let Kind::Input { mode, block, wanted } = kind else { return sys::APR_EGENERAL as sys::apr_status_t };
    // SAFETY: the caller guarantees the filter; what is kept with it lives as long.
    unsafe {
        let instance = Instance::of(filter, true, None);
        if (*instance).ready.is_null() {
            (*instance).ready = filter::new_brigade(filter);
            (*instance).waiting = filter::new_brigade(filter);
        }
        let (ready, waiting) = ((*instance).ready, (*instance).waiting);
        if (*instance).depth > 0 {
            log(filter, instance, "MPY0408: an input filter asks for the data that it is to deliver itself");
            return sys::AP_FILTER_ERROR;
        }
        loop {
            if sys::mpy_brigade_is_empty(ready) == 0 {
                if filter::ends(ready) && !(*instance).exhausted && drain(filter, instance, block) == libc::EAGAIN {
                    return libc::EAGAIN;
                }
                return match filter::deliver(ready, brigade, mode, wanted) {
                    Ok(ended) => {
                        (*instance).ended |= ended;
                        sys::APR_SUCCESS
                    }
                    Err(status) => status,
                };
            }
            if (*instance).ended {
                sys::mpy_brigade_append(brigade, sys::apr_bucket_eos_create((*(*filter).c).bucket_alloc));
                return sys::APR_SUCCESS;
            }
            match (*instance).state {
                State::Active => {}
                State::Failed | State::Ended => return sys::AP_FILTER_ERROR,
                State::Bypassed if sys::mpy_brigade_is_empty(waiting) != 0 => {
                    return sys::ap_get_brigade((*filter).next, brigade, mode, block, wanted);
                }
                State::Bypassed => {
                    sys::mpy_brigade_concat(ready, waiting);
                    continue;
                }
            }
            let status = fill(filter, instance, kind);
            if sys::mpy_brigade_is_empty(ready) != 0
                && (status != sys::APR_SUCCESS || block == sys::apr_read_type_e_APR_NONBLOCK_READ)
            {
                return status;
            }
        }
    }
}

/// Reads what an input filter has left of the stream that it ended: the next request on the connection stands behind it.
/// `EAGAIN` where it is not there yet and `block` does not allow to wait; where it cannot be read, there is no next
/// request.
///
/// # Safety
/// As [`run_input`]; `instance` is kept with the filter.
unsafe fn drain(
    filter: *mut sys::ap_filter_t,
    instance: *mut Instance,
    block: sys::apr_read_type_e,
) -> sys::apr_status_t {
    /// How much is asked for at once, in bytes.
    const PIECE: sys::apr_off_t = 65536;
    // SAFETY: the caller guarantees the filter and the instance.
    unsafe {
        let waiting = (*instance).waiting;
        sys::apr_brigade_cleanup(waiting.cast());
        // Who waits for a word of ours before sending is not asked for what nobody wants.
        let mut status = if (*(*filter).r).expecting_100 == 0 { sys::APR_SUCCESS } else { sys::AP_FILTER_ERROR };
        while status == sys::APR_SUCCESS && !(*instance).exhausted {
            let mode = sys::ap_input_mode_t_AP_MODE_READBYTES;
            status = sys::ap_get_brigade((*filter).next, waiting, mode, block, PIECE);
            (*instance).exhausted = filter::ends(waiting);
            if status == sys::APR_SUCCESS && sys::mpy_brigade_is_empty(waiting) != 0 {
                let waits = block == sys::apr_read_type_e_APR_BLOCK_READ;
                status = if waits { sys::AP_FILTER_ERROR } else { libc::EAGAIN };
            }
            sys::apr_brigade_cleanup(waiting.cast());
        }
        if status != sys::APR_SUCCESS && status != libc::EAGAIN {
            (*instance).exhausted = true;
            (*(*filter).c).keepalive = sys::ap_conn_keepalive_e_AP_CONN_CLOSE;
        }
        status
    }
}

/// Runs the function once, so that there is something to deliver, or less to read.
///
/// # Safety
/// As [`run_input`]; `instance` is kept with the filter.
unsafe fn fill(filter: *mut sys::ap_filter_t, instance: *mut Instance, kind: Kind) -> sys::apr_status_t {
    // SAFETY: the caller guarantees the filter and the instance.
    unsafe {
        let mut pass = Pass::new(filter, (*filter).r, kind, (*instance).ready);
        pass.source = (*instance).waiting;
        // Data that an earlier call has left comes first, and alone.
        pass.fetched = sys::mpy_brigade_is_empty(pass.source) == 0;
        let outcome = call(&mut pass, instance);
        if let Outcome::Failed { status, .. } = outcome {
            (*instance).state = State::Failed;
            sys::apr_brigade_cleanup(pass.queue.cast());
            sys::apr_brigade_cleanup(pass.source.cast());
            (*(*filter).c).keepalive = sys::ap_conn_keepalive_e_AP_CONN_CLOSE;
            if pass.status != sys::APR_SUCCESS && pass.status != libc::EAGAIN {
                // The function has failed because the data could not be had: that is what has happened.
                return pass.status;
            }
            if status != sys::HTTP_INTERNAL_SERVER_ERROR {
                filter::refuse(filter, status);
            }
            return sys::AP_FILTER_ERROR;
        }
        if pass.bypass {
            (*instance).state = State::Bypassed;
        } else if !pass.progressed {
            // A function that does nothing swallows the data: whoever asks must come to the end of it.
            match pass.swallow() {
                Ok(true) => pass.close(),
                Ok(false) => {}
                Err(failed) => return failed.0,
            }
        } else if pass.met_end {
            pass.close();
        }
        pass.status
    }
}

/// Enters the interpreter and runs the function.
///
/// # Safety
/// The pass is one of [`one_window`] or [`fill`], `instance` is kept with its filter.
unsafe fn call(pass: &mut Pass, instance: *mut Instance) -> Outcome {
    const FAILED: Outcome = Outcome::Failed { status: sys::HTTP_INTERNAL_SERVER_ERROR, page: None };
    // SAFETY: the caller guarantees the pass and the instance; the configuration lives as long as the request.
    unsafe {
        let (filter, request) = (pass.filter, pass.request);
        let Some(entry) = (*instance).entry.as_ref() else {
            log(filter, instance, "MPY0407: no filter of this name is configured for this request");
            return FAILED;
        };
        if (*instance).depth >= MAX_DEPTH || ((*instance).depth > 0 && (*instance).generator.is_some()) {
            log(filter, instance, "MPY0408: an output filter causes output for itself without end");
            return FAILED;
        }
        let settings = DirConfig::of((*request).per_dir_config).map(|config| &config.settings);
        let name = String::from_utf8_lossy(bytes((*instance).name));
        let Some(visit) = Visit::open(request, settings, Some(entry), format_args!("filter {name}")) else {
            return FAILED;
        };
        pass.instance = instance;
        pass.entry = entry;
        pass.directory = entry.directory(request);
        let is_input = pass.is_input();
        let callback = if is_input { Callback::InputFilter } else { Callback::OutputFilter };
        let running = Running::begin(Role::Callback(callback));
        let outer = if is_input { ptr::null() } else { set_running(request, filter) };
        (*instance).depth += 1;
        let outcome = if (*instance).generator.is_some() {
            resume::go_on(pass, instance)
        } else {
            let mut call = FilterCall { pass, settings, outcome: FAILED };
            visit.run(&mut Call::Filter(&mut call));
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
unsafe fn log(filter: *mut sys::ap_filter_t, instance: *const Instance, text: &str) {
    // SAFETY: the caller guarantees it.
    unsafe {
        let name = String::from_utf8_lossy(bytes((*instance).name));
        let line = format!("{text} (filter {name})");
        Owner::Request(sys::request_rec::view((*filter).r)).log(Level::ERR, line.as_bytes());
    }
}
