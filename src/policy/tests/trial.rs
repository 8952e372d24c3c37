//! The tables under `rules/tests`, and what is said of tables that are wrong.

use super::*;
use crate::policy::Trial;

fn trial(files: &[SourceFile]) -> (Option<Trial>, String) {
    let mut diagnostics = Diagnostics::default();
    let trial = Trial::new(files, taxonomy(), &mut diagnostics);
    (trial, diagnostics.to_string())
}

pub(super) fn shipped_trial() -> &'static Trial {
    static TRIAL: OnceLock<Trial> = OnceLock::new();
    TRIAL.get_or_init(|| {
        let (trial, diagnostics) = trial(&rule_files());
        trial.unwrap_or_else(|| panic!("{diagnostics}"))
    })
}

#[test]
fn every_shipped_row_is_decided_as_written() {
    let report = shipped_trial().run();
    let failed: Vec<String> = report
        .rows
        .iter()
        .filter(|row| !row.passed())
        .map(|row| {
            format!("{}:{} {}\n    {}", row.file, row.line, row.name, row.complaints.join("\n    "))
        })
        .collect();
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
    assert!(report.rows.len() > 900, "{}", report.rows.len());
}

#[test]
fn every_shipped_rule_acts_and_every_condition_is_tried_both_ways() {
    let coverage = shipped_trial().run().coverage;
    let mut untried: Vec<String> = coverage
        .rules
        .iter()
        .filter(|it| !it.is_full())
        .map(|it| format!("{}:{} {} never acts", it.file, it.line, it.id))
        .collect();
    untried.extend(coverage.conditions.iter().filter(|it| !it.is_full()).map(|it| {
        format!(
            "{}:{} {} {} `{}` holds in {} rows, does not in {}",
            it.file, it.line, it.of, it.section, it.words, it.held.rows, it.failed.rows
        )
    }));
    assert!(untried.is_empty(), "{} untried\n{}", untried.len(), untried.join("\n"));
}

/// A rule of one's own, and rows over it.
fn own(rows: &str) -> (Option<Trial>, String) {
    let mut files: Vec<SourceFile> = rule_files()
        .into_iter()
        .filter(|file| {
            ["purposes.yaml", "law/jp.yaml", "law/eu.yaml"].contains(&file.name.as_str())
                || file.name.starts_with("zones/")
                || file.name.starts_with("registers/")
        })
        .collect();
    files.push(SourceFile {
        name: "organisation/unread.yaml".into(),
        text: "layer: law\ntitle: Unread\nrules:\n  - {id: UNREAD, title: t, statute: s, reason: r., effect: block, when: {data: any, coverage: opaque}}\n".into(),
    });
    files.push(SourceFile { name: "tests/own.yaml".into(), text: rows.into() });
    trial(&files)
}

const HEAD: &str = "\
title: Own
defaults: {as_of: 2026-11-23, origin: JP, destination: CN, purpose: customer_support, data: name}
facts:
  told: {subject: {consents: [{scope: cross_border, type: explicit, notice_ref: n}]}}
down_to: law
rows:
";

#[test]
fn a_mistake_in_a_table_is_reported_with_its_line_and_a_remedy() {
    for (row, place, words) in [
        ("  - {expcet: block}\n", "tests/own.yaml:7:6", "did you mean `expect`?"),
        ("  - {with: [tolld], expect: block}\n", "tests/own.yaml:7:13", "did you mean `told`?"),
        ("  - {data: emial, expect: block}\n", "tests/own.yaml:7:12", "did you mean `email`?"),
        ("  - {data: [name strange], expect: block}\n", "tests/own.yaml:7:13", "third_party"),
        ("  - {expect: blok}\n", "tests/own.yaml:7:14", "`blok`"),
        ("  - {origin: DE}\n", "tests/own.yaml:7", "add `expect: allow`"),
        ("  - {origin: Germany, expect: block}\n", "tests/own.yaml:7:5", "`Germany`"),
        ("  - {coverage: most, expect: block}\n", "tests/own.yaml:7:16", "`most`"),
        (
            "  - {ocasional: true, expect: block}\n",
            "tests/own.yaml:7:6",
            "did you mean `occasional`?",
        ),
    ] {
        let (trial, complaints) = own(&format!("{HEAD}{row}"));
        assert!(trial.is_none(), "{row}");
        assert!(complaints.contains(place) && complaints.contains(words), "{row}{complaints}");
    }
}

/// A rule of one's own is tried without a whole lawful context.
#[test]
fn a_table_may_be_judged_by_one_layer_alone() {
    let own = |head: &str, rule: &str| {
        let file = |name: &str, text: String| SourceFile { name: name.into(), text };
        let mut files: Vec<SourceFile> = rule_files();
        files.retain(|file| !file.name.starts_with("tests/"));
        files.push(file(
            "organisation/own.yaml",
            format!("layer: organisation\ntitle: Own\nrules:\n  - {{id: OWN, title: t, statute: s, reason: r., effect: block, when: {{data: mac}}{rule}}}\n"),
        ));
        files.push(file(
            "tests/own.yaml",
            format!("title: Own\n{head}\nrows:\n  - {{name: a, origin: JP, destination: CN, data: mac, expect: block, by: OWN}}\n  - {{name: b, origin: JP, destination: CN, data: name, expect: allow}}\n"),
        ));
        trial(&files)
    };
    let passed = |head: &str| {
        let (trial, complaints) = own(head, "");
        let report = trial.unwrap_or_else(|| panic!("{complaints}")).run();
        report.rows.iter().map(|row| row.passed()).collect::<Vec<_>>()
    };
    assert_eq!(passed("only: organisation"), [true, true]);
    assert_eq!(passed(""), [false, false]);
    for (head, rule, words) in [
        ("only: organisation\ndown_to: law", "", "cannot stand together"),
        ("only: organization", "", "unknown value `organization`"),
        ("only: organisation", ", exceptions: [JR-00-01]", "try them with `down_to`"),
    ] {
        let (trial, complaints) = own(head, rule);
        assert!(trial.is_none() && complaints.contains(words), "{head}: {complaints}");
    }
}

