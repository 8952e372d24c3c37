//! The shipped rules over a table of transfers. A case names the tags a payload carries and where, so
//! that judging is tested without detecting.

use std::{path::Path, sync::OnceLock};

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::{
    domain::{
        Category, Coverage, Effect, Finding, Findings, Marks, PathNode, Sensitivity, Step,
        TagPattern, Taxonomy,
    },
    source::{Diagnostics, SourceFile, read},
};

mod counting;
mod coverage;
mod deciding;
mod explain;
mod idle;
mod language;
mod lists;
mod memory;
mod names;
mod properties;
mod schema;
mod trial;

/// What shipped rules name, without the rules.
fn files_of_names() -> Vec<SourceFile> {
    let is_of_names = |name: &str| {
        name == "purposes.yaml" || NAME_FOLDERS.iter().any(|folder| name.starts_with(folder))
    };
    rule_files().into_iter().filter(|file| is_of_names(&file.name)).collect()
}

/// What a transfer is where a case says nothing else.
fn base() -> Value {
    json!({
        "as_of": "2026-11-23T09:00:00Z",
        "origin": "PK",
        "destination": "SG",
        "exporter": {"role": "controller", "sector": "consumer_electronics"},
        "recipient": {"class": "first_party_facility", "id": "mi-dc-singapore"},
        "policy_versions": [{
            "id": "2019-03-18", "effective_from": "2019-03-18", "destinations": ["CN", "US", "SG"],
        }],
        "subject": {
            "age": 29,
            "minor": false,
            "consents": [{
                "scope": "service", "type": "explicit", "policy_version": "2019-03-18",
                "given_at": "2020-01-10T08:00:00Z",
            }],
            "verified": true,
        },
        "transport": "tls",
    })
}

pub(super) fn transfer(over: &Value) -> Transfer {
    let mut whole = base();
    if let Some(over) = over.as_object() {
        for (key, value) in over {
            match (key.as_str(), value.as_object()) {
                ("subject", Some(facts)) => {
                    for (fact, value) in facts {
                        whole["subject"][fact] = value.clone();
                    }
                }
                _ => whole[key] = value.clone(),
            }
        }
    }
    serde_json::from_value(whole).unwrap()
}

/// Findings at these pointers; one inside another is enclosed by it.
pub(super) fn findings(data: &[(String, String)]) -> Findings {
    let mut findings = Findings::default();
    let mut pointers: Vec<&str> = Vec::new();
    for (pointer, what) in data {
        let mut words = what.split(' ');
        let tag = taxonomy().tag(words.next().unwrap()).unwrap_or_else(|| panic!("{what}"));
        let mut marks = Marks::default();
        for word in words {
            match word {
                "third_party" => marks.third_party = true,
                "pseudonymous" => marks.pseudonymous = true,
                "container" => marks.container = true,
                _ => panic!("{what}"),
            }
        }
        let mut path = None;
        for step in pointer.split('/').skip(1) {
            let step = Step::Name(step.into());
            findings.nodes.push(PathNode { parent: path, step, personal: false });
            path = Some(u32::try_from(findings.nodes.len() - 1).unwrap());
        }
        let enclosing = pointers
            .iter()
            .rposition(|outer| pointer.strip_prefix(outer).is_some_and(|it| it.starts_with('/')))
            .map(|index| u32::try_from(index).unwrap());
        pointers.push(pointer);
        let path = path.unwrap_or(Findings::ROOT);
        findings.items.push(Finding { path, marks, enclosing, ..Finding::of_body(tag) });
    }
    findings
}

pub(super) fn taxonomy() -> &'static Taxonomy {
    #[derive(Deserialize)]
    struct File {
        categories: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        key: String,
        short: String,
        sensitivity: Sensitivity,
        #[serde(default)]
        identifier: bool,
        #[serde(default)]
        container: bool,
        #[serde(default)]
        covers: Vec<String>,
    }
    static TAXONOMY: OnceLock<Taxonomy> = OnceLock::new();
    TAXONOMY.get_or_init(|| {
        let mut diagnostics = Diagnostics::default();
        let file = rule_files()
            .into_iter()
            .find(|file| file.name == "taxonomy/categories.yaml")
            .expect("the taxonomy is shipped");
        let file: File = read(&file, &mut diagnostics).unwrap_or_else(|| panic!("{diagnostics}"));
        let categories = file.categories.into_iter().map(|entry| Category {
            key: entry.key,
            short: entry.short,
            title: String::new(),
            dpv: None,
            sensitivity: entry.sensitivity,
            identifier: entry.identifier,
            container: entry.container,
            covers: entry.covers.into_iter().map(TagPattern).collect(),
        });
        Taxonomy::new(categories.collect()).unwrap()
    })
}

/// The files under `rules/`.
pub(super) fn rule_files() -> Vec<SourceFile> {
    fn collect(folder: &Path, root: &Path, files: &mut Vec<SourceFile>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, files);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.push(SourceFile { name, text: std::fs::read_to_string(&path).unwrap() });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    files
}

pub(super) fn compile(files: &[SourceFile]) -> (Option<RuleSet>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let set = RuleSet::compile(files, taxonomy(), &mut diagnostics);
    (set, diagnostics)
}

