//! Lines on their way from the threads that wrote them to the one that shows them to Python.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A queue that never grows beyond a number of entries: what is too much is counted and let go.
pub struct Queue<T> {
    held: Mutex<Held<T>>,
    changed: Condvar,
    most: usize,
}

struct Held<T> {
    entries: VecDeque<T>,
    /// An entry was taken and is being worked on.
    busy: bool,
    lost: u64,
}

impl<T> Queue<T> {
    /// An empty queue for at most so many entries.
    pub const fn new(most: usize) -> Queue<T> {
        Queue {
            held: Mutex::new(Held { entries: VecDeque::new(), busy: false, lost: 0 }),
            changed: Condvar::new(),
            most,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held<T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an entry, or counts it as lost.
    pub fn push(&self, entry: T) {
        let mut held = self.lock();
        if held.entries.len() < self.most {
            held.entries.push_back(entry);
            self.changed.notify_all();
        } else {
            held.lost += 1;
        }
    }

    /// The first entry; waits for one. The caller is busy with it until it comes again. One thread takes entries.
    pub fn take(&self) -> T {
        let mut held = self.lock();
        held.busy = false;
        self.changed.notify_all();
        loop {
            match held.entries.pop_front() {
                Some(entry) => {
                    held.busy = true;
                    return entry;
                }
                None => held = self.changed.wait(held).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Waits until every entry was worked on, but no longer than this.
    pub fn settle(&self, limit: Duration) {
        let unsettled = |held: &mut Held<T>| held.busy || !held.entries.is_empty();
        drop(self.changed.wait_timeout_while(self.lock(), limit, unsettled));
    }

    /// How many were lost since somebody asked last.
    pub fn take_lost(&self) -> u64 {
        std::mem::take(&mut self.lock().lost)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn keeps_the_order_and_counts_what_is_too_much() {
        let queue = Queue::new(3);
        (0..5).for_each(|number| queue.push(number));
        assert_eq!((queue.take_lost(), queue.take_lost()), (2, 0));
        assert_eq!((queue.take(), queue.take()), (0, 1));
        queue.push(9);
        assert_eq!((queue.take(), queue.take(), queue.take_lost()), (2, 9, 0));
    }

    #[test]
    fn wakes_the_one_that_waits() {
        let queue = Queue::new(1);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.take());
            queue.push("line");
            assert_eq!(waiting.join().unwrap(), "line");
        });
    }

    #[test]
    fn settles_when_all_is_done_or_the_time_is_over() {
        let queue = Queue::new(2);
        queue.settle(Duration::from_secs(60));
        queue.push(1);
        let begin = Instant::now();
        queue.settle(Duration::from_millis(20));
        assert!(begin.elapsed() >= Duration::from_millis(20));
        assert_eq!(queue.take(), 1);
        queue.settle(Duration::from_millis(20));
        assert!(begin.elapsed() >= Duration::from_millis(40), "the entry is still being worked on");
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!(queue.take(), 2));
            queue.settle(Duration::from_secs(60));
            queue.push(2);
        });
    }
}
