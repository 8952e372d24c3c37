//! Reads one message into findings: walks every layer, hands names and values to the detectors, and
//! remembers where each finding stands.

use std::borrow::Cow;

use super::{Message, Scratch};
use crate::{
    detect::{DetectorSet, Hit, Scanner},
    domain::{
        Container, Coverage, Encoding, FieldSink, Finding, Findings, Format, Gap, GapCause, Key,
        Layer, LayerId, Limits, Part, PathNode, Scalar, Span, Step, Value,
    },
    format::{self, Stop, Unescaped},
};

/// A message taken apart.
#[derive(Debug, Default)]
pub(super) struct Reading<'m> {
    pub(super) layers: Vec<Layer<'m>>,
    /// What each layer without a parent is, by its number.
    pub(super) roots: Vec<(LayerId, Root)>,
    pub(super) findings: Findings,
    pub(super) gaps: Vec<Gap>,
    /// How the body was encoded, in the order applied.
    pub(super) body_encodings: Vec<Encoding>,
    pub(super) bytes: usize,
}

/// A part of the message as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    Target,
    Header(usize),
    Body,
}

/// A value that is a document of its own, to be read after the layer it stands in.
#[derive(Debug, Clone)]
pub(super) struct Embedded {
    layer: LayerId,
    span: Span,
    encoding: Encoding,
    kind: EmbeddedKind,
    part: Part,
    node: Option<u32>,
    /// How many layers it is inside of.
    chain: usize,
}

#[derive(Debug, Clone)]
enum EmbeddedKind {
    /// A text that is JSON.
    Json,
    /// A body of its own, such as a part of a multipart body.
    Declared(Option<Box<str>>),
}

impl<'m> Reading<'m> {
    pub(super) fn of(
        message: &Message<'m>,
        detectors: &DetectorSet,
        limits: &Limits,
        scratch: &mut Scratch,
    ) -> Self {
        let Scratch { detect, frames, names, hits, key, value, embedded } = scratch;
        let mut reading = Self::default();
        let mut walk = Walk {
            scanner: detectors.scanner(detect),
            frames,
            names,
            hits,
            key,
            value,
            embedded,
            limits,
        };
        walk.embedded.clear();
        reading.target(message.target, &mut walk);
        for (number, (name, value)) in message.headers.iter().enumerate() {
            reading.header(number, name, value, &mut walk);
        }
        reading.body(message, &mut walk);
        while let Some(embedded) = walk.embedded.pop() {
            reading.embedded(embedded, &mut walk);
        }
        reading
    }

    pub(super) fn coverage(&self) -> Coverage {
        self.gaps.iter().map(|gap| gap.coverage).max().unwrap_or_default()
    }

    fn target(&mut self, target: &'m str, walk: &mut Walk<'_, '_>) {
        let bytes = target.as_bytes();
        let layer = self.root(Root::Target, Format::Target, Cow::Borrowed(bytes));
        let (path, query) = format::target::split(target);
        self.walk(At::root(layer, Part::Path), walk, |limits, sink| {
            format::walk_path(path.of(bytes), path.range().start, limits, sink)
        });
        if let Some(query) = query {
            self.walk(At::root(layer, Part::Query), walk, |limits, sink| {
                format::walk_query(query.of(bytes), query.range().start, limits, sink)
            });
        }
    }

