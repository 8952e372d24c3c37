//! GraphQL documents (September 2025 edition), read for their values.
//!
//! Arguments, input objects and default values are members by their names, the arguments of a field an
//! object by the field's. Literals are values, and so are comments and names with digits where a value
//! may stand; the names of fields, types and variables are the schema's. Only the tokens and the brackets
//! are checked: what a server would make of the rest is its own affair.

#[cfg(test)]
mod tests;

use memchr::memmem;

use super::{Fields, Stop, scan};
use crate::domain::{Container, Escape, FieldSink, GapCause, Key, Limits, Scalar, Span, Value};

pub(super) fn walk<S: FieldSink>(bytes: &[u8], limits: &Limits, sink: &mut S) -> Result<(), Stop> {
    let valid = scan::utf8_length(bytes);
    let mut reader = Reader {
        bytes: bytes.get(..valid).unwrap_or_default(),
        at: scan::byte_order_mark(bytes),
        fields: Fields::new(limits),
        depth_max: limits.depth_max,
        open: Vec::new(),
        name: None,
        is_value: false,
        others: 0,
    };
    let read = reader.document(sink);
    scan::blame_utf8(read, valid, bytes.len())
}

/// An open bracket.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bracket {
    /// Fields of a selection, or definitions of a type.
    Selection,
    /// Arguments, or the variables of an operation.
    Arguments,
    Object,
    /// With the index of the next element.
    List(u32),
    /// The type of a variable.
    ListType,
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    fields: Fields,
    depth_max: usize,
    open: Vec<Bracket>,
    /// The last name: what a colon, or arguments, belong to.
    name: Option<Span>,
    /// Behind a colon or an equals sign.
    is_value: bool,
    others: u32,
}

