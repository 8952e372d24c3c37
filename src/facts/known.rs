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

/// How the people of one message are known: by person, identifiers, the preferred first.
pub(super) struct Known(Vec<Vec<Mark>>);

/// One identifier.
struct Mark {
    rank: usize,
    kind: IdentifierKind,
    code: Pseudonym,
    /// What it may be on file under beside that, written otherwise.
    also: Vec<Pseudonym>,
}

impl Known {
    pub(super) fn of(
        reading: &Reading<'_>,
        people: &People,
        kinds: &Kinds,
        key: &SubjectKey,
    ) -> Self {
        let mut known: Vec<Vec<Mark>> = people.people.iter().map(|_| Vec::new()).collect();
        for (number, finding) in reading.findings().items.iter().enumerate() {
            let marks = finding.marks;
            // Another's number says nothing of the subject, and a code of a number is not the number.
            if marks.third_party || marks.pseudonymous || marks.container {
                continue;
            }
            let Some((rank, kind)) = kinds.rank(finding) else { continue };
            let whose = people.whose(number);
            let Some(person) = known.get_mut(whose) else { continue };
            let value = reading.text(finding);
            // A number without its country is one of where its owner is, where that is one country.
            let region =
                finding.region.or_else(|| match people.people.get(whose)?.origins.as_slice() {
                    [origin] => Some(*origin),
                    _ => None,
                });
            let codes = key.pseudonyms(Identifier { kind, value: &value }, region);
            if let Some((code, also)) = codes.split_first() {
                person.push(Mark { rank, kind, code: *code, also: also.to_vec() });
            }
        }
        for person in &mut known {
            person.sort_unstable_by_key(|it| (it.rank, it.kind, it.code));
            person.dedup_by(|again, first| {
                let is_same = (again.rank, again.code) == (first.rank, first.code);
                if is_same {
                    first.also.append(&mut again.also);
                }
                is_same
            });
        }
        Self(known)
    }

    /// The people a person's share of the message stands for: one for each value of the preferred kind,
    /// so that a list without names of its own is not taken for one person.
    pub(super) fn subjects(&self, person: usize) -> Vec<Vec<Pseudonym>> {
        let (same, others) = self.by_preference(person);
        match same {
            [] => Vec::new(),
            [one] => vec![one.codes().chain(others.iter().flat_map(Mark::codes)).collect()],
            // Whose the other identifiers are is not known: see `unplaced`.
            several => several.iter().map(|it| it.codes().collect()).collect(),
        }
    }

    /// Where a share stands for several people, the other identifiers in it: each may be anybody's, so that what
    /// forbids under one of them holds for all. They count as nobody of their own.
    pub(super) fn unplaced(&self, person: usize) -> Vec<Pseudonym> {
        match self.by_preference(person) {
            ([] | [_], _) => Vec::new(),
            (_, others) => others.iter().flat_map(Mark::codes).collect(),
        }
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
            identifiers.iter().filter(|it| it.kind == IdentifierKind::DeviceId).peekable();
        let best = devices.peek().map(|it| it.rank);
        devices.filter(|it| Some(it.rank) == best).map(|it| vec![it.code]).collect()
    }

    /// Identifiers of the preferred kind, and the others.
    fn by_preference(&self, person: usize) -> (&[Mark], &[Mark]) {
        let identifiers = self.0.get(person).map(Vec::as_slice).unwrap_or_default();
        let best = identifiers.first().map(|it| it.rank);
        identifiers.split_at(identifiers.partition_point(|it| Some(it.rank) == best))
    }
}

impl Mark {
    fn codes(&self) -> impl Iterator<Item = Pseudonym> {
        std::iter::once(self.code).chain(self.also.iter().copied())
    }
}