pub(super) fn shipped() -> &'static RuleSet {
    static SET: OnceLock<RuleSet> = OnceLock::new();
    SET.get_or_init(|| {
        let (set, diagnostics) = compile(&rule_files());
        set.unwrap_or_else(|| panic!("{diagnostics}"))
    })
}

#[test]
fn the_shipped_rules_compile_without_a_complaint() {
    let (set, diagnostics) = compile(&rule_files());
    assert!(diagnostics.is_empty(), "{diagnostics}");
    assert!(set.is_some_and(|set| set.len() > 150));
}

pub(super) fn ids(set: &RuleSet, decision: &Decision) -> Vec<String> {
    decision.rules.iter().map(|rule| set.rule(*rule).id.clone()).collect()
}

/// The leaves of the findings a decision redacts, as pointers.
fn redacted(findings: &Findings, decision: &Decision) -> Vec<String> {
    let mut pointers: Vec<String> = decision
        .redactions
        .iter()
        .map(|it| findings.locator(&findings.items[it.finding as usize]))
        .collect();
    pointers.sort();
    pointers
}

#[test]
fn a_record_may_call_a_category_in_the_usual_ways() {
    let set = shipped();
    let short = |name: &str| set.find_tags(name).unwrap();
    for (called, name) in [
        ("phone_number", "phone"),
        ("phone-number", "phone"),
        ("PhoneNumber", "phone"),
        ("Email", "email"),
        ("dateOfBirth", "date_of_birth"),
        ("credit_card", "card"),
        ("religious_belief", "religion"),
        (".pk_cnic", "pk_cnic"),
        ("cnic", "pk_cnic"),
        ("aadhaar", "in_aadhaar"),
        ("User.Contact.Email", "email"),
    ] {
        assert_eq!(set.find_tags(called), Some(short(name)), "{called}");
    }
    // Both Singapore and Malaysia have one.
    for unknown in ["nric", "horoscope", ""] {
        assert_eq!(set.find_tags(unknown), None, "{unknown}");
    }
}

#[test]
fn a_withdrawal_nobody_understands_takes_back_everything() {
    for (scope, effect) in [
        ("all", Effect::Block),
        ("everything", Effect::Block),
        ("purposes:customer_support", Effect::Block),
        ("customer_support", Effect::Block),
        ("category:horoscope", Effect::Block),
        ("consent:crossborder", Effect::Block),
        ("purpose:direct-marketing", Effect::Block),
        ("recipient:MI-DC-Singapore", Effect::Block),
        ("category:phone_number", Effect::Redact),
        // Understood, and about something else.
        ("direct_marketing", Effect::Allow),
        ("consent:direct_marketing", Effect::Allow),
        ("purpose:direct_marketing", Effect::Allow),
        ("cloud_sync", Effect::Allow),
        ("recipient:elsewhere", Effect::Allow),
    ] {
        let over = json!({
            "purpose": "customer_support",
            "subject": {"withdrawn": [{"scope": scope, "at": "2026-05-01"}]},
        });
        let data = [("/name", "name"), ("/phone", "phone")]
            .map(|(path, tag)| (path.to_owned(), tag.to_owned()));
        let decision = shipped().decide(&transfer(&over), &findings(&data), Coverage::Full, &[]);
        assert_eq!(decision.effect, effect, "{scope}: {}", decision.reason);
    }
}

#[test]
fn a_consent_to_one_category_says_nothing_of_what_its_rule_does_not_ask_about() {
    let mechanisms = json!([{"type": "eu_scc", "id": "S"}, {"type": "eu_tia", "id": "T"}]);
    let data = [("/name", "name"), ("/diagnosis", "health"), ("/religion", "religion")]
        .map(|(path, tag)| (path.to_owned(), tag.to_owned()));
    for (categories, expected) in [
        (json!([]), vec![]),
        (json!(["health", "religion"]), vec![]),
        (json!(["health"]), vec!["/religion"]),
        (json!(["name"]), vec!["/diagnosis", "/religion"]),
    ] {
        let over = json!({
            "origin": "DE", "purpose": "backup", "mechanisms": mechanisms,
            "subject": {"consents": [{"scope": "sensitive", "type": "explicit", "categories": categories}]},
        });
        let findings = findings(&data);
        let decision = shipped().decide(&transfer(&over), &findings, Coverage::Full, &[]);
        assert_eq!(redacted(&findings, &decision), expected, "{categories}: {}", decision.reason);
    }
}

/// Whoever reads the record is to find every mechanism that the transfer rests on.
#[test]
fn however_many_mechanisms_are_listed_a_decision_names_those_it_rests_on() {
    let data = [("/name".to_owned(), "name".to_owned())];
    for unused in [0, 63, 64, 65, 200] {
        let mut mechanisms: Vec<Value> = (0..unused)
            .map(|number| json!({"type": "ch_scc", "id": format!("C{number}")}))
            .collect();
        mechanisms.push(json!({"type": "eu_scc", "id": "S"}));
        mechanisms.push(json!({"type": "eu_tia", "id": "T"}));
        let transfer =
            transfer(&json!({"origin": "DE", "purpose": "backup", "mechanisms": mechanisms}));
        let decision = shipped().decide_anew(&transfer, &findings(&data), Coverage::Full, &[]);
        assert_eq!(decision.effect, Effect::Allow, "after {unused}: {}", decision.reason);
        assert_eq!(decision.mechanisms, ["S", "T"], "after {unused}");
    }
}
