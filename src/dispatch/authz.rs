//! `Require python`: httpd asks a Python function whether a request may go on. Runs in the host copy.

use std::ffi::{c_char, c_void};

use super::callback;
use crate::abi::Answer;
use crate::guard;
use crate::httpd::require::Requirement;
use crate::httpd::sys;
use crate::phase::Callback;

/// httpd's callback: the answer to one `Require python` line. Whoever cannot be asked lets nobody in.
///
/// # Safety
/// httpd passes a live request and what the line was parsed into, a [`Requirement`] of its configuration.
pub unsafe extern "C" fn check(
    request: *mut sys::request_rec,
    _line: *const c_char,
    parsed: *const c_void,
) -> sys::authz_status {
    guard::callback(request, Callback::Authz.name(), sys::authz_status_AUTHZ_GENERAL_ERROR, || {
        // SAFETY: the caller guarantees both.
        unsafe {
            let Some(requirement) = parsed.cast::<Requirement>().as_ref() else {
                return sys::authz_status_AUTHZ_GENERAL_ERROR;
            };
            let arguments = requirement.arguments();
            let answer = callback::call(request, Callback::Authz, &requirement.entry, None, &arguments);
            status(&answer).unwrap_or_else(|reason| {
                callback::refuse(request, Callback::Authz, &requirement.entry, &reason);
                sys::authz_status_AUTHZ_GENERAL_ERROR
            })
        }
    })
}

/// The status of an answer; what is wrong with it where it is none.
fn status(answer: &Answer) -> Result<sys::authz_status, String> {
    const ALL: [sys::authz_status; 5] = [
        sys::authz_status_AUTHZ_DENIED,
        sys::authz_status_AUTHZ_GRANTED,
        sys::authz_status_AUTHZ_NEUTRAL,
        sys::authz_status_AUTHZ_GENERAL_ERROR,
        sys::authz_status_AUTHZ_DENIED_NO_USER,
    ];
    match answer {
        Answer::Failed => Ok(sys::authz_status_AUTHZ_GENERAL_ERROR),
        Answer::None => Ok(sys::authz_status_AUTHZ_NEUTRAL),
        Answer::Int(number) => ALL
            .into_iter()
            .find(|&status| i64::from(status) == *number)
            .ok_or_else(|| format!("the function returned {number}, which is no AUTHZ_ value")),
        Answer::Text(_) | Answer::Texts(_) | Answer::Missing => {
            Err("the function returned a text, expected an AUTHZ_ value, bool or None".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn true_is_granted_and_false_denied() {
        assert_eq!(status(&Answer::Int(1)), Ok(sys::authz_status_AUTHZ_GRANTED));
        assert_eq!(status(&Answer::Int(0)), Ok(sys::authz_status_AUTHZ_DENIED));
    }

    #[test]
    fn only_known_answers_count() {
        assert!(status(&Answer::Int(5)).is_err() && status(&Answer::Int(-1)).is_err());
        assert!(status(&Answer::Int(200)).is_err() && status(&Answer::Text(b"1".to_vec())).is_err());
        assert_eq!(status(&Answer::Failed), Ok(sys::authz_status_AUTHZ_GENERAL_ERROR));
        assert_eq!(status(&Answer::None), Ok(sys::authz_status_AUTHZ_NEUTRAL));
    }
}
