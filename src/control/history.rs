//! What the reloads of this process came to, and what each changed.

use std::{
    collections::VecDeque,
    ops::Range,
    time::{Duration, Instant},
};

use serde::Serialize;
use similar::{Algorithm, DiffOp, DiffTag};

use super::Trigger;
use crate::{
    policy::Timestamp,
    snapshot::Generation,
    source::{PEM, SourceFile},
};

/// The latest reloads, the newest first.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct History(VecDeque<HistoryEntry>);

/// What was reloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Rules,
    /// And data centres, workloads and the context of all routes.
    Routes,
}

/// One reload that changed what serves, or was refused.
#[derive(Debug, Clone, Serialize)]
pub struct HistoryEntry {
    pub of: Subject,
    pub at: Timestamp,
    pub by: Trigger,
    /// The operator who asked, where one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// That serves after it.
    pub generation: Generation,
    /// Of the files that were read.
    pub hash: String,
    /// Complaints, where the files were refused.
    pub errors: usize,
    pub elapsed_ms: u64,
    pub files: Vec<FileChange>,
}

/// What became of one file since those that served before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileChange {
    pub name: String,
    pub added: usize,
    pub removed: usize,
    /// The lines of a unified diff: with `+`, `-` or a space before them, and `@@ -4,6 +4,7 @@` before those that
    /// stand together; where there are many, only the first. A key that was written over a file is not shown.
    pub lines: Vec<String>,
}

impl History {
    const ENTRIES_MAX: usize = 50;

    pub(super) fn push(&mut self, entry: HistoryEntry) {
        self.0.push_front(entry);
        self.0.truncate(Self::ENTRIES_MAX);
    }
}

/// The files that differ.
pub(super) fn changes(old: &[SourceFile], new: &[SourceFile]) -> Vec<FileChange> {
    fn text_in<'f>(files: &'f [SourceFile], name: &str) -> Option<&'f str> {
        files.iter().find(|file| file.name == name).map(|file| file.text.as_str())
    }
    let mut names: Vec<&str> = old.iter().chain(new).map(|file| file.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter_map(|name| {
            let (before, after) = (text_in(old, name), text_in(new, name));
            (before != after)
                .then(|| change(name, before.unwrap_or_default(), after.unwrap_or_default()))
        })
        .collect()
}

/// The lines that differ, as a unified diff has them.
fn change(name: &str, before: &str, after: &str) -> FileChange {
    const LINES_MAX: usize = 120;
    const AROUND: usize = 2;
    // Texts that have next to nothing in common take the square of their length; until then the diff is the shortest.
    const TIME_MAX: Duration = Duration::from_millis(100);
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let until = Some(Instant::now() + TIME_MAX);
    let steps = similar::capture_diff_slices_deadline(Algorithm::Myers, &old, &new, until);
    let is_in = |tag: DiffTag, step: &&DiffOp| step.tag() == tag || step.tag() == DiffTag::Replace;
    let count = |tag, range: fn(&DiffOp) -> Range<usize>| -> usize {
        steps.iter().filter(|step| is_in(tag, step)).map(|step| range(step).len()).sum()
    };
    let added = count(DiffTag::Insert, DiffOp::new_range);
    let removed = count(DiffTag::Delete, DiffOp::old_range);
    let holds_key = |text: &str| text.contains(PEM);
    let (hides_old, hides_new) = (holds_key(before), holds_key(after));
    let signed = |sign: char, lines: &[&str], range: Range<usize>, is_hidden: bool| {
        let line = |line: &&str| format!("{sign}{}", if is_hidden { "…" } else { line });
        lines.get(range).unwrap_or_default().iter().map(line).collect::<Vec<_>>()
    };
    let mut lines = Vec::new();
    for group in similar::group_diff_ops(steps, AROUND) {
        lines.extend(heading(&group));
        for step in &group {
            if step.tag() == DiffTag::Equal {
                lines.extend(signed(' ', &new, step.new_range(), hides_new));
                continue;
            }
            lines.extend(signed('-', &old, step.old_range(), hides_old));
            lines.extend(signed('+', &new, step.new_range(), hides_new));
        }
    }
    lines.truncate(LINES_MAX);
    FileChange { name: name.to_owned(), added, removed, lines }
}

