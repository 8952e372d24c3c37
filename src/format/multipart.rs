//! Multipart bodies (RFC 2046 §5.1, RFC 7578): a member per part, by its `name` or its number.
//!
//! A part that is plain text is a scalar; any other is a layer of its own, whose media type and
//! transfer encoding go to the sink. Parameters and headers of parts are values too, a file name first
//! of all. Multipart parsers differ more than most, so what some of them read in another way is
//! refused: text before the first or after the last delimiter, a delimiter with a tail, bare line feeds
//! and folded lines in headers, the same header or parameter twice, escaped quotes.
//!
//! The first line is the delimiter; `identify` has held it against the declared boundary.

#[cfg(test)]
mod tests;

use memchr::{memchr, memchr3, memmem};

use super::{Fields, Stop, charset, content_encodings, scan};
use crate::domain::{
    Container, Encoding, Escape, FieldSink, GapCause, Key, Limits, Scalar, Span, Value,
};

pub(super) fn walk<S: FieldSink>(bytes: &[u8], limits: &Limits, sink: &mut S) -> Result<(), Stop> {
    let mut reader = Reader { bytes, fields: Fields::new(limits), gap: None };
    reader.fields.count(0)?;
    sink.open(Key::Root, Container::Object, 0, 0);
    reader.parts(sink)?;
    sink.close(bytes.len(), bytes.len());
    reader.gap.map_or(Ok(()), Err)
}

/// RFC 2046 §5.1.1.
const BOUNDARY_BYTES_MAX: usize = 70;

struct Reader<'b> {
    bytes: &'b [u8],
    fields: Fields,
    /// The first value that was told and could not be understood.
    gap: Option<Stop>,
}

/// What the headers of a part say about its content.
struct Part<'b> {
    name: Option<Key<'b>>,
    has_file_name: bool,
    media_type: Option<Span>,
    encoding: Encoding,
    /// From the delimiter before it to the delimiter after it.
    member: Span,
    content: Span,
}

/// `name=value` behind a `;`.
#[derive(Clone, Copy)]
struct Parameter {
    semicolon: usize,
    name: Span,
    /// Without quotes.
    text: Span,
    span: Span,
}

