//! Counts allocations on the way of a message: a field without a finding costs none.

mod shipped;

use std::fmt::Write as _;

use bordergate::{
    domain::Limits,
    engine::{Engine, Message, Scratch},
};

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
    // Written as names are, under a name that may be somebody's.
    (
        "application/json",
        "[",
        |text, number| {
            let _ = write!(
                text,
                "{{\"name\":\"{0} Body Weight\",\"owner\":\"{0} Support Team\"}},\
                 {{\"name\":\"Größe {0} Body Weight\"}},",
                word(number)
            );
        },
        "0]",
    ),
    // In prose, where words announce a name and none follows.
    (
        "text/plain",
        "",
        |text, number| {
            let _ = writeln!(
                text,
                "Dear {0} Support Team, the Body Weight of {0} Package was approved by Quality Control. {0} Service: on time.",
                word(number)
            );
        },
        "",
    ),
    (
        "text/plain",
        "| Item | Stock |\n|---|---|\n",
        |text, number| {
            let _ = writeln!(text, "| {} Kurta | {} pcs |", word(number), number % 7);
        },
        "",
    ),
    (
        "application/json",
        "[",
        |text, number| {
            let _ = write!(
                text,
                "{{\"page\":\"In stock: <table><tr><th>Item<th>Stock</tr><tr><td>{0} Kurta<td>7 pcs</table>\",\
                 \"dump\":\"INSERT INTO stock (item, unit) VALUES ('{0} Kurta', 'pcs'), ('{0}', 'pcs')\",\
                 \"lines\":\"item,unit,store\\n{0},pcs,main\\n{0} Kurta,pcs,main\"}},",
                word(number)
            );
        },
        "0]",
    ),
];

/// Another capitalised word for each number, that nobody is called.
fn word(number: usize) -> String {
    let letters = [number / 400, number / 20, number].map(|it| it % 20);
    let of = |letter| "bcdfghjklmnpqrstvwxz".chars().nth(letter).unwrap_or_default();
    let [first, second, third] = letters.map(of);
    format!("Zq{first}{second}{third}x")
}

/// Sixteen times the fields, and not one allocation more. What one message costs, whatever its size, stays.
#[test]
fn a_field_without_a_finding_allocates_nothing() {
    let engine = shipped::engine();
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

/// Nearly all of a text may be cells of tables: what is kept of them does not grow with it.
#[test]
fn tables_in_a_text_take_no_more_room_than_the_text() {
    let engine = shipped::engine();
    for (media_type, head, row, tail) in [
        ("text/plain", "", "a\tb\n", ""),
        ("text/plain", "", "<td>a<td>b<tr>", ""),
        ("application/json", "\"", "<td>a<td>b<tr>", "\""),
    ] {
        let body = format!("{head}{}{tail}", row.repeat((1 << 20) / row.len()));
        let headers: [(&str, &[u8]); 1] = [("content-type", media_type.as_bytes())];
        let message = Message::of_body(&headers, body.as_bytes());
        let mut scratch = Scratch::default();
        let scan = || drop(engine.scan(&message, &Limits::default(), &mut scratch));
        let most = allocation_counter::measure(scan).bytes_max;
        assert!(most < 4 << 20, "{row}: {most} bytes for a text of a MiB");
    }
}
