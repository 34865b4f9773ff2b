//! httpd's map_to_storage: the handlers of that phase, and content that a `<Location>` serves without a file. The host's
//! side; called by the hook only.
//!
//! httpd has set the configuration back to the server's defaults for this hook. What the locations say counts all the
//! same, so they are walked once more: httpd keeps the result for its own walk.

use std::ffi::c_int;
use std::ptr;

use super::phases::{OURS, request};
use crate::httpd::config::{self, DirConfig, ServerConfig};
use crate::httpd::handler_list::Place;
use crate::httpd::pool::Pool;
use crate::httpd::request_state::RequestState;
use crate::httpd::sys;
use crate::phase::Phase;

/// The handlers of the phase first; where they leave it, a Location's content.
///
/// # Safety
/// `r` is what httpd passed to the hook.
#[inline(always)]
pub unsafe fn map_to_storage(r: *mut sys::request_rec) -> c_int {
    const HERE: u8 = ServerConfig::HAS_MAPPING | ServerConfig::HAS_LOCATION_CONTENT;
    // SAFETY: the caller guarantees the request and its server.
    unsafe {
        let server = ServerConfig::of((*r).server).is_some_and(|config| config.python & HERE != 0);
        if server || RequestState::concerns(r, 0) { found(r) } else { sys::DECLINED }
    }
}

/// The part of [`map_to_storage`] that most requests never reach.
///
/// # Safety
/// As [`map_to_storage`].
#[inline(never)]
unsafe fn found(r: *mut sys::request_rec) -> c_int {
    // SAFETY: the caller guarantees the request and its server.
    unsafe {
        let bits = ServerConfig::of((*r).server).map_or(0, |config| config.python);
        let handlers = bits & ServerConfig::HAS_MAPPING != 0 || RequestState::of(r).is_some();
        let result = if handlers { run(r) } else { sys::DECLINED };
        if result != sys::DECLINED || bits & ServerConfig::HAS_LOCATION_CONTENT == 0 {
            return result;
        }
        location_content(r)
    }
}

/// Runs the phase with the configuration of the request's locations.
///
/// # Safety
/// As [`map_to_storage`].
#[inline(never)]
unsafe extern "C" fn run(r: *mut sys::request_rec) -> c_int {
    // SAFETY: the caller guarantees the request.
    unsafe { in_locations(r, |r| request(Phase::MapToStorage, r)).unwrap_or(sys::DECLINED) }
}

/// Calls `look` while the request has the configuration of its locations; None where httpd cannot walk them, which it
/// will find itself.
///
/// # Safety
/// As [`map_to_storage`].
unsafe fn in_locations<R>(r: *mut sys::request_rec, look: impl FnOnce(*mut sys::request_rec) -> R) -> Option<R> {
    // SAFETY: the caller guarantees the request; the vector is put back as httpd expects it.
    unsafe {
        let defaults = (*r).per_dir_config;
        let status = sys::ap_location_walk(r);
        let result = (status == sys::OK).then(|| look(r));
        (*r).per_dir_config = defaults;
        result
    }
}

/// Content served by a `<Location>` has no file.
///
/// Decided by the content handler and SetHandler in effect, so that Python access control in front of files, DAV or a
/// proxy leaves their mapping alone, and so does a Location below that is given back to another handler. A file name
/// that a PythonTransHandler chose stays.
///
/// # Safety
/// As [`map_to_storage`].
#[inline(never)]
unsafe extern "C" fn location_content(r: *mut sys::request_rec) -> c_int {
    // SAFETY: the caller guarantees the request and its URI.
    unsafe {
        if (*r).proxyreq != sys::PROXYREQ_NONE {
            return sys::DECLINED;
        }
        if !(*r).filename.is_null() && RequestState::of(r).is_some_and(|state| state.translated) {
            return sys::DECLINED;
        }
        let place = in_locations(r, |r| content_place(r)).flatten();
        let Some(rest) = place.and_then(|place| place.rest_of((*r).uri)) else { return sys::DECLINED };
        (*r).filename = ptr::null_mut();
        (*r).canonical_filename = ptr::null_mut();
        (*r).path_info = Pool::from_raw((*r).pool).dup(rest);
        (*r).finfo = sys::apr_finfo_t::default();
        sys::OK
    }
}

/// Where the content handler in effect was written, if its request is for this module.
///
/// # Safety
/// As [`map_to_storage`]; the request has the configuration of its locations.
unsafe fn content_place(r: *mut sys::request_rec) -> Option<Place> {
    // SAFETY: the caller guarantees the request.
    unsafe {
        // httpd will take SetHandler's word in lower case.
        let name = config::set_handler(r);
        let served = OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name));
        let config = DirConfig::of((*r).per_dir_config).filter(|_| served);
        Some(config?.list(Phase::Content)?.iter().next()?.place)
    }
}
