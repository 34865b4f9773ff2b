//! Which Python runs: the one the module was built with, or another home of the same minor version.

use std::path::{Path, PathBuf};

/// `3.11` for 3.11.2.
pub fn minor_version() -> &'static str {
    let version = env!("MOD_PYTHON_PYTHON_VERSION");
    version.rfind('.').map_or(version, |at| &version[..at])
}

/// What a PythonHome turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Home {
    /// An installation: `lib/python3.X/os.py` is there.
    Prefix(PathBuf),
    /// A virtual environment; the path of its interpreter.
    Environment(PathBuf),
}

/// Looks at a PythonHome.
///
/// # Errors
/// A sentence for the administrator: not a directory, another version, no Python there.
pub fn check(home: &[u8]) -> Result<Home, String> {
    let text = std::str::from_utf8(home).map_err(|_| "PythonHome is not UTF-8".to_owned())?;
    let dir = Path::new(text);
    if !dir.is_absolute() {
        return Err(format!("PythonHome {text} must be an absolute path"));
    }
    if let Err(error) = std::fs::read_dir(dir) {
        return Err(format!("PythonHome {text} cannot be read: {error}"));
    }
    let wanted = minor_version();
    if let Ok(facts) = std::fs::read_to_string(dir.join("pyvenv.cfg")) {
        let version = facts.lines().filter_map(|line| line.split_once('=')).find_map(|(key, value)| {
            ["version", "version_info"].contains(&key.trim()).then(|| value.trim().to_owned())
        });
        if let Some(version) = version
            && version != wanted
            && !version.starts_with(&format!("{wanted}."))
        {
            return Err(format!(
                "PythonHome {text} is a virtual environment of Python {version}, this module runs Python {wanted}: \
                 make one with python{wanted} -m venv"
            ));
        }
        let python = dir.join("bin/python");
        return if python.exists() {
            Ok(Home::Environment(python))
        } else {
            Err(format!("PythonHome {text} is a virtual environment without bin/python"))
        };
    }
    let landmark = dir.join(format!("lib/python{wanted}/os.py"));
    if landmark.is_file() || dir.join(format!("lib64/python{wanted}/os.py")).is_file() {
        return Ok(Home::Prefix(dir.to_owned()));
    }
    Err(format!("PythonHome {text} has no Python {wanted}: {} is missing", landmark.display()))
}

/// What Python has to read in a home to start: its library, and for an environment its settings and the library that
/// these name.
pub fn needed(home: &Home) -> Vec<PathBuf> {
    let library = |prefix: &Path| {
        let names = ["lib", "lib64"].map(|lib| prefix.join(format!("{lib}/python{}", minor_version())));
        let dir = names.into_iter().find(|dir| dir.exists());
        dir.map(|dir| vec![dir.join("os.py"), dir.join("encodings/__init__.py"), dir]).unwrap_or_default()
    };
    match home {
        Home::Prefix(prefix) => library(prefix),
        Home::Environment(python) => {
            let Some(dir) = python.parent().and_then(Path::parent) else { return Vec::new() };
            let settings = dir.join("pyvenv.cfg");
            let facts = std::fs::read_to_string(&settings).unwrap_or_default();
            let lines = facts.lines().filter_map(|line| line.split_once('='));
            let base = lines.filter(|(key, _)| key.trim() == "home").map(|(_, value)| Path::new(value.trim()));
            let libraries = base.filter_map(Path::parent).flat_map(library);
            let own = dir.join(format!("lib/python{}/site-packages", minor_version()));
            [settings, own].into_iter().chain(libraries).filter(|path| path.exists()).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_homes_are_named() {
        assert!(check(b"relative").unwrap_err().contains("absolute"));
        assert!(check(b"/nonexistent-home").unwrap_err().contains("cannot be read"));
        assert!(check(b"/tmp").unwrap_err().contains("has no Python"));
        assert!(check(b"/\xff").unwrap_err().contains("UTF-8"));
    }

    #[test]
    fn environments_of_another_version_are_refused() {
        let dir = std::env::temp_dir().join(format!("mod_python-home-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("pyvenv.cfg"), "home = /usr/bin\nversion = 2.7.18\n").unwrap();
        assert!(check(dir.to_str().unwrap().as_bytes()).unwrap_err().contains("2.7.18"));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
