//! What can be found in an audit, where, and in which words it is told.

use serde::Serialize;

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LinePlace {
    /// In the order in which the files were read.
    pub file: usize,
    /// From 1.
    pub line: u64,
}

/// What was found, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Tampering {
    #[serde(flatten)]
    pub place: LinePlace,
    #[serde(flatten)]
    pub what: What,
    /// Of the exchange whose record it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(crate) enum What {
    #[error("line {seq} was changed")]
    Edited { seq: u64 },
    #[error("{} missing", lines(*from, *to))]
    Missing { from: u64, to: u64 },
    #[error("this line was inserted{}", claim(*seq))]
    Inserted { seq: Option<u64> },
    #[error("line {seq} was moved here")]
    Moved { seq: u64 },
    #[error(
        "line {seq} is in a chain before this one as well: one of the two is a copy, and its records count twice"
    )]
    Repeated { seq: u64 },
    #[error("the seal in line {seq} is not what its key would sign")]
    SealBroken { seq: u64 },
    #[error(
        "{} sealed by the key {key}, which is none of those given: give its public key with another `--key`", lines(*from, *to)
    )]
    KeyUnknown { from: u64, to: u64, key: String },
    #[error(
        "line {seq} with the hash that was kept is not there: the end was cut off, or all of it replaced"
    )]
    AnchorMissing { seq: u64 },
    #[error(
        "{bytes} bytes of a line that was never finished: the process that wrote it was killed"
    )]
    CutOff { bytes: u64 },
    #[error("{} covered by no seal", lines(*from, *to))]
    Unsealed { from: u64, to: u64 },
    #[error("{} covered by no seal, although one was due before the last of them: anybody could have written them", lines(*from, *to))]
    Overdue { from: u64, to: u64 },
    #[error("no seal by the keys given vouches for this chain: {} as anybody could have written them", lines(*from, *to))]
    Unvouched { from: u64, to: u64 },
    #[error("{records} records were lost here: the sink could not keep up or could not write")]
    Lost { records: u64 },
    #[error(
        "the process before ended without closing the audit: what it had not written by then is not in it"
    )]
    Unclosed,
    #[error("the lines begin with number {seq}; those before are in other files")]
    BeginsAt { seq: u64 },
    #[error("a chain of its own begins here")]
    BeginsAnew,
    #[error("{} that no chain has: of before there was one, or written by anybody", count(*lines))]
    Unchained { lines: u64 },
}

impl What {
    /// Somebody did it; everything else happens without anybody's intent, and is told.
    pub(crate) fn is_tampering(&self) -> bool {
        match self {
            Self::Edited { .. }
            | Self::Missing { .. }
            | Self::Inserted { .. }
            | Self::Moved { .. }
            | Self::Repeated { .. }
            | Self::SealBroken { .. }
            | Self::AnchorMissing { .. } => true,
            Self::CutOff { .. }
            | Self::KeyUnknown { .. }
            | Self::Unsealed { .. }
            | Self::Overdue { .. }
            | Self::Unvouched { .. }
            | Self::Lost { .. }
            | Self::Unclosed
            | Self::BeginsAt { .. }
            | Self::BeginsAnew
            | Self::Unchained { .. } => false,
        }
    }
}

fn lines(from: u64, to: u64) -> String {
    if from == to { format!("line {from} is") } else { format!("lines {from} to {to} are") }
}

fn count(lines: u64) -> String {
    if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") }
}

fn claim(seq: Option<u64>) -> String {
    seq.map_or_else(String::new, |seq| format!("; it says it is line {seq}"))
}
