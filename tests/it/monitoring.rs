//! What `deploy/` ships for monitoring, asked of a real Prometheus that scrapes a real gateway.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::Value;

use crate::harness::{Connection, PATIENCE, TestGateway, Upstream};

fn deployed(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

fn promtool(arguments: &[&str]) {
    let output = Command::new("promtool")
        .args(arguments)
        .current_dir(deployed("prometheus"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_rules_are_right_and_alert_when_they_should() {
    promtool(&["check", "rules", "rules.yaml"]);
    promtool(&["test", "rules", "rules.test.yaml"]);
}

/// What follows `key` on each line of a file under `deploy/`.
fn named(file: &str, key: &str) -> Vec<String> {
    let text = fs::read_to_string(deployed(file)).unwrap();
    text.lines().filter_map(|line| line.trim().strip_prefix(key)).map(str::to_owned).collect()
}

/// Each alert is seen to ring, and each to be silent, on invented series.
#[test]
fn no_alert_is_untried() {
    let text = fs::read_to_string(deployed("prometheus/rules.test.yaml")).unwrap();
    let alerts = named("prometheus/rules.yaml", "- alert: ");
    assert!(alerts.len() >= 15, "{alerts:?}");
    for alert in alerts {
        let cases = text
            .split("alertname: ")
            .skip(1)
            .filter(|case| case.lines().next().is_some_and(|name| name == alert));
        let rings = cases.filter(|case| case.lines().nth(1).unwrap().trim() == "exp_alerts:");
        assert!(rings.count() > 0, "nothing makes {alert} ring");
    }
}

/// Every metric that a rule or the dashboard names is one that there is.
#[test]
fn only_metrics_that_exist_are_named() {
    for file in ["prometheus/rules.yaml", "grafana/bordergate.json"] {
        let text = fs::read_to_string(deployed(file)).unwrap();
        for word in words(&text) {
            if word.starts_with("bordergate_") && word.len() > "bordergate_".len() {
                assert!(family(word).is_some(), "{word} in {file}");
            }
        }
    }
}

/// What may be a name, of all that stands in a query.
fn words(query: &str) -> impl Iterator<Item = &str> {
    query.split(|at: char| !(at.is_ascii_alphanumeric() || at == '_' || at == ':'))
}

/// The metric that a series called so is of.
fn family(series: &str) -> Option<&'static str> {
    let plain = ["_bucket", "_count", "_sum"].iter().find_map(|end| series.strip_suffix(end));
    let mut names = bordergate::telemetry::Metrics::describe().iter().map(|it| it.name);
    names.find(|&name| name == series || Some(name) == plain)
}

/// The metrics a query asks for; in place of a recorded series those it is made of.
fn metrics_of(query: &str, recorded: &[(String, String)]) -> BTreeSet<&'static str> {
    let mut metrics = BTreeSet::new();
    for word in words(query) {
        if let Some((_, query)) = recorded.iter().find(|(name, _)| name == word) {
            metrics.extend(metrics_of(query, recorded));
        } else if word == "up" {
            metrics.insert("up");
        } else {
            metrics.extend(family(word));
        }
    }
    metrics
}

/// The rules of `kind`, `alert` or `record`, each with its query.
fn rules(kind: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(deployed("prometheus/rules.yaml")).unwrap();
    let rule = |part: &str| {
        let name = part.strip_prefix(kind)?.strip_prefix(": ")?.lines().next()?;
        let (_, query) = part.split_once("expr: ")?;
        // It ends where the next key of the rule begins.
        let end = ["\n        for: ", "\n        labels: ", "\n  - "];
        let end = end.iter().filter_map(|key| query.find(key)).min().unwrap_or(query.len());
        Some((name.to_owned(), query.get(..end)?.to_owned()))
    };
    text.split("\n      - ").filter_map(rule).collect()
}

/// A panel of the dashboard.
struct Panel {
    title: String,
    description: String,
    queries: Vec<String>,
}

impl Panel {
    /// Those that its description names.
    fn alerts(&self) -> impl Iterator<Item = &str> {
        let words = self.description.split(|at: char| !at.is_ascii_alphanumeric());
        words.filter(|word| word.strip_prefix("Bordergate").is_some_and(|rest| rest.len() > 1))
    }
}

/// All but the rows.
fn panels() -> Vec<Panel> {
    let text = fs::read_to_string(deployed("grafana/bordergate.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let panel = |panel: &Value| Panel {
        title: text(&panel["title"]),
        description: text(&panel["description"]),
        queries: panel["targets"].as_array().unwrap().iter().map(|it| text(&it["expr"])).collect(),
    };
    panels.filter(|panel| panel["type"] != "row").map(panel).collect()
}

/// Whoever is paged finds on the dashboard what it was about, and by the alert's name.
#[test]
fn what_an_alert_looks_at_stands_in_a_panel_that_names_the_alert() {
    let (panels, recorded, alerts) = (panels(), rules("record"), rules("alert"));
    assert_eq!(
        (recorded.len(), alerts.len()),
        (4, named("prometheus/rules.yaml", "- alert: ").len())
    );
    for (alert, query) in &alerts {
        let wanted = metrics_of(query, &recorded);
        assert!(!wanted.is_empty(), "{alert}: {query}");
        let naming = panels.iter().filter(|it| it.alerts().any(|name| name == alert));
        let shown: BTreeSet<_> = naming
            .flat_map(|panel| &panel.queries)
            .flat_map(|query| metrics_of(query, &recorded))
            .collect();
        let missing: Vec<_> = wanted.difference(&shown).collect();
        assert!(missing.is_empty(), "{alert}: no panel that names it has {missing:?}");
    }
    for panel in &panels {
        assert!(!panel.title.is_empty() && !panel.description.is_empty(), "{}", panel.title);
        for name in panel.alerts() {
            assert!(alerts.iter().any(|(alert, _)| alert == name), "{name} in {}", panel.title);
        }
        for query in &panel.queries {
            assert!(query.contains("instance=~\"$instance\""), "{}: {query}", panel.title);
        }
    }
}

/// Metrics that no panel and no alert has, each with why.
const LEFT_OUT: [(&str, &str); 3] = [
    (
        "bordergate_audit_sequence",
        "which line is the last is asked of one audit, not of all over time",
    ),
    (
        "process_virtual_memory_bytes",
        "address space is reserved, not used; resident memory has a panel",
    ),
    ("process_threads", "what threads cost is memory and delay, which have panels"),
];

#[test]
fn every_metric_stands_in_a_panel_or_an_alert_or_is_left_out_for_a_reason() {
    let recorded = rules("record");
    let alerts = rules("alert").into_iter().map(|(_, query)| query);
    let queries = panels().into_iter().flat_map(|panel| panel.queries).chain(alerts);
    let shown: BTreeSet<_> = queries.flat_map(|query| metrics_of(&query, &recorded)).collect();
    for metric in bordergate::telemetry::Metrics::describe() {
        let left_out = LEFT_OUT.iter().any(|(name, _)| *name == metric.name);
        assert_ne!(shown.contains(metric.name), left_out, "{}", metric.name);
    }
}

/// The invented series have the labels that the program gives theirs, so that what rings on them rings on real ones.
#[test]
fn invented_series_have_the_labels_of_real_ones() {
    let described = bordergate::telemetry::Metrics::describe();
    let series = named("prometheus/rules.test.yaml", "- series: ");
    assert!(series.len() > 20, "{series:?}");
    for series in series {
        let (name, labels) = series.split_once('{').unwrap_or((&series, ""));
        if name == "up" {
            continue;
        }
        let family = ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end));
        let is_it =
            |it: &&bordergate::telemetry::Description| it.name == name || Some(it.name) == family;
        let served = described.iter().find(is_it).unwrap_or_else(|| panic!("{name}"));
        let given = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty());
        // Those of the scrape, and that of a bucket, stand beside.
        let given: BTreeSet<&str> = given
            .map(|label| label.split_once('=').unwrap().0)
            .filter(|name| !["instance", "job", "le"].contains(name))
            .collect();
        assert_eq!(given, served.labels.iter().copied().collect(), "{series}");
    }
}

