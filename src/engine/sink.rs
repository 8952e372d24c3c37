//! Turns the fields of one layer into findings: hands names and values to the detectors and remembers
//! where each finding stands. A field without a finding leaves nothing behind.

mod inside;
mod path;
mod value;

use super::embedded::{Embedded, EmbeddedKind, Inner};
use crate::{
    detect::{Hit, Scanner},
    domain::{
        Container, Encoding, Escape, FieldSink, Finding, Findings, Key, LayerId, Limits, Name,
        Part, ShortName, Span, Value, Wants,
    },
    format::{self, Unescaped},
};
pub(super) use inside::Inside;
pub(super) use path::Frame;
use path::FrameStep;

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
    pub(super) inside: Inside<'w>,
    /// The text of the value at hand without a further escape.
    pub(super) further: &'w mut Unescaped,
    pub(super) limits: &'w Limits,
}

impl<'w, 's> Walk<'w, 's> {
    /// Keeps no more room than most messages need.
    pub(super) fn give_back(&mut self) {
        const DOCUMENTS: usize = 1 << 10;
        self.embedded.shrink_to(DOCUMENTS);
        self.inside.give_back(DOCUMENTS);
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
        self.read(key, &value);
    }

    fn pieces(&mut self, key: Key<'_>, value: Value<'_>) {
        self.is_in_pieces = true;
        self.read(key, &value);
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
        if let Some(document) = self.walk.inside.room.admit(document) {
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
