use super::*;
use crate::{domain::Format, format::tests::Notes};

/// Lines with `|` for CRLF.
fn body(lines: &str) -> Vec<u8> {
    lines.replace('|', "\r\n").into_bytes()
}

#[test]
fn parts_come_by_name() {
    for (text, lines) in [
        ("--b--", &[" {"][..]),
        ("--b--||", &[" {"]),
        ("--b||a|--b--", &[" {", "/0 string a"]),
        ("|--b||a|--b--|", &[" {", "/0 string a"]),
        ("--b||a|--b||c|--b--", &[" {", "/0 string a", "/1 string c"]),
        (
            "--b|Content-Disposition: form-data; name=\"a\"||1|--b|content-disposition:form-data;name=c||2||3|--b--|",
            &[" {", "/a string 1", "/c string 2\r\n\r\n3"],
        ),
        ("--b|Content-Disposition: form-data; name=\"a\"|||--b--", &[" {", "/a string "]),
        ("--b|Content-Disposition: form-data; name=\"a\"||--b--", &[" {", "/a string "]),
        // Something that looks like a delimiter inside a line is content.
        ("--b||a --b|c|--b--", &[" {", "/0 string a --b\r\nc"]),
        ("--b \t||a|--b  ||c|--b--", &[" {", "/0 string a", "/1 string c"]),
        // Files, their names, other headers.
        (
            "--b|Content-Disposition: form-data; name=\"p\"; filename=\"Mei Tan; 1.jpg\"|Content-Type: image/jpeg|X-Taken-By: Mei||xyz|--b--",
            &[
                " {",
                "/p layer image/jpeg Identity xyz",
                "/filename string Mei Tan; 1.jpg",
                "/X-Taken-By string Mei",
            ],
        ),
        (
            "--b|Content-Disposition: form-data; name=p; filename*=UTF-8''Mei%20Tan||x|--b--",
            &[" {", "/p layer - Identity x", "/filename* string Mei%20Tan"],
        ),
        (
            "--b|Content-Disposition: form-data; name=\"j\"|Content-Type: application/json; charset=utf-8||{}|--b--",
            &[" {", "/j layer application/json; charset=utf-8 Identity {}"],
        ),
        (
            "--b|Content-Type: text/plain; name=\"x\"|Content-Transfer-Encoding: base64||SGk=|--b--",
            &[" {", "/0 layer text/plain; name=\"x\" Base64Lines SGk=", "/name string x"],
        ),
        ("--b|Content-Encoding: gzip||x|--b--", &[" {", "/0 layer - Gzip x"]),
        // Parts inside parts are layers.
        (
            "--b|Content-Type: multipart/mixed; boundary=c||--c||1|--c--|--b--",
            &[" {", "/0 layer multipart/mixed; boundary=c Identity --c\r\n\r\n1\r\n--c--"],
        ),
        // A boundary that ends in hyphens.
        ("--b--||a|--b----", &[" {", "/0 string a"]),
        (
            "--b|Content-Disposition: form-data; name=\"_charset_\"||windows-1252|--b--",
            &[" {", "/_charset_ string windows-1252"],
        ),
    ] {
        let bytes = body(text);
        let (notes, read) = Notes::of(Format::Multipart, &bytes);
        assert_eq!(read, Ok(()), "{text}");
        assert_eq!(notes, lines, "{text}");
    }
}

