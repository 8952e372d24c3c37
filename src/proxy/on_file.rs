//! What is on file, between reading a request and judging it, and what is counted once it is judged.
//!
//! ```text
//! read ─▶ who is in it ─▶ one lookup for all of them ─▶ judge ─▶ reserve what it counts ─▶ forward ─▶ settle
//! ```
//!
//! A decision holds up to the next number that a rule looks at; when transfers decided meanwhile take a
//! count past it, nothing is counted and the request is judged anew by the counts of now. What a trusted
//! hop stated and what is on file combine: either can forbid, a withdrawal on file most of all.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwapOption;

use super::{Proxy, ProxyError, exchange::blocks, upstream::Outgoing};
use crate::{
    domain::{Coverage, Finding, Limits, Region, Replacement, TagPattern, TagSet, Taxonomy},
    engine::{Message, Reading, Scratch, Verdict},
    facts::{
        Cause, Count, CountQuery, CountScope, Day, ExchangeId, FactsStore, Found, Identifier,
        IdentifierKind, Increment, Pseudonym, Reservation, Reserve, SubjectKey, SubjectRecord,
        Unavailable,
    },
    policy::{Counted, People, RuleSet, Subject, Timestamp, Transfer},
    snapshot::{Generation, Snapshot},
    telemetry::Name,
};

/// Decisions of one request before it is given up; each was overtaken by another transfer.
const ATTEMPTS_MAX: usize = 8;
/// Consents one record names; more are on file.
const CONSENTS_MAX: usize = 32;

/// The store, and whom it knows people by.
pub(super) struct Registry {
    store: FactsStore,
    names: Names,
}

/// Makes pseudonyms of the people in a message.
pub(super) struct Names {
    key: SubjectKey,
    /// The categories of identifiers under the rules of one generation.
    kinds: ArcSwapOption<(Generation, Kinds)>,
}

/// Each of the people of a message by the pseudonyms of what identifies them.
pub(super) type Subjects = Vec<Vec<Pseudonym>>;

/// People one record names; the others were sent as well.
const SUBJECTS_MAX: usize = 256;

/// Categories by what they identify, the preferred first within devices.
struct Kinds {
    by_kind: Vec<(IdentifierKind, TagSet)>,
}

/// What the store had to do with one exchange. Settles what it reserved when it is dropped.
#[derive(Debug)]
pub(super) struct OnFile {
    reserved: Option<(FactsStore, ExchangeId)>,
    /// Something may have left.
    pub(super) sent: bool,
    /// Each count that moved, without and with this exchange.
    pub(super) counts: Vec<(String, Count)>,
    /// Consents on file of the people it is about.
    pub(super) consents: Vec<String>,
    pub(super) subjects: Subjects,
    pub(super) unavailable: Option<Cause>,
}

impl Drop for OnFile {
    fn drop(&mut self) {
        if let Some((store, exchange)) = self.reserved.take() {
            if self.sent {
                store.commit(exchange);
            } else {
                store.release(exchange);
            }
        }
    }
}

impl Registry {
    pub(super) fn new(store: FactsStore, key: SubjectKey) -> Self {
        Self { store, names: Names::new(key) }
    }
}

impl Names {
    pub(super) fn new(key: SubjectKey) -> Self {
        Self { key, kinds: ArcSwapOption::empty() }
    }

    /// Judges a message without a store, and says whom it was about.
    pub(super) fn inspect(
        &self,
        snapshot: &Snapshot,
        message: &Message<'_>,
        transfer: Transfer,
        limits: &Limits,
        scratch: &mut Scratch,
    ) -> (Verdict, Subjects) {
        let engine = &snapshot.engine;
        let reading = engine.read(message, limits, scratch);
        let people = engine.people(&reading, &transfer, message.client_region);
        let kinds = self.kinds(snapshot);
        let known = Known::of(&reading, &people, &kinds.1, &self.key);
        let subjects = (0..people.people.len()).flat_map(|person| known.subjects(person));
        let subjects = subjects.take(SUBJECTS_MAX).collect();
        (engine.judge(reading, transfer, &people), subjects)
    }

