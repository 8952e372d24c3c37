//! A second rule-set, judged beside the one that serves and never in its place.
//!
//! What it decides otherwise is counted by who sent what where and by the rules on either side, with a
//! few examples: places and kinds, never values.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;

use crate::{
    domain::{Effect, Region},
    engine::Engine,
    policy::{Decided, Timestamp},
};

use super::Generation;

/// The rules to come, perhaps, and what they would have decided.
#[derive(Debug)]
pub struct Shadow {
    pub engine: Engine,
    /// SHA-256 over the names and texts of its files, hex.
    pub hash: String,
    pub source: String,
    pub loaded_at: Timestamp,
    /// How many of a hundred transfers are judged by it.
    pub sample_percent: u8,
    pub tally: Tally,
}

/// What was judged by both, and where they differ.
#[derive(Debug, Default)]
pub struct Tally {
    offered: AtomicU64,
    skipped: AtomicU64,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// The generation that they are counted beside.
    live: Generation,
    judged: u64,
    differing: u64,
    groups: BTreeMap<Key, Group>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Key {
    live: Effect,
    shadow: Effect,
    origin: Option<Region>,
    destination: Option<Region>,
    /// The rules that decide on one side alone.
    rules: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Group {
    transfers: u64,
    last: Timestamp,
    examples: Vec<Example>,
}

/// One transfer that both decided differently.
#[derive(Debug, Clone, Serialize)]
pub struct Example {
    pub time: Timestamp,
    pub trace_id: String,
    #[serde(skip)]
    pub origin: Option<Region>,
    #[serde(skip)]
    pub destination: Option<Region>,
    pub purpose: Option<String>,
    pub live: Decided,
    pub shadow: Decided,
}

/// A group of differences, as it is told.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    #[serde(flatten)]
    key: Key,
    #[serde(flatten)]
    group: Group,
}

/// All of it, as it is told.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    pub judged: u64,
    pub differing: u64,
    /// That should have been judged and were not: the thread that does it was busy.
    pub skipped: u64,
    /// The most frequent first.
    pub differences: Vec<Difference>,
}

impl Tally {
    /// Groups that are told apart; what comes after is counted and not told.
    const GROUPS_MAX: usize = 500;
    const EXAMPLES_MAX: usize = 5;

    /// True for so many of a hundred transfers, spread evenly.
    pub fn takes(&self, percent: u8) -> bool {
        let number = self.offered.fetch_add(1, Ordering::Relaxed);
        let percent = u64::from(percent.min(100));
        (number + 1) * percent / 100 > number * percent / 100
    }

    pub fn skip(&self) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a transfer that both judged; true when they differ. Beside another generation all begins anew: what
    /// `live` decided otherwise than the rules before it did says nothing of it.
    pub fn count(&self, live: Generation, example: Example) -> bool {
        let is_different = example.live != example.shadow;
        let mut counts = self.beside(live);
        if live < counts.live {
            return is_different;
        }
        counts.judged += 1;
        if !is_different {
            return false;
        }
        counts.differing += 1;
        let rules = example.live.by.symmetric_difference(&example.shadow.by);
        let key = Key {
            live: example.live.effect,
            shadow: example.shadow.effect,
            origin: example.origin,
            destination: example.destination,
            rules: rules.take(8).cloned().collect(),
        };
        if counts.groups.len() >= Self::GROUPS_MAX && !counts.groups.contains_key(&key) {
            return true;
        }
        let group = counts.groups.entry(key).or_insert_with(|| Group {
            transfers: 0,
            last: example.time,
            examples: Vec::new(),
        });
        group.transfers += 1;
        group.last = example.time;
        if group.examples.len() < Self::EXAMPLES_MAX {
            group.examples.push(example);
        }
        true
    }

