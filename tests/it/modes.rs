//! A rule is enforced, warns only, or is off: what each does to a transfer, and where it can be seen.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ALLOW_ALL, RunningGateway, TestGateway, Upstream};

const BODY: &str = r#"{"email":"sana.k@example.pk","imei":"867619040000019"}"#;

/// One rule that blocks, one that redacts and one that permits what nothing else does.
fn rules(mode: &str) -> String {
    format!(
        "layer: organisation
title: Tried out
rules:
  - id: T-BLOCK
    title: No device ids
    statute: this test
    when: {{ data: imei }}
    effect: block
    reason: Device ids stay at home.
    mode: {mode}
  - id: T-REDACT
    title: No addresses
    statute: this test
    when: {{ data: email }}
    effect: redact
    annotate: [{{ name: seen }}]
    reason: Addresses stay at home.
    mode: {mode}
"
    )
}

async fn row(gateway: &RunningGateway, id: &str) -> Value {
    let page = gateway.admin(Method::GET, "/-/rules").await.json();
    let rules = page["rules"].as_array().unwrap();
    rules.iter().find(|it| it["id"] == id).unwrap_or_else(|| panic!("{id}")).clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_is_enforced_warns_or_is_off() {
    let upstream = Upstream::start().await;
    let gateway = TestGateway::new()
        .without_shipped_rules()
        .rules("organisation/allow.yaml", ALLOW_ALL)
        .rules("organisation/tried.yaml", &rules("off"))
        .purpose("service_activation")
        .upstream(upstream.address)
        .start()
        .await;
    let mut sent = 0;
    for (mode, status, off) in [
        ("off", StatusCode::OK, 2),
        ("warn", StatusCode::OK, 0),
        ("enforce", StatusCode::FORBIDDEN, 0),
        ("off", StatusCode::OK, 2),
    ] {
        gateway.swap_rules(&[("organisation/tried.yaml", &rules(mode))]);
        gateway.reload().await.unwrap();
        let before = upstream.received().len();
        let answer = gateway.post("/", "origin=PK", "application/json", BODY).await;
        assert_eq!(answer.status, status, "{mode}: {}", answer.text());
        sent += 1;
        let record = gateway.records(sent).await.pop().unwrap();
        let (rules, notes) = (record["rules"].to_string(), record["annotations"].to_string());
        let hits = row(&gateway, "T-BLOCK").await["transfers"].as_u64().unwrap();
        match mode {
            "off" => {
                // Never acts, is not cited, says nothing: as though it were not there.
                assert_eq!(upstream.received()[before].body, BODY);
                assert_eq!(
                    (&record["effect"], &record["rules"]),
                    (&json!("allow"), &json!(["T-ALLOW"]))
                );
                assert!(!record.to_string().contains("T-BLOCK"), "{record}");
                assert!(!record.to_string().contains("T-REDACT"), "{record}");
                assert!(!notes.contains("would-") && !notes.contains("seen"), "{notes}");
                assert_eq!(hits, u64::from(sent > 2), "what it decided before it was switched off");
            }
            "warn" => {
                assert_eq!(upstream.received()[before].body, BODY);
                assert_eq!(record["effect"], "allow");
                assert!(notes.contains("would-block") && notes.contains("would-redact"), "{notes}");
                assert_eq!(
                    (&record["blocked_by"], &record["redacted_by"]),
                    (&Value::Null, &Value::Null)
                );
                assert_eq!(hits, 0);
            }
            _ => {
                assert_eq!(upstream.received().len(), before, "blocked is not sent");
                assert_eq!(record["blocked_by"], json!(["T-BLOCK"]));
                assert!(!notes.contains("would-"), "{notes}");
                assert!(rules.contains("T-BLOCK"), "{rules}");
                assert_eq!(hits, 1);
            }
        }
        for id in ["T-BLOCK", "T-REDACT"] {
            assert_eq!(row(&gateway, id).await["mode"], mode);
        }
        assert_eq!(row(&gateway, "T-ALLOW").await["mode"], "enforce");
        let status = gateway.status().await;
        let files = status["rules"]["files"].as_array().unwrap();
        let file = files.iter().find(|it| it["name"] == "organisation/tried.yaml").unwrap();
        assert_eq!((&file["rules"], &file["off"]), (&json!(2), &json!(off)), "{mode}: {file}");
    }
}

/// Of a provision in several parts a record says which decided; decisions name it by its id as ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_names_the_part_that_decided() {
    const PARTS: &str = "layer: organisation
title: In parts
rules:
  - id: T-PARTS
    title: Device ids stay
    statute: this test
    when: { data: imei, purpose: backup }
    effect: block
    reason: Device ids stay at home.
  - id: T-PARTS
    part: addresses
    title: Addresses stay
    statute: this test
    when: { data: email }
    effect: redact
    reason: Addresses stay at home.
  - id: T-WHOLE
    title: Phones stay
    statute: this test
    when: { data: phone }
    effect: redact
    reason: Phones stay at home.
";
    let upstream = Upstream::start().await;
    let gateway = TestGateway::new()
        .without_shipped_rules()
        .rules("organisation/allow.yaml", ALLOW_ALL)
        .rules("organisation/parts.yaml", PARTS)
        .purpose("service_activation")
        .upstream(upstream.address)
        .start()
        .await;
    let body = r#"{"email":"sana.k@example.pk","imei":"867619040000019","phone":"+923451112233"}"#;
    for (number, (context, list, ids, parts)) in [
        ("origin=PK", "redacted_by", json!(["T-PARTS", "T-WHOLE"]), json!(["T-PARTS/addresses"])),
        ("origin=PK, purpose=backup", "blocked_by", json!(["T-PARTS"]), json!(["T-PARTS"])),
    ]
    .into_iter()
    .enumerate()
    {
        gateway.post("/", context, "application/json", body).await;
        let record = gateway.records(number + 1).await.pop().unwrap();
        assert_eq!((&record[list], &record["parts"]), (&ids, &parts), "{record}");
    }
}
