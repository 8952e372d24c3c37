//! Judging a transfer by the rules: which apply, which are met, and what follows from each.
//!
//! Each person of the payload is judged under that person's origins, by every rule, and so once more for every
//! country that can read the data (JR-00-04); then by law alone for the exporter's own, since where two laws
//! apply both must pass.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{
    Decision, Layer, RuleRef, Transfer,
    answer::Whole,
    clock::Stretch,
    context::{Context, Grade, MechanismSet, Notes},
    covers::Covers,
    facets::Facets,
    memory::Question,
    people::{Alike, Part, Payload, People, Person},
    plan::{Circumstances, Open, Plan},
    predicate::Observations,
    region_set::RegionSet,
    set::{Gate, Rule, RuleSet},
    source::Mode,
};
use crate::domain::{Coverage, Effect, Finding, Findings, Gap, Region, TagSet};

/// What judging gathers of one person under one origin.
#[derive(Default)]
pub(super) struct Judgement {
    pub(super) said: Numbers,
    pub(super) blocks: SmallVec<[RuleRef; 8]>,
    pub(super) selected: Vec<Selected>,
    pub(super) annotating: SmallVec<[RuleRef; 16]>,
    pub(super) warnings: Vec<(RuleRef, Effect)>,
    pub(super) granted: SmallVec<[(RuleRef, Grade); 8]>,
    /// Rules of law that want records for the whole of it and have them for some categories, with those left out.
    partial: SmallVec<[(RuleRef, TagSet); 4]>,
    permitted: bool,
    pub(super) observed: Observations,
    pub(super) mechanisms: MechanismSet,
}

/// Rules; so many as nearly every transfer has cost no allocation.
pub(super) type Numbers = SmallVec<[RuleRef; 64]>;

impl Judgement {
    fn say(&mut self, rule: RuleRef, annotates: bool) {
        self.said.push(rule);
        if annotates {
            self.annotating.push(rule);
        }
    }

    /// Rules whose records have no category in common leave no mechanism for the request as a whole (JR-00-05).
    fn stop_if_nothing_is_left(&mut self, personal: &TagSet) {
        let left_out = self.partial.iter().fold(TagSet::EMPTY, |all, (_, it)| all.union(it));
        if !left_out.is_empty() && personal.difference(&left_out).is_empty() {
            self.blocks.extend(self.partial.iter().map(|(rule, _)| *rule));
        }
    }

    /// Puts in order what was said from `start` on: so many `cited` in their order, then what was judged.
    fn merge(&mut self, start: usize, cited: usize) {
        let said = self.said.get_mut(start..).unwrap_or_default();
        let mut judged = Numbers::from_slice(said.get(cited..).unwrap_or_default());
        judged.sort_unstable();
        let mut end = said.len();
        let mut cited = cited.min(end);
        for number in judged.iter().rev() {
            while let Some(last) = cited.checked_sub(1).and_then(|at| said.get(at)).copied()
                && last > *number
                && let Some(place) = said.get_mut(end - 1)
            {
                *place = last;
                cited -= 1;
                end -= 1;
            }
            if let Some(place) = said.get_mut(end - 1) {
                *place = *number;
                end -= 1;
            }
        }
    }
}

/// A selection with the facts of one transfer filled in.
pub(super) struct Selected {
    pub(super) rule: RuleRef,
    tags: TagSet,
    outside: Option<TagSet>,
    third_party: bool,
    pseudonymous: Option<bool>,
    within: Option<TagSet>,
}

