//! The person and the request: age, what was taken back, flags, counts, lists, legal bases.

use std::collections::BTreeMap;

use super::{Context, Notes, has};
use crate::{
    domain::TagSet,
    policy::{
        Consent, ConsentType, Direction, LegalBasis, Transfer, Withdrawal,
        predicate::{Counter, Grounds, ListRef, NameList, Observations, Volume, WithdrawalSet},
        registry::{PurposeRef, Section},
        source::ListValue,
    },
};

/// What somebody took back.
#[derive(Debug, Clone, Copy)]
enum Object<'w> {
    Purpose(&'w str),
    Recipient(&'w str),
    Category(&'w str),
    /// Consents of one scope and nothing else, see [`Context::is_current`].
    Consent,
    /// `all`, and what nobody understands: it may have been meant to take back anything.
    All,
}

impl Context<'_> {
    /// The age that is stated, unless somebody calls a person of that age a minor: one of the two is wrong, and the
    /// stricter holds.
    pub(in crate::policy) fn age(&self) -> Option<u32> {
        const OF_AGE: u32 = 18;
        let is_called_minor = self.subject.minor == Some(true);
        self.subject.age.filter(|age| !is_called_minor || *age < OF_AGE)
    }

    pub(super) fn is_minor(&self) -> bool {
        match self.age() {
            Some(age) => age < self.set.child_age(self.origin),
            None => self.subject.minor == Some(true),
        }
    }

    /// Whether one of them is on file, or one that nobody knows: it may have been meant to be any.
    pub(in crate::policy) fn opted_out(&self, names: &NameList) -> bool {
        let opt_outs = &self.subject.opt_outs;
        names.iter().any(|name| opt_outs.contains(&**name))
            || opt_outs.iter().any(|name| !self.set.vocabulary.knows(Section::OptOut, name))
    }

    pub(in crate::policy) fn withdrawn(&self, scopes: WithdrawalSet) -> bool {
        self.subject.withdrawn.iter().filter(|it| self.has_begun(it.at)).any(
            |withdrawal| match self.object(withdrawal) {
                Object::Consent => false,
                Object::Purpose(name) => {
                    scopes.purpose
                        && self.is_purpose(name)
                        && !self.is_renewed(withdrawal, |consent| {
                            consent.scope == name
                                || consent.scope.strip_prefix("new_purpose:") == Some(name)
                                || consent.purposes.iter().any(|purpose| purpose == name)
                        })
                }
                Object::Recipient(name) => {
                    scopes.recipient
                        && self.is_recipient(name)
                        && !self.is_renewed(withdrawal, |consent| {
                            consent.recipients.iter().any(|recipient| recipient == name)
                        })
                }
                Object::Category(name) => {
                    scopes.category && self.judged.intersects(&self.set.tag_set(name))
                }
                Object::All => {
                    scopes.all && !self.is_renewed(withdrawal, |consent| consent.scope == "service")
                }
            },
        )
    }

    /// The categories of this transfer that a withdrawal is about: all of them where it is about its purpose or its
    /// recipient.
    pub(super) fn extent(&self, withdrawal: &Withdrawal) -> TagSet {
        let is_about_all = match self.object(withdrawal) {
            Object::All => true,
            Object::Purpose(name) => self.is_purpose(name),
            Object::Recipient(name) => self.is_recipient(name),
            Object::Category(name) => return self.set.tag_set(name),
            Object::Consent => false,
        };
        if is_about_all { TagSet::ALL } else { TagSet::EMPTY }
    }

    fn object<'w>(&self, withdrawal: &'w Withdrawal) -> Object<'w> {
        let scope = withdrawal.scope.as_str();
        let is_consent = |scope: &str| {
            scope != "guardian" && self.set.vocabulary.knows(Section::ConsentScope, scope)
        };
        let has_one = |scope: &str| self.subject.consents.iter().any(|it| it.scope == *scope);
        match scope.split_once(':') {
            Some(("new_purpose", _)) => Object::Consent,
            Some(("consent", name)) if self.set.knows_scope(name) || has_one(name) => {
                Object::Consent
            }
            Some(("category", name)) if self.set.find_tags(name).is_some() => {
                Object::Category(name)
            }
            Some(("purpose", name)) if self.knows_purpose(name) => Object::Purpose(name),
            Some(("recipient", name)) => Object::Recipient(name),
            None if is_consent(scope) => Object::Consent,
            None if self.set.registry.numbers.contains_key(scope) => Object::Purpose(scope),
            Some(_) | None => Object::All,
        }
    }

    fn is_purpose(&self, name: &str) -> bool {
        self.transfer.purpose.as_deref() == Some(name)
    }

    fn is_recipient(&self, name: &str) -> bool {
        let recipient = &self.transfer.recipient;
        let known = [&recipient.id, &recipient.class];
        known.into_iter().flatten().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// A register has the purpose, or a version of the policy adds it, or it is this transfer's.
    fn knows_purpose(&self, name: &str) -> bool {
        let transfer = self.transfer;
        let mut versions = transfer.policy_versions.iter();
        self.set.registry.number(name) != PurposeRef::UNKNOWN
            || transfer.purpose.as_deref() == Some(name)
            || versions.any(|version| version.added_purposes.keys().any(|added| *added == *name))
    }

    /// Tags the subject has taken back.
    pub(in crate::policy) fn withdrawn_categories(&self) -> TagSet {
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

    pub(super) fn collected_for(&self, services: &NameList, absent: bool) -> bool {
        let Some(collected_for) = self.transfer.collected_for.as_deref() else { return absent };
        let service =
            self.transfer.other.get(Transfer::SERVICE).and_then(serde_json::Value::as_str);
        match service {
            Some(service) => service == collected_for,
            None => {
                self.transfer.purpose.as_deref() == Some(collected_for)
                    || has(services, Some(collected_for))
            }
        }
    }

    pub(in crate::policy) fn flag(&self, name: &str) -> bool {
        let transfer = self.transfer;
        let known = match FLAGS.iter().position(|known| *known == name) {
            Some(number) => stated(transfer).get(number).copied().flatten(),
            None => transfer.other.get(name).and_then(serde_json::Value::as_bool),
        };
        known == Some(true)
    }

    pub(super) fn counter(&self, test: &Counter) -> bool {
        let count = self.transfer.counters.get(&*test.key).copied();
        test.known.is_none_or(|known| count.is_some() == known)
            && test.at_least.is_none_or(|bound| count.is_some_and(|count| count >= bound))
            && test.below.is_none_or(|bound| count.is_some_and(|count| count < bound))
            && test.over.is_none_or(|bound| count.is_some_and(|count| count > bound))
    }

    pub(in crate::policy) fn exceeds(&self, volume: &Volume, notes: &mut Notes<'_>) -> bool {
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

    pub(in crate::policy) fn in_list(&self, list: &ListRef, value: ListValue) -> bool {
        match value {
            ListValue::Destination => self.destination.is_some_and(|at| {
                list.regions.contains(at, &self.clock)
                    || self.stated_on(list).any(|name| {
                        let regions = self.set.zones.regions(name);
                        regions.is_some_and(|regions| regions.contains(at, &self.clock))
                    })
            }),
            ListValue::Recipient => self.transfer.recipient.id.as_deref().is_some_and(|id| {
                has(&list.shipped, Some(id))
                    || self.stated_on(list).any(|name| name.eq_ignore_ascii_case(id))
            }),
            ListValue::Category => self.judged.intersects(&self.listed_categories(list)),
        }
    }

    /// What the transfer adds to a list.
    fn stated_on(&self, list: &ListRef) -> impl Iterator<Item = &str> {
        self.transfer.config.get(&*list.name).into_iter().flatten().map(String::as_str)
    }

    pub(in crate::policy) fn listed_categories(&self, list: &ListRef) -> TagSet {
        // What nobody understands may mean anything.
        let tags = |name: &str| self.set.find_tags(name).unwrap_or(TagSet::ALL);
        let shipped = list.shipped.iter().map(|name| tags(name));
        shipped.chain(self.stated_on(list).map(tags)).fold(TagSet::EMPTY, |all, it| all.union(&it))
    }
}

/// Flags that are members of their own, by the names that rules have for them; any other member may be one
/// as well.
const FLAGS: [&str; 9] = [
    "purpose_ended",
    "legal_hold",
    "inbound",
    "consideration",
    "contract_necessity",
    "occasional",
    "anonymised",
    "important_data",
    "government_related",
];

/// What a transfer says of [`FLAGS`], in their order.
fn stated(transfer: &Transfer) -> [Option<bool>; FLAGS.len()] {
    let inbound = || transfer.direction.map(|direction| direction == Direction::Inbound);
    [
        transfer.purpose_ended,
        transfer.legal_hold,
        transfer.inbound.or_else(inbound),
        transfer.consideration,
        transfer.contract_necessity,
        transfer.occasional,
        transfer.anonymised,
        transfer.important_data,
        transfer.government_related,
    ]
}

/// Some flag may be set.
pub(in crate::policy) fn has_flags(transfer: &Transfer) -> bool {
    !transfer.other.is_empty()
        || stated(transfer).iter().fold(false, |any, flag| any | (*flag == Some(true)))
}

/// A field of the basis may also stand beside it, in the transfer itself.
pub(super) fn legal_basis(
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

pub(super) fn allows(grounds: &Grounds, ground: Option<&str>) -> bool {
    match grounds {
        Grounds::Any => ground.is_some(),
        Grounds::Of(names) => has(names, ground),
    }
}
