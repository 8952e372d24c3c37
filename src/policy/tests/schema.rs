//! The schema that editors complete rule files by, against the files themselves, by a validator of JSON
//! Schema (2020-12).

use super::*;
use crate::policy::rules_schema;

fn validator() -> jsonschema::Validator {
    let schema = serde_json::to_value(rules_schema()).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn value(file: &SourceFile) -> Value {
    let mut diagnostics = Diagnostics::default();
    read(file, &mut diagnostics).unwrap_or_else(|| panic!("{diagnostics}"))
}

fn is_rule_file(file: &SourceFile) -> bool {
    ["law/", "agreement/", "policy/", "organisation/"].iter().any(|it| file.name.starts_with(it))
}

#[test]
fn every_shipped_rule_file_is_as_the_schema_says() {
    let validator = validator();
    let files: Vec<SourceFile> = rule_files().into_iter().filter(is_rule_file).collect();
    assert!(files.len() > 25, "{}", files.len());
    for file in &files {
        let value = value(file);
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}\n{}", file.name, errors.join("\n"));
    }
}

#[test]
fn what_the_compiler_does_not_read_the_schema_does_not_permit() {
    let validator = validator();
    let file = |text: &str| SourceFile { name: "organisation/own.yaml".into(), text: text.into() };
    const HEAD: &str =
        "layer: organisation\ntitle: Own\nrules:\n  - {id: X-1, title: t, statute: s, reason: r.";
    let sound = file(&format!("{HEAD}, when: {{data: email}}, effect: block}}\n"));
    assert!(validator.is_valid(&value(&sound)));
    for wrong in [
        format!("{HEAD}, efect: block}}\n"),
        format!("{HEAD}, effect: forbid}}\n"),
        format!("{HEAD}, effect: block, when: {{detsination: CN}}}}\n"),
        format!("{HEAD}, effect: block, when: {{counter: {{key: x, over: many}}}}}}\n"),
        format!("{HEAD}, effect: redact, redact: {{replacement: {{kind: shred}}}}}}\n"),
        format!(
            "{HEAD}, effect: block, require: {{consent: {{scope: service, type: spoken}}}}}}\n"
        ),
        "layer: country\ntitle: Own\nrules: []\n".to_owned(),
        "layer: law\ntitle: Own\nrule: []\n".to_owned(),
        "layer: law\ntitle: Own\nrules:\n  - {title: t, effect: block}\n".to_owned(),
    ] {
        let file = file(&wrong);
        assert!(compile(std::slice::from_ref(&file)).0.is_none(), "{wrong}");
        assert!(!validator.is_valid(&value(&file)), "{wrong}");
    }
}
