//! Bytes a second through `Engine::scan` of what is no JSON, beside readers of the same format that only read it,
//! and beside a search for the value patterns alone; what a body in gzip costs beyond the plain one; and what
//! field-name tables of ten times the size cost.
//!
//! The sketch before the number: a log holds a number or a label every six bytes, and each is looked at, so that
//! bytes are not what counts; a cell of CSV, a value of a form and an element of XML are told one by one, at some
//! tens of nanoseconds each.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench stops at the first surprise"
)]

#[path = "../tests/shipped/mod.rs"]
mod shipped;

use std::{
    fmt::Write as _,
    hint::black_box,
    io::{Read as _, Write as _},
};

use bordergate::{
    domain::Limits,
    engine::{Engine, Message, Scratch},
    source::SourceFile,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// What a search by patterns alone looks for: mailboxes, numbers of phones, cards and devices, IPv4 and MAC
/// addresses, tokens.
const PATTERNS: &str = concat!(
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
    r"|\+\d{1,3}[ -]?\d{2,4}[ -]?\d{3,4}[ -]?\d{3,4}",
    r"|\b\d{13,19}\b|\b\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}\b",
    r"|\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b",
    r"|\b[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}\b",
    r"|\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*",
);

fn formats(criterion: &mut Criterion) {
    let engine = shipped::engine();
    let mut scratch = Scratch::default();
    let limits = Limits::default();
    let patterns = regex::bytes::Regex::new(PATTERNS).expect("patterns");
    let mut group = criterion.benchmark_group("formats");
    for (name, media_type, body) in [
        ("log 1 MiB", "text/plain", log(1 << 20)),
        ("form 16 KiB", "application/x-www-form-urlencoded", form(16 << 10)),
        ("csv 1 MiB", "text/csv", csv(1 << 20)),
        ("xml 1 MiB", "application/xml", xml(1 << 20)),
    ] {
        let headers = [("content-type", media_type.as_bytes())];
        let message = message(&headers, &body);
        let verdict = engine.scan(&message, &limits, &mut scratch);
        let (bytes, found) = (body.len(), verdict.findings.items.len());
        println!("{name}: {bytes} bytes, {found} findings, coverage {}", verdict.coverage.as_str());
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("{name}, scan"), |bencher| {
            bencher.iter(|| black_box(engine.scan(black_box(&message), &limits, &mut scratch)));
        });
        group.bench_function(format!("{name}, value patterns alone"), |bencher| {
            bencher.iter(|| patterns.find_iter(black_box(&body)).count());
        });
        let text = std::str::from_utf8(&body).expect("text");
        match media_type {
            "text/csv" => group.bench_function(format!("{name}, csv reads it"), |bencher| {
                bencher.iter(|| {
                    csv::Reader::from_reader(black_box(text.as_bytes())).byte_records().count()
                });
            }),
            "application/xml" => {
                group.bench_function(format!("{name}, roxmltree reads it"), |bencher| {
                    bencher.iter(|| roxmltree::Document::parse(black_box(text)).is_ok());
                })
            }
            "application/x-www-form-urlencoded" => {
                group.bench_function(format!("{name}, form_urlencoded reads it"), |bencher| {
                    bencher.iter(|| form_urlencoded::parse(black_box(text.as_bytes())).count());
                })
            }
            _ => &mut group,
        };
    }
    group.finish();
}

fn gzip(criterion: &mut Criterion) {
    let engine = shipped::engine();
    let mut scratch = Scratch::default();
    let limits = Limits::default();
    let plain = json(1 << 10);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&plain).expect("memory");
    let packed = encoder.finish().expect("memory");
    let mut group = criterion.benchmark_group("gzip 1 KiB");
    let media_type: (&str, &[u8]) = ("content-type", b"application/json");
    let encoded = [media_type, ("content-encoding", b"gzip")];
    for (name, headers, body) in
        [("plain", &encoded[..1], &plain), ("in gzip", &encoded[..], &packed)]
    {
        let message = message(headers, body);
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(engine.scan(black_box(&message), &limits, &mut scratch)));
        });
    }
    group.bench_function("a decoder made for it", |bencher| {
        bencher.iter(|| {
            let mut bytes = Vec::new();
            flate2::read::GzDecoder::new(black_box(&packed[..])).read_to_end(&mut bytes).is_ok()
        });
    });
    group.finish();
}

/// The same body by the rules as shipped, and with field-name tables of ten times the size.
fn tables(criterion: &mut Criterion) {
    let limits = Limits::default();
    let mut group = criterion.benchmark_group("tables");
    for (times, engine) in
        [("as shipped", shipped::engine()), ("ten times", engine(&[many_names()]))]
    {
        for (name, media_type, body) in [
            ("json 16 KiB", "application/json", json(16 << 10)),
            ("log 1 MiB", "text/plain", log(1 << 20)),
        ] {
            let headers = [("content-type", media_type.as_bytes())];
            let message = message(&headers, &body);
            let mut scratch = Scratch::default();
            group.throughput(Throughput::Bytes(body.len() as u64));
            group.bench_function(format!("{name}, {times}"), |bencher| {
                bencher.iter(|| black_box(engine.scan(black_box(&message), &limits, &mut scratch)));
            });
        }
    }
    group.finish();
}

fn engine(more: &[SourceFile]) -> Engine {
    let mut files = shipped::files();
    files.extend(more.iter().cloned());
    shipped::engine_of(&files)
}

fn message<'m>(headers: &'m [(&'m str, &'m [u8])], body: &'m [u8]) -> Message<'m> {
    Message { method: "POST", target: "/v1/orders", headers, body, client_region: None }
}

