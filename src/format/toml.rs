//! TOML 1.0, read for its names and values without a tree.
//!
//! Tables are told where their headers stand, those of dotted names inside each other; a table that is continued
//! further on is told again. Whether a name is given twice is its reader's affair.

#[cfg(test)]
mod tests;

use memchr::{memchr, memchr2};

use super::{Fields, Stop, scan, yaml};
use crate::domain::{
    Container, Escape, FieldSink, GapCause, Key, Limits, Scalar, ScalarStyle, Span, Value,
};

pub(super) fn walk<S: FieldSink>(bytes: &[u8], limits: &Limits, sink: &mut S) -> Result<(), Stop> {
    let valid = scan::utf8_length(bytes);
    let start = scan::byte_order_mark(bytes);
    let mut reader = Reader {
        bytes: bytes.get(..valid).unwrap_or_default(),
        at: start,
        fields: Fields::new(limits),
        depth_max: limits.depth_max,
        depth: 0,
        tables: Vec::new(),
        inline: Vec::new(),
        end: start,
    };
    let read = reader.document(sink);
    scan::blame_utf8(read, valid, bytes.len())
}

/// A part of a name, with its quotes in `span`.
#[derive(Clone, Copy)]
struct Part {
    text: Span,
    span: Span,
    escape: Escape,
}

/// A part of the header that is in force.
#[derive(Clone, Copy)]
struct Table {
    name: Part,
    /// The number of the element at hand, of a list of tables.
    element: Option<u32>,
}

/// An array or a table between brackets.
#[derive(Clone, Copy)]
struct Inline {
    /// The number of the next element; none of a table.
    index: Option<u32>,
    /// Tables that its own dotted name opened.
    around: usize,
    /// Something stands since the last comma.
    is_filled: bool,
}

/// What a value is called.
#[derive(Clone, Copy)]
struct Pending {
    name: Option<Part>,
    index: u32,
    member: Option<usize>,
    around: usize,
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    fields: Fields,
    depth_max: usize,
    depth: usize,
    tables: Vec<Table>,
    inline: Vec<Inline>,
    /// Where the last value ended.
    end: usize,
}

