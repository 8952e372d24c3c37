//! What is redacted inside an encoding goes out in that encoding, or its whole value is gone.
//!
//! A date of birth may not go, the number of a device may: each row says what arrives.

use super::*;
use crate::{
    domain::{Charset, Encoding},
    format, redact,
};

mod order;
mod packed;

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
        ("application/yaml", r#"v: "sana.k\x40example.pk""#, Coverage::Full, true),
        ("application/toml", r#"v = "sana.k\u0040example.pk""#, Coverage::Full, true),
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
