//! What is counted and measured, and where to read it.
//!
//! One [`Metrics`] a process, shared by reference. Counting takes no lock and, once a thread has met a
//! label set, allocates nothing.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Registry, TextEncoder,
};

use super::{
    AuditMetrics, Exposition, ShadowResult, TraceContext,
    bundles::BundleMetrics,
    catalogue::{self as c, Description},
    certificates::CertificateMetrics,
    connections::ConnectionMetrics,
    exemplars::Exemplars,
    facts::FactsMetrics,
    instruments::{
        counter, counters, float_gauge, float_gauges, gauge, gauges, histogram, histograms,
    },
    openmetrics,
    otlp::OtlpMetrics,
    process::ProcessMetrics,
    routes::RoutesMetrics,
    series::{self, Bound, NONE, NONE_ID, NameId, Names, OTHER, TransferKey, UNKNOWN},
    shadow::ShadowMetrics,
};
use crate::domain::{Coverage, Effect, GapCause, Region};

/// Series of one family. A gateway with ten origins, three destinations, thirty purposes and three
/// outcomes has some thousands; what comes after is counted together under `other`.
const TRANSFER_SERIES_MAX: usize = 10_000;
const FINDING_SERIES_MAX: usize = 1_000;
const UPSTREAM_SERIES_MAX: usize = 256;
const ERROR_SERIES_MAX: usize = 256;

/// The metrics could not be registered: two of one name, or a name the format does not allow.
#[derive(Debug, thiserror::Error)]
#[error("cannot register the metrics: {0}")]
pub struct MetricsError(#[from] prometheus::Error);

/// Whose side an exchange failed on; decides whose alert rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Downstream,
    Upstream,
    Internal,
}

impl Side {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Downstream => "downstream",
            Self::Upstream => "upstream",
            Self::Internal => "internal",
        }
    }
}

/// What one judged transfer is counted under.
#[derive(Debug, Clone, Copy, Default)]
pub struct TransferLabels<'l> {
    pub origin: Option<Region>,
    pub destination: Option<Region>,
    /// As the transfer names it; counted by name only when the serving rules register it.
    pub purpose: Option<&'l str>,
    pub outcome: Effect,
    /// The id of the deciding rule, out of the snapshot.
    pub rule: Option<&'l str>,
}

/// Everything the process counts.
pub struct Metrics {
    instance: u64,
    registry: Registry,
    names: Names,
    pub(super) transfers: IntCounterVec,
    transfers_bound: Bound<TransferKey>,
    findings: IntCounterVec,
    findings_bound: Bound<(NameId, Effect)>,
    /// By coverage, then by cause with `none` first.
    coverage: Vec<Vec<IntCounter>>,
    inspected_bytes: IntCounter,
    inspection_duration: Histogram,
    pub(super) upstream_duration: HistogramVec,
    upstream_bound: Bound<NameId>,
    pub(super) exchange_duration: Histogram,
    exchange_exemplars: Exemplars,
    pub(super) in_flight: IntGauge,
    held_bytes: IntGauge,
    queue_delay: GaugeVec,
    connections: ConnectionMetrics,
    accept_errors: IntCounter,
    pub(super) errors: IntCounterVec,
    errors_bound: Bound<(Side, NameId)>,
    audit: AuditMetrics,
    facts: FactsMetrics,
    bundles: BundleMetrics,
    routes: RoutesMetrics,
    otlp: OtlpMetrics,
    reload_successful: IntGauge,
    reload_success_timestamp: Gauge,
    generation: IntGauge,
    reloads_success: IntCounter,
    reloads_failure: IntCounter,
    shadow: ShadowMetrics,
    geoip_successful: IntGauge,
    endpoint_healthy: IntGaugeVec,
    endpoint_ejections: IntCounterVec,
    upstream_retries: IntCounterVec,
    dns_lookups: IntCounterVec,
    certificates: CertificateMetrics,
    process: ProcessMetrics,
}