impl<'b> Reader<'b> {
    fn document<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let start = self.at;
        self.fields.count(start)?;
        sink.open(Key::Root, Container::Object, start, start);
        let mut is_variable = false;
        let mut is_type = false;
        let mut has_braces = false;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' => {
                    self.at = scan::space_end(self.bytes, self.at).max(self.at + 1);
                    continue;
                }
                b'#' => {
                    self.comment(sink)?;
                    continue;
                }
                b'{' => {
                    has_braces = true;
                    let bracket = if self.is_value || self.in_list() {
                        Bracket::Object
                    } else {
                        Bracket::Selection
                    };
                    self.enter(bracket, sink)?;
                }
                b'(' => self.enter(Bracket::Arguments, sink)?,
                b'[' if is_type => self.enter(Bracket::ListType, sink)?,
                b'[' => self.enter(Bracket::List(0), sink)?,
                b'}' | b')' | b']' => {
                    is_type &= byte == b']';
                    self.leave(byte, sink)?;
                }
                b':' => {
                    let is_named =
                        matches!(self.open.last(), Some(Bracket::Arguments | Bracket::Object));
                    self.is_value = is_named && !is_variable;
                    is_type = is_variable;
                    self.at += 1;
                }
                b'=' => {
                    (self.is_value, is_type) = (true, false);
                    self.at += 1;
                }
                b'$' => {
                    // A variable where a value stands is used, elsewhere it is declared.
                    is_variable = !self.is_value && !self.in_list();
                    is_type = false;
                    self.at += 1;
                    let name = self.name_at(self.at)?;
                    self.at = name.range().end;
                    if is_variable {
                        self.name = Some(name);
                    } else {
                        self.value_read();
                    }
                    continue;
                }
                b'"' => self.string(sink)?,
                b'-' | b'0'..=b'9' => self.number(sink)?,
                b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                    let name = self.name_at(self.at)?;
                    self.at = name.range().end;
                    if is_type {
                        continue;
                    }
                    if self.is_value || self.in_list() {
                        self.enumerated(name, sink)?;
                    } else {
                        self.name = Some(name);
                    }
                }
                b'.' if self.rest().starts_with(b"...") => self.at += 3,
                b'!' | b'&' | b'|' | b'@' => self.at += 1,
                _ => return Err(Stop::malformed(self.at)),
            }
            is_variable &= is_type;
        }
        if !self.open.is_empty() || !has_braces {
            return Err(Stop::malformed(self.bytes.len()));
        }
        sink.close(self.at, self.at);
        Ok(())
    }

    fn enter<S: FieldSink>(&mut self, bracket: Bracket, sink: &mut S) -> Result<(), Stop> {
        if self.open.len() >= self.depth_max {
            return Err(Stop { cause: GapCause::TooDeep, offset: self.at });
        }
        let container = match bracket {
            Bracket::Selection | Bracket::ListType => None,
            Bracket::Arguments | Bracket::Object => Some(Container::Object),
            Bracket::List(_) => Some(Container::Array),
        };
        if let Some(container) = container {
            self.fields.count(self.at)?;
            let key = self.key();
            let member = self.member(self.at);
            sink.open(key, container, member, self.at);
        }
        self.open.push(bracket);
        self.at += 1;
        if bracket != Bracket::ListType {
            (self.name, self.is_value) = (None, false);
        }
        Ok(())
    }

    fn leave<S: FieldSink>(&mut self, closing: u8, sink: &mut S) -> Result<(), Stop> {
        let bracket = self.open.pop().ok_or(Stop::malformed(self.at))?;
        let expected = match bracket {
            Bracket::Selection | Bracket::Object => b'}',
            Bracket::Arguments => b')',
            Bracket::List(_) | Bracket::ListType => b']',
        };
        if closing != expected {
            return Err(Stop::malformed(self.at));
        }
        self.at += 1;
        if !matches!(bracket, Bracket::Selection | Bracket::ListType) {
            sink.close(self.at, self.at);
            self.value_read();
        }
        Ok(())
    }

    fn in_list(&self) -> bool {
        matches!(self.open.last(), Some(Bracket::List(_)))
    }

    /// What the value at hand is called.
    fn key(&self) -> Key<'b> {
        match (self.open.last(), self.name) {
            (Some(Bracket::List(index)), _) => Key::Index(*index),
            (_, Some(name)) => {
                Key::Name { text: name.of(self.bytes), span: name, escape: Escape::None }
            }
            (_, None) => Key::Index(self.others),
        }
    }

    /// Where the member starts whose value starts at `at`.
    fn member(&self, at: usize) -> usize {
        match (self.open.last(), self.name) {
            (Some(Bracket::List(_)), _) | (_, None) => at,
            (_, Some(name)) => name.range().start,
        }
    }

    /// Past a value: its name is used up.
    fn value_read(&mut self) {
        (self.name, self.is_value) = (None, false);
        if let Some(Bracket::List(index)) = self.open.last_mut() {
            *index = index.saturating_add(1);
        }
    }

    fn scalar<S: FieldSink>(
        &mut self,
        kind: Scalar,
        text: Span,
        span: Span,
        escape: Escape,
        sink: &mut S,
    ) -> Result<(), Stop> {
        self.fields.count(span.range().start)?;
        let member = Span::new(self.member(span.range().start), span.range().end);
        let key = self.key();
        if matches!(key, Key::Index(_)) && !self.in_list() {
            self.others = self.others.saturating_add(1);
        }
        let text_span = text;
        let text = text.of(self.bytes);
        sink.scalar(key, Value { kind, text, text_span, span, member, escape, may_hold: None });
        self.at = span.range().end;
        self.value_read();
        Ok(())
    }

    /// A string, or a block string, where nothing but its end is escaped (§2.9.4).
    fn string<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        const BLOCK: &[u8] = b"\"\"\"";
        let start = self.at;
        if self.rest().starts_with(BLOCK) {
            let mut end = start + BLOCK.len();
            loop {
                let rest = self.bytes.get(end..).unwrap_or_default();
                end += memmem::find(rest, BLOCK).ok_or(Stop::malformed(self.bytes.len()))?;
                if self.bytes.get(end - 1) != Some(&b'\\') {
                    break;
                }
                end += BLOCK.len();
            }
            let text = Span::new(start + BLOCK.len(), end.max(start + BLOCK.len()));
            let span = Span::new(start, end + BLOCK.len());
            return self.scalar(Scalar::String, text, span, Escape::None, sink);
        }
        let mut end = start + 1;
        loop {
            end = scan::json_string_end(self.bytes, end);
            match self.bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') if end + 1 < self.bytes.len() => end += 2,
                Some(b'\t') => end += 1,
                Some(_) | None => return Err(Stop::malformed(end.min(self.bytes.len()))),
            }
        }
        let (text, span) = (Span::new(start + 1, end), Span::new(start, end + 1));
        self.scalar(Scalar::String, text, span, Escape::Json, sink)
    }

    fn number<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let is_part =
            |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.rest().iter().take_while(|byte| is_part(byte)).count();
        let span = Span::new(self.at, self.at + length);
        // `5px` is no number, and no two tokens either (§2.9.1).
        let next = self.bytes.get(span.range().end);
        if next.is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') {
            return Err(Stop::malformed(span.range().end));
        }
        self.scalar(Scalar::Number, span, span, Escape::None, sink)
    }

    /// An enumerated value (§2.9.6), `true`, `false` or `null`.
    fn enumerated<S: FieldSink>(&mut self, name: Span, sink: &mut S) -> Result<(), Stop> {
        if matches!(name.of(self.bytes), b"true" | b"false" | b"null") {
            self.value_read();
            return Ok(());
        }
        self.scalar(Scalar::String, name, name, Escape::None, sink)
    }

    fn comment<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let start = self.at + 1;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let span = Span::new(start, start + length);
        self.fields.count(start)?;
        let value = Value {
            kind: Scalar::String,
            text: span.of(self.bytes),
            text_span: span,
            span,
            member: span,
            escape: Escape::None,
            may_hold: None,
        };
        sink.scalar(Key::Index(self.others), value);
        self.others = self.others.saturating_add(1);
        self.at = start + length;
        Ok(())
    }

    fn name_at(&self, start: usize) -> Result<Span, Stop> {
        let rest = self.bytes.get(start..).unwrap_or_default();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let length = rest.iter().take_while(|byte| is_part(byte)).count();
        if length == 0 { Err(Stop::malformed(start)) } else { Ok(Span::new(start, start + length)) }
    }

    fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }
}
