//! Between reading a message and judging it: who is in it, what is on file of them, what it would count.
//!
//! The gateway asks before it forwards, and whoever asks what the gateway would do asks the same. What a
//! trusted hop stated and what is on file combine: either can forbid, a withdrawal on file most of all.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwapOption;

use super::{
    Count, CountQuery, CountScope, Day, ExchangeId, FactsStore, Found, Increment, Pseudonym,
    SubjectKey, SubjectRecord, Unavailable,
    known::{Kinds, Known},
};
use crate::{
    domain::{Coverage, Region, Replacement},
    engine::{Engine, Reading, Verdict},
    policy::{Counted, People, Subject, Timestamp, Transfer},
    telemetry::Name,
};

/// Consents one record names; more are on file.
const CONSENTS_MAX: usize = 32;

/// The store, and whom it knows people by.
pub struct Register {
    store: FactsStore,
    names: Names,
}

/// Makes pseudonyms of the people in a message.
pub struct Names {
    key: SubjectKey,
    /// The categories of identifiers under the rules of one generation.
    kinds: ArcSwapOption<(u64, Kinds)>,
}

/// The people of a message, each by the pseudonyms of what identifies them.
pub(crate) type Subjects = Vec<Vec<Pseudonym>>;

/// One message, before it is known what is on file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'q> {
    pub engine: &'q Engine,
    /// Of the rules in the engine.
    pub generation: u64,
    /// As it was stated.
    pub transfer: &'q Transfer,
    pub client_region: Option<Region>,
    /// When it came in; counts go by this, whatever time the transfer states.
    pub at: Timestamp,
    pub exchange: ExchangeId,
}

/// Who is in a message, and what is asked of the store for them.
pub(crate) struct Lookup<'q> {
    register: &'q Register,
    question: Question<'q>,
    known: Known,
    people: People,
    /// By person.
    asked_for: Vec<AskedFor>,
    asked: Vec<Increment>,
}

/// Whom a person's share of the message stands for, and identifiers in it that may be any of theirs.
struct AskedFor {
    subjects: Subjects,
    unplaced: Vec<Pseudonym>,
}

impl Register {
    pub fn new(store: FactsStore, key: SubjectKey) -> Self {
        Self { store, names: Names::new(key) }
    }

    pub fn store(&self) -> &FactsStore {
        &self.store
    }

    /// `None` when nobody is in it, so that nothing is on file about anybody.
    pub(crate) fn lookup<'q>(
        &'q self,
        question: Question<'q>,
        reading: &Reading<'_>,
    ) -> Option<Lookup<'q>> {
        if reading.findings().items.is_empty() && reading.coverage() == Coverage::Full {
            return None;
        }
        let kinds = self.names.kinds(question.engine, question.generation);
        let key = &self.names.key;
        let people = people(&question, reading, &kinds.1, key);
        let known = Known::of(reading, &people, &kinds.1, key);
        let asked_for = (0..people.people.len())
            .map(|person| AskedFor {
                subjects: known.subjects(person),
                unplaced: known.unplaced(person),
            })
            .collect();
        let mut lookup =
            Lookup { register: self, question, known, people, asked_for, asked: Vec::new() };
        lookup.asked = lookup.increments(reading);
        Some(lookup)
    }
}

impl Names {
    /// People one message is said to be about; the others are in it as well.
    const SUBJECTS_MAX: usize = 256;

    pub fn new(key: SubjectKey) -> Self {
        Self { key, kinds: ArcSwapOption::empty() }
    }

    /// Whom a message is about; `generation` is that of the rules in the engine.
    pub fn subjects(
        &self,
        engine: &Engine,
        generation: u64,
        reading: &Reading<'_>,
        people: &People,
    ) -> Subjects {
        let kinds = self.kinds(engine, generation);
        let known = Known::of(reading, people, &kinds.1, &self.key);
        let subjects = (0..people.people.len()).flat_map(|person| known.named(person));
        subjects.take(Self::SUBJECTS_MAX).collect()
    }

    fn kinds(&self, engine: &Engine, generation: u64) -> Arc<(u64, Kinds)> {
        match self.kinds.load_full() {
            Some(kinds) if kinds.0 == generation => kinds,
            _ => {
                let kinds = Arc::new((generation, Kinds::new(engine.taxonomy())));
                self.kinds.store(Some(Arc::clone(&kinds)));
                kinds
            }
        }
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Register {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Register").field("store", &self.store).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Lookup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lookup").finish_non_exhaustive()
    }
}

