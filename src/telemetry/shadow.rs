//! What is counted of judging by the rules to come, and whether those that serve were changed over to.

use std::fmt;

use prometheus::{IntCounter, IntGauge, Registry};

use super::{
    catalogue as c,
    instruments::{counters, gauge},
    metrics::MetricsError,
};

/// What judging by the rules to come showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShadowResult {
    Same,
    Different,
    Skipped,
}

pub(super) struct ShadowMetrics {
    same: IntCounter,
    different: IntCounter,
    skipped: IntCounter,
    successful: IntGauge,
    pinned: IntGauge,
}

impl ShadowMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let results = counters(registry, &c::SHADOW)?;
        let of = |result| results.get_metric_with_label_values(&[result]);
        let metrics = Self {
            same: of("same")?,
            different: of("different")?,
            skipped: of("skipped")?,
            successful: gauge(registry, &c::SHADOW_SUCCESSFUL)?,
            pinned: gauge(registry, &c::RULES_PINNED)?,
        };
        metrics.successful.set(1);
        Ok(metrics)
    }

    pub(super) fn judged(&self, result: ShadowResult) {
        match result {
            ShadowResult::Same => self.same.inc(),
            ShadowResult::Different => self.different.inc(),
            ShadowResult::Skipped => self.skipped.inc(),
        }
    }

    pub(super) fn reloaded(&self, successful: bool) {
        self.successful.set(i64::from(successful));
    }

    pub(super) fn pinned(&self, pinned: bool) {
        self.pinned.set(i64::from(pinned));
    }
}

impl fmt::Debug for ShadowMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShadowMetrics").finish_non_exhaustive()
    }
}
