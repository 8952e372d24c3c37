//! Turns the fields of one layer into findings: hands names and values to the detectors and remembers
//! where each finding stands. A field without a finding leaves nothing behind.

use super::embedded::{self, Embedded, EmbeddedKind, Inner, Look, Room};
use crate::{
    detect::{Hit, Recall, Scanner, Ticket, Told},
    domain::{
        Container, Encoding, Escape, FieldSink, Finding, Findings, Key, LayerId, Limits, Name,
        Part, PathNode, Scalar, ShortName, Span, Step, Value, Wanted, Wants,
    },
    format::{self, Decoder, Unescaped},
};

/// Where a walk stands in the message.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'n> {
    pub(super) layer: LayerId,
    pub(super) part: Part,
    /// The node of the field this layer is inside.
    pub(super) base: Option<u32>,
    /// The name of a value that is its whole layer: a header's, a form part's.
    pub(super) name: Option<&'n str>,
    /// That name is not in `base` yet.
    pub(super) name_is_step: bool,
    pub(super) chain: usize,
    /// The whole layer, where it is known to be UTF-8 as a whole.
    pub(super) text: Option<&'n str>,
}

impl At<'_> {
    pub(super) fn root(layer: LayerId, part: Part) -> Self {
        Self { layer, part, base: None, name: None, name_is_step: false, chain: 0, text: None }
    }

    /// What its names are names of: a document in a header is one as bodies are, and its members no headers.
    fn reads_as(&self) -> Part {
        if self.base.is_some() { Part::Body } else { self.part }
    }
}

/// What every walk over one message shares.
pub(super) struct Walk<'w, 's> {
    pub(super) scanner: Scanner<'s>,
    pub(super) frames: &'w mut Vec<Frame>,
    pub(super) names: &'w mut String,
    pub(super) hits: &'w mut Vec<Hit>,
    pub(super) key: &'w mut Unescaped,
    pub(super) value: &'w mut Unescaped,
    pub(super) embedded: &'w mut Vec<Embedded>,
    /// The documents inside the value at hand.
    pub(super) inner: &'w mut Vec<Inner>,
    pub(super) deeper: &'w mut Vec<Inner>,
    /// Its text without a further escape.
    pub(super) further: &'w mut Unescaped,
    pub(super) decoder: &'w mut Decoder,
    pub(super) room: Room,
    pub(super) limits: &'w Limits,
}

/// One open object or array.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    step: FrameStep,
    /// Set once a finding inside needed it.
    node: Option<u32>,
    /// Where this frame's name begins in `names`.
    names_start: usize,
    finding: Option<u32>,
    enclosing_before: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
enum FrameStep {
    Root,
    Name,
    Index(u32),
}

impl<'w, 's> Walk<'w, 's> {
    /// Keeps no more room than most messages need.
    pub(super) fn give_back(&mut self) {
        const DOCUMENTS: usize = 1 << 10;
        self.embedded.shrink_to(DOCUMENTS);
        self.inner.shrink_to(DOCUMENTS);
        self.deeper.shrink_to(DOCUMENTS);
    }

    pub(super) fn sink<'k>(
        &'k mut self,
        place: At<'k>,
        findings: &'k mut Findings,
    ) -> Sink<'k, 'w, 's> {
        self.frames.clear();
        self.names.clear();
        self.scanner.part(place.reads_as());
        Sink {
            walk: self,
            place,
            findings,
            enclosing: None,
            is_next_named: false,
            is_in_pieces: false,
        }
    }
}

/// No more is recorded of a message: of findings, or of the paths to them, as many as those of findings far inside
/// others would be.
pub(super) fn is_full(findings: &Findings, limits: &Limits) -> bool {
    const NODES_PER_FINDING: usize = 8;
    let nodes_max = limits.findings_max.max(limits.documents_max).saturating_mul(NODES_PER_FINDING);
    findings.items.len() >= limits.findings_max || findings.nodes.len() >= nodes_max
}

/// Turns the fields of one layer into findings.
pub(super) struct Sink<'k, 'w, 's> {
    pub(super) walk: &'k mut Walk<'w, 's>,
    pub(super) place: At<'k>,
    findings: &'k mut Findings,
    enclosing: Option<u32>,
    /// The element that comes next has a name.
    is_next_named: bool,
    /// The value at hand is one that was told in pieces.
    is_in_pieces: bool,
}