impl<'b> Reader<'b> {
    fn document<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        self.open(Key::Root, Container::Object, self.at, self.at, sink)?;
        loop {
            self.blank(sink)?;
            match self.byte(self.at) {
                None => break,
                Some(b'[') => self.header(sink)?,
                Some(_) => {
                    let pending = self.key(sink)?;
                    self.value(pending, sink)?;
                }
            }
            self.at = self.spaces(self.at);
            if !matches!(self.byte(self.at), None | Some(b'\n' | b'\r' | b'#')) {
                return Err(Stop::malformed(self.at));
            }
        }
        while !self.tables.is_empty() {
            self.leave(sink);
        }
        self.close(sink);
        Ok(())
    }

    fn open<S: FieldSink>(
        &mut self,
        key: Key<'_>,
        container: Container,
        member: usize,
        start: usize,
        sink: &mut S,
    ) -> Result<(), Stop> {
        if self.depth >= self.depth_max {
            return Err(Stop { cause: GapCause::TooDeep, offset: self.at });
        }
        self.fields.count(self.at)?;
        self.depth += 1;
        sink.open(key, container, member, start);
        Ok(())
    }

    fn close<S: FieldSink>(&mut self, sink: &mut S) {
        self.depth = self.depth.saturating_sub(1);
        sink.close(self.end, self.end);
    }

    /// Leaves the innermost table of the header in force.
    fn leave<S: FieldSink>(&mut self, sink: &mut S) {
        if let Some(table) = self.tables.pop() {
            if table.element.is_some() {
                self.close(sink);
            }
            self.close(sink);
        }
    }

    /// `[a.b]`, or `[[a.b]]` of a list.
    fn header<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let member = self.at;
        let is_list = self.byte(self.at + 1) == Some(b'[');
        self.at += if is_list { 2 } else { 1 };
        let mut names = Vec::new();
        loop {
            self.at = self.spaces(self.at);
            if names.len() >= self.depth_max {
                return Err(Stop { cause: GapCause::TooDeep, offset: self.at });
            }
            names.push(self.part()?);
            self.at = self.spaces(self.at);
            if self.byte(self.at) != Some(b'.') {
                break;
            }
            self.at += 1;
        }
        let closing: &[u8] = if is_list { b"]]" } else { b"]" };
        if !self.rest().starts_with(closing) {
            return Err(Stop::malformed(self.at));
        }
        self.at += closing.len();
        let start = self.at;
        let is_same = |(table, name): &(&Table, &Part)| {
            table.name.text.of(self.bytes) == name.text.of(self.bytes)
        };
        let same = self.tables.iter().zip(&names).take_while(is_same).count();
        let last = names.len() - 1;
        let is_next = is_list
            && same > last
            && self.tables.get(last).is_some_and(|table| table.element.is_some());
        let kept = if is_next { names.len() } else { same.min(last) };
        while self.tables.len() > kept {
            self.leave(sink);
        }
        if is_next && let Some(table) = self.tables.last_mut() {
            let number = table.element.unwrap_or_default().saturating_add(1);
            table.element = Some(number);
            self.close(sink);
            self.end = start;
            return self.open(Key::Index(number), Container::Object, member, start, sink);
        }
        self.end = start;
        for (number, name) in names.iter().enumerate().skip(kept) {
            let is_element = is_list && number == last;
            let container = if is_element { Container::Array } else { Container::Object };
            self.open(self.name(*name), container, member, start, sink)?;
            self.tables.push(Table { name: *name, element: None });
            if is_element {
                self.open(Key::Index(0), Container::Object, start, start, sink)?;
                if let Some(table) = self.tables.last_mut() {
                    table.element = Some(0);
                }
            }
        }
        Ok(())
    }

    /// A name, which opens a table for each of its parts but the last, and the equals sign.
    fn key<S: FieldSink>(&mut self, sink: &mut S) -> Result<Pending, Stop> {
        let member = self.at;
        let mut around = 0;
        loop {
            let name = self.part()?;
            self.at = self.spaces(self.at);
            match self.byte(self.at) {
                Some(b'.') => {
                    self.open(self.name(name), Container::Object, member, member, sink)?;
                    around += 1;
                    self.at = self.spaces(self.at + 1);
                }
                Some(b'=') => {
                    self.at = self.spaces(self.at + 1);
                    return Ok(Pending {
                        name: Some(name),
                        index: 0,
                        member: Some(member),
                        around,
                    });
                }
                _ => return Err(Stop::malformed(self.at)),
            }
        }
    }

    fn part(&mut self) -> Result<Part, Stop> {
        let start = self.at;
        let part = match self.byte(start) {
            Some(quote @ (b'"' | b'\'')) => {
                let string = self.string(start, quote, false)?;
                self.at = string.span.range().end;
                string
            }
            _ => {
                let is_part = |byte: &&u8| {
                    byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'-' | 0x80..)
                };
                self.at += self.rest().iter().take_while(is_part).count();
                let span = Span::new(start, self.at);
                Part { text: span, span, escape: Escape::None }
            }
        };
        if part.span.is_empty() { Err(Stop::malformed(start)) } else { Ok(part) }
    }

    /// The value of what is pending, with all that is in it.
    fn value<S: FieldSink>(&mut self, mut pending: Pending, sink: &mut S) -> Result<(), Stop> {
        loop {
            match self.byte(self.at) {
                Some(bracket @ (b'[' | b'{')) => {
                    let index = (bracket == b'[').then_some(0);
                    let container =
                        if index.is_some() { Container::Array } else { Container::Object };
                    let key = self.key_of(&pending);
                    let member = pending.member.unwrap_or(self.at);
                    self.open(key, container, member, self.at, sink)?;
                    let around = pending.around;
                    self.inline.push(Inline { index, around, is_filled: false });
                    self.at += 1;
                    self.end = self.at;
                }
                _ => {
                    self.scalar(&pending, sink)?;
                    self.filled(pending.around, sink);
                }
            }
            match self.next(sink)? {
                Some(next) => pending = next,
                None => return Ok(()),
            }
        }
    }

    /// A value is over.
    fn filled<S: FieldSink>(&mut self, around: usize, sink: &mut S) {
        for _ in 0..around {
            self.close(sink);
        }
        if let Some(level) = self.inline.last_mut() {
            level.is_filled = true;
        }
    }

    /// What comes next between the brackets that are open; `None` when none is.
    fn next<S: FieldSink>(&mut self, sink: &mut S) -> Result<Option<Pending>, Stop> {
        loop {
            let Some(level) = self.inline.last().copied() else { return Ok(None) };
            self.blank(sink)?;
            let closing = if level.index.is_some() { b']' } else { b'}' };
            match self.byte(self.at) {
                Some(byte) if byte == closing => {
                    self.at += 1;
                    self.end = self.at;
                    self.inline.pop();
                    self.close(sink);
                    self.filled(level.around, sink);
                }
                Some(b',') if level.is_filled => {
                    self.at += 1;
                    if let Some(level) = self.inline.last_mut() {
                        level.is_filled = false;
                    }
                }
                Some(byte) if byte != b',' && !level.is_filled => {
                    let Some(index) = level.index else { return self.key(sink).map(Some) };
                    if let Some(level) = self.inline.last_mut() {
                        level.index = Some(index.saturating_add(1));
                    }
                    return Ok(Some(Pending { name: None, index, member: None, around: 0 }));
                }
                _ => return Err(Stop::malformed(self.at)),
            }
        }
    }

    fn scalar<S: FieldSink>(&mut self, pending: &Pending, sink: &mut S) -> Result<(), Stop> {
        let start = self.at;
        let (part, kind) = match self.byte(start) {
            Some(quote @ (b'"' | b'\'')) => (self.string(start, quote, true)?, Scalar::String),
            _ => self.bare(start)?,
        };
        self.fields.count(start)?;
        let value = Value {
            kind,
            text: part.text.of(self.bytes),
            text_span: part.text,
            span: part.span,
            member: Span::new(pending.member.unwrap_or(start), part.span.range().end),
            escape: part.escape,
            may_hold: None,
        };
        sink.scalar(self.key_of(pending), value);
        self.at = part.span.range().end;
        self.end = self.at;
        Ok(())
    }

    /// A number, a date or a truth value. Date and time may have a space between them.
    fn bare(&self, start: usize) -> Result<(Part, Scalar), Stop> {
        let run = |at: usize| {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let is_part = |byte: &&u8| {
                byte.is_ascii_alphanumeric() || matches!(**byte, b'+' | b'-' | b'_' | b'.' | b':')
            };
            at + rest.iter().take_while(is_part).count()
        };
        let mut end = run(start);
        if end - start == 10
            && self.byte(end) == Some(b' ')
            && self.byte(end + 1).is_some_and(|byte| byte.is_ascii_digit())
        {
            end = run(end + 1);
        }
        let span = Span::new(start, end);
        let kind = match span.of(self.bytes) {
            b"" => return Err(Stop::malformed(start)),
            b"true" | b"false" => Scalar::Bool,
            text if scan::is_number(text) => Scalar::Number,
            _ => Scalar::String,
        };
        Ok((Part { text: span, span, escape: Escape::None }, kind))
    }

    fn string(&self, start: usize, quote: u8, may_have_lines: bool) -> Result<Part, Stop> {
        let is_basic = quote == b'"';
        let style = if is_basic { ScalarStyle::Basic } else { ScalarStyle::Verbatim };
        let escape = Escape::Scalar(style);
        let lines = [quote; 3];
        let rest = self.bytes.get(start..).unwrap_or_default();
        let is_of_lines = may_have_lines && rest.starts_with(&lines);
        let mut at = start + if is_of_lines { 3 } else { 1 };
        // A line end behind the quotes is none of the text.
        if is_of_lines {
            let behind = self.bytes.get(at..).unwrap_or_default();
            at += if behind.starts_with(b"\r\n") {
                2
            } else {
                usize::from(behind.first() == Some(&b'\n'))
            };
        }
        let text = at;
        let missing = Stop::malformed(self.bytes.len());
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let found = if is_basic { memchr2(quote, b'\\', rest) } else { memchr(quote, rest) };
            let length = found.ok_or(missing)?;
            if !is_of_lines
                && memchr2(b'\n', b'\r', rest.get(..length).unwrap_or_default()).is_some()
            {
                return Err(Stop::malformed(at));
            }
            at += length;
            let rest = self.bytes.get(at..).unwrap_or_default();
            if rest.first() == Some(&b'\\') {
                at = (at + 2).min(self.bytes.len());
            } else if !is_of_lines {
                let (text, span) = (Span::new(text, at), Span::new(start, at + 1));
                return Ok(Part { text, span, escape });
            } else if rest.starts_with(&lines) {
                // Up to two quotes may stand before the last three.
                let quotes = rest.iter().take(5).take_while(|byte| **byte == quote).count();
                let (text, span) =
                    (Span::new(text, at + quotes - 3), Span::new(start, at + quotes));
                return Ok(Part { text, span, escape });
            } else {
                at += 1;
            }
        }
    }

    fn name(&self, part: Part) -> Key<'b> {
        Key::Name { text: part.text.of(self.bytes), span: part.span, escape: part.escape }
    }

    fn key_of(&self, pending: &Pending) -> Key<'b> {
        pending.name.map_or(Key::Index(pending.index), |name| self.name(name))
    }

    /// Past blanks and line ends; comments on the way are told.
    fn blank<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        loop {
            self.at = scan::space_end(self.bytes, self.at);
            if self.byte(self.at) != Some(b'#') {
                return Ok(());
            }
            let start = self.at;
            let length = memchr2(b'\n', b'\r', self.rest()).unwrap_or(self.rest().len());
            self.at += length;
            yaml::tell_of_comment(self.bytes, Span::new(start, self.at), &mut self.fields, sink)?;
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn spaces(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }
}
