//! The bytes of a request body between httpd and its readers: one buffer, in order, nothing lost between a line and a
//! block. Knows neither httpd's filters (a [`Source`] does) nor Python; `body_source` and `py::request::read` use it.

use std::ffi::c_int;
use std::mem::MaybeUninit;

/// How much is asked for at once. httpd collects what has arrived up to this size and does not wait for the rest.
pub const PIECE: usize = 64 * 1024;

/// Why no more can be read. It stays: bytes of the body are missing, so every later read fails as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The client is gone, or silent for longer than `Timeout`.
    #[error("Client read error (Timeout?)")]
    Client,
    /// httpd refuses the body with this status.
    #[error("the request body is refused with status {0}")]
    Status(c_int),
    /// httpd has refused the body and told the client so, with this status.
    #[error("the request body was refused with status {0}")]
    Answered(c_int),
}

/// Where the bytes come from.
pub trait Source {
    /// Waits for bytes, about `want` of them at most, and passes them to `sink`; true: that was the end.
    ///
    /// # Errors
    /// Why there are no more bytes although the body has not ended.
    fn pull(&mut self, want: usize, sink: &mut dyn FnMut(&[u8])) -> Result<bool, Failure>;
}

/// Space for bytes, filled from the front.
pub struct Room<'a> {
    space: &'a mut [MaybeUninit<u8>],
    filled: usize,
}

impl<'a> Room<'a> {
    /// Empty space.
    pub fn new(space: &'a mut [MaybeUninit<u8>]) -> Room<'a> {
        Room { space, filled: 0 }
    }

    /// Space that holds something else until now.
    pub fn over(space: &'a mut [u8]) -> Room<'a> {
        let (start, length) = (space.as_mut_ptr().cast::<MaybeUninit<u8>>(), space.len());
        // SAFETY: the same memory, borrowed as long; a room puts initialised bytes into it only.
        Room::new(unsafe { std::slice::from_raw_parts_mut(start, length) })
    }

    /// How many bytes are in.
    pub fn filled(&self) -> usize {
        self.filled
    }

    fn free(&self) -> usize {
        self.space.len() - self.filled
    }

    /// Copies what fits; returns how much that was.
    pub fn put(&mut self, data: &[u8]) -> usize {
        let count = data.len().min(self.free());
        let place = &mut self.space[self.filled..self.filled + count];
        // SAFETY: both slices are `count` bytes long, and `space` is borrowed exclusively.
        unsafe { data.as_ptr().copy_to_nonoverlapping(place.as_mut_ptr().cast(), count) };
        self.filled += count;
        count
    }
}

/// How far the body was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There may be more.
    More,
    /// Everything was taken from the source.
    End,
    /// No more can be had.
    Failed(Failure),
}

/// The one reader of a body.
pub struct Reader {
    /// Bytes taken from the source; those before `at` were given away.
    ahead: Vec<u8>,
    at: usize,
    progress: Progress,
}

impl Reader {
    /// A reader that has nothing yet.
    pub fn new(progress: Progress) -> Reader {
        Reader { ahead: Vec::new(), at: 0, progress }
    }

    /// Bytes that are here already.
    pub fn buffered(&self) -> &[u8] {
        &self.ahead[self.at..]
    }

    /// How far the body was read.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// Gives away the first bytes of [`Reader::buffered`].
    pub fn consume(&mut self, count: usize) {
        self.at = (self.at + count).min(self.ahead.len());
        if self.at == self.ahead.len() {
            self.at = 0;
            if self.ahead.capacity() > 2 * PIECE {
                self.ahead = Vec::new();
            } else {
                self.ahead.clear();
            }
        }
    }

    /// Forgets everything: the body counts as read.
    pub fn discard(&mut self) {
        *self = Reader::new(Progress::End);
    }

    /// Fills the room; it stays partly empty at the end of the body only.
    ///
    /// # Errors
    /// Why the body cannot be read to its end; what is in the room then is lost.
    pub fn fill(&mut self, source: &mut dyn Source, room: &mut Room<'_>) -> Result<(), Failure> {
        let count = room.put(self.buffered());
        self.consume(count);
        while room.free() > 0 && self.goes_on()? {
            let ahead = &mut self.ahead;
            let result = source.pull(room.free().min(PIECE), &mut |data| {
                // A filter may hand over more than it was asked for.
                let count = room.put(data);
                ahead.extend_from_slice(&data[count..]);
            });
            self.note(result)?;
        }
        Ok(())
    }