impl FieldSink for Sink<'_, '_, '_> {
    fn open(&mut self, key: Key<'_>, container: Container, member_start: usize, start: usize) {
        self.is_next_named = false;
        let names_start = self.walk.names.len();
        let (step, hit) = match key {
            Key::Root => (FrameStep::Root, self.walk.scanner.open(self.place.name, container)),
            Key::Index(number) => {
                (FrameStep::Index(number), self.walk.scanner.open(None, container))
            }
            Key::Name { text, span, escape } => {
                let name = name(self.place.text, text, span, escape, self.walk.key);
                self.walk.names.push_str(name);
                (FrameStep::Name, self.walk.scanner.open(Some(name), container))
            }
        };
        let frame = Frame {
            step,
            node: None,
            names_start,
            finding: None,
            enclosing_before: self.enclosing,
        };
        self.walk.frames.push(frame);
        // A name above the layer was told where it stands.
        let is_above = matches!(key, Key::Root);
        let takes = !is_full(self.findings, self.walk.limits);
        if let Some(hit) = hit.filter(|hit| takes && !(hit.marks.in_key && is_above)) {
            let path = self.frame_node(hit.marks.in_key);
            let place = Span::new(start, start);
            // What is personal is the name alone, whatever stands under it.
            let span = match key {
                Key::Name { span, .. } if hit.marks.in_key => span,
                Key::Name { .. } | Key::Root | Key::Index(_) => place,
            };
            let finding = self.finding(&hit, path, span, place, Span::new(member_start, start));
            if let Some(index) = self.push(Finding { kind: None, ..finding }) {
                self.enclosing = Some(index);
                if let Some(frame) = self.walk.frames.last_mut() {
                    frame.finding = Some(index);
                }
            }
        }
    }

    fn close(&mut self, end: usize, member_end: usize) {
        self.walk.scanner.close();
        let Some(frame) = self.walk.frames.pop() else { return };
        self.walk.names.truncate(frame.names_start);
        self.enclosing = frame.enclosing_before;
        self.close_finding(frame, end, member_end);
    }

    fn scalar(&mut self, key: Key<'_>, value: Value<'_>) {
        if self.walk.scanner.is_given_up() {
            return;
        }
        // `?{"gender":"F"}`: a document, where a name is due.
        if let Key::Name { text, span, escape } = key
            && may_begin_document(text)
        {
            let quote = span.len().saturating_sub(text.len()) / 2;
            let text_span = Span::new(span.range().start + quote, span.range().end - quote);
            let kind = Scalar::String;
            let document =
                Value { kind, text, text_span, span, member: value.member, escape, may_hold: None };
            self.scalar(Key::Index(0), document);
        }
        let name = match key {
            Key::Root => self.place.name,
            Key::Index(_) => std::mem::take(&mut self.is_next_named).then_some(""),
            Key::Name { .. } if self.walk.scanner.is_name_known() => Some(""),
            Key::Name { text, span, escape } => {
                Some(name(self.place.text, text, span, escape, self.walk.key))
            }
        };
        let plain = self.place.text.and_then(|text| text.get(value.text_span.range()));
        let text = format::unescape_at(value.escape, value.text, plain, self.walk.value);
        // A decoder that knew nothing of the value did not ask whether it is wanted.
        let mut may_hold = value.may_hold;
        if let (None, Key::Name { .. }, Some(name)) = (may_hold, key, name) {
            let wants = self.walk.scanner.wants_without_foresight(name.as_bytes());
            if value.kind == Scalar::String && wants.scalars == Wanted::Nothing {
                let text = text.as_str();
                may_hold = Some(format::may_hold(text));
                if may_hold == Some(false) && !self.walk.scanner.may_announce(text.as_bytes()) {
                    self.walk.scanner.pass_over();
                    return;
                }
            }
        }
        let told =
            Told { kind: value.kind, text: text.as_str(), may_hold: may_hold.unwrap_or(true) };
        let recalled =
            if self.is_in_pieces { Recall::Never } else { self.walk.scanner.recall(name, told) };
        let ticket = match recalled {
            Recall::Found(None) => return,
            Recall::Found(Some(_)) if is_full(self.findings, self.walk.limits) => return,
            Recall::Found(Some(hit)) => {
                let hit = Hit { span: text.raw_span(hit.span), ..hit };
                let path = self.node(key, false);
                self.hit(&hit, path, key, &value);
                return;
            }
            Recall::New(ticket) => Some(ticket),
            Recall::Never => None,
        };
        let may_hold = may_hold
            .unwrap_or_else(|| value.kind != Scalar::String || format::may_hold(text.as_str()));
        if value.kind == Scalar::String && may_hold && !self.is_in_pieces {
            let mut look = Look {
                limits: self.walk.limits,
                decoder: self.walk.decoder,
                is_body: matches!(key, Key::Root) && text.as_str().len() >= format::TEXT_BYTES_MIN,
                is_among_tokens: self.place.reads_as() != Part::Body,
                room: &mut self.walk.room,
                found: self.walk.inner,
            };
            embedded::find(text.as_str(), &mut look);
        }
        // A text that is escaped once more and holds no document is the text of this field all the same.
        let further = embedded::further(text.as_str(), self.walk.inner).and_then(|escape| {
            let further = format::unescape(escape, text.as_str().as_bytes(), self.walk.further);
            // They are found again where they are read.
            let mut room = self.walk.room;
            let mut look = Look {
                limits: self.walk.limits,
                decoder: self.walk.decoder,
                is_body: false,
                is_among_tokens: self.place.reads_as() != Part::Body,
                room: &mut room,
                found: self.walk.deeper,
            };
            embedded::find(further.as_str(), &mut look);
            self.walk.room.is_exceeded |= room.is_exceeded;
            let is_text = self.walk.deeper.is_empty();
            self.walk.deeper.clear();
            is_text.then_some(further)
        });
        if further.is_some() {
            self.walk.inner.clear();
        }
        let scanned = further.as_ref().unwrap_or(&text).as_str();
        self.walk.hits.clear();
        let told = Told { text: scanned, may_hold, ..told };
        self.walk.scanner.scalar(name, told, self.walk.hits);
        let ticket =
            ticket.filter(|ticket| further.is_none() && self.walk.scanner.may_keep(*ticket));
        // What had no room is not nothing.
        let is_all = !self.walk.room.is_exceeded && !self.walk.scanner.is_given_up();
        let holds_none = self.walk.inner.is_empty() && is_all;
        if let Some(ticket) = ticket.filter(|_| holds_none) {
            self.walk.scanner.keep(ticket, scanned, self.walk.hits);
        }
        if let Some(further) = &further {
            for hit in self.walk.hits.iter_mut() {
                hit.span = further.raw_span(hit.span);
            }
        }
        if !self.walk.inner.is_empty() {
            // What was found in parts of the text is found again inside, with its place there. A document that is
            // itself a value, as a token is, stays one.
            let whole = text.as_str().len();
            let is_inside = |span: Span| is_part_of_one(span, self.walk.inner);
            self.walk
                .hits
                .retain(|hit| hit.marks.in_key || hit.span.len() == whole || !is_inside(hit.span));
        }
        if self.walk.hits.is_empty() && self.walk.inner.is_empty() {
            return;
        }
        if is_full(self.findings, self.walk.limits) {
            self.walk.inner.clear();
            return;
        }
        // A value with one document and nothing else says what the document says.
        let stands_as_it_reads = std::ptr::eq(text.as_str().as_bytes(), value.text);
        let is_alone = self.walk.hits.is_empty() && self.walk.inner.len() == 1;
        let only = ticket
            .filter(|_| is_alone && stands_as_it_reads)
            .map(|ticket| (ticket, value.text_span));
        let mut inner = std::mem::take(self.walk.inner);
        for document in &mut inner {
            let whole = document.span.of(text.as_str().as_bytes());
            document.span = text.raw_span(document.span);
            // What ends a scalar of YAML may be no escape of what stands in it.
            document.is_escaped =
                matches!(value.escape, Escape::Scalar(_)) || document.span.of(value.text) != whole;
        }
        // Spans are mapped back before the text's buffer is needed for a name.
        for hit in self.walk.hits.iter_mut() {
            hit.span = text.raw_span(hit.span);
        }
        let personal = self.walk.hits.iter().any(|hit| hit.marks.in_key);
        let path = self.node(key, personal);
        let mut hits = std::mem::take(self.walk.hits);
        for hit in &hits {
            self.hit(hit, path, key, &value);
        }
        hits.clear();
        *self.walk.hits = hits;
        for document in inner.drain(..) {
            let outer = if document.is_escaped {
                Encoding::Escaped(value.escape)
            } else {
                Encoding::Identity
            };
            let span = document.span.shift(value.text_span.start as usize);
            self.embed(span, outer, document, path, only);
        }
        *self.walk.inner = inner;
    }

    fn pieces(&mut self, key: Key<'_>, value: Value<'_>) {
        self.is_in_pieces = true;
        self.scalar(key, value);
        self.is_in_pieces = false;
    }

    #[inline]
    fn may_announce(&mut self, text: &[u8]) -> bool {
        // An escape may be the end of a line, where a word ends as well.
        self.walk.scanner.may_announce(text) || memchr::memchr(b'\\', text).is_some()
    }

    #[inline(always)]
    fn wants(&mut self, name: Option<Name<'_>>) -> Wants {
        // What is at hand has no escapes.
        if let Some(Name { text, short: Some(short), .. }) = name
            && let Some(wants) = self.walk.scanner.wants_at_hand(short, text)
        {
            return wants;
        }
        self.wants_otherwise(name)
    }

    #[inline(always)]
    fn passes(&mut self, name: ShortName) -> Option<u32> {
        self.walk.scanner.passes(name)
    }

    fn foresee(&mut self, name: Name<'_>) {
        self.walk.scanner.foresee(name.short, unescaped(name, self.walk.key));
    }

    fn foreseen(&mut self, are_all: bool) {
        self.walk.scanner.foreseen(are_all);
    }

    fn expect(&mut self, name: &[u8], escape: Escape) {
        let name = format::unescape(escape, name, self.walk.key);
        self.walk.scanner.expect(name.as_str().as_bytes());
    }

    fn table(&mut self) {
        self.walk.scanner.table();
    }

    fn is_telling_name(&mut self, name: &[u8], escape: Escape) -> bool {
        let name = format::unescape(escape, name, self.walk.key);
        self.walk.scanner.is_telling_name(name.as_str().trim().as_bytes())
    }

    fn record(&mut self) {
        self.walk.scanner.record();
    }

    fn wants_of_column(&mut self, number: u32) -> Wants {
        let wants = self.walk.scanner.wants_of_column(number);
        self.is_next_named = self.walk.scanner.is_name_asked();
        wants
    }

    fn named(&mut self, name: &[u8]) {
        self.walk.scanner.wants_without_foresight(name);
        self.is_next_named = self.walk.scanner.is_name_asked();
    }

    fn layer(
        &mut self,
        key: Key<'_>,
        media_type: Option<&str>,
        encoding: Encoding,
        value: Value<'_>,
    ) {
        let path = self.node(key, false);
        let kind = EmbeddedKind::Declared(media_type.map(Into::into));
        let document = Inner { encoding, kind, ..Inner::default() };
        if let Some(document) = self.walk.room.admit(document) {
            self.embed(value.text_span, Encoding::Identity, document, path, None);
        }
    }
}

