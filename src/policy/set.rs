//! The compiled rules, and judging a transfer by them.
//!
//! Rules are numbered in the order of their ids, so that neither the order of files nor that of rules
//! within one shows in an answer. An index over origin, destination, purpose and recipient class leaves
//! few rules to look at, however many there are.

use rustc_hash::FxHashMap;

use super::{
    Annotation, Decision, Layer, Redaction, RuleRef, Timestamp, Transfer,
    context::{Context, Grade, Notes},
    index::Index,
    predicate::{Observations, Predicate},
    region_set::RegionSet,
    registry::{Registry, Vocabulary},
    source::{Fact, Mode, Start},
    words::Period,
};
use crate::{
    domain::{Coverage, Effect, Finding, Findings, Gap, Region, Replacement, TagSet},
    source::{Diagnostics, Place},
};

/// The rules of one generation.
#[derive(Debug, Clone)]
pub struct RuleSet {
    pub(super) rules: Vec<Rule>,
    pub(super) infos: Vec<RuleInfo>,
    pub(super) index: Index,
    pub(super) registry: Registry,
    pub(super) vocabulary: Vocabulary,
    /// Category patterns by name, key or wildcard.
    pub(super) names: FxHashMap<Box<str>, TagSet>,
    pub(super) identifiers: TagSet,
    pub(super) anonymous: TagSet,
    pub(super) sensitive: TagSet,
    /// By [`Region::index`]; 0 where no law names an age.
    pub(super) child_ages: Vec<u8>,
    /// By [`Region::index`].
    pub(super) known_origins: Vec<bool>,
}

/// What a reader wants to know about a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInfo {
    pub id: String,
    /// Tells the parts of one provision apart.
    pub part: Option<String>,
    pub layer: Layer,
    pub title: String,
    /// Where it is written.
    pub statute: String,
    /// One sentence.
    pub reason: String,
    /// `None` for a rule that only annotates.
    pub effect: Option<Effect>,
    pub file: String,
    pub line: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) effect: Option<Effect>,
    pub(super) layer: Layer,
    pub(super) gate: Gate,
    pub(super) cross_border: Option<bool>,
    pub(super) window: Option<(Option<Timestamp>, Option<Timestamp>)>,
    pub(super) when: Option<Predicate>,
    pub(super) unless: Option<Predicate>,
    pub(super) require: Option<Predicate>,
    /// Numbers of the allow rules that lift this one.
    pub(super) exceptions: Vec<u16>,
    pub(super) selection: Selection,
    pub(super) replacement: Replacement,
    pub(super) annotate: Vec<Annotate>,
    pub(super) mode: Mode,
    /// Looks at what judging the others showed.
    pub(super) closing: bool,
    /// The first rule with the same id.
    pub(super) first: u16,
}

/// Which payloads a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Any,
    Personal,
    Categories(TagSet),
}

/// What a redact rule redacts.
#[derive(Debug, Clone, Default)]
pub(super) struct Selection {
    pub(super) categories: TagSet,
    pub(super) outside: Option<TagSet>,
    pub(super) outside_purpose: bool,
    pub(super) without_fresh_consent: bool,
    pub(super) withdrawn: bool,
    pub(super) in_list: Option<super::predicate::ListRef>,
    pub(super) third_party: bool,
    pub(super) within: Option<TagSet>,
}

#[derive(Debug, Clone)]
pub(super) struct Annotate {
    pub(super) name: Box<str>,
    pub(super) value: AnnotateValue,
}

#[derive(Debug, Clone)]
pub(super) enum AnnotateValue {
    None,
    Text(Box<str>),
    Deadline { after: Start, period: Period },
    Fact(Fact),
}

/// A selection with the facts of one transfer filled in.
struct Selected {
    rule: u16,
    tags: TagSet,
    outside: Option<TagSet>,
    third_party: bool,
    within: Option<TagSet>,
}

/// What judging gathers.
#[derive(Default)]
struct Judgement {
    said: Vec<u16>,
    blocks: Vec<u16>,
    selected: Vec<Selected>,
    annotating: Vec<u16>,
    warnings: Vec<(u16, Effect)>,
    granted: Vec<(u16, Grade)>,
    /// Rules of one pass that have to wait for the grants.
    waiting: Vec<u16>,
    permitted: bool,
    notes: Notes,
}

