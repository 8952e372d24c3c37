use std::{collections::HashSet, path::Path};

use super::*;
use crate::domain::{Coverage, GapCause, Region};
use crate::redact::PseudonymKey;

mod decisions;
mod echo;
mod encodings;
mod gaps;
mod inside;
mod mail;
mod mistakes;
mod named;
mod nobody;
mod pieces;
mod skipping;
mod statements;
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
