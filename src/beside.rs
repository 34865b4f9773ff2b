//! Other modules that start Python in httpd's processes. `httpd -t`, a start and a restart look for what cannot work
//! together with ours, and stop with a sentence; called by the hook check_config.

use std::ffi::c_int;
use std::path::{Path, PathBuf};

use crate::guard;
use crate::httpd::log::{Level, Owner};
use crate::httpd::{config_tree, loaded, sys};
use crate::interp::home;

/// After the configuration was read, before anything of the server has begun; `httpd -t` comes here as well.
pub unsafe extern "C" fn check_config(
    _pconf: *mut sys::apr_pool_t,
    _plog: *mut sys::apr_pool_t,
    _ptemp: *mut sys::apr_pool_t,
    server: *mut sys::server_rec,
) -> c_int {
    guard::process(sys::HTTP_INTERNAL_SERVER_ERROR, || {
        let Some(text) = conflict() else { return sys::OK };
        // SAFETY: httpd's main server.
        unsafe { Owner::of_server(server) }.log(Level::EMERG, text.as_bytes());
        sys::HTTP_INTERNAL_SERVER_ERROR
    })
}

/// The sentence about the first thing that cannot work.
fn conflict() -> Option<String> {
    let ours = home::minor_version();
    if let Some(other) = another_python(&loaded::libraries(), ours) {
        return Some(format!(
            "MPY0112: another Python is loaded into httpd: {} beside Python {ours}, for which mod_python was built. Each \
             takes functions of the other and neither works: load only modules that were built for the same version of \
             Python",
            other.display()
        ));
    }
    if !loaded::has_module(c"mod_wsgi.c") {
        return None;
    }
    // Without it mod_wsgi waits, in each child that ends, for the GIL that the end keeps, and httpd kills the child.
    if config_tree::switch("WSGIRestrictEmbedded") != Some(true) {
        return Some(
            "MPY0113: mod_wsgi would run its Python in the processes in which mod_python runs, and cannot share it: \
             write 'WSGIRestrictEmbedded On', outside of virtual hosts, and serve WSGI applications in processes of \
             their own, with WSGIDaemonProcess and WSGIProcessGroup"
                .to_owned(),
        );
    }
    if config_tree::switch("WSGILazyInitialization") == Some(false) {
        return Some(
            "MPY0114: 'WSGILazyInitialization Off' lets mod_wsgi start Python in httpd's parent process, so that \
             mod_python cannot start it in the children: remove that line"
                .to_owned(),
        );
    }
    None
}

/// The libpython that is not ours, where there are two.
fn another_python(libraries: &[PathBuf], ours: &str) -> Option<PathBuf> {
    // What follows the name libpython: `3.11` of libpython3.11.so.1.0. The stable ABI's libpython3.so holds no code.
    fn version(path: &Path) -> Option<&str> {
        let name = path.file_name()?.to_str()?;
        let version = name.strip_prefix("libpython")?.split(".so").next()?;
        version.contains('.').then_some(version)
    }
    let pythons: Vec<_> = libraries.iter().filter(|path| version(path).is_some()).collect();
    let other = pythons.iter().find(|path| version(path) != Some(ours)).or(pythons.last());
    (pythons.len() > 1).then(|| other.map(|path| path.to_path_buf())).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> Option<PathBuf> {
        let paths: Vec<_> = names.iter().map(|name| PathBuf::from("/lib").join(name)).collect();
        another_python(&paths, "3.11")
    }

    #[test]
    fn two_libpythons_are_one_too_many() {
        assert_eq!(found(&["libc.so.6"]), None);
        assert_eq!(found(&["libpython3.11.so.1.0", "libpython3.so", "libpythonic.so"]), None);
        // A debug build has a letter more, and may be ours.
        assert_eq!(found(&["libpython3.11d.so.1.0"]), None);
        for names in
            [["libpython3.11.so.1.0", "libpython3.13.so.1.0"], ["libpython3.13.so.1.0", "libpython3.11.so.1.0"]]
        {
            assert_eq!(found(&names), Some(PathBuf::from("/lib/libpython3.13.so.1.0")));
        }
        assert_eq!(
            found(&["libpython2.7.so.1.0", "libpython3.11.so"]),
            Some(PathBuf::from("/lib/libpython2.7.so.1.0"))
        );
        assert!(found(&["a/libpython3.11.so.1.0", "b/libpython3.11.so.1.0"]).is_some());
    }
}
