//! Facts on file, from the operator's word to the decision it governs, and through everything that can
//! happen to the store in between. Everybody here is invented.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use bordergate::{
    control::RulesSource,
    engine::Engine,
    facts::{FactsSettings, FactsStore, Identifier, IdentifierKind, Pseudonym, SubjectKey},
    redact::PseudonymKey,
    source::Diagnostics,
    telemetry::Metrics,
};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{
    ALLOW_ALL, Answer, Connection, PATIENCE, Process, RunningGateway, TestGateway, Upstream,
    bordergate, code, eventually, eventually_found, text, told,
};

const KEY: [u8; 32] = [7; 32];
const TOKEN: &str = "a token for tests only";

/// Three people of China may go freely; marketing needs a consent on file.
const LAW: &str = r#"
layer: law
title: Test
counts:
  - counter: cn_ytd_ordinary
    of: person
    window: {calendar_year: "+08:00"}
    when: {origin: CN}
    unless: {flag: contract_necessity}
rules:
  - id: T-COUNT
    title: Three people
    statute: this test
    when: {data: any, origin: CN, counter: {key: cn_ytd_ordinary, at_least: 4}}
    effect: block
    reason: Four people are too many.
  - id: T-CONSENT
    title: Marketing
    statute: this test
    when: {data: any, purpose: direct_marketing}
    require: {consent: {scope: cross_border}}
    effect: block
    reason: There is no consent.
  - id: T-WITHDRAWN
    title: Taken back
    statute: this test
    when:
      data: any
      purpose: customer_support
      any: [{withdrawn: [all]}, {minor: true}]
    effect: block
    reason: It was taken back.
  - id: T-STATED
    title: Goes by what is stated
    statute: this test
    when: {data: any, purpose: web_analytics}
    require: {consent: {scope: cross_border}}
    effect: block
    facts_unavailable: stated
    reason: There is no stated consent.
"#;

/// The files a store needs, and the configuration that names them.
struct FactsFiles {
    folder: TempDir,
}