    fn header(&mut self, number: usize, name: &str, value: &'m [u8], walk: &mut Walk<'_, '_>) {
        let (format, part) = match name {
            "cookie" => (Format::Cookie, Part::Cookie),
            _ => (Format::Header, Part::Header),
        };
        let layer = self.root(Root::Header(number), format, Cow::Borrowed(value));
        let name = (part == Part::Header).then_some(name);
        let place = At { name, name_is_step: true, ..At::root(layer, part) };
        self.walk(place, walk, |limits, sink| format::walk(format, value, limits, sink));
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
        let mut bytes = Cow::Borrowed(message.body);
        match decoded(text_of("content-encoding"), message.body, walk.limits) {
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
        let format = match format::identify(text_of("content-type"), &bytes) {
            Ok(format) => format,
            Err(cause) => {
                self.gaps.push(opaque(Stop { cause, offset: 0 }));
                Format::Opaque
            }
        };
        let layer = self.root(Root::Body, format, Cow::Borrowed(&[]));
        if format != Format::Opaque {
            self.walk(At::root(layer, Part::Body), walk, |limits, sink| {
                format::walk(format, &bytes, limits, sink)
            });
        }
        self.bytes += bytes.len();
        if let Some(layer) = self.layers.get_mut(usize::from(layer.0)) {
            layer.bytes = bytes;
        }
    }

    fn embedded(&mut self, embedded: Embedded, walk: &mut Walk<'_, '_>) {
        let Some(outer) = self.layers.get(usize::from(embedded.layer.0)) else { return };
        let raw = embedded.span.of(&outer.bytes);
        let gap = |cause, coverage| Gap {
            part: embedded.part,
            coverage,
            cause,
            offset: embedded.span.start as usize,
        };
        if embedded.chain > walk.limits.layers_max || self.layers.len() >= LAYERS_MAX {
            self.gaps.push(gap(GapCause::TooManyLayers, Coverage::Partial));
            return;
        }
        let opened = match embedded.encoding {
            Encoding::Escaped(escape) => {
                Ok(format::unescape(escape, raw, walk.value).as_str().as_bytes().to_vec())
            }
            Encoding::Identity => Ok(raw.to_vec()),
            Encoding::Gzip
            | Encoding::Deflate
            | Encoding::Brotli
            | Encoding::Zstd
            | Encoding::Base64
            | Encoding::Base64Url => format::decode(embedded.encoding, raw, walk.limits),
        };
        let read = opened.map_err(|stop| stop.cause).and_then(|bytes| {
            let format = match &embedded.kind {
                EmbeddedKind::Json => Format::Json,
                EmbeddedKind::Declared(media_type) => {
                    format::identify(media_type.as_deref(), &bytes)?
                }
            };
            Ok((bytes, format))
        });
        let (bytes, format) = match read {
            Ok(read) => read,
            Err(cause) => return self.gaps.push(gap(cause, Coverage::Partial)),
        };
        let layer = LayerId(u16::try_from(self.layers.len()).unwrap_or(u16::MAX));
        let name =
            embedded.node.and_then(|node| match &self.findings.nodes.get(node as usize)?.step {
                Step::Name(name) => Some(name.clone()),
                Step::Index(_) => None,
            });
        let place = At {
            base: embedded.node,
            name: name.as_deref(),
            chain: embedded.chain,
            ..At::root(layer, embedded.part)
        };
        let mut sink = walk.sink(place, &mut self.findings);
        let walked = format::walk(format, &bytes, sink.walk.limits, &mut sink);
        sink.end(bytes.len());
        if let Err(stop) = walked {
            self.gaps.push(gap(stop.cause, Coverage::Partial));
        }
        self.bytes += bytes.len();
        self.layers.push(Layer {
            parent: Some((embedded.layer, embedded.span)),
            encoding: embedded.encoding,
            format,
            bytes: Cow::Owned(bytes),
        });
        self.overflow(embedded.part, walk);
    }

    fn root(&mut self, root: Root, format: Format, bytes: Cow<'m, [u8]>) -> LayerId {
        let layer = LayerId(u16::try_from(self.layers.len()).unwrap_or(u16::MAX));
        self.bytes += bytes.len();
        self.layers.push(Layer { parent: None, encoding: Encoding::Identity, format, bytes });
        self.roots.push((layer, root));
        layer
    }

    fn walk<'w, 's>(
        &mut self,
        place: At<'_>,
        walk: &mut Walk<'w, 's>,
        read: impl FnOnce(&Limits, &mut Sink<'_, 'w, 's>) -> Result<(), Stop>,
    ) {
        let limits = walk.limits;
        let mut sink = walk.sink(place, &mut self.findings);
        let walked = read(limits, &mut sink);
        if let Err(stop) = walked {
            sink.end(stop.offset);
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

    fn overflow(&mut self, part: Part, walk: &Walk<'_, '_>) {
        if self.findings.items.len() >= walk.limits.findings_max {
            let known = |gap: &Gap| gap.cause == GapCause::TooManyFindings;
            if !self.gaps.iter().any(known) {
                let cause = GapCause::TooManyFindings;
                self.gaps.push(Gap { part, coverage: Coverage::Partial, cause, offset: 0 });
            }
        }
    }
}

/// Layers one message may have; `LayerId` holds no more.
const LAYERS_MAX: usize = 4096;

/// The encodings of a body in the order applied, declared or not, and its bytes without them when there
/// were any.
fn decoded(
    header: Option<&str>,
    body: &[u8],
    limits: &Limits,
) -> Result<(Vec<Encoding>, Option<Vec<u8>>), Stop> {
    let mut encodings = match header {
        Some(header) => {
            format::content_encodings(header).map_err(|cause| Stop { cause, offset: 0 })?
        }
        None => Vec::new(),
    };
    if encodings.len() > limits.layers_max {
        return Err(Stop { cause: GapCause::TooManyLayers, offset: 0 });
    }
    let mut bytes: Option<Vec<u8>> = None;
    for encoding in encodings.iter().rev() {
        bytes = Some(format::decode(*encoding, bytes.as_deref().unwrap_or(body), limits)?);
    }
    // What was not declared was applied first.
    while let Some(encoding) = format::sniff_encoding(bytes.as_deref().unwrap_or(body)) {
        if encodings.len() >= limits.layers_max {
            return Err(Stop { cause: GapCause::TooManyLayers, offset: 0 });
        }
        match format::decode(encoding, bytes.as_deref().unwrap_or(body), limits) {
            Ok(inner) => bytes = Some(inner),
            // Bytes that only begin like a compression are for the media type to explain.
            Err(Stop { cause: GapCause::CorruptEncoding, .. }) => break,
            Err(stop) => return Err(stop),
        }
        encodings.insert(0, encoding);
    }
    Ok((encodings, bytes))
}

/// Where a walk stands in the message.
#[derive(Debug, Clone, Copy)]
struct At<'n> {
    layer: LayerId,
    part: Part,
    /// The node of the field this layer is inside.
    base: Option<u32>,
    /// The name of a value that is its whole layer: a header's, a form part's.
    name: Option<&'n str>,
    /// That name is not in `base` yet.
    name_is_step: bool,
    chain: usize,
}

impl At<'_> {
    fn root(layer: LayerId, part: Part) -> Self {
        Self { layer, part, base: None, name: None, name_is_step: false, chain: 0 }
    }
}

/// What every walk over one message shares.
struct Walk<'w, 's> {
    scanner: Scanner<'s>,
    frames: &'w mut Vec<Frame>,
    names: &'w mut String,
    hits: &'w mut Vec<Hit>,
    key: &'w mut Unescaped,
    value: &'w mut Unescaped,
    embedded: &'w mut Vec<Embedded>,
    limits: &'w Limits,
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
    fn sink<'k>(&'k mut self, place: At<'k>, findings: &'k mut Findings) -> Sink<'k, 'w, 's> {
        self.frames.clear();
        self.names.clear();
        self.scanner.part(place.part);
        Sink { walk: self, place, findings, enclosing: None }
    }
}

