//! What can be seen of rules before any transfer is judged: that one can never fire, never acts, or never
//! changes an answer because another always does what it does.
//!
//! Every finding is certain; what cannot be decided from the conditions alone is not complained about.

use rustc_hash::FxHashMap;

use super::{
    Layer, Timestamp,
    index::Dimensions,
    predicate::{Counter, Grounds, NameList, Predicate},
    set::{Gate, Rule},
    source::Mode,
};
use crate::{
    domain::{Effect, TagSet},
    source::give_way,
};

type Window = (Option<Timestamp>, Option<Timestamp>);

/// Why a rule can never fire or act, if it can be seen.
pub(super) fn futile(rule: &Rule, dimensions: &Dimensions, anonymous: &TagSet) -> Option<String> {
    let dimensions = predicates(dimensions);
    let mut parts: Vec<&Predicate> = dimensions.iter().collect();
    let when = rule.when.as_ref();
    parts.extend(when);
    let parts = flat(&parts);
    if let Some(reason) = contradiction(&parts) {
        return Some(format!("can never fire: {reason}"));
    }
    if let Gate::Categories(tags) = &rule.gate {
        if tags.is_empty() {
            return Some("can never fire: `data` names no category".to_owned());
        }
        let asks_nothing_personal = parts.iter().any(|it| **it == Predicate::Anonymous(true));
        if asks_nothing_personal && tags.intersection(anonymous).is_empty() {
            return Some(
                "can never fire: `data` is personal, and `anonymous` asks that nothing is"
                    .to_owned(),
            );
        }
    }
    if rule.unless.as_ref().is_some_and(|unless| implied(&parts, unless)) {
        return Some("can never fire: `unless` holds whenever `when` does".to_owned());
    }
    let acts = matches!(rule.effect, Some(Effect::Block | Effect::Redact));
    if acts && rule.require.as_ref().is_some_and(|require| implied(&parts, require)) {
        return Some("never acts: `require` holds whenever `when` does".to_owned());
    }
    None
}

/// Counters on which a rule is lenient while they are not on file, though it says nothing of that: a count that is not
/// there satisfies no bound. A rule that goes by what is stated (`facts_unavailable: stated`) has said so.
pub(super) fn passed_uncounted(rule: &Rule) -> Vec<&str> {
    let Some(effect) = rule.effect.filter(|_| rule.worst.is_some()) else { return Vec::new() };
    let permits = effect == Effect::Allow;
    let mut bounds = Bounds::default();
    // Where a bound that does not hold is in favour of the transfer.
    for (condition, lenient) in
        [(&rule.when, !permits), (&rule.unless, permits), (&rule.require, false)]
    {
        condition.iter().for_each(|condition| bounds.look(condition, lenient));
    }
    let Bounds { mut lenient, known } = bounds;
    lenient.retain(|key| !known.contains(key));
    lenient.sort_unstable();
    lenient.dedup();
    lenient
}

#[derive(Default)]
struct Bounds<'r> {
    lenient: Vec<&'r str>,
    /// Asked whether they are on file.
    known: Vec<&'r str>,
}

impl<'r> Bounds<'r> {
    fn look(&mut self, condition: &'r Predicate, lenient: bool) {
        if let Predicate::All(parts) | Predicate::Any(parts) = condition {
            parts.iter().for_each(|part| self.look(part, lenient));
        } else if let Predicate::Not(part) = condition {
            self.look(part, !lenient);
        } else if let Predicate::Counter(counter) = condition {
            if counter.known.is_some() {
                self.known.push(&counter.key);
            } else if lenient {
                self.lenient.push(&counter.key);
            }
        }
    }
}

/// One rule as the search for shadows sees it.
pub(super) struct Seen<'r> {
    pub(super) rule: &'r Rule,
    pub(super) dimensions: &'r Dimensions,
    /// Ids of its exceptions.
    pub(super) exceptions: Vec<&'r str>,
}