impl RuleSet {
    /// Judges one transfer. Pure and total: an answer for whatever is given.
    pub fn decide(
        &self,
        transfer: &Transfer,
        findings: &Findings,
        coverage: Coverage,
        gaps: &[Gap],
    ) -> Decision {
        // A gap speaks for itself when the caller's summary does not.
        let coverage = gaps.iter().map(|gap| gap.coverage).fold(coverage, Coverage::max);
        let mut context = Context::new(self, transfer, findings, coverage);
        let mut judgement = Judgement {
            said: Vec::with_capacity(64),
            waiting: Vec::with_capacity(64),
            ..Judgement::default()
        };
        self.judge(&context, false, &mut judgement);
        // Who can read the data there receives it too (JR-00-04).
        let mut judged = RegionSet::default();
        for country in &transfer.remote_access_from {
            if Some(*country) != transfer.destination && !judged.contains(*country, None) {
                judged.insert(*country);
                context.destination = Some(*country);
                self.judge(&context, true, &mut judgement);
            }
        }
        context.destination = transfer.destination;
        if !judgement.permitted && judgement.blocks.is_empty() && context.has_personal() {
            judgement.blocks.push(self.default_deny());
            judgement.said.push(self.default_deny());
        }
        if !judgement.blocks.is_empty() {
            judgement.notes.observed.insert(Observations::BLOCKED);
        }
        self.close(&context, &mut judgement);
        self.conclude(&context, findings, judgement)
    }

    /// The rule with this number.
    pub fn rule(&self, rule: RuleRef) -> &RuleInfo {
        static UNKNOWN: RuleInfo = RuleInfo {
            id: String::new(),
            part: None,
            layer: Layer::Organisation,
            title: String::new(),
            statute: String::new(),
            reason: String::new(),
            effect: None,
            file: String::new(),
            line: 0,
        };
        self.infos.get(usize::from(rule.0)).unwrap_or(&UNKNOWN)
    }

    /// Every rule, in the order of ids.
    pub fn rules(&self) -> impl Iterator<Item = (RuleRef, &RuleInfo)> {
        (0u16..).map(RuleRef).zip(&self.infos)
    }

    /// Warns of rules whose window has closed by `now`: they judge replays of the past and nothing else.
    pub fn review(&self, now: Timestamp, diagnostics: &mut Diagnostics) {
        for (rule, info) in self.rules.iter().zip(&self.infos) {
            if let Some((_, Some(until))) = rule.window
                && until <= now
            {
                let place = Place { file: info.file.clone(), line: info.line, column: 0 };
                diagnostics
                    .warning(
                        place,
                        format!("rule `{}` has been out of force since {until}", info.id),
                    )
                    .remedy(
                        "keep it while transfers of that time may be replayed, then take it out",
                    );
            }
        }
    }

    /// The ids of every registered purpose, in no particular order.
    pub fn purposes(&self) -> impl Iterator<Item = &str> {
        self.registry.numbers.keys().map(AsRef::as_ref)
    }

    pub fn len(&self) -> usize {
        self.infos.len()
    }

    pub fn is_empty(&self) -> bool {
        self.infos.is_empty()
    }

    /// The age below which the law of `origin` asks a guardian; 18 where it names none.
    pub(super) fn child_age(&self, origin: Option<Region>) -> u32 {
        let age = origin.and_then(|at| self.child_ages.get(at.index())).copied().unwrap_or(0);
        if age == 0 { 18 } else { u32::from(age) }
    }

    pub(super) fn knows_origin(&self, origin: Region) -> bool {
        self.known_origins.get(origin.index()) == Some(&true)
    }

    /// Everything the names mean; a name nobody knows means nothing.
    pub(super) fn tags(&self, names: &[String]) -> TagSet {
        names.iter().fold(TagSet::EMPTY, |tags, name| tags.union(&self.tag_set(name)))
    }

    pub(super) fn tag_set(&self, name: &str) -> TagSet {
        self.names.get(name).copied().unwrap_or(TagSet::EMPTY)
    }

    /// Which of the tags in a payload are personal (MI-14; seed §4.4 for `aggregate`).
    pub(super) fn personal(&self, present: &TagSet, aggregate: bool) -> TagSet {
        let identifies = present.intersects(&self.identifiers);
        if aggregate && !identifies && !present.intersects(&self.sensitive) {
            TagSet::EMPTY
        } else if identifies {
            *present
        } else {
            present.difference(&self.anonymous)
        }
    }

    fn default_deny(&self) -> u16 {
        self.index.default_deny
    }
}

// === judging ===

