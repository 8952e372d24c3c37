//! vCard (RFC 6350, RFC 2426, and version 2.1, which telephones still write): cards as entries of an
//! address book.
//!
//! A property is a member by what it means (`TEL` is `phone`), since vCard's own names are short for
//! something; the parts of a structured one (`N`, `ADR`) are members each. Groups are left out of names,
//! folded lines are joined, values in quoted-printable or base64 are layers of their own. Lines outside
//! a card, and a card without its end, end the reading.

#[cfg(test)]
mod tests;

use memchr::{memchr, memchr2};

use super::{Fields, Stop, scan};
use crate::domain::{
    Container, Encoding, Escape, FieldSink, GapCause, Key, Limits, Scalar, Span, Value,
};

pub(super) fn walk<S: FieldSink>(bytes: &[u8], limits: &Limits, sink: &mut S) -> Result<(), Stop> {
    let start = scan::byte_order_mark(bytes);
    let mut reader = Reader { bytes, at: start, fields: Fields::new(limits), depth: 0, cards: 0 };
    reader.fields.count(start)?;
    sink.open(Key::Root, Container::Object, start, start);
    reader.fields.count(start)?;
    let book = Key::Name { text: b"vcards", span: Span::new(start, start), escape: Escape::None };
    sink.open(book, Container::Array, start, start);
    reader.lines(limits, sink)?;
    sink.close(bytes.len(), bytes.len());
    sink.close(bytes.len(), bytes.len());
    scan::check_utf8(bytes, 0)
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    fields: Fields,
    /// Cards inside cards: version 2.1 has them behind `AGENT`.
    depth: usize,
    cards: u32,
}

/// One line: `group.NAME;parameters:value`.
struct Line {
    start: usize,
    name: Span,
    parameters: Span,
    value: Span,
    /// Past the line end.
    end: usize,
}

/// What the parameters say about the value.
#[derive(Default)]
struct Written<'b> {
    is_quoted_printable: bool,
    is_base64: bool,
    charset: Option<&'b [u8]>,
}

impl<'b> Reader<'b> {
    fn lines<S: FieldSink>(&mut self, limits: &Limits, sink: &mut S) -> Result<(), Stop> {
        while self.at < self.bytes.len() {
            let blank = scan::space_end(self.bytes, self.at);
            if blank == self.bytes.len() || blank > self.at && self.depth == 0 {
                self.at = blank;
                continue;
            }
            let line = self.line()?;
            let (name, value) = (line.name.of(self.bytes), line.value.of(self.bytes));
            let is_card = value.trim_ascii().eq_ignore_ascii_case(b"vcard");
            if name.eq_ignore_ascii_case(b"begin") && is_card {
                if self.depth >= limits.depth_max.saturating_sub(2) {
                    return Err(Stop { cause: GapCause::TooDeep, offset: line.start });
                }
                self.fields.count(line.start)?;
                let key = match self.depth {
                    0 => Key::Index(self.cards),
                    _ => named(b"agent", line.name),
                };
                sink.open(key, Container::Object, line.start, line.start);
                self.cards = self.cards.saturating_add(u32::from(self.depth == 0));
                self.depth += 1;
            } else if self.depth == 0 {
                return Err(Stop::malformed(line.start));
            } else if name.eq_ignore_ascii_case(b"end") && is_card {
                self.depth -= 1;
                sink.close(line.end, line.end);
            } else {
                self.property(&line, sink)?;
            }
            self.at = line.end;
        }
        if self.depth > 0 { Err(Stop::malformed(self.bytes.len())) } else { Ok(()) }
    }

