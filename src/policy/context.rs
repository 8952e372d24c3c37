//! One transfer as the rules see it: what the facts mean, worked out once, and the predicates over it.
//!
//! Evaluation is total. A fact that is absent satisfies nothing; where absence itself is asked about,
//! the predicate says so.

mod mechanisms;
mod permit;
mod records;
mod stated;

use super::{
    Subject, Timestamp, Transfer,
    clock::Clock,
    people::{Part, Payload},
    predicate::{NameList, Observations, Predicate},
    registry::{ClassRef, PurposeRef},
    set::RuleSet,
};
use crate::domain::{Coverage, Region, Sensitivity, TagSet};

pub(super) use mechanisms::MechanismSet;
use permit::is_announced;
pub(super) use records::lists;
pub(super) use stated::has_flags;
use stated::{allows, legal_basis};

pub(super) struct Context<'t> {
    pub(super) set: &'t RuleSet,
    pub(super) transfer: &'t Transfer,
    /// Whose law is asked: the person's, and in a pass of its own the exporter's.
    pub(super) origin: Option<Region>,
    /// Where the data was first collected: where the person is, unless it is stated.
    pub(super) collected_in: Option<Region>,
    pub(super) subdivision: Option<&'t str>,
    pub(super) subject: &'t Subject,
    pub(super) coverage: Coverage,
    pub(super) clock: Clock,
    /// Tags in the payload.
    pub(super) present: TagSet,
    /// Tags in the payload that a rule about categories looks at: without what is anonymous here.
    pub(super) judged: TagSet,
    /// Those that are personal here (MI-14).
    pub(super) personal: TagSet,
    pub(super) third_party: bool,
    pub(super) pseudonymous: bool,
    pub(super) several: bool,
    pub(super) purpose: PurposeRef,
    pub(super) class: ClassRef,
    pub(super) version: Version<'t>,
    pub(super) permit: PurposePermit,
    pub(super) minor: bool,
    /// Which country is judged now; every country that can read the data has its turn.
    pub(super) destination: Option<Region>,
}

/// The version of the policy that applies at the time of the transfer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Version<'t> {
    pub(super) id: Option<&'t str>,
    pub(super) destinations: Option<&'t [Region]>,
}

/// What the purpose permits at the time of the transfer, by whatever names it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PurposePermit {
    pub(super) registered: bool,
    pub(super) agreed: bool,
    /// A version in force added the purpose.
    pub(super) added: bool,
    pub(super) fresh: bool,
    pub(super) categories: TagSet,
    /// Those of an accepted agreement, which prevails over the policy (MI-78).
    pub(super) agreed_categories: TagSet,
    /// Added by a version, not agreed to afresh.
    pub(super) stale: TagSet,
}

/// Met, and if so for which tags.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grade {
    pub(super) met: bool,
    /// The scope of the records that met it. What a container covers is within a scope that names the container.
    pub(super) covered: TagSet,
    /// What was taken out of that scope again, wherever it lies.
    pub(super) withdrawn: TagSet,
}

impl Grade {
    pub(super) const UNMET: Self =
        Self { met: false, covered: TagSet::EMPTY, withdrawn: TagSet::EMPTY };
    pub(super) const MET: Self = Self { met: true, covered: TagSet::ALL, withdrawn: TagSet::EMPTY };

    fn of(met: bool) -> Self {
        if met { Self::MET } else { Self::UNMET }
    }

    /// Two ways to meet the same: what either covers is covered.
    #[must_use]
    pub(super) fn or(self, other: Self) -> Self {
        let covered = self.covered.union(&other.covered);
        let withdrawn = self.withdrawn.union(&other.withdrawn).difference(&covered);
        Self { met: self.met || other.met, covered, withdrawn }
    }

    /// Two that must both be: what both cover is covered.
    #[must_use]
    fn and(self, other: Self) -> Self {
        Self {
            met: self.met && other.met,
            covered: self.covered.intersection(&other.covered),
            withdrawn: self.withdrawn.union(&other.withdrawn),
        }
    }

    /// Those of these tags that are outside the scope.
    pub(super) fn uncovered(&self, tags: &TagSet) -> TagSet {
        tags.difference(&self.covered)
    }
}

