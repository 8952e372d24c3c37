//! OpenMetrics 1.0, the text format that has room for exemplars.
//!
//! The families are those of Prometheus's own format. What differs: a counter's family has no `_total`,
//! which its samples have; bounds of buckets are numbers in their canonical form; a family says its unit;
//! the end is marked, so that half an answer is not taken for a whole one.
//! <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>

use std::fmt::{self, Write as _};

use prometheus::proto::{LabelPair, Metric, MetricFamily, MetricType};

use super::exemplars::Exemplars;

/// How metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exposition {
    /// Prometheus's text format 0.0.4.
    #[default]
    Prometheus,
    OpenMetrics,
}

impl Exposition {
    /// By the header `Accept` of whoever asks (RFC 9110 §12.5.1). OpenMetrics goes to those who name it and
    /// like it no less than plain text.
    pub(crate) fn negotiate(accept: Option<&str>) -> Self {
        let (mut open, mut plain) = (0_u16, None);
        for range in accept.into_iter().flat_map(|accept| accept.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let (mut weight, mut is_known) = (1_000, true);
            for parameter in parts {
                match parameter.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
                    Some(("q" | "Q", value)) => weight = thousandths(value),
                    // Below 1.0.0 are drafts of what is written here.
                    Some(("version", value)) => {
                        is_known = ["1.0.0", "0.0.1"].contains(&value.trim_matches('"'));
                    }
                    _ => {}
                }
            }
            match &*name {
                "application/openmetrics-text" if is_known => open = open.max(weight),
                "text/plain" => plain = Some(plain.unwrap_or(0).max(weight)),
                _ => {}
            }
        }
        if open > 0 && open >= plain.unwrap_or(0) { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// For the reply's `Content-Type`.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => prometheus::TEXT_FORMAT,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// A weight between 0 and 1; what is none counts as least.
fn thousandths(text: &str) -> u16 {
    let weight: f32 = text.parse().unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
    let thousandths = (weight.clamp(0.0, 1.0) * 1_000.0) as u16;
    thousandths
}

/// Everything, in full. `exemplars` are those of the family with that name.
pub(super) fn write(families: &[MetricFamily], exemplars: (&str, &Exemplars)) -> String {
    let mut text = String::with_capacity(32 << 10);
    for family in families {
        let of_family = (family.name() == exemplars.0).then_some(exemplars.1);
        // A string takes whatever is written.
        let _ = write_family(&mut text, family, of_family);
    }
    text.push_str("# EOF\n");
    text
}

fn write_family(
    text: &mut String,
    family: &MetricFamily,
    exemplars: Option<&Exemplars>,
) -> fmt::Result {
    let kind = family.get_field_type();
    let is_counter = kind == MetricType::COUNTER;
    let name = family.name().strip_suffix("_total").filter(|_| is_counter).unwrap_or(family.name());
    let kind_name = match kind {
        MetricType::COUNTER => "counter",
        MetricType::HISTOGRAM => "histogram",
        MetricType::GAUGE => "gauge",
        MetricType::SUMMARY | MetricType::UNTYPED => "unknown",
    };
    writeln!(text, "# TYPE {name} {kind_name}")?;
    if let Some(unit) = ["seconds", "bytes"].into_iter().find(|unit| name.ends_with(*unit)) {
        writeln!(text, "# UNIT {name} {unit}")?;
    }
    writeln!(text, "# HELP {name} {}", Escaped(family.help()))?;
    for metric in family.get_metric() {
        let labels = Labels(metric.get_label(), None);
        match kind {
            MetricType::COUNTER => {
                writeln!(
                    text,
                    "{name}_total{labels} {}",
                    Number(metric.get_counter().get_value())
                )?;
            }
            MetricType::HISTOGRAM => write_histogram(text, name, metric, exemplars)?,
            // There are no others here.
            MetricType::GAUGE | MetricType::SUMMARY | MetricType::UNTYPED => {
                writeln!(text, "{name}{labels} {}", Number(metric.get_gauge().get_value()))?;
            }
        }
    }
    Ok(())
}

fn write_histogram(
    text: &mut String,
    name: &str,
    metric: &Metric,
    exemplars: Option<&Exemplars>,
) -> fmt::Result {
    let histogram = metric.get_histogram();
    let all = (f64::INFINITY, histogram.get_sample_count());
    let buckets = histogram.get_bucket().iter();
    let buckets = buckets.map(|bucket| (bucket.upper_bound(), bucket.cumulative_count()));
    let bounded = buckets.filter(|(bound, _)| bound.is_finite());
    for (bucket, (bound, count)) in bounded.chain([all]).enumerate() {
        write!(text, "{name}_bucket{} {count}", Labels(metric.get_label(), Some(bound)))?;
        if let Some(exemplar) = exemplars.and_then(|exemplars| exemplars.of(bucket)) {
            let (seconds, millis) = (exemplar.unix_millis / 1_000, exemplar.unix_millis % 1_000);
            write!(
                text,
                " # {{trace_id=\"{}\"}} {} {seconds}.{millis:03}",
                exemplar.trace_id,
                Number(exemplar.value)
            )?;
        }
        text.push('\n');
    }
    let labels = Labels(metric.get_label(), None);
    writeln!(text, "{name}_count{labels} {}", histogram.get_sample_count())?;
    writeln!(text, "{name}_sum{labels} {}", Number(histogram.get_sample_sum()))
}

/// The labels of a sample, and the upper bound of its bucket if it is one.
struct Labels<'l>(&'l [LabelPair], Option<f64>);

impl fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = '{';
        for label in self.0 {
            write!(f, "{before}{}=\"{}\"", label.name(), Escaped(label.value()))?;
            before = ',';
        }
        if let Some(bound) = self.1 {
            write!(f, "{before}le=\"{}\"", Canonical(bound))?;
            before = ',';
        }
        if before == ',' { f.write_char('}') } else { Ok(()) }
    }
}

struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for at in self.0.chars() {
            match at {
                '\n' => f.write_str("\\n")?,
                '"' | '\\' => write!(f, "\\{at}")?,
                _ => f.write_char(at)?,
            }
        }
        Ok(())
    }
}

struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_finite() {
            write!(f, "{}", self.0)
        } else if self.0.is_nan() {
            f.write_str("NaN")
        } else {
            f.write_str(if self.0 > 0.0 { "+Inf" } else { "-Inf" })
        }
    }
}

/// As a bound of a bucket is written, so that the same bound is the same text everywhere ("Considerations:
/// Canonical Numbers"): `1.0`, `0.0025`, `2.5e-05`, `1e+06`.
struct Canonical(f64);

impl fmt::Display for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scientific = format!("{:e}", self.0);
        let exponent = scientific.split_once('e').and_then(|(mantissa, exponent)| {
            exponent.parse().ok().map(|exponent: i32| (mantissa, exponent))
        });
        match exponent {
            Some((mantissa, exponent)) if !(-4..6).contains(&exponent) => {
                let sign = if exponent < 0 { '-' } else { '+' };
                write!(f, "{mantissa}e{sign}{:02}", exponent.unsigned_abs())
            }
            Some(_) if self.0.fract() == 0.0 => write!(f, "{:.1}", self.0),
            _ => write!(f, "{}", Number(self.0)),
        }
    }
}

#[cfg(test)]
mod tests;
