//! YAML 1.2.2, read for its names and values without a tree.
//!
//! Mappings and sequences are told by their indentation (§8) or their brackets (§7.4), with the scalars of every style;
//! several documents are a list. An alias stands for what was told at its anchor. One that is called something telling
//! is a gap, and so are a name of a node that may hold a value, `!!binary`, and keys that are more than a scalar on one
//! line. What no reader takes ends the reading.

mod flow;
mod line;
mod scalar;

#[cfg(test)]
mod tests;

use memchr::{memchr2, memmem};

use super::{Fields, Stop, scan};
use crate::domain::{Container, Escape, FieldSink, GapCause, Key, Limits, Scalar, Span, Value};
use scalar::Written;

pub(super) fn walk<S: FieldSink>(bytes: &[u8], limits: &Limits, sink: &mut S) -> Result<(), Stop> {
    let valid = scan::utf8_length(bytes);
    let start = scan::byte_order_mark(bytes);
    let mut reader = Reader {
        bytes: bytes.get(..valid).unwrap_or_default(),
        at: start,
        fields: Fields::new(limits),
        depth_max: limits.depth_max,
        open: Vec::new(),
        pending: None,
        documents: None,
        end: start,
        unread: None,
    };
    let read = reader.stream(sink);
    scan::blame_utf8(read, valid, bytes.len())?;
    match reader.unread {
        Some(offset) => Err(Stop { cause: GapCause::UnknownContentEncoding, offset }),
        None => Ok(()),
    }
}

/// Tells of the comment at `span`, which begins with its sign and ends its line, if it says something. It is called by
/// its sign, since it is none of the list it may stand in. TOML's are the same.
pub(super) fn tell_of_comment<S: FieldSink>(
    bytes: &[u8],
    span: Span,
    fields: &mut Fields,
    sink: &mut S,
) -> Result<(), Stop> {
    let start = span.range().start;
    let (sign, text) = (Span::new(start, start + 1), Span::new(start + 1, span.range().end));
    if text.of(bytes).trim_ascii().is_empty() {
        return Ok(());
    }
    fields.count(start)?;
    let value = Value {
        kind: Scalar::String,
        text: text.of(bytes),
        text_span: text,
        span,
        member: span,
        escape: Escape::None,
        may_hold: None,
    };
    sink.scalar(Key::Name { text: sign.of(bytes), span: sign, escape: Escape::None }, value);
    Ok(())
}

/// An open collection.
#[derive(Clone, Copy)]
struct Level {
    kind: Kind,
    /// How far its entries are indented; of one in brackets, how far what is around it is.
    column: Option<usize>,
    /// The number of the next element.
    index: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mapping,
    Sequence,
    /// `{}`.
    Braces,
    /// `[]`.
    Brackets,
    /// `a: b` as an element of a list in brackets.
    Pair,
}

/// A key, or a place in a list, whose value comes next.
#[derive(Clone, Copy)]
struct Pending {
    name: Name,
    member: usize,
    /// Behind the colon, the dash, or what is told of the node.
    start: usize,
    /// Behind a question mark: the colon is still to come.
    is_explicit: bool,
}

#[derive(Clone, Copy)]
enum Name {
    Root,
    Index(u32),
    Key { text: Span, span: Span, escape: Escape },
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    fields: Fields,
    depth_max: usize,
    open: Vec<Level>,
    pending: Option<Pending>,
    /// The number of the next document, where there are several.
    documents: Option<u32>,
    /// Where the last node ended.
    end: usize,
    /// The first place that is not followed.
    unread: Option<usize>,
}

