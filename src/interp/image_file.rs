//! Private images: a copy of this very library, loaded under its own name, so that every static of pyo3 and of ours
//! exists once per interpreter.

use std::ffi::{CStr, CString, c_char, c_void};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::InterpError;
use crate::abi::ImageMain;

/// The name of the entry every image exports.
const ENTRY: &CStr = c"mod_python_image_main";

/// The bytes of this library, read in the parent: an upgrade on disk must not mix with running children.
static BYTES: OnceLock<Result<Vec<u8>, String>> = OnceLock::new();

/// The addresses of all entries in this process, the host copy's first: what tells one copy from another.
static ENTRIES: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// The real path of this library's file.
pub fn own_path() -> Option<PathBuf> {
    let mut info = libc::Dl_info {
        dli_fname: std::ptr::null(),
        dli_fbase: std::ptr::null_mut(),
        dli_sname: std::ptr::null(),
        dli_saddr: std::ptr::null_mut(),
    };
    let address = own_path as fn() -> Option<PathBuf>;
    // SAFETY: any address may be asked for; info is written on success only.
    let found = unsafe { libc::dladdr(address as *const c_void, &mut info) };
    if found == 0 || info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: dladdr gives a NUL-terminated name that lives as long as the library.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    std::fs::canonicalize(name.to_str().ok()?).ok()
}

/// Reads the library's file, once per loaded copy.
pub fn remember_bytes() {
    BYTES.get_or_init(|| {
        let path = own_path().ok_or("the library does not know its own path")?;
        std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    });
}

/// A loaded image.
pub struct Loaded {
    /// Its entry.
    pub entry: ImageMain,
    /// What was tried and refused before it worked.
    pub refused: Vec<String>,
}

/// Loads a fresh copy, which is never unloaded.
///
/// # Errors
/// [`InterpError::Image`] with everything that was tried.
pub fn load(host_entry: ImageMain, runtime_dir: &Path) -> Result<Loaded, InterpError> {
    remember_bytes();
    let bytes = match BYTES.get() {
        Some(Ok(bytes)) => bytes,
        Some(Err(error)) => return Err(InterpError::Image(error.clone())),
        None => return Err(InterpError::Image("the library was not read".to_owned())),
    };
    let mut refused = Vec::new();
    let temp_dir = std::env::temp_dir();
    let attempts = [
        ("an anonymous file", in_memory(bytes, host_entry)),
        ("a file in httpd's runtime directory", in_directory(bytes, runtime_dir, host_entry)),
        ("a file in the temporary directory", in_directory(bytes, &temp_dir, host_entry)),
    ];
    // Each is a closure: only what comes before the first that works is tried.
    for (what, attempt) in attempts {
        match attempt() {
            Ok(entry) => return Ok(Loaded { entry, refused }),
            Err(error) => refused.push(format!("{what}: {error}")),
        }
    }
    Err(InterpError::Image(refused.join("; ")))
}

type Attempt<'a> = Box<dyn FnOnce() -> Result<ImageMain, String> + 'a>;

fn in_memory(bytes: &[u8], host_entry: ImageMain) -> Attempt<'_> {
    Box::new(move || {
        if std::env::var_os("MOD_PYTHON_NO_MEMFD").is_some() {
            return Err("MOD_PYTHON_NO_MEMFD is set".to_owned());
        }
        // SAFETY: the name is NUL-terminated; a fresh descriptor has no other owner.
        let mut file = unsafe {
            let fd = libc::memfd_create(c"mod_python".as_ptr(), libc::MFD_CLOEXEC);
            if fd < 0 {
                return Err(std::io::Error::last_os_error().to_string());
            }
            File::from_raw_fd(fd)
        };
        file.write_all(bytes).map_err(|error| error.to_string())?;
        // The mapping keeps the memory; the descriptor is not needed any longer.
        open(&descriptor_path(file.as_raw_fd(), entries_so_far()), host_entry)
    })
}

/// A path to a descriptor that no other image of this process was loaded by. glibc takes a library of the same name for
/// the same library, and descriptor numbers come again once something has closed them; so the images' numbers are
/// spelled into the path, in binary: `/` is 0, `/./` is 1.
fn descriptor_path(descriptor: i32, image: usize) -> String {
    let digits = format!("{image:b}").replace('0', "/").replace('1', "/./");
    format!("/proc/self/fd{digits}/{descriptor}")
}