/// A series that begins with its first failure shows no increase with it, so that what rings on an invented zero may
/// not ring on a real failure.
#[tokio::test(flavor = "multi_thread")]
async fn invented_series_that_begin_at_zero_are_there_before_anything_happens() {
    let upstream = Upstream::start().await;
    let gateway = TestGateway::new().upstream(upstream.address).start().await;
    let there = gateway.admin(http::Method::GET, "/metrics").await.text();
    let there: BTreeSet<String> =
        there.lines().filter_map(|line| Some(labelled(line.split_once(' ')?.0))).collect();
    let text = fs::read_to_string(deployed("prometheus/rules.test.yaml")).unwrap();
    let mut zeros = 0;
    for (series, values) in text.lines().zip(text.lines().skip(1)) {
        let Some(series) = series.trim().strip_prefix("- series: ") else { continue };
        let values = values.trim().strip_prefix("values: ").unwrap();
        if values.starts_with('0') {
            zeros += 1;
            assert!(there.contains(&labelled(series)), "{series}");
        }
    }
    assert!(zeros > 10, "{zeros}");
}

/// A series with its labels in order, without those of the scrape.
fn labelled(series: &str) -> String {
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let mut labels: Vec<&str> = labels.trim_end_matches('}').split(',').collect();
    labels.retain(|label| !label.starts_with("instance=") && !label.starts_with("job="));
    labels.sort_unstable();
    format!("{name}{{{}}}", labels.join(","))
}

