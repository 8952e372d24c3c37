//! Traces and audit records at a collector: what arrives is whole, in order, and holds no value.

use std::{
    collections::HashMap,
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{KeyValue, any_value::Value},
    logs::v1::{LogRecord, SeverityNumber},
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use prost::Message as _;
use tokio::net::TcpListener;

use crate::harness::{
    ALLOW_ALL, Connection, RunningGateway, TestGateway, Upstream, eventually, eventually_found,
};

const RULES: &str = "
layer: organisation
title: Test
rules:
  - id: T-REDACT
    title: No birthdays
    statute: this test
    when: { data: date_of_birth }
    effect: redact
    reason: Birthdays stay at home.
  - id: T-BLOCK
    title: No device ids
    statute: this test
    when: { data: imei }
    effect: block
    reason: Device ids stay at home.
";

type Message = (String, Vec<u8>);

/// Keeps what it gets; answers as it is told.
#[derive(Clone)]
struct Collector {
    address: SocketAddr,
    /// Statuses to answer with before it answers 200.
    refusals: Arc<Mutex<Vec<u16>>>,
    /// Path and body.
    got: Arc<Mutex<Vec<Message>>>,
    /// What must be shown; nothing by default.
    token: Arc<Mutex<Option<String>>>,
}

impl Collector {
    async fn start(refusals: Vec<u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let collector = Self {
            address: listener.local_addr().unwrap(),
            refusals: Arc::new(Mutex::new(refusals)),
            got: Arc::default(),
            token: Arc::default(),
        };
        let kept = collector.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = kept.clone();
                let service = service_fn(move |request| kept.clone().answer(request));
                let builder = hyper::server::conn::http1::Builder::new();
                tokio::spawn(builder.serve_connection(TokioIo::new(stream), service));
            }
        });
        collector
    }

    async fn answer(
        self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, hyper::Error> {
        assert_eq!(request.method(), Method::POST);
        assert_eq!(request.headers()["content-type"], "application/x-protobuf");
        let path = request.uri().path().to_owned();
        let wanted = self.token.lock().unwrap().as_ref().map(|token| format!("Bearer {token}"));
        let shown = request.headers().get("authorization").map(|it| it.to_str().unwrap());
        if wanted.as_deref() != shown {
            return Ok(Response::builder().status(401).body(Full::default()).unwrap());
        }
        let body = request.into_body().collect().await?.to_bytes();
        let refusal = self.refusals.lock().unwrap().pop();
        if refusal.is_none() {
            self.got.lock().unwrap().push((path, body.to_vec()));
        }
        let answer = Response::builder().status(refusal.unwrap_or(200));
        Ok(answer.body(Full::default()).unwrap())
    }

    fn bodies(&self, path: &str) -> Vec<Vec<u8>> {
        let got = self.got.lock().unwrap();
        got.iter().filter(|(at, _)| at == path).map(|(_, body)| body.clone()).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let messages = self.bodies("/v1/traces");
        let messages =
            messages.iter().map(|body| ExportTraceServiceRequest::decode(&body[..]).unwrap());
        let resources = messages.flat_map(|message| message.resource_spans);
        let scopes = resources.flat_map(|resource| {
            let attributes = resource.resource.unwrap().attributes;
            assert_eq!(text(&attributes, "service.name").as_deref(), Some("bordergate"));
            resource.scope_spans
        });
        scopes.flat_map(|scope| scope.spans).collect()
    }

    fn logs(&self) -> Vec<LogRecord> {
        let messages = self.bodies("/v1/logs");
        let messages =
            messages.iter().map(|body| ExportLogsServiceRequest::decode(&body[..]).unwrap());
        let resources = messages.flat_map(|message| message.resource_logs);
        resources.flat_map(|it| it.scope_logs).flat_map(|it| it.log_records).collect()
    }

    async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let told = || format!("{} messages", self.got.lock().unwrap().len());
        eventually_found(what, async || holds(self).then_some(()).ok_or_else(told)).await;
    }

    fn section(&self, more: &str) -> String {
        format!(
            "telemetry: {{ otlp: {{ endpoint: \"http://{}\", interval: 50ms{more} }} }}",
            self.address
        )
    }
}

fn string(value: Value) -> String {
    let Value::StringValue(text) = value else { panic!("{value:?} is no text") };
    text
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|it| it.key == key)?;
    let value = found.value.clone()?.value?;
    if let Value::IntValue(number) = value {
        return Some(number.to_string());
    }
    Some(string(value))
}

async fn gateway(upstream: &Upstream, section: &str) -> RunningGateway {
    TestGateway::new()
        .without_shipped_rules()
        .rules("organisation/allow.yaml", ALLOW_ALL)
        .rules("organisation/test.yaml", RULES)
        .purpose("service_activation")
        .upstream(upstream.address)
        .config(section)
        .start()
        .await
}

