//! A question as a row of words of 64 bits: those of two questions are the same only where all is that an
//! answer may hang on, but for the time.
//!
//! Whatever has no fixed length is led by it, so that no two questions can be written alike. What most
//! transfers leave out costs a bit and not a word; members are taken apart one by one, so that a new one is
//! not forgotten here.

use std::{collections::BTreeMap, ops::Deref};

use serde_json::Value;

use super::{Question, SetId};
use crate::{
    domain::{Finding, Findings, Marks, Region},
    policy::{
        Consent, Exporter, LegalBasis, Mechanism, PolicyVersion, Recipient, Subject, Timestamp,
        Transfer, UserAgreement, people::Alike, registry::Registry,
    },
};

/// 2^64 over the golden ratio (Knuth, The Art of Computer Programming 3, §6.4).
const RATIO: u64 = 0x9e37_79b9_7f4a_7c15;

/// Written over for each question, so that it takes no memory of its own.
pub(super) struct Key {
    words: Box<[u64; Self::WORDS_MAX]>,
    /// How many of them are written; beyond the end when there was no room for all.
    length: usize,
    /// Tells where to look. Made on the way of what is written: reading it all once more would take longer,
    /// and questions that differ may look alike.
    glance: u64,
}

impl Key {
    /// Longer questions are judged each time.
    const WORDS_MAX: usize = 2 << 10;

    pub(super) fn new() -> Self {
        Self { words: Box::new([0; Self::WORDS_MAX]), length: 0, glance: 0 }
    }

    /// The words of the question, and its glance; `None` where they would be too many.
    pub(super) fn write(
        &mut self,
        set: SetId,
        registry: &Registry,
        question: &Question<'_>,
    ) -> Option<(&[u64], u64)> {
        let Question { transfer, origin, subdivision, subject, findings, coverage } = *question;
        (self.length, self.glance) = (0, 0);
        self.subject(set, Alike { subject, now: transfer.as_of });
        self.transfer(transfer, origin, subdivision, coverage as u64);
        self.findings(findings, registry);
        let glance = (self.glance ^ self.glance >> 32).wrapping_mul(RATIO);
        self.words.get(..self.length).map(|words| (words, glance))
    }

    /// A word for each; they come last, so that how many there are need not be said.
    fn findings(&mut self, findings: &Findings, registry: &Registry) {
        let end = self.length.saturating_add(findings.items.len());
        let Some(places) = self.words.get_mut(self.length..end) else { return self.refuse() };
        let mut sum = 0_u64;
        for (place, finding) in places.iter_mut().zip(&findings.items) {
            *place = word_of(finding, registry.is_carrier(finding, findings));
            sum = sum.rotate_left(5).wrapping_add(*place);
        }
        self.stir(sum);
        self.length = end;
    }

    fn subject(&mut self, set: SetId, alike: Alike<'_>) {
        let Subject { age, minor, consents, opt_outs, settings, withdrawn, verified } =
            alike.subject;
        let mut bits = Bits::default();
        bits.maybe(*minor);
        bits.maybe(*verified);
        bits.push(age.map_or(0, |age| u64::from(age) + 1), 33);
        let lengths =
            [lengths(consents.len(), opt_outs.len()), lengths(settings.len(), withdrawn.len())];
        self.put([set.number(), bits.bits, lengths[0], lengths[1]]);
        for consent in consents {
            self.consent(alike, consent);
        }
        // Most are empty, which takes no iterator to see.
        if !opt_outs.is_empty() {
            opt_outs.iter().for_each(|name| self.text(0, name));
        }
        each(settings, |name, is_on| self.text(u32::from(*is_on), name));
        for withdrawal in withdrawn {
            self.text(0, &withdrawal.scope);
            self.maybe_time(withdrawal.at);
        }
    }

    /// As [`Alike`] has it: what its evidence is called makes no difference.
    fn consent(&mut self, alike: Alike<'_>, consent: &Consent) {
        let Consent {
            scope,
            kind,
            policy_version,
            purposes,
            categories,
            destinations,
            recipients,
            given_at: _,
            expires_at: _,
            withdrawn_at: _,
            evidence_ref: _,
            notice_ref: _,
        } = consent;
        let times = alike.times(consent);
        let is_plain = policy_version.is_none()
            & times.given_at.is_none()
            & purposes.is_empty()
            & categories.is_empty()
            & destinations.is_empty()
            & recipients.is_empty();
        let mut bits = Bits::default();
        bits.push(*kind as u64, 3);
        bits.flag(times.has_begun);
        bits.flag(times.has_not_expired);
        bits.flag(times.is_not_taken_back);
        bits.flag(alike.has_notice(consent));
        bits.flag(is_plain);
        self.text(bits.bits as u32, scope);
        if !is_plain {
            self.maybe_text(policy_version.as_deref());
            self.maybe_time(times.given_at);
            self.texts(purposes);
            self.texts(categories);
            self.regions(destinations);
            self.texts(recipients);
        }
    }

