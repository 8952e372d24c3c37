//! From turn to turn through the grammar: the second of two passes.

use memchr::memchr;

use super::index::Index;
use crate::{
    domain::{Container, Escape, FieldSink, Key, Limits, Scalar, Span, Value, Wants},
    format::scan,
};

/// A walk through one text. `None` from any of its methods: the text is not JSON, or exceeds a limit, at
/// or soon after the present place.
pub(super) struct Walk<'b> {
    text: &'b [u8],
    index: Box<Index>,
    /// The present turn, as its number in `index`.
    next: usize,
    outer: Vec<Frame>,
    depth_max: usize,
    fields_left: usize,
}

/// What the walk stands in.
#[derive(Clone, Copy)]
enum Frame {
    /// No container of this document.
    Document,
    Object,
    /// With the index of the element being read, and what is wanted of each.
    Array(u32, Wants),
}

/// The name before a value, and what is wanted of the value.
#[derive(Clone, Copy)]
struct Member<'b> {
    key: Key<'b>,
    start: usize,
    wants: Wants,
}

impl<'b> Walk<'b> {
    pub(super) fn new(text: &'b [u8], limits: &Limits, mut index: Box<Index>) -> Self {
        index.begin(scan::byte_order_mark(text));
        Self {
            text,
            index,
            next: 0,
            outer: Vec::new(),
            depth_max: limits.depth_max,
            fields_left: limits.fields_max,
        }
    }

    /// The index, for another text.
    pub(super) fn into_index(self) -> Box<Index> {
        self.index
    }

    /// One value and nothing behind it.
    pub(super) fn document<S: FieldSink>(&mut self, sink: &mut S) -> Option<()> {
        let wants = sink.wants(Key::Root);
        self.value(Key::Root, wants, sink)?;
        self.end()
    }

    /// Lines of one value each, as the elements of an array.
    pub(super) fn lines<S: FieldSink>(&mut self, sink: &mut S) -> Option<()> {
        let mut line = scan::byte_order_mark(self.text);
        self.fields_left = self.fields_left.checked_sub(1)?;
        self.depth_max = self.depth_max.checked_sub(1)?;
        sink.open(Key::Root, Container::Array, line, line);
        let wants = sink.wants(Key::Index(0));
        let mut number = 0u32;
        loop {
            self.read_on();
            let start = self.turn(0);
            if start >= self.text.len() {
                break;
            }
            // The value has its line to itself.
            let between = self.text.get(line..start)?;
            if number > 0 && !between.contains(&b'\n') {
                return None;
            }
            let end = memchr(b'\n', self.text.get(start..)?)
                .map_or(self.text.len(), |length| start + length);
            self.value(Key::Index(number), wants, sink)?;
            // Its last turn is the one before the present one.
            let last = self.next.checked_sub(1).map_or(start, |last| self.index.turn(last));
            if last > end {
                return None;
            }
            number = number.saturating_add(1);
            line = last;
        }
        if self.index.is_broken() {
            return None;
        }
        sink.close(self.text.len(), self.text.len());
        Some(())
    }

    /// Nothing but whitespace is left.
    fn end(&mut self) -> Option<()> {
        self.read_on();
        (self.turn(0) >= self.text.len() && !self.index.is_broken()).then_some(())
    }