impl Sink<'_, '_, '_> {
    /// What is wanted of a value whose name is not at hand, or that has none.
    #[inline(never)]
    fn wants_otherwise(&mut self, name: Option<Name<'_>>) -> Wants {
        self.walk.scanner.wants(name.map(|name| unescaped(name, self.walk.key)))
    }

    /// Adds a finding in `value`, whose node is `path`.
    fn hit(&mut self, hit: &Hit, path: u32, key: Key<'_>, value: &Value<'_>) {
        let span = match key {
            _ if self.is_in_pieces => match self.span_in_pieces(hit, value) {
                Some(span) => span,
                None => return,
            },
            Key::Name { span, .. } if hit.marks.in_key => span,
            // A header's name goes with its value; that of a document was told where it stands.
            _ if hit.marks.in_key && self.place.name_is_step => value.span,
            _ if hit.marks.in_key => return,
            // How bytes read is not how they stand: they are taken as a whole.
            _ if value.kind == Scalar::Binary => value.span,
            Key::Name { .. } | Key::Root | Key::Index(_) => {
                hit.span.shift(value.text_span.start as usize)
            }
        };
        let finding = self.finding(hit, path, span, value.span, value.member);
        self.push(Finding { kind: Some(value.kind), ..finding });
    }

    /// Where a finding in a text in pieces stands; `None` of one that was made when its piece was told.
    fn span_in_pieces(&self, hit: &Hit, value: &Value<'_>) -> Option<Span> {
        const LOOKED_AT_MAX: usize = 64;
        if hit.marks.in_key {
            return None;
        }
        let (span, is_divided) = match format::whole_markup(value.text, hit.span) {
            Some(span) => (span, true),
            None => (hit.span, false),
        };
        let span = span.shift(value.text_span.start as usize);
        let mut last = self.findings.items.iter().rev().take(LOOKED_AT_MAX);
        let is_new = is_divided
            || !last.any(|it| (it.layer, it.tag, it.span) == (self.place.layer, hit.tag, span));
        is_new.then_some(span)
    }

    fn embed(
        &mut self,
        span: Span,
        outer: Encoding,
        inner: Inner,
        path: u32,
        only: Option<(Ticket, Span)>,
    ) {
        self.walk.embedded.push(Embedded {
            layer: self.place.layer,
            span,
            outer,
            inner,
            part: self.place.part,
            node: (path != Findings::ROOT).then_some(path),
            chain: self.place.chain + 1,
            only,
        });
    }

    /// Closes what a walk that stopped early left open.
    pub(super) fn end(&mut self, length: usize) {
        while !self.walk.frames.is_empty() {
            self.close(length, length);
        }
    }

    /// Where the last value ends that was found in this layer. A walk may find some before it knows that an earlier
    /// record was broken.
    pub(super) fn found_to(&self) -> usize {
        let own = self.findings.items.iter().filter(|finding| finding.layer == self.place.layer);
        own.map(|finding| finding.value.end as usize).max().unwrap_or(0)
    }

    fn close_finding(&mut self, frame: Frame, end: usize, member_end: usize) {
        let Some(index) = frame.finding.map(|index| index as usize) else { return };
        let is_last = index + 1 == self.findings.items.len();
        let Some(finding) = self.findings.items.get_mut(index) else { return };
        // Only where a list or object is a finding as a whole is what is inside looked at.
        let inside = finding.value.start as usize + 1..end.saturating_sub(1);
        if is_last
            && !finding.marks.in_key
            && self.place.text.and_then(|text| text.get(inside)).is_some_and(says_nothing)
        {
            self.findings.items.pop();
            return;
        }
        finding.value = Span::new(finding.value.start as usize, end);
        if !finding.marks.in_key {
            finding.span = finding.value;
        }
        finding.member = Span::new(finding.member.start as usize, member_end);
    }

    fn finding(&self, hit: &Hit, path: u32, span: Span, value: Span, member: Span) -> Finding {
        Finding {
            tag: hit.tag,
            part: self.place.part,
            layer: self.place.layer,
            path,
            span,
            value,
            member,
            kind: None,
            confidence: hit.confidence,
            detector: hit.detector,
            marks: hit.marks,
            enclosing: self.enclosing,
            region: hit.region,
        }
    }

    fn push(&mut self, finding: Finding) -> Option<u32> {
        if self.findings.items.len() >= self.walk.limits.findings_max {
            return None;
        }
        self.findings.items.push(finding);
        u32::try_from(self.findings.items.len() - 1).ok()
    }

    /// The node of the innermost open frame, made together with those around it when it is missing.
    fn frame_node(&mut self, personal: bool) -> u32 {
        let mut parent = self.place.base;
        let count = self.walk.frames.len();
        for number in 0..count {
            let Some(frame) = self.walk.frames.get(number).copied() else { break };
            let is_innermost = number + 1 == count;
            let node = match (frame.node, frame.step) {
                (Some(node), _) => Some(node),
                (None, FrameStep::Root) => parent,
                (None, FrameStep::Index(index)) => {
                    Some(self.add_node(parent, Step::Index(index), personal && is_innermost))
                }
                (None, FrameStep::Name) => {
                    let next = self.walk.frames.get(number + 1);
                    let end = next.map_or(self.walk.names.len(), |next| next.names_start);
                    let name = self.walk.names.get(frame.names_start..end).unwrap_or_default();
                    let step = Step::named(name);
                    Some(self.add_node(parent, step, personal && is_innermost))
                }
            };
            if let Some(frame) = self.walk.frames.get_mut(number) {
                frame.node = node;
            }
            parent = node;
        }
        parent.unwrap_or(Findings::ROOT)
    }

    /// The node of a value under `key` in the innermost open frame.
    fn node(&mut self, key: Key<'_>, personal: bool) -> u32 {
        let parent = match self.walk.frames.last().and_then(|frame| frame.node) {
            Some(node) => Some(node),
            None => Some(self.frame_node(false)).filter(|node| *node != Findings::ROOT),
        };
        let step = match key {
            Key::Root => match self.place.name {
                Some(name) if self.place.name_is_step => Step::named(name),
                Some(_) | None => return parent.unwrap_or(Findings::ROOT),
            },
            Key::Index(index) => Step::Index(index),
            Key::Name { text, span, escape } => {
                Step::named(name(self.place.text, text, span, escape, self.walk.key))
            }
        };
        self.add_node(parent, step, personal)
    }

    fn add_node(&mut self, parent: Option<u32>, step: Step, personal: bool) -> u32 {
        let personal =
            personal || matches!(&step, Step::Name(name) if self.walk.scanner.is_personal(name));
        self.findings.nodes.push(PathNode { parent, step, personal });
        u32::try_from(self.findings.nodes.len() - 1).unwrap_or(Findings::ROOT)
    }
}

