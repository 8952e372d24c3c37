//! What is redacted inside an encoding goes out in that encoding, or its whole value is gone.
//!
//! A date of birth may not go, the number of a device may: each row says what arrives.

use super::*;
use crate::{
    domain::{Charset, Encoding},
    format, redact,
};

fn headers<'h>(content_type: &'h str, coding: &'h str) -> Vec<(&'h str, &'h [u8])> {
    let headers = [("content-type", content_type), ("content-encoding", coding)];
    let given = headers.into_iter().filter(|(_, value)| !value.is_empty());
    given.map(|(name, value)| (name, value.as_bytes())).collect()
}

/// What arrives of a body; all of it was read, and nothing personal is left in what arrives.
fn arrives(engine: &Engine, content_type: &str, coding: &str, body: &[u8]) -> Vec<u8> {
    let headers = headers(content_type, coding);
    let verdict = inspect(engine, &message(&headers, body), "");
    let shown = String::from_utf8_lossy(body);
    assert_eq!(verdict.coverage, Coverage::Full, "{shown} {:?}", verdict.gaps);
    assert_eq!(
        verdict.decision.effect,
        Effect::Redact,
        "{shown} {:?} {:?}",
        verdict.decision,
        verdict.findings
    );
    let sent = verdict.redacted.unwrap().body.unwrap();
    let again = inspect(engine, &message(&headers, &sent), "");
    assert_eq!(again.decision.effect, Effect::Allow, "{shown} {:?}", again.findings);
    sent
}

