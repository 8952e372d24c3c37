//! One transfer as the rules see it: what the facts mean, worked out once, and the predicates over it.
//!
//! Evaluation is total. A fact that is absent satisfies nothing; where absence itself is asked about,
//! the predicate says so.

use std::collections::BTreeMap;

use super::{
    Consent, ConsentType, Direction, LegalBasis, Mechanism, PolicyVersion, Subject, Timestamp,
    Transfer, Withdrawal,
    people::{Part, Payload},
    predicate::{
        ConsentOnFile, ConsentTest, Counter, Grounds, ListRef, MechanismTest, NameList,
        Observations, Predicate, Volume, WithdrawalSet,
    },
    registry::{Permit, Purpose, Section},
    set::RuleSet,
    source::ListValue,
    words::FieldTest,
};
use crate::domain::{Coverage, Region, Sensitivity, TagSet};

pub(super) struct Context<'t> {
    pub(super) set: &'t RuleSet,
    pub(super) transfer: &'t Transfer,
    /// Whose law is asked: the person's, and in a pass of its own the exporter's.
    pub(super) origin: Option<Region>,
    pub(super) subdivision: Option<&'t str>,
    pub(super) subject: &'t Subject,
    pub(super) coverage: Coverage,
    pub(super) now: Option<Timestamp>,
    /// Tags in the payload.
    pub(super) present: TagSet,
    /// Tags in the payload that a rule about categories looks at: without what is anonymous here.
    pub(super) judged: TagSet,
    /// Those that are personal here (MI-14).
    pub(super) personal: TagSet,
    pub(super) third_party: bool,
    pub(super) pseudonymous: bool,
    pub(super) several: bool,
    pub(super) purpose: u16,
    pub(super) class: u8,
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

/// Met, and if so for which tags not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grade {
    pub(super) met: bool,
    /// Personal tags outside the scope of the record that met it.
    pub(super) uncovered: TagSet,
}

impl Grade {
    pub(super) const UNMET: Self = Self { met: false, uncovered: TagSet::EMPTY };
    pub(super) const MET: Self = Self { met: true, uncovered: TagSet::EMPTY };

    fn of(met: bool) -> Self {
        Self { met, uncovered: TagSet::EMPTY }
    }

    /// Two ways to meet the same: what neither covers is uncovered.
    #[must_use]
    pub(super) fn or(self, other: Self) -> Self {
        match (self.met, other.met) {
            (true, true) => {
                Self { met: true, uncovered: self.uncovered.intersection(&other.uncovered) }
            }
            (false, true) => other,
            (true | false, false) => self,
        }
    }
}

