//! From turn to turn through the grammar: the second of two passes.

use memchr::memchr;

use super::index::{AHEAD, FAR_AHEAD, Index};
use crate::{
    domain::{
        Container, Escape, FieldSink, Key, Limits, Name, Scalar, ShortName, Span, Value, Wanted,
        Wants,
    },
    format::{hints, scan},
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

/// What comes before a value, and what is wanted of it.
#[derive(Clone, Copy)]
struct Member {
    /// The name with its quotes; an element is where its value is.
    start: usize,
    name_end: usize,
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
        self.value(Key::Root, Wants::ALL, sink)?;
        let mut cursor = self.cursor();
        cursor.read_on();
        let end = cursor.turn(0);
        (end >= self.text.len() && !self.index.is_broken()).then_some(())
    }

    /// Lines of one value each, as the elements of an array.
    pub(super) fn lines<S: FieldSink>(&mut self, sink: &mut S) -> Option<()> {
        let mut line = scan::byte_order_mark(self.text);
        self.fields_left = self.fields_left.checked_sub(1)?;
        self.depth_max = self.depth_max.checked_sub(1)?;
        sink.open(Key::Root, Container::Array, line, line);
        let wants = sink.wants(None);
        let mut number = 0u32;
        loop {
            let mut cursor = self.cursor();
            cursor.read_on();
            let start = cursor.turn(0);
            self.next = cursor.next;
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

    fn cursor(&mut self) -> Cursor<'_> {
        Cursor { text: self.text, index: &mut self.index, next: self.next }
    }

    /// One value, whatever it holds.
    fn value<'k, S: FieldSink>(
        &mut self,
        outermost: Key<'k>,
        wants: Wants,
        sink: &mut S,
    ) -> Option<()>
    where
        'b: 'k,
    {
        let text = self.text;
        let depth_max = self.depth_max;
        let mut fields_left = self.fields_left;
        let outer = &mut self.outer;
        let mut cursor = Cursor { text, index: &mut self.index, next: self.next };
        let mut frame = Frame::Document;
        outer.clear();
        cursor.read_on();
        let start = cursor.turn(0);
        let mut member = Member { start, name_end: start, wants };
        'value: loop {
            cursor.read_on();
            fields_left = fields_left.checked_sub(1)?;
            let start = cursor.turn(0);
            match text.get(start)? {
                b'"' => {
                    let end = cursor.end_of_scalar()?;
                    if *text.get(end - 1)? != b'"' || end - 1 == start {
                        return None;
                    }
                    let inner = text.get(start + 1..end - 1)?;
                    let may_hold = cursor.index.may_hold(text, start + 1, end - 1);
                    if member.wants.scalars != Wanted::Nothing
                        || may_hold
                        || sink.may_announce(inner)
                    {
                        let escape = cursor.index.escape();
                        let value = Value {
                            kind: Scalar::String,
                            text: inner,
                            text_span: Span::new(start + 1, end - 1),
                            span: Span::new(start, end),
                            member: Span::new(member.start, end),
                            escape,
                            may_hold: Some(may_hold),
                        };
                        sink.scalar(member.key(frame, text, escape, outermost), value);
                    }
                    cursor.next += 1;
                }
                b'{' => {
                    let key = member.key(frame, text, cursor.index.escape(), outermost);
                    cursor.enter(outer, depth_max, &mut frame, Frame::Object)?;
                    sink.open(key, Container::Object, member.start, start);
                    if cursor.byte(0)? != b'}'
                        && let Some(next) = cursor.member(&mut fields_left, sink)?
                    {
                        member = next;
                        continue 'value;
                    }
                    frame = cursor.leave(outer, sink)?;
                }
                b'[' => {
                    let key = member.key(frame, text, cursor.index.escape(), outermost);
                    cursor.enter(outer, depth_max, &mut frame, Frame::Array(0, Wants::ALL))?;
                    sink.open(key, Container::Array, member.start, start);
                    if cursor.byte(0)? != b']' {
                        let wants = sink.wants(None);
                        let mut number = 0;
                        let next = cursor.element(&mut number, wants, &mut fields_left, sink)?;
                        frame = Frame::Array(number, wants);
                        if let Some(next) = next {
                            member = next;
                            continue 'value;
                        }
                    }
                    frame = cursor.leave(outer, sink)?;
                }
                first => {
                    let end = cursor.end_of_scalar()?;
                    let scalar = text.get(start..end)?;
                    let (kind, is_wanted) = match first {
                        b'-' | b'0'..=b'9' => {
                            if !is_number(scalar) {
                                return None;
                            }
                            let is_wanted = member.wants.scalars != Wanted::Nothing
                                || scalar.len() >= member.wants.number_bytes_min as usize;
                            (Scalar::Number, is_wanted)
                        }
                        _ => {
                            let kind = match scalar {
                                b"true" | b"false" => Scalar::Bool,
                                b"null" => Scalar::Null,
                                _ => return None,
                            };
                            (kind, member.wants.scalars == Wanted::All)
                        }
                    };
                    if is_wanted {
                        let span = Span::new(start, end);
                        let value = Value {
                            kind,
                            text: scalar,
                            text_span: span,
                            span,
                            member: Span::new(member.start, end),
                            escape: Escape::None,
                            may_hold: Some(true),
                        };
                        let escape = cursor.index.escape();
                        sink.scalar(member.key(frame, text, escape, outermost), value);
                    }
                    cursor.next += 1;
                }
            }
            loop {
                match &mut frame {
                    Frame::Document => {
                        self.next = cursor.next;
                        self.fields_left = fields_left;
                        return Some(());
                    }
                    Frame::Object => match cursor.byte(0)? {
                        b',' => {
                            cursor.next += 1;
                            if let Some(next) = cursor.member(&mut fields_left, sink)? {
                                member = next;
                                continue 'value;
                            }
                        }
                        b'}' => {}
                        _ => return None,
                    },
                    Frame::Array(index, wants) => match cursor.byte(0)? {
                        b',' => {
                            cursor.next += 1;
                            *index = index.saturating_add(1);
                            let wants = *wants;
                            if let Some(next) =
                                cursor.element(index, wants, &mut fields_left, sink)?
                            {
                                member = next;
                                continue 'value;
                            }
                        }
                        b']' => {}
                        _ => return None,
                    },
                }
                frame = cursor.leave(outer, sink)?;
            }
        }
    }
}

