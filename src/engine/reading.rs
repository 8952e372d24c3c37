//! One message taken apart: every layer as received, and those decoded out of them.

use std::borrow::Cow;

use super::{
    Message, Scratch,
    embedded::{Embedded, EmbeddedKind},
    sink::{At, Sink, Walk},
};
use crate::{
    detect::DetectorSet,
    domain::{
        Coverage, Encoding, Finding, Findings, Format, Gap, GapCause, Layer, LayerId, Limits, Part,
        Step,
    },
    format::{self, Stop, Unescaped},
};

/// A message taken apart.
#[derive(Debug, Default)]
pub struct Reading<'m> {
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

    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// The value a finding stands for, as it reads without its escapes. Personal data: for making a
    /// pseudonym of, never for keeping.
    pub fn text(&self, finding: &Finding) -> String {
        let Some(layer) = self.layers.get(finding.layer.0 as usize) else {
            return String::new();
        };
        let mut buffer = Unescaped::default();
        let escape = layer.format.escape(finding.part);
        format::unescape(escape, finding.span.of(&layer.bytes), &mut buffer).as_str().to_owned()
    }

    pub fn coverage(&self) -> Coverage {
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
        if let Some(layer) = self.layers.get_mut(layer.index()) {
            layer.bytes = bytes;
        }
    }

    fn embedded(&mut self, embedded: Embedded, walk: &mut Walk<'_, '_>) {
        let Some(outer) = self.layers.get(embedded.layer.index()) else { return };
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
        let layer = LayerId::new(self.layers.len());
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

/// Layers one message may have: as many as a million values.
const LAYERS_MAX: usize = 1 << 20;

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