/// Looks on while a person's share is judged: an explanation does, a decision has nobody look.
pub(super) trait Watch {
    /// One pass is over; the lists of the judgement have grown by what it showed.
    fn pass(&mut self, context: &Context<'_>, law_only: bool, judgement: &Judgement);
    /// All is over, the rules about the others included.
    fn end(&mut self, context: &Context<'_>, judgement: &Judgement);
}

impl Watch for () {
    fn pass(&mut self, _: &Context<'_>, _: bool, _: &Judgement) {}

    fn end(&mut self, _: &Context<'_>, _: &Judgement) {}
}

/// Which rules a pass asks, and what they can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// All: they permit or stop.
    Every,
    /// All, of a further country: they can only stop what the first pass permitted.
    Further,
    /// Those of a further law, which can only stop it either.
    LawOnly,
}

impl RuleSet {
    /// Judges a transfer of one subject. Pure and total: an answer for whatever is given.
    pub fn decide(
        &self,
        transfer: &Transfer,
        findings: &Findings,
        coverage: Coverage,
        gaps: &[Gap],
    ) -> Decision {
        self.remembered(&Question::of_one(transfer, findings, worst(coverage, gaps)))
    }

    /// Like [`Self::decide`], without a look at what is remembered: what a decision costs that is the first of its
    /// kind.
    pub fn decide_anew(
        &self,
        transfer: &Transfer,
        findings: &Findings,
        coverage: Coverage,
        gaps: &[Gap],
    ) -> Decision {
        self.answer(&Question::of_one(transfer, findings, worst(coverage, gaps))).0
    }

    /// The answer to a question, and when it holds.
    pub(super) fn answer(&self, question: &Question<'_>) -> (Decision, Option<Stretch>) {
        let Question { transfer, findings, coverage, .. } = *question;
        let part = Part {
            origin: question.origin,
            subdivision: question.subdivision,
            subject: question.subject,
            payload: self.payload(findings),
            several: false,
        };
        let mut whole = Whole::default();
        self.judge(transfer, &part, coverage, &mut whole, &mut ());
        let holds = whole.holds();
        (self.conclude(transfer, findings, &mut whole, |_| &[0]), holds)
    }

    /// Judges a transfer of several people, each by that person's origins and facts. The strictest
    /// answer is that of the transfer (JR-00-07); a redaction stays with the person it is about.
    pub fn decide_each(
        &self,
        transfer: &Transfer,
        people: &People,
        findings: &Findings,
        coverage: Coverage,
        gaps: &[Gap],
    ) -> Decision {
        let coverage = worst(coverage, gaps);
        if let [person] = people.people.as_slice()
            && person.origins.len() <= 1
        {
            return self.remembered(&Question {
                transfer,
                origin: person.origins.first().copied(),
                subdivision: person.origin_subdivision.as_deref(),
                subject: person.facts.as_ref().unwrap_or(&transfer.subject),
                findings,
                coverage,
            });
        }
        let payloads = self.payloads(people, findings);
        let is_there = |person: &Person, payload: &Payload| {
            !payload.present.is_empty()
                // What could not be read may be the main subject's.
                || (person.record.is_none() && coverage != Coverage::Full)
        };
        let nobody =
            !people.people.iter().zip(&payloads).any(|(it, payload)| is_there(it, payload));
        let several = people
            .people
            .iter()
            .zip(&payloads)
            .filter(|(it, payload)| is_there(it, payload))
            .map(|(person, _)| person.origins.len().max(1))
            .sum::<usize>()
            > 1;
        let mut whole = Whole::default();
        // People of one origin, the same facts and the same kinds of data have one answer.
        let mut known: FxHashMap<_, u32> = FxHashMap::default();
        let (mut numbers, mut ends) = (Vec::new(), Vec::with_capacity(people.people.len()));
        for (person, payload) in people.people.iter().zip(payloads) {
            if is_there(person, &payload) || (nobody && ends.is_empty()) {
                let unknown = person.origins.is_empty().then_some(None);
                for origin in person.origins.iter().copied().map(Some).chain(unknown) {
                    let subdivision = person.origin_subdivision.as_deref();
                    let subject = person.facts.as_ref().unwrap_or(&transfer.subject);
                    let part = Part { origin, subdivision, subject, payload, several };
                    let facts =
                        person.facts.as_ref().map(|subject| Alike { subject, now: transfer.as_of });
                    numbers.push(
                        *known.entry((origin, subdivision, facts, payload)).or_insert_with(|| {
                            self.judge(transfer, &part, coverage, &mut whole, &mut ())
                        }),
                    );
                }
            }
            ends.push(numbers.len());
        }
        self.conclude(transfer, findings, &mut whole, |finding| {
            let person = people.whose(finding);
            let start = person.checked_sub(1).and_then(|it| ends.get(it)).copied().unwrap_or(0);
            let end = ends.get(person).copied().unwrap_or(start);
            numbers.get(start..end).unwrap_or_default()
        })
    }

    /// One person under one origin; the number of the answer in `whole`.
    pub(super) fn judge<'t>(
        &'t self,
        transfer: &'t Transfer,
        part: &Part<'t>,
        coverage: Coverage,
        whole: &mut Whole<'t>,
        watch: &mut impl Watch,
    ) -> u32 {
        let mut context = Context::new(self, transfer, part, coverage);
        let mut judgement = Judgement::default();
        self.pass(&context, Pass::Every, &mut judgement);
        watch.pass(&context, false, &judgement);
        self.further_receivers(&mut context, Pass::Further, &mut judgement, watch);
        if let Some(exporter) = self.exporters_law(transfer, part.origin) {
            context.under(Some(exporter));
            self.pass(&context, Pass::LawOnly, &mut judgement);
            watch.pass(&context, true, &judgement);
            self.further_receivers(&mut context, Pass::LawOnly, &mut judgement, watch);
            context.under(part.origin);
        }
        let is_unread = context.coverage != Coverage::Full && !self.judges_gaps;
        let is_permitted = judgement.permitted || !context.has_personal();
        if judgement.blocks.is_empty() && (is_unread || !is_permitted) {
            judgement.blocks.push(self.default_deny());
            judgement.said.push(self.default_deny());
        }
        if !judgement.blocks.is_empty() {
            judgement.observed.insert(Observations::BLOCKED);
        }
        self.close(&context, &mut judgement);
        watch.end(&context, &judgement);
        whole.add(self, &context, &mut judgement)
    }

    /// Who can read the data at its destination receives it too (JR-00-04): what the law, the agreement, the policy
    /// and records on file say of a destination, they say of that country.
    fn further_receivers(
        &self,
        context: &mut Context<'_>,
        pass: Pass,
        judgement: &mut Judgement,
        watch: &mut impl Watch,
    ) {
        let transfer = context.transfer;
        let mut judged = RegionSet::default();
        for country in &transfer.remote_access_from {
            if Some(*country) != transfer.destination && !judged.always_contains(country.index()) {
                judged.insert(*country);
                context.towards(Some(*country));
                self.pass(context, pass, judgement);
                watch.pass(context, pass == Pass::LawOnly, judgement);
            }
        }
        context.towards(transfer.destination);
    }

    /// Where the exporter is, when that is elsewhere and its law follows the exporter.
    fn exporters_law(&self, transfer: &Transfer, origin: Option<Region>) -> Option<Region> {
        transfer
            .exporter
            .location
            .filter(|location| Some(*location) != origin && self.follows_exporters(*location))
    }

    /// One pass for one country that receives the data.
    fn pass(&self, context: &Context<'_>, pass: Pass, judgement: &mut Judgement) {
        judgement.granted.clear();
        judgement.partial.clear();
        let start = judgement.said.len();
        let circumstances = Circumstances {
            set: self.id,
            origin: context.origin,
            destination: context.destination,
            purpose: context.purpose,
            class: context.class,
            law_only: pass == Pass::LawOnly,
            facets: Facets::of(context),
        };
        self.with_plan(&circumstances, |plan| {
            if cfg!(debug_assertions) {
                self.check(plan, &circumstances, context);
            }
            judgement.said.extend_from_slice(&plan.cited);
            judgement.annotating.extend_from_slice(&plan.annotating);
            for about in &plan.about {
                if context.judged.intersects(&about.categories) {
                    judgement.say(about.rule, about.annotates);
                }
            }
            for open in &plan.open {
                let Some(rule) = self.rules.get(open.rule.index()) else { continue };
                if rule.has_gate && !applies(rule, context) {
                    continue;
                }
                let ruling = Ruling { open, rule, is_worst: circumstances.facets.is_worst() };
                if rule.effect == Some(Effect::Allow) {
                    ruling.grant(context, pass, judgement);
                } else {
                    ruling.apply(context, judgement);
                }
            }
            judgement.merge(start, plan.cited.len());
        });
        judgement.stop_if_nothing_is_left(&context.personal);
    }

    /// What a plan leaves out does not apply, as the conditions have it, and what it cites does.
    fn check(&self, plan: &Plan, at: &Circumstances, context: &Context<'_>) {
        self.index.candidates(at.origin, at.destination, at.purpose, at.class, |number| {
            let brief = self.briefs.get(number.index());
            let is_asked = brief.is_some_and(|it| it.is_law() || !at.law_only);
            let about = plan.about.iter().find(|about| about.rule == number);
            let is_open = plan.open.iter().any(|open| open.rule == number);
            if is_asked && !is_open {
                let cited = about.map_or(plan.cited.contains(&number), |about| {
                    context.judged.intersects(&about.categories)
                });
                debug_assert_eq!(self.may_say(number, context), cited, "{number:?}");
            }
        });
    }

    /// Whether the rule applies, as its conditions have it.
    fn may_say(&self, number: RuleRef, context: &Context<'_>) -> bool {
        self.rules.get(number.index()).is_some_and(|rule| {
            applies(rule, context) && rule.when.as_ref().is_none_or(|when| context.met(when))
        })
    }

    /// Rules about what the others showed.
    fn close(&self, context: &Context<'_>, judgement: &mut Judgement) {
        for number in &self.index.closing {
            let (Some(rule), Some(brief)) =
                (self.rules.get(number.index()), self.briefs.get(number.index()))
            else {
                continue;
            };
            if (brief.waits_for_others() && judgement.observed.is_empty())
                || !applies_in_time(rule, context)
            {
                continue;
            }
            let open = &Open { rule: *number, applies: false, meets: None };
            let is_worst = context.transfer.facts_unavailable == Some(true);
            let ruling = Ruling { open, rule, is_worst };
            if ruling.weigh(context, judgement).is_some_and(|grade| grade.met) {
                judgement.say(*number, brief.annotates());
            }
        }
    }
}

/// One rule before one transfer.
struct Ruling<'r> {
    open: &'r Open,
    rule: &'r Rule,
    /// Nobody can say what is on file.
    is_worst: bool,
}

impl Ruling<'_> {
    /// An allow rule: met, it permits and lifts the rules that name it as their exception.
    fn grant(&self, context: &Context<'_>, pass: Pass, judgement: &mut Judgement) {
        let Some(grade) = self.weigh(context, judgement) else { return };
        let (number, rule) = (self.open.rule, self.rule);
        judgement.said.push(number);
        if !grade.met || context.is_void(&grade) {
            return;
        }
        match rule.mode {
            Mode::Enforce => {
                judgement.granted.push((number, grade));
                judgement.permitted |= pass == Pass::Every;
                if !rule.annotate.is_empty() {
                    judgement.annotating.push(number);
                }
            }
            Mode::Warn | Mode::Off => {}
        }
    }

