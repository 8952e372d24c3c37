//! What hostile bytes may do to the decoders: nothing.
//!
//! Every decoder reads a few small documents that were damaged in thousands of ways, the same in each
//! run. It must not panic, must place every value inside its input, must close what it opened, and must
//! not call a document complete that was cut off. The worst inputs we know of are read at two sizes, so
//! that time which grows faster than the input is seen.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "all of it is test code"
)]

mod corpus;
mod damage;
#[path = "../shipped/mod.rs"]
mod shipped;
#[path = "../fuzz/src/targets/mod.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets, which are another package, read it as well")]
mod targets;
mod worst;

use std::time::{Duration, Instant};

use bordergate::{
    domain::{Coverage, Encoding, Escape, Format, Limits, Span},
    engine::{Engine, Message, Scratch, Verdict},
    format::{self, Unescaped},
    policy::Transfer,
};
use damage::{Random, damaged};
use rustix::time::{ClockId, clock_gettime};
use targets::fields::read;
use worst::{CROWDS, SHAPES, WORST};

#[test]
fn damaged_documents_are_read_without_harm() {
    let limits = Limits::default();
    let mut random = Random(1);
    for (format, seed) in SEEDS {
        let (mut whole, mut cut) = (0, 0);
        for round in 0..1500 {
            let bytes = damaged(seed.as_bytes(), round, &mut random);
            match read(*format, &bytes, &limits) {
                Ok(()) => whole += 1,
                Err(_) => cut += 1,
            }
        }
        // Bytes that are all refused at once, or all understood, would show little.
        assert!(whole > 50 && cut > 50, "{format:?}: {whole} read to their end, {cut} not");
    }
}

#[test]
fn every_seed_is_read_to_its_end() {
    for (format, seed) in SEEDS {
        // Formats without a decoder are opaque, which is for the engine to say.
        if let Err(stop) = read(*format, seed.as_bytes(), &Limits::default()) {
            assert_eq!(stop.cause.as_str(), "unknown_media_type", "{seed}");
        }
    }
}

#[test]
fn a_cut_document_is_not_complete() {
    let whole = br#" {"a": {"b": [1, -2.5e3, "x\u00e9\n", true, null, {}]}, "c": "d"} "#;
    assert!(read(Format::Json, whole, &Limits::default()).is_ok());
    for end in 0..whole.len() - 1 {
        assert!(read(Format::Json, &whole[..end], &Limits::default()).is_err(), "cut at {end}");
    }
    for (encoding, whole) in compressed(b"{\"email\": \"sana.k@example.pk\"}") {
        assert!(format::decode(encoding, &whole, &Limits::default()).is_ok(), "{encoding:?}");
        for end in 0..whole.len() {
            assert!(
                format::decode(encoding, &whole[..end], &Limits::default()).is_err(),
                "{encoding:?} at {end}"
            );
        }
    }
}

#[test]
fn damaged_encodings_stay_within_limits() {
    let limits = Limits { decoded_bytes_max: 64 << 10, ..Limits::default() };
    let mut random = Random(2);
    let text = SEEDS[0].1.repeat(20);
    for (encoding, whole) in compressed(text.as_bytes()) {
        for round in 0..1500 {
            let bytes = damaged(&whole, round, &mut random);
            if let Ok(decoded) = format::decode(encoding, &bytes, &limits) {
                assert!(decoded.len() <= limits.decoded_bytes_max, "{encoding:?}");
            }
        }
    }
    for encoding in [Encoding::Base64, Encoding::Base64Url, Encoding::Brotli, Encoding::Zstd] {
        for round in 0..1500 {
            let bytes = damaged(b"eyJlbWFpbCI6ICJzYW5hLmtAZXhhbXBsZS5wayJ9", round, &mut random);
            let _ = format::decode(encoding, &bytes, &limits);
        }
    }
}

/// A body that grows a thousandfold is given up long before it is unpacked.
#[test]
fn a_bomb_is_put_down() {
    let limits = Limits::default();
    for (encoding, bomb) in compressed(&vec![b' '; 48 << 20]) {
        let before = Instant::now();
        assert!(format::decode(encoding, &bomb, &limits).is_err(), "{encoding:?}");
        assert!(before.elapsed() < Duration::from_secs(5), "{encoding:?}");
    }
}

