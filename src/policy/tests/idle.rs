//! What the compiler says of rules, lists and thresholds that can do nothing.

use super::language::{compile_rule, rule};

#[test]
fn a_rule_that_can_do_nothing_is_reported() {
    for (body, words) in [
        (
            "    when: {minor: true, all: [{minor: false}]}\n    effect: block\n",
            "`true` and another",
        ),
        ("    when: {verified: true, not: {verified: true}}\n    effect: block\n", "its own `not`"),
        (
            "    when: {purpose: backup, all: [{purpose: [messaging, feedback]}]}\n    effect: block\n",
            "both `purpose`s",
        ),
        (
            "    when: {purpose: backup, not: {purpose: [backup, feedback]}}\n    effect: block\n",
            "its own `not`",
        ),
        (
            "    when: {purpose: backup, purpose_not: backup}\n    effect: block\n",
            "excludes every `purpose`",
        ),
        (
            "    when: {destination: CN, any: [{destination: US}, {not: {destination: [CN, SG]}}]}\n    effect: block\n",
            "no alternative",
        ),
        (
            "    when: {exporter: {sector: bank}, not: {exporter: {sector: [bank, public]}}}\n    effect: block\n",
            "its own `not`",
        ),
        (
            "    when: {all: [{counter: {key: cn_ytd_ordinary, at_least: 9}}, {counter: {key: cn_ytd_ordinary, below: 9}}]}\n    effect: block\n",
            "no count",
        ),
        (
            "    when: {all: [{as_of: {until: 2026-01-01}}, {as_of: {from: 2026-01-01}}]}\n    effect: block\n",
            "do not meet",
        ),
        ("    when: {age_under: 0}\n    effect: block\n", "younger than 0"),
        ("    when: {data: [email], anonymous: true}\n    effect: allow\n", "`data` is personal"),
        ("    when: {data: []}\n    effect: block\n", "an empty list selects nothing"),
        (
            "    when: {purpose: backup, flag: occasional}\n    unless: {flag: [occasional, inbound]}\n    effect: block\n",
            "`unless` holds",
        ),
        (
            "    when: {age_under: 13}\n    require: {any: [{age_under: 16}, {verified: true}]}\n    effect: block\n",
            "never acts",
        ),
    ] {
        let (set, complaints) = compile_rule(&rule(body));
        assert!(set.is_none(), "{body}");
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(
            complaints[0].contains(words) && complaints[0].contains("own.yaml:8:"),
            "{body}{words} {complaints:?}"
        );
    }
    // What may hold is not complained about.
    for body in [
        "    when: {minor: true, not: {verified: true}}\n    effect: block\n",
        "    when: {purpose: [backup, feedback], purpose_not: backup}\n    effect: block\n",
        "    when: {any: [{destination: US}, {not: {destination: CN}}]}\n    effect: block\n",
        "    when: {data: [device_model], anonymous: true}\n    effect: allow\n",
        "    when: {age_under: 16}\n    require: {age_under: 13}\n    effect: block\n",
    ] {
        let (set, complaints) = compile_rule(&rule(body));
        assert!(set.is_some() && complaints.is_empty(), "{body} {complaints:?}");
    }
}

#[test]
fn a_list_that_names_nothing_is_an_error_wherever_it_stands() {
    for key in [
        "purpose: []",
        "purpose_not: []",
        "origin: []",
        "origin_subdivision: []",
        "remote_access: []",
        "recipient: {class: []}",
        "recipient: {class_not: []}",
        "recipient: {kind: []}",
        "recipient: {id: []}",
        "exporter: {role: []}",
        "exporter: {sector: []}",
        "exporter: {flag: []}",
        "flag: []",
        "cn_exempt: []",
        "coverage: []",
        "transport: []",
        "opt_out: []",
        "withdrawn: []",
        "observed: []",
        "meets: []",
        "data: []",
        "setting: {name: [], is: true}",
        "source_host: {hosts: []}",
        "collected_for: {services: []}",
        "legal_basis: {type: []}",
        "legal_basis: {has: []}",
        "mechanism: {type: []}",
        "consent: {scope: []}",
        "consent: {scope: service, type: []}",
        "consent: {scope: service, names: []}",
        "consent_on_file: {scope: []}",
        "linked: {identifiers: []}",
        "linked: {identifiers: [email], not_only: [[]]}",
        "linked: {identifiers: [email], beside: []}",
    ] {
        for body in [
            format!("    when: {{{key}}}\n    effect: block\n"),
            format!("    when: {{any: [{{verified: true}}, {{{key}}}]}}\n    effect: block\n"),
            format!("    require: {{{key}}}\n    effect: block\n"),
        ] {
            let (set, complaints) = compile_rule(&rule(&body));
            let told = complaints.join("\n");
            assert!(
                set.is_none() && told.contains("an empty list selects nothing"),
                "{body}{told}"
            );
            assert!(told.contains("own.yaml:8:"), "{told}");
        }
    }
}

