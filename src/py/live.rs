//! Live pointers: a Python object's way to a record of httpd, until the record's pool goes.
//!
//! A pointer is usable while its request or connection lives, and by the thread that is serving that connection only.
//! Everything else raises `ExpiredError` (a RuntimeError) instead of touching memory. All requests of one connection
//! (main, sub-request, redirect) are served by one thread at a time, so the connection is the key.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use super::errors::ExpiredError;
use super::{capi, streams};
use crate::httpd::conn;
use crate::httpd::filter::{Pass, PassPointer};
use crate::httpd::log::Owner;
use crate::httpd::request;
use crate::httpd::server::Server;
use crate::httpd::sys;
use crate::httpd::view::Record;
use crate::image::state;

/// What this thread is serving in this interpreter.
#[derive(Clone, Copy)]
struct Serving {
    /// The connection, null outside connections.
    conn: *const sys::conn_rec,
    /// The innermost request on top of it, null outside requests.
    request: *mut sys::request_rec,
    /// The server that a function is called for at the child's start or end.
    server: Option<Server>,
    /// The thread has written the beginning of a line to a standard stream.
    begun_line: bool,
    /// What may be done to the connection itself.
    raw_io: RawIo,
}

impl Serving {
    const NOTHING: Serving = Serving {
        conn: ptr::null(),
        request: ptr::null_mut(),
        server: None,
        begun_line: false,
        raw_io: RawIo::Forbidden,
    };

    /// Both write to the same log.
    fn shares_log(&self, other: &Serving) -> bool {
        ptr::eq(self.conn, other.conn) && ptr::eq(self.request, other.request) && self.server == other.server
    }
}

/// Whether Python may read and write the connection itself now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RawIo {
    /// A handler of the connection, or of a request that has it for itself and no response yet.
    Allowed,
    /// httpd has not put its filters in place yet.
    TooEarly,
    /// Something else is on its way through the connection, or it is none: filters, cleanups, HTTP/2.
    Forbidden,
}

thread_local! {
    static SERVING: Cell<Serving> = const { Cell::new(Serving::NOTHING) };
}

/// Makes this thread the one that serves a connection, until it is dropped.
pub struct Active(Serving);

impl Active {
    /// `request` may be null outside requests.
    ///
    /// # Safety
    /// The connection is being served by this thread, and stays so until the result is dropped. The interpreter's GIL is
    /// held now and then.
    pub unsafe fn new(conn: *const sys::conn_rec, request: *mut sys::request_rec) -> Active {
        // SAFETY: the caller guarantees it.
        unsafe { Active::with_raw_io(conn, request, RawIo::Forbidden) }
    }

    /// As [`Active::new`], and says whether the connection itself may be read and written.
    ///
    /// # Safety
    /// As there.
    pub unsafe fn with_raw_io(conn: *const sys::conn_rec, request: *mut sys::request_rec, raw_io: RawIo) -> Active {
        Active(turn_to(Serving { conn, request, raw_io, ..Serving::NOTHING }))
    }

    /// Makes this thread work for a server, outside connections; what it logs is in the server's log. `_py`: the GIL is
    /// held, and is held again when the result is dropped.
    pub fn for_server(_py: Python<'_>, server: Server) -> Active {
        Active(turn_to(Serving { server: Some(server), ..Serving::NOTHING }))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        turn_to(self.0);
    }
}

/// Serves something else from now on; returns what was served. A line that was begun for a request ends with it, so that
/// the rest of no line gets into the log of another one.
#[inline]
fn turn_to(next: Serving) -> Serving {
    SERVING.with(|serving| {
        let now = serving.get();
        let begun_line = now.begun_line && keeps_line(&now, &next);
        serving.set(Serving { begun_line, ..next });
        now
    })
}

/// Whether a line that was begun can go on; else it is ended, in the log of what was served.
#[cold]
fn keeps_line(now: &Serving, next: &Serving) -> bool {
    let same = now.shares_log(next);
    if !same {
        // SAFETY: whoever makes or drops an `Active` holds the GIL, inside a call of the image's door.
        streams::end_lines(unsafe { Python::assume_attached() });
    }
    same
}

/// Notes whether this thread has begun a line of a standard stream.
pub fn set_begun_line(begun_line: bool) {
    SERVING.set(Serving { begun_line, ..SERVING.get() });
}

/// Runs `body` with the innermost request this thread is serving in this interpreter; None where there is none.
pub fn with_current<R>(body: impl for<'r> FnOnce(request::Request<'r>) -> R) -> Option<R> {
    let record = SERVING.get().request;
    // SAFETY: the thread serves the request until its `Active` is dropped, which outlives this call.
    (!record.is_null()).then(|| body(unsafe { sys::request_rec::view(record) }))
}

/// Runs `body` with the log of what this thread is serving in this interpreter: the innermost request, else the
/// connection, else the server at a child's start and end, else the main server.
pub fn with_log<R>(body: impl for<'r> FnOnce(Owner<'r>) -> R) -> R {
    let Serving { conn, request, server, .. } = SERVING.get();
    // SAFETY: as in `with_current`; the connection is served as long.
    unsafe {
        if !request.is_null() {
            body(Owner::Request(sys::request_rec::view(request)))
        } else if !conn.is_null() {
            body(Owner::Conn(sys::conn_rec::view(conn.cast_mut())))
        } else {
            body(server.map_or_else(state::main_log, Owner::Server))
        }
    }
}

