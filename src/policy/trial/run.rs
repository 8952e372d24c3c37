//! Judges every row, and says where what came of it is not what was expected.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::{
    coverage::{Coverage, Tally, id},
    is_test_file,
    row::Row,
    table::{Judges, Table, check_keys, tree},
};
#[cfg(test)]
use crate::{
    domain::Findings,
    policy::{People, Transfer},
};
use crate::{
    domain::{Effect, Taxonomy},
    policy::{
        Decided, Decision, Layer, RuleSet, Way,
        answer::Whole,
        explain::{Case, Written, groups},
    },
    source::{Diagnostics, Node, Place, Severity, SourceFile, parse},
};

/// A row and what came of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Outcome {
    pub file: String,
    pub line: u32,
    pub table: String,
    pub name: String,
    pub effect: Effect,
    /// What was expected and what came instead; empty when all is as written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub complaints: Vec<String>,
}

impl Outcome {
    pub(crate) fn passed(&self) -> bool {
        self.complaints.is_empty()
    }
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct TrialReport {
    pub rows: Vec<Outcome>,
    pub coverage: Coverage,
}

/// The rows of a rules directory, and the rules they try.
pub(crate) struct Trial {
    sets: BTreeMap<Option<Judges>, Compiled>,
    rows: Vec<Row>,
}

impl std::fmt::Debug for Trial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trial").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

/// A rule set, and where its rules and conditions are among those of the whole.
struct Compiled {
    set: RuleSet,
    written: Written,
    rules: Vec<Option<usize>>,
    conditions: Vec<Option<usize>>,
}

impl Trial {
    /// Reads the rules and their tests. Every problem goes to `diagnostics`; `None` when one is an error.
    pub(crate) fn new(
        files: &[SourceFile],
        taxonomy: &Taxonomy,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let before = diagnostics.error_count();
        let trial = Self::read(files, taxonomy, diagnostics)?;
        (diagnostics.error_count() == before).then_some(trial)
    }

    /// Reads the tests as far as they can be without the rules they try.
    pub(crate) fn check_form(files: &[SourceFile], diagnostics: &mut Diagnostics) {
        for file in files.iter().filter(|file| is_test_file(&file.name)) {
            if let Some(root) = tree(file, diagnostics) {
                check_keys(&file.name, &root, diagnostics);
            }
        }
    }

    /// The tests without the rows that cannot be read: those of other rules than these.
    pub(crate) fn lenient(files: &[SourceFile], taxonomy: &Taxonomy) -> Option<Self> {
        Self::read(files, taxonomy, &mut Diagnostics::default())
    }

    fn read(
        files: &[SourceFile],
        taxonomy: &Taxonomy,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let (tests, files): (Vec<SourceFile>, Vec<SourceFile>) = files
            .iter()
            .filter(|file| !["taxonomy/", "detectors/"].iter().any(|it| file.name.starts_with(it)))
            .cloned()
            .partition(|file| is_test_file(&file.name));
        let set = RuleSet::compile(&files, taxonomy, diagnostics)?;
        let trees: Vec<(&str, Node)> = tests
            .iter()
            .filter_map(|file| Some((file.name.as_str(), tree(file, diagnostics)?)))
            .collect();
        let mut rows = Vec::new();
        for (file, root) in &trees {
            let table = Table::new(file, root, &set, diagnostics);
            for raw in table.rows(&set, diagnostics) {
                rows.extend(Row::new(file, raw, taxonomy, diagnostics));
            }
        }
        let whole = Compiled::new(set, &files, taxonomy, None);
        let mut sets = BTreeMap::new();
        for judges in rows.iter().filter_map(|row| row.judges).collect::<BTreeSet<_>>() {
            let files = left_of(judges, &files);
            let mut complaints = Diagnostics::default();
            let Some(set) = RuleSet::compile(&files, taxonomy, &mut complaints) else {
                // Rules refer to their own layer and to higher ones, so what `down_to` leaves compiles.
                refuse(judges, &rows, &complaints, diagnostics);
                return None;
            };
            sets.insert(Some(judges), Compiled::new(set, &files, taxonomy, Some(&whole)));
        }
        sets.insert(None, whole);
        Some(Self { sets, rows })
    }

