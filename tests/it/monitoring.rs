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
    let known: Vec<&str> =
        bordergate::telemetry::Metrics::describe().iter().map(|it| it.name).collect();
    for file in ["prometheus/rules.yaml", "grafana/bordergate.json"] {
        let text = fs::read_to_string(deployed(file)).unwrap();
        let is_name = |at: char| at.is_ascii_alphanumeric() || at == '_' || at == ':';
        for word in text.split(|at| !is_name(at)) {
            if word.starts_with("bordergate_") && word.len() > "bordergate_".len() {
                let plain = ["_bucket", "_count", "_sum"]
                    .iter()
                    .find_map(|end| word.strip_suffix(end))
                    .unwrap_or(word);
                assert!(known.contains(&plain) || known.contains(&word), "{word} in {file}");
            }
        }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboards_queries_answer_against_a_real_prometheus() {
    let upstream = Upstream::start().await;
    let gateway = TestGateway::new().upstream(upstream.address).start().await;
    let prometheus = Prometheus::start(gateway.admin);
    let text = fs::read_to_string(deployed("grafana/bordergate.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut queries: Vec<String> = dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap())
        .map(|target| {
            let query = target["expr"].as_str().unwrap();
            query.replace("$__rate_interval", "30s").replace("$__range", "5m")
        })
        .collect();
    assert!(queries.len() > 20, "{}", queries.len());
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