    fn kinds(&self, snapshot: &Snapshot) -> Arc<(Generation, Kinds)> {
        match self.kinds.load_full() {
            Some(kinds) if kinds.0 == snapshot.generation => kinds,
            _ => {
                let kinds = Kinds::new(snapshot.engine.taxonomy());
                let kinds = Arc::new((snapshot.generation, kinds));
                self.kinds.store(Some(Arc::clone(&kinds)));
                kinds
            }
        }
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Kinds {
    fn new(taxonomy: &Taxonomy) -> Self {
        const CATEGORIES: [(IdentifierKind, &str); 9] = [
            (IdentifierKind::AccountId, "user.unique_id.account_id"),
            (IdentifierKind::Phone, "user.contact.phone_number"),
            (IdentifierKind::Email, "user.contact.email"),
            (IdentifierKind::DeviceId, "user.device.device_id.imei"),
            (IdentifierKind::DeviceId, "user.device.device_id.imeisv"),
            (IdentifierKind::DeviceId, "user.device.device_id.meid"),
            (IdentifierKind::DeviceId, "user.device.device_id.serial"),
            (IdentifierKind::DeviceId, "user.device.device_id.android_id"),
            (IdentifierKind::DeviceId, "user.device.device_id.mac"),
        ];
        let by_kind = CATEGORIES
            .iter()
            .map(|(kind, key)| (*kind, taxonomy.select(&TagPattern((*key).to_owned()))))
            .collect();
        Self { by_kind }
    }

    /// The place of a finding's category in the order of preference, and the kind.
    fn rank(&self, finding: &Finding) -> Option<(usize, IdentifierKind)> {
        let found = self.by_kind.iter().position(|(_, tags)| tags.contains(finding.tag))?;
        self.by_kind.get(found).map(|(kind, _)| (found, *kind))
    }
}

/// How the people of one message are known: by person, identifiers with their rank, the preferred first.
struct Known(Vec<Vec<(usize, IdentifierKind, Pseudonym)>>);

impl Known {
    fn of(reading: &Reading<'_>, people: &People, kinds: &Kinds, key: &SubjectKey) -> Self {
        let mut known = vec![Vec::new(); people.people.len()];
        for (number, finding) in reading.findings().items.iter().enumerate() {
            let marks = finding.marks;
            // Another's number says nothing of the subject, and a code of a number is not the number.
            if marks.third_party || marks.pseudonymous || marks.container {
                continue;
            }
            let Some((rank, kind)) = kinds.rank(finding) else { continue };
            let Some(person) = known.get_mut(people.whose(number)) else { continue };
            let value = reading.text(finding);
            if let Some(pseudonym) = key.pseudonym(Identifier { kind, value: &value }) {
                person.push((rank, kind, pseudonym));
            }
        }
        for person in &mut known {
            person.sort_unstable();
            person.dedup();
        }
        Self(known)
    }

    /// The people a person's share of the message stands for: one for each value of the preferred kind,
    /// so that a list without names of its own is not taken for one person.
    fn subjects(&self, person: usize) -> Vec<Vec<Pseudonym>> {
        let identifiers = self.0.get(person).map(Vec::as_slice).unwrap_or_default();
        let Some((best, ..)) = identifiers.first() else { return Vec::new() };
        let (same, others): (Vec<_>, Vec<_>) =
            identifiers.iter().partition(|(rank, ..)| rank == best);
        match same.as_slice() {
            [(_, _, one)] => {
                let others = others.iter().map(|(_, _, pseudonym)| *pseudonym);
                vec![std::iter::once(*one).chain(others).collect()]
            }
            // Whose the other identifiers are is not known; those of each kind are asked for alone.
            several => several.iter().map(|(_, _, pseudonym)| vec![*pseudonym]).collect(),
        }
    }

    /// Devices by the preferred kind of device id there is.
    fn devices(&self, person: usize) -> Vec<Vec<Pseudonym>> {
        let identifiers = self.0.get(person).map(Vec::as_slice).unwrap_or_default();
        let mut devices =
            identifiers.iter().filter(|(_, kind, _)| *kind == IdentifierKind::DeviceId).peekable();
        let best = devices.peek().map(|(rank, ..)| *rank);
        devices.filter(|(rank, ..)| Some(*rank) == best).map(|(_, _, it)| vec![*it]).collect()
    }
}

/// One request to be judged by what is on file.
pub(super) struct Case {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) proxy: Arc<Proxy>,
    pub(super) transfer: Transfer,
    /// When it came in; counts go by this, whatever time the transfer states.
    pub(super) at: Timestamp,
    pub(super) client_region: Option<Region>,
}

impl Case {
    pub(super) async fn judge(
        &self,
        registry: &Registry,
        outgoing: &Outgoing,
        scratch: &RefCell<Scratch>,
    ) -> Result<(Box<Verdict>, OnFile), ProxyError> {
        let engine = &self.snapshot.engine;
        let names = &registry.names;
        let kinds = names.kinds(&self.snapshot);
        let headers = outgoing.header_list();
        let message = outgoing.message(&headers, self.client_region);
        let exchange = new_exchange();
        let mut on_file = OnFile {
            reserved: None,
            sent: false,
            counts: Vec::new(),
            consents: Vec::new(),
            subjects: Subjects::new(),
            unavailable: None,
        };
        let mut fresh: Option<BTreeMap<usize, Count>> = None;
        for _ in 0..ATTEMPTS_MAX {
            let reading = {
                let mut scratch = scratch.borrow_mut();
                engine.read(&message, &self.proxy.limits, &mut scratch)
            };
            if reading.findings().items.is_empty() && reading.coverage() == Coverage::Full {
                // Nobody is in it, so nothing is on file about anybody.
                let people = People::one(&self.transfer);
                let verdict = engine.judge(reading, self.transfer.clone(), &people);
                return Ok((Box::new(verdict), on_file));
            }
            let mut people = self.people(&reading, &kinds.1, &names.key);
            let known = Known::of(&reading, &people, &kinds.1, &names.key);
            let mut transfer = self.transfer.clone();
            let counting = Counting { case: self, registry, known: &known, exchange };
            let asked = counting.ask(&transfer, &people, &reading);
            let subjects: Vec<Vec<Vec<Pseudonym>>> =
                (0..people.people.len()).map(|person| known.subjects(person)).collect();
            on_file.subjects = subjects.iter().flatten().take(SUBJECTS_MAX).cloned().collect();
            let found = match on_file.unavailable {
                Some(_) => None,
                None => {
                    let queries: Vec<CountQuery> =
                        asked.iter().map(|increment| increment.query.clone()).collect();
                    match registry.store.lookup(&subjects.concat(), &queries).await {
                        Ok(found) => Some(found),
                        Err(why) => {
                            on_file.unavailable = Some(why.cause);
                            None
                        }
                    }
                }
            };
            match found {
                Some(mut found) => {
                    if let Some(fresh) = &fresh {
                        renew(&mut found, fresh);
                    }
                    on_file.consents = consents(&found);
                    fill(&mut transfer, &mut people, &subjects, found, &asked, self.at);
                }
                None => transfer.facts_unavailable = Some(true),
            }
            let verdict = Box::new(engine.judge(reading, transfer, &people));
            if on_file.unavailable.is_some() || asked.is_empty() || blocks(&self.proxy, &verdict) {
                return Ok((verdict, on_file));
            }
            let increments = counting.settle(people, &verdict);
            if increments.is_empty() {
                return Ok((verdict, on_file));
            }
            let names: Vec<String> =
                increments.iter().map(|it| it.query.scope.counter.clone()).collect();
            match registry.store.reserve(Reserve { exchange, increments }).await {
                Ok(Reservation::Held { counts }) => {
                    on_file.reserved = Some((registry.store.clone(), exchange));
                    on_file.counts = names.into_iter().zip(counts).collect();
                    return Ok((verdict, on_file));
                }
                Ok(Reservation::Refused { counts }) => {
                    let numbers = names.iter().map(|name| {
                        asked
                            .iter()
                            .position(|it| it.query.scope.counter == *name)
                            .unwrap_or(usize::MAX)
                    });
                    fresh = Some(numbers.zip(counts).collect());
                }
                Err(Unavailable { cause, .. }) => on_file.unavailable = Some(cause),
            }
        }
        Err(ProxyError::Overtaken)
    }

