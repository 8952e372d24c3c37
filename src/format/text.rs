//! What has no structure of ours: a text or a header value, as one scalar; and headers of pairs: cookies,
//! baggage, and who a request was forwarded for.

use memchr::{memchr, memchr2};

use super::{Fields, Stop, scan};
use crate::domain::{Container, Escape, FieldSink, Key, Limits, Scalar, Span, Value};

/// The whole layer as one text, without its byte order mark.
pub(super) fn walk<S: FieldSink>(bytes: &[u8], limits: &Limits, sink: &mut S) -> Result<(), Stop> {
    Fields::new(limits).count(0)?;
    let span = Span::new(scan::byte_order_mark(bytes), bytes.len());
    walk_part(bytes, span, Span::new(0, bytes.len()), Key::Root, sink);
    scan::check_utf8(bytes, 0)
}

/// `span` of a layer as one text under `key`, which takes up `member`.
pub(super) fn walk_part<S: FieldSink>(
    bytes: &[u8],
    span: Span,
    member: Span,
    key: Key<'_>,
    sink: &mut S,
) {
    let value = Value {
        kind: Scalar::String,
        text: span.of(bytes),
        text_span: span,
        span,
        member,
        escape: Escape::None,
        may_hold: None,
    };
    sink.scalar(key, value);
}

/// The value of `Cookie`: pairs between `;` (RFC 6265 §4.2.1). A value may stand in quotes, which are not
/// part of its text, and is percent-encoded by custom; what has no `=` is a value without a name.
pub(super) fn walk_cookie<S: FieldSink>(
    bytes: &[u8],
    limits: &Limits,
    sink: &mut S,
) -> Result<(), Stop> {
    each_pair(bytes, limits, sink, |bytes, at| {
        let rest = bytes.get(at..).unwrap_or_default();
        let end = memchr(b';', rest).map_or(bytes.len(), |length| at + length);
        (end, end)
    })
}

/// The value of `Set-Cookie` (RFC 6265 §4.1.1): a pair, as [`walk_cookie`] has them, and what is said of it. The name
/// stays where the value goes, since what comes behind would be another cookie.
pub fn walk_set_cookie<S: FieldSink>(
    bytes: &[u8],
    limits: &Limits,
    sink: &mut S,
) -> Result<(), Stop> {
    let mut fields = Fields::new(limits);
    fields.count(0)?;
    sink.open(Key::Root, Container::Object, 0, 0);
    let end = memchr(b';', bytes).unwrap_or(bytes.len());
    let text = trim(bytes, Span::new(0, end));
    if !text.is_empty() {
        fields.count(text.range().start)?;
        pair(bytes, text, text, sink);
    }
    let rest = trim(bytes, Span::new(bytes.len().min(end + 1), bytes.len()));
    if !rest.is_empty() {
        fields.count(rest.range().start)?;
        walk_part(bytes, rest, rest, Key::Index(1), sink);
    }
    sink.close(bytes.len(), bytes.len());
    scan::check_utf8(bytes, 0)
}

/// The value of `baggage` (W3C, §3.3.1): members between `,`, each with properties behind `;`, which are
/// pairs too and go with their member.
pub(super) fn walk_baggage<S: FieldSink>(
    bytes: &[u8],
    limits: &Limits,
    sink: &mut S,
) -> Result<(), Stop> {
    each_pair(bytes, limits, sink, |bytes, at| {
        let rest = bytes.get(at..).unwrap_or_default();
        let end = memchr2(b',', b';', rest).map_or(bytes.len(), |length| at + length);
        if bytes.get(..at).is_some_and(|before| before.ends_with(b";")) {
            return (end, end);
        }
        let properties = bytes.get(end..).unwrap_or_default();
        let member_end = memchr(b',', properties).map_or(bytes.len(), |length| end + length);
        (end, member_end)
    })
}

/// The value of `Forwarded` (RFC 7239 §4): elements between `,`, of pairs between `;`, whose values may
/// be quoted.
pub(super) fn walk_forwarded<S: FieldSink>(
    bytes: &[u8],
    limits: &Limits,
    sink: &mut S,
) -> Result<(), Stop> {
    each_pair(bytes, limits, sink, |bytes, at| {
        let mut is_quoted = false;
        let is_end = |byte: &u8| {
            is_quoted ^= *byte == b'"';
            !is_quoted && matches!(byte, b',' | b';')
        };
        let rest = bytes.get(at..).unwrap_or_default();
        let end = rest.iter().position(is_end).map_or(bytes.len(), |length| at + length);
        (end, end)
    })
}

/// Tells the pairs of a header. `ends` says where the pair at an offset ends, and where the member does
/// that it begins.
fn each_pair<S: FieldSink>(
    bytes: &[u8],
    limits: &Limits,
    sink: &mut S,
    ends: impl Fn(&[u8], usize) -> (usize, usize),
) -> Result<(), Stop> {
    let mut fields = Fields::new(limits);
    fields.count(0)?;
    sink.open(Key::Root, Container::Object, 0, 0);
    let mut next = 0;
    while next < bytes.len() {
        let (end, member_end) = ends(bytes, next);
        let text = trim(bytes, Span::new(next, end));
        if !text.is_empty() {
            fields.count(text.range().start)?;
            let member = trim(bytes, Span::new(next, member_end));
            pair(bytes, text, member, sink);
        }
        next = end + 1;
    }
    sink.close(bytes.len(), bytes.len());
    scan::check_utf8(bytes, 0)
}

fn pair<S: FieldSink>(bytes: &[u8], text: Span, member: Span, sink: &mut S) {
    let range = text.range();
    let (name, value_start) = match memchr(b'=', text.of(bytes)) {
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
        may_hold: None,
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

    #[test]
    fn baggage_and_forwarded_come_by_name() {
        for (format, text, lines) in [
            // W3C Baggage §3.3.2, and RFC 7239 §4.
            (
                Format::Baggage,
                "userId=Am%C3%A9lie,serverNode=DF%2028;p=1,isProduction=false",
                &[
                    " {",
                    "/userId string Am%C3%A9lie",
                    "/serverNode string DF%2028",
                    "/p string 1",
                    "/isProduction string false",
                ][..],
            ),
            (
                Format::Forwarded,
                "for=192.0.2.43, for=\"[2001:db8:cafe::17]:4711\";proto=http;by=203.0.113.43",
                &[
                    " {",
                    "/for string 192.0.2.43",
                    "/for string [2001:db8:cafe::17]:4711",
                    "/proto string http",
                    "/by string 203.0.113.43",
                ],
            ),
            (Format::Forwarded, "for=\"_a,b;c\"", &[" {", "/for string _a,b;c"]),
        ] {
            let (notes, read) = Notes::of(format, text.as_bytes());
            assert_eq!(read, Ok(()));
            assert_eq!(notes, lines, "{text}");
        }
    }
}