/// Where a group of lines stands in both files.
fn heading(group: &[DiffOp]) -> Option<String> {
    let (first, last) = (group.first()?, group.last()?);
    // Of no lines that before which they are not.
    let place = |from: usize, to: usize| match to - from {
        0 => format!("{from},0"),
        1 => format!("{}", from + 1),
        count => format!("{},{count}", from + 1),
    };
    let old = place(first.old_range().start, last.old_range().end);
    let new = place(first.new_range().start, last.new_range().end);
    Some(format!("@@ -{old} +{new} @@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> SourceFile {
        SourceFile { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_change_shows_the_lines_that_differ() {
        let old =
            [file("a.yaml", "1\n2\n3\n4\n5\n6\n"), file("b.yaml", "x\n"), file("c.yaml", "y\n")];
        let new =
            [file("a.yaml", "1\n2\n3\nfour\n5\n6\n"), file("c.yaml", "y\n"), file("d.yaml", "z\n")];
        let changed = changes(&old, &new);
        let told: Vec<_> =
            changed.iter().map(|it| (it.name.as_str(), it.added, it.removed)).collect();
        assert_eq!(told, [("a.yaml", 1, 1), ("b.yaml", 0, 1), ("d.yaml", 1, 0)]);
        assert_eq!(changed[0].lines, ["@@ -2,5 +2,5 @@", " 2", " 3", "-4", "+four", " 5", " 6"]);
        assert_eq!(changed[1].lines, ["@@ -1 +0,0 @@", "-x"]);
        assert_eq!(changes(&old, &old), []);
        // What stays between two changes is neither taken out nor put in.
        let numbers: Vec<String> = (1..100).map(|number| number.to_string()).collect();
        let (mut later, before) = (numbers.clone(), numbers.join("\n"));
        later[2] = "three".to_owned();
        later.insert(90, "ninety and a half".to_owned());
        let changed = changes(&[file("a.yaml", &before)], &[file("a.yaml", &later.join("\n"))]);
        assert_eq!((changed[0].added, changed[0].removed), (2, 1));
        let expected = [
            "@@ -1,5 +1,5 @@",
            " 1",
            " 2",
            "-3",
            "+three",
            " 4",
            " 5",
            "@@ -89,4 +89,5 @@",
            " 89",
            " 90",
            "+ninety and a half",
            " 91",
            " 92",
        ];
        assert_eq!(changed[0].lines, expected);
    }

    #[test]
    fn a_key_in_the_place_of_a_file_is_not_shown() {
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n";
        let changed = changes(&[file("a.yaml", "x: 1\n")], &[file("a.yaml", pem)]);
        assert_eq!(changed[0].lines, ["@@ -1 +1,3 @@", "-x: 1", "+…", "+…", "+…"]);
        let changed = changes(&[file("a.yaml", pem)], &[file("a.yaml", "x: 1\n")]);
        assert_eq!(changed[0].lines, ["@@ -1,3 +1 @@", "-…", "-…", "-…", "+x: 1"]);
    }

    #[test]
    fn the_history_is_bounded() {
        let mut history = History::default();
        for number in 0..100 {
            history.push(HistoryEntry {
                of: Subject::Rules,
                at: Timestamp(jiff::Timestamp::UNIX_EPOCH),
                by: Trigger::Change,
                who: None,
                generation: Generation(number),
                hash: String::new(),
                errors: 0,
                elapsed_ms: 0,
                files: Vec::new(),
            });
        }
        assert_eq!(history.0.len(), History::ENTRIES_MAX);
        assert_eq!(history.0.front().map(|it| it.generation), Some(Generation(99)));
    }
}
