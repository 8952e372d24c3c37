//! One message taken apart: every layer as received, and those decoded out of them.

use std::borrow::Cow;

use super::{
    Message, Scratch,
    embedded::{self, Embedded, EmbeddedKind, Inner, Room},
    familiar::Familiar,
    opening::{self, Opening},
    sink::{self, At, Inside, Sink, Walk},
};
use crate::{
    detect::DetectorSet,
    domain::{
        Coverage, Encoding, Finding, Findings, Format, Gap, GapCause, Layer, LayerId, Limits, Part,
        Span, Step,
    },
    format::{self, Stop, Unescaped},
    redact::Place,
};

/// A message taken apart.
#[derive(Debug, Default)]
pub struct Reading<'m> {
    pub(super) layers: Vec<Layer<'m>>,
    /// What each layer without a parent is, by its number.
    pub(super) roots: Vec<(LayerId, Root)>,
    /// The node each document inside a value stands at, and its part, by the number of its layer.
    bases: Vec<(LayerId, Option<u32>, Part)>,
    pub(super) findings: Findings,
    pub(super) gaps: Vec<Gap>,
    /// The values that gaps lie in as a whole, as many as there are such gaps.
    values_with_gaps: Vec<(LayerId, Span)>,
    /// How the body was encoded, in the order applied.
    pub(super) body_encodings: Vec<Encoding>,
    /// A redacted body goes out in those again.
    pub(super) keeps_content_coding: bool,
    pub(super) bytes: usize,
    /// How many more bytes may be decoded out of values.
    embedded_bytes: usize,
    /// As received.
    pub(super) message: Option<Message<'m>>,
}

/// A part of the message as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    Target,
    Header(usize),
    /// What such a header is called.
    HeaderName(usize),
    Body,
    /// What an encoding of the body says beside it: the name of a file.
    Beside,
}

/// Room is made for no more findings than a message can be expected to have, however many the last one had.
const BYTES_PER_FINDING: usize = 32;
const FINDINGS_ELSEWHERE: usize = 8;
const NODES_PER_FINDING: usize = 2;

impl<'m> Reading<'m> {
    pub(super) fn of(
        message: &Message<'m>,
        detectors: &DetectorSet,
        limits: &Limits,
        scratch: &mut Scratch,
    ) -> Self {
        let Scratch {
            detect,
            frames,
            names,
            hits,
            key,
            value,
            further,
            embedded,
            inner,
            deeper,
            decoder,
            familiar,
            found_last,
            spare,
            halt,
        } = scratch;
        let (items, nodes) = *found_last;
        let findings_room = message.body.len() / BYTES_PER_FINDING + FINDINGS_ELSEWHERE;
        let mut findings = std::mem::take(spare);
        findings.reserve(items.min(findings_room), nodes.min(NODES_PER_FINDING * findings_room));
        let parts = message.headers.len() + 2;
        let mut reading = Self {
            layers: Vec::with_capacity(parts),
            roots: Vec::with_capacity(parts),
            findings,
            keeps_content_coding: limits.keeps_content_coding,
            message: Some(*message),
            embedded_bytes: limits.decoded_bytes_max,
            ..Self::default()
        };
        let mut walk = Walk {
            scanner: detectors.scanner(detect).until(halt),
            frames,
            names,
            hits,
            key,
            value,
            embedded,
            inside: Inside { found: inner, deeper, decoder, room: Room::of(limits), limits },
            further,
            limits,
        };
        walk.embedded.clear();
        familiar.begin(walk.scanner.set_number(), limits);
        reading.target(message.target, familiar, &mut walk);
        for (number, (name, value)) in message.headers.iter().enumerate() {
            reading.header(number, name, value, familiar, &mut walk);
        }
        reading.body(message, &mut walk);
        while let Some(embedded) = walk.embedded.pop()
            && !walk.scanner.is_given_up()
        {
            reading.embedded(embedded, &mut walk);
        }
        if walk.scanner.is_given_up() {
            // Anything may be in what was left.
            let (part, coverage, cause) = (Part::Body, Coverage::Opaque, GapCause::TooSlow);
            reading.gaps.push(Gap { part, coverage, cause, offset: 0 });
        }
        if walk.scanner.has_left_out() {
            let (coverage, cause) = (Coverage::Partial, GapCause::TooManyFields);
            reading.gaps.push(Gap { part: Part::Body, coverage, cause, offset: 0 });
        }
        walk.give_back();
        *found_last = (reading.findings.items.len(), reading.findings.nodes.len());
        reading
    }

    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// The value a finding stands for, as it reads without its escapes. Personal data: for making a
    /// pseudonym of, never for keeping.
    pub fn text(&self, finding: &Finding) -> String {
        let Some(layer) = self.layers.get(finding.layer.index()) else {
            return String::new();
        };
        let mut buffer = Unescaped::default();
        let escape = Place::of(layer, finding).escape();
        let text = format::unescape(escape, finding.span.of(&layer.bytes), &mut buffer);
        embedded::plain(text.as_str())
    }