    fn apply(&self, context: &Context<'_>, judgement: &mut Judgement) {
        let Some(mut grade) = self.weigh(context, judgement) else { return };
        let (number, rule) = (self.open.rule, self.rule);
        // A rule about some categories asks nothing of the others.
        let within = match rule.gate {
            Gate::Categories(about) => Some(about),
            Gate::Any | Gate::Personal => None,
        };
        let asked = within.map_or(context.personal, |about| context.personal.intersection(&about));
        let is_clean = |grade: &Grade| grade.met && grade.uncovered(&asked).is_empty();
        if !is_clean(&grade) && rule.effect.is_some() {
            for (granted, granting) in &judgement.granted {
                if rule.exceptions.contains(granted) {
                    grade = grade.or(*granting);
                }
            }
        }
        let clean = is_clean(&grade);
        judgement.say(number, grade.met && !rule.annotate.is_empty());
        let Some(effect) = rule.effect else { return };
        if clean {
            return;
        }
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
            (Effect::Block | Effect::Redact, true) => Selected {
                rule: number,
                tags: grade.withdrawn,
                outside: Some(grade.covered),
                third_party: false,
                pseudonymous: None,
                within,
            },
            (Effect::Allow, _) => return,
        };
        match rule.mode {
            Mode::Enforce => {
                let is_whole = rule.layer == Layer::Law && within.is_none();
                if is_whole && effect == Effect::Block && grade.met {
                    judgement.partial.push((number, grade.uncovered(&asked)));
                }
                judgement.selected.push(selected);
            }
            Mode::Warn | Mode::Off => judgement.warnings.push((number, effect)),
        }
    }

    /// `None` when the rule does not apply; otherwise how far its requirement is met.
    fn weigh(&self, context: &Context<'_>, judgement: &mut Judgement) -> Option<Grade> {
        let Self { open, rule, is_worst } = *self;
        if open.applies && rule.require.is_none() {
            return Some(without_requirement(rule));
        }
        let (when, unless, require) = match &rule.worst {
            Some(worst) if is_worst => (&worst.when, &worst.unless, &worst.require),
            Some(_) | None => (&rule.when, &rule.unless, &rule.require),
        };
        if !open.applies {
            let mut notes = Notes { observed: judgement.observed, mechanisms: None };
            if when.as_ref().is_some_and(|when| !context.test(when, &mut notes))
                || unless.as_ref().is_some_and(|unless| context.is_lifted_by(unless))
            {
                return None;
            }
            judgement.observed.insert(keep(notes.observed));
        }
        let Some(require) = require else { return Some(without_requirement(rule)) };
        Some(match open.meets {
            Some(true) => Grade::MET,
            Some(false) => Grade::UNMET,
            None => {
                let mechanisms = Some(&mut judgement.mechanisms);
                let mut notes = Notes { observed: judgement.observed, mechanisms };
                let grade = context.grade(require, &mut notes);
                judgement.observed = notes.observed;
                grade
            }
        })
    }
}

