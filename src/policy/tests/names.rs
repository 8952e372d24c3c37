//! What rules may name, declared in files of one's own.

use serde_json::json;

use super::{
    language::{decide_with, rule},
    *,
};

#[test]
fn a_member_that_no_register_declares_is_told_and_may_be_declared() {
    let body = "    require: {mechanism: {type: acme_contract, with: {seal: true, status: {not: x}}}}\n    effect: block\n";
    let mut files = files_of_names();
    files.push(SourceFile { name: "organisation/own.yaml".into(), text: rule(body) });
    for (entry, expected) in [
        ("{name: acme_contract, title: t}", "`acme_contract` says `seal`, as far as"),
        ("{name: acme_contract, title: t, members: [seal]}", ""),
        ("{name: acme_contract, title: t, members: [seel]}", "did you mean `seel`?"),
    ] {
        let text = format!("mechanisms:\n  - {entry}\n");
        let mut files = files.clone();
        files.push(SourceFile { name: "registers/own.yaml".into(), text });
        let (set, diagnostics) = compile(&files);
        let told = diagnostics.to_string();
        assert_eq!(set.is_none(), expected.starts_with("did"), "{told}");
        assert!(told.contains(expected) && told.is_empty() == expected.is_empty(), "{told}");
    }
}

#[test]
fn purposes_of_ones_own_stand_beside_the_shipped_ones() {
    let own = |purpose: &str| {
        let mut files = rule_files();
        let text = format!(
            "groups:\n  - {{name: warranty_set, categories: [serial, order_number]}}\npurposes:\n  - {purpose}\n"
        );
        files.push(SourceFile { name: "purposes/own.yaml".into(), text });
        let body = "    when: {purpose: warranty_check}\n    effect: block\n";
        files.push(SourceFile { name: "organisation/own.yaml".into(), text: rule(body) });
        let (set, diagnostics) = compile(&files);
        (set, diagnostics.to_string())
    };
    let (set, told) = own(
        "{id: warranty_check, title: Warranty, use: essential.service, permit: [warranty_set], recipients: [affiliate]}",
    );
    assert!(told.is_empty(), "{told}");
    assert!(set.unwrap().purposes().any(|purpose| purpose == "warranty_check"));
    for (purpose, expected) in [
        (
            "{id: cloud_sync, title: t, use: u, permit: [serial]}",
            "purpose `cloud_sync` is declared twice",
        ),
        ("{id: warranty_check, title: t, use: u, permit: [seriall]}", "did you mean `serial`?"),
        ("{id: warranty_check, title: t, use: u, allow: [serial]}", "unknown key `allow`"),
    ] {
        let (set, told) = own(purpose);
        assert!(set.is_none() && told.contains(expected), "{told}");
        assert!(told.contains("purposes/own.yaml:4:"), "{told}");
    }
}

#[test]
fn zones_may_name_others_in_any_order() {
    let compiled = |text: &str| {
        let mut files = rule_files();
        files.push(SourceFile { name: "zones/a.yaml".into(), text: text.into() });
        let own = rule("    when: {origin: NL, destination: OUTER}\n    effect: block\n");
        files.push(SourceFile { name: "organisation/own.yaml".into(), text: own });
        compile(&files)
    };
    let (set, diagnostics) = compiled(
        "zones:\n  - {id: OUTER, title: t, members: [INNER, EEA]}\n  - {id: INNER, title: t, members: [IN]}\n",
    );
    assert!(diagnostics.is_empty(), "{diagnostics}");
    let set = set.unwrap();
    let blocks = |destination: &str| {
        let over = json!({"origin": "NL", "destination": destination});
        let (_, blocked_by) = decide_with(&set, &over, &[("/name", "name")]);
        blocked_by.contains(&"OWN-1".to_owned())
    };
    assert!(blocks("IN") && blocks("FR") && !blocks("BR"));
    let (set, diagnostics) = compiled(
        "zones:\n  - {id: OUTER, title: t, members: [INNER]}\n  - {id: INNER, title: t, members: [IN, OUTER]}\n",
    );
    let told = diagnostics.to_string();
    assert!(set.is_none() && told.contains("zones/a.yaml:2:"), "{told}");
    assert!(told.contains("zone `OUTER` is a member of itself"), "{told}");
}