    /// The body, where it is JSON; `null` where not. For the rare question that findings do not answer.
    pub(super) fn document(&self) -> serde_json::Value {
        let body = self.roots.iter().find(|(_, root)| matches!(root, Root::Body));
        let layer = body.and_then(|(layer, _)| self.layers.get(layer.index()));
        layer.and_then(|layer| serde_json::from_slice(&layer.bytes).ok()).unwrap_or_default()
    }

    /// What a layer without a parent is.
    pub(super) fn root_of(&self, layer: LayerId) -> Option<Root> {
        self.roots.iter().find(|(known, _)| *known == layer).map(|(_, root)| *root)
    }

    /// The node of the value that a layer was read out of, and the part of that.
    pub(super) fn base_of(&self, layer: LayerId) -> Option<(Option<u32>, Part)> {
        let at = self.bases.binary_search_by_key(&layer, |(known, ..)| *known).ok()?;
        self.bases.get(at).map(|(_, node, part)| (*node, *part))
    }

    /// The values that all gaps lie in; `None` where one may lie anywhere, or there is none.
    pub(super) fn values_with_gaps(&self) -> Option<&[(LayerId, Span)]> {
        let count = self.gaps.len();
        let are_all = count > 0 && count < GAPS_MAX && self.values_with_gaps.len() == count;
        are_all.then_some(&self.values_with_gaps)
    }

    pub fn coverage(&self) -> Coverage {
        self.gaps.iter().map(|gap| gap.coverage).max().unwrap_or_default()
    }

    fn target(&mut self, target: &'m str, familiar: &mut Familiar, walk: &mut Walk<'_, '_>) {
        let bytes = target.as_bytes();
        let layer = self.root(Root::Target, Format::Target, Cow::Borrowed(bytes));
        if familiar.contains("", bytes) {
            return;
        }
        let before = self.found(walk);
        let (path, query) = format::target::split(target);
        self.walk(At::root(layer, Part::Path), walk, |limits, sink| {
            format::walk_path(path.of(bytes), path.range().start, limits, sink)
        });
        if let Some(query) = query {
            self.walk(At::root(layer, Part::Query), walk, |limits, sink| {
                format::walk_query(query.of(bytes), query.range().start, limits, sink)
            });
        }
        if self.is_quiet_since(before, walk) {
            familiar.insert("", bytes);
        }
    }

    /// How much was found so far, of any kind.
    fn found(&self, walk: &Walk<'_, '_>) -> (usize, usize, usize) {
        (self.findings.items.len(), self.gaps.len(), walk.embedded.len())
    }

    /// Nothing more was found, and would have been if there was anything.
    fn is_quiet_since(&self, before: (usize, usize, usize), walk: &Walk<'_, '_>) -> bool {
        self.found(walk) == before && !self.is_full(walk)
    }

