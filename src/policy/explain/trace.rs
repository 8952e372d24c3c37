//! Every rule before every person and every country that receives the data: whether it applied, on which
//! condition, and what it did. Watches the judging that decides; nothing is judged twice over.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::{
    case::Case,
    clause::{Clause, Form, View, Written},
    need::Who,
    state::Witness,
};
use crate::{
    domain::{Coverage, Effect, Finding, Region, Taxonomy},
    policy::{
        Layer, RuleRef,
        answer::Whole,
        context::Context,
        judge::{Judgement, Watch},
        people::Part,
        set::{Rule, RuleSet},
    },
};

/// People of one origin, the same facts and the same kinds of data: they have one answer.
pub(in crate::policy) struct Group<'c> {
    pub(in crate::policy) part: Part<'c>,
    pub(in crate::policy) who: Who,
}

/// Whom the transfer is judged for, in the order of their numbers.
pub(in crate::policy) fn groups<'c>(
    set: &RuleSet,
    case: &'c Case,
    coverage: Coverage,
) -> Vec<Group<'c>> {
    let payloads = set.payloads(&case.people, &case.findings);
    let mut groups: Vec<Group<'c>> = Vec::new();
    let mut known: FxHashMap<Part<'c>, usize> = FxHashMap::default();
    let people: Vec<_> = case.people.people.iter().zip(payloads).enumerate().collect();
    let is_there = |number: usize| {
        people.get(number).is_some_and(|(_, (person, payload))| {
            !payload.present.is_empty() || (person.record.is_none() && coverage != Coverage::Full)
        })
    };
    let nobody = !(0..people.len()).any(is_there);
    let several = people
        .iter()
        .filter(|(number, _)| is_there(*number))
        .map(|(_, (person, _))| person.origins.len().max(1))
        .sum::<usize>()
        > 1;
    for (number, (person, payload)) in &people {
        let is_judged = is_there(*number) || (nobody && *number == 0);
        if !is_judged {
            continue;
        }
        let unknown = person.origins.is_empty().then_some(None);
        for origin in person.origins.iter().copied().map(Some).chain(unknown) {
            let subject = person.facts.as_ref().unwrap_or(&case.transfer.subject);
            let subdivision = person.origin_subdivision.as_deref();
            let part = Part { origin, subdivision, subject, payload: *payload, several };
            let index = *known.entry(part).or_insert_with(|| {
                groups.push(Group { part, who: Who::new() });
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(index) {
                group.who.insert(*number);
            }
        }
    }
    groups
}

/// The findings of some people, by number, without what only carries the request.
pub(super) fn findings_of(set: &RuleSet, case: &Case, who: &Who) -> Vec<(u32, Finding)> {
    (0u32..)
        .zip(&case.findings.items)
        .filter(|(number, finding)| {
            who.contains(&case.people.whose(*number as usize))
                && !set.registry.is_carrier(finding, &case.findings)
        })
        .map(|(number, finding)| (number, *finding))
        .collect()
}

/// A rule that blocks or redacts, and where the ways past it lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Deciding {
    pub(super) rule: RuleRef,
}

// === what is told ===

/// What one rule did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The transfer, for want of what the rule requires.
    Blocks,
    /// Fields.
    Redacts,
    /// Would block or redact, and is in force as a warning.
    Warns,
    /// Its requirement is unmet, and these exceptions lift it.
    Lifted(Vec<String>),
    /// Applies, and what it requires is there, or nothing here is what it would redact.
    Satisfied,
    Allows,
    /// Would allow, and what it requires is not there.
    Withholds,
    /// Applies, and only notes something.
    Notes,
    DoesNotApply,
}

/// One rule before one group of people and one country.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RuleTrace {
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    pub layer: Layer,
    pub title: String,
    pub statute: String,
    pub effect: Option<Effect>,
    pub reason: String,
    pub file: String,
    pub line: u32,
    pub verdict: Verdict,
    /// Where the fields are that it redacts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    pub applies: Vec<ConditionTrace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless: Option<ConditionTrace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require: Option<ConditionTrace>,
}

/// One condition: the words of the file, whether it holds, and what the facts are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConditionTrace {
    pub words: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub line: u32,
    pub holds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ConditionTrace>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn is_zero(line: &u32) -> bool {
    *line == 0
}

