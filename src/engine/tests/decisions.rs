//! Payloads as they are on the wire, each with what is on file and what must come of it: outcome, the
//! fields taken out, and provisions that had a say. One row for each side of a condition.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    title: String,
    /// Over [`base`]: a key replaces, keys of `subject` replace one by one.
    #[serde(default)]
    transfer: Value,
    payload: Value,
    outcome: Effect,
    /// JSON Pointers; one stands for every leaf below it.
    #[serde(default)]
    redacted: Vec<String>,
    rules: Vec<String>,
}

fn base() -> Value {
    json!({
        "as_of": "2026-11-23T09:00:00Z",
        "origin": "PK",
        "destination": "SG",
        "exporter": {"role": "controller", "sector": "consumer_electronics", "ciio": false, "flags": []},
        "recipient": {"class": "first_party_facility", "id": "mi-dc-singapore"},
        "purpose": "customer_support",
        "policy_versions": [{
            "id": "2019-03-18", "effective_from": "2019-03-18", "destinations": ["CN", "US", "SG"],
            "added_purposes": {},
        }],
        "subject": {
            "age": 29,
            "minor": false,
            "consents": [{
                "scope": "service", "type": "explicit", "policy_version": "2019-03-18",
                "given_at": "2020-01-10T08:00:00Z",
            }],
            "opt_outs": [], "withdrawn": [], "settings": {}, "verified": true,
        },
        "mechanisms": [],
        "counters": {},
        "legal_basis": null,
        "transport": "tls",
    })
}

fn transfer(over: &Value) -> Transfer {
    let mut whole = base();
    for (key, value) in over.as_object().into_iter().flatten() {
        match (key.as_str(), value.as_object()) {
            ("subject", Some(facts)) => {
                for (fact, value) in facts {
                    whole["subject"][fact] = value.clone();
                }
            }
            _ => whole[key] = value.clone(),
        }
    }
    serde_json::from_value(whole).unwrap()
}