/// Pairs of rules by their place in the list: the first never changes an answer, since the second, of the
/// same layer, blocks or redacts the same whenever it does.
pub(super) fn shadowed(rules: &[Seen<'_>]) -> Vec<(usize, usize)> {
    let dimensions: Vec<Vec<Predicate>> =
        rules.iter().map(|seen| predicates(seen.dimensions)).collect();
    let parts: Vec<Vec<&Predicate>> = rules
        .iter()
        .zip(&dimensions)
        .map(|(seen, dimensions)| {
            let mut parts: Vec<&Predicate> = dimensions.iter().collect();
            parts.extend(&seen.rule.when);
            flat(&parts)
        })
        .collect();
    /// What rules must share for one to stand around another.
    type Outcome = (Layer, Option<Effect>, TagSet, Option<usize>);
    let mut alike: FxHashMap<Outcome, Vec<usize>> = FxHashMap::default();
    for (Seen { rule, .. }, number) in rules.iter().zip(0usize..) {
        if matches!(rule.effect, Some(Effect::Block | Effect::Redact)) && rule.mode == Mode::Enforce
        {
            let required = rule.require.as_ref().map(size);
            let key = (rule.layer, rule.effect, rule.selection.categories, required);
            alike.entry(key).or_default().push(number);
        }
    }
    let stands_around = |wide: usize, narrow: usize| {
        let facts = |number: usize| rules.get(number).zip(parts.get(number));
        facts(wide).zip(facts(narrow)).is_some_and(
            |((wide, wide_parts), (narrow, narrow_parts))| {
                // What tells most pairs apart comes first.
                wide_parts.iter().all(|it| implied(narrow_parts, it)) && does_the_same(wide, narrow)
            },
        )
    };
    let mut pairs = Vec::new();
    for mut group in alike.into_values() {
        // Only the widest can stand around many; looking at all pairs of thousands would take too long.
        group.sort_by_key(|number| (parts.get(*number).map(Vec::len), *number));
        for narrow in &group {
            give_way();
            let wide = group.iter().take(WIDEST).find(|wide| {
                *wide != narrow
                    && stands_around(**wide, *narrow)
                    // Of two that are equal the first stands.
                    && (*wide < narrow || !stands_around(*narrow, **wide))
            });
            pairs.extend(wide.map(|wide| (*narrow, *wide)));
        }
    }
    pairs.sort_unstable();
    pairs
}

/// How many rules of one outcome are tried as the wider of two.
const WIDEST: usize = 16;

/// Apart from where the two apply.
fn does_the_same(wide: &Seen<'_>, narrow: &Seen<'_>) -> bool {
    let (a, b) = (wide.rule, narrow.rule);
    let gate = match (&a.gate, &b.gate) {
        (Gate::Any, _) | (Gate::Personal, Gate::Personal) => true,
        (Gate::Categories(wide), Gate::Categories(narrow)) => narrow.difference(wide).is_empty(),
        (Gate::Personal | Gate::Categories(_), _) => false,
    };
    let time = match (a.window, b.window) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some((from, until)), Some((later, earlier))) => {
            from.is_none_or(|from| later.is_some_and(|later| from <= later))
                && until.is_none_or(|until| earlier.is_some_and(|earlier| earlier <= until))
        }
    };
    gate && time
        && (a.cross_border.is_none() || a.cross_border == b.cross_border)
        && a.unless == b.unless
        && a.require == b.require
        && a.selection == b.selection
        && a.replacement == b.replacement
        && wide.exceptions.iter().all(|exception| narrow.exceptions.contains(exception))
}

/// The dimensions of the index as the predicates they were written as.
fn predicates(dimensions: &Dimensions) -> Vec<Predicate> {
    let mut parts = Vec::new();
    parts.extend(dimensions.origin.clone().map(Predicate::Origin));
    parts.extend(dimensions.origin_not.clone().map(Predicate::OriginNot));
    parts.extend(dimensions.destination.clone().map(Predicate::Destination));
    parts.extend(dimensions.destination_not.clone().map(Predicate::DestinationNot));
    parts.extend(dimensions.purpose.clone().map(Predicate::Purpose));
    parts.extend(dimensions.purpose_not.clone().map(Predicate::PurposeNot));
    parts.extend(dimensions.class.map(Predicate::RecipientClass));
    parts.extend(dimensions.class_not.map(Predicate::RecipientClassNot));
    parts
}

fn size(predicate: &Predicate) -> usize {
    let mut count = 0;
    predicate.walk(&mut |_| count += 1);
    count
}

