//! Instruments of the client library, made and registered by their descriptions.

use prometheus::{
    Counter, Error, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter,
    IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, core::Collector,
};

use super::catalogue::Description;

fn registered<I>(registry: &Registry, instrument: Result<I, Error>) -> Result<I, Error>
where
    I: Collector + Clone + 'static,
{
    let instrument = instrument?;
    registry.register(Box::new(instrument.clone()))?;
    Ok(instrument)
}

fn opts(of: &Description) -> Opts {
    Opts::new(of.name, of.help)
}

fn histogram_opts(of: &Description, buckets: &[f64]) -> HistogramOpts {
    HistogramOpts::from(opts(of)).buckets(buckets.to_vec())
}

pub(super) fn counter(registry: &Registry, of: &Description) -> Result<IntCounter, Error> {
    registered(registry, IntCounter::with_opts(opts(of)))
}

pub(super) fn counters(registry: &Registry, of: &Description) -> Result<IntCounterVec, Error> {
    registered(registry, IntCounterVec::new(opts(of), of.labels))
}

pub(super) fn float_counter(registry: &Registry, of: &Description) -> Result<Counter, Error> {
    registered(registry, Counter::with_opts(opts(of)))
}

pub(super) fn gauge(registry: &Registry, of: &Description) -> Result<IntGauge, Error> {
    registered(registry, IntGauge::with_opts(opts(of)))
}

pub(super) fn gauges(registry: &Registry, of: &Description) -> Result<IntGaugeVec, Error> {
    registered(registry, IntGaugeVec::new(opts(of), of.labels))
}

pub(super) fn float_gauge(registry: &Registry, of: &Description) -> Result<Gauge, Error> {
    registered(registry, Gauge::with_opts(opts(of)))
}

pub(super) fn float_gauges(registry: &Registry, of: &Description) -> Result<GaugeVec, Error> {
    registered(registry, GaugeVec::new(opts(of), of.labels))
}

pub(super) fn histogram(
    registry: &Registry,
    of: &Description,
    buckets: &[f64],
) -> Result<Histogram, Error> {
    registered(registry, Histogram::with_opts(histogram_opts(of, buckets)))
}

pub(super) fn histograms(
    registry: &Registry,
    of: &Description,
    buckets: &[f64],
) -> Result<HistogramVec, Error> {
    registered(registry, HistogramVec::new(histogram_opts(of, buckets), of.labels))
}
