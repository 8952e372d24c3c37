use super::*;

const JSON: &[u8] = b"{\"a\":1}";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n....";
const PARTS: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n";

#[test]
fn a_declared_type_is_believed_when_the_bytes_agree() {
    for (content_type, bytes, expected) in [
        ("application/json", JSON, Ok(Format::Json)),
        ("Application/JSON; charset=UTF-8", JSON, Ok(Format::Json)),
        ("text/json", b" \n[]", Ok(Format::Json)),
        ("application/problem+json", JSON, Ok(Format::Json)),
        ("application/vnd.api+json;version=\"a;b=\\\"c\"", JSON, Ok(Format::Json)),
        ("application/json", b"\xef\xbb\xbf\"a\"", Ok(Format::Json)),
        ("application/json", b"<a/>", Err(GapCause::MediaTypeMismatch)),
        ("application/json", b"a=b", Err(GapCause::MediaTypeMismatch)),
        ("application/json", PNG, Err(GapCause::MediaTypeMismatch)),
        ("application/x-ndjson", JSON, Ok(Format::NdJson)),
        ("application/jsonl", JSON, Ok(Format::NdJson)),
        ("application/geo+json-seq", b"\x1e{}\n", Ok(Format::NdJson)),
        ("application/x-www-form-urlencoded", b"a=b", Ok(Format::Form)),
        ("application/x-www-form-urlencoded", b"{x}=1", Ok(Format::Form)),
        ("application/x-www-form-urlencoded", JSON, Err(GapCause::MediaTypeMismatch)),
        ("application/x-www-form-urlencoded", b"<a>=</a>", Err(GapCause::MediaTypeMismatch)),
        ("text/xml", b"<a/>", Ok(Format::Xml)),
        ("image/svg+xml", b"\n<svg/>", Ok(Format::Xml)),
        ("application/xml", JSON, Err(GapCause::MediaTypeMismatch)),
        ("text/csv; header=present", b"a,b\r\n1,2", Ok(Format::Csv)),
        ("text/csv; header=absent", b"a,b\r\n1,2", Ok(Format::CsvData)),
        ("text/tab-separated-values", b"a\tb", Ok(Format::Tsv)),
        ("application/graphql", b"{ me { id } }", Ok(Format::GraphQl)),
        ("application/graphql", b"<a/>", Err(GapCause::MediaTypeMismatch)),
        ("text/vcard;version=4.0", b"BEGIN:VCARD\r\nEND:VCARD", Ok(Format::VCard)),
        ("text/x-vcard", b"begin:vcard\nend:vcard", Ok(Format::VCard)),
        ("text/vcard", b"FN:A", Err(GapCause::MediaTypeMismatch)),
        ("text/csv", JSON, Err(GapCause::MediaTypeMismatch)),
        ("text/plain", b"{ hello", Ok(Format::Text)),
        ("text/html", b"<html>", Ok(Format::Text)),
        ("message/rfc822", b"From: a@example.org\r\n\r\nhello", Ok(Format::Text)),
        ("text/plain", b"a\0b\0", Err(GapCause::MediaTypeMismatch)),
        ("text/plain", PNG, Err(GapCause::MediaTypeMismatch)),
        ("image/png", PNG, Ok(Format::Image)),
        ("image/jpeg", PNG, Err(GapCause::MediaTypeMismatch)),
        ("multipart/form-data; boundary=b", PARTS, Ok(Format::Multipart)),
        ("multipart/mixed; boundary=\"b\"", PARTS, Ok(Format::Multipart)),
        ("multipart/form-data; boundary=b", b"--b--\r\n", Ok(Format::Multipart)),
        ("multipart/form-data; boundary=bb", PARTS, Err(GapCause::MediaTypeMismatch)),
        ("multipart/form-data; boundary=a; boundary=b", PARTS, Err(GapCause::MediaTypeMismatch)),
        (
            "multipart/form-data; boundary=b; boundary*=utf-8''c",
            PARTS,
            Err(GapCause::MediaTypeMismatch),
        ),
        ("multipart/form-data; boundary=\"b", PARTS, Err(GapCause::Malformed)),
        ("multipart/form-data; boundary=\"b\"x", PARTS, Err(GapCause::Malformed)),
        ("multipart/form-data", PARTS, Err(GapCause::Malformed)),
        ("application/grpc", b"\0\0\0\0\x01a", Err(GapCause::UnknownMediaType)),
        ("application/x-protobuf", b"\x08\x01", Err(GapCause::UnknownMediaType)),
        ("image/x-unheard-of", PNG, Err(GapCause::UnknownMediaType)),
        ("json", JSON, Err(GapCause::UnknownMediaType)),
        ("application/ json", JSON, Err(GapCause::UnknownMediaType)),
        ("application/json, text/plain", JSON, Err(GapCause::UnknownMediaType)),
        ("application/octet-stream", JSON, Ok(Format::Json)),
        ("application/octet-stream", b"\x00\x01", Err(GapCause::UnknownMediaType)),
    ] {
        assert_eq!(identify(Some(content_type), bytes), expected, "{content_type} {bytes:?}");
    }
}

#[test]
fn an_empty_body_is_text_whatever_it_is_called() {
    for content_type in [None, Some("application/grpc"), Some("nonsense")] {
        assert_eq!(identify(content_type, b""), Ok(Format::Text));
    }
}

#[test]
fn undeclared_bytes_are_what_they_look_like() {
    for (bytes, expected) in [
        (JSON, Ok(Format::Json)),
        (b"\xef\xbb\xbf \n[ 1 ]\n", Ok(Format::Json)),
        (b"{\n  \"a\": 1\n}\n", Ok(Format::Json)),
        (b"{\"a\":1}\n{\"a\":2}\n", Ok(Format::NdJson)),
        (b"[1]\r\n\r\n[2]", Ok(Format::NdJson)),
        (b"\x1e{}\n", Ok(Format::NdJson)),
        (b"<?xml version=\"1.0\"?><a/>", Ok(Format::Xml)),
        (b"<a>1</a>\n", Ok(Format::Xml)),
        (b"<!DOCTYPE html><p>", Ok(Format::Text)),
        (b"<3 is a heart", Ok(Format::Text)),
        (b"BEGIN:VCARD\r\nFN:A\r\nEND:VCARD\r\n", Ok(Format::VCard)),
        (PARTS, Ok(Format::Multipart)),
        (PNG, Ok(Format::Image)),
        (b"\xff\xd8\xff\xe1", Ok(Format::Image)),
        (b"RIFF\0\0\0\0WEBPVP8X", Ok(Format::Image)),
        (b"\0\0\0\x18ftypheic\0\0", Ok(Format::Image)),
        (b"GIF89a", Ok(Format::Image)),
        (b"name=Mei+Tan&phone=%2B65", Ok(Format::Form)),
        (b"a = b", Ok(Format::Text)),
        (b"2026-01-01 [info] user=mei\n", Ok(Format::Text)),
        (b"[2026-01-01] started", Ok(Format::Text)),
        (b"\"a\"", Ok(Format::Text)),
        ("日本".as_bytes(), Ok(Format::Text)),
        (b"\xff\xfea\0", Err(GapCause::UnknownMediaType)),
        (b"caf\xe9", Err(GapCause::UnknownMediaType)),
        (b"\x08\x96\x01", Err(GapCause::UnknownMediaType)),
        (b"a\0", Err(GapCause::UnknownMediaType)),
    ] {
        assert_eq!(identify(None, bytes), expected, "{bytes:?}");
        assert_eq!(identify(Some(" "), bytes), expected, "{bytes:?}");
    }
}
