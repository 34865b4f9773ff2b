//! The host's side: reads the element, enters the interpreter, shows mod_include's error text where that failed. Whatever
//! goes wrong in an element, the rest of the page goes on.

use std::ptr;

use crate::abi::{Call, IncludeCall};
use crate::dispatch::visit::Visit;
use crate::dispatch::{phases, select};
use crate::guard;
use crate::httpd::config::DirConfig;
use crate::httpd::filter::{Brigade, Kind, Pass};
use crate::httpd::include::{self, Element};
use crate::httpd::log::{Level, Owner};
use crate::httpd::pool::bytes;
use crate::httpd::request_state::RequestState;
use crate::httpd::sys;
use crate::httpd::tally::Running;
use crate::httpd::view::Record;
use crate::phase::{Callback, Role};

/// Lets mod_include, where it is loaded, run elements called `python`.
///
/// # Safety
/// Called in post_config.
pub unsafe fn register() {
    // SAFETY: the caller guarantees it.
    unsafe { include::register(c"python", run) };
}

/// mod_include's call of an element.
///
/// # Safety
/// mod_include's arguments.
unsafe extern "C" fn run(
    context: *mut sys::include_ctx_t,
    filter: *mut sys::ap_filter_t,
    page: Brigade,
) -> sys::apr_status_t {
    // SAFETY: the caller guarantees the arguments, and that the filter has a request.
    unsafe {
        let mut element = Element::new(context, filter, page);
        if !element.is_shown() {
            return sys::APR_SUCCESS;
        }
        let request = (*filter).r;
        let status = guard::callback(request, Callback::Include.name(), None, || serve(&mut element, request));
        status.unwrap_or_else(|| {
            element.show_error();
            sys::APR_SUCCESS
        })
    }
}

/// None: the element failed, and the log says why; else the status for mod_include.
///
/// # Safety
/// The element that is run, in a page of `request`.
unsafe fn serve(element: &mut Element<'_>, request: *mut sys::request_rec) -> Option<sys::apr_status_t> {
    // SAFETY: the caller guarantees the request, whose configuration lives as long as it.
    let settings = unsafe { DirConfig::of((*request).per_dir_config) }.map(|config| &config.settings);
    let refuse = |reason: &str| {
        // SAFETY: as above.
        unsafe {
            let interpreter = String::from_utf8_lossy(bytes(select::interpreter(request, settings, None)));
            let text = format!("{reason} (includes {}, interpreter '{interpreter}')", file_name(request));
            Owner::Request(sys::request_rec::view(request)).log(Level::ERR, text.as_bytes());
        }
        None
    };
    // SAFETY: as above; the borrow ends here. mod_include then runs the same element again, without its attributes.
    if unsafe { RequestState::of(request) }.is_some_and(|state| state.elements > 0) {
        return refuse("MPY0427: python element: its code causes output for its own page");
    }
    let (code, is_expression) = match code(element) {
        Ok(found) => found,
        Err(reason) => return refuse(&format!("MPY0425: python element: {reason}")),
    };
    if element.may_not_execute() {
        return refuse("MPY0426: python element: IncludesNOEXEC forbids pages to run code");
    }
    // mod_include forgets the texts of an element when its filter is called meanwhile.
    let code = code.to_vec();
    // SAFETY: the caller guarantees the request, whose record is looked up again after the code ran, and the element. The
    // pass is used through its pointer only.
    unsafe {
        let visit = Visit::open(request, settings, None, format_args!("includes {}", file_name(request)))?;
        count(request, 1);
        let mut pass = Pass::new(element.filter, request, Kind::Tag, element.page);
        let pass = ptr::from_mut(&mut pass);
        let mut call = IncludeCall { pass, code: &code, is_expression, settings, finished: false, page: None };
        let running = Running::begin(Role::Callback(Callback::Include));
        visit.run(Role::Callback(Callback::Include), &mut Call::Include(&mut call));
        drop(running);
        count(request, -1);
        visit.return_to_outer();
        if let Some(text) = call.page.filter(|_| (*pass).status == sys::APR_SUCCESS) {
            (*pass).write(&text);
        }
        match (*pass).status {
            sys::APR_SUCCESS if !call.finished => None,
            status => Some(status),
        }
    }
}

/// The code, and whether it is an expression.
fn code<'e>(element: &mut Element<'e>) -> Result<(&'e [u8], bool), String> {
    let mut found = None;
    while let Some((name, value)) = element.next_attribute() {
        let is_expression = match name {
            b"eval" => true,
            b"exec" => false,
            other => return Err(format!("unknown attribute \"{}\"", String::from_utf8_lossy(other))),
        };
        let shown = if is_expression { "eval" } else { "exec" };
        let Some(code) = value.filter(|code| !code.is_empty()) else {
            return Err(format!("the attribute {shown} is empty"));
        };
        if found.replace((code, is_expression)).is_some() {
            return Err("more than one attribute: write one eval or exec".to_owned());
        }
    }
    found.ok_or_else(|| "no attribute: write eval or exec".to_owned())
}

/// Counts an element for its page and for the pages around it, which nobody may write to meanwhile.
///
/// # Safety
/// `request` is live and served by this thread.
unsafe fn count(mut request: *mut sys::request_rec, change: i32) {
    while !request.is_null() {
        // SAFETY: the caller guarantees the request; those it is a part of live longer. The borrow ends here.
        unsafe {
            let state = RequestState::ensure(request, phases::expire);
            state.elements = state.elements.saturating_add_signed(change);
            request = (*request).main;
        }
    }
}

/// The file of the page, its URI where it has none.
///
/// # Safety
/// `request` is live.
unsafe fn file_name(request: *const sys::request_rec) -> String {
    // SAFETY: the caller guarantees it; both texts are NULL or NUL-terminated.
    let name =
        unsafe { if (*request).filename.is_null() { bytes((*request).uri) } else { bytes((*request).filename) } };
    String::from_utf8_lossy(name).into_owned()
}