impl FactsFiles {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("facts.key"), KEY).unwrap();
        fs::write(folder.path().join("token"), format!("{TOKEN}\n")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn section(&self) -> String {
        format!(
            "facts: {{ path: \"{}\", key_file: \"{}\" }}",
            self.path("facts.redb"),
            self.path("facts.key")
        )
    }

    /// A whole configuration, for the program itself.
    fn configuration(&self) -> String {
        let text = format!(
            "listeners: [{{ name: test, address: \"127.0.0.1:0\" }}]
admin: {{ address: \"127.0.0.1:0\", token_file: \"{}\" }}
{}
audit: {{ sink: none }}
data_centres: [{{ id: sg, jurisdiction: SG, endpoints: [\"http://127.0.0.1:9\"] }}]
routes: [{{ id: all, data_centre: sg }}]
",
            self.path("token"),
            self.section()
        );
        let path = self.path("bordergate.yaml");
        fs::write(&path, text).unwrap();
        path
    }

    fn store(&self) -> FactsStore {
        let settings = FactsSettings {
            path: self.path("facts.redb").into(),
            key: SubjectKey::new(&KEY),
            cache_bytes: 8 << 20,
        };
        FactsStore::open(settings, Metrics::new().unwrap().facts()).unwrap()
    }

    async fn gateway(&self, upstreams: &[&Upstream]) -> RunningGateway {
        let mut gateway = TestGateway::new()
            .without_shipped_rules()
            .rules("law/test.yaml", LAW)
            .rules("organisation/test.yaml", ALLOW_ALL)
            .token(&self.path("token"))
            .config(&self.section());
        for upstream in upstreams {
            gateway = gateway.upstream(upstream.address);
        }
        gateway.start().await
    }
}

async fn desk(gateway: &RunningGateway, method: Method, path: &str, body: &str) -> Answer {
    desk_as(gateway, method, path, body, Some(TOKEN)).await
}

async fn desk_as(
    gateway: &RunningGateway,
    method: Method,
    path: &str,
    body: &str,
    token: Option<&str>,
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .header("content-type", "application/x-ndjson");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Full::from(body.to_owned())).unwrap();
    Connection::open(gateway.admin).await.send(request).await
}

#[tokio::test]
async fn who_changes_something_shows_the_token_on_this_machine_too() {
    let files = FactsFiles::new();
    let gateway = files.gateway(&[&Upstream::start().await]).await;
    for (method, path) in [
        (Method::POST, "/-/reload"),
        (Method::POST, "/-/rules/rollback"),
        (Method::POST, "/-/rules/promote"),
        (Method::PUT, "/-/rules/bundle"),
    ] {
        for token in [None, Some("not the token of this gateway")] {
            let answer = desk_as(&gateway, method.clone(), path, "", token).await;
            assert_eq!(answer.status, 401, "{path} {token:?}: {}", answer.text());
        }
    }
    assert_eq!(desk(&gateway, Method::POST, "/-/reload", "").await.status, 200);
    for (path, status) in [("/-/status", 200), ("/metrics", 200), ("/-/facts/export", 401)] {
        let answer = desk_as(&gateway, Method::GET, path, "", None).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

fn account(name: &str) -> Pseudonym {
    let identifier = Identifier { kind: IdentifierKind::AccountId, value: name };
    SubjectKey::new(&KEY).pseudonym(identifier).unwrap()
}

async fn send(gateway: &RunningGateway, statement: &str, body: Value) -> u16 {
    gateway.post("/v1", statement, "application/json", body.to_string()).await.status.as_u16()
}

#[tokio::test]
async fn a_withdrawal_governs_the_next_decision() {
    let (files, upstream) = (FactsFiles::new(), Upstream::start().await);
    let gateway = files.gateway(&[&upstream]).await;
    let marketing = "origin=PK, purpose=direct_marketing";
    let body = || json!({"account_id": "40001", "email": "sana@example.pk"});
    assert_eq!(send(&gateway, marketing, body()).await, 451);

    let consent = r#"{"subject": {"account_id": "40001"}, "consents": [{"scope": "cross_border",
        "type": "separate_explicit", "given_at": "2026-01-01", "evidence_ref": "receipt-a"}]}"#;
    let told = desk(&gateway, Method::POST, "/-/facts", &consent.replace('\n', " ")).await;
    assert_eq!(told.json(), json!({"subjects": 1, "mechanisms": 0}));
    assert_eq!(send(&gateway, marketing, body()).await, 200);
    // Another person's consent is not this one's.
    let other = json!({"account_id": "40002", "email": "ben@example.pk"});
    assert_eq!(send(&gateway, marketing, other).await, 451);

    // What is misspelt takes nothing back, least of all everything.
    let misspelt = r#"{"subject": {"account_id": "40009"}, "scope": "purpose:direct_marketin"}"#;
    let refused = desk(&gateway, Method::POST, "/-/facts/withdraw", misspelt).await;
    assert_eq!(refused.status, 409);
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("did you mean `purpose:direct_marketing`?"), "{detail}");
    let asked = r#"{"account_id": "40009"}"#;
    assert_eq!(desk(&gateway, Method::POST, "/-/facts/get", asked).await.status, 404);
    // A file may be older than the rules: a name that nothing knows is told to whoever files it.
    let misspelt = r#"{"subject": {"account_id": "40009"}, "withdrawn": [{"scope": "purpose:direct_marketin"}]}"#;
    let told = desk(&gateway, Method::POST, "/-/facts", misspelt).await.json();
    let expected = json!({
        "subjects": 1, "mechanisms": 0, "unknown": ["purpose:direct_marketin"],
        "taking_back_everything": ["purpose:direct_marketin"],
    });
    assert_eq!(told, expected);
    // So is a counter, and an identifier of a form that is found in no payload.
    let odd = r#"{"subject": {"account_id": "77"}, "counted": [{"counter": "nocounter", "on": "2026-03-02"}]}"#;
    let told = desk(&gateway, Method::POST, "/-/facts", odd).await.json();
    let expected = json!({
        "subjects": 1, "mechanisms": 0, "unknown": ["counter:nocounter"],
        "unseen": {"account_id": 1},
    });
    assert_eq!(told, expected);

    let withdrawn = r#"{"subject": {"account_id": "40001"}, "scope": "all"}"#;
    assert_eq!(desk(&gateway, Method::POST, "/-/facts/withdraw", withdrawn).await.status, 200);
    assert_eq!(send(&gateway, marketing, body()).await, 451);
    // Whatever a hop states, what was withdrawn is withdrawn.
    let stated = json!({"subject": {"consents": [{"scope": "cross_border", "type": "explicit",
        "given_at": "2026-02-01"}]}});
    let stated = format!("{marketing}, context=:{}:", base64(&stated));
    assert_eq!(send(&gateway, &stated, body()).await, 451);

    let records = gateway.records(5).await;
    let consents: Vec<_> = records.iter().map(|record| record["consents"].clone()).collect();
    assert_eq!(consents[..2], [Value::Null, json!(["receipt-a"])]);
    assert!(!records.iter().any(|record| record.to_string().contains("40001")));
}

/// Whose of several numbers an address is nobody knows; what was withdrawn under it holds all the same.
#[tokio::test]
async fn what_forbids_is_found_beside_several_of_another_kind() {
    let (files, upstream) = (FactsFiles::new(), Upstream::start().await);
    let gateway = files.gateway(&[&upstream]).await;
    let support = "origin=PK, purpose=customer_support";
    for told in [
        r#"{"subject": {"email": "sana.k@example.pk"}, "withdrawn": [{"scope": "all"}]}"#,
        r#"{"subject": {"email": "kid@example.pk"}, "minor": true}"#,
    ] {
        assert_eq!(desk(&gateway, Method::POST, "/-/facts", told).await.status, 200);
    }
    let (one, two) = ("+923450000001", "+924235761999");
    for (body, allowed) in [
        (json!({"user": {"mobile": one, "email": "sana.k@example.pk"}}), false),
        (json!({"user": {"mobile": one, "home_phone": two, "email": "sana.k@example.pk"}}), false),
        (json!({"user": {"mobile": [one, two], "email": "kid@example.pk"}}), false),
        (json!({"account_ids": ["50001", "50002"], "user": {"email": "kid@example.pk"}}), false),
        (json!({"user": {"mobile": one, "home_phone": two, "email": "ben@example.pk"}}), true),
    ] {
        assert_eq!(send(&gateway, support, body.clone()).await == 200, allowed, "{body}");
    }
    // Whoever asks by the address finds it in the record, and it is nobody beside the two.
    let address = Identifier { kind: IdentifierKind::Email, value: "ben@example.pk" };
    let address = SubjectKey::new(&KEY).pseudonym(address).unwrap().to_string();
    let records = gateway.records(5).await;
    let subjects = records[4]["subjects"].as_array().unwrap();
    assert_eq!(subjects.len(), 2);
    assert!(subjects[0].to_string().contains(&address), "{subjects:?}");
}

fn base64(value: &Value) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(value.to_string())
}

#[tokio::test]
async fn people_are_counted_when_their_data_leaves_and_only_then() {
    let (files, upstream) = (FactsFiles::new(), Upstream::start().await);
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let gateway = TestGateway::new()
        .without_shipped_rules()
        .rules("law/test.yaml", LAW)
        .rules("organisation/test.yaml", ALLOW_ALL)
        .token(&files.path("token"))
        .config(&files.section())
        .upstream(upstream.address)
        .upstream(upstream.address)
        .upstream(nobody)
        .start()
        .await;
    let person = |name: &str| json!({"account_id": name, "name": "Wang Xiaoming"});
    let backup = "origin=CN, purpose=backup";
    assert_eq!(send(&gateway, backup, person("50001")).await, 200);
    assert_eq!(send(&gateway, backup, person("50001")).await, 200);
    // Exempt, so not counted.
    let exempt = "origin=CN, purpose=backup, flags=(contract_necessity)";
    assert_eq!(send(&gateway, exempt, person("50009")).await, 200);
    // At home, so not counted.
    assert_eq!(send(&gateway, "origin=SG, purpose=backup", person("50008")).await, 200);
    // Three new people at once would make four: blocked, and not counted.
    let batch = json!({"people": [person("50002"), person("50003"), person("50004")]});
    assert_eq!(send(&gateway, backup, batch).await, 451);
    // Nobody takes it: not counted.
    let mut request = gateway.request(Method::POST, "/v1", backup);
    request.headers_mut().insert("host", "dc-us.test".parse().unwrap());
    request.headers_mut().insert("content-type", "application/json".parse().unwrap());
    *request.body_mut() = Full::from(Bytes::from(person("50005").to_string()));
    assert_eq!(gateway.send(request).await.status, 502);
    // Given back in the store's own time.
    eventually("what was not sent is still held", async || {
        gateway.admin(Method::GET, "/-/status").await.json()["facts"]["held"] == 0
    })
    .await;
    // Two more may go, the fourth may not; who went before still may.
    let pair = json!({"people": [person("50002"), person("50003")]});
    assert_eq!(send(&gateway, backup, pair).await, 200);
    assert_eq!(send(&gateway, backup, person("50004")).await, 451);
    assert_eq!(send(&gateway, backup, person("50003")).await, 200);

    let records = gateway.records(9).await;
    let counters: Vec<_> = records.iter().map(|record| record["counters"].clone()).collect();
    let count = |before: u64, after: u64| json!([{"name": "cn_ytd_ordinary", "before": before, "after": after}]);
    assert_eq!(counters[0], count(0, 1));
    assert_eq!(counters[1], count(1, 1));
    assert_eq!(counters[2], Value::Null);
    assert_eq!(counters[4], Value::Null);
    assert_eq!(counters[6], count(1, 3));
    let export = desk(&gateway, Method::GET, "/-/facts/export?counted", "").await;
    assert_eq!(export.text().lines().count(), 3, "{}", export.text());
    assert!(export.text().contains(&account("50002").to_string()));
}

/// A transfer to be asked about, as the admin address and a batch take it.
fn case(account: &str) -> Value {
    json!({"id": account, "origin": "PK", "destination": "SG", "purpose": "direct_marketing",
        "transport": "tls", "payload": {"account_id": account, "email": "sana@example.pk"}})
}

#[tokio::test]
async fn an_operator_is_told_what_the_gateway_would_decide_by_what_is_on_file() {
    let (files, upstream) = (FactsFiles::new(), Upstream::start().await);
    let gateway = files.gateway(&[&upstream]).await;
    let consent = r#"{"subject": {"account_id": "40001"}, "consents": [{"scope": "cross_border",
        "type": "separate_explicit", "given_at": "2026-01-01"}]}"#;
    let told = desk(&gateway, Method::POST, "/-/facts", &consent.replace('\n', " ")).await;
    assert_eq!(told.status, 200);
    let ask = async |path: &str, account: &str, token: Option<&str>| {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Full::from(case(account).to_string())).unwrap();
        Connection::open(gateway.admin).await.send(request).await
    };
    for path in ["/-/decide", "/-/explain"] {
        for (account, token, outcome, facts) in [
            ("40001", Some(TOKEN), "allow", "store"),
            ("40002", Some(TOKEN), "block", "store"),
            // Who does not show the token is not told what is on file.
            ("40001", None, "block", "stated_alone"),
        ] {
            let answer = ask(path, account, token).await.json();
            assert_eq!((&answer["outcome"], &answer["facts"]), (&json!(outcome), &json!(facts)));
            // A decision shows what would be sent; the reasons for it show no value.
            if path == "/-/explain" {
                assert!(!answer.to_string().contains("sana@"), "{answer}");
            }
        }
    }
    // Whoever shows a wrong one would take the answer for what is on file.
    for path in ["/-/decide", "/-/explain"] {
        assert_eq!(ask(path, "40001", Some("another token")).await.status, 401, "{path}");
    }
    // What the gateway does itself is the same.
    let sent = |account: &str| json!({"account_id": account, "email": "sana@example.pk"});
    assert_eq!(send(&gateway, "origin=PK, purpose=direct_marketing", sent("40001")).await, 200);
    assert_eq!(send(&gateway, "origin=PK, purpose=direct_marketing", sent("40002")).await, 451);
    // Being asked counts nobody.
    let china = json!({"origin": "CN", "destination": "SG", "purpose": "backup",
        "payload": {"account_id": "50001", "name": "Wang Xiaoming"}});
    for _ in 0..5 {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/-/decide")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {TOKEN}"))
            .body(Full::from(china.to_string()))
            .unwrap();
        let answer = Connection::open(gateway.admin).await.send(request).await.json();
        assert_eq!(answer["outcome"], "allow", "{answer}");
    }
    let export = desk(&gateway, Method::GET, "/-/facts/export?counted", "").await;
    assert!(!export.text().contains("cn_ytd_ordinary"), "{}", export.text());
}

