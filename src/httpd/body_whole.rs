//! The body of a request in one piece, with a limit: what `py::form` needs for forms without files.

use std::sync::Arc;

use super::body::{Failure, Room};
use super::body_source::Body;

/// The space for the first bytes; it doubles as long as bytes come, whatever the client has announced.
const FIRST: usize = 16 * 1024;

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It cannot be read.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// It is longer than allowed.
    #[error("the body is too long")]
    TooLong,
}

/// What a form has left of the body, for the next form of the same request.
#[derive(Clone, Default)]
pub enum Kept {
    /// No form has read it.
    #[default]
    Nothing,
    /// All of it.
    Whole(Arc<Vec<u8>>),
    /// It was refused with this status.
    Refused(i32),
    /// It went into the fields of a form with files.
    Parts,
}

/// Reads everything, without the GIL. Memory follows what has arrived.
///
/// # Errors
/// Where the body cannot be read, or is longer than `most` bytes.
pub fn read_whole(body: &mut Body, most: usize) -> Result<Vec<u8>, Unread> {
    let announced = body.announced().unwrap_or(0);
    if announced > most {
        return Err(Unread::TooLong);
    }
    let mut data = Vec::new();
    // One byte more than announced shows the end without another look.
    let mut target = if announced > 0 && announced < FIRST { announced + 1 } else { FIRST };
    loop {
        data.reserve_exact(target - data.len());
        append(body, &mut data)?;
        if data.len() > most {
            return Err(Unread::TooLong);
        }
        if data.len() < target {
            return Ok(data);
        }
        target = data.len().saturating_mul(2).min(most.saturating_add(1)).max(data.len() + 1);
    }
}

/// Fills the space behind the bytes; some of it stays at the end of the body only.
fn append(body: &mut Body, data: &mut Vec<u8>) -> Result<(), Failure> {
    let length = data.len();
    let mut room = Room::new(data.spare_capacity_mut());
    body.fill(&mut room)?;
    let filled = room.filled();
    // SAFETY: the room counts the bytes that it has written behind the first ones.
    unsafe { data.set_len(length + filled) };
    Ok(())
}
