//! What is a part of something, or of two types, was not read.

use super::*;

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
