//! The text of a `Require python` line, which mod_authz_core hands over while it reads the configuration.

use std::ffi::{c_char, c_void};
use std::ptr;

use super::{Answer, server_of};
use crate::guard;
use crate::httpd::config::ServerConfig;
use crate::httpd::handler_list::HandlerEntry;
use crate::httpd::pool::{Pool, bytes};
use crate::httpd::require::{self, Requirement};
use crate::httpd::{section, sys};

const NO_OBJECT: Answer = c"Require python needs a function: module[::object] [argument ...]".as_ptr();

/// httpd's callback to parse a line: `module[::object] [argument ...]`.
///
/// # Safety
/// httpd passes what it passes to a directive's callback, the line and a place for the result.
pub unsafe extern "C" fn parse(cmd: *mut sys::cmd_parms, line: *const c_char, parsed: *mut *const c_void) -> Answer {
    guard::process(c"Require python: the line could not be read".as_ptr(), || {
        // SAFETY: the caller guarantees all three; the pool is the configuration's.
        unsafe {
            if line.is_null() {
                return NO_OBJECT;
            }
            let pool = Pool::from_raw((*cmd).pool);
            let words = require::words(pool, line);
            let Some((&text, arguments)) = words.split_first().filter(|(text, _)| !bytes(**text).is_empty()) else {
                return NO_OBJECT;
            };
            let place = match section::place(cmd) {
                Ok(place) => place,
                Err(sentence) => return sentence.as_ptr(),
            };
            if let Some(server) = server_of(cmd) {
                server.python |= ServerConfig::HAS_CODE | ServerConfig::HAS_DIRECTIVE;
            }
            let entry = HandlerEntry { text, place, silent: false, next: ptr::null() };
            *parsed = Requirement::new(pool, entry, arguments).cast_const().cast();
            ptr::null()
        }
    })
}
