//! What hostile bytes may do to the decoders: nothing.
//!
//! Every decoder reads a few small documents that were damaged in thousands of ways, the same in each
//! run. It must not panic, must place every value inside its input, must close what it opened, and must
//! not call a document complete that was cut off. The worst inputs we know of are read at two sizes, so
//! that time which grows faster than the input is seen.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "all of it is test code"
)]

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use bordergate::{
    domain::{Container, Coverage, Encoding, Escape, FieldSink, Format, Key, Limits, Span, Value},
    engine::{Engine, Message, Scratch, Verdict},
    format::{self, Unescaped},
    policy::Transfer,
    redact::PseudonymKey,
    source::{Diagnostics, SourceFile},
};

#[test]
fn damaged_documents_are_read_without_harm() {
    let limits = Limits::default();
    let mut random = Random(1);
    for (format, seed) in SEEDS {
        for round in 0..1500 {
            let bytes = damaged(seed.as_bytes(), round, &mut random);
            let _ = read(*format, &bytes, &limits);
        }
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
    for (format, head, again, tail) in WORST {
        grows_with_the_size(&format!("{format:?} `{again}`"), 64 << 10, |bytes| {
            let text = format!("{head}{}{tail}", again.repeat(bytes / again.len()));
            let before = Instant::now();
            let _ = read(*format, text.as_bytes(), &limits);
            before.elapsed()
        });
    }
}

/// Eight times the bytes may take eight times as long, and some noise; sixty-four times is a square. A
/// busy machine gets three chances.
fn grows_with_the_size(what: &str, bytes: usize, mut time: impl FnMut(usize) -> Duration) {
    let mut measured = Vec::new();
    for _ in 0..3 {
        let small = (0..3).map(|_| time(bytes)).min().unwrap().max(Duration::from_millis(1));
        let large = (0..2).map(|_| time(bytes * 8)).min().unwrap();
        if large < small * 32 {
            return;
        }
        measured.push((small, large));
    }
    panic!("{what}: {measured:?} for {bytes} bytes and eight times as many");
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
    let engine = engine();
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
    let engine = engine();
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
    let engine = engine();
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
    let engine = engine();
    let mut scratch = Scratch::default();
    for again in CROWDS {
        for (format, head, tail) in [(Format::Text, "", ""), (Format::Json, "[\"", "\"]")] {
            grows_with_the_size(&format!("{format:?} `{again}`"), 4 << 10, |bytes| {
                let text = format!("{head}{}{tail}", again.repeat(bytes / again.len()));
                let before = Instant::now();
                scan(&engine, format, text.as_bytes(), &mut scratch);
                before.elapsed()
            });
        }
    }
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

/// The engine with the rules that are shipped.
fn engine() -> Engine {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.push(SourceFile { name, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Engine::compile(&files, PseudonymKey::new(b"hostile"), &mut Diagnostics::default()).unwrap()
}

/// Reads `bytes` and checks what is reported on the way.
fn read(format: Format, bytes: &[u8], limits: &Limits) -> Result<(), format::Stop> {
    let mut sink = Inside { bytes, open: Vec::new(), buffer: Unescaped::new() };
    let walked = format::walk(format, bytes, limits, &mut sink);
    match walked {
        Ok(()) => assert!(sink.open.is_empty(), "{format:?}: something stays open"),
        Err(stop) => assert!(stop.offset <= bytes.len(), "{format:?}: stopped past the end"),
    }
    walked
}

/// Fails the test when a value is not where it says.
struct Inside<'b> {
    bytes: &'b [u8],
    open: Vec<usize>,
    buffer: Unescaped,
}

impl Inside<'_> {
    fn key(&mut self, key: Key<'_>) {
        if let Key::Name { text, span, escape } = key {
            assert!(span.end as usize <= self.bytes.len(), "a name past the end");
            assert!(text.len() <= span.len(), "a name longer than its place");
            format::unescape(escape, text, &mut self.buffer);
        }
    }
}

impl FieldSink for Inside<'_> {
    fn open(&mut self, key: Key<'_>, _: Container, member_start: usize, start: usize) {
        self.key(key);
        assert!(member_start <= start && start <= self.bytes.len(), "a container past the end");
        self.open.push(start);
    }

    fn close(&mut self, end: usize, member_end: usize) {
        let start = self.open.pop().unwrap();
        assert!(
            start <= end && end <= member_end && member_end <= self.bytes.len(),
            "a container ends nowhere"
        );
    }

    fn scalar(&mut self, key: Key<'_>, value: Value<'_>) {
        self.key(key);
        assert!(value.member.end as usize <= self.bytes.len(), "a member past the end");
        assert!(value.span.contains(value.text_span), "text outside its value");
        assert_eq!(value.text_span.of(self.bytes), value.text, "text that stands elsewhere");
        let length = value.text.len();
        let text = format::unescape(value.escape, value.text, &mut self.buffer);
        let back = text.raw_span(Span::new(0, text.as_str().len()));
        assert!(back.end as usize <= length, "text that maps back to nowhere");
    }
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

/// One to four injuries, from a list that grammars dislike.
fn damaged(seed: &[u8], round: usize, random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=round % 4 {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(12)).min(bytes.len());
        match random.below(7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            3 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            4 => {
                let again = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, again));
            }
            5 => {
                let piece = PIECES[random.below(PIECES.len())];
                drop(bytes.splice(at..at, piece.iter().copied()));
            }
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                drop(bytes.splice(at..end, piece.iter().copied()));
            }
        }
    }
    bytes
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize % bound.max(1)
    }
}

