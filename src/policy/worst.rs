//! What a rule comes to while nobody can say what is on file: the worst it could.
//!
//! A rule that asks for consents, withdrawals, opt-outs, settings, mechanisms, counts, or an age that was
//! not stated is kept a second time, with each of these questions answered against the transfer: a rule
//! that stops or redacts applies where it might, its requirement is met only by what is known, and an
//! allow rule permits nothing that hangs on the answer. `facts_unavailable: stated` leaves a rule to what
//! the request itself states.

use super::{
    predicate::Predicate,
    set::{Rule, RuleSet},
};
use crate::domain::Effect;

/// The conditions of a rule with every question about what is on file answered.
#[derive(Debug, Clone)]
pub(super) struct Worst {
    pub(super) when: Option<Predicate>,
    pub(super) unless: Option<Predicate>,
    pub(super) require: Option<Predicate>,
}

impl Worst {
    /// `None` for a rule that needs nothing on file.
    pub(super) fn of(rule: &Rule) -> Option<Box<Self>> {
        let conditions = [&rule.when, &rule.unless, &rule.require];
        if !conditions.into_iter().flatten().any(needs_facts) && !rule.selection.needs_facts() {
            return None;
        }
        let permits = rule.effect == Some(Effect::Allow);
        let answered = |condition: &Option<Predicate>, answer| {
            condition.as_ref().map(|condition| assume(condition, answer))
        };
        Some(Box::new(Self {
            when: answered(&rule.when, !permits),
            unless: answered(&rule.unless, permits),
            require: answered(&rule.require, false),
        }))
    }
}

/// The condition with each question about what is on file answered so that the whole tends to `answer`.
#[expect(clippy::wildcard_enum_match_arm, reason = "only questions about what is on file change")]
fn assume(condition: &Predicate, answer: bool) -> Predicate {
    let assume_each =
        |parts: &[Predicate]| parts.iter().map(|part| assume(part, answer)).collect::<Box<_>>();
    match condition {
        Predicate::All(parts) => Predicate::All(assume_each(parts)),
        Predicate::Any(parts) => Predicate::Any(assume_each(parts)),
        Predicate::Not(part) => Predicate::Not(Box::new(assume(part, !answer))),
        Predicate::FreshConsent(is) => {
            // Without any consent a purpose is covered when it is registered or agreed to.
            let covered = Predicate::Any(Box::new([
                Predicate::PolicyRegistersPurpose(true),
                Predicate::AgreementPermitsPurpose(true),
            ]));
            match (is, answer) {
                (true, false) => covered,
                (false, true) => Predicate::Not(Box::new(covered)),
                (true, true) | (false, false) => constant(true),
            }
        }
        Predicate::AgeUnder(_) | Predicate::Minor(true) if answer => {
            Predicate::Any(Box::new([condition.clone(), Predicate::AgeUnstated]))
        }
        Predicate::Minor(false) if !answer => {
            let stated = Predicate::Not(Box::new(Predicate::AgeUnstated));
            Predicate::All(Box::new([condition.clone(), stated]))
        }
        other => {
            if is_about_facts(other) {
                constant(answer)
            } else {
                other.clone()
            }
        }
    }
}

fn constant(is: bool) -> Predicate {
    if is { Predicate::All(Box::default()) } else { Predicate::Any(Box::default()) }
}

fn needs_facts(condition: &Predicate) -> bool {
    let mut needs = false;
    condition.walk(&mut |part| {
        needs |= is_about_facts(part)
            || matches!(
                part,
                Predicate::FreshConsent(_) | Predicate::AgeUnder(_) | Predicate::Minor(_)
            );
    });
    needs
}

fn is_about_facts(condition: &Predicate) -> bool {
    matches!(
        condition,
        Predicate::Mechanism(_)
            | Predicate::Consent(_)
            | Predicate::ConsentOnFile(_)
            | Predicate::Setting { .. }
            | Predicate::OptOut(_)
            | Predicate::Withdrawn(_)
            | Predicate::WithdrawalOnFile(_)
            | Predicate::Counter(_)
            | Predicate::Counted(_)
            | Predicate::Volume(_)
    )
}

// === thresholds ===

impl RuleSet {
    /// The next number above `count` from which some rule answers otherwise: a decision made at `count`
    /// holds below it.
    pub fn threshold_above(&self, counter: &str, count: u64) -> Option<u64> {
        let thresholds = self.thresholds.iter().filter(|(name, _)| **name == *counter);
        thresholds.map(|(_, threshold)| *threshold).filter(|threshold| *threshold > count).min()
    }
}

/// Every number that some rule measures a counter by.
pub(super) fn thresholds(rules: &[Rule]) -> Vec<(Box<str>, u64)> {
    let mut thresholds = Vec::new();
    let conditions = rules.iter().flat_map(|rule| [&rule.when, &rule.unless, &rule.require]);
    for condition in conditions.flatten() {
        condition.walk(&mut |part| {
            if let Predicate::Counter(counter) = part {
                let over = counter.over.map(|over| over.saturating_add(1));
                for threshold in [counter.at_least, counter.below, over].into_iter().flatten() {
                    thresholds.push((counter.key.clone(), threshold));
                }
            } else if let Predicate::Volume(volume) = part {
                // Several kinds of data together are measured by the lowest threshold among them.
                for count in &volume.counts {
                    let overs = volume.counts.iter().map(|other| other.over.saturating_add(1));
                    thresholds.extend(overs.map(|over| (count.counter.clone(), over)));
                }
            }
        });
    }
    thresholds.sort();
    thresholds.dedup();
    thresholds
}