    fn header(
        &mut self,
        number: usize,
        name: &'m str,
        value: &'m [u8],
        familiar: &mut Familiar,
        walk: &mut Walk<'_, '_>,
    ) {
        let (format, part) = match name {
            "cookie" => (Format::Cookie, Part::Cookie),
            "set-cookie" => (Format::Header, Part::Cookie),
            "baggage" => (Format::Baggage, Part::Header),
            "forwarded" => (Format::Forwarded, Part::Header),
            _ => (Format::Header, Part::Header),
        };
        let layer = self.root(Root::Header(number), format, Cow::Borrowed(value));
        if familiar.contains(name, value) {
            return;
        }
        let before = self.found(walk);
        let told = number_in(name);
        let step = (part == Part::Header && told.is_none()).then_some(name);
        let place = At { name: step, name_is_step: true, ..At::root(layer, part) };
        self.walk(place, walk, |limits, sink| match name {
            "set-cookie" => format::walk_set_cookie(value, limits, sink),
            _ => format::walk(format, value, limits, sink),
        });
        if let Some(told) = told.map(str::as_bytes) {
            let layer = self.root(Root::HeaderName(number), Format::Header, Cow::Borrowed(told));
            self.walk(At::root(layer, part), walk, |limits, sink| {
                format::walk(Format::Header, told, limits, sink)
            });
        }
        if self.is_quiet_since(before, walk) {
            familiar.insert(name, value);
        }
    }

    fn body(&mut self, message: &Message<'m>, walk: &mut Walk<'_, '_>) {
        if message.body.is_empty() {
            return;
        }
        let text_of = |name| message.header(name).and_then(|value| std::str::from_utf8(value).ok());
        let opaque = |stop: Stop| Gap {
            part: Part::Body,
            coverage: Coverage::Opaque,
            cause: stop.cause,
            offset: stop.offset,
        };
        let content_type = text_of("content-type");
        let content_encoding = message.list("content-encoding");
        // What is no text names no encoding that is known.
        let content_encoding =
            content_encoding.as_deref().map(|list| std::str::from_utf8(list).unwrap_or("unknown"));
        let mut bytes = Cow::Borrowed(message.body);
        let mut names = Vec::new();
        let limits = walk.limits;
        let opened = opening::decoded(
            content_encoding,
            message.body,
            limits,
            walk.inside.decoder,
            &mut names,
        )
        .and_then(|(mut encodings, decoded)| {
            let text = decoded.as_deref().unwrap_or(message.body);
            match opening::transcoded(content_type, text, walk.limits, walk.inside.decoder)? {
                Some((charset, text)) => {
                    encodings.insert(0, Encoding::Charset(charset));
                    Ok((encodings, Some(text)))
                }
                None => Ok((encodings, decoded)),
            }
        });
        match opened {
            Ok((encodings, decoded)) => {
                self.body_encodings = encodings;
                if let Some(decoded) = decoded {
                    self.bytes += message.body.len();
                    bytes = Cow::Owned(decoded);
                }
            }
            Err(stop) => {
                self.gaps.push(opaque(stop));
                self.bytes += message.body.len();
                return;
            }
        }
        let format = match format::identify(content_type, &bytes) {
            Ok(format) => format,
            Err(cause) => {
                self.gaps.push(opaque(Stop { cause, offset: 0 }));
                // It counts as unread; what shows in a text is told all the same.
                if is_plain_text(&bytes) {
                    Format::Text
                } else if self.body_encodings.is_empty()
                    && let Some((encoding, format, inner)) = opening::without_mark(
                        content_type,
                        &bytes,
                        walk.limits,
                        walk.inside.decoder,
                    )
                {
                    self.body_encodings.push(encoding);
                    self.bytes += message.body.len();
                    bytes = Cow::Owned(inner);
                    format
                } else {
                    Format::Opaque
                }
            }
        };
        if format == Format::Text && format::hides_text(content_type, &bytes) {
            let cause = GapCause::UnknownContentEncoding;
            let gap = opaque(Stop { cause, offset: 0 });
            self.gaps.push(Gap { coverage: Coverage::Partial, ..gap });
        }
        if message.is_a_part_of_a_body() {
            let gap = opaque(Stop { cause: GapCause::NotHeld, offset: 0 });
            self.gaps.push(Gap { coverage: Coverage::Partial, ..gap });
        }
        if message.is_of_several_types() {
            self.gaps.push(opaque(Stop { cause: GapCause::MediaTypeMismatch, offset: 0 }));
        }
        let layer = self.root(Root::Body, format, Cow::Borrowed(&[]));
        if format != Format::Opaque {
            let text = as_text(format, &bytes);
            let place = At { text, ..At::root(layer, Part::Body) };
            self.walk(place, walk, |limits, sink| {
                let read = format::walk(format, &bytes, limits, sink);
                if let Err(stop) = read {
                    sink.end(stop.offset);
                    let offset = stop.offset.max(sink.found_to());
                    format::walk_rest(format, &bytes, Stop { offset, ..stop }, sink);
                }
                read
            });
        }
        self.bytes += bytes.len();
        if let Some(layer) = self.layers.get_mut(layer.index()) {
            layer.bytes = bytes;
        }
        for name in names {
            self.beside(name, walk);
        }
    }

