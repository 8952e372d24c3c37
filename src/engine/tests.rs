use std::{collections::HashSet, path::Path};

use super::*;
use crate::domain::{Coverage, GapCause, Region};
use crate::redact::PseudonymKey;

mod decisions;
mod encodings;
mod gaps;
mod mail;
mod mistakes;
mod skipping;
mod unread;

/// The rules that ship with the gateway.
pub(super) fn shipped() -> Engine {
    let mut diagnostics = Diagnostics::default();
    let engine = Engine::compile(&shipped_files(), PseudonymKey::new(b"test"), &mut diagnostics);
    engine.unwrap_or_else(|| panic!("{diagnostics}"))
}

pub(super) fn shipped_files() -> Vec<SourceFile> {
    fn collect(directory: &Path, prefix: &str, files: &mut Vec<SourceFile>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                collect(&path, &format!("{name}/"), files);
            } else if name.ends_with(".yaml") {
                files.push(SourceFile { name, text: std::fs::read_to_string(&path).unwrap() });
            }
        }
    }
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), "", &mut files);
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

#[test]
fn what_a_reload_did_not_touch_is_taken_over() {
    let after = |before: &Engine, files: &[SourceFile]| {
        let mut diagnostics = Diagnostics::default();
        let keys = PseudonymKey::new(b"test");
        let engine = Engine::compile_after(Some(before), files, keys, &mut diagnostics);
        (engine.unwrap_or_else(|| panic!("{diagnostics}")), diagnostics)
    };
    let changed = |folder: &str| {
        let mut files = shipped_files();
        let file = files.iter_mut().find(|file| file.name.starts_with(folder)).unwrap();
        file.text.push_str("\n# reviewed\n");
        files
    };
    let before = shipped();
    for (folder, is_shared) in
        [("law/", true), ("organisation/", true), ("taxonomy/", false), ("detectors/", false)]
    {
        let (engine, _) = after(&before, &changed(folder));
        assert_eq!(Arc::ptr_eq(&engine.catalogue, &before.catalogue), is_shared, "{folder}");
    }

    // A law that says the same is not read again, nor is any other where one was changed.
    let parts = |engine: &Engine| engine.rules.parts().collect::<HashSet<_>>();
    let (engine, _) = after(&before, &changed("law/"));
    let (all, taken_over) = (parts(&before), parts(&engine));
    assert_eq!(taken_over.len(), all.len());
    assert_eq!(taken_over.difference(&all).count(), 1);
    // Names may mean something else now.
    let (engine, _) = after(&before, &changed("zones/"));
    assert!(parts(&engine).is_disjoint(&all));

    // What was said of a file is said again while the file is in service.
    let mut files = shipped_files();
    let twice = "fields: [{category: email, names: [correo_uno, correo_uno], confidence: 90}]\n";
    files.push(SourceFile { name: "detectors/x.yaml".to_owned(), text: twice.to_owned() });
    let (first, said) = after(&before, &files);
    assert!(!said.is_empty());
    let (second, again) = after(&first, &files);
    assert!(Arc::ptr_eq(&first.catalogue, &second.catalogue));
    assert_eq!(said, again);
}

fn transfer(extra: &str) -> Transfer {
    let mut transfer: Transfer = serde_json::from_str(
        r#"{"as_of": "2026-11-23T09:00:00Z", "origin": "PK", "destination": "SG", "transport": "tls",
            "exporter": {"role": "controller", "sector": "consumer_electronics"},
            "recipient": {"class": "first_party_facility", "id": "mi-dc-singapore"},
            "purpose": "service_activation",
            "policy_versions": [{"id": "2019-03-18", "effective_from": "2019-03-18", "destinations": ["CN", "US", "SG"]}],
            "subject": {"age": 29, "minor": false, "verified": true, "consents": [
                {"scope": "service", "type": "explicit", "policy_version": "2019-03-18", "given_at": "2020-01-10T08:00:00Z"}]}}"#,
    )
    .unwrap();
    if !extra.is_empty() {
        let mut first: Transfer = serde_json::from_str(extra).unwrap();
        first.fill_from(transfer);
        transfer = first;
    }
    transfer
}

fn message<'m>(headers: &'m [(&'m str, &'m [u8])], body: &'m [u8]) -> Message<'m> {
    Message { method: "POST", target: "/v1/activate", headers, body, client_region: None }
}

const JSON: &[(&str, &[u8])] = &[("content-type", b"application/json")];

