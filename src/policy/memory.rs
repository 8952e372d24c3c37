//! Answers that a worker remembers: the traffic of a route asks the same few questions over and over, each
//! time in a request of its own.
//!
//! A question is all that an answer hangs on, and is compared in full: the rules, the transfer with what is
//! on file of its subject, where categories were found and with which marks. Only the time may be another,
//! within the stretch in which every comparison with it comes out the same ([`Clock`](super::clock)). Nothing
//! is kept of a question asked once, and nothing of one about several people or about many findings.

use std::{cell::Cell, collections::BTreeMap};

use super::{
    Decision, Mechanism, Recipient, Subject, Timestamp, Transfer, clock::Stretch, people::Alike,
    plan::SetId, set::RuleSet,
};
use crate::domain::{Coverage, Finding, Findings, Marks, Region};

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
    set: SetId,
    /// Without its subject.
    transfer: Transfer,
    origin: Option<Region>,
    subdivision: Option<String>,
    subject: Subject,
    findings: Box<[Shape]>,
    coverage: Coverage,
    holds: Stretch,
    decision: Decision,
}

/// All that rules see of a finding, in bits: what surrounds it, its tag, its marks, and whether it only
/// carries what the gateway was told.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Shape(u64);

impl Shape {
    fn new(finding: &Finding, is_carrier: bool) -> Self {
        let Marks { third_party, pseudonymous, in_key, container } = finding.marks;
        let enclosing = finding.enclosing.map_or(0, |number| u64::from(number) + 1);
        Self(
            enclosing << 21
                | u64::from(finding.tag.0) << 5
                | u64::from(is_carrier) << 4
                | u64::from(third_party) << 3
                | u64::from(pseudonymous) << 2
                | u64::from(in_key) << 1
                | u64::from(container),
        )
    }
}

/// What one worker remembers, a few KiB an answer.
struct Memory(Box<[Shelf]>);

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
        Self((0..Self::SHELVES).map(|_| Shelf::default()).collect())
    }

    fn shelf(&mut self, glance: u64) -> Option<&mut Shelf> {
        let number = usize::try_from(glance >> 58).unwrap_or(0);
        self.0.get_mut(number)
    }
}

thread_local! {
    /// Taken while a question is looked up, so that nothing is locked.
    static MEMORY: Cell<Option<Memory>> = const { Cell::new(None) };
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
        let mut shapes = [Shape::default(); FINDINGS_MAX];
        let findings = question.findings;
        for (shape, finding) in shapes.iter_mut().zip(&findings.items) {
            *shape = Shape::new(finding, self.registry.is_carrier(finding, findings));
        }
        let shapes = shapes.get(..findings.items.len()).unwrap_or_default();
        let glance = question.glance(self.id, shapes);
        let mut memory = MEMORY.take().unwrap_or_else(Memory::new);
        let decision = match memory.shelf(glance) {
            Some(shelf) => self.look_up(shelf, glance, shapes, question),
            None => self.answer(question).0,
        };
        MEMORY.set(Some(memory));
        decision
    }

    fn look_up(
        &self,
        shelf: &mut Shelf,
        glance: u64,
        shapes: &[Shape],
        question: &Question<'_>,
    ) -> Decision {
        let known = shelf
            .known
            .iter()
            .flatten()
            .find(|(seen, known)| *seen == glance && known.is_about(self.id, shapes, question));
        if let Some((_, known)) = known {
            debug_assert_eq!(known.decision, self.answer(question).0, "as if asked anew");
            return known.decision.clone();
        }
        let (decision, holds) = self.answer(question);
        if shelf.is_asked_again(glance)
            && let Some(holds) = holds
        {
            shelf.keep(glance, Known::new(self.id, shapes, question, holds, decision.clone()));
        }
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

    /// Tells where to look. Questions that differ may look alike.
    fn glance(&self, set: SetId, shapes: &[Shape]) -> u64 {
        let Self { transfer, subject, .. } = self;
        let mut glance = Glance(set.number());
        glance.region(self.origin);
        glance.region(transfer.destination);
        glance.name(transfer.purpose.as_deref());
        glance.name(transfer.recipient.class.as_deref());
        glance.name(transfer.recipient.id.as_deref());
        for mechanism in &transfer.mechanisms {
            glance.name(Some(&mechanism.kind));
        }
        for count in transfer.counters.values() {
            glance.number(*count);
        }
        glance.number(u64::from(subject.age.unwrap_or(u32::MAX)));
        glance.number(subject.minor.map_or(2, u64::from));
        for consent in &subject.consents {
            glance.name(Some(&consent.scope));
            glance.number(consent.kind as u64);
        }
        for is_on in subject.settings.values() {
            glance.number(u64::from(*is_on));
        }
        glance.number(subject.opt_outs.len() as u64);
        for shape in shapes {
            glance.number(shape.0);
        }
        glance.number(self.coverage as u64);
        glance.finish()
    }
}

/// A number out of what is seen at a glance: of names their length, beginning and end.
struct Glance(u64);

impl Glance {
    fn number(&mut self, number: u64) {
        self.0 = self.0.rotate_left(11).wrapping_add(number);
    }

    fn region(&mut self, region: Option<Region>) {
        self.number(region.map_or(0, |region| region.index() as u64 + 1));
    }

