use super::*;

/// What is found in a text: its place, its encoding and its kind.
fn found(text: &str) -> Vec<String> {
    found_in(text, false)
}

fn found_in(text: &str, is_body: bool) -> Vec<String> {
    let (limits, mut decoder, mut found) = (Limits::default(), Decoder::default(), Vec::new());
    let (limits, decoder, room) = (&limits, &mut decoder, &mut Room::of(&limits));
    let is_among_tokens = false;
    let mut look = Look { limits, decoder, is_body, is_among_tokens, room, found: &mut found };
    find(text, &mut look);
    found
        .iter()
        .map(|inner| {
            let kind = match &inner.kind {
                EmbeddedKind::Known(format) => format.as_str().to_owned(),
                EmbeddedKind::Declared(media_type) => {
                    media_type.as_deref().unwrap_or("?").to_owned()
                }
                EmbeddedKind::Phrase(media_type) => format!("phrase of {media_type}"),
                EmbeddedKind::Broken => "broken".to_owned(),
                EmbeddedKind::Unread(cause) => cause.as_str().to_owned(),
            };
            let shown = inner.opened.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            let place = inner.span.of(text.as_bytes());
            let place = String::from_utf8_lossy(place);
            format!("{:?} {kind} [{place}] {shown}", inner.encoding).trim_end().to_owned()
        })
        .collect()
}

#[test]
fn a_body_of_text_may_hold_base64_among_its_words() {
    for (text, expected) in [
        (
            "blob=ZW1haWw9YWFAYi5leGFtcGxl",
            &["Base64 ? [ZW1haWw9YWFAYi5leGFtcGxl] email=aa@b.example"][..],
        ),
        (
            "data: ZW1haWw6IGFAYi5leGFtcGxlCg and more",
            &["Base64Bare ? [ZW1haWw6IGFAYi5leGFtcGxlCg] email: a@b.example"],
        ),
        (
            "\n\nVGhpcyBpcyB0aGUgZmlyc3QgbGluZSBvZiB0d28gbGluZXMgdGhhdCBnbyBv\nbiBvbmUgYWZ0ZXIgdGhlIG90aGVyLg==\n-- ",
            &[
                "Base64Lines ? [VGhpcyBpcyB0aGUgZmlyc3QgbGluZSBvZiB0d28gbGluZXMgdGhhdCBnbyBv\nbiBvbmUgYWZ0ZXIgdGhlIG90aGVyLg==] This is the first line of two lines that go on one after the other.",
            ],
        ),
        (
            "a\r\n\r\nVGhpcyBpcyB0aGUgZmlyc3QgbGluZSBvZiB0d28gbGluZXMgdGhhdCBnbyBv\r\n--6b18b9dd8e5b49ef86275b06\r\n",
            &[
                "Base64 ? [VGhpcyBpcyB0aGUgZmlyc3QgbGluZSBvZiB0d28gbGluZXMgdGhhdCBnbyBv] This is the first line of two lines that go o",
            ],
        ),
        ("see /usr/lib/python3/dist-packages/internationalizationconfiguration", &[]),
    ] {
        assert_eq!(found_in(text, true), expected, "{text}");
        assert!(found_in(text, false).len() <= expected.len());
    }
}