/// The cheap half of a rule's applicability.
pub(super) fn applies(rule: &Rule, context: &Context<'_>) -> bool {
    !rule.closing && applies_in_time(rule, context)
}

fn applies_in_time(rule: &Rule, context: &Context<'_>) -> bool {
    opens(rule, context)
        && rule.cross_border.is_none_or(|is| context.is_cross_border() == is)
        // At an unknown time every rule is in force.
        && rule
            .window
            .is_none_or(|(from, until)| !context.clock.is_known() || context.clock.is_in(from, until))
}

/// The payload is one the rule is about.
pub(super) fn opens(rule: &Rule, context: &Context<'_>) -> bool {
    match &rule.gate {
        Gate::Any => true,
        Gate::Personal => context.has_personal(),
        Gate::Categories(tags) => {
            context.judged.intersects(tags)
                // What could not be read may be what the rule stops.
                || (rule.effect == Some(Effect::Block) && context.coverage != Coverage::Full)
        }
    }
}

/// What asks for nothing is granted, or else stops whatever it is about.
fn without_requirement(rule: &Rule) -> Grade {
    match rule.effect {
        None | Some(Effect::Allow) => Grade::MET,
        Some(Effect::Block | Effect::Redact) => Grade::UNMET,
    }
}

/// Of what an applicability condition showed, only an unknown count matters later.
fn keep(observed: Observations) -> Observations {
    if observed.intersects(Observations::COUNT_UNKNOWN) {
        Observations::COUNT_UNKNOWN
    } else {
        Observations::default()
    }
}

