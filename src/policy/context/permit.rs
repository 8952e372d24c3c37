//! What the policy in force, an accepted agreement and consent afresh permit (MI-78 to MI-82).

use super::{Context, PurposePermit, Version};
use crate::{
    domain::TagSet,
    policy::{
        ConsentType, PolicyVersion, UserAgreement,
        registry::{Permit, Purpose},
    },
};

impl<'t> Context<'t> {
    pub(super) fn version_in_force(&self) -> Version<'t> {
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

    pub(in crate::policy) fn agreement(&self) -> Option<&'t UserAgreement> {
        self.transfer
            .user_agreement
            .as_ref()
            .filter(|agreement| agreement.accepted && self.has_begun(agreement.accepted_at))
    }

    pub(super) fn purpose_permit(&self, name: &str) -> PurposePermit {
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
        let adding =
            self.adding(name).max_by_key(|(version, _)| (version.effective_from, &version.id));
        if let Some((_, added)) = adding {
            permit.added = true;
            let agreed = self.agreed_afresh(name);
            permit.fresh = agreed.is_some();
            let agreed = agreed.unwrap_or(TagSet::EMPTY);
            permit.categories = permit.categories.union(&added.intersection(&agreed));
            permit.stale = added.difference(&permit.categories);
        }
        permit
    }

    /// The version in force names the destination, where the facility stands. Whoever reads from afar has none there.
    pub(in crate::policy) fn is_destination_named(&self) -> bool {
        let (named, destination) = (self.version.destinations, self.destination);
        destination != self.transfer.destination
            || named.zip(destination).is_some_and(|(named, at)| named.contains(&at))
    }

    /// The purpose provides for a recipient of this class, or is none the registry knows.
    pub(in crate::policy) fn is_recipient_permitted(&self) -> bool {
        let purpose = self.set.registry.purpose(self.purpose);
        purpose.is_none_or(|purpose| purpose.recipients.contains(self.class))
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

    /// Versions in force that add the purpose or categories to it, each with the categories it says. What the latest
    /// says of a purpose is what it has.
    fn adding(&self, purpose: &str) -> impl Iterator<Item = (&'t PolicyVersion, TagSet)> {
        self.transfer.policy_versions.iter().filter(|it| self.is_in_force(it)).filter_map(
            move |version| {
                let categories = version.added_purposes.get(purpose)?;
                Some((version, self.set.tags(categories)))
            },
        )
    }

    /// What the purpose had in a version of the policy, by that and those before it; `None` where it was not there.
    fn known_to(&self, version: &str, purpose: &str) -> Option<TagSet> {
        let mut versions = self.transfer.policy_versions.iter();
        let agreed_to = versions.find(|it| it.id == *version)?;
        self.adding(purpose)
            .filter(|(adding, _)| adding.effective_from <= agreed_to.effective_from)
            .map(|(_, categories)| categories)
            .reduce(|all, it| all.union(&it))
    }

    /// MI-82: what the person agreed to explicitly, for this recipient and destination, by a consent to the purpose
    /// itself or to a version that had it; `None` where nobody agreed.
    fn agreed_afresh(&self, purpose: &str) -> Option<TagSet> {
        let mut agreed = None;
        for consent in &self.subject.consents {
            let explicit = match consent.kind {
                ConsentType::Explicit | ConsentType::SeparateExplicit => true,
                ConsentType::Guardian => self.minor,
                ConsentType::NoObjection | ConsentType::DeemedByUse => false,
            };
            if !explicit || !self.is_current(consent) || !self.is_for_this(consent) {
                continue;
            }
            let known = match (consent.scope.strip_prefix("new_purpose:"), &consent.policy_version)
            {
                (Some(named), _) => (named == purpose).then_some(TagSet::ALL),
                (None, Some(version)) if consent.scope == "service" => {
                    self.known_to(version, purpose)
                }
                (None, _) => None,
            };
            if let Some(known) = known {
                let scope = self.scope(&consent.categories).intersection(&known);
                agreed = Some(agreed.map_or(scope, |all: TagSet| all.union(&scope)));
            }
        }
        agreed
    }
}

impl PurposePermit {
    /// The policy or an agreement knows the purpose.
    pub(in crate::policy) fn is_named(&self) -> bool {
        self.registered || self.agreed || self.added
    }

    /// Nobody has to be asked, or the person agreed.
    pub(in crate::policy) fn is_agreed_afresh(&self) -> bool {
        self.registered || self.agreed || self.fresh
    }
}

pub(super) fn is_announced(version: &PolicyVersion) -> bool {
    !version.material || version.notice_ref.as_ref().is_some_and(|notice| !notice.is_empty())
}