/// Whether a name, as it stands, may be a document: in braces, brackets or tags, perhaps percent-encoded.
#[inline]
fn may_begin_document(name: &[u8]) -> bool {
    const BYTES_MIN: usize = 8;
    name.len() >= BYTES_MIN
        && matches!(
            name,
            [b'{' | b'[' | b'<', ..]
                | [b'%', b'7' | b'5', b'B' | b'b', ..]
                | [b'%', b'3', b'C' | b'c', ..]
        )
}

/// Whether `span` lies in one of the documents of a text, or laps over its edge. They stand in order and apart;
/// one that lies in the span as a whole is part of the value.
fn is_part_of_one(span: Span, documents: &[Inner]) -> bool {
    let first = documents.partition_point(|document| document.span.end <= span.start);
    let mut around = documents.iter().skip(first).take_while(|it| it.span.start < span.end);
    around.any(|document| !span.contains(document.span))
}

/// Between the braces or brackets of JSON is nothing, or a description of what might be: a schema's `type` or
/// a reference to one (JSON Schema 2020-12 §8.2.3).
fn says_nothing(inside: &str) -> bool {
    const TYPES: [&str; 7] = ["object", "array", "string", "boolean", "integer", "number", "null"];
    let inside = inside.trim_ascii();
    let behind = |name: &str| {
        let rest = inside.strip_prefix(name)?.trim_ascii_start().strip_prefix(':')?;
        rest.trim_ascii_start().strip_prefix('"')
    };
    let is_type = || {
        let kind = behind("\"type\"").and_then(|rest| rest.split('"').next());
        kind.is_some_and(|kind| TYPES.contains(&kind))
    };
    inside.is_empty() || is_type() || behind("\"$ref\"").is_some()
}

/// A name without its escapes, as bytes: most have none.
fn unescaped<'b>(name: Name<'b>, buffer: &'b mut Unescaped) -> &'b [u8] {
    match name {
        Name { text, escape: Escape::None, .. } => text,
        Name { text, escape: Escape::Json, .. } if memchr::memchr(b'\\', text).is_none() => text,
        Name { text, escape, .. } => format::unescape(escape, text, buffer).as_str().as_bytes(),
    }
}

/// A name without its escapes, out of the whole layer where that is known to be UTF-8. It stands at `span`,
/// perhaps in quotes.
fn name<'b>(
    whole: Option<&'b str>,
    text: &'b [u8],
    span: Span,
    escape: Escape,
    buffer: &'b mut Unescaped,
) -> &'b str {
    let quote = span.len().saturating_sub(text.len()) / 2;
    let range = span.range().start + quote..span.range().end.saturating_sub(quote);
    let plain = whole.and_then(|whole| whole.get(range)).filter(|plain| plain.as_bytes() == text);
    format::unescape_at(escape, text, plain, buffer).as_str()
}
