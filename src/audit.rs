//! The audit: a record of each exchange, the chain and the seals of its lines, and what is found when
//! somebody has touched them.
//!
//! An exchange makes a record, the sink writes it, [`Verifier`] reads it again; the words of the format are in
//! `words.rs`, for whoever writes and whoever reads. Nothing here can hold a payload value: [`Locator`] and
//! [`Name`](crate::telemetry::Name) are the only texts of a record that come from outside, and each refuses
//! what looks like one.

mod record;
pub(crate) mod words;

mod sink;

mod chain;
mod collector;
mod feed;
mod json;
mod verify;

pub(crate) use collector::described;
pub(crate) use json::{json_part, json_text};
pub(crate) use record::tag_counts;
pub use record::{
    AddressClass, Annotation, AuditRecord, CounterChange, Durations, Locator, Micros, NameList,
    Peer, Recipient, RedactedHash, Stage, SubjectCode, TagCount,
};
pub(crate) use sink::{AuditDeed, Deed};
pub use sink::{
    AuditError, AuditHealth, AuditRules, AuditSettings, AuditSink, AuditTarget, RotateSettings,
    SealSettings, SyncPolicy,
};
pub use verify::LinePlace;
pub(crate) use verify::{Anchor, Tampering, Verified, Verifier};
