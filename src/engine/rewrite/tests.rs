mod settings;
mod signed;
mod written;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::{Engine, Message, Scratch, Verdict, tests::shipped_files};
use crate::{
    domain::{
        BrokenSignature, Container, Coverage, Effect, FieldSink, Format, Key, Limits,
        ReplacementKind, Scalar, Value, is_token,
    },
    format::{self, Unescaped},
    policy::Transfer,
    redact::{PseudonymKey, Shape, detokenise, open},
    source::{Diagnostics, SourceFile},
};

/// The shipped taxonomy, detectors and registers, and one rule that redacts `categories`.
fn engine(categories: &str, redact: &str) -> Engine {
    try_engine(categories, redact).unwrap_or_else(|told| panic!("{told}"))
}

fn try_engine(categories: &str, redact: &str) -> Result<Engine, String> {
    let is_rule = |file: &SourceFile| {
        ["law/", "policy/", "agreement/", "organisation/", "tests/"]
            .iter()
            .any(|folder| file.name.starts_with(folder))
    };
    let mut files: Vec<SourceFile> =
        shipped_files().into_iter().filter(|file| !is_rule(file)).collect();
    let text = format!(
        "layer: organisation\ntitle: Test\nrules:\n  - id: ORG-00\n    title: t\n    statute: s\n    \
         effect: allow\n    reason: Allowed.\n  - id: ORG-01\n    title: t\n    statute: s\n    \
         effect: redact\n    redact: {{categories: {categories}, {redact}}}\n    reason: Redacted.\n"
    );
    files.push(SourceFile { name: "organisation/test.yaml".into(), text });
    let mut diagnostics = Diagnostics::default();
    Engine::compile(&files, PseudonymKey::new(b"test"), &mut diagnostics)
        .ok_or_else(|| diagnostics.to_string())
}

fn transfer() -> Transfer {
    serde_json::from_str(
        r#"{"as_of": "2026-11-23T09:00:00Z", "origin": "PK", "destination": "SG", "transport": "tls",
            "purpose": "service_activation",
            "recipient": {"class": "first_party_facility", "id": "mi-dc-singapore"}}"#,
    )
    .unwrap()
}

fn inspect(engine: &Engine, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Verdict {
    let headers: Vec<(&str, &[u8])> =
        headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let message = Message { method: "POST", target, headers: &headers, body, client_region: None };
    engine.inspect(&message, transfer(), &Limits::default(), &mut Scratch::default())
}

fn json(engine: &Engine, body: &str) -> (Verdict, serde_json::Value) {
    let verdict = inspect(engine, "/", &[("content-type", "application/json")], body.as_bytes());
    let sent = verdict.redacted.as_ref().and_then(|redacted| redacted.body.clone());
    let sent = sent.unwrap_or_else(|| body.as_bytes().to_vec());
    let value = serde_json::from_slice(&sent)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&sent)));
    (verdict, value)
}

/// Names and texts of one layer.
#[derive(Default)]
struct Pairs(Vec<(String, String)>);