    /// The line at `self.at`, with the lines folded into it.
    fn line(&self) -> Result<Line, Stop> {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        // Behind a quote of a parameter a colon separates nothing.
        let mut colon = None;
        let (mut quoted, mut semicolon) = (false, None);
        for (index, &byte) in rest.iter().enumerate() {
            match byte {
                b'"' => quoted = !quoted,
                b';' if !quoted => semicolon = semicolon.or(Some(start + index)),
                b':' if !quoted => {
                    colon = Some(start + index);
                    break;
                }
                b'\n' if !matches!(rest.get(index + 1), Some(b' ' | b'\t')) => break,
                _ => {}
            }
        }
        let colon = colon.ok_or(Stop::malformed(start))?;
        let name_end = semicolon.unwrap_or(colon);
        let name = Span::new(start, name_end);
        let group = memchr(b'.', name.of(self.bytes)).map_or(0, |length| length + 1);
        let parameters = Span::new((name_end + 1).min(colon), colon);
        let soft = self.written(parameters).is_quoted_printable;
        let mut end = colon + 1;
        loop {
            let rest = self.bytes.get(end..).unwrap_or_default();
            let Some(length) = memchr(b'\n', rest) else {
                end = self.bytes.len();
                break;
            };
            let before = rest.get(..length).unwrap_or_default();
            end += length + 1;
            let is_joined = soft && before.trim_ascii_end().ends_with(b"=");
            if !is_joined && !matches!(self.bytes.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let text = self.bytes.get(colon + 1..end).unwrap_or_default();
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let value = Span::new(colon + 1, colon + 1 + text.len());
        Ok(Line { start, name: Span::new(start + group, name_end), parameters, value, end })
    }

    fn property<S: FieldSink>(&mut self, line: &Line, sink: &mut S) -> Result<(), Stop> {
        let name = line.name.of(self.bytes);
        let written = self.written(line.parameters);
        self.parameters(line, sink)?;
        let known = PROPERTIES.iter().find(|(property, _)| name.eq_ignore_ascii_case(property));
        let members = known.map_or(&[][..], |(_, members)| *members);
        if members.len() < 2 {
            let meaning = members.first().copied().unwrap_or(name);
            return self.value(meaning, line, line.value, &written, sink);
        }
        self.fields.count(line.start)?;
        let key = named(members.first().copied().unwrap_or(name), line.name);
        let value_start = line.value.range().start;
        sink.open(key, Container::Object, value_start, value_start);
        let mut start = line.value.range().start;
        let whole = line.value.range().end;
        for index in 1.. {
            let end = self.part_end(start, whole);
            let meaning = members.get(index).copied().unwrap_or(b"other");
            let span = Span::new(start, end);
            if !span.is_empty() {
                self.value(meaning, line, span, &written, sink)?;
            }
            if end == whole {
                break;
            }
            start = end + 1;
        }
        sink.close(whole, whole);
        Ok(())
    }

    /// Where the part of a structured value ends that starts at `at`: at a semicolon, or at `end`.
    fn part_end(&self, mut at: usize, end: usize) -> usize {
        loop {
            let rest = self.bytes.get(at..end).unwrap_or_default();
            let Some(length) = memchr2(b';', b'\\', rest) else { return end };
            at += length;
            if self.bytes.get(at) == Some(&b';') {
                return at;
            }
            at = (at + 2).min(end);
        }
    }

    fn value<S: FieldSink>(
        &mut self,
        meaning: &[u8],
        line: &Line,
        span: Span,
        written: &Written<'b>,
        sink: &mut S,
    ) -> Result<(), Stop> {
        self.fields.count(span.range().start)?;
        let key = named(meaning, line.name);
        let value = Value {
            kind: Scalar::String,
            text: span.of(self.bytes),
            text_span: span,
            span,
            member: span,
            escape: Escape::VCard,
            may_hold: None,
        };
        let encoding = if written.is_base64 {
            Encoding::Base64
        } else if written.is_quoted_printable {
            Encoding::QuotedPrintable
        } else {
            Encoding::Identity
        };
        if encoding == Encoding::Identity && written.charset.is_none() {
            sink.scalar(key, value);
            return Ok(());
        }
        let value = Value { escape: Escape::None, ..value };
        // A picture says itself what it is; a text says what it is written in.
        match written.charset.map(std::str::from_utf8) {
            _ if written.is_base64 => sink.layer(key, None, encoding, value),
            Some(Ok(charset)) => {
                let media_type = format!("text/plain; charset={charset}");
                sink.layer(key, Some(&media_type), encoding, value);
            }
            Some(Err(_)) | None => sink.layer(key, Some("text/plain"), encoding, value),
        }
        Ok(())
    }

    /// The parameters of a line one by one: their names, which may be missing, and their values.
    fn each_parameter(&self, parameters: Span, mut take: impl FnMut(Span, Span)) {
        let end = parameters.range().end;
        let mut start = parameters.range().start;
        while start < end {
            let rest = self.bytes.get(start..end).unwrap_or_default();
            let mut quoted = false;
            let length = rest
                .iter()
                .position(|&byte| {
                    quoted ^= byte == b'"';
                    byte == b';' && !quoted
                })
                .unwrap_or(rest.len());
            let parameter = rest.get(..length).unwrap_or_default();
            let name_length = memchr(b'=', parameter);
            let value_start = name_length.map_or(start, |length| start + length + 1);
            let name = Span::new(start, start + name_length.unwrap_or(0));
            take(name, Span::new(value_start, start + length));
            start += length + 1;
        }
    }

    fn written(&self, parameters: Span) -> Written<'b> {
        let mut written = Written::default();
        let bytes = self.bytes;
        self.each_parameter(parameters, |name, value| {
            let (name, value) = (name.of(bytes), value.of(bytes).trim_ascii());
            let is = |known: &[u8]| value.eq_ignore_ascii_case(known);
            if name.eq_ignore_ascii_case(b"charset") {
                written.charset = Some(value).filter(|_| !is(b"utf-8"));
            } else if name.is_empty() || name.eq_ignore_ascii_case(b"encoding") {
                written.is_quoted_printable |= is(b"quoted-printable");
                // RFC 2426 §4 has `b` for it.
                written.is_base64 |= is(b"base64") || !name.is_empty() && is(b"b");
            }
        });
        written
    }

    /// Tells the values of parameters that are not about the property itself.
    fn parameters<S: FieldSink>(&mut self, line: &Line, sink: &mut S) -> Result<(), Stop> {
        const ABOUT: [&[u8]; 9] = [
            b"type",
            b"value",
            b"encoding",
            b"charset",
            b"pref",
            b"language",
            b"mediatype",
            b"calscale",
            b"pid",
        ];
        let mut told: Vec<(Span, Span)> = Vec::new();
        let bytes = self.bytes;
        self.each_parameter(line.parameters, |name, value| {
            let is_about = ABOUT.iter().any(|known| name.of(bytes).eq_ignore_ascii_case(known));
            if !name.is_empty() && !is_about && !value.is_empty() {
                told.push((name, value));
            }
        });
        for (name, span) in told {
            self.fields.count(name.range().start)?;
            let text_span = match span.of(bytes) {
                [b'"', .., b'"'] => Span { start: span.start + 1, end: span.end - 1 },
                _ => span,
            };
            let value = Value {
                kind: Scalar::String,
                text: text_span.of(bytes),
                text_span,
                span,
                member: Span { start: name.start, end: span.end },
                escape: Escape::VCard,
                may_hold: None,
            };
            sink.scalar(named(name.of(bytes), name), value);
        }
        Ok(())
    }
}

fn named(text: &[u8], span: Span) -> Key<'_> {
    Key::Name { text, span, escape: Escape::None }
}

