//! A judge that remembers answers as one that does not.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::{
    properties::{any_data, any_transfer},
    trial::shipped_trial,
    *,
};
use crate::policy::memory::Question;

/// What is on file, and when: instants on which something begins or ends, one before and one after.
const INSTANTS: [&str; 9] = [
    "2019-03-18T00:00:00Z",
    "2020-01-10T07:59:59Z",
    "2020-01-10T08:00:00Z",
    "2025-12-31T23:59:59.999999999Z",
    "2026-01-01T00:00:00Z",
    "2026-11-22T23:00:00Z",
    "2026-11-23T09:00:00Z",
    "2027-01-01T00:00:00Z",
    "2031-06-01T00:00:00Z",
];

fn any_instant() -> impl Strategy<Value = Value> {
    prop::option::weighted(0.9, prop::sample::select(&INSTANTS[..]))
        .prop_map(|instant| instant.map_or(Value::Null, Value::from))
}

fn any_consent() -> impl Strategy<Value = Value> {
    let word = |of: &'static [&'static str]| prop::sample::select(of);
    (
        word(&[
            "service",
            "cross_border",
            "sensitive",
            "direct_marketing",
            "new_purpose:cloud_sync",
        ]),
        word(&["explicit", "separate_explicit", "deemed_by_use", "guardian"]),
        (any_instant(), any_instant(), any_instant()),
        word(&["form 1", "form 2"]),
        prop::option::of(word(&["email", "phone"])),
        prop::option::of(word(&["SG", "CN"])),
    )
        .prop_map(|(scope, kind, (given, expires, withdrawn), evidence, category, at)| {
            json!({
                "scope": scope, "type": kind, "given_at": given, "expires_at": expires,
                "withdrawn_at": withdrawn, "evidence_ref": evidence,
                "categories": Vec::from_iter(category), "destinations": Vec::from_iter(at),
            })
        })
}

