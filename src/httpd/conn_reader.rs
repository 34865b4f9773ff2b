//! Reading a connection in blocks and lines. Takes from httpd exactly what the caller gets, so that whatever is not read
//! stays for HTTP. Knows neither httpd's filters (a [`Source`] does) nor Python; `conn_io` and `py::conn_io` use it.

use super::conn_io::Failure;

/// How much is asked for at once where the caller sets no limit. httpd gives what has arrived and does not wait for the
/// rest.
const PIECE: usize = 64 * 1024;

/// What is asked of httpd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// At most so many bytes.
    Bytes(usize),
    /// At most so many bytes, which stay where they are.
    Peek(usize),
    /// At most a line.
    Line,
}

/// Where the bytes come from.
pub trait Source {
    /// Waits for bytes and appends them; true: the peer has closed the connection behind them.
    ///
    /// # Errors
    /// Why there are no more bytes; what came before is appended all the same.
    fn pull(&mut self, want: Want, into: &mut Vec<u8>) -> Result<bool, Failure>;
}

/// Whether the peer has closed the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    NotYet,
    /// It has, and the reader does not know.
    Seen,
    /// It has, and the reader was told.
    Told,
}

/// What one reader of a connection has taken and not given away.
#[derive(Default)]
pub struct Reader {
    /// Bytes that a failed call had got, or that a filter gave beyond what was asked for.
    ahead: Vec<u8>,
    end: End,
}

impl Reader {
    /// What arrives first, at most `limit` bytes, at least one; None once where the peer has closed the connection.
    ///
    /// # Errors
    /// Why there are no more bytes.
    pub fn block(&mut self, source: &mut dyn Source, limit: usize) -> Result<Option<Vec<u8>>, Failure> {
        if self.ahead.is_empty() && !self.pull(source, Want::Bytes(limit.min(PIECE)))? {
            return Ok(None);
        }
        Ok(Some(self.give(limit)))
    }

    /// Everything until the peer closes the connection; None where it has done so already.
    ///
    /// # Errors
    /// Why that cannot be read; what has arrived is kept for the next call.
    pub fn rest(&mut self, source: &mut dyn Source) -> Result<Option<Vec<u8>>, Failure> {
        while self.pull(source, Want::Bytes(PIECE))? {}
        Ok(Some(std::mem::take(&mut self.ahead)).filter(|rest| !rest.is_empty()))
    }

    /// A line with its newline, at most `limit` bytes of it; the peer's last one may have none.
    ///
    /// # Errors
    /// Why there is no more; the part of the line that has arrived is kept for the next call.
    pub fn line(&mut self, source: &mut dyn Source, limit: Option<usize>) -> Result<Vec<u8>, Failure> {
        let mut searched = 0;
        loop {
            if let Some(count) = line_end(&self.ahead, searched, limit) {
                return Ok(self.give(count));
            }
            searched = self.ahead.len();
            let more = match limit {
                None => self.pull(source, Want::Line)?,
                Some(limit) => self.take_line_part(source, limit - searched)?,
            };
            if !more {
                return if self.ahead.is_empty() { Err(Failure::ended()) } else { Ok(self.give(usize::MAX)) };
            }
        }
    }

    /// Takes what has arrived of a line, at most `limit` bytes: looks first, so that nothing behind the line is taken.
    fn take_line_part(&mut self, source: &mut dyn Source, limit: usize) -> Result<bool, Failure> {
        let mut seen = Vec::new();
        if self.end != End::NotYet || (source.pull(Want::Peek(limit.min(PIECE)), &mut seen)? && seen.is_empty()) {
            return self.pull(source, Want::Bytes(1));
        }
        seen.truncate(limit);
        let wanted = self.ahead.len() + line_end(&seen, 0, None).unwrap_or(seen.len());
        while self.ahead.len() < wanted {
            if !self.pull(source, Want::Bytes(wanted - self.ahead.len()))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes bytes from the source; false, once, where there are none because the peer has closed the connection.
    fn pull(&mut self, source: &mut dyn Source, want: Want) -> Result<bool, Failure> {
        let before = self.ahead.len();
        match self.end {
            End::NotYet if source.pull(want, &mut self.ahead)? => self.end = End::Seen,
            End::Told => return Err(Failure::ended()),
            End::NotYet | End::Seen => {}
        }
        let more = self.ahead.len() > before;
        if !more {
            self.end = End::Told;
        }
        Ok(more)
    }

    /// Gives away the first bytes that are here.
    fn give(&mut self, count: usize) -> Vec<u8> {
        if count >= self.ahead.len() {
            return std::mem::take(&mut self.ahead);
        }
        let rest = self.ahead.split_off(count);
        std::mem::replace(&mut self.ahead, rest)
    }
}

/// The length of the line that starts `data`, with its newline, at most `limit`; the first `searched` bytes hold none.
fn line_end(data: &[u8], searched: usize, limit: Option<usize>) -> Option<usize> {
    let limit = limit.unwrap_or(usize::MAX);
    let window = &data[..limit.min(data.len())];
    let newline = window.get(searched..).and_then(|part| memchr::memchr(b'\n', part));
    newline.map(|at| searched + at + 1).or_else(|| (window.len() == limit).then_some(limit))
}
