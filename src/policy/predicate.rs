//! Conditions, compiled: a closed set of predicates over names already looked up. Evaluating one is
//! total; the tree is kept whole so that what is missing can be read off it.

use super::{
    ConsentType, ExporterRole, Period, Timestamp, Transport,
    region_set::RegionSet,
    registry::{ClassRef, PurposeRef},
    words::FieldTest,
};
use crate::domain::{Coverage, TagSet};

pub(super) type NameList = Box<[Box<str>]>;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Predicate {
    All(Box<[Predicate]>),
    Any(Box<[Predicate]>),
    Not(Box<Predicate>),

    Origin(RegionSet),
    OriginNot(RegionSet),
    OriginKnown(bool),
    OriginSubdivision(NameList),
    CollectedIn(RegionSet),
    Destination(RegionSet),
    DestinationNot(RegionSet),
    DestinationKnown(bool),
    RemoteAccess(RegionSet),
    CrossBorder(bool),

    ExporterRole(Box<[ExporterRole]>),
    ExporterSector(NameList),
    ExporterCiio(bool),
    ExporterFlag(NameList),
    RecipientClass(ClassSet),
    RecipientClassNot(ClassSet),
    RecipientKind(NameList),
    RecipientHasKind(bool),
    RecipientId(NameList),
    RecipientCoveredPerson(bool),
    RecipientDataIntermediary(bool),
    RecipientOwnPurpose(bool),
    RecipientHasGoverningPolicy(bool),
    Purpose(PurposeSet),
    PurposeNot(PurposeSet),

    Data(TagSet),
    Personal,
    ThirdParty(bool),
    Anonymous(bool),
    Pseudonymous(bool),
    Coverage(CoverageSet),
    Linked(Box<Linked>),
    SeveralPeople(bool),

    Flag(NameList),
    CnExempt(Grounds),
    UsExempt(Grounds),
    Transport(Box<[Transport]>),
    SourceHost {
        hosts: NameList,
        absent: bool,
    },
    CollectedFor {
        services: NameList,
        absent: bool,
    },

    AgeUnder(u32),
    Minor(bool),
    Verified(bool),
    Setting {
        names: NameList,
        is: bool,
    },
    OptOut(NameList),
    Withdrawn(WithdrawalSet),
    WithdrawalOnFile(bool),

    LegalBasis {
        kinds: Option<NameList>,
        has_ref: Option<bool>,
        has: NameList,
    },
    Mechanism(Box<MechanismTest>),
    Consent(Box<ConsentTest>),
    ConsentOnFile(Box<ConsentOnFile>),
    FreshConsent(bool),
    Counter(Box<Counter>),
    /// Neither an age nor whether the person is a minor was stated.
    AgeUnstated,
    Counted(bool),
    Volume(Box<Volume>),
    InList {
        list: ListRef,
        value: super::source::ListValue,
    },
    FirstTransferWithin(Period),
    AgreementOnFile(bool),
    AgreementForbidsDestination(bool),
    AgreementPermitsPurpose(bool),
    PolicyNamesDestination(bool),
    PolicyNamesPurpose(bool),
    PolicyRegistersPurpose(bool),
    PolicyExtendsPurpose(bool),
    PolicyPermitsRecipient(bool),
    PolicyHasPendingVersion(bool),
    PolicyHasUnannouncedVersion(bool),
    PolicyHasSeveralVersions(bool),
    PolicyHasMaterialVersion(bool),
    AsOf {
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    },
    Observed(Observations),
}

/// Recipient classes as bits of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ClassSet(pub(super) u64);

impl ClassSet {
    pub(super) const MAX: usize = 63;

    pub(super) fn insert(&mut self, class: ClassRef) {
        self.0 |= 1 << (class.0 & 63);
    }

    pub(super) fn contains(self, class: ClassRef) -> bool {
        self.0 >> (class.0 & 63) & 1 == 1
    }
}

/// Purposes as bits of their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PurposeSet(Vec<u64>);

impl PurposeSet {
    pub(super) fn insert(&mut self, purpose: PurposeRef) {
        let word = usize::from(purpose.0 / 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (purpose.0 % 64);
        }
    }

