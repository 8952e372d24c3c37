//! Counts allocations on the way of a message: a field without a finding costs none.

#![expect(clippy::panic, reason = "all of it is test code")]

use std::fmt::Write as _;

use bordergate::{
    control::RulesSource,
    domain::Limits,
    engine::{Engine, Message, Scratch},
    redact::PseudonymKey,
    source::Diagnostics,
};

fn engine() -> Engine {
    let mut diagnostics = Diagnostics::default();
    let files = RulesSource::Embedded.load(&mut diagnostics).files;
    Engine::compile(&files, PseudonymKey::new(b"allocations"), &mut diagnostics)
        .unwrap_or_else(|| panic!("{diagnostics}"))
}

/// Allocations of one scan, once the buffers of the thread are as long as they need to be.
fn allocations(engine: &Engine, scratch: &mut Scratch, media_type: &str, body: &str) -> u64 {
    let headers: [(&str, &[u8]); 1] = [("content-type", media_type.as_bytes())];
    let message = Message {
        method: "POST",
        target: "/v1/orders?page=2",
        headers: &headers,
        body: body.as_bytes(),
        client_region: None,
    };
    let limits = Limits::default();
    let findings = engine.scan(&message, &limits, scratch).findings;
    assert!(
        findings.items.is_empty(),
        "{media_type}: a payload without personal data is needed here"
    );
    allocation_counter::measure(|| drop(engine.scan(&message, &limits, scratch))).count_total
}

type Write = fn(&mut String, usize);

/// Media type, beginning, a record, end.
const BODIES: &[(&str, &str, Write, &str)] = &[
    (
        "application/json",
        "[",
        |text, number| {
            let _ = write!(
                text,
                "{{\"sku\":\"KRT-{number:05}\",\"quantity\":{},\"price\":{}.50,\"in_stock\":true,\
                 \"title\":\"cotton \\u0026 linen \\\"blend\\\"\",\"sizes\":[\"S\",\"M\"]}},",
                number % 7,
                number % 90
            );
        },
        "0]",
    ),
    (
        "application/x-ndjson",
        "",
        |text, number| {
            let _ = writeln!(text, "{{\"offset\":{number},\"topic\":\"stock\",\"lag\":null}}");
        },
        "",
    ),
    (
        "application/x-www-form-urlencoded",
        "v=2",
        |text, number| {
            let _ = write!(text, "&sku{number}=KRT+{number:05}%2FM");
        },
        "",
    ),
    (
        "application/xml",
        "<stock>",
        |text, number| {
            let _ =
                write!(text, "<line sku=\"KRT-{number:05}\"><unit>pcs &amp; more</unit></line>");
        },
        "</stock>",
    ),
    (
        "text/csv",
        "sku,quantity,unit\r\n",
        |text, number| {
            let _ = write!(text, "KRT-{number:05},{},\"per \"\"box\"\"\"\r\n", number % 7);
        },
        "",
    ),
    (
        "text/plain; charset=utf-8",
        "",
        |text, number| {
            let _ = writeln!(text, "level=info msg=\"restocked\" sku=KRT-{number:05} took=12ms");
        },
        "",
    ),
];

/// Sixteen times the fields, and not one allocation more. What one message costs, whatever its size, stays.
#[test]
fn a_field_without_a_finding_allocates_nothing() {
    let engine = engine();
    let mut scratch = Scratch::default();
    for (media_type, head, record, tail) in BODIES {
        let mut count = |records: usize| {
            let mut body = (*head).to_owned();
            (0..records).for_each(|number| record(&mut body, number));
            body.push_str(tail);
            allocations(&engine, &mut scratch, media_type, &body)
        };
        let (few, many) = (count(50), count(800));
        assert!(many <= few, "{media_type}: {few} allocations for 50 records, {many} for 800");
        assert!(few <= 24, "{media_type}: {few} allocations for one message");
    }
}
