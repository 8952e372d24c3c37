use std::time::Duration;

use super::*;
use crate::{
    domain::{Coverage, Effect, GapCause},
    telemetry::{Metrics, Side, TraceContext, TransferLabels},
};

/// Reads a text by the grammar of the specification (section "ABNF"), rule by rule.
struct Grammar<'t>(&'t str);

impl<'t> Grammar<'t> {
    fn token(&mut self, token: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(token)?;
        Some(())
    }

    fn run(&mut self, first: fn(char) -> bool, then: fn(char) -> bool) -> Option<&'t str> {
        if !self.0.starts_with(first) {
            return None;
        }
        let end = self.0.find(|at| !then(at)).unwrap_or(self.0.len());
        let (run, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(run)
    }

    /// `metricname = metricname-initial-char 0*metricname-char`
    fn metric_name(&mut self) -> Option<&'t str> {
        self.run(
            |at| at.is_ascii_alphabetic() || "_:".contains(at),
            |at| at.is_ascii_alphanumeric() || "_:".contains(at),
        )
    }

    fn label_name(&mut self) -> Option<&'t str> {
        self.run(
            |at| at.is_ascii_alphabetic() || at == '_',
            |at| at.is_ascii_alphanumeric() || at == '_',
        )
    }

    /// `escaped-string`, up to what may not stand in it unescaped.
    fn escaped_string(&mut self) -> Option<String> {
        let mut string = String::new();
        loop {
            match self.0.chars().next() {
                Some('\\') => {
                    let escaped = self.0.chars().nth(1)?;
                    string.push(if escaped == 'n' { '\n' } else { escaped });
                    if !"n\"\\".contains(escaped) {
                        return None;
                    }
                    self.0 = self.0.get(2..)?;
                }
                None | Some('\n' | '"') => return Some(string),
                Some(at) => {
                    string.push(at);
                    self.0 = self.0.get(at.len_utf8()..)?;
                }
            }
        }
    }

    /// `labels = "{" [label *("," label)] "}"`
    fn labels(&mut self) -> Option<LabelPairs> {
        let mut labels = Vec::new();
        self.token("{")?;
        while self.token("}").is_none() {
            if !labels.is_empty() {
                self.token(",")?;
            }
            let name = self.label_name()?.to_owned();
            self.token("=\"")?;
            let value = self.escaped_string()?;
            self.token("\"")?;
            labels.push((name, value));
        }
        Some(labels)
    }

    /// `number = realnumber / [SIGN] ("inf" / "infinity") / "nan"`
    fn number(&mut self) -> Option<f64> {
        let end = self.0.find([' ', '\n'])?;
        let (number, rest) = self.0.split_at(end);
        let unsigned = number.trim_start_matches(['+', '-']);
        let is_real = unsigned.starts_with(|at: char| at.is_ascii_digit() || at == '.');
        let is_word = ["inf", "infinity", "nan"].contains(&&*unsigned.to_ascii_lowercase());
        if !is_real && !is_word {
            return None;
        }
        self.0 = rest;
        number.parse().ok()
    }
}

type LabelPairs = Vec<(String, String)>;

#[derive(Debug)]
struct Sample {
    name: String,
    labels: LabelPairs,
    value: f64,
    /// Labels, value, time.
    exemplar: Option<(LabelPairs, f64, Option<f64>)>,
}

#[derive(Debug)]
struct Family {
    name: String,
    kind: String,
    unit: Option<String>,
    help: String,
    samples: Vec<Sample>,
}

/// `exposition = metricset HASH SP eof [ LF ]`
fn read(text: &str) -> Result<Vec<Family>, String> {
    let mut at = Grammar(text);
    let mut families: Vec<Family> = Vec::new();
    loop {
        let line = at.0.lines().next().unwrap_or_default().to_owned();
        if at.token("# EOF").is_some() {
            let _ = at.token("\n");
            return if at.0.is_empty() { Ok(families) } else { Err("goes on".to_owned()) };
        }
        let read = if at.token("# ").is_some() {
            descriptor(&mut at, &mut families)
        } else {
            sample(&mut at).and_then(|sample| {
                families.last_mut()?.samples.push(sample);
                Some(())
            })
        };
        read.and_then(|()| at.token("\n")).ok_or_else(|| format!("{line} | at {:.40}", at.0))?;
    }
}