    /// Whose data it is. Where a stated origin makes the whole message one person's, and it names
    /// several accounts, it is split after all, so that each is asked for and counted.
    fn people(&self, reading: &Reading<'_>, kinds: &Kinds, key: &SubjectKey) -> People {
        let engine = &self.snapshot.engine;
        let people = engine.people(reading, &self.transfer, self.client_region);
        let Some(origin) = self.transfer.origin else { return people };
        if !self.transfer.subjects.is_empty() || people.people.len() > 1 {
            return people;
        }
        if Known::of(reading, &people, kinds, key).subjects(0).len() <= 1 {
            return people;
        }
        let unstated = Transfer { origin: None, ..self.transfer.clone() };
        let mut split = engine.people(reading, &unstated, None);
        for person in &mut split.people {
            person.origins = vec![origin];
            person.origin_subdivision.clone_from(&self.transfer.origin_subdivision);
        }
        split
    }
}

/// Which counts a request moves, and by whom.
struct Counting<'c> {
    case: &'c Case,
    registry: &'c Registry,
    known: &'c Known,
    exchange: ExchangeId,
}

impl Counting<'_> {
    /// Every count a rule may ask for, with the people of the request in those it would move; none when
    /// it would move none.
    fn ask(&self, transfer: &Transfer, people: &People, reading: &Reading<'_>) -> Vec<Increment> {
        let rules = self.rules();
        let counts = rules.counts(transfer, people, reading.findings(), reading.coverage());
        if counts.is_empty() {
            return Vec::new();
        }
        let mut asked: Vec<Increment> =
            (0..rules.counters().len()).filter_map(|at| self.increment(transfer, at)).collect();
        for count in counts {
            if let Some(increment) = asked.get_mut(count.counter) {
                self.add(increment, count.counter, count.person);
            }
        }
        asked
    }

    /// What is left to count when the redactions are taken out, and up to where the decision holds.
    fn settle(&self, mut people: People, verdict: &Verdict) -> Vec<Increment> {
        let rules = self.rules();
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
        let counter = self.rules().counters().get(counter)?;
        let recipient = counter
            .per_recipient
            .then(|| transfer.recipient.id.clone().unwrap_or_else(|| "unknown".to_owned()));
        let exporter = transfer.exporter.id.clone();
        let exporter = exporter.unwrap_or_else(|| CountScope::DEFAULT_EXPORTER.to_owned());
        let scope = CountScope { counter: counter.name.clone(), exporter, recipient };
        let (today, since) = Day::window(counter.window, self.case.at);
        let query = CountQuery { scope, since, subjects: Vec::new() };
        Some(Increment { query, today, at_most: None })
    }

    fn add(&self, increment: &mut Increment, counter: usize, person: usize) {
        let of = self.rules().counters().get(counter).map(|counter| counter.of);
        let mut subjects = match of {
            Some(Counted::Device) => self.known.devices(person),
            Some(Counted::Person) | None => self.known.subjects(person),
        };
        if subjects.is_empty() {
            // Somebody who cannot be told from others may be anybody, and is counted each time.
            subjects.push(vec![self.registry.names.key.unknown(self.exchange, person)]);
        }
        increment.query.subjects.extend(subjects);
    }

    fn rules(&self) -> &RuleSet {
        self.case.snapshot.engine.rules()
    }
}