/// What the rules said for one country that receives the data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PassTrace {
    pub origin: Option<Region>,
    pub destination: Option<Region>,
    /// Only the law is asked: it is that of the exporter's country.
    pub law_only: bool,
    /// Every rule that was asked, in the order of ids.
    pub rules: Vec<RuleTrace>,
}

/// Writes down what judging shows.
pub(super) struct Tracer<'w> {
    pub(super) set: &'w RuleSet,
    pub(super) written: &'w Written,
    pub(super) taxonomy: &'w Taxonomy,
    pub(super) case: &'w Case,
    pub(super) own: Vec<(u32, Finding)>,
    pub(super) passes: Vec<PassTrace>,
    seen: Seen,
}

/// How far the lists of a judgement were when the last pass ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    said: usize,
    pub(super) blocks: usize,
    pub(super) selected: usize,
    warnings: usize,
}

impl Seen {
    pub(super) fn of(judgement: &Judgement) -> Self {
        Self {
            said: judgement.said.len(),
            blocks: judgement.blocks.len(),
            selected: judgement.selected.len(),
            warnings: judgement.warnings.len(),
        }
    }
}

/// What came to a list since then.
pub(super) fn since<T>(list: &[T], seen: usize) -> &[T] {
    list.get(seen..).unwrap_or_default()
}

impl Watch for Tracer<'_> {
    fn pass(&mut self, context: &Context<'_>, law_only: bool, judgement: &Judgement) {
        let said = since(&judgement.said, self.seen.said);
        let rules = RuleRef::in_order()
            .zip(&self.set.rules)
            .filter(|(number, rule)| {
                !rule.closing
                    && *number != self.set.default_deny()
                    && (!law_only || rule.layer == Layer::Law)
            })
            .map(|(number, rule)| {
                let verdict = self.verdict(context, number, rule, said, judgement);
                self.rule(context, number, rule, verdict, judgement)
            })
            .collect();
        self.passes.push(PassTrace {
            origin: context.origin,
            destination: context.destination,
            law_only,
            rules,
        });
        self.seen = Seen::of(judgement);
    }

    fn end(&mut self, context: &Context<'_>, judgement: &Judgement) {
        let said = since(&judgement.said, self.seen.said);
        let closing: Vec<RuleTrace> = RuleRef::in_order()
            .zip(&self.set.rules)
            .filter(|(number, rule)| rule.closing || *number == self.set.default_deny())
            .map(|(number, rule)| {
                let verdict = self.verdict(context, number, rule, said, judgement);
                self.rule(context, number, rule, verdict, judgement)
            })
            .collect();
        // They are asked once, about the whole.
        if let Some(first) = self.passes.first_mut() {
            first.rules.extend(closing);
            first.rules.sort_by(|a, b| (&a.id, &a.part).cmp(&(&b.id, &b.part)));
        }
    }
}

impl<'w> Tracer<'w> {
    pub(super) fn new(
        set: &'w RuleSet,
        written: &'w Written,
        taxonomy: &'w Taxonomy,
        case: &'w Case,
        who: &Who,
    ) -> Self {
        let own = findings_of(set, case, who);
        Self { set, written, taxonomy, case, own, passes: Vec::new(), seen: Seen::default() }
    }

    pub(super) fn run(mut self, group: &Group<'_>, coverage: Coverage) -> Vec<PassTrace> {
        let mut whole = Whole::default();
        self.set.judge(&self.case.transfer, &group.part, coverage, &mut whole, &mut self);
        self.passes
    }

    fn verdict(
        &self,
        context: &Context<'_>,
        number: RuleRef,
        rule: &Rule,
        said: &[RuleRef],
        judgement: &Judgement,
    ) -> Verdict {
        if !said.contains(&number) {
            return Verdict::DoesNotApply;
        }
        if since(&judgement.blocks, self.seen.blocks).contains(&number) {
            return Verdict::Blocks;
        }
        if since(&judgement.selected, self.seen.selected).iter().any(|it| it.rule == number) {
            let takes = !self.taken(context, number, judgement).is_empty();
            return if takes { Verdict::Redacts } else { Verdict::Satisfied };
        }
        if since(&judgement.warnings, self.seen.warnings).iter().any(|(it, _)| *it == number) {
            return Verdict::Warns;
        }
        match rule.effect {
            None => Verdict::Notes,
            Some(Effect::Allow) => {
                if judgement.granted.iter().any(|(it, _)| *it == number) {
                    Verdict::Allows
                } else {
                    Verdict::Withholds
                }
            }
            Some(Effect::Block | Effect::Redact) => {
                let met = rule.require.as_ref().is_some_and(|it| context.met(it));
                let lifting: Vec<String> = judgement
                    .granted
                    .iter()
                    .filter(|(it, _)| rule.exceptions.contains(it))
                    .filter_map(|(it, _)| self.set.infos.get(it.index()))
                    .map(|info| info.id.clone())
                    .collect();
                if met || lifting.is_empty() {
                    Verdict::Satisfied
                } else {
                    Verdict::Lifted(lifting)
                }
            }
        }
    }

