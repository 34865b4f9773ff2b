//! The handlers of a server that get no request: the start and the end of a child, lines of the error log. Part of the
//! per-server record.

use std::ptr;

use super::handler_list::HandlerList;
use crate::phase::Callback;

/// One list for each kind, NULL where there is none.
#[derive(Clone, Copy)]
pub struct ServerLists {
    child_init: *mut HandlerList,
    child_exit: *mut HandlerList,
    error_log: *mut HandlerList,
}

impl ServerLists {
    /// No list.
    pub const EMPTY: ServerLists =
        ServerLists { child_init: ptr::null_mut(), child_exit: ptr::null_mut(), error_log: ptr::null_mut() };

    /// The place of a callback's list; None for callbacks that are no server's.
    pub fn place(&mut self, callback: Callback) -> Option<&mut *mut HandlerList> {
        match callback {
            Callback::ChildInit => Some(&mut self.child_init),
            Callback::ChildExit => Some(&mut self.child_exit),
            Callback::ErrorLog => Some(&mut self.error_log),
            _ => None,
        }
    }

    /// The list of a callback.
    pub fn list(mut self, callback: Callback) -> Option<&'static HandlerList> {
        // SAFETY: NULL or a list of the configuration that the child serves with.
        self.place(callback).and_then(|list| unsafe { list.as_ref() })
    }

    /// This record of a virtual host in front of the main server's. What is called once for each server that has it
    /// written is not handed down.
    pub fn inherit(self, outer: ServerLists) -> ServerLists {
        ServerLists { error_log: if self.error_log.is_null() { outer.error_log } else { self.error_log }, ..self }
    }
}
