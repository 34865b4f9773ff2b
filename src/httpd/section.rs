//! Which section of the configuration a directive stands in, and the directory that follows from it.

use std::ffi::{CStr, c_char};
use std::ptr;

use super::handler_list::Place;
use super::pool::{Pool, bytes};
use super::sys;

/// Whether the directive stands at server level: in no section but `<VirtualHost>` (and `<IfModule>`-like ones), in no
/// `.htaccess`.
///
/// # Safety
/// `cmd` is what httpd passed to a directive's callback.
pub unsafe fn at_server_level(cmd: *const sys::cmd_parms) -> bool {
    // SAFETY: the caller guarantees it.
    unsafe { (*cmd).path.is_null() && !in_htaccess(cmd) }
}

/// Whether the directive is read from a `.htaccess` file.
///
/// # Safety
/// As [`at_server_level`].
pub unsafe fn in_htaccess(cmd: *const sys::cmd_parms) -> bool {
    // SAFETY: the caller guarantees cmd; httpd sets `override_` without RSRC_CONF for .htaccess files only, sections of
    // the main configuration have ACCESS_CONF.
    unsafe { (*cmd).override_ & (sys::RSRC_CONF | sys::ACCESS_CONF) == 0 }
}

/// httpd's sentence where the directive stands in a section that is no `<Location>`; NULL where it may stand.
///
/// # Safety
/// As [`at_server_level`].
pub unsafe fn refused_but_in_location(cmd: *mut sys::cmd_parms) -> *const c_char {
    const REFUSED: u32 = sys::NOT_IN_DIRECTORY as u32 | sys::NOT_IN_FILES as u32 | sys::NOT_IN_PROXY as u32;
    // SAFETY: the caller guarantees it.
    unsafe { sys::ap_check_cmd_context(cmd, REFUSED) }
}

/// The directory that belongs to a handler written at this place.
///
/// # Errors
/// A sentence for httpd where a directory's regular expression does not compile.
///
/// # Safety
/// As [`at_server_level`].
pub unsafe fn place(cmd: *const sys::cmd_parms) -> Result<Place, &'static CStr> {
    // SAFETY: the caller guarantees it; httpd's directive tree lives as long as the configuration is read.
    unsafe {
        let pool = Pool::from_raw((*cmd).pool);
        let mut parent = (*(*cmd).directive).parent;
        while !parent.is_null() {
            let name = bytes((*parent).directive);
            let args = bytes((*parent).args);
            match name.to_ascii_lowercase().as_slice() {
                b"<directory" => return directory(pool, args),
                b"<directorymatch" => return regex(pool, &section_word(args).0),
                b"<location" => {
                    let (word, rest) = section_word(args);
                    let is_regex = word == b"~";
                    return if is_regex { location_match(pool, rest) } else { Ok(Place::Location(pool.dup(&word))) };
                }
                b"<locationmatch" => return location_match(pool, args),
                _ => parent = (*parent).parent,
            }
        }
        if in_htaccess(cmd) {
            let file = bytes((*(*cmd).directive).filename);
            let end = memchr::memrchr(b'/', file).map_or(0, |at| at + 1);
            return Ok(Place::Directory(pool.dup(&file[..end])));
        }
    }
    Ok(Place::None)
}

/// The first word of a section's argument, unquoted and without the closing `>`, and what follows it.
fn section_word(args: &[u8]) -> (Vec<u8>, &[u8]) {
    let args = args.trim_ascii().strip_suffix(b">").unwrap_or(args).trim_ascii();
    match args.first() {
        Some(&quote @ (b'"' | b'\'')) => {
            let mut word = Vec::new();
            let mut at = 1;
            while at < args.len() && args[at] != quote {
                if args[at] == b'\\' && args.get(at + 1) == Some(&quote) {
                    at += 1;
                }
                word.push(args[at]);
                at += 1;
            }
            (word, args.get(at + 1..).unwrap_or_default().trim_ascii())
        }
        _ => {
            let end = args.iter().position(u8::is_ascii_whitespace).unwrap_or(args.len());
            (args[..end].to_vec(), args[end..].trim_ascii())
        }
    }
}

fn directory(pool: Pool, args: &[u8]) -> Result<Place, &'static CStr> {
    let (word, rest) = section_word(args);
    if word == b"~" {
        return regex(pool, &section_word(rest).0);
    }
    let path = pool.dup(&word);
    // SAFETY: path is NUL-terminated.
    if unsafe { sys::apr_fnmatch_test(path) } != 0 {
        // As httpd does: with its trailing slash a pattern's `*` cannot stand for nothing.
        return Ok(Place::Wildcard(canonical_directory(pool, path)));
    }
    Ok(Place::Directory(canonical_directory(pool, path)))
}

fn location_match(pool: Pool, args: &[u8]) -> Result<Place, &'static CStr> {
    let text = section_word(args).0;
    Ok(Place::LocationMatch(pool.dup(&text), compiled(pool, &text)?))
}

fn regex(pool: Pool, pattern: &[u8]) -> Result<Place, &'static CStr> {
    compiled(pool, pattern).map(Place::Regex)
}

fn compiled(pool: Pool, pattern: &[u8]) -> Result<*mut sys::ap_regex_t, &'static CStr> {
    // SAFETY: the pool is live, the pattern NUL-terminated.
    let regex = unsafe { sys::ap_pregcomp(pool.as_ptr(), pool.dup(pattern), sys::AP_REG_EXTENDED) };
    if regex.is_null() {
        return Err(c"the section's regular expression does not compile");
    }
    Ok(regex)
}

/// The absolute, canonical form of a directory with a trailing slash; the text as given plus slash where APR cannot
/// make one.
pub fn canonical_directory(pool: Pool, path: *const c_char) -> *const c_char {
    let mut full: *mut c_char = ptr::null_mut();
    // SAFETY: the pool is live, path NUL-terminated; APR writes `full` on success only.
    let status =
        unsafe { sys::apr_filepath_merge(&mut full, ptr::null(), path, sys::APR_FILEPATH_TRUENAME, pool.as_ptr()) };
    let text = if status == sys::APR_SUCCESS && !full.is_null() { full.cast_const() } else { path };
    // SAFETY: NUL-terminated either way.
    let text = unsafe { bytes(text) };
    if text.ends_with(b"/") { pool.dup(text) } else { pool.dup(&[text, b"/"].concat()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_arguments_are_unquoted() {
        assert_eq!(section_word(b"/srv/www>"), (b"/srv/www".to_vec(), b"".as_slice()));
        assert_eq!(section_word(b"\"/srv/my site\">"), (b"/srv/my site".to_vec(), b"".as_slice()));
        assert_eq!(section_word(b"~ \"^/srv/.*\">"), (b"~".to_vec(), b"\"^/srv/.*\"".as_slice()));
    }
}
