//! Questions with every member of a decision request in several ways: no two of them have the same words.

use std::collections::HashSet;

use serde_json::json;

use super::*;
use crate::domain::Coverage;

const BYTES_MAX: usize = Key::WORDS_MAX * 8;
const NOW: &str = "2026-11-23T09:00:00Z";

fn transfer(over: &Value) -> Transfer {
    let mut whole = json!({"as_of": NOW});
    whole.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
    serde_json::from_value(whole).unwrap()
}

/// The members of a request, each with values that mean different things.
fn members() -> Vec<(&'static str, Vec<Value>)> {
    let flags = |name| (name, vec![json!(true), json!(false)]);
    let others = || {
        vec![
            json!(null),
            json!(true),
            json!(false),
            json!(0),
            json!(1),
            json!(-1),
            json!(1.0),
            json!(1.5),
            json!(""),
            json!("1"),
            json!([]),
            json!([1]),
            json!([[1]]),
            json!([1, 1]),
            json!({}),
            json!({"a": 1}),
            json!({"a": {"b": 1}}),
            json!({"a": "", "b": 1}),
        ]
    };
    let with = |name: &str, values: Vec<Value>| -> Vec<Value> {
        values.into_iter().map(|value| json!({ name: value })).collect()
    };
    let times = ["2026-01-01", "2027-01-01", "2027-01-01T00:00:00.000000001Z", "1969-12-31"];
    let times = || times.map(Value::from).to_vec();
    // Every length at which copies are made in another way, and names that differ in one place.
    let texts = || {
        let mut texts = vec![String::new()];
        for length in [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 64, 65] {
            texts.push("a".repeat(length));
            for place in [0, length / 2, length - 1] {
                let mut text = "a".repeat(length);
                text.replace_range(place..=place, "b");
                texts.push(text);
            }
        }
        texts.sort();
        texts.dedup();
        texts.into_iter().map(Value::from).collect::<Vec<_>>()
    };
    let lists = || {
        [&["a"][..], &["a", "b"], &["ab"], &["", "ab"], &["a", "", "b"], &["b", "a"]]
            .map(|list| json!(list))
            .to_vec()
    };
    let regions = || vec![json!(["CN"]), json!(["CN", "US"]), json!(["US", "CN"])];
    let mut recipient = vec![];
    for name in ["class", "id", "kind", "governing_policy"] {
        recipient.extend(with(name, vec![json!("a"), json!("b"), json!("")]));
    }
    for name in ["covered_person", "data_intermediary", "own_purpose"] {
        recipient.extend(with(name, vec![json!(true), json!(false)]));
    }
    recipient.extend(with("more", others()));
    let mut exporter = vec![json!({"ciio": true})];
    for name in ["id", "sector"] {
        exporter.extend(with(name, vec![json!("a"), json!("b"), json!("")]));
    }
    exporter
        .extend(with("role", ["controller", "processor", "data_broker"].map(Value::from).into()));
    exporter.extend(with("location", vec![json!("CN"), json!("US")]));
    exporter.extend(with("flags", lists()));
    let mut mechanism = vec![json!({}), json!({"type": "a", "id": "b"}), json!({"type": "ab"})];
    mechanism.extend([json!({"id": "ab"}), json!({"type": "a"})]);
    for name in ["valid_from", "valid_until"] {
        mechanism.extend(with(name, times()));
    }
    for name in ["recipients", "categories"] {
        mechanism.extend(with(name, lists()));
    }
    mechanism.extend(with("destinations", regions()));
    mechanism.extend(with("more", others()));
    let mut mechanisms: Vec<Value> = mechanism.iter().map(|one| json!([one])).collect();
    mechanisms.push(json!([{"type": "a"}, {"type": "b"}]));
    mechanisms.push(json!([{"type": "b"}, {"type": "a"}]));
    let mut consent = vec![json!({"scope": "a"}), json!({"scope": "b"})];
    consent.extend(with(
        "type",
        ["separate_explicit", "deemed_by_use", "guardian"].map(Value::from).into(),
    ));
    consent.extend(with("policy_version", vec![json!("a"), json!("")]));
    for name in ["purposes", "categories", "recipients"] {
        consent.extend(with(name, lists()));
    }
    consent.extend(with("destinations", regions()));
    consent.extend(with("notice_ref", vec![json!("a")]));
    for (name, at) in
        [("given_at", "2027-01-01"), ("expires_at", "2026-01-01"), ("withdrawn_at", "2026-01-01")]
    {
        consent.extend(with(name, vec![json!(at)]));
    }
    let whole = |one: &Value| {
        let mut whole = json!({"scope": "service", "type": "explicit"});
        whole.as_object_mut().unwrap().extend(one.as_object().unwrap().clone());
        whole
    };
    let mut subject = vec![];
    subject.extend(with("consents", consent.iter().map(|one| json!([whole(one)])).collect()));
    subject.extend(with("age", vec![json!(0), json!(1), json!(u32::MAX)]));
    for name in ["minor", "verified"] {
        subject.extend(with(name, vec![json!(true), json!(false)]));
    }
    subject.extend(with(
        "opt_outs",
        vec![json!(["a"]), json!(["b"]), json!(["a", "b"]), json!(["ab"])],
    ));
    subject.extend(with(
        "settings",
        vec![json!({"a": true}), json!({"a": false}), json!({"b": true})],
    ));
    for at in ["2026-01-01", "2025-01-01"] {
        // With a withdrawal on file it counts when a consent was given.
        for given in ["2026-01-01", "2025-06-01"] {
            subject.push(json!({
                "withdrawn": [{"scope": "all", "at": at}],
                "consents": [whole(&json!({"given_at": given}))],
            }));
        }
    }
    subject.extend(with(
        "withdrawn",
        vec![json!([{"scope": "all"}]), json!([{"scope": "all", "at": NOW}])],
    ));
    let mut basis = vec![json!({})];
    basis.extend(with("type", vec![json!("a"), json!("b")]));
    basis.extend(with("ref", vec![json!("a"), json!("b")]));
    basis.extend(with("authority_country", vec![json!("CN"), json!("US")]));
    basis.extend(with("scope_categories", lists()));
    basis.extend(with("more", others()));
    let version = |one: Value| {
        let mut whole = json!({"id": "a"});
        whole.as_object_mut().unwrap().extend(one.as_object().unwrap().clone());
        json!([whole])
    };
    let mut versions = vec![json!({}), json!({"id": "b"}), json!({"material": true})];
    versions.extend(with("effective_from", times()));
    versions.extend(with("destinations", regions()));
    versions.extend(with("destinations", vec![json!([])]));
    versions.extend(with(
        "added_purposes",
        vec![json!({"a": ["b"]}), json!({"a": []}), json!({"ab": []})],
    ));
    versions.extend(with("notice_ref", vec![json!("a"), json!("")]));
    let mut agreement = vec![json!({}), json!({"id": "a"}), json!({"accepted": true})];
    agreement.extend(with("accepted_at", times()));
    agreement.extend(with("forbidden_destinations", regions()));
    agreement.extend(with(
        "permits",
        vec![
            json!([{"purpose": "a"}]),
            json!([{"purpose": "a", "categories": ["b"]}]),
            json!([{"purpose": "ab"}]),
            json!([{"purpose": "a"}, {"purpose": "b"}]),
        ],
    ));
    vec![
        ("origin", vec![json!("CN"), json!("US")]),
        ("origin_subdivision", vec![json!("US-TX"), json!("US-CA"), json!("")]),
        ("collected_in", vec![json!("CN"), json!("US")]),
        ("destination", vec![json!("CN"), json!("US")]),
        ("remote_access_from", regions()),
        ("exporter", exporter),
        ("recipient", recipient),
        ("purpose", texts()),
        ("subject", subject),
        ("mechanisms", mechanisms),
        (
            "counters",
            vec![json!({"a": 0}), json!({"a": 1}), json!({"b": 1}), json!({"a": 1, "b": 1})],
        ),
        ("legal_basis", basis),
        ("policy_versions", versions.into_iter().map(version).collect()),
        ("user_agreement", agreement),
        ("transport", vec![json!("tls"), json!("plaintext")]),
        ("source_host", texts()),
        flags("purpose_ended"),
        flags("legal_hold"),
        ("collected_for", texts()),
        flags("inbound"),
        ("direction", vec![json!("inbound"), json!("outbound")]),
        flags("consideration"),
        flags("contract_necessity"),
        flags("occasional"),
        flags("anonymised"),
        flags("important_data"),
        flags("government_related"),
        ("first_transfer_at", times()),
        flags("facts_unavailable"),
        ("cn_exempt", vec![json!({"ground": "hr"}), json!({"ground": ""})]),
        ("us_exempt", vec![json!({"ground": "hr"}), json!({"ground": ""})]),
        (
            "config",
            vec![json!({"a": []}), json!({"a": ["b"]}), json!({"ab": []}), json!({"b": ["a"]})],
        ),
        ("more", others()),
    ]
}

