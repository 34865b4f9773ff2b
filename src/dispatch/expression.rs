//! PythonExprFunction: functions of httpd's expressions that are Python's. Runs in the host copy.
//!
//! A function that fails makes its expression fail, which httpd's `Require expr` answers with status 500. Elsewhere httpd
//! goes on as if the expression were false, and an `<If>` that was to close the door would stay away: so a failure before
//! the content is chosen ends the request, see [`has_failed`].

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use super::{callback, phases};
use crate::guard;
use crate::httpd::log::{Level, Owner};
use crate::httpd::named::{self, NamedNode};
use crate::httpd::pool::{Pool, bytes};
use crate::httpd::request_state::RequestState;
use crate::httpd::{process, sys};
use crate::phase::Callback;

/// What httpd logs beside our own lines.
const FAILED: *const c_char = c"a Python function failed, see the error log".as_ptr();
const RESTRICTED: *const c_char = c"Python functions are not available in a restricted context".as_ptr();

/// httpd's hook while it parses an expression: is the name one of ours?
pub unsafe extern "C" fn lookup(parms: *mut sys::ap_expr_lookup_parms) -> c_int {
    guard::process(sys::DECLINED, || {
        // SAFETY: httpd passes its record, with places for the results.
        unsafe {
            let parms = &*parms;
            if parms.type_ != sys::AP_EXPR_FUNC_STRING as c_int {
                return sys::DECLINED;
            }
            let name = bytes(parms.name).to_ascii_lowercase();
            if !process::current().expr_functions.contains(&name) {
                return sys::DECLINED;
            }
            if parms.flags & sys::AP_EXPR_FLAG_RESTRICTED as c_int != 0 {
                *parms.err = RESTRICTED;
                return sys::HTTP_FORBIDDEN;
            }
            let function: unsafe extern "C" fn(
                *mut sys::ap_expr_eval_ctx_t,
                *const c_void,
                *const c_char,
            ) -> *const c_char = evaluate;
            *parms.func = function as *const c_void;
            *parms.data = Pool::from_raw(parms.pool).dup(&name).cast();
            sys::OK
        }
    })
}

/// Whether another module has a string function of this name.
///
/// # Safety
/// `name` is NUL-terminated; called while the configuration is read.
pub unsafe fn is_taken(pool: Pool, name: *const c_char) -> bool {
    let (mut function, mut data, mut error) = (ptr::null(), ptr::null(), ptr::null());
    let mut parms = sys::ap_expr_lookup_parms {
        type_: sys::AP_EXPR_FUNC_STRING as c_int,
        name,
        flags: 0,
        pool: pool.as_ptr(),
        ptemp: pool.as_ptr(),
        func: &mut function,
        data: &mut data,
        err: &mut error,
        arg: ptr::null(),
    };
    // SAFETY: the record lives through the call.
    unsafe { sys::ap_expr_lookup_default(&mut parms) == sys::OK }
}

/// httpd's callback: the value of the function; the empty text, and an error in the context, where there is none.
unsafe extern "C" fn evaluate(
    context: *mut sys::ap_expr_eval_ctx_t,
    name: *const c_void,
    argument: *const c_char,
) -> *const c_char {
    // SAFETY: httpd passes its context, what lookup left for the name, and the argument as text.
    unsafe {
        let (request, name, argument) = ((*context).r, bytes(name.cast()), bytes(argument));
        let value = if request.is_null() {
            without_request((*context).s, name);
            None
        } else {
            guard::callback(request, Callback::Expression.name(), None, || value(request, name, argument))
        };
        match value {
            Some(value) => Pool::from_raw((*context).p).dup(&value),
            None => {
                if let Some(state) = (!request.is_null()).then(|| RequestState::ensure(request, phases::expire)) {
                    state.expression_failed = true;
                }
                if !(*context).err.is_null() {
                    *(*context).err = FAILED;
                }
                c"".as_ptr()
            }
        }
    }
}

/// Asks the function; None with a line in the log where it has no value.
///
/// # Safety
/// `request` is live and served by this thread.
unsafe fn value(request: *mut sys::request_rec, name: &[u8], argument: &[u8]) -> Option<Vec<u8>> {
    // SAFETY: the caller guarantees the request, whose configuration outlives it.
    unsafe {
        let is_meant = |node: &NamedNode| node.name().eq_ignore_ascii_case(name);
        let Some(entry) = named::find((*request).server, Callback::Expression, is_meant) else {
            callback::not_here(request, Callback::Expression, name);
            return None;
        };
        callback::text(request, Callback::Expression, entry, &[argument]).ok().map(Option::unwrap_or_default)
    }
}

/// # Safety
/// `server` is NULL or live.
unsafe fn without_request(server: *mut sys::server_rec, name: &[u8]) {
    let name = String::from_utf8_lossy(name);
    let text = format!("MPY0421: PythonExprFunction {name}: the expression is evaluated without a request");
    // SAFETY: the caller guarantees it.
    unsafe { Owner::of_server(server) }.log(Level::ERR, text.as_bytes());
}

/// Whether a Python function of an expression failed for this request: what the expression decided is not known.
///
/// # Safety
/// `request` is live and served by this thread.
pub unsafe fn has_failed(request: *const sys::request_rec) -> bool {
    // SAFETY: the caller guarantees it.
    unsafe { RequestState::of(request) }.is_some_and(|state| state.expression_failed)
}
