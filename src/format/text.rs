//! What has no structure of ours: a text or a header value, as one scalar; and the pairs of a cookie.

use memchr::memchr;

use super::{Fields, Stop, scan};
use crate::domain::{Container, Escape, FieldSink, Key, Limits, Scalar, Span, Value};

/// The whole layer as one text, without its byte order mark.
pub(super) fn walk<S: FieldSink>(bytes: &[u8], limits: &Limits, sink: &mut S) -> Result<(), Stop> {
    Fields::new(limits).count(0)?;
    let start = scan::byte_order_mark(bytes);
    let span = Span::new(start, bytes.len());
    let value = Value {
        kind: Scalar::String,
        text: span.of(bytes),
        text_span: span,
        span,
        member: Span::new(0, bytes.len()),
        escape: Escape::None,
    };
    sink.scalar(Key::Root, value);
    scan::check_utf8(bytes, 0)
}

/// The value of `Cookie`: pairs between `;` (RFC 6265 §4.2.1). A value may stand in quotes, which are not
/// part of its text, and is percent-encoded by custom; what has no `=` is a value without a name.
pub(super) fn walk_cookie<S: FieldSink>(
    bytes: &[u8],
    limits: &Limits,
    sink: &mut S,
) -> Result<(), Stop> {
    let mut fields = Fields::new(limits);
    fields.count(0)?;
    sink.open(Key::Root, Container::Object, 0, 0);
    let mut next = 0;
    while next < bytes.len() {
        let rest = bytes.get(next..).unwrap_or_default();
        let end = memchr(b';', rest).map_or(bytes.len(), |length| next + length);
        let member = trim(bytes, Span::new(next, end));
        if !member.is_empty() {
            fields.count(member.range().start)?;
            pair(bytes, member, sink);
        }
        next = end + 1;
    }
    sink.close(bytes.len(), bytes.len());
    scan::check_utf8(bytes, 0)
}

fn pair<S: FieldSink>(bytes: &[u8], member: Span, sink: &mut S) {
    let range = member.range();
    let (name, value_start) = match memchr(b'=', member.of(bytes)) {
        Some(length) => {
            let equals = range.start + length;
            (trim(bytes, Span::new(range.start, equals)), equals + 1)
        }
        None => (Span::new(range.start, range.start), range.start),
    };
    let span = trim(bytes, Span::new(value_start, range.end));
    let text_span = match span.of(bytes) {
        [b'"', .., b'"'] => Span { start: span.start + 1, end: span.end - 1 },
        _ => span,
    };
    let value = Value {
        kind: Scalar::String,
        text: text_span.of(bytes),
        text_span,
        span,
        member,
        escape: Escape::Percent,
    };
    sink.scalar(Key::Name { text: name.of(bytes), span: name, escape: Escape::None }, value);
}

fn trim(bytes: &[u8], span: Span) -> Span {
    let text = span.of(bytes);
    let start = span.range().start + (text.len() - text.trim_ascii_start().len());
    Span::new(start, start + text.trim_ascii().len())
}

#[cfg(test)]
mod tests {
    use super::{super::tests::Notes, *};
    use crate::domain::{Format, GapCause};

    #[test]
    fn a_text_is_one_value() {
        for format in [Format::Text, Format::Header] {
            for (text, line) in [("", " string "), ("a\nb=c", " string a\nb=c")] {
                assert_eq!(Notes::of(format, text.as_bytes()), (vec![line.to_owned()], Ok(())));
            }
            let (notes, read) = Notes::of(format, b"a\xe9b");
            assert_eq!(notes, [" string a\u{fffd}b"]);
            assert_eq!(read, Err(Stop { cause: GapCause::InvalidUtf8, offset: 1 }));
        }
        assert_eq!(Notes::of(Format::Text, "\u{feff}a".as_bytes()).0, [" string a"]);
    }

    #[test]
    fn cookies_come_by_name() {
        for (text, lines) in [
            ("", &[" {"][..]),
            ("a=b", &[" {", "/a string b"]),
            ("a=b; c=\"d e\";e=f=g", &[" {", "/a string b", "/c string d e", "/e string f=g"]),
            (" ;; a = b ;", &[" {", "/a string b"]),
            ("token; a=", &[" {", "/ string token", "/a string "]),
            ("a=\"", &[" {", "/a string \""]),
            ("a=1, b=2", &[" {", "/a string 1, b=2"]),
        ] {
            let (notes, read) = Notes::of(Format::Cookie, text.as_bytes());
            assert_eq!(read, Ok(()));
            assert_eq!(notes, lines, "{text}");
        }
    }
}
