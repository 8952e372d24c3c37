//! Which rules and conditions the rows have tried.

use serde::Serialize;

use crate::{
    domain::Effect,
    policy::{
        Layer, RuleRef,
        context::Context,
        explain::{Clause, Form, View, Written},
        judge::{Judgement, Watch},
        predicate::Observations,
        set::RuleSet,
    },
};

/// Rows that tried something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Side {
    pub rows: u32,
    /// The number of the first of them, in the order of the report.
    pub first: Option<u32>,
}

impl Side {
    fn add(&mut self, row: u32) {
        self.rows += 1;
        self.first.get_or_insert(row);
    }

    pub(crate) fn is_tried(&self) -> bool {
        self.first.is_some()
    }
}

/// What a whole run has tried.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Coverage {
    pub rules: Vec<RuleCoverage>,
    pub conditions: Vec<ConditionCoverage>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct RuleCoverage {
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    pub file: String,
    pub line: u32,
    /// Rows in which it applied.
    pub applied: Side,
    /// Rows in which it did what it is there for: blocked, redacted, allowed, noted.
    pub acted: Side,
    /// Rows in which it applied and had nothing to do.
    pub rested: Side,
}

/// One condition as written.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ConditionCoverage {
    /// The rule, or the definition where several share it.
    pub of: String,
    /// `when`, `unless`, `require` or `definition`.
    pub section: &'static str,
    pub words: String,
    pub file: String,
    pub line: u32,
    /// Rows in which it held and that made the difference.
    pub held: Side,
    /// Rows in which it did not, and that made the difference.
    pub failed: Side,
}

impl ConditionCoverage {
    pub(crate) fn is_full(&self) -> bool {
        self.held.is_tried() && self.failed.is_tried()
    }
}

impl RuleCoverage {
    pub(crate) fn is_full(&self) -> bool {
        self.acted.is_tried()
    }
}

impl Coverage {
    pub(super) fn new(set: &RuleSet, written: &Written) -> Self {
        let rules = set
            .infos
            .iter()
            .map(|info| RuleCoverage {
                id: info.id.clone(),
                part: info.part.clone(),
                file: info.file.clone(),
                line: info.line,
                applied: Side::default(),
                acted: Side::default(),
                rested: Side::default(),
            })
            .collect();
        let mut conditions: Vec<Option<ConditionCoverage>> =
            written.conditions.iter().map(|_| None).collect();
        let mut put = |clause: &Clause, of: &str, section: &'static str, file: &str| {
            each_numbered(clause, &mut |number, clause| {
                if let Some(slot) = conditions.get_mut(number as usize) {
                    *slot = Some(ConditionCoverage {
                        of: of.to_owned(),
                        section,
                        words: clause.words.clone(),
                        file: file.to_owned(),
                        line: clause.line,
                        held: Side::default(),
                        failed: Side::default(),
                    });
                }
            });
        };
        for (clauses, info) in written.rules.iter().zip(&set.infos) {
            let of = match &info.part {
                Some(part) => format!("{} ({part})", info.id),
                None => info.id.clone(),
            };
            for clause in &clauses.applies {
                put(clause, &of, "when", &info.file);
            }
            for (clause, section) in [(&clauses.unless, "unless"), (&clauses.require, "require")] {
                if let Some(clause) = clause {
                    put(clause, &of, section, &info.file);
                }
            }
        }
        for definition in &written.definitions {
            put(&definition.clause, &definition.name, "definition", &definition.file);
        }
        // A number without a condition is one of a rule that is off.
        let conditions = conditions
            .into_iter()
            .map(|it| {
                it.unwrap_or(ConditionCoverage {
                    of: String::new(),
                    section: "off",
                    words: String::new(),
                    file: String::new(),
                    line: 0,
                    held: Side::default(),
                    failed: Side::default(),
                })
            })
            .collect();
        Self { rules, conditions }
    }

    pub(super) fn finish(&mut self) {
        self.conditions.retain(|it| it.section != "off");
        // Built in: what no rule allows.
        self.rules.retain(|it| !it.file.is_empty());
    }
}

