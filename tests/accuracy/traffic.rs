//! Real traffic in which little is personal: the published payloads of one large service's webhooks.
//!
//! They are not labelled, so this counts what cannot be right: no such payload carries a card, a bank
//! account, a device identifier or a national identity number.

use std::{collections::BTreeMap, fs, path::Path};

use bordergate::{
    domain::Limits,
    engine::{Engine, Message, Scratch},
};

const IMPOSSIBLE: [&str; 4] =
    ["user.financial", "user.government_id", "user.device.device_id", "user.health_and_medical"];

/// What was found, by category; `None` when the payloads were not fetched (`make data` does).
pub(crate) fn impossible(engine: &Engine) -> Option<(usize, BTreeMap<String, Vec<String>>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-data/webhooks.json");
    let events: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).ok()?).unwrap();
    let mut scratch = Scratch::default();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut payloads = 0;
    for event in events.as_array().unwrap() {
        for example in event["examples"].as_array().unwrap() {
            payloads += 1;
            let body = example.to_string();
            let headers: [(&str, &[u8]); 1] = [("content-type", b"application/json")];
            let body = body.as_bytes();
            let message = Message::of_body(&headers, body);
            let verdict = engine.scan(&message, &Limits::default(), &mut scratch);
            for finding in &verdict.findings.items {
                let key = engine.taxonomy().key(finding.tag);
                if IMPOSSIBLE.iter().any(|prefix| key.starts_with(prefix)) {
                    let place = format!("{} {}", event["name"], verdict.findings.locator(finding));
                    found.entry(key.to_owned()).or_default().push(place);
                }
            }
        }
    }
    Some((payloads, found))
}
