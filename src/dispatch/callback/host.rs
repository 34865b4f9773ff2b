//! The host's side: every provider of httpd that asks Python comes through [`call`].

use crate::abi::{Answer, Call, CallbackCall};
use crate::dispatch::select;
use crate::dispatch::visit::Visit;
use crate::httpd::config::DirConfig;
use crate::httpd::handler_list::HandlerEntry;
use crate::httpd::log::{Level, Owner};
use crate::httpd::pool::bytes;
use crate::httpd::sys;
use crate::httpd::tally::Running;
use crate::httpd::view::Record;
use crate::phase::{Callback, Role};

/// Calls `entry`'s object, or its `method`, with the request and the arguments as str. The interpreter is the one a
/// handler written in the entry's place would have.
///
/// Works at any time of a request, also while one of its handlers is running: that handler keeps its request object, its
/// phase and its list. Whatever goes wrong is in the log, and the answer is [`Answer::Failed`].
///
/// # Safety
/// `request` is live and served by this thread; `entry` lives as long as it.
pub unsafe fn call(
    request: *mut sys::request_rec,
    callback: Callback,
    entry: &HandlerEntry,
    method: Option<&str>,
    arguments: &[&[u8]],
) -> Answer {
    // SAFETY: the caller guarantees both.
    unsafe { ask(request, callback, entry, method, arguments, false) }
}

/// As [`call`]; with `list` for a list of texts.
///
/// # Safety
/// As [`call`].
unsafe fn ask(
    request: *mut sys::request_rec,
    callback: Callback,
    entry: &HandlerEntry,
    method: Option<&str>,
    arguments: &[&[u8]],
    list: bool,
) -> Answer {
    let _running = Running::begin(Role::Callback(callback));
    // SAFETY: the caller guarantees the request, whose configuration lives as long as it.
    unsafe {
        let settings = DirConfig::of((*request).per_dir_config).map(|config| &config.settings);
        let Some(visit) = Visit::open(request, settings, Some(entry), format_args!("{}", callback.name())) else {
            return Answer::Failed;
        };
        // A Location is no place to import from.
        let directory = entry.directory(request);
        let directory = (!entry.is_location() && !directory.is_null()).then(|| bytes(directory));
        let text = entry.text();
        let mut call = CallbackCall {
            request,
            callback,
            text,
            directory,
            settings,
            method,
            arguments,
            list,
            answer: Answer::Failed,
        };
        visit.run(Role::Callback(callback), &mut Call::Callback(&mut call));
        visit.return_to_outer();
        call.answer
    }
}

/// No answer; the log says why.
#[derive(Debug)]
pub struct NoAnswer;

/// As [`call`], for a function that is to answer with a text or None.
///
/// # Safety
/// As [`call`].
pub unsafe fn text(
    request: *mut sys::request_rec,
    callback: Callback,
    entry: &HandlerEntry,
    arguments: &[&[u8]],
) -> Result<Option<Vec<u8>>, NoAnswer> {
    // SAFETY: the caller guarantees both.
    unsafe {
        match call(request, callback, entry, None, arguments) {
            Answer::Text(text) => Ok(Some(text)),
            Answer::None => Ok(None),
            Answer::Failed => Err(NoAnswer),
            Answer::Int(_) | Answer::Texts(_) | Answer::Missing => {
                refuse(request, callback, entry, "the function returned a number, expected str or None");
                Err(NoAnswer)
            }
        }
    }
}

/// As [`call`], for a function that is to answer with a list of texts or None.
///
/// # Safety
/// As [`call`].
pub unsafe fn texts(
    request: *mut sys::request_rec,
    callback: Callback,
    entry: &HandlerEntry,
    arguments: &[&[u8]],
) -> Result<Vec<Vec<u8>>, NoAnswer> {
    // SAFETY: the caller guarantees both.
    match unsafe { ask(request, callback, entry, None, arguments, true) } {
        Answer::Texts(texts) => Ok(texts),
        _ => Err(NoAnswer),
    }
}

/// Logs that an answer cannot be used, and why.
///
/// # Safety
/// `request` is live and served by this thread.
pub unsafe fn refuse(request: *mut sys::request_rec, callback: Callback, entry: &HandlerEntry, reason: &str) {
    // SAFETY: the caller guarantees the request, whose configuration lives as long as it.
    let (interpreter, view) = unsafe {
        let settings = DirConfig::of((*request).per_dir_config).map(|config| &config.settings);
        (bytes(select::interpreter(request, settings, Some(entry))), sys::request_rec::view(request))
    };
    let (directive, handler) = (callback.name(), String::from_utf8_lossy(entry.text()));
    let interpreter = String::from_utf8_lossy(interpreter);
    let text = format!("MPY0411: {directive} {handler}: {reason} (interpreter '{interpreter}')");
    Owner::Request(view).log(Level::ERR, text.as_bytes());
}

/// Logs that a virtual host asks for a name that only others have.
///
/// # Safety
/// `request` is live and served by this thread.
pub unsafe fn not_here(request: *mut sys::request_rec, callback: Callback, name: &[u8]) {
    let (directive, name) = (callback.name(), String::from_utf8_lossy(name));
    let text = format!("MPY0420: {directive} {name}: this virtual host has no function of that name");
    // SAFETY: the caller guarantees the request.
    Owner::Request(unsafe { sys::request_rec::view(request) }).log(Level::ERR, text.as_bytes());
}
