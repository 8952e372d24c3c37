//! Answers that a worker remembers: the traffic of a route asks the same few questions over and over, each
//! time in a request of its own.
//!
//! A question is all that an answer hangs on, and is compared in full, as a row of words: the rules, the
//! transfer with what is on file of its subject, where categories were found and with which marks. Only the
//! time may be another, within the stretch in which every comparison with it comes out the same
//! ([`Clock`](super::clock)). Nothing is kept of a question asked once, and nothing of one about several
//! people or about many findings. A question that is known costs no allocation.

mod key;

use std::cell::Cell;

use super::{Decision, Subject, Timestamp, Transfer, clock::Stretch, plan::SetId, set::RuleSet};
use crate::domain::{Coverage, Findings, Region};

use key::Key;

/// What is asked about a payload of one subject.
#[derive(Clone, Copy)]
pub(super) struct Question<'t> {
    pub(super) transfer: &'t Transfer,
    pub(super) origin: Option<Region>,
    pub(super) subdivision: Option<&'t str>,
    pub(super) subject: &'t Subject,
    pub(super) findings: &'t Findings,
    pub(super) coverage: Coverage,
}

/// A question that was asked before, and the answer.
struct Known {
    key: Box<[u64]>,
    holds: Stretch,
    decision: Decision,
}

/// What one worker remembers, a few KiB an answer.
struct Memory {
    shelves: Box<[Shelf]>,
    /// For the question that is asked.
    key: Key,
}

/// Questions that look alike at a glance.
#[derive(Default)]
struct Shelf {
    known: [Option<(u64, Box<Known>)>; Self::PLACES],
    /// The next to be forgotten.
    oldest: u8,
    /// Asked and not known; remembered when they are asked again.
    asked: [u64; Self::PLACES],
    oldest_asked: u8,
}

impl Shelf {
    const PLACES: usize = 8;

    fn find(&self, glance: u64, key: &[u64], now: Option<Timestamp>) -> Option<&Known> {
        let is_it = |seen: u64, known: &Known| {
            seen == glance && *known.key == *key && known.holds.contains(now)
        };
        let known = self.known.iter().flatten().find(|(seen, known)| is_it(*seen, known));
        known.map(|(_, known)| &**known)
    }

    /// Whether this was asked not long ago and is not known; notes that it was.
    fn is_asked_again(&mut self, glance: u64) -> bool {
        if let Some(asked) = self.asked.iter_mut().find(|asked| **asked == glance) {
            *asked = 0;
            return true;
        }
        if let Some(asked) = self.asked.get_mut(usize::from(self.oldest_asked) % Self::PLACES) {
            *asked = glance;
        }
        self.oldest_asked = self.oldest_asked.wrapping_add(1);
        false
    }

    fn keep(&mut self, glance: u64, known: Known) {
        if let Some(place) = self.known.get_mut(usize::from(self.oldest) % Self::PLACES) {
            *place = Some((glance, Box::new(known)));
        }
        self.oldest = self.oldest.wrapping_add(1);
    }
}

impl Memory {
    const SHELVES: usize = 64;

    fn new() -> Self {
        let shelves = (0..Self::SHELVES).map(|_| Shelf::default()).collect();
        Self { shelves, key: Key::new() }
    }

    fn answer(&mut self, set: &RuleSet, question: &Question<'_>) -> Decision {
        let Some((key, glance)) = self.key.write(set.id, &set.registry, question) else {
            return set.answer(question).0;
        };
        let shelf = usize::try_from(glance >> 58).ok().and_then(|at| self.shelves.get_mut(at));
        let Some(shelf) = shelf else { return set.answer(question).0 };
        if let Some(known) = shelf.find(glance, key, question.transfer.as_of) {
            debug_assert_eq!(known.decision, set.answer(question).0, "as if asked anew");
            return known.decision.clone();
        }
        let (decision, holds) = set.answer(question);
        if shelf.is_asked_again(glance)
            && let Some(holds) = holds
        {
            shelf.keep(glance, Known { key: key.into(), holds, decision: decision.clone() });
        }
        decision
    }
}

thread_local! {
    /// Taken while a question is looked up, so that nothing is locked.
    static MEMORY: Cell<Option<Box<Memory>>> = const { Cell::new(None) };
}

/// Longer payloads are judged each time.
const FINDINGS_MAX: usize = 64;

impl RuleSet {
    /// The answer to a question, out of memory where it is there.
    pub(super) fn remembered(&self, question: &Question<'_>) -> Decision {
        // Who names people in a payload tells them by its values, and those are kept nowhere.
        if question.findings.items.len() > FINDINGS_MAX || !question.transfer.subjects.is_empty() {
            return self.answer(question).0;
        }
        let mut memory = MEMORY.take().unwrap_or_else(|| Box::new(Memory::new()));
        let decision = memory.answer(self, question);
        MEMORY.set(Some(memory));
        decision
    }
}

impl<'t> Question<'t> {
    /// About the subject of the transfer.
    pub(super) fn of_one(
        transfer: &'t Transfer,
        findings: &'t Findings,
        coverage: Coverage,
    ) -> Self {
        Self {
            transfer,
            origin: transfer.origin,
            subdivision: transfer.origin_subdivision.as_deref(),
            subject: &transfer.subject,
            findings,
            coverage,
        }
    }
}