/// What properties mean, and for structured ones what their parts do, in order (RFC 6350 §6).
const PROPERTIES: [(&[u8], &[&[u8]]); 20] = [
    (b"fn", &[b"full_name"]),
    (
        b"n",
        &[b"name", b"family_name", b"given_name", b"middle_name", b"name_prefix", b"name_suffix"],
    ),
    (b"nickname", &[b"nickname"]),
    (b"tel", &[b"phone"]),
    (b"email", &[b"email"]),
    (
        b"adr",
        &[
            b"address",
            b"post_office_box",
            b"address_line_2",
            b"street",
            b"city",
            b"region",
            b"postal_code",
            b"country",
        ],
    ),
    (b"label", &[b"address"]),
    (b"bday", &[b"birthday"]),
    (b"deathdate", &[b"date_of_death"]),
    (b"birthplace", &[b"birthplace"]),
    (b"gender", &[b"gender"]),
    (b"geo", &[b"geo"]),
    (b"tz", &[b"time_zone"]),
    (b"org", &[b"organization"]),
    (b"title", &[b"job_title"]),
    (b"impp", &[b"messenger"]),
    (b"photo", &[b"photo"]),
    (b"note", &[b"note"]),
    (b"url", &[b"url"]),
    (b"rev", &[b"rev"]),
];
