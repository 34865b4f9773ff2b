//! The directives that give a Python function a name for another module of httpd: PythonExprFunction and
//! PythonRewriteMap.

use std::ffi::{c_char, c_void};
use std::ptr;

use super::{Answer, Scope};
use crate::dispatch::{expression, rewrite_map};
use crate::httpd::config::ServerConfig;
use crate::httpd::handler_list::{HandlerEntry, Place};
use crate::httpd::named::NamedNode;
use crate::httpd::pool::bytes;
use crate::httpd::{process, sys};
use crate::phase::Callback;

/// Callback of PythonExprFunction.
pub(super) unsafe extern "C" fn expr_function(
    cmd: *mut sys::cmd_parms,
    dir: *mut c_void,
    name: *const c_char,
    text: *const c_char,
) -> Answer {
    // SAFETY: httpd's arguments; it refuses empty words.
    let (mut scope, word, function) = unsafe { (Scope::new(cmd, dir), bytes(name), bytes(text)) };
    // What the scanner of httpd's expressions takes for the name of a function.
    let is_name = word.first().is_some_and(u8::is_ascii_alphabetic)
        && word.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if !is_name {
        return c"PythonExprFunction: a name consists of letters, digits and underscores and begins with a letter"
            .as_ptr();
    }
    let name = word.to_ascii_lowercase();
    let known = process::current().expr_functions;
    let number = known.iter().position(|known| *known == name);
    if number.is_none() {
        // SAFETY: the name is NUL-terminated.
        if unsafe { expression::is_taken(scope.pool(), text_of(&scope, word)) } {
            return scope.error(&format!(
                "PythonExprFunction: {} is a function of another module",
                String::from_utf8_lossy(word)
            ));
        }
        process::update(|config| config.expr_functions.push(name));
    }
    add(&mut scope, Callback::Expression, (number.unwrap_or(known.len()), word), function);
    ptr::null()
}

/// Callback of PythonRewriteMap.
pub(super) unsafe extern "C" fn rewrite_map(
    cmd: *mut sys::cmd_parms,
    dir: *mut c_void,
    name: *const c_char,
    text: *const c_char,
) -> Answer {
    // SAFETY: httpd's arguments; it refuses empty words.
    let (mut scope, word, function) = unsafe { (Scope::new(cmd, dir), bytes(name), bytes(text)) };
    if rewrite_map::OF_HTTPD.contains(&word) {
        return scope.error(&format!("PythonRewriteMap: {} is mod_rewrite's own", String::from_utf8_lossy(word)));
    }
    let known = process::current().rewrite_maps;
    let number = known.iter().position(|known| known == word);
    if number.is_none() {
        let Some(trampoline) = rewrite_map::trampoline(known.len()) else {
            return scope.error(&format!(
                "PythonRewriteMap: there can be {} names at most. One name may mean another function in each virtual \
                 host, and one function may tell its keys apart",
                rewrite_map::MOST
            ));
        };
        // SAFETY: mod_rewrite keeps the name, which lies in the configuration's pool as its own table does.
        if unsafe { sys::mpy_register_rewrite_map(text_of(&scope, word), trampoline) } == 0 {
            scope.warn("mod_rewrite is not loaded, nothing can ask the map");
        }
        process::update(|config| config.rewrite_maps.push(word.to_vec()));
    }
    add(&mut scope, Callback::RewriteMap, (number.unwrap_or(known.len()), word), function);
    ptr::null()
}

fn text_of(scope: &Scope<'_>, text: &[u8]) -> *const c_char {
    scope.pool().dup(text)
}

/// Lays the function down for its server, in front of what the name meant there before.
fn add(scope: &mut Scope<'_>, callback: Callback, (number, name): (usize, &[u8]), function: &[u8]) {
    let pool = scope.pool();
    let entry = HandlerEntry { text: pool.dup(function), place: Place::None, silent: false, next: ptr::null() };
    scope.mark_server(ServerConfig::HAS_CODE);
    if let Some(server) = scope.server() {
        server.named = pool.alloc(NamedNode { callback, name: pool.dup(name), number, entry, next: server.named });
    }
}
