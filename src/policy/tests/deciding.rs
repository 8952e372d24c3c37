//! What small rule sets decide.

use serde_json::json;

use super::{
    language::{compile_rule, decide_with, rule},
    *,
};
use crate::domain::{Gap, GapCause, Part};

#[test]
fn what_no_rule_allows_is_blocked() {
    let (none, _) = compile_rule("layer: organisation\ntitle: None\n");
    let (allow, _) = compile_rule(&rule("    effect: allow\n"));
    let (annotate, _) = compile_rule(&rule("    annotate: [{name: seen}]\n"));
    for (set, expected) in
        [(none, Effect::Block), (allow, Effect::Allow), (annotate, Effect::Block)]
    {
        let set = set.unwrap();
        let over = json!({"purpose": "customer_support"});
        assert_eq!(decide_with(&set, &over, &[("/a", "email")]).0, expected);
        assert_eq!(decide_with(&set, &over, &[]).0, Effect::Allow);
    }
}

#[test]
fn what_could_not_be_read_is_not_taken_for_clean() {
    let set = shipped();
    let transfer = transfer(&json!({"purpose": "customer_support"}));
    let gap = Gap {
        part: Part::Body,
        coverage: Coverage::Opaque,
        cause: GapCause::UnknownMediaType,
        offset: 0,
    };
    for (coverage, gaps, expected) in [
        (Coverage::Full, &[][..], Effect::Allow),
        (Coverage::Partial, &[], Effect::Block),
        (Coverage::Opaque, &[], Effect::Block),
        (Coverage::Full, &[gap], Effect::Block),
    ] {
        let decision = set.decide(&transfer, &Findings::default(), coverage, gaps);
        assert_eq!(decision.effect, expected, "{coverage:?}");
        if expected == Effect::Block {
            assert!(ids(set, &decision).contains(&"ORG-01".to_owned()));
        }
    }
}

#[test]
fn an_unknown_destination_blocks() {
    let over = json!({"purpose": "customer_support", "destination": null});
    let (effect, by) = decide_with(shipped(), &over, &[("/a", "email")]);
    assert_eq!(effect, Effect::Block);
    assert!(by.contains(&"ORG-02".to_owned()), "{by:?}");
}

#[test]
fn a_rule_on_trial_changes_nothing_and_says_what_it_would_do() {
    let text = rule("    effect: allow\n")
        + "  - id: OWN-2\n    title: t\n    statute: s\n    reason: r.\n    effect: block\n    mode: warn\n";
    let (set, complaints) = compile_rule(&text);
    let set = set.unwrap_or_else(|| panic!("{complaints:?}"));
    let data = [("/a".to_owned(), "email".to_owned())];
    let transfer = transfer(&json!({"purpose": "customer_support"}));
    let decision = set.decide(&transfer, &findings(&data), Coverage::Full, &[]);
    assert_eq!(decision.effect, Effect::Allow);
    assert_eq!(
        decision.annotations,
        [Annotation { name: "would-block".into(), value: Some("OWN-2".into()) }]
    );
}

#[test]
fn the_stricter_of_two_redactions_of_one_field_is_done() {
    use crate::domain::Replacement;

    let text = rule("    effect: allow\n")
        + "  - id: OWN-2\n    title: t\n    statute: s\n    reason: r.\n    when: {data: [email]}\n    effect: redact\n    redact: {replacement: {kind: mask, keep_last: 4}}\n"
        + "  - id: OWN-3\n    title: t\n    statute: s\n    reason: r.\n    when: {data: [contact]}\n    effect: redact\n    redact: {replacement: {kind: hash}}\n";
    let (set, complaints) = compile_rule(&text);
    let set = set.unwrap_or_else(|| panic!("{complaints:?}"));
    let data = [("/a".to_owned(), "email".to_owned())];
    let transfer = transfer(&json!({"purpose": "customer_support"}));
    let decision = set.decide(&transfer, &findings(&data), Coverage::Full, &[]);
    assert_eq!(decision.redactions.len(), 1);
    assert_eq!(decision.redactions[0].replacement, Replacement::Hash);
}

#[test]
fn what_could_not_be_read_is_denied_where_no_rule_speaks_of_it() {
    for (coverage, effect, expected) in [
        ("    when: {coverage: [opaque, partial]}\n", "block", true),
        ("    when: {coverage: [opaque]}\n", "block", false),
        ("    when: {coverage: [opaque, partial]}\n", "allow", false),
        ("    when: {data: any}\n", "block", false),
    ] {
        let (set, complaints) = compile_rule(&rule(&format!("{coverage}    effect: {effect}\n")));
        let set = set.unwrap_or_else(|| panic!("{complaints:?}"));
        assert_eq!(set.judges_gaps, expected, "{coverage} {effect}");
        let transfer = transfer(&json!({"purpose": "customer_support"}));
        let decide = |coverage| set.decide(&transfer, &Findings::default(), coverage, &[]).effect;
        let (full, partial) = (decide(Coverage::Full), decide(Coverage::Partial));
        let of_all = if effect == "block" && coverage.contains("any") {
            Effect::Block
        } else {
            Effect::Allow
        };
        assert_eq!((full, partial), (of_all, Effect::Block), "{coverage} {effect}");
    }
}
