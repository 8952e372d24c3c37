//! Answers whether a transfer may happen, and how.
//!
//! Pure: the same [`Transfer`], findings and coverage under the same [`RuleSet`] give the same
//! [`Decision`]. `source` mirrors the rule files, `set` is what runs; compiling is the only step that
//! can fail. The time is a field of the transfer.

mod analysis;
mod answer;
mod brief;
mod clock;
mod compile;
mod condition;
mod context;
mod counting;
mod covers;
mod decision;
mod diff;
mod explain;
mod facets;
mod facts;
mod index;
mod judge;
mod memory;
mod names;
mod people;
mod plan;
mod predicate;
pub mod recorded;
mod region_set;
mod registry;
mod replacement;
mod set;
pub mod source;
mod trial;
mod unknown;
mod words;
mod worst;

pub(crate) use compile::{NAME_FOLDERS, RULE_FOLDERS};
pub use counting::{Count, Counted, Counter, CounterWindow};
pub use decision::{Annotation, Decision, Layer, Redaction, RuleRef, Terms};
pub use diff::Decided;
pub(crate) use diff::{ChangeGroup, Changes, Comparison, Pair, Way};
pub use explain::{
    Bounds, ConditionTrace, Explainer, Explanation, FieldTrace, Judged, Lawful, NeedTrace,
    PassTrace, Proposal, RuleTrace, SubjectTrace, Verdict,
};
pub(crate) use explain::{RuleTold, Words};
pub use facts::{
    CnExempt, Consent, ConsentType, Direction, Exporter, ExporterRole, LegalBasis, Mechanism,
    Misread, NamedSubject, Permit, PolicyVersion, Recipient, Subject, Timestamp, Transfer,
    Transport, UsExempt, UserAgreement, Withdrawal,
};
pub use people::{People, Person};
pub use set::{RuleInfo, RuleSet};
pub use source::Mode;
pub(crate) use trial::{ConditionCoverage, Trial, TrialReport, is_test_file};
pub use words::{FieldTest, Names, Period, Scalar};

/// JSON Schema of a rule file, for editors.
pub(crate) fn rules_schema() -> schemars::Schema {
    schemars::schema_for!(source::RuleFile)
}

#[cfg(test)]
mod tests;
