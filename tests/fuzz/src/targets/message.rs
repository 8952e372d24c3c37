//! The engine with the rules that are shipped, and messages made of a fuzzer's bytes.

use std::{fs, path::Path};

use bordergate::{
    domain::{Finding, Format, Limits},
    engine::{Engine, Message, Scan, Scratch},
    redact::PseudonymKey,
    source::{Diagnostics, SourceFile},
};

/// What a body can be declared as; the first byte of an input chooses.
pub(super) const MEDIA_TYPES: &[(&str, Format)] = &[
    ("application/json", Format::Json),
    ("application/x-ndjson", Format::NdJson),
    ("application/x-www-form-urlencoded", Format::Form),
    ("application/xml", Format::Xml),
    ("text/csv", Format::Csv),
    ("text/tab-separated-values", Format::Tsv),
    ("multipart/form-data; boundary=cut", Format::Multipart),
    ("text/plain; charset=utf-8", Format::Text),
    ("application/graphql", Format::GraphQl),
    ("text/vcard", Format::VCard),
    ("application/yaml", Format::Yaml),
    ("application/toml", Format::Toml),
];

/// Small enough that a bomb is put down within one run of the fuzzer.
pub(super) fn limits() -> Limits {
    Limits {
        decoded_bytes_max: 1 << 20,
        fields_max: 20_000,
        findings_max: 2_000,
        ..Limits::default()
    }
}

/// The shipped taxonomy and detectors, and `rules` in place of the shipped law and policy.
pub(super) fn engine(rules: &str) -> Engine {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("rules"))
        .find(|folder| folder.is_dir())
        .expect("the shipped rules");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the shipped rules") {
            let path = entry.expect("the shipped rules").path();
            let name = path.strip_prefix(&root).expect("below rules").display().to_string();
            let decides = ["law", "policy", "organisation"].contains(&name.as_str());
            if path.is_dir() && !decides {
                folders.push(path);
            } else if name.ends_with(".yaml") {
                files.push(SourceFile { name, text: fs::read_to_string(&path).expect("UTF-8") });
            }
        }
    }
    files.push(SourceFile { name: "organisation/fuzz.yaml".into(), text: rules.into() });
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let mut diagnostics = Diagnostics::default();
    Engine::compile(&files, PseudonymKey::new(b"fuzz"), &mut diagnostics)
        .unwrap_or_else(|| panic!("{diagnostics}"))
}

/// Everything may go, and everything personal goes in this form.
pub(super) fn redacting(replacement: &str) -> String {
    format!(
        "
layer: organisation
title: Fuzz
rules:
  - id: F-ALLOW
    title: Everything may go
    statute: this test
    when: {{ data: any }}
    effect: allow
    reason: Everything may go.
  - id: F-REDACT
    title: Nothing personal
    statute: this test
    when: {{ data: [\"user.**\"] }}
    effect: redact
    redact: {{ replacement: {replacement} }}
    reason: Nothing personal.
"
    )
}

/// Scans twice, once with what is left of earlier messages and once with nothing, and checks that the
/// same is found and that it lies where it says. Documents that are known to hold nothing are not opened again,
/// so that layers may have other numbers.
pub(super) fn scan_twice(engine: &Engine, message: &Message<'_>, scratch: &mut Scratch) {
    let limits = limits();
    let first = engine.scan(message, &limits, scratch);
    let second = engine.scan(message, &limits, &mut Scratch::default());
    let told = |scan: &Scan<'_>| -> Vec<_> {
        let findings = &scan.findings;
        let one = |it: &Finding| {
            let place = (it.part, findings.locator(it), it.span, scan.bytes(it).to_vec());
            (it.tag, place, it.confidence, it.detector, it.marks)
        };
        findings.items.iter().map(one).collect()
    };
    assert_eq!(told(&first), told(&second), "the same bytes, other findings");
    assert_eq!(first.coverage, second.coverage, "the same bytes, another coverage");
    for finding in &first.findings.items {
        assert!(finding.span.start <= finding.span.end);
        assert_eq!(first.bytes(finding).len(), finding.span.len(), "a finding past the end");
        assert!(first.findings.locator(finding).len() <= 64 << 10, "a locator without end");
    }
}
