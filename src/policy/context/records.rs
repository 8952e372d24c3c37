//! Mechanisms and consents on file: which count, and for which of the data (JR-00-03, JR-00-09).

use super::{Context, Grade, Notes, has};
use crate::{
    domain::{Coverage, TagSet},
    policy::{
        Consent, ConsentType, Mechanism, Timestamp, Withdrawal,
        predicate::{ConsentOnFile, ConsentTest, MechanismTest, Observations},
        words::FieldTest,
    },
};

impl Context<'_> {
    pub(super) fn mechanism(&self, test: &MechanismTest, notes: &mut Notes<'_>) -> Grade {
        let (mut met, mut covered) = (false, TagSet::EMPTY);
        for (mechanism, index) in self.transfer.mechanisms.iter().zip(0usize..) {
            if !has(&test.kinds, Some(&mechanism.kind)) || !self.counts(mechanism, test) {
                continue;
            }
            let scope = self.scope(&mechanism.categories);
            if self.reaches(&scope) {
                met = true;
                covered = covered.union(&scope);
                if let Some(mechanisms) = &mut notes.mechanisms {
                    mechanisms.insert(index);
                }
            }
        }
        if met {
            let grade = Grade { met, covered, withdrawn: TagSet::EMPTY };
            return self.graded(grade, notes);
        }
        if !self.transfer.mechanisms.is_empty() {
            notes.observed.insert(Observations::MECHANISM_REJECTED);
        }
        Grade::UNMET
    }

    /// Valid now, not revoked, for this destination and recipient, with the fields asked for (JR-00-03).
    pub(in crate::policy) fn counts(&self, mechanism: &Mechanism, test: &MechanismTest) -> bool {
        let bounded = mechanism.valid_from.is_some() || mechanism.valid_until.is_some();
        if bounded && !self.clock.is_in(mechanism.valid_from, mechanism.valid_until) {
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
        let names_recipient = lists(&mechanism.recipients, self.transfer.recipient.id.as_deref());
        if !names_recipient && (test.names_recipient || !mechanism.recipients.is_empty()) {
            return false;
        }
        if let Some(age) = test.max_age
            && mechanism
                .valid_from
                .is_none_or(|from| !self.clock.is_known() || self.clock.is_past(age.after(from)))
        {
            return false;
        }
        if let Some(age) = test.min_age
            && mechanism.valid_from.is_none_or(|from| !self.clock.has_come(age.after(from)))
        {
            return false;
        }
        if let Some(period) = test.lasts {
            let oldest = test.max_age.zip(mechanism.valid_from).map(|(age, from)| age.after(from));
            let end = oldest.into_iter().chain(mechanism.valid_until).min();
            if !self.clock.is_known()
                || end.is_some_and(|end| self.clock.has_come(period.before(end)))
            {
                return false;
            }
        }
        test.with.iter().all(|(field, wanted)| self.field(mechanism, field, wanted))
    }

    pub(in crate::policy) fn is_revoked(&self, mechanism: &Mechanism) -> bool {
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

    pub(in crate::policy) fn field(
        &self,
        mechanism: &Mechanism,
        field: &str,
        test: &FieldTest,
    ) -> bool {
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
            FieldTest::Passed(is) => instant(value)
                .is_some_and(|at| self.clock.is_known() && self.clock.has_come(at) == *is),
            FieldTest::Within { period, of } => {
                let start = instant(value);
                match of {
                    // This date has come, and follows that one by no more than the period.
                    Some(of) => date(of).zip(start).is_some_and(|(first, second)| {
                        period.reaches(first, second) && self.clock.has_come(second)
                    }),
                    None => start.is_some_and(|start| {
                        self.clock.has_come(start) && self.clock.is_within(*period, start)
                    }),
                }
            }
        }
    }

    pub(super) fn consent(&self, test: &ConsentTest, notes: &mut Notes<'_>) -> Grade {
        let (mut grade, mut on_file) = (Grade::UNMET, false);
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
            let withdrawn = self.taken_back(consent, test);
            let covered = self.scope(&consent.categories).difference(&withdrawn);
            if self.reaches(&covered) {
                grade = grade.or(Grade { met: true, covered, withdrawn });
            }
        }
        if grade.met {
            return self.graded(grade, notes);
        }
        if on_file {
            notes.observed.insert(Observations::CONSENT_REJECTED);
        }
        Grade::UNMET
    }

    /// Notes what the records that met a condition leave out.
    fn graded(&self, grade: Grade, notes: &mut Notes<'_>) -> Grade {
        if !grade.uncovered(&self.personal).is_empty() {
            notes.observed.insert(Observations::CATEGORIES_UNCOVERED);
        }
        grade
    }

    /// Whether a record of this scope is about any of the data. One that is not about everything says nothing of what
    /// could not be read.
    pub(in crate::policy) fn reaches(&self, scope: &TagSet) -> bool {
        *scope == TagSet::ALL
            || (self.coverage == Coverage::Full && scope.intersects(&self.personal))
    }

    /// What was taken back of a consent since it was given. The policy asks of withdrawals by themselves, and lets some
    /// disclosures survive them (MI-59, MI-61, MI-71); under the law what was taken back is no consent (JR-00-09), nor
    /// is it for agreeing to something else later.
    pub(in crate::policy) fn taken_back(&self, consent: &Consent, test: &ConsentTest) -> TagSet {
        let mut withdrawn = TagSet::EMPTY;
        if test.in_law {
            for withdrawal in &self.subject.withdrawn {
                if self.is_since(withdrawal, consent) {
                    withdrawn = withdrawn.union(&self.extent(withdrawal));
                }
            }
        }
        withdrawn
    }

    /// Withdrawn by now, and no earlier than the consent was given.
    fn is_since(&self, withdrawal: &Withdrawal, consent: &Consent) -> bool {
        self.has_begun(withdrawal.at)
            && consent.given_at.zip(withdrawal.at).is_none_or(|(given, at)| given <= at)
    }

    /// Given, not expired, not withdrawn since.
    pub(in crate::policy) fn is_current(&self, consent: &Consent) -> bool {
        self.has_begun(consent.given_at)
            && consent.expires_at.is_none_or(|until| self.clock.is_before(until))
            && consent.withdrawn_at.is_none_or(|at| self.clock.is_before(at))
            && !self.subject.withdrawn.iter().any(|withdrawal| {
                let scope = withdrawal.scope.as_str();
                let names_it = scope == "all"
                    || scope == consent.scope
                    || scope.strip_prefix("consent:") == Some(&consent.scope);
                names_it && self.is_since(withdrawal, consent)
            })
    }

    pub(in crate::policy) fn is_of_kind(&self, consent: &Consent, test: &ConsentTest) -> bool {
        // For a minor the guardian speaks.
        let by_guardian = consent.kind == ConsentType::Guardian
            && self.minor
            && test.kinds.contains(ConsentType::SeparateExplicit);
        test.kinds.contains(consent.kind) || by_guardian
    }

    pub(in crate::policy) fn names(&self, consent: &Consent, test: &ConsentTest) -> bool {
        self.is_for_this(consent)
            && !(test.names_destination && consent.destinations.is_empty())
            && !(test.names_recipient && consent.recipients.is_empty())
            && !(test.names_purpose && consent.purposes.is_empty())
            && (!test.notice
                || consent.notice_ref.as_ref().is_some_and(|notice| !notice.is_empty()))
    }

    /// Not for another destination, recipient or purpose.
    pub(super) fn is_for_this(&self, consent: &Consent) -> bool {
        let fits = |listed: &[String], name: Option<&str>| listed.is_empty() || lists(listed, name);
        let is_for_destination = consent.destinations.is_empty()
            || self.destination.is_some_and(|at| consent.destinations.contains(&at));
        is_for_destination
            && fits(&consent.recipients, self.transfer.recipient.id.as_deref())
            && fits(&consent.purposes, self.transfer.purpose.as_deref())
    }

    pub(super) fn consent_on_file(&self, test: &ConsentOnFile) -> bool {
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
    pub(in crate::policy) fn scope(&self, categories: &[String]) -> TagSet {
        if categories.is_empty() { TagSet::ALL } else { self.set.tags(categories) }
    }
}

fn instant(value: Option<&serde_json::Value>) -> Option<Timestamp> {
    value.and_then(serde_json::Value::as_str).and_then(|text| text.parse().ok())
}

/// Whether a scope that is a list of names has this one.
pub(in crate::policy) fn lists(listed: &[String], name: Option<&str>) -> bool {
    name.is_some_and(|name| listed.iter().any(|known| known == name))
}
