//! PythonExprFunction: functions of httpd's expressions that are Python's. Runs in the host copy.
//!
//! A function that fails makes its expression fail, which httpd's `Require expr` answers with status 500. Elsewhere httpd
//! goes on as if the expression were false, and an `<If>` that was to close the door would stay away: so a failure before
//! the content is chosen ends the request, see [`has_failed`].

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use super::callback::{self, NoAnswer};
use super::phases;
use crate::guard;
use crate::httpd::handler_list::HandlerEntry;
use crate::httpd::log::{Level, Owner};
use crate::httpd::named::{self, NamedNode};
use crate::httpd::pool::{Pool, bytes};
use crate::httpd::request_state::RequestState;
use crate::httpd::{array, process, sys};
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
            let function = match parms.type_ {
                sys::AP_EXPR_FUNC_STRING => text as TextFunction as *const c_void,
                sys::AP_EXPR_FUNC_LIST => list as ListFunction as *const c_void,
                _ => return sys::DECLINED,
            };
            let name = bytes(parms.name).to_ascii_lowercase();
            if !process::current().expr_functions.contains(&name) {
                return sys::DECLINED;
            }
            if parms.flags & sys::AP_EXPR_FLAG_RESTRICTED as c_int != 0 {
                *parms.err = RESTRICTED;
                return sys::HTTP_FORBIDDEN;
            }
            *parms.func = function;
            *parms.data = Pool::from_raw(parms.pool).dup(&name).cast();
            sys::OK
        }
    })
}

/// Whether another module has a function of this name.
///
/// # Safety
/// `name` is NUL-terminated; called while the configuration is read.
pub unsafe fn is_taken(pool: Pool, name: *const c_char) -> bool {
    let (mut function, mut data, mut error) = (ptr::null(), ptr::null(), ptr::null());
    let mut parms = sys::ap_expr_lookup_parms {
        type_: sys::AP_EXPR_FUNC_STRING,
        name,
        flags: 0,
        pool: pool.as_ptr(),
        ptemp: pool.as_ptr(),
        func: &mut function,
        data: &mut data,
        err: &mut error,
        arg: ptr::null(),
    };
    [sys::AP_EXPR_FUNC_STRING, sys::AP_EXPR_FUNC_LIST].into_iter().any(|kind| {
        parms.type_ = kind;
        // SAFETY: the record lives through the call.
        unsafe { sys::ap_expr_lookup_default(&mut parms) == sys::OK }
    })
}

type Context = sys::ap_expr_eval_ctx_t;
type TextFunction = unsafe extern "C" fn(*mut Context, *const c_void, *const c_char) -> *const c_char;
type ListFunction = unsafe extern "C" fn(*mut Context, *const c_void, *const c_char) -> *mut sys::apr_array_header_t;

/// httpd's callback for `name(argument)`: its value; the empty text, and an error in the context, where there is none.
unsafe extern "C" fn text(context: *mut Context, name: *const c_void, argument: *const c_char) -> *const c_char {
    // SAFETY: httpd passes its context, what lookup left for the name, and the argument as text.
    unsafe {
        let value = value(context, bytes(name.cast()), |request, entry| {
            callback::text(request, Callback::Expression, entry, &[bytes(argument)])
        });
        let value = value.flatten().unwrap_or_default();
        Pool::from_raw((*context).p).dup(&value)
    }
}

/// httpd's callback for `... in name(argument)`: the texts to look in, NULL, and an error in the context, where there are
/// none.
unsafe extern "C" fn list(
    context: *mut Context,
    name: *const c_void,
    argument: *const c_char,
) -> *mut sys::apr_array_header_t {
    // SAFETY: as above.
    unsafe {
        let value = value(context, bytes(name.cast()), |request, entry| {
            callback::texts(request, Callback::Expression, entry, &[bytes(argument)])
        });
        value.map_or(ptr::null_mut(), |texts| array::of_texts(Pool::from_raw((*context).p), &texts))
    }
}

/// Asks the function; None where it has no answer, with the failure in the log, the context and the request's record.
///
/// # Safety
/// `context` is what httpd passed to a callback that is running.
unsafe fn value<T>(
    context: *mut Context,
    name: &[u8],
    ask: impl FnOnce(*mut sys::request_rec, &HandlerEntry) -> Result<T, NoAnswer>,
) -> Option<T> {
    // SAFETY: the caller guarantees the context; its request's configuration outlives it.
    unsafe {
        let request = (*context).r;
        let value = if request.is_null() {
            without_request((*context).s, name);
            None
        } else {
            guard::callback(request, Callback::Expression.name(), None, || {
                let is_meant = |node: &NamedNode| node.name().eq_ignore_ascii_case(name);
                match named::find((*request).server, Callback::Expression, is_meant) {
                    Some(entry) => ask(request, entry).ok(),
                    None => {
                        callback::not_here(request, Callback::Expression, name);
                        None
                    }
                }
            })
        };
        if value.is_none() {
            if !request.is_null() {
                RequestState::ensure(request, phases::expire).expression_failed = true;
            }
            if !(*context).err.is_null() {
                *(*context).err = FAILED;
            }
        }
        value
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