#[test]
fn a_value_may_hold_base64_among_its_words() {
    const MAIL: &str = "c2FuYS5rQGV4YW1wbGUucGs=";
    let read = |kind: &str| format!("Base64 {kind} [{MAIL}] sana.k@example.pk");
    for (text, expected) in [
        (format!("v1:{MAIL}"), vec![read("?")]),
        (format!("Bearer {MAIL}"), vec![read("?")]),
        (format!("payload {MAIL} end"), vec![read("?")]),
        (format!("{MAIL},{MAIL}"), vec![read("?"), read("?")]),
        (format!(":{MAIL}:"), vec![read("?")]),
        (format!("\"{MAIL}\""), vec![read("?")]),
        (format!("data:text/plain; base64,{MAIL}"), vec![read("text/plain")]),
        // A message of Protocol Buffers with a mailbox, and a text in Latin-1.
        (
            "v1:Chdhbm5hLnNjaG1pZHRAZXhhbXBsZS5kZRCWAQ==".to_owned(),
            vec![
                "Base64 application/octet-stream [Chdhbm5hLnNjaG1pZHRAZXhhbXBsZS5kZRCWAQ==]"
                    .to_owned(),
            ],
        ),
        (
            "v1:cGxlYXNlIGNhbGwgbWUsIEdy/N9l".to_owned(),
            vec![
                "Base64 broken [cGxlYXNlIGNhbGwgbWUsIEdy/N9l] please call me, Gr\u{fffd}\u{fffd}e"
                    .to_owned(),
            ],
        ),
        ("Bearer 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned(), vec![]),
        ("id: 7d9f3c64-3b1e-4f0a-9a51-2f6f9c1e8a10".to_owned(), vec![]),
        ("see /usr/lib/python3/dist-packages/internationalization, please".to_owned(), vec![]),
    ] {
        assert_eq!(found(&text), expected, "{text}");
        // The masks of the bytes say that there may be something.
        assert!(expected.is_empty() || format::may_hold(&text), "{text}");
    }
}

#[test]
fn hexadecimal_digits_that_are_text_are_read() {
    for (text, expected) in [
        (
            "7b22656d61696c223a226140622e6578616d706c65227d",
            &[r#"Hex ? [7b22656d61696c223a226140622e6578616d706c65227d] {"email":"a@b.example"}"#]
                [..],
        ),
        (
            r"\x63616c6c202b392e2e2e206d6569",
            &["Hex ? [63616c6c202b392e2e2e206d6569] call +9... mei"],
        ),
        ("6D656940622E6578616D706C65", &["HexUpper ? [6D656940622E6578616D706C65] mei@b.example"]),
        // Of both kinds of letters, a number, a digest, and too short.
        ("6D656940622e6578616D706C65", &[]),
        ("30313233343536373839", &[]),
        ("9af48d9d59ce6ca6b0b9658d7dbc0360", &[]),
        ("6d656940622e65", &[]),
        ("6d656940622e6578616d706c6", &[]),
    ] {
        assert_eq!(found_in(text, false), expected, "{text}");
    }
}

#[test]
fn documents_are_known_by_their_ends_and_by_reading_to_them() {
    for (text, expected) in [
        ("", &[][..]),
        ("hello", &[]),
        (r#"{"a":1}"#, &[r#"Identity json [{"a":1}]"#]),
        (" [1, 2] ", &["Identity json [ [1, 2] ]"]),
        ("{ hello }", &[]),
        ("[2026-01-01] started [ok]", &[]),
        ("{\"a\":1}\n{\"a\":2}", &["Identity ndjson [{\"a\":1}\n{\"a\":2}]"]),
        // Escaped twice, with its quotes and without.
        (r#""{\"a\":1}""#, &[r#"Identity json ["{\"a\":1}"]"#]),
        (r#"{\"a\":1}"#, &[r#"Escaped(Json) text [{\"a\":1}]"#]),
        (r#""quoted""#, &[]),
        ("<a b='c'>d</a>", &["Identity xml [<a b='c'>d</a>]"]),
        ("<mei@example.com>", &[]),
        ("<p>one<br>two</p>", &[]),
        ("BEGIN:VCARD\nFN:A\nEND:VCARD", &["Identity vcard [BEGIN:VCARD\nFN:A\nEND:VCARD]"]),
        ("query { user(id: 5) { name } }", &["Identity graphql [query { user(id: 5) { name } }]"]),
        ("{ user(id: 5) { name } }", &["Identity graphql [{ user(id: 5) { name } }]"]),
        ("query the {database}", &["Identity graphql [query the {database}]"]),
        ("queries { a", &[]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn base64_is_known_by_what_it_stands_for() {
    for (text, expected) in [
        // {"email":"mei@example.com"}, in every alphabet.
        (
            "eyJlbWFpbCI6Im1laUBleGFtcGxlLmNvbSJ9",
            &[r#"Base64 ? [eyJlbWFpbCI6Im1laUBleGFtcGxlLmNvbSJ9] {"email":"mei@example.com"}"#][..],
        ),
        ("email=mei@example.com", &[]),
        (
            "ZW1haWw9bWVpQGV4YW1wbGUuY29t",
            &["Base64 ? [ZW1haWw9bWVpQGV4YW1wbGUuY29t] email=mei@example.com"],
        ),
        ("bWVpQGV4YW1wbGUuY29tIA==", &["Base64 ? [bWVpQGV4YW1wbGUuY29tIA==] mei@example.com"]),
        ("bWVpQGV4YW1wbGUuY29tIA", &["Base64Bare ? [bWVpQGV4YW1wbGUuY29tIA] mei@example.com"]),
        (
            "5p2O5piOIDEzODEyMzQ1Njc4Pz8-",
            &["Base64Url ? [5p2O5piOIDEzODEyMzQ1Njc4Pz8-] 李明 13812345678??>"],
        ),
        (
            "bWVpQGV4YW1wbGUu\r\nY29tIA==",
            &["Base64Lines ? [bWVpQGV4YW1wbGUu\r\nY29tIA==] mei@example.com"],
        ),
        // RFC 7617 §2.
        (
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            &["OneWay ? [QWxhZGRpbjpvcGVuIHNlc2FtZQ==] Aladdin\nopen sesame"],
        ),
        // With a zero at its end, which fills it up, and in Latin-1; twelve bytes that print before a key go on as nothing.
        ("MzUyMDItMTIzNDU2Ny0xAA==", &["Base64 text [MzUyMDItMTIzNDU2Ny0xAA==] 35202-1234567-1\0"]),
        (
            "cGxlYXNlIGNhbGwgbWUsIEdy/N9l",
            &["Base64 broken [cGxlYXNlIGNhbGwgbWUsIEdy/N9l] please call me, Gr\u{fffd}\u{fffd}e"],
        ),
        ("Szh4KFFwIVp2VCZ3H+KQA7fIRA7Z+hKIa6GdB/PA", &[]),
        // Identifiers, hashes and words are no base64 of anything.
        ("4111111111111111", &[]),
        ("d41d8cd98f00b204e9800998ecf8427e", &[]),
        ("Internationalization", &[]),
        ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", &[]),
        ("7d9f3c64-3b1e-4f0a-9a51-2f6f9c1e8a10", &[]),
        (
            "Zm9vYmFyYmF6cXV4c2VjcmV0dG9rZW4=x",
            &["Base64 ? [Zm9vYmFyYmF6cXV4c2VjcmV0dG9rZW4=] foobarbazquxsecrettoken"],
        ),
        ("the quick brown fox jumps over the lazy dog", &[]),
        // A file that nobody reads is one all the same.
        (
            "JVBERi0xLjcKJeLjz9MKMSAwIG9iago=",
            &[
                "Base64 application/pdf [JVBERi0xLjcKJeLjz9MKMSAwIG9iago=] %PDF-1.7\n%\u{fffd}\u{fffd}\u{fffd}\u{fffd}\n1 0 obj",
            ],
        ),
        ("data:text/plain;base64,SGk=", &["Base64 text/plain [SGk=] Hi"]),
        ("data:;base64,SGk=", &["Base64 text/plain [SGk=] Hi"]),
        (
            "data:;charset=gbk;base64,wO4=",
            &["Base64 text/plain;charset=gbk [wO4=] \u{fffd}\u{fffd}"],
        ),
        (
            "a { background: url(data:image/gif;base64,R0lGODlhAQABAAAAACw=) }",
            &["Base64 image/gif [R0lGODlhAQABAAAAACw=] GIF89a\u{1}\0\u{1}\0\0\0\0,"],
        ),
        ("data:image/png;base64,###", &[]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

/// RFC 7519 §3.1.
#[test]
fn tokens_are_taken_as_a_whole_for_their_claims() {
    const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CLAIMS: &str =
        "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
    let expected = vec![format!("OneWay json [{TOKEN}] {CLAIMS}")];
    for text in [TOKEN.to_owned(), format!("Bearer {TOKEN}"), format!("token={TOKEN}, and more")] {
        assert_eq!(found(&text), expected, "{text}");
    }
    for text in [
        format!("x{TOKEN}"),
        TOKEN.replace("eyJpc3", "dyJpc3"),
        // Encrypted (RFC 7516): its second part is a key.
        "eyJhbGciOiJSU0EtT0FFUCJ9.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGe.48V1_ALb6US04U3b.5eym8TW_c8SuK0lt".to_owned(),
    ] {
        assert_eq!(found(&text), [""; 0], "{text}");
    }
    // With other signs between them the parts are texts in base64, each for itself.
    let apart = found(&TOKEN.replace('.', ":"));
    assert!(apart.len() == 2 && apart.iter().all(|it| !it.starts_with("OneWay")), "{apart:?}");
}

#[test]
fn queries_and_forms_are_read_by_name() {
    for (text, expected) in [
        (
            "https://x.example/a?email=mei%40x.example&b=2",
            &["Identity form [email=mei%40x.example&b=2]"][..],
        ),
        (
            "myapp://open?phone=%2B6591234567#t=1",
            &["Identity form [phone=%2B6591234567]", "Identity form [t=1]"],
        ),
        ("/path?q=1", &["Identity form [q=1]"]),
        ("GET /a?q=1 HTTP/1.1", &["Identity form [q=1]"]),
        (
            "see https://x.example/a%20b?q=%41 and %42",
            &[
                "Escaped(Percent) text [see https://x.example/a%20b?]",
                "Identity form [q=%41]",
                "Escaped(Percent) text [ and %42]",
            ],
        ),
        ("a=1&b=mei@example.com", &["Identity form [a=1&b=mei@example.com]"]),
        ("a=1", &[]),
        ("Is a=b? Yes & no = maybe", &[]),
        ("R&D=fun & more", &[]),
        ("if (a?b:c==d)", &[]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn text_is_unescaped_once_more_where_an_escape_stands() {
    for (text, expected) in [
        ("mei%40example.com", &["Escaped(Percent) text [mei%40example.com]"][..]),
        ("100% sure, 5%", &[]),
        ("mei&#64;example.com", &["Escaped(Html) text [mei&#64;example.com]"]),
        ("mei&#64example.com", &["Escaped(Html) text [mei&#64example.com]"]),
        ("mei&commat;example&period;com", &["Escaped(Html) text [mei&commat;example&period;com]"]),
        ("AT&T; R&D", &[]),
        (r"mei\u0040example.com", &[r"Escaped(Json) text [mei\u0040example.com]"]),
        (r"C:\users\u12\mei", &[]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

/// A stray escape in a long text costs a second reading of a few lines, not of all.
#[test]
fn a_long_text_is_unescaped_in_pieces() {
    let line = "2026-01-01 nothing to see here\n";
    let text = line.repeat(1000) + "user mei%40example.com\n" + &line.repeat(1000);
    let [piece] = found(&text).try_into().unwrap();
    assert!(piece.len() < 2 * PIECE_BYTES && piece.contains("mei%40"), "{piece}");
    let text = "%41".repeat(100_000);
    assert!(found(&text).len() <= 1);
}

#[test]
fn objects_stand_among_other_words() {
    for (text, expected) in [
        (
            r#"2026-11-29T10:00:00Z WARN failed: {"user":{"name":"Ana \"A\" }"},"ids":[{"a":1}]} again"#,
            &[r#"Identity json [{"user":{"name":"Ana \"A\" }"},"ids":[{"a":1}]}]"#][..],
        ),
        (
            "a={ \"b\": 1 } c={\n  \"d\": [2]\n}, {e}",
            &["Identity json [{ \"b\": 1 }]", "Identity json [{\n  \"d\": [2]\n}]"],
        ),
        // Broken, cut off, of another language, or a template's.
        (r#"sent {"a":1,} and {"b": tru} and {"c":"#, &[]),
        (
            r#"{"cut": {"off": "in the middle" and then {"whole":1}"#,
            &[r#"Identity json [{"whole":1}]"#],
        ),
        ("dear {\"name\"}, {} {x: 1} ${\"a\"}", &[]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn what_only_begins_like_objects_costs_no_more_than_its_length() {
    let broken = "{\"a\":".repeat(100_000);
    assert_eq!(found(&broken), ["OneWay too_many_layers []"]);
    for cut in [
        "sent {\"a\":\"cut off\n",
        "2026 req {\"seq\":1,\"items\":[{\"a\":1,\"b\":[1,2\n",
        "{\"seq\":1,\"items\":[{\"a\":1,\"b\":[1,2\n",
        "7 {\"seq\":1,\"b\":{\"c\":true\n",
        "{\"seq\":1,\"b\":{\"c\":[\"d\"]\n",
    ] {
        let text = cut.repeat(1_000) + "sent {\"a\":1}\n";
        assert_eq!(found(&text), [r#"Identity json [{"a":1}]"#], "{cut}");
    }
}
