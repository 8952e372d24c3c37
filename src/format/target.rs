//! The request target: path segments by position, then the query as a form (RFC 9112 §3.2).

use memchr::memchr;

use super::{Fields, Stop, form, scan};
use crate::domain::{Container, Escape, FieldSink, Key, Limits, Scalar, Span, Value};

/// Where the path of a target stands, and where its query does if it has one, without the `?`. The
/// scheme and authority of an absolute form (`http://host/path`) belong to neither.
pub fn split(target: &str) -> (Span, Option<Span>) {
    parts(target.as_bytes())
}

fn parts(target: &[u8]) -> (Span, Option<Span>) {
    let question = memchr(b'?', target);
    let end = question.unwrap_or(target.len());
    let before = target.get(..end).unwrap_or_default();
    let start = match memchr::memmem::find(before, b"://") {
        Some(scheme_end) if !before.starts_with(b"/") => {
            let authority = before.get(scheme_end + 3..).unwrap_or_default();
            memchr(b'/', authority).map_or(end, |length| scheme_end + 3 + length)
        }
        Some(_) | None => 0,
    };
    (Span::new(start, end), question.map(|at| Span::new(at + 1, target.len())))
}

pub(super) fn walk<S: FieldSink>(bytes: &[u8], limits: &Limits, sink: &mut S) -> Result<(), Stop> {
    let (path, query) = parts(bytes);
    walk_path(path.of(bytes), path.range().start, limits, sink)?;
    match query {
        Some(query) => form::walk(query.of(bytes), query.range().start, limits, sink),
        None => Ok(()),
    }
}

/// The segments of a path, numbered from 0, empty ones left out. `path` stands at `base` of its layer.
pub fn walk_path<S: FieldSink>(
    path: &[u8],
    base: usize,
    limits: &Limits,
    sink: &mut S,
) -> Result<(), Stop> {
    let mut fields = Fields::new(limits);
    fields.count(base)?;
    sink.open(Key::Root, Container::Array, base, base);
    let (mut start, mut index) = (0, 0u32);
    let mut before: &[u8] = &[];
    for segment in path.split(|&byte| byte == b'/') {
        if !segment.is_empty() {
            fields.count(base + start)?;
            let span = Span::new(start, start + segment.len()).shift(base);
            let value = Value {
                kind: Scalar::String,
                text: segment,
                text_span: span,
                span,
                member: span,
                escape: Escape::Percent,
                may_hold: None,
            };
            if is_name(before) && is_number_or_address(segment) {
                sink.named(before);
            }
            before = segment;
            sink.scalar(Key::Index(index), value);
            index = index.saturating_add(1);
        }
        start += segment.len() + 1;
    }
    let end = base + path.len();
    sink.close(end, end);
    scan::check_percent_decoded(path, base)
}

/// A segment that may say what the next one is.
fn is_name(segment: &[u8]) -> bool {
    let is_of_one = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_');
    (2..=32).contains(&segment.len()) && segment.iter().all(is_of_one)
}

/// What a resource has is mostly called in words, and people's numbers and addresses are not.
fn is_number_or_address(segment: &[u8]) -> bool {
    const DIGITS_MIN: usize = 4;
    segment.iter().filter(|byte| byte.is_ascii_digit()).count() >= DIGITS_MIN
        || segment.contains(&b'@')
        || segment.windows(3).any(|bytes| bytes == b"%40")
}

#[cfg(test)]
mod tests {
    use super::{super::tests::Notes, *};
    use crate::domain::{Format, GapCause};

    #[test]
    fn a_target_is_split_at_the_first_question_mark() {
        for (target, path, query) in [
            ("/a/b?c=d", "/a/b", Some("c=d")),
            ("/a?b?c=/d", "/a", Some("b?c=/d")),
            ("/", "/", None),
            ("/?", "/", Some("")),
            ("http://data.example:8080/a?b", "/a", Some("b")),
            ("http://data.example?b", "", Some("b")),
            ("http://data.example", "", None),
            ("/go/http://data.example/a", "/go/http://data.example/a", None),
            ("/go?to=http://data.example/a", "/go", Some("to=http://data.example/a")),
            ("*", "*", None),
            ("", "", None),
        ] {
            let (path_span, query_span) = split(target);
            assert_eq!(path_span.of(target.as_bytes()), path.as_bytes(), "{target}");
            let found = query_span.map(|span| span.of(target.as_bytes()));
            assert_eq!(found, query.map(str::as_bytes), "{target}");
        }
    }

    #[test]
    fn segments_come_by_position_and_pairs_by_name() {
        for (target, lines) in [
            ("/", &[" ["][..]),
            ("/users//65%2091234567/", &[" [", "/0 string users", "/1 string 65%2091234567"]),
            ("/a;v=1?b=2", &[" [", "/0 string a;v=1", " {", "/b string 2"]),
            ("?b", &[" [", " {", "/b string "]),
        ] {
            let (notes, read) = Notes::of(Format::Target, target.as_bytes());
            assert_eq!(
                (notes, read),
                (lines.iter().map(|&line| line.to_owned()).collect(), Ok(()))
            );
        }
        let (notes, read) = Notes::of(Format::Target, b"/a\xff/b?c=d");
        assert_eq!(notes.len(), 3);
        assert_eq!(read, Err(Stop { cause: GapCause::InvalidUtf8, offset: 2 }));
    }
}
