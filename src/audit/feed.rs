//! A sample of the records as they are made, for whoever watches.
//!
//! Of each outcome ten a second are kept, however many there are, so that a flood of one does not hide
//! the others and nobody waits for a reader; ten may come at once. A record that is not taken costs one
//! atomic load.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::domain::Effect;

/// The last records of the sample, and the pace at which it takes new ones.
#[derive(Debug)]
pub(crate) struct Feed {
    started: Instant,
    /// By outcome, a bucket of ten as the time at which it is full again, in microseconds after the start:
    /// what is taken puts that off by a tenth of a second, and it may be off by a second at most.
    full_at: [AtomicU64; 3],
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
        Self { started: Instant::now(), full_at: Default::default(), recent: Mutex::default() }
    }

    /// True when the next record of this outcome would be wanted.
    pub(super) fn would_want(&self, effect: Effect) -> bool {
        let full_at = self.full_at.get(effect as usize).map(|at| at.load(Ordering::Relaxed));
        full_at.is_some_and(|full_at| taken_from(full_at, micros(self.started.elapsed())).is_some())
    }

    /// True when a record of this outcome should be pushed; it is taken out of its bucket.
    pub(super) fn wants(&self, effect: Effect) -> bool {
        self.wants_at(effect, micros(self.started.elapsed()))
    }

    fn wants_at(&self, effect: Effect, now: u64) -> bool {
        let Some(bucket) = self.full_at.get(effect as usize) else { return false };
        let full_at = bucket.load(Ordering::Relaxed);
        taken_from(full_at, now).is_some_and(|then| {
            // Who loses the race leaves his record out; nobody waits.
            bucket.compare_exchange(full_at, then, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        })
    }

    pub(super) fn push(&self, record: &[u8]) {
        let Ok(text) = std::str::from_utf8(record) else { return };
        let text: Arc<str> = text.trim_end().into();
        let mut recent = self.recent.lock();
        recent.number += 1;
        let number = recent.number;
        recent.records.push_back((number, text));
        if recent.records.len() > Self::RECORDS_MAX {
            recent.records.pop_front();
        }
    }

    /// Records after the one of this number, the oldest first, at most `count_max` of the latest, as
    /// JSON; and the number of the last.
    pub(crate) fn since(&self, number: u64, count_max: usize) -> (u64, Vec<Arc<str>>) {
        let recent = self.recent.lock();
        let new = recent.records.iter().rev().take_while(|(it, _)| *it > number).take(count_max);
        let mut records: Vec<Arc<str>> = new.map(|(_, text)| Arc::clone(text)).collect();
        records.reverse();
        (recent.number, records)
    }
}

/// When a bucket is full again after one more is taken from it; `None` while it is empty.
fn taken_from(full_at: u64, now: u64) -> Option<u64> {
    let then = full_at.max(now) + 1_000_000 / Feed::PER_SECOND;
    (then - now <= 1_000_000).then_some(then)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_second_are_taken_and_ten_at_once() {
        let feed = Feed::new();
        let taken = |from: u64, times: u64, step: u64| {
            (0..times).filter(|it| feed.wants_at(Effect::Block, from + it * step)).count()
        };
        assert_eq!(taken(0, 37, 4_000), 11, "a burst of 37 in 0.15 s");
        assert_eq!(taken(200_000, 1_000, 1_000), 10, "a flood for a second");
        assert_eq!(taken(60_000_000, 1_000, 0), 10, "no more after a rest of a minute");
    }

    #[test]
    fn a_flood_of_one_outcome_leaves_room_for_the_others() {
        let feed = Feed::new();
        let taken = (0..1_000_000).filter(|_| feed.wants(Effect::Allow)).count() as u64;
        let seconds = feed.started.elapsed().as_secs() + 1;
        assert!((10..=(seconds + 1) * Feed::PER_SECOND).contains(&taken), "{taken} in {seconds} s");
        assert!(feed.wants(Effect::Block) && feed.wants(Effect::Redact));
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