fn inspect(engine: &Engine, message: &Message<'_>, extra: &str) -> Verdict {
    engine.inspect(message, transfer(extra), &Limits::default(), &mut Scratch::default())
}

fn redacted_pointers(verdict: &Verdict) -> Vec<String> {
    let items = &verdict.findings.items;
    verdict
        .decision
        .redactions
        .iter()
        .map(|redaction| verdict.findings.locator(&items[redaction.finding as usize]))
        .collect()
}

fn body_of(verdict: &Verdict) -> String {
    String::from_utf8(verdict.redacted.as_ref().unwrap().body.clone().unwrap()).unwrap()
}

#[test]
fn a_field_outside_the_purpose_is_cut_out_and_the_rest_is_untouched() {
    let engine = shipped();
    let body = br#"{ "device": {"imei": "867619040000019",  "macAddress":"64:CC:2E:AA:BB:01"},
  "user": {"birthday": "1996-04-12", "email": "sana.k@example.pk", "mobile": "+923451112233"}, "n": 1.50e3 }"#;
    let verdict = inspect(&engine, &message(JSON, body), "");
    assert_eq!(verdict.decision.effect, Effect::Redact, "{:?}", verdict.decision);
    assert_eq!(redacted_pointers(&verdict), ["/user/birthday", "/user/email"]);
    assert!(verdict.redacted_digest.is_some());
    assert_eq!(
        body_of(&verdict),
        r#"{ "device": {"imei": "867619040000019",  "macAddress":"64:CC:2E:AA:BB:01"},
  "user": {"mobile": "+923451112233"}, "n": 1.50e3 }"#
    );
}

