//! The provider `python` of Basic and Digest authentication: httpd asks methods of the object that PythonAuthnProvider
//! names. Runs in the host copy. Passwords go to that object and nowhere else.

use std::ffi::{c_char, c_long};

use super::callback;
use crate::abi::Answer;
use crate::guard;
use crate::httpd::config::DirConfig;
use crate::httpd::handler_list::HandlerEntry;
use crate::httpd::log::{Level, Owner};
use crate::httpd::pool::{Pool, bytes};
use crate::httpd::sys;
use crate::httpd::view::Record;
use crate::phase::Callback;

/// What a method's answer means for httpd; what is wrong with it where it means nothing.
type Verdict<T> = Result<T, &'static str>;

/// httpd's callback for Basic authentication: whether user and password belong together.
///
/// # Safety
/// httpd passes a live request and two NUL-terminated texts.
pub unsafe extern "C" fn check_password(
    request: *mut sys::request_rec,
    user: *const c_char,
    password: *const c_char,
) -> sys::authn_status {
    guard::callback(request, Callback::Authn.name(), sys::authn_status_AUTH_GENERAL_ERROR, || {
        // SAFETY: the caller guarantees all three.
        unsafe {
            let status = ask(request, "check_password", &[bytes(user), bytes(password)], password_verdict);
            let status = status.unwrap_or(sys::authn_status_AUTH_GENERAL_ERROR);
            if status == sys::authn_status_AUTH_GRANTED {
                sys::mpy_authn_cache_password(request, user, password);
            }
            status
        }
    })
}

/// httpd's callback for Digest authentication: the MD5 of `user:realm:password`.
///
/// # Safety
/// httpd passes a live request, two NUL-terminated texts and a place for the third.
pub unsafe extern "C" fn get_realm_hash(
    request: *mut sys::request_rec,
    user: *const c_char,
    realm: *const c_char,
    hash: *mut *mut c_char,
) -> sys::authn_status {
    guard::callback(request, Callback::Authn.name(), sys::authn_status_AUTH_GENERAL_ERROR, || {
        // SAFETY: the caller guarantees all four.
        unsafe {
            match ask(request, "get_realm_hash", &[bytes(user), bytes(realm)], hash_verdict) {
                None => sys::authn_status_AUTH_GENERAL_ERROR,
                Some(Err(status)) => status,
                Some(Ok(text)) => {
                    *hash = Pool::from_raw((*request).pool).dup(&text);
                    sys::mpy_authn_cache_hash(request, user, realm, *hash);
                    sys::authn_status_AUTH_USER_FOUND
                }
            }
        }
    })
}

/// Asks a method of the configured object. None, with a line in the log, where there is no answer.
///
/// # Safety
/// `request` is live and served by this thread.
unsafe fn ask<T>(
    request: *mut sys::request_rec,
    method: &str,
    arguments: &[&[u8]],
    verdict: impl FnOnce(Answer) -> Verdict<T>,
) -> Option<T> {
    // SAFETY: the caller guarantees the request; the entry lives as long as its configuration.
    unsafe {
        let Some(entry) = DirConfig::of((*request).per_dir_config).and_then(DirConfig::authn) else {
            let text = b"MPY0415: httpd asks the provider python for a user, but no PythonAuthnProvider applies here";
            Owner::Request(sys::request_rec::view(request)).log(Level::ERR, text);
            return None;
        };
        match callback::call(request, Callback::Authn, entry, Some(method), arguments) {
            Answer::Failed => None,
            answer => verdict(answer).map_err(|reason| refuse(request, entry, method, reason)).ok(),
        }
    }
}

/// # Safety
/// As [`ask`].
unsafe fn refuse(request: *mut sys::request_rec, entry: &HandlerEntry, method: &str, reason: &str) {
    // SAFETY: the caller guarantees the request.
    unsafe { callback::refuse(request, Callback::Authn, entry, &format!("{method}: {reason}")) };
}

