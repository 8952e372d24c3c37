//! Metrics, the audit record and its sink, tracing set-up.
//!
//! The room is told plain facts and knows nothing of how they came about. Two promises hold whatever it
//! is told: label sets are bounded, and nothing here can hold a payload value ([`Name`] and [`Locator`]
//! are the only texts of a record that come from outside, and each refuses what looks like one).

mod audit;
mod catalogue;
mod facts;
mod metrics;
mod process;
mod series;
mod sink;
mod trace;

pub use audit::{
    AddressClass, Annotation, AuditRecord, CounterChange, Durations, Locator, Micros, Name, Peer,
    Recipient, RedactedHash, Stage, TagCount, tag_counts,
};
pub use catalogue::{Description, Kind};
pub use facts::{FactsMetrics, FactsOperation, FactsResult};
pub use metrics::{
    AuditMetrics, InFlight, METRICS_CONTENT_TYPE, Metrics, MetricsError, Side, TransferLabels,
};
pub use sink::{AuditError, AuditHealth, AuditSettings, AuditSink, AuditTarget, SyncPolicy};
pub use trace::{LogFormat, TraceContext, TraceError, TraceId, init as init_tracing};