impl Member {
    /// The name as the sink is told it. `frame` is what the member stands in, `outermost` what the whole
    /// value stands under.
    #[inline(always)]
    fn key<'k>(&self, frame: Frame, text: &'k [u8], escape: Escape, outermost: Key<'k>) -> Key<'k> {
        match frame {
            Frame::Document => outermost,
            Frame::Array(index, _) => Key::Index(index),
            Frame::Object => Key::Name {
                text: text.get(self.start + 1..self.name_end - 1).unwrap_or_default(),
                span: Span::new(self.start, self.name_end),
                escape,
            },
        }
    }
}

/// The present place of a walk, by itself, so that it can stay in a register from step to step.
struct Cursor<'c> {
    text: &'c [u8],
    index: &'c mut Index,
    next: usize,
}

impl Cursor<'_> {
    /// The name of the next member that has to be looked at, with its colon. Those that are passed, up to it or
    /// to the end of their object, count among the fields.
    #[inline(always)]
    fn member<S: FieldSink>(
        &mut self,
        fields_left: &mut usize,
        sink: &mut S,
    ) -> Option<Option<Member>> {
        loop {
            let [start, colon, value, end] = self.index.turns(self.next)?;
            if *self.text.get(start)? != b'"' || *self.text.get(colon)? != b':' {
                return None;
            }
            let name_end = match self.text.get(colon - 1)? {
                b'"' => colon,
                _ => self.before(colon)?,
            };
            // Between two turns one string ends, so that its quotes are two.
            let text = self.text.get(start + 1..name_end - 1)?;
            let short = ShortName::at(self.text, start + 1, text.len());
            let passed = short.and_then(|short| sink.passes(short));
            if !passed.is_some_and(|least| self.is_quiet(value, end, least)) {
                self.next += 2;
                let name = Name { text, escape: self.index.escape(), short };
                let mut wants = sink.wants(Some(name));
                if wants.looks_ahead {
                    self.look_ahead(sink);
                    wants = sink.wants(Some(name));
                }
                return Some(Some(Member { start, name_end, wants }));
            }
            *fields_left = fields_left.checked_sub(1)?;
            self.next += 3;
            match *self.text.get(end)? {
                b',' => self.next += 1,
                b'}' => return Some(None),
                _ => return None,
            }
            self.read_on();
        }
    }

    /// The next element that has to be looked at, where `number` is that of the one at the present turn and then
    /// its own. Those that are passed, up to it or to the end of their list, count among the fields.
    #[inline(always)]
    fn element<S: FieldSink>(
        &mut self,
        number: &mut u32,
        wants: Wants,
        fields_left: &mut usize,
        sink: &mut S,
    ) -> Option<Option<Member>> {
        loop {
            let (start, end) = (self.turn(0), self.turn(1));
            let wants = if wants.by_column { sink.wants_of_column(*number) } else { wants };
            if wants.scalars != Wanted::Nothing
                || !self.is_quiet(start, end, wants.number_bytes_min)
            {
                return Some(Some(Member { start, name_end: start, wants }));
            }
            *fields_left = fields_left.checked_sub(1)?;
            self.next += 1;
            match *self.text.get(end)? {
                b',' => self.next += 1,
                b']' => return Some(None),
                _ => return None,
            }
            *number = number.saturating_add(1);
            self.read_on();
        }
    }

    /// Whether it is seen at a glance that a value which is not wanted, and stands at this turn before that one, is a
    /// scalar that holds nothing.
    #[inline(always)]
    fn is_quiet(&self, start: usize, end: usize, number_bytes_min: u32) -> bool {
        let Some(scalar) = self.text.get(start..end) else { return false };
        let is_plain = self.index.is_plain(end);
        match scalar {
            [b'"', inner @ .., b'"'] => hints::holds_nothing(inner, is_plain),
            [first @ b'0'..=b'9', rest @ ..] => {
                // A string that is glued to a number ends where a plain one may.
                let is_whole = is_plain && scalar.last().is_some_and(u8::is_ascii_digit);
                scalar.len() < number_bytes_min as usize
                    && ((is_whole && (*first != b'0' || rest.is_empty()))
                        || self.index.is_decimal(scalar, start))
            }
            b"true" | b"false" | b"null" => true,
            _ => false,
        }
    }

    /// Tells the names behind the value at the present turn up to the end of the object, if it is near.
    #[inline(never)]
    fn look_ahead<S: FieldSink>(&mut self, sink: &mut S) {
        self.next = self.index.ensure_far(self.text, self.next);
        let are_all = self.names_ahead(sink).is_some();
        sink.foreseen(are_all);
    }

    /// The same, from turn to turn as far as they are at hand; `None` where that does not reach the end.
    fn names_ahead<S: FieldSink>(&self, sink: &mut S) -> Option<()> {
        let &Self { text, ref index, next } = self;
        let (mut at, mut depth) = (next, 0usize);
        while at + AHEAD <= next + FAR_AHEAD {
            match text.get(index.turn(at))? {
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 0 => return Some(()),
                b'}' | b']' => depth -= 1,
                b',' if depth == 0 => {
                    let (start, colon) = (index.turn(at + 1), index.turn(at + 2));
                    let [b'"', name @ .., b'"'] = text.get(start..colon)? else { return None };
                    let short = ShortName::at(text, start + 1, name.len());
                    sink.foresee(Name { text: name, escape: index.escape(), short });
                    at += 2;
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    #[inline(always)]
    fn enter(
        &mut self,
        outer: &mut Vec<Frame>,
        depth_max: usize,
        frame: &mut Frame,
        inner: Frame,
    ) -> Option<()> {
        if outer.len() >= depth_max {
            return None;
        }
        outer.push(std::mem::replace(frame, inner));
        self.next += 1;
        Some(())
    }

    /// Past the end of a container; what is around it.
    #[inline(always)]
    fn leave<S: FieldSink>(&mut self, outer: &mut Vec<Frame>, sink: &mut S) -> Option<Frame> {
        let end = self.turn(0) + 1;
        let frame = outer.pop()?;
        self.next += 1;
        sink.close(end, end);
        self.read_on();
        Some(frame)
    }

    /// Sees to it that as many turns are at hand as one step takes.
    #[inline(always)]
    fn read_on(&mut self) {
        self.next = self.index.ensure(self.text, self.next);
    }

    /// The offset of the turn `ahead` of the present one.
    #[inline(always)]
    fn turn(&self, ahead: usize) -> usize {
        self.index.turn(self.next + ahead)
    }

    #[inline(always)]
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.turn(ahead)).copied()
    }

    /// Past the last byte of the scalar at the present turn: there is only whitespace from there to the
    /// next turn.
    #[inline(always)]
    fn end_of_scalar(&self) -> Option<usize> {
        let end = self.turn(1);
        if end >= self.text.len() && self.index.is_broken() {
            return None;
        }
        self.before(end)
    }

    /// Past the last byte before `turn` that is no whitespace.
    #[inline(always)]
    fn before(&self, turn: usize) -> Option<usize> {
        let mut end = turn;
        while matches!(self.text.get(end.checked_sub(1)?)?, b' ' | b'\n' | b'\r' | b'\t') {
            end -= 1;
        }
        Some(end)
    }
}

/// RFC 8259 §6.
#[inline(always)]
fn is_number(text: &[u8]) -> bool {
    let is_whole = text.iter().all(u8::is_ascii_digit);
    (is_whole && (text.len() == 1 || text.first() != Some(&b'0'))) || scan::is_number(text)
}
