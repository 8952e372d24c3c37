//! Why a transfer is decided as it is, and what would make it lawful.
//!
//! A path of its own beside deciding, over the same compiled predicates: judging is watched, and each
//! rule is shown with the words of its file. The way of a request knows nothing of this room.

mod case;
mod clause;
mod lack;
mod need;
mod search;
mod state;
mod told;
mod trace;
mod ways;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};

pub use search::Bounds;
pub(crate) use told::{RuleTold, Words};
pub(super) use trace::groups;
pub use trace::{ConditionTrace, PassTrace, RuleTrace, Verdict};

pub(super) use case::Case;
pub(super) use clause::{Clause, Form, View, Written};
use need::Need;
use search::{Aim, Found, Search};
use trace::Tracer;

use super::{Annotation, Decision, People, RuleRef, RuleSet, Timestamp, Transfer};
use crate::{
    domain::{Coverage, Effect, Finding, Findings, Gap, Region, Taxonomy},
    source::SourceFile,
};

/// The rules of one generation as written; made from their files when somebody asks.
#[derive(Debug)]
pub struct Explainer {
    written: Written,
}

/// A transfer as it was judged.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'j> {
    pub transfer: &'j Transfer,
    pub people: &'j People,
    pub findings: &'j Findings,
    pub coverage: Coverage,
    pub gaps: &'j [Gap],
}

/// The answer, why, and what would change it. Holds categories, places and facts of the transfer, never a
/// value of the payload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Explanation {
    pub outcome: Effect,
    pub reason: String,
    pub as_of: Option<Timestamp>,
    pub destination: Option<Region>,
    pub remote_access_from: Vec<Region>,
    pub recipient: RecipientTrace,
    pub purpose: Option<String>,
    pub coverage: Coverage,
    pub policy_version: Option<String>,
    pub blocked_by: Vec<String>,
    pub redacted: Vec<FieldTrace>,
    pub annotations: Vec<Annotation>,
    /// People with one answer are one entry.
    pub subjects: Vec<SubjectTrace>,
    pub lawful: Lawful,
    /// What would let the fields pass that the first proposal leaves redacted, beside what it asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passing: Option<Lawful>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecipientTrace {
    pub class: Option<String>,
    pub id: Option<String>,
}

/// One field by its place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FieldTrace {
    pub pointer: String,
    pub category: String,
    pub outcome: Effect,
    /// What redacts it, or would if nothing were blocked.
    pub rules: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SubjectTrace {
    /// How many people have this answer.
    pub people: usize,
    /// Where their records are, the first few; empty for the subject of the whole payload.
    pub records: Vec<String>,
    pub origin: Option<Region>,
    pub fields: Vec<FieldTrace>,
    pub passes: Vec<PassTrace>,
}