#[test]
fn the_commands_decide_and_explain_by_what_is_on_file() {
    let files = FactsFiles::new();
    let rules = files.folder.path().join("rules");
    for (name, text) in [("law/test.yaml", LAW), ("organisation/test.yaml", ALLOW_ALL)] {
        let path = rules.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let (code, _, told) =
        ran(&["rules", "export", &files.folder.path().join("all").display().to_string()], "");
    assert_eq!(code, 0, "{told}");
    // Categories and detectors are those shipped.
    for part in ["taxonomy", "detectors", "zones", "registers", "purposes.yaml"] {
        fs::rename(files.folder.path().join("all").join(part), rules.join(part)).unwrap();
    }
    let config = files.configuration();
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}rules: {{ directory: \"{}\" }}\n", rules.display())).unwrap();
    let consent = r#"{"subject": {"account_id": "40001"}, "consents": [{"scope": "cross_border",
        "type": "separate_explicit", "given_at": "2026-01-01"}]}"#;
    let consent = consent.replace('\n', " ");
    assert_eq!(ran(&["facts", "import", "--config", &config, "-"], &consent).0, 0);

    let batch = files.path("transfers.jsonl");
    fs::write(&batch, format!("{}\n{}\n", case("40001"), case("40002"))).unwrap();
    let outcomes = |whom: &[&str]| {
        let (code, out, told) = ran(&[&["decide", "--batch", &batch], whom].concat(), "");
        assert_eq!(code, 0, "{told}");
        let answers = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        answers.map(|it| (it["outcome"].clone(), it["facts"].clone())).collect::<Vec<_>>()
    };
    let by_store = [(json!("allow"), json!("store")), (json!("block"), json!("store"))];
    assert_eq!(outcomes(&["--config", &config]), by_store);
    let stated = outcomes(&["--rules", &rules.display().to_string()]);
    assert_eq!(stated, [(json!("block"), Value::Null), (json!("block"), Value::Null)]);

    let (context, payload) = (files.path("context.json"), files.path("payload.json"));
    let mut members = case("40001");
    fs::write(&payload, members["payload"].to_string()).unwrap();
    members.as_object_mut().unwrap().remove("payload");
    fs::write(&context, members.to_string()).unwrap();
    let explain = |whom: &[&str]| {
        let asked = ["explain", "--exit-code", "--context", &context, "--format", "json", &payload];
        let (code, out, told) = ran(&[&asked[..], whom].concat(), "");
        (code, serde_json::from_str::<Value>(&out).unwrap_or_default()["facts"].clone(), told)
    };
    let (code, facts, told) = explain(&["--config", &config]);
    assert_eq!((code, facts), (0, json!("store")), "{told}");

    // A gateway that runs has the store open, and is asked.
    let gateway = Process::start(Path::new(&config));
    let (url, token) = (format!("http://{}", gateway.admin), files.path("token"));
    let (code, _, told) = ran(&["decide", "--batch", &batch, "--config", &config], "");
    assert_eq!(code, 1);
    assert!(told.contains("--admin"), "{told}");
    let admin = ["--admin", &url, "--token-file", &token];
    assert_eq!(outcomes(&admin), by_store);
    let (code, facts, told) = explain(&admin);
    assert_eq!((code, facts), (0, json!("store")), "{told}");
    let one = ["decide", "--context", &context, &payload];
    assert_eq!(ran(&[&one[..], &admin].concat(), "").0, 0);
    // As a person reads it, with what a route adds.
    let mut by_route: Value = serde_json::from_str(&fs::read_to_string(&context).unwrap()).unwrap();
    for name in ["destination", "transport", "recipient"] {
        by_route.as_object_mut().unwrap().remove(name);
    }
    let bare = files.path("bare.json");
    fs::write(&bare, by_route.to_string()).unwrap();
    let asked = ["explain", "--context", &bare, "--route", "all", &payload];
    let (code, out, told) = ran(&[&asked[..], &admin].concat(), "");
    // Its data centre is reached in clear, and no rule here asks about that.
    assert!(code == 0 && out.starts_with("✓ allow") && out.contains("PK → SG"), "{out}{told}");
    // From standard input, which can be read once.
    let written = fs::read_to_string(Path::new(&context)).unwrap();
    for command in [&["decide"][..], &["explain", "--format", "json"]] {
        let asked = ["--context", "-", &payload];
        let (code, _, told) = ran(&[command, &asked, &admin].concat(), &written);
        assert_eq!(code, 0, "{told}");
    }
}

