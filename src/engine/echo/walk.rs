//! The layers in which a value may stand once more, walked again for its member and the way to it.

use std::ops::Range;

use super::places::Places;
use crate::{
    detect::{self, DetectorSet, Sought},
    domain::{
        Container, FieldSink, Findings, Format, Key, LayerId, Limits, Part, PathNode, Scalar, Span,
        Step, Value,
    },
    engine::reading::{Reading, Root},
    format::{self, Unescaped},
};

/// A value that stands once more.
pub(super) struct Echo {
    pub(super) layer: LayerId,
    pub(super) part: Part,
    pub(super) path: u32,
    pub(super) span: Span,
    pub(super) value: Span,
    pub(super) member: Span,
    pub(super) kind: Scalar,
    /// The redaction of the same value, by its number.
    pub(super) of: u32,
}

pub(super) struct Walk<'w> {
    sought: &'w Sought,
    places: &'w Places,
    detectors: &'w DetectorSet,
    /// What is known of names: made once a value was found, as in most messages none is.
    scratch: Option<detect::Scratch>,
    pub(super) found: Vec<Echo>,
}

impl<'w> Walk<'w> {
    pub(super) fn new(sought: &'w Sought, places: &'w Places, detectors: &'w DetectorSet) -> Self {
        Self { sought, places, detectors, scratch: None, found: Vec::new() }
    }

    fn is_personal(&mut self, name: &str) -> bool {
        let scratch = self.scratch.get_or_insert_default();
        self.detectors.scanner(scratch).is_personal(name)
    }

    pub(super) fn layer(&mut self, reading: &mut Reading<'_>, id: LayerId) {
        // It was read before, within bounds.
        let limits = &Limits { depth_max: usize::MAX, fields_max: usize::MAX, ..Limits::default() };
        let root = reading.root_of(id);
        let header = match (root, &reading.message) {
            (Some(Root::Header(number)), Some(message)) => message.headers.get(number),
            (Some(_) | None, _) => None,
        };
        let name = header.map(|(name, _)| *name);
        let base = reading.base_of(id);
        let Some(layer) = reading.layers.get(id.index()) else { return };
        let (format, bytes) = (layer.format, &*layer.bytes);
        let part = match (root, format) {
            (Some(Root::Target), _) => Part::Path,
            (Some(Root::Header(_)), Format::Cookie) => Part::Cookie,
            (Some(Root::Header(_)), _) if name == Some("set-cookie") => Part::Cookie,
            (Some(Root::Header(_)), _) => Part::Header,
            (Some(_), _) => Part::Body,
            (None, _) => base.map_or(Part::Body, |(_, part)| part),
        };
        let mut sink = EchoSink {
            nodes: &mut reading.findings.nodes,
            layer: id,
            part,
            base: base.and_then(|(node, _)| node),
            name: name.filter(|_| part == Part::Header),
            frames: Vec::new(),
            texts: Unescaped::default(),
            spans: Vec::new(),
            passed: 0..0,
            walk: self,
        };
        match (root, name) {
            (Some(Root::Target), _) => {
                let (path, query) =
                    format::target::split(std::str::from_utf8(bytes).unwrap_or_default());
                let _ = format::walk_path(path.of(bytes), path.range().start, limits, &mut sink);
                sink.frames.clear();
                sink.part = Part::Query;
                if let Some(query) = query {
                    let start = query.range().start;
                    let _ = format::walk_query(query.of(bytes), start, limits, &mut sink);
                }
            }
            (_, Some("set-cookie")) => {
                let _ = format::walk_set_cookie(bytes, limits, &mut sink);
            }
            (_, _) => {
                if let Err(stop) = format::walk(format, bytes, limits, &mut sink) {
                    sink.frames.clear();
                    format::walk_rest(format, bytes, stop, &mut sink);
                }
            }
        }
    }
}

/// Finds the values in one layer.
struct EchoSink<'k, 'w> {
    walk: &'k mut Walk<'w>,
    nodes: &'k mut Vec<PathNode>,
    layer: LayerId,
    part: Part,
    base: Option<u32>,
    /// What the whole layer is called: a header's name.
    name: Option<&'k str>,
    frames: Vec<Frame>,
    texts: Unescaped,
    spans: Vec<(Span, u32)>,
    /// Where no value begins that is looked for, around the field told last.
    passed: Range<u32>,
}

/// One open object or array.
struct Frame {
    /// `None` for that which is the whole layer.
    step: Option<Step>,
    /// Set once a value inside needed it.
    node: Option<u32>,
}

impl FieldSink for EchoSink<'_, '_> {
    fn open(&mut self, key: Key<'_>, _: Container, _: usize, _: usize) {
        let step = self.step(key);
        self.frames.push(Frame { step, node: None });
    }

    fn close(&mut self, _: usize, _: usize) {
        self.frames.pop();
    }

    fn scalar(&mut self, key: Key<'_>, value: Value<'_>) {
        // Most fields are told in their order, and lie between two places.
        let Span { start, end } = value.text_span;
        if self.passed.start <= start && end <= self.passed.end {
            return;
        }
        let (among, next) = self.walk.places.within(self.layer, value.text_span);
        self.passed = end..next;
        if among == 0 || !matches!(value.kind, Scalar::String | Scalar::Number) {
            return;
        }
        let text = format::unescape(value.escape, value.text, &mut self.texts);
        let is_number = value.kind == Scalar::Number;
        self.walk.sought.in_text(text.as_str(), is_number, among, &mut self.spans);
        for (span, _) in &mut self.spans {
            *span = text.raw_span(*span).shift(value.text_span.start as usize);
        }
        let mut path = None;
        for (span, of) in std::mem::take(&mut self.spans) {
            if self.walk.places.is_judged(self.layer, span) {
                continue;
            }
            let path = *path.get_or_insert_with(|| self.node(key));
            self.walk.found.push(Echo {
                layer: self.layer,
                part: self.part,
                path,
                span,
                value: value.span,
                member: value.member,
                kind: value.kind,
                of,
            });
        }
    }
}

impl EchoSink<'_, '_> {
    fn step(&mut self, key: Key<'_>) -> Option<Step> {
        match key {
            Key::Root => self.name.map(Step::named),
            Key::Index(number) => Some(Step::Index(number)),
            Key::Name { text, escape, .. } => {
                Some(Step::named(format::unescape(escape, text, &mut self.texts).as_str()))
            }
        }
    }

    /// The node of a value under `key` in the innermost open object or array, made together with those around it.
    fn node(&mut self, key: Key<'_>) -> u32 {
        let mut parent = self.base;
        for number in 0..self.frames.len() {
            let Some(frame) = self.frames.get(number) else { break };
            let node = match (frame.node, frame.step.clone()) {
                (Some(node), _) => Some(node),
                (None, Some(step)) => Some(self.add_node(parent, step)),
                (None, None) => parent,
            };
            if let Some(frame) = self.frames.get_mut(number) {
                frame.node = node;
            }
            parent = node;
        }
        match self.step(key) {
            Some(step) => self.add_node(parent, step),
            None => parent.unwrap_or(Findings::ROOT),
        }
    }

    fn add_node(&mut self, parent: Option<u32>, step: Step) -> u32 {
        let personal = matches!(&step, Step::Name(name) if self.walk.is_personal(name));
        self.nodes.push(PathNode { parent, step, personal });
        u32::try_from(self.nodes.len() - 1).unwrap_or(Findings::ROOT)
    }
}