#[test]
fn what_is_allowed_hides_nothing_beside_it_in_the_value() {
    let engine = shipped();
    for value in [
        "867619040000019 sana.k@example.pk",
        "867619040000019;sana.k@example.pk",
        "sana.k@example.pk",
    ] {
        let body = format!(r#"{{"imei": "{value}"}}"#);
        let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
        assert_eq!(verdict.decision.effect, Effect::Redact, "{value}");
        assert!(!body_of(&verdict).contains("sana.k"), "{value}");
    }
    let body = br#"{"mobile": "+923451112233;sana.k@example.pk"}"#;
    let verdict = inspect(&engine, &message(JSON, body), "");
    assert!(!body_of(&verdict).contains("sana.k"), "{:?}", verdict.decision);
}

#[test]
fn names_are_read_as_values_are_and_told_to_nobody() {
    let engine = shipped();
    let form: &[(&str, &[u8])] = &[("content-type", b"application/x-www-form-urlencoded")];
    for (headers, body) in [
        (JSON, r#"{"user:sana.k@example.pk": 1}"#),
        (JSON, r#"{"sent to sana.k@example.pk": {"ok": true}}"#),
        (JSON, r#"{"{\"email\":\"sana.k@example.pk\"}": 1}"#),
        (form, "user%3Asana.k%40example.pk=1"),
        (form, "%7B%22email%22%3A%22sana.k%40example.pk%22%7D="),
        (form, "%7B%22email%22%3A%22sana.k%40example.pk%22%7D"),
    ] {
        let verdict = inspect(&engine, &message(headers, body.as_bytes()), "");
        assert_eq!(verdict.decision.effect, Effect::Redact, "{body}");
        assert!(!body_of(&verdict).contains("sana.k"), "{body}: {}", body_of(&verdict));
    }
    for (name, pointer) in [
        ("user:sana.k@example.pk", "/*"),
        ("tel 92 345 1112233", "/*"),
        ("Sana Khan", "/*"),
        ("sana.khan", "/*"),
        ("40001", "/*"),
        ("hunter2secret!", "/*"),
        ("12 Main Street, Lahore", "/*"),
        ("sana_khan", "/*"),
        ("SanaKhan", "/*"),
        ("x-sana-khan", "/*"),
        ("张伟", "/*"),
        ("田中太郎", "/*"),
        ("김민지", "/*"),
        ("HIV positive", "/*"),
        ("Grüße von Jürgen Müller", "/*"),
        ("jürgen_müller", "/*"),
        ("jdoe1985", "/*"),
        ("AB-123-CD", "/*"),
        ("a.b(at)example.pk", "/*"),
        ("2024", "/2024"),
        ("user_name", "/user_name"),
        ("billing_address", "/billing_address"),
        ("billingAddress", "/billingAddress"),
        ("max_price", "/max_price"),
        ("rose_gold", "/rose_gold"),
        ("sales2024", "/sales2024"),
        ("utf-8", "/utf-8"),
        ("姓名", "/姓名"),
        ("客户", "/客户"),
        ("客户 地址", "/客户 地址"),
        ("方案", "/方案"),
        ("고객명", "/고객명"),
        ("Order Number", "/Order Number"),
        ("Shipping Method", "/Shipping Method"),
        ("Created At", "/Created At"),
        ("Reference No.", "/Reference No."),
        ("user.profile", "/user.profile"),
        ("contact details", "/contact details"),
    ] {
        let body = format!(r#"{{"{name}": {{"email": "x.y@example.com"}}}}"#);
        let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
        let findings = &verdict.findings;
        assert!(!findings.items.is_empty(), "{name}");
        for finding in &findings.items {
            let told = findings.safe_locator(finding);
            assert!(told.starts_with(pointer), "{name}: {told}");
        }
    }
}

#[test]
fn a_header_that_is_called_as_somebody_goes_as_a_whole() {
    let engine = shipped();
    let headers: &[(&str, &[u8])] = &[
        ("content-type", b"application/json"),
        ("x-to-4111111111111111", b"mail sana.k@example.pk now"),
    ];
    let verdict = inspect(&engine, &message(headers, b"{}"), "");
    assert_eq!(verdict.decision.effect, Effect::Redact);
    assert_eq!(verdict.redacted.unwrap().headers.iter().find(|(at, _)| *at == 1), Some(&(1, None)));
    for finding in &verdict.findings.items {
        assert!(!verdict.findings.safe_locator(finding).contains("4111"));
    }
}

#[test]
fn a_name_is_told_once_where_it_stands_and_not_in_documents_below_it() {
    let engine = shipped();
    let body = br#"{"user sana.k@example.pk": "a%41b%2541 {\"a\":\"b\"} %22c%22"}"#;
    let verdict = inspect(&engine, &message(JSON, body), "");
    let spans: Vec<&[u8]> =
        verdict.findings.items.iter().map(|finding| finding.span.of(&body[..])).collect();
    assert_eq!(spans, [b"\"user sana.k@example.pk\""]);
}

#[test]
fn a_body_of_two_types_was_not_read() {
    let engine = shipped();
    let text: (&str, &[u8]) = ("content-type", b"text/plain");
    let form: (&str, &[u8]) = ("content-type", b"application/x-www-form-urlencoded");
    for (headers, coverage) in [
        ([text, form], Coverage::Opaque),
        ([form, text], Coverage::Opaque),
        ([text, text], Coverage::Full),
    ] {
        let verdict = inspect(&engine, &message(&headers, b"a=b"), "");
        assert_eq!(verdict.coverage, coverage, "{headers:?}");
    }
}

#[test]
fn what_is_said_of_a_body_in_several_lines_is_one_list() {
    let engine = shipped();
    let packed =
        crate::redact::encode(crate::domain::Encoding::Gzip, br#"{"religion": "a"}"#).unwrap();
    let of = |encodings: [&'static str; 2]| {
        let [first, second] = encodings.map(|it| ("content-encoding", it.as_bytes()));
        let headers = [("content-type", &b"application/json"[..]), first, second];
        inspect(&engine, &message(&headers, &packed), "")
    };
    assert_eq!(redacted_pointers(&of(["identity", "gzip"])), ["/religion"]);
    assert_eq!(of(["gzip", "aws-chunked"]).coverage, Coverage::Opaque);
}

#[test]
fn a_range_of_a_body_is_not_all_of_it() {
    let engine = shipped();
    for (name, value, expected) in [
        ("content-range", "bytes 0-6/17", Coverage::Partial),
        ("content-range", "bytes 7-13/14", Coverage::Partial),
        ("content-range", "bytes 0-6/*", Coverage::Partial),
        ("content-range", "bytes 0-6/7", Coverage::Full),
        ("content-type", "multipart/byteranges; boundary=b", Coverage::Opaque),
    ] {
        let mut headers = vec![(name, value.as_bytes())];
        headers.push(("content-type", b"text/plain"));
        let verdict = inspect(&engine, &message(&headers, b"sana.k@"), "");
        assert_eq!(verdict.coverage, expected, "{value}");
    }
}

#[test]
fn a_piece_of_an_upload_is_not_all_of_it() {
    let engine = shipped();
    for (target, headers, expected) in [
        ("/f", &[("upload-offset", "7")][..], Coverage::Partial),
        ("/f", &[("upload-offset", "x")], Coverage::Partial),
        ("/f", &[("upload-offset", "0")], Coverage::Full),
        ("/f", &[("upload-offset", "0"), ("upload-length", "17")], Coverage::Partial),
        ("/f", &[("upload-offset", "0"), ("upload-length", "7")], Coverage::Full),
        ("/f", &[("upload-complete", "?0")], Coverage::Partial),
        ("/f", &[("upload-complete", "?1")], Coverage::Full),
        ("/f", &[("x-goog-upload-offset", "262144")], Coverage::Partial),
        ("/f?partNumber=2&uploadId=abc", &[], Coverage::Partial),
        ("/f?partNumber=2", &[], Coverage::Full),
        ("/f?comp=block&blockid=QUFB", &[], Coverage::Partial),
        ("/f?comp=appendblock", &[], Coverage::Partial),
        ("/f?comp=metadata", &[], Coverage::Full),
        ("/webhdfs/v1/f?op=APPEND", &[], Coverage::Partial),
        ("/webhdfs/v1/f?op=%41PPEND", &[], Coverage::Partial),
        ("/webhdfs/v1/f?op=CREATE", &[], Coverage::Full),
        ("/f?action=append&position=7", &[], Coverage::Partial),
    ] {
        let mut given: Vec<(&str, &[u8])> = vec![("content-type", b"text/plain")];
        given.extend(headers.iter().map(|(name, value)| (*name, value.as_bytes())));
        let verdict = inspect(&engine, &Message { target, ..message(&given, b"sana.k@") }, "");
        assert_eq!(verdict.coverage, expected, "{target} {headers:?}");
    }
}

#[test]
fn words_of_a_list_in_a_query_are_values() {
    let engine = shipped();
    let headers = [("content-type", &b"application/graphql"[..])];
    let body =
        b"mutation { keep(gender: FEMALE, religion: SUNNI, active: true, tags: [NEW]) { id } }";
    let verdict = inspect(&engine, &message(&headers, body), "");
    assert_eq!(redacted_pointers(&verdict), ["/keep/gender", "/keep/religion"]);
    let left = body_of(&verdict);
    let again = inspect(&engine, &message(&headers, left.as_bytes()), "");
    assert!(left.contains("active: true") && redacted_pointers(&again).is_empty(), "{left}");
}

#[test]
fn a_clean_message_goes_through_as_it_came() {
    let engine = shipped();
    let verdict = inspect(
        &engine,
        &message(JSON, br#"{"firmware": "V12.5.3", "state": "ok", "n": [1, 2]}"#),
        "",
    );
    assert_eq!(verdict.decision.effect, Effect::Allow, "{:?}", verdict.decision);
    assert!(verdict.redacted.is_none() && verdict.redacted_digest.is_none());
    assert_eq!(verdict.coverage, Coverage::Full);
}

#[test]
fn a_duplicate_key_does_not_hide_a_value() {
    let engine = shipped();
    let body = br#"{"email": "a.khan@example.pk", "imei": "867619040000019", "email": "b.khan@example.pk"}"#;
    let verdict = inspect(&engine, &message(JSON, body), "");
    assert_eq!(redacted_pointers(&verdict), ["/email", "/email"]);
    assert_eq!(body_of(&verdict), r#"{"imei": "867619040000019"}"#);
}

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

fn base64(bytes: &[u8]) -> String {
    String::from_utf8(crate::redact::encode(crate::domain::Encoding::Base64, bytes).unwrap())
        .unwrap()
}

/// A JPEG with nothing but a GPS directory (CIPA DC-008): 24° 51' 38" N, 67° 0' 4" E.
fn photo() -> Vec<u8> {
    let mut tiff: Vec<u8> = b"MM\0*\0\0\0\x08".to_vec();
    let entry = |tiff: &mut Vec<u8>, tag: u16, kind: u16, count: u32, value: u32| {
        tiff.extend(tag.to_be_bytes());
        tiff.extend(kind.to_be_bytes());
        tiff.extend(count.to_be_bytes());
        tiff.extend(value.to_be_bytes());
    };
    tiff.extend(1u16.to_be_bytes());
    entry(&mut tiff, 0x8825, 4, 1, 26);
    tiff.extend(0u32.to_be_bytes());
    tiff.extend(4u16.to_be_bytes());
    entry(&mut tiff, 1, 2, 2, u32::from_be_bytes(*b"N\0\0\0"));
    entry(&mut tiff, 2, 5, 3, 80);
    entry(&mut tiff, 3, 2, 2, u32::from_be_bytes(*b"E\0\0\0"));
    entry(&mut tiff, 4, 5, 3, 104);
    tiff.extend(0u32.to_be_bytes());
    for number in [24u32, 51, 38, 67, 0, 4] {
        tiff.extend(number.to_be_bytes());
        tiff.extend(1u32.to_be_bytes());
    }
    let mut jpeg = vec![0xFF, 0xD8, 0xFF, 0xE1];
    jpeg.extend(u16::try_from(tiff.len() + 8).unwrap().to_be_bytes());
    jpeg.extend(b"Exif\0\0");
    jpeg.extend(&tiff);
    jpeg.extend([0xFF, 0xD9]);
    jpeg
}

#[test]
fn what_cannot_be_read_is_never_clean() {
    let engine = shipped();
    let gzip: &[(&str, &[u8])] =
        &[("content-type", b"application/json"), ("content-encoding", b"gzip")];
    let unknown: &[(&str, &[u8])] =
        &[("content-type", b"application/json"), ("content-encoding", b"rot13")];
    let binary: &[(&str, &[u8])] = &[("content-type", b"application/x-nobody-knows")];
    for (headers, body, cause) in [
        (JSON, &b"{\"a\": 1"[..], GapCause::Malformed),
        (JSON, b"{\"a\": 1} trailing", GapCause::Malformed),
        (gzip, b"not gzip at all", GapCause::CorruptEncoding),
        (unknown, b"{}", GapCause::UnknownContentEncoding),
        (binary, b"\x00\x01\x02", GapCause::UnknownMediaType),
    ] {
        let verdict = inspect(&engine, &message(headers, body), "");
        assert_ne!(verdict.coverage, Coverage::Full, "{headers:?}");
        assert_eq!(verdict.gaps.first().map(|gap| gap.cause), Some(cause));
        assert_eq!(verdict.decision.effect, Effect::Block, "{:?}", verdict.decision);
    }
}

#[test]
fn target_headers_and_cookies_are_read_and_redacted_in_place() {
    let engine = shipped();
    let headers: &[(&str, &[u8])] = &[
        ("host", b"api.example"),
        ("x-customer-email", b"sana.k@example.pk"),
        ("cookie", b"theme=dark; email=sana.k%40example.pk; lang=en"),
        ("accept", b"*/*"),
    ];
    let target =
        "/v1/users/sana.k%40example.pk/activate?imei=867619040000019&birthday=1996-04-12&page=2";
    let message = Message { method: "GET", target, headers, body: b"", client_region: None };
    let verdict = inspect(&engine, &message, "");
    let redacted = verdict.redacted.as_ref().unwrap_or_else(|| panic!("{:?}", verdict.decision));
    assert_eq!(
        redacted.target.as_deref(),
        Some("/v1/users/redacted/activate?imei=867619040000019&page=2"),
        "{:?}",
        redacted_pointers(&verdict)
    );
    assert!(redacted.headers.contains(&(1, None)), "{:?}", redacted_pointers(&verdict));
    let cookie = redacted
        .headers
        .iter()
        .find(|(number, _)| *number == 2)
        .and_then(|(_, value)| value.clone());
    assert!(!String::from_utf8(cookie.unwrap()).unwrap().contains("sana"), "cookie");
    assert!(!redacted.headers.iter().any(|(number, _)| [0, 3].contains(number)));
}

#[test]
fn a_segment_of_a_path_says_what_the_next_one_is() {
    let engine = shipped();
    for (target, expected) in [
        ("/v1/phone/03214567890", Some(("path:/2", "phone"))),
        ("/imei/490154203237518", Some(("path:/1", "imei"))),
        ("/cnic/3520278451239", Some(("path:/1", "pk_cnic"))),
        ("/password/reset", None),
        ("/name/sana", None),
        ("/users/8847123", Some(("path:/1", "account_id"))),
        ("/orders/8847123", None),
    ] {
        let message =
            Message { method: "GET", target, headers: &[], body: b"", client_region: None };
        let verdict = inspect(&engine, &message, "");
        let found = verdict.findings.items.first().map(|finding| {
            let short = &engine.taxonomy().category(finding.tag).unwrap().short;
            (verdict.findings.locator(finding), short.to_string())
        });
        let expected = expected.map(|(place, tag)| (place.to_owned(), tag.to_owned()));
        assert_eq!(found, expected, "{target}");
    }
}

#[test]
fn the_origin_comes_from_the_context_then_the_payload_then_the_address() {
    let engine = shipped();
    let without = |extra: &str| Transfer { origin: None, ..transfer(extra) };
    let region = |code: &[u8; 2]| Some(Region::new(*code));
    let limits = Limits::default();
    for (body, client, expected) in [
        (&br#"{"phone": "+923451112233"}"#[..], None, region(b"PK")),
        (br#"{"phone": "+923451112233"}"#, region(b"DE"), region(b"PK")),
        (br#"{"imei": "867619040000019"}"#, region(b"IN"), region(b"IN")),
        (br#"{"imei": "867619040000019"}"#, None, None),
    ] {
        let message = Message { client_region: client, ..message(JSON, body) };
        let verdict = engine.inspect(&message, without(""), &limits, &mut Scratch::default());
        assert_eq!(verdict.transfer.origin, expected, "{}", String::from_utf8_lossy(body));
        if expected.is_none() {
            assert_eq!(verdict.decision.effect, Effect::Block, "an unknown origin blocks");
        }
    }
}

#[test]
fn a_message_from_several_jurisdictions_gets_the_strictest_answer() {
    let engine = shipped();
    let message = message(JSON, br#"[{"phone": "+923451112233"}, {"phone": "+4915112345678"}]"#);
    let without = Transfer { origin: None, ..transfer("") };
    let verdict = engine.inspect(&message, without, &Limits::default(), &mut Scratch::default());
    // Nothing on file makes a transfer from Germany lawful; from Pakistan the policy alone would do.
    assert_eq!(verdict.decision.effect, Effect::Block, "{:?}", verdict.decision);
    assert_eq!(verdict.transfer.origin, Some(Region::new(*b"DE")));
}

/// RFC 8259 §4: the order of members says nothing.
#[test]
fn a_member_is_read_by_those_behind_it_as_by_those_before_it() {
    let engine = shipped();
    let mut scratch = Scratch::default();
    for (members, support) in [
        ([r#""order_no":"52011288""#, r#""items":[{"title":"Redmi"},{"title":"Mi"}]"#], ""),
        ([r#""mcc":"410","mnc":"03""#, r#""cid":118822"#], ""),
        ([r#""given":"Amina""#, r#""family":"Malik""#], ""),
        ([r#""nombre":"Amina""#, r#""apellidos":"Malik""#], ""),
        ([r#""mcc":"410","mnc":"03""#, r#""cid":118822"#], r#""cells":[{"at":1}],"#),
        (
            [
                r#""device_id":"9774d56d682e549c""#,
                r#""in":{"a":[1,{"b":null}]},"model":"M2101K6G""#,
            ],
            "",
        ),
    ] {
        let mut tags = members.iter().zip([1, 0]).map(|(first, other)| {
            let last = members[other];
            let body = format!(r#"{{"page":{{"n":1}},{support}"it":{{{first},{last}}}}}"#);
            let verdict =
                engine.scan(&message(JSON, body.as_bytes()), &Limits::default(), &mut scratch);
            assert_eq!(verdict.coverage, Coverage::Full, "{body}");
            let items = verdict.findings.items.iter();
            let mut found: Vec<_> =
                items.map(|it| (it.tag, verdict.findings.locator(it))).collect();
            found.sort();
            (body, found)
        });
        let (one, found) = tags.next().unwrap();
        let (other, found_too) = tags.next().unwrap();
        assert_eq!(found, found_too, "{one}\n{other}");
        assert!(found.len() > 1, "{one}");
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

#[test]
fn columns_say_what_the_cells_of_their_rows_are() {
    let engine = shipped();
    for (body, expected) in [
        (
            r#"{"columns":["id","full_name","phone"],"rows":[[1,"Amina Malik","03001234567"],[2,"Zara","03001234568"]]}"#,
            &["/rows/0/1", "/rows/0/2", "/rows/1/1", "/rows/1/2"][..],
        ),
        (
            r#"{"columns":[{"name":"full_name","type":"text"},{"name":"dob","type":"date"}],"data":[["Amina Malik","1987-04-12"]]}"#,
            &["/data/0/0", "/data/0/1"],
        ),
        (
            r#"{"values":[["Name","CNIC"],["Amina Malik","3520278451239"]]}"#,
            &["/values/1/0", "/values/1/1"],
        ),
        (r#"[["phone","03001234567"],["sku","12"]]"#, &["/0/1"]),
        (r#"{"headers":[["Host","a.example"],["X-Phone","03001234567"]]}"#, &["/headers/1/1"]),
        // Where each cell is an object of its own.
        (
            r#"{"schema":{"fields":[{"name":"id","type":"INTEGER"},{"name":"full_name"},{"name":"phone"}]},"rows":[{"f":[{"v":"1"},{"v":"Amina Malik"},{"v":"03001234567"}]},{"f":[{"v":"2"},{"v":null},{"v":"03001234568"}]}]}"#,
            &["/rows/0/f/1/v", "/rows/0/f/2/v", "/rows/1/f/2/v"],
        ),
        (
            r#"{"table":{"cols":[{"id":"A","label":"Phone"},{"id":"B","label":"Full Name"}],"rows":[{"c":[{"v":"03001234567"},{"v":"Amina Malik","f":"Malik, Amina"}]}]}}"#,
            &["/table/rows/0/c/0/v", "/table/rows/0/c/1/v", "/table/rows/0/c/1/f"],
        ),
        (
            r#"{"fields":[{"name":"city"},{"name":"full_name"}],"rows":[{"tags":[{"v":"x"},{"v":"Galaxy Blue"}]}]}"#,
            &[],
        ),
        (r#"{"columns":["phone","type"],"rows":[]}"#, &[]),
        // What stands beside a name of a column is none of its values.
        (r#"{"columns":["sim_operator","schema"],"rows":[["x","y"]]}"#, &[]),
        (r#"[["Name"],["Galaxy Blue"]]"#, &[]),
        (r#"[["name","phone"],[["x",1],{"y":2}]]"#, &[]),
    ] {
        let mut scratch = Scratch::default();
        let scan = engine.scan(&message(JSON, body.as_bytes()), &Limits::default(), &mut scratch);
        let items = scan.findings.items.iter();
        let found: Vec<String> = items.map(|it| scan.findings.locator(it).to_string()).collect();
        assert_eq!(found, expected, "{body}");
    }
}

#[test]
fn a_name_that_is_personal_is_found_where_it_stands() {
    let engine = shipped();
    for body in [
        r#"{"presence": {"sana.k@example.pk": {"online": true}}}"#,
        r#"{"presence": {"sana.k@example.pk": [1, 2]}}"#,
        r#"{"presence": {"sana.k@example.pk": 1}}"#,
    ] {
        let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
        let [finding] = &verdict.findings.items[..] else { panic!("{body}") };
        assert_eq!(finding.span.of(body.as_bytes()), br#""sana.k@example.pk""#, "{body}");
        assert!(finding.member.contains(finding.span) && finding.member.contains(finding.value));
    }
}

#[test]
fn a_container_with_nothing_in_it_is_no_finding() {
    let engine = shipped();
    for (body, expected) in [
        (r#"{"contacts": [ ], "photos": [], "call_log": {}}"#, 0),
        (r#"{"contacts": {"type": "array", "items": {}}, "sms": {"$ref": "sms.json"}}"#, 0),
        (r#"{"contacts": [{"name": "Amma"}]}"#, 2),
        (r#"{"images": ["nginx:1.14"], "image": {"repository": "nginx", "tag": "1.14"}}"#, 0),
        // What stands behind a name says that it is no person's.
        (r#"{"name": "Rose Garden", "price": 10}"#, 0),
        (r#"{"name": "Rose Garden"}"#, 1),
    ] {
        let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
        assert_eq!(verdict.findings.items.len(), expected, "{body}");
    }
}

#[test]
fn a_reused_scratch_changes_nothing() {
    let engine = shipped();
    let mut scratch = Scratch::default();
    // Among them values with a document inside, with nothing in it and with a finding, and members that tell
    // what stands beside them.
    let bodies: [&[u8]; 9] = [
        br#"{"contacts": [{"name": "Amma", "phone": "+923009990000"}]}"#,
        br#"{"email": "a@example.pk"#,
        br#"{"imei": "867619040000019"}"#,
        br#"{"avatar": "https://a.example/u/1?v=4", "node_id": "MDQ6VXNlcjIxMDMxMDY3"}"#,
        br#"{"avatar": "https://a.example/u/1?imei=867619040000019", "by": "<a href='#'>App</a>"}"#,
        br#"{"type": "User", "value": "03001234567"}"#,
        br#"{"type": "phone", "value": "03001234567"}"#,
        br#"{"type": "phone", "key": "User", "value": "03001234567"}"#,
        br#"{"about": "{\"a\": 1}", "note": "{\"phone\": \"03001234567\"}"}"#,
    ];
    for body in bodies.iter().cycle().take(3 * bodies.len()) {
        let fresh = inspect(&engine, &message(JSON, body), "");
        let reused =
            engine.inspect(&message(JSON, body), transfer(""), &Limits::default(), &mut scratch);
        assert_eq!(fresh.findings, reused.findings);
        assert_eq!(fresh.decision, reused.decision);
    }
}

#[test]
fn what_carries_a_request_is_not_taken_for_what_it_carries() {
    let engine = shipped();
    let headers: &[(&str, &[u8])] = &[
        ("host", b"beijing.internal:8443"),
        ("user-agent", b"curl/7.88.1"),
        ("accept", b"application/json, */*;q=0.5"),
        ("accept-encoding", b"gzip, br"),
        ("accept-language", b"en-US,en;q=0.9"),
        ("authorization", b"Bearer Zm9vYmFyYmF6cXV4c2VjcmV0dG9rZW4"),
        ("content-type", b"application/json"),
        ("content-length", b"34"),
        ("date", b"Mon, 23 Nov 2026 09:00:00 GMT"),
        ("etag", b"\"33a64df551425fcc55e4d42a148795d9f25f89d4\""),
        ("if-none-match", b"W/\"67ab43\""),
        ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("x-request-id", b"7d9f3c64-3b1e-4f0a-9a51-2f6f9c1e8a10"),
        ("x-b3-traceid", b"80f198ee56343ba864fe8b2a57d3eff7"),
        ("x-envoy-attempt-count", b"1"),
        ("x-forwarded-proto", b"https"),
        ("idempotency-key", b"8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ("x-api-version", b"2026-11-01"),
        ("cache-control", b"max-age=0"),
    ];
    let message = message(headers, br#"{"imei":"867619040000019","state":1}"#);
    let verdict = inspect(&engine, &message, "");
    let found: Vec<String> = verdict
        .findings
        .items
        .iter()
        .map(|finding| {
            format!("{} {}", engine.taxonomy().key(finding.tag), verdict.findings.locator(finding))
        })
        .collect();
    let redacted = verdict.redacted.as_ref().map(|redacted| redacted.headers.clone());
    assert_eq!(redacted, None, "{found:?}");
    assert_eq!(verdict.decision.effect, Effect::Allow, "{found:?} {:?}", verdict.decision);
}

#[test]
fn only_what_proves_who_calls_is_not_judged_where_it_stands() {
    let engine = shipped();
    let effect = |credentials: &str| {
        let headers: &[(&str, &[u8])] =
            &[("content-type", b"application/json"), ("authorization", credentials.as_bytes())];
        inspect(&engine, &message(headers, b"{}"), "").decision.effect
    };
    // `svc-orders:secret99`
    for credentials in
        ["Bearer Zm9vYmFyYmF6cXV4c2VjcmV0dG9rZW4", "Basic c3ZjLW9yZGVyczpzZWNyZXQ5OQ=="]
    {
        assert_eq!(effect(credentials), Effect::Allow, "{credentials}");
    }
    // `sana.khan@mail.pk:secret99`
    for credentials in [
        "Custom email=sana.khan@mail.pk; cnic=35202-1234567-1",
        "Basic c2FuYS5raGFuQG1haWwucGs6c2VjcmV0OTk=",
    ] {
        assert_eq!(effect(credentials), Effect::Redact, "{credentials}");
    }
}

#[test]
fn columns_are_named_anew_in_each_table() {
    let engine = shipped();
    let table = |names: &[&str], row: &str| {
        let fields: Vec<String> = names.iter().map(|it| format!(r#"{{"name":"{it}"}}"#)).collect();
        format!(r#"{{"fields":[{}],"records":[{row}]}}"#, fields.join(","))
    };
    let first = table(
        &["zip", "currency", "patient_id", "birth_date"],
        r#"["45419","EUR","MRN6881068","15.03.1953"]"#,
    );
    let second = table(
        &["zip", "currency", "schema", "patient_id", "birth_date"],
        r#"["45419","EUR","crm.v3","MRN6881068","15.03.1953"]"#,
    );
    let mut scratch = Scratch::default();
    let mut found = |body: &str| -> Vec<String> {
        let headers: &[(&str, &[u8])] = &[("content-type", b"application/json")];
        let message = Message::of_body(headers, body.as_bytes());
        let reading = engine.read(&message, &Limits::default(), &mut scratch);
        let items = reading.findings().items.iter();
        items.map(|finding| reading.findings().locator(finding)).collect()
    };
    for _ in 0..2 {
        assert_eq!(found(&first), ["/records/0/0", "/records/0/2", "/records/0/3"]);
        assert_eq!(found(&second), ["/records/0/0", "/records/0/3", "/records/0/4"]);
    }
}
