//! One value read: what is known of it already, the documents inside, the detectors, and what was found put in its place.

use super::{Sink, is_full, name};
use crate::{
    detect::{Hit, Recall, Scanner, Ticket, Told},
    domain::{Encoding, Finding, Findings, Key, Part, Scalar, Span, Value, Wanted},
    engine::embedded::{Embedded, Inner},
    format::{self, Text},
};

impl Sink<'_, '_, '_> {
    pub(super) fn read(&mut self, key: Key<'_>, value: &Value<'_>) {
        if self.walk.scanner.is_given_up() {
            return;
        }
        if let Some(document) = as_document(key, value) {
            self.read(Key::Index(0), &document);
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
        let scanner = &mut self.walk.scanner;
        let Some(may_hold) = unless_passed(scanner, key, name, value, text.as_str()) else {
            return;
        };
        let told =
            Told { kind: value.kind, text: text.as_str(), may_hold: may_hold.unwrap_or(true) };
        let recalled =
            if self.is_in_pieces { Recall::Never } else { self.walk.scanner.recall(name, told) };
        let ticket = match recalled {
            Recall::Found(None) => return,
            Recall::Found(Some(hit)) => {
                let hit = Hit { span: text.raw_span(hit.span), ..hit };
                return self.recalled(&hit, key, value);
            }
            Recall::New(ticket) => Some(ticket),
            Recall::Never => None,
        };
        let may_hold = may_hold
            .unwrap_or_else(|| value.kind != Scalar::String || format::may_hold(text.as_str()));
        let is_among_tokens = self.place.reads_as() != Part::Body;
        let inside = &mut self.walk.inside;
        if value.kind == Scalar::String && may_hold && !self.is_in_pieces {
            let is_long = text.as_str().len() >= format::TEXT_BYTES_MIN;
            inside.find(text.as_str(), matches!(key, Key::Root) && is_long, is_among_tokens);
        }
        let further = inside.further(text.as_str(), is_among_tokens, self.walk.further);
        let scanned = further.as_ref().unwrap_or(&text).as_str();
        self.walk.hits.clear();
        self.walk.scanner.scalar(name, Told { text: scanned, may_hold, ..told }, self.walk.hits);
        if let Key::Name { text, .. } = key
            && !self.walk.hits.is_empty()
        {
            Scanner::drop_own_name(text, scanned, self.walk.hits);
        }
        let ticket =
            ticket.filter(|ticket| further.is_none() && self.walk.scanner.may_keep(*ticket));
        // What had no room is not nothing.
        let is_all = !inside.room.is_exceeded && !self.walk.scanner.is_given_up();
        if let Some(ticket) = ticket.filter(|_| inside.found.is_empty() && is_all) {
            self.walk.scanner.keep(ticket, scanned, self.walk.hits);
        }
        if let Some(further) = &further {
            raw_spans(self.walk.hits, further);
        }
        if !inside.found.is_empty() {
            // What was found in parts of the text is found again inside, with its place there. A document that is
            // itself a value, as a token is, stays one.
            let whole = text.as_str().len();
            self.walk.hits.retain(|hit| {
                hit.marks.in_key || hit.span.len() == whole || !inside.has_a_part(hit.span)
            });
        }
        if self.walk.hits.is_empty() && inside.found.is_empty() {
            return;
        }
        if is_full(self.findings, self.walk.limits) {
            inside.found.clear();
            return;
        }
        // A value with one document and nothing else says what the document says.
        let stands_as_it_reads = std::ptr::eq(text.as_str().as_bytes(), value.text);
        let is_alone = self.walk.hits.is_empty() && inside.found.len() == 1;
        let ticket = ticket.filter(|_| is_alone && stands_as_it_reads);
        inside.put_in_place(&text, value.text, value.escape);
        // Spans are mapped back before the text's buffer is needed for a name.
        raw_spans(self.walk.hits, &text);
        self.record(key, value, ticket);
    }

    /// Adds what was found in the same value before.
    fn recalled(&mut self, hit: &Hit, key: Key<'_>, value: &Value<'_>) {
        if is_full(self.findings, self.walk.limits) {
            return;
        }
        let path = self.node(key, false);
        self.hit(hit, path, key, value);
    }

    /// Adds what was found in the value at hand, and has the documents inside wait to be read. `ticket` is for a value
    /// that is one document and nothing else.
    fn record(&mut self, key: Key<'_>, value: &Value<'_>, ticket: Option<Ticket>) {
        let personal = self.walk.hits.iter().any(|hit| hit.marks.in_key);
        let path = self.node(key, personal);
        let mut hits = std::mem::take(self.walk.hits);
        for hit in &hits {
            self.hit(hit, path, key, value);
        }
        hits.clear();
        *self.walk.hits = hits;
        let only = ticket.map(|ticket| (ticket, value.text_span));
        let mut found = std::mem::take(self.walk.inside.found);
        for document in found.drain(..) {
            let outer = if document.is_escaped {
                Encoding::Escaped(value.escape)
            } else {
                Encoding::Identity
            };
            let span = document.span.shift(value.text_span.start as usize);
            self.embed(span, outer, document, path, only);
        }
        *self.walk.inside.found = found;
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

    pub(super) fn embed(
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
}

/// A name that is a document: `?{"gender":"F"}`.
#[inline]
fn as_document<'b>(key: Key<'b>, value: &Value<'_>) -> Option<Value<'b>> {
    let Key::Name { text, span, escape } = key else { return None };
    if !may_begin_document(text) {
        return None;
    }
    let quote = span.len().saturating_sub(text.len()) / 2;
    Some(Value {
        kind: Scalar::String,
        text,
        text_span: Span::new(span.range().start + quote, span.range().end - quote),
        span,
        member: value.member,
        escape,
        may_hold: None,
    })
}

/// Whether a value may be found in `text` by its form, as far as that was looked at; `None` where the value is passed
/// over. A decoder that knew nothing of the value did not ask whether it is wanted.
#[inline]
#[expect(clippy::option_option, reason = "the inner one is what decoders tell")]
fn unless_passed(
    scanner: &mut Scanner<'_>,
    key: Key<'_>,
    name: Option<&str>,
    value: &Value<'_>,
    text: &str,
) -> Option<Option<bool>> {
    let (None, Key::Name { .. }, Some(name)) = (value.may_hold, key, name) else {
        return Some(value.may_hold);
    };
    let wants = scanner.wants_without_foresight(name.as_bytes());
    if value.kind != Scalar::String || wants.scalars != Wanted::Nothing {
        return Some(None);
    }
    let may_hold = format::may_hold(text);
    if !may_hold && !scanner.may_announce(text.as_bytes()) {
        scanner.pass_over();
        return None;
    }
    Some(Some(may_hold))
}

/// Has `hits` in a text stand where they do in the bytes it was read from.
#[inline]
fn raw_spans(hits: &mut [Hit], text: &Text<'_>) {
    for hit in hits {
        hit.span = text.raw_span(hit.span);
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