fn each_numbered(clause: &Clause, visit: &mut impl FnMut(u32, &Clause)) {
    if let Some(number) = clause.number {
        visit(number, clause);
    }
    match &clause.form {
        Form::All(parts) | Form::Any(parts) => {
            parts.iter().for_each(|part| each_numbered(part, visit));
        }
        Form::Not(part) => each_numbered(part, visit),
        Form::Defined(_) | Form::Test(_) | Form::Data | Form::InForce { .. } => {}
    }
}

/// Looks on while a row is judged.
pub(super) struct Tally<'t> {
    pub(super) set: &'t RuleSet,
    pub(super) written: &'t Written,
    /// Numbers of this set's rules and conditions among those of the whole.
    pub(super) rules: &'t [Option<usize>],
    pub(super) conditions: &'t [Option<usize>],
    pub(super) row: u32,
    pub(super) coverage: &'t mut Coverage,
    pub(super) said: usize,
}

impl Tally<'_> {
    fn look(
        &mut self,
        context: &Context<'_>,
        law_only: bool,
        closing: bool,
        judgement: &Judgement,
    ) {
        let said = judgement.said.get(self.said..).unwrap_or_default();
        for (number, rule) in RuleRef::in_order().zip(&self.set.rules) {
            if rule.closing != closing || (law_only && rule.layer != Layer::Law) {
                continue;
            }
            let observed = if closing { judgement.observed } else { Observations::default() };
            let view = View { context, rule: Some(rule), observed };
            if let Some(clauses) = self.written.rules.get(number.index()) {
                self.count(|visit| {
                    view.pivots_of_rule(clauses, visit);
                });
            }
            let at = self.rules.get(number.index()).copied().flatten();
            let Some(seen) = at.and_then(|at| self.coverage.rules.get_mut(at)) else { continue };
            if said.contains(&number) {
                seen.applied.add(self.row);
                if acts(judgement, number, rule.effect) {
                    seen.acted.add(self.row);
                } else {
                    seen.rested.add(self.row);
                }
            }
        }
        if !law_only && !closing {
            for definition in &self.written.definitions {
                let view = View { context, rule: None, observed: Observations::default() };
                if definition.origin.as_ref().is_none_or(|origin| view.holds(origin)) {
                    self.count(|visit| view.pivots(&definition.clause, visit));
                }
            }
        }
        self.said = judgement.said.len();
    }

    fn count(&mut self, pivots: impl FnOnce(&mut dyn FnMut(u32, bool))) {
        let (coverage, row, conditions) = (&mut *self.coverage, self.row, self.conditions);
        pivots(&mut |number, holds| {
            let at = conditions.get(number as usize).copied().flatten();
            if let Some(seen) = at.and_then(|at| coverage.conditions.get_mut(at)) {
                if holds { seen.held.add(row) } else { seen.failed.add(row) }
            }
        });
    }
}

fn acts(judgement: &Judgement, number: RuleRef, effect: Option<Effect>) -> bool {
    match effect {
        None => true,
        Some(Effect::Allow) => judgement.granted.iter().any(|(it, _)| *it == number),
        Some(Effect::Block | Effect::Redact) => {
            judgement.blocks.contains(&number)
                || judgement.selected.iter().any(|it| it.rule == number)
                || judgement.warnings.iter().any(|(it, _)| *it == number)
        }
    }
}

impl Watch for Tally<'_> {
    fn pass(&mut self, context: &Context<'_>, law_only: bool, judgement: &Judgement) {
        self.look(context, law_only, false, judgement);
    }

    fn end(&mut self, context: &Context<'_>, judgement: &Judgement) {
        self.look(context, false, true, judgement);
    }
}

/// The id a reader knows a rule by.
pub(super) fn id(set: &RuleSet, rule: RuleRef) -> &str {
    &set.rule(rule).id
}
