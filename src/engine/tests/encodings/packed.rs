//! What is packed into base64 or compressed, declared or not.

use super::*;

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
fn brotli_that_nobody_declared_is_looked_into_and_counts_as_unread() {
    let engine = shipped();
    let json = r#"{"user": {"email": "amina.khan@example.pk", "level": "one two three"}}"#;
    let body = redact::encode(Encoding::Brotli, json.as_bytes()).unwrap();
    for content_type in ["application/json", "application/octet-stream", ""] {
        assert_eq!(found_unread(&engine, content_type, &body), ["email"], "{content_type}");
    }
}