    pub(super) fn disjoint(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & b == 0)
    }

    pub(super) fn within(&self, other: &Self) -> bool {
        self.0
            .iter()
            .enumerate()
            .all(|(number, word)| word & !other.0.get(number).copied().unwrap_or(0) == 0)
    }

    pub(super) fn contains(&self, purpose: PurposeRef) -> bool {
        self.0
            .get(usize::from(purpose.0 / 64))
            .is_some_and(|word| word >> (purpose.0 % 64) & 1 == 1)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct CoverageSet {
    pub(super) full: bool,
    pub(super) partial: bool,
    pub(super) opaque: bool,
}

impl Predicate {
    /// Whether it holds for no other coverage than such as this one.
    pub(super) fn asks_for(&self, coverage: Coverage) -> bool {
        if let Self::All(parts) = self {
            return parts.iter().any(|part| part.asks_for(coverage));
        }
        matches!(self, Self::Coverage(set) if set.contains(coverage))
    }

    /// Whether it holds for nothing that was read in full.
    pub(super) fn is_of_gaps(&self) -> bool {
        if let Self::All(parts) = self {
            return parts.iter().any(Self::is_of_gaps);
        }
        matches!(self, Self::Coverage(set) if !set.full)
    }
}

impl CoverageSet {
    pub(super) fn contains(self, coverage: Coverage) -> bool {
        match coverage {
            Coverage::Full => self.full,
            Coverage::Partial => self.partial,
            Coverage::Opaque => self.opaque,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Linked {
    pub(super) identifiers: TagSet,
    pub(super) not_only: Vec<TagSet>,
    pub(super) beside: TagSet,
}

impl Linked {
    pub(super) fn holds(&self, present: &TagSet) -> bool {
        let listed = present.intersection(&self.identifiers);
        if listed.is_empty() {
            return false;
        }
        if !present.intersection(&self.beside).difference(&listed).is_empty() {
            return true;
        }
        listed.len() > 1 && !self.not_only.iter().any(|group| listed.difference(group).is_empty())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Grounds {
    Any,
    Of(NameList),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct WithdrawalSet {
    pub(super) all: bool,
    pub(super) purpose: bool,
    pub(super) recipient: bool,
    pub(super) category: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct MechanismTest {
    pub(super) kinds: NameList,
    pub(super) names_recipient: bool,
    pub(super) names_destination: bool,
    pub(super) with: Box<[(Box<str>, FieldTest)]>,
    pub(super) max_age: Option<Period>,
    pub(super) min_age: Option<Period>,
    pub(super) lasts: Option<Period>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ConsentTest {
    pub(super) scopes: NameList,
    pub(super) kinds: KindSet,
    pub(super) names_destination: bool,
    pub(super) names_recipient: bool,
    pub(super) names_purpose: bool,
    pub(super) notice: bool,
    /// The law asks, to which no consent is one that was taken back.
    pub(super) in_law: bool,
}

/// Consent types as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct KindSet(u8);

impl KindSet {
    pub(super) fn insert(&mut self, kind: ConsentType) {
        self.0 |= 1 << bit(kind);
    }

    pub(super) fn contains(self, kind: ConsentType) -> bool {
        self.0 >> bit(kind) & 1 == 1
    }
}

fn bit(kind: ConsentType) -> u8 {
    match kind {
        ConsentType::Explicit => 0,
        ConsentType::SeparateExplicit => 1,
        ConsentType::NoObjection => 2,
        ConsentType::DeemedByUse => 3,
        ConsentType::Guardian => 4,
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ConsentOnFile {
    pub(super) scopes: Option<NameList>,
    pub(super) kinds: Option<KindSet>,
    pub(super) to_new_version: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counter {
    pub(super) key: Box<str>,
    pub(super) at_least: Option<u64>,
    pub(super) below: Option<u64>,
    pub(super) over: Option<u64>,
    pub(super) known: Option<bool>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Volume {
    pub(super) counts: Box<[VolumeCount]>,
    pub(super) unknown_is_exceeded: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct VolumeCount {
    pub(super) counter: Box<str>,
    pub(super) over: u64,
    pub(super) when: Predicate,
}

/// A list by name, with the values the register ships.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListRef {
    pub(super) name: Box<str>,
    pub(super) shipped: NameList,
    /// What those mean, on a list of destinations.
    pub(super) regions: RegionSet,
}

/// What judging showed, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Observations(u8);

impl Observations {
    pub(super) const MECHANISM_REJECTED: Self = Self(1);
    pub(super) const CONSENT_REJECTED: Self = Self(2);
    pub(super) const CATEGORIES_UNCOVERED: Self = Self(4);
    pub(super) const BLOCKED: Self = Self(8);
    pub(super) const COUNT_UNKNOWN: Self = Self(16);

    pub(super) const NAMES: [(&'static str, Self); 5] = [
        ("mechanism_rejected", Self::MECHANISM_REJECTED),
        ("consent_rejected", Self::CONSENT_REJECTED),
        ("categories_uncovered", Self::CATEGORIES_UNCOVERED),
        ("blocked", Self::BLOCKED),
        ("count_unknown", Self::COUNT_UNKNOWN),
    ];

    pub(super) fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Predicate {
    /// Calls `visit` for this predicate and every one below it.
    pub(super) fn walk(&self, visit: &mut impl FnMut(&Predicate)) {
        visit(self);
        if let Self::All(parts) | Self::Any(parts) = self {
            parts.iter().for_each(|part| part.walk(visit));
        } else if let Self::Not(part) = self {
            part.walk(visit);
        } else if let Self::Volume(volume) = self {
            volume.counts.iter().for_each(|count| count.when.walk(visit));
        }
    }

    /// Looks at a count itself, whatever stands below it.
    pub(super) fn is_count(&self) -> bool {
        matches!(self, Self::Counter(_) | Self::Counted(_) | Self::Volume(_))
    }

    /// Depends on what judging other rules showed.
    pub(super) fn is_closing(&self) -> bool {
        let mut closing = false;
        self.walk(&mut |predicate| closing |= matches!(predicate, Self::Observed(_)));
        closing
    }
}