/// The parts of a conjunction, those of conjunctions inside it taken apart.
fn flat<'p>(parts: &[&'p Predicate]) -> Vec<&'p Predicate> {
    let mut all = Vec::new();
    for part in parts {
        if let Predicate::All(inner) = part {
            all.extend(flat(&inner.iter().collect::<Vec<_>>()));
        } else {
            all.push(*part);
        }
    }
    all
}

/// Why the parts cannot hold together, if it can be seen.
fn contradiction(parts: &[&Predicate]) -> Option<String> {
    for (number, part) in parts.iter().enumerate() {
        if let Predicate::AgeUnder(0) = part {
            return Some("nobody is younger than 0".to_owned());
        }
        let rest = parts.get(number + 1..).unwrap_or_default();
        if let Some(reason) = rest.iter().find_map(|other| exclude(part, other)) {
            return Some(reason);
        }
        if let Predicate::Any(choices) = part {
            let others: Vec<&Predicate> =
                parts.iter().copied().filter(|other| !std::ptr::eq(*other, *part)).collect();
            let hopeless = |choice: &Predicate| {
                let mut with: Vec<&Predicate> =
                    others.iter().copied().filter(|it| !matches!(it, Predicate::Any(_))).collect();
                with.push(choice);
                contradiction(&flat(&with)).is_some()
            };
            if choices.iter().all(hopeless) {
                return Some("no alternative of `any` can hold".to_owned());
            }
        }
    }
    None
}

/// Why two predicates exclude each other.
fn exclude(a: &Predicate, b: &Predicate) -> Option<String> {
    use Predicate as P;
    let says = |what: &str, yes: bool| yes.then(|| what.to_owned());
    if let (P::Not(not), other) | (other, P::Not(not)) = (a, b)
        && implies(other, not)
    {
        return Some("a condition stands beside its own `not`".to_owned());
    }
    match (a, b) {
        (P::Origin(a), P::Origin(b)) => says("no region is in both `origin`s", a.disjoint(b)),
        (P::Origin(a), P::OriginNot(b)) | (P::OriginNot(b), P::Origin(a)) => {
            says("`origin_not` excludes every `origin`", a.within(b))
        }
        (P::Destination(a), P::Destination(b)) => {
            says("no region is in both `destination`s", a.disjoint(b))
        }
        (P::Destination(a), P::DestinationNot(b)) | (P::DestinationNot(b), P::Destination(a)) => {
            says("`destination_not` excludes every `destination`", a.within(b))
        }
        (P::Purpose(a), P::Purpose(b)) => says("no purpose is in both `purpose`s", a.disjoint(b)),
        (P::Purpose(a), P::PurposeNot(b)) | (P::PurposeNot(b), P::Purpose(a)) => {
            says("`purpose_not` excludes every `purpose`", a.within(b))
        }
        (P::RecipientClass(a), P::RecipientClass(b)) => {
            says("no class is in both `recipient.class`es", a.0 & b.0 == 0)
        }
        (P::RecipientClass(a), P::RecipientClassNot(b))
        | (P::RecipientClassNot(b), P::RecipientClass(a)) => {
            says("`recipient.class_not` excludes every `recipient.class`", a.0 & !b.0 == 0)
        }
        (P::ExporterSector(a), P::ExporterSector(b))
        | (P::RecipientKind(a), P::RecipientKind(b))
        | (P::RecipientId(a), P::RecipientId(b))
        | (P::OriginSubdivision(a), P::OriginSubdivision(b)) => {
            says("two conditions on the same fact have no value in common", disjoint(a, b))
        }
        (P::CnExempt(Grounds::Of(a)), P::CnExempt(Grounds::Of(b)))
        | (P::UsExempt(Grounds::Of(a)), P::UsExempt(Grounds::Of(b))) => {
            says("two conditions on the same ground have none in common", disjoint(a, b))
        }
        (P::Setting { names: a, is: yes }, P::Setting { names: b, is: no }) => {
            says("one setting is asked to be both on and off", yes != no && a == b && a.len() == 1)
        }
        (P::AsOf { from, until }, P::AsOf { from: since, until: before }) => says(
            "two windows of `as_of` do not meet",
            empty((latest(*from, *since), earliest(*until, *before))),
        ),
        (P::Counter(a), P::Counter(b)) => {
            says("no count satisfies both `counter`s", a.key == b.key && nothing_counts(a, b))
        }
        _ => says("one condition asks for `true` and another for `false`", opposite(a, b)),
    }
}