    /// What is decided on each row, by the row's place and name.
    pub(crate) fn decisions(&self) -> Vec<(String, Way, Decided)> {
        let judged = |row: &Row| {
            let set = &self.sets.get(&row.judges)?.set;
            let decision =
                set.decide_each(&row.transfer, &row.people, &row.findings, row.coverage, &[]);
            Some((
                format!("{}:{} {}", row.file, row.line, row.name),
                Way::from(&row.transfer),
                Decided::new(set, &decision, &row.findings),
            ))
        };
        self.rows.iter().filter_map(judged).collect()
    }

    /// The rows that all rules judge, and whose payload was read whole.
    #[cfg(test)]
    pub(in crate::policy) fn whole_cases(
        &self,
    ) -> impl Iterator<Item = (&Transfer, &People, &Findings)> {
        self.rows
            .iter()
            .filter(|row| row.judges.is_none() && row.coverage == crate::domain::Coverage::Full)
            .map(|row| (&row.transfer, &row.people, &row.findings))
    }

    /// Judges every row.
    pub(crate) fn run(&self) -> TrialReport {
        let mut coverage = match self.sets.get(&None) {
            Some(whole) => Coverage::new(&whole.set, &whole.written),
            None => Coverage { rules: Vec::new(), conditions: Vec::new() },
        };
        let mut rows = Vec::with_capacity(self.rows.len());
        for (row, number) in self.rows.iter().zip(0u32..) {
            let Some(compiled) = self.sets.get(&row.judges) else { continue };
            rows.push(compiled.judge(row, number, &mut coverage));
        }
        coverage.finish();
        TrialReport { rows, coverage }
    }
}

/// Says why the rules of one layer cannot judge by themselves, where the first table asks for it.
fn refuse(judges: Judges, rows: &[Row], complaints: &Diagnostics, diagnostics: &mut Diagnostics) {
    let Some(row) = rows.iter().find(|row| row.judges == Some(judges)) else { return };
    let place = Place { file: row.file.clone(), line: row.line, column: 1 };
    let first = complaints.iter().find(|it| it.severity == Severity::Error);
    let why = first.map_or_else(String::new, |it| format!(": {}: {}", it.place, it.message));
    diagnostics
        .error(place, format!("the rules of this layer cannot be compiled by themselves{why}"))
        .remedy("rules may name exceptions of higher layers; try them with `down_to`");
}

/// The files without rules of layers that do not judge, and one that lets pass what is left.
fn left_of(judges: Judges, files: &[SourceFile]) -> Vec<SourceFile> {
    const PERMIT: &str = "\
layer: organisation
title: Everything that is left
rules:
  - id: down-to
    title: What the layers above let pass
    statute: this table
    when: {data: any}
    effect: allow
    reason: Nothing above stands in the way.
";
    let mut kept: Vec<SourceFile> = files
        .iter()
        .filter(|file| {
            let root = parse(file, &mut Diagnostics::default());
            let of = root.as_ref().and_then(|root| root.get("layer")).and_then(Node::text);
            of.is_none_or(|of| {
                [Layer::Law, Layer::Agreement, Layer::Policy, Layer::Organisation]
                    .into_iter()
                    .any(|known| known.as_str() == of && judges.has(known))
            })
        })
        .cloned()
        .collect();
    kept.push(SourceFile { name: "organisation/down-to.yaml".to_owned(), text: PERMIT.to_owned() });
    kept
}

impl Compiled {
    fn new(set: RuleSet, files: &[SourceFile], taxonomy: &Taxonomy, whole: Option<&Self>) -> Self {
        let written = Written::new(&set, files, taxonomy);
        let (rules, conditions) = match whole {
            None => (
                (0..set.infos.len()).map(Some).collect(),
                (0..written.conditions.len()).map(Some).collect(),
            ),
            Some(whole) => {
                let rules: FxHashMap<_, usize> =
                    whole.set.infos.iter().map(|it| (&it.id, &it.part)).zip(0..).collect();
                let conditions: FxHashMap<_, usize> =
                    whole.written.conditions.iter().zip(0..).collect();
                (
                    set.infos.iter().map(|it| rules.get(&(&it.id, &it.part)).copied()).collect(),
                    written.conditions.iter().map(|it| conditions.get(it).copied()).collect(),
                )
            }
        };
        Self { set, written, rules, conditions }
    }