/// What judging showed on the way.
#[derive(Debug, Default)]
pub(super) struct Notes<'m> {
    pub(super) observed: Observations,
    /// Takes in the mechanisms that meet a condition, where somebody asks which.
    pub(super) mechanisms: Option<&'m mut MechanismSet>,
}

impl<'t> Context<'t> {
    pub(super) fn new(
        set: &'t RuleSet,
        transfer: &'t Transfer,
        part: &Part<'t>,
        coverage: Coverage,
    ) -> Self {
        let purpose_name = transfer.purpose.as_deref().unwrap_or_default();
        let purpose = set.registry.number(purpose_name);
        let aggregate = set
            .registry
            .purpose(purpose)
            .and_then(|purpose| purpose.aggregate.as_ref())
            .or_else(|| (transfer.anonymised == Some(true)).then_some(&TagSet::EMPTY));
        let Payload { present, identified, third_party, pseudonymous } = part.payload;
        let personal = set.personal(&present, identified, aggregate);
        let mut context = Self {
            set,
            transfer,
            origin: part.origin,
            collected_in: transfer.collected_in.or(part.origin),
            subdivision: part.subdivision,
            subject: part.subject,
            coverage,
            clock: Clock::new(transfer.as_of),
            present,
            judged: if aggregate.is_some() { personal } else { present },
            personal,
            third_party,
            pseudonymous,
            several: part.several,
            purpose,
            class: set.vocabulary.class(transfer.recipient.class.as_deref()),
            version: Version::default(),
            permit: PurposePermit::default(),
            minor: false,
            destination: transfer.destination,
        };
        context.minor = context.is_minor();
        context.version = context.version_in_force();
        context.permit = context.purpose_permit(purpose_name);
        context
    }

    /// The same transfer under the law of another jurisdiction.
    pub(super) fn under(&mut self, origin: Option<Region>) {
        if self.origin != origin {
            self.origin = origin;
            self.minor = self.is_minor();
        }
    }

    /// The same transfer before another country that receives the data.
    pub(super) fn towards(&mut self, destination: Option<Region>) {
        if self.destination != destination {
            self.destination = destination;
            // The person may have agreed to what is new for some countries.
            if self.permit.added {
                let purpose = self.transfer.purpose.as_deref().unwrap_or_default();
                self.permit = self.purpose_permit(purpose);
            }
        }
    }

    pub(super) fn is_cross_border(&self) -> bool {
        self.destination.is_none() || self.destination != self.origin
    }

