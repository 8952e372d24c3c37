//! One decision: the shipped rules, and made-up sets of 100 and of 10,000 rules.
//!
//! Every transfer is put together afresh, outside of what is timed, and differs from the one before in its
//! purpose, its origin, its subject and the moment. What is warm is the worker: it has met each of these
//! transfers before, as it has on a route of the gateway, and remembers what came of it; the answer is
//! found by comparing the whole question. `anew` looks up nothing of that and judges by the rules, knowing
//! only which of them the circumstances leave open.
//!
//! The sketch before the number: a question of one subject and ten tags is some five hundred bytes in two
//! dozen pieces, read once into a row, and its answer is shared. Anew, some forty rules are looked at for a
//! few nanoseconds each, and half of what is left is the answer itself (its rules and annotations are owned).

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

#[path = "../tests/shipped/mod.rs"]
mod shipped;

use std::{fmt::Write as _, hint::black_box};

use bordergate::{
    domain::{Coverage, Finding, Findings, Region},
    engine::Engine,
    policy::{People, Person, Transfer},
    source::SourceFile,
};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

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
    let mut files: Vec<SourceFile> = shipped::files()
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
    let finding = |name: &&str| Finding::of_body(engine.taxonomy().tag(name).expect("a category"));
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

/// Transfers of one subject, in turn: what is asked for, whence, of whom and when are not the same twice
/// in a row.
fn transfers() -> Vec<Transfer> {
    let mut transfers = Vec::new();
    for (purpose, origin, age, hour) in [
        ("customer_support", "PK", 29, 9),
        ("order_fulfilment", "PK", 41, 10),
        ("customer_support", "IN", 33, 11),
        ("cloud_sync", "PK", 29, 12),
        ("service_activation", "VN", 52, 13),
        ("customer_support", "PK", 16, 14),
        ("find_device", "IN", 38, 15),
        ("statistics", "PK", 29, 16),
    ] {
        let transfer = format!(
            r#"{{"as_of": "2026-11-23T{hour:02}:00:00Z", "origin": "{origin}", "destination": "SG",
                "purpose": "{purpose}", "transport": "tls",
                "recipient": {{"class": "first_party_facility", "id": "mi-dc-singapore"}},
                "policy_versions": [{{"id": "2019-03-18", "effective_from": "2019-03-18",
                    "destinations": ["CN", "US", "SG"]}}],
                "subject": {{"age": {age}, "verified": true, "consents": [{{"scope": "service",
                    "type": "explicit", "given_at": "2020-01-{:02}T08:00:00Z"}}]}}}}"#,
            age % 28 + 1,
        );
        transfers.push(serde_json::from_str(&transfer).expect("a transfer"));
    }
    transfers
}

fn decide(criterion: &mut Criterion) {
    let transfers = transfers();
    let Some(transfer) = transfers.first() else { return };
    for from in ["decide", "anew"] {
        let mut group = criterion.benchmark_group(from);
        for (name, files) in [
            ("shipped", shipped::files()),
            ("100 rules", made_up(100)),
            ("10000 rules", made_up(10_000)),
        ] {
            let engine = shipped::engine_of(&files);
            let (rules, findings) = (engine.rules(), findings(&engine));
            let mut turn = transfers.iter().cycle();
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter_batched_ref(
                    || turn.next().cloned().unwrap_or_default(),
                    // Its end included: nobody keeps an answer.
                    |transfer| {
                        let transfer = black_box(&*transfer);
                        let decision = match from {
                            "decide" => rules.decide(transfer, &findings, Coverage::Full, &[]),
                            _ => rules.decide_anew(transfer, &findings, Coverage::Full, &[]),
                        };
                        black_box(&decision).effect
                    },
                    // As many as are in flight at once: no more than stay in the processor's cache.
                    BatchSize::NumIterations(16),
                );
            });
        }
        group.finish();
    }
    let engine = shipped::engine();
    let mut group = criterion.benchmark_group("batch of 1000");
    group.throughput(Throughput::Elements(1000));
    for (name, own_facts) in [("same facts", false), ("own facts", true)] {
        let (findings, people) = batch(&engine, own_facts);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                let transfer = black_box(transfer);
                engine.rules().decide_each(transfer, &people, &findings, Coverage::Full, &[])
            });
        });
    }
    group.finish();
    let files = made_up(10_000);
    criterion.bench_function("compile 10000 rules", |bencher| {
        bencher.iter(|| shipped::engine_of(&files))
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = decide
}
criterion_main!(benches);
