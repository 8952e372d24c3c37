//! The grammar byte for byte: what is refused, where and why.
//!
//! Slow beside [`Walk`](super::walk::Walk), and the one that knows offsets; it also reads sequences with record
//! separators. Nesting is a list of frames, not calls; the loops over bytes are in `scan`.

use memchr::memchr;

use crate::{
    domain::{Container, Escape, FieldSink, GapCause, Key, Limits, Scalar, Span, Value},
    format::{Fields, Stop, scan},
};

/// One value, and nothing but whitespace around it.
pub(super) fn document<S: FieldSink>(
    text: &[u8],
    limits: &Limits,
    sink: &mut S,
) -> Result<(), Stop> {
    let mut reader = Reader::new(text, limits);
    reader.at = scan::byte_order_mark(text);
    reader.document(Key::Root, sink).and_then(|()| reader.end())
}

/// Values with a record separator before each (RFC 7464), or a line feed after each.
pub(super) fn sequence<S: FieldSink>(
    text: &[u8],
    limits: &Limits,
    sink: &mut S,
) -> Result<(), Stop> {
    let mut reader = Reader::new(text, limits);
    reader.at = scan::byte_order_mark(text);
    let separator = match text.get(reader.at) {
        Some(&RECORD_SEPARATOR) => RECORD_SEPARATOR,
        Some(_) | None => b'\n',
    };
    reader.sequence(text, separator, sink)
}

pub(super) const RECORD_SEPARATOR: u8 = 0x1E;

/// What the reader stands in.
#[derive(Clone, Copy)]
enum Frame {
    /// No container of this document.
    Document,
    Object,
    /// With the index of the element being read.
    Array(u32),
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    /// The frames around the present one.
    outer: Vec<Frame>,
    depth_max: usize,
    fields: Fields,
}

impl<'b> Reader<'b> {
    fn new(bytes: &'b [u8], limits: &Limits) -> Self {
        Self {
            bytes,
            at: 0,
            outer: Vec::new(),
            depth_max: limits.depth_max,
            fields: Fields::new(limits),
        }
    }

    fn sequence<S: FieldSink>(
        &mut self,
        text: &'b [u8],
        separator: u8,
        sink: &mut S,
    ) -> Result<(), Stop> {
        let start = self.at;
        self.fields.count(self.at)?;
        self.depth_max = self.depth_max.checked_sub(1).ok_or(self.too_deep())?;
        sink.open(Key::Root, Container::Array, start, start);
        let mut index = 0u32;
        while self.at < text.len() {
            let rest = text.get(self.at..).unwrap_or_default();
            let end = memchr(separator, rest).map_or(text.len(), |length| self.at + length);
            self.bytes = text.get(..end).unwrap_or_default();
            self.skip_space();
            if self.at < end {
                self.document(Key::Index(index), sink)?;
                self.end()?;
                index = index.saturating_add(1);
            }
            self.at = end + 1;
        }
        sink.close(text.len(), text.len());
        Ok(())
    }

