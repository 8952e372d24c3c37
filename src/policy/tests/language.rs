//! What the compiler says about rule files, and what small rule sets do.

use serde_json::json;

use super::*;
use crate::domain::{Gap, GapCause, Part};

/// The shipped names, and one rule file of our own.
pub(super) fn compile_rule(text: &str) -> (Option<RuleSet>, Vec<String>) {
    let mut files = files_of_names();
    files.push(SourceFile { name: "organisation/own.yaml".into(), text: text.into() });
    let (set, diagnostics) = compile(&files);
    (set, diagnostics.iter().map(ToString::to_string).collect())
}

pub(super) fn rule(body: &str) -> String {
    format!(
        "layer: organisation\ntitle: Own\nrules:\n  - id: OWN-1\n    title: t\n    statute: s\n    reason: r.\n{body}"
    )
}

#[test]
fn a_mistake_is_reported_with_its_line_and_a_remedy() {
    for (body, place, words) in [
        ("    effect: blok\n", "own.yaml:8:13", "`block`"),
        ("    when: {purpose: cloud_snyc}\n    effect: block\n", "own.yaml:8:21", "cloud_sync"),
        ("    when: {data: [emial]}\n    effect: block\n", "own.yaml:8:19", "email"),
        ("    when: {destination: [CN, ZZ]}\n    effect: block\n", "own.yaml:8:30", "`ZZ`"),
        ("    when: {destination: EEE}\n    effect: block\n", "own.yaml:8:25", "`EEE`"),
        ("    when: {destination: USA}\n    effect: block\n", "own.yaml:8:25", "mean `US`?"),
        ("    when: {destination: UK}\n    effect: block\n", "own.yaml:8:25", "mean `GB`?"),
        ("    when: {origin: [zaf]}\n    effect: block\n", "own.yaml:8:21", "mean `ZA`?"),
        (
            "    require: {mechanism: {type: br_scc, with: {modifed: {not: true}}}}\n    effect: block\n",
            "own.yaml:8:33",
            "did you mean `modified`?",
        ),
        (
            "    require: {mechanism: {type: tr_scc, with: {notified_at: {within: 5wd, of: sined_at}}}}\n    effect: block\n",
            "own.yaml:8:33",
            "mean `signed_at`?",
        ),
        (
            "    require: {mechanism: {type: eu_scc, with: {valid_until: {within: 60d}}}}\n    effect: block\n",
            "own.yaml:8:33",
            "`valid_until` is a member of every mechanism",
        ),
        (
            "    require: {mechanism: {type: eu_ssc}}\n    effect: block\n",
            "own.yaml:8:33",
            "eu_scc",
        ),
        (
            "    require: {consent: {scope: crossborder}}\n    effect: block\n",
            "own.yaml:8:32",
            "cross_border",
        ),
        (
            "    require: {consent: {scope: service, type: implied}}\n    effect: block\n",
            "own.yaml:8:47",
            "consent type",
        ),
        (
            "    when: {recipient: {class: first_party}}\n    effect: block\n",
            "own.yaml:8:31",
            "recipient class",
        ),
        ("    when: {opt_out: pusch}\n    effect: block\n", "own.yaml:8:21", "push"),
        (
            "    when: {setting: {name: cloudsync, is: true}}\n    effect: block\n",
            "own.yaml:8:28",
            "cloud_sync",
        ),
        ("    when: {flag: ocasional}\n    effect: block\n", "own.yaml:8:18", "occasional"),
        (
            "    when: {counter: {key: cn_ytd, at_least: 1}}\n    effect: block\n",
            "own.yaml:8:27",
            "counter",
        ),
        ("    when: {coverage: opake}\n    effect: block\n", "own.yaml:8:22", "opaque"),
        ("    exceptions: [OWN-2]\n    effect: block\n", "own.yaml:8:18", "OWN-2"),
        ("    exceptions: [OWN-1]\n    effect: block\n", "own.yaml:8:18", "no exception"),
        (
            "    in_force: {from: 2026-02-01, until: 2026-01-01}\n    effect: block\n",
            "own.yaml:8:15",
            "ends before",
        ),
        ("    effect: redact\n", "own.yaml:4:9", "does not say what"),
        (
            "    when: {origin: DE, origin_not: EEA}\n    effect: block\n",
            "own.yaml:8:11",
            "never fire",
        ),
        (
            "    when: {counter: {key: cn_ytd_ordinary, at_least: 9, below: 9}}\n    effect: block\n",
            "own.yaml:8:11",
            "never fire",
        ),
        ("    when: {anonymous: true}\n    effect: allow\n", "own.yaml:8:11", "never fire"),
        ("    when: {data: sensitive}\n    effect: block\n", "own.yaml:8:18", "sensitive"),
        ("    when: {meets: bulk}\n    effect: block\n", "own.yaml:8:19", "bulk"),
        ("    when: {observed: blocked}\n    effect: block\n", "own.yaml:4:9", "cannot redact"),
        (
            "    when: {data: [email]}\n    effect: redact\n    redact: {replacement: {kind: hash, keep_last: 4}}\n",
            "own.yaml:10:34",
            "`keep_last` does not go with `hash`",
        ),
        (
            "    require: {mechanism: {type: eu_scc, max_age: 3 years}}\n    effect: block\n",
            "own.yaml:8:50",
            "period",
        ),
        ("    efect: block\n", "own.yaml:8:5", "effect"),
    ] {
        let (set, complaints) = compile_rule(&rule(body));
        assert!(set.is_none(), "{body}");
        let text = complaints.join("\n");
        assert!(text.contains(place) && text.contains(words), "{body}{place} {words}\n{text}");
    }
}