#[test]
fn whatever_differs_has_other_words() {
    let members = members();
    let mut requests = vec![json!({})];
    for (place, (name, values)) in members.iter().enumerate() {
        requests.extend(values.iter().map(|value| json!({ *name: value })));
        // Two at a time, so that the end of one member is not taken for the beginning of another.
        for (other, others) in members.iter().take(place) {
            for value in values.iter().take(4) {
                requests
                    .extend(others.iter().take(4).map(|it| json!({ *name: value, *other: it })));
            }
        }
    }
    let (set, registry, findings) = (SetId::next(), Registry::default(), Findings::default());
    let mut keys: Vec<(Vec<u64>, Value)> = Vec::with_capacity(requests.len());
    let mut glances = HashSet::new();
    for request in requests {
        let transfer = transfer(&request);
        let question = Question::of_one(&transfer, &findings, Coverage::Full);
        let mut key = Key::new();
        let (words, glance) = key.write(set, &registry, &question).unwrap();
        glances.insert(glance);
        keys.push((words.to_vec(), request));
    }
    assert!(keys.len() > 4900, "{}", keys.len());
    // They may look alike, and hardly any do.
    assert!(glances.len() > keys.len() * 99 / 100, "{} of {}", glances.len(), keys.len());
    keys.sort_by(|one, other| one.0.cmp(&other.0));
    for pair in keys.windows(2) {
        assert_ne!(pair[0].0, pair[1].0, "{} and {}", pair[0].1, pair[1].1);
    }
}

#[test]
fn a_question_too_long_to_keep_has_none() {
    let (set, registry, findings) = (SetId::next(), Registry::default(), Findings::default());
    let mut key = Key::new();
    let mut has_one = |over: Value| {
        let transfer = transfer(&over);
        key.write(set, &registry, &Question::of_one(&transfer, &findings, Coverage::Full)).is_some()
    };
    assert!(has_one(json!({"more": "a".repeat(BYTES_MAX / 2)})));
    assert!(!has_one(json!({"more": "a".repeat(BYTES_MAX)})));
    assert!(!has_one(json!({"more": "a".repeat(BYTES_MAX + 1)})));
    assert!(!has_one(json!({"more": vec!["a"; BYTES_MAX]})));
    assert!(has_one(json!({})));
}

#[test]
fn every_member_of_a_request_is_among_them() {
    let names: Vec<&str> = members().into_iter().map(|(name, _)| name).collect();
    let whole = serde_json::to_value(Transfer::default()).unwrap();
    let beside = ["as_of", "subjects"];
    for name in whole.as_object().unwrap().keys() {
        assert!(names.contains(&name.as_str()) || beside.contains(&name.as_str()), "{name}");
    }
}
