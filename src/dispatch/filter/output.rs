//! A brigade on its way out becomes calls of a Python function, one for each window, and what the function wrote goes on
//! its way.

use super::host::{call, log};
use crate::httpd::filter::{self, Brigade, Cut, Instance, Kind, Outcome, Pass, State};
use crate::httpd::sys;

/// Serves a call of httpd; `slot` is that of the filter's name.
///
/// # Safety
/// httpd's arguments for an output filter.
pub unsafe fn run(filter: *mut sys::ap_filter_t, source: Brigade, slot: Option<usize>) -> sys::apr_status_t {
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
/// As [`run`]; `instance` is kept with the filter.
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
