//! One decision, warm: the shipped rules, and made-up sets of 100 and of 10,000 rules.
//!
//! The sketch before the number: four rows of bits are joined to find the rules that may apply, and some
//! forty of them are looked at for a few nanoseconds each; half of what is left is the answer itself
//! (its rules, annotations and reason are owned). Ten thousand rules are 157 words a row, so joining
//! them costs about a tenth of a microsecond more than joining two words.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

use std::{fmt::Write as _, hint::black_box};

use bordergate::{
    control::RulesSource,
    domain::{
        Confidence, Coverage, DetectorId, Finding, Findings, LayerId, Marks, Part, Region, Span,
    },
    engine::Engine,
    policy::{People, Person, Transfer},
    redact::PseudonymKey,
    source::{Diagnostics, SourceFile},
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// As in the gateway.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The categories of the subject's fields, ten of them.
const TAGS: [&str; 10] = [
    "name",
    "phone",
    "email",
    "account_id",
    "order_number",
    "imei",
    "device_model",
    "os",
    "date_of_birth",
    "ip_address",
];

fn shipped() -> Vec<SourceFile> {
    RulesSource::Embedded.load(&mut Diagnostics::default()).files
}

fn compile(files: &[SourceFile]) -> Engine {
    let mut diagnostics = Diagnostics::default();
    Engine::compile(files, PseudonymKey::new(b"a key of the bench"), &mut diagnostics)
        .expect("the rules compile")
}

/// As many rules over origins, destinations, purposes and categories, beside the shipped names; two or
/// three of them are about the transfer.
fn made_up(count: usize) -> Vec<SourceFile> {
    const ORIGINS: [&str; 24] = [
        "PK", "IN", "CN", "SG", "US", "DE", "GB", "CH", "RU", "ID", "VN", "BR", "JP", "KR", "TR",
        "SA", "AE", "TH", "MY", "PH", "MX", "ZA", "NG", "EG",
    ];
    const DESTINATIONS: [&str; 16] = [
        "SG", "CN", "US", "DE", "FR", "GB", "JP", "KR", "IN", "BR", "CA", "AU", "HK", "TW", "IE",
        "NL",
    ];
    const PURPOSES: [&str; 25] = [
        "customer_support",
        "account_setup",
        "identity_verification",
        "order_fulfilment",
        "order_delivery",
        "parcel_tracking",
        "forum_participation",
        "service_activation",
        "cloud_sync",
        "find_device",
        "photo_location",
        "messaging",
        "location_service",
        "security_scan",
        "push_service",
        "feedback",
        "service_notice",
        "direct_marketing",
        "web_analytics",
        "interest_advertising",
        "mobile_analytics",
        "statistics",
        "backup",
        "subject_access",
        "personalised_recommendation",
    ];
    const HEAD: &str = "layer: organisation\ntitle: Made up\nrules:\n";
    // Nobody keeps ten thousand rules in one file.
    const RULES_OF_A_FILE: usize = 250;
    let mut texts = vec![HEAD.to_owned()];
    for number in 0..count {
        if number > 0 && number % RULES_OF_A_FILE == 0 {
            texts.push(HEAD.to_owned());
        }
        let Some(text) = texts.last_mut() else { continue };
        let pick = |list: &[&'static str], step: usize| {
            list.get(number / step % list.len()).copied().unwrap_or("PK")
        };
        let _ = writeln!(
            text,
            "  - {{id: X-{number:05}, title: t, statute: s, reason: r., effect: redact, \
             when: {{origin: {}, destination: {}, purpose: {}, data: {}}}, \
             require: {{consent: {{scope: cross_border, names: destination}}}}}}",
            pick(&ORIGINS, 1),
            pick(&DESTINATIONS, 24),
            pick(&PURPOSES, 384),
            pick(&TAGS, 7),
        );
    }
    texts.push(HEAD.to_owned());
    let Some(text) = texts.last_mut() else { return Vec::new() };
    let _ = writeln!(text, "  - {{id: X-allow, title: t, statute: s, reason: r., effect: allow}}");
    let mut files: Vec<SourceFile> = shipped()
        .into_iter()
        .filter(|file| {
            !["law/", "policy/", "organisation/"].iter().any(|it| file.name.starts_with(it))
        })
        .collect();
    files.extend(texts.into_iter().enumerate().map(|(number, text)| SourceFile {
        name: format!("organisation/made-up-{number}.yaml"),
        text,
    }));
    files
}

fn findings(engine: &Engine) -> Findings {
    let finding = |name: &&str| Finding {
        tag: engine.taxonomy().tag(name).expect("a category"),
        part: Part::Body,
        layer: LayerId(0),
        path: Findings::ROOT,
        span: Span::default(),
        value: Span::default(),
        member: Span::default(),
        kind: None,
        confidence: Confidence(100),
        detector: DetectorId(0),
        marks: Marks::default(),
        enclosing: None,
        region: None,
    };
    Findings { items: TAGS.iter().map(finding).collect(), nodes: Vec::new() }
}

/// A batch of a thousand people with ten fields each; with facts of their own, or with those of the
/// transfer.
fn batch(engine: &Engine, own_facts: bool) -> (Findings, People) {
    let one = findings(engine);
    let mut all = Findings::default();
    let mut people = People { people: vec![Person::default()], of: Vec::new() };
    for number in 1..=1000_u32 {
        all.items.extend(one.items.iter().copied());
        people.of.extend(one.items.iter().map(|_| number));
        let facts = own_facts.then(|| {
            serde_json::from_str(&format!(
                r#"{{"age": 29, "verified": true, "consents": [{{"scope": "service", "type": "explicit",
                    "evidence_ref": "form {number}", "given_at": "2020-01-10T08:00:00Z"}}]}}"#
            ))
            .expect("facts")
        });
        people.people.push(Person {
            record: Some(number),
            origins: vec![Region::new(*b"PK")],
            origin_subdivision: None,
            facts,
        });
    }
    (all, people)
}

fn decide(criterion: &mut Criterion) {
    let transfer: Transfer = serde_json::from_str(
        r#"{"as_of": "2026-11-23T09:00:00Z", "origin": "PK", "destination": "SG", "purpose": "customer_support",
            "transport": "tls", "recipient": {"class": "first_party_facility", "id": "mi-dc-singapore"},
            "policy_versions": [{"id": "2019-03-18", "effective_from": "2019-03-18", "destinations": ["CN", "US", "SG"]}],
            "subject": {"age": 29, "minor": false, "verified": true,
                "consents": [{"scope": "service", "type": "explicit", "given_at": "2020-01-10T08:00:00Z"}]}}"#,
    )
    .expect("a transfer");
    let mut group = criterion.benchmark_group("decide");
    for (name, files) in
        [("shipped", shipped()), ("100 rules", made_up(100)), ("10000 rules", made_up(10_000))]
    {
        let engine = compile(&files);
        let findings = findings(&engine);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                engine.rules().decide(black_box(&transfer), &findings, Coverage::Full, &[])
            });
        });
    }
    group.finish();
    let engine = compile(&shipped());
    let mut group = criterion.benchmark_group("batch of 1000");
    group.throughput(Throughput::Elements(1000));
    for (name, own_facts) in [("same facts", false), ("own facts", true)] {
        let (findings, people) = batch(&engine, own_facts);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                let transfer = black_box(&transfer);
                engine.rules().decide_each(transfer, &people, &findings, Coverage::Full, &[])
            });
        });
    }
    group.finish();
    let files = made_up(10_000);
    criterion.bench_function("compile 10000 rules", |bencher| bencher.iter(|| compile(&files)));
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = decide
}
criterion_main!(benches);
