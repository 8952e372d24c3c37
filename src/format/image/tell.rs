//! Metadata told to a sink.

use super::{
    super::{Fields, Stop, xml},
    Block, Content, Meaning, each_block,
    tiff::Exif,
};
use crate::domain::{Container, Escape, FieldSink, GapCause, Key, Limits, Scalar, Span, Value};

pub(super) fn walk<S: FieldSink>(bytes: &[u8], limits: &Limits, sink: &mut S) -> Result<(), Stop> {
    let mut fields = Fields::new(limits);
    fields.count(0)?;
    sink.open(Key::Root, Container::Object, 0, 0);
    let mut unread = None;
    each_block(bytes, limits, &mut |block| {
        fields.count(block.span.range().start)?;
        if matches!(block.content, Content::Unread) {
            unread.get_or_insert(block.span.range().start);
        }
        tell(bytes, &block, limits, &mut fields, sink)
    })?;
    sink.close(bytes.len(), bytes.len());
    // Whatever else there is was read first.
    match unread {
        Some(offset) => Err(Stop { cause: GapCause::UnknownMediaType, offset }),
        None => Ok(()),
    }
}

fn tell<S: FieldSink>(
    bytes: &[u8],
    block: &Block,
    limits: &Limits,
    fields: &mut Fields,
    sink: &mut S,
) -> Result<(), Stop> {
    let span = block.span;
    match &block.content {
        Content::Exif => {
            let mut placed = Placed { sink, place: Place::At(span.range().start), name: None };
            exif(span.of(bytes), span.range().start, fields, &mut placed)
        }
        Content::Xmp => {
            let base = span.range().start;
            let name = Some(named(b"xmp", span));
            xmp(span.of(bytes), limits, &mut Placed { sink, place: Place::At(base), name })
                .map_err(|stop| Stop { offset: base + stop.offset, ..stop })
        }
        Content::Unread => Ok(()),
        Content::Text(name) => {
            sink.scalar(keyword(bytes, *name, span), text(span.of(bytes), span));
            Ok(())
        }
        Content::Rewritten { meaning, bytes: inner, .. } => {
            let mut placed = Placed { sink, place: Place::Whole(span), name: None };
            let read = match meaning {
                Meaning::Exif => exif(inner, 0, fields, &mut placed),
                Meaning::Xmp => {
                    placed.name = Some(named(b"xmp", span));
                    xmp(inner, limits, &mut placed)
                }
                Meaning::Text(name) => {
                    let whole = Span::new(0, inner.len());
                    placed.scalar(keyword(bytes, *name, span), text(inner, whole));
                    Ok(())
                }
            };
            read.map_err(|stop| Stop { offset: span.range().start, ..stop })
        }
    }
}

fn keyword(bytes: &[u8], name: Option<Span>, span: Span) -> Key<'_> {
    match name {
        Some(name) => named(name.of(bytes), name),
        None => named(b"comment", span),
    }
}

/// `exif`: an object of the texts and the place that a TIFF structure tells.
fn exif<S: FieldSink>(
    structure: &[u8],
    start: usize,
    fields: &mut Fields,
    sink: &mut Placed<'_, '_, S>,
) -> Result<(), Stop> {
    let exif = Exif::read(structure).ok_or(Stop::malformed(start))?;
    let whole = Span::new(0, structure.len());
    sink.open(named(b"exif", whole), Container::Object, 0, 0);
    exif.each(&mut |name, span, reading| {
        fields.count(start + span.range().start)?;
        let key = named(name.as_bytes(), span);
        match reading {
            None => sink.scalar(key, text(span.of(structure), span)),
            Some(reading) => {
                sink.scalar(key, Value { kind: Scalar::Binary, ..text(reading, span) });
            }
        }
        Ok(())
    })?;
    sink.close(structure.len(), structure.len());
    Ok(())
}

/// `xmp`: an object of what an XML document tells.
fn xmp<S: FieldSink>(
    block: &[u8],
    limits: &Limits,
    sink: &mut Placed<'_, '_, S>,
) -> Result<(), Stop> {
    let packet = packet(block);
    if packet.is_empty() { Ok(()) } else { xml::walk(packet, limits, sink) }
}

/// Without the spaces and zeros behind the document, which some writers leave.
pub(super) fn packet(block: &[u8]) -> &[u8] {
    let is_padding = |byte: &&u8| **byte == 0 || byte.is_ascii_whitespace();
    let padding = block.iter().rev().take_while(is_padding).count();
    block.get(..block.len() - padding).unwrap_or_default()
}

fn named(text: &[u8], span: Span) -> Key<'_> {
    Key::Name { text, span, escape: Escape::None }
}

fn text(text: &[u8], span: Span) -> Value<'_> {
    Value {
        kind: Scalar::String,
        text,
        text_span: span,
        span,
        member: span,
        escape: Escape::None,
        may_hold: None,
    }
}

/// Where the fields of a block stand in the picture.
#[derive(Clone, Copy)]
enum Place {
    /// So many bytes further right.
    At(usize),
    /// Nowhere as they are: each stands for all of this.
    Whole(Span),
}

impl Place {
    fn span(self, span: Span) -> Span {
        match self {
            Self::At(base) => span.shift(base),
            Self::Whole(whole) => whole,
        }
    }

    fn offset(self, offset: usize) -> usize {
        match self {
            Self::At(base) => base + offset,
            Self::Whole(whole) => whole.range().start,
        }
    }
}

/// Tells the fields of a block as those of the picture around it.
struct Placed<'s, 'k, S> {
    sink: &'s mut S,
    place: Place,
    /// What the block's root is called.
    name: Option<Key<'k>>,
}

impl<S: FieldSink> Placed<'_, '_, S> {
    fn key<'t>(&self, key: Key<'t>) -> Key<'t> {
        match key {
            Key::Root | Key::Index(_) => key,
            Key::Name { text, span, escape } => {
                Key::Name { text, span: self.place.span(span), escape }
            }
        }
    }
}

impl<S: FieldSink> FieldSink for Placed<'_, '_, S> {
    fn open(&mut self, key: Key<'_>, container: Container, member_start: usize, start: usize) {
        let (member_start, start) = (self.place.offset(member_start), self.place.offset(start));
        match (key, self.name) {
            (Key::Root, Some(name)) => self.sink.open(name, container, member_start, start),
            (Key::Root | Key::Index(_) | Key::Name { .. }, _) => {
                let key = self.key(key);
                self.sink.open(key, container, member_start, start);
            }
        }
    }

    fn close(&mut self, end: usize, member_end: usize) {
        self.sink.close(self.place.offset(end), self.place.offset(member_end));
    }

    fn scalar(&mut self, key: Key<'_>, value: Value<'_>) {
        let kind = match self.place {
            Place::At(_) => value.kind,
            Place::Whole(_) => Scalar::Binary,
        };
        let value = Value {
            kind,
            text_span: self.place.span(value.text_span),
            span: self.place.span(value.span),
            member: self.place.span(value.member),
            ..value
        };
        let key = self.key(key);
        self.sink.scalar(key, value);
    }
}
