//! One line per hook of httpd. All go through `guard`.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use crate::beside;
use crate::directives::require;
use crate::dispatch;
use crate::dispatch::filter::FILTERS;
use crate::dispatch::{authn, authz, connection, expression, mapping, phases};
use crate::httpd::{filter, idle, sys, tally};
use crate::phase::Phase;
use crate::server;
use crate::status;

macro_rules! request_hooks {
    ($($name:ident => $call:path $(, $phase:expr)?;)*) => {
        $(unsafe extern "C" fn $name(r: *mut sys::request_rec) -> c_int {
            // SAFETY: httpd passes a live request.
            unsafe { $call($($phase,)? r) }
        })*
    };
}

request_hooks! {
    post_read_request => phases::post_read_request;
    translate_name => phases::request, Phase::Trans;
    map_to_storage => mapping::map_to_storage;
    header_parser => phases::header_parser;
    access_checker => phases::request, Phase::Access;
    access_checker_ex => phases::request, Phase::AccessCheckerEx;
    check_user_id => phases::request, Phase::Authen;
    auth_checker => phases::request, Phase::Authz;
    type_checker => phases::request, Phase::Type;
    fixups => phases::request, Phase::Fixup;
    handler => phases::content;
    log_transaction => phases::request, Phase::Log;
}

/// The child is busy from here on, before any Python code runs.
unsafe extern "C" fn pre_connection(conn: *mut sys::conn_rec, socket: *mut c_void) -> c_int {
    // SAFETY: httpd passes a live connection.
    unsafe {
        idle::pre_connection(conn, socket);
        connection::pre(conn)
    }
}

unsafe extern "C" fn process_connection(conn: *mut sys::conn_rec) -> c_int {
    // SAFETY: httpd passes a live connection.
    unsafe { connection::process(conn) }
}

unsafe extern "C" fn quick_handler(r: *mut sys::request_rec, lookup: c_int) -> c_int {
    // SAFETY: httpd passes a live request.
    unsafe { phases::quick_handler(r, lookup) }
}

unsafe extern "C" fn insert_filter(r: *mut sys::request_rec) {
    // SAFETY: httpd passes a live request.
    unsafe { phases::insert_filter(r) }
}

unsafe extern "C" fn error_log(info: *const sys::ap_errorlog_info, text: *const c_char) {
    // SAFETY: httpd passes a live record and a text that ends with NUL.
    unsafe { dispatch::error_log::line(info, text) }
}

/// Names of modules, as httpd's hook lists want them: it keeps the address.
#[repr(transparent)]
struct Modules<const N: usize>([*const c_char; N]);

// SAFETY: constant texts that httpd only reads.
unsafe impl<const N: usize> Sync for Modules<N> {}

/// In phases where the first answer counts, Python is asked before the modules that answer for nearly every URL. It
/// declines where no handler is configured, and they go on as ever.
static BEFORE_TRANS: Modules<4> =
    Modules([c"mod_alias.c".as_ptr(), c"mod_userdir.c".as_ptr(), c"mod_vhost_alias.c".as_ptr(), ptr::null()]);
static BEFORE_AUTHEN: Modules<4> =
    Modules([c"mod_auth_basic.c".as_ptr(), c"mod_auth_digest.c".as_ptr(), c"mod_auth_form.c".as_ptr(), ptr::null()]);
static BEFORE_TYPE: Modules<4> =
    Modules([c"mod_mime.c".as_ptr(), c"mod_mime_magic.c".as_ptr(), c"mod_negotiation.c".as_ptr(), ptr::null()]);

/// Whether a connection has TLS is known by then, and the handshake is done when a connection handler begins.
static AFTER_TLS: Modules<2> = Modules([c"mod_ssl.c".as_ptr(), ptr::null()]);

/// What mod_auth_basic and mod_auth_digest call for the provider `python`.
static AUTHN: sys::authn_provider =
    sys::authn_provider { check_password: Some(authn::check_password), get_realm_hash: Some(authn::get_realm_hash) };

/// What mod_authz_core calls for `Require python`.
static AUTHZ: sys::authz_provider =
    sys::authz_provider { check_authorization: Some(authz::check), parse_require_line: Some(require::parse) };