impl FieldSink for Pairs {
    fn open(&mut self, _: Key<'_>, _: Container, _: usize, _: usize) {}

    fn close(&mut self, _: usize, _: usize) {}

    fn scalar(&mut self, key: Key<'_>, value: Value<'_>) {
        let mut buffer = Unescaped::default();
        let name = match key {
            Key::Root => String::new(),
            Key::Index(index) => index.to_string(),
            Key::Name { text, escape, .. } => {
                format::unescape(escape, text, &mut buffer).as_str().to_owned()
            }
        };
        let mut buffer = Unescaped::default();
        let text = format::unescape(value.escape, value.text, &mut buffer).as_str().to_owned();
        self.0.push((name, text));
    }
}

fn pairs(format: Format, bytes: &[u8]) -> Vec<(String, String)> {
    let mut pairs = Pairs::default();
    format::walk(format, bytes, &Limits::default(), &mut pairs)
        .unwrap_or_else(|stop| panic!("{stop:?} in {}", String::from_utf8_lossy(bytes)));
    pairs.0
}

/// What would end, open or break a value in one format or another.
const HOSTILE: &str = "\"';,<>&]]>--\r\nx: y\t\u{1}\\..%3D=|é{}";

/// INVARIANT: whatever stands in the rules, what is sent reads as before but for the value that was
/// redacted, and that reads as the rule says (a blank for what the format cannot hold).
#[test]
fn no_text_of_a_rule_breaks_out_of_its_place() {
    let replacement =
        format!("replacement: {{kind: replace, with: {}}}", serde_json::json!(HOSTILE));
    let engine = engine("[email]", &replacement);
    let email = "sana.k@example.pk";
    let nested = format!(r#"{{"user": {{"email": "{email}"}}, "ok": "é"}}"#);
    let quoted = nested.replace('"', "\"\"");
    let in_string = serde_json::json!({"a": 1, "extra": nested}).to_string();
    let multipart = format!(
        "--b\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\n{email}\r\n--b\r\n\
         Content-Disposition: form-data; name=\"f\"; filename=\"{email}\"\r\nContent-Type: text/plain\r\n\r\nabc\r\n\
         --b\r\nContent-Disposition: form-data; name=\"g\"; filename*=UTF-8''sana.k%40example.pk\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{nested}\r\n--b--\r\n",
        nested.len()
    );
    for (format, media_type, body) in [
        (Format::Json, "application/json", format!(r#"{{"a":"1","email":"{email}","b":[true]}}"#)),
        (Format::Json, "application/json", in_string),
        (
            Format::NdJson,
            "application/x-ndjson",
            format!("{{\"email\":\"{email}\"}}\n{{\"a\":\"1\"}}\n"),
        ),
        (
            Format::Form,
            "application/x-www-form-urlencoded",
            "a=1&email=sana.k%40example.pk&b=2".into(),
        ),
        (Format::Xml, "application/xml", format!("<r a=\"1\"><email>{email}</email><b>2</b></r>")),
        (Format::Xml, "application/xml", format!("<r email='{email}'><b>2</b></r>")),
        (
            Format::Xml,
            "application/xml",
            format!("<r><email><![CDATA[{email}]]></email><b>2</b></r>"),
        ),
        (Format::Xml, "application/xml", format!("<r><b>2</b><!-- from {email} today --></r>")),
        (Format::Csv, "text/csv", format!("id,email,city\r\n1,{email},x\r\n2,{email},\"y,z\"\r\n")),
        (Format::Csv, "text/csv", format!("id,email,city\r\n1,\"{email}\",x\r\n")),
        (Format::Csv, "text/csv", format!("id,note,city\r\n1,write to {email} today,x\r\n")),
        (Format::Csv, "text/csv", format!("id,extra,city\r\n1,\"{quoted}\",x\r\n")),
        (Format::Multipart, "multipart/form-data; boundary=b", multipart),
        (
            Format::VCard,
            "text/vcard",
            format!(
                "BEGIN:VCARD\r\nVERSION:4.0\r\nN:Khan;{email};x\r\n\
                 EMAIL;X-FROM=\"a:b\";X-BY={email};TYPE=work:{email}\r\n\
                 NOTE;X-BY=\"{email}\":a\\, {email}\r\nEND:VCARD\r\n"
            ),
        ),
        (Format::Text, "text/plain", format!("from {email} to nobody\nsecond line")),
    ] {
        let verdict = inspect(&engine, "/", &[("content-type", media_type)], body.as_bytes());
        assert_eq!(verdict.coverage, Coverage::Full, "{body}: {:?}", verdict.gaps);
        assert_eq!(verdict.decision.effect, Effect::Redact, "{body}: {:?}", verdict.findings);
        let sent = verdict.redacted.as_ref().unwrap().body.clone().unwrap();
        let shown = String::from_utf8_lossy(&sent).into_owned();
        assert!(!shown.contains("sana.k"), "{shown}");
        let again = inspect(&engine, "/", &[("content-type", media_type)], &sent);
        assert_eq!(again.coverage, Coverage::Full, "{shown}: {:?}", again.gaps);
        let (before, after) = (pairs(format, body.as_bytes()), pairs(format, &sent));
        if format == Format::Xml {
            // Leaving CDATA and coming back makes more runs of one text.
            let kept: Vec<_> = before.iter().filter(|(_, text)| !text.contains(email)).collect();
            assert!(kept.iter().all(|pair| after.contains(pair)), "{shown}");
            continue;
        }
        assert_eq!(before.len(), after.len(), "{shown}");
        for ((name, old), (new_name, new)) in before.iter().zip(&after) {
            assert_eq!(name, new_name, "{shown}");
            if !old.contains("sana.k") && !old.contains("example.pk") && name != "Content-Length" {
                assert_eq!(old, new, "{shown}");
            }
        }
    }
}

/// What is no text in an element of XML, and what tags divide, leaves no half of a value and no half of an element.
#[test]
fn a_value_in_pieces_of_xml_goes_as_a_whole() {
    let engine = engine("[email]", "replacement: {kind: replace, with: x}");
    for (body, expected) in [
        ("<r><email>sana.k<!-- y -->@example.pk</email></r>", "<r><email>x</email></r>"),
        ("<r><e>to sana.k<!-- y -->@example.pk now</e></r>", "<r><e>to x now</e></r>"),
        ("<r><email>sana.k<?y z?>@exam<![CDATA[ple.pk]]></email></r>", "<r><email>x</email></r>"),
        ("<r><p>to sana.k<i>@example.pk</i> now</p></r>", "<r><p>to x now</p></r>"),
        ("<r><p>to <i>sana.k</i>@example.pk now</p></r>", "<r><p>to x now</p></r>"),
        ("<r><p>to <i>sana</i>.k@<b>example.pk now</b></p></r>", "<r><p>x</p></r>"),
        (
            "<r><p>to <i>sana.k@example.pk</i>, n<b>o</b>w</p></r>",
            "<r><p>to <i>x</i>, n<b>o</b>w</p></r>",
        ),
    ] {
        let verdict =
            inspect(&engine, "/", &[("content-type", "application/xml")], body.as_bytes());
        assert_eq!(verdict.coverage, Coverage::Full, "{body}: {:?}", verdict.gaps);
        let sent = verdict.redacted.as_ref().unwrap().body.clone().unwrap();
        assert_eq!(String::from_utf8_lossy(&sent), expected, "{body}");
        assert_eq!(verdict.findings.items.len(), 1, "{body}: {:?}", verdict.findings);
    }
}

#[test]
fn what_json_says_is_exactly_what_the_rule_says() {
    let replacement =
        format!("replacement: {{kind: replace, with: {}}}", serde_json::json!(HOSTILE));
    let engine = engine("[email]", &replacement);
    let (_, sent) = json(&engine, r#"{"email": "sana.k@example.pk"}"#);
    assert_eq!(sent["email"], HOSTILE);
    let inner = r#"{"email": "sana.k@example.pk"}"#;
    let (_, sent) = json(&engine, &serde_json::json!({ "extra": inner }).to_string());
    let inner: serde_json::Value = serde_json::from_str(sent["extra"].as_str().unwrap()).unwrap();
    assert_eq!(inner["email"], HOSTILE);
}

#[test]
fn target_header_and_cookie_keep_their_form() {
    let replacement =
        format!("replacement: {{kind: replace, with: {}}}", serde_json::json!(HOSTILE));
    let engine = engine("[email]", &replacement);
    let headers = [
        ("x-customer-email", "sana.k@example.pk"),
        ("cookie", "a=1; email=sana.k%40example.pk; b=\"2\""),
    ];
    let target = "/u/sana.k%40example.pk/x?email=sana.k%40example.pk&b=2";
    let verdict = inspect(&engine, target, &headers, b"");
    let redacted = verdict.redacted.unwrap();
    let sent = redacted.target.unwrap();
    assert!(sent.is_ascii() && sent.parse::<http::Uri>().is_ok(), "{sent}");
    let (path, query) = sent.split_once('?').unwrap();
    assert_eq!(path.split('/').count(), 4, "{path}");
    assert_eq!(
        pairs(Format::Form, query.as_bytes()),
        [("email".to_owned(), HOSTILE.to_owned()), ("b".to_owned(), "2".to_owned())]
    );
    let value = |number: usize| {
        let (_, value) = redacted.headers.iter().find(|(known, _)| *known == number).unwrap();
        value.clone().unwrap()
    };
    assert!(http::HeaderValue::from_bytes(&value(0)).is_ok());
    assert!(http::HeaderValue::from_bytes(&value(1)).is_ok());
    assert_eq!(
        pairs(Format::Cookie, &value(1)),
        [
            ("a".to_owned(), "1".to_owned()),
            ("email".to_owned(), HOSTILE.to_owned()),
            ("b".to_owned(), "2".to_owned())
        ]
    );
}

#[test]
fn tokens_and_ciphertexts_come_back_and_the_record_says_what_was_done() {
    let body = r#"{"email": "sana.khan@example.pk", "phone": "+923451112233", "user_id": 1802345671, "imei": "867619040000019"}"#;
    let keys = crate::redact::Keyring::from(PseudonymKey::new(b"test"));
    let tokenise = engine("[email, phone, account_id, imei]", "replacement: {kind: tokenise}");
    let (verdict, sent) = json(&tokenise, body);
    assert_eq!(verdict.replaced.len(), 1, "{:?}", verdict.replaced);
    assert_eq!(
        (verdict.replaced[0].kind, verdict.replaced[0].count),
        (ReplacementKind::Tokenise, 4)
    );
    let taxonomy = tokenise.taxonomy();
    for (field, short, value) in [
        ("email", "email", "sana.khan@example.pk"),
        ("phone", "phone", "+923451112233"),
        ("user_id", "account_id", "1802345671"),
        ("imei", "imei", "867619040000019"),
    ] {
        let token = sent[field].as_str().map_or_else(|| sent[field].to_string(), str::to_owned);
        assert_ne!(token, value, "{field}");
        let shape = Shape::usual(taxonomy.key(taxonomy.tag(short).unwrap()));
        assert_eq!(detokenise(keys.current(), &shape, &token).as_deref(), Ok(value), "{field}");
    }
    assert!(
        sent["user_id"].is_number() && sent["email"].as_str().unwrap().ends_with("@example.pk")
    );

    let encrypt = engine("[email, account_id]", "replacement: {kind: encrypt}");
    let (_, sent) = json(&encrypt, body);
    for (field, value) in [("email", "sana.khan@example.pk"), ("user_id", "1802345671")] {
        assert_eq!(open(&keys, sent[field].as_str().unwrap()).as_deref(), Ok(value));
    }

    // Too short for a token: as the rule states, and the verdict says so.
    let short = engine("[email]", "replacement: {kind: tokenise, otherwise: hash}");
    let (verdict, sent) = json(&short, r#"{"email": "ab@example.pk"}"#);
    assert!(is_token(sent["email"].as_str().unwrap()), "{sent}");
    let replaced = verdict.replaced[0];
    assert_eq!(replaced.kind, ReplacementKind::Hash);
    assert_eq!(replaced.instead_of, Some(ReplacementKind::Tokenise));
}

#[test]
fn dates_are_shifted_by_the_nearest_subject() {
    let engine = engine(
        "[date_of_birth]",
        "replacement: {kind: shift_dates, days_max: 182, by: [account_id, email], otherwise: mask}",
    );
    let (_, sent) = json(
        &engine,
        r#"[{"email": "sana.khan@example.pk", "birthday": "1996-04-12"},
            {"email": "amma.jan@example.pk", "birthday": "1996-04-12"},
            {"email": "sana.khan@example.pk", "birthday": "1996-04-13"},
            {"user": {"user_id": "1802345671", "email": "sana.khan@example.pk"}, "birthday": "1996-04-12"}]"#,
    );
    let day = |index: usize| -> jiff::civil::Date {
        sent[index]["birthday"].as_str().unwrap().parse().unwrap()
    };
    let shift = |index: usize, from: &str| {
        (day(index) - from.parse::<jiff::civil::Date>().unwrap()).get_days()
    };
    let first = shift(0, "1996-04-12");
    assert!(first != 0 && first.abs() <= 182, "{sent}");
    assert_eq!(shift(2, "1996-04-13"), first, "{sent}");
    assert_ne!(shift(1, "1996-04-12"), first, "{sent}");
    assert_ne!(shift(3, "1996-04-12"), first, "of two as near the account comes first: {sent}");
    let (verdict, sent) = json(&engine, r#"{"birthday": "1996-04-12"}"#);
    assert_eq!(sent["birthday"], "****-**-**");
    assert_eq!(verdict.replaced[0].instead_of, Some(ReplacementKind::ShiftDates));
}

#[test]
fn a_signature_is_never_broken_silently() {
    let body = br#"{"email": "sana.k@example.pk", "a": 1}"#;
    let signed = [
        ("content-type", "application/json"),
        (
            "x-hub-signature-256",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        ),
    ];
    let annotation = |verdict: &Verdict| -> Vec<(String, String)> {
        let annotations = verdict.decision.annotations.iter();
        annotations
            .map(|it| (it.name.to_string(), it.value.as_deref().unwrap_or_default().to_owned()))
            .collect()
    };
    for (choice, effect, name) in [
        ("", Effect::Block, "signature-broken"),
        ("broken_signature: block", Effect::Block, "signature-broken"),
        ("broken_signature: strip", Effect::Redact, "signature-stripped"),
        ("broken_signature: flag", Effect::Redact, "signature-broken"),
    ] {
        let engine = engine("[email]", &format!("replacement: {{kind: remove}}, {choice}"));
        let verdict = inspect(&engine, "/", &signed, body);
        assert_eq!(verdict.decision.effect, effect, "{choice}");
        assert_eq!(annotation(&verdict), [(name.into(), "signature_header".into())], "{choice}");
        match effect {
            Effect::Block => {
                assert!(verdict.redacted.is_none() && verdict.replaced.is_empty());
                assert_eq!(verdict.decision.blocked_by.len(), 1);
                assert!(verdict.decision.redactions.is_empty());
                assert!(verdict.decision.reason.contains("signed"));
            }
            Effect::Allow | Effect::Redact => {
                let redacted = verdict.redacted.unwrap();
                assert!(redacted.body.is_some());
                let stripped = redacted.headers.contains(&(1, None));
                assert_eq!(stripped, choice.ends_with("strip"), "{choice}");
            }
        }
        // Nothing is taken out, nothing breaks.
        let clean = inspect(&engine, "/", &signed, br#"{"a": 1}"#);
        assert_eq!(clean.decision.effect, Effect::Allow);
        assert_eq!(annotation(&clean), []);
    }
    // What is part of the body cannot be taken off it.
    let document = br#"<o><email>sana.k@example.pk</email><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></o>"#;
    let engine = engine("[email]", "replacement: {kind: remove}, broken_signature: strip");
    let verdict = inspect(&engine, "/", &[("content-type", "application/xml")], document);
    assert_eq!(verdict.decision.effect, Effect::Block);
    assert_eq!(annotation(&verdict), [("signature-broken".into(), "xml_signature".into())]);
    assert_eq!(
        engine.rules().broken_signature(verdict.decision.blocked_by[0]),
        BrokenSignature::Strip
    );
}

#[test]
fn a_rule_that_asks_for_what_does_not_go_together_is_told() {
    for (replacement, expected) in [
        ("{kind: remove, with: x}", "`with` does not go with `remove`"),
        ("{kind: mask, decimals: 1}", "`decimals` does not go with `mask`"),
        ("{kind: generalise}", "needs one of its keys"),
        ("{kind: generalise, decimals: 1, prefix: 2}", "needs one of its keys"),
        ("{kind: generalise, ip_prefix: {v4_bits: 33, v6_bits: 48}}", "needs one of its keys"),
        ("{kind: generalise, prefix: 0}", "needs one of its keys"),
        ("{kind: tokenise, alphabet: alphanumeric, checksum: luhn}", "check digits are digits"),
        ("{kind: tokenise, keep_last: 4}", "cannot be kept"),
        ("{kind: tokenise, alphabet: hex}", "unknown value `hex`"),
        ("{kind: shift_dates, by: email}", "does not say how far"),
        ("{kind: shift_dates, days_max: 30}", "whose dates belong together"),
        ("{kind: shift_dates, days_max: 30, by: nobody}", "nobody"),
        ("{kind: scramble}", "unknown value `scramble`"),
    ] {
        let told = try_engine("[email]", &format!("replacement: {replacement}")).unwrap_err();
        assert!(told.contains(expected), "{replacement}: {told}");
        assert!(told.contains("organisation/test.yaml:"), "{told}");
    }
    for replacement in [
        "{kind: tokenise, keep_first: 6, otherwise: encrypt}",
        "{kind: tokenise, keep_last: 4, checksum: none}",
        "{kind: tokenise, alphabet: alphanumeric_upper}",
        "{kind: generalise, prefix: 3}",
        "{kind: strip_metadata, metadata: location}",
        "{kind: encrypt}",
    ] {
        assert!(try_engine("[email]", &format!("replacement: {replacement}")).is_ok());
    }
}

// === properties ===

/// Every kind of replacement that changes a value, and whether the old value may show in part.
const KINDS: [(&str, bool); 8] = [
    ("{kind: remove}", false),
    ("{kind: replace, with: \"gone <&>\\\"; \"}", false),
    ("{kind: mask}", false),
    ("{kind: hash}", false),
    ("{kind: tokenise}", false),
    ("{kind: tokenise, otherwise: encrypt}", false),
    ("{kind: encrypt}", false),
    ("{kind: generalise, prefix: 2}", true),
];

fn written(format: Format, fields: &[(String, String)]) -> (&'static str, Vec<u8>) {
    let percent = |text: &str| {
        let mut out = Vec::new();
        crate::redact::Place::Pair.write(text, &mut out);
        String::from_utf8(out).unwrap()
    };
    match format {
        Format::Form => {
            let pairs: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
            ("application/x-www-form-urlencoded", pairs.join("&").into_bytes())
        }
        Format::Xml => {
            let escape =
                |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let elements: String = fields
                .iter()
                .map(|(name, value)| format!("<{name}>{}</{name}>", escape(value)))
                .collect();
            ("application/xml", format!("<r>{elements}<end>0</end></r>").into_bytes())
        }
        Format::Csv => {
            let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
            let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
            let cells: Vec<String> = fields.iter().map(|(_, value)| cell(value)).collect();
            (
                "text/csv",
                format!("id,{}\r\n1,{}\r\n", names.join(","), cells.join(",")).into_bytes(),
            )
        }
        Format::Multipart => {
            let parts: String = fields
                .iter()
                .map(|(name, value)| {
                    format!(
                        "--0b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                    )
                })
                .collect();
            ("multipart/form-data; boundary=0b", format!("{parts}--0b--\r\n").into_bytes())
        }
        Format::Json
        | Format::NdJson
        | Format::Target
        | Format::Header
        | Format::Cookie
        | Format::Baggage
        | Format::Forwarded
        | Format::CsvData
        | Format::Tsv
        | Format::GraphQl
        | Format::VCard
        | Format::Yaml
        | Format::Toml
        | Format::Text
        | Format::Image
        | Format::Opaque => {
            let object: serde_json::Map<String, serde_json::Value> =
                fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
            ("application/json", serde_json::Value::Object(object).to_string().into_bytes())
        }
    }
}

fn field() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        "[a-z]{4,8}\\.[a-z]{4,8}@example\\.(pk|org)".prop_map(|it| ("email".to_owned(), it)),
        "\\+92345[0-9]{7}".prop_map(|it| ("phone".to_owned(), it)),
        "180[0-9]{7}".prop_map(|it| ("user_id".to_owned(), it)),
        "(Sana|Amma|Bilal) (Khan|Malik|Raza)".prop_map(|it| ("full_name".to_owned(), it)),
        "[1-9][0-9] [A-Z][a-z]{5,9} Road, Lahore".prop_map(|it| ("address".to_owned(), it)),
        "\\PC{0,20}".prop_map(|it| ("title_text".to_owned(), it)),
        "see [a-z]{4,8}@example\\.org <now> & \"then\"".prop_map(|it| ("message".to_owned(), it)),
    ]
}

fn engines() -> &'static Vec<Engine> {
    static ENGINES: std::sync::OnceLock<Vec<Engine>> = std::sync::OnceLock::new();
    ENGINES.get_or_init(|| {
        let of = |(kind, _): &(&str, bool)| {
            engine("[email, phone, account_id, name, address]", &format!("replacement: {kind}"))
        };
        KINDS.iter().map(of).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// What is sent reads; what was redacted is gone from it and, scanned again, is not found, or only as
    /// the token it has become; everything else reads as before; and the same goes in, the same comes out.
    #[test]
    fn what_was_redacted_is_gone_and_the_rest_is_as_before(
        fields in prop::collection::vec(field(), 1..6),
        which in 0usize..5,
        kind in 0..KINDS.len(),
    ) {
        let format =
            [Format::Json, Format::Form, Format::Xml, Format::Csv, Format::Multipart][which];
        // One name once, so that fields can be told apart.
        let fields: Vec<(String, String)> =
            fields.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect();
        let (media_type, body) = written(format, &fields);
        let engine = &engines()[kind];
        let headers = [("content-type", media_type)];
        let verdict = inspect(engine, "/", &headers, &body);
        prop_assume!(verdict.coverage == Coverage::Full);
        if verdict.decision.effect != Effect::Redact {
            prop_assert!(verdict.redacted.is_none());
            return Ok(());
        }
        let sent = verdict.redacted.as_ref().unwrap().body.clone().unwrap();
        let shown = String::from_utf8_lossy(&sent).into_owned();
        let again = inspect(engine, "/", &headers, &sent);
        prop_assert_eq!(again.coverage, Coverage::Full, "{}", shown);

        let mut touched: Vec<String> = Vec::new();
        for redaction in &verdict.decision.redactions {
            let finding = &verdict.findings.items[redaction.finding as usize];
            let old = std::str::from_utf8(finding.span.of(&body)).unwrap();
            let locator = verdict.findings.locator(finding);
            touched.push(locator.rsplit('/').next().unwrap().to_owned());
            let (_, shows_part) = KINDS[kind];
            prop_assert!(shows_part || old.len() < 4 || !shown.contains(old), "{} in {}", old, shown);
        }
        let untouched = |pairs: Vec<(String, String)>| -> Vec<(String, String)> {
            // A form that lost all of its parts has an empty one.
            let is_empty_part = |name: &str, text: &str| format == Format::Multipart && name == "0" && text.is_empty();
            pairs
                .into_iter()
                .filter(|(name, text)| !touched.contains(name) && !is_empty_part(name, text))
                .collect()
        };
        prop_assert_eq!(
            untouched(pairs(format, &body)),
            untouched(pairs(format, &sent)),
            "{}",
            shown
        );
        // Found again only where a new value stands in the old one's place.
        for finding in &again.findings.items {
            let text = std::str::from_utf8(finding.span.of(&sent)).unwrap();
            let locator = again.findings.locator(finding);
            let name = locator.rsplit('/').next().unwrap();
            if touched.iter().any(|it| it == name) {
                let mut buffer = Unescaped::default();
                let escape = crate::domain::Escape::Xml;
                let text = format::unescape(escape, text.as_bytes(), &mut buffer).as_str();
                prop_assert!(
                    fields.iter().all(|(known, value)| known != name || !value.contains(text))
                        || KINDS[kind].1
                        || text.len() < 4,
                    "{} again in {}", text, shown
                );
                prop_assert!(
                    !matches!(kind, 3 | 6) || is_token(text) || finding.kind != Some(Scalar::String)
                        || finding.span.len() + 2 < finding.value.len(),
                    "{} is no token", text
                );
            }
        }
        let repeated = inspect(engine, "/", &headers, &body);
        prop_assert_eq!(repeated.redacted.unwrap().body.unwrap(), sent);
    }
}
