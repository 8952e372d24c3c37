//! Ways to make a condition hold, or not hold: alternatives, each a set of needs. Read off the tree of
//! the condition; what cannot be put on file (a country, a purpose, an age) has no way.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    need::{ConsentNeed, MechanismNeed, Need, Who, add},
    trace::Deciding,
};
use crate::{
    domain::{Coverage, Effect, TagSet},
    policy::{
        ConsentType, RuleRef, Transport,
        context::{Context, Notes},
        predicate::{
            ConsentTest, Counter, Grounds, KindSet, MechanismTest, NameList, Predicate, Volume,
        },
        set::{Gate, Rule, RuleSet},
    },
};

/// Alternatives of one condition; real ones stay far below.
const WAYS_MAX: usize = 48;
/// Needs of one alternative.
const NEEDS_MAX: usize = 8;

/// What nobody states to make a transfer lawful: it would be another transfer.
const CIRCUMSTANCES: [&str; 6] = [
    "inbound",
    "anonymised",
    "purpose_ended",
    "consideration",
    "important_data",
    "government_related",
];

/// Alternatives. None: it cannot be. One without needs: it is so already.
pub(super) type Ways = Vec<Vec<Need>>;

/// One person's share of a transfer before one country, and what is aimed at.
#[derive(Clone, Copy)]
pub(super) struct Finder<'f, 't> {
    pub(super) set: &'t RuleSet,
    pub(super) context: &'f Context<'t>,
    pub(super) who: &'f Who,
    /// Findings of these people, by number.
    pub(super) findings: &'f [(u32, crate::domain::Finding)],
    /// What a record has to cover; nothing in particular where a redaction is good enough.
    pub(super) cover: TagSet,
}

impl Finder<'_, '_> {
    /// Ways to stop a deciding rule from blocking or redacting.
    pub(super) fn past(&self, deciding: &Deciding) -> Ways {
        if deciding.rule == self.set.default_deny() {
            return self.permits();
        }
        let Some(rule) = self.set.rules.get(deciding.rule.index()) else { return Vec::new() };
        let mut ways = Vec::new();
        if let Some(require) = &rule.require {
            // Blocked although it is met: for what the records leave out.
            let is_partial = self.cover.is_empty() && self.holds(require, true);
            let cover = if is_partial { self.context.personal } else { self.cover };
            ways.extend(Finder { cover, ..*self }.ways(require, true));
        }
        for exception in &rule.exceptions {
            ways.extend(self.granting(*exception));
        }
        if let Some(unless) = &rule.unless {
            ways.extend(Finder { cover: self.context.personal, ..*self }.ways(unless, true));
        }
        if let Some(when) = &rule.when {
            ways.extend(self.ways(when, false));
        }
        if rule.effect == Some(Effect::Block)
            && self.context.coverage == Coverage::Full
            && let Gate::Categories(tags) = &rule.gate
        {
            ways.extend(self.without(tags));
        }
        tidy(ways)
    }

    /// Where no rule allows: ways to make one of those that could.
    fn permits(&self) -> Ways {
        let mut allowing = Vec::new();
        self.candidates(|number, rule| {
            if rule.effect == Some(Effect::Allow) {
                allowing.push(number);
            }
        });
        tidy(allowing.into_iter().flat_map(|number| self.granting(number)).collect())
    }

    fn candidates(&self, mut visit: impl FnMut(RuleRef, &Rule)) {
        let context = self.context;
        self.set.index.candidates(
            context.origin,
            context.destination,
            context.purpose,
            context.class,
            |number| {
                if let Some(rule) = self.set.rules.get(number.index()) {
                    visit(number, rule);
                }
            },
        );
    }

    /// Ways to make an allow rule apply and be met.
    fn granting(&self, number: RuleRef) -> Ways {
        let mut is_candidate = false;
        self.candidates(|candidate, _| is_candidate |= candidate == number);
        let Some(rule) = self.set.rules.get(number.index()).filter(|_| is_candidate) else {
            return Vec::new();
        };
        if !crate::policy::judge::applies(rule, self.context) {
            return Vec::new();
        }
        let mut ways = vec![Vec::new()];
        let unless = rule.unless.as_ref().filter(|unless| self.context.is_lifted_by(unless));
        for (predicate, want) in
            [(rule.when.as_ref(), true), (unless, false), (rule.require.as_ref(), true)]
        {
            if let Some(predicate) = predicate {
                ways = product(ways, &self.ways(predicate, want));
            }
        }
        ways
    }

