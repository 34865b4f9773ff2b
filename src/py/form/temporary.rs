//! Files without a name, for what a form does not hold in memory: they are gone with their last user, whatever happens.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Seek};
use std::os::fd::IntoRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use pyo3::exceptions::PyOSError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyAny;

/// Names tried where the file system has no files without a name.
const ATTEMPTS: u64 = 100;

/// Opens a new file in a directory, for reading and writing by this user.
///
/// # Errors
/// What the system says.
pub(super) fn create(directory: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    match options.clone().custom_flags(libc::O_TMPFILE).open(directory) {
        Err(error) if is_unknown(&error) => {}
        result => return result,
    }
    options.create_new(true);
    for attempt in 0..ATTEMPTS {
        let path = directory.join(format!("mod_python-form-{:016x}", RandomState::new().hash_one(attempt)));
        match options.open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// The file system, or the kernel, has no `O_TMPFILE` (open(2)).
fn is_unknown(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EISDIR | libc::EINVAL))
}

/// The directory for such files: the option's, else Python's for temporary files.
///
/// # Errors
/// What `tempfile.gettempdir` raises.
pub(super) fn directory(py: Python<'_>, option: Option<&Path>) -> PyResult<PathBuf> {
    match option {
        Some(path) => Ok(path.to_owned()),
        None => py.import(intern!(py, "tempfile"))?.call_method0(intern!(py, "gettempdir"))?.extract(),
    }
}

/// The OSError for a failure in a directory.
pub(super) fn failed(error: &io::Error, directory: &Path) -> PyErr {
    match error.raw_os_error() {
        Some(code) => {
            // As Python itself shows such an error.
            let text = error.to_string();
            let text = text.strip_suffix(&format!(" (os error {code})")).unwrap_or(&text).to_owned();
            PyOSError::new_err((code, text, directory.as_os_str().to_owned()))
        }
        None => PyOSError::new_err(format!("{error}: {}", directory.display())),
    }
}

/// The file as a Python file in mode `w+b`, at its beginning.
///
/// # Errors
/// OSError.
pub(super) fn as_python(py: Python<'_>, mut file: File) -> PyResult<Bound<'_, PyAny>> {
    file.rewind()?;
    py.import(intern!(py, "io"))?.call_method1(intern!(py, "open"), (file.into_raw_fd(), intern!(py, "w+b")))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn files_have_no_name() {
        let directory = std::env::temp_dir().join(format!("mod_python-form-test-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let mut file = create(&directory).unwrap();
        let mut text = String::new();
        file.write_all(b"text").unwrap();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "text");
        assert_eq!((file.metadata().unwrap().nlink(), file.metadata().unwrap().mode() & 0o777), (0, 0o600));
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0);
        std::fs::remove_dir(&directory).unwrap();
        assert_eq!(create(&directory).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