    fn judge(&self, row: &Row, number: u32, coverage: &mut Coverage) -> Outcome {
        let set = &self.set;
        let decision =
            set.decide_each(&row.transfer, &row.people, &row.findings, row.coverage, &[]);
        let case = Case {
            transfer: row.transfer.clone(),
            people: row.people.clone(),
            findings: row.findings.clone(),
        };
        for group in groups(set, &case, row.coverage) {
            let mut tally = Tally {
                set,
                written: &self.written,
                rules: &self.rules,
                conditions: &self.conditions,
                row: number,
                coverage,
                said: 0,
            };
            let mut whole = Whole::default();
            set.judge(&case.transfer, &group.part, row.coverage, &mut whole, &mut tally);
        }
        Outcome {
            file: row.file.clone(),
            line: row.line,
            table: row.table.clone(),
            name: row.name.clone(),
            effect: decision.effect,
            complaints: complaints(set, row, &decision),
        }
    }
}

fn complaints(set: &RuleSet, row: &Row, decision: &Decision) -> Vec<String> {
    let expected = &row.expected;
    let mut complaints = Vec::new();
    let said: BTreeSet<&str> = decision.rules.iter().map(|rule| id(set, *rule)).collect();
    let by: BTreeSet<&str> = match decision.effect {
        Effect::Allow => BTreeSet::new(),
        Effect::Redact => decision.redactions.iter().map(|it| id(set, it.rule)).collect(),
        Effect::Block => decision.blocked_by.iter().map(|rule| id(set, *rule)).collect(),
    };
    let words = |names: &BTreeSet<&str>| {
        if names.is_empty() {
            "nobody".to_owned()
        } else {
            names.iter().copied().collect::<Vec<_>>().join(", ")
        }
    };
    let set_of = |names: &[String]| -> BTreeSet<String> { names.iter().cloned().collect() };
    if decision.effect != expected.effect {
        complaints.push(format!(
            "expected {}, was {} by {}",
            expected.effect,
            decision.effect,
            words(&by)
        ));
    } else if let Some(wanted) = &expected.by {
        let wanted: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
        if wanted != by {
            complaints.push(format!("expected by {}, was by {}", words(&wanted), words(&by)));
        }
    }
    if let Some(wanted) = &expected.redacted {
        let redacted: BTreeSet<String> = decision
            .redactions
            .iter()
            .filter_map(|it| row.findings.items.get(it.finding as usize))
            .map(|finding| row.findings.locator(finding))
            .collect();
        if set_of(wanted) != redacted {
            complaints.push(format!(
                "expected to redact [{}], redacted [{}]",
                wanted.join(", "),
                redacted.into_iter().collect::<Vec<_>>().join(", ")
            ));
        }
    }
    for rule in expected.rules.iter().filter(|rule| !said.contains(rule.as_str())) {
        complaints.push(format!("`{rule}` had no say"));
    }
    for rule in expected.not_rules.iter().filter(|rule| said.contains(rule.as_str())) {
        complaints.push(format!("`{rule}` had a say"));
    }
    let noted = |wanted: &String| {
        let (name, value) = match wanted.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (wanted.as_str(), None),
        };
        decision
            .annotations
            .iter()
            .any(|it| *it.name == *name && (value.is_none() || it.value.as_deref() == value))
    };
    for wanted in expected.annotations.iter().filter(|wanted| !noted(wanted)) {
        complaints.push(format!("annotation `{wanted}` is missing"));
    }
    for unwanted in expected.not_annotations.iter().filter(|unwanted| noted(unwanted)) {
        complaints.push(format!("annotation `{unwanted}` is there"));
    }
    if let Some(reason) = &expected.reason
        && **reason != *decision.reason
    {
        complaints.push(format!("expected the reason `{reason}`, was `{}`", decision.reason));
    }
    if let Some(wanted) = &expected.mechanisms {
        let used: BTreeSet<String> = decision.mechanisms.iter().cloned().collect();
        if set_of(wanted) != used {
            complaints.push(format!(
                "expected the mechanisms [{}], were [{}]",
                wanted.join(", "),
                decision.mechanisms.join(", ")
            ));
        }
    }
    complaints
}
