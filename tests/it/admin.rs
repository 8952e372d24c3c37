//! The operators' side, spoken to as an operator would.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
    time::Duration,
};

use bordergate::{
    admin::{AdminContext, AdminError, AdminServer, AdminSettings, Readiness},
    audit::{AuditSettings, AuditSink},
    control::{ControlSettings, Controller, RulesSource},
    domain::Limits,
    redact::PseudonymKey,
    source::Diagnostics,
    telemetry::Metrics,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// An edit that changes no rule.
fn append(rules: &Path, line: &[u8]) {
    let path = rules.join("purposes.yaml");
    let mut text = fs::read(&path).unwrap_or_default();
    text.extend_from_slice(line);
    fs::write(path, text).unwrap();
}

/// The admin address over a controller that loads these rules.
struct RunningAdmin {
    rules: TempDir,
    server: AdminServer,
    readiness: Arc<Readiness>,
    controller: Controller,
}

struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// What RFC 9457 asks of a problem.
    fn problem(&self) -> Value {
        assert!(self.head.contains("content-type: application/problem+json"), "{}", self.head);
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        problem
    }
}

impl RunningAdmin {
    fn open() -> Self {
        Self::with(|settings| settings)
    }

    fn with(change: impl FnOnce(AdminSettings) -> AdminSettings) -> Self {
        let rules = tempfile::tempdir().unwrap();
        for file in RulesSource::Embedded.load(&mut Diagnostics::default()).files {
            let path = rules.path().join(&file.name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file.text).unwrap();
        }
        append(rules.path(), b"# nothing yet\n");
        let metrics = Arc::new(Metrics::new().unwrap());
        let settings = ControlSettings {
            watch: false,
            ..ControlSettings::new(
                RulesSource::Directory(rules.path().to_owned()),
                PseudonymKey::new(b"a key for tests"),
            )
        };
        let controller = Controller::start(settings, Arc::clone(&metrics)).unwrap();
        let readiness = Arc::new(Readiness::default());
        let context = AdminContext {
            reloads: controller.reloads(),
            audit: Arc::new(AuditSink::open(AuditSettings::default(), metrics.audit()).unwrap()),
            metrics,
            readiness: Arc::clone(&readiness),
            facts: None,
        };
        let limits = Limits { body_bytes_max: 64 << 10, ..Limits::default() };
        let settings = AdminSettings {
            body_time_max: Duration::from_millis(300),
            ..AdminSettings::new(SocketAddr::from(([127, 0, 0, 1], 0)), limits)
        };
        let server = AdminServer::start(change(settings), context).unwrap();
        Self { rules, server, readiness, controller }
    }

