//! The header block of one part of a multipart body, line by line. Used by `multipart` only.

use memchr::memchr;

use super::multipart::Malformed;

/// A name and its value, both without blanks around them.
pub type Header = (Vec<u8>, Vec<u8>);

/// Adds a line that ends with LF; true: it was the empty one, which ends the block.
///
/// A line that begins with a blank continues the one before.
///
/// # Errors
/// Where the line ends without CR, or is no header.
pub fn add(headers: &mut Vec<Header>, line: &[u8]) -> Result<bool, Malformed> {
    let line = line.strip_suffix(b"\r\n").ok_or(Malformed::LineEnd)?;
    if line.is_empty() {
        return Ok(true);
    }
    if let [b' ' | b'\t', ..] = line {
        let (_, value) = headers.last_mut().ok_or(Malformed::Header)?;
        if !value.is_empty() {
            value.push(b' ');
        }
        value.extend_from_slice(line.trim_ascii());
        return Ok(false);
    }
    let colon = memchr(b':', line).ok_or(Malformed::Header)?;
    let name = line[..colon].trim_ascii();
    if name.is_empty() {
        return Err(Malformed::Header);
    }
    headers.push((name.to_vec(), line[colon + 1..].trim_ascii().to_vec()));
    Ok(false)
}

/// The value of the last header of a name, in any case.
pub fn get<'a>(headers: &'a [Header], name: &str) -> Option<&'a [u8]> {
    let found = headers.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes()));
    found.map(|(_, value)| value.as_slice())
}
