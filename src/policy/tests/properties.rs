//! What holds for every transfer and every rule set.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const TAGS: [&str; 14] = [
    "name",
    "email",
    "phone",
    "imei",
    "mac",
    "account_id",
    "device_model",
    "precise_location",
    "genetic",
    "card",
    "sg_nric",
    "contacts container",
    "religion",
    "cookie_id",
];
const PURPOSES: [&str; 8] = [
    "customer_support",
    "cloud_sync",
    "direct_marketing",
    "backup",
    "statistics",
    "data_sale",
    "legal_disclosure",
    "astrology",
];
const REGIONS: [&str; 10] = ["PK", "IN", "CN", "SG", "US", "DE", "GB", "VN", "HK", "AU"];
const CLASSES: [&str; 6] =
    ["first_party_facility", "affiliate", "service_provider", "authority", "public", "elsewhere"];

pub(super) fn any_transfer() -> impl Strategy<Value = Value> {
    (
        prop::sample::select(&PURPOSES[..]),
        prop::sample::select(&REGIONS[..]),
        prop::sample::select(&REGIONS[..]),
        prop::sample::select(&CLASSES[..]),
        prop::option::of(5u32..40),
        prop::sample::subsequence(
            vec!["eu_scc", "eu_tia", "cn_pipia", "processor_contract", "uk_idta", "uk_tra", "sg_contract"],
            0..5,
        ),
        prop::collection::vec(prop::sample::select(&REGIONS[..]), 0..3),
        0u64..200_000,
    )
        .prop_map(|(purpose, origin, destination, class, age, mechanisms, remote, count)| {
            let mechanisms: Vec<Value> =
                mechanisms.iter().map(|kind| json!({"type": kind, "id": kind})).collect();
            let mut over = json!({
                "purpose": purpose,
                "origin": origin,
                "destination": destination,
                "recipient": {"class": class, "id": "r", "kind": "delivery"},
                "mechanisms": mechanisms,
                "remote_access_from": remote,
                "counters": {"cn_ytd_ordinary": count, "cn_ytd_sensitive": 0, "us_bulk": {"identifiers": count}},
            });
            if let Some(age) = age {
                over["subject"] = json!({"age": age});
            }
            over
        })
}

pub(super) fn any_data() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(prop::sample::select(&TAGS[..]), 0..8).prop_map(|tags| {
        tags.into_iter()
            .enumerate()
            .map(|(number, tag)| (format!("/{number}"), tag.to_owned()))
            .collect()
    })
}

/// One more rule, as strict as can be for some transfers.
fn stricter(number: usize) -> String {
    let bodies = [
        "    effect: block\n",
        "    when: {data: [contact]}\n    effect: redact\n",
        "    when: {destination: CN}\n    require: {mechanism: {type: eu_tia}}\n    effect: block\n",
        "    when: {origin: [EEA, US]}\n    effect: redact\n    redact: {outside: [account_id]}\n",
    ];
    format!(
        "layer: organisation\ntitle: Own\nrules:\n  - id: A-STRICT\n    title: t\n    statute: s\n    reason: r.\n{}",
        bodies[number % bodies.len()]
    )
}

fn with_stricter() -> &'static [RuleSet; 4] {
    static SETS: OnceLock<[RuleSet; 4]> = OnceLock::new();
    SETS.get_or_init(|| {
        std::array::from_fn(|number| {
            let mut files = rule_files();
            files.push(SourceFile {
                name: "organisation/strict.yaml".into(),
                text: stricter(number),
            });
            compile(&files).0.unwrap()
        })
    })
}

/// The shipped rules, their files and the rules within them in reverse.
fn reversed() -> &'static RuleSet {
    static SET: OnceLock<RuleSet> = OnceLock::new();
    SET.get_or_init(|| {
        let mut files = rule_files();
        files.reverse();
        for file in &mut files {
            let is_rules =
                ["law/", "policy/", "organisation/"].iter().any(|it| file.name.starts_with(it));
            if let (true, Some((head, rules))) = (is_rules, file.text.split_once("\nrules:\n")) {
                let mut blocks: Vec<String> = rules
                    .split("\n  - id: ")
                    .map(|block| block.trim_start_matches("  - id: ").trim_end().to_owned())
                    .collect();
                blocks.reverse();
                file.text = format!("{head}\nrules:\n  - id: {}\n", blocks.join("\n  - id: "));
            }
        }
        let (set, diagnostics) = compile(&files);
        set.unwrap_or_else(|| panic!("{diagnostics}"))
    })
}

