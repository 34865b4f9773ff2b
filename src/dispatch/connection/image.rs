//! The phases of a connection inside an image: one object, the handlers, and what each outcome means.

use pyo3::prelude::*;

use super::super::handlers::{call as call_handler, goes_on, status};
use super::super::report::{self, Place};
use super::super::resolve::{self, Lookup};
use crate::abi::ConnectionCall;
use crate::httpd::conn::Conn as View;
use crate::httpd::log::{Level, Owner};
use crate::httpd::sys;
use crate::httpd::view::Record;
use crate::image::state;
use crate::phase::{Phase, Role};
use crate::py::conn::Conn;
use crate::py::live::{Active, Live, RawIo};

/// The object that the handlers get; nothing of the connection can be reached through it afterwards.
struct Expiring<'py>(Bound<'py, Conn>);

impl Drop for Expiring<'_> {
    fn drop(&mut self) {
        self.0.get().expire(self.0.py());
    }
}

/// Runs the handlers of a phase and leaves the result in the call.
pub fn run(py: Python<'_>, call: &mut ConnectionCall<'_>) {
    let raw_io = if call.phase == Phase::PreConnection { RawIo::TooEarly } else { RawIo::Allowed };
    // SAFETY: the host passes a live connection, which this thread serves until run returns; the object expires before.
    let (view, _active, live) = unsafe {
        let active = Active::with_raw_io(call.conn, std::ptr::null_mut(), raw_io);
        (sys::conn_rec::view(call.conn), active, Live::of_connection(call.conn))
    };
    let object = match Bound::new(py, Conn::of(live)) {
        Ok(object) => Expiring(object),
        Err(error) => {
            report::log_lines(py, Owner::Conn(view), Level::ERR, "MPY0403: connection object: ", &error);
            return;
        }
    };
    while let Some(handler) = view.current_handler() {
        let text = handler.text();
        call.result = one(py, call, &object.0, text).unwrap_or_else(|error| {
            let (handler, interpreter) = (String::from_utf8_lossy(text), state::name());
            let place = Place { phase: call.phase.name(), handler: &handler, interpreter: &interpreter };
            report::uncaught_in_connection(py, view, &place, &error);
            sys::HTTP_INTERNAL_SERVER_ERROR
        });
        if !goes_on(call.phase.info().chain, call.result) {
            break;
        }
        view.advance_handler();
    }
}

/// Calls one handler.
fn one(py: Python<'_>, call: &ConnectionCall<'_>, object: &Bound<'_, Conn>, text: &[u8]) -> PyResult<i32> {
    #[cfg(feature = "test-panic")]
    assert!(text != b"mod_python-panic", "asked for by a test");
    let lookup = Lookup::new(Role::Phase(call.phase), text, None, Some(call.settings), false);
    let Some(function) = resolve::callable(py, &lookup, object.as_any())? else { return Ok(sys::DECLINED) };
    status(&call_handler(&function, object.as_any(), Some(call.settings))?, text)
}

/// The module's own code panicked: the connection is closed.
pub fn panicked(call: &mut ConnectionCall<'_>, text: &str) {
    call.result = sys::HTTP_INTERNAL_SERVER_ERROR;
    let line = format!("{text} (phase {}, interpreter '{}')", call.phase.name(), state::name());
    // SAFETY: the host passed a live connection.
    let view: View<'_> = unsafe { sys::conn_rec::view(call.conn) };
    Owner::Conn(view).log(Level::CRIT, line.as_bytes());
}