    fn name(&mut self, name: Option<&str>) {
        let bytes = name.unwrap_or_default().as_bytes();
        let ends = match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) => {
                u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29)
            }
            (None, _) | (_, None) => bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)),
        };
        self.number(ends ^ bytes.len() as u64);
    }

    fn finish(self) -> u64 {
        // 2^64 over the golden ratio (Knuth, The Art of Computer Programming 3, §6.4).
        (self.0 ^ self.0 >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl Known {
    fn new(
        set: SetId,
        shapes: &[Shape],
        question: &Question<'_>,
        holds: Stretch,
        decision: Decision,
    ) -> Self {
        let mut transfer = question.transfer.clone();
        transfer.subject = Subject::default();
        Self {
            set,
            transfer,
            origin: question.origin,
            subdivision: question.subdivision.map(str::to_owned),
            subject: question.subject.clone(),
            findings: shapes.into(),
            coverage: question.coverage,
            holds,
            decision,
        }
    }

    /// The answer to the question is the same.
    fn is_about(&self, set: SetId, shapes: &[Shape], question: &Question<'_>) -> bool {
        let now = question.transfer.as_of;
        self.set == set
            && self.origin == question.origin
            && self.coverage == question.coverage
            && self.holds.contains(now)
            && *self.findings == *shapes
            && self.subdivision.as_deref() == question.subdivision
            && is_alike(&self.subject, question.subject, now)
            && is_same(&self.transfer, question.transfer)
    }
}

fn is_alike(one: &Subject, other: &Subject, now: Option<Timestamp>) -> bool {
    Alike { subject: one, now } == Alike { subject: other, now }
}

/// All members are, but for the time, the subjects and whose data it is, which are compared beside.
fn is_same(known: &Transfer, asked: &Transfer) -> bool {
    let Transfer {
        as_of: _,
        origin: _,
        origin_subdivision: _,
        subject: _,
        subjects: _,
        collected_in,
        destination,
        remote_access_from,
        exporter,
        recipient,
        purpose,
        mechanisms,
        counters,
        legal_basis,
        policy_versions,
        user_agreement,
        transport,
        source_host,
        purpose_ended,
        legal_hold,
        collected_for,
        inbound,
        direction,
        consideration,
        contract_necessity,
        occasional,
        anonymised,
        important_data,
        government_related,
        first_transfer_at,
        facts_unavailable,
        cn_exempt,
        us_exempt,
        config,
        other,
    } = known;
    *collected_in == asked.collected_in
        && *destination == asked.destination
        && *purpose == asked.purpose
        && is_same_recipient(recipient, &asked.recipient)
        && *exporter == asked.exporter
        && *transport == asked.transport
        && *remote_access_from == asked.remote_access_from
        && *source_host == asked.source_host
        && *purpose_ended == asked.purpose_ended
        && *legal_hold == asked.legal_hold
        && *collected_for == asked.collected_for
        && *inbound == asked.inbound
        && *direction == asked.direction
        && *consideration == asked.consideration
        && *contract_necessity == asked.contract_necessity
        && *occasional == asked.occasional
        && *anonymised == asked.anonymised
        && *important_data == asked.important_data
        && *government_related == asked.government_related
        && *first_transfer_at == asked.first_transfer_at
        && *facts_unavailable == asked.facts_unavailable
        && *legal_basis == asked.legal_basis
        && *user_agreement == asked.user_agreement
        && *cn_exempt == asked.cn_exempt
        && *us_exempt == asked.us_exempt
        && is_same_map(counters, &asked.counters)
        && is_each(mechanisms, &asked.mechanisms, is_same_mechanism)
        && *policy_versions == asked.policy_versions
        && is_same_map(config, &asked.config)
        && is_same_map(other, &asked.other)
}

fn is_same_recipient(known: &Recipient, asked: &Recipient) -> bool {
    let Recipient {
        class,
        id,
        kind,
        covered_person,
        data_intermediary,
        own_purpose,
        governing_policy,
        other,
    } = known;
    *class == asked.class
        && *id == asked.id
        && *kind == asked.kind
        && *covered_person == asked.covered_person
        && *data_intermediary == asked.data_intermediary
        && *own_purpose == asked.own_purpose
        && *governing_policy == asked.governing_policy
        && is_same_map(other, &asked.other)
}

fn is_same_mechanism(known: &Mechanism, asked: &Mechanism) -> bool {
    let Mechanism {
        kind,
        id,
        valid_from,
        valid_until,
        destinations,
        recipients,
        categories,
        other,
    } = known;
    *kind == asked.kind
        && *id == asked.id
        && *valid_from == asked.valid_from
        && *valid_until == asked.valid_until
        && *destinations == asked.destinations
        && *recipients == asked.recipients
        && *categories == asked.categories
        && is_same_map(other, &asked.other)
}

fn is_each<T>(known: &[T], asked: &[T], is_same: impl Fn(&T, &T) -> bool) -> bool {
    known.len() == asked.len() && known.iter().zip(asked).all(|(one, other)| is_same(one, other))
}

/// Most are empty, which takes no iterators to see.
fn is_same_map<V: PartialEq>(known: &BTreeMap<String, V>, asked: &BTreeMap<String, V>) -> bool {
    known.len() == asked.len() && (known.is_empty() || known == asked)
}