/// httpd's callback to register hooks; all stand in the middle, so that the order of LoadModule lines decides among
/// the other modules.
pub unsafe extern "C" fn register(pool: *mut sys::apr_pool_t) {
    const MIDDLE: c_int = sys::APR_HOOK_MIDDLE;
    let none = ptr::null();
    // SAFETY: httpd calls this while it loads the module; the callbacks live as long as the library, which stays.
    unsafe {
        sys::ap_hook_pre_config(Some(server::pre_config), none, none, MIDDLE);
        sys::ap_hook_check_config(Some(beside::check_config), none, none, MIDDLE);
        sys::ap_hook_post_config(Some(server::post_config), none, none, MIDDLE);
        sys::ap_hook_pre_mpm(Some(tally::pre_mpm), none, none, MIDDLE);
        sys::ap_hook_child_init(Some(server::child_init), none, none, MIDDLE);
        sys::ap_hook_pre_connection(Some(pre_connection), AFTER_TLS.0.as_ptr(), none, MIDDLE);
        sys::ap_hook_process_connection(Some(process_connection), AFTER_TLS.0.as_ptr(), none, MIDDLE);
        sys::ap_hook_post_read_request(Some(post_read_request), none, none, MIDDLE);
        sys::ap_hook_quick_handler(Some(quick_handler), none, none, MIDDLE);
        sys::ap_hook_translate_name(Some(translate_name), none, BEFORE_TRANS.0.as_ptr(), MIDDLE);
        sys::ap_hook_map_to_storage(Some(map_to_storage), none, none, MIDDLE);
        sys::ap_hook_header_parser(Some(header_parser), none, none, MIDDLE);
        sys::ap_hook_access_checker(Some(access_checker), none, none, MIDDLE);
        // A function may look at the URI: each request is asked about.
        let each = sys::AP_AUTH_INTERNAL_PER_URI as c_int;
        sys::ap_hook_check_access_ex(Some(access_checker_ex), none, none, MIDDLE, each);
        sys::ap_hook_check_user_id(Some(check_user_id), none, BEFORE_AUTHEN.0.as_ptr(), MIDDLE);
        sys::ap_hook_auth_checker(Some(auth_checker), none, none, MIDDLE);
        sys::ap_hook_type_checker(Some(type_checker), none, BEFORE_TYPE.0.as_ptr(), MIDDLE);
        sys::ap_hook_fixups(Some(fixups), none, none, MIDDLE);
        sys::ap_hook_insert_filter(Some(insert_filter), none, none, MIDDLE);
        sys::ap_hook_handler(Some(handler), none, none, MIDDLE);
        sys::ap_hook_log_transaction(Some(log_transaction), none, none, MIDDLE);
        sys::ap_hook_error_log(Some(error_log), none, none, MIDDLE);
        sys::ap_hook_expr_lookup(Some(expression::lookup), none, none, MIDDLE);
        filter::register_dynamic(FILTERS);
        sys::mpy_hook_status(Some(status::status_hook));
        provider(pool, sys::AUTHN_PROVIDER_GROUP, sys::AUTHN_PROVIDER_VERSION, (&raw const AUTHN).cast());
        provider(pool, sys::AUTHZ_PROVIDER_GROUP, sys::AUTHZ_PROVIDER_VERSION, (&raw const AUTHZ).cast());
    }
}

/// Registers a provider of authentication or authorization under the name `python`. It may look at anything of a
/// request, so what holds for one URI need not hold for another one under the same configuration.
///
/// # Safety
/// httpd calls this while it loads the module; `group` and `version` end with NUL, `record` is static.
unsafe fn provider(pool: *mut sys::apr_pool_t, group: &[u8], version: &[u8], record: *const c_void) {
    let kind = sys::AP_AUTH_INTERNAL_PER_URI;
    // SAFETY: the caller guarantees it.
    unsafe {
        sys::ap_register_auth_provider(
            pool,
            group.as_ptr().cast(),
            c"python".as_ptr(),
            version.as_ptr().cast(),
            record,
            kind,
        );
    }
}