/// Turns the fields of one layer into findings.
struct Sink<'k, 'w, 's> {
    walk: &'k mut Walk<'w, 's>,
    place: At<'k>,
    findings: &'k mut Findings,
    enclosing: Option<u32>,
}

impl FieldSink for Sink<'_, '_, '_> {
    fn open(&mut self, key: Key<'_>, container: Container, member_start: usize, start: usize) {
        let names_start = self.walk.names.len();
        let (step, hit) = match key {
            Key::Root => (FrameStep::Root, self.walk.scanner.open(self.place.name, container)),
            Key::Index(number) => {
                (FrameStep::Index(number), self.walk.scanner.open(None, container))
            }
            Key::Name { text, escape, .. } => {
                let name = format::unescape(escape, text, self.walk.key);
                let name = name.as_str();
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
        if let Some(hit) = hit {
            let path = self.frame_node(hit.marks.in_key);
            let place = Span::new(start, start);
            let finding = self.finding(&hit, path, place, place, Span::new(member_start, start));
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
        let name = match key {
            Key::Root => self.place.name,
            Key::Index(_) => None,
            Key::Name { text, escape, .. } => {
                Some(format::unescape(escape, text, self.walk.key).as_str())
            }
        };
        let text = format::unescape(value.escape, value.text, self.walk.value);
        self.walk.hits.clear();
        self.walk.scanner.scalar(name, value.kind, text.as_str(), self.walk.hits);
        let inner = match value.kind {
            Scalar::String => inner(text.as_str(), value, self.walk.limits),
            Scalar::Number | Scalar::Bool | Scalar::Null | Scalar::Binary => None,
        };
        if inner.is_some() {
            // What was found in parts of the text is found again inside, with its place there.
            let whole = text.as_str().len();
            self.walk.hits.retain(|hit| hit.marks.in_key || hit.span.len() == whole);
        }
        if self.walk.hits.is_empty() && inner.is_none() {
            return;
        }
        // Spans are mapped back before the text's buffer is needed for a name.
        for hit in self.walk.hits.iter_mut() {
            hit.span = text.raw_span(hit.span);
        }
        let personal = self.walk.hits.iter().any(|hit| hit.marks.in_key);
        let path = self.node(key, personal);
        let mut hits = std::mem::take(self.walk.hits);
        for hit in &hits {
            let span = match key {
                Key::Name { span, .. } if hit.marks.in_key => span,
                // How bytes read is not how they stand: they are taken as a whole.
                _ if value.kind == Scalar::Binary => value.span,
                Key::Name { .. } | Key::Root | Key::Index(_) => {
                    hit.span.shift(value.text_span.start as usize)
                }
            };
            let finding = self.finding(hit, path, span, value.span, value.member);
            self.push(Finding { kind: Some(value.kind), ..finding });
        }
        hits.clear();
        *self.walk.hits = hits;
        if let Some((encoding, kind, span)) = inner {
            self.embed(encoding, kind, span, path);
        }
    }

    fn layer(
        &mut self,
        key: Key<'_>,
        media_type: Option<&str>,
        encoding: Encoding,
        value: Value<'_>,
    ) {
        let path = self.node(key, false);
        self.embed(
            encoding,
            EmbeddedKind::Declared(media_type.map(Into::into)),
            value.text_span,
            path,
        );
    }
}

impl Sink<'_, '_, '_> {
    fn embed(&mut self, encoding: Encoding, kind: EmbeddedKind, span: Span, path: u32) {
        self.walk.embedded.push(Embedded {
            layer: self.place.layer,
            span,
            encoding,
            kind,
            part: self.place.part,
            node: (path != Findings::ROOT).then_some(path),
            chain: self.place.chain + 1,
        });
    }

    /// Closes what a walk that stopped early left open.
    fn end(&mut self, length: usize) {
        while !self.walk.frames.is_empty() {
            self.close(length, length);
        }
    }

    fn close_finding(&mut self, frame: Frame, end: usize, member_end: usize) {
        let Some(finding) =
            frame.finding.and_then(|index| self.findings.items.get_mut(index as usize))
        else {
            return;
        };
        finding.value = Span::new(finding.value.start as usize, end);
        finding.span = finding.value;
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
        let last = self.walk.frames.len().saturating_sub(1);
        let ends: Vec<usize> = {
            let starts = self.walk.frames.iter().skip(1).map(|frame| frame.names_start);
            starts.chain([self.walk.names.len()]).collect()
        };
        for (number, (frame, end)) in self.walk.frames.iter_mut().zip(ends).enumerate() {
            let step = match frame.step {
                FrameStep::Root => {
                    frame.node = parent;
                    continue;
                }
                FrameStep::Name => Step::Name(
                    self.walk.names.get(frame.names_start..end).unwrap_or_default().into(),
                ),
                FrameStep::Index(index) => Step::Index(index),
            };
            let node = match frame.node {
                Some(node) => node,
                None => {
                    self.findings.nodes.push(PathNode {
                        parent,
                        step,
                        personal: personal && number == last,
                    });
                    u32::try_from(self.findings.nodes.len() - 1).unwrap_or(Findings::ROOT)
                }
            };
            frame.node = Some(node);
            parent = Some(node);
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
                Some(name) if self.place.name_is_step => Step::Name(name.into()),
                Some(_) | None => return parent.unwrap_or(Findings::ROOT),
            },
            Key::Index(index) => Step::Index(index),
            Key::Name { text, escape, .. } => {
                Step::Name(format::unescape(escape, text, self.walk.key).as_str().into())
            }
        };
        self.findings.nodes.push(PathNode { parent, step, personal });
        u32::try_from(self.findings.nodes.len() - 1).unwrap_or(Findings::ROOT)
    }
}