impl RuleSet {
    /// One pass for one country that receives the data.
    fn judge(&self, context: &Context<'_>, law_only: bool, judgement: &mut Judgement) {
        judgement.granted.clear();
        judgement.waiting.clear();
        let (origin, destination) = (context.transfer.origin, context.destination);
        self.index.candidates(origin, destination, context.purpose, context.class, |number| {
            let Some(rule) = self.rules.get(usize::from(number)) else { return };
            if (law_only && rule.layer != Layer::Law) || !applies(rule, context) {
                return;
            }
            if rule.effect == Some(Effect::Allow) {
                self.grant(number, rule, context, judgement);
            } else {
                judgement.waiting.push(number);
            }
        });
        let waiting = std::mem::take(&mut judgement.waiting);
        for number in &waiting {
            if let Some(rule) = self.rules.get(usize::from(*number)) {
                self.apply(*number, rule, context, judgement);
            }
        }
        judgement.waiting = waiting;
    }

    /// An allow rule: met, it permits and lifts the rules that name it as their exception.
    fn grant(&self, number: u16, rule: &Rule, context: &Context<'_>, judgement: &mut Judgement) {
        let Some(grade) = weigh(rule, context, judgement) else { return };
        judgement.said.push(number);
        if !grade.met {
            return;
        }
        match rule.mode {
            Mode::Enforce => {
                judgement.granted.push((number, grade));
                judgement.permitted = true;
                if !rule.annotate.is_empty() {
                    judgement.annotating.push(number);
                }
            }
            Mode::Warn | Mode::Off => {}
        }
    }

    fn apply(&self, number: u16, rule: &Rule, context: &Context<'_>, judgement: &mut Judgement) {
        let Some(mut grade) = weigh(rule, context, judgement) else { return };
        let clean = grade.met && grade.uncovered.is_empty();
        if !clean && rule.effect.is_some() {
            for (granted, granting) in &judgement.granted {
                if rule.exceptions.contains(granted) {
                    grade = grade.or(*granting);
                }
            }
        }
        judgement.said.push(number);
        if grade.met && !rule.annotate.is_empty() {
            judgement.annotating.push(number);
        }
        let Some(effect) = rule.effect else { return };
        let selected = match (effect, grade.met) {
            (Effect::Block, false) => {
                match rule.mode {
                    Mode::Enforce => judgement.blocks.push(number),
                    Mode::Warn | Mode::Off => judgement.warnings.push((number, effect)),
                }
                return;
            }
            (Effect::Redact, false) => fill(number, rule, context),
            // What a scoped record leaves uncovered is not covered at all (JR-00-05).
            (Effect::Block | Effect::Redact, true) if !grade.uncovered.is_empty() => Selected {
                rule: number,
                tags: grade.uncovered,
                outside: None,
                third_party: false,
                within: None,
            },
            (Effect::Allow | Effect::Block | Effect::Redact, _) => return,
        };
        match rule.mode {
            Mode::Enforce => judgement.selected.push(selected),
            Mode::Warn | Mode::Off => judgement.warnings.push((number, effect)),
        }
    }

    /// Rules about what the others showed.
    fn close(&self, context: &Context<'_>, judgement: &mut Judgement) {
        for number in &self.index.closing {
            if let Some(rule) = self.rules.get(usize::from(*number))
                && applies_in_time(rule, context)
                && weigh(rule, context, judgement).is_some_and(|grade| grade.met)
            {
                judgement.said.push(*number);
                if !rule.annotate.is_empty() {
                    judgement.annotating.push(*number);
                }
            }
        }
    }
}

/// The cheap half of a rule's applicability.
fn applies(rule: &Rule, context: &Context<'_>) -> bool {
    !rule.closing && applies_in_time(rule, context)
}

fn applies_in_time(rule: &Rule, context: &Context<'_>) -> bool {
    let gate = match &rule.gate {
        Gate::Any => true,
        Gate::Personal => context.has_personal(),
        Gate::Categories(tags) => {
            context.judged.intersects(tags)
                // What could not be read may be what the rule stops.
                || (rule.effect == Some(Effect::Block) && context.coverage != Coverage::Full)
        }
    };
    gate && rule.cross_border.is_none_or(|is| context.is_cross_border() == is)
        // At an unknown time every rule is in force.
        && rule
            .window
            .is_none_or(|(from, until)| context.now.is_none() || context.is_in(from, until))
}

