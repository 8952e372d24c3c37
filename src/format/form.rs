//! `application/x-www-form-urlencoded`, and queries: names and values between `&`.
//!
//! As the URL Standard reads it: `;` separates nothing, a pair without `=` is a name with an empty value,
//! an empty pair is none, and a stray `%` stands for itself. Bracketed names (`a[b]`) are one name.

use memchr::memchr;

use super::{Fields, Stop, scan};
use crate::domain::{Container, Escape, FieldSink, Key, Limits, Scalar, Span, Value};

/// `pairs` stand at `base` of their layer.
pub fn walk<S: FieldSink>(
    pairs: &[u8],
    base: usize,
    limits: &Limits,
    sink: &mut S,
) -> Result<(), Stop> {
    let mut fields = Fields::new(limits);
    fields.count(base)?;
    sink.open(Key::Root, Container::Object, base, base);
    let mut start = 0;
    while start < pairs.len() {
        let rest = pairs.get(start..).unwrap_or_default();
        let pair = rest.get(..memchr(b'&', rest).unwrap_or(rest.len())).unwrap_or_default();
        if !pair.is_empty() {
            fields.count(base + start)?;
            let name_length = memchr(b'=', pair).unwrap_or(pair.len());
            let value_start = (name_length + 1).min(pair.len());
            let at = |from: usize, to: usize| Span::new(start + from, start + to).shift(base);
            let key = Key::Name {
                text: pair.get(..name_length).unwrap_or_default(),
                span: at(0, name_length),
                escape: Escape::Form,
            };
            let span = at(value_start, pair.len());
            let value = Value {
                kind: Scalar::String,
                text: pair.get(value_start..).unwrap_or_default(),
                text_span: span,
                span,
                member: at(0, pair.len()),
                escape: Escape::Form,
                may_hold: None,
            };
            sink.scalar(key, value);
        }
        start += pair.len() + 1;
    }
    let end = base + pairs.len();
    sink.close(end, end);
    scan::check_percent_decoded(pairs, base)
}

#[cfg(test)]
mod tests {
    use super::{super::tests::Notes, *};
    use crate::domain::{Format, GapCause};

    #[test]
    fn pairs_come_by_name() {
        for (text, lines) in [
            ("", &[" {"][..]),
            ("a=b", &[" {", "/a string b"]),
            ("a=b&c=d=e", &[" {", "/a string b", "/c string d=e"]),
            ("a&b=&=c", &[" {", "/a string ", "/b string ", "/ string c"]),
            ("&&a=1&", &[" {", "/a string 1"]),
            ("a=1;b=2", &[" {", "/a string 1;b=2"]),
            ("a=1&a=2", &[" {", "/a string 1", "/a string 2"]),
            (
                "user[phone]=%2B65&x%5B%5D=1+2",
                &[" {", "/user[phone] string %2B65", "/x%5B%5D string 1+2"],
            ),
            ("mei%40example.com", &[" {", "/mei%40example.com string "]),
            ("a=%zz%", &[" {", "/a string %zz%"]),
            ("a=b\n", &[" {", "/a string b\n"]),
        ] {
            let (notes, read) = Notes::of(Format::Form, text.as_bytes());
            assert_eq!(read, Ok(()));
            assert_eq!(notes, lines, "{text}");
        }
    }

    #[test]
    fn everything_is_told_before_bytes_that_are_not_utf8_count_as_a_gap() {
        let (notes, read) = Notes::of(Format::Form, b"a=\xff&b=2");
        assert_eq!(notes, [" {", "/a string \u{fffd}", "/b string 2"]);
        assert_eq!(read, Err(Stop { cause: GapCause::InvalidUtf8, offset: 2 }));
    }

    #[test]
    fn what_is_no_utf8_once_it_is_decoded_is_a_gap_too() {
        for (text, offset) in [
            (&b"a=%41&b=%ff%fea%00"[..], Some(8)),
            // ISO-8859-1 and Windows-1252, where letters stand alone; GBK, Shift_JIS and bytes of nothing.
            (b"name=%C4nna&b=Luc%EDa+Ortega&c=Caf%E9", None),
            (b"name=%C0%EE%C3%F7", Some(5)),
            (b"name=a%96%BC", Some(6)),
            (b"name=%E9", Some(5)),
            (b"name=Anna%80", Some(9)),
            (b"name=%c3%84nna&b=%e4%bd%a0%E5%A5%BD", None),
            (b"name=\xc3\x84nna%zz%4%", None),
            (b"name=%F0%9F%98", Some(5)),
            (b"na%c1%80me=1", Some(2)),
        ] {
            let stop = offset.map(|offset| Stop { cause: GapCause::InvalidUtf8, offset });
            let read = Notes::of(Format::Form, text).1;
            assert_eq!(read.err(), stop, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn pairs_have_a_limit() {
        let limits = Limits { fields_max: 2, ..Limits::default() };
        let (notes, read) = Notes::within(Format::Form, b"a=1&b=2", &limits);
        assert_eq!(notes, [" {", "/a string 1"]);
        assert_eq!(read, Err(Stop { cause: GapCause::TooManyFields, offset: 4 }));
    }
}
