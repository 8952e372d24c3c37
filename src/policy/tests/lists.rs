//! Lists of destinations.

use serde_json::json;

use super::{
    language::{decide_with, rule},
    *,
};

/// The shipped names with a list of destinations, and a rule that keeps from going to them.
fn compile_list(values: &str) -> (Option<RuleSet>, Vec<String>) {
    let mut files = files_of_names();
    let own = rule(
        "    when: {in_list: {list: OWN.restricted, value: destination}}\n    effect: block\n",
    ) + "  - id: OWN-2\n    title: t\n    statute: s\n    reason: r.\n    effect: allow\n";
    let list = format!("lists:\n  - name: OWN.restricted\n    title: t\n    values:\n{values}");
    for (name, text) in [("organisation/own.yaml", own), ("registers/own.yaml", list)] {
        files.push(SourceFile { name: name.into(), text });
    }
    let (set, diagnostics) = compile(&files);
    (set, diagnostics.iter().map(ToString::to_string).collect())
}

#[test]
fn a_list_of_destinations_is_read_as_rules_read_them() {
    let blocks = |set: &RuleSet, over: Value| {
        let (effect, by) = decide_with(set, &over, &[("/a", "email")]);
        assert_eq!(effect == Effect::Block, by == ["OWN-1"], "{effect:?} {by:?}");
        effect == Effect::Block
    };
    for (values, destination, expected) in [
        ("    - US\n", "US", true),
        ("    - us\n", "US", true),
        ("    - US\n", "DE", false),
        ("    - EU\n", "DE", true),
        ("    - EU\n", "US", false),
        ("    - EU\n    - us\n", "US", true),
        ("    - any\n", "US", true),
    ] {
        let (set, complaints) = compile_list(values);
        let set = set.unwrap_or_else(|| panic!("{complaints:?}"));
        let over =
            json!({"purpose": "customer_support", "origin": "IN", "destination": destination});
        assert_eq!(blocks(&set, over), expected, "{values} {destination}");
    }
    for (values, line, remedy) in [
        ("    - CHN\n", 5, "did you mean `CN`?"),
        ("    - US\n    - UK\n", 6, "did you mean `GB`?"),
        ("    - US\n    - SG\n    - Germany\n", 7, "two letters"),
        ("    - ' US'\n", 5, "did you mean `US`?"),
    ] {
        let (set, complaints) = compile_list(values);
        let told = complaints.join("\n");
        assert!(set.is_none() && complaints.len() == 1, "{values} {told}");
        assert!(told.starts_with(&format!("registers/own.yaml:{line}:7: error: ")), "{told}");
        assert!(told.contains("neither an ISO 3166-1 alpha-2 code nor a zone"), "{told}");
        assert!(told.contains(remedy), "{told}");
    }
}

#[test]
fn what_a_transfer_puts_on_a_list_of_destinations_is_read_alike_and_known_to_be_none() {
    let (set, complaints) = compile_list("      []\n");
    let set = set.unwrap_or_else(|| panic!("{complaints:?}"));
    for (stated, destination, blocks, unknown) in [
        (json!(["us"]), "US", true, vec![]),
        (json!(["EU"]), "DE", true, vec![]),
        (json!(["SG", "EU"]), "US", false, vec![]),
        (json!(["CHN", "US", "UK"]), "US", true, vec!["CHN", "UK"]),
    ] {
        let over = json!({
            "purpose": "customer_support", "origin": "IN", "destination": destination,
            "config": {"OWN.restricted": stated, "OWN.other": ["CHN"]},
        });
        let (effect, _) = decide_with(&set, &over, &[("/a", "email")]);
        assert_eq!(effect == Effect::Block, blocks, "{over}");
        let transfer = transfer(&over);
        let told: Vec<&str> = set.unknown_destinations(&transfer).map(|(_, name)| name).collect();
        assert_eq!(told, unknown);
        let named = set.unknown(&transfer);
        assert!(unknown.iter().all(|name| named.contains(&format!("destination:{name}").into())));
    }
}

#[test]
fn a_sector_or_flag_of_the_exporter_that_no_rule_knows_is_told() {
    let set = shipped();
    for (exporter, unknown) in [
        (json!({"sector": "bank", "flags": ["in_sdf", "workload:checkout"]}), &[][..]),
        (json!({"sector": "consumer_electronics", "flags": ["IN-SDF"]}), &[]),
        (json!({"sector": "telecoms_licensee"}), &["sector:telecoms_licensee"]),
        (json!({"flags": ["in_sfd"]}), &["exporter_flag:in_sfd"]),
    ] {
        let transfer = transfer(&json!({"exporter": exporter}));
        assert_eq!(set.unknown(&transfer), unknown, "{exporter}");
    }
}