/// `None` when the rule does not apply; otherwise how far its requirement is met.
fn weigh(rule: &Rule, context: &Context<'_>, judgement: &mut Judgement) -> Option<Grade> {
    let mut notes = Notes { observed: judgement.notes.observed, mechanisms: 0 };
    if rule.when.as_ref().is_some_and(|when| !context.grade(when, &mut notes).met) {
        return None;
    }
    if rule.unless.as_ref().is_some_and(|unless| context.met(unless)) {
        return None;
    }
    let grade = match &rule.require {
        Some(require) => context.grade(require, &mut judgement.notes),
        None if rule.effect.is_none() || rule.effect == Some(Effect::Allow) => Grade::MET,
        None => Grade::UNMET,
    };
    if rule.when.is_some() {
        judgement.notes.observed.insert(keep(notes.observed));
    }
    Some(grade)
}

/// Of what an applicability condition showed, only an unknown count matters later.
fn keep(observed: Observations) -> Observations {
    if observed.intersects(Observations::COUNT_UNKNOWN) {
        Observations::COUNT_UNKNOWN
    } else {
        Observations::default()
    }
}

fn fill(number: u16, rule: &Rule, context: &Context<'_>) -> Selected {
    let selection = &rule.selection;
    let mut tags = selection.categories;
    if selection.without_fresh_consent {
        tags = tags.union(&context.permit.stale);
    }
    if selection.withdrawn {
        tags = tags.union(&context.withdrawn_categories());
    }
    if let Some(list) = &selection.in_list {
        tags = tags.union(&context.listed_categories(list));
    }
    let outside = match (selection.outside, selection.outside_purpose) {
        (Some(allowed), false) => Some(allowed),
        (Some(allowed), true) => Some(allowed.intersection(&context.permit.categories)),
        (None, true) => Some(context.permit.categories),
        (None, false) => None,
    };
    Selected {
        rule: number,
        tags,
        outside,
        third_party: selection.third_party,
        within: selection.within,
    }
}

impl Selected {
    fn takes(&self, finding: &Finding, findings: &Findings, personal: &TagSet) -> bool {
        if self.third_party && !around(finding, findings).any(|it| it.marks.third_party) {
            return false;
        }
        if self.within.is_some_and(|within| !within.contains(finding.tag)) {
            return false;
        }
        self.tags.contains(finding.tag)
            || self.outside.is_some_and(|allowed| {
                personal.contains(finding.tag)
                    && !around(finding, findings).any(|it| allowed.contains(it.tag))
            })
    }
}

/// The finding and the container findings around it, innermost first.
fn around<'f>(finding: &'f Finding, findings: &'f Findings) -> impl Iterator<Item = &'f Finding> {
    let mut next = Some(finding);
    let mut steps = 0;
    std::iter::from_fn(move || {
        let current = next?;
        steps += 1;
        // A chain longer than the list goes in a circle.
        next = current
            .enclosing
            .filter(|_| steps <= findings.items.len())
            .and_then(|index| findings.items.get(index as usize));
        Some(current)
    })
}

// === the answer ===

impl RuleSet {
    fn conclude(
        &self,
        context: &Context<'_>,
        findings: &Findings,
        mut judgement: Judgement,
    ) -> Decision {
        let redactions = if judgement.blocks.is_empty() {
            self.redactions(context, findings, &judgement.selected)
        } else {
            Vec::new()
        };
        let effect = if !judgement.blocks.is_empty() {
            Effect::Block
        } else if !redactions.is_empty() {
            Effect::Redact
        } else {
            Effect::Allow
        };
        judgement.blocks.sort_unstable_by_key(|number| {
            (self.rules.get(usize::from(*number)).map(|rule| rule.layer), *number)
        });
        let reason = match effect {
            Effect::Block => judgement.blocks.first().copied(),
            Effect::Redact => {
                redactions.iter().map(|redaction| redaction.rule.0).min_by_key(|number| {
                    (self.rules.get(usize::from(*number)).map(|rule| rule.layer), *number)
                })
            }
            Effect::Allow => None,
        };
        let reason = match reason {
            Some(number) => self.rule(RuleRef(number)).reason.clone(),
            None if context.has_personal() => {
                "Every rule that applies to this transfer is satisfied.".to_owned()
            }
            None => "Nothing in the payload is personal.".to_owned(),
        };
        let annotations = if effect == Effect::Block {
            Vec::new()
        } else {
            self.annotations(context, &judgement)
        };
        let mechanisms = context
            .transfer
            .mechanisms
            .iter()
            .take(64)
            .enumerate()
            .filter(|(index, _)| judgement.notes.mechanisms >> index & 1 == 1)
            .map(|(_, mechanism)| mechanism.id.clone())
            .collect();
        Decision {
            effect,
            redactions,
            blocked_by: self.cited(&judgement.blocks),
            rules: {
                judgement.said.sort_unstable();
                self.cited(&judgement.said)
            },
            annotations,
            reason,
            policy_version: context.version.id.map(str::to_owned),
            mechanisms,
        }
    }

