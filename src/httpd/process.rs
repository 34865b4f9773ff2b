//! Directives that hold for the whole process: they must be known before Python starts. Owned text, because a restart
//! clears every configuration pool while these statics survive.

use std::ffi::CString;
use std::sync::{Mutex, PoisonError};

/// The process-wide directives of the configuration that was read last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessConfig {
    /// PythonOptimize was On anywhere.
    pub optimize: bool,
    /// PythonRequestTimeout gave a time anywhere; `.htaccess` files are not known.
    pub time_limit: bool,
    /// PythonHome.
    pub home: Option<CString>,
    /// The server name that is bound to the main interpreter.
    pub main_name: Option<CString>,
    /// The names of PythonExprFunction, lower case.
    pub expr_functions: Vec<Vec<u8>>,
    /// The names of PythonRewriteMap, in the order of their numbers.
    pub rewrite_maps: Vec<Vec<u8>>,
    /// The filters that directives have named; true for input.
    pub filters: Vec<(CString, bool)>,
}

static CONFIG: Mutex<ProcessConfig> = Mutex::new(ProcessConfig {
    optimize: false,
    time_limit: false,
    home: None,
    main_name: None,
    expr_functions: Vec::new(),
    rewrite_maps: Vec::new(),
    filters: Vec::new(),
});

/// Changes the record.
pub fn update(change: impl FnOnce(&mut ProcessConfig)) {
    change(&mut CONFIG.lock().unwrap_or_else(PoisonError::into_inner));
}

/// A copy of the record.
pub fn current() -> ProcessConfig {
    CONFIG.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