    /// One value, from the whitespace before it to its last byte.
    fn document<S: FieldSink>(&mut self, mut key: Key<'b>, sink: &mut S) -> Result<(), Stop> {
        let mut frame = Frame::Document;
        self.outer.clear();
        self.skip_space();
        let mut member_start = self.at;
        'value: loop {
            self.fields.count(self.at)?;
            let start = self.at;
            match self.peek() {
                Some(b'"') => {
                    let text = self.string()?;
                    self.scalar(sink, key, Scalar::String, member_start, start, text);
                }
                Some(b'{') => {
                    self.enter(&mut frame, Frame::Object)?;
                    sink.open(key, Container::Object, member_start, start);
                    self.skip_space();
                    if self.peek() != Some(b'}') {
                        (key, member_start) = self.name()?;
                        continue 'value;
                    }
                    self.leave(&mut frame, sink);
                }
                Some(b'[') => {
                    self.enter(&mut frame, Frame::Array(0))?;
                    sink.open(key, Container::Array, member_start, start);
                    self.skip_space();
                    if self.peek() != Some(b']') {
                        (key, member_start) = (Key::Index(0), self.at);
                        continue 'value;
                    }
                    self.leave(&mut frame, sink);
                }
                Some(b'-' | b'0'..=b'9') => {
                    self.number()?;
                    self.scalar(sink, key, Scalar::Number, member_start, start, (start, self.at));
                }
                Some(b't') => {
                    self.literal(b"true")?;
                    self.scalar(sink, key, Scalar::Bool, member_start, start, (start, self.at));
                }
                Some(b'f') => {
                    self.literal(b"false")?;
                    self.scalar(sink, key, Scalar::Bool, member_start, start, (start, self.at));
                }
                Some(b'n') => {
                    self.literal(b"null")?;
                    self.scalar(sink, key, Scalar::Null, member_start, start, (start, self.at));
                }
                Some(_) | None => return Err(Stop::malformed(self.at)),
            }
            loop {
                let closing = match frame {
                    Frame::Document => return Ok(()),
                    Frame::Object => b'}',
                    Frame::Array(_) => b']',
                };
                self.skip_space();
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.skip_space();
                        (key, member_start) = match &mut frame {
                            Frame::Array(index) => {
                                *index = index.saturating_add(1);
                                (Key::Index(*index), self.at)
                            }
                            Frame::Object | Frame::Document => self.name()?,
                        };
                        continue 'value;
                    }
                    Some(byte) if byte == closing => self.leave(&mut frame, sink),
                    Some(_) | None => return Err(Stop::malformed(self.at)),
                }
            }
        }
    }

    /// Nothing but whitespace is left.
    fn end(&mut self) -> Result<(), Stop> {
        self.skip_space();
        if self.at < self.bytes.len() { Err(Stop::malformed(self.at)) } else { Ok(()) }
    }

    /// Past an opening bracket.
    fn enter(&mut self, frame: &mut Frame, inner: Frame) -> Result<(), Stop> {
        if self.outer.len() >= self.depth_max {
            return Err(self.too_deep());
        }
        self.outer.push(std::mem::replace(frame, inner));
        self.at += 1;
        Ok(())
    }

    /// Past a closing bracket.
    fn leave<S: FieldSink>(&mut self, frame: &mut Frame, sink: &mut S) {
        self.at += 1;
        *frame = self.outer.pop().unwrap_or(Frame::Document);
        sink.close(self.at, self.at);
    }

    /// A member name with the colon and the space after it, and where it starts.
    fn name(&mut self) -> Result<(Key<'b>, usize), Stop> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(Stop::malformed(start));
        }
        let text = self.string()?;
        let span = Span::new(start, self.at);
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(Stop::malformed(self.at));
        }
        self.at += 1;
        self.skip_space();
        let text = self.bytes.get(text.0..text.1).unwrap_or_default();
        Ok((Key::Name { text, span, escape: Escape::Json }, start))
    }

    /// Past a string; what stands between its quotes.
    #[inline]
    fn string(&mut self) -> Result<(usize, usize), Stop> {
        let start = self.at + 1;
        let mut at = start;
        loop {
            at = scan::json_string_end(self.bytes, at);
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at = self.escape(at)?,
                Some(_) | None => return Err(Stop::malformed(at)),
            }
        }
        self.at = at + 1;
        Ok((start, at))
    }

    /// Past the escape whose backslash is at `at`.
    fn escape(&self, at: usize) -> Result<usize, Stop> {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => (at + 2..at + 6)
                .find(|&digit| !self.bytes.get(digit).is_some_and(u8::is_ascii_hexdigit))
                .map_or(Ok(at + 6), |wrong| Err(Stop::malformed(wrong))),
            Some(_) | None => Err(Stop::malformed(at + 1)),
        }
    }

    /// Past a number.
    #[inline]
    fn number(&mut self) -> Result<(), Stop> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(_) | None => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// Past at least one digit.
    #[inline]
    fn digits(&mut self) -> Result<(), Stop> {
        let end = scan::digits_end(self.bytes, self.at);
        if end == self.at {
            return Err(Stop::malformed(end));
        }
        self.at = end;
        Ok(())
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), Stop> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        let same = rest.iter().zip(word).take_while(|(have, want)| have == want).count();
        Err(Stop::malformed(self.at + same))
    }

    #[inline]
    fn scalar<S: FieldSink>(
        &self,
        sink: &mut S,
        key: Key<'_>,
        kind: Scalar,
        member_start: usize,
        start: usize,
        text: (usize, usize),
    ) {
        let value = Value {
            kind,
            text: self.bytes.get(text.0..text.1).unwrap_or_default(),
            text_span: Span::new(text.0, text.1),
            span: Span::new(start, self.at),
            member: Span::new(member_start, self.at),
            escape: if kind == Scalar::String { Escape::Json } else { Escape::None },
            may_hold: None,
        };
        sink.scalar(key, value);
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn skip_space(&mut self) {
        self.at = scan::space_end(self.bytes, self.at);
    }

    fn too_deep(&self) -> Stop {
        Stop { cause: GapCause::TooDeep, offset: self.at }
    }
}