/// What a caller can see of a decision.
fn seen(
    set: &RuleSet,
    decision: &Decision,
) -> (Effect, Vec<u32>, Vec<String>, Vec<Annotation>, String) {
    (
        decision.effect,
        decision.redactions.iter().map(|it| it.finding).collect(),
        ids(set, decision),
        decision.annotations.clone(),
        decision.reason.to_string(),
    )
}

proptest! {
    #[test]
    fn a_stricter_rule_never_loosens(over in any_transfer(), data in any_data(), number in 0usize..4) {
        let (transfer, findings) = (transfer(&over), findings(&data));
        let before = shipped().decide(&transfer, &findings, Coverage::Full, &[]);
        let after = with_stricter()[number].decide(&transfer, &findings, Coverage::Full, &[]);
        prop_assert!(after.effect >= before.effect);
        if after.effect == Effect::Redact {
            for redaction in &before.redactions {
                prop_assert!(after.redactions.iter().any(|it| it.finding == redaction.finding));
            }
        }
    }

    #[test]
    fn the_order_of_files_and_rules_never_matters(over in any_transfer(), data in any_data()) {
        let (transfer, findings) = (transfer(&over), findings(&data));
        let one = shipped().decide(&transfer, &findings, Coverage::Full, &[]);
        let other = reversed().decide(&transfer, &findings, Coverage::Full, &[]);
        prop_assert_eq!(seen(shipped(), &one), seen(reversed(), &other));
    }

    #[test]
    fn the_same_question_has_the_same_answer(over in any_transfer(), data in any_data()) {
        let (transfer, findings) = (transfer(&over), findings(&data));
        let ask = || shipped().decide(&transfer, &findings, Coverage::Full, &[]);
        let answer = ask();
        prop_assert_eq!(&answer, &ask());
        // A worker that has never seen a transfer, and one that has judged this by other rules in between.
        let fresh = std::thread::scope(|scope| scope.spawn(ask).join().unwrap());
        prop_assert_eq!(&answer, &fresh);
        let _ = with_stricter()[0].decide(&transfer, &findings, Coverage::Full, &[]);
        prop_assert_eq!(&answer, &ask());
    }

    #[test]
    fn an_unknown_origin_or_purpose_blocks_personal_data(
        over in any_transfer(), mut data in any_data(), which in 0u8..3,
    ) {
        data.push(("/mine".to_owned(), "email".to_owned()));
        let mut over = over;
        over["remote_access_from"] = json!([]);
        match which {
            0 => over["purpose"] = json!("never_heard_of"),
            1 => over["purpose"] = Value::Null,
            _ => {
                over["origin"] = json!("AU");
                over["destination"] = json!("SG");
            }
        }
        let decision = shipped().decide(&transfer(&over), &findings(&data), Coverage::Full, &[]);
        prop_assert_eq!(decision.effect, Effect::Block);
    }

    #[test]
    fn losing_coverage_never_loosens(over in any_transfer(), data in any_data()) {
        let (transfer, findings) = (transfer(&over), findings(&data));
        let full = shipped().decide(&transfer, &findings, Coverage::Full, &[]);
        for coverage in [Coverage::Partial, Coverage::Opaque] {
            let less = shipped().decide(&transfer, &findings, coverage, &[]);
            prop_assert!(less.effect >= full.effect);
        }
    }

    #[test]
    fn one_person_is_judged_alike_with_and_without_a_split(over in any_transfer(), data in any_data()) {
        let (transfer, findings) = (transfer(&over), findings(&data));
        let alone = shipped().decide(&transfer, &findings, Coverage::Full, &[]);
        let people = People::one(&transfer);
        let each = shipped().decide_each(&transfer, &people, &findings, Coverage::Full, &[]);
        prop_assert_eq!(alone, each);
    }

    #[test]
    fn the_strictest_of_several_people_is_the_answer(
        over in any_transfer(), data in any_data(), places in prop::collection::vec((0usize..3, prop::sample::select(&REGIONS[..])), 8), turn in 0usize..3,
    ) {
        // With nothing there at all it is the main subject who is judged, the first.
        prop_assume!(!data.is_empty());
        let (transfer, findings) = (transfer(&over), findings(&data));
        // Three people, one field after another to one of them; their records in any order.
        let of: Vec<u32> = places.iter().map(|(person, _)| u32::try_from(*person).unwrap()).collect();
        let person = |number: usize| Person {
            record: Some(u32::try_from(number).unwrap()),
            origins: vec![places[number].1.parse().unwrap()],
            ..Person::default()
        };
        let people = People { people: (0..3).map(person).collect(), of: of.clone() };
        let whole = shipped().decide_each(&transfer, &people, &findings, Coverage::Full, &[]);
        let turned = People {
            people: (0..3).map(|number| person((number + turn) % 3)).collect(),
            of: of.iter().map(|person| (person + 3 - u32::try_from(turn).unwrap()) % 3).collect(),
        };
        let other = shipped().decide_each(&transfer, &turned, &findings, Coverage::Full, &[]);
        prop_assert_eq!(seen(shipped(), &whole), seen(shipped(), &other));
        // Alone, each would get an answer no stricter, and the same redactions.
        for (number, (_, origin)) in places.iter().enumerate().take(3) {
            let mine: Vec<(String, String)> = data
                .iter()
                .zip(&of)
                .filter(|(_, person)| **person as usize == number)
                .map(|(field, _)| field.clone())
                .collect();
            if mine.is_empty() {
                continue;
            }
            let mut alone = transfer.clone();
            alone.origin = Some(origin.parse().unwrap());
            let answer = shipped().decide(&alone, &super::findings(&mine), Coverage::Full, &[]);
            // An identifier beside makes more of a record personal, never less.
            prop_assert!(whole.effect >= answer.effect, "{} {:?}", number, answer);
        }
    }
}

