//! Metrics, traces and lines to a collector, log set-up.
//!
//! The room is told plain facts and knows nothing of how they came about. Two promises hold whatever it
//! is told: label sets are bounded, and no attribute of a trace can hold a payload value ([`Name`], the only
//! text of one that comes from outside, refuses what looks like one).

mod audit;
mod bundles;
mod catalogue;
mod certificates;
mod connections;
mod data_centres;
mod exemplars;
mod facts;
mod flows;
mod instruments;
mod log;
mod metrics;
mod name;
mod openmetrics;
mod otlp;
mod panics;
mod process;
mod routes;
mod series;
mod shadow;
mod sparingly;
mod trace;

pub(crate) use audit::AuditFailure;
pub use audit::AuditMetrics;
pub use bundles::{BundleMetrics, BundleResult};
pub use catalogue::{Description, Kind};
pub use certificates::{CertificateMetrics, CertificateStatus};
pub use connections::{Connection, ConnectionMetrics};
pub use data_centres::{DataCentreMetrics, DataCentreState, DataCentreStatus, Reach};
pub use facts::FactsMetrics;
pub(crate) use facts::{FactsOperation, FactsResult};
pub(crate) use flows::{Flow, Pulse, RuleHits};
pub(crate) use metrics::ExchangeGauge;
pub use metrics::{Metrics, MetricsError, Side, TransferLabels};
pub use name::Name;
pub use openmetrics::Exposition;
pub(crate) use otlp::Described;
pub use otlp::{Describe, ExchangeTrace, Otlp, OtlpError, OtlpMetrics, OtlpSettings, Steps};
pub(crate) use panics::hush_panics;
pub use routes::RoutesMetrics;
pub use shadow::ShadowResult;
pub(crate) use sparingly::Sparingly;
pub use trace::{TraceContext, TraceId};
pub(crate) use trace::{hex, init as init_tracing};
