//! Real traffic: every example payload of a large service's webhooks, byte for byte as published.

use std::{fs, path::PathBuf};

use bordergate::{
    domain::{Limits, TagPattern},
    engine::{Engine, Message, Scratch},
    policy::Transfer,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    harness::{ALLOW_ALL, TestGateway, Upstream},
    shipped,
};

/// What the redacting rule takes out.
const REDACTED: [&str; 3] = ["user.contact.**", "user.name.**", "user.account.**"];

fn redact() -> String {
    format!(
        "
layer: organisation
title: Test
rules:
  - id: T-REDACT
    title: No contacts, names and accounts
    statute: this test
    when: {{ data: [{}] }}
    effect: redact
    reason: No contacts, names and accounts.
",
        REDACTED.map(|pattern| format!("\"{pattern}\"")).join(", ")
    )
}

pub(crate) fn payloads() -> Vec<Box<RawValue>> {
    #[derive(Deserialize)]
    struct Event {
        examples: Vec<Box<RawValue>>,
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/test-data/webhooks.json");
    let text = fs::read_to_string(path).expect("`make data` fetches the webhooks");
    let events: Vec<Event> = serde_json::from_str(&text).unwrap();
    events.into_iter().flat_map(|event| event.examples).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allow_rule_lets_every_payload_through_byte_for_byte() {
    let upstream = Upstream::start().await;
    let gateway = TestGateway::new()
        .without_shipped_rules()
        .rules("organisation/allow.yaml", ALLOW_ALL)
        .purpose("service_activation")
        .upstream(upstream.address)
        .start()
        .await;
    let payloads = payloads();
    assert!(payloads.len() > 300, "{}", payloads.len());
    for payload in &payloads {
        let body = payload.get().to_owned();
        let answer = gateway.post("/", "origin=PK", "application/json", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(upstream.last().body, payload.get());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redacting_rule_leaves_valid_json_without_what_it_names() {
    let upstream = Upstream::start().await;
    let rule = redact();
    let gateway = TestGateway::new()
        .without_shipped_rules()
        .rules("organisation/allow.yaml", ALLOW_ALL)
        .rules("organisation/redact.yaml", &rule)
        .purpose("service_activation")
        .upstream(upstream.address)
        .start()
        .await;
    let engine = shipped::engine();
    let redacted = REDACTED
        .iter()
        .map(|pattern| engine.taxonomy().select(&TagPattern((*pattern).to_owned())))
        .reduce(|all, more| all.union(&more))
        .unwrap();
    let mut changed = 0;
    for payload in payloads() {
        let body = payload.get().to_owned();
        let before = tags(&engine, body.as_bytes());
        let answer = gateway.post("/", "origin=PK", "application/json", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let arrived = upstream.last().body;
        serde_json::from_slice::<&RawValue>(&arrived).unwrap_or_else(|error| panic!("{error}"));
        let left = tags(&engine, &arrived).intersection(&redacted);
        let left: Vec<&str> = left.iter().map(|tag| engine.taxonomy().key(tag)).collect();
        assert!(left.is_empty(), "{left:?} left in {}", payload.get());
        if before.intersects(&redacted) {
            changed += 1;
        } else {
            assert_eq!(arrived, payload.get());
        }
    }
    assert!(changed > 100, "{changed}");
}

fn tags(engine: &Engine, body: &[u8]) -> bordergate::domain::TagSet {
    let headers: [(&str, &[u8]); 1] = [("content-type", b"application/json")];
    let message = Message::of_body(&headers, body);
    engine
        .inspect(&message, Transfer::default(), &Limits::default(), &mut Scratch::default())
        .findings
        .tags()
}