    fn send(&self, head: &str, body: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(self.server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let host = if head.contains("Host:") { "" } else { "\r\nHost: localhost" };
        let head = format!("{head}{host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        // The server may have answered and gone before the whole body is taken.
        let _ = stream.write_all(body);
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply);
        let reply = String::from_utf8(reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{reply:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    fn get(&self, path: &str) -> Reply {
        self.send(&format!("GET {path} HTTP/1.1"), b"")
    }

    fn post(&self, path: &str, body: &[u8]) -> Reply {
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {length}"
        );
        self.send(&head, body)
    }
}

/// Whoever begins to watch sees the last minute at once, not one of his own first.
#[test]
fn the_first_event_brings_what_there_was_before_it() {
    let running = RunningAdmin::open();
    let mut stream = TcpStream::connect(running.server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(b"GET /-/live HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut text = String::new();
    let mut room = [0; 64 << 10];
    while text.matches("event: tick").count() < 2 || !text.ends_with("\n\n\r\n") {
        let read = stream.read(&mut room).unwrap();
        text.push_str(std::str::from_utf8(&room[..read]).unwrap());
    }
    let events: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
        .collect();
    let before = events[0]["before"].as_array().unwrap();
    assert!(!before.is_empty() && before.iter().all(|it| it["flows"].is_array()));
    assert!(events.iter().all(|event| event["records"].is_array()));
    assert!(events[1].get("before").is_none());
}

#[test]
fn health_is_told_under_both_names() {
    let running = RunningAdmin::open();
    for path in ["/livez", "/-/healthy"] {
        assert_eq!(
            (running.get(path).status, running.get(path).json()),
            (200, json!({"status": "alive"}))
        );
    }
    for path in ["/readyz", "/-/ready"] {
        let reply = running.get(path);
        assert_eq!(reply.status, 503);
        assert_eq!(reply.problem()["detail"], "the listeners are not bound yet");
    }
    running.readiness.serving();
    for path in ["/readyz", "/-/ready"] {
        assert_eq!(running.get(path).status, 200);
    }
    running.readiness.draining();
    assert_eq!(running.get("/readyz").problem()["detail"], "the gateway is draining");
    assert_eq!(running.get("/livez").status, 200, "draining is not dying");
}

#[test]
fn metrics_are_in_prometheus_format() {
    let running = RunningAdmin::open();
    let reply = running.get("/metrics");
    assert_eq!(reply.status, 200);
    assert!(reply.head.contains("content-type: text/plain; version=0.0.4"), "{}", reply.head);
    for sample in ["bordergate_config_last_reload_successful 1", "bordergate_rules_generation 1"] {
        assert!(reply.body.lines().any(|line| line == sample), "{sample}");
    }
    let head = running.send("HEAD /metrics HTTP/1.1", b"");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[test]
fn a_reload_answers_with_the_generation_or_with_what_is_wrong() {
    let running = RunningAdmin::open();
    let first = running.post("/-/reload", b"").json();
    assert_eq!((&first["generation"], &first["changed"]), (&json!(1), &json!(false)));

    append(running.rules.path(), b"# something\n");
    let reply = running.post("/-/reload", b"");
    assert_eq!(reply.status, 200);
    assert_eq!((&reply.json()["generation"], &reply.json()["changed"]), (&json!(2), &json!(true)));

    append(running.rules.path(), b"# \xff\n");
    let reply = running.post("/-/reload", b"");
    assert_eq!(reply.status, 422);
    let problem = reply.problem();
    assert_eq!(problem["detail"], "the rules have 1 error; generation 2 goes on serving");
    assert_eq!(problem["diagnostics"][0]["file"], "purposes.yaml");
    assert_eq!(problem["diagnostics"][0]["severity"], "error");

    let status = running.get("/-/status").json();
    for (pointer, expected) in [
        ("/rules/generation", json!(2)),
        ("/rules/stale", json!(true)),
        ("/rules/attempted_by", json!("operator")),
        ("/rules/last_failure/diagnostics/0/file", json!("purposes.yaml")),
        ("/state", json!("starting")),
        ("/audit/target", json!("none")),
    ] {
        assert_eq!(status.pointer(pointer), Some(&expected), "{pointer} in {status}");
    }
    assert_eq!(status["rules"]["hash"].as_str().unwrap().len(), 64);
    assert!(!status["rules"]["files"].as_array().unwrap().is_empty());
}

#[test]
fn what_would_happen_is_told_in_the_shape_of_the_command_line() {
    let running = RunningAdmin::open();
    let case = |purpose: &str, payload: Value| {
        json!({
            "id": "A-1", "as_of": "2026-11-23T09:00:00Z", "origin": "PK", "destination": "SG",
            "purpose": purpose, "transport": "tls",
            "recipient": {"class": "first_party_facility", "id": "dc-singapore"},
            "exporter": {"role": "controller", "sector": "consumer_electronics"},
            "policy_versions": [{"id": "2019-03-18", "effective_from": "2019-03-18",
                "destinations": ["CN", "US", "SG"], "added_purposes": {}}],
            "subject": {"age": 29, "minor": false, "verified": true, "consents": [{
                "scope": "service", "type": "explicit", "policy_version": "2019-03-18",
                "given_at": "2020-01-10T08:00:00Z"}]},
            "payload": payload,
        })
    };
    let device = json!({"imei": "867619040000019"});
    let with_birthday = json!({"imei": "867619040000019", "birthday": "1996-04-12"});
    for (purpose, payload, outcome, redacted, body) in [
        ("service_activation", &device, "allow", json!([]), Some(&device)),
        ("service_activation", &with_birthday, "redact", json!(["/birthday"]), Some(&device)),
        ("no_such_purpose", &device, "block", json!([]), None),
    ] {
        let reply =
            running.post("/-/decide", case(purpose, payload.clone()).to_string().as_bytes());
        assert_eq!(reply.status, 200, "{}", reply.body);
        let answer = reply.json();
        let keys: Vec<_> = answer.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["annotations", "body", "id", "outcome", "reason", "redacted", "rules"]);
        assert_eq!(answer["id"], "A-1");
        assert_eq!(
            (answer["outcome"].as_str(), &answer["redacted"]),
            (Some(outcome), &redacted),
            "{answer}"
        );
        assert_eq!(Some(&answer["body"]).filter(|body| !body.is_null()), body, "{answer}");
        assert!(
            answer["rules"]
                .as_array()
                .unwrap()
                .iter()
                .all(|id| id.as_str().is_some_and(|id| !id.is_empty()))
        );
    }
    // What is misspelt is refused, as in the header; what may be anybody's own and no rule asks for is named.
    let mut asked = case("service_activation", device.clone());
    for (member, value, words) in [
        ("destinaton", json!("US"), "nothing reads `/destinaton`; did you mean `destination`?"),
        ("subject", json!({"ages": 3}), "nothing reads `/subject/ages`; did you mean `age`?"),
        ("route", json!("us"), "there is no route `us`"),
    ] {
        let mut asked = asked.clone();
        asked[member] = value;
        for path in ["/-/decide", "/-/explain"] {
            let reply = running.post(path, asked.to_string().as_bytes());
            let detail = reply.json()["detail"].as_str().unwrap_or_default().to_owned();
            assert!(reply.status == 400 && detail.contains(words), "{path}: {detail}");
        }
    }
    (asked["context"], asked["weather"]) = (json!({"origin": "DE"}), json!("fine"));
    asked["subject"]["shoes"] = json!(41);
    asked["consideration"] = json!(false);
    asked["subject"]["opt_outs"] = json!(["push"]);
    asked["subject"]["withdrawn"] =
        json!([{"scope": "purpose:direct_marketing"}, {"scope": "category:email"}]);
    let answer = running.post("/-/decide", asked.to_string().as_bytes()).json();
    assert_eq!(answer["unknown"], json!(["/subject/shoes", "context", "weather"]), "{answer}");
    asked["subject"].as_object_mut().unwrap().remove("shoes");
    asked["subject"]["opt_outs"] = json!(["puhs"]);
    asked["subject"]["settings"] = json!({"cloudsync": true});
    asked["subject"]["withdrawn"] = json!([
        {"scope": "purpose:direct_marketin"}, {"scope": "consent:crossborder"}, {"scope": "category:e_mial"},
    ]);
    asked["mechanisms"] = json!([{"type": "eu_sc", "id": "scc-1"}]);
    let expected = json!([
        "context",
        "weather",
        "purpose:direct_marketin",
        "consent:crossborder",
        "category:e_mial",
        "opt_out:puhs",
        "setting:cloudsync",
        "mechanism:eu_sc",
    ]);
    for path in ["/-/decide", "/-/explain"] {
        let answer = running.post(path, asked.to_string().as_bytes()).json();
        assert_eq!(answer["unknown"], expected, "{path}: {answer}");
    }
}

#[test]
fn an_explanation_says_why_and_what_would_make_it_lawful() {
    let running = RunningAdmin::open();
    let case = json!({
        "as_of": "2026-11-23T09:00:00Z", "origin": "IE", "destination": "CN",
        "purpose": "customer_support", "transport": "tls",
        "recipient": {"class": "first_party_facility", "id": "dc-beijing"},
        "subject": {"age": 31}, "payload": {"user": {"email": "aoife@example.ie"}},
    });
    let reply = running.post("/-/explain", case.to_string().as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.body);
    let answer = reply.json();
    assert_eq!(answer["outcome"], "block");
    assert_eq!(answer["blocked_by"], json!(["JR-EU-04"]));
    let needs = answer["lawful"]["proposals"][0]["needs"].as_array().unwrap();
    let kinds: Vec<&str> = needs.iter().filter_map(|need| need["kind"].as_str()).collect();
    assert_eq!(kinds, ["mechanism", "mechanism"]);
    assert!(!reply.body.contains("aoife"), "{}", reply.body);
    assert_eq!(running.post("/-/explain", b"{").status, 400);
    assert_eq!(running.get("/-/explain").status, 405);
}

#[test]
fn what_cannot_be_asked_is_a_problem() {
    let running = RunningAdmin::open();
    for (reply, status) in [
        (running.post("/-/decide", b"{"), 400),
        (running.post("/-/decide", b"\xff"), 400),
        (running.post("/-/decide", br#"{"origin": "Pakistan"}"#), 400),
        (running.post("/-/decide", &vec![b' '; 2 << 20]), 413),
        (running.send("POST /-/decide HTTP/1.1\r\nContent-Length: 2", b"{}"), 415),
        (
            running.send(
                "POST /-/decide HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 9",
                b"{}",
            ),
            408,
        ),
        (running.get("/-/decide"), 405),
        (running.get("/-/reload"), 405),
        (running.post("/-/status", b""), 405),
        (running.get("/no/such/page"), 404),
        (
            running.send(
                "POST /-/reload HTTP/1.1\r\nContent-Length: 0\r\nOrigin: https://evil.example",
                b"",
            ),
            403,
        ),
        (
            running.send(
                "POST /-/reload HTTP/1.1\r\nContent-Length: 0\r\nSec-Fetch-Site: cross-site",
                b"",
            ),
            403,
        ),
        // A page whose own name leads here by now is of the same site, and says whose it is.
        (
            running.send(
                "POST /-/reload HTTP/1.1\r\nContent-Length: 0\r\nHost: evil.example\r\nSec-Fetch-Site: same-origin",
                b"",
            ),
            403,
        ),
        (running.send("GET /-/recent HTTP/1.1\r\nHost: localhost.evil.example", b""), 403),
    ] {
        assert_eq!(reply.status, status, "{}", reply.body);
        reply.problem();
        assert_eq!(status == 405, reply.head.contains("\r\nallow: "), "{}", reply.head);
    }
    // Whatever was sent, it is still there.
    assert_eq!(running.get("/livez").status, 200);
}

#[test]
fn a_taken_port_is_told_with_its_address() {
    let running = RunningAdmin::open();
    let settings = AdminSettings::new(running.server.address(), Limits::default());
    let context = {
        let metrics = Arc::new(Metrics::new().unwrap());
        AdminContext {
            reloads: running.controller.reloads(),
            audit: Arc::new(AuditSink::open(AuditSettings::default(), metrics.audit()).unwrap()),
            metrics,
            readiness: Arc::default(),
            facts: None,
        }
    };
    let error = AdminServer::start(settings, context).unwrap_err();
    assert!(matches!(error, AdminError::Bind { .. }));
    assert!(error.to_string().contains(&running.server.address().to_string()), "{error}");
}

#[test]
fn connections_that_sit_still_give_way_to_a_probe() {
    let running = RunningAdmin::with(|settings| AdminSettings { connections_max: 4, ..settings });
    let mut sitting = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(running.server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        sitting.push(stream);
    }
    let begun = std::time::Instant::now();
    for _ in 0..3 {
        assert_eq!(running.get("/livez").status, 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn connections_without_a_request_give_way_to_those_with_one() {
    let running = RunningAdmin::with(|settings| AdminSettings {
        connections_max: 4,
        first_request_time_max: Duration::from_millis(200),
        ..settings
    });
    let mut silent: Vec<_> = (0..4)
        .map(|number| {
            let mut stream = TcpStream::connect(running.server.address()).unwrap();
            // `P` begins `POST` as well as the preface of HTTP/2.
            stream.write_all(if number % 2 == 0 { b"" } else { b"P" }).unwrap();
            stream
        })
        .collect();
    assert_eq!(running.get("/livez").status, 200);
    for stream in &mut silent {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert_eq!(answer, b"", "nothing was asked");
    }
}

#[test]
fn what_takes_a_while_has_bounds_and_nobody_who_looks_waits_for_it() {
    let running = RunningAdmin::with(|settings| AdminSettings {
        requests_max: 1,
        answer_time_max: Duration::from_millis(1_500),
        body_time_max: Duration::from_secs(60),
        ..settings
    });
    let open = |head: &str| {
        let mut stream = TcpStream::connect(running.server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(format!("{head}\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
        stream
    };
    let read_until = |stream: &mut TcpStream, is_whole: &dyn Fn(&str) -> bool| {
        let mut text = String::new();
        while !is_whole(&text) {
            let mut room = [0; 64 << 10];
            let read = stream.read(&mut room).unwrap();
            assert_ne!(read, 0, "{text}");
            text.push_str(std::str::from_utf8(&room[..read]).unwrap());
        }
        text
    };
    let mut watching = open("GET /-/live HTTP/1.1");
    // A body that is waited for, and does not come.
    let mut slow = open(
        "POST /-/decide HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue",
    );
    read_until(&mut slow, &|text| text.contains("100 Continue\r\n\r\n"));
    let refused = running.post("/-/decide", b"{}");
    assert_eq!(refused.status, 503, "{}", refused.body);
    refused.problem();
    assert!(refused.head.contains("\r\nretry-after: 1"), "{}", refused.head);
    for path in ["/livez", "/metrics", "/-/status", "/-/live/"] {
        let expected = if path == "/-/live/" { 404 } else { 200 };
        assert_eq!(running.get(path).status, expected, "{path}");
    }
    let late = read_until(&mut slow, &|text| text.contains("}\n"));
    assert!(late.starts_with("HTTP/1.1 504 ") && late.contains("problem+json"), "{late}");
    assert_eq!(running.post("/-/decide", b"{").status, 400, "there is room again");
    // A stream goes on beyond the bound.
    read_until(&mut watching, &|text| text.matches("event: tick").count() > 3);
}
