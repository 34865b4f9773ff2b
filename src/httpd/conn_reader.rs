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
    /// It has nothing that a new reader would not have.
    pub fn is_fresh(&self) -> bool {
        self.ahead.is_empty() && self.end == End::NotYet
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    /// A peer: pieces as they arrive, None is a timeout. It closes the connection behind them.
    struct Peer {
        here: Vec<u8>,
        coming: Vec<Option<Vec<u8>>>,
        /// A filter gives so many bytes beyond what was asked for.
        generous: usize,
    }

    impl Peer {
        fn new<const N: usize>(pieces: [Option<&[u8]>; N]) -> Peer {
            let coming = pieces.into_iter().map(|piece| piece.map(<[u8]>::to_vec)).collect();
            Peer { here: Vec::new(), coming, generous: 0 }
        }

        /// What is left to whoever reads after us.
        fn left(self) -> Vec<u8> {
            self.coming.into_iter().flatten().fold(self.here, |left, piece| [left, piece].concat())
        }
    }

    impl Source for Peer {
        fn pull(&mut self, want: Want, into: &mut Vec<u8>) -> Result<bool, Failure> {
            if self.here.is_empty() {
                if self.coming.is_empty() {
                    return Ok(true);
                }
                self.here = self.coming.remove(0).ok_or_else(|| Failure::Timeout("too late".to_owned()))?;
            }
            let count = match want {
                Want::Bytes(count) => count + self.generous,
                Want::Peek(count) => {
                    into.extend_from_slice(&self.here[..count.min(self.here.len())]);
                    return Ok(false);
                }
                Want::Line => memchr::memchr(b'\n', &self.here).map_or(self.here.len(), |at| at + 1),
            };
            into.extend(self.here.drain(..count.min(self.here.len())));
            Ok(false)
        }
    }

    fn block(reader: &mut Reader, peer: &mut Peer, limit: usize) -> Option<Vec<u8>> {
        reader.block(peer, limit).unwrap()
    }

    fn line(reader: &mut Reader, peer: &mut Peer, limit: Option<usize>) -> Vec<u8> {
        reader.line(peer, limit).unwrap()
    }

    // spec: api:7/read
    #[test]
    fn a_block_is_what_has_arrived() {
        let (mut peer, mut reader) = (Peer::new([Some(b"abc"), Some(b"d")]), Reader::default());
        assert_eq!(block(&mut reader, &mut peer, 2).unwrap(), b"ab");
        assert_eq!(block(&mut reader, &mut peer, usize::MAX).unwrap(), b"c");
        assert_eq!(block(&mut reader, &mut peer, usize::MAX).unwrap(), b"d");
    }

    // spec: api:7/read
    #[test]
    fn the_end_is_told_once() {
        let (mut peer, mut reader) = (Peer::new([]), Reader::default());
        assert_eq!(block(&mut reader, &mut peer, 5), None);
        assert_eq!(reader.block(&mut peer, 5), Err(Failure::ended()));
        assert_eq!(reader.rest(&mut peer), Err(Failure::ended()));
        assert_eq!(reader.line(&mut peer, None), Err(Failure::ended()));
        assert_eq!(reader.line(&mut peer, Some(3)), Err(Failure::ended()));
    }

    // spec: api:7/readline
    #[test]
    fn a_line_takes_nothing_behind_it() {
        for limit in [None, Some(100), Some(6)] {
            let (mut peer, mut reader) =
                (Peer::new([Some(b"a l"), Some(b"ine"), Some(b"\nmore\n")]), Reader::default());
            let got = line(&mut reader, &mut peer, limit);
            assert_eq!(got, if limit == Some(6) { b"a line".as_slice() } else { b"a line\n" });
            assert_eq!([got, peer.left()].concat(), b"a line\nmore\n");
        }
    }

    // spec: api:7/readline
    #[test]
    fn the_last_line_may_have_no_newline() {
        for limit in [None, Some(100)] {
            let (mut peer, mut reader) = (Peer::new([Some(b"one\ntw"), Some(b"o")]), Reader::default());
            assert_eq!(line(&mut reader, &mut peer, limit), b"one\n");
            assert_eq!(line(&mut reader, &mut peer, limit), b"two");
            assert_eq!(reader.line(&mut peer, limit), Err(Failure::ended()));
        }
    }

    // spec: api:7/readline
    #[test]
    fn a_timeout_loses_nothing() {
        let pieces = || Peer::new([Some(b"par"), None, Some(b"t\nrest")]);
        for limit in [None, Some(50)] {
            let (mut peer, mut reader) = (pieces(), Reader::default());
            assert!(matches!(reader.line(&mut peer, limit), Err(Failure::Timeout(_))));
            assert_eq!(line(&mut reader, &mut peer, limit), b"part\n");
        }
        let (mut peer, mut reader) = (pieces(), Reader::default());
        assert!(matches!(reader.rest(&mut peer), Err(Failure::Timeout(_))));
        assert_eq!(reader.rest(&mut peer).unwrap().unwrap(), b"part\nrest");
        assert_eq!(reader.rest(&mut peer), Err(Failure::ended()));
    }

    // spec: api:7/read
    #[test]
    fn a_filter_may_give_more_than_it_was_asked_for() {
        let (mut peer, mut reader) = (Peer::new([Some(b"0123456789\nline\n")]), Reader::default());
        peer.generous = 7;
        assert_eq!(block(&mut reader, &mut peer, 3).unwrap(), b"012");
        assert_eq!(line(&mut reader, &mut peer, Some(4)), b"3456");
        assert_eq!(line(&mut reader, &mut peer, None), b"789\n");
        assert_eq!(line(&mut reader, &mut peer, Some(2)), b"li");
        assert_eq!(reader.rest(&mut peer).unwrap().unwrap(), b"ne\n");
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost_or_repeated(
            pieces in proptest::collection::vec(proptest::collection::vec(proptest::sample::select(b"ab\n".to_vec()), 1..9), 0..9),
            generous in 0..3usize,
            steps in proptest::collection::vec((0..3u8, 1..7usize), 1..60),
        ) {
            let whole = pieces.concat();
            let mut peer = Peer { here: Vec::new(), coming: pieces.into_iter().map(Some).collect(), generous };
            let (mut reader, mut seen) = (Reader::default(), Vec::new());
            for (what, count) in steps {
                let rest = &whole[seen.len()..];
                let to_newline = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
                let (got, most) = match what {
                    0 => (reader.block(&mut peer, count).map(Option::unwrap_or_default), count),
                    1 => (reader.line(&mut peer, None), to_newline),
                    _ => (reader.line(&mut peer, Some(count)), to_newline.min(count)),
                };
                let got = got.or_else(|failure| if failure == Failure::ended() { Ok(Vec::new()) } else { Err(failure) });
                let got = got.unwrap();
                proptest::prop_assert!(rest.starts_with(&got));
                proptest::prop_assert!(got.is_empty() == rest.is_empty());
                proptest::prop_assert!(got.len() == most || (what == 0 && got.len() < most));
                seen.extend(got);
            }
            if generous == 0 {
                proptest::prop_assert_eq!([seen, peer.left()].concat(), whole);
            }
        }
    }
}
