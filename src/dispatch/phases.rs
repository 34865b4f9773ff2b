//! The host's side of a request phase: choose the handlers and the interpreter, enter it, pass the result on. A URL
//! without Python pays a few instructions per hook.

use std::ffi::{c_int, c_void};
use std::ptr;

use super::expression;
use super::filter;
use super::visit::{Visit, run_within};
use crate::abi::{Call, ExpireCall, PhaseCall, RequestCleanupCall};
use crate::guard;
use crate::httpd::config::DirConfig;
use crate::httpd::handler_list;
use crate::httpd::log::{Level, Owner};
use crate::httpd::pool::bytes;
use crate::httpd::request_state::RequestState;
use crate::httpd::sys;
use crate::httpd::tally::Running;
use crate::httpd::view::Record;
use crate::interp::table;
use crate::phase::{Phase, Role};

/// Runs a phase for a request; DECLINED without any work where nothing is configured for it.
///
/// # Safety
/// `request` is what httpd passed to the phase's hook.
#[inline(always)]
pub unsafe fn request(phase: Phase, request: *mut sys::request_rec) -> c_int {
    // SAFETY: the caller guarantees the request.
    unsafe { if RequestState::concerns(request, phase.bit()) { found(phase, request) } else { sys::DECLINED } }
}

/// The part of [`request`] that most hooks never reach: apart, and not to be unwound, so that
/// the check costs no stack frame.
///
/// # Safety
/// As [`request`].
#[inline(never)]
unsafe extern "C" fn found(phase: Phase, request: *mut sys::request_rec) -> c_int {
    // SAFETY: the caller guarantees the request.
    unsafe {
        // Nothing has been sent yet, whatever the request is for.
        if phase == Phase::Fixup && expression::has_failed(request) {
            return sys::HTTP_INTERNAL_SERVER_ERROR;
        }
        let config = DirConfig::of((*request).per_dir_config);
        let configured = config.is_some_and(|config| config.phases & phase.bit() != 0);
        if !configured && RequestState::of(request).is_none_or(|state| state.added(phase).is_none()) {
            return sys::DECLINED;
        }
        guard::request(request, phase.name(), || run(phase, request, config))
    }
}

/// Runs a phase that has handlers.
///
/// # Safety
/// As [`request`]; `config` is the request's merged record.
unsafe fn run(phase: Phase, request: *mut sys::request_rec, config: Option<&DirConfig>) -> c_int {
    // SAFETY: the caller guarantees the request; its texts and pool live as long as it.
    unsafe {
        let filename = (*request).filename.as_ref().filter(|_| !phase.info().early).map(|text| bytes(text));
        let generic = config.and_then(|config| config.list(phase));
        let by_ext = config.map_or(ptr::null(), |config| config.by_ext);
        let selection = handler_list::select(phase, generic, by_ext, filename);
        let added = RequestState::of(request).and_then(|state| state.added(phase));
        let Some(first) = selection.list.or(added).and_then(|list| list.iter().next()) else {
            return sys::DECLINED;
        };
        let _running = Running::begin(Role::Phase(phase));
        let settings = config.map(|config| &config.settings);
        let Some(visit) = Visit::open(request, settings, Some(first), format_args!("phase {}", phase.name())) else {
            return sys::HTTP_INTERNAL_SERVER_ERROR;
        };
        if let Some(extension) = selection.extension
            && let Some(state) = RequestState::of(request)
        {
            state.extension = if extension.is_empty() { c"".as_ptr() } else { extension.as_ptr().cast() };
        }
        let mut call =
            PhaseCall { request, phase, configured: selection.list, settings, result: sys::HTTP_INTERNAL_SERVER_ERROR };
        visit.run(Role::Phase(phase), &mut Call::Phase(&mut call));
        match phase {
            Phase::Authen => authen_result(request, call.result),
            Phase::Trans => {
                if let Some(state) = RequestState::of(request) {
                    state.translated = call.result == sys::OK;
                }
                call.result
            }
            _ => call.result,
        }
    }
}

/// A handler that lets a request in must say who it is; one that asks for credentials gets httpd's challenge.
unsafe fn authen_result(request: *mut sys::request_rec, result: c_int) -> c_int {
    // SAFETY: the request is live.
    unsafe {
        if result == sys::OK && (*request).user.is_null() {
            let text =
                b"MPY0402: PythonAuthenHandler: the handler returned OK but req.user is not set; it must be assigned";
            Owner::Request(sys::request_rec::view(request)).log(Level::ERR, text);
            return sys::HTTP_INTERNAL_SERVER_ERROR;
        }
        if result == sys::HTTP_UNAUTHORIZED {
            let kind = sys::ap_auth_type(request);
            if !kind.is_null() && bytes(kind).eq_ignore_ascii_case(b"basic") {
                sys::ap_note_basic_auth_failure(request);
            }
        }
    }
    result
}

