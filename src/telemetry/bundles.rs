//! What the signed bundles of rules count.

use std::fmt;

use prometheus::{Gauge, IntCounterVec, IntGauge, Registry};
use serde::{Serialize, Serializer};

use super::{
    catalogue as c,
    instruments::{counters, float_gauge, gauge},
    metrics::MetricsError,
};

/// What came of a bundle that was asked for or pushed, as metrics, the log and the status say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleResult {
    Taken,
    Unchanged,
    /// An operator changed over to other rules, which it does not replace.
    Waiting,
    Unreachable,
    Oversized,
    Damaged,
    Unsigned,
    /// Of a lower version than has served, or of the same with other rules.
    Old,
    Expired,
    /// Its rules do not compile.
    Refused,
    /// It serves, and could not be kept; or what was kept cannot be read.
    Cache,
}

impl BundleResult {
    const ALL: [Self; 11] = [
        Self::Taken,
        Self::Unchanged,
        Self::Waiting,
        Self::Unreachable,
        Self::Oversized,
        Self::Damaged,
        Self::Unsigned,
        Self::Old,
        Self::Expired,
        Self::Refused,
        Self::Cache,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Unchanged => "unchanged",
            Self::Waiting => "waiting",
            Self::Unreachable => "unreachable",
            Self::Oversized => "oversized",
            Self::Damaged => "damaged",
            Self::Unsigned => "unsigned",
            Self::Old => "old",
            Self::Expired => "expired",
            Self::Refused => "refused",
            Self::Cache => "cache",
        }
    }
}

impl Serialize for BundleResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

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
        for result in BundleResult::ALL {
            offers.get_metric_with_label_values(&[result.as_str()])?;
        }
        Ok(Self {
            offers,
            version: gauge(registry, &c::BUNDLE_VERSION)?,
            confirmed: float_gauge(registry, &c::BUNDLE_CONFIRMED)?,
            trusted,
        })
    }

    /// A bundle was asked for or pushed.
    pub(crate) fn offered(&self, result: BundleResult) {
        if let Ok(series) = self.offers.get_metric_with_label_values(&[result.as_str()]) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The first failure is an increase only where its series was there before.
    #[test]
    fn every_result_is_counted_from_the_start() {
        let registry = Registry::new();
        let metrics = BundleMetrics::new(&registry).unwrap();
        let counted = || -> std::collections::BTreeMap<String, f64> {
            let families = registry.gather();
            let offers = families.iter().find(|family| family.name() == c::BUNDLE_OFFERS.name);
            let series = offers.unwrap().get_metric().iter();
            series
                .map(|one| (one.get_label()[0].value().to_owned(), one.get_counter().get_value()))
                .collect()
        };
        assert_eq!(counted().len(), BundleResult::ALL.len());
        for (at, result) in BundleResult::ALL.into_iter().enumerate() {
            metrics.offered(result);
            let counted = counted();
            assert!(counted[result.as_str()] == 1.0, "{result:?}");
            assert_eq!(counted.values().filter(|count| **count > 0.0).count(), at + 1);
            assert_eq!(serde_json::to_value(result).unwrap(), result.as_str());
        }
    }

    /// An alert that asks for another word never fires.
    #[test]
    fn the_alerts_know_the_results() {
        let alerts = include_str!("../../deploy/prometheus/rules.yaml");
        let asked = alerts.lines().filter_map(|line| line.split_once(c::BUNDLE_OFFERS.name));
        let asked = asked.filter_map(|(_, rest)| rest.split('"').nth(1));
        let words: Vec<&str> = asked.flat_map(|words| words.split('|')).collect();
        assert!(!words.is_empty());
        for word in words {
            assert!(BundleResult::ALL.iter().any(|result| result.as_str() == word), "{word}");
        }
    }
}
