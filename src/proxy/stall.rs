//! Inspections on a worker itself, which stops for as long as one takes.
//!
//! Nothing on that thread can look at a clock meanwhile. Another looks over all workers now and then, and gives up
//! what it finds under way for too long.

use std::{
    io,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use crate::domain::Halt;

/// What one worker is at. It has cache lines of its own: each exchange writes it.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Stall {
    halt: Halt,
    /// The number of the inspection under way; zero where there is none.
    under_way: AtomicU64,
}

impl Default for Stall {
    fn default() -> Self {
        Self { halt: Halt::possible(), under_way: AtomicU64::new(0) }
    }
}

/// An inspection under way; it is no longer when this is dropped.
#[derive(Debug)]
pub(super) struct Begun<'s>(&'s Stall);

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.0.under_way.store(0, Ordering::Relaxed);
    }
}

impl Stall {
    /// What inspections on this worker are given up by, each by its number.
    pub(super) fn halt(&self) -> Halt {
        self.halt.clone()
    }

    /// The next one begins.
    pub(super) fn begin(&self, halt: &mut Halt) -> Begun<'_> {
        halt.next();
        self.under_way.store(halt.number(), Ordering::Relaxed);
        Begun(self)
    }

    /// Gives up what is under way as it was at the last look; what is now.
    fn look(&self, last: u64) -> u64 {
        let now = self.under_way.load(Ordering::Relaxed);
        if now != 0 && now == last {
            self.halt.give_up(now);
        }
        now
    }
}

/// Looks for as long as the workers run. What takes longer than `time_max` is given up, and no later than after twice
/// as long.
pub(super) fn watch(stalls: &[Arc<Stall>], time_max: Duration) -> io::Result<()> {
    const INTERVAL_MIN: Duration = Duration::from_millis(10);
    let mut seen: Vec<(Weak<Stall>, u64)> =
        stalls.iter().map(|stall| (Arc::downgrade(stall), 0)).collect();
    thread::Builder::new().name("stall".to_owned()).spawn(move || {
        while !seen.is_empty() {
            thread::sleep(time_max.max(INTERVAL_MIN));
            seen.retain_mut(|(stall, last)| match stall.upgrade() {
                Some(stall) => {
                    *last = stall.look(*last);
                    true
                }
                None => false,
            });
        }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_at_two_looks_is_given_up() {
        let stall = Stall::default();
        let mut halt = stall.halt();
        let first = stall.begin(&mut halt);
        let seen = stall.look(0);
        drop(first);
        let second = stall.begin(&mut halt);
        let seen = stall.look(seen);
        assert!(!halt.is_given_up(), "it is another one");
        stall.look(seen);
        assert!(halt.is_given_up());
        drop(second);
        let third = stall.begin(&mut halt);
        assert!(!halt.is_given_up(), "so is this");
        drop(third);
        assert_eq!(stall.look(stall.look(0)), 0);
    }
}