/// What would make it lawful, or more lawful than it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Lawful {
    /// What to put on file or to state: what rests on records before what rests on somebody's word, then the
    /// smaller before the larger. Each was judged with what it asks for.
    pub proposals: Vec<Proposal>,
    /// Deciding rules nothing that could be on file leads past.
    pub obstacles: Vec<ObstacleTrace>,
    /// Deciding rules that no consent lifts, and what can, if anything.
    pub beyond_consent: Vec<BeyondConsent>,
    /// False: the search ended at its bounds, and there may be more.
    pub complete: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Proposal {
    pub needs: Vec<NeedTrace>,
    /// What would be decided.
    pub outcome: Effect,
    /// What would be redacted.
    pub redacted: Vec<String>,
    /// The fields this would let pass; empty where it is about the whole transfer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frees: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NeedTrace {
    pub kind: Cow<'static, str>,
    pub words: String,
    /// How many people it is about; absent where it is about the transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people: Option<usize>,
    /// What to add to the decision request; lists are added to lists.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub facts: serde_json::Value,
    /// What to take out of the payload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redact: Vec<String>,
    /// What does as well in its place.
    #[serde(rename = "or", default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<NeedTrace>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ObstacleTrace {
    pub rule: String,
    pub title: String,
    pub reason: String,
    /// It asks for nothing that could be there.
    pub prohibition: bool,
    /// The fields it keeps from passing; none where it keeps the whole transfer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

impl Lawful {
    /// A rule that stands in the way of several fields stands in it once, and names them.
    fn meet(&mut self, obstacle: ObstacleTrace) {
        match self.obstacles.iter_mut().find(|it| it.rule == obstacle.rule) {
            Some(known) => {
                known.fields.extend(obstacle.fields);
                known.fields.sort_unstable();
                known.fields.dedup();
            }
            None => self.obstacles.push(obstacle),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BeyondConsent {
    pub rule: String,
    /// Words as in [`NeedTrace::kind`]; empty when nothing does.
    pub lifted_by: Vec<Cow<'static, str>>,
}

/// Fields of one subject that are told.
const FIELDS_MAX: usize = 256;
/// Records of one subject that are told.
const RECORDS_MAX: usize = 8;

impl Explainer {
    /// `files` are those `set` was compiled from.
    pub fn new(set: &RuleSet, files: &[SourceFile], taxonomy: &Taxonomy) -> Self {
        Self { written: Written::new(set, files, taxonomy) }
    }

    /// Explains a transfer. `go_on` is asked again and again while proposals are looked for; false ends
    /// the search, so that whoever has a clock can bound it.
    pub fn explain(
        &self,
        set: &RuleSet,
        taxonomy: &Taxonomy,
        judged: &Judged<'_>,
        bounds: Bounds,
        go_on: &dyn Fn() -> bool,
    ) -> Explanation {
        let case = Case {
            transfer: judged.transfer.clone(),
            people: judged.people.clone(),
            findings: judged.findings.clone(),
        };
        let decision = set.decide_each(
            &case.transfer,
            &case.people,
            &case.findings,
            judged.coverage,
            judged.gaps,
        );
        let coverage =
            judged.gaps.iter().map(|gap| gap.coverage).fold(judged.coverage, Coverage::max);
        let category = |finding: &Finding| taxonomy.key(finding.tag).to_owned();
        let id = |rule: RuleRef| set.rule(rule).id.clone();
        let subjects = groups(set, &case, coverage)
            .into_iter()
            .map(|group| {
                let tracer = Tracer::new(set, &self.written, taxonomy, &case, &group.who);
                let own = tracer.own.clone();
                let passes = tracer.run(&group, coverage);
                let fields = own
                    .iter()
                    .take(FIELDS_MAX)
                    .map(|(number, finding)| {
                        let pointer = case.findings.safe_locator(finding);
                        let rules: BTreeSet<&str> = passes
                            .iter()
                            .flat_map(|pass| &pass.rules)
                            .filter(|rule| rule.fields.contains(&pointer))
                            .map(|rule| rule.id.as_str())
                            .collect();
                        let is_redacted =
                            decision.redactions.iter().any(|it| it.finding == *number)
                                || !rules.is_empty();
                        FieldTrace {
                            category: category(finding),
                            outcome: match decision.effect {
                                Effect::Block => Effect::Block,
                                Effect::Allow | Effect::Redact if is_redacted => Effect::Redact,
                                Effect::Allow | Effect::Redact => Effect::Allow,
                            },
                            rules: rules.into_iter().map(str::to_owned).collect(),
                            pointer,
                        }
                    })
                    .collect();
                SubjectTrace {
                    people: group.who.len(),
                    records: group
                        .who
                        .iter()
                        .filter_map(|number| case.people.people.get(*number)?.record)
                        .take(RECORDS_MAX)
                        .map(|node| case.findings.node_locator(node))
                        .collect(),
                    origin: group.part.origin,
                    fields,
                    passes,
                }
            })
            .collect();
        let search =
            Search { set, case: &case, coverage: judged.coverage, gaps: judged.gaps, go_on };
        let (lawful, passing) = self.ways(set, &search, &decision, bounds);
        Explanation {
            outcome: decision.effect,
            reason: decision.reason.to_string(),
            as_of: case.transfer.as_of,
            destination: case.transfer.destination,
            remote_access_from: case.transfer.remote_access_from.clone(),
            recipient: RecipientTrace {
                class: case.transfer.recipient.class.as_deref().map(str::to_owned),
                id: case.transfer.recipient.id.as_deref().map(str::to_owned),
            },
            purpose: case.transfer.purpose.as_deref().map(str::to_owned),
            coverage,
            policy_version: decision.policy_version.clone(),
            blocked_by: decision.blocked_by.iter().map(|rule| id(*rule)).collect(),
            redacted: decision
                .redactions
                .iter()
                .filter_map(|it| Some((it, case.findings.items.get(it.finding as usize)?)))
                .map(|(redaction, finding)| FieldTrace {
                    pointer: case.findings.safe_locator(finding),
                    category: category(finding),
                    outcome: Effect::Redact,
                    rules: vec![id(redaction.rule)],
                })
                .collect(),
            annotations: decision.annotations.clone(),
            subjects,
            lawful,
            passing,
        }
    }

    /// What would make it lawful, and where that leaves fields redacted what would let those pass.
    fn ways(
        &self,
        set: &RuleSet,
        search: &Search<'_>,
        decision: &Decision,
        bounds: Bounds,
    ) -> (Lawful, Option<Lawful>) {
        match decision.effect {
            Effect::Allow => (Lawful { complete: true, ..Lawful::default() }, None),
            Effect::Redact => (self.freeing(set, search, decision, bounds), None),
            Effect::Block => {
                let answer = search.run(&Aim::Unblocked, bounds);
                let lawful = self.lawful(set, search, &Aim::Unblocked, &answer);
                let is_left = |found: &&Found| found.outcome == Effect::Redact;
                let all_left = answer.found.iter().all(|found| is_left(&found));
                let passing = answer.found.first().filter(|_| all_left).map(|found| {
                    let needs: Vec<Need> =
                        found.needs.iter().filter_map(|any| any.first()).cloned().collect();
                    let case = search.case.with(&needs);
                    let search = Search { case: &case, ..*search };
                    self.freeing(set, &search, &search.decide(&case), bounds)
                });
                (lawful, passing)
            }
        }
    }

    /// What would let redacted fields pass.
    fn freeing(
        &self,
        set: &RuleSet,
        search: &Search<'_>,
        decision: &Decision,
        bounds: Bounds,
    ) -> Lawful {
        // The fields one rule takes are freed together.
        let mut by_rule: BTreeMap<RuleRef, BTreeSet<u32>> = BTreeMap::new();
        for redaction in &decision.redactions {
            by_rule.entry(redaction.rule).or_default().insert(redaction.finding);
        }
        let mut whole = Lawful { complete: true, ..Lawful::default() };
        let share = Bounds {
            proposals: bounds.proposals.div_ceil(by_rule.len().max(1)).max(2),
            decisions: bounds.decisions.div_ceil(by_rule.len().max(1)),
        };
        for fields in by_rule.into_values() {
            let aim = Aim::Fields(fields);
            let more = self.lawful(set, search, &aim, &search.run(&aim, share));
            whole.proposals.extend(more.proposals);
            more.obstacles.into_iter().for_each(|obstacle| whole.meet(obstacle));
            for rule in more.beyond_consent {
                if !whole.beyond_consent.iter().any(|it| it.rule == rule.rule) {
                    whole.beyond_consent.push(rule);
                }
            }
            whole.complete &= more.complete;
        }
        whole
    }

    /// The fewest facts under which a transfer is decided with this effect, by these rules and no others
    /// (whichever, when none are named), and whether any had to be assumed. `None` when none were found.
    pub(crate) fn complete(
        &self,
        set: &RuleSet,
        transfer: &Transfer,
        findings: &Findings,
        coverage: Coverage,
        effect: Effect,
        by: &[String],
    ) -> Option<(Transfer, bool)> {
        let case = Case {
            transfer: transfer.clone(),
            people: People::one(transfer),
            findings: findings.clone(),
        };
        let search = Search { set, case: &case, coverage, gaps: &[], go_on: &|| true };
        let aim = Aim::Only { effect, by: by.iter().cloned().collect() };
        let bounds = Bounds { proposals: 1, decisions: 200 };
        let found = search.run(&aim, bounds).found.into_iter().next()?;
        let needs: Vec<Need> = found.needs.into_iter().flatten().collect();
        let mut completed = case.with(&needs);
        // One subject, so that its facts are those of the transfer.
        if let Some(facts) = completed.people.people.first_mut().and_then(|it| it.facts.take()) {
            completed.transfer.subject = facts;
        }
        Some((completed.transfer, !needs.is_empty()))
    }

    fn lawful(
        &self,
        set: &RuleSet,
        search: &Search<'_>,
        aim: &Aim,
        answer: &search::Findings,
    ) -> Lawful {
        let findings = &search.case.findings;
        let frees: Vec<String> = match aim {
            Aim::Unblocked | Aim::Only { .. } => Vec::new(),
            Aim::Fields(fields) => fields
                .iter()
                .filter_map(|number| findings.items.get(*number as usize))
                .map(|finding| findings.safe_locator(finding))
                .collect(),
        };
        let many = search.case.people.people.len() > 1;
        let info = |rule: RuleRef| set.rule(rule);
        let has_way = !answer.found.is_empty();
        Lawful {
            proposals: answer
                .found
                .iter()
                .map(|found| self.proposal(search.case, found, &frees, many))
                .collect(),
            obstacles: answer
                .obstacles
                .iter()
                .filter(|_| !has_way)
                .map(|it| ObstacleTrace {
                    rule: info(it.rule).id.clone(),
                    title: info(it.rule).title.clone(),
                    reason: info(it.rule).reason.clone(),
                    prohibition: it.absolute,
                    fields: frees.clone(),
                })
                .collect(),
            beyond_consent: answer
                .kinds
                .iter()
                .filter(|(_, kinds)| !kinds.contains("consent"))
                .map(|(rule, kinds)| BeyondConsent {
                    rule: info(*rule).id.clone(),
                    lifted_by: kinds.iter().copied().map(Cow::Borrowed).collect(),
                })
                .collect(),
            complete: !answer.cut,
        }
    }

    fn proposal(&self, case: &Case, found: &Found, frees: &[String], many: bool) -> Proposal {
        let trace = |need: &Need| NeedTrace {
            kind: need.kind().into(),
            words: need.words(&self.written, case, many),
            people: need.who().map(BTreeSet::len),
            facts: case.record(need),
            redact: case.places(need),
            alternatives: Vec::new(),
        };
        let any_of = |any: &Vec<Need>| {
            let (first, others) = any.split_first()?;
            Some(NeedTrace { alternatives: others.iter().map(trace).collect(), ..trace(first) })
        };
        Proposal {
            needs: found.needs.iter().filter_map(any_of).collect(),
            outcome: found.outcome,
            redacted: found.redacted.clone(),
            frees: frees.to_vec(),
        }
    }
}