/// One exchange under way; it is no longer when this is dropped.
#[derive(Debug)]
pub struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    pub fn new() -> Result<Self, MetricsError> {
        static INSTANCES: AtomicU64 = AtomicU64::new(0);
        let registry = Registry::new();
        let r = &registry;
        let coverage = counters(r, &c::COVERAGE)?;
        let coverage = Coverage::ALL
            .into_iter()
            .map(|amount| {
                // What was read in full has no cause why not.
                let causes = GapCause::ALL.into_iter().filter(|_| amount != Coverage::Full);
                std::iter::once(NONE)
                    .chain(causes.map(GapCause::as_str))
                    .map(|cause| coverage.get_metric_with_label_values(&[amount.as_str(), cause]))
                    .collect::<Result<Vec<_>, _>>()
            })
            .collect::<Result<Vec<_>, _>>()?;
        let reloads = counters(r, &c::RELOADS)?;
        let geoip_successful = gauge(r, &c::GEOIP_SUCCESSFUL)?;
        geoip_successful.set(1);
        gauges(r, &c::BUILD_INFO)?
            .get_metric_with_label_values(&[
                env!("CARGO_PKG_VERSION"),
                std::env::consts::OS,
                std::env::consts::ARCH,
            ])?
            .set(1);
        Ok(Self {
            instance: INSTANCES.fetch_add(1, Ordering::Relaxed),
            names: Names::new(),
            transfers: counters(r, &c::TRANSFERS)?,
            transfers_bound: Bound::new(TRANSFER_SERIES_MAX),
            findings: counters(r, &c::FINDINGS)?,
            findings_bound: Bound::new(FINDING_SERIES_MAX),
            coverage,
            inspected_bytes: counter(r, &c::INSPECTED_BYTES)?,
            inspection_duration: histogram(r, &c::INSPECTION_DURATION, c::INSPECTION_BUCKETS)?,
            upstream_duration: histograms(r, &c::UPSTREAM_DURATION, c::EXCHANGE_BUCKETS)?,
            upstream_bound: Bound::new(UPSTREAM_SERIES_MAX),
            exchange_duration: histogram(r, &c::EXCHANGE_DURATION, c::EXCHANGE_BUCKETS)?,
            exchange_exemplars: Exemplars::new(c::EXCHANGE_BUCKETS),
            in_flight: gauge(r, &c::EXCHANGES_IN_FLIGHT)?,
            held_bytes: gauge(r, &c::HELD_BYTES)?,
            connections: ConnectionMetrics::new(r)?,
            accept_errors: counter(r, &c::ACCEPT_ERRORS)?,
            queue_delay: float_gauges(r, &c::QUEUE_DELAY)?,
            errors: counters(r, &c::EXCHANGE_ERRORS)?,
            errors_bound: Bound::new(ERROR_SERIES_MAX),
            audit: AuditMetrics::new(r)?,
            facts: FactsMetrics::new(r)?,
            bundles: BundleMetrics::new(r)?,
            routes: RoutesMetrics::new(r)?,
            otlp: OtlpMetrics::new(r)?,
            reload_successful: gauge(r, &c::RELOAD_SUCCESSFUL)?,
            reload_success_timestamp: float_gauge(r, &c::RELOAD_SUCCESS_TIMESTAMP)?,
            generation: gauge(r, &c::RULES_GENERATION)?,
            reloads_success: reloads.get_metric_with_label_values(&["success"])?,
            reloads_failure: reloads.get_metric_with_label_values(&["failure"])?,
            shadow: ShadowMetrics::new(r)?,
            geoip_successful,
            endpoint_healthy: gauges(r, &c::ENDPOINT_HEALTHY)?,
            endpoint_ejections: counters(r, &c::ENDPOINT_EJECTIONS)?,
            upstream_retries: counters(r, &c::UPSTREAM_RETRIES)?,
            dns_lookups: counters(r, &c::DNS_LOOKUPS)?,
            certificates: CertificateMetrics::new(r)?,
            process: ProcessMetrics::new(r)?,
            registry,
        })
    }

    /// Every metric, in the order of the operators' table.
    pub fn describe() -> &'static [Description] {
        c::ALL
    }

    /// Counts one judged transfer.
    pub fn transfer(&self, labels: &TransferLabels<'_>) {
        series::with_local(self.instance, |local| {
            let key = TransferKey {
                origin: labels.origin,
                destination: labels.destination,
                purpose: labels.purpose.map_or(NONE_ID, |text| local.purpose(&self.names, text)),
                rule: labels.rule.map_or(NONE_ID, |text| local.name(&self.names, text)),
                outcome: labels.outcome,
            };
            self.names.touch(key.rule);
            let series = series::known(&mut local.transfers, key, |key| self.transfer_series(key));
            if let Some(series) = series {
                series.inc();
            }
        });
    }

    /// When a rule decided last, in Unix seconds; 0 when it never did.
    pub(super) fn last_hit(&self, rule: &str) -> u64 {
        self.names.touched(rule)
    }

    /// Counts `count` findings of one category, by the effect on them: `Allow` when they went through.
    pub fn findings(&self, category: &str, outcome: Effect, count: u64) {
        series::with_local(self.instance, |local| {
            let key = (local.name(&self.names, category), outcome);
            let series = series::known(&mut local.findings, key, |key| {
                let category = self.findings_bound.label(key, category);
                self.findings.get_metric_with_label_values(&[category, outcome.as_str()]).ok()
            });
            if let Some(series) = series {
                series.inc_by(count);
            }
        });
    }

    /// Counts one inspection. `cause` is that of the worst gap, if there was one.
    pub fn inspection(
        &self,
        duration: Duration,
        bytes: usize,
        coverage: Coverage,
        cause: Option<GapCause>,
    ) {
        self.inspection_duration.observe(duration.as_secs_f64());
        self.inspected_bytes.inc_by(bytes as u64);
        let cause = match coverage {
            Coverage::Full => 0,
            Coverage::Partial | Coverage::Opaque => cause.map_or(0, |cause| 1 + cause as usize),
        };
        if let Some(series) = self.coverage.get(coverage as usize).and_then(|row| row.get(cause)) {
            series.inc();
        }
    }

    pub fn upstream(&self, data_centre: &str, duration: Duration) {
        series::with_local(self.instance, |local| {
            let key = local.name(&self.names, data_centre);
            let series = series::known(&mut local.upstream, key, |key| {
                let label = self.upstream_bound.label(key, data_centre);
                self.upstream_duration.get_metric_with_label_values(&[label]).ok()
            });
            if let Some(series) = series {
                series.observe(duration.as_secs_f64());
            }
        });
    }

    /// Counts an exchange as under way until the guard is dropped.
    #[must_use]
    pub fn begin_exchange(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    pub fn connections(&self) -> &ConnectionMetrics {
        &self.connections
    }

    /// A connection could not be accepted for now.
    pub fn accept_error(&self) {
        self.accept_errors.inc();
    }

    /// Bytes of bodies held now.
    pub fn held_bytes(&self, bytes: usize) {
        self.held_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// For how long what is ready waited for its turn on the worker of that number.
    pub fn queue_delay(&self, worker: usize, delay: Duration) {
        if let Ok(gauge) = self.queue_delay.get_metric_with_label_values(&[&worker.to_string()]) {
            gauge.set(delay.as_secs_f64());
        }
    }

    /// An exchange took `duration`; if its trace is sampled, that leads to it.
    pub fn exchange(&self, duration: Duration, trace: &TraceContext) {
        self.exchange_duration.observe(duration.as_secs_f64());
        if trace.sampled {
            self.exchange_exemplars.observe(duration, trace.trace_id);
        }
    }

    /// Counts an exchange that failed. `kind` is a word of the code, never text off the wire.
    pub fn exchange_error(&self, side: Side, kind: &'static str) {
        series::with_local(self.instance, |local| {
            let key = (side, local.name(&self.names, kind));
            let series = series::known(&mut local.errors, key, |key| {
                let kind = self.errors_bound.label(key, kind);
                self.errors.get_metric_with_label_values(&[side.as_str(), kind]).ok()
            });
            if let Some(series) = series {
                series.inc();
            }
        });
    }

    /// What may fail on a side is there from the start, so that the first failure is an increase.
    pub fn expect_errors(&self, side: Side, kinds: &[&'static str]) {
        for kind in kinds {
            // It is found or made; there is nothing to count yet.
            let _ = self.errors.get_metric_with_label_values(&[side.as_str(), kind]);
        }
    }

    /// The rules of `generation` serve from `unix_seconds` on, and these are their purposes.
    pub fn reload_succeeded<'p>(
        &self,
        generation: u64,
        unix_seconds: f64,
        purposes: impl IntoIterator<Item = &'p str>,
    ) {
        self.names.set_purposes(purposes);
        self.reload_successful.set(1);
        self.reload_success_timestamp.set(unix_seconds);
        self.generation.set(i64::try_from(generation).unwrap_or(i64::MAX));
        self.reloads_success.inc();
    }

    /// An attempt to load the rules failed; what served before goes on.
    pub fn reload_failed(&self) {
        self.reload_successful.set(0);
        self.reloads_failure.inc();
    }

    /// Counts a transfer that the rules to come were asked about.
    pub fn shadow(&self, result: ShadowResult) {
        self.shadow.judged(result);
    }

    /// The rules to come were read anew, or refused.
    pub fn shadow_reloaded(&self, successful: bool) {
        self.shadow.reloaded(successful);
    }

    /// The country database was read anew, or refused.
    pub fn geoip_reloaded(&self, successful: bool) {
        self.geoip_successful.set(i64::from(successful));
    }

    /// An endpoint, as configured, passed its health check or did not.
    pub fn endpoint_healthy(&self, data_centre: &str, endpoint: &str, healthy: bool) {
        let labels = [data_centre, endpoint];
        if let Ok(gauge) = self.endpoint_healthy.get_metric_with_label_values(&labels) {
            gauge.set(i64::from(healthy));
        }
    }

    /// An endpoint is none any more.
    pub fn endpoint_gone(&self, data_centre: &str, endpoint: &str) {
        // It was never counted where nobody checked it.
        let _ = self.endpoint_healthy.remove_label_values(&[data_centre, endpoint]);
    }

    /// An endpoint is left alone for a while.
    pub fn endpoint_ejected(&self, data_centre: &str, endpoint: &str) {
        let labels = [data_centre, endpoint];
        if let Ok(counter) = self.endpoint_ejections.get_metric_with_label_values(&labels) {
            counter.inc();
        }
    }

    /// The name of an endpoint was looked up.
    pub fn dns_lookup(&self, successful: bool) {
        let result = if successful { "success" } else { "failure" };
        if let Ok(counter) = self.dns_lookups.get_metric_with_label_values(&[result]) {
            counter.inc();
        }
    }

    /// A request is sent again.
    pub fn upstream_retry(&self, data_centre: &str) {
        if let Ok(counter) = self.upstream_retries.get_metric_with_label_values(&[data_centre]) {
            counter.inc();
        }
    }

    /// Handles for the audit sink.
    pub fn audit(&self) -> AuditMetrics {
        self.audit.clone()
    }

    /// Handles for the facts store.
    pub fn facts(&self) -> FactsMetrics {
        self.facts.clone()
    }

    pub fn otlp(&self) -> OtlpMetrics {
        self.otlp.clone()
    }

    pub fn certificates(&self) -> CertificateMetrics {
        self.certificates.clone()
    }

    pub fn routes(&self) -> &RoutesMetrics {
        &self.routes
    }

    pub fn bundles(&self) -> BundleMetrics {
        self.bundles.clone()
    }

    /// Everything, as text.
    pub fn render(&self, exposition: Exposition) -> String {
        self.process.refresh();
        let families = self.registry.gather();
        match exposition {
            Exposition::Prometheus => {
                let mut text = Vec::with_capacity(16 << 10);
                if let Err(error) = TextEncoder::new().encode(&families, &mut text) {
                    tracing::error!(%error, "cannot render the metrics");
                }
                String::from_utf8(text).unwrap_or_default()
            }
            Exposition::OpenMetrics => {
                openmetrics::write(&families, (c::EXCHANGE_DURATION.name, &self.exchange_exemplars))
            }
        }
    }

    fn transfer_series(&self, key: TransferKey) -> Option<IntCounter> {
        let outcome = key.outcome.as_str();
        if !self.transfers_bound.admits(key) {
            return self
                .transfers
                .get_metric_with_label_values(&[OTHER, OTHER, OTHER, outcome, OTHER])
                .ok();
        }
        let region = |region: &Option<Region>| {
            region.as_ref().map_or_else(|| UNKNOWN.to_owned(), ToString::to_string)
        };
        let labels: [&str; 5] = [
            &region(&key.origin),
            &region(&key.destination),
            &self.names.text(key.purpose),
            outcome,
            &self.names.text(key.rule),
        ];
        self.transfers.get_metric_with_label_values(&labels).ok()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("instance", &self.instance).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn line<'t>(text: &'t str, series: &str) -> Option<&'t str> {
        text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
    }

    #[test]
    fn every_described_family_is_rendered_with_its_type_and_labels() {
        let metrics = Metrics::new().unwrap();
        metrics.transfer(&TransferLabels::default());
        metrics.findings("user.name", Effect::Redact, 2);
        metrics.inspection(Duration::from_micros(7), 100, Coverage::Full, None);
        metrics.upstream("singapore", Duration::from_millis(3));
        metrics.exchange_error(Side::Upstream, "connect");
        metrics.facts().unavailable("locked");
        metrics.certificates().loaded("mesh", Some(1_800_000_000));
        metrics.certificates().refused("mesh", "no certificate in it");
        metrics.endpoint_healthy("singapore", "https://a.example", true);
        metrics.endpoint_ejected("singapore", "https://a.example");
        metrics.upstream_retry("singapore");
        metrics.dns_lookup(true);
        metrics.queue_delay(0, Duration::from_millis(2));
        let text = metrics.render(Exposition::Prometheus);
        for description in Metrics::describe() {
            let name = description.name;
            assert_eq!(
                line(&text, &format!("# TYPE {name}")),
                Some(&*description.kind.to_string()),
                "{name}"
            );
            let sample = text
                .lines()
                .find(|line| {
                    line.starts_with(name)
                        && line.contains('{')
                            == (line.contains("le=") || !description.labels.is_empty())
                })
                .unwrap_or_else(|| panic!("no sample of {name}"));
            for label in description.labels {
                assert!(sample.contains(&format!("{label}=\"")), "{sample}");
            }
        }
        let described = Metrics::describe().len();
        assert_eq!(text.lines().filter(|line| line.starts_with("# TYPE ")).count(), described);
    }

    #[test]
    fn a_transfer_is_counted_under_names_of_the_snapshot_only() {
        let metrics = Metrics::new().unwrap();
        metrics.reload_succeeded(3, 1_700_000_000.5, ["cloud_sync"]);
        let labels = TransferLabels {
            origin: Some(Region::new(*b"PK")),
            destination: Some(Region::new(*b"SG")),
            purpose: Some("cloud_sync"),
            outcome: Effect::Redact,
            rule: Some("MI-06"),
        };
        metrics.transfer(&labels);
        metrics.transfer(&labels);
        for purpose in ["sana.k@example.pk", "", "Cloud_Sync"] {
            metrics.transfer(&TransferLabels { purpose: Some(purpose), ..labels });
        }
        metrics.transfer(&TransferLabels { outcome: Effect::Block, ..TransferLabels::default() });
        let text = metrics.render(Exposition::Prometheus);
        let series = |origin: &str, destination: &str, purpose: &str, outcome: &str, rule: &str| {
            let series = format!(
                "bordergate_transfers_total{{destination=\"{destination}\",origin=\"{origin}\",outcome=\"{outcome}\",purpose=\"{purpose}\",rule=\"{rule}\"}}"
            );
            line(&text, &series).map(str::to_owned)
        };
        assert_eq!(series("PK", "SG", "cloud_sync", "redact", "MI-06").as_deref(), Some("2"));
        assert_eq!(series("PK", "SG", "unregistered", "redact", "MI-06").as_deref(), Some("3"));
        assert_eq!(series("unknown", "unknown", "none", "block", "none").as_deref(), Some("1"));
        assert!(!text.contains("sana"), "{text}");
        assert_eq!(line(&text, "bordergate_config_last_reload_successful"), Some("1"));
        assert_eq!(
            line(&text, "bordergate_config_last_reload_success_timestamp_seconds"),
            Some("1700000000.5")
        );
        assert_eq!(line(&text, "bordergate_rules_generation"), Some("3"));
        metrics.reload_failed();
        let text = metrics.render(Exposition::Prometheus);
        assert_eq!(line(&text, "bordergate_config_last_reload_successful"), Some("0"));
        assert_eq!(line(&text, "bordergate_rules_generation"), Some("3"));
        assert_eq!(line(&text, "bordergate_reloads_total{result=\"failure\"}"), Some("1"));
    }

    #[test]
    fn past_the_bound_everything_new_is_one_series() {
        let metrics = Metrics::new().unwrap();
        for number in 0..FINDING_SERIES_MAX + 100 {
            metrics.findings(&format!("user.made_up_{number}"), Effect::Allow, 1);
        }
        let text = metrics.render(Exposition::Prometheus);
        let series =
            text.lines().filter(|line| line.starts_with("bordergate_findings_total{")).count();
        assert_eq!(series, FINDING_SERIES_MAX + 1);
        assert_eq!(
            line(&text, "bordergate_findings_total{category=\"other\",outcome=\"allow\"}"),
            Some("100")
        );
    }

    #[test]
    fn coverage_has_a_place_for_every_cause() {
        let metrics = Metrics::new().unwrap();
        for cause in GapCause::ALL {
            metrics.inspection(Duration::ZERO, 1, Coverage::Partial, Some(cause));
        }
        metrics.inspection(Duration::ZERO, 1, Coverage::Full, None);
        metrics.inspection(Duration::ZERO, 1, Coverage::Full, Some(GapCause::Malformed));
        let text = metrics.render(Exposition::Prometheus);
        for cause in GapCause::ALL {
            let series = format!(
                "bordergate_coverage_total{{cause=\"{}\",coverage=\"partial\"}}",
                cause.as_str()
            );
            assert_eq!(line(&text, &series), Some("1"), "{series}");
        }
        assert_eq!(
            line(&text, "bordergate_coverage_total{cause=\"none\",coverage=\"full\"}"),
            Some("2")
        );
        let inspected = (GapCause::ALL.len() + 2).to_string();
        assert_eq!(line(&text, "bordergate_inspected_bytes_total"), Some(inspected.as_str()));
    }

    #[test]
    fn an_exchange_is_in_flight_until_its_guard_goes() {
        let metrics = Metrics::new().unwrap();
        let first = metrics.begin_exchange();
        let second = metrics.begin_exchange();
        assert_eq!(
            line(&metrics.render(Exposition::Prometheus), "bordergate_exchanges_in_flight"),
            Some("2")
        );
        drop((first, second));
        assert_eq!(
            line(&metrics.render(Exposition::Prometheus), "bordergate_exchanges_in_flight"),
            Some("0")
        );
    }

    #[test]
    fn threads_count_together() {
        let metrics = Arc::new(Metrics::new().unwrap());
        metrics.reload_succeeded(1, 0.0, ["backup"]);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        metrics.transfer(&TransferLabels {
                            purpose: Some("backup"),
                            ..Default::default()
                        });
                    }
                });
            }
        });
        assert!(
            metrics
                .render(Exposition::Prometheus)
                .contains("purpose=\"backup\",rule=\"none\"} 4000")
        );
    }
}
