//! Python functions under a name that other modules of httpd know: PythonExprFunction and PythonRewriteMap. They lie in
//! the server's record; each virtual host may mean another function by a name.

use std::ffi::c_char;

use super::chain;
use super::config::ServerConfig;
use super::handler_list::HandlerEntry;
use super::pool::bytes;
use super::sys;
use crate::phase::Callback;

/// One named function.
#[derive(Clone, Copy)]
pub struct NamedNode {
    /// What names it.
    pub callback: Callback,
    /// Its name.
    pub name: *const c_char,
    /// The name's place among all names of its kind.
    pub number: usize,
    /// The function.
    pub entry: HandlerEntry,
    /// The next node.
    pub next: *const NamedNode,
}

impl chain::Node for NamedNode {
    fn next(&self) -> *const NamedNode {
        self.next
    }
    fn with_next(self, next: *const NamedNode) -> NamedNode {
        NamedNode { next, ..self }
    }
}

impl NamedNode {
    /// The name.
    pub fn name(&self) -> &[u8] {
        // SAFETY: NUL-terminated, part of the node's configuration.
        unsafe { bytes(self.name) }
    }
}

/// The last function of a kind that a server has for what `is_meant` looks for.
///
/// # Safety
/// `server` is a live server of a complete configuration, which outlives `'a`.
pub unsafe fn find<'a>(
    server: *const sys::server_rec,
    callback: Callback,
    is_meant: impl Fn(&NamedNode) -> bool,
) -> Option<&'a HandlerEntry> {
    // SAFETY: the caller guarantees the server; nodes are part of its configuration.
    let mut nodes = unsafe { chain::iter(ServerConfig::of(server)?.named) };
    nodes.find(|node| node.callback == callback && is_meant(node)).map(|node| &node.entry)
}