#[test]
fn what_parsers_disagree_about_is_refused() {
    // `^` stands before the byte that ends the reading.
    for marked in [
        "^",
        "--^",
        "^preamble|--b||a|--b--",
        "--b||a|--b--|^epilogue",
        "--b||a|--b^",
        "--b||a^",
        "--b||a|--b^c||d|--b--",
        "--b||a\n^--b--",
        "--b||a\r^--b--|",
        "--b|A: b||x\n^--b|A: c||y|--b--",
        "--b|A: b^\nC: d||x|--b--",
        "--b|A: b|^\tfolded||x|--b--",
        "--b|^A : b||x|--b--",
        "--b|^A||x|--b--",
        "--b|^: b||x|--b--",
        "--b|A: b^\0||x|--b--",
        "--b|A: b|^--b--",
        "--b|Content-Type: a/b|^Content-Type: c/d||x|--b--",
        "--b|Content-Disposition: form-data; name=a^; name=b||x|--b--",
        "--b|Content-Disposition: form-data; name=\"a\\^\"; filename=\"b\"||x|--b--",
        "--b|Content-Disposition: form-data; name=\"a^||x|--b--",
        "--b|Content-Disposition: form-data^; name*0=gen; name*1=der||x|--b--",
        "--b|Content-Disposition: form-data; name=\"a\"^b||x|--b--",
        "--b|Content-Disposition: form-data^; name||x|--b--",
        "--b|Content-Disposition: form-data^; x; name=a||x|--b--",
    ] {
        let marked = body(marked);
        let offset = marked.iter().position(|&byte| byte == b'^').expect("a mark");
        let bytes = [&marked[..offset], &marked[offset + 1..]].concat();
        let stop = Stop { cause: GapCause::Malformed, offset };
        let read = Notes::of(Format::Multipart, &bytes).1;
        assert_eq!(read, Err(stop), "{}", String::from_utf8_lossy(&marked));
    }
    let long = format!("--{}\r\n\r\na", "b".repeat(73));
    assert_eq!(Notes::of(Format::Multipart, long.as_bytes()).1, Err(Stop::malformed(2)));
}

#[test]
fn what_is_told_and_not_understood_is_a_gap_at_the_end() {
    for (text, cause, offset, count) in [
        (
            "--b|Content-Transfer-Encoding: x-uuencode||=41|--b||c|--b--",
            GapCause::UnknownContentEncoding,
            32,
            3,
        ),
        ("--b|Content-Encoding: gzip, br||x|--b--", GapCause::UnknownContentEncoding, 23, 2),
        // Letters of two bytes, and what says that there are some.
        ("--b||a\0b\0|--b||c|--b--", GapCause::MediaTypeMismatch, 8, 3),
        (
            "--b|Content-Disposition: form-data; name=\"_charset_\"||utf-16le|--b||c|--b--",
            GapCause::MediaTypeMismatch,
            57,
            3,
        ),
    ] {
        let bytes = body(text);
        let (notes, read) = Notes::of(Format::Multipart, &bytes);
        assert_eq!(notes.len(), count);
        assert_eq!(read, Err(Stop { cause, offset }), "{text}");
    }
    let (notes, read) = Notes::of(Format::Multipart, b"--b\r\n\r\n\xff\r\n--b\r\n\r\nc\r\n--b--");
    assert_eq!(notes, [" {", "/0 string \u{fffd}", "/1 string c"]);
    assert_eq!(read, Err(Stop { cause: GapCause::InvalidUtf8, offset: 7 }));
}

#[test]
fn a_part_is_cut_with_its_delimiter() {
    struct Members(Vec<Span>);
    impl FieldSink for Members {
        fn open(&mut self, _: Key<'_>, _: Container, _: usize, _: usize) {}
        fn close(&mut self, _: usize, _: usize) {}
        fn scalar(&mut self, _: Key<'_>, value: Value<'_>) {
            self.0.push(value.member);
        }
    }
    let bytes = body(
        "--b|Content-Disposition: form-data; name=\"a\"; filename=\"x\"||1|--b|Content-Disposition: form-data; name=\"c\"||2|--b--|",
    );
    let mut members = Members(Vec::new());
    walk(&bytes, &Limits::default(), &mut members).expect("multipart");
    let without = |span: Span| {
        let mut rest = bytes.clone();
        rest.drain(span.range());
        String::from_utf8(rest).expect("text").replace("\r\n", "|")
    };
    assert_eq!(
        members.0.iter().map(|&span| without(span)).collect::<Vec<_>>(),
        [
            "--b|Content-Disposition: form-data; name=\"c\"||2|--b--|",
            "--b|Content-Disposition: form-data; name=\"a\"||1|--b|Content-Disposition: form-data; name=\"c\"||2|--b--|",
            "--b|Content-Disposition: form-data; name=\"a\"; filename=\"x\"||1|--b--|",
        ]
    );
}