    /// The payload without what falls under these categories.
    fn without(&self, tags: &TagSet) -> Ways {
        let numbers: BTreeSet<u32> = self
            .findings
            .iter()
            .filter(|(_, finding)| tags.contains(finding.tag))
            .map(|(number, _)| *number)
            .collect();
        if numbers.is_empty() { Vec::new() } else { vec![vec![Need::Redact(numbers)]] }
    }

    fn holds(&self, predicate: &Predicate, want: bool) -> bool {
        let grade = self.context.grade(predicate, &mut Notes::default());
        let wanted = self.cover.intersection(&self.context.personal);
        if want { grade.met && grade.uncovered(&wanted).is_empty() } else { !grade.met }
    }

    fn ways(&self, predicate: &Predicate, want: bool) -> Ways {
        if self.holds(predicate, want) {
            return vec![Vec::new()];
        }
        let context = self.context;
        let one = |need: Need| vec![vec![need]];
        match (predicate, want) {
            (Predicate::All(parts), true) => self.every(parts, true),
            (Predicate::Any(parts), false) => self.below(parts, self.every(parts, false)),
            (Predicate::All(parts), false) | (Predicate::Any(parts), true) => {
                tidy(parts.iter().flat_map(|part| self.ways(part, want)).collect())
            }
            (Predicate::Not(part), want) => self.ways(part, !want),
            (Predicate::Mechanism(test), true) => self.mechanism(test),
            (Predicate::Consent(test), true) => self.consent(test),
            (Predicate::ConsentOnFile(test), true) => {
                let kind = test.kinds.map_or(Some(ConsentType::Explicit), first_kind);
                match (&test.scopes, kind) {
                    (Some(scopes), Some(kind)) => {
                        scopes.iter().map(|scope| vec![self.plain_consent(scope, kind)]).collect()
                    }
                    (Some(_) | None, Some(_) | None) => Vec::new(),
                }
            }
            (Predicate::FreshConsent(true), true) | (Predicate::FreshConsent(false), false) => {
                match &context.transfer.purpose {
                    Some(purpose) => one(self
                        .plain_consent(&format!("new_purpose:{purpose}"), ConsentType::Explicit)),
                    None => Vec::new(),
                }
            }
            (Predicate::LegalBasis { kinds, has_ref, has }, true) => one(Need::LegalBasis {
                kinds: kinds.as_ref().map(owned).unwrap_or_default(),
                reference: *has_ref == Some(true),
                fields: owned(has),
            }),
            (Predicate::Flag(names), true) => names
                .iter()
                .filter(|name| !CIRCUMSTANCES.contains(&&***name))
                .map(|name| vec![Need::Flag(name.to_string())])
                .collect(),
            (Predicate::CnExempt(Grounds::Of(grounds)), true) => {
                grounds.iter().map(|ground| vec![Need::CnExempt(ground.to_string())]).collect()
            }
            (Predicate::UsExempt(Grounds::Of(grounds)), true) => {
                grounds.iter().map(|ground| vec![Need::UsExempt(ground.to_string())]).collect()
            }
            (Predicate::Transport(transports), true) if transports.contains(&Transport::Tls) => {
                one(Need::Tls)
            }
            (Predicate::Transport(transports), false) if !transports.contains(&Transport::Tls) => {
                one(Need::Tls)
            }
            (Predicate::Setting { names, is }, want) => self.settings(names, *is, want),
            (Predicate::OptOut(names), false) => vec![
                names
                    .iter()
                    .filter(|name| context.subject.opt_outs.contains(&***name))
                    .map(|name| Need::OptIn { name: name.to_string(), who: self.who.clone() })
                    .collect(),
            ],
            // Asked again, the person agrees to the service with this recipient for this purpose.
            (Predicate::Withdrawn(_), false) => one(Need::Consent(
                ConsentNeed {
                    names_recipient: context.transfer.recipient.id.is_some(),
                    names_purpose: true,
                    ..self.consent_need("service", ConsentType::Explicit)
                },
                self.who.clone(),
            )),
            (Predicate::Verified(true), true) | (Predicate::Verified(false), false) => {
                one(Need::Verified(self.who.clone()))
            }
            (Predicate::RecipientHasGoverningPolicy(true), true)
            | (Predicate::RecipientHasGoverningPolicy(false), false) => one(Need::GoverningPolicy),
            (Predicate::PolicyNamesDestination(true), true)
            | (Predicate::PolicyNamesDestination(false), false) => {
                context.destination.map(Need::PolicyDestination).map_or_else(Vec::new, one)
            }
            (Predicate::Counter(counter), want) => self.counter(counter, want),
            (Predicate::Volume(volume), false) => self.volume(volume),
            (Predicate::Data(tags), false) => self.without(tags),
            (Predicate::Linked(linked), false) => self.without(&linked.identifiers),
            (Predicate::ThirdParty(true), false) | (Predicate::ThirdParty(false), true) => {
                let numbers: BTreeSet<u32> = self
                    .findings
                    .iter()
                    .filter(|(_, finding)| finding.marks.third_party)
                    .map(|(number, _)| *number)
                    .collect();
                if numbers.is_empty() { Vec::new() } else { one(Need::Redact(numbers)) }
            }
            // Another country, recipient, purpose or person would be another transfer, and records on
            // file are not wished away.
            _ => Vec::new(),
        }
    }