    /// Reads what stands beside the body in an encoding of it, as a text.
    fn beside(&mut self, text: Vec<u8>, walk: &mut Walk<'_, '_>) {
        let layer = self.root(Root::Beside, Format::Header, Cow::Borrowed(&[]));
        self.walk(At::root(layer, Part::Body), walk, |limits, sink| {
            format::walk(Format::Header, &text, limits, sink)
        });
        self.bytes += text.len();
        if let Some(layer) = self.layers.get_mut(layer.index()) {
            layer.bytes = Cow::Owned(text);
        }
    }

    /// Reads a document inside a value. Layers in which nothing is found are not kept.
    fn embedded(&mut self, mut embedded: Embedded, walk: &mut Walk<'_, '_>) {
        let first = self.layers.len();
        let part = embedded.part;
        let offset = embedded.span.start as usize;
        let is_declared = matches!(embedded.inner.kind, EmbeddedKind::Declared(_));
        let is_phrase = matches!(embedded.inner.kind, EmbeddedKind::Phrase(_));
        let is_broken = matches!(embedded.inner.kind, EmbeddedKind::Broken);
        let value = (embedded.layer, embedded.span);
        let gap = |cause| Gap { part, coverage: Coverage::Partial, cause, offset };
        if let EmbeddedKind::Unread(cause) = embedded.inner.kind {
            return self.gap(gap(cause), value);
        }
        let mut names = Vec::new();
        let opened = self.open(&mut embedded, &mut names, walk);
        // A document that says something beside is not as quiet as what is in it.
        if !names.is_empty() {
            embedded.only = None;
        }
        let (format, bytes) = match opened {
            Ok(opened) => opened,
            Err(cause) => {
                self.layers.truncate(first);
                return self.gap(gap(cause), value);
            }
        };
        let innermost = self.layers.len().saturating_sub(1);
        let name = embedded
            .node
            .and_then(|node| match &self.findings.nodes.get(node as usize)?.step {
                Step::Name(name) => Some(name.clone()),
                Step::Index(_) => None,
            })
            // A table says itself what it is of; the part of a form that it comes in is often called `file`.
            .filter(|_| !(is_declared && format.is_table()))
            // What an answer refers to is no place, whose names are those of places.
            .filter(|name| !(part == Part::Header && &**name == "location"));
        let place = At {
            base: embedded.node,
            name: if is_phrase { Some(PHRASE) } else { name.as_deref() },
            chain: embedded.chain + (innermost - first),
            text: as_text(format, &bytes),
            ..At::root(LayerId::new(innermost), part)
        };
        let (findings, documents) = (self.findings.items.len(), walk.embedded.len());
        let walked = self.look(place, walk, |limits, sink| {
            let walked = format::walk(format, &bytes, limits, sink);
            sink.end(bytes.len());
            let broken = Stop { cause: GapCause::InvalidUtf8, offset: 0 };
            walked.and(if is_broken { Err(broken) } else { Ok(()) })
        });
        if let Err(stop) = &walked {
            self.gap(gap(stop.cause), value);
        }
        self.bytes += bytes.len();
        if self.findings.items.len() == findings && walk.embedded.len() == documents {
            self.layers.truncate(first);
            if walked.is_ok() && !self.is_full(walk) {
                self.keep_quiet(&embedded, walk);
            }
        } else if let Some(layer) = self.layers.get_mut(innermost) {
            layer.format = format;
            layer.bytes = Cow::Owned(bytes);
            self.bases.push((LayerId::new(innermost), embedded.node, part));
        }
        for name in names {
            let kind = EmbeddedKind::Known(Format::Header);
            let inner =
                Inner { encoding: Encoding::OneWay, opened: Some(name), kind, ..Inner::default() };
            walk.embedded.push(Embedded { inner, outer: Encoding::Identity, ..embedded.clone() });
        }
        self.overflow(part, walk);
    }

