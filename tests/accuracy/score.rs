//! Compares what the engine found in a document with what is labelled there.
//!
//! A finding and a label agree when they are of the same category (one of which may contain the other)
//! and stand in the same place: the same field, or bytes that cover at least half of the label.

use std::{collections::BTreeMap, fmt::Write as _, ops::Range};

use bordergate::{
    domain::{Finding, Sensitivity, Tag, Taxonomy},
    engine::Scan,
};

use super::document::{Document, Group, Label};

/// Counts of labels and findings, and how many of each were right.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) labels: usize,
    pub(crate) found: usize,
    pub(crate) findings: usize,
    pub(crate) right: usize,
}

impl Tally {
    /// Percent of findings that are personal data of that category.
    pub(crate) fn precision(&self) -> f64 {
        percent(self.right, self.findings)
    }

    /// Percent of labels that were found.
    pub(crate) fn recall(&self) -> f64 {
        percent(self.found, self.labels)
    }

    pub(crate) fn f1(&self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 }
    }

    fn add(&mut self, other: Self) {
        self.labels += other.labels;
        self.found += other.found;
        self.findings += other.findings;
        self.right += other.right;
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 100.0 } else { 100.0 * part as f64 / whole as f64 }
}

/// The measurement of a corpus.
#[derive(Debug, Default)]
pub(crate) struct Score {
    /// By short name.
    pub(crate) categories: BTreeMap<String, Tally>,
    pub(crate) groups: BTreeMap<Group, Tally>,
    /// Labels that some finding covers, whatever its category.
    covered: usize,
    labels: usize,
    negatives: usize,
    clean: usize,
    /// Lines `missed …` and `false …`, for whoever mends the detectors.
    pub(crate) mistakes: String,
}

impl Score {
    pub(crate) fn take(&mut self, document: &Document, verdict: &Scan<'_>, taxonomy: &Taxonomy) {
        let places: Vec<Place<'_>> =
            verdict.findings.items.iter().map(|finding| Place::of(finding, verdict)).collect();
        let mut right = vec![None; places.len()];
        let group = self.groups.entry(document.group).or_default();
        for label in &document.labels {
            let tag =
                taxonomy.tag(&label.tag).unwrap_or_else(|| panic!("no category `{}`", label.tag));
            let mut found = false;
            let mut covered = false;
            for (number, place) in places.iter().enumerate() {
                covered |= place.covers(label);
                if related(place.finding.tag, tag, taxonomy) {
                    found |= place.covers(label);
                    if place.covers(label) || place.is_inside(label) {
                        right[number] = Some(label.tag.as_str());
                    }
                }
            }
            self.labels += 1;
            self.covered += usize::from(covered);
            let tally = Tally { labels: 1, found: usize::from(found), ..Tally::default() };
            self.categories.entry(label.tag.clone()).or_default().add(tally);
            group.add(tally);
            if !found {
                let (path, span) =
                    (label.path.as_deref().unwrap_or("-"), label.span.clone().unwrap_or_default());
                let covered = if covered { " (covered)" } else { "" };
                let _ = writeln!(
                    self.mistakes,
                    "missed {} {} {path} {span:?}{covered}",
                    document.id, label.tag
                );
            }
        }
        let mut clean = true;
        for (place, right) in places.iter().zip(right) {
            let category = taxonomy.category(place.finding.tag).unwrap();
            let personal = category.sensitivity != Sensitivity::Anonymous;
            clean &= !personal;
            // What is anonymous while it stands alone is no mistake in a document without a person.
            if right.is_none() && !personal && document.group == Group::Negative {
                continue;
            }
            let tally =
                Tally { findings: 1, right: usize::from(right.is_some()), ..Tally::default() };
            self.categories
                .entry(right.unwrap_or(&category.short).to_owned())
                .or_default()
                .add(tally);
            group.add(tally);
            if right.is_none() {
                let span = place.finding.span;
                let _ = writeln!(
                    self.mistakes,
                    "false  {} {} {} {}..{} {}%",
                    document.id,
                    category.short,
                    place.locator,
                    span.start,
                    span.end,
                    place.finding.confidence.0
                );
            }
        }
        if document.group == Group::Negative {
            self.negatives += 1;
            self.clean += usize::from(clean);
        }
    }

