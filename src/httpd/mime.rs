//! What mod_mime knows about file extensions. It has no function for that; its record is read in place.

use std::ffi::{c_char, c_void};
use std::ptr;

use super::pool::{Pool, bytes};
use super::sys;

/// The head of mod_mime's per-directory record (`mime_dir_config` in modules/http/mod_mime.c, the same in all of 2.x).
#[repr(C)]
struct DirRecord {
    extensions: *mut sys::apr_hash_t,
}

/// The head of what it keeps for an extension (`extension_info` in the same file).
#[repr(C)]
struct Extension {
    _forced_type: *const c_char,
    _encoding: *const c_char,
    _language: *const c_char,
    handler: *const c_char,
}

/// Calls `found` with every extension (lower case, without its dot) that AddHandler maps to one of the handlers.
///
/// Finds nothing where mod_mime is not loaded or was made for another httpd than this module.
///
/// # Safety
/// `request` is live.
pub unsafe fn extensions_of(request: *const sys::request_rec, handlers: &[&[u8]], mut found: impl FnMut(&[u8])) {
    // SAFETY: the caller guarantees the request; the module's record is httpd's own. The version says that the records
    // have the shape written down above; httpd refuses modules of another major version at LoadModule anyway.
    unsafe {
        let Some(module) = sys::ap_find_linked_module(c"mod_mime.c".as_ptr()).as_ref() else { return };
        if module.version != sys::MODULE_MAGIC_NUMBER_MAJOR {
            return;
        }
        let vector = (*request).per_dir_config.cast::<*const DirRecord>();
        let Some(record) = (*vector.add(module.module_index as usize)).as_ref() else { return };
        if record.extensions.is_null() {
            return;
        }
        let mut at = sys::apr_hash_first(Pool::from_raw((*request).pool).as_ptr(), record.extensions);
        while !at.is_null() {
            let (mut key, mut length, mut value) = (ptr::null::<c_void>(), 0, ptr::null_mut::<c_void>());
            sys::apr_hash_this(at, &mut key, &mut length, &mut value);
            if let Some(extension) = value.cast::<Extension>().as_ref()
                && handlers.contains(&bytes(extension.handler))
            {
                found(bytes(key.cast()));
            }
            at = sys::apr_hash_next(at);
        }
    }
}
