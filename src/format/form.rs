//! `application/x-www-form-urlencoded`, and queries: names and values between `&`.
//!
//! As the URL Standard reads it: `;` separates nothing, a pair without `=` is a name with an empty value,
//! an empty pair is none, and a stray `%` stands for itself. Bracketed names (`a[b]`) are one name, but that pairs of
//! one number behind each other, `a[0][b]=…&a[0][c]=…`, are an object: what one of them says may be of another.

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
    // How long the name is of the object at hand, and what it begins with.
    let mut object: Option<&[u8]> = None;
    let mut start = 0;
    while start < pairs.len() {
        let rest = pairs.get(start..).unwrap_or_default();
        let pair = rest.get(..memchr(b'&', rest).unwrap_or(rest.len())).unwrap_or_default();
        if !pair.is_empty() {
            fields.count(base + start)?;
            let name_length = memchr(b'=', pair).unwrap_or(pair.len());
            let value_start = (name_length + 1).min(pair.len());
            let at = |from: usize, to: usize| Span::new(start + from, start + to).shift(base);
            let name = pair.get(..name_length).unwrap_or_default();
            let key_of = |from: usize, to: usize| Key::Name {
                text: name.get(from..to).unwrap_or_default(),
                span: at(from, to),
                escape: Escape::Form,
            };
            let (head, member) = numbered(name).unwrap_or_default();
            if object.is_some_and(|open| open != head) {
                sink.close(base + start, base + start);
                object = None;
            }
            if object.is_none() && !head.is_empty() && is_followed(pairs, start + pair.len(), head)
            {
                fields.count(base + start)?;
                sink.open(key_of(0, head.len()), Container::Object, base + start, base + start);
                object = Some(head);
            }
            let (from, to) = if object.is_some() { member } else { (0, name_length) };
            let key = key_of(from, to);
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
    if object.is_some() {
        sink.close(end, end);
    }
    sink.close(end, end);
    scan::check_percent_decoded(pairs, base)
}

/// Of a name such as `a[0][b]`, `a%5B0%5D%5Bb%5D` and `a.0.b` what says which object it is a member of, and where that
/// member's name stands.
fn numbered(name: &[u8]) -> Option<(&[u8], (usize, usize))> {
    const OPENS: [&[u8]; 3] = [b"[", b"%5B", b"%5b"];
    const CLOSES: [&[u8]; 3] = [b"]", b"%5D", b"%5d"];
    let without = |text: &[u8], ends: [&[u8]; 3]| {
        let end = ends.into_iter().find(|end| text.ends_with(end))?;
        Some(text.len() - end.len())
    };
    let (head, start, end) = match without(name, CLOSES) {
        Some(end) => {
            let inside = name.get(..end)?;
            let is_of_it = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
            let start = end - inside.iter().rev().take_while(is_of_it).count();
            // The letter of an escaped bracket is no part of the name.
            let escaped = name.get(..start)?.ends_with(b"%").then(|| name.get(start..start + 2));
            let start = match escaped.flatten() {
                Some([b'5', b'B' | b'b']) => start + 2,
                _ => start,
            };
            (without(name.get(..start)?, OPENS)?, start, end)
        }
        None => {
            let dot = memchr::memrchr(b'.', name)?;
            (dot, dot + 1, name.len())
        }
    };
    let head = name.get(..head)?;
    let number = without(head, CLOSES).and_then(|end| head.get(..end)).unwrap_or(head);
    let digits = number.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    // The five of an escaped bracket is none of them.
    let opens = number.get(..number.len() - digits)?;
    let is_opened = match opens.last()? {
        b'[' | b'.' => digits > 0,
        b'B' | b'b' => digits > 0 && opens.len() > 3 && without(opens, OPENS).is_some(),
        _ => false,
    };
    (is_opened && start < end).then_some((head, (start, end)))
}

/// Whether the pair behind the one that ends at `end` is of the same object.
fn is_followed(pairs: &[u8], end: usize, head: &[u8]) -> bool {
    let next = pairs.get(end + 1..).unwrap_or_default();
    next.starts_with(head) && {
        let name =
            next.get(..next.iter().position(|byte| b"=&".contains(byte)).unwrap_or(next.len()));
        name.and_then(numbered).is_some_and(|(other, _)| other == head)
    }
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
            // Pairs of one number are an object's, however its brackets are written; one by itself is a pair.
            (
                "c[0][type]=a&c[0][value]=b&c[1][type]=d&e=f",
                &[
                    " {",
                    "/c[0] {",
                    "/c[0]/type string a",
                    "/c[0]/value string b",
                    "/c[1][type] string d",
                    "/e string f",
                ],
            ),
            (
                "c%5B0%5D%5Btype%5D=a&c%5B0%5D%5Bvalue%5D=b&c%5B1%5D%5Bk%5D=d&c%5B1%5D%5Bv%5D=e",
                &[
                    " {",
                    "/c%5B0%5D {",
                    "/c%5B0%5D/type string a",
                    "/c%5B0%5D/value string b",
                    "/c%5B1%5D {",
                    "/c%5B1%5D/k string d",
                    "/c%5B1%5D/v string e",
                ],
            ),
            ("c.0.a=1&c.0.b=2", &[" {", "/c.0 {", "/c.0/a string 1", "/c.0/b string 2"]),
            ("c[a][b]=1&c[a][d]=2", &[" {", "/c[a][b] string 1", "/c[a][d] string 2"]),
            ("a.b=1&a.d=2", &[" {", "/a.b string 1", "/a.d string 2"]),
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