/// Nobody but its one holder refers to the object.
pub fn is_private<T>(object: &Py<T>) -> bool {
    capi::refcount(object) == 1
}

/// A pointer that expires.
pub struct Live<T> {
    record: AtomicPtr<T>,
    conn: *const sys::conn_rec,
}

// SAFETY: the record is dereferenced only by the thread that serves the connection, checked at each access; the
// interpreter's GIL orders expiry and access.
unsafe impl<T> Send for Live<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Live<T> {}

impl<T> Live<T> {
    /// # Safety
    /// `record` is live until [`Live::expire`] is called, and belongs to a request or connection of `conn`.
    pub unsafe fn new(record: *mut T, conn: *const sys::conn_rec) -> Live<T> {
        Live { record: AtomicPtr::new(record), conn }
    }

    /// From now on every access raises.
    pub fn expire(&self) {
        self.record.store(ptr::null_mut(), Ordering::Relaxed);
    }

    /// Runs `body` with the record; nothing borrowed from it leaves.
    ///
    /// # Errors
    /// `ExpiredError` after the record's end and in threads that do not serve it.
    #[inline]
    pub fn with<R>(&self, body: impl FnOnce(*mut T) -> R) -> PyResult<R> {
        let record = self.record.load(Ordering::Relaxed);
        if record.is_null() {
            return Err(ExpiredError::new_err("the request or connection this object belongs to has ended"));
        }
        if !ptr::eq(SERVING.get().conn, self.conn) {
            return Err(ExpiredError::new_err(
                "this object belongs to a request or connection that this thread is not serving now",
            ));
        }
        Ok(body(record))
    }

    /// Runs `body` with a safe view of the record; nothing borrowed from it leaves.
    ///
    /// # Errors
    /// As [`Live::with`].
    #[inline]
    pub fn view<R>(&self, body: impl for<'r> FnOnce(T::View<'r>) -> R) -> PyResult<R>
    where
        T: Record,
    {
        // SAFETY: `with` lets live records through only, in the thread that serves them, for the time of the closure.
        self.with(|record| body(unsafe { T::view(record) }))
    }

    /// A second pointer to the same record. Whoever asks for it expires it together with this one: `request::expire` and
    /// `Conn::expire` reach everything that holds one.
    pub fn twin(&self) -> Live<T> {
        Live { record: AtomicPtr::new(self.record.load(Ordering::Relaxed)), conn: self.conn }
    }
}

impl Live<sys::request_rec> {
    /// A request's first pointer, for the object that the request keeps: `request::expire` expires it.
    pub fn of(request: request::Request<'_>) -> Live<sys::request_rec> {
        // SAFETY: the view's record is live, and stays so until the object that holds the pointer expires.
        unsafe { Live::new(request.as_ptr(), request.connection()) }
    }

    /// A pointer to the request's connection. Whoever asks for it expires it together with this one.
    ///
    /// # Errors
    /// As [`Live::with`].
    pub fn connection(&self) -> PyResult<Live<sys::conn_rec>> {
        // SAFETY: the record is live; its connection outlives it, and is the key of both pointers.
        self.with(|record| unsafe { Live::new((*record).connection, (*record).connection) })
    }
}

impl Live<sys::conn_rec> {
    /// A connection's first pointer, for the object that a handler of the connection gets.
    ///
    /// # Safety
    /// As [`Live::new`].
    pub unsafe fn of_connection(conn: *mut sys::conn_rec) -> Live<sys::conn_rec> {
        // SAFETY: the caller guarantees it.
        unsafe { Live::new(conn, conn) }
    }

    /// Runs `body` with the connection, to read or write it itself.
    ///
    /// # Errors
    /// As [`Live::with`]; RuntimeError where that is not possible now.
    pub fn raw_io<R>(&self, body: impl for<'r> FnOnce(conn::Conn<'r>) -> R) -> PyResult<R> {
        self.with(|_| ())?;
        let serving = SERVING.get();
        let of_request = !serving.request.is_null();
        // A sub-request writes into another response, a stream of HTTP/2 has no connection of its own.
        let shared =
            with_current(|request| request.main().is_some()) == Some(true) || self.view(|conn| conn.is_secondary())?;
        match serving.raw_io {
            RawIo::Allowed if !shared => self.view(|conn| {
                if of_request {
                    // Nobody can tell where the next request would begin.
                    conn.set_keepalive(sys::ap_conn_keepalive_e_AP_CONN_CLOSE as i32);
                }
                body(conn)
            }),
            RawIo::TooEarly => Err(PyRuntimeError::new_err(
                "the connection cannot be read or written yet: httpd opens it after its PythonPreConnectionHandlers",
            )),
            RawIo::Allowed | RawIo::Forbidden => Err(PyRuntimeError::new_err(
                "the connection itself can be read and written in connection handlers, and in handlers of a main \
                 request over HTTP/1 before its response ends; not in filters, log handlers and cleanups",
            )),
        }
    }
}

impl Live<Pass> {
    /// From now on it leads to another call of the same filter. Whoever asks for it expires it before the turn goes back
    /// to the call's owner.
    pub fn renew(&self, pass: PassPointer) {
        self.record.store(pass.as_ptr(), Ordering::Relaxed);
    }
}
