//! What crosses the border between the host copy of the library and an image: the host's facts on the way in, one entry
//! on the way out, and the calls. Both sides are the same file, so Rust types have the same layout on both; only statics
//! differ. Locks that both sides take must be std's: they need no table beside themselves.

use std::ffi::{CString, c_int, c_long, c_ulong, c_void};
use std::sync::Arc;

use crate::httpd::error_line::ErrorLine;
use crate::httpd::filter::{Generator, Outcome, Pass, PassPointer, Relay};
use crate::httpd::handler_list::HandlerList;
use crate::httpd::mutex::Mutexes;
use crate::httpd::process_lock::ProcessLock;
use crate::httpd::request::Expire;
use crate::httpd::server::Server;
use crate::httpd::sys;
use crate::phase::{Callback, Phase};

/// The exported entry: takes a [`HostTable`], fills an [`ImageTable`].
pub type ImageMain = unsafe extern "C" fn(*const c_void, *mut c_void);

/// What an image is told once.
#[derive(Clone)]
pub struct HostTable {
    /// The module's place in httpd's configuration vectors.
    pub module_index: c_int,
    /// The interpreter's place in the host's table.
    pub interp: usize,
    /// The interpreter's name.
    pub name: CString,
    /// The main server's record.
    pub main_server: Option<Server>,
    /// The folder from which `mod_python` is imported.
    pub package_dir: CString,
    /// The global mutexes.
    pub mutexes: Option<&'static Mutexes>,
    /// The lock of the process.
    pub process_lock: &'static ProcessLock,
    /// Keeps a cleanup for the child's end: interpreter, owned callable, owned data.
    pub register_child_cleanup: extern "C" fn(usize, *mut c_void, *mut c_void),
    /// The running call begins (true) or ends a wait that does not count for its PythonRequestTimeout; the GIL is held.
    /// True: an exception that came too late for what was before has to be taken.
    pub rest: extern "C" fn(bool) -> bool,
    /// Makes the record of a request that Python sees for the first time.
    pub expire_request: Expire,
}

// SAFETY: the pointers are process-wide records that live as long as the child serves.
unsafe impl Send for HostTable {}
// SAFETY: as above; nothing is changed through them.
unsafe impl Sync for HostTable {}

/// What an image answers.
pub struct ImageTable {
    /// Runs a [`Call`]; the GIL of the image's interpreter is held.
    pub run: unsafe extern "C" fn(*mut c_void),
}

impl ImageTable {
    /// A table that does nothing, to be filled.
    pub const EMPTY: ImageTable = ImageTable { run: nothing };
}

unsafe extern "C" fn nothing(_call: *mut c_void) {}

/// One visit to an interpreter.
pub enum Call<'a, 'c> {
    /// Bring the interpreter's Python side up.
    Start(&'a mut StartCall),
    /// Run a phase of a request.
    Phase(&'a mut PhaseCall<'c>),
    /// Run a phase of a connection that has no request yet.
    Connection(&'a mut ConnectionCall<'c>),
    /// Run a filter.
    Filter(&'a mut FilterCall<'c>),
    /// Go on with the generator of a filter, or end it.
    Generator(&'a mut GeneratorCall<'c>),
    /// Ask a function for an answer in the middle of a request.
    Callback(&'a mut CallbackCall<'c>),
    /// Run the code of an SSI element.
    Include(&'a mut IncludeCall<'c>),
    /// Run one registered cleanup of a request.
    RequestCleanup(&'a mut RequestCleanupCall),
    /// The request goes: its Python objects expire.
    Expire(&'a mut ExpireCall),
    /// Copy plain attributes of the request object into the request's record.
    ExportAttributes(*mut sys::request_rec),
    /// Set the plain attributes of the request's record on the request object.
    ImportAttributes(*mut sys::request_rec),
    /// Run handlers of a server, which get no request.
    Server(&'a mut ServerCall<'c>),
    /// Show a line of the error log to the handlers.
    ErrorLog(&'a mut ErrorLogCall<'c>),
    /// PythonImport.
    Import(&'a mut ImportCall<'c>),
    /// One registered cleanup of the child.
    ChildCleanup(&'a mut ChildCleanupCall),
    /// Show the stack of a call whose time is over, and raise an exception in it.
    End(&'a mut EndCall<'c>),
    /// Take an exception that came too late for its call.
    Settle,
    /// Get ready to show stacks.
    Stacks(&'a mut StacksCall),
    /// `atexit` callbacks.
    Exit,
}

/// See [`Call::Start`].
pub struct StartCall {
    /// Why it failed.
    pub error: Option<String>,
}

/// See [`Call::Phase`].
pub struct PhaseCall<'a> {
    /// The request.
    pub request: *mut sys::request_rec,
    /// The phase.
    pub phase: Phase,
    /// The configured list.
    pub configured: Option<&'a HandlerList>,
    /// The merged configuration.
    pub settings: Option<&'a crate::httpd::config::Settings>,
    /// The result for httpd.
    pub result: c_int,
}

/// See [`Call::Connection`].
pub struct ConnectionCall<'a> {
    /// The connection; its record has the handlers.
    pub conn: *mut sys::conn_rec,
    /// The phase.
    pub phase: Phase,
    /// The server's configuration.
    pub settings: &'a crate::httpd::config::Settings,
    /// The result for httpd.
    pub result: c_int,
}

/// See [`Call::Filter`].
pub struct FilterCall<'a> {
    /// The call of httpd that is served.
    pub pass: *mut Pass,
    /// The merged configuration of its request.
    pub settings: Option<&'a crate::httpd::config::Settings>,
    /// How it ended.
    pub outcome: Outcome,
}

/// See [`Call::Generator`].
pub struct GeneratorCall<'a> {
    /// The request.
    pub request: *mut sys::request_rec,
    /// The filter's name.
    pub name: &'a [u8],
    /// Its handler.
    pub handler: &'a [u8],
    /// What it is for.
    pub callback: Callback,
    /// The filter's data; None: there will be no more, the generator is closed.
    pub pass: Option<PassPointer>,
    /// The generator; its references are taken over where it is `done`.
    pub generator: Generator,
    /// Where it waits for more data, if not in this thread.
    pub relay: Option<&'a Arc<Relay>>,
    /// The merged configuration of its request.
    pub settings: Option<&'a crate::httpd::config::Settings>,
    /// It has ended.
    pub done: bool,
    /// How the call ended.
    pub outcome: Outcome,
}

/// See [`Call::Callback`].
pub struct CallbackCall<'a> {
    /// The request.
    pub request: *mut sys::request_rec,
    /// Who asks.
    pub callback: Callback,
    /// `module[::object]`
    pub text: &'a [u8],
    /// The folder to import from.
    pub directory: Option<&'a [u8]>,
    /// The merged configuration.
    pub settings: Option<&'a crate::httpd::config::Settings>,
    /// A method of the object; without one the object itself is called.
    pub method: Option<&'a str>,
    /// What the function gets behind the request, as str.
    pub arguments: &'a [&'a [u8]],
    /// The answer is to be a list of texts.
    pub list: bool,
    /// What it answered.
    pub answer: Answer,
}

