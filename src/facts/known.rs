//! How the people of a message are known to the store: by pseudonyms of the identifiers beside them.

use super::{Identifier, IdentifierKind, Pseudonym, SubjectKey};
use crate::{
    domain::{Finding, TagPattern, TagSet, Taxonomy},
    engine::Reading,
    policy::People,
};

/// Categories by what they identify, the preferred first within devices.
pub(super) struct Kinds {
    by_kind: Vec<(IdentifierKind, TagSet)>,
}

impl Kinds {
    pub(super) fn new(taxonomy: &Taxonomy) -> Self {
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

    pub(super) fn kind(&self, finding: &Finding) -> Option<IdentifierKind> {
        self.rank(finding).map(|(_, kind)| kind)
    }

    /// The place of a finding's category in the order of preference, and the kind.
    fn rank(&self, finding: &Finding) -> Option<(usize, IdentifierKind)> {
        let found = self.by_kind.iter().position(|(_, tags)| tags.contains(finding.tag))?;
        self.by_kind.get(found).map(|(kind, _)| (found, *kind))
    }
}

/// How the people of one message are known: by person, identifiers with their rank, the preferred first.
pub(super) struct Known(Vec<Vec<(usize, IdentifierKind, Pseudonym)>>);

impl Known {
    pub(super) fn of(
        reading: &Reading<'_>,
        people: &People,
        kinds: &Kinds,
        key: &SubjectKey,
    ) -> Self {
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
    pub(super) fn subjects(&self, person: usize) -> Vec<Vec<Pseudonym>> {
        let identifiers = self.0.get(person).map(Vec::as_slice).unwrap_or_default();
        let Some((best, ..)) = identifiers.first() else { return Vec::new() };
        let (same, others): (Vec<_>, Vec<_>) =
            identifiers.iter().partition(|(rank, ..)| rank == best);
        match same.as_slice() {
            [(_, _, one)] => {
                let others = others.iter().map(|(_, _, pseudonym)| *pseudonym);
                vec![std::iter::once(*one).chain(others).collect()]
            }
            // Whose the other identifiers are is not known: see `unplaced`.
            several => several.iter().map(|(_, _, pseudonym)| vec![*pseudonym]).collect(),
        }
    }

    /// Where a share stands for several people, the other identifiers in it: each may be anybody's, so that what
    /// forbids under one of them holds for all. They count as nobody of their own.
    pub(super) fn unplaced(&self, person: usize) -> Vec<Pseudonym> {
        let identifiers = self.0.get(person).map(Vec::as_slice).unwrap_or_default();
        let Some((best, ..)) = identifiers.first() else { return Vec::new() };
        if identifiers.iter().filter(|(rank, ..)| rank == best).count() <= 1 {
            return Vec::new();
        }
        let others = identifiers.iter().filter(|(rank, ..)| rank != best);
        others.map(|(_, _, pseudonym)| *pseudonym).collect()
    }

    /// All that a record names them by: whoever looks for one identifier finds what was sent of it.
    pub(super) fn named(&self, person: usize) -> Vec<Vec<Pseudonym>> {
        let mut named = self.subjects(person);
        if let Some(first) = named.first_mut() {
            first.extend(self.unplaced(person));
        }
        named
    }

    /// Devices by the preferred kind of device id there is.
    pub(super) fn devices(&self, person: usize) -> Vec<Vec<Pseudonym>> {
        let identifiers = self.0.get(person).map(Vec::as_slice).unwrap_or_default();
        let mut devices =
            identifiers.iter().filter(|(_, kind, _)| *kind == IdentifierKind::DeviceId).peekable();
        let best = devices.peek().map(|(rank, ..)| *rank);
        devices.filter(|(rank, ..)| Some(*rank) == best).map(|(_, _, it)| vec![*it]).collect()
    }
}