    /// Whether there are more bytes; waits for one where none is at hand.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub fn has_more(&mut self, source: &mut dyn Source) -> Result<bool, Failure> {
        while self.buffered().is_empty() && self.goes_on()? {
            let ahead = &mut self.ahead;
            let result = source.pull(PIECE, &mut |data| ahead.extend_from_slice(data));
            self.note(result)?;
        }
        Ok(!self.buffered().is_empty())
    }

    /// The length of the line that starts the buffer, with its newline, at most `limit`; None: more bytes are needed.
    pub fn ready_line(&self, limit: usize) -> Option<usize> {
        self.line_from(0, limit)
    }

    /// As [`Reader::ready_line`], the first `searched` bytes being known to hold no newline.
    fn line_from(&self, searched: usize, limit: usize) -> Option<usize> {
        let buffered = self.buffered();
        let window = &buffered[..limit.min(buffered.len())];
        match memchr::memchr(b'\n', &window[searched..]) {
            Some(at) => Some(searched + at + 1),
            None if window.len() == limit || self.progress == Progress::End => Some(window.len()),
            None => None,
        }
    }

    /// Brings a line into the buffer and returns its length, with its newline, at most `limit`; 0 at the end.
    ///
    /// # Errors
    /// Why the body cannot be read further.
    pub fn line(&mut self, source: &mut dyn Source, limit: usize) -> Result<usize, Failure> {
        let mut searched = 0;
        loop {
            if let Some(count) = self.line_from(searched, limit) {
                return Ok(count);
            }
            self.goes_on()?;
            searched = self.buffered().len();
            self.ahead.drain(..self.at);
            self.at = 0;
            let ahead = &mut self.ahead;
            let result = source.pull(PIECE, &mut |data| ahead.extend_from_slice(data));
            self.note(result)?;
        }
    }

    fn goes_on(&self) -> Result<bool, Failure> {
        match self.progress {
            Progress::More => Ok(true),
            Progress::End => Ok(false),
            Progress::Failed(failure) => Err(failure),
        }
    }