    fn every(&self, parts: &[Predicate], want: bool) -> Ways {
        parts.iter().fold(vec![Vec::new()], |ways, part| product(ways, &self.ways(part, want)))
    }

    /// Where counts are stated so that none of these conditions holds, each stays below every number that one of
    /// them names; a count beside it that nobody states is as much to be said.
    fn below(&self, parts: &[Predicate], mut ways: Ways) -> Ways {
        let mut bounds: BTreeMap<String, u64> = BTreeMap::new();
        for part in parts {
            if let Predicate::Counter(test) = part
                && let Some(most) = test.at_least.and_then(|least| least.checked_sub(1))
                && !self.context.transfer.counters.contains_key(&*test.key)
            {
                let bound = bounds.entry(test.key.to_string()).or_insert(most);
                *bound = most.min(*bound);
            }
        }
        for need in ways.iter_mut().flatten() {
            if let Need::Counts(counts) = need {
                counts.extend(bounds.clone());
            }
        }
        ways
    }

    fn mechanism(&self, test: &MechanismTest) -> Ways {
        let context = self.context;
        if test.names_recipient && context.transfer.recipient.id.is_none() {
            return Vec::new();
        }
        test.kinds
            .iter()
            .map(|kind| {
                vec![Need::Mechanism(MechanismNeed {
                    kind: kind.to_string(),
                    names_recipient: test.names_recipient,
                    names_destination: test.names_destination,
                    destinations: context.destination.into_iter().collect(),
                    with: test
                        .with
                        .iter()
                        .map(|(field, test)| (field.to_string(), test.clone()))
                        .collect(),
                    max_age: test.max_age,
                    min_age: test.min_age,
                    lasts: test.lasts,
                })]
            })
            .collect()
    }

    fn consent_need(&self, scope: &str, kind: ConsentType) -> ConsentNeed {
        ConsentNeed {
            scope: scope.to_owned(),
            kind,
            names_destination: false,
            destinations: self.context.destination.into_iter().collect(),
            names_recipient: false,
            names_purpose: false,
            notice: false,
        }
    }

    fn plain_consent(&self, scope: &str, kind: ConsentType) -> Need {
        Need::Consent(self.consent_need(scope, kind), self.who.clone())
    }

