//! What may go wrong at every exchange is logged now and then, with how often it was not.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Says when it is time to log something again. One for all threads, which it keeps waiting nowhere.
#[derive(Debug)]
pub(crate) struct Sparingly {
    every: Duration,
    began: Instant,
    /// When it is time again, in milliseconds since then.
    due: AtomicU64,
    left_out: AtomicU64,
}

impl Sparingly {
    /// The first time is at once.
    pub(crate) fn every(every: Duration) -> Self {
        let (due, left_out) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { every, began: Instant::now(), due, left_out }
    }

    /// Whether it is time, and then how often it was not since the last time.
    pub(crate) fn again(&self) -> Option<u64> {
        self.again_at(self.now())
    }

    /// It would be time.
    pub(super) fn is_due(&self) -> bool {
        self.now() >= self.due.load(Ordering::Relaxed)
    }

    fn again_at(&self, now: u64) -> Option<u64> {
        let due = self.due.load(Ordering::Relaxed);
        let next = now.saturating_add(millis(self.every));
        // Of several that find it due, one says it.
        let is_due = now >= due
            && self.due.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if !is_due {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.left_out.swap(0, Ordering::Relaxed))
    }

    fn now(&self) -> u64 {
        millis(self.began.elapsed())
    }

    #[cfg(test)]
    pub(super) fn set_due(&self) {
        self.due.store(0, Ordering::Relaxed);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn one_of_all_threads_says_it_in_its_time() {
        let told = Sparingly::every(Duration::from_secs(60));
        let all_at = |now: u64| -> Vec<u64> {
            thread::scope(|scope| {
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| told.again_at(now))).collect();
                threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
            })
        };
        let first = all_at(5);
        assert_eq!(first.len(), 1, "the first time is at once");
        assert!(all_at(60_004).is_empty(), "not before its time");
        let second = all_at(60_005);
        assert_eq!(second.len(), 1);
        let left_out = told.left_out.load(Ordering::Relaxed);
        assert_eq!(first[0] + second[0] + left_out, 22, "none is forgotten");
    }
}