/// What judging showed on the way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Notes {
    pub(super) observed: Observations,
    /// Mechanisms that met a condition, as bits of their index; those past 64 are not named.
    pub(super) mechanisms: u64,
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
        let aggregate = transfer.anonymised == Some(true)
            || set.registry.purpose(purpose).is_some_and(|purpose| purpose.aggregate);
        let Payload { present, identified, third_party, pseudonymous } = part.payload;
        let personal = set.personal(&present, identified, aggregate);
        let mut context = Self {
            set,
            transfer,
            origin: part.origin,
            subdivision: part.subdivision,
            subject: part.subject,
            coverage,
            now: transfer.as_of,
            present,
            judged: if aggregate { personal } else { present },
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

    pub(super) fn is_cross_border(&self) -> bool {
        self.destination.is_none() || self.destination != self.origin
    }

    /// Personal data is there, or may be in what could not be read.
    pub(super) fn has_personal(&self) -> bool {
        !self.personal.is_empty() || self.coverage != Coverage::Full
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all others leave nothing uncovered")]
    pub(super) fn grade(&self, predicate: &Predicate, notes: &mut Notes) -> Grade {
        match predicate {
            Predicate::All(parts) => {
                let mut whole = Grade::MET;
                for part in parts {
                    let grade = self.grade(part, notes);
                    if !grade.met {
                        return Grade::UNMET;
                    }
                    whole.uncovered = whole.uncovered.union(&grade.uncovered);
                }
                whole
            }
            Predicate::Any(parts) => {
                let before = *notes;
                let mut best = Grade::UNMET;
                for part in parts {
                    best = best.or(self.grade(part, notes));
                    if best.met && best.uncovered.is_empty() {
                        // What the other ways lacked no longer matters.
                        notes.observed = before.observed;
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

    /// Whether a predicate is met, where nobody asks which tags that leaves uncovered.
    pub(super) fn test(&self, predicate: &Predicate, notes: &mut Notes) -> bool {
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
                self.origin.is_some_and(|at| regions.contains(at, self.now))
            }
            Predicate::OriginNot(regions) => {
                !self.origin.is_some_and(|at| regions.contains(at, self.now))
            }
            Predicate::OriginKnown(is) => {
                self.origin.is_some_and(|at| self.set.knows_origin(at)) == *is
            }
            Predicate::OriginSubdivision(names) => has(names, self.subdivision),
            Predicate::CollectedIn(regions) => {
                self.transfer.collected_in.is_some_and(|at| regions.contains(at, self.now))
            }
            Predicate::Destination(regions) => {
                self.destination.is_some_and(|at| regions.contains(at, self.now))
            }
            Predicate::DestinationNot(regions) => {
                !self.destination.is_some_and(|at| regions.contains(at, self.now))
            }
            Predicate::DestinationKnown(is) => self.destination.is_some() == *is,
            Predicate::RemoteAccess(regions) => {
                self.transfer.remote_access_from.iter().any(|at| regions.contains(*at, self.now))
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

            Predicate::AgeUnder(limit) => match self.subject.age {
                Some(age) => age < *limit,
                None => self.subject.minor == Some(true),
            },
            Predicate::AgeUnstated => self.subject.age.is_none() && self.subject.minor.is_none(),
            Predicate::Minor(is) => self.minor == *is,
            Predicate::Verified(is) => (self.subject.verified == Some(true)) == *is,
            Predicate::Setting { names, is } => {
                names.iter().any(|name| self.subject.settings.get(&**name) == Some(is))
            }
            Predicate::OptOut(names) => {
                names.iter().any(|name| self.subject.opt_outs.contains(&**name))
            }
            Predicate::Withdrawn(scopes) => self.withdrawn(*scopes),

            Predicate::LegalBasis { kinds, has_ref, has } => {
                self.transfer.legal_basis.as_ref().is_some_and(|basis| {
                    legal_basis(basis, &self.transfer.other, kinds.as_ref(), *has_ref, has)
                })
            }
            Predicate::ConsentOnFile(test) => self.consent_on_file(test),
            Predicate::FreshConsent(is) => {
                (self.permit.registered || self.permit.agreed || self.permit.fresh) == *is
            }
            Predicate::InList { list, value } => self.in_list(list, *value),
            Predicate::FirstTransferWithin(period) => self
                .transfer
                .first_transfer_at
                .zip(self.now)
                .is_some_and(|(first, now)| period.reaches(first, now)),
            Predicate::AgreementForbidsDestination(is) => {
                self.agreement().is_some_and(|agreement| {
                    self.destination
                        .is_some_and(|at| agreement.forbidden_destinations.contains(&at))
                }) == *is
            }
            Predicate::AgreementPermitsPurpose(is) => self.permit.agreed == *is,
            Predicate::PolicyNamesDestination(is) => {
                self.version
                    .destinations
                    .zip(self.destination)
                    .is_some_and(|(named, at)| named.contains(&at))
                    == *is
            }
            Predicate::PolicyNamesPurpose(is) => {
                (self.permit.registered || self.permit.agreed || self.permit.added) == *is
            }
            Predicate::PolicyRegistersPurpose(is) => self.permit.registered == *is,
            Predicate::PolicyExtendsPurpose(is) => self.permit.added == *is,
            Predicate::PolicyPermitsRecipient(is) => {
                self.set
                    .registry
                    .purpose(self.purpose)
                    .is_none_or(|purpose| purpose.recipients.contains(self.class))
                    == *is
            }
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
            Predicate::AsOf { from, until } => self.is_in(*from, *until),
        }
    }

    pub(super) fn met(&self, predicate: &Predicate) -> bool {
        self.test(predicate, &mut Notes::default())
    }

    /// The time is known and inside the window.
    pub(super) fn is_in(&self, from: Option<Timestamp>, until: Option<Timestamp>) -> bool {
        self.now.is_some_and(|now| {
            from.is_none_or(|from| from <= now) && until.is_none_or(|until| now < until)
        })
    }

    /// An instant that has come; one that is not given has, one at an unknown time has not.
    pub(super) fn has_begun(&self, from: Option<Timestamp>) -> bool {
        from.is_none_or(|from| self.now.is_some_and(|now| from <= now))
    }
}

// === mechanisms and consents ===

impl Context<'_> {
    fn mechanism(&self, test: &MechanismTest, notes: &mut Notes) -> Grade {
        let (mut met, mut covered) = (false, TagSet::EMPTY);
        for (mechanism, index) in self.transfer.mechanisms.iter().zip(0u32..) {
            if !has(&test.kinds, Some(&mechanism.kind)) || !self.counts(mechanism, test) {
                continue;
            }
            let scope = self.scope(&mechanism.categories);
            if mechanism.categories.is_empty()
                || (self.coverage == Coverage::Full && scope.intersects(&self.personal))
            {
                met = true;
                covered = covered.union(&scope);
                notes.mechanisms |= 1u64.checked_shl(index).unwrap_or(0);
            }
        }
        if met {
            let uncovered = self.personal.difference(&covered);
            if !uncovered.is_empty() {
                notes.observed.insert(Observations::CATEGORIES_UNCOVERED);
            }
            return Grade { met, uncovered };
        }
        if !self.transfer.mechanisms.is_empty() {
            notes.observed.insert(Observations::MECHANISM_REJECTED);
        }
        Grade::UNMET
    }

    /// Valid now, not revoked, for this destination and recipient, with the fields asked for (JR-00-03).
    pub(super) fn counts(&self, mechanism: &Mechanism, test: &MechanismTest) -> bool {
        let bounded = mechanism.valid_from.is_some() || mechanism.valid_until.is_some();
        if bounded && !self.is_in(mechanism.valid_from, mechanism.valid_until) {
            return false;
        }
        if self.is_revoked(mechanism) {
            return false;
        }
        let names_destination =
            self.destination.is_some_and(|at| mechanism.destinations.contains(&at));
        if !names_destination && (test.names_destination || !mechanism.destinations.is_empty()) {
            return false;
        }
        let names_recipient =
            self.transfer.recipient.id.as_ref().is_some_and(|id| mechanism.recipients.contains(id));
        if !names_recipient && (test.names_recipient || !mechanism.recipients.is_empty()) {
            return false;
        }
        if let Some(age) = test.max_age
            && mechanism.valid_from.zip(self.now).is_none_or(|(from, now)| age.after(from) < now)
        {
            return false;
        }
        if let Some(age) = test.min_age
            && mechanism.valid_from.zip(self.now).is_none_or(|(from, now)| now < age.after(from))
        {
            return false;
        }
        test.with.iter().all(|(field, wanted)| self.field(mechanism, field, wanted))
    }

    pub(super) fn is_revoked(&self, mechanism: &Mechanism) -> bool {
        let other = &mechanism.other;
        let says = |field: &str, value: bool| {
            other.get(field).and_then(serde_json::Value::as_bool) == Some(value)
        };
        let status = other.get("status").and_then(serde_json::Value::as_str);
        says("revoked", true)
            || says("active", false)
            || status.is_some_and(|status| {
                ["revoked", "suspended", "withdrawn", "expired", "lapsed", "inactive"]
                    .contains(&status)
            })
            || instant(other.get("revoked_at")).is_some_and(|at| self.has_begun(Some(at)))
    }

    pub(super) fn field(&self, mechanism: &Mechanism, field: &str, test: &FieldTest) -> bool {
        let date = |field: &str| match field {
            "valid_from" => mechanism.valid_from,
            "valid_until" => mechanism.valid_until,
            other => instant(mechanism.other.get(other)),
        };
        let value = mechanism.other.get(field).filter(|value| !value.is_null());
        match test {
            FieldTest::Is(wanted) => value.is_some_and(|value| wanted.equals(value)),
            FieldTest::Not(unwanted) => !value.is_some_and(|value| unwanted.equals(value)),
            FieldTest::Present(is) => value.is_some() == *is,
            FieldTest::Passed(is) => {
                instant(value).zip(self.now).is_some_and(|(at, now)| (at <= now) == *is)
            }
            FieldTest::Within { period, of } => {
                let start = instant(value);
                match of {
                    // This date follows that one by no more than the period.
                    Some(of) => date(of)
                        .zip(start)
                        .is_some_and(|(first, second)| period.reaches(first, second)),
                    None => start
                        .zip(self.now)
                        .is_some_and(|(start, now)| start <= now && period.reaches(start, now)),
                }
            }
        }
    }

    fn consent(&self, test: &ConsentTest, notes: &mut Notes) -> Grade {
        let (mut met, mut on_file, mut covered) = (false, false, TagSet::EMPTY);
        for consent in &self.subject.consents {
            if !has(&test.scopes, Some(&consent.scope)) {
                continue;
            }
            on_file = true;
            if !self.is_current(consent)
                || !self.is_of_kind(consent, test)
                || !self.names(consent, test)
            {
                continue;
            }
            let scope = self.scope(&consent.categories);
            if consent.categories.is_empty()
                || (self.coverage == Coverage::Full && scope.intersects(&self.personal))
            {
                met = true;
                covered = covered.union(&scope);
            }
        }
        if met {
            let uncovered = self.personal.difference(&covered);
            if !uncovered.is_empty() {
                notes.observed.insert(Observations::CATEGORIES_UNCOVERED);
            }
            return Grade { met, uncovered };
        }
        if on_file {
            notes.observed.insert(Observations::CONSENT_REJECTED);
        }
        Grade::UNMET
    }

    /// Given, not expired, not withdrawn since.
    pub(super) fn is_current(&self, consent: &Consent) -> bool {
        self.has_begun(consent.given_at)
            && consent.expires_at.is_none_or(|until| self.now.is_some_and(|now| now < until))
            && !self.subject.withdrawn.iter().any(|withdrawal| {
                let scope = withdrawal.scope.as_str();
                let names_it = scope == "all"
                    || scope == consent.scope
                    || scope.strip_prefix("consent:") == Some(&consent.scope);
                names_it
                    && self.has_begun(withdrawal.at)
                    && consent
                        .given_at
                        .zip(withdrawal.at)
                        .is_none_or(|(given, withdrawn)| given <= withdrawn)
            })
    }

    pub(super) fn is_of_kind(&self, consent: &Consent, test: &ConsentTest) -> bool {
        // For a minor the guardian speaks.
        let by_guardian = consent.kind == ConsentType::Guardian
            && self.minor
            && test.kinds.contains(ConsentType::SeparateExplicit);
        test.kinds.contains(consent.kind) || by_guardian
    }

    pub(super) fn names(&self, consent: &Consent, test: &ConsentTest) -> bool {
        let lists = |listed: &[String], name: Option<&String>, must: bool| {
            if listed.is_empty() { !must } else { name.is_some_and(|name| listed.contains(name)) }
        };
        let destination = if consent.destinations.is_empty() {
            !test.names_destination
        } else {
            self.destination.is_some_and(|at| consent.destinations.contains(&at))
        };
        destination
            && lists(&consent.recipients, self.transfer.recipient.id.as_ref(), test.names_recipient)
            && lists(&consent.purposes, self.transfer.purpose.as_ref(), test.names_purpose)
            && (!test.notice
                || consent.notice_ref.as_ref().is_some_and(|notice| !notice.is_empty()))
    }

    fn consent_on_file(&self, test: &ConsentOnFile) -> bool {
        self.subject.consents.iter().any(|consent| {
            test.scopes.as_ref().is_none_or(|scopes| has(scopes, Some(&consent.scope)))
                && test.kinds.is_none_or(|kinds| kinds.contains(consent.kind))
                && test.to_new_version.is_none_or(|is| {
                    let to_new = self.transfer.policy_versions.len() > 1
                        && consent.policy_version.is_some()
                        && consent.policy_version.as_deref() == self.version.id;
                    to_new == is
                })
        })
    }

    /// What a record's `categories` cover; everything when it lists none.
    pub(super) fn scope(&self, categories: &[String]) -> TagSet {
        if categories.is_empty() { TagSet::ALL } else { self.set.tags(categories) }
    }
}

// === purpose, policy version, agreement ===

impl<'t> Context<'t> {
    fn version_in_force(&self) -> Version<'t> {
        let transfer = self.transfer;
        if transfer.policy_versions.is_empty() {
            return match &self.set.registry.version {
                Some(version) if self.has_begun(Some(version.effective_from)) => Version {
                    id: Some(&version.id),
                    destinations: Some(&self.set.registry.destinations),
                },
                Some(_) | None => Version::default(),
            };
        }
        let in_force = transfer.policy_versions.iter().filter(|it| self.is_in_force(it));
        let latest = in_force.clone().max_by_key(|version| (version.effective_from, &version.id));
        Version {
            id: latest.map(|version| version.id.as_str()),
            // What a version does not say stays as it was.
            destinations: in_force
                .filter(|version| version.destinations.is_some())
                .max_by_key(|version| (version.effective_from, &version.id))
                .and_then(|version| version.destinations.as_deref()),
        }
    }

    fn is_in_force(&self, version: &PolicyVersion) -> bool {
        self.has_begun(version.effective_from) && is_announced(version)
    }

    pub(super) fn agreement(&self) -> Option<&'t super::UserAgreement> {
        self.transfer
            .user_agreement
            .as_ref()
            .filter(|agreement| agreement.accepted && self.has_begun(agreement.accepted_at))
    }

    fn purpose_permit(&self, name: &str) -> PurposePermit {
        let registered = self.set.registry.purpose(self.purpose);
        let mut permit = PurposePermit {
            registered: registered.is_some() && self.version.id.is_some(),
            ..PurposePermit::default()
        };
        if let Some(purpose) = registered {
            permit.categories = self.registered_categories(purpose);
            let kind = self.transfer.recipient.kind.as_deref();
            for variation in &self.set.registry.also {
                if variation.applies(self.class, kind) {
                    permit.categories = permit.categories.union(&variation.categories);
                }
            }
        }
        if let Some(agreement) = self.agreement() {
            for agreed in agreement.permits.iter().filter(|agreed| agreed.purpose == name) {
                permit.agreed = true;
                permit.agreed_categories =
                    permit.agreed_categories.union(&self.set.tags(&agreed.categories));
            }
            permit.categories = permit.categories.union(&permit.agreed_categories);
        }
        let mut added = TagSet::EMPTY;
        let mut added_at: Option<Timestamp> = None;
        for version in self.transfer.policy_versions.iter().filter(|it| self.is_in_force(it)) {
            if let Some(categories) = version.added_purposes.get(name) {
                permit.added = true;
                added = added.union(&self.set.tags(categories));
                added_at = added_at.max(version.effective_from);
            }
        }
        if permit.added {
            permit.fresh = self.has_fresh_consent(name, added_at);
            if permit.fresh {
                permit.categories = permit.categories.union(&added);
            } else {
                permit.stale = added.difference(&permit.categories);
            }
        }
        permit
    }

    fn registered_categories(&self, purpose: &Purpose) -> TagSet {
        let kind = self.transfer.recipient.kind.as_deref();
        match &purpose.permit {
            Permit::Categories { base, also, only } => {
                let mut categories = only
                    .iter()
                    .find(|variation| variation.applies(self.class, kind))
                    .map_or(*base, |variation| variation.categories);
                for variation in also.iter().filter(|it| it.applies(self.class, kind)) {
                    categories = categories.union(&variation.categories);
                }
                categories
            }
            Permit::LegalBasis => self
                .transfer
                .legal_basis
                .as_ref()
                .map_or(TagSet::EMPTY, |basis| self.set.tags(&basis.scope_categories)),
            Permit::Consent(scope) => {
                let mut categories = TagSet::EMPTY;
                for consent in &self.subject.consents {
                    if *consent.scope == **scope
                        && consent.kind != ConsentType::DeemedByUse
                        && self.is_current(consent)
                    {
                        categories = categories.union(&self.scope(&consent.categories));
                    }
                }
                categories
            }
        }
    }

    /// MI-82: explicit, and to the version that added it or to the purpose itself.
    fn has_fresh_consent(&self, purpose: &str, added_at: Option<Timestamp>) -> bool {
        self.subject.consents.iter().any(|consent| {
            let explicit = match consent.kind {
                ConsentType::Explicit | ConsentType::SeparateExplicit => true,
                ConsentType::Guardian => self.minor,
                ConsentType::NoObjection | ConsentType::DeemedByUse => false,
            };
            explicit && self.is_current(consent) && {
                let names_it = consent.scope.strip_prefix("new_purpose:") == Some(purpose);
                let to_version = (consent.scope == "service"
                    && (consent.purposes.is_empty()
                        || consent.purposes.iter().any(|it| it == purpose)))
                    && self.transfer.policy_versions.iter().any(|version| {
                        consent.policy_version.as_ref() == Some(&version.id)
                            && version.effective_from >= added_at
                    });
                names_it || to_version
            }
        })
    }
}

fn is_announced(version: &PolicyVersion) -> bool {
    !version.material || version.notice_ref.as_ref().is_some_and(|notice| !notice.is_empty())
}

// === subject and request ===

impl Context<'_> {
    fn is_minor(&self) -> bool {
        let subject = self.subject;
        match subject.age {
            Some(age) => age < self.set.child_age(self.origin),
            None => subject.minor == Some(true),
        }
    }

    pub(super) fn withdrawn(&self, scopes: WithdrawalSet) -> bool {
        let transfer = self.transfer;
        self.subject.withdrawn.iter().filter(|it| self.has_begun(it.at)).any(|withdrawal| {
            let scope = withdrawal.scope.as_str();
            // A consent named alone is taken back, see `is_current`, and nothing else.
            let is_consent = |scope: &str| {
                scope != "guardian" && self.set.vocabulary.knows(Section::ConsentScope, scope)
            };
            let named = match scope.split_once(':') {
                Some(("consent" | "new_purpose", _)) => return false,
                Some(("category", name)) if self.set.find_tags(name).is_none() => None,
                None if is_consent(scope) => return false,
                None if self.set.registry.numbers.contains_key(scope) => Some(("purpose", scope)),
                named => named,
            };
            match named {
                Some(("purpose", name)) => {
                    scopes.purpose
                        && transfer.purpose.as_deref() == Some(name)
                        && !self.is_renewed(withdrawal, |consent| {
                            consent.scope == name
                                || consent.scope.strip_prefix("new_purpose:") == Some(name)
                                || consent.purposes.iter().any(|purpose| purpose == name)
                        })
                }
                Some(("recipient", name)) => {
                    scopes.recipient
                        && (transfer.recipient.id.as_deref() == Some(name)
                            || transfer.recipient.class.as_deref() == Some(name))
                        && !self.is_renewed(withdrawal, |consent| {
                            consent.recipients.iter().any(|recipient| recipient == name)
                        })
                }
                Some(("category", name)) => {
                    scopes.category && self.judged.intersects(&self.set.tag_set(name))
                }
                // `all`, and what nobody understands: it may have been meant to take back anything.
                Some(_) | None => {
                    scopes.all && !self.is_renewed(withdrawal, |consent| consent.scope == "service")
                }
            }
        })
    }

    /// Tags the subject has taken back.
    pub(super) fn withdrawn_categories(&self) -> TagSet {
        let mut tags = TagSet::EMPTY;
        for withdrawal in &self.subject.withdrawn {
            if let Some(name) = withdrawal.scope.strip_prefix("category:")
                && self.has_begun(withdrawal.at)
                && !self.is_renewed(withdrawal, |consent| {
                    consent.categories.iter().any(|category| category == name)
                })
            {
                tags = tags.union(&self.set.tag_set(name));
            }
        }
        tags
    }

    /// The subject agreed again, explicitly, after taking it back.
    fn is_renewed(&self, withdrawal: &Withdrawal, names_it: impl Fn(&Consent) -> bool) -> bool {
        self.subject.consents.iter().any(|consent| {
            matches!(consent.kind, ConsentType::Explicit | ConsentType::SeparateExplicit)
                && names_it(consent)
                && self.has_begun(consent.given_at)
                && consent
                    .given_at
                    .zip(withdrawal.at)
                    .is_some_and(|(given, withdrawn)| withdrawn < given)
        })
    }

    fn collected_for(&self, services: &NameList, absent: bool) -> bool {
        let Some(collected_for) = self.transfer.collected_for.as_deref() else { return absent };
        let service = self.transfer.other.get("service").and_then(serde_json::Value::as_str);
        match service {
            Some(service) => service == collected_for,
            None => {
                self.transfer.purpose.as_deref() == Some(collected_for)
                    || has(services, Some(collected_for))
            }
        }
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        let transfer = self.transfer;
        let known = match name {
            "purpose_ended" => transfer.purpose_ended,
            "legal_hold" => transfer.legal_hold,
            "inbound" => transfer
                .inbound
                .or_else(|| transfer.direction.map(|direction| direction == Direction::Inbound)),
            "consideration" => transfer.consideration,
            "contract_necessity" => transfer.contract_necessity,
            "occasional" => transfer.occasional,
            "anonymised" => transfer.anonymised,
            "important_data" => transfer.important_data,
            "government_related" => transfer.government_related,
            other => transfer.other.get(other).and_then(serde_json::Value::as_bool),
        };
        known == Some(true)
    }

    fn counter(&self, test: &Counter) -> bool {
        let count = self.transfer.counters.get(&*test.key).copied();
        test.known.is_none_or(|known| count.is_some() == known)
            && test.at_least.is_none_or(|bound| count.is_some_and(|count| count >= bound))
            && test.below.is_none_or(|bound| count.is_some_and(|count| count < bound))
            && test.over.is_none_or(|bound| count.is_some_and(|count| count > bound))
    }

    pub(super) fn exceeds(&self, volume: &Volume, notes: &mut Notes) -> bool {
        let mut known = false;
        let (mut largest, mut lowest) = (0u64, None::<u64>);
        for count in &volume.counts {
            let value = self.transfer.counters.get(&*count.counter);
            known |= value.is_some();
            if self.met(&count.when) {
                largest = largest.max(value.copied().unwrap_or(0));
                lowest = Some(lowest.map_or(count.over, |lowest| lowest.min(count.over)));
            }
        }
        match lowest {
            None => false,
            Some(_) if !known => {
                notes.observed.insert(Observations::COUNT_UNKNOWN);
                volume.unknown_is_exceeded
            }
            Some(lowest) => largest > lowest,
        }
    }

    pub(super) fn in_list(&self, list: &ListRef, value: ListValue) -> bool {
        match value {
            ListValue::Destination => {
                self.destination.is_some_and(|at| self.lists(list, at.as_str()))
            }
            ListValue::Recipient => {
                self.transfer.recipient.id.as_deref().is_some_and(|id| self.lists(list, id))
            }
            ListValue::Category => self.judged.intersects(&self.listed_categories(list)),
        }
    }

    fn lists(&self, list: &ListRef, name: &str) -> bool {
        has(&list.shipped, Some(name))
            || self
                .transfer
                .config
                .get(&*list.name)
                .is_some_and(|values| values.iter().any(|value| value == name))
    }

    pub(super) fn listed_categories(&self, list: &ListRef) -> TagSet {
        // What nobody understands may mean anything.
        let tags = |name: &str| self.set.find_tags(name).unwrap_or(TagSet::ALL);
        let stated = self.transfer.config.get(&*list.name).into_iter().flatten();
        let shipped = list.shipped.iter().map(|name| tags(name));
        shipped.chain(stated.map(|name| tags(name))).fold(TagSet::EMPTY, |all, it| all.union(&it))
    }
}

/// A field of the basis may also stand beside it, in the transfer itself.
fn legal_basis(
    basis: &LegalBasis,
    beside: &BTreeMap<String, serde_json::Value>,
    kinds: Option<&NameList>,
    has_ref: Option<bool>,
    fields: &NameList,
) -> bool {
    let reference = basis.reference.as_ref().is_some_and(|reference| !reference.is_empty());
    kinds.is_none_or(|kinds| has(kinds, basis.kind.as_deref()))
        && has_ref.is_none_or(|is| reference == is)
        && fields.iter().all(|field| {
            basis.other.get(&**field).or_else(|| beside.get(&**field)).is_some_and(|value| {
                !value.is_null() && value.as_str() != Some("") && value.as_bool() != Some(false)
            })
        })
}

fn allows(grounds: &Grounds, ground: Option<&str>) -> bool {
    match grounds {
        Grounds::Any => ground.is_some(),
        Grounds::Of(names) => has(names, ground),
    }
}

fn has(names: &NameList, name: Option<&str>) -> bool {
    name.is_some_and(|name| names.iter().any(|known| **known == *name))
}

fn instant(value: Option<&serde_json::Value>) -> Option<Timestamp> {
    value.and_then(serde_json::Value::as_str).and_then(|text| text.parse().ok())
}

/// MI-14: what identifies nobody is personal only beside something that identifies somebody.
pub(super) fn is_anonymous_alone(sensitivity: Sensitivity) -> bool {
    match sensitivity {
        Sensitivity::Anonymous => true,
        Sensitivity::Ordinary | Sensitivity::Sensitive => false,
    }
}