#[test]
fn facts_that_no_rule_tells_apart_are_alike_and_others_are_not() {
    use crate::policy::people::Alike;
    let subject = |consent: Value, more: Value| -> Subject {
        let mut whole = json!({"age": 29, "consents": [{
            "scope": "service", "type": "explicit", "given_at": "2025-01-01", "expires_at": "2027-01-01",
            "evidence_ref": "a", "destinations": ["SG"],
        }]});
        whole["consents"][0].as_object_mut().unwrap().extend(consent.as_object().unwrap().clone());
        whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(whole).unwrap()
    };
    let now = Some("2026-11-23T09:00:00Z".parse().unwrap());
    let withdrawn = json!({"withdrawn": [{"scope": "category:email", "at": "2026-01-01"}]});
    let none = json!({});
    for (consent, more, alike) in [
        (json!({"evidence_ref": "b"}), &none, true),
        (json!({"given_at": "2026-01-01"}), &none, true),
        (json!({"expires_at": "2028-01-01"}), &none, true),
        (json!({"expires_at": "2026-11-23T09:00:00Z"}), &none, false),
        (json!({"given_at": "2026-11-24"}), &none, false),
        (json!({"type": "separate_explicit"}), &none, false),
        (json!({"destinations": ["CN"]}), &none, false),
        (json!({"notice_ref": "n"}), &none, false),
        (json!({}), &json!({"age": 30}), false),
        (json!({}), &json!({"settings": {"cloud_sync": false}}), false),
        (json!({}), &withdrawn, false),
    ] {
        let (one, other) =
            (subject(json!({}), none.clone()), subject(consent.clone(), more.clone()));
        let same = Alike { subject: &one, now } == Alike { subject: &other, now };
        assert_eq!(same, alike, "{consent} {more}");
    }
    // Beside a withdrawal the time of a consent counts.
    let (one, other) = (
        subject(json!({}), withdrawn.clone()),
        subject(json!({"given_at": "2025-06-01"}), withdrawn),
    );
    assert!(Alike { subject: &one, now } != Alike { subject: &other, now });
}