    /// Nothing was found in a document, and nothing else is in the value it stands in.
    fn keep_quiet(&self, embedded: &Embedded, walk: &mut Walk<'_, '_>) {
        if let Some((ticket, span)) = embedded.only
            && let Some(layer) = self.layers.get(embedded.layer.index())
            && let Ok(text) = std::str::from_utf8(span.of(&layer.bytes))
        {
            walk.scanner.keep_quiet(ticket, text);
        }
    }

    /// Takes the encodings of a document off and adds a layer for each; the format and the bytes of the
    /// innermost.
    fn open(
        &mut self,
        embedded: &mut Embedded,
        names: &mut Vec<Vec<u8>>,
        walk: &mut Walk<'_, '_>,
    ) -> Result<(Format, Vec<u8>), GapCause> {
        let Embedded { outer, inner, chain, .. } = embedded;
        let mut opening = Opening {
            layers: &mut self.layers,
            place: (embedded.layer, embedded.span),
            bytes: None,
            chain: *chain,
            left: &mut self.embedded_bytes,
            limits: walk.limits,
            decoder: walk.inside.decoder,
            buffer: walk.value,
            names,
        };
        if *outer != Encoding::Identity {
            opening.take_off(*outer, None)?;
        }
        if inner.encoding != Encoding::Identity || *outer == Encoding::Identity {
            opening.take_off(inner.encoding, inner.opened.take())?;
        }
        let format = match &inner.kind {
            EmbeddedKind::Known(format) => *format,
            EmbeddedKind::Declared(media_type) => opening.declared(media_type.as_deref())?,
            EmbeddedKind::Phrase(media_type) => opening.declared(Some(media_type))?,
            EmbeddedKind::Broken => Format::Text,
            EmbeddedKind::Unread(cause) => return Err(*cause),
        };
        Ok((format, opening.bytes.unwrap_or_default()))
    }

    /// Notes what was not read of a value; the same cause a thousand times over says no more.
    fn gap(&mut self, gap: Gap, value: (LayerId, Span)) {
        if self.gaps.len() < GAPS_MAX {
            self.gaps.push(gap);
            // An empty one stands where looking for documents ended, and the gap goes on behind it.
            let value = Some(value).filter(|(_, span)| !span.is_empty());
            self.values_with_gaps.extend(value);
        }
    }

    fn root(&mut self, root: Root, format: Format, bytes: Cow<'m, [u8]>) -> LayerId {
        let layer = LayerId::new(self.layers.len());
        self.bytes += bytes.len();
        self.layers.push(Layer { parent: None, encoding: Encoding::Identity, format, bytes });
        self.roots.push((layer, root));
        layer
    }

