//! `_apache._session_id`, `_session_split`, `_session_load`, `_session_store`, `_session_read`, `_session_write`: what each request does with a stored session.
//! Called by `mod_python._session`, which takes over where something is out of the ordinary.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use pyo3::exceptions::PyOSError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyInt, PyModule, PyString};

use super::cookies::header_of;
use super::detach::without_gil;
use super::request::Request;
use super::session_json::write_dict;
use crate::parse::{cookies, session};

/// Microseconds of a second.
const MICRO: f64 = 1_000_000.0;

/// Kind, created, accessed, timeout, data.
type Parts<'py> = (Bound<'py, PyString>, f64, f64, u64, Bound<'py, PyBytes>);

/// What makes the names of new files differ in this process.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Adds the functions to the native module.
///
/// # Errors
/// MemoryError.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_session_id, module)?)?;
    module.add_function(wrap_pyfunction!(_session_split, module)?)?;
    module.add_function(wrap_pyfunction!(_session_load, module)?)?;
    module.add_function(wrap_pyfunction!(_session_store, module)?)?;
    module.add_function(wrap_pyfunction!(_session_read, module)?)?;
    module.add_function(wrap_pyfunction!(_session_write, module)?)
}

/// _session_id(req, name): the session id that the request's cookie of a name has; None for anything else.
#[pyfunction]
#[pyo3(signature = (req, name, /))]
fn _session_id<'py>(py: Python<'py>, req: &Bound<'py, Request>, name: &str) -> PyResult<Option<Bound<'py, PyString>>> {
    let Some(header) = header_of(req)? else { return Ok(None) };
    let last = cookies::pairs(&header).filter(|(found, _)| *found == name.as_bytes()).last();
    let id = last.map(|(_, value)| value).filter(|value| session::is_id(value));
    Ok(id.and_then(|id| str::from_utf8(id).ok()).map(|id| PyString::new(py, id)))
}

/// _session_split(raw): (kind, created, accessed, timeout, data) of a stored session; None for one that takes a closer look.
#[pyfunction]
#[pyo3(signature = (raw, /))]
fn _session_split<'py>(py: Python<'py>, raw: &[u8]) -> Option<Parts<'py>> {
    let record = session::split(raw)?;
    let kind = if record.kind == "json" { intern!(py, "json") } else { intern!(py, "pickle") };
    let seconds = |micros: u64| micros as f64 / MICRO;
    let data = PyBytes::new(py, record.data);
    Some((kind.clone(), seconds(record.created), seconds(record.accessed), record.timeout, data))
}

/// _session_load(place, sid, limit): `_session_split` of what `_session_read` gives for the file of a session; None for
/// one that takes a closer look: it is not there, cannot be read, or has more than limit bytes.
#[pyfunction]
#[pyo3(signature = (place, sid, limit, /))]
fn _session_load<'py>(py: Python<'py>, place: &str, sid: &str, limit: u64) -> Option<Parts<'py>> {
    let path = path_of(place, sid)?;
    let raw = without_gil(py, &*path, |path| read(Path::new(path), limit)).ok()?;
    if raw.len() as u64 > limit { None } else { _session_split(py, &raw) }
}

/// _session_store(place, sid, record, limit): writes a record as JSON with `_session_write`; returns its data as bytes.
/// None for one that takes a closer look, or if it was not written, or has more than limit bytes: nothing has changed then.
#[pyfunction]
#[pyo3(signature = (place, sid, record, limit, /))]
fn _session_store<'py>(
    py: Python<'py>,
    place: &str,
    sid: &str,
    record: &Bound<'py, PyDict>,
    limit: u64,
) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let number = |name| record.get_item(name).ok().flatten();
    let micros = |name| number(name)?.cast_exact::<PyFloat>().ok().and_then(|seconds| micros(seconds.value()));
    let times = micros(intern!(py, "_created")).zip(micros(intern!(py, "_accessed")));
    let timeout = number(intern!(py, "_timeout"))
        .and_then(|seconds| seconds.cast_exact::<PyInt>().ok().and_then(|seconds| seconds.extract::<u64>().ok()));
    let (Some(path), Some((created, accessed)), Some(timeout)) = (path_of(place, sid), times, timeout) else {
        return Ok(None);
    };
    let Some(data) = record.get_item(intern!(py, "_data"))? else { return Ok(None) };
    let Ok(data) = data.cast_exact::<PyDict>() else { return Ok(None) };
    let mut raw = session::begin(created, accessed, timeout);
    let head = raw.len();
    if !write_dict(data, &mut raw, 0)? || raw.len() as u64 > limit {
        return Ok(None);
    }
    let written = without_gil(py, (&*path, &*raw), |(path, raw)| write(path, raw));
    Ok(written.is_ok().then(|| PyBytes::new(py, &raw[head..])))
}

/// The file of a session.
fn path_of(place: &str, sid: &str) -> Option<String> {
    Some([place, "/", sid.get(..2)?, "/", sid].concat())
}

/// Seconds as microseconds, as `format.join` rounds them.
fn micros(seconds: f64) -> Option<u64> {
    let micros = (seconds * MICRO).round_ties_even();
    (0.0..=session::MOST as f64).contains(&micros).then_some(micros as u64)
}

/// _session_read(path, limit): the first limit + 1 bytes of a file, whose date becomes now; None if there is none.
///
/// No symbolic link is followed. Raises OSError.
#[pyfunction]
#[pyo3(signature = (path, limit, /))]
fn _session_read<'py>(py: Python<'py>, path: &str, limit: u64) -> PyResult<Option<Bound<'py, PyBytes>>> {
    match without_gil(py, path, |path| read(Path::new(path), limit)) {
        Ok(raw) => Ok(Some(PyBytes::new(py, &raw))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(raised(&error)),
    }
}

/// _session_write(path, raw): puts a new file with mode 0600 in the place of an old one, which stays whole until then.
///
/// Raises OSError; then nothing has changed.
#[pyfunction]
#[pyo3(signature = (path, raw, /))]
fn _session_write(py: Python<'_>, path: &str, raw: &[u8]) -> PyResult<()> {
    without_gil(py, (path, raw), |(path, raw)| write(path, raw)).map_err(|error| raised(&error))
}

fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    let mut raw = Vec::with_capacity(1024);
    (&file).take(limit.saturating_add(1)).read_to_end(&mut raw)?;
    // For the fast cleanup, which looks at the date alone.
    file.set_modified(SystemTime::now())?;
    Ok(raw)
}

fn write(path: &str, raw: &[u8]) -> io::Result<()> {
    let (new, mut file) = create(path)?;
    let result = file.write_all(raw).and_then(|()| {
        drop(file);
        fs::rename(&new, path)
    });
    if result.is_err() {
        // What went wrong first is what counts.
        let _ = fs::remove_file(&new);
    }
    result
}

/// Makes a file beside `path` that nobody else writes to. A name may be there from a child that was killed.
fn create(path: &str) -> io::Result<(String, File)> {
    loop {
        let new = format!("{path}.{:x}-{:x}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
        match options.open(&new) {
            Ok(file) => return Ok((new, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

fn raised(error: &io::Error) -> PyErr {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default().to_owned();
    PyOSError::new_err((error.raw_os_error().unwrap_or(libc::EIO), text))
}
