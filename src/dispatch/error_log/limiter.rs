//! Keeps a failure that comes with every line of the log from doubling the log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a failure stays unreported after a report.
pub const PAUSE: Duration = Duration::from_secs(60);

/// What was reported last, by key.
pub struct Limiter(Mutex<Vec<Reported>>);

struct Reported {
    key: Box<[u8]>,
    at: Instant,
    unreported: u64,
}

impl Limiter {
    /// Nothing was reported yet.
    pub const fn new() -> Limiter {
        Limiter(Mutex::new(Vec::new()))
    }

    /// Whether this failure may be reported: Some with the number of those that were not since the last report.
    pub fn admit(&self, key: &[u8]) -> Option<u64> {
        self.admit_at(key, Instant::now())
    }

    fn admit_at(&self, key: &[u8], now: Instant) -> Option<u64> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // As many keys as there are handlers in the configuration.
        match known.iter_mut().find(|reported| *reported.key == *key) {
            None => {
                known.push(Reported { key: key.into(), at: now, unreported: 0 });
                Some(0)
            }
            Some(reported) if now.duration_since(reported.at) >= PAUSE => {
                reported.at = now;
                Some(std::mem::take(&mut reported.unreported))
            }
            Some(reported) => {
                reported.unreported += 1;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_once_in_a_while_and_by_key() {
        let (limiter, begin) = (Limiter::new(), Instant::now());
        let after = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(limiter.admit_at(b"a", begin), Some(0));
        assert_eq!(limiter.admit_at(b"a", after(1)), None);
        assert_eq!(limiter.admit_at(b"b", after(2)), Some(0));
        assert_eq!(limiter.admit_at(b"a", after(59)), None);
        assert_eq!(limiter.admit_at(b"a", after(60)), Some(2));
        assert_eq!(limiter.admit_at(b"a", after(61)), None);
        assert_eq!(limiter.admit_at(b"a", after(1000)), Some(1));
    }
}