fn descriptor(at: &mut Grammar<'_>, families: &mut Vec<Family>) -> Option<()> {
    let what = ["TYPE ", "HELP ", "UNIT "].into_iter().find(|what| at.token(what).is_some())?;
    let name = at.metric_name()?.to_owned();
    at.token(" ")?;
    let new = Family {
        name: name.clone(),
        kind: String::new(),
        unit: None,
        help: String::new(),
        samples: Vec::new(),
    };
    if families.last().is_none_or(|family| family.name != name) {
        families.push(new);
    }
    let family = families.last_mut()?;
    // Metadata comes before the samples.
    if !family.samples.is_empty() {
        return None;
    }
    match what {
        "TYPE " => {
            let kinds = "counter gauge histogram gaugehistogram stateset info summary unknown";
            let kind = at.run(|at| at.is_ascii_lowercase(), |at| at.is_ascii_lowercase())?;
            family.kind = kinds.split(' ').find(|it| *it == kind)?.to_owned();
        }
        "HELP " => family.help = at.escaped_string()?,
        _ => family.unit = at.metric_name().map(str::to_owned),
    }
    Some(())
}

/// `sample = metricname [labels] SP number [SP timestamp] [exemplar] LF`
fn sample(at: &mut Grammar<'_>) -> Option<Sample> {
    let name = at.metric_name()?.to_owned();
    let labels = if at.0.starts_with('{') { at.labels()? } else { Vec::new() };
    at.token(" ")?;
    let value = at.number()?;
    let mut exemplar = None;
    if at.token(" # ").is_some() {
        let labels = at.labels()?;
        at.token(" ")?;
        let value = at.number()?;
        let time = if at.token(" ").is_some() { Some(at.number()?) } else { None };
        exemplar = Some((labels, value, time));
    }
    Some(Sample { name, labels, value, exemplar })
}