    /// One value, whatever it holds.
    fn value<'k, S: FieldSink>(&mut self, key: Key<'k>, wants: Wants, sink: &mut S) -> Option<()>
    where
        'b: 'k,
    {
        let mut frame = Frame::Document;
        self.outer.clear();
        self.read_on();
        let start = self.turn(0);
        let mut member = Member { key, start, wants };
        'value: loop {
            self.read_on();
            self.fields_left = self.fields_left.checked_sub(1)?;
            let start = self.turn(0);
            match self.text.get(start)? {
                b'"' => {
                    let end = self.end_of_scalar()?;
                    if *self.text.get(end - 1)? != b'"' || end - 1 == start {
                        return None;
                    }
                    let inner = (start + 1, end - 1);
                    let may_hold = self.index.may_hold(self.text, inner.0, inner.1);
                    let is_told = member.wants.values
                        || may_hold
                        || sink.may_announce(self.text.get(inner.0..inner.1)?);
                    if is_told {
                        let value = self.told(&member, Scalar::String, (start, end), inner);
                        sink.scalar(member.key, Value { may_hold: Some(may_hold), ..value });
                    }
                    self.next += 1;
                }
                b'{' => {
                    self.enter(&mut frame, Frame::Object)?;
                    sink.open(member.key, Container::Object, member.start, start);
                    if self.byte(0)? != b'}' {
                        member = self.name(sink)?;
                        continue 'value;
                    }
                    self.leave(&mut frame, sink)?;
                }
                b'[' => {
                    let at = self.outer.len();
                    self.enter(&mut frame, Frame::Array(0, Wants::ALL))?;
                    sink.open(member.key, Container::Array, member.start, start);
                    if self.byte(0)? != b']' {
                        let wants = sink.wants(Key::Index(0));
                        frame = Frame::Array(0, wants);
                        debug_assert!(self.outer.len() == at + 1);
                        member = Member { key: Key::Index(0), start: self.turn(0), wants };
                        continue 'value;
                    }
                    self.leave(&mut frame, sink)?;
                }
                b'-' | b'0'..=b'9' => {
                    let end = self.end_of_scalar()?;
                    if !is_number(self.text.get(start..end)?) {
                        return None;
                    }
                    if member.wants.values || end - start >= member.wants.number_bytes_min as usize
                    {
                        let span = (start, end);
                        let value = self.told(&member, Scalar::Number, span, span);
                        sink.scalar(member.key, value);
                    }
                    self.next += 1;
                }
                first => {
                    let kind = match first {
                        b't' | b'f' => Scalar::Bool,
                        _ => Scalar::Null,
                    };
                    let end = self.end_of_scalar()?;
                    if !matches!(self.text.get(start..end)?, b"true" | b"false" | b"null") {
                        return None;
                    }
                    if member.wants.words {
                        let value = self.told(&member, kind, (start, end), (start, end));
                        sink.scalar(member.key, value);
                    }
                    self.next += 1;
                }
            }
            loop {
                let turn = match frame {
                    Frame::Document => return Some(()),
                    Frame::Object | Frame::Array(..) => self.byte(0)?,
                };
                match (&mut frame, turn) {
                    (Frame::Object, b',') => {
                        self.next += 1;
                        member = self.name(sink)?;
                        continue 'value;
                    }
                    (Frame::Array(index, wants), b',') => {
                        self.next += 1;
                        *index = index.saturating_add(1);
                        let (key, wants) = (Key::Index(*index), *wants);
                        member = Member { key, start: self.turn(0), wants };
                        continue 'value;
                    }
                    (Frame::Object, b'}') | (Frame::Array(..), b']') => {
                        self.leave(&mut frame, sink)?;
                    }
                    _ => return None,
                }
            }
        }
    }

    /// A member's name and its colon. Part of its caller: a name handed back in pieces and read as a whole
    /// would wait for each of them to be stored.
    #[inline(always)]
    fn name<S: FieldSink>(&mut self, sink: &mut S) -> Option<Member<'b>> {
        let (start, colon) = (self.turn(0), self.turn(1));
        if *self.text.get(start)? != b'"' || *self.text.get(colon)? != b':' {
            return None;
        }
        let end = match self.text.get(colon - 1)? {
            b'"' => colon,
            _ => self.before(colon)?,
        };
        // Between two turns one string ends, so that its quotes are two.
        let text = self.text.get(start + 1..end - 1)?;
        let key = Key::Name { text, span: Span::new(start, end), escape: self.index.escape() };
        self.next += 2;
        Some(Member { key, start, wants: sink.wants(key) })
    }

    /// A scalar as it is told.
    #[inline(always)]
    fn told(
        &self,
        member: &Member<'_>,
        kind: Scalar,
        span: (usize, usize),
        text: (usize, usize),
    ) -> Value<'b> {
        Value {
            kind,
            text: self.text.get(text.0..text.1).unwrap_or_default(),
            text_span: Span::new(text.0, text.1),
            span: Span::new(span.0, span.1),
            member: Span::new(member.start, span.1),
            escape: if kind == Scalar::String { self.index.escape() } else { Escape::None },
            may_hold: Some(true),
        }
    }

    fn enter(&mut self, frame: &mut Frame, inner: Frame) -> Option<()> {
        if self.outer.len() >= self.depth_max {
            return None;
        }
        self.outer.push(std::mem::replace(frame, inner));
        self.next += 1;
        Some(())
    }

    fn leave<S: FieldSink>(&mut self, frame: &mut Frame, sink: &mut S) -> Option<()> {
        let end = self.turn(0) + 1;
        *frame = self.outer.pop()?;
        self.next += 1;
        sink.close(end, end);
        self.read_on();
        Some(())
    }

    /// Sees to it that as many turns are at hand as one step takes.
    #[inline]
    fn read_on(&mut self) {
        self.index.ensure(self.text, &mut self.next);
    }

    /// The offset of the turn `ahead` of the present one.
    #[inline]
    fn turn(&self, ahead: usize) -> usize {
        self.index.turn(self.next + ahead)
    }

    #[inline]
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.turn(ahead)).copied()
    }

    /// Past the last byte of the scalar at the present turn: there is only whitespace from there to the
    /// next turn.
    #[inline]
    fn end_of_scalar(&self) -> Option<usize> {
        let end = self.turn(1);
        match self.text.get(end) {
            Some(b',' | b'}' | b']') => {}
            None if self.index.is_broken() => return None,
            Some(_) | None => {}
        }
        self.before(end)
    }

    /// Past the last byte before `turn` that is no whitespace.
    #[inline]
    fn before(&self, turn: usize) -> Option<usize> {
        let mut end = turn;
        while matches!(self.text.get(end - 1)?, b' ' | b'\n' | b'\r' | b'\t') {
            end -= 1;
        }
        Some(end)
    }
}

/// RFC 8259 §6.
#[inline]
fn is_number(text: &[u8]) -> bool {
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    let digits = |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.first() == Some(&b'0')) {
        return false;
    }
    rest = rest.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = fraction.get(length..).unwrap_or_default();
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', digits @ ..] => digits,
            digits => digits,
        };
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}
