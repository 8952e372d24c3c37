//! Bytes a second through `Engine::scan` and `Engine::inspect`, beside parsers that only parse the same
//! buffer.
//!
//! The bodies: the files that JSON parsers are compared by, where `make data` has fetched them; a
//! user-and-order API answer of three sizes, made here from invented people with a fixed pattern and dense
//! in personal data; and 1 MiB of real webhook payloads.
//!
//! The sketch before the number: masks of 64 bytes cost about a cycle a byte, the walk some ten cycles a
//! turn of the grammar, of which there is one in seven to ten bytes; that is a little less than a tape
//! costs. A name costs a look-up, a value that is told some tens of nanoseconds, a finding about a hundred.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench stops at the first surprise"
)]

#[path = "../tests/shipped/mod.rs"]
mod shipped;

use std::{fmt::Write as _, hint::black_box, path::Path};

use bordergate::{
    domain::Limits,
    engine::{Message, Scratch},
    policy::Transfer,
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn engine(criterion: &mut Criterion) {
    let engine = shipped::engine();
    let transfer: Transfer = serde_json::from_str(
        r#"{"as_of": "2026-11-23T09:00:00Z", "origin": "PK", "destination": "SG", "purpose": "order_fulfilment",
            "transport": "tls", "recipient": {"class": "first_party_facility", "id": "mi-dc-singapore"},
            "policy_versions": [{"id": "2019-03-18", "effective_from": "2019-03-18", "destinations": ["CN", "US", "SG"]}],
            "subject": {"age": 29, "minor": false, "verified": true,
                "consents": [{"scope": "service", "type": "explicit", "given_at": "2020-01-10T08:00:00Z"}]}}"#,
    )
    .expect("a transfer");
    let limits = Limits::default();
    let mut group = criterion.benchmark_group("engine");
    for (name, body) in bodies() {
        let headers: [(&str, &[u8]); 1] = [("content-type", b"application/json")];
        let message = Message {
            method: "POST",
            target: "/v1/orders",
            headers: &headers,
            body: &body,
            client_region: None,
        };
        let mut scratch = Scratch::default();
        let verdict = engine.inspect(&message, transfer.clone(), &limits, &mut scratch);
        println!(
            "{name}: {} bytes, {} findings, coverage {}, outcome {}",
            body.len(),
            verdict.findings.items.len(),
            verdict.coverage.as_str(),
            verdict.decision.effect
        );
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(BenchmarkId::new("scan", name), |bencher| {
            bencher.iter(|| black_box(engine.scan(black_box(&message), &limits, &mut scratch)));
        });
        group.bench_function(BenchmarkId::new("inspect", name), |bencher| {
            bencher.iter(|| {
                black_box(engine.inspect(
                    black_box(&message),
                    transfer.clone(),
                    &limits,
                    &mut scratch,
                ))
            });
        });
        group.bench_function(BenchmarkId::new("serde_json value, parse only", name), |bencher| {
            bencher.iter(|| serde_json::from_slice::<serde_json::Value>(black_box(&body)).is_ok());
        });
        group.bench_function(BenchmarkId::new("serde_json visitor, parse only", name), |bencher| {
            bencher
                .iter(|| serde_json::from_slice::<serde::de::IgnoredAny>(black_box(&body)).is_ok());
        });
        // It parses in place, so each round pays for a copy; at memory speed that is little.
        let mut copy = body.clone();
        group.bench_function(BenchmarkId::new("simd-json tape, parse only", name), |bencher| {
            bencher.iter(|| {
                copy.copy_from_slice(&body);
                simd_json::to_tape(black_box(&mut copy)).is_ok()
            });
        });
    }
    group.finish();
}

fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let mut bodies = vec![
        ("orders 1 KiB", orders(1 << 10)),
        ("orders 16 KiB", orders(16 << 10)),
        ("orders 1 MiB", orders(1 << 20)),
    ];
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-data");
    for name in ["twitter.json", "citm_catalog.json", "github_events.json"] {
        match std::fs::read(data.join(name)) {
            Ok(bytes) => bodies.push((name, bytes)),
            Err(_) => println!("no {name}: `make data` fetches it"),
        }
    }
    match std::fs::read(data.join("webhooks.json")) {
        Ok(bytes) => bodies.push(("webhooks 1 MiB", excerpt(&bytes, 1 << 20))),
        Err(_) => println!("no webhooks: `make data` fetches them"),
    }
    bodies
}

/// Whole payloads of the file, in one array, up to `bytes_max`.
fn excerpt(file: &[u8], bytes_max: usize) -> Vec<u8> {
    let events: Vec<serde_json::Value> = serde_json::from_slice(file).expect("the webhooks");
    let mut body = Vec::new();
    let examples = events.iter().filter_map(|event| event.get("examples")?.as_array()).flatten();
    for example in examples {
        let text = example.to_string();
        if body.len() + text.len() + 2 > bytes_max {
            break;
        }
        body.push(if body.is_empty() { b'[' } else { b',' });
        body.extend_from_slice(text.as_bytes());
    }
    body.push(b']');
    body
}

/// What an order API sends, about as dense in keys and personal data as such bodies are.
fn orders(bytes_min: usize) -> Vec<u8> {
    let mut body = String::from("{\"page\":1,\"orders\":[");
    let mut number = 0_u64;
    while body.len() < bytes_min {
        if number > 0 {
            body.push(',');
        }
        let phone = 3_001_000_000 + number * 7_919 % 99_000_000;
        let _ = write!(
            body,
            "{{\"order_no\":\"MI-PK-20261109-{number:04}\",\"status\":\"paid\",\"created_at\":\"2026-11-09T10:{:02}:00Z\",\
             \"customer\":{{\"name\":\"Sana Khan\",\"email\":\"sana.k{number}@example.pk\",\"phone\":\"+92{phone}\",\"language\":\"ur-PK\"}},\
             \"ship_to\":{{\"address\":\"House {number}, Street 4, Gulshan\",\"city\":\"Karachi\",\"postal_code\":\"75300\",\"country\":\"PK\"}},\
             \"items\":[{{\"sku\":\"band-7\",\"title\":\"Smart Band 7\",\"quantity\":1,\"price\":{{\"amount\":\"{}.00\",\"currency\":\"PKR\"}}}}],\
             \"total\":{{\"amount\":\"{}.00\",\"currency\":\"PKR\"}},\"gift\":false,\"note\":null}}",
            number % 60,
            8_990 + number,
            9_240 + number,
        );
        number += 1;
    }
    body.push_str("]}");
    body.into_bytes()
}

criterion_group!(benches, engine);
criterion_main!(benches);