#[test]
fn a_rule_from_which_nothing_follows_is_reported() {
    for (body, words) in [
        ("    effect:\n", "own.yaml:8:"),
        ("    when: {purpose: backup}\n    effect: ~\n", "own.yaml:9:"),
        ("    require: {verified: true}\n", "nothing follows when it is not met"),
        ("    require: {}\n    effect: block\n", "`require` of rule `OWN-1` asks for nothing"),
        ("    require: {mechanism: }\n    effect: block\n", "asks for nothing"),
        ("    unless: {}\n    effect: block\n", "`unless` of rule `OWN-1` asks for nothing"),
    ] {
        let (set, complaints) = compile_rule(&rule(body));
        assert!(set.is_none(), "{body}");
        assert!(complaints.join("\n").contains(words), "{body}{words} {complaints:?}");
    }
    for body in [
        "",
        "    when: {purpose: backup}\n",
        "    annotate: [{name: seen}]\n    require: {verified: true}\n",
    ] {
        let (set, complaints) = compile_rule(&rule(body));
        assert!(set.is_some() && complaints.is_empty(), "{body} {complaints:?}");
    }
}

/// A count that is not on file satisfies no bound, so that a threshold alone lets everything pass without one.
#[test]
fn a_threshold_that_nothing_counts_is_warned_about() {
    let file = |head: &str, body: &str| {
        format!(
            "layer: organisation\ntitle: Own\n{head}rules:\n  - id: OWN-1\n    title: t\n    statute: s\n    reason: r.\n{body}"
        )
    };
    let at_least = "counter: {key: smallest_cell, at_least: 3}";
    let counts = "counts:\n  - {counter: smallest_cell, of: person, window: {last: 12m}}\n";
    let defined =
        format!("definitions:\n  - name: many\n    title: t\n    condition: {{{at_least}}}\n");
    for (text, is_warned) in [
        (file("", &format!("    when: {{{at_least}}}\n    effect: block\n")), true),
        (file("", &format!("    when: {{data: [email], {at_least}}}\n    effect: redact\n")), true),
        (file("", &format!("    unless: {{not: {{{at_least}}}}}\n    effect: block\n")), true),
        (file("", &format!("    require: {{not: {{{at_least}}}}}\n    effect: block\n")), true),
        (file("", &format!("    unless: {{{at_least}}}\n    effect: allow\n")), true),
        (file(&defined, "    when: {meets: many}\n    effect: block\n"), true),
        // Without the count these hold against the transfer.
        (file("", &format!("    unless: {{{at_least}}}\n    effect: block\n")), false),
        (file("", &format!("    when: {{not: {{{at_least}}}}}\n    effect: block\n")), false),
        (file("", &format!("    when: {{{at_least}}}\n    effect: allow\n")), false),
        // Somebody counts, or has thought of it.
        (file(counts, &format!("    when: {{{at_least}}}\n    effect: block\n")), false),
        (
            file(
                "",
                &format!(
                    "    when: {{any: [{{{at_least}}}, {{counter: {{key: smallest_cell, known: false}}}}]}}\n    effect: block\n"
                ),
            ),
            false,
        ),
        (
            file(
                "",
                &format!(
                    "    when: {{{at_least}}}\n    effect: block\n    facts_unavailable: stated\n"
                ),
            ),
            false,
        ),
    ] {
        let (set, complaints) = compile_rule(&text);
        let told = complaints.join("\n");
        assert!(set.is_some(), "{text}{told}");
        let words = "`OWN-1` lets everything pass while `smallest_cell` is not on file";
        assert_eq!(told.contains(words), is_warned, "{text}{told}");
    }
}

#[test]
fn a_rule_in_the_shadow_of_another_is_warned_about() {
    let two = |first: &str, second: &str| {
        rule(&format!("{first}    effect: block\n"))
            + "  - id: OWN-2\n    title: t\n    statute: s\n    reason: r.\n"
            + second
            + "    effect: block\n"
    };
    for (wide, narrow) in [
        ("", ""),
        ("", "    when: {purpose: backup}\n"),
        ("    when: {purpose: [backup, feedback]}\n", "    when: {purpose: backup, minor: true}\n"),
        ("    when: {destination: EEA}\n", "    when: {destination: [DE, FR], origin: PK}\n"),
        (
            "    when: {data: [contact]}\n    require: {verified: true}\n",
            "    when: {data: [email]}\n    require: {verified: true}\n",
        ),
        (
            "    in_force: {from: 2025-01-01}\n",
            "    in_force: {from: 2026-01-01, until: 2027-01-01}\n",
        ),
    ] {
        let (set, complaints) = compile_rule(&two(wide, narrow));
        assert!(set.is_some());
        assert_eq!(complaints.len(), 1, "{wide}{narrow} {complaints:?}");
        assert!(complaints[0].contains("`OWN-2` never changes an answer"), "{complaints:?}");
    }
    for (one, other) in [
        ("    when: {purpose: backup}\n", "    when: {purpose: feedback}\n"),
        ("    when: {minor: true}\n", "    when: {purpose: backup}\n"),
        ("    require: {verified: true}\n", "    when: {purpose: backup}\n"),
        ("    unless: {flag: inbound}\n", "    when: {purpose: backup}\n"),
        ("    mode: warn\n", "    when: {purpose: backup}\n"),
        ("    in_force: {from: 2026-01-01}\n", "    in_force: {until: 2027-01-01}\n"),
        ("", "    restates: OWN-1\n    when: {purpose: backup}\n"),
    ] {
        let (set, complaints) = compile_rule(&two(one, other));
        assert!(set.is_some() && complaints.is_empty(), "{one}{other} {complaints:?}");
    }
}
