//! What is beyond a bound, or of a form that nobody reads, is never taken for nothing.

use super::*;
use crate::{domain::Encoding, format};

const FORM: &[(&str, &[u8])] = &[("content-type", b"application/x-www-form-urlencoded")];

fn known() -> &'static Engine {
    static ENGINE: std::sync::OnceLock<Engine> = std::sync::OnceLock::new();
    ENGINE.get_or_init(shipped)
}

fn with_limits(limits: &Limits, body: &str) -> Verdict {
    known().inspect(&message(JSON, body.as_bytes()), transfer(""), limits, &mut Scratch::default())
}

/// All documents of one text are found before the first is read, so that there may be no more than so many.
#[test]
fn documents_of_one_message_are_counted() {
    let limits = Limits { documents_max: 10, ..Limits::default() };
    for (unit, separator) in [
        (r#"{\"a\":1}"#, ""),
        ("a://b/?c=d", " "),
        ("=?utf-8?Q?a?=", " "),
        ("c2FuYS5rQGV4YW1wbGUucGs=", " "),
    ] {
        let body = |count: usize| {
            let text = vec![unit; count].join(separator);
            format!(r#"{{"a":"x {text}"}}"#)
        };
        let few = with_limits(&limits, &body(10));
        assert_eq!(few.coverage, Coverage::Full, "{unit}");
        let many = with_limits(&limits, &body(11));
        assert_eq!(many.gaps.first().map(|gap| gap.cause), Some(GapCause::TooManyLayers), "{unit}");
        assert_eq!(many.decision.effect, Effect::Block, "{unit}");
        // In values of their own as well.
        let list = format!("[{}]", vec![format!("\"x {unit}\""); 11].join(","));
        assert_eq!(with_limits(&limits, &list).coverage, Coverage::Partial, "{unit}");
    }
}

/// Each may be a hundred times as long as its words are, and all of them wait for the first to be read.
#[test]
fn documents_that_were_opened_to_be_found_share_one_bound() {
    let packed = format!("{} sana", "a".repeat(4_000));
    // Without the head and the sum of zlib.
    let zlib = crate::redact::encode(Encoding::Deflate, packed.as_bytes()).unwrap();
    let word = base64(&zlib[2..zlib.len() - 4]);
    let limits = Limits { decoded_bytes_max: 10_000, ..Limits::default() };
    let body = |count: usize| format!(r#"{{"a":"x {}"}}"#, vec![word.clone(); count].join(" "));
    assert_eq!(with_limits(&limits, &body(2)).coverage, Coverage::Full);
    let many = with_limits(&limits, &body(4));
    assert_eq!(many.gaps.first().map(|gap| gap.cause), Some(GapCause::DecodedTooLarge));
    assert_eq!(many.decision.effect, Effect::Block);
}

/// A value that had no room for its document is not known to hold nothing.
#[test]
fn nothing_is_remembered_of_what_had_no_room() {
    let engine = known();
    let mut scratch = Scratch::default();
    let value = base64(br#"{"birthday":"1996-04-12"}"#);
    let body = format!(r#"{{"a":"{{\"b\":1}}","hint":"{value}"}}"#);
    let short = Limits { documents_max: 1, ..Limits::default() };
    for limits in [&short, &Limits::default()] {
        for _ in 0..3 {
            let message = message(JSON, body.as_bytes());
            let verdict = engine.inspect(&message, transfer(""), limits, &mut scratch);
            let is_found = !verdict.findings.items.is_empty();
            assert!(is_found || verdict.coverage == Coverage::Partial);
            assert_eq!(is_found, limits != &short);
        }
    }
}

/// Paths to what is far inside are kept as well.
#[test]
fn paths_are_bounded_as_findings_are() {
    let limits = Limits { findings_max: 50, documents_max: 1, ..Limits::default() };
    let far = |inside: usize| {
        format!("{}\"sana.k@example.pk\"{}", "[".repeat(inside), "]".repeat(inside))
    };
    let body = |inside: usize| format!("[{}]", vec![far(inside); 20].join(","));
    assert_eq!(with_limits(&limits, &body(2)).coverage, Coverage::Full);
    let verdict = with_limits(&limits, &body(100));
    assert_eq!(verdict.gaps.first().map(|gap| gap.cause), Some(GapCause::TooManyFindings));
    assert!(verdict.findings.nodes.len() < 1_000, "{}", verdict.findings.nodes.len());
}

fn field(number: u8, text: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(text.len()).unwrap()], text].concat()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn coverage(text: &str) -> Coverage {
    let body = format!(r#"{{"message":{{"data":"{text}"}}}}"#);
    with_limits(&Limits::default(), &body).coverage
}

/// RFC 4648 §4: the padding is no symbol, wherever the last group of sixteen ends.
#[test]
fn a_mailbox_is_seen_in_base64_of_any_length() {
    for length in 30..80 {
        let mut bytes = [&b"\x08\xc3\xd9\x8b\x13"[..], &field(2, b"zq17x.kay@example.pk")].concat();
        bytes.resize(length, 0xfe);
        assert_eq!(coverage(&base64(&bytes)), Coverage::Partial, "{length}");
        // As long as a digest.
        if ![32, 48, 64].contains(&length) {
            assert_eq!(coverage(&hexadecimal(&bytes)), Coverage::Partial, "{length}");
        }
        let lines = base64(&[bytes.clone(), vec![0xfe; 90]].concat());
        let (first, rest) = lines.split_at(76);
        assert_eq!(coverage(&format!("{first}\\r\\n{rest}")), Coverage::Partial, "{length}");
    }
}

/// The same bytes as a body are opaque.
#[test]
fn a_message_nobody_reads_is_none_in_base64_and_in_hexadecimal_either() {
    let protobuf = [
        b"\x08\xc3\xd9\x8b\x13".to_vec(),
        field(2, b"+923451112233"),
        field(3, b"Ayesha Khan"),
        field(4, b"42101-1234567-1"),
        b"\x39\x12\x83\xc0\xca\xa1\xdc\x38\x40".to_vec(),
    ]
    .concat();
    let messagepack = b"\x83\xa4name\xabAyesha Khan\xa5phone\xad+923451112233\xa2no\x07".to_vec();
    let cbor = b"\xa2\x64name\x6bAyesha Khan\x65phone\x6d+923451112233".to_vec();
    for message in [protobuf.clone(), protobuf.repeat(37), messagepack, cbor] {
        assert_eq!(coverage(&base64(&message)), Coverage::Partial, "{message:?}");
        assert_eq!(coverage(&hexadecimal(&message)), Coverage::Partial, "{message:?}");
    }
    // A bitmap, a recording and a film.
    for file in [
        &b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x02\0\0\0"[..],
        b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0",
        b"\0\0\0\x18ftypmp42\0\0\0\0isommp42",
    ] {
        assert_eq!(coverage(&base64(file)), Coverage::Partial, "{file:?}");
    }
    // A header of someone else's making is a token as a rule.
    let token = base64(&protobuf);
    let headers = [("content-type", &b"application/json"[..]), ("x-peer", token.as_bytes())];
    let verdict = inspect(known(), &super::message(&headers, b"{}"), "");
    assert_eq!(verdict.coverage, Coverage::Full);
}

#[test]
fn keys_hashes_signatures_and_tokens_are_read_as_the_words_they_are() {
    // Numbers without a pattern (xorshift).
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = |length: usize| -> Vec<u8> {
        (0..length)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            })
            .collect()
    };
    let engine = known();
    let mut scratch = Scratch::default();
    let mut is_read = |text: &str| {
        let body = format!(r#"{{"message":{{"data":"{text}"}}}}"#);
        let message = message(JSON, body.as_bytes());
        engine.inspect(&message, transfer(""), &Limits::default(), &mut scratch).gaps.is_empty()
    };
    for length in [16, 20, 32, 48, 64, 72, 128, 256, 512, 2_000] {
        for _ in 0..100 {
            let bytes = random(length);
            assert!(is_read(&base64(&bytes)), "{bytes:?}");
            assert!(is_read(&hexadecimal(&bytes)), "{bytes:?}");
        }
    }
    for token in [
        // A session of AWS, an attestation (WebAuthn §6.5.4), and a certificate with a long name in it.
        [&b"!\n\torigin_ec\x10\xab\x1a\tus-east-1\"G0E\x02 "[..], &random(200)].concat(),
        [&b"\xa3cfmtdnonegattStmt\xa0hauthDataXg"[..], &random(103)].concat(),
        [
            &b"\x30\x82\x03\x10\x06\x03\x55\x04\x0a\x13 An Organisation of a longer name"[..],
            &random(300),
        ]
        .concat(),
    ] {
        assert!(is_read(&base64(&token)), "{token:?}");
    }
}

/// A map says by its keys which of many a value is, and by its own name what all of them are.
#[test]
fn values_of_a_map_are_what_its_name_says() {
    let engine = known();
    for (body, expected) in [
        (r#"{"birthdays":{"40012345":"1996-04-12"},"n":1}"#, &["/birthdays/*"][..]),
        (r#"{"birthday":{"u1":"1996-04-12"},"n":1}"#, &["/birthday/u1"]),
        (r#"{"phones":{"usr_42":"03451112233"}}"#, &["/phones/usr_42"]),
        (
            r#"{"birthdays":{"7d9f3c64-3b1e-4f0a-9a51-2f6f9c1e8a10":"1996-04-12"}}"#,
            &["/birthdays/*"],
        ),
        // How many are of each, where things are, and what a map is not of.
        (r#"{"age":{"18":120,"19":97}}"#, &[]),
        (r#"{"position":{"x":10,"y":20}}"#, &[]),
        (r#"{"versions":{"1":"1996-04-12"}}"#, &[]),
        (r#"{"phone":{"1":"Galaxy","2":"Pixel"}}"#, &[]),
    ] {
        let verdict = inspect(engine, &message(JSON, body.as_bytes()), "");
        let found: Vec<String> = verdict
            .findings
            .items
            .iter()
            .map(|finding| verdict.findings.safe_locator(finding))
            .collect();
        assert_eq!(found, expected, "{body}");
    }
}

#[test]
fn pairs_of_a_form_tell_of_each_other_by_number() {
    let engine = known();
    for body in [
        "contact[0][type]=birthday&contact[0][value]=1996-04-12",
        "contact%5B0%5D%5Btype%5D=birthday&contact%5B0%5D%5Bvalue%5D=1996-04-12",
        "contact.0.type=birthday&contact.0.value=1996-04-12",
        "n=1&contact[0][value]=1996-04-12&contact[0][type]=birthday&contact[1][type]=x",
    ] {
        let verdict = inspect(engine, &message(FORM, body.as_bytes()), "");
        assert_eq!(verdict.findings.items.len(), 1, "{body}");
        let sent = body_of(&verdict);
        assert!(!sent.contains("1996") && !sent.ends_with('&') && !sent.contains("&&"), "{sent}");
    }
}

/// Nobody but some programs decodes such a name (RFC 7578 §4.2).
#[test]
fn the_name_of_a_part_in_an_encoded_word_was_not_read() {
    let body = b"--X\r\nContent-Disposition: form-data; name=\"=?utf-8?B?YmlydGhkYXk=?=\"\r\n\r\n1996-04-12\r\n--X--\r\n";
    let headers: &[(&str, &[u8])] = &[("content-type", b"multipart/form-data; boundary=X")];
    let verdict = inspect(known(), &message(headers, body), "");
    assert_eq!(verdict.gaps.first().map(|gap| gap.cause), Some(GapCause::Malformed));
    assert_eq!(verdict.decision.effect, Effect::Block);
}

/// RFC 4180 §3 has the parameter, and most readers do not.
#[test]
fn a_table_said_to_have_no_header_is_read_by_the_one_it_has() {
    let headers: &[(&str, &[u8])] = &[("content-type", b"text/csv; header=absent")];
    let body = b"full_name,dob\nAyesha Khan,1996-04-12\n";
    let verdict = inspect(known(), &message(headers, body), "");
    assert_eq!(verdict.findings.items.len(), 2, "{:?}", verdict.findings.items);
    assert!(format::identify(Some("text/csv; header=absent"), body).is_ok());
}