    /// Mean over the categories that are labelled.
    pub(crate) fn macro_f1(&self) -> f64 {
        let labelled: Vec<f64> =
            self.categories.values().filter(|tally| tally.labels > 0).map(Tally::f1).collect();
        labelled.iter().sum::<f64>() / labelled.len().max(1) as f64
    }

    /// Percent of labels that a redaction of every finding would take out.
    pub(crate) fn redaction_recall(&self) -> f64 {
        percent(self.covered, self.labels)
    }

    /// Percent of negative documents without a personal finding.
    pub(crate) fn clean_negatives(&self) -> f64 {
        percent(self.clean, self.negatives)
    }

    pub(crate) fn table(&self) -> String {
        let mut table = String::new();
        let _ = writeln!(
            table,
            "{:<22} {:>7} {:>7} {:>9} {:>7} {:>7}",
            "", "labels", "found", "precision", "recall", "F1"
        );
        let mut row = |name: &str, tally: &Tally| {
            let (labels, precision, recall, f1) =
                (tally.labels, tally.precision(), tally.recall(), tally.f1());
            let _ = writeln!(
                table,
                "{name:<22} {labels:>7} {:>7} {precision:>9.1} {recall:>7.1} {f1:>7.1}",
                tally.findings
            );
        };
        let mut worst: Vec<_> = self.categories.iter().collect();
        worst.sort_by(|a, b| a.1.f1().total_cmp(&b.1.f1()));
        for (name, tally) in worst {
            row(name, tally);
        }
        for (group, tally) in &self.groups {
            row(&format!("[{}]", group.as_str()), tally);
        }
        let (macro_f1, redaction, clean) =
            (self.macro_f1(), self.redaction_recall(), self.clean_negatives());
        let _ = writeln!(
            table,
            "macro F1 {macro_f1:.1}, redaction recall {redaction:.1}, clean negatives {clean:.1}"
        );
        table
    }
}

/// Where a finding stands.
struct Place<'f> {
    finding: &'f Finding,
    locator: String,
    span: Range<usize>,
}

impl<'f> Place<'f> {
    fn of(finding: &'f Finding, scan: &Scan<'_>) -> Self {
        let (_, span) = scan.place(finding);
        Self { finding, locator: scan.findings.locator(finding), span: span.range() }
    }

    fn covers(&self, label: &Label) -> bool {
        if self.finding.part != label.part {
            return false;
        }
        match (&label.path, &label.span) {
            // A layer within: only the path can be compared.
            (Some(path), None) => self.at_or_above(path),
            (Some(path), Some(span)) => {
                self.at_or_above(path) && (self.whole() || overlap(&self.span, span))
            }
            (None, Some(span)) => overlap(&self.span, span),
            (None, None) => false,
        }
    }

    /// A part of the label: the street of an address, a number of a pair of coordinates.
    fn is_inside(&self, label: &Label) -> bool {
        let below = |path: &String| {
            self.locator
                .strip_prefix(path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let within =
            |span: &Range<usize>| span.start <= self.span.start && self.span.end <= span.end;
        self.finding.part == label.part
            && label.path.as_ref().is_none_or(below)
            && label.span.as_ref().is_none_or(within)
    }

    fn at_or_above(&self, path: &str) -> bool {
        path.strip_prefix(&self.locator)
            .is_some_and(|rest| rest.is_empty() || (self.whole() && rest.starts_with('/')))
    }

    fn whole(&self) -> bool {
        self.finding.marks.container
    }
}

fn overlap(found: &Range<usize>, labelled: &Range<usize>) -> bool {
    let common = found.end.min(labelled.end).saturating_sub(found.start.max(labelled.start));
    common * 2 >= labelled.len() && common > 0
}

/// Same category, or one below the other.
fn related(a: Tag, b: Tag, taxonomy: &Taxonomy) -> bool {
    let (a, b) = (taxonomy.key(a), taxonomy.key(b));
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