/// The leaves at and below the pointers.
fn leaves(payload: &Value, pointers: &[String]) -> BTreeSet<String> {
    fn collect(value: &Value, pointer: String, leaves: &mut Vec<String>) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (name, member) in members {
                    let token = name.replace('~', "~0").replace('/', "~1");
                    collect(member, format!("{pointer}/{token}"), leaves);
                }
            }
            Value::Array(elements) if !elements.is_empty() => {
                for (number, element) in elements.iter().enumerate() {
                    collect(element, format!("{pointer}/{number}"), leaves);
                }
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => leaves.push(pointer),
        }
    }
    let mut all = Vec::new();
    collect(payload, String::new(), &mut all);
    let below = |leaf: &String| {
        pointers.iter().any(|it| {
            leaf.strip_prefix(it).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    all.into_iter().filter(below).collect()
}

/// Judges every row of a table; the complaints.
fn judge(table: &str) -> (usize, Vec<String>) {
    let engine = shipped();
    let mut scratch = Scratch::default();
    let mut complaints = Vec::new();
    let rows = table.lines().filter(|line| !line.is_empty());
    let mut count = 0;
    for row in rows {
        let row: Row = serde_json::from_str(row).unwrap_or_else(|error| panic!("{error} {row}"));
        count += 1;
        let body = row.payload.to_string();
        let verdict = engine.inspect(
            &message(JSON, body.as_bytes()),
            transfer(&row.transfer),
            &Limits::default(),
            &mut scratch,
        );
        let decision = &verdict.decision;
        let cited: Vec<&str> =
            decision.rules.iter().map(|it| engine.rules().rule(*it).id.as_str()).collect();
        let uncited: Vec<&String> =
            row.rules.iter().filter(|id| !cited.contains(&id.as_str())).collect();
        let redacted = leaves(&row.payload, &redacted_pointers(&verdict));
        let expected = leaves(&row.payload, &row.redacted);
        if decision.effect != row.outcome || redacted != expected || !uncited.is_empty() {
            complaints.push(format!(
                "{}: {} {redacted:?}, expected {} {expected:?}; not cited {uncited:?}; {}",
                row.title, decision.effect, row.outcome, decision.reason
            ));
        }
    }
    (count, complaints)
}

#[test]
fn the_policy_decides_as_written() {
    let (count, complaints) = judge(include_str!("decisions/policy.jsonl"));
    assert!(complaints.is_empty(), "{} of {count}\n{}", complaints.len(), complaints.join("\n"));
    assert!(count > 150);
}

#[test]
fn the_law_decides_as_written() {
    let (count, complaints) = judge(include_str!("decisions/law.jsonl"));
    assert!(complaints.is_empty(), "{} of {count}\n{}", complaints.len(), complaints.join("\n"));
    assert!(count > 350);
}

#[test]
fn the_edges_of_law_and_policy_decide_as_written() {
    let (count, complaints) = judge(include_str!("decisions/edges.jsonl"));
    assert!(complaints.is_empty(), "{} of {count}\n{}", complaints.len(), complaints.join("\n"));
    assert!(count > 600);
}

/// Written from the statutes and the policy alone, without a look at the rules.
#[test]
fn a_second_reading_of_law_and_policy_decides_as_written() {
    let (count, complaints) = judge(include_str!("decisions/reading.jsonl"));
    assert!(complaints.is_empty(), "{} of {count}\n{}", complaints.len(), complaints.join("\n"));
    assert!(count > 550);
}

/// §5.2 of the catalogue: a date of birth computes an age.
#[test]
fn a_child_in_the_payload_is_one_when_nobody_says_how_old_anybody_is() {
    let engine = shipped();
    let nothing = json!({"age": null, "minor": null});
    for (stated, payload, expected) in [
        (&nothing, json!({"name": "Sana Khan", "birthday": "2016-05-02"}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "age": 9}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "age": 9.5}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "age": "9 years"}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "age": "13-17"}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "age": "under 13"}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "age": "16-24"}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "age": "13+"}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "age": "younger than 18 years"}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "age": "minor"}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "age": "18-24"}), Effect::Redact),
        (&nothing, json!({"name": "Sana Khan", "age": "18+"}), Effect::Redact),
        (&nothing, json!({"name": "Sana Khan", "age": "under 65"}), Effect::Redact),
        (&nothing, json!({"name": "Sana Khan", "birthday": "٢٠١٦-٠٥-٠١"}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "birthday": "平成28年5月1日"}), Effect::Block),
        (
            &nothing,
            json!({"name": "Sana Khan", "birthday": "/Date(1462060800000)/"}),
            Effect::Block,
        ),
        (&nothing, json!({"name": "Sana Khan", "birthday": "01.05.16"}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "birthday": "2016-05"}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "birthday": "20160501000000"}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "birthday": "2559-05-01"}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "birthday": "160501"}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "birthday": "1462060800.0"}), Effect::Block),
        (&nothing, json!({"name": "Sana Khan", "birthday": "1996-05-02"}), Effect::Redact),
        // Whoever states it knows.
        (&json!({}), json!({"name": "Sana Khan", "birthday": "2016-05-02"}), Effect::Redact),
        (
            &json!({"age": null, "minor": false}),
            json!({"name": "Sana Khan", "age": 9}),
            Effect::Redact,
        ),
        // An address book has children in it as well.
        (
            &nothing,
            json!({"name": "Sana Khan", "contacts": [{"name": "Amma", "birthday": "2016-05-02"}]}),
            Effect::Redact,
        ),
    ] {
        let body = payload.to_string();
        let verdict = engine.inspect(
            &message(JSON, body.as_bytes()),
            transfer(&json!({ "subject": stated })),
            &Limits::default(),
            &mut Scratch::default(),
        );
        assert_eq!(verdict.decision.effect, expected, "{stated} {body}: {:?}", verdict.decision);
    }
}

/// Thai law protects until twenty, so that nobody is grown up before.
#[test]
fn a_child_is_one_by_the_law_that_protects_longest() {
    let engine = shipped();
    assert_eq!(engine.rules().grown_up(), 20);
    for (age, is_minor) in [(19, true), (20, false)] {
        let body = json!({"name": "Somchai", "age": age}).to_string();
        let stated = json!({
            "origin": "TH", "purpose": "cloud_sync", "subject": {"age": null, "minor": null},
            "mechanisms": [{"type": "th_scc", "id": "scc-1", "valid_from": "2026-01-01"}],
        });
        let verdict = engine.inspect(
            &message(JSON, body.as_bytes()),
            transfer(&stated),
            &Limits::default(),
            &mut Scratch::default(),
        );
        let is_blocked = verdict.decision.effect == Effect::Block;
        assert_eq!(is_blocked, is_minor, "{age}: {:?}", verdict.decision);
    }
}
