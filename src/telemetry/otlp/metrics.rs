//! What the sender of telemetry counts.

use std::fmt;

use prometheus::{IntCounter, Registry};

use crate::telemetry::{catalogue as c, instruments::counters, metrics::MetricsError};

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Traces,
    Logs,
}

impl Signal {
    const ALL: [Self; 2] = [Self::Traces, Self::Logs];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Logs => "logs",
        }
    }
}

/// Of both signals; cheap to clone.
#[derive(Clone)]
pub struct OtlpMetrics {
    /// By signal: sent, then dropped.
    series: Vec<[IntCounter; 2]>,
}

impl OtlpMetrics {
    pub(in crate::telemetry) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let items = counters(registry, &c::OTLP_ITEMS)?;
        let series = Signal::ALL.into_iter().map(|signal| {
            Ok::<_, MetricsError>([
                items.get_metric_with_label_values(&[signal.as_str(), "sent"])?,
                items.get_metric_with_label_values(&[signal.as_str(), "dropped"])?,
            ])
        });
        Ok(Self { series: series.collect::<Result<_, _>>()? })
    }

    pub(super) fn sent(&self, signal: Signal, count: u64) {
        if let Some([sent, _]) = self.series.get(signal as usize) {
            sent.inc_by(count);
        }
    }

    pub(super) fn dropped(&self, signal: Signal, count: u64) {
        if let Some([_, dropped]) = self.series.get(signal as usize) {
            dropped.inc_by(count);
        }
    }
}

impl fmt::Debug for OtlpMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpMetrics").finish_non_exhaustive()
    }
}
