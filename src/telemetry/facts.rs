//! What the facts store counts.

use std::{fmt, time::Duration};

use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, Registry};

use super::{
    catalogue as c,
    instruments::{counter, counters, gauge, histograms},
    metrics::MetricsError,
};

/// What is asked of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FactsOperation {
    Lookup,
    Reserve,
    Change,
    Export,
}

impl FactsOperation {
    const ALL: [Self; 4] = [Self::Lookup, Self::Reserve, Self::Change, Self::Export];

    fn as_str(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Reserve => "reserve",
            Self::Change => "change",
            Self::Export => "export",
        }
    }
}

/// What it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FactsResult {
    Done,
    /// A count would pass what the decision holds for.
    Refused,
    Unavailable,
}

impl FactsResult {
    const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Unavailable];

    fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What the facts store counts; cheap to clone.
#[derive(Clone)]
pub struct FactsMetrics {
    available: IntGauge,
    unavailable: IntCounterVec,
    /// By operation, then by result.
    operations: Vec<Vec<IntCounter>>,
    durations: Vec<Histogram>,
    commits: IntCounter,
}

impl FactsMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let operations = counters(registry, &c::FACTS_OPERATIONS)?;
        let durations = histograms(registry, &c::FACTS_DURATION, c::FACTS_BUCKETS)?;
        Ok(Self {
            available: gauge(registry, &c::FACTS_AVAILABLE)?,
            unavailable: counters(registry, &c::FACTS_UNAVAILABLE)?,
            operations: FactsOperation::ALL
                .into_iter()
                .map(|operation| {
                    let results = FactsResult::ALL.into_iter();
                    results
                        .map(|result| {
                            operations.get_metric_with_label_values(&[
                                operation.as_str(),
                                result.as_str(),
                            ])
                        })
                        .collect::<Result<_, _>>()
                })
                .collect::<Result<_, _>>()?,
            durations: FactsOperation::ALL
                .into_iter()
                .map(|operation| durations.get_metric_with_label_values(&[operation.as_str()]))
                .collect::<Result<_, _>>()?,
            commits: counter(registry, &c::FACTS_COMMITS)?,
        })
    }

    pub fn available(&self) {
        self.available.set(1);
    }

    /// `cause` is a word of the code.
    pub(crate) fn unavailable(&self, cause: &'static str) {
        self.available.set(0);
        if let Ok(series) = self.unavailable.get_metric_with_label_values(&[cause]) {
            series.inc();
        }
    }

    pub(crate) fn operation(
        &self,
        operation: FactsOperation,
        result: FactsResult,
        duration: Duration,
    ) {
        let row = self.operations.get(operation as usize);
        if let Some(series) = row.and_then(|row| row.get(result as usize)) {
            series.inc();
        }
        if let Some(series) = self.durations.get(operation as usize) {
            series.observe(duration.as_secs_f64());
        }
    }

    pub(crate) fn committed(&self) {
        self.commits.inc();
    }
}

impl fmt::Debug for FactsMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FactsMetrics").finish_non_exhaustive()
    }
}