    /// Without what the question has beside it: the time, and what is on file of whose data it is.
    fn transfer(
        &mut self,
        transfer: &Transfer,
        origin: Option<Region>,
        subdivision: Option<&str>,
        coverage: u64,
    ) {
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
        } = transfer;
        let is_plain = subdivision.is_none()
            & collected_in.is_none()
            & remote_access_from.is_empty()
            & legal_basis.is_none()
            & policy_versions.is_empty()
            & user_agreement.is_none()
            & source_host.is_none()
            & collected_for.is_none()
            & first_transfer_at.is_none()
            & cn_exempt.is_none()
            & us_exempt.is_none()
            & config.is_empty()
            & other.is_empty();
        let mut bits = Bits::default();
        bits.flag(is_plain);
        bits.push(coverage, 2);
        bits.push(transport.map_or(0, |it| it as u64 + 1), 2);
        bits.push(direction.map_or(0, |it| it as u64 + 1), 2);
        bits.maybe(*purpose_ended);
        bits.maybe(*legal_hold);
        bits.maybe(*inbound);
        bits.maybe(*consideration);
        bits.maybe(*contract_necessity);
        bits.maybe(*occasional);
        bits.maybe(*anonymised);
        bits.maybe(*important_data);
        bits.maybe(*government_related);
        bits.maybe(*facts_unavailable);
        bits.region(origin);
        bits.region(*destination);
        let lengths = lengths(mechanisms.len(), counters.len());
        self.put([bits.bits, lengths, exporter_bits(exporter), recipient_bits(recipient)]);
        self.maybe_text(purpose.as_deref());
        self.exporter(exporter);
        self.recipient(recipient);
        for mechanism in mechanisms {
            self.mechanism(mechanism);
        }
        each(counters, |name, count| {
            self.text(0, name);
            self.number(*count);
        });
        if !is_plain {
            self.maybe_text(subdivision);
            self.region(*collected_in);
            self.regions(remote_access_from);
            self.maybe(legal_basis.as_ref(), Self::legal_basis);
            self.number(policy_versions.len() as u64);
            policy_versions.iter().for_each(|version| self.policy_version(version));
            self.maybe(user_agreement.as_ref(), Self::agreement);
            self.maybe_text(source_host.as_deref());
            self.maybe_text(collected_for.as_deref());
            self.maybe_time(*first_transfer_at);
            self.maybe_text(cn_exempt.as_ref().map(|exempt| exempt.ground.as_str()));
            self.maybe_text(us_exempt.as_ref().map(|exempt| exempt.ground.as_str()));
            self.map(config, |key, list| key.texts(list));
            self.map(other, Self::value);
        }
    }

    /// What its bits leave out.
    fn exporter(&mut self, exporter: &Exporter) {
        if !is_plain_exporter(exporter) {
            self.maybe_text(exporter.id.as_deref());
            self.maybe_text(exporter.sector.as_deref());
            self.texts(&exporter.flags);
        }
    }

    /// What its bits leave out.
    fn recipient(&mut self, recipient: &Recipient) {
        self.maybe_text(recipient.class.as_deref());
        self.maybe_text(recipient.id.as_deref());
        if !is_plain_recipient(recipient) {
            self.maybe_text(recipient.kind.as_deref());
            self.maybe_text(recipient.governing_policy.as_deref());
            self.map(&recipient.other, Self::value);
        }
    }

    fn mechanism(&mut self, mechanism: &Mechanism) {
        let Mechanism {
            kind,
            id,
            valid_from,
            valid_until,
            destinations,
            recipients,
            categories,
            other,
        } = mechanism;
        let is_plain = valid_from.is_none()
            & valid_until.is_none()
            & destinations.is_empty()
            & recipients.is_empty()
            & categories.is_empty()
            & other.is_empty();
        self.text(u32::from(is_plain), kind);
        self.text(0, id);
        if !is_plain {
            self.maybe_time(*valid_from);
            self.maybe_time(*valid_until);
            self.regions(destinations);
            self.texts(recipients);
            self.texts(categories);
            self.map(other, Self::value);
        }
    }

    fn legal_basis(&mut self, basis: &LegalBasis) {
        let LegalBasis { kind, reference, authority_country, scope_categories, other } = basis;
        self.maybe_text(kind.as_deref());
        self.maybe_text(reference.as_deref());
        self.region(*authority_country);
        self.texts(scope_categories);
        self.map(other, Self::value);
    }

    fn policy_version(&mut self, version: &PolicyVersion) {
        let PolicyVersion {
            id,
            effective_from,
            destinations,
            added_purposes,
            material,
            notice_ref,
        } = version;
        self.text(u32::from(*material), id);
        self.maybe_time(*effective_from);
        self.maybe(destinations.as_ref(), |key, destinations| key.regions(destinations));
        self.map(added_purposes, |key, categories| key.texts(categories));
        self.maybe_text(notice_ref.as_deref());
    }

    fn agreement(&mut self, agreement: &UserAgreement) {
        let UserAgreement { id, accepted, accepted_at, forbidden_destinations, permits } =
            agreement;
        self.number(lengths(usize::from(*accepted), permits.len()));
        self.maybe_text(id.as_deref());
        self.maybe_time(*accepted_at);
        self.regions(forbidden_destinations);
        for permit in permits {
            self.text(0, &permit.purpose);
            self.texts(&permit.categories);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.number(0),
            Value::Bool(is) => self.number(1 + u64::from(*is)),
            Value::Number(number) => {
                // Whole ones that are not negative, others that are whole, and those with a fraction.
                let (kind, number) = match (number.as_u64(), number.as_i64(), number.as_f64()) {
                    (Some(number), _, _) => (3, number),
                    (None, Some(number), _) => (4, number.cast_unsigned()),
                    (None, None, Some(number)) => (5, number.to_bits()),
                    (None, None, None) => return self.refuse(),
                };
                self.number(kind);
                self.number(number);
            }
            Value::String(text) => {
                self.number(6);
                self.text(0, text);
            }
            Value::Array(values) => {
                self.number(lengths(7, values.len()));
                values.iter().for_each(|value| self.value(value));
            }
            Value::Object(members) => {
                self.number(lengths(8, members.len()));
                for (name, value) in members {
                    self.text(0, name);
                    self.value(value);
                }
            }
        }
    }

    fn map<V>(&mut self, map: &BTreeMap<String, V>, write: impl Fn(&mut Self, &V)) {
        self.number(map.len() as u64);
        each(map, |name, value| {
            self.text(0, name);
            write(self, value);
        });
    }

    fn texts(&mut self, texts: &[String]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|text| self.text(0, text));
    }

    fn maybe_text(&mut self, text: Option<&str>) {
        match text {
            // No text has this length.
            None => self.number(u64::MAX),
            Some(text) => self.text(0, text),
        }
    }

    fn maybe<T>(&mut self, some: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.number(u64::from(some.is_some()));
        if let Some(some) = some {
            write(self, some);
        }
    }

    fn maybe_time(&mut self, at: Option<Timestamp>) {
        self.maybe(at, |key, Timestamp(at)| {
            key.number(at.as_second().cast_unsigned());
            key.number(u64::from(at.subsec_nanosecond().cast_unsigned()));
        });
    }

    fn regions(&mut self, regions: &[Region]) {
        self.number(regions.len() as u64);
        regions.iter().for_each(|region| self.region(Some(*region)));
    }

    fn region(&mut self, region: Option<Region>) {
        let mut bits = Bits::default();
        bits.region(region);
        self.number(bits.bits);
    }

    /// A text and what is said of it in a few bits.
    ///
    /// Names are short: those of 4 to 32 bytes are written as their beginning and their end, which may
    /// overlap, since copies of a fixed length are the fastest.
    fn text(&mut self, beside: u32, text: &str) {
        let bytes = text.as_bytes();
        let head = u64::from(beside) << 32 | bytes.len() as u64 & u64::from(u32::MAX);
        match (bytes.first_chunk(), bytes.last_chunk(), bytes.len()) {
            (Some(first), Some(last), ..=16) => {
                self.put([head, u64::from_le_bytes(*first), u64::from_le_bytes(*last)]);
            }
            (Some(_), Some(_), ..=32) => self.halves(head, bytes),
            (None, None, 4..) => self.quarters(head, bytes),
            _ => self.bytes(head, bytes),
        }
    }

    #[inline]
    fn quarters(&mut self, head: u64, bytes: &[u8]) {
        let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) else {
            return self.refuse();
        };
        let [first, last] = [first, last].map(|quarter| u64::from(u32::from_le_bytes(*quarter)));
        self.put([head, first << 32 | last]);
    }

    #[inline]
    fn halves(&mut self, head: u64, bytes: &[u8]) {
        let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) else {
            return self.refuse();
        };
        let [(a, b), (c, d)] = [first, last].map(|half| {
            let half = u128::from_le_bytes(*half);
            (half as u64, (half >> 64) as u64)
        });
        self.put([head, a, b, c, d]);
    }

    /// However many, the last word filled up with zeros.
    #[inline(never)]
    fn bytes(&mut self, head: u64, bytes: &[u8]) {
        self.number(head);
        for bytes in bytes.chunks(8) {
            self.number(bytes.iter().rfold(0, |word, byte| word << 8 | u64::from(*byte)));
        }
    }

    #[inline]
    fn number(&mut self, number: u64) {
        self.put([number]);
    }

    /// Adds words to the glance by a factor of their own place, so that none waits for those before it.
    #[inline]
    fn stir(&mut self, words: u64) {
        let factor = RATIO.wrapping_add((self.length as u64) << 20);
        self.glance = self.glance.wrapping_add(words.wrapping_mul(factor));
    }

    #[inline]
    fn put<const COUNT: usize>(&mut self, words: [u64; COUNT]) {
        self.stir(words.iter().fold(0, |all, word| all.rotate_left(19) ^ word));
        let end = self.length.wrapping_add(COUNT);
        match self.words.get_mut(self.length..end).and_then(<[u64]>::first_chunk_mut) {
            Some(place) => {
                *place = words;
                self.length = end;
            }
            None => self.refuse(),
        }
    }

    /// There is no room for it, and none for what comes after.
    #[cold]
    fn refuse(&mut self) {
        self.length = usize::MAX;
    }
}

