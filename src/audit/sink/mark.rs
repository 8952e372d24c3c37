//! Lines of the audit that are no record: where it was opened, sealed, what was lost, which rules judge, what
//! operators changed or looked up about people. They begin with the member `audit`, which no record has.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use crate::audit::{chain::Hash, words};

/// Bytes of each line's hash that a seal repeats. They name the line that somebody changed; that one was
/// changed shows in the whole hash the seal is chained to.
pub(in crate::audit) const DIGEST_BYTES: usize = 6;

#[derive(Debug, Serialize)]
#[serde(tag = "audit", rename_all = "snake_case")]
pub(super) enum Mark<'m> {
    /// Lines follow.
    Opened {
        time: jiff::Timestamp,
        version: &'static str,
        because: Because,
        /// Tells the key that records name people under from others.
        #[serde(skip_serializing_if = "Option::is_none")]
        subject_key: Option<&'m str>,
        /// Bytes of an unfinished line that was found at the end.
        #[serde(skip_serializing_if = "is_zero")]
        torn_bytes: u64,
        /// No line before closes the audit: who wrote it ended in the middle, or with records it could not write.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        unclosed: bool,
    },
    /// Everything from line `from` to the one before this.
    Sealed {
        time: jiff::Timestamp,
        from: u64,
        /// Of each line in turn the first bytes of its hash.
        digests: String,
        key: &'m str,
        /// How many lines, and for how long, may follow before the next.
        lines_max: usize,
        interval_ms: u64,
        /// The file ends here.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        closing: bool,
    },
    /// So many records could not be written.
    Lost { time: jiff::Timestamp, records: u64 },
    /// Everything there was to write is written. A seal says so too, with `closing`.
    Closed { time: jiff::Timestamp },
}

/// Which rules judge from here on: whoever proves later by which text something was decided finds it by the generation
/// of a record. Generations are counted from 1 by each process.
#[derive(Debug, Clone, Serialize)]
pub struct AuditRules<'r> {
    pub time: jiff::Timestamp,
    pub generation: u64,
    /// SHA-256 over the names and texts of the files, hex. `hash` is the line's own.
    pub rules_hash: &'r str,
    /// A directory, `embedded`, or where a bundle came from.
    pub source: &'r str,
    /// `start`, `change`, `promote` and so on.
    pub because: &'r str,
    /// The operator who asked, where one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<&'r str>,
    /// The id of the key that replacements are made under.
    pub key: &'r str,
}

impl AuditRules<'_> {
    pub(super) fn write(&self, line: &mut Vec<u8>) {
        #[derive(Serialize)]
        #[serde(tag = "audit", rename_all = "snake_case")]
        enum Line<'l> {
            Rules(&'l AuditRules<'l>),
        }
        // Numbers and words always serialise, and writing to memory cannot fail.
        let _ = serde_json::to_writer(line, &Line::Rules(self));
    }
}

/// What an operator did, and who it was.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AuditDeed<'c> {
    pub audit: Deed,
    pub time: jiff::Timestamp,
    /// As the file of operators names them, or `local`.
    pub who: &'c str,
    /// `reload`, `facts`, `export`.
    pub action: &'c str,
    /// `done` or `refused`.
    pub result: &'static str,
    /// The generation that serves after it.
    pub generation: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deed {
    Changed,
    /// What is on file about people went to them.
    Read,
}

impl AuditDeed<'_> {
    pub(super) fn write(&self, line: &mut Vec<u8>) {
        // Numbers and words of the code always serialise, and writing to memory cannot fail.
        let _ = serde_json::to_writer(line, self);
    }
}

/// Why a file is begun, or gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Because {
    Start,
    Rotation,
    /// Another file stood under the name, or somebody asked.
    Reopened,
}

impl Mark<'_> {
    pub(super) fn line(&self) -> Vec<u8> {
        // Numbers and words of the code always serialise.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Whether somebody who ends leaves nothing unsaid by this line.
pub(super) fn is_closing(line: &[u8]) -> bool {
    words::is_mark_of(line, words::CLOSED)
        || words::is_mark_of(line, words::SEALED)
            && memchr::memmem::find(line, b"\"closing\":true").is_some()
}

/// Of many lines the digests, as a seal holds them.
pub(super) fn digests(hashes: &[[u8; DIGEST_BYTES]]) -> String {
    URL_SAFE_NO_PAD.encode(hashes.as_flattened())
}

pub(in crate::audit) fn digest(hash: &Hash) -> [u8; DIGEST_BYTES] {
    let mut first = [0; DIGEST_BYTES];
    first.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
    first
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_begin_with_their_words_and_records_do_not() {
        let time = jiff::Timestamp::UNIX_EPOCH;
        let (version, because) = ("1", Because::Start);
        let opened = Mark::Opened {
            time,
            version,
            because,
            subject_key: None,
            torn_bytes: 0,
            unclosed: false,
        };
        let sealed = Mark::Sealed {
            time,
            from: 1,
            digests: String::new(),
            key: "k",
            lines_max: 1,
            interval_ms: 1,
            closing: true,
        };
        let rules = AuditRules {
            time,
            generation: 1,
            rules_hash: "h",
            source: "embedded",
            because: "start",
            who: None,
            key: "k",
        };
        let mut rules_line = Vec::new();
        rules.write(&mut rules_line);
        let mut record = Vec::new();
        crate::audit::record::tests::record(1).write(&mut record);
        let lines = [
            (opened.line(), words::OPENED, false),
            (sealed.line(), words::SEALED, true),
            (Mark::Lost { time, records: 1 }.line(), words::LOST, false),
            (Mark::Closed { time }.line(), words::CLOSED, true),
            (rules_line, words::RULES, false),
        ];
        for (line, word, closes) in &lines {
            assert!(words::is_mark(line) && words::is_mark_of(line, word), "{word}");
            assert_eq!(is_closing(line), *closes, "{word}");
            let others = lines.iter().filter(|(_, other, _)| other != word);
            others.for_each(|(other, ..)| assert!(!words::is_mark_of(other, word), "{word}"));
        }
        assert!(!words::is_mark(&record) && !words::is_mark_of(b"{\"audit\":\"opened", "open"));
    }
}
