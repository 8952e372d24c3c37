//! What was counted, read back for the operators' page.

use std::collections::BTreeMap;

use prometheus::core::Collector as _;
use serde::Serialize;

use super::Metrics;

/// Transfers from one jurisdiction to another with one outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Flow {
    pub origin: String,
    pub destination: String,
    pub outcome: String,
    pub transfers: u64,
}

/// How often a rule decided, and when last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct RuleHits {
    pub transfers: u64,
    /// Unix seconds; 0 when it never did.
    pub last: u64,
}

/// What the page shows of durations and failures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Pulse {
    pub in_flight: i64,
    /// Upper bounds in seconds, and the exchanges up to each; the last is all of them.
    pub buckets: Vec<(f64, u64)>,
    pub exchanges: u64,
    /// By side and kind.
    pub errors: BTreeMap<String, u64>,
    /// By data centre: answers, and the seconds they took together.
    pub upstreams: BTreeMap<String, (u64, f64)>,
}

impl Metrics {
    /// The transfers counted so far.
    pub(crate) fn flows(&self) -> Vec<Flow> {
        let mut flows: BTreeMap<[String; 3], u64> = BTreeMap::new();
        for family in self.transfers.collect() {
            for metric in family.get_metric() {
                let label = |name: &str| label(metric, name);
                let way = [label("origin"), label("destination"), label("outcome")];
                *flows.entry(way).or_default() += count(metric);
            }
        }
        flows
            .into_iter()
            .map(|([origin, destination, outcome], transfers)| Flow {
                origin,
                destination,
                outcome,
                transfers,
            })
            .collect()
    }

    /// By the id of the deciding rule.
    pub(crate) fn rule_hits(&self) -> BTreeMap<String, RuleHits> {
        let mut hits: BTreeMap<String, RuleHits> = BTreeMap::new();
        for family in self.transfers.collect() {
            for metric in family.get_metric() {
                hits.entry(label(metric, "rule")).or_default().transfers += count(metric);
            }
        }
        for (rule, hit) in &mut hits {
            hit.last = self.last_hit(rule);
        }
        hits
    }

    pub(crate) fn pulse(&self) -> Pulse {
        let mut errors = BTreeMap::new();
        for family in self.errors.collect() {
            for metric in family.get_metric() {
                let name = format!("{} {}", label(metric, "side"), label(metric, "kind"));
                // What has never failed is there, at zero.
                if count(metric) > 0 {
                    errors.insert(name, count(metric));
                }
            }
        }
        let mut upstreams = BTreeMap::new();
        for family in self.upstream_duration.collect() {
            for metric in family.get_metric() {
                let histogram = metric.get_histogram();
                let taken = (histogram.get_sample_count(), histogram.get_sample_sum());
                upstreams.insert(label(metric, "data_centre"), taken);
            }
        }
        let families = self.exchange_duration.collect();
        let histogram = families
            .first()
            .and_then(|family| family.get_metric().first())
            .map(|metric| metric.get_histogram());
        let buckets = histogram
            .iter()
            .flat_map(|histogram| histogram.get_bucket())
            .map(|bucket| (bucket.upper_bound(), bucket.cumulative_count()))
            .collect();
        Pulse {
            in_flight: self.in_flight.get(),
            buckets,
            exchanges: histogram.map_or(0, |histogram| histogram.get_sample_count()),
            errors,
            upstreams,
        }
    }
}

fn label(metric: &prometheus::proto::Metric, name: &str) -> String {
    let label = metric.get_label().iter().find(|label| label.name() == name);
    label.map(|label| label.value().to_owned()).unwrap_or_default()
}

fn count(metric: &prometheus::proto::Metric) -> u64 {
    // Counters count whole things, and stay far below 2⁵³.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    let count = metric.get_counter().get_value() as u64;
    count
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        domain::{Effect, Region},
        telemetry::{Side, TraceContext, TransferLabels},
    };

    #[test]
    fn what_was_counted_is_read_back() {
        let metrics = Metrics::new().unwrap();
        let labels = |outcome, rule| TransferLabels {
            origin: Some(Region::new(*b"PK")),
            destination: Some(Region::new(*b"SG")),
            purpose: None,
            outcome,
            rule,
        };
        metrics.transfer(&labels(Effect::Allow, None));
        metrics.transfer(&labels(Effect::Allow, None));
        metrics.transfer(&labels(Effect::Block, Some("JR-PK-01")));
        metrics.exchange_error(Side::Upstream, "connect");
        metrics.exchange(Duration::from_millis(3), &TraceContext::begin());
        metrics.upstream("singapore", Duration::from_secs(2));
        let flows: Vec<_> = metrics
            .flows()
            .into_iter()
            .map(|flow| (flow.origin, flow.outcome, flow.transfers))
            .collect();
        assert_eq!(
            flows,
            [("PK".to_owned(), "allow".to_owned(), 2), ("PK".to_owned(), "block".to_owned(), 1)]
        );
        let hits = metrics.rule_hits();
        assert_eq!(hits["JR-PK-01"].transfers, 1);
        assert!(hits["JR-PK-01"].last > 1_700_000_000);
        let pulse = metrics.pulse();
        assert_eq!((pulse.exchanges, pulse.errors["upstream connect"]), (1, 1));
        assert_eq!(pulse.upstreams["singapore"], (1, 2.0));
        assert!(pulse.buckets.iter().any(|(bound, count)| *bound >= 3e-3 && *count == 1));
    }
}