#[test]
fn damaged_escapes_give_text_that_maps_back() {
    let mut random = Random(3);
    let mut buffer = Unescaped::new();
    for escape in
        [Escape::None, Escape::Json, Escape::Percent, Escape::Form, Escape::Xml, Escape::Csv]
    {
        for seed in ESCAPED {
            for round in 0..1500 {
                let raw = damaged(seed.as_bytes(), round, &mut random);
                let text = format::unescape(escape, &raw, &mut buffer);
                let length = text.as_str().len();
                let mut previous = 0;
                for (at, character) in text.as_str().char_indices() {
                    let span = text.raw_span(Span::new(at, at + character.len_utf8()));
                    assert!(span.end as usize <= raw.len(), "{escape:?} {raw:?} {at}");
                    assert!(
                        span.start >= previous && span.start <= span.end,
                        "{escape:?} {raw:?} {at}"
                    );
                    previous = span.start;
                }
                let whole = text.raw_span(Span::new(0, length));
                assert!(whole.end as usize <= raw.len(), "{escape:?} {raw:?}");
            }
        }
    }
}

#[test]
fn time_grows_with_the_size_under_load() {
    let limits = Limits { depth_max: usize::MAX, fields_max: usize::MAX, ..Limits::default() };
    let mut complaints = Vec::new();
    for (format, head, again, tail) in WORST {
        let complaint = growth(&format!("{format:?} `{again}`"), 64 << 10, |bytes| {
            let text = format!("{head}{}{tail}", again.repeat(bytes / again.len()));
            let before = worked();
            let _ = read(*format, text.as_bytes(), &limits);
            worked() - before
        });
        complaints.extend(complaint);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// What to say of work that does not grow with the size. Eight times the bytes may take eight times the work, a
/// cache that is outgrown, and some noise; sixty-four times is a square. A busy machine gets three chances.
fn growth(what: &str, bytes: usize, mut work: impl FnMut(usize) -> Duration) -> Option<String> {
    let mut measured = Vec::new();
    for _ in 0..3 {
        let small = (0..5).map(|_| work(bytes)).min().unwrap().max(Duration::from_micros(20));
        let large = (0..3).map(|_| work(bytes * 8)).min().unwrap();
        if large < small * 24 {
            return None;
        }
        measured.push((small, large));
    }
    Some(format!("{what}: {measured:?} for {bytes} bytes and eight times as many"))
}

/// What this thread has computed so far; other programs on the same processor do not count.
fn worked() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

#[test]
fn depth_and_number_are_bounded() {
    let limits = Limits::default();
    let cause =
        |format, text: &str| read(format, text.as_bytes(), &limits).unwrap_err().cause.as_str();
    assert_eq!(cause(Format::Json, &"[".repeat(1 << 20)), "too_deep");
    assert_eq!(cause(Format::Json, &"{\"a\":".repeat(1 << 18)), "too_deep");
    let many = format!("[{}0]", "0,".repeat(limits.fields_max));
    assert_eq!(cause(Format::Json, &many), "too_many_fields");
    assert_eq!(cause(Format::Form, &"a=1&".repeat(limits.fields_max + 1)), "too_many_fields");
}

/// The whole of it: decoders, names, values, layers within layers.
#[test]
fn damaged_messages_are_judged_without_harm() {
    let engine = shipped::engine();
    let mut scratch = Scratch::default();
    let mut random = Random(4);
    for (format, seed) in SEEDS {
        for round in 0..400 {
            let bytes = damaged(seed.as_bytes(), round, &mut random);
            let verdict = scan(&engine, *format, &bytes, &mut scratch);
            for finding in &verdict.findings.items {
                assert!(finding.span.start <= finding.span.end, "{format:?} {round}");
                assert!(finding.span.end as usize <= verdict.inspected_bytes, "{format:?} {round}");
                assert!(
                    !finding.part.as_str().is_empty()
                        && verdict.findings.locator(finding).len() < 4096
                );
            }
            let again = scan(&engine, *format, &bytes, &mut scratch);
            assert_eq!(
                verdict.findings, again.findings,
                "{format:?}: the same bytes, other findings"
            );
            assert_eq!(
                verdict.coverage, again.coverage,
                "{format:?}: the same bytes, another coverage"
            );
        }
    }
}

#[test]
fn what_was_cut_off_is_not_covered() {
    let engine = shipped::engine();
    let mut scratch = Scratch::default();
    let whole = SEEDS[0].1.as_bytes();
    assert_eq!(scan(&engine, Format::Json, whole, &mut scratch).coverage, Coverage::Full);
    for end in 1..whole.len() {
        let verdict = scan(&engine, Format::Json, &whole[..end], &mut scratch);
        assert_ne!(verdict.coverage, Coverage::Full, "cut at {end}");
    }
}

/// What stands in front of the cut is found all the same.
#[test]
fn what_was_read_before_the_cut_is_reported() {
    let engine = shipped::engine();
    let verdict = scan(
        &engine,
        Format::Json,
        br#"{"email": "sana.k@example.pk", "n": [1,"#,
        &mut Scratch::default(),
    );
    assert_eq!(verdict.findings.items.len(), 1);
    assert_eq!(verdict.coverage, Coverage::Partial);
}

#[test]
fn inspection_grows_with_the_size_under_load() {
    let engine = shipped::engine();
    let mut scratch = Scratch::default();
    let mut complaints = Vec::new();
    for again in CROWDS {
        for (format, head, tail) in [(Format::Text, "", ""), (Format::Json, "[\"", "\"]")] {
            let complaint = growth(&format!("{format:?} `{again}`"), 4 << 10, |bytes| {
                let text = format!("{head}{}{tail}", again.repeat(bytes / again.len()));
                let before = worked();
                scan(&engine, format, text.as_bytes(), &mut scratch);
                worked() - before
            });
            complaints.extend(complaint);
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The same where mailboxes are taken out.
#[test]
fn redaction_grows_with_the_size_under_load() {
    let engine = shipped::engine_of(&worst::redacting(shipped::files()));
    let mut scratch = Scratch::default();
    let mut complaints = Vec::new();
    for shape in SHAPES {
        let headers: [(&str, &[u8]); 1] = [("content-type", shape.media_type.as_bytes())];
        let complaint = growth(shape.name, shape.bytes, |bytes| {
            let body = (shape.body)(bytes);
            let body = body.as_bytes();
            let message = Message::of_body(&headers, body);
            let before = worked();
            let verdict =
                engine.inspect(&message, Transfer::default(), &Limits::default(), &mut scratch);
            let work = worked() - before;
            assert_eq!(verdict.decision.effect, shape.effect, "{}", shape.name);
            work
        });
        complaints.extend(complaint);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn scan(engine: &Engine, format: Format, bytes: &[u8], scratch: &mut Scratch) -> Verdict {
    let media_type = match format {
        Format::Json => "application/json",
        Format::NdJson => "application/x-ndjson",
        Format::Form => "application/x-www-form-urlencoded",
        Format::Xml => "application/xml",
        Format::Csv => "text/csv",
        Format::CsvData => "text/csv; header=absent",
        Format::Tsv => "text/tab-separated-values",
        Format::GraphQl => "application/graphql",
        Format::VCard => "text/vcard",
        Format::Yaml => "application/yaml",
        Format::Toml => "application/toml",
        Format::Multipart => "multipart/form-data; boundary=cut",
        Format::Target
        | Format::Header
        | Format::Cookie
        | Format::Baggage
        | Format::Forwarded
        | Format::Text
        | Format::Image
        | Format::Opaque => "text/plain",
    };
    let text = String::from_utf8_lossy(bytes);
    let mut headers: Vec<(&str, &[u8])> = vec![("content-type", media_type.as_bytes())];
    match format {
        Format::Cookie => headers.push(("cookie", bytes)),
        Format::Header => headers.push(("x-forwarded-for", bytes)),
        Format::Baggage => headers.push(("baggage", bytes)),
        Format::Forwarded => headers.push(("forwarded", bytes)),
        Format::Target
        | Format::Json
        | Format::NdJson
        | Format::Form
        | Format::Multipart
        | Format::Xml
        | Format::Csv
        | Format::CsvData
        | Format::Tsv
        | Format::GraphQl
        | Format::VCard
        | Format::Yaml
        | Format::Toml
        | Format::Text
        | Format::Image
        | Format::Opaque => {}
    }
    let target = if format == Format::Target { &text } else { "/" };
    let body = if matches!(format, Format::Target | Format::Cookie | Format::Header) {
        b""
    } else {
        bytes
    };
    let message = Message { method: "POST", target, headers: &headers, body, client_region: None };
    engine.inspect(&message, Transfer::default(), &Limits::default(), scratch)
}

/// `text` in every encoding we can write without the library.
fn compressed(text: &[u8]) -> Vec<(Encoding, Vec<u8>)> {
    use std::io::Write as _;
    let level = flate2::Compression::default();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), level);
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), level);
    gzip.write_all(text).unwrap();
    deflate.write_all(text).unwrap();
    vec![(Encoding::Gzip, gzip.finish().unwrap()), (Encoding::Deflate, deflate.finish().unwrap())]
}

const ESCAPED: &[&str] = &[
    r#"a\u0041\ud83d\ude00\n\/\\"b"#,
    "a%20b%2B%C3%A9+c%25%32%30",
    "&lt;a&amp;b&#65;&#x42;&quot;&apos;é",
    "a\"\"b\"\"\"\"c",
    "\u{200b}０１２+٣٤५६\u{feff}z",
];

const SEEDS: &[(Format, &str)] = &[
    (
        Format::Json,
        r#"{"email": "sana.k@example.pk", "n": [1, -2.5, {"a\u0062": null}], "imei": "352099001761481"}"#,
    ),
    (
        Format::Json,
        r#"[{"phone": "+923001234567", "deep": [[[["x"]]]]}, "", true, "é\ud83d\ude00"]"#,
    ),
    (Format::Json, r#"{"payload": "{\"email\":\"sana.k@example.pk\"}", "": {}, "a": []}"#),
    (Format::NdJson, "{\"a\":1}\n{\"email\":\"a@b.example\"}\n\n[1,2]\n"),
    (Format::Form, "email=sana.k%40example.pk&phone=%2B923001234567&x&=y&a=b=c"),
    (
        Format::Target,
        "/v1/users/sana.k%40example.pk/orders?ip=39.32.11.207&lat=24.86073&a=%7B%22b%22%3A1%7D",
    ),
    (Format::Cookie, "JSESSIONID=0123456789abcdef; _ga=GA1.2.3.4; theme=\"dark\""),
    (Format::Header, "for=103.87.12.9;proto=https, for=\"[2400:adc5::1]:80\""),
    (
        Format::Xml,
        "<?xml version=\"1.0\"?><a b=\"c&amp;d\"><!-- e --><f>g&#65;</f><![CDATA[<h>]]><i/></a>",
    ),
    (
        Format::Yaml,
        "# of sana.k@example.pk\nuser: &u\n  email: 'sana.k@example.pk'\n  dob: {year: 1996, month: 4}\n\
         list:\n- \"a\\x40b\"\n- |\n  to sana.k@example.pk\n  now\n- *u\n---\n? a\n: b\n",
    ),
    (
        Format::Toml,
        "a.b = \"sana.k\\u0040example.pk\" # x\n[[user]]\ndob = 1996-04-12\n[user.at]\nx = [1, {y = 'z'}]\n\
         t = \"\"\"\na\\\n  b\"\"\"\n",
    ),
    (Format::Csv, "name,email\r\n\"Khan, \"\"Sana\"\"\",sana.k@example.pk\r\n,\r\n"),
    (
        Format::Multipart,
        "--cut\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b.txt\"\r\nContent-Type: text/plain\r\n\r\nc\r\n\
         --cut\r\nContent-Disposition: form-data; name=\"d\"\r\n\r\n{\"e\": 1}\r\n--cut--\r\n",
    ),
    (
        Format::Text,
        "2026-11-23 mail to sana.k@example.pk from 39.32.11.207, card 4532 0151 1283 0366\nnext\n",
    ),
];