    /// What there is to tell beside the generation that serves.
    pub fn compared(&self, live: Generation) -> Compared {
        let counts = self.beside(live);
        let mut differences: Vec<Difference> = counts
            .groups
            .iter()
            .map(|(key, group)| Difference { key: key.clone(), group: group.clone() })
            .collect();
        differences.sort_by_key(|it| std::cmp::Reverse(it.group.transfers));
        Compared {
            judged: counts.judged,
            differing: counts.differing,
            skipped: self.skipped.load(Ordering::Relaxed),
            differences,
        }
    }

    /// The counts beside `live`, or beside a later one.
    fn beside(&self, live: Generation) -> MutexGuard<'_, Counts> {
        let mut counts = self.counts.lock();
        if counts.live < live {
            // What was left out before the first that was counted is of the same rules.
            if counts.live > Generation::default() {
                self.skipped.store(0, Ordering::Relaxed);
            }
            *counts = Counts { live, ..Counts::default() };
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn decided(effect: Effect, by: &[&str]) -> Decided {
        Decided {
            effect,
            by: by.iter().map(|it| (*it).to_owned()).collect(),
            redacted: BTreeSet::new(),
            annotations: BTreeSet::new(),
        }
    }

    fn example(live: Decided, shadow: Decided) -> Example {
        Example {
            time: Timestamp(jiff::Timestamp::UNIX_EPOCH),
            trace_id: String::new(),
            origin: Some(Region::new(*b"PK")),
            destination: Some(Region::new(*b"SG")),
            purpose: None,
            live,
            shadow,
        }
    }

    #[test]
    fn a_sample_is_spread_evenly() {
        for percent in [0_u8, 1, 10, 33, 50, 100] {
            let tally = Tally::default();
            let taken: Vec<bool> = (0..1_000).map(|_| tally.takes(percent)).collect();
            let count = taken.iter().filter(|taken| **taken).count();
            assert_eq!(count, usize::from(percent) * 10, "{percent}");
            if percent >= 10 {
                let gap = 100 / usize::from(percent) + 1;
                assert!(
                    taken.windows(gap).all(|part| part.iter().any(|taken| *taken)),
                    "{percent}"
                );
            }
        }
    }

    #[test]
    fn differences_are_grouped_by_way_and_rules_with_a_few_examples() {
        let tally = Tally::default();
        let same = decided(Effect::Allow, &[]);
        let live = Generation(1);
        assert!(!tally.count(live, example(same.clone(), same.clone())));
        for _ in 0..9 {
            let blocked = example(same.clone(), decided(Effect::Block, &["NEW-1"]));
            assert!(tally.count(live, blocked));
        }
        let narrower =
            example(decided(Effect::Redact, &["A", "B"]), decided(Effect::Redact, &["B"]));
        assert!(tally.count(live, narrower));
        let compared = tally.compared(live);
        assert_eq!((compared.judged, compared.differing), (11, 10));
        let first = &compared.differences[0];
        assert_eq!((first.group.transfers, first.group.examples.len()), (9, 5));
        assert_eq!(first.key.rules, ["NEW-1"]);
        assert_eq!(compared.differences[1].key.rules, ["A"]);
    }

    #[test]
    fn beside_other_rules_differences_begin_anew() {
        let tally = Tally::default();
        let differing = || example(decided(Effect::Allow, &[]), decided(Effect::Block, &["NEW-1"]));
        let told = |live| {
            let compared = tally.compared(Generation(live));
            (compared.judged, compared.differing, compared.skipped, compared.differences.len())
        };
        tally.skip();
        assert!(tally.count(Generation(1), differing()));
        assert_eq!(told(1), (1, 1, 1, 1));
        assert!(tally.count(Generation(2), differing()));
        assert_eq!(told(2), (1, 1, 0, 1));
        // An exchange that the generation before still judged is counted nowhere.
        assert!(tally.count(Generation(1), differing()));
        assert_eq!(told(2), (1, 1, 0, 1));
        assert_eq!(told(3), (0, 0, 0, 0));
    }
}
