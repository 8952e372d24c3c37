//! What the reloads of this process came to, and what each changed.

use std::collections::VecDeque;

use serde::Serialize;

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
    /// Lines with `+`, `-` or a space before them; where there are many, only the first. A key that was written
    /// over a file is not shown.
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

/// What lies between the lines that begin both texts and those that end both.
fn change(name: &str, before: &str, after: &str) -> FileChange {
    const LINES_MAX: usize = 120;
    const AROUND: usize = 2;
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let tail = old
        .iter()
        .skip(head)
        .rev()
        .zip(new.iter().skip(head).rev())
        .take_while(|(a, b)| a == b)
        .count();
    let removed = old.len() - head - tail;
    let added = new.len() - head - tail;
    let from = head.saturating_sub(AROUND);
    let holds_key = |text: &str| text.contains(PEM);
    let (hides_old, hides_new) = (holds_key(before), holds_key(after));
    let around = |sign: char, lines: &[&str], skip: usize, count: usize| -> Vec<String> {
        let is_hidden = if sign == '-' { hides_old } else { hides_new };
        let line = |line: &&str| format!("{sign}{}", if is_hidden { "…" } else { line });
        lines.iter().skip(skip).take(count).map(line).collect()
    };
    let mut lines = around(' ', &new, from, head - from);
    lines.extend(around('-', &old, head, removed));
    lines.extend(around('+', &new, head, added));
    lines.extend(around(' ', &new, head + added, AROUND));
    lines.truncate(LINES_MAX);
    FileChange { name: name.to_owned(), added, removed, lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> SourceFile {
        SourceFile { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_change_shows_what_lies_between_what_stayed() {
        let old =
            [file("a.yaml", "1\n2\n3\n4\n5\n6\n"), file("b.yaml", "x\n"), file("c.yaml", "y\n")];
        let new =
            [file("a.yaml", "1\n2\n3\nfour\n5\n6\n"), file("c.yaml", "y\n"), file("d.yaml", "z\n")];
        let changed = changes(&old, &new);
        let told: Vec<_> =
            changed.iter().map(|it| (it.name.as_str(), it.added, it.removed)).collect();
        assert_eq!(told, [("a.yaml", 1, 1), ("b.yaml", 0, 1), ("d.yaml", 1, 0)]);
        assert_eq!(changed[0].lines, [" 2", " 3", "-4", "+four", " 5", " 6"]);
        assert_eq!(changes(&old, &old), []);
    }

    #[test]
    fn a_key_in_the_place_of_a_file_is_not_shown() {
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n";
        let changed = changes(&[file("a.yaml", "x: 1\n")], &[file("a.yaml", pem)]);
        assert_eq!(changed[0].lines, ["-x: 1", "+…", "+…", "+…"]);
        let changed = changes(&[file("a.yaml", pem)], &[file("a.yaml", "x: 1\n")]);
        assert_eq!(changed[0].lines, ["-…", "-…", "-…", "+x: 1"]);
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