/// Nine names for each that is shipped, of made-up words.
fn many_names() -> SourceFile {
    const NAMES: usize = 55_000;
    const SYLLABLES: [&str; 16] = [
        "ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "zu", "dra", "fle", "gri", "plo",
        "stu", "kwa",
    ];
    let word = |mut number: usize| {
        let mut word = String::new();
        for _ in 0..4 {
            word.push_str(SYLLABLES.get(number % SYLLABLES.len()).copied().unwrap_or_default());
            number /= SYLLABLES.len();
        }
        word
    };
    let names: Vec<String> =
        (0..NAMES).map(|number| format!("{} {}", word(number), word(number * 7 + 3))).collect();
    let names = names.join(", ");
    let text = format!("fields:\n  - category: email\n    names: [{names}]\n    confidence: 90\n");
    SourceFile { name: "detectors/more.yaml".to_owned(), text }
}

/// What services write: assignments, access lines, sentences, stack traces, and some personal data.
fn log(bytes_min: usize) -> Vec<u8> {
    let mut log = String::new();
    let mut number = 0_u64;
    while log.len() < bytes_min {
        let (minute, second, some) = (number / 60 % 60, number % 60, number * 7_919 % 1_000_003);
        let time = format!("2026-11-09T10:{minute:02}:{second:02}.{:03}Z", some % 1000);
        let _ = match number % 10 {
            0..4 => writeln!(
                log,
                "{time} INFO checkout request_id={some:08x}{number:08x} method=POST path=/v1/orders/{some} status=200 \
                 duration_ms={} bytes={}",
                some % 400,
                some % 9000
            ),
            4 => writeln!(
                log,
                "10.{}.{}.7 - - [09/Nov/2026:10:{minute:02}:{second:02} +0000] \"GET /v1/items?page={} HTTP/1.1\" 200 \
                 {} \"-\" \"okhttp/4.12.0\"",
                some % 256,
                some % 251,
                some % 30,
                some % 9000
            ),
            5 | 6 => writeln!(
                log,
                "{time} INFO gateway cache refreshed in {} ms, {some} entries, hit ratio 0.{}",
                some % 400,
                some % 99
            ),
            7 => writeln!(
                log,
                "{time} INFO push delivered to imei={} user=u{some} email=sana.k{some}@example.pk",
                imei(8_676_190_400_000 + some)
            ),
            8 => writeln!(
                log,
                "{time} WARN sync retrying connection to db-{}.internal:5432 after timeout (attempt 2 of 5)",
                some % 9
            ),
            _ => writeln!(
                log,
                "{time} ERROR checkout IllegalStateException: order {some:016x} is not payable\n\tat \
                 com.example.shop.OrderService.pay(OrderService.java:{})",
                some % 900
            ),
        };
        number += 1;
    }
    log.into_bytes()
}

/// Fifteen digits with their check digit (ITU-T E.118 takes the same sum).
fn imei(first_thirteen: u64) -> String {
    let body = format!("{first_thirteen:014}");
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn form(bytes_min: usize) -> Vec<u8> {
    let mut form = String::new();
    let mut number = 0_u64;
    while form.len() < bytes_min {
        let _ = write!(
            form,
            "order_no{number}=MI-PK-20261109-{number:04}&name{number}=Sana+Khan&email{number}=sana.k{number}%40example.pk\
             &phone{number}=%2B92300123{:04}&sku{number}=band-7&quantity{number}=1&note{number}=leave+at+the+gate&",
            number % 10_000
        );
        number += 1;
    }
    form.pop();
    form.into_bytes()
}

fn csv(bytes_min: usize) -> Vec<u8> {
    let mut csv =
        String::from("order_no,status,created_at,name,email,phone,city,sku,quantity,amount\n");
    let mut number = 0_u64;
    while csv.len() < bytes_min {
        let _ = writeln!(
            csv,
            "MI-PK-20261109-{number:04},paid,2026-11-09T10:{:02}:00Z,Sana Khan,sana.k{number}@example.pk,+92300123{:04},\
             Karachi,band-7,1,{}.00",
            number % 60,
            number % 10_000,
            8_990 + number
        );
        number += 1;
    }
    csv.into_bytes()
}

fn xml(bytes_min: usize) -> Vec<u8> {
    let mut xml = String::from("<?xml version=\"1.0\"?>\n<orders>\n");
    let mut number = 0_u64;
    while xml.len() < bytes_min {
        let _ = writeln!(
            xml,
            "  <order no=\"MI-PK-20261109-{number:04}\" status=\"paid\">\n    <customer><name>Sana Khan</name>\
             <email>sana.k{number}@example.pk</email><phone>+92300123{:04}</phone></customer>\n    <item sku=\"band-7\" \
             quantity=\"1\"/>\n    <total currency=\"PKR\">{}.00</total>\n  </order>",
            number % 10_000,
            8_990 + number
        );
        number += 1;
    }
    xml.push_str("</orders>\n");
    xml.into_bytes()
}

fn json(bytes_min: usize) -> Vec<u8> {
    let mut json = String::from("{\"orders\":[");
    let mut number = 0_u64;
    while json.len() < bytes_min {
        if number > 0 {
            json.push(',');
        }
        let _ = write!(
            json,
            "{{\"order_no\":\"MI-PK-20261109-{number:04}\",\"status\":\"paid\",\"customer\":{{\"name\":\"Sana Khan\",\
             \"email\":\"sana.k{number}@example.pk\",\"phone\":\"+92300123{:04}\"}},\"items\":[{{\"sku\":\"band-7\",\
             \"quantity\":1}}],\"total\":{{\"amount\":\"{}.00\",\"currency\":\"PKR\"}}}}",
            number % 10_000,
            8_990 + number
        );
        number += 1;
    }
    json.push_str("]}");
    json.into_bytes()
}

criterion_group!(benches, formats, gzip, tables);
criterion_main!(benches);
