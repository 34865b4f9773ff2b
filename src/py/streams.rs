//! What is behind `sys.stdout` and `sys.stderr`: text goes to the error log line by line. The beginning of a line is kept by
//! the thread that wrote it, until the line ends, the stream is flushed, or the thread turns to another request.

use std::cell::RefCell;
use std::mem;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyModule, PyString};

use super::detach::without_gil;
use super::live::{self, with_log};
use super::log::{self, c_line};
use crate::httpd::log::{Level, Owner};
use crate::image::state;
use crate::parse::lines;

/// Adds the functions to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_write_stream, module)?)?;
    module.add_function(wrap_pyfunction!(_flush_stream, module)?)
}

/// One of the two streams.
#[derive(Clone, Copy)]
enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    const ALL: [Stream; 2] = [Stream::Stdout, Stream::Stderr];

    /// By its file descriptor, as programs know it.
    fn of(number: i32) -> PyResult<Stream> {
        match number {
            1 => Ok(Stream::Stdout),
            2 => Ok(Stream::Stderr),
            _ => Err(PyValueError::new_err("there are streams 1 and 2")),
        }
    }

    fn level(self) -> Level {
        match self {
            Stream::Stdout => Level::INFO,
            Stream::Stderr => Level::ERR,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }

    /// Writes a line, with the interpreter's name in front.
    fn log(self, owner: Owner<'_>, line: &[u8]) {
        let mut text = format!("{} (interpreter '{}'): ", self.name(), state::name()).into_bytes();
        text.extend_from_slice(line);
        owner.log_from(self.level(), None, &c_line(text));
    }
}

/// The lines that a thread has begun, one for each stream.
struct Begun([Vec<u8>; 2]);

impl Begun {
    fn take(stream: Stream) -> Vec<u8> {
        // A thread that ends has no beginnings any more.
        BEGUN.try_with(|begun| mem::take(&mut begun.borrow_mut().0[stream as usize])).unwrap_or_default()
    }

    fn keep(stream: Stream, beginning: Vec<u8>) {
        let any = BEGUN.try_with(|begun| {
            let begun = &mut begun.borrow_mut().0;
            begun[stream as usize] = beginning;
            begun.iter().any(|beginning| !beginning.is_empty())
        });
        live::set_begun_line(any.unwrap_or(false));
    }
}

impl Drop for Begun {
    /// The thread ends, outside Python and outside requests.
    fn drop(&mut self) {
        for (stream, line) in Stream::ALL.into_iter().zip(&self.0).filter(|(_, line)| !line.is_empty()) {
            stream.log(state::main_log(), line);
        }
    }
}

thread_local! {
    static BEGUN: RefCell<Begun> = const { RefCell::new(Begun([const { Vec::new() }; 2])) };
}

/// Writes what this thread has begun as lines of their own.
pub fn end_lines(py: Python<'_>) {
    for stream in Stream::ALL {
        end_line(py, stream);
    }
}

fn end_line(py: Python<'_>, stream: Stream) {
    let line = Begun::take(stream);
    if !line.is_empty() {
        with_log(|owner| without_gil(py, (owner, line), |(owner, line)| stream.log(owner, &line)));
        Begun::keep(stream, Vec::new());
    }
}

fn write(py: Python<'_>, stream: Stream, data: &[u8]) {
    with_log(|owner| {
        let mut text = Begun::take(stream);
        if !owner.wants(stream.level()) {
            // Nobody will read it.
            if !text.is_empty() {
                Begun::keep(stream, Vec::new());
            }
            return;
        }
        let short = text.len() + data.len() <= lines::WIDTH / 4;
        text.extend_from_slice(data);
        if short && memchr::memchr(b'\n', data).is_none() {
            return Begun::keep(stream, text);
        }
        let rest = without_gil(py, (owner, text), |(owner, text)| {
            let mut rest = &text[..];
            while let Some((line, behind)) = lines::next_line(rest) {
                stream.log(owner, line);
                rest = behind;
            }
            rest.to_vec()
        });
        Begun::keep(stream, rest);
    });
}

/// _write_stream(stream, data): writes str, or bytes, to standard stream 1 or 2; returns its length.
#[pyfunction]
fn _write_stream(stream: i32, data: &Bound<'_, PyAny>) -> PyResult<usize> {
    let (py, stream) = (data.py(), Stream::of(stream)?);
    if let Ok(text) = data.cast::<PyString>() {
        write(py, stream, &log::bytes(text)?);
    } else if let Ok(bytes) = data.cast::<PyBytes>() {
        write(py, stream, bytes.as_bytes());
    } else {
        let found = data.get_type().name()?;
        return Err(PyTypeError::new_err(format!("write() argument must be str, not {found}")));
    }
    data.len()
}

/// _flush_stream(stream): ends the line that this thread has begun.
#[pyfunction]
fn _flush_stream(py: Python<'_>, stream: i32) -> PyResult<()> {
    end_line(py, Stream::of(stream)?);
    Ok(())
}
