//! Metadata taken out of a picture, and nothing else of it touched.
//!
//! What can be blanked is overwritten in place, with zeros or spaces; a chunk that holds something under
//! a compression is cut out.

use std::collections::BTreeSet;

use super::{
    super::xml, Block, Content, Kind, Meaning, each_block, png, sniff, tell::packet, tiff::Exif,
};
use crate::domain::{Container, FieldSink, Key, Limits, Span, Value};

/// The picture without the values at `spans`, which are those of findings in it, and without the place
/// where it was taken when `place` says so. `None` when nothing of the kind is there, or when a span is
/// of something that cannot be taken out.
pub fn without(bytes: &[u8], place: bool, spans: &[Span]) -> Option<Vec<u8>> {
    let mut edits: Vec<Edit> = Vec::new();
    let mut left: BTreeSet<Span> = spans.iter().copied().collect();
    // What comes before a gap is still worth taking out.
    let _ = each_block(bytes, &Limits::default(), &mut |block| {
        let chunk = block.chunk.unwrap_or(block.span);
        let is_inside = |span: &Span| block.span.contains(*span) || chunk.contains(*span);
        let (start, end) = (block.span.start.min(chunk.start), block.span.end.max(chunk.end));
        let near = Span { start, end: start }..=Span { start: end, end };
        let named: Vec<Span> = left.extract_if(near, is_inside).collect();
        block_edits(bytes, &block, place, &named, &mut edits);
        Ok(())
    });
    if edits.is_empty() || !left.is_empty() {
        return None;
    }
    Some(applied(bytes, edits))
}

enum Edit {
    Fill(Span, u8),
    Cut(Span),
}

fn block_edits(bytes: &[u8], block: &Block, place: bool, named: &[Span], edits: &mut Vec<Edit>) {
    let data = block.span.of(bytes);
    let start = block.span.range().start;
    match &block.content {
        Content::Exif => {
            if place && let Some(exif) = Exif::read(data) {
                let location = exif.location();
                if is_gone(data, &location) {
                    let location = location.into_iter();
                    edits.extend(location.map(|span| Edit::Fill(span.shift(start), 0)));
                } else {
                    edits.push(Edit::Fill(block.span, 0));
                }
            }
            edits.extend(named.iter().map(|span| Edit::Fill(*span, 0)));
        }
        Content::Xmp => {
            match places(data).filter(|_| place) {
                Some(Places::At(spans)) => {
                    edits.extend(spans.iter().map(|span| Edit::Fill(span.shift(start), b' ')));
                }
                // What we cannot read may say anything.
                Some(Places::Unread) => edits.push(Edit::Fill(block.span, b' ')),
                None => {}
            }
            edits.extend(named.iter().map(|span| Edit::Fill(*span, b' ')));
        }
        Content::Unread => {}
        Content::Text(_) => edits.extend(named.iter().map(|span| Edit::Fill(*span, b' '))),
        Content::Rewritten { meaning, bytes: inner, pieces } => {
            let has_place = place
                && match meaning {
                    Meaning::Exif => {
                        Exif::read(inner).is_none_or(|exif| !exif.location().is_empty())
                    }
                    Meaning::Xmp => places(inner).is_some_and(|places| match places {
                        Places::At(spans) => !spans.is_empty(),
                        Places::Unread => true,
                    }),
                    Meaning::Text(_) => false,
                };
            if !has_place && named.is_empty() {
                return;
            }
            match block.chunk {
                Some(chunk) => edits.push(Edit::Cut(chunk)),
                None => edits.extend(pieces.iter().map(|piece| Edit::Fill(*piece, b' '))),
            }
        }
    }
}

/// Whether a structure tells no place any more once these bytes of it are zeros. Values may share their
/// bytes with directories, and these then say something else.
fn is_gone(structure: &[u8], location: &[Span]) -> bool {
    let mut without = structure.to_vec();
    for span in location {
        if let Some(bytes) = without.get_mut(span.range()) {
            bytes.fill(0);
        }
    }
    Exif::read(&without).is_none_or(|exif| exif.location().is_empty())
}

/// What is cut is left out at the end, so that everything keeps its place until then.
fn applied(bytes: &[u8], edits: Vec<Edit>) -> Vec<u8> {
    let mut picture = bytes.to_vec();
    let mut cuts: Vec<Span> = Vec::new();
    for edit in edits {
        match edit {
            Edit::Fill(span, with) => {
                if let Some(place) = picture.get_mut(span.range()) {
                    place.fill(with);
                }
            }
            Edit::Cut(span) => cuts.push(span),
        }
    }
    if !cuts.is_empty() {
        cuts.sort_unstable();
        let whole = std::mem::take(&mut picture);
        let mut past = 0;
        for cut in cuts {
            picture.extend_from_slice(whole.get(past..cut.range().start).unwrap_or_default());
            past = past.max(cut.range().end);
        }
        picture.extend_from_slice(whole.get(past..).unwrap_or_default());
    }
    if sniff(bytes) == Some(Kind::Png) {
        png::renew_checksums(&mut picture);
    }
    picture
}

/// What an XMP packet says of a place.
enum Places {
    At(Vec<Span>),
    Unread,
}

/// `None` for padding alone.
fn places(block: &[u8]) -> Option<Places> {
    let packet = packet(block);
    if packet.is_empty() {
        return None;
    }
    let mut members = Members::default();
    Some(match xml::walk(packet, &Limits::default(), &mut members) {
        Ok(()) => Places::At(members.spans),
        Err(_) => Places::Unread,
    })
}

/// Collects the members of an XMP packet that tell a place.
#[derive(Default)]
struct Members {
    spans: Vec<Span>,
}

impl FieldSink for Members {
    fn open(&mut self, _: Key<'_>, _: Container, _: usize, _: usize) {}

    fn close(&mut self, _: usize, _: usize) {}

    fn scalar(&mut self, key: Key<'_>, value: Value<'_>) {
        if let Key::Name { text, .. } = key
            && text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(b"gps"))
        {
            self.spans.push(value.member);
        }
    }
}