/// The entries of a map. Most have none or one, which takes no iterator to see.
#[inline]
fn each<K: Ord + Deref<Target = str>, V>(map: &BTreeMap<K, V>, mut write: impl FnMut(&str, &V)) {
    match (map.len(), map.first_key_value()) {
        (0, _) | (_, None) => {}
        (1, Some((name, value))) => write(name, value),
        _ => map.iter().for_each(|(name, value)| write(name, value)),
    }
}

fn lengths(one: usize, other: usize) -> u64 {
    (one as u64) << 32 | other as u64 & u64::from(u32::MAX)
}

fn is_plain_exporter(exporter: &Exporter) -> bool {
    exporter.id.is_none() & exporter.sector.is_none() & exporter.flags.is_empty()
}

fn exporter_bits(exporter: &Exporter) -> u64 {
    let Exporter { id: _, role, sector: _, ciio, flags: _, location } = exporter;
    let mut bits = Bits::default();
    bits.flag(is_plain_exporter(exporter));
    bits.flag(*ciio);
    bits.push(role.map_or(0, |role| role as u64 + 1), 2);
    bits.region(*location);
    bits.bits
}

fn is_plain_recipient(recipient: &Recipient) -> bool {
    recipient.kind.is_none() & recipient.governing_policy.is_none() & recipient.other.is_empty()
}