#[test]
fn values_inside_values_go_and_their_encodings_stay() {
    let engine = shipped();
    let json = r#"{"imei": "867619040000019", "birthday": "1996-04-12"}"#;
    let clean = r#"{"imei": "867619040000019"}"#;
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let in_base64 = |encoding: Encoding, text: &str| {
        String::from_utf8(redact::encode(encoding, text.as_bytes()).unwrap()).unwrap()
    };
    let gzip = |text: &str| redact::encode(Encoding::Gzip, text.as_bytes()).unwrap();
    let gzip64 = |text: &str| base64(&gzip(text));
    let form = "imei=867619040000019&birthday=1996-04-12";
    for (value, expected) in [
        // A document in a string, once and twice.
        (quoted(json), quoted(clean)),
        (quoted(&quoted(json)), quoted(&quoted(clean))),
        (quoted(form), quoted("imei=867619040000019")),
        (
            quoted("<a><imei>867619040000019</imei><birthday>1996-04-12</birthday></a>"),
            quoted("<a><imei>867619040000019</imei></a>"),
        ),
        (
            quoted("https://x.example/a?imei=867619040000019&birthday=1996-04-12#top"),
            quoted("https://x.example/a?imei=867619040000019#top"),
        ),
        // Slashes that are escaped, as PHP writes them.
        (
            r#""https:\/\/x.example\/a?birthday=1996-04-12&b=1""#.to_owned(),
            r#""https:\/\/x.example\/a?b=1""#.to_owned(),
        ),
        (
            quoted(r#"mutation { add(imei: "867619040000019", birthday: "1996-04-12") { ok } }"#),
            quoted(r#"mutation { add(imei: "867619040000019", birthday: null) { ok } }"#),
        ),
        (quoted(&in_base64(Encoding::Base64, json)), quoted(&in_base64(Encoding::Base64, clean))),
        (
            quoted(&in_base64(Encoding::Base64, form)),
            quoted(&in_base64(Encoding::Base64, "imei=867619040000019")),
        ),
        (quoted(&gzip64(json)), quoted(&gzip64(clean))),
        (
            quoted(&format!("data:application/json;base64,{}", base64(json.as_bytes()))),
            quoted(&format!("data:application/json;base64,{}", base64(clean.as_bytes()))),
        ),
        (
            quoted(&format!(
                "data:application/json,{}",
                json.replace('"', "%22").replace(' ', "%20")
            )),
            quoted("data:application/json,%7B%22imei%22%3A%20%22867619040000019%22%7D"),
        ),
    ] {
        let body = format!(r#"{{"data": {value}, "n": 1}}"#);
        let sent = arrives(&engine, "application/json", "", body.as_bytes());
        let expected = format!(r#"{{"data": {expected}, "n": 1}}"#);
        assert_eq!(String::from_utf8(sent).unwrap(), expected, "{body}");
    }
}

#[test]
fn what_is_escaped_once_more_is_found_where_it_stands() {
    let engine = shipped();
    for (body, expected) in [
        (r#"{"email": "sana.k%40example.pk", "n": 1}"#, r#"{"n": 1}"#),
        (r#"{"email": "sana.k&#64;example.pk", "n": 1}"#, r#"{"n": 1}"#),
        (r#"{"email": "sana.k&commat;example.pk", "n": 1}"#, r#"{"n": 1}"#),
        (r#"{"email": "sana.k\\u0040example.pk", "n": 1}"#, r#"{"n": 1}"#),
        (r#"{"\u0065mail": "sana.k\u0040example.pk", "n": 1}"#, r#"{"n": 1}"#),
    ] {
        let sent = arrives(&engine, "application/json", "", body.as_bytes());
        assert_eq!(String::from_utf8(sent).unwrap(), expected, "{body}");
    }
}

#[test]
fn a_token_whose_claims_may_not_go_is_gone() {
    let engine = shipped();
    let part = |text: &str| {
        String::from_utf8(redact::encode(Encoding::Base64Url, text.as_bytes()).unwrap()).unwrap()
    };
    let token = format!(
        "{}.{}.c2lnbmF0dXJl",
        part(r#"{"alg":"HS256"}"#),
        part(r#"{"sub":"1","birthday":"1996-04-12"}"#)
    );
    let body = format!(r#"{{"state": "ok", "hint": "{token}"}}"#);
    let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
    assert_eq!(verdict.decision.effect, Effect::Redact, "{:?}", verdict.findings);
    let sent = body_of(&verdict);
    assert!(!sent.contains("eyJ"), "{sent}");
    assert!(serde_json::from_str::<serde_json::Value>(&sent).is_ok(), "{sent}");
    let locators: Vec<String> =
        verdict.findings.items.iter().map(|finding| verdict.findings.locator(finding)).collect();
    assert!(locators.contains(&"/hint/birthday".to_owned()), "{locators:?}");
}

#[test]
fn bodies_in_other_character_encodings_stay_in_them() {
    let engine = shipped();
    let text = "{\"model\":\"李明\",\"birthday\":\"1996-04-12\"}";
    let clean = "{\"model\":\"李明\"}";
    for (content_type, charset) in [
        ("application/json; charset=utf-16le", Charset::UTF_16_LE),
        ("application/json; charset=utf-32be", Charset::UTF_32_BE),
        ("application/json; charset=gbk", Charset("GBK")),
        ("application/json; charset=gb18030", Charset("gb18030")),
        ("application/json; charset=big5", Charset("Big5")),
        ("application/json; charset=shift_jis", Charset("Shift_JIS")),
    ] {
        let encoding = Encoding::Charset(charset);
        for coding in ["", "gzip", "br", "zstd", "deflate, gzip"] {
            let codings = format::content_encodings(coding).unwrap();
            let wrapped = |text: &str| {
                let text = redact::encode(encoding, text.as_bytes()).unwrap();
                codings.iter().fold(text, |body, coding| redact::encode(*coding, &body).unwrap())
            };
            let sent = arrives(&engine, content_type, coding, &wrapped(text));
            let limits = Limits::default();
            let opened = codings
                .iter()
                .rev()
                .fold(sent, |body, coding| format::decode(*coding, &body, &limits).unwrap());
            assert_eq!(
                format::decode(encoding, &opened, &limits).unwrap(),
                clean.as_bytes(),
                "{content_type} {coding}"
            );
        }
    }
    // The mark at the front stays.
    let marked = format!("\u{feff}{text}");
    let body = redact::encode(Encoding::Charset(Charset::UTF_16_BE), marked.as_bytes()).unwrap();
    let sent = arrives(&engine, "application/json", "", &body);
    assert!(sent.starts_with(&[0xFE, 0xFF]));
}

#[test]
fn a_redacted_body_goes_out_in_no_coding_where_that_is_wanted() {
    let engine = shipped();
    let limits = Limits { keeps_content_coding: false, ..Limits::default() };
    let body = br#"{"imei": "867619040000019", "birthday": "1996-04-12"}"#;
    for coding in ["gzip", "br", "zstd"] {
        let encoding = format::content_encodings(coding).unwrap();
        let wrapped = redact::encode(encoding[0], body).unwrap();
        let headers = headers("application/json", coding);
        let message = message(&headers, &wrapped);
        let verdict = engine.inspect(&message, transfer(""), &limits, &mut Scratch::default());
        let redacted = verdict.redacted.unwrap();
        assert!(redacted.body_is_identity, "{coding}");
        assert_eq!(redacted.body.unwrap(), br#"{"imei": "867619040000019"}"#);
    }
}

#[test]
fn tables_cards_and_parts_are_redacted_in_their_own_way() {
    let engine = shipped();
    for (content_type, body, expected) in [
        (
            "text/csv; header=absent",
            "867619040000019,sana.k@example.pk\r\n",
            "867619040000019,\r\n",
        ),
        (
            "text/tab-separated-values",
            "imei\tbirthday\n867619040000019\t1996-04-12\n",
            "imei\tbirthday\n867619040000019\t\n",
        ),
        (
            "application/graphql",
            "{ add(imei: \"867619040000019\", birthday: \"1996-04-12\") { ok } }",
            "{ add(imei: \"867619040000019\", birthday: null) { ok } }",
        ),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"note\"\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: application/json\r\n\r\n{\"imei\": \"867619040000019\", \"birthday\": \"1996=\r\n-04-12\"}\r\n--b--\r\n",
            "--b\r\nContent-Disposition: form-data; name=\"note\"\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: application/json\r\n\r\n{\"imei\": \"867619040000019\"}\r\n--b--\r\n",
        ),
    ] {
        let sent = arrives(&engine, content_type, "", body.as_bytes());
        assert_eq!(String::from_utf8(sent).unwrap(), expected, "{body}");
    }
}

#[test]
fn base64_of_what_is_no_text_does_not_count_as_read_where_it_may_hold_somebody() {
    let engine = shipped();
    let headers = headers("application/json", "");
    for (data, coverage, found) in [
        // A message of Protocol Buffers and one of MessagePack with a mailbox; UTF-16 without its mark; files.
        ("Chdhbm5hLnNjaG1pZHRAZXhhbXBsZS5kZRCWAQ==", Coverage::Partial, false),
        ("gaVlbWFpbLFzYW5hLmtAZXhhbXBsZS5waw==", Coverage::Partial, true),
        // A text in a field of a fixed length.
        ("bXkgQ05JQyBpcyAzNTIwMi0xMjM0NTY3LTEAAAA=", Coverage::Full, false),
        ("cwBhAG4AYQAuAGsAQABlAHgAYQBtAHAAbABlAC4AcABrAA==", Coverage::Full, true),
        ("U1FMaXRlIGZvcm1hdCAzABAAAQEAQCAg", Coverage::Partial, false),
        ("QlpoOTFBWSZTWWWlrdMAAAkRgEAA", Coverage::Partial, false),
        // A hash, a key, random bytes.
        ("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", Coverage::Full, false),
        ("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4OQ2nKf8b0F1f0bqTnFJ3g8M0g==", Coverage::Full, false),
        ("a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90", Coverage::Full, false),
    ] {
        let body = format!(r#"{{"data":"{data}"}}"#);
        let verdict = inspect(&engine, &message(&headers, body.as_bytes()), "");
        assert_eq!(verdict.coverage, coverage, "{data}");
        let names = short_names(&engine, &verdict);
        assert_eq!(names.contains(&"email".to_owned()), found, "{data}: {names:?}");
    }
}

#[test]
fn text_that_is_not_utf_8_as_a_whole_is_searched_inside_base64_and_counts_as_unread() {
    let engine = shipped();
    let hex = |text: &[u8]| text.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for text in [
        &b"Dear sir, my CNIC is 35202-1234567-1, Gr\xFC\xDFe"[..],
        b"{\"name\":\"Jos\xE9\",\"cnic\":\"35202-1234567-1\"}",
        b"name;city;cnic\nJ\xFCrgen;K\xF6ln;35202-1234567-1\n",
        b"name,cnic\n\x8ER\x93c\x91\xBE\x98Y,35202-1234567-1\n",
        b"name,cnic\n\xD5\xC5\xC8\xFD,35202-1234567-1\n",
        b"From: a\nTo: b\nContent-Transfer-Encoding: 8bit\n\nCNIC 35202-1234567-1, Gr\xFC\xDFe\n",
        b"my CNIC is 35202-1234567-1\0and more\0",
        b"my CNIC is \x1B[1m 35202-1234567-1 \x1B[0m",
        b"\n$6f9619ff-8b86-d011-b42d-00c04fc964ff\x12\x11sana.k@example.pk\x18\x05",
    ] {
        let shown = String::from_utf8_lossy(text);
        let url = String::from_utf8(redact::encode(Encoding::Base64Url, text).unwrap()).unwrap();
        for (content_type, body) in [
            ("application/json", format!(r#"{{"f":"{}"}}"#, base64(text))),
            ("application/json", format!(r#"{{"f":"{url}"}}"#)),
            ("application/json", format!(r#"{{"f":"{}"}}"#, hex(text))),
            ("text/plain", base64(text)),
            ("application/x-www-form-urlencoded", format!("a=1&f={url}")),
        ] {
            let found = found_unread(&engine, content_type, body.as_bytes());
            assert!(!found.is_empty(), "{content_type} {body}: {shown}");
        }
    }
    // What says itself how it is encoded is read in full.
    let xml = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a><n>J\xFCrgen</n><imei>867619040000019</imei><birthday>1996-04-12</birthday></a>";
    let body = format!(r#"{{"f":"{}"}}"#, base64(xml));
    let sent = arrives(&engine, "application/json", "", body.as_bytes());
    assert!(String::from_utf8(sent).unwrap().starts_with(r#"{"f":"PD94"#));
}

#[test]
fn base64_among_the_words_of_a_value_goes_and_the_words_stay() {
    let engine = shipped();
    let (json, clean) =
        (r#"{"imei":"867619040000019","birthday":"1996-04-12"}"#, r#"{"imei":"867619040000019"}"#);
    for around in ["v1:*", "Bearer *", "payload * end", "*,*", ":*:", "data:text/plain; base64,*"] {
        let body = |json: &str| {
            format!(r#"{{"x": "{}", "n": 1}}"#, around.replace('*', &base64(json.as_bytes())))
        };
        let sent = arrives(&engine, "application/json", "", body(json).as_bytes());
        let sent = String::from_utf8(sent).unwrap();
        if around.starts_with("data:") {
            // Read as the text it is declared to be.
            assert!(!sent.contains(&base64(json.as_bytes())), "{sent}");
        } else {
            assert_eq!(sent, body(clean), "{around}");
        }
    }
    let value = format!(":{}:", base64(json.as_bytes()));
    let headers = [("x-user", value.as_bytes())];
    let found = short_names(&engine, &inspect(&engine, &message(&headers, b""), ""));
    assert!(found.contains(&"date_of_birth".to_owned()), "{found:?}");
}

#[test]
fn names_in_an_encoding_are_those_of_whom_they_stand_for() {
    let engine = shipped();
    let headers = headers("application/json", "");
    for name in ["c2FuYS5rQGV4YW1wbGUucGs=", "73616e612e6b406578616d706c652e706b"] {
        for (body, shown) in [
            (format!(r#"{{"{name}": 1}}"#), &["/*"][..]),
            (format!(r#"{{"{name}": {{"birthday": "1996-04-12"}}}}"#), &["/*", "/*/birthday"]),
            (format!(r#"{{"a": {{"{name}": [1]}}}}"#), &["/a/*"]),
        ] {
            let verdict = inspect(&engine, &message(&headers, body.as_bytes()), "");
            let names = short_names(&engine, &verdict);
            assert!(names.contains(&"email".to_owned()), "{body}: {names:?}");
            let places = verdict.findings.items.iter().map(|it| verdict.findings.safe_locator(it));
            assert_eq!(places.collect::<Vec<_>>(), shown, "{body}");
        }
    }
    // Of nobody: `internal/build/cache`, and a digest.
    for name in ["aW50ZXJuYWwvYnVpbGQvY2FjaGU=", "9af48d9d59ce6ca6b0b9658d7dbc0360"] {
        let verdict =
            inspect(&engine, &message(&headers, format!(r#"{{"{name}": 1}}"#).as_bytes()), "");
        assert!(verdict.findings.items.is_empty(), "{name}");
    }
}

#[test]
fn texts_in_an_encoding_of_their_own_are_opened_or_a_gap() {
    let engine = shipped();
    let mail = "sana.k@example.pk";
    for (content_type, body, coverage, is_found) in [
        ("application/json", r#"{"v":"=?utf-8?Q?sana.k=40example.pk?="}"#, Coverage::Full, true),
        (
            "application/json",
            r#"{"v":"=?UTF-8?B?c2FuYS5rQGV4YW1wbGUucGs=?="}"#,
            Coverage::Full,
            true,
        ),
        ("application/json", r#"{"v":"a =?b?= c"}"#, Coverage::Full, false),
        (
            "application/json",
            r#"{"msg":"payload=eyJlbWFpbCI6InNhbmEua0BleGFtcGxlLnBrIn0="}"#,
            Coverage::Full,
            true,
        ),
        ("application/json", "{\"email\":\"sana.k@example\u{ff61}pk\"}", Coverage::Full, true),
        ("application/yaml", r#"v: "sana.k\x40example.pk""#, Coverage::Partial, false),
        ("application/yaml", "v: !!binary c2FuYQ==", Coverage::Partial, false),
        ("application/yaml", "v: sana.k@example.pk", Coverage::Full, true),
        ("message/rfc822", "From: sana.k@example.pk\r\n\r\nhello", Coverage::Full, true),
        (
            "message/rfc822",
            "Content-Transfer-Encoding: quoted-printable\r\n\r\nsana.k=40example.pk",
            Coverage::Full,
            true,
        ),
        ("text/ldif", "dn: cn=x\nmail:: c2FuYS5rQGV4YW1wbGUucGs=\n", Coverage::Partial, true),
        ("text/rtf", r"{\rtf1 sana.k\'40example.pk}", Coverage::Partial, false),
        (
            "text/plain",
            "-----BEGIN PGP MESSAGE-----\n\nhQEMA0\n-----END PGP MESSAGE-----\n",
            Coverage::Partial,
            false,
        ),
        ("application/jose+json", r#"{"ciphertext":"qqqq"}"#, Coverage::Opaque, false),
    ] {
        let headers = headers(content_type, "");
        let verdict = inspect(&engine, &message(&headers, body.as_bytes()), "");
        assert_eq!(verdict.coverage, coverage, "{body}");
        let names = short_names(&engine, &verdict);
        assert_eq!(names.contains(&"email".to_owned()), is_found, "{body}: {names:?}");
        if is_found && coverage == Coverage::Full {
            let sent = verdict.redacted.as_ref().and_then(|it| it.body.clone()).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&sent).contains(mail), "{body}");
        }
    }
}

#[test]
fn a_table_that_is_sent_as_a_file_says_itself_what_it_is_of() {
    let engine = shipped();
    let table = "Name,Phone,City\r\nSana Khan,+923331234567,Karachi\r\n";
    let body = |name: &str| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"t.csv\"\r\nContent-Type: text/csv\r\n\r\n{table}\r\n--b--\r\n"
        )
    };
    let names = |body: &[u8], content_type: &str| {
        let headers = headers(content_type, "");
        short_names(&engine, &inspect(&engine, &message(&headers, body), ""))
    };
    let alone = names(table.as_bytes(), "text/csv");
    assert!(alone.contains(&"name".to_owned()), "{alone:?}");
    for name in ["file", "document", "upload"] {
        let found = names(body(name).as_bytes(), "multipart/form-data; boundary=b");
        assert!(alone.iter().all(|tag| found.contains(tag)), "{name}: {found:?}");
    }
}

#[test]
fn claims_in_a_header_are_read_as_those_in_a_body() {
    let engine = shipped();
    // {"alg":"HS256"} and {"sub":"8402232966","name":"Zarmeena Lodhi","email":"z@example.pk"}
    let token = "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI4NDAyMjMyOTY2IiwibmFtZSI6Ilphcm1lZW5hIExvZGhpIiwiZW1haWwiOiJ6QGV4YW1wbGUucGsifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
    let headers = [("authorization", token.as_bytes())];
    let found = short_names(&engine, &inspect(&engine, &message(&headers, b""), ""));
    for tag in ["account_id", "name", "email"] {
        assert!(found.contains(&tag.to_owned()), "{tag}: {found:?}");
    }
}

/// What was found, in a body that counts as unread.
fn found_unread(engine: &Engine, content_type: &str, body: &[u8]) -> Vec<String> {
    let headers = headers(content_type, "");
    let verdict = inspect(engine, &message(&headers, body), "");
    let shown = String::from_utf8_lossy(body);
    assert_ne!(verdict.coverage, Coverage::Full, "{shown}");
    short_names(engine, &verdict)
}

fn short_names(engine: &Engine, verdict: &Verdict) -> Vec<String> {
    let tags = verdict.findings.items.iter().map(|finding| finding.tag);
    tags.map(|tag| engine.taxonomy().category(tag).unwrap().short.to_string()).collect()
}

#[test]
fn what_stands_where_reading_ended_is_found_and_still_counts_as_unread() {
    let engine = shipped();
    for (content_type, body, expected) in [
        ("application/json", r#"{"a": 1, /* x */ "email": "sana.k@example.pk"}"#, &["email"][..]),
        ("application/json", "{\"a\": 1}\n{\"imei\": \"867619040000019\"}", &["imei"]),
        ("application/json", ")]}',\n{\"email\": \"sana.k@example.pk\"}", &["email"]),
        ("application/json", "/* all */ {\"imei\": \"867619040000019\"}", &["imei"]),
        ("application/xml", "<a><email>sana.k@example.pk</email><b></a>", &["email"]),
        ("multipart/form-data; boundary=b", "before\r\n--b\r\n\r\nsana.k@example.pk", &["email"]),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"imei\"\r\n\r\n867619040000019\r\n",
            &["imei"],
        ),
        ("application/json", "\u{1}\u{2} sana.k@example.pk", &[]),
        (
            "application/x-ndjson",
            "{\"imei\":\"867619040000019\"}\n{\"imei\":\n{\"email\":\"sana.k@example.pk\"}\n",
            &["imei", "email"],
        ),
    ] {
        assert_eq!(found_unread(&engine, content_type, body.as_bytes()), expected, "{body}");
    }
}

#[test]
fn a_value_may_stand_before_its_name() {
    let engine = shipped();
    for body in [
        r#"[{"value": "1993-09-28", "key": "dob"}]"#,
        r#"{"fields": [{"val": "1993-09-28", "field": {}, "name": "date_of_birth"}]}"#,
        r#"{"items": [{"v": "x", "k": "sku"}, {"v": "1993-09-28", "k": "birthday"}]}"#,
    ] {
        let headers = headers("application/json", "");
        let verdict = inspect(&engine, &message(&headers, body.as_bytes()), "");
        assert_eq!(short_names(&engine, &verdict), ["date_of_birth"], "{body}");
    }
}

#[test]
fn two_halves_of_a_name_are_found_in_either_order() {
    let engine = shipped();
    for person in ["author", "user", "owner", "x"] {
        for halves in [
            r#""given": "Sana", "family": "Khan""#,
            r#""family": "Khan", "given": "Sana""#,
            r#""ad": "Ayşe", "soyad": "Yılmaz""#,
            r#""soyad": "Yılmaz", "ad": "Ayşe""#,
        ] {
            let body = format!(r#"{{"{person}": {{{halves}, "affiliation": []}}}}"#);
            let headers = headers("application/json", "");
            let verdict = inspect(&engine, &message(&headers, body.as_bytes()), "");
            let mut names = short_names(&engine, &verdict);
            names.sort();
            assert_eq!(names, ["first_name", "last_name"], "{body}");
        }
    }
}

/// What stands beside a cell says what it is, on whichever side: rows of a table as members of an object.
#[test]
fn columns_are_read_by_each_other_in_any_order() {
    let engine = shipped();
    let found = |content_type: &str, body: &str| {
        let headers = headers(content_type, "");
        short_names(&engine, &inspect(&engine, &message(&headers, body.as_bytes()), ""))
    };
    for (names, values, expected) in [
        (["name", "sku", "price"], ["Sana Khan", "band-7", "12.50"], &[][..]),
        (["sku", "price", "name"], ["band-7", "12.50", "Sana Khan"], &[]),
        (["code", "family", "language"], ["ab", "Caucasian", "Abkhaz"], &["language"]),
        (
            ["name", "city", "birthday"],
            ["Sana Khan", "Lahore", "1996-04-12"],
            &["city", "date_of_birth", "name"],
        ),
        (
            ["birthday", "name", "city"],
            ["1996-04-12", "Sana Khan", "Lahore"],
            &["city", "date_of_birth", "name"],
        ),
    ] {
        let rows =
            [names.join(","), values.join(","), values.join(","), values.join(",")].join("\n");
        let mut thrice: Vec<&str> = expected.iter().flat_map(|tag| [*tag; 3]).collect();
        thrice.sort_unstable();
        let mut of_rows = found("text/csv", &rows);
        of_rows.sort_unstable();
        assert_eq!(of_rows, thrice, "{rows}");
        let pairs = names.iter().zip(values).map(|(name, value)| (*name, value.into()));
        let object = serde_json::Value::Object(
            pairs.map(|(n, v): (&str, serde_json::Value)| (n.into(), v)).collect(),
        );
        let mut of_object = found("application/json", &object.to_string());
        of_object.sort_unstable();
        assert_eq!(of_object, expected, "{object}");
    }
}

#[test]
fn text_of_two_bytes_a_character_is_read_inside_base64() {
    let engine = shipped();
    let json = r#"{"imei":"867619040000019"}"#;
    let wide: Vec<u8> =
        std::iter::once(0xFEFF).chain(json.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let body = format!(r#"{{"payload": "{}"}}"#, base64(&wide));
    let headers = headers("application/json", "");
    let verdict = inspect(&engine, &message(&headers, body.as_bytes()), "");
    assert_eq!(verdict.coverage, Coverage::Full, "{:?}", verdict.gaps);
    let places = verdict.findings.items.iter().map(|it| verdict.findings.safe_locator(it));
    assert_eq!(places.collect::<Vec<_>>(), ["/payload/imei"]);
}

/// A request of SAML 2.0 as it stands in a query, and the same as a value and among words.
#[test]
fn deflate_without_a_head_is_read_inside_base64() {
    let engine = shipped();
    let xml = r#"<samlp:LogoutRequest xmlns:samlp="x"><saml:NameID xmlns:saml="y">sana.k@example.pk</saml:NameID></samlp:LogoutRequest>"#;
    // What zlib has around it, off.
    let packed = redact::encode(Encoding::Deflate, xml.as_bytes()).unwrap();
    let packed = packed.get(2..packed.len() - 4).unwrap();
    let symbols = base64(packed);
    let escaped = symbols.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let target = format!("/sso?SAMLRequest={escaped}&RelayState=7");
    let asked = Message { target: &target, ..message(&[], b"") };
    let verdict = inspect(&engine, &asked, "");
    assert_eq!(short_names(&engine, &verdict), ["email"]);
    for value in [symbols.clone(), format!("v1:{symbols}"), format!("request {symbols} end")] {
        let body = format!(r#"{{"v":"{value}"}}"#);
        let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
        assert_eq!(short_names(&engine, &verdict), ["email"], "{value}");
        assert_eq!(verdict.coverage, Coverage::Full, "{value}");
        assert!(!body_of(&verdict).contains(&symbols), "{value}");
    }
    // With something behind it, or cut off, it is none.
    for bytes in [[packed, &[0]].concat(), packed.get(..packed.len() - 1).unwrap().to_vec()] {
        let body = format!(r#"{{"v":"{}"}}"#, base64(&bytes));
        let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
        assert!(verdict.findings.items.is_empty(), "{body}");
    }
    // More than may be unpacked is a gap.
    let long = redact::encode(Encoding::Deflate, &vec![b'a'; 33 << 20]).unwrap();
    let body = format!(r#"{{"v":"{}"}}"#, base64(long.get(2..long.len() - 4).unwrap()));
    let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
    assert_eq!(verdict.coverage, Coverage::Partial, "{:?}", verdict.gaps);
}

#[test]
fn the_name_of_a_file_in_gzip_is_read_wherever_it_is_packed() {
    let engine = shipped();
    let plain = redact::encode(Encoding::Gzip, br#"{"ok":1}"#).unwrap();
    let (head, rest) = plain.split_at(10);
    let mut named = head.to_vec();
    named[3] |= 8;
    named.extend_from_slice(b"sana.k@example.pk\0");
    named.extend_from_slice(rest);
    let json = format!(r#"{{"d":"{}","n":1}}"#, base64(&named));
    let mut parts = b"--b\r\nContent-Disposition: form-data; name=\"d\"\r\n\r\n".to_vec();
    parts.extend_from_slice(&named);
    parts.extend_from_slice(b"\r\n--b--\r\n");
    for (content_type, body) in [
        ("application/json", json.as_bytes()),
        // What is told to hold nothing the first time is not passed over the second.
        ("application/json", json.as_bytes()),
        ("multipart/form-data; boundary=b", &parts),
        ("application/json", &named),
    ] {
        let headers = headers(content_type, "");
        let verdict = inspect(&engine, &message(&headers, body), "");
        assert_eq!(short_names(&engine, &verdict), ["email"], "{content_type}");
        assert_ne!(verdict.decision.effect, Effect::Allow, "{content_type}");
        if let Some(sent) = verdict.redacted.and_then(|it| it.body) {
            let again = inspect(&engine, &message(&headers, &sent), "");
            assert!(again.findings.items.is_empty(), "{content_type}");
        }
    }
}

#[test]
fn a_token_may_be_padded() {
    let engine = shipped();
    let part = |text: &str| base64(text.as_bytes()).replace('+', "-").replace('/', "_");
    let claims = part(r#"{"gender":"F","email":"sana.k@example.pk"}"#);
    let token = format!("{}.{claims}.c2lnbmF0dXI=", part(r#"{"alg":"none"}"#));
    assert!(token.contains("=."), "{token}");
    let body = format!(r#"{{"v":"{token}","n":1}}"#);
    let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
    let names = short_names(&engine, &verdict);
    assert!(names.contains(&"email".to_owned()) && names.contains(&"gender".to_owned()));
    assert_eq!(body_of(&verdict), r#"{"n":1}"#);
}

#[test]
fn a_log_is_read_behind_any_number_of_lines_that_were_cut_off() {
    let engine = shipped();
    let line = r#"2026 req {"seq":1,"items":[{"a":1,"b":[1,2"#.to_owned() + "\n";
    let person = r#"2026 body {"customer":{"email":"sana.k@example.pk","religion":"Islam"}}"#;
    let body = line.repeat(24) + person;
    let verdict = inspect(&engine, &message(&headers("text/plain", ""), body.as_bytes()), "");
    assert_eq!(redacted_pointers(&verdict), ["/customer/email", "/customer/religion"]);
    assert_eq!(verdict.coverage, Coverage::Full);
    // Objects in each other without an end are given up, and that is told.
    let body = r#"x {"a":"#.repeat(50_000) + person;
    let body = body.replace("x {", "{");
    let verdict = inspect(&engine, &message(&headers("text/plain", ""), body.as_bytes()), "");
    assert_eq!(verdict.coverage, Coverage::Partial);
}

/// A form that is well-formed XML besides.
#[test]
fn fields_of_a_form_are_read_by_their_names() {
    let engine = shipped();
    for form in [
        "<form action=\"/a\"><textarea name=\"diagnosis\">HIV positive</textarea></form>",
        "<section><form><select name=\"religion\"><option>None</option><option value=\"islam\" selected=\"selected\">Islam</option></select></form></section>",
    ] {
        for (content_type, body) in [
            ("", form.to_owned()),
            ("text/html", form.to_owned()),
            ("application/json", serde_json::json!({ "page": form }).to_string()),
        ] {
            let headers = headers(content_type, "");
            let verdict = inspect(&engine, &message(&headers, body.as_bytes()), "");
            assert!(!verdict.findings.items.is_empty(), "{content_type} {form}");
        }
    }
}

#[test]
fn brotli_that_nobody_declared_is_looked_into_and_counts_as_unread() {
    let engine = shipped();
    let json = r#"{"user": {"email": "amina.khan@example.pk", "level": "one two three"}}"#;
    let body = redact::encode(Encoding::Brotli, json.as_bytes()).unwrap();
    for content_type in ["application/json", "application/octet-stream", ""] {
        assert_eq!(found_unread(&engine, content_type, &body), ["email"], "{content_type}");
    }
}