/// The same question, answered yes by one and no by the other.
fn opposite(a: &Predicate, b: &Predicate) -> bool {
    macro_rules! opposite {
        ($($variant:ident),*) => {
            match (a, b) {
                $( (Predicate::$variant(a), Predicate::$variant(b)) => a != b, )*
                _ => false,
            }
        };
    }
    opposite!(
        OriginKnown,
        DestinationKnown,
        CrossBorder,
        ExporterCiio,
        RecipientHasKind,
        RecipientCoveredPerson,
        RecipientDataIntermediary,
        RecipientOwnPurpose,
        RecipientHasGoverningPolicy,
        ThirdParty,
        Anonymous,
        Pseudonymous,
        SeveralPeople,
        Counted,
        Minor,
        Verified,
        FreshConsent,
        AgreementForbidsDestination,
        AgreementPermitsPurpose,
        PolicyNamesDestination,
        PolicyNamesPurpose,
        PolicyRegistersPurpose,
        PolicyExtendsPurpose,
        PolicyPermitsRecipient,
        PolicyHasPendingVersion,
        PolicyHasUnannouncedVersion,
        PolicyHasSeveralVersions,
        PolicyHasMaterialVersion,
        AgreementOnFile,
        WithdrawalOnFile
    )
}

/// Whether `wanted` holds whenever all the parts do, as far as can be seen.
fn implied(parts: &[&Predicate], wanted: &Predicate) -> bool {
    if let Predicate::All(all) = wanted {
        return all.iter().all(|one| implied(parts, one));
    }
    parts.iter().any(|part| implies(part, wanted))
}

fn implies(a: &Predicate, b: &Predicate) -> bool {
    use Predicate as P;
    if a == b {
        return true;
    }
    match (a, b) {
        (P::Origin(a), P::Origin(b))
        | (P::Destination(a), P::Destination(b))
        | (P::CollectedIn(a), P::CollectedIn(b)) => a.within(b),
        (P::Origin(a), P::OriginNot(b)) | (P::Destination(a), P::DestinationNot(b)) => {
            a.disjoint(b)
        }
        (P::Purpose(a), P::Purpose(b)) => a.within(b),
        (P::Purpose(a), P::PurposeNot(b)) => a.disjoint(b),
        (P::RecipientClass(a), P::RecipientClass(b)) => a.0 & !b.0 == 0,
        (P::RecipientClass(a), P::RecipientClassNot(b)) => a.0 & b.0 == 0,
        (P::AgeUnder(a), P::AgeUnder(b)) => a <= b,
        (P::Data(a), P::Data(b)) => a.difference(b).is_empty(),
        (P::ExporterSector(a), P::ExporterSector(b))
        | (P::RecipientKind(a), P::RecipientKind(b))
        | (P::RecipientId(a), P::RecipientId(b))
        | (P::OriginSubdivision(a), P::OriginSubdivision(b))
        | (P::Flag(a), P::Flag(b))
        | (P::OptOut(a), P::OptOut(b)) => a.iter().all(|name| b.contains(name)),
        (_, P::Any(choices)) => choices.iter().any(|choice| implies(a, choice)),
        (P::All(parts), _) => parts.iter().any(|part| implies(part, b)),
        _ => false,
    }
}

fn disjoint(a: &NameList, b: &NameList) -> bool {
    !a.iter().any(|name| b.contains(name))
}

fn latest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.max(b)
}

fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.into_iter().chain(b).min()
}

fn empty((from, until): Window) -> bool {
    from.zip(until).is_some_and(|(from, until)| until <= from)
}

fn nothing_counts(a: &Counter, b: &Counter) -> bool {
    let least = |counter: &Counter| {
        let over = counter.over.map(|bound| bound.saturating_add(1));
        counter.at_least.max(over).unwrap_or(0)
    };
    let below = a.below.into_iter().chain(b.below).min();
    let bounded = |counter: &Counter| {
        counter.at_least.is_some() || counter.over.is_some() || counter.below.is_some()
    };
    below.is_some_and(|below| below <= least(a).max(least(b)))
        || (a.known == Some(false) && (b.known == Some(true) || bounded(b)))
        || (b.known == Some(false) && (a.known == Some(true) || bounded(a)))
}
