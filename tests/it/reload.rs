//! Rules change under load: every request is answered, and each by one generation.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use bordergate::control::Refused;
use http::Method;
use http_body_util::Full;
use serde_json::Value;

use crate::harness::{ALLOW_ALL, Connection, NO_IMEI, TestGateway, Upstream, eventually_found};

/// At least; the load goes on until the last reload is done.
const REQUESTS_MIN: usize = 10_000;
const CONNECTIONS: usize = 16;
const RELOADS: usize = 100;

const BODY: &str = r#"{"email":"sana.k@example.pk","imei":"867619040000019","note":"kept"}"#;

/// One half of a rule set; both halves must change together.
fn half(id: &str, category: &str, mode: &str) -> String {
    format!(
        "layer: organisation
title: Half of a change
rules:
  - id: {id}
    title: No {category}
    statute: this test
    when: {{ data: {category} }}
    effect: redact
    reason: No {category}.
    mode: {mode}
"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_under_load_see_one_generation_each() {
    let upstream = Upstream::start().await;
    let gateway = TestGateway::new()
        .without_shipped_rules()
        .rules("organisation/allow.yaml", ALLOW_ALL)
        .rules("organisation/first.yaml", &half("FIRST", "email", "off"))
        .rules("organisation/second.yaml", &half("SECOND", "imei", "off"))
        .purpose("service_activation")
        .upstream(upstream.address)
        .start()
        .await;
    let gateway = Arc::new(gateway);
    let sent = Arc::new(AtomicUsize::new(0));
    let reloading = Arc::new(AtomicBool::new(true));
    let callers: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (gateway, sent) = (Arc::clone(&gateway), Arc::clone(&sent));
            let reloading = Arc::clone(&reloading);
            tokio::spawn(async move {
                let mut connection = Connection::open(gateway.address).await;
                let mut failed = 0_usize;
                while reloading.load(Ordering::Relaxed)
                    || sent.load(Ordering::Relaxed) < REQUESTS_MIN
                {
                    sent.fetch_add(1, Ordering::Relaxed);
                    let mut request = gateway.request(Method::POST, "/", "origin=PK");
                    request
                        .headers_mut()
                        .insert("content-type", http::HeaderValue::from_static("application/json"));
                    *request.body_mut() = Full::from(BODY);
                    match connection.try_send(request).await {
                        Ok(answer) if answer.status == 200 => {}
                        Ok(_) | Err(_) => failed += 1,
                    }
                }
                failed
            })
        })
        .collect();

    // Every other version is broken in its second half, behind a first half that is fine.
    let (mut taken, mut refused) = (0, 0);
    for round in 0..RELOADS {
        let is_broken = round % 2 == 1;
        let mode = if round % 4 < 2 { "enforce" } else { "off" };
        // Spread over the whole load, where requests are slower than reloads.
        while sent.load(Ordering::Relaxed) < round * REQUESTS_MIN / RELOADS {
            tokio::task::yield_now().await;
        }
        let other_mode = if is_broken && mode == "enforce" { "off" } else { "enforce" };
        let (first, second) = if is_broken {
            (half("FIRST", "email", other_mode), "layer: organisation\ntitle: [".to_owned())
        } else {
            (half("FIRST", "email", mode), half("SECOND", "imei", mode))
        };
        gateway.swap_rules(&[
            ("organisation/first.yaml", &first),
            ("organisation/second.yaml", &second),
        ]);
        match gateway.reload().await {
            Ok(_) => taken += 1,
            Err(Refused::Rules(diagnostics)) => {
                assert!(diagnostics.to_string().contains("second.yaml:"), "{diagnostics}");
                refused += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((taken, refused), (RELOADS / 2, RELOADS / 2));
    reloading.store(false, Ordering::Relaxed);

    let mut failed = 0;
    for caller in callers {
        failed += caller.await.unwrap();
    }
    assert_eq!(failed, 0);
    let received = upstream.received();
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent >= REQUESTS_MIN);
    assert_eq!(received.len(), sent);
    let mut arrivals: BTreeMap<String, usize> = BTreeMap::new();
    for request in &received {
        *arrivals.entry(String::from_utf8(request.body.to_vec()).unwrap()).or_default() += 1;
    }
    let whole = [BODY, r#"{"note":"kept"}"#];
    assert!(arrivals.keys().all(|body| whole.contains(&body.as_str())), "{arrivals:?}");
    assert_eq!(arrivals.len(), whole.len(), "{arrivals:?}");

    // What each generation decided, it decided every time.
    let mut effects: BTreeMap<u64, Value> = BTreeMap::new();
    for record in gateway.records(sent).await {
        let generation = record["generation"].as_u64().unwrap();
        let effect = effects.entry(generation).or_insert_with(|| record["effect"].clone());
        assert_eq!(*effect, record["effect"], "generation {generation}");
    }
    assert!(effects.len() > RELOADS / 4, "{effects:?}");
}

/// Whoever proves later by which rules something was decided goes by the generation of its record.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_says_which_rules_judge() {
    let upstream = Upstream::start().await;
    let gateway = TestGateway::new()
        .without_shipped_rules()
        .rules("organisation/own.yaml", ALLOW_ALL)
        .upstream(upstream.address)
        .start()
        .await;
    let first = gateway.status().await["rules"]["hash"].clone();
    gateway.swap_rules(&[("organisation/stricter.yaml", NO_IMEI)]);
    let second = gateway.reload().await.unwrap();
    let path = gateway.folder().join("audit.jsonl");
    let lines = eventually_found("no line says so", async || {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let lines: Vec<Value> = lines.filter(|line| line["audit"] == "rules").collect();
        if lines.len() >= 2 { Ok(lines) } else { Err(text) }
    })
    .await;
    let [start, swap] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&start["generation"], &start["rules_hash"]), (&1.into(), &first));
    assert_eq!(start["because"], "start");
    assert_eq!(
        (&swap["generation"], &swap["rules_hash"]),
        (&2.into(), &Value::from(&*second.hash))
    );
    assert!(swap["because"] == "operator" || swap["because"] == "change", "{swap}");
    assert!(swap["source"].is_string() && swap["key"].is_string() && swap["time"].is_string());
}
