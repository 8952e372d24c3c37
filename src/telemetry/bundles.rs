//! What the signed bundles of rules count.

use std::fmt;

use prometheus::{Gauge, IntCounterVec, IntGauge, Registry};

use super::{
    catalogue as c,
    instruments::{counters, float_gauge, gauge},
    metrics::MetricsError,
};

/// What comes of a bundle that was asked for or pushed.
const RESULTS: [&str; 11] = [
    "taken",
    "unchanged",
    "waiting",
    "unreachable",
    "oversized",
    "damaged",
    "unsigned",
    "old",
    "expired",
    "refused",
    "cache",
];

/// Of bundles that came by themselves or were pushed; cheap to clone.
#[derive(Clone)]
pub struct BundleMetrics {
    offers: IntCounterVec,
    version: IntGauge,
    confirmed: Gauge,
    trusted: IntGauge,
}

impl BundleMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let trusted = gauge(registry, &c::RULES_TRUSTED)?;
        trusted.set(1);
        let offers = counters(registry, &c::BUNDLE_OFFERS)?;
        // There from the start, so that the first failure is an increase.
        for result in RESULTS {
            offers.get_metric_with_label_values(&[result])?;
        }
        Ok(Self {
            offers,
            version: gauge(registry, &c::BUNDLE_VERSION)?,
            confirmed: float_gauge(registry, &c::BUNDLE_CONFIRMED)?,
            trusted,
        })
    }

    /// A bundle was asked for or pushed. `result` is a word of the code.
    pub(crate) fn offered(&self, result: &'static str) {
        if let Ok(series) = self.offers.get_metric_with_label_values(&[result]) {
            series.inc();
        }
    }

    /// The bundle that serves, when it was last confirmed, and whether it is still trusted.
    pub fn serving(&self, version: u64, confirmed_at: Option<f64>, is_trusted: bool) {
        self.version.set(i64::try_from(version).unwrap_or(i64::MAX));
        self.confirmed.set(confirmed_at.unwrap_or_default());
        self.trusted.set(i64::from(is_trusted));
    }
}

impl fmt::Debug for BundleMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BundleMetrics").finish_non_exhaustive()
    }
}