#[tokio::test]
async fn without_the_store_rules_that_need_it_block_until_it_is_back() {
    let (files, upstream) = (FactsFiles::new(), Upstream::start().await);
    let in_the_way = files.store();
    let gateway = files.gateway(&[&upstream]).await;
    let ready = gateway.admin(Method::GET, "/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.text().contains("locked"), "{}", ready.text());
    let metrics = gateway.admin(Method::GET, "/metrics").await.text();
    assert!(metrics.contains("bordergate_facts_available 0"), "{metrics}");

    let stated = json!({"subject": {"consents": [{"scope": "cross_border", "type": "explicit"}]}});
    let stated =
        |purpose: &str| format!("origin=PK, purpose={purpose}, context=:{}:", base64(&stated));
    let body = || json!({"account_id": "40001", "email": "sana@example.pk"});
    // A withdrawal may be on file, so what is stated does not do, but where a rule says it does.
    assert_eq!(send(&gateway, &stated("direct_marketing"), body()).await, 451);
    assert_eq!(send(&gateway, &stated("web_analytics"), body()).await, 200);
    assert_eq!(send(&gateway, "origin=PK, purpose=web_analytics", body()).await, 451);
    // A count nobody can tell is over.
    assert_eq!(send(&gateway, "origin=CN, purpose=backup", body()).await, 451);
    // A rule that needs nothing on file decides as ever.
    assert_eq!(send(&gateway, "origin=PK, purpose=backup", body()).await, 200);
    let refused = desk(
        &gateway,
        Method::POST,
        "/-/facts/withdraw",
        r#"{"subject": {"account_id": "40001"}, "scope": "all"}"#,
    )
    .await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(gateway.records(5).await[0]["facts_unavailable"], "locked");

    drop(in_the_way);
    eventually("the store did not come back", async || {
        gateway.admin(Method::GET, "/readyz").await.status == StatusCode::OK
    })
    .await;
    assert_eq!(send(&gateway, &stated("direct_marketing"), body()).await, 200);
    assert_eq!(send(&gateway, "origin=CN, purpose=backup", body()).await, 200);
    let metrics = gateway.admin(Method::GET, "/metrics").await.text();
    assert!(metrics.contains("bordergate_facts_available 1"), "{metrics}");
    let status = gateway.admin(Method::GET, "/-/status").await.json();
    assert_eq!(status["facts"]["available"], true);
}

#[tokio::test]
async fn facts_are_told_to_whoever_has_the_token() {
    let (files, upstream) = (FactsFiles::new(), Upstream::start().await);
    let gateway = files.gateway(&[&upstream]).await;
    for (method, path) in [
        (Method::POST, "/-/facts"),
        (Method::POST, "/-/facts/get"),
        (Method::POST, "/-/facts/withdraw"),
        (Method::GET, "/-/facts/export"),
    ] {
        for token in [None, Some("another token for tests"), Some("")] {
            let answer = desk_as(&gateway, method.clone(), path, "{}", token).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
    }
    let answer = desk(&gateway, Method::GET, "/-/facts/get", "").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    let nobody = desk(&gateway, Method::POST, "/-/facts/get", r#"{"account_id": "1"}"#).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    // A mistake changes nothing, is told by its line, and repeats nothing.
    let lines = "{\"subject\": {\"account_id\": \"1\"}, \"opt_outs\": [\"push\"]}\n\
                 {\"subject\": {\"account_id\": \"1\"}, \"minor\": \"sana@example.pk\"}\n";
    let refused = desk(&gateway, Method::POST, "/-/facts", lines).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["diagnostics"][0]["line"], 2);
    assert!(!refused.text().contains("sana"), "{}", refused.text());
    let nobody = desk(&gateway, Method::POST, "/-/facts/get", r#"{"account_id": "1"}"#).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    let export = desk(&gateway, Method::GET, "/-/facts/export", "").await;
    assert_eq!(export.status, StatusCode::OK);
    // Who looked, and who took all of it, is on record like who changed it; whom they looked for is not.
    let path = gateway.folder().join("audit.jsonl");
    let deeds = eventually_found("deeds are missing", async || {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let deeds: Vec<Value> = lines.filter(|line| line["who"].is_string()).collect();
        if deeds.len() >= 4 { Ok(deeds) } else { Err(text) }
    })
    .await;
    let told: Vec<_> = deeds
        .iter()
        .map(|it| ["audit", "action", "result"].map(|name| it[name].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ["read", "facts", "done"],
            ["changed", "facts", "refused"],
            ["read", "facts", "done"],
            ["read", "export", "done"],
        ]
    );
    assert!(deeds.iter().all(|it| it.get("account_id").is_none()), "{deeds:?}");
}

#[test]
fn thresholds_are_those_of_the_law() {
    let files = RulesSource::Embedded.load(&mut Diagnostics::default()).files;
    let mut diagnostics = Diagnostics::default();
    let engine = Engine::compile(&files, PseudonymKey::new(&KEY), &mut diagnostics).unwrap();
    // CAC Order 16 art. 7 and 8; 28 CFR 202.205, whose lowest threshold goes for data combined.
    for (counter, count, next) in [
        ("cn_ytd_ordinary", 1, Some(100_000)),
        ("cn_ytd_ordinary", 99_999, Some(100_000)),
        ("cn_ytd_ordinary", 100_000, Some(1_000_000)),
        ("cn_ytd_ordinary", 1_000_000, None),
        ("cn_ytd_sensitive", 0, Some(1)),
        ("cn_ytd_sensitive", 1, Some(10_000)),
        ("us_bulk.genomic", 0, Some(101)),
        ("us_bulk.health", 1_001, Some(10_001)),
        ("us_bulk.identifiers", 10_001, Some(100_001)),
        ("us_bulk.identifiers", 100_001, None),
    ] {
        assert_eq!(engine.rules().threshold_above(counter, count), next, "{counter} {count}");
    }
}

// === the program itself ===

/// Exit code, output and complaints.
fn ran(arguments: &[&str], input: &str) -> (i32, String, String) {
    let output = bordergate(arguments, input);
    (code(&output), text(&output), told(&output))
}

#[test]
fn facts_come_in_are_looked_up_withdrawn_and_go_out_again() {
    let files = FactsFiles::new();
    let config = files.configuration();
    let csv = files.path("consents.csv");
    fs::write(
        &csv,
        "record,account_id,phone,scope,type,given_at,name,id\n\
         consent,40001,+92 345 1112233,service,explicit,2026-01-01,,\n\
         opt_out,40002,,,,,push,\n\
         mechanism,,,,eu_scc,,,scc-1\n",
    )
    .unwrap();
    let (code, out, told) = ran(&["facts", "import", "--config", &config, &csv], "");
    assert_eq!((code, out.as_str()), (0, "ok: 2 entries on subjects, 1 on mechanisms\n"), "{told}");
    // Also out of a pipe that has a name, which is there to be read once.
    let line = r#"{"subject": {"account_id": "40003"}, "age": 12}"#;
    for file in ["-", "/dev/stdin"] {
        let (code, out, told) = ran(&["facts", "import", "--config", &config, file], line);
        assert_eq!(
            (code, out.as_str()),
            (0, "ok: 1 entry on subjects, 0 on mechanisms\n"),
            "{told}"
        );
    }

    let get = |arguments: &[&str]| {
        let arguments = [&["facts", "get", "--config", &config], arguments].concat();
        ran(&arguments, r#"{"account_id": 40001}"#)
    };
    // By the number that came with the account.
    let (code, out, _) = get(&["--phone", "00923451112233"]);
    let record: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &record["consents"][0]["scope"]), (0, &json!("service")));
    assert_eq!(get(&["--stdin"]).1, out);
    assert_eq!(get(&["--account-id", "49999"]).0, 1);
    assert_eq!(get(&[]).0, 2);

    let withdraw = ["facts", "withdraw", "--config", &config, "--account-id", "40001", "--scope"];
    let (code, _, told) = ran(&[&withdraw[..], &["purpose:direct_marketing"]].concat(), "");
    assert_eq!((code, told.as_str()), (0, ""));
    let (code, _, told) = ran(&[&withdraw[..], &["consent:crossborder"]].concat(), "");
    assert!(code == 1 && told.contains("knows `consent:crossborder`"), "{told}");
    assert_eq!(ran(&[&withdraw[..], &["everything"]].concat(), "").0, 1);
    let record: Value = serde_json::from_str(&get(&["--account-id", "40001"]).1).unwrap();
    assert_eq!(record["withdrawn"][0]["scope"], "purpose:direct_marketing");
    assert_eq!(record["withdrawn"].as_array().unwrap().len(), 1);

    // What goes out comes in again elsewhere and goes out the same, in either form.
    let export = |config: &str, format: &str| {
        let (code, out, told) =
            ran(&["facts", "export", "--counted", "--config", config, "--format", format], "");
        assert_eq!(code, 0, "{told}");
        assert!(!out.contains("4000") && !out.contains("1112233"), "{out}");
        out
    };
    let first = export(&config, "jsonl");
    assert_eq!(first.lines().count(), 5, "{first}");
    for format in ["jsonl", "csv"] {
        let other = FactsFiles::new();
        let other_config = other.configuration();
        let file = other.path(&format!("export.{format}"));
        fs::write(&file, export(&config, format)).unwrap();
        let (code, _, told) = ran(&["facts", "import", "--config", &other_config, &file], "");
        assert_eq!(code, 0, "{told}");
        assert_eq!(export(&other_config, "jsonl"), first);
    }
}

#[test]
fn a_file_with_a_mistake_changes_nothing_and_is_told_by_line() {
    let files = FactsFiles::new();
    let config = files.configuration();
    let file = files.path("facts.jsonl");
    let good = r#"{"subject": {"account_id": "40001"}, "opt_outs": ["push"]}"#;
    fs::write(&file, format!("{good}\n{{\"subject\": {{\"mail\": \"sana@example.pk\"}}}}\nsana\n"))
        .unwrap();
    for arguments in [
        &["facts", "import", "--config", &config, &file][..],
        &["facts", "import", "--check", &file],
    ] {
        let (code, out, told) = ran(arguments, "");
        assert_eq!((code, out.as_str()), (3, ""), "{told}");
        assert!(told.contains("facts.jsonl:2: ") && told.contains("facts.jsonl:3: "), "{told}");
        assert!(told.contains("nothing was changed") && !told.contains("sana@"), "{told}");
    }
    assert_eq!(ran(&["facts", "get", "--config", &config, "--account-id", "40001"], "").0, 1);
    // A pipe is taken as it comes, and what was taken is told.
    let (code, _, told) =
        ran(&["facts", "import", "--config", &config, "-"], &format!("{good}\nsana\n"));
    assert_eq!(code, 3);
    assert!(told.contains("1 entry on subjects"), "{told}");
    assert_eq!(ran(&["facts", "get", "--config", &config, "--account-id", "40001"], "").0, 0);
}

/// A disk that is full: the size of the file is limited. What was acknowledged before is there.
#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let files = FactsFiles::new();
    let config = files.configuration();
    let entry = |number: usize| {
        let note = "x".repeat(100);
        format!(
            "{{\"subject\": {{\"account_id\": \"{number}\"}}, \"consents\": [{{\"scope\": \"{note}\", \"type\": \"explicit\"}}]}}\n"
        )
    };
    let first: String = (0..50).map(entry).collect();
    assert_eq!(ran(&["facts", "import", "--config", &config, "-"], &first).0, 0);
    let file = files.path("many.jsonl");
    fs::write(&file, (50..60_000).map(entry).collect::<String>()).unwrap();
    // 512 bytes each: six MiB. The signal would end the process where the error tells it.
    let limited = format!(
        "trap '' XFSZ; ulimit -f 12288; exec '{}' facts import --config '{config}' '{file}'",
        env!("CARGO_BIN_EXE_bordergate")
    );
    let output = Command::new("sh").args(["-c", &limited]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("the disk is full, or the file may not grow"), "{told}");
    let acknowledged: u64 = {
        let (_, count) = told.split_once("on file before that: ").unwrap();
        count.split(' ').next().unwrap().parse().unwrap()
    };
    assert!(acknowledged > 0, "{told}");
    let store = files.store();
    assert!(store.health().available, "{:?}", store.health());
    for number in 0..50 + usize::try_from(acknowledged).unwrap() {
        assert!(store.get(&[account(&number.to_string())]).unwrap().is_some(), "{number}");
    }
}

/// A gateway of its own, killed in the middle of writes. Everything it acknowledged is there when the
/// store is opened again, and counts as well.
#[test]
fn what_was_acknowledged_survives_a_kill() {
    let files = FactsFiles::new();
    let config = files.configuration();
    let mut next = 0_u64;
    for round in 0..4 {
        let mut gateway = Process::start_quiet(Path::new(&config));
        let admin = gateway.admin;
        // Several clients withdraw as fast as they are answered, and are cut off in the middle.
        let answered = AtomicU64::new(0);
        let acknowledged: Vec<u64> = std::thread::scope(|threads| {
            let clients: Vec<_> = (0..8)
                .map(|client| {
                    let (first, answered) = (next + client * 100_000, &answered);
                    threads.spawn(move || withdraw_until_killed(admin, first, answered))
                })
                .collect();
            let deadline = Instant::now() + 3 * PATIENCE;
            while answered.load(Ordering::Relaxed) < 50 + 37 * round && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(1));
            }
            gateway.kill();
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        });
        assert!(acknowledged.len() > 20, "{} withdrawals", acknowledged.len());
        next += 1_000_000;
        let store = files.store();
        assert!(store.health().available, "{:?}", store.health());
        for number in &acknowledged {
            let record = store.get(&[account(&number.to_string())]).unwrap();
            let record = record.unwrap_or_else(|| panic!("{number} of round {round} is lost"));
            assert_eq!(record.withdrawn.len(), 1);
        }
        let mut counted = 0;
        store
            .each_counted(&mut |_, _, _| {
                counted += 1;
                true
            })
            .unwrap();
        assert!(counted >= acknowledged.len(), "{counted}");
    }
}

