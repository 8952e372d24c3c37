//! Metrics, the audit record and its sink, traces, log set-up.
//!
//! The room is told plain facts and knows nothing of how they came about. Two promises hold whatever it
//! is told: label sets are bounded, and nothing here can hold a payload value ([`Name`] and [`Locator`]
//! are the only texts of a record that come from outside, and each refuses what looks like one).

mod audit;
mod bundles;
mod catalogue;
mod certificates;
mod chain;
mod connections;
mod data_centres;
mod exemplars;
mod facts;
mod feed;
mod flows;
mod instruments;
mod json;
mod log;
mod metrics;
mod openmetrics;
mod otlp;
mod panics;
mod process;
mod routes;
mod series;
mod shadow;
mod sink;
mod sparingly;
mod trace;
mod verify;

pub(crate) use audit::tag_counts;
pub use audit::{
    AddressClass, Annotation, AuditRecord, CounterChange, Durations, Locator, Micros, Name,
    NameList, Peer, Recipient, RedactedHash, Stage, SubjectCode, TagCount,
};
pub use bundles::{BundleMetrics, BundleResult};
pub use catalogue::{Description, Kind};
pub use certificates::{CertificateMetrics, CertificateStatus};
pub use connections::{Connection, ConnectionMetrics};
pub use data_centres::{DataCentreMetrics, DataCentreState, DataCentreStatus, Reach};
pub use facts::FactsMetrics;
pub(crate) use facts::{FactsOperation, FactsResult};
pub(crate) use flows::{Flow, Pulse, RuleHits};
pub(crate) use json::{json_part, json_text};
pub(crate) use metrics::InFlight;
pub use metrics::{Metrics, MetricsError, Side, TransferLabels};
pub use openmetrics::Exposition;
pub use otlp::{Otlp, OtlpError, OtlpMetrics, OtlpSettings, Steps};
pub(crate) use panics::hush_panics;
pub use routes::RoutesMetrics;
pub use shadow::ShadowResult;
pub(crate) use sink::{AuditDeed, Deed};
pub use sink::{
    AuditError, AuditHealth, AuditMetrics, AuditRules, AuditSettings, AuditSink, AuditTarget,
    RotateSettings, SealSettings, SyncPolicy,
};
pub(crate) use sparingly::Sparingly;
pub(crate) use trace::init as init_tracing;
pub use trace::{TraceContext, TraceId};
pub use verify::Place;
pub(crate) use verify::{Anchor, Tampering, Verified, Verifier};
