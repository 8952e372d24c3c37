//! What was not read stops a message, but where it goes with a value that has to go anyway.

use super::*;

/// A JPEG that ends inside its metadata: the text there may say anything.
fn unread_photo() -> String {
    let photo = photo();
    base64(&photo[..photo.len() - 20])
}

#[test]
fn a_picture_that_stands_for_one_is_read_in_full_and_goes_like_one() {
    let engine = shipped();
    for photo in [
        "/9j/4AAQSkZJRgABAQ==",
        "/9j/4AAQSkZJRgABAQAAAQABAAD",
        "iVBORw0KGgo=",
        "iVBORw0KGgo…",
        "iVBORw0KGgoAAAANSUhEUg==",
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4",
        "UklGRiQAAABXRUJQVlA4IBgAAAAw",
        "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ==",
        "data:image/png;base64,iVBORw0KGgo=",
    ] {
        let body = format!(r#"{{"imei": "867619040000019", "selfie": "{photo}"}}"#);
        let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
        assert_eq!(verdict.coverage, Coverage::Full, "{photo} {:?}", verdict.gaps);
        let sent = verdict.redacted.and_then(|it| it.body).unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&sent), r#"{"imei": "867619040000019"}"#, "{photo}");
    }
}

#[test]
fn a_gap_that_goes_with_its_value_is_no_reason_to_stop_the_message() {
    let engine = shipped();
    let photo = unread_photo();
    // A file that nobody reads.
    let file = base64(b"%PDF-1.7 one of many pages");
    let sent = |body: &str| {
        let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
        let sent = verdict.redacted.and_then(|it| it.body);
        let sent = sent.map(|body| String::from_utf8(body).unwrap());
        assert_eq!(verdict.coverage == Coverage::Full, sent.is_some(), "{body}");
        assert_eq!(verdict.gaps.is_empty(), sent.is_some(), "{body}");
        sent
    };
    for (body, expected) in [
        (format!(r#"{{"imei": "867619040000019", "selfie": "{photo}"}}"#), true),
        // In what goes as a whole.
        (
            format!(
                r#"{{"imei": "867619040000019", "contacts": [{{"phone": "+923009990000", "v": "{photo}"}}]}}"#
            ),
            true,
        ),
        // Elsewhere as well, and nowhere else.
        (format!(r#"{{"imei": "867619040000019", "selfie": "{photo}", "v": "{photo}"}}"#), false),
        (format!(r#"{{"imei": "867619040000019", "v": "{photo}"}}"#), false),
        (format!(r#"{{"birthday": "1996-04-12", "v": "{file}"}}"#), false),
        // A text that goes on behind a value that goes.
        (
            format!(
                r#"{{"imei": "867619040000019", "v": "sana.k@example.pk data:image/jpeg;base64,{photo}"}}"#
            ),
            false,
        ),
    ] {
        let sent = sent(&body);
        assert_eq!(sent.as_deref(), expected.then_some(r#"{"imei": "867619040000019"}"#), "{body}");
    }
}

#[test]
fn what_is_masked_may_show_what_was_not_read() {
    let is_rule = |file: &SourceFile| {
        ["law/", "policy/", "agreement/", "organisation/", "tests/"]
            .iter()
            .any(|folder| file.name.starts_with(folder))
    };
    let body = format!(r#"{{"photo": "{}"}}"#, unread_photo());
    for (how, effect) in [
        ("remove", Effect::Redact),
        ("replace, with: none", Effect::Redact),
        ("mask, keep_last: 8", Effect::Block),
        ("encrypt", Effect::Block),
        ("strip_metadata", Effect::Block),
    ] {
        let mut files: Vec<SourceFile> =
            shipped_files().into_iter().filter(|file| !is_rule(file)).collect();
        let text = format!(
            "layer: organisation\ntitle: Test\nrules:\n  - id: ORG-01\n    title: t\n    statute: s\n    \
             when: {{data: any, coverage: [opaque, partial]}}\n    effect: block\n    reason: Not read.\n  \
             - id: ORG-02\n    title: t\n    statute: s\n    effect: redact\n    \
             redact: {{categories: [photo], replacement: {{kind: {how}}}}}\n    reason: Redacted.\n  \
             - id: ORG-03\n    title: t\n    statute: s\n    effect: allow\n    reason: Allowed.\n"
        );
        files.push(SourceFile { name: "organisation/test.yaml".into(), text });
        let mut diagnostics = Diagnostics::default();
        let keys = PseudonymKey::new(b"test");
        let engine = Engine::compile(&files, keys, &mut diagnostics);
        let engine = engine.unwrap_or_else(|| panic!("{how}: {diagnostics}"));
        let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
        assert_eq!(verdict.decision.effect, effect, "{how} {:?}", verdict.decision);
        let sent = verdict.redacted.and_then(|it| it.body).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&sent).contains("/9j/"), "{how}");
    }
}

#[test]
fn what_is_left_unread_when_an_inspection_is_given_up_is_a_gap() {
    let engine = shipped();
    let inner = base64(br#"{"email": "sana.k@example.pk"}"#);
    for body in [
        r#"{"email": "sana.k@example.pk"}"#.to_owned(),
        r#"{"n": 1, "v": "quiet"}"#.to_owned(),
        format!(r#"{{"v": "{inner}"}}"#),
    ] {
        let mut scratch = Scratch::until(Halt::possible());
        let read = |scratch: &mut Scratch| {
            let message = message(JSON, body.as_bytes());
            let verdict = engine.inspect(&message, transfer(""), &Limits::default(), scratch);
            (verdict.coverage, verdict.findings.items.len())
        };
        let number = scratch.halt().number();
        scratch.halt().give_up(number);
        assert_eq!(read(&mut scratch), (Coverage::Opaque, 0), "{body}");
        // Nothing of that is taken for known by the next.
        scratch.halt().next();
        let after = read(&mut scratch);
        assert_eq!(after, read(&mut Scratch::default()), "{body}");
        assert_eq!(after.0, Coverage::Full, "{body}");
    }
}