/// post_read_request: the server's Init list, then the phase's own.
///
/// # Safety
/// As [`request`].
#[inline(always)]
pub unsafe fn post_read_request(r: *mut sys::request_rec) -> c_int {
    // SAFETY: the caller guarantees the request.
    unsafe {
        let concerned = RequestState::concerns(r, Phase::Init.bit() | Phase::PostReadRequest.bit());
        if concerned { init_and(Phase::PostReadRequest, r) } else { sys::DECLINED }
    }
}

/// header_parser: the merged configuration's Init list unless it ran already, then the phase's own.
///
/// # Safety
/// As [`request`].
#[inline(always)]
pub unsafe fn header_parser(r: *mut sys::request_rec) -> c_int {
    // SAFETY: the caller guarantees the request.
    unsafe {
        let concerned = RequestState::concerns(r, Phase::Init.bit() | Phase::HeaderParser.bit());
        if concerned { init_and(Phase::HeaderParser, r) } else { sys::DECLINED }
    }
}

/// Runs the Init list in effect, unless the same list ran before, then `phase`.
///
/// # Safety
/// As [`request`].
#[inline(never)]
unsafe extern "C" fn init_and(phase: Phase, r: *mut sys::request_rec) -> c_int {
    // SAFETY: the caller guarantees the request; its record is looked up again after the handlers ran.
    unsafe {
        let ran = RequestState::of(r).map_or(ptr::null(), |state| state.init_list);
        let config = DirConfig::of((*r).per_dir_config);
        let filename = (*r).filename.as_ref().map(|text| bytes(text));
        let chosen = |config: &DirConfig| {
            handler_list::select(Phase::Init, config.list(Phase::Init), config.by_ext, filename).list.map(ptr::from_ref)
        };
        let list = config.and_then(chosen).unwrap_or(ptr::null());
        if list.is_null() || list != ran {
            let result = request(Phase::Init, r);
            if let Some(state) = RequestState::of(r).filter(|_| !list.is_null()) {
                state.init_list = list;
                note_init(r);
            }
            if result != sys::OK && result != sys::DECLINED {
                return result;
            }
        }
        request(phase, r)
    }
}

unsafe fn note_init(request: *mut sys::request_rec) {
    // SAFETY: the request is live, both texts static.
    unsafe { sys::apr_table_setn((*request).notes, c"python_init_ran".as_ptr(), c"1".as_ptr()) };
}

/// The handler names of httpd that ask for this module.
pub(super) const OURS: [&[u8]; 2] = [b"mod_python", b"python-program"];

/// The content phase runs for httpd's handler names `mod_python` and `python-program` only.
///
/// # Safety
/// As [`request`].
pub unsafe fn content(r: *mut sys::request_rec) -> c_int {
    // SAFETY: the caller guarantees the request; its handler is NULL or NUL-terminated.
    unsafe { if OURS.contains(&bytes((*r).handler)) { request(Phase::Content, r) } else { sys::DECLINED } }
}

/// quick_handler: not for look-ups. An answer to "would you serve it?" lets httpd leave out the mapping and the access
/// control of a sub-request; one that has no file is asked about again when it runs.
///
/// # Safety
/// As [`request`].
#[inline(always)]
pub unsafe fn quick_handler(r: *mut sys::request_rec, lookup: c_int) -> c_int {
    // SAFETY: the caller guarantees the request.
    unsafe { if lookup == 0 { request(Phase::Quick, r) } else { sys::DECLINED } }
}

/// insert_filter: httpd wants no result. What its handlers answered is in the log where it has no meaning.
///
/// # Safety
/// As [`request`].
#[inline(always)]
pub unsafe fn insert_filter(r: *mut sys::request_rec) {
    // SAFETY: the caller guarantees the request.
    unsafe { request(Phase::InsertFilter, r) };
}

/// Before a request's pool goes: registered cleanups, the Cleanup phase, then every Python object of the request
/// expires.
///
/// # Safety
/// APR calls it with the request whose record [`RequestState::ensure`] made.
pub unsafe extern "C" fn expire(data: *mut c_void) -> sys::apr_status_t {
    let request = data.cast::<sys::request_rec>();
    guard::process((), || {
        // SAFETY: the pool is still whole; the record is looked up again after each visit to an interpreter.
        unsafe {
            filter::resume::end_all(request);
            while let Some(cleanup) = RequestState::of(request).and_then(|state| state.cleanups.pop()) {
                if let Some(interp) = table::by_index(cleanup.interp) {
                    let mut call = RequestCleanupCall { request, callable: cleanup.callable, data: cleanup.data };
                    let limit =
                        DirConfig::of((*request).per_dir_config).and_then(|config| config.settings.time_limit());
                    let role = Role::Phase(Phase::Cleanup);
                    run_within(limit, interp, request, role, &mut Call::RequestCleanup(&mut call));
                }
            }
            self::request(Phase::Cleanup, request);
            while let Some((index, object)) = RequestState::of(request).and_then(|state| state.objects.pop()) {
                if let Some(interp) = table::by_index(index) {
                    interp.run(&mut Call::Expire(&mut ExpireCall { object }));
                }
            }
            RequestState::remove(request);
        }
    });
    sys::APR_SUCCESS
}