impl Lookup<'_> {
    /// The people the message is about, with what is on file of them once [`Self::fill`] was called.
    pub(crate) fn people(&self) -> &People {
        &self.people
    }

    pub(crate) fn into_people(self) -> People {
        self.people
    }

    /// Whom it is about.
    pub(crate) fn subjects(&self) -> Subjects {
        let subjects = (0..self.people.people.len()).flat_map(|person| self.known.named(person));
        subjects.take(Names::SUBJECTS_MAX).collect()
    }

    /// The message would move a count.
    pub(crate) fn counts(&self) -> bool {
        !self.asked.is_empty()
    }

    /// What is on file of all of them, in one round trip; fails when the store does not answer.
    pub(crate) async fn run(&self) -> Result<Found, Unavailable> {
        let (subjects, queries) = self.queries();
        self.register.store.lookup(&subjects, &queries).await
    }

    /// Like [`Self::run`], but blocks the calling thread.
    pub(crate) fn run_blocking(&self) -> Result<Found, Unavailable> {
        let (subjects, queries) = self.queries();
        self.register.store.lookup_blocking(&subjects, &queries)
    }

    fn queries(&self) -> (Vec<Vec<Pseudonym>>, Vec<CountQuery>) {
        let queries = self.asked.iter().map(|increment| increment.query.clone()).collect();
        let mut subjects = Vec::new();
        for asked in &self.asked_for {
            subjects.extend(asked.subjects.iter().cloned());
            subjects.extend(asked.unplaced.iter().map(|pseudonym| vec![*pseudonym]));
        }
        (subjects, queries)
    }

    /// Adds what is on file to what was stated; counts that are `fresh`, by name, are those of now.
    pub(crate) fn fill(&mut self, found: Found, fresh: &BTreeMap<String, Count>) -> Transfer {
        let mut transfer = self.question.transfer.clone();
        let at = transfer.as_of.unwrap_or(self.question.at);
        for mechanism in found.mechanisms.iter() {
            // What was stated under the same id may be older.
            transfer.mechanisms.retain(|stated| stated.id != mechanism.id);
            transfer.mechanisms.push(mechanism.clone());
        }
        for (increment, count) in self.asked.iter().zip(&found.counts) {
            let name = &increment.query.scope.counter;
            let fresh = fresh.get(name).map_or(0, |count| count.after);
            let known = transfer.counters.entry(name.into()).or_default();
            *known = count.after.max(fresh).max(*known);
        }
        let mut records = found.subjects.into_iter();
        for (person, asked) in self.people.people.iter_mut().zip(&self.asked_for) {
            let theirs: Vec<_> = records.by_ref().take(asked.subjects.len()).collect();
            let unplaced = records.by_ref().take(asked.unplaced.len()).flatten();
            let Some(record) = SubjectRecord::of_all(theirs, unplaced) else { continue };
            let stated = person.facts.take().unwrap_or_else(|| transfer.subject.clone());
            person.facts = Some(combine(stated, record.subject(at)));
        }
        transfer
    }

    /// The transfer while nobody can say what is on file.
    pub(crate) fn unanswered(&self) -> Transfer {
        Transfer { facts_unavailable: Some(true), ..self.question.transfer.clone() }
    }

    /// Every count a rule may ask for, with the people of the message in those it would move; none when
    /// it would move none.
    fn increments(&self, reading: &Reading<'_>) -> Vec<Increment> {
        let rules = self.question.engine.rules();
        let transfer = self.question.transfer;
        let (findings, coverage) = (reading.findings(), reading.coverage());
        let counts = rules.counts(transfer, &self.people, findings, coverage);
        if counts.is_empty() {
            return Vec::new();
        }
        let counters = 0..rules.counters().len();
        let mut asked: Vec<Increment> =
            counters.filter_map(|counter| self.increment(transfer, counter)).collect();
        for count in counts {
            if let Some(increment) = asked.get_mut(count.counter) {
                self.add(increment, count.counter, count.person);
            }
        }
        asked
    }

    /// What is left to count when the redactions are taken out, and up to where the decision holds.
    pub(crate) fn settle(&self, verdict: &Verdict) -> Vec<Increment> {
        let rules = self.question.engine.rules();
        let mut people = verdict.with_echoes(&self.people).into_owned();
        people.of.resize(verdict.findings.items.len().max(people.of.len()), 0);
        for redaction in &verdict.decision.redactions {
            // A code in place of a value is still that person's data (28 CFR 202.206).
            let is_gone =
                matches!(redaction.replacement, Replacement::Remove | Replacement::Replace { .. });
            if is_gone && let Some(of) = people.of.get_mut(redaction.finding as usize) {
                *of = u32::MAX;
            }
        }
        let transfer = &verdict.transfer;
        let mut increments: BTreeMap<usize, Increment> = BTreeMap::new();
        for count in rules.counts(transfer, &people, &verdict.findings, verdict.coverage) {
            let increment = match increments.entry(count.counter) {
                std::collections::btree_map::Entry::Occupied(known) => Some(known.into_mut()),
                std::collections::btree_map::Entry::Vacant(new) => {
                    self.increment(transfer, count.counter).map(|increment| new.insert(increment))
                }
            };
            if let Some(increment) = increment {
                self.add(increment, count.counter, count.person);
            }
        }
        for increment in increments.values_mut() {
            let name = increment.query.scope.counter.as_str();
            let seen = transfer.counters.get(name).copied().unwrap_or(0);
            increment.at_most = rules.threshold_above(name, seen).map(|next| next - 1);
        }
        increments.into_values().collect()
    }

    fn increment(&self, transfer: &Transfer, counter: usize) -> Option<Increment> {
        let counter = self.question.engine.rules().counters().get(counter)?;
        let recipient = counter
            .per_recipient
            .then(|| transfer.recipient.id.as_deref().unwrap_or("unknown").to_owned());
        let exporter = transfer.exporter.id.clone();
        let exporter = exporter.unwrap_or_else(|| CountScope::DEFAULT_EXPORTER.to_owned());
        let scope = CountScope { counter: counter.name.clone(), exporter, recipient };
        let (today, since) = Day::window(counter.window, self.question.at);
        let query = CountQuery { scope, since, subjects: Vec::new() };
        Some(Increment { query, today, at_most: None })
    }

    fn add(&self, increment: &mut Increment, counter: usize, person: usize) {
        let of = self.question.engine.rules().counters().get(counter).map(|counter| counter.of);
        let mut subjects = match of {
            Some(Counted::Device) => self.known.devices(person),
            Some(Counted::Person) | None => self.known.subjects(person),
        };
        if subjects.is_empty() {
            // Somebody who cannot be told from others may be anybody, and is counted each time.
            subjects.push(vec![self.register.names.key.unknown(self.question.exchange, person)]);
        }
        increment.query.subjects.extend(subjects);
    }
}