    /// Personal data is there, or may be in what could not be read.
    pub(super) fn has_personal(&self) -> bool {
        !self.personal.is_empty() || self.coverage != Coverage::Full
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all others cover everything")]
    pub(super) fn grade(&self, predicate: &Predicate, notes: &mut Notes<'_>) -> Grade {
        match predicate {
            Predicate::All(parts) => {
                let mut whole = Grade::MET;
                for part in parts {
                    let grade = self.grade(part, notes);
                    if !grade.met {
                        return Grade::UNMET;
                    }
                    whole = whole.and(grade);
                }
                whole
            }
            Predicate::Any(parts) => {
                let before = notes.observed;
                let mut best = Grade::UNMET;
                for part in parts {
                    best = best.or(self.grade(part, notes));
                    if best.met && best.uncovered(&self.personal).is_empty() {
                        // What the other ways lacked no longer matters.
                        notes.observed = before;
                        return best;
                    }
                }
                best
            }
            Predicate::Mechanism(test) => self.mechanism(test, notes),
            Predicate::Consent(test) => self.consent(test, notes),
            plain => Grade::of(self.test(plain, notes)),
        }
    }

    /// What takes a rule out of play does so for all of the data, or the rule applies.
    pub(super) fn is_lifted_by(&self, unless: &Predicate) -> bool {
        let grade = self.grade(unless, &mut Notes::default());
        grade.met && grade.uncovered(&self.personal).is_empty()
    }

    /// Met for none of the data: by records that have no category in common, or that were taken back for all there is.
    pub(super) fn is_void(&self, grade: &Grade) -> bool {
        !self.personal.is_empty() && grade.uncovered(&self.personal) == self.personal
    }

    /// Whether a predicate is met, where nobody asks which tags that leaves uncovered.
    pub(super) fn test(&self, predicate: &Predicate, notes: &mut Notes<'_>) -> bool {
        match predicate {
            Predicate::All(parts) => parts.iter().all(|part| self.test(part, notes)),
            Predicate::Any(_) | Predicate::Mechanism(_) | Predicate::Consent(_) => {
                self.grade(predicate, notes).met
            }
            Predicate::Not(part) => !self.test(part, &mut Notes::default()),
            Predicate::Volume(volume) => self.exceeds(volume, notes),
            Predicate::Observed(observations) => notes.observed.intersects(*observations),
            Predicate::Counter(counter) => self.counter(counter),
            Predicate::Counted(is) => self.transfer.counters.is_empty() != *is,

            Predicate::Origin(regions) => {
                self.origin.is_some_and(|at| regions.contains(at, &self.clock))
            }
            Predicate::OriginNot(regions) => {
                !self.origin.is_some_and(|at| regions.contains(at, &self.clock))
            }
            Predicate::OriginKnown(is) => {
                self.origin.is_some_and(|at| self.set.knows_origin(at)) == *is
            }
            Predicate::OriginSubdivision(names) => has(names, self.subdivision),
            Predicate::CollectedIn(regions) => {
                self.collected_in.is_some_and(|at| regions.contains(at, &self.clock))
            }
            Predicate::Destination(regions) => {
                self.destination.is_some_and(|at| regions.contains(at, &self.clock))
            }
            Predicate::DestinationNot(regions) => {
                !self.destination.is_some_and(|at| regions.contains(at, &self.clock))
            }
            Predicate::DestinationKnown(is) => self.destination.is_some() == *is,
            Predicate::RemoteAccess(regions) => {
                self.transfer.remote_access_from.iter().any(|at| regions.contains(*at, &self.clock))
            }
            Predicate::CrossBorder(is) => self.is_cross_border() == *is,

            Predicate::ExporterRole(roles) => {
                self.transfer.exporter.role.is_some_and(|role| roles.contains(&role))
            }
            Predicate::ExporterSector(names) => {
                has(names, self.transfer.exporter.sector.as_deref())
            }
            Predicate::ExporterCiio(is) => self.transfer.exporter.ciio == *is,
            Predicate::ExporterFlag(names) => {
                self.transfer.exporter.flags.iter().any(|flag| has(names, Some(flag)))
            }
            Predicate::RecipientClass(classes) => classes.contains(self.class),
            Predicate::RecipientClassNot(classes) => !classes.contains(self.class),
            Predicate::RecipientKind(names) => has(names, self.transfer.recipient.kind.as_deref()),
            Predicate::RecipientHasKind(is) => {
                let kind = self.transfer.recipient.kind.as_deref();
                kind.is_some_and(|kind| !kind.is_empty()) == *is
            }
            Predicate::RecipientId(names) => has(names, self.transfer.recipient.id.as_deref()),
            Predicate::RecipientCoveredPerson(is) => {
                (self.transfer.recipient.covered_person == Some(true)) == *is
            }
            Predicate::RecipientDataIntermediary(is) => {
                (self.transfer.recipient.data_intermediary == Some(true)) == *is
            }
            Predicate::RecipientOwnPurpose(is) => {
                (self.transfer.recipient.own_purpose == Some(true)) == *is
            }
            Predicate::RecipientHasGoverningPolicy(is) => {
                self.transfer.recipient.governing_policy.is_some() == *is
            }
            Predicate::Purpose(purposes) => purposes.contains(self.purpose),
            Predicate::PurposeNot(purposes) => !purposes.contains(self.purpose),

            Predicate::Data(tags) => self.present.intersects(tags),
            Predicate::Personal => self.has_personal(),
            Predicate::ThirdParty(is) => self.third_party == *is,
            Predicate::Anonymous(is) => self.has_personal() != *is,
            Predicate::Pseudonymous(is) => self.pseudonymous == *is,
            Predicate::Coverage(set) => set.contains(self.coverage),
            Predicate::Linked(linked) => linked.holds(&self.present),
            Predicate::SeveralPeople(is) => self.several == *is,

            Predicate::Flag(names) => names.iter().any(|name| self.flag(name)),
            Predicate::CnExempt(grounds) => allows(
                grounds,
                self.transfer.cn_exempt.as_ref().map(|exempt| exempt.ground.as_str()),
            ),
            Predicate::UsExempt(grounds) => allows(
                grounds,
                self.transfer.us_exempt.as_ref().map(|exempt| exempt.ground.as_str()),
            ),
            Predicate::Transport(transports) => {
                self.transfer.transport.is_some_and(|it| transports.contains(&it))
            }
            Predicate::SourceHost { hosts, absent } => match self.transfer.source_host.as_deref() {
                None | Some("") => *absent,
                Some(host) => hosts.iter().any(|known| known.eq_ignore_ascii_case(host)),
            },
            Predicate::CollectedFor { services, absent } => self.collected_for(services, *absent),

            Predicate::AgeUnder(limit) => match self.age() {
                Some(age) => age < *limit,
                None => self.subject.minor == Some(true),
            },
            Predicate::AgeUnstated => self.subject.age.is_none() && self.subject.minor.is_none(),
            Predicate::Minor(is) => self.minor == *is,
            Predicate::Verified(is) => (self.subject.verified == Some(true)) == *is,
            Predicate::Setting { names, is } => {
                names.iter().any(|name| self.subject.settings.get(&**name) == Some(is))
            }
            Predicate::OptOut(names) => self.opted_out(names),
            Predicate::WithdrawalOnFile(is) => self.subject.withdrawn.is_empty() != *is,
            Predicate::Withdrawn(scopes) => self.withdrawn(*scopes),

            Predicate::LegalBasis { kinds, has_ref, has } => {
                self.transfer.legal_basis.as_ref().is_some_and(|basis| {
                    legal_basis(basis, &self.transfer.other, kinds.as_ref(), *has_ref, has)
                })
            }
            Predicate::ConsentOnFile(test) => self.consent_on_file(test),
            Predicate::FreshConsent(is) => self.permit.is_agreed_afresh() == *is,
            Predicate::InList { list, value } => self.in_list(list, *value),
            Predicate::FirstTransferWithin(period) => self
                .transfer
                .first_transfer_at
                .is_some_and(|first| self.clock.is_within(*period, first)),
            Predicate::AgreementOnFile(is) => self.transfer.user_agreement.is_some() == *is,
            Predicate::AgreementForbidsDestination(is) => {
                self.agreement().is_some_and(|agreement| {
                    self.destination
                        .is_some_and(|at| agreement.forbidden_destinations.contains(&at))
                }) == *is
            }
            Predicate::AgreementPermitsPurpose(is) => self.permit.agreed == *is,
            Predicate::PolicyNamesDestination(is) => self.is_destination_named() == *is,
            Predicate::PolicyNamesPurpose(is) => self.permit.is_named() == *is,
            Predicate::PolicyRegistersPurpose(is) => self.permit.registered == *is,
            Predicate::PolicyExtendsPurpose(is) => self.permit.added == *is,
            Predicate::PolicyPermitsRecipient(is) => self.is_recipient_permitted() == *is,
            Predicate::PolicyHasPendingVersion(is) => {
                self.transfer
                    .policy_versions
                    .iter()
                    .any(|version| !self.has_begun(version.effective_from))
                    == *is
            }
            Predicate::PolicyHasUnannouncedVersion(is) => {
                self.transfer.policy_versions.iter().any(|version| !is_announced(version)) == *is
            }
            Predicate::PolicyHasSeveralVersions(is) => {
                (self.transfer.policy_versions.len() > 1) == *is
            }
            Predicate::PolicyHasMaterialVersion(is) => {
                self.transfer.policy_versions.iter().any(|version| version.material) == *is
            }
            Predicate::AsOf { from, until } => self.clock.is_in(*from, *until),
        }
    }

    pub(super) fn met(&self, predicate: &Predicate) -> bool {
        self.test(predicate, &mut Notes::default())
    }

    /// An instant that has come; one that is not given has, one at an unknown time has not.
    pub(super) fn has_begun(&self, from: Option<Timestamp>) -> bool {
        from.is_none_or(|from| self.clock.has_come(from))
    }
}

fn has(names: &NameList, name: Option<&str>) -> bool {
    name.is_some_and(|name| names.iter().any(|known| **known == *name))
}

/// MI-14: what identifies nobody is personal only beside something that identifies somebody.
pub(super) fn is_anonymous_alone(sensitivity: Sensitivity) -> bool {
    match sensitivity {
        Sensitivity::Anonymous => true,
        Sensitivity::Ordinary | Sensitivity::Sensitive => false,
    }
}
