//! Whoever asks for the body of a request gets what a Python function has made of it.

use super::host::{call, log};
use crate::httpd::filter::{self, Brigade, Instance, Kind, Outcome, Pass, State};
use crate::httpd::sys;

/// Serves a call of httpd.
///
/// # Safety
/// httpd's arguments for an input filter, which has a request.
pub unsafe fn run(filter: *mut sys::ap_filter_t, brigade: Brigade, kind: Kind) -> sys::apr_status_t {
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
/// As [`run`]; `instance` is kept with the filter.
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
/// As [`run`]; `instance` is kept with the filter.
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
