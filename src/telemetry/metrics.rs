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
    data_centres::DataCentreMetrics,
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
    contexts_ignored: IntCounter,
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
    data_centres: DataCentreMetrics,
    process: ProcessMetrics,
}

/// One exchange under way; it is no longer when this is dropped.
#[derive(Debug)]
pub(crate) struct ExchangeGauge(IntGauge);

impl Drop for ExchangeGauge {
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
            contexts_ignored: counter(r, &c::CONTEXTS_IGNORED)?,
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
            data_centres: DataCentreMetrics::new(r)?,
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
    pub(crate) fn begin_exchange(&self) -> ExchangeGauge {
        self.in_flight.inc();
        ExchangeGauge(self.in_flight.clone())
    }

    pub fn connections(&self) -> &ConnectionMetrics {
        &self.connections
    }

    /// A connection could not be accepted for now.
    pub(crate) fn accept_error(&self) {
        self.accept_errors.inc();
    }

    /// `Bordergate-Transfer` came from somebody who is no trusted hop.
    pub(crate) fn context_ignored(&self) {
        self.contexts_ignored.inc();
    }

    /// Bytes of bodies held now.
    pub(crate) fn held_bytes(&self, bytes: usize) {
        self.held_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// For how long what is ready waited for its turn on the worker of that number.
    pub(crate) fn queue_delay(&self, worker: usize, delay: Duration) {
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
    pub(crate) fn exchange_error(&self, side: Side, kind: &'static str) {
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
    pub(crate) fn expect_errors(&self, side: Side, kinds: &[&'static str]) {
        for kind in kinds {
            // It is found or made; there is nothing to count yet.
            let _ = self.errors.get_metric_with_label_values(&[side.as_str(), kind]);
        }
    }

    /// The rules of `generation` serve from `unix_seconds` on, and these are their purposes.
    pub(crate) fn reload_succeeded<'p>(
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
    pub(crate) fn reload_failed(&self) {
        self.reload_successful.set(0);
        self.reloads_failure.inc();
    }

    /// Counts a transfer that the rules to come were asked about.
    pub fn shadow(&self, result: ShadowResult) {
        self.shadow.judged(result);
    }

    /// The rules to come were read anew, or refused.
    pub(crate) fn shadow_reloaded(&self, successful: bool) {
        self.shadow.reloaded(successful);
    }

    /// Other rules serve than those of the directory, or these again.
    pub(crate) fn rules_pinned(&self, pinned: bool) {
        self.shadow.pinned(pinned);
    }

    /// The country database was read anew, or refused.
    pub(crate) fn geoip_reloaded(&self, successful: bool) {
        self.geoip_successful.set(i64::from(successful));
    }

    /// An endpoint, as configured, passed its health check or did not.
    pub(crate) fn endpoint_healthy(&self, data_centre: &str, endpoint: &str, healthy: bool) {
        let labels = [data_centre, endpoint];
        if let Ok(gauge) = self.endpoint_healthy.get_metric_with_label_values(&labels) {
            gauge.set(i64::from(healthy));
        }
    }

    /// An endpoint is none any more.
    pub(crate) fn endpoint_gone(&self, data_centre: &str, endpoint: &str) {
        // It was never counted where nobody checked it.
        let _ = self.endpoint_healthy.remove_label_values(&[data_centre, endpoint]);
    }

    /// An endpoint is left alone for a while.
    pub(crate) fn endpoint_ejected(&self, data_centre: &str, endpoint: &str) {
        let labels = [data_centre, endpoint];
        if let Ok(counter) = self.endpoint_ejections.get_metric_with_label_values(&labels) {
            counter.inc();
        }
    }

    /// The name of an endpoint was looked up.
    pub(crate) fn dns_lookup(&self, successful: bool) {
        let result = if successful { "success" } else { "failure" };
        if let Ok(counter) = self.dns_lookups.get_metric_with_label_values(&[result]) {
            counter.inc();
        }
    }

    /// A request is sent again.
    pub(crate) fn upstream_retry(&self, data_centre: &str) {
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

    pub fn data_centres(&self) -> DataCentreMetrics {
        self.data_centres.clone()
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
mod tests;
