//! Records on file, and why one of the right type does not count.

use super::state::{Witness, field_words, kind_words, list_of};
use crate::{
    domain::TagSet,
    policy::{
        Consent, Mechanism,
        context::lists,
        predicate::{ConsentTest, MechanismTest},
    },
};

impl Witness<'_, '_> {
    pub(super) fn mechanisms(&self, test: &MechanismTest) -> String {
        let of_kind: Vec<&Mechanism> = self
            .context
            .transfer
            .mechanisms
            .iter()
            .filter(|it| test.kinds.iter().any(|kind| **kind == *it.kind))
            .collect();
        if of_kind.is_empty() {
            return format!("no {} is on file", list_of(&test.kinds));
        }
        let states: Vec<String> = of_kind
            .iter()
            .map(|mechanism| {
                let name = if mechanism.id.is_empty() { &mechanism.kind } else { &mechanism.id };
                match self.shortfall(mechanism, test) {
                    Some(why) => format!("`{name}` {why}"),
                    None => format!("`{name}` counts"),
                }
            })
            .collect();
        states.join("; ")
    }

    /// Why a record of the right type does not count.
    fn shortfall(&self, mechanism: &Mechanism, test: &MechanismTest) -> Option<String> {
        let context = self.context;
        if context.counts(mechanism, test) {
            let scope = context.scope(&mechanism.categories);
            if !context.reaches(&scope) {
                return Some("covers none of the categories here".to_owned());
            }
            let left = self.left_by(&scope);
            return (!left.is_empty())
                .then(|| format!("covers not all: {} is left", self.shorts(&left)));
        }
        let bounded = mechanism.valid_from.is_some() || mechanism.valid_until.is_some();
        if bounded && !context.clock.is_known() {
            return Some("has a validity, and the time is not known".to_owned());
        }
        if let (Some(from), Some(now)) = (mechanism.valid_from, context.clock.instant())
            && now < from
        {
            return Some(format!("is valid from {} only", from.to_the_second()));
        }
        if let (Some(until), Some(now)) = (mechanism.valid_until, context.clock.instant())
            && until <= now
        {
            return Some(format!("expired at {}", until.to_the_second()));
        }
        if context.is_revoked(mechanism) {
            return Some("is revoked or suspended".to_owned());
        }
        let names_destination =
            context.destination.is_some_and(|at| mechanism.destinations.contains(&at));
        if !names_destination && (test.names_destination || !mechanism.destinations.is_empty()) {
            return Some("does not name the destination".to_owned());
        }
        let recipient = context.transfer.recipient.id.as_deref();
        let names_recipient = lists(&mechanism.recipients, recipient);
        if !names_recipient && (test.names_recipient || !mechanism.recipients.is_empty()) {
            return Some("does not name the recipient".to_owned());
        }
        if let Some((field, wanted)) =
            test.with.iter().find(|(field, wanted)| !context.field(mechanism, field, wanted))
        {
            return Some(format!("lacks `{field}` {}", field_words(wanted)));
        }
        Some("is too old or too young to count".to_owned())
    }

    pub(super) fn consents(&self, test: &ConsentTest) -> String {
        let of_scope: Vec<&Consent> = self
            .context
            .subject
            .consents
            .iter()
            .filter(|it| test.scopes.iter().any(|scope| **scope == *it.scope))
            .collect();
        if of_scope.is_empty() {
            return format!("no consent to {} is on file", list_of(&test.scopes));
        }
        let states: Vec<String> = of_scope
            .iter()
            .map(|consent| {
                let what = format!("{} consent to `{}`", kind_words(consent.kind), consent.scope);
                match self.lack(consent, test) {
                    Some(why) => format!("{what} {why}"),
                    None => format!("{what} counts"),
                }
            })
            .collect();
        states.join("; ")
    }

    fn lack(&self, consent: &Consent, test: &ConsentTest) -> Option<String> {
        let context = self.context;
        if !context.is_of_kind(consent, test) {
            return Some("is not of the type asked for".to_owned());
        }
        if let Some(given) = consent.given_at
            && !context.clock.has_come(given)
        {
            return Some("is not yet given".to_owned());
        }
        if let Some(until) = consent.expires_at
            && !context.clock.is_before(until)
        {
            return Some(format!("expired at {}", until.to_the_second()));
        }
        if !context.is_current(consent) {
            return Some("was withdrawn".to_owned());
        }
        if !context.names(consent, test) {
            let bare = ConsentTest { notice: false, ..test.clone() };
            return Some(if context.names(consent, &bare) {
                "does not say what the person was told first".to_owned()
            } else {
                "does not name this destination, recipient or purpose".to_owned()
            });
        }
        let withdrawn = context.taken_back(consent, test);
        if withdrawn == TagSet::ALL {
            return Some("was withdrawn for this purpose or recipient".to_owned());
        }
        let scope = context.scope(&consent.categories);
        let withdrawn = withdrawn.intersection(&context.personal).intersection(&scope);
        if !withdrawn.is_empty() {
            return Some(format!("was withdrawn for {}", self.shorts(&withdrawn)));
        }
        if !context.reaches(&scope) {
            return Some("covers none of the categories here".to_owned());
        }
        let left = self.left_by(&scope);
        (!left.is_empty()).then(|| format!("covers not all: {} is left", self.shorts(&left)))
    }

    /// What of the data here is outside a scope, and not covered by a container that is within it.
    fn left_by(&self, scope: &TagSet) -> TagSet {
        let findings = self.findings;
        let left = findings.items.iter().filter(|finding| {
            self.context.personal.contains(finding.tag)
                && !self.context.set.covers.admit(scope, finding, findings)
        });
        left.map(|finding| finding.tag).collect()
    }
}