const MISSING: &str = "the object has no such method";

fn password_verdict(answer: Answer) -> Verdict<sys::authn_status> {
    const ALL: [sys::authn_status; 4] = [
        sys::authn_status_AUTH_DENIED,
        sys::authn_status_AUTH_GRANTED,
        sys::authn_status_AUTH_USER_NOT_FOUND,
        sys::authn_status_AUTH_GENERAL_ERROR,
    ];
    match answer {
        Answer::None => Ok(sys::authn_status_AUTH_USER_NOT_FOUND),
        Answer::Int(number) => one_of(&ALL, number).ok_or("it returned a number that is no answer to a password"),
        Answer::Text(_) => Err("it returned a text, expected an AUTH_ value, bool or None"),
        Answer::Texts(_) | Answer::Missing | Answer::Failed => Err(MISSING),
    }
}

/// A hash, in the lower case that Digest computes with; a status where there is none.
fn hash_verdict(answer: Answer) -> Verdict<Result<Vec<u8>, sys::authn_status>> {
    const ALL: [sys::authn_status; 3] =
        [sys::authn_status_AUTH_DENIED, sys::authn_status_AUTH_USER_NOT_FOUND, sys::authn_status_AUTH_GENERAL_ERROR];
    match answer {
        Answer::Text(mut text) if text.len() == 32 && text.iter().all(u8::is_ascii_hexdigit) => {
            text.make_ascii_lowercase();
            Ok(Ok(text))
        }
        Answer::Text(_) => Err("it returned a text that is no MD5 of 32 hexadecimal digits"),
        Answer::None => Ok(Err(sys::authn_status_AUTH_USER_NOT_FOUND)),
        Answer::Int(number) => {
            one_of(&ALL, number).map(Err).ok_or("it returned a number, expected a hash, None or AUTH_USER_NOT_FOUND")
        }
        Answer::Texts(_) | Answer::Missing | Answer::Failed => Err(MISSING),
    }
}

fn one_of(known: &[sys::authn_status], number: c_long) -> Option<sys::authn_status> {
    known.iter().copied().find(|&status| c_long::from(status) == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_granted_lets_in() {
        assert_eq!(password_verdict(Answer::Int(1)), Ok(sys::authn_status_AUTH_GRANTED));
        for answer in [0, 3, 4] {
            assert_ne!(password_verdict(Answer::Int(answer)), Ok(sys::authn_status_AUTH_GRANTED));
        }
        for answer in [2, 5, -1, 1 << 40] {
            assert!(password_verdict(Answer::Int(answer)).is_err());
        }
        assert!(password_verdict(Answer::Text(b"1".to_vec())).is_err());
        assert!(password_verdict(Answer::Missing).is_err() && password_verdict(Answer::Failed).is_err());
        assert_eq!(password_verdict(Answer::None), Ok(sys::authn_status_AUTH_USER_NOT_FOUND));
    }

    #[test]
    fn a_hash_has_32_digits() {
        let text = |text: &str| hash_verdict(Answer::Text(text.as_bytes().to_vec()));
        assert_eq!(text(&"AB".repeat(16)), Ok(Ok("ab".repeat(16).into_bytes())));
        assert!(text("").is_err() && text(&"ab".repeat(32)).is_err() && text(&"xy".repeat(16)).is_err());
    }

    #[test]
    fn no_hash_is_no_user() {
        assert_eq!(hash_verdict(Answer::None), Ok(Err(sys::authn_status_AUTH_USER_NOT_FOUND)));
        assert_eq!(hash_verdict(Answer::Int(0)), Ok(Err(sys::authn_status_AUTH_DENIED)));
        assert!(hash_verdict(Answer::Int(1)).is_err() && hash_verdict(Answer::Int(2)).is_err());
        assert!(hash_verdict(Answer::Missing).is_err());
    }
}
