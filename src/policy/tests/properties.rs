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

fn any_transfer() -> impl Strategy<Value = Value> {
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

fn any_data() -> impl Strategy<Value = Vec<(String, String)>> {
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
        decision.reason.clone(),
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
        prop_assert_eq!(ask(), ask());
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
}
