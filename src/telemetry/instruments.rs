//! Instruments of the client library, made and registered by their descriptions.

use prometheus::{
    Counter, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGauge, IntGaugeVec, Opts, Registry,
};

use super::catalogue::Description;

fn opts(description: &Description) -> Opts {
    Opts::new(description.name, description.help)
}

pub(super) fn counter(
    registry: &Registry,
    description: &Description,
) -> Result<IntCounter, prometheus::Error> {
    let counter = IntCounter::with_opts(opts(description))?;
    registry.register(Box::new(counter.clone()))?;
    Ok(counter)
}

pub(super) fn counters(
    registry: &Registry,
    description: &Description,
) -> Result<IntCounterVec, prometheus::Error> {
    let counters = IntCounterVec::new(opts(description), description.labels)?;
    registry.register(Box::new(counters.clone()))?;
    Ok(counters)
}

pub(super) fn float_gauges(
    registry: &Registry,
    description: &Description,
) -> Result<GaugeVec, prometheus::Error> {
    let gauges = GaugeVec::new(opts(description), description.labels)?;
    registry.register(Box::new(gauges.clone()))?;
    Ok(gauges)
}

pub(super) fn gauges(
    registry: &Registry,
    description: &Description,
) -> Result<IntGaugeVec, prometheus::Error> {
    let gauges = IntGaugeVec::new(opts(description), description.labels)?;
    registry.register(Box::new(gauges.clone()))?;
    Ok(gauges)
}

pub(super) fn gauge(
    registry: &Registry,
    description: &Description,
) -> Result<IntGauge, prometheus::Error> {
    let gauge = IntGauge::with_opts(opts(description))?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

pub(super) fn histogram(
    registry: &Registry,
    description: &Description,
    buckets: &[f64],
) -> Result<Histogram, prometheus::Error> {
    let opts = HistogramOpts::from(opts(description)).buckets(buckets.to_vec());
    let histogram = Histogram::with_opts(opts)?;
    registry.register(Box::new(histogram.clone()))?;
    Ok(histogram)
}

pub(super) fn histograms(
    registry: &Registry,
    description: &Description,
    buckets: &[f64],
) -> Result<HistogramVec, prometheus::Error> {
    let opts = HistogramOpts::from(opts(description)).buckets(buckets.to_vec());
    let histograms = HistogramVec::new(opts, description.labels)?;
    registry.register(Box::new(histograms.clone()))?;
    Ok(histograms)
}

pub(super) fn float_counter(
    registry: &Registry,
    description: &Description,
) -> Result<Counter, prometheus::Error> {
    let counter = Counter::with_opts(opts(description))?;
    registry.register(Box::new(counter.clone()))?;
    Ok(counter)
}

pub(super) fn float_gauge(
    registry: &Registry,
    description: &Description,
) -> Result<Gauge, prometheus::Error> {
    let gauge = Gauge::with_opts(opts(description))?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}
