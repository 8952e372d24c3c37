//! What is counted of routes that are read anew.

use std::fmt;

use prometheus::{IntCounterVec, IntGauge, Registry};

use super::{
    catalogue as c,
    instruments::{counters, gauge},
    metrics::MetricsError,
};

/// Cheap to clone.
#[derive(Clone)]
pub struct RoutesMetrics {
    successful: IntGauge,
    generation: IntGauge,
    reloads: IntCounterVec,
    restart_needed: IntGauge,
}

impl RoutesMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let metrics = Self {
            successful: gauge(registry, &c::ROUTES_SUCCESSFUL)?,
            generation: gauge(registry, &c::ROUTES_GENERATION)?,
            reloads: counters(registry, &c::ROUTES_RELOADS)?,
            restart_needed: gauge(registry, &c::RESTART_NEEDED)?,
        };
        metrics.successful.set(1);
        metrics.generation.set(1);
        for result in ["success", "failure"] {
            metrics.reloads.get_metric_with_label_values(&[result])?;
        }
        Ok(metrics)
    }

    /// Counts that the routes were read, and are in service or refused.
    pub fn reloaded(&self, successful: bool) {
        self.successful.set(i64::from(successful));
        let result = if successful { "success" } else { "failure" };
        if let Ok(counter) = self.reloads.get_metric_with_label_values(&[result]) {
            counter.inc();
        }
    }

    /// What serves, and whether the file says more than can serve without a restart.
    pub fn serving(&self, generation: u64, restart_needed: bool) {
        self.generation.set(i64::try_from(generation).unwrap_or(i64::MAX));
        self.restart_needed.set(i64::from(restart_needed));
    }
}

impl fmt::Debug for RoutesMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutesMetrics").finish_non_exhaustive()
    }
}