#[test]
fn what_comes_otherwise_is_told() {
    for (row, words) in [
        ("{expect: allow}", "expected allow, was block by JR-JP-01"),
        ("{expect: block, by: JR-JP-02}", "expected by JR-JP-02, was by JR-JP-01"),
        ("{expect: block, rules: JR-JP-02}", "`JR-JP-02` had no say"),
        ("{expect: block, not_rules: JR-JP-01}", "`JR-JP-01` had a say"),
        ("{expect: allow, with: told, annotations: sealed}", "annotation `sealed` is missing"),
        (
            "{expect: redact, with: told, data: [name, health], redacted: /name}",
            "expected to redact [/name], redacted [/health]",
        ),
        ("{expect: block, reason: Because.}", "expected the reason `Because.`"),
    ] {
        let (trial, complaints) = own(&format!("{HEAD}  - {row}\n"));
        let report = trial.unwrap_or_else(|| panic!("{complaints}")).run();
        let told = report.rows[0].complaints.join("\n");
        assert!(told.contains(words), "{row}\n{told}");
    }
    for row in [
        "{expect: block, by: JR-JP-01}",
        "{expect: allow, with: told, rules: JR-JP-01}",
        "{expect: redact, with: told, data: {/a/b: health, /n: name}, redacted: /a/b, by: JR-JP-03}",
        "{expect: block, coverage: opaque, data: []}",
    ] {
        let (trial, complaints) = own(&format!("{HEAD}  - {row}\n"));
        let report = trial.unwrap_or_else(|| panic!("{complaints}")).run();
        assert!(report.rows[0].passed(), "{row} {:?}", report.rows[0].complaints);
    }
}

/// Each person of a row has their own origin and facts.
#[test]
fn a_row_may_be_about_several_people() {
    let (trial, complaints) = own(&format!(
        "{HEAD}  - {{people: [{{record: /a, origin: JP}}, {{record: /b, origin: DE}}], data: {{/a/name: name, /b/health: health}}, expect: block, by: [JR-JP-01, JR-EU-04]}}\n"
    ));
    let report = trial.unwrap_or_else(|| panic!("{complaints}")).run();
    assert!(report.rows[0].passed(), "{:?}", report.rows[0].complaints);
}

/// A condition is tried where it makes the difference, and only there.
#[test]
fn coverage_counts_what_makes_the_difference() {
    let mut files = files_of_names();
    let rule = "layer: organisation\ntitle: Own\nrules:\n  - id: OWN-1\n    title: t\n    statute: s\n    reason: r.\n    effect: block\n    when: {origin: DE, destination: CN}\n    require: {any: [{flag: occasional}, {flag: contract_necessity}]}\n";
    files.push(SourceFile { name: "organisation/own.yaml".into(), text: rule.into() });
    let tried = |rows: &str| {
        let mut files = files.clone();
        files.push(SourceFile {
            name: "tests/own.yaml".into(),
            text: format!("title: t\ndefaults: {{data: name}}\nrows:\n{rows}"),
        });
        let (trial, complaints) = trial(&files);
        let coverage = trial.unwrap_or_else(|| panic!("{complaints}")).run().coverage;
        let conditions: Vec<(String, bool, bool)> = coverage
            .conditions
            .iter()
            .map(|it| (it.words.clone(), it.held.is_tried(), it.failed.is_tried()))
            .collect();
        (coverage.rules[0].acted.rows, coverage.rules[0].rested.rows, conditions)
    };
    let of = |conditions: &[(bool, bool); 4]| -> Vec<(String, bool, bool)> {
        ["origin: DE", "destination: CN", "flag: occasional", "flag: contract_necessity"]
            .iter()
            .zip(conditions)
            .map(|(words, (held, failed))| ((*words).to_owned(), *held, *failed))
            .collect()
    };
    // Neither origin nor destination is right: neither alone makes the difference.
    assert_eq!(
        tried("  - {origin: JP, destination: US, expect: block}\n"),
        (0, 0, of(&[(false, false); 4]))
    );
    assert_eq!(
        tried("  - {origin: JP, destination: CN, expect: block}\n"),
        (0, 0, of(&[(false, true), (false, false), (false, false), (false, false)]))
    );
    assert_eq!(
        tried("  - {origin: DE, destination: CN, expect: block}\n"),
        (1, 0, of(&[(true, false), (true, false), (false, true), (false, true)]))
    );
    // With both flags neither makes the difference.
    assert_eq!(
        tried(
            "  - {origin: DE, destination: CN, occasional: true, contract_necessity: true, expect: block}\n"
        ),
        (0, 1, of(&[(true, false), (true, false), (false, false), (false, false)]))
    );
    assert_eq!(
        tried("  - {origin: DE, destination: CN, occasional: true, expect: block}\n"),
        (0, 1, of(&[(true, false), (true, false), (true, false), (false, false)]))
    );
}