fn entries_so_far() -> usize {
    ENTRIES.lock().unwrap_or_else(PoisonError::into_inner).len()
}

fn in_directory<'a>(bytes: &'a [u8], dir: &'a Path, host_entry: ImageMain) -> Attempt<'a> {
    Box::new(move || {
        let template = dir.join("mod_python-image-XXXXXX");
        let template = CString::new(template.as_os_str().as_encoded_bytes()).map_err(|error| error.to_string())?;
        let mut name = template.into_bytes_with_nul();
        // SAFETY: mkostemp replaces the X's in place; a fresh descriptor has no other owner.
        let mut file = unsafe {
            let fd = libc::mkostemp(name.as_mut_ptr().cast(), libc::O_CLOEXEC);
            if fd < 0 {
                return Err(format!("{}: {}", dir.display(), std::io::Error::last_os_error()));
            }
            File::from_raw_fd(fd)
        };
        name.pop();
        let name = String::from_utf8_lossy(&name).into_owned();
        let result = file.write_all(bytes).map_err(|error| error.to_string()).and_then(|()| open(&name, host_entry));
        // The mapping keeps the file alive; nothing stays behind in the directory.
        let _ = std::fs::remove_file(&name);
        result
    })
}

fn open(path: &str, host_entry: ImageMain) -> Result<ImageMain, String> {
    let path = CString::new(path).map_err(|error| error.to_string())?;
    // SAFETY: loading our own library runs no code but the constructors that list the methods of its classes.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if handle.is_null() {
        return Err(last_error());
    }
    // SAFETY: the handle is live; the symbol has the type of the entry, being the same library.
    let address = unsafe { libc::dlsym(handle, ENTRY.as_ptr()) };
    if address.is_null() {
        return Err(last_error());
    }
    let mut entries = ENTRIES.lock().unwrap_or_else(PoisonError::into_inner);
    if entries.is_empty() {
        entries.push(host_entry as usize);
    }
    if entries.contains(&(address as usize)) {
        return Err("the loader gave a copy that is already loaded".to_owned());
    }
    entries.push(address as usize);
    // SAFETY: as above.
    Ok(unsafe { std::mem::transmute::<*mut c_void, ImageMain>(address) })
}

fn last_error() -> String {
    // SAFETY: dlerror gives NULL or a NUL-terminated text that lives until the next dl call of this thread.
    unsafe {
        let text: *mut c_char = libc::dlerror();
        if text.is_null() { "dlopen failed".to_owned() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
    }
}

/// The folder from which `mod_python` is imported: that of the package which the library lies in, as pip installs it,
/// else `../python` beside the library's own folder, as the install script does.
pub fn package_dir() -> Option<PathBuf> {
    package_dir_of(&own_path()?)
}

fn package_dir_of(library: &Path) -> Option<PathBuf> {
    let folder = library.parent()?;
    if folder.file_name()? == "mod_python" && folder.join("__init__.py").is_file() {
        return Some(folder.parent()?.to_owned());
    }
    Some(folder.parent()?.join("python"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_is_around_or_beside_the_library() {
        let root = std::env::temp_dir().join(format!("mod_python-package-dir-{}", std::process::id()));
        let package = root.join("mod_python");
        std::fs::create_dir_all(&package).unwrap();
        let library = package.join("mod_python.so");
        assert_eq!(package_dir_of(&library), Some(root.join("python")));
        std::fs::write(package.join("__init__.py"), "").unwrap();
        assert_eq!(package_dir_of(&library), Some(root.clone()));
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(package_dir_of(Path::new("/usr/lib/modules/mod_python.so")), Some("/usr/lib/python".into()));
        assert_eq!(package_dir_of(Path::new("/mod_python.so")), None);
    }

    #[test]
    fn every_image_has_a_path_of_its_own() {
        let own = File::open("/proc/self/exe").unwrap();
        let descriptor = own.as_raw_fd();
        let mut seen = std::collections::HashSet::new();
        for image in 0..300 {
            let path = descriptor_path(descriptor, image);
            assert_eq!(std::fs::read_link(&path).unwrap(), std::fs::read_link("/proc/self/exe").unwrap());
            assert!(seen.insert(path));
        }
    }
}