impl<'b> Reader<'b> {
    fn stream<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        if memmem::find(self.bytes, b"\n---").is_some() {
            self.fields.count(self.at)?;
            sink.open(Key::Root, Container::Array, self.at, self.at);
            self.documents = Some(0);
        }
        let mut has_document = false;
        loop {
            self.blank(sink)?;
            let Some(byte) = self.byte(self.at) else { break };
            let column = self.column(self.at)?;
            if column == 0 && self.marker() {
                self.close_all(sink)?;
                let is_start = byte == b'-';
                self.at += 3;
                if is_start {
                    self.begin();
                    has_document = true;
                    self.inline(true, sink)?;
                } else {
                    has_document = false;
                }
                continue;
            }
            if !has_document {
                if byte == b'%' {
                    self.comment(sink)?;
                    continue;
                }
                self.begin();
                has_document = true;
            }
            self.line(column, sink)?;
        }
        self.close_all(sink)?;
        if self.documents.is_some() {
            sink.close(self.end, self.end);
        }
        Ok(())
    }

    /// A document begins.
    fn begin(&mut self) {
        let name = match &mut self.documents {
            Some(number) => {
                let name = Name::Index(*number);
                *number = number.saturating_add(1);
                name
            }
            None => Name::Root,
        };
        self.pending = Some(Pending { name, member: self.at, start: self.at, is_explicit: false });
    }

    /// What begins a line, so far in.
    fn line<S: FieldSink>(&mut self, column: usize, sink: &mut S) -> Result<(), Stop> {
        if let Some(pending) = self.pending {
            let around = self.open.last().copied();
            let is_value = match around {
                None => true,
                Some(level) => {
                    let is_inside = level.column.is_none_or(|around| column > around);
                    let is_list = level.kind == Kind::Mapping && self.is_dash(self.at);
                    is_inside || (is_list && level.column == Some(column))
                }
            };
            let is_colon = self.byte(self.at) == Some(b':') && self.is_blank(self.at + 1);
            if pending.is_explicit && is_colon && !is_value {
                self.at += 1;
                self.pending = Some(Pending { start: self.at, is_explicit: false, ..pending });
                return self.inline(true, sink);
            }
            if is_value && !pending.is_explicit {
                return self.node(Some(column), sink);
            }
            self.nothing(sink)?;
        }
        while let Some(level) = self.open.last() {
            let is_past = level.column.is_some_and(|inner| inner > column);
            let is_entry = level.kind == Kind::Sequence && self.is_dash(self.at);
            let is_list_over =
                level.kind == Kind::Sequence && level.column == Some(column) && !is_entry;
            if !is_past && !is_list_over {
                break;
            }
            self.close(sink);
        }
        match self.open.last() {
            Some(level) if level.column == Some(column) => self.entry(sink),
            Some(_) | None => Err(Stop::malformed(self.at)),
        }
    }

    /// An entry of the innermost collection begins here.
    fn entry<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let Some(level) = self.open.last_mut() else { return Err(Stop::malformed(self.at)) };
        if level.kind == Kind::Sequence {
            let name = Name::Index(level.index);
            level.index = level.index.saturating_add(1);
            self.at += 1;
            let (member, start) = (self.at, self.at);
            self.pending = Some(Pending { name, member, start, is_explicit: false });
            return self.inline(true, sink);
        }
        let member = self.at;
        let is_explicit = self.byte(self.at) == Some(b'?') && self.is_blank(self.at + 1);
        if is_explicit {
            self.at = self.spaces(self.at + 1);
        }
        if self.byte(self.at) == Some(b':') && self.is_blank(self.at + 1) {
            // A key of nothing.
            let nowhere = Span::new(self.at, self.at);
            let name = Name::Key { text: nowhere, span: nowhere, escape: Escape::None };
            self.at += 1;
            self.pending = Some(Pending { name, member, start: self.at, is_explicit: false });
            return self.inline(false, sink);
        }
        self.properties()?;
        let (key, behind) = self.key_at(self.at, false)?.ok_or(Stop::malformed(self.at))?;
        let name = Name::Key { text: key.text, span: key.span, escape: key.escape() };
        let colon = (self.byte(behind) == Some(b':')).then_some(behind + 1);
        if is_explicit && colon.is_some() {
            return Err(Stop::malformed(self.at));
        }
        self.at = match colon {
            Some(behind) => behind,
            None if is_explicit => key.span.range().end,
            None => return Err(Stop::malformed(self.at)),
        };
        self.end = self.at;
        self.pending = Some(Pending { name, member, start: self.at, is_explicit });
        if is_explicit { self.line_end() } else { self.inline(false, sink) }
    }

    /// The value of what is pending, if it begins on the same line. Behind a dash it may be a collection by indentation.
    fn inline<S: FieldSink>(&mut self, is_nested: bool, sink: &mut S) -> Result<(), Stop> {
        self.at = self.spaces(self.at);
        match self.byte(self.at) {
            None | Some(b'\n' | b'\r') => Ok(()),
            Some(b'#') if self.is_blank_before(self.at) => Ok(()),
            Some(_) => {
                let line = self.line_start(self.at);
                // A tab indents nothing.
                let before = self.bytes.get(line..self.at).unwrap_or_default();
                let column = Some(self.at - line).filter(|_| is_nested && !before.contains(&b'\t'));
                self.node(column, sink)
            }
        }
    }

    /// The node that begins here; one that may be a collection by indentation has a column.
    fn node<S: FieldSink>(&mut self, column: Option<usize>, sink: &mut S) -> Result<(), Stop> {
        let Some(pending) = self.pending else { return Err(Stop::malformed(self.at)) };
        let before = self.at;
        self.properties()?;
        if self.at > before {
            let start = self.trimmed(before, self.at);
            self.pending = Some(Pending { start, ..pending });
            match self.byte(self.at) {
                None | Some(b'\n' | b'\r') => return Ok(()),
                Some(b'#') if self.is_blank_before(self.at) => return Ok(()),
                // What is told of a node before a key is told of the key.
                Some(_) => {}
            }
        }
        let Some(byte) = self.byte(self.at) else { return Ok(()) };
        if let Some(column) = column {
            if self.is_dash(self.at) {
                return self.enter(Kind::Sequence, column, sink);
            }
            let is_question = byte == b'?' && self.is_blank(self.at + 1);
            let is_colon = byte == b':' && self.is_blank(self.at + 1);
            if is_question || is_colon || self.is_key(self.at)? {
                // An entry begins where what is told of its key does.
                self.at = before;
                return self.enter(Kind::Mapping, column, sink);
            }
        } else if self.is_dash(self.at) {
            return Err(Stop::malformed(self.at));
        }
        let indent = self.open.last().and_then(|level| level.column);
        match byte {
            b'{' | b'[' => self.flow(sink)?,
            b'*' => self.alias(sink)?,
            b'|' | b'>' => self.block(indent, sink)?,
            _ => {
                let scalar = self.scalar_at(self.at, indent, false)?;
                // In a mapping that has no line of its own.
                let behind = self.spaces(scalar.span.range().end);
                if self.byte(behind) == Some(b':') && self.is_blank(behind + 1) {
                    return Err(Stop::malformed(behind));
                }
                self.tell(scalar, sink)?;
            }
        }
        self.line_end()
    }

    /// A collection by indentation opens, and its first entry is read.
    fn enter<S: FieldSink>(&mut self, kind: Kind, column: usize, sink: &mut S) -> Result<(), Stop> {
        self.open(kind, Some(column), self.at, sink)?;
        self.entry(sink)
    }

    fn open<S: FieldSink>(
        &mut self,
        kind: Kind,
        column: Option<usize>,
        start: usize,
        sink: &mut S,
    ) -> Result<(), Stop> {
        if self.open.len() >= self.depth_max {
            return Err(Stop { cause: GapCause::TooDeep, offset: self.at });
        }
        self.fields.count(self.at)?;
        let Some(pending) = self.pending.take() else { return Err(Stop::malformed(self.at)) };
        let container = match kind {
            Kind::Mapping | Kind::Braces | Kind::Pair => Container::Object,
            Kind::Sequence | Kind::Brackets => Container::Array,
        };
        // One on lines of its own begins behind what it is the value of: nothing may stand where it stood.
        let is_below =
            memchr2(b'\n', b'\r', self.bytes.get(pending.start..start).unwrap_or_default())
                .is_some();
        let is_of_lines = is_below && matches!(kind, Kind::Mapping | Kind::Sequence);
        let is_root = matches!(pending.name, Name::Root);
        let start = if is_of_lines && !is_root { pending.start } else { start };
        let member = match pending.name {
            Name::Key { .. } => pending.member,
            Name::Root | Name::Index(_) => start,
        };
        sink.open(self.key(pending.name), container, member, start);
        self.open.push(Level { kind, column, index: 0 });
        Ok(())
    }

    fn close<S: FieldSink>(&mut self, sink: &mut S) {
        if self.open.pop().is_some() {
            sink.close(self.end, self.end);
        }
    }

    fn close_all<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        if self.pending.is_some() {
            self.nothing(sink)?;
        }
        while !self.open.is_empty() {
            self.close(sink);
        }
        Ok(())
    }

    fn key(&self, name: Name) -> Key<'b> {
        match name {
            Name::Root => Key::Root,
            Name::Index(number) => Key::Index(number),
            Name::Key { text, span, escape } => {
                Key::Name { text: text.of(self.bytes), span, escape }
            }
        }
    }

    /// What is pending has no value.
    fn nothing<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let Some(pending) = self.pending else { return Ok(()) };
        let nowhere = Span::new(pending.start, pending.start);
        self.value(Scalar::Null, nowhere, nowhere, Escape::None, sink)
    }

    fn tell<S: FieldSink>(&mut self, scalar: Written, sink: &mut S) -> Result<(), Stop> {
        let kind = scalar.kind(self.bytes);
        let escape = match kind {
            Scalar::String => scalar.escape(),
            Scalar::Number | Scalar::Bool | Scalar::Null | Scalar::Binary => Escape::None,
        };
        self.value(kind, scalar.text, scalar.span, escape, sink)
    }

    /// The value of what is pending.
    fn value<S: FieldSink>(
        &mut self,
        kind: Scalar,
        text: Span,
        span: Span,
        escape: Escape,
        sink: &mut S,
    ) -> Result<(), Stop> {
        self.fields.count(span.range().start)?;
        let Some(pending) = self.pending.take() else { return Err(Stop::malformed(self.at)) };
        let member = match pending.name {
            Name::Key { .. } => Span::new(pending.member, span.range().end),
            Name::Root | Name::Index(_) => span,
        };
        let value = Value {
            kind,
            text: text.of(self.bytes),
            text_span: text,
            span,
            member,
            escape,
            may_hold: None,
        };
        sink.scalar(self.key(pending.name), value);
        self.end = self.end.max(span.range().end);
        self.at = self.at.max(span.range().end);
        Ok(())
    }

    /// `*a`: what it refers to was told. Under a name that says what it is, it has to be told of that as well.
    fn alias<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let start = self.at;
        self.at = self.word_end(start + 1);
        if self.at == start + 1 {
            return Err(Stop::malformed(start));
        }
        let Some(pending) = self.pending.take() else { return Err(Stop::malformed(start)) };
        let is_telling = match pending.name {
            Name::Key { text, escape, .. } => sink.is_telling_name(text.of(self.bytes), escape),
            Name::Root | Name::Index(_) => false,
        };
        if is_telling {
            self.unread.get_or_insert(start);
        }
        self.named(start);
        self.end = self.end.max(self.at);
        Ok(())
    }

    /// Past the anchor and the tag of a node (§6.9), and the blanks behind them.
    fn properties(&mut self) -> Result<(), Stop> {
        while let Some(b'&' | b'!') = self.byte(self.at) {
            let start = self.at;
            self.at = self.word_end(start);
            let word = self.bytes.get(start..self.at).unwrap_or_default();
            if word == b"&" {
                return Err(Stop::malformed(start));
            }
            if matches!(word, b"!!binary" | b"!<tag:yaml.org,2002:binary>") {
                self.unread.get_or_insert(start);
            }
            self.named(start);
            self.at = self.spaces(self.at);
        }
        Ok(())
    }

    /// A name that ends here and may itself be a value is not read.
    fn named(&mut self, start: usize) {
        const DIGITS_MAX: usize = 5;
        let name = self.bytes.get(start..self.at).unwrap_or_default();
        let digits = name.iter().filter(|byte| byte.is_ascii_digit()).count();
        if digits > DIGITS_MAX || name.contains(&b'@') || name.contains(&b'%') {
            self.unread.get_or_insert(start);
        }
    }

    fn word_end(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let is_part = |byte: &&u8| {
            !matches!(**byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b'[' | b']' | b'{' | b'}')
        };
        // A tag in full may have a comma (§6.9.1).
        if rest.starts_with(b"!<") {
            let length = rest.iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
            return at + length;
        }
        at + rest.iter().take_while(is_part).count()
    }

    /// Past blank lines; comments on the way are told.
    fn blank<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        loop {
            self.at = scan::space_end(self.bytes, self.at);
            if self.byte(self.at) != Some(b'#') || !self.is_blank_before(self.at) {
                return Ok(());
            }
            self.comment(sink)?;
        }
    }

    /// A comment, or a directive, is a text to the end of its line.
    fn comment<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let start = self.at;
        self.at = self.line_rest(start);
        tell_of_comment(self.bytes, Span::new(start, self.at), &mut self.fields, sink)
    }

    /// Nothing but a comment may stand behind a node on its line.
    fn line_end(&mut self) -> Result<(), Stop> {
        let at = self.spaces(self.at);
        match self.byte(at) {
            None | Some(b'\n' | b'\r') => {}
            Some(b'#') if self.is_blank_before(at) => {}
            Some(_) => return Err(Stop::malformed(at)),
        }
        self.at = at;
        Ok(())
    }
}
