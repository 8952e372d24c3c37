//! So many at a time, of all workers together.
//!
//! A share for each worker would refuse a caller with one connection, which is one worker's, long before the bound.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A bound, and how much of it is taken. It has cache lines of its own: what lies beside it is read by every
/// exchange and would be fetched anew each time that another worker counts.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Capacity {
    max: usize,
    taken: AtomicUsize,
}

impl Capacity {
    pub(super) fn new(max: usize) -> Self {
        Self { max, taken: AtomicUsize::new(0) }
    }

    /// True when there was a place left, which is then taken.
    pub(super) fn take(&self) -> bool {
        // Counted before it is looked at: two at once do not both take the last place.
        let fits = self.taken.fetch_add(1, Ordering::Relaxed) < self.max;
        if !fits {
            self.give_back();
        }
        fits
    }

    /// One that was taken is free again.
    pub(super) fn give_back(&self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_taken_than_there_are() {
        let capacity = Capacity::new(3);
        let taken = || (0..10).filter(|_| capacity.take()).count();
        assert_eq!(taken(), 3);
        capacity.give_back();
        assert_eq!(taken(), 1);
        let in_threads = Capacity::new(40);
        let taken: usize = std::thread::scope(|scope| {
            let each = || (0..50).filter(|_| in_threads.take()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(each)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert!(taken <= 40, "{taken}");
    }
}
