//! A sample of the records as they are made, for whoever watches.
//!
//! Of each outcome a few a second are kept, however many there are, so that a flood of one does not hide
//! the others and nobody waits for a reader. A record that is not taken costs one atomic load.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::domain::Effect;

/// The last records of the sample, and the pace at which it takes new ones.
#[derive(Debug)]
pub struct Feed {
    started: Instant,
    /// By outcome: microseconds after the start from which another is taken.
    next_at: [AtomicU64; 3],
    recent: Mutex<Recent>,
}

#[derive(Debug, Default)]
struct Recent {
    /// Of the last record, from 1.
    number: u64,
    records: VecDeque<(u64, Arc<str>)>,
}

impl Feed {
    /// Records of one outcome in a second.
    const PER_SECOND: u64 = 10;
    const RECORDS_MAX: usize = 300;

    pub(super) fn new() -> Self {
        Self { started: Instant::now(), next_at: Default::default(), recent: Mutex::default() }
    }

    /// True when the next record of this outcome would be wanted.
    pub(super) fn would_want(&self, effect: Effect) -> bool {
        let due = self.next_at.get(effect as usize).map(|at| at.load(Ordering::Relaxed));
        due.is_some_and(|due| micros(self.started.elapsed()) >= due)
    }

    /// True when a record of this outcome should be pushed; the next is not wanted for a while.
    pub(super) fn wants(&self, effect: Effect) -> bool {
        let Some(next_at) = self.next_at.get(effect as usize) else { return false };
        let due = next_at.load(Ordering::Relaxed);
        let now = micros(self.started.elapsed());
        now >= due
            && next_at
                .compare_exchange(
                    due,
                    now + 1_000_000 / Self::PER_SECOND,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_ok()
    }

    pub(super) fn push(&self, record: &[u8]) {
        let Ok(text) = std::str::from_utf8(record) else { return };
        let text: Arc<str> = text.trim_end().into();
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.number += 1;
        let number = recent.number;
        recent.records.push_back((number, text));
        if recent.records.len() > Self::RECORDS_MAX {
            recent.records.pop_front();
        }
    }

    /// Records after the one of this number, the oldest first, at most `count_max` of the latest, as
    /// JSON; and the number of the last.
    pub fn since(&self, number: u64, count_max: usize) -> (u64, Vec<Arc<str>>) {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let new = recent.records.iter().rev().take_while(|(it, _)| *it > number).take(count_max);
        let mut records: Vec<Arc<str>> = new.map(|(_, text)| Arc::clone(text)).collect();
        records.reverse();
        (recent.number, records)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_outcome_leaves_room_for_the_others() {
        let feed = Feed::new();
        let taken = (0..1_000_000).filter(|_| feed.wants(Effect::Allow)).count() as u64;
        let seconds = feed.started.elapsed().as_secs() + 1;
        assert!(taken >= 1 && taken <= seconds * Feed::PER_SECOND + 1, "{taken} in {seconds} s");
        assert!(feed.wants(Effect::Block) && feed.wants(Effect::Redact));
        assert!(!feed.wants(Effect::Block));
    }

    #[test]
    fn who_comes_again_gets_what_is_new() {
        let feed = Feed::new();
        (0..Feed::RECORDS_MAX + 5).for_each(|number| feed.push(format!("{number}\n").as_bytes()));
        let (last, records) = feed.since(0, 2);
        assert_eq!((last, records.len(), &*records[1]), (305, 2, "304"));
        assert_eq!(feed.since(last, 10), (last, Vec::new()));
        assert_eq!(feed.since(0, 1_000).1.len(), Feed::RECORDS_MAX);
    }
}