    fn rule(
        &self,
        context: &Context<'_>,
        number: RuleRef,
        rule: &Rule,
        verdict: Verdict,
        judgement: &Judgement,
    ) -> RuleTrace {
        let info = self.set.rule(number);
        let view = View { context, rule: Some(rule), observed: judgement.observed };
        let empty = super::clause::Clauses::default();
        let clauses = self.written.rules.get(number.index()).unwrap_or(&empty);
        // Records for some of it that leave nothing of the whole do not meet what a rule asks.
        let is_unmet = verdict == Verdict::Blocks;
        let require = clauses.require.as_ref().map(|it| self.condition(&view, it));
        let fields = match verdict {
            Verdict::Redacts => self.taken(context, number, judgement),
            Verdict::Blocks
            | Verdict::Warns
            | Verdict::Lifted(_)
            | Verdict::Satisfied
            | Verdict::Allows
            | Verdict::Withholds
            | Verdict::Notes
            | Verdict::DoesNotApply => Vec::new(),
        };
        RuleTrace {
            id: info.id.clone(),
            part: info.part.clone(),
            layer: info.layer,
            title: info.title.clone(),
            statute: info.statute.clone(),
            effect: info.effect,
            reason: info.reason.clone(),
            file: info.file.clone(),
            line: info.line,
            verdict,
            fields,
            applies: clauses.applies.iter().map(|it| self.condition(&view, it)).collect(),
            unless: clauses
                .unless
                .as_ref()
                .map(|it| ConditionTrace { holds: view.lifts(it), ..self.condition(&view, it) }),
            require: require.map(|it| ConditionTrace { holds: it.holds && !is_unmet, ..it }),
        }
    }

    /// Where the fields are that a rule takes in this pass.
    fn taken(&self, context: &Context<'_>, number: RuleRef, judgement: &Judgement) -> Vec<String> {
        since(&judgement.selected, self.seen.selected)
            .iter()
            .filter(|selected| selected.rule == number)
            .flat_map(|selected| {
                let findings = &self.case.findings;
                let covers = &context.set.covers;
                let takes = |it: &Finding| selected.takes(it, findings, &context.personal, covers);
                let taken = self.own.iter().filter(move |(_, it)| takes(it));
                taken.map(|(_, it)| findings.safe_locator(it))
            })
            .collect()
    }

    fn condition(&self, view: &View<'_, '_>, clause: &Clause) -> ConditionTrace {
        let witness = Witness {
            context: view.context,
            findings: &self.case.findings,
            taxonomy: self.taxonomy,
        };
        let (fact, parts) = match &clause.form {
            Form::All(parts) | Form::Any(parts) => {
                (None, parts.iter().map(|part| self.condition(view, part)).collect())
            }
            Form::Not(part) | Form::Defined(part) => (None, vec![self.condition(view, part)]),
            Form::Test(predicate) => (witness.state(predicate), Vec::new()),
            Form::Data => (Some(self.payload(view, &witness)), Vec::new()),
            Form::InForce { .. } => (Some(witness.time()), Vec::new()),
        };
        ConditionTrace {
            words: clause.words.clone(),
            line: clause.line,
            holds: view.holds(clause),
            fact,
            parts,
        }
    }

    fn payload(&self, view: &View<'_, '_>, witness: &Witness<'_, '_>) -> String {
        match view.rule.map(|rule| &rule.gate) {
            Some(crate::policy::set::Gate::Categories(tags)) => {
                // Of the person's own, and not of somebody else's in the same payload.
                let here = tags.intersection(&view.context.present);
                if here.is_empty() && view.context.coverage != Coverage::Full {
                    "it may be in what could not be read".to_owned()
                } else {
                    witness.found(&here)
                }
            }
            Some(crate::policy::set::Gate::Any | crate::policy::set::Gate::Personal) | None => {
                witness.personal()
            }
        }
    }
}