/// Numbers whose withdrawal was acknowledged before the connection broke.
fn withdraw_until_killed(
    admin: std::net::SocketAddr,
    first: u64,
    answered: &AtomicU64,
) -> Vec<u64> {
    let mut acknowledged = Vec::new();
    let Ok(stream) = std::net::TcpStream::connect(admin) else { return acknowledged };
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    for number in first.. {
        let body = json!({
            "subject": {"account_id": number}, "withdrawn": [{"scope": "all"}],
            "counted": [{"counter": "cn_ytd_ordinary", "on": "2026-11-01"}],
        })
        .to_string();
        let head = format!(
            "POST /-/facts HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return acknowledged;
        }
        let (mut line, mut length, mut status) = (String::new(), 0, String::new());
        loop {
            line.clear();
            match reader.read_line(&mut line) {
                Ok(0) | Err(_) => return acknowledged,
                Ok(_) => {}
            }
            if status.is_empty() {
                status.clone_from(&line);
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut answer = vec![0; length];
        if reader.read_exact(&mut answer).is_err() {
            return acknowledged;
        }
        assert!(status.contains(" 200 "), "{status}");
        acknowledged.push(number);
        answered.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

/// While a gateway has the store open, its admin address is the way in.
#[test]
fn a_running_gateway_is_asked_over_its_admin_address() {
    let files = FactsFiles::new();
    let config = files.configuration();
    let gateway = Process::start(Path::new(&config));
    let (url, token) = (format!("http://{}", gateway.admin), files.path("token"));
    let line = "{\"subject\": {\"account_id\": \"40001\"}, \"opt_outs\": [\"push\"]}\n";
    let (code, _, told) = ran(&["facts", "import", "--config", &config, "-"], line);
    assert_eq!(code, 1);
    assert!(told.contains("--admin"), "{told}");
    let ask = |arguments: &[&str], input: &str| {
        let admin = ["--admin", &url, "--token-file", &token];
        ran(&[&["facts"], arguments, &admin].concat(), input)
    };
    let (code, out, told) = ask(&["import", "-"], line);
    assert_eq!((code, out.as_str()), (0, "ok: 1 entry on subjects, 0 on mechanisms\n"), "{told}");
    assert_eq!(ask(&["withdraw", "--account-id", "40001", "--scope", "all"], "").0, 0);
    let (_, record, _) = ask(&["get", "--account-id", "40001"], "");
    let record: Value = serde_json::from_str(&record).unwrap();
    assert_eq!(
        (&record["opt_outs"][0], &record["withdrawn"][0]["scope"]),
        (&json!("push"), &json!("all"))
    );
    let (code, out, _) = ask(&["export"], "");
    assert_eq!((code, out.lines().count()), (0, 1));
    let wrong = files.path("wrong");
    fs::write(Path::new(&wrong), "not the token of the gateway").unwrap();
    let get = ["facts", "get", "--account-id", "40001", "--admin", &url, "--token-file", &wrong];
    let (code, _, told) = ran(&get, "");
    assert_eq!(code, 1);
    assert!(told.contains("401"), "{told}");
    // Another in the gateway's own file is taken at once.
    fs::rename(&wrong, &token).unwrap();
    assert_eq!(ask(&["get", "--account-id", "40001"], "").0, 0);
}