fn request(
    gateway: &RunningGateway,
    body: &'static str,
    trace: Option<&str>,
) -> Request<Full<Bytes>> {
    let mut request = gateway.request(Method::POST, "/v1/MARK-path?q=MARK-query", "origin=PK");
    let headers = request.headers_mut();
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("x-note", "MARK-header".parse().unwrap());
    if let Some(trace) = trace {
        headers.insert("traceparent", trace.parse().unwrap());
    }
    *request.body_mut() = Full::from(body);
    request
}

const SENT: &str = r#"{"note":"MARK-note","email":"mark.value@example.pk"}"#;
const REDACTED: &str = r#"{"note":"MARK-note","birthday":"1987-03-14"}"#;
const BLOCKED: &str = r#"{"note":"MARK-note","imei":"867619040000019"}"#;
const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const UNSAMPLED: &str = "00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

#[tokio::test]
async fn a_collector_gets_each_exchange_with_its_steps_and_each_line_of_the_audit() {
    let (upstream, collector) = (Upstream::start().await, Collector::start(Vec::new()).await);
    let gateway = gateway(&upstream, &collector.section(", logs: true")).await;
    for (body, trace, status) in [
        (SENT, Some(CALLER), 200),
        (REDACTED, None, 200),
        (BLOCKED, None, 403),
        (SENT, Some(UNSAMPLED), 200),
    ] {
        let answer = gateway.send(request(&gateway, body, trace)).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let records = gateway.records(4).await;
    let forwarded: Vec<String> = upstream
        .received()
        .iter()
        .map(|it| it.headers["traceparent"].to_str().unwrap().to_owned())
        .collect();
    let folder = gateway.folder().to_owned();
    // What waits is sent at the end.
    tokio::task::spawn_blocking(move || gateway.gateway.drain()).await.unwrap();

    let mut traces: HashMap<Vec<u8>, Vec<Span>> = HashMap::new();
    for span in collector.spans() {
        traces.entry(span.trace_id.clone()).or_default().push(span);
    }
    let id = |text: &str| u128::from_str_radix(text, 16).unwrap().to_be_bytes().to_vec();
    assert_eq!(traces.len(), 3, "the one that is not sampled stays here");
    assert!(!traces.contains_key(&id("5bf92f3577b34da6a3ce929d0e0e4736")));
    for (record, steps) in records.iter().zip([
        &["hold", "inspect", "record", "forward"][..],
        &["hold", "inspect", "record", "forward"],
        &["hold", "inspect"],
    ]) {
        let spans = &traces[&id(record["trace_id"].as_str().unwrap())];
        let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
        assert_eq!(names, [&["exchange"], steps].concat());
        let (root, steps) = spans.split_first().unwrap();
        assert_eq!(root.kind(), SpanKind::Server);
        let began: jiff::Timestamp = record["time"].as_str().unwrap().parse().unwrap();
        assert_eq!(i128::from(root.start_time_unix_nano), began.as_nanosecond());
        let mut end = root.start_time_unix_nano;
        for step in steps {
            assert_eq!(step.parent_span_id, root.span_id);
            assert_eq!((step.span_id.len(), step.span_id == root.span_id), (8, false));
            assert!(
                step.start_time_unix_nano >= end
                    && step.end_time_unix_nano >= step.start_time_unix_nano
            );
            assert!(step.end_time_unix_nano <= root.end_time_unix_nano);
            end = step.end_time_unix_nano;
        }
        let attribute = |key: &str| text(&root.attributes, key);
        let outcome = record["effect"].as_str().unwrap();
        assert_eq!(attribute("bordergate.outcome").as_deref(), Some(outcome));
        assert_eq!(attribute("bordergate.origin").as_deref(), Some("PK"));
        assert_eq!(attribute("bordergate.destination").as_deref(), Some("SG"));
        assert_eq!(attribute("bordergate.data_centre").as_deref(), Some("dc-singapore"));
        assert_eq!(attribute("http.response.status_code"), Some(record["status"].to_string()));
        let rule = match outcome {
            "allow" => None,
            "redact" => Some("T-REDACT"),
            _ => Some("T-BLOCK"),
        };
        assert_eq!(attribute("bordergate.rule").as_deref(), rule);
        assert!(root.status.as_ref().is_none_or(|status| status.code() != StatusCode::Error));
    }
    // The caller's span is the parent of ours, and ours that of whatever the data centre does.
    let continued = &traces[&id("4bf92f3577b34da6a3ce929d0e0e4736")][0];
    assert_eq!(continued.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    let own = u64::from_be_bytes(continued.span_id.clone().try_into().unwrap());
    assert_eq!(forwarded[0], format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{own:016x}-01"));
    assert!(forwarded[1].ends_with("-01") && forwarded[2].ends_with("-00"), "{forwarded:?}");

    // The audit as it stands in the file, line by line.
    let audit = fs::read_to_string(folder.join("audit.jsonl")).unwrap();
    let logs = collector.logs();
    let bodies: Vec<String> =
        logs.iter().map(|log| string(log.body.clone().unwrap().value.unwrap())).collect();
    assert_eq!(bodies, audit.lines().collect::<Vec<_>>());
    let blocked = logs
        .iter()
        .find(|log| text(&log.attributes, "bordergate.outcome").as_deref() == Some("block"))
        .unwrap();
    assert_eq!(blocked.severity_number(), SeverityNumber::Warn);
    assert_eq!(blocked.event_name, "bordergate.exchange");
    assert_eq!(blocked.trace_id, id(records[2]["trace_id"].as_str().unwrap()));

    for (path, body) in collector.got.lock().unwrap().iter() {
        for value in ["MARK-", "mark.value", "1987", "867619040000019"] {
            let holds =
                body.windows(value.len()).any(|it| it.eq_ignore_ascii_case(value.as_bytes()));
            assert!(!holds, "{value} in a message to {path}");
        }
    }
}

#[tokio::test]
async fn a_collector_that_has_no_time_is_asked_again_and_one_that_refuses_is_not() {
    let upstream = Upstream::start().await;
    // Answered in the order from the last: come again, come again, never.
    for (refusals, arrives) in [(vec![503, 429], true), (vec![400], false)] {
        let collector = Collector::start(refusals).await;
        let gateway = gateway(&upstream, &collector.section("")).await;
        gateway.send(request(&gateway, SENT, None)).await;
        let series = |result: &str| {
            format!("bordergate_otlp_items_total{{result=\"{result}\",signal=\"traces\"}} 1")
        };
        let expected = series(if arrives { "sent" } else { "dropped" });
        eventually(&expected, async || {
            gateway.admin(Method::GET, "/metrics").await.text().contains(&expected)
        })
        .await;
        assert_eq!(collector.spans().len(), if arrives { 5 } else { 0 });
        assert!(collector.refusals.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn no_collector_and_no_sample_are_no_trouble() {
    let (upstream, collector) = (Upstream::start().await, Collector::start(Vec::new()).await);
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let section =
        format!("telemetry: {{ otlp: {{ endpoint: \"http://{nobody}\", interval: 10ms }} }}");
    let dead = gateway(&upstream, &section).await;
    let mut connection = Connection::open(dead.address).await;
    for _ in 0..50 {
        assert_eq!(connection.send(request(&dead, SENT, None)).await.status, 200);
    }
    tokio::task::spawn_blocking(move || dead.gateway.drain()).await.unwrap();

    // Of a hundred traces that begin here none is sampled; the caller's is.
    let rare = gateway(&upstream, &collector.section(", sample_percent: 0")).await;
    for _ in 0..10 {
        rare.send(request(&rare, SENT, None)).await;
        assert!(upstream.last().headers["traceparent"].to_str().unwrap().ends_with("-00"));
    }
    rare.send(request(&rare, SENT, Some(CALLER))).await;
    collector.until("the caller's", |it| !it.spans().is_empty()).await;
    tokio::task::spawn_blocking(move || rare.gateway.drain()).await.unwrap();
    assert!(collector.spans().iter().all(|span| span.trace_id[0] == 0x4b));
    assert!(collector.logs().is_empty());
}

#[tokio::test]
async fn a_collector_is_shown_the_token_of_the_file_as_it_is_now() {
    let (upstream, collector) = (Upstream::start().await, Collector::start(Vec::new()).await);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, "first-token\n").unwrap();
    *collector.token.lock().unwrap() = Some("first-token".to_owned());
    let token = format!(", token_file: \"{}\"", path.display());
    let gateway = gateway(&upstream, &collector.section(&token)).await;
    gateway.send(request(&gateway, SENT, None)).await;
    collector.until("the first", |it| !it.spans().is_empty()).await;

    *collector.token.lock().unwrap() = Some("second-token".to_owned());
    fs::write(&path, "second-token").unwrap();
    gateway.send(request(&gateway, SENT, Some(CALLER))).await;
    collector
        .until("the second", |it| it.spans().iter().any(|span| span.trace_id[0] == 0x4b))
        .await;
    for page in ["/metrics", "/-/status"] {
        let text = gateway.admin(Method::GET, page).await.text();
        assert!(!text.contains("-token"), "{page}: {text}");
    }
}

#[tokio::test]
async fn a_collector_that_hangs_does_not_hold_up_the_end() {
    let upstream = Upstream::start().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let (called, mut calls) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            kept.push(stream);
            let _ = called.try_send(());
        }
    });
    let section =
        format!("telemetry: {{ otlp: {{ endpoint: \"http://{address}\", interval: 10ms }} }}");
    let gateway = gateway(&upstream, &section).await;
    assert_eq!(gateway.send(request(&gateway, SENT, None)).await.status, 200);
    calls.recv().await.unwrap();
    for _ in 0..10 {
        assert_eq!(gateway.send(request(&gateway, SENT, None)).await.status, 200);
    }
    let began = std::time::Instant::now();
    tokio::task::spawn_blocking(move || gateway.gateway.drain()).await.unwrap();
    assert!(began.elapsed().as_secs() < 8, "{:?}", began.elapsed());
}