    /// Once per id: the parts of a provision are one rule to a reader.
    fn cited(&self, numbers: &[u16]) -> Vec<RuleRef> {
        let first = |number: u16| self.rules.get(usize::from(number)).map(|rule| rule.first);
        let mut cited: Vec<RuleRef> = Vec::with_capacity(numbers.len());
        for number in numbers {
            // In the order of numbers the parts of one id stand together.
            if cited.last().is_none_or(|known| first(known.0) != first(*number)) {
                cited.push(RuleRef(*number));
            }
        }
        cited
    }

    fn redactions(
        &self,
        context: &Context<'_>,
        findings: &Findings,
        selected: &[Selected],
    ) -> Vec<Redaction> {
        if selected.is_empty() {
            return Vec::new();
        }
        let chosen: Vec<Option<u16>> = findings
            .items
            .iter()
            .map(|finding| {
                selected
                    .iter()
                    .filter(|_| !self.registry.is_carrier(finding, findings))
                    .filter(|it| it.takes(finding, findings, &context.personal))
                    .map(|it| it.rule)
                    .min_by_key(|number| self.severity(*number))
            })
            .collect();
        let is_redacted = |index: u32| chosen.get(index as usize).is_some_and(Option::is_some);
        let mut redactions = Vec::new();
        for ((finding, chosen), index) in findings.items.iter().zip(&chosen).zip(0u32..) {
            let Some(rule) = chosen else { continue };
            // The outermost one takes what is inside with it.
            let covered = around(finding, findings).filter_map(|it| it.enclosing).any(is_redacted);
            if !covered {
                let replacement = self
                    .rules
                    .get(usize::from(*rule))
                    .map(|rule| rule.replacement.clone())
                    .unwrap_or_default();
                redactions.push(Redaction { finding: index, rule: RuleRef(*rule), replacement });
            }
        }
        redactions
    }

    /// Which of two redactions of one finding is done: the stricter, then the higher layer, then the
    /// earlier id. Least is first.
    fn severity(&self, number: u16) -> (u8, u8, Option<Layer>, u16) {
        let rule = self.rules.get(usize::from(number));
        let (mildness, kept) = match rule.map(|rule| &rule.replacement) {
            None | Some(Replacement::Remove) => (0, 0),
            Some(Replacement::Replace { .. }) => (1, 0),
            Some(Replacement::Hash) => (2, 0),
            Some(Replacement::Mask { keep_last }) => (3, *keep_last),
            Some(Replacement::Generalise(_)) => (4, 0),
        };
        (mildness, kept, rule.map(|rule| rule.layer), number)
    }

    fn annotations(&self, context: &Context<'_>, judgement: &Judgement) -> Vec<Annotation> {
        let mut annotations = Vec::with_capacity(judgement.annotating.len());
        for number in &judgement.annotating {
            let Some(rule) = self.rules.get(usize::from(*number)) else { continue };
            for annotate in &rule.annotate {
                annotations.push(Annotation {
                    name: annotate.name.to_string(),
                    value: value(&annotate.value, context),
                });
            }
        }
        for (number, effect) in &judgement.warnings {
            annotations.push(Annotation {
                name: format!("would-{effect}"),
                value: Some(self.rule(RuleRef(*number)).id.clone()),
            });
        }
        annotations.sort_unstable();
        annotations.dedup();
        annotations
    }
}

fn value(value: &AnnotateValue, context: &Context<'_>) -> Option<String> {
    let transfer = context.transfer;
    match value {
        AnnotateValue::None => None,
        AnnotateValue::Text(text) => Some(text.to_string()),
        AnnotateValue::Deadline { after, period } => {
            let start = match after {
                Start::AsOf => context.now,
                Start::FirstTransfer => transfer.first_transfer_at,
            }?;
            Some(period.after(start).0.strftime("%Y-%m-%d").to_string())
        }
        AnnotateValue::Fact(fact) => match fact {
            Fact::Origin => transfer.origin.map(|at| at.to_string()),
            Fact::Destination => transfer.destination.map(|at| at.to_string()),
            Fact::PolicyVersion => context.version.id.map(str::to_owned),
            Fact::GoverningPolicy => transfer.recipient.governing_policy.clone(),
            Fact::RemoteAccess => {
                let countries: Vec<&str> =
                    transfer.remote_access_from.iter().map(Region::as_str).collect();
                (!countries.is_empty()).then(|| countries.join(" "))
            }
        },
    }
}