    fn walk<'w, 's>(
        &mut self,
        place: At<'_>,
        walk: &mut Walk<'w, 's>,
        read: impl Fn(&Limits, &mut Sink<'_, 'w, 's>) -> Result<(), Stop>,
    ) {
        if let Err(stop) = self.look(place, walk, read) {
            let coverage = if stop.offset == 0 { Coverage::Opaque } else { Coverage::Partial };
            self.gaps.push(Gap {
                part: place.part,
                coverage,
                cause: stop.cause,
                offset: stop.offset,
            });
        }
        self.overflow(place.part, walk);
    }

    /// Walks a layer; once more when a member stood before those that show what its object is about.
    fn look<'w, 's>(
        &mut self,
        place: At<'_>,
        walk: &mut Walk<'w, 's>,
        read: impl Fn(&Limits, &mut Sink<'_, 'w, 's>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let limits = walk.limits;
        let once = |findings: &mut Findings, walk: &mut Walk<'w, 's>| {
            let mut sink = walk.sink(place, findings);
            let walked = read(limits, &mut sink);
            if let Err(stop) = &walked {
                sink.end(stop.offset);
            }
            walked
        };
        let (items, nodes) = (self.findings.items.len(), self.findings.nodes.len());
        let (embedded, room) = (walk.embedded.len(), walk.inside.room);
        let walked = once(&mut self.findings, walk);
        if !walk.scanner.is_to_look_again() {
            return walked;
        }
        self.findings.items.truncate(items);
        self.findings.nodes.truncate(nodes);
        walk.embedded.truncate(embedded);
        walk.inside.room = room;
        let walked = once(&mut self.findings, walk);
        walk.scanner.end_second_look();
        walked
    }

    fn overflow(&mut self, part: Part, walk: &Walk<'_, '_>) {
        let findings = sink::is_full(&self.findings, walk.limits);
        let documents = walk.inside.room.is_exceeded;
        let exceeded =
            [(GapCause::TooManyFindings, findings), (GapCause::TooManyLayers, documents)];
        for (cause, _) in exceeded.into_iter().filter(|(_, is_exceeded)| *is_exceeded) {
            if !self.gaps.iter().any(|gap| gap.cause == cause) {
                self.gaps.push(Gap { part, coverage: Coverage::Partial, cause, offset: 0 });
            }
        }
    }

    /// Nothing more is recorded, or looked for.
    fn is_full(&self, walk: &Walk<'_, '_>) -> bool {
        walk.inside.room.is_exceeded
            || walk.scanner.is_given_up()
            || sink::is_full(&self.findings, walk.limits)
    }
}

/// What the words before a mailbox are called.
const PHRASE: &str = "display name";

/// Gaps that are told one by one.
const GAPS_MAX: usize = 1024;

/// What the name of a header tells besides, from its first digit on: the number of a telephone, a card or a person.
fn number_in(name: &str) -> Option<&str> {
    const DIGITS_MIN: usize = 7;
    let number = name.get(name.find(|c: char| c.is_ascii_digit() || c == '+')?..)?;
    (number.bytes().filter(u8::is_ascii_digit).count() >= DIGITS_MIN).then_some(number)
}

fn is_plain_text(bytes: &[u8]) -> bool {
    let is_written = |byte: &u8| *byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r');
    bytes.iter().all(is_written) && format::utf8(bytes).is_some()
}

/// A document with many short strings, as one text: it is checked once rather than string by string.
fn as_text(format: Format, bytes: &[u8]) -> Option<&str> {
    let has_many = matches!(
        format,
        Format::Json
            | Format::NdJson
            | Format::Form
            | Format::Csv
            | Format::CsvData
            | Format::Tsv
            | Format::Xml
            | Format::Yaml
            | Format::Toml
    );
    has_many.then(|| format::utf8(bytes)).flatten()
}