const PIECES: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"\\udc00",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xf0\x9f",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"1e999",
    b"-",
    b"NaN",
    b"//",
    b"/*",
    b"%",
    b"%2",
    b"%00",
    b"%25",
    b"&",
    b"&amp;",
    b"&#x",
    b"&#99999999;",
    b"=",
    b"+",
    b";",
    b"?",
    b"#",
    b"<",
    b"</",
    b"/>",
    b">",
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"<!DOCTYPE a [<!ENTITY b \"c\">]>",
    b"&b;",
    b"<?",
    b"?>",
    b"--cut",
    b"--cut--",
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\t",
    b"\"\"",
    b"filename*=UTF-8''%e2",
    b"Content-Type: application/json\r\n",
    b"@",
    b"+92",
    b"4111111111111111",
    b"1.2.3.4",
    b"::1",
    b"\xe2\x80\x8b",
    b"\xef\xbc\x90",
    b"eyJ",
];

const ESCAPED: &[&str] = &[
    r#"a\u0041\ud83d\ude00\n\/\\"b"#,
    "a%20b%2B%C3%A9+c%25%32%30",
    "&lt;a&amp;b&#65;&#x42;&quot;&apos;é",
    "a\"\"b\"\"\"\"c",
    "\u{200b}０１２+٣٤५६\u{feff}z",
];

/// What detectors look at, with nothing between.
const CROWDS: &[&str] = &[
    "@",
    "a@",
    "a@b.",
    "a.a.a@",
    "1",
    "1 ",
    "1-",
    "1.",
    "1.1.1.1 ",
    ":",
    "a:",
    "::1 ",
    "+",
    "+9",
    "+92300",
    "eyJ",
    "eyJ.",
    "(",
    "aa:bb:",
    "4111 ",
    "4111111111111111",
    "-",
    ".",
    "/",
    "=",
    "a=",
    "a=b&",
    "%25",
    "\\u0031",
    "０",
    "\u{200b}",
    "\u{200b}1",
    "GB82WEST",
    "AB",
    "A1",
    "é",
    "王",
    "{}",
    "[1]",
    "phone ",
    "name: ",
    "Mr ",
    "24.86073,67.00114 ",
    "https://a?b=",
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

/// Format, beginning, what is repeated, end.
const WORST: &[(Format, &str, &str, &str)] = &[
    (Format::Json, "", "[", ""),
    (Format::Json, "", "{\"a\":", ""),
    (Format::Json, "[", "\"\\u0061\",", "0]"),
    (Format::Json, "\"", "\\\\", "\""),
    (Format::Json, "\"", "\\ud83d\\ude00", "\""),
    (Format::Json, "[", "0,", "0]"),
    (Format::Json, "", " ", "1"),
    (Format::Json, "{", "\"aaaaaaaa\":1,", "\"b\":2}"),
    (Format::NdJson, "", "{}\n", ""),
    (Format::Form, "", "&", ""),
    (Format::Form, "", "a=%25&", ""),
    (Format::Form, "a=", "%", ""),
    (Format::Target, "/", "/a", ""),
    (Format::Cookie, "", "a=b; ", ""),
    (Format::Cookie, "", ";", ""),
    (Format::Xml, "<a>", "<b>", ""),
    (Format::Xml, "<a>", "<b/>", "</a>"),
    (Format::Xml, "<a>", "&amp;", "</a>"),
    (Format::Xml, "<a ", "b=\"c\" ", "/>"),
    (Format::Xml, "<a>", "<![CDATA[x]]>", "</a>"),
    (Format::Xml, "<a>", "<!--", "</a>"),
    (Format::Xml, "<a>", "]]", "</a>"),
    (Format::Csv, "a\n", "\"\"\"\",", "\n"),
    (Format::Csv, "a\n\"", "\"\"", "\"\n"),
    (Format::Csv, "a\n", "\n", ""),
    (Format::Csv, "a\n", ",", "\n"),
    (Format::Multipart, "--cut\r\n", "\r\n--cu", "--cut--\r\n"),
    (Format::Multipart, "", "--cut\r\n\r\n\r\n", "--cut--\r\n"),
    (Format::Multipart, "--cut\r\n", "A: b\r\n", "\r\n\r\n--cut--\r\n"),
    (Format::Text, "", "\n", ""),
    (Format::Text, "", "a@", ""),
];