/// Examples of the specification itself, so that the reader above is one.
#[test]
fn the_grammar_reads_what_the_specification_shows() {
    let shown = "# TYPE acme_http_router_request_seconds summary\n\
        # UNIT acme_http_router_request_seconds seconds\n\
        # HELP acme_http_router_request_seconds Latency though all of ACME's HTTP request router.\n\
        acme_http_router_request_seconds_sum{path=\"/api/v1\",method=\"GET\"} 9036.32\n\
        acme_http_router_request_seconds_count{path=\"/api/v1\",method=\"GET\"} 807283.0\n\
        # TYPE foo histogram\n\
        foo_bucket{le=\"0.01\"} 0\n\
        foo_bucket{le=\"0.1\"} 8 # {} 0.054\n\
        foo_bucket{le=\"1\"} 11 # {trace_id=\"KOO5S4vxi0o\"} 0.67\n\
        foo_bucket{le=\"10\"} 17 # {trace_id=\"oHg5SJYRHA0\"} 9.8 1520879607.789\n\
        foo_bucket{le=\"+Inf\"} 17\nfoo_count 17\nfoo_sum 324789.3\n# EOF\n";
    assert_eq!(read(shown).unwrap().len(), 2);
    for wrong in [
        "foo 1\n",
        "# TYPE foo gauge\nfoo 1\n",
        "# TYPE foo gauge\nfoo  1\n# EOF\n",
        "# TYPE foo gauge\nfoo{a=\"b\" } 1\n# EOF\n",
        "# TYPE foo gauge\nfoo{a=\"\\x\"} 1\n# EOF\n",
        "# TYPE foo gauge\nfoo one\n# EOF\n",
        "# TYPE foo gouge\nfoo 1\n# EOF\n",
        "# TYPE foo gauge\nfoo 1\n# HELP foo late\n# EOF\n",
        "# TYPE foo gauge\nfoo 1\n\n# EOF\n",
        "# TYPE foo gauge\nfoo 1\n# EOF\nfoo 2\n",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn everything_counted_is_written_by_the_grammar() {
    let metrics = Metrics::new().unwrap();
    metrics.transfer(&TransferLabels { rule: Some("R \"1\" \\\n"), ..TransferLabels::default() });
    metrics.findings("user.name", Effect::Redact, 2);
    metrics.inspection(Duration::from_micros(7), 100, Coverage::Partial, Some(GapCause::Malformed));
    metrics.upstream("singapore", Duration::from_millis(3));
    metrics.exchange_error(Side::Upstream, "connect");
    let sampled: TraceContext =
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
    metrics.exchange(Duration::from_micros(700), &sampled);
    metrics.exchange(Duration::from_secs(60), &sampled);
    metrics.exchange(Duration::from_millis(3), &TraceContext { sampled: false, ..sampled });
    let text = metrics.render(Exposition::OpenMetrics);
    let families = read(&text).unwrap_or_else(|wrong| panic!("{wrong}"));

    let mut names = Vec::new();
    for family in &families {
        assert!(!names.contains(&&family.name), "{} twice", family.name);
        names.push(&family.name);
        assert!(!family.help.is_empty() && !family.samples.is_empty(), "{family:?}");
        // "UNIT … MUST be the suffix of the MetricFamily name".
        assert!(family.unit.as_ref().is_none_or(|unit| family.name.ends_with(&format!("_{unit}"))));
        let suffixes: &[&str] = match &*family.kind {
            "counter" => &["_total"],
            "gauge" => &[""],
            _ => &["_bucket", "_count", "_sum"],
        };
        for sample in &family.samples {
            let suffix = sample.name.strip_prefix(&*family.name).unwrap();
            assert!(suffixes.contains(&suffix), "{} of {family:?}", sample.name);
            assert!(family.kind == "gauge" || sample.value >= 0.0);
            // "Exemplars … on … buckets", at most 128 characters of labels.
            if let Some((labels, ..)) = &sample.exemplar {
                assert_eq!(suffix, "_bucket");
                assert!(labels.iter().map(|(a, b)| a.len() + b.len()).sum::<usize>() <= 128);
            }
        }
    }
    let described = Metrics::describe();
    for family in &families {
        let name = match &*family.kind {
            "counter" => format!("{}_total", family.name),
            _ => family.name.clone(),
        };
        let it = described.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!((it.kind.to_string(), it.help), (family.kind.clone(), &*family.help));
    }
    let transfers = families.iter().find(|it| it.name == "bordergate_transfers").unwrap();
    let rule = transfers.samples[0].labels.iter().find(|(name, _)| name == "rule").unwrap();
    assert_eq!(rule.1, "R \"1\" \\\n");

    let durations = families.iter().find(|it| it.name == "bordergate_exchange_duration_seconds");
    let exemplars: Vec<_> = durations
        .unwrap()
        .samples
        .iter()
        .filter_map(|sample| Some((sample.exemplar.as_ref()?, &*sample.labels[0].1)))
        .map(|((labels, value, time), bound)| (bound, labels[0].1.clone(), *value, time.is_some()))
        .collect();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736".to_owned();
    assert_eq!(
        exemplars,
        [("0.001", trace.clone(), 0.0007, true), ("+Inf", trace, 60.0, true)],
        "of sampled traces only"
    );
}

/// "Considerations: Canonical Numbers".
#[test]
fn bounds_are_written_in_their_canonical_form() {
    for (bound, written) in [
        (1e-10, "1e-10"),
        (5e-6, "5e-06"),
        (2.5e-5, "2.5e-05"),
        (1e-4, "0.0001"),
        (0.001, "0.001"),
        (0.15, "0.15"),
        (0.0, "0.0"),
        (1.0, "1.0"),
        (2.5, "2.5"),
        (30.0, "30.0"),
        (1e5, "100000.0"),
        (1e6, "1e+06"),
        (1e10, "1e+10"),
        (f64::INFINITY, "+Inf"),
    ] {
        assert_eq!(Canonical(bound).to_string(), written);
    }
}

#[test]
fn whoever_asks_gets_what_they_can_read() {
    use Exposition::{OpenMetrics, Prometheus};
    for (accept, expected) in [
        (None, Prometheus),
        (Some("*/*"), Prometheus),
        (Some("text/html, */*"), Prometheus),
        (Some("application/openmetrics-text"), OpenMetrics),
        // Prometheus 2.
        (
            Some(
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            ),
            OpenMetrics,
        ),
        // Prometheus 3.
        (
            Some(
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
            ),
            OpenMetrics,
        ),
        (Some("text/plain;q=0.9, application/openmetrics-text;q=0.8"), Prometheus),
        (Some("application/openmetrics-text;q=0, */*"), Prometheus),
        (Some("application/openmetrics-text; version=2.0.0"), Prometheus),
        (Some("Application/OpenMetrics-Text; version=\"1.0.0\"; charset=utf-8"), OpenMetrics),
        (Some(";;q=,,="), Prometheus),
    ] {
        assert_eq!(Exposition::negotiate(accept), expected, "{accept:?}");
    }
}