/// Puts the counts of a refused reservation in place of those that were looked up.
fn renew(found: &mut Found, fresh: &BTreeMap<usize, Count>) {
    for (number, count) in fresh {
        if let Some(known) = found.counts.get_mut(*number) {
            known.after = known.after.max(count.after);
        }
    }
}

/// Adds what is on file to what was stated.
fn fill(
    transfer: &mut Transfer,
    people: &mut People,
    subjects: &[Vec<Vec<Pseudonym>>],
    found: Found,
    asked: &[Increment],
    at: Timestamp,
) {
    let at = transfer.as_of.unwrap_or(at);
    for mechanism in found.mechanisms.iter() {
        // What was stated under the same id may be older.
        transfer.mechanisms.retain(|stated| stated.id != mechanism.id);
        transfer.mechanisms.push(mechanism.clone());
    }
    for (increment, count) in asked.iter().zip(&found.counts) {
        let known = transfer.counters.entry(increment.query.scope.counter.clone()).or_default();
        *known = count.after.max(*known);
    }
    let mut records = found.subjects.into_iter();
    for (person, subjects) in people.people.iter_mut().zip(subjects) {
        let records: Vec<Option<SubjectRecord>> = records.by_ref().take(subjects.len()).collect();
        let Some(record) = SubjectRecord::of_all(records) else { continue };
        let stated = person.facts.take().unwrap_or_else(|| transfer.subject.clone());
        person.facts = Some(combine(stated, record.subject(at)));
    }
}

/// Either may consent, either may forbid; of two words on the same thing the stricter holds.
fn combine(stated: Subject, filed: Subject) -> Subject {
    let mut subject = filed;
    for consent in stated.consents {
        if !subject.consents.contains(&consent) {
            subject.consents.push(consent);
        }
    }
    for withdrawal in stated.withdrawn {
        if !subject.withdrawn.contains(&withdrawal) {
            subject.withdrawn.push(withdrawal);
        }
    }
    subject.opt_outs.extend(stated.opt_outs);
    for (name, on) in stated.settings {
        let known = subject.settings.entry(name).or_insert(on);
        *known &= on;
    }
    subject.age = match (subject.age, stated.age) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    subject.minor = either(subject.minor, stated.minor, |one, other| one || other);
    subject.verified = either(subject.verified, stated.verified, |one, other| one && other);
    subject
}

fn either(one: Option<bool>, other: Option<bool>, both: fn(bool, bool) -> bool) -> Option<bool> {
    match (one, other) {
        (Some(one), Some(other)) => Some(both(one, other)),
        (one, other) => one.or(other),
    }
}

/// What auditors find the consents by: their evidence, or else their scope.
fn consents(found: &Found) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for consent in found.subjects.iter().flatten().flat_map(|record| &record.consents) {
        let reference = consent.evidence_ref.as_ref();
        let id = reference.filter(|text| Name::new(text.as_str()).as_str() == text.as_str());
        let id = id.unwrap_or(&consent.scope);
        if ids.len() < CONSENTS_MAX && !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    ids
}

/// Unlike that of any other exchange, of this process or another.
fn new_exchange() -> ExchangeId {
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
    ExchangeId((u128::from(*PROCESS) << 64 | u128::from(number)).to_be_bytes())
}
