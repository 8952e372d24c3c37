//! What stands inside something else: documents in values, compressed bodies, photos.

use super::*;

#[test]
fn a_document_inside_a_string_is_read_and_its_pointers_lead_inside() {
    let engine = shipped();
    let body = br#"{"imei": "867619040000019", "extra": "{\"user\": {\"email\": \"sana.k@example.pk\"}, \"ok\": true}"}"#;
    let verdict = inspect(&engine, &message(JSON, body), "");
    let pointers = redacted_pointers(&verdict);
    assert!(
        pointers.iter().any(|pointer| pointer == "/extra/user/email" || pointer == "/extra"),
        "{pointers:?}"
    );
    let body = body_of(&verdict);
    assert!(!body.contains("sana.k"), "{body}");
    let outer: serde_json::Value = serde_json::from_str(&body).unwrap();
    let inner: serde_json::Value = serde_json::from_str(outer["extra"].as_str().unwrap()).unwrap();
    assert_eq!(inner, serde_json::json!({"user": {}, "ok": true}));
}

#[test]
fn a_compressed_body_is_read_and_compressed_again() {
    let engine = shipped();
    let plain = br#"{"imei": "867619040000019", "birthday": "1996-04-12"}"#;
    let zipped = crate::redact::encode(crate::domain::Encoding::Gzip, plain).unwrap();
    let headers: &[(&str, &[u8])] =
        &[("content-type", b"application/json"), ("content-encoding", b"gzip")];
    let verdict = inspect(&engine, &message(headers, &zipped), "");
    let redacted = verdict.redacted.unwrap();
    assert!(!redacted.body_is_identity);
    let gzip = crate::domain::Encoding::Gzip;
    let text = crate::format::decode(gzip, &redacted.body.unwrap(), &Limits::default()).unwrap();
    assert_eq!(text, br#"{"imei": "867619040000019"}"#);
}

#[test]
fn a_document_in_base64_is_read_too() {
    let engine = shipped();
    let inner = base64(br#"{"imei": "867619040000019", "birthday": "1996-04-12"}"#);
    let body = format!(r#"{{"blob": "{inner}", "note": 1}}"#);
    let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
    assert_eq!(redacted_pointers(&verdict), ["/blob/birthday"]);
    let expected = base64(br#"{"imei": "867619040000019"}"#);
    assert_eq!(body_of(&verdict), format!(r#"{{"blob": "{expected}", "note": 1}}"#));
}

#[test]
fn a_stream_of_zlib_of_any_level_is_read_in_base64() {
    let engine = shipped();
    // `{"email":"sana.k@example.pk"}` at level 9 and at level 4, whose beginning a text may have as well.
    for packed in [
        "eNqrVkrNTczMUbJSKk7MS9TLdkitSMwtyEnVK8hWqgUAlloKNA==",
        "eF6rVkrNTczMUbJSKk7MS9TLdkitSMwtyEnVK8hWqgUAlloKNA==",
    ] {
        let body = format!(r#"{{"data": "{packed}"}}"#);
        let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
        let places: Vec<_> =
            verdict.findings.items.iter().map(|it| verdict.findings.locator(it)).collect();
        assert_eq!(places, ["/data/email"], "{packed}");
    }
}

#[test]
fn base64_beyond_a_limit_is_a_gap_and_what_is_no_base64_is_a_text() {
    let engine = shipped();
    let inner = base64(br#"{"imei": "867619040000019", "birthday": "1996-04-12"}"#);
    let body = format!(r#"{{"blob": "{inner}"}}"#);
    let short = Limits { decoded_bytes_max: 20, ..Limits::default() };
    let verdict = engine.inspect(
        &message(JSON, body.as_bytes()),
        transfer(""),
        &short,
        &mut Scratch::default(),
    );
    assert_eq!(verdict.gaps.first().map(|gap| gap.cause), Some(GapCause::DecodedTooLarge));
    assert_eq!(verdict.decision.effect, Effect::Block);
    let text = message(JSON, br#"{"note": "eyJ is how a token begins!"}"#);
    assert_eq!(inspect(&engine, &text, "").coverage, Coverage::Full);
}

#[test]
fn a_photo_arrives_without_its_place_and_otherwise_as_it_was() {
    let engine = shipped();
    let photo = photo();
    let sync = r#"{"purpose": "cloud_sync", "subject": {"settings": {"camera_location": false}, "consents": [
        {"scope": "service", "type": "explicit", "policy_version": "2019-03-18", "given_at": "2020-01-10T08:00:00Z"}]}}"#;
    let body = format!(
        r#"{{"mi_id": "1802345671", "photo": "data:image/jpeg;base64,{}"}}"#,
        base64(&photo)
    );
    for (headers, body) in
        [(JSON, body.as_bytes()), (&[("content-type", &b"image/jpeg"[..])][..], &photo[..])]
    {
        let verdict = inspect(&engine, &message(headers, body), sync);
        assert_eq!(verdict.coverage, Coverage::Full, "{:?}", verdict.gaps);
        assert_eq!(
            verdict.decision.effect,
            Effect::Redact,
            "{:?} {:?}",
            verdict.decision,
            verdict.findings
        );
        let sent = verdict.redacted.as_ref().unwrap().body.clone().unwrap();
        assert_eq!(sent.len(), body.len());
        let again = inspect(&engine, &message(headers, &sent), sync);
        let places = |verdict: &Verdict| {
            let found = verdict.findings.items.iter();
            found.filter(|finding| engine.taxonomy().key(finding.tag).contains("location")).count()
        };
        assert!(places(&verdict) > 0 && places(&again) == 0, "{:?}", again.findings);
    }
}

#[test]
fn a_document_inside_a_value_is_read_under_the_name_of_that_value() {
    let engine = shipped();
    let found = |last: &str| {
        // `1996-04-12` in base64.
        let body = format!(r#"{{"birthday":"MTk5Ni0wNC0xMg=="{last}}}"#);
        let mut scratch = Scratch::default();
        let message = message(JSON, body.as_bytes());
        let verdict = engine.scan(&message, &Limits::default(), &mut scratch);
        let items = verdict.findings.items.iter();
        items.map(|it| (it.tag, it.layer, verdict.findings.locator(it))).collect::<Vec<_>>()
    };
    let alone = found("");
    assert!(!alone.is_empty());
    // A last member whose value nobody tells of.
    assert_eq!(found(r#","colour":"red""#), alone);
}
