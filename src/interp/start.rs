//! Python's start in a child process, from an explicit configuration: PATH is never consulted, no signal handler is
//! installed, user site folders are off.

use std::ffi::{CStr, CString, c_char};

use pyo3::ffi;

use super::home::{self, Home};

/// What the start depends on.
#[derive(Clone, Debug, Default)]
pub struct StartConfig {
    /// PythonHome.
    pub home: Option<CString>,
    /// PythonOptimize.
    pub optimize: bool,
}

/// Starts Python in this thread, which then holds the GIL of the main interpreter.
///
/// # Errors
/// Python's own text with what to look at.
pub fn initialize(start: &StartConfig) -> Result<(), String> {
    // SAFETY: may be asked at any time.
    if unsafe { ffi::Py_IsInitialized() } != 0 {
        return Err("another module has started Python in this process before".to_owned());
    }
    let executable = CString::new(env!("MOD_PYTHON_PYTHON_EXECUTABLE")).map_err(|error| error.to_string())?;
    let (program, prefix) = match &start.home {
        None => (executable, None),
        Some(path) => match home::check(path.to_bytes())? {
            Home::Prefix(_) => (executable, Some(path.clone())),
            Home::Environment(python) => {
                let python = CString::new(python.into_os_string().into_encoded_bytes());
                (python.map_err(|error| error.to_string())?, None)
            }
        },
    };
    // SAFETY: the structures are initialised by the functions Python documents for it (PEP 587) before any other use,
    // and cleared once; no other thread runs Python yet.
    unsafe {
        let mut preconfig = std::mem::zeroed::<ffi::PyPreConfig>();
        ffi::PyPreConfig_InitPythonConfig(&mut preconfig);
        preconfig.coerce_c_locale = 0;
        checked(ffi::Py_PreInitialize(&preconfig))?;

        let mut config = std::mem::zeroed::<ffi::PyConfig>();
        ffi::PyConfig_InitPythonConfig(&mut config);
        config.install_signal_handlers = 0;
        config.user_site_directory = 0;
        config.parse_argv = 0;
        config.optimization_level = if start.optimize { 2 } else { 0 };
        let result = configure(&mut config, &program, prefix.as_deref())
            .and_then(|()| checked(ffi::Py_InitializeFromConfig(&config)));
        ffi::PyConfig_Clear(&mut config);
        result
    }
}

/// # Safety
/// `config` was initialised and not cleared.
unsafe fn configure(config: &mut ffi::PyConfig, program: &CStr, prefix: Option<&CStr>) -> Result<(), String> {
    // SAFETY: the texts are NUL-terminated; Python copies them.
    unsafe {
        let base: *mut ffi::PyConfig = config;
        checked(ffi::PyConfig_SetBytesString(base, &mut (*base).program_name, program.as_ptr()))?;
        if let Some(prefix) = prefix {
            checked(ffi::PyConfig_SetBytesString(base, &mut (*base).home, prefix.as_ptr()))?;
        }
        let mut argv = [c"mod_python".as_ptr()];
        checked(ffi::PyConfig_SetBytesArgv(base, 1, argv.as_mut_ptr().cast::<*mut c_char>().cast()))
    }
}

/// The error text of a status.
///
/// # Errors
/// What Python says.
pub fn checked(status: ffi::PyStatus) -> Result<(), String> {
    // SAFETY: a status is plain data; its texts are static.
    unsafe {
        if ffi::PyStatus_Exception(status) == 0 {
            return Ok(());
        }
        if status.err_msg.is_null() {
            return Err(format!("Python asked to exit with code {}", status.exitcode));
        }
        Err(CStr::from_ptr(status.err_msg).to_string_lossy().into_owned())
    }
}