/// One thing that may be another in the next transfer.
fn any_change() -> impl Strategy<Value = (&'static str, Value)> {
    let mechanism = (
        prop::sample::select(vec!["eu_scc", "eu_tia", "cn_scc", "cn_pipia", "sg_contract"]),
        any_instant(),
        any_instant(),
        prop::option::of(prop::sample::select(vec!["revoked", "active"])),
    )
        .prop_map(|(kind, from, until, status)| {
            json!({"type": kind, "id": kind, "valid_from": from, "valid_until": until, "status": status})
        });
    prop_oneof![
        4 => any_instant().prop_map(|at| ("as_of", at)),
        3 => (prop::collection::vec(any_consent(), 0..3), prop::option::of(5u32..40), any_instant())
            .prop_map(|(consents, age, withdrawn)| {
                let withdrawn = json!([{"scope": "category:email", "at": withdrawn}]);
                ("subject", json!({"consents": consents, "age": age, "withdrawn": withdrawn}))
            }),
        2 => prop::collection::vec(mechanism, 0..3).prop_map(|all| ("mechanisms", json!(all))),
        1 => any_instant().prop_map(|at| ("first_transfer_at", at)),
        1 => any_instant().prop_map(|at| ("policy_versions", json!([
            {"id": "2019-03-18", "effective_from": "2019-03-18", "destinations": ["CN", "US", "SG"]},
            {"id": "next", "effective_from": at, "added_purposes": {"cloud_sync": ["photo"]}},
        ]))),
        1 => (0u64..3).prop_map(|over| ("counters", json!({"cn_ytd_ordinary": 99_999 + over}))),
        1 => any::<bool>().prop_map(|is| ("legal_hold", json!(is))),
        1 => any::<bool>().prop_map(|is| ("facts_unavailable", json!(is))),
        1 => prop::sample::select(vec!["hr", "contract"]).prop_map(|it| ("cn_exempt", json!({"ground": it}))),
        1 => prop::sample::select(vec!["PK", "CN", "DE"]).prop_map(|at| ("origin", json!(at))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_remembered_is_what_would_be_said_anew(
        over in any_transfer(),
        data in prop::collection::vec(any_data(), 1..3),
        third_party in any::<bool>(),
        steps in prop::collection::vec((any_change(), 0usize..3, 0usize..3), 1..24),
    ) {
        let mut over = over;
        let payloads: Vec<Findings> = data
            .iter()
            .map(|data| {
                let mut findings = findings(data);
                if let Some(first) = findings.items.first_mut() {
                    first.marks.third_party = third_party;
                }
                findings
            })
            .collect();
        for ((name, value), payload, coverage) in steps {
            over[name] = value;
            let transfer = transfer(&over);
            let payload = &payloads[payload % payloads.len()];
            let coverage = [Coverage::Full, Coverage::Partial, Coverage::Opaque][coverage];
            let anew = shipped().decide_anew(&transfer, payload, coverage, &[]);
            for _ in 0..3 {
                let arriving = transfer.clone();
                prop_assert_eq!(&shipped().decide(&arriving, payload, coverage, &[]), &anew);
            }
        }
    }
}

#[test]
fn every_row_of_the_tables_is_answered_out_of_memory_as_it_is_anew() {
    let (mut asked, mut remembered) = (0, 0);
    for (transfer, people, findings) in shipped_trial().whole_cases() {
        let [person] = people.people.as_slice() else { continue };
        if !transfer.subjects.is_empty() {
            continue;
        }
        let anew = shipped()
            .answer(&Question {
                transfer,
                origin: person.origins.first().copied(),
                subdivision: person.origin_subdivision.as_deref(),
                subject: person.facts.as_ref().unwrap_or(&transfer.subject),
                findings,
                coverage: Coverage::Full,
            })
            .0;
        let ask = || {
            let (transfer, people) = (transfer.clone(), people.clone());
            shipped().decide_each(&transfer, &people, findings, Coverage::Full, &[])
        };
        let answers = [ask(), ask(), ask(), ask()];
        for answer in &answers {
            assert_eq!(answer, &anew);
        }
        asked += 1;
        remembered += usize::from(Arc::ptr_eq(&answers[2].terms, &answers[3].terms));
    }
    assert!(asked > 400 && remembered == asked, "{remembered} of {asked}");
}

fn ask(transfer: &Transfer, findings: &Findings) -> Decision {
    shipped().decide(transfer, findings, Coverage::Full, &[])
}

#[test]
fn a_question_is_remembered_from_its_second_time_on_and_no_other_is_taken_for_it() {
    let data = [("/name", "name"), ("/phone", "phone")]
        .map(|(path, tag)| (path.to_owned(), tag.to_owned()));
    let findings = findings(&data);
    let over = json!({"purpose": "customer_support"});
    let base = transfer(&over);
    let first = [ask(&base, &findings), ask(&base, &findings)];
    assert!(!Arc::ptr_eq(&first[0].terms, &first[1].terms));
    let known = |transfer: &Transfer, findings: &Findings| {
        Arc::ptr_eq(&ask(transfer, findings).terms, &first[1].terms)
    };
    assert!(known(&base.clone(), &findings));
    // A later moment, and a consent of another form, given at another time: as good as the same.
    for more in [
        json!({"as_of": "2026-11-24T17:00:00Z"}),
        json!({"subject": {"consents": [{
            "scope": "service", "type": "explicit", "policy_version": "2019-03-18",
            "given_at": "2021-01-10T08:00:00Z", "evidence_ref": "another form",
        }]}}),
    ] {
        let mut over = over.clone();
        over.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert!(known(&transfer(&over), &findings), "{more}");
    }
    for other in [
        json!({"as_of": null}),
        json!({"as_of": "2019-01-10T07:00:00Z"}),
        json!({"purpose": "cloud_sync"}),
        json!({"transport": "plaintext"}),
        json!({"counters": {"cn_ytd_ordinary": 1}}),
        json!({"subject": {"age": 28}}),
        json!({"subject": {"opt_outs": ["push"]}}),
        json!({"remote_access_from": ["CN"]}),
        json!({"anything": "else"}),
        json!({"exporter": {"role": "controller", "sector": "consumer_electronics", "flags": ["x"]}}),
        json!({"config": {"IN.restricted_destinations": ["SG"]}}),
    ] {
        let mut over = over.clone();
        over.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        assert!(!known(&transfer(&over), &findings), "{other}");
    }
    for data in [
        vec![("/name", "name")],
        vec![("/name", "name"), ("/phone", "email")],
        vec![("/phone", "phone"), ("/name", "name")],
        vec![("/name", "name third_party"), ("/phone", "phone")],
        vec![("/name", "name"), ("/phone", "phone pseudonymous")],
        vec![("/name", "name"), ("/name/phone", "phone")],
    ] {
        let data: Vec<(String, String)> =
            data.iter().map(|(path, tag)| ((*path).to_owned(), (*tag).to_owned())).collect();
        assert!(!known(&base, &super::findings(&data)), "{data:?}");
    }
    for coverage in [Coverage::Partial, Coverage::Opaque] {
        let decision = shipped().decide(&base, &findings, coverage, &[]);
        assert!(!Arc::ptr_eq(&decision.terms, &first[1].terms));
    }
    // Other rules have other answers, and another worker its own memory.
    let (other, _) = compile(&rule_files());
    let decision = other.unwrap().decide(&base, &findings, Coverage::Full, &[]);
    assert!(!Arc::ptr_eq(&decision.terms, &first[1].terms));
    let elsewhere =
        std::thread::scope(|scope| scope.spawn(|| ask(&base, &findings)).join().unwrap());
    assert!(!Arc::ptr_eq(&elsewhere.terms, &first[1].terms));
}

#[test]
fn questions_that_take_turns_are_remembered() {
    let findings = findings(&[("/name".to_owned(), "name".to_owned())]);
    let questions: Vec<Transfer> =
        (0..64).map(|count| transfer(&json!({"counters": {"cn_ytd_ordinary": count}}))).collect();
    let round = || -> Vec<Decision> { questions.iter().map(|it| ask(it, &findings)).collect() };
    let rounds = [round(), round(), round(), round()];
    let [.., third, fourth] = &rounds;
    assert!(third.iter().zip(fourth).all(|(one, other)| Arc::ptr_eq(&one.terms, &other.terms)));
    assert_eq!(rounds[0], *fourth);
}

#[test]
fn who_is_named_by_a_value_is_not_remembered() {
    let findings = findings(&[("/name".to_owned(), "name".to_owned())]);
    let over = json!({"purpose": "customer_support", "subjects": [{"id": "A-1", "origin": "PK"}]});
    let transfer = transfer(&over);
    let answers: Vec<Decision> = (0..4).map(|_| ask(&transfer, &findings)).collect();
    assert!(answers.windows(2).all(|pair| !Arc::ptr_eq(&pair[0].terms, &pair[1].terms)));
}

#[test]
fn who_changes_an_answer_changes_no_other() {
    let findings = findings(&[("/name".to_owned(), "name".to_owned())]);
    let transfer = transfer(&json!({"purpose": "customer_support"}));
    let known: Vec<Decision> = (0..3).map(|_| ask(&transfer, &findings)).collect();
    let mut mine = ask(&transfer, &findings);
    mine.annotations.clear();
    mine.reason = "Another.".into();
    assert_eq!(ask(&transfer, &findings), known[2]);
}