    fn consent(&self, test: &ConsentTest) -> Ways {
        let mut kinds: Vec<ConsentType> = first_kind(test.kinds).into_iter().collect();
        // A child's guardian can speak where the child cannot.
        if self.context.minor
            && test.kinds.contains(ConsentType::Guardian)
            && !kinds.contains(&ConsentType::Guardian)
        {
            kinds.push(ConsentType::Guardian);
        }
        let mut ways = Vec::new();
        for scope in &test.scopes {
            for kind in &kinds {
                ways.push(vec![Need::Consent(
                    ConsentNeed {
                        names_destination: test.names_destination,
                        names_recipient: test.names_recipient,
                        names_purpose: test.names_purpose,
                        notice: test.notice,
                        ..self.consent_need(scope, *kind)
                    },
                    self.who.clone(),
                )]);
            }
        }
        ways
    }

    fn settings(&self, names: &NameList, is: bool, want: bool) -> Ways {
        let setting = |name: &str, is: bool| Need::Setting {
            name: name.to_owned(),
            is,
            who: self.who.clone(),
        };
        if want {
            return names.iter().map(|name| vec![setting(name, is)]).collect();
        }
        vec![
            names
                .iter()
                .filter(|name| self.context.subject.settings.get(&***name) == Some(&is))
                .map(|name| setting(name, !is))
                .collect(),
        ]
    }

    /// A count that is on file is a fact; one that is not can be put there, where it is small enough.
    fn counter(&self, test: &Counter, want: bool) -> Ways {
        if self.context.transfer.counters.contains_key(&*test.key) {
            return Vec::new();
        }
        let satisfies = |count: u64| {
            test.known.is_none_or(|known| known)
                && test.at_least.is_none_or(|bound| count >= bound)
                && test.below.is_none_or(|bound| count < bound)
                && test.over.is_none_or(|bound| count > bound)
        };
        let bounds = [
            test.below.and_then(|below| below.checked_sub(1)),
            test.at_least.and_then(|least| least.checked_sub(1)),
            test.over,
            Some(1),
        ];
        bounds
            .into_iter()
            .flatten()
            .find(|count| satisfies(*count) == want)
            .map_or_else(Vec::new, |at_most| {
                vec![vec![Need::Counts(BTreeMap::from([(test.key.to_string(), at_most)]))]]
            })
    }

    /// Below the threshold, or without the data that has one.
    fn volume(&self, volume: &Volume) -> Ways {
        let counting: Vec<_> =
            volume.counts.iter().filter(|count| self.context.met(&count.when)).collect();
        let mut ways = Vec::new();
        let known = volume
            .counts
            .iter()
            .any(|count| self.context.transfer.counters.contains_key(&*count.counter));
        if let Some(lowest) = counting.iter().map(|count| count.over).min()
            && !known
        {
            let counts = counting.iter().map(|count| (count.counter.to_string(), lowest));
            ways.push(vec![Need::Counts(counts.collect())]);
        }
        ways.extend(
            counting.iter().fold(vec![Vec::new()], |ways, count| {
                product(ways, &self.ways(&count.when, false))
            }),
        );
        tidy(ways)
    }
}

/// The strongest a person can give by a click, then what else there is.
fn first_kind(kinds: KindSet) -> Option<ConsentType> {
    [
        ConsentType::Explicit,
        ConsentType::SeparateExplicit,
        ConsentType::Guardian,
        ConsentType::NoObjection,
        ConsentType::DeemedByUse,
    ]
    .into_iter()
    .find(|kind| kinds.contains(*kind))
}

fn owned(names: &NameList) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// Every alternative of the one with every alternative of the other.
fn product(ways: Ways, others: &Ways) -> Ways {
    let mut both = Vec::new();
    for way in &ways {
        for other in others {
            let mut needs = way.clone();
            other.iter().for_each(|need| add(&mut needs, need));
            both.push(needs);
        }
    }
    tidy(both)
}

/// Smallest first, none twice, none that holds another whole.
fn tidy(mut ways: Ways) -> Ways {
    ways.retain(|way| way.len() <= NEEDS_MAX && way.iter().all(Need::can_be));
    ways.sort_by_key(|way| (way.len(), way.iter().map(Need::rank).sum::<u8>()));
    let mut kept: Ways = Vec::new();
    for way in ways {
        let repeats = kept.iter().any(|known| known.iter().all(|need| way.contains(need)));
        if !repeats && kept.len() < WAYS_MAX {
            kept.push(way);
        }
    }
    kept
}