struct Prometheus {
    child: Child,
    address: std::net::SocketAddr,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    fn start(target: std::net::SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("prometheus.yaml");
        let rules = deployed("prometheus/rules.yaml");
        let text = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [\"{}\"]\n\
             scrape_configs:\n  - job_name: bordergate\n    static_configs: [{{ targets: [\"{target}\"] }}]\n",
            rules.display()
        );
        fs::write(&config, text).unwrap();
        // A port that was free a moment ago.
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--enable-feature=exemplar-storage")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, address, _folder: folder }
    }

    /// The samples a query comes to; `None` while it does not answer.
    async fn query(&self, query: &str) -> Option<Vec<Value>> {
        let data = self.ask("query", query).await?;
        data["result"].as_array().cloned()
    }

    /// The exemplars it keeps of the last hour, by series.
    async fn exemplars(&self, query: &str) -> Option<Vec<Value>> {
        let now = jiff::Timestamp::now().as_second();
        let times = format!("query_exemplars?start={}&end={}", now - 3_600, now + 60);
        self.ask(&times, query).await?.as_array().cloned()
    }

    async fn ask(&self, what: &str, query: &str) -> Option<Value> {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let stream = tokio::net::TcpStream::connect(self.address).await.ok()?;
        drop(stream);
        let join = if what.contains('?') { '&' } else { '?' };
        let request = Request::get(format!("/api/v1/{what}{join}query={encoded}"))
            .header("host", "prometheus")
            .body(Full::<Bytes>::default())
            .unwrap();
        let answer = Connection::open(self.address).await.try_send(request).await.ok()?;
        let mut object: Value = serde_json::from_slice(&answer.body).ok()?;
        assert_eq!(object["status"], "success", "{query}: {object}");
        Some(object["data"].take())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What there is only where something else is configured, or on an occasion: a query of it is a right one, and may come
/// to nothing.
const SELDOM: [&str; 8] = [
    "bordergate_bundle_confirmed_timestamp_seconds",
    "bordergate_certificate_expiry_timestamp_seconds",
    "bordergate_certificate_reloads_total",
    "bordergate_dns_lookups_total",
    "bordergate_endpoint_ejections_total",
    "bordergate_endpoint_healthy",
    "bordergate_facts_operation_duration_seconds",
    "bordergate_upstream_retries_total",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboards_queries_answer_against_a_real_prometheus() {
    let upstream = Upstream::start().await;
    let gateway = TestGateway::new().upstream(upstream.address).start().await;
    let prometheus = Prometheus::start(gateway.admin);
    let (mut queries, seldom): (Vec<String>, Vec<String>) = panels()
        .into_iter()
        .flat_map(|panel| panel.queries)
        .map(|query| {
            let all = query.replace("$instance", ".*").replace("$data_centre", ".*");
            all.replace("$__rate_interval", "30s").replace("$__range", "5m")
        })
        .partition(|query| !words(query).filter_map(family).any(|name| SELDOM.contains(&name)));
    assert!(queries.len() > 50, "{}", queries.len());
    let recorded = named("prometheus/rules.yaml", "- record: ");
    assert_eq!(recorded.len(), 4);
    queries.extend(recorded);
    // The panel of failures shows a line where there are none; with some it shows these.
    queries
        .push("sum by (side, kind) (rate(bordergate_exchange_errors_total[30s])) > 0".to_owned());
    let mut connection = Connection::open(gateway.address).await;
    let deadline = Instant::now() + 3 * PATIENCE;
    let mut sent = 0;
    while !queries.is_empty() {
        // Rates need numbers that grow while Prometheus looks on.
        for (host, purpose, body) in [
            ("dc-singapore.test", "service_activation", "{\"imei\":\"867619040000019\"}"),
            ("dc-singapore.test", "direct_marketing", "{\"email\":\"sana.k@example.pk\"}"),
            ("dc-nowhere.test", "service_activation", "{}"),
        ] {
            let request = Request::post("/v1")
                .header("host", host)
                .header("content-type", "application/json")
                .header("bordergate-transfer", format!("origin=PK, purpose={purpose}"))
                .body(Full::new(Bytes::from_static(body.as_bytes())))
                .unwrap();
            connection.send(request).await;
            sent += 1;
        }
        let mut unanswered = Vec::new();
        for query in queries {
            let is_number = |sample: &Value| sample["value"][1] != "NaN";
            if prometheus.query(&query).await.is_none_or(|samples| !samples.iter().any(is_number)) {
                unanswered.push(query);
            }
        }
        queries = unanswered;
        assert!(Instant::now() < deadline, "after {sent} transfers no answer to {queries:#?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let up = prometheus.query("up{job=\"bordergate\"}").await.unwrap();
    assert_eq!(up[0]["value"][1], "1");
    for query in seldom {
        assert!(prometheus.query(&query).await.is_some(), "{query}");
    }
}

/// From a bucket of the histogram to the trace of an exchange that is in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_prometheus_keeps_the_traces_behind_a_bucket() {
    const SAMPLED: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const UNSAMPLED: &str = "0af7651916cd43dd8448eb211c80319c";
    let upstream = Upstream::start().await;
    let gateway = TestGateway::new().upstream(upstream.address).start().await;
    let prometheus = Prometheus::start(gateway.admin);
    let mut connection = Connection::open(gateway.address).await;
    let deadline = Instant::now() + 3 * PATIENCE;
    let kept = loop {
        for (trace, flags) in [(SAMPLED, "01"), (UNSAMPLED, "00")] {
            let request = Request::post("/v1")
                .header("host", "dc-singapore.test")
                .header("content-type", "application/json")
                .header("bordergate-transfer", "origin=PK, purpose=service_activation")
                .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-{flags}"))
                .body(Full::new(Bytes::from_static(b"{}")))
                .unwrap();
            connection.send(request).await;
        }
        let kept = prometheus.exemplars("bordergate_exchange_duration_seconds_bucket").await;
        match kept {
            Some(kept) if !kept.is_empty() => break kept,
            _ => assert!(Instant::now() < deadline, "no exemplar: {kept:?}"),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    for series in &kept {
        let bound = series["seriesLabels"]["le"].as_str().unwrap();
        let bound: f64 = bound.parse().unwrap();
        for exemplar in series["exemplars"].as_array().unwrap() {
            assert_eq!(exemplar["labels"]["trace_id"], SAMPLED, "{exemplar}");
            let value: f64 = exemplar["value"].as_str().unwrap().parse().unwrap();
            assert!(value > 0.0 && value <= bound, "{exemplar} up to {bound}");
            let age =
                jiff::Timestamp::now().as_second() as f64 - exemplar["timestamp"].as_f64().unwrap();
            assert!((-2.0..60.0).contains(&age), "{exemplar}");
        }
    }
}