fn fill(number: RuleRef, rule: &Rule, context: &Context<'_>) -> Selected {
    let selection = &rule.selection;
    let mut tags = selection.categories;
    if rule.worst.is_some()
        && context.transfer.facts_unavailable == Some(true)
        && selection.needs_facts()
    {
        tags = tags.union(&context.personal);
    }
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
    // The agreement prevails over the policy, not over the law.
    let outside = outside.map(|allowed| match rule.layer {
        Layer::Law | Layer::Agreement => allowed,
        Layer::Policy | Layer::Organisation => allowed.union(&context.permit.agreed_categories),
    });
    Selected {
        rule: number,
        tags,
        outside,
        third_party: selection.third_party,
        pseudonymous: selection.pseudonymous,
        within: selection.within,
    }
}

impl Selected {
    /// Tags outside of which it takes nothing.
    pub(super) fn takeable(&self, personal: &TagSet) -> TagSet {
        let tags = match &self.outside {
            Some(allowed) => self.tags.union(&TagSet::ALL.difference(allowed)),
            None => self.tags,
        };
        self.within.map_or(tags, |within| tags.intersection(&within)).intersection(personal)
    }

    pub(super) fn takes(
        &self,
        finding: &Finding,
        findings: &Findings,
        personal: &TagSet,
        covers: &Covers,
    ) -> bool {
        if self.third_party && !around(finding, findings).any(|it| it.marks.third_party) {
            return false;
        }
        if self.pseudonymous.is_some_and(|is| finding.marks.pseudonymous != is) {
            return false;
        }
        if self.within.is_some_and(|within| !within.contains(finding.tag)) {
            return false;
        }
        // What identifies nobody is not taken out, whatever the rule names (MI-14).
        personal.contains(finding.tag)
            && (self.tags.contains(finding.tag)
                || self.outside.is_some_and(|allowed| !covers.admit(&allowed, finding, findings)))
    }
}

/// The finding and the container findings around it, innermost first.
pub(super) fn around<'f>(
    finding: &'f Finding,
    findings: &'f Findings,
) -> impl Iterator<Item = &'f Finding> {
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

/// A gap speaks for itself when the caller's summary does not.
fn worst(coverage: Coverage, gaps: &[Gap]) -> Coverage {
    gaps.iter().map(|gap| gap.coverage).fold(coverage, Coverage::max)
}
