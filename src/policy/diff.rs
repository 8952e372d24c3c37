//! What two sets of rules decide differently, grouped so that a person can read it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Decision, RuleSet, Transfer};
use crate::domain::{Effect, Findings, Region};

/// A decision as far as two of them are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    pub effect: Effect,
    /// The rules that block, or that redact.
    pub by: BTreeSet<String>,
    /// Places, with `*` for names that are personal data.
    pub redacted: BTreeSet<String>,
    /// `name` or `name=value`.
    pub annotations: BTreeSet<String>,
}

impl Decided {
    pub fn new(set: &RuleSet, decision: &Decision, findings: &Findings) -> Self {
        let id = |rule| set.rule(rule).id.clone();
        Self {
            effect: decision.effect,
            by: match decision.effect {
                Effect::Allow => BTreeSet::new(),
                Effect::Redact => decision.redactions.iter().map(|it| id(it.rule)).collect(),
                Effect::Block => decision.blocked_by.iter().map(|rule| id(*rule)).collect(),
            },
            redacted: decision
                .redactions
                .iter()
                .filter_map(|it| findings.items.get(it.finding as usize))
                .map(|finding| findings.safe_locator(finding))
                .collect(),
            annotations: decision
                .annotations
                .iter()
                .map(|it| match &it.value {
                    Some(value) => format!("{}={value}", it.name),
                    None => it.name.to_string(),
                })
                .collect(),
        }
    }
}

/// Where a transfer went, for grouping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Way {
    pub origin: Option<Region>,
    pub destination: Option<Region>,
    pub purpose: Option<String>,
}

impl From<&Transfer> for Way {
    fn from(transfer: &Transfer) -> Self {
        Self {
            origin: transfer.origin,
            destination: transfer.destination,
            purpose: transfer.purpose.as_deref().map(str::to_owned),
        }
    }
}

/// One case before both sets.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    /// What the case is known by: a line of a file, an id.
    pub name: String,
    pub way: Way,
    pub old: Decided,
    pub new: Decided,
}

/// What changes, largest group first.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Changes {
    pub cases: usize,
    pub changed: usize,
    pub groups: Vec<ChangeGroup>,
}

/// Cases that change alike.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ChangeGroup {
    /// The rules that decide in one of the two only; where none does, those that decide in both.
    pub rules: BTreeSet<String>,
    pub way: Way,
    pub from: Effect,
    pub to: Effect,
    /// Places redacted now and not before, and the other way round.
    pub newly_redacted: BTreeSet<String>,
    pub no_longer_redacted: BTreeSet<String>,
    pub new_annotations: BTreeSet<String>,
    pub gone_annotations: BTreeSet<String>,
    pub count: usize,
    /// The first few, by name.
    pub examples: Vec<String>,
}

const EXAMPLES_MAX: usize = 3;

/// Cases as they come; only those that differ are kept, and of those the groups.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    cases: usize,
    changed: usize,
    groups: BTreeMap<Key, (usize, Vec<String>)>,
}

/// What cases of one group have in common.
type Key = (BTreeSet<String>, Way, Effect, Effect, [BTreeSet<String>; 4]);

impl Comparison {
    pub(crate) fn add(&mut self, pair: Pair) {
        self.cases += 1;
        if pair.old == pair.new {
            return;
        }
        self.changed += 1;
        let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| -> BTreeSet<String> {
            a.difference(b).cloned().collect()
        };
        let (old, new) = (&pair.old, &pair.new);
        let mut rules: BTreeSet<String> = old.by.symmetric_difference(&new.by).cloned().collect();
        if rules.is_empty() {
            rules = new.by.clone();
        }
        let details = [
            only(&new.redacted, &old.redacted),
            only(&old.redacted, &new.redacted),
            only(&new.annotations, &old.annotations),
            only(&old.annotations, &new.annotations),
        ];
        let (count, examples) =
            self.groups.entry((rules, pair.way, old.effect, new.effect, details)).or_default();
        *count += 1;
        if examples.len() < EXAMPLES_MAX {
            examples.push(pair.name);
        }
    }

    pub(crate) fn finish(self) -> Changes {
        let mut changes = Changes { cases: self.cases, changed: self.changed, groups: Vec::new() };
        changes.groups = self
            .groups
            .into_iter()
            .map(|((rules, way, from, to, details), (count, examples))| {
                let [newly_redacted, no_longer_redacted, new_annotations, gone_annotations] =
                    details;
                ChangeGroup {
                    rules,
                    way,
                    from,
                    to,
                    newly_redacted,
                    no_longer_redacted,
                    new_annotations,
                    gone_annotations,
                    count,
                    examples,
                }
            })
            .collect();
        // What becomes laxer deserves the first look.
        changes.groups.sort_by(|a, b| {
            (a.to >= a.from, std::cmp::Reverse(a.count))
                .cmp(&(b.to >= b.from, std::cmp::Reverse(b.count)))
        });
        changes
    }
}

impl Changes {
    pub(crate) fn new(pairs: impl IntoIterator<Item = Pair>) -> Self {
        let mut comparison = Comparison::default();
        pairs.into_iter().for_each(|pair| comparison.add(pair));
        comparison.finish()
    }
}