#[test]
fn every_mistake_of_every_file_is_reported_in_one_pass() {
    let text = rule("    effect: block\n")
        + "  - id: OWN-1\n    title: t\n    statute: ''\n    reason: r.\n    when: {purpose: x, data: [y]}\n    effect: block\n";
    let (set, complaints) = compile_rule(&text);
    assert!(set.is_none());
    // The second rule: its empty statute, its purpose, its category, and its id.
    assert_eq!(complaints.len(), 4, "{complaints:?}");
}

/// The files of this room, each with `mistake` at its end; the places the complaints must be at.
fn with_mistakes(
    mistake: impl Fn(&str) -> Option<(&'static str, u32)>,
) -> (Vec<SourceFile>, Vec<String>) {
    let mut files = rule_files();
    let mut places = Vec::new();
    for file in &mut files {
        if ["taxonomy/", "detectors/", "tests/"].iter().any(|it| file.name.starts_with(it)) {
            continue;
        }
        if let Some((text, line)) = mistake(&file.name) {
            let lines = u32::try_from(file.text.lines().count()).unwrap();
            file.text = format!("{}\n{text}", file.text.trim_end());
            places.push(format!("{}:{}:", file.name, lines + line));
        }
    }
    (files, places)
}

#[test]
fn a_mistake_in_any_shipped_file_is_found_with_its_line() {
    let is_rules =
        |name: &str| ["law/", "policy/", "organisation/"].iter().any(|it| name.starts_with(it));
    // In every file at once: what is wrong in one hides nothing in another.
    type Mistake<'m> = &'m dyn Fn(&str) -> Option<(&'static str, u32)>;
    let mistakes: [Mistake<'_>; 4] = [
        &|_| Some(("zzz: 1\n", 1)),
        &|name| {
            is_rules(name)
                .then_some(("  - id: X-1\n    title: t\n    reason: r.\n    effect: block\n", 1))
        },
        &|name| {
            is_rules(name).then_some((
                "  - id: X-1\n    title: t\n    statute: s\n    reason: r.\n    when:\n      data: [nosuch]\n    effect: block\n",
                6,
            ))
        },
        &|name| {
            is_rules(name).then_some((
                "  - id: X-1\n    title: t\n    statute: s\n    reason: r.\n    when: {minor: true, not: {minor: true}}\n    effect: block\n",
                5,
            ))
        },
    ];
    for mistake in mistakes {
        let (files, places) = with_mistakes(mistake);
        let (set, diagnostics) = compile(&files);
        assert!(set.is_none() && places.len() > 30);
        let complaints: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        for place in places {
            assert!(
                complaints.iter().any(|it| it.starts_with(&place) && it.contains("error")),
                "{place}\n{diagnostics}"
            );
        }
    }
}

/// Whatever file is taken out or goes on, what is kept of the others makes the same set as reading all anew.
#[test]
fn a_set_that_keeps_what_did_not_change_is_the_one_that_is_read_anew() {
    let shown = |set: &Option<RuleSet>| {
        set.as_ref().map(|set| {
            let RuleSet { rules, infos, asleep, child_ages, known_origins, .. } = set;
            let told = (rules, infos, asleep, child_ages, known_origins);
            format!("{told:?}{:?}", (&set.people_only, &set.thresholds, &set.counters))
        })
    };
    let files = rule_files();
    let (before, _) = compile(&files);
    let before = before.unwrap();
    let rest = |name: &str| files.iter().filter(|file| file.name != name).cloned().collect();
    let with_line = |name: &str, line: &str| {
        let mut changed: Vec<SourceFile> = rest(name);
        let file = files.iter().find(|file| file.name == name).unwrap();
        changed.push(SourceFile { text: format!("{}\n{line}\n", file.text), ..file.clone() });
        changed
    };
    let own = "  - id: X-1\n    title: t\n    statute: s\n    reason: r.\n    effect: block";
    let mut changes: Vec<Vec<SourceFile>> = files
        .iter()
        .filter(|file| !file.name.starts_with("tests/"))
        .map(|file| rest(&file.name))
        .collect();
    changes.extend(["law/eu.yaml", "policy/use.yaml"].map(|name| with_line(name, own)));
    // The same words, and another meaning of them.
    let mut elsewhere = files.clone();
    let zones = elsewhere.iter_mut().find(|file| file.name == "zones/zones.yaml").unwrap();
    zones.text = zones.text.replace(" LI,", "");
    changes.push(elsewhere);
    for changed in changes {
        let (anew, said_anew) = compile(&changed);
        let mut said = Diagnostics::default();
        let kept = RuleSet::compile_after(Some((&before, &files)), &changed, taxonomy(), &mut said);
        assert_eq!(shown(&kept), shown(&anew));
        assert_eq!(said, said_anew);
    }
}

#[test]
fn what_only_two_files_together_show_is_told() {
    for (file, from, to, place, words) in [
        ("registers/vocabulary.yaml", "values: []", "values: [CN]", "", ""),
        (
            "registers/vocabulary.yaml",
            "{name: PK.critical_categories, title: \"Critical personal data under the Bill; not enacted\", values: []}",
            "{name: PK.critical_categories, title: t, values: [health, nosuch]}",
            "registers/vocabulary.yaml:74:",
            "list `PK.critical_categories` holds `nosuch`",
        ),
        (
            "law/eu.yaml",
            "{age: 13, regions: [BE,",
            "{age: 13, regions: [BE, FR,",
            "law/eu.yaml:13:",
            "`FR` is given two ages",
        ),
    ] {
        let mut files = rule_files();
        let text = &mut files.iter_mut().find(|it| it.name == file).unwrap().text;
        assert!(text.contains(from), "{from}");
        *text = text.replacen(from, to, 1);
        let (set, diagnostics) = compile(&files);
        assert_eq!(set.is_none(), !words.is_empty(), "{diagnostics}");
        let told = |it: &String| it.starts_with(place) && it.contains(words);
        let complaints: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        assert!(words.is_empty() || complaints.iter().any(told), "{words}\n{diagnostics}");
    }
}

#[test]
fn a_key_nobody_knows_hides_nothing_else_of_its_file() {
    let text = rule("    efect: block\n    effect: block\n    when: {purpose: cloud_snyc}\n")
        + "  - id: OWN-2\n    title: t\n    reason: r.\n    effect: block\n    when: {data: [emial]}\n";
    let (set, complaints) = compile_rule(&text);
    assert!(set.is_none());
    // A key, a purpose, a missing statute (which takes its rule along).
    assert_eq!(complaints.len(), 3, "{complaints:?}");
    for (complaint, words) in complaints.iter().zip(["efect", "cloud_sync", "statute"]) {
        assert!(complaints.iter().any(|it| it.contains(words)), "{words}: {complaint}");
    }
}

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

pub(super) fn decide_with(
    set: &RuleSet,
    over: &Value,
    data: &[(&str, &str)],
) -> (Effect, Vec<String>) {
    let data: Vec<(String, String)> =
        data.iter().map(|(at, what)| ((*at).to_owned(), (*what).to_owned())).collect();
    let decision = set.decide(&transfer(over), &findings(&data), Coverage::Full, &[]);
    let blocked_by = decision.blocked_by.iter().map(|it| set.rule(*it).id.clone()).collect();
    (decision.effect, blocked_by)
}

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
fn the_schema_names_the_keys_of_a_rule() {
    let schema = serde_json::to_string(&rules_schema()).unwrap();
    for key in
        ["statute", "in_force", "require", "exceptions", "destination_not", "names_recipient"]
    {
        assert!(schema.contains(&format!("\"{key}\"")), "{key}");
    }
}

#[test]
fn a_review_names_the_rules_whose_time_is_over() {
    let (set, _) = compile_rule(&rule("    in_force: {until: 2026-01-01}\n    effect: block\n"));
    let set = set.unwrap();
    // That it says nothing of what could not be read is told as well.
    for (now, count) in [("2025-12-31T23:59:59Z", 1), ("2026-01-01", 2)] {
        let mut diagnostics = Diagnostics::default();
        set.review(now.parse().unwrap(), &mut diagnostics);
        assert_eq!(diagnostics.len(), count, "{now}");
    }
    // One that says that its end is known is passed over, and those that are shipped all do.
    let kept =
        rule("    in_force: {until: 2026-01-01, keep_for_replay: true}\n    effect: block\n");
    for (set, count) in [(&compile_rule(&kept).0.unwrap(), 1), (shipped(), 0)] {
        let mut diagnostics = Diagnostics::default();
        set.review("2099-01-01".parse().unwrap(), &mut diagnostics);
        assert_eq!(diagnostics.len(), count, "{diagnostics:?}");
    }
    let (_, complaints) = compile_rule(&rule(
        "    in_force: {from: 2026-01-01, keep_for_replay: true}\n    effect: block\n",
    ));
    assert!(complaints.iter().any(|it| it.contains("nothing to keep")), "{complaints:?}");
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
