//! The only place that catches panics: none crosses into C. A panic of the module's own code is logged at crit and
//! becomes a 500, the child lives on.

use std::any::Any;
use std::cell::Cell;
use std::ffi::c_int;
use std::fmt::Arguments;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

use crate::httpd::log::{Level, Owner};
use crate::httpd::sys;
use crate::httpd::view::Record;

thread_local! {
    /// Where the last panic of this thread began.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// Keeps Rust's own report of a panic out of the log, which gets one line from here instead. Every copy of the library
/// calls this for itself.
pub fn install() {
    set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
        // A thread that is ending has no place any more; its panic is reported without.
        let _ = PLACE.try_with(|last| last.set(place));
    }));
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    let place = PLACE.try_with(Cell::take).ok().flatten().unwrap_or_else(|| "an unknown place".to_owned());
    format!("MPY0001: the module's own code panicked at {place}, please report this: {text}")
}

/// Runs a hook of a request; a panic gives 500.
pub fn request(request: *mut sys::request_rec, what: &str, body: impl FnOnce() -> c_int) -> c_int {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        report(request, format_args!("{} (phase {what})", message(&*panic)));
        sys::HTTP_INTERNAL_SERVER_ERROR
    })
}

/// Runs a hook of a connection; a panic gives 500.
pub fn connection(conn: *mut sys::conn_rec, what: &str, body: impl FnOnce() -> c_int) -> c_int {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let text = format!("{} (phase {what})", message(&*panic));
        // SAFETY: httpd passed the connection to the hook that is running.
        Owner::Conn(unsafe { sys::conn_rec::view(conn) }).log(Level::CRIT, text.as_bytes());
        sys::HTTP_INTERNAL_SERVER_ERROR
    })
}

/// Runs a callback that has a request and is no hook; a panic gives `failed`.
pub fn callback<T>(request: *mut sys::request_rec, what: &str, failed: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        report(request, format_args!("{} ({what})", message(&*panic)));
        failed
    })
}

fn report(request: *mut sys::request_rec, text: Arguments<'_>) {
    // SAFETY: httpd passed the request to the hook or callback that is running.
    Owner::Request(unsafe { sys::request_rec::view(request) }).log(Level::CRIT, text.to_string().as_bytes());
}

/// Runs a callback that has no request; a panic gives `failed`.
pub fn process<T>(failed: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        Owner::Default.log(Level::CRIT, message(&*panic).as_bytes());
        failed
    })
}

/// Runs a call inside an image; the text for the log where it panicked.
pub fn image(body: impl FnOnce()) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|panic| message(&*panic))
}