impl<'b> Reader<'b> {
    fn parts<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let start = if self.bytes.starts_with(b"\r\n") { 2 } else { 0 };
        let rest = self.bytes.get(start..).unwrap_or_default();
        if !rest.starts_with(b"--") {
            return Err(Stop::malformed(start));
        }
        let line = rest.get(..line_length(rest)).unwrap_or_default().trim_ascii_end();
        if line.len() <= 2 || line.len() > 2 + BOUNDARY_BYTES_MAX + 2 {
            return Err(Stop::malformed(start + 2));
        }
        let finder = memmem::Finder::new(line);
        let is_alone =
            |from: usize| finder.find(self.bytes.get(from..).unwrap_or_default()).is_none();
        if line.ends_with(b"--") && is_alone(start + line.len()) {
            return self.end(start + line.len());
        }
        let (mut delimiter, mut index) = (start, 0u32);
        loop {
            let content = self.delimiter_end(delimiter + line.len())?;
            let next = match self.next_delimiter(&finder, content) {
                Ok(next) => next,
                Err(stop) => {
                    // The last part has no end: told as far as it goes.
                    self.part(delimiter, content, self.bytes.len(), index, sink)?;
                    return Err(stop);
                }
            };
            self.part(delimiter, content, next, index, sink)?;
            index = index.saturating_add(1);
            let end = next + line.len();
            if self.bytes.get(end..).unwrap_or_default().starts_with(b"--") {
                return self.end(end + 2);
            }
            delimiter = next;
        }
    }

    /// Past the line end of the delimiter whose boundary ends at `at`.
    fn delimiter_end(&self, at: usize) -> Result<usize, Stop> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let padding = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        match rest.get(padding..) {
            Some([b'\r', b'\n', ..]) => Ok(at + padding + 2),
            _ => Err(Stop::malformed(at + padding)),
        }
    }

    /// Where the next delimiter starts: at the start of a line, since `from` is the start of one.
    fn next_delimiter(&self, finder: &memmem::Finder<'_>, from: usize) -> Result<usize, Stop> {
        let mut at = from;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let found = at + finder.find(rest).ok_or(Stop::malformed(self.bytes.len()))?;
            match self.bytes.get(..found) {
                _ if found == from => return Ok(found),
                Some([.., b'\r', b'\n']) => return Ok(found),
                // To many readers this is one.
                Some([.., b'\r' | b'\n']) => return Err(Stop::malformed(found)),
                Some(_) | None => at = found + 1,
            }
        }
    }

    /// Nothing but line ends behind the last delimiter.
    fn end(&self, at: usize) -> Result<(), Stop> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        match rest.iter().position(|byte| !byte.is_ascii_whitespace()) {
            Some(position) => Err(Stop::malformed(at + position)),
            None => Ok(()),
        }
    }

    /// The part between the delimiter at `delimiter`, whose line ends before `start`, and that at `next`.
    fn part<S: FieldSink>(
        &mut self,
        delimiter: usize,
        start: usize,
        next: usize,
        index: u32,
        sink: &mut S,
    ) -> Result<(), Stop> {
        let mut part = Part {
            name: None,
            has_file_name: false,
            media_type: None,
            encoding: Encoding::Identity,
            member: Span::new(delimiter, next),
            content: Span::new(start, start),
        };
        let content = self.headers(start, next, &mut part)?;
        // The line end before a delimiter is the delimiter's; a part may lack even the line end after
        // its headers' blank line.
        let has_line_end = self.bytes.get(content..next).is_some_and(|it| it.ends_with(b"\r\n"));
        let end = if has_line_end { next - 2 } else { next };
        part.content = Span::new(content, end.max(content));
        self.content(&part, index, sink)?;
        self.values(start, next, sink)
    }

    /// Reads what matters of the headers at `start`; where the content begins.
    fn headers(&mut self, start: usize, end: usize, part: &mut Part<'b>) -> Result<usize, Stop> {
        let (mut has_disposition, mut has_transfer) = (false, false);
        let mut at = start;
        while let Some((name, value, next)) = self.header(at, end)? {
            let is = |known: &[u8]| name.of(self.bytes).eq_ignore_ascii_case(known);
            let twice = |before: bool| if before { Err(Stop::malformed(at)) } else { Ok(true) };
            if is(b"content-disposition") {
                has_disposition = twice(has_disposition)?;
                self.disposition(value, part)?;
            } else if is(b"content-type") {
                twice(part.media_type.is_some())?;
                part.media_type = Some(value);
            } else if is(b"content-transfer-encoding") || is(b"content-encoding") {
                has_transfer = twice(has_transfer)?;
                part.encoding = self.encoding(value);
            }
            at = next;
        }
        Ok((at + 2).min(end))
    }

    /// The header line at `at`: name, value without the space around it, start of the next line. `None`
    /// at the blank line.
    fn header(&self, at: usize, end: usize) -> Result<Option<(Span, Span, usize)>, Stop> {
        let rest = self.bytes.get(at..end).unwrap_or_default();
        let length = line_length(rest);
        if length == rest.len() {
            // No blank line: the delimiter comes too early.
            return Err(Stop::malformed(end));
        }
        if length == 0 {
            return Ok(None);
        }
        let line = rest.get(..length).unwrap_or_default();
        if let Some(bare) = memchr3(b'\n', b'\r', 0, line) {
            return Err(Stop::malformed(at + bare));
        }
        let colon = memchr(b':', line).ok_or(Stop::malformed(at))?;
        let name = line.get(..colon).unwrap_or_default();
        if !scan::is_token(name) {
            return Err(Stop::malformed(at));
        }
        let value = self.trim(Span::new(at + colon + 1, at + length));
        Ok(Some((Span::new(at, at + colon), value, at + length + 2)))
    }

    fn disposition(&self, value: Span, part: &mut Part<'b>) -> Result<(), Stop> {
        let mut at = value.range().start;
        while let Some(parameter) = self.parameter(at, value)? {
            let name = parameter.name.of(self.bytes);
            // `name*0=…; name*1=…` (RFC 2231 §3): some put the pieces together, and some read none.
            let is_piece = memchr(b'*', name).and_then(|star| name.get(star + 1));
            if is_piece.is_some_and(u8::is_ascii_digit)
                || name.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"name*"))
            {
                return Err(Stop::malformed(parameter.semicolon));
            }
            if name.eq_ignore_ascii_case(b"name") {
                // `=?utf-8?B?…?=` (RFC 2047 §2) is another name to those that decode it, which form data has not.
                let is_encoded = memmem::find(parameter.text.of(self.bytes), b"=?").is_some();
                if part.name.is_some() || is_encoded {
                    return Err(Stop::malformed(parameter.semicolon));
                }
                part.name = Some(Key::Name {
                    text: parameter.text.of(self.bytes),
                    span: parameter.span,
                    escape: Escape::None,
                });
            }
            part.has_file_name |=
                name.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"filename"));
            at = parameter.span.range().end;
        }
        Ok(())
    }

    /// How the content is encoded; what we cannot take off is a gap, and is told as it stands.
    fn encoding(&mut self, value: Span) -> Encoding {
        let name = value.of(self.bytes);
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        if is(b"7bit") || is(b"8bit") || is(b"binary") {
            return Encoding::Identity;
        }
        if is(b"base64") {
            return Encoding::Base64Lines;
        }
        if is(b"quoted-printable") {
            return Encoding::QuotedPrintable;
        }
        let known = std::str::from_utf8(name).ok().and_then(|name| content_encodings(name).ok());
        match known.as_deref() {
            Some([]) => Encoding::Identity,
            Some([one]) => *one,
            Some(_) | None => {
                let offset = value.range().start;
                self.miss(Stop { cause: GapCause::UnknownContentEncoding, offset });
                Encoding::Identity
            }
        }
    }

    /// The first parameter of `header` behind `at`.
    fn parameter(&self, at: usize, header: Span) -> Result<Option<Parameter>, Stop> {
        let end = header.range().end;
        let rest = self.bytes.get(at..end).unwrap_or_default();
        let Some(length) = memchr(b';', rest) else { return Ok(None) };
        let semicolon = at + length;
        let rest = self.bytes.get(semicolon + 1..end).unwrap_or_default();
        let Some(equals) = memchr(b'=', rest).map(|length| semicolon + 1 + length) else {
            return if rest.trim_ascii().is_empty() {
                Ok(None)
            } else {
                Err(Stop::malformed(semicolon))
            };
        };
        let name = self.trim(Span::new(semicolon + 1, equals));
        if !scan::is_token(name.of(self.bytes)) {
            return Err(Stop::malformed(semicolon));
        }
        let start = self.trim(Span::new(equals + 1, end)).range().start;
        let rest = self.bytes.get(start..end).unwrap_or_default();
        let Some(quoted) = rest.strip_prefix(b"\"") else {
            let token =
                self.trim(Span::new(start, memchr(b';', rest).map_or(end, |at| start + at)));
            return Ok(Some(Parameter { semicolon, name, text: token, span: token }));
        };
        let length = memchr(b'"', quoted).ok_or(Stop::malformed(end))?;
        let text = Span::new(start + 1, start + 1 + length);
        // Some readers take a backslash for an escape and read on, others do not.
        if text.of(self.bytes).ends_with(b"\\") {
            return Err(Stop::malformed(text.range().end));
        }
        let behind = text.range().end + 1;
        let after = self.bytes.get(behind..end).unwrap_or_default().trim_ascii_start();
        if !after.is_empty() && !after.starts_with(b";") {
            return Err(Stop::malformed(behind));
        }
        Ok(Some(Parameter { semicolon, name, text, span: Span::new(start, behind) }))
    }

    fn content<S: FieldSink>(
        &mut self,
        part: &Part<'b>,
        index: u32,
        sink: &mut S,
    ) -> Result<(), Stop> {
        self.fields.count(part.member.range().start)?;
        let text = part.content.of(self.bytes);
        let valid = scan::utf8_length(text);
        let kind = if valid == text.len() { Scalar::String } else { Scalar::Binary };
        let value = Value {
            kind,
            text,
            text_span: part.content,
            span: part.content,
            member: part.member,
            escape: Escape::None,
            may_hold: None,
        };
        let key = part.name.unwrap_or(Key::Index(index));
        if part.media_type.is_none() && !part.has_file_name && part.encoding == Encoding::Identity {
            let start = part.content.range().start;
            if valid < text.len() {
                self.miss(Stop { cause: GapCause::InvalidUtf8, offset: start + valid });
            } else if let Some(zero) = memchr(0, text) {
                // As in a text: letters of two bytes look like ASCII with a NUL between.
                self.miss(Stop { cause: GapCause::MediaTypeMismatch, offset: start + zero });
            } else if matches!(key, Key::Name { text: b"_charset_", .. })
                && !str::from_utf8(text).is_ok_and(charset::is_for_ascii)
            {
                // It says what the parts without a type are in (HTML §4.10.21.8).
                self.miss(Stop { cause: GapCause::MediaTypeMismatch, offset: start });
            }
            sink.scalar(key, Value { kind: Scalar::String, ..value });
            return Ok(());
        }
        // A type that is not even text is one nobody knows.
        let media_type = part
            .media_type
            .map(|span| std::str::from_utf8(span.of(self.bytes)).unwrap_or("not text"));
        sink.layer(key, media_type, part.encoding, value);
        Ok(())
    }

    /// Tells what stands in the headers at `start` beside the names of parts and their types.
    fn values<S: FieldSink>(&mut self, start: usize, end: usize, sink: &mut S) -> Result<(), Stop> {
        let mut line = start;
        while let Some((name, value, next)) = self.header(line, end)? {
            let is = |known: &[u8]| name.of(self.bytes).eq_ignore_ascii_case(known);
            if is(b"content-disposition") || is(b"content-type") {
                let known: &[&[u8]] =
                    if is(b"content-type") { &[b"charset", b"boundary"] } else { &[b"name"] };
                let mut at = value.range().start;
                while let Some(parameter) = self.parameter(at, value)? {
                    let name = parameter.name.of(self.bytes);
                    if !known.iter().any(|known| name.eq_ignore_ascii_case(known)) {
                        self.parameter_value(parameter, sink)?;
                    }
                    at = parameter.span.range().end;
                }
            } else if !is(b"content-transfer-encoding") && !is(b"content-encoding") {
                let member = Span::new(line, next);
                self.tell(name, value, value, member, Escape::None, sink)?;
            }
            line = next;
        }
        Ok(())
    }

    fn parameter_value<S: FieldSink>(
        &mut self,
        parameter: Parameter,
        sink: &mut S,
    ) -> Result<(), Stop> {
        let Parameter { semicolon, name, mut text, span } = parameter;
        let mut escape = Escape::None;
        // RFC 8187: charset, language and text between two apostrophes.
        if name.of(self.bytes).ends_with(b"*")
            && let Some(last) = memchr::memrchr(b'\'', text.of(self.bytes))
        {
            text = Span::new(text.range().start + last + 1, text.range().end);
            escape = Escape::Percent;
        }
        let member = Span::new(semicolon, span.range().end);
        self.tell(name, text, span, member, escape, sink)
    }

    fn tell<S: FieldSink>(
        &mut self,
        name: Span,
        text: Span,
        span: Span,
        member: Span,
        escape: Escape,
        sink: &mut S,
    ) -> Result<(), Stop> {
        self.fields.count(member.range().start)?;
        let bytes = text.of(self.bytes);
        let valid = scan::utf8_length(bytes);
        if valid < bytes.len() {
            let offset = text.range().start + valid;
            self.miss(Stop { cause: GapCause::InvalidUtf8, offset });
        }
        let key = Key::Name { text: name.of(self.bytes), span: name, escape: Escape::None };
        let kind = Scalar::String;
        sink.scalar(
            key,
            Value { kind, text: bytes, text_span: text, span, member, escape, may_hold: None },
        );
        Ok(())
    }

    fn miss(&mut self, stop: Stop) {
        self.gap.get_or_insert(stop);
    }

    fn trim(&self, span: Span) -> Span {
        let text = span.of(self.bytes);
        let start = span.range().start + (text.len() - text.trim_ascii_start().len());
        Span::new(start, start + text.trim_ascii().len())
    }
}

/// Up to the next CRLF, or all of it.
fn line_length(text: &[u8]) -> usize {
    memmem::find(text, b"\r\n").unwrap_or(text.len())
}