/// The document inside a text, and where in the layer it stands.
fn inner(text: &str, value: Value<'_>, limits: &Limits) -> Option<(Encoding, EmbeddedKind, Span)> {
    if is_json(text, limits) {
        return Some((Encoding::Escaped(value.escape), EmbeddedKind::Json, value.text_span));
    }
    let (skip, kind) = base64_of(text)?;
    // Where escapes stand inside, the bytes are not the text.
    let encoded = value.text.get(skip..).filter(|_| value.text.len() == text.len())?;
    let decoded = format::decode(Encoding::Base64, encoded, limits).ok()?;
    let readable = match kind {
        EmbeddedKind::Json => is_json(std::str::from_utf8(&decoded).ok()?, limits),
        EmbeddedKind::Declared(_) => true,
    };
    let span = Span::new(value.text_span.start as usize + skip, value.text_span.end as usize);
    readable.then_some((Encoding::Base64, kind, span))
}

/// How many bytes stand before base64 (RFC 4648 §4) that begins like a picture or like JSON, and which.
fn base64_of(text: &str) -> Option<(usize, EmbeddedKind)> {
    const SHORTEST: usize = 16;
    let skip = match text.strip_prefix("data:") {
        // RFC 2397.
        Some(rest) => {
            "data:".len()
                + rest.get(..rest.len().min(128)).unwrap_or(rest).find(";base64,")?
                + ";base64,".len()
        }
        None => 0,
    };
    let start = text.as_bytes().get(skip..).filter(|encoded| encoded.len() >= SHORTEST)?;
    let begins = |mark: &[u8]| start.starts_with(mark);
    if begins(b"/9j/") || begins(b"iVBORw0KGgo") || begins(b"UklGR") || begins(b"AAAA") && skip > 0
    {
        Some((skip, EmbeddedKind::Declared(None)))
    } else if begins(b"eyJ")
        || begins(b"ey") && skip > 0
        || begins(b"W3si")
        || begins(b"Wy") && skip > 0
    {
        Some((skip, EmbeddedKind::Json))
    } else {
        None
    }
}

/// True for the text of an object or array, and for one that exceeds a limit while it is read: that is
/// for the walk to say.
fn is_json(text: &str, limits: &Limits) -> bool {
    struct Ignore;

    impl FieldSink for Ignore {
        fn open(&mut self, _: Key<'_>, _: Container, _: usize, _: usize) {}
        fn close(&mut self, _: usize, _: usize) {}
        fn scalar(&mut self, _: Key<'_>, _: Value<'_>) {}
    }

    let trimmed = text.trim_ascii();
    let is_bracketed = matches!(
        (trimmed.as_bytes().first(), trimmed.as_bytes().last()),
        (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']'))
    );
    is_bracketed
        && !matches!(
            format::walk(Format::Json, text.as_bytes(), limits, &mut Ignore),
            Err(Stop { cause: GapCause::Malformed | GapCause::InvalidUtf8, .. })
        )
}