/// What a function answered, without Python.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is no answer; the log says why.
    Failed,
    /// None
    None,
    /// int; True is 1, False 0.
    Int(c_long),
    /// str as UTF-8, or bytes; never with a NUL.
    #[allow(dead_code)]
    Text(Vec<u8>),
    /// A list of such texts, where it was asked for.
    Texts(Vec<Vec<u8>>),
    /// The object has no such method; nothing is in the log.
    Missing,
}

/// See [`Call::Include`].
pub struct IncludeCall<'a> {
    /// What the code can write to.
    pub pass: *mut Pass,
    /// The code, as it stands in the page, entities decoded.
    pub code: &'a [u8],
    /// Whether it is an expression whose value is wanted.
    pub is_expression: bool,
    /// The merged configuration of the request.
    pub settings: Option<&'a crate::httpd::config::Settings>,
    /// It ran to its end.
    pub finished: bool,
    /// What to show in its place where it did not.
    pub page: Option<Vec<u8>>,
}

/// See [`Call::RequestCleanup`].
pub struct RequestCleanupCall {
    /// The request.
    pub request: *mut sys::request_rec,
    /// The callable, a reference that the call takes over.
    pub callable: *mut c_void,
    /// Its argument, likewise.
    pub data: *mut c_void,
}

/// See [`Call::Expire`].
pub struct ExpireCall {
    /// The request's object, a reference that the call takes over.
    pub object: *mut c_void,
}

/// See [`Call::Import`].
pub struct ImportCall<'a> {
    /// `module[::function]`
    pub text: &'a [u8],
    /// Whether to log the import.
    pub log: bool,
    /// PythonPath of the main server.
    pub path: Option<&'a [u8]>,
}

/// See [`Call::Server`].
pub struct ServerCall<'a> {
    /// The server in whose configuration the handlers stand.
    pub server: Server,
    /// Which of its handlers.
    pub callback: Callback,
    /// The list.
    pub list: &'a HandlerList,
}

/// See [`Call::ErrorLog`].
pub struct ErrorLogCall<'a> {
    /// The line.
    pub line: &'a ErrorLine,
    /// The handlers of its server.
    pub list: &'a HandlerList,
}

/// See [`Call::End`].
pub struct EndCall<'a> {
    /// The thread state of the call.
    pub state: *mut c_void,
    /// Its thread.
    pub thread: c_ulong,
    /// Whether the call goes on, which does not change while the GIL is held.
    pub goes_on: &'a dyn Fn() -> bool,
    /// Shows the stack; called without the GIL.
    pub show: &'a dyn Fn(&[String]),
    /// As `goes_on`; where it does, the exception is raised at once.
    pub tell: &'a dyn Fn() -> bool,
}

/// See [`Call::Stacks`].
pub struct StacksCall {
    /// A signal that is to show the stack of the thread that gets it, and where the stack is written to.
    pub signal: Option<(c_int, c_int)>,
}

/// See [`Call::ChildCleanup`].
pub struct ChildCleanupCall {
    /// The callable, a reference that the call takes over.
    pub callable: *mut c_void,
    /// Its argument, likewise.
    pub data: *mut c_void,
}
