//! Whose data a payload carries: one subject, or the people of a batch, an address book, a parcel's two
//! ends. Each person's fields are judged under that person's own origin and facts (JR-00-07).

use std::hash::{Hash, Hasher};

use super::{Consent, Subject, Timestamp, Transfer, set::RuleSet};
use crate::domain::{Findings, Region, TagSet};

/// The people of one payload, and whose each finding is.
#[derive(Debug, Clone, PartialEq)]
pub struct People {
    /// The first is the main subject, whose the message is.
    pub people: Vec<Person>,
    /// The number of the person, by finding. A finding past the end is the main subject's.
    pub of: Vec<u32>,
}

/// One data subject of a payload.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Person {
    /// The node of this person's record in [`Findings::nodes`]; `None` for the main subject.
    pub record: Option<u32>,
    /// Jurisdictions the caller or the payload speaks of for this person. Judged under each; with none
    /// the origin is unknown.
    pub origins: Vec<Region>,
    /// ISO 3166-2, such as `US-TX`.
    pub origin_subdivision: Option<String>,
    /// What is on file of this person; without it what the transfer says of its subject holds.
    pub facts: Option<Subject>,
}

impl People {
    /// A payload all of one subject, that of the transfer.
    pub fn one(transfer: &Transfer) -> Self {
        let main = Person {
            record: None,
            origins: transfer.origin.into_iter().collect(),
            origin_subdivision: transfer.origin_subdivision.clone(),
            facts: None,
        };
        Self { people: vec![main], of: Vec::new() }
    }

    /// The number of the person whose the finding is.
    pub(crate) fn whose(&self, finding: usize) -> usize {
        self.of.get(finding).map_or(0, |person| *person as usize)
    }
}

/// One person's share of a payload, as the rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Part<'t> {
    pub(super) origin: Option<Region>,
    pub(super) subdivision: Option<&'t str>,
    pub(super) subject: &'t Subject,
    pub(super) payload: Payload,
    /// The payload is about others, or the law of others, too.
    pub(super) several: bool,
}

/// What the findings of one person add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Payload {
    pub(super) present: TagSet,
    /// Something in the payload identifies a person or device, here or beside.
    pub(super) identified: bool,
    pub(super) third_party: bool,
    pub(super) pseudonymous: bool,
}

/// Facts of a person, equal to those of another when no rule can tell them apart at this time: what a
/// consent's evidence is called, and when it was given or will expire, does not matter while it holds.
#[derive(Clone, Copy)]
pub(super) struct Alike<'t> {
    pub(super) subject: &'t Subject,
    pub(super) now: Option<Timestamp>,
}

/// What the times of a consent come to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Times {
    pub(super) has_begun: bool,
    pub(super) has_not_expired: bool,
    pub(super) is_not_taken_back: bool,
    /// Where it matters.
    pub(super) given_at: Option<Timestamp>,
}

impl<'t> Alike<'t> {
    /// What rules read of one consent.
    fn read(self, consent: &'t Consent) -> impl Hash + PartialEq + use<'t> {
        (
            (consent.scope.as_str(), consent.kind, consent.policy_version.as_deref()),
            (&consent.purposes, &consent.categories, &consent.destinations, &consent.recipients),
            (self.has_notice(consent), self.times(consent)),
        )
    }

    pub(super) fn has_notice(self, consent: &Consent) -> bool {
        consent.notice_ref.as_ref().is_some_and(|notice| !notice.is_empty())
    }

    /// A withdrawal is compared with the time of the consent, so with one on file all of that counts.
    pub(super) fn times(self, consent: &Consent) -> Times {
        let has_come = |at: Timestamp| self.now.is_some_and(|now| at <= now);
        let is_ahead = |at: Timestamp| self.now.is_some_and(|now| now < at);
        Times {
            has_begun: consent.given_at.is_none_or(has_come),
            has_not_expired: consent.expires_at.is_none_or(is_ahead),
            is_not_taken_back: consent.withdrawn_at.is_none_or(is_ahead),
            given_at: consent.given_at.filter(|_| !self.subject.withdrawn.is_empty()),
        }
    }
}

impl PartialEq for Alike<'_> {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.subject, other.subject);
        std::ptr::eq(a, b)
            || (a.age == b.age
                && a.minor == b.minor
                && a.verified == b.verified
                && a.opt_outs.len() == b.opt_outs.len()
                && (a.opt_outs.is_empty() || a.opt_outs == b.opt_outs)
                && a.settings.len() == b.settings.len()
                && (a.settings.is_empty() || a.settings == b.settings)
                && a.withdrawn == b.withdrawn
                && a.consents.len() == b.consents.len()
                && a.consents.iter().zip(&b.consents).all(|(a, b)| self.read(a) == other.read(b)))
    }
}

impl Eq for Alike<'_> {}

impl Hash for Alike<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let subject = self.subject;
        (subject.age, subject.minor, subject.verified).hash(state);
        (&subject.opt_outs, &subject.settings, &subject.withdrawn).hash(state);
        for consent in &subject.consents {
            self.read(consent).hash(state);
        }
    }
}

impl RuleSet {
    /// The payload of each person, by number.
    pub(super) fn payloads(&self, people: &People, findings: &Findings) -> Vec<Payload> {
        let mut payloads = vec![Payload::default(); people.people.len()];
        let mut identified = false;
        for (number, finding) in findings.items.iter().enumerate() {
            if self.registry.is_carrier(finding, findings) {
                continue;
            }
            let Some(payload) = payloads.get_mut(people.whose(number)) else { continue };
            payload.present.insert(finding.tag);
            payload.third_party |= finding.marks.third_party;
            payload.pseudonymous |= finding.marks.pseudonymous;
            identified |= self.identifiers.contains(finding.tag);
        }
        for payload in &mut payloads {
            payload.identified = identified;
        }
        payloads
    }

    /// The same for a payload of one person.
    pub(super) fn payload(&self, findings: &Findings) -> Payload {
        let mut payload = Payload::default();
        for finding in &findings.items {
            if self.registry.is_carrier(finding, findings) {
                continue;
            }
            payload.present.insert(finding.tag);
            payload.third_party |= finding.marks.third_party;
            payload.pseudonymous |= finding.marks.pseudonymous;
        }
        payload.identified = payload.present.intersects(&self.identifiers);
        payload
    }
}
