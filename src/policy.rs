//! Answers whether a transfer may happen, and how.
//!
//! Pure: the same [`Transfer`], findings and coverage under the same [`RuleSet`] give the same
//! [`Decision`]. `source` mirrors the rule files, `set` is what runs; compiling is the only step that
//! can fail. The time is a field of the transfer.

mod decision;
mod facts;

pub use decision::{Annotation, Decision, Layer, Redaction, RuleRef};
pub use facts::{
    CnExempt, Consent, ConsentType, Exporter, ExporterRole, LegalBasis, Mechanism, Permit,
    PolicyVersion, Recipient, Subject, Timestamp, Transfer, Transport, UsExempt, UserAgreement,
    Withdrawal,
};