fn recipient_bits(recipient: &Recipient) -> u64 {
    let Recipient {
        class: _,
        id: _,
        kind: _,
        covered_person,
        data_intermediary,
        own_purpose,
        governing_policy: _,
        other: _,
    } = recipient;
    let mut bits = Bits::default();
    bits.flag(is_plain_recipient(recipient));
    bits.maybe(*covered_person);
    bits.maybe(*data_intermediary);
    bits.maybe(*own_purpose);
    bits.bits
}

/// All that rules see of a finding: what surrounds it, its tag, its marks, and whether it only carries what
/// the gateway was told.
#[inline]
fn word_of(finding: &Finding, is_carrier: bool) -> u64 {
    let Marks { third_party, pseudonymous, in_key, container } = finding.marks;
    // Read as one, and drawn together into the four bits at the top.
    let marks = [third_party, pseudonymous, in_key, container].map(u8::from);
    let marks = u32::from_le_bytes(marks).wrapping_mul(0x1020_4080) >> 28;
    let mut bits = Bits::default();
    bits.push(u64::from(finding.tag.0), u16::BITS);
    bits.push(u64::from(marks), 4);
    bits.flag(is_carrier);
    bits.push(finding.enclosing.map_or(0, |number| u64::from(number) + 1), 33);
    bits.bits
}

/// Small answers side by side.
#[derive(Default)]
struct Bits {
    bits: u64,
    width: u32,
}

impl Bits {
    #[inline]
    fn push(&mut self, value: u64, width: u32) {
        debug_assert!(value < 1 << width && self.width + width <= u64::BITS, "it has the room");
        self.bits |= value << self.width;
        self.width += width;
    }

    #[inline]
    fn flag(&mut self, is: bool) {
        self.push(u64::from(is), 1);
    }

    #[inline]
    fn maybe(&mut self, is: Option<bool>) {
        self.push(is.map_or(2, u64::from), 2);
    }

    #[inline]
    fn region(&mut self, region: Option<Region>) {
        self.push(region.map_or(0, |region| region.index() as u64 + 1), 10);
    }
}

#[cfg(test)]
mod tests;