    fn note(&mut self, result: Result<bool, Failure>) -> Result<(), Failure> {
        match result {
            Ok(false) => {}
            Ok(true) => self.progress = Progress::End,
            Err(failure) => self.progress = Progress::Failed(failure),
        }
        result.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces as they arrive; None: the client leaves.
    struct Pieces(Vec<Option<&'static [u8]>>);

    impl Source for Pieces {
        fn pull(&mut self, _want: usize, sink: &mut dyn FnMut(&[u8])) -> Result<bool, Failure> {
            if self.0.is_empty() {
                return Ok(true);
            }
            let piece = self.0.remove(0).ok_or(Failure::Client)?;
            sink(piece);
            Ok(false)
        }
    }

    fn read(reader: &mut Reader, source: &mut Pieces, count: usize) -> Result<Vec<u8>, Failure> {
        let mut space = vec![MaybeUninit::new(0xee); count];
        let mut room = Room::new(&mut space);
        reader.fill(source, &mut room)?;
        let filled = room.filled();
        // SAFETY: every byte was initialised above.
        Ok(space[..filled].iter().map(|byte| unsafe { byte.assume_init() }).collect())
    }

    fn line(reader: &mut Reader, source: &mut Pieces, limit: usize) -> Result<Vec<u8>, Failure> {
        let count = reader.line(source, limit)?;
        let line = reader.buffered()[..count].to_vec();
        reader.consume(count);
        Ok(line)
    }

    #[test]
    fn a_block_after_a_line_starts_where_the_line_ended() {
        // spec: api:A-19
        let mut source = Pieces(vec![Some(b"one\ntw"), Some(b"o\nthree"), Some(b"-four")]);
        let mut reader = Reader::new(Progress::More);
        assert_eq!(line(&mut reader, &mut source, usize::MAX).unwrap(), b"one\n");
        assert_eq!(read(&mut reader, &mut source, 6).unwrap(), b"two\nth");
        assert_eq!(line(&mut reader, &mut source, 2).unwrap(), b"re");
        assert_eq!(read(&mut reader, &mut source, 100).unwrap(), b"e-four");
        assert_eq!(read(&mut reader, &mut source, 100).unwrap(), b"");
        assert_eq!(line(&mut reader, &mut source, usize::MAX).unwrap(), b"");
    }

    #[test]
    fn a_piece_larger_than_the_room_is_kept() {
        let mut source = Pieces(vec![Some(b"0123456789")]);
        let mut reader = Reader::new(Progress::More);
        assert_eq!(read(&mut reader, &mut source, 4).unwrap(), b"0123");
        assert_eq!(reader.buffered(), b"456789");
        assert_eq!(read(&mut reader, &mut source, 4).unwrap(), b"4567");
        assert_eq!(read(&mut reader, &mut source, 4).unwrap(), b"89");
    }

    #[test]
    fn lines_end_at_the_newline_the_limit_or_the_end() {
        let mut source = Pieces(vec![Some(b"a\r\n\nlong "), Some(b"line"), Some(b"\nrest")]);
        let mut reader = Reader::new(Progress::More);
        assert_eq!(reader.ready_line(usize::MAX), None);
        for expected in [b"a\r\n".as_slice(), b"\n", b"long line\n", b"rest", b"", b""] {
            assert_eq!(line(&mut reader, &mut source, usize::MAX).unwrap(), expected);
        }
        assert_eq!(reader.ready_line(usize::MAX), Some(0));
    }

    #[test]
    fn whole_lines_are_found_without_the_source() {
        let mut source = Pieces(vec![Some(b"a\nb\nc")]);
        let mut reader = Reader::new(Progress::More);
        assert_eq!(line(&mut reader, &mut source, usize::MAX).unwrap(), b"a\n");
        assert_eq!(reader.ready_line(usize::MAX), Some(2));
        reader.consume(2);
        assert_eq!(reader.ready_line(1), Some(1));
        assert_eq!(reader.ready_line(usize::MAX), None);
    }

    #[test]
    fn the_end_is_found_without_room() {
        let mut source = Pieces(vec![Some(b"abc"), Some(b"")]);
        let mut reader = Reader::new(Progress::More);
        assert_eq!(reader.has_more(&mut source), Ok(true));
        assert_eq!(read(&mut reader, &mut source, 3).unwrap(), b"abc");
        assert_eq!(reader.progress(), Progress::More);
        assert_eq!(reader.has_more(&mut source), Ok(false));
        assert_eq!(reader.progress(), Progress::End);
    }

    #[test]
    fn a_failure_stays_and_is_no_end() {
        let mut source = Pieces(vec![Some(b"line\npart"), None, Some(b"never")]);
        let mut reader = Reader::new(Progress::More);
        assert_eq!(line(&mut reader, &mut source, usize::MAX).unwrap(), b"line\n");
        assert_eq!(line(&mut reader, &mut source, usize::MAX), Err(Failure::Client));
        assert_eq!(line(&mut reader, &mut source, usize::MAX), Err(Failure::Client));
        assert_eq!(read(&mut reader, &mut source, 100), Err(Failure::Client));
        assert_eq!(source.0.len(), 1);
    }

    #[test]
    fn a_discarded_body_is_at_its_end() {
        let mut source = Pieces(vec![Some(b"a\nb\nc"), Some(b"d")]);
        let mut reader = Reader::new(Progress::More);
        line(&mut reader, &mut source, usize::MAX).unwrap();
        reader.discard();
        assert_eq!(read(&mut reader, &mut source, 100).unwrap(), b"");
        assert_eq!(line(&mut reader, &mut source, usize::MAX).unwrap(), b"");
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost_or_repeated(
            pieces in proptest::collection::vec(proptest::collection::vec(proptest::sample::select(b"ab\n".to_vec()), 0..9), 0..9),
            steps in proptest::collection::vec((proptest::bool::ANY, 1..7usize), 1..60),
        ) {
            let whole = pieces.concat();
            let mut source = Pieces(pieces.into_iter().map(|piece| Some(&*piece.leak())).collect());
            let mut reader = Reader::new(Progress::More);
            let mut seen = Vec::new();
            for (by_line, count) in steps {
                let got = if by_line { line(&mut reader, &mut source, count) } else { read(&mut reader, &mut source, count) };
                let got = got.unwrap();
                let rest = &whole[seen.len()..];
                let full = count.min(rest.len());
                let expected = match memchr::memchr(b'\n', &rest[..full]) {
                    Some(at) if by_line => at + 1,
                    _ => full,
                };
                proptest::prop_assert_eq!(&got, &rest[..expected]);
                seen.extend(got);
            }
        }
    }
}
