//! What the compiler says about rule files.

use super::*;

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
