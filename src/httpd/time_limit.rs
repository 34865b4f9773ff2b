//! PythonRequestTimeout's value: how long one call of Python may take for a request, and how long it may go on after it
//! was told to end.

use std::ffi::c_char;
use std::num::NonZeroU32;

use super::pool::bytes;
use super::sys;

/// The grace time where none is given, in milliseconds.
const GRACE: NonZeroU32 = NonZeroU32::new(5_000).unwrap();

/// The shortest time that can be asked for, in milliseconds: threads get their turn no more often.
const SHORTEST: i64 = 10;

/// The longest, in milliseconds: a day.
const LONGEST: i64 = 24 * 3600 * 1000;

/// Both times in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit {
    /// After this time the exception is raised.
    pub after: NonZeroU32,
    /// After this time more the child is replaced.
    pub grace: NonZeroU32,
}

/// What a PythonRequestTimeout says; made once in the configuration's pool.
#[derive(Clone, Copy)]
pub struct TimeLimit {
    /// None: Off.
    pub limit: Option<Limit>,
    /// The directive's words, NUL-terminated.
    pub text: *const c_char,
}

/// Reads the directive's words.
///
/// # Errors
/// A sentence for the administrator.
///
/// # Safety
/// Both are NUL-terminated, `grace` may be NULL.
pub unsafe fn parse(after: *const c_char, grace: *const c_char) -> Result<Option<Limit>, String> {
    // SAFETY: the caller guarantees the texts.
    unsafe {
        let word = bytes(after);
        let off = word.eq_ignore_ascii_case(b"off");
        let after = if off { None } else { time(after, "time")? };
        let Some(after) = after else {
            return if grace.is_null() {
                Ok(None)
            } else {
                Err("PythonRequestTimeout: no grace time can stand behind Off".to_owned())
            };
        };
        let grace = if grace.is_null() { Some(GRACE) } else { time(grace, "grace time")? };
        let grace = grace.ok_or_else(|| "PythonRequestTimeout: the grace time must not be 0".to_owned())?;
        Ok(Some(Limit { after, grace }))
    }
}

/// One time, in seconds or with a unit as httpd's Timeout takes it; None for 0.
///
/// # Safety
/// `text` is NUL-terminated.
unsafe fn time(text: *const c_char, what: &str) -> Result<Option<NonZeroU32>, String> {
    // SAFETY: the caller guarantees the text, the unit is static, the result is on the stack.
    let (word, status, micros) = unsafe {
        let mut micros = 0;
        let word = bytes(text);
        // httpd's function takes any text that begins with a number's place for 0.
        let status = match word.first() {
            Some(first) if first.is_ascii_digit() => sys::ap_timeout_parameter_parse(text, &mut micros, c"s".as_ptr()),
            _ => sys::APR_EGENERAL as sys::apr_status_t,
        };
        (word, status, micros)
    };
    let millis = micros / 1000;
    if status == sys::APR_SUCCESS && micros == 0 {
        return Ok(None);
    }
    if status != sys::APR_SUCCESS || !(SHORTEST..=LONGEST).contains(&millis) {
        return Err(format!(
            "PythonRequestTimeout: '{}' is no {what}: a number of seconds, or with a unit (ms, s, min, h), from 10ms to \
             24h, or Off",
            String::from_utf8_lossy(word)
        ));
    }
    Ok(u32::try_from(millis).ok().and_then(NonZeroU32::new))
}