/// Whose data it is. Where a stated origin makes the whole message one person's, and it names several
/// accounts, it is split after all, so that each is asked for and counted.
fn people(
    question: &Question<'_>,
    reading: &Reading<'_>,
    kinds: &Kinds,
    key: &SubjectKey,
) -> People {
    let (engine, transfer) = (question.engine, question.transfer);
    let people = engine.people(reading, transfer, question.client_region);
    let Some(origin) = transfer.origin else { return people };
    if !transfer.subjects.is_empty() || people.people.len() > 1 {
        return people;
    }
    if Known::of(reading, &people, kinds, key).subjects(0).len() <= 1 {
        return people;
    }
    let unstated = Transfer { origin: None, ..transfer.clone() };
    let mut split = engine.people(reading, &unstated, None);
    for person in &mut split.people {
        person.origins = vec![origin];
        person.origin_subdivision.clone_from(&transfer.origin_subdivision);
    }
    split
}

/// Either may consent, either may forbid; of two words on the same thing the stricter holds.
fn combine(stated: Subject, filed: Subject) -> Subject {
    let mut subject = filed;
    subject.restrict(&stated);
    for consent in stated.consents {
        if !subject.consents.contains(&consent) {
            subject.consents.push(consent);
        }
    }
    subject
}

impl Found {
    /// What auditors find the consents by: their evidence, or else their scope.
    pub fn consents(&self) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for consent in self.subjects.iter().flatten().flat_map(|record| &record.consents) {
            let reference = consent.evidence_ref.as_deref();
            let id = reference.filter(|text| Name::new(*text).as_str() == *text);
            let id = id.unwrap_or(&consent.scope);
            if ids.len() < CONSENTS_MAX && ids.iter().all(|known| known != id) {
                ids.push(id.to_owned());
            }
        }
        ids
    }
}

impl ExchangeId {
    /// Unlike that of any other exchange, of this process or another.
    pub(crate) fn unique() -> Self {
        use std::{
            hash::{BuildHasher as _, RandomState},
            sync::{
                LazyLock,
                atomic::{AtomicU64, Ordering},
            },
        };
        static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0));
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self((u128::from(*PROCESS) << 64 | u128::from(number)).to_be_bytes())
    }
}
