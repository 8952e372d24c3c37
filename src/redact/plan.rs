//! Sorted, non-overlapping edits per layer, and their application.
//!
//! The new texts of all edits stand in one buffer, and each changed layer is written once, into a buffer
//! of the right size, by copying what stays and what is new.

#[cfg(test)]
mod tests;

use std::{cmp::Ordering, collections::BinaryHeap};

use rustc_hash::FxHashMap;

use super::{
    encode::{encode, encode_text},
    key::Keyring,
    parts,
    place::{CDATA, Place},
    replace::{self, Value, Written},
    scalars,
};
use crate::domain::{
    Encoding, Escape, Finding, Format, Layer, LayerId, Replaced, Replacement, ReplacementKind, Span,
};

/// One splice: `span` of a layer gives way to `with` of the plan's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) layer: u32,
    pub(super) span: Span,
    pub(super) with: Span,
    /// A whole member goes, and its separator with it.
    pub(super) cut: bool,
    /// How little of the value is left, least first; of two edits of one place the first is done.
    pub(super) rank: u8,
}

/// What a text is beside a text, which says how others are written into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    Html,
}

/// All edits of one message, by layer; put in order when they are applied.
#[derive(Default)]
pub struct Plan {
    edits: Vec<Edit>,
    /// The new texts, one after the other.
    text: Vec<u8>,
    /// Layers written anew by whoever knows their format.
    anew: FxHashMap<LayerId, Vec<u8>>,
    /// Where the roots begin of those in XML that were asked for theirs.
    roots: FxHashMap<LayerId, Option<usize>>,
    replaced: Vec<Replaced>,
    syntax: Option<(LayerId, Syntax)>,
    /// One new text before it is escaped.
    room: String,
}

impl std::fmt::Debug for Plan {
    /// Without the texts.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("edits", &self.edits.len())
            .field("anew", &self.anew.len())
            .field("replaced", &self.replaced)
            .finish()
    }
}

impl Plan {
    /// Room for that many edits.
    pub fn with_capacity(edits: usize) -> Self {
        Self {
            edits: Vec::with_capacity(edits),
            text: Vec::with_capacity(TEXT_BYTES * edits),
            ..Self::default()
        }
    }

    /// Changes what `finding` points at in `layer`.
    pub fn redact(
        &mut self,
        layer: &Layer<'_>,
        finding: &Finding,
        replacement: &Replacement,
        value: &Value<'_>,
        keys: &Keyring,
    ) {
        let place = match (Place::of(layer, finding), self.syntax) {
            (Place::Line, Some((of, Syntax::Html))) if of == finding.layer => Place::Html,
            (place, _) => place,
        };
        // Only JSON and YAML have a text where an object was, and no place has one where a name was.
        let takes_text = !finding.marks.in_key
            && place != Place::XmlOther
            && (finding.kind.is_some() || matches!(place, Place::Json | Place::Collection { .. }));
        self.room.clear();
        let (written, kind) = if takes_text {
            replace::write(replacement, value, keys, &mut self.room)
        } else {
            (Written::Gone, ReplacementKind::Remove)
        };
        let asked = replacement.kind();
        self.count(kind, (asked != kind).then_some(asked));
        let start = self.text.len();
        let (span, cut) = match written {
            Written::Text { quoted } => (self.place_text(place, quoted, finding), false),
            Written::Gone => self.removal(layer, place, finding),
        };
        self.edits.push(Edit {
            layer: finding.layer.0,
            span,
            with: Span::new(start, self.text.len()),
            cut,
            rank: rank(kind),
        });
    }

    /// Has texts put into `layer`, which is read as a text, written for what else it is.
    pub fn write_for(&mut self, layer: LayerId, syntax: Syntax) {
        self.syntax = Some((layer, syntax));
    }

    /// Puts `bytes` in the place of the whole layer, whatever its edits.
    pub fn put(&mut self, layer: LayerId, bytes: Vec<u8>) {
        self.anew.insert(layer, bytes);
        let nowhere = Span::default();
        self.edits.push(Edit { layer: layer.0, span: nowhere, with: nowhere, cut: false, rank: 0 });
    }

    /// Notes how one more finding was changed.
    pub fn count(&mut self, kind: ReplacementKind, instead_of: Option<ReplacementKind>) {
        let known =
            self.replaced.iter_mut().find(|it| (it.kind, it.instead_of) == (kind, instead_of));
        match known {
            Some(replaced) => replaced.count += 1,
            None => self.replaced.push(Replaced { kind, instead_of, count: 1 }),
        }
    }

    /// How findings were changed, and how many in each way.
    pub fn replaced(&self) -> &[Replaced] {
        &self.replaced
    }

    /// The new bytes of each layer as received (those without a parent) that has changed, by its number
    /// in `layers`. A child that cannot be written in its encoding takes its whole value with it: the
    /// value is emptied rather than sent.
    pub fn apply(mut self, layers: &[Layer<'_>]) -> Vec<(usize, Vec<u8>)> {
        let mut changed = Vec::new();
        let mut group: Vec<Edit> = Vec::with_capacity(self.edits.len());
        let mut edits = std::mem::take(&mut self.edits);
        edits.sort_unstable_by_key(|edit| edit.layer);
        let mut of_children: BinaryHeap<ByLayer> = BinaryHeap::new();
        // A layer's number is higher than its parent's, so children are done before their parents.
        loop {
            let next = edits.last().map(|edit| edit.layer);
            let Some(id) = next.max(of_children.peek().map(|next| next.0.layer)) else { break };
            group.clear();
            while let Some(edit) = edits.pop_if(|edit| edit.layer == id) {
                group.push(edit);
            }
            while of_children.peek().is_some_and(|next| next.0.layer == id) {
                group.extend(of_children.pop().map(|next| next.0));
            }
            let id = LayerId(id);
            let number = id.index();
            let Some(layer) = layers.get(number) else { continue };
            let bytes = self.layer(id, layer, &mut group);
            match layer.parent {
                None => changed.push((number, bytes)),
                Some((parent, span)) => {
                    let Some(outer) = layers.get(parent.index()) else { continue };
                    let with = self.child(layer, &bytes, outer, span);
                    let edit = Edit { layer: parent.0, span, with, cut: false, rank: CHILD };
                    of_children.push(ByLayer(edit));
                }
            }
        }
        changed.reverse();
        changed
    }

    /// A changed layer.
    fn layer(&mut self, id: LayerId, layer: &Layer<'_>, edits: &mut Vec<Edit>) -> Vec<u8> {
        if let Some(bytes) = self.anew.remove(&id) {
            return bytes;
        }
        settle(edits, layer, &mut self.text);
        if layer.format != Format::Multipart {
            return splice(&layer.bytes, edits, &self.text);
        }
        parts::describe(&layer.bytes, edits, &mut self.text);
        parts::with_a_part(&layer.bytes, splice(&layer.bytes, edits, &self.text))
    }

    /// The text that stands in a parent for a changed child: where in the plan's texts it is.
    fn child(&mut self, layer: &Layer<'_>, bytes: &[u8], outer: &Layer<'_>, span: Span) -> Span {
        let start = self.text.len();
        match (layer.encoding, std::str::from_utf8(bytes)) {
            (Encoding::Escaped(Escape::None), Ok(text)) => match around(outer, span) {
                Some(place) => place.write(text, &mut self.text),
                None => self.text.extend_from_slice(bytes),
            },
            (Encoding::Escaped(by), Ok(text)) => Place::within(by).write(text, &mut self.text),
            (Encoding::Charset(charset), Ok(text)) => {
                match encode_text(charset, layer.format, text) {
                    Ok(encoded) => self.text.extend_from_slice(&encoded),
                    Err(_) => self.count(ReplacementKind::Remove, None),
                }
            }
            (encoding, _) => match encode(encoding, bytes) {
                Ok(encoded) => self.text.extend_from_slice(&encoded),
                Err(_) => self.count(ReplacementKind::Remove, None),
            },
        }
        Span::new(start, self.text.len())
    }

    /// Writes the new text; where in the layer it goes.
    fn place_text(&mut self, place: Place, quoted: bool, finding: &Finding) -> Span {
        let quoted = quoted && place == Place::Json;
        if quoted {
            self.text.push(b'"');
        }
        place.write(&self.room, &mut self.text);
        if quoted {
            self.text.push(b'"');
        }
        // A quoted string keeps its quotes: only what is between them is replaced. A bare number that
        // becomes a text gets quotes of its own.
        if quoted || finding.kind.is_none() || place == Place::TomlBare {
            finding.value
        } else {
            finding.span
        }
    }

    /// What goes when a value does, and whether its separator goes with it.
    fn removal(&mut self, layer: &Layer<'_>, place: Place, finding: &Finding) -> (Span, bool) {
        if finding.marks.in_key {
            return (finding.member, true);
        }
        let has_key = finding.member.start < finding.value.start;
        if place == Place::Segment {
            // A path segment that vanished would make another route of the path.
            self.text.extend_from_slice(b"redacted");
            return (if finding.is_whole(layer) { finding.value } else { finding.span }, false);
        }
        if layer.format == Format::Yaml {
            let with = scalars::for_nothing_in_yaml(layer, finding, place);
            self.text.extend_from_slice(with.as_bytes());
            return (if finding.is_whole(layer) { finding.value } else { finding.span }, false);
        }
        if place == Place::TomlBare && finding.kind.is_some() {
            self.text.extend_from_slice(b"\"\"");
            return (finding.value, false);
        }
        if !finding.is_whole(layer) {
            return (finding.span, false);
        }
        match layer.format {
            Format::Json | Format::NdJson if !has_key => {
                self.text.extend_from_slice(b"null");
                (finding.value, false)
            }
            Format::Xml if self.is_root(layer, finding) => {
                self.text.extend_from_slice(b"<redacted/>");
                (finding.member, false)
            }
            // Arguments may all go, and their brackets must not be empty.
            Format::GraphQl => {
                self.text.extend_from_slice(b"null");
                (finding.value, false)
            }
            // A column that vanished would shift the others; a property that has to be there stays, and
            // so do the parts of one that has several.
            Format::Csv
            | Format::CsvData
            | Format::Tsv
            | Format::VCard
            | Format::Header
            | Format::Text => (finding.value, false),
            // There is no value that says nothing; a table with a header goes with that.
            Format::Toml
                if finding.kind.is_some()
                    || matches!(finding.value.of(&layer.bytes).first(), Some(b'{' | b'[')) =>
            {
                self.text.extend_from_slice(b"\"\"");
                (finding.value, false)
            }
            Format::Toml => (finding.member, false),
            Format::Json
            | Format::NdJson
            | Format::Target
            | Format::Form
            | Format::Cookie
            | Format::Baggage
            | Format::Forwarded
            | Format::Multipart
            | Format::Xml
            | Format::Yaml
            | Format::Image
            | Format::Opaque => (finding.member, true),
        }
    }

    /// Whether a whole document is what goes.
    fn is_root(&mut self, layer: &Layer<'_>, finding: &Finding) -> bool {
        let root = self.roots.entry(finding.layer).or_insert_with(|| root(&layer.bytes));
        *root == Some(finding.member.range().start)
    }
}

/// Most new texts are shorter.
const TEXT_BYTES: usize = 48;

/// The edits of the innermost layers come first.
#[derive(PartialEq, Eq)]
struct ByLayer(Edit);

impl Ord for ByLayer {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.layer.cmp(&other.0.layer)
    }
}

impl PartialOrd for ByLayer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// How much of a value a replacement leaves, least first.
fn rank(kind: ReplacementKind) -> u8 {
    match kind {
        ReplacementKind::Remove => 0,
        ReplacementKind::Replace => 1,
        ReplacementKind::Hash => 2,
        ReplacementKind::Encrypt => 3,
        ReplacementKind::Tokenise => 4,
        ReplacementKind::Mask => KEEPS_SOMETHING,
        ReplacementKind::Generalise => 7,
        ReplacementKind::ShiftDates => 8,
        ReplacementKind::StripMetadata => 9,
    }
}

/// What is left of a document inside a value; where all of the value is to give way to something, that is done.
const CHILD: u8 = 5;
/// From here on a replacement shows a part of what stood there.
const KEEPS_SOMETHING: u8 = 6;

/// The place of a text that stands in its parent unescaped, if anything there has to be minded.
fn around(outer: &Layer<'_>, span: Span) -> Option<Place> {
    let before = outer.bytes.get(..span.start as usize).unwrap_or_default();
    match outer.format {
        Format::Csv | Format::CsvData | Format::Tsv => Some(Place::Cell),
        Format::Xml if before.trim_ascii_end().ends_with(CDATA) => Some(Place::CData),
        Format::Xml => Some(Place::XmlOther),
        Format::Multipart if before.ends_with(b"\"") => Some(Place::Parameter),
        Format::Multipart
        | Format::Json
        | Format::NdJson
        | Format::Target
        | Format::Form
        | Format::Cookie
        | Format::Baggage
        | Format::Forwarded
        | Format::GraphQl
        | Format::VCard
        | Format::Yaml
        | Format::Toml
        | Format::Header
        | Format::Text
        | Format::Image
        | Format::Opaque => None,
    }
}

/// Where the first element of a document begins.
fn root(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'<', bytes)
        .find(|at| !matches!(bytes.get(at + 1), Some(b'!' | b'?') | None))
}

/// Sorts, drops what another edit covers, joins what overlaps, and lets cuts take their separators.
fn settle(edits: &mut Vec<Edit>, layer: &Layer<'_>, text: &mut Vec<u8>) {
    edits.sort_unstable_by_key(|edit| {
        (edit.span.start, std::cmp::Reverse(edit.span.end), edit.rank, edit.with.start)
    });
    // What is settled stands before `kept`; it grows more slowly than what is read.
    let mut kept = 0usize;
    for number in 0..edits.len() {
        let Some(mut edit) = edits.get(number).copied() else { break };
        if let Some(last) = kept.checked_sub(1).and_then(|last| edits.get_mut(last)) {
            if last.span.contains(edit.span) && !last.span.is_empty() {
                // What is left of the whole must not show what was to go from its part.
                if edit.rank < last.rank && last.rank >= KEEPS_SOMETHING {
                    last.with = blank(layer, last.span, text);
                    last.rank = edit.rank;
                }
                continue;
            }
            if edit.span.start < last.span.end {
                last.span.end = edit.span.end;
                last.cut = false;
                if last.rank >= KEEPS_SOMETHING || edit.rank >= KEEPS_SOMETHING {
                    last.with = blank(layer, last.span, text);
                }
                continue;
            }
        }
        if edit.cut {
            edit.span = with_separator(edit.span, edits, &mut kept, layer);
        }
        if let Some(place) = edits.get_mut(kept) {
            *place = edit;
            kept += 1;
        }
    }
    edits.truncate(kept);
    debug_assert!(
        edits.windows(2).all(|pair| matches!(pair, [a, b] if a.span.end <= b.span.start)),
        "edits overlap"
    );
}

/// Nothing, or what stands for nothing where there must be something.
fn blank(layer: &Layer<'_>, span: Span, text: &mut Vec<u8>) -> Span {
    let start = text.len();
    if layer.format == Format::Yaml {
        text.extend_from_slice(scalars::word(&layer.bytes, span));
    }
    let is_json = matches!(layer.format, Format::Json | Format::NdJson);
    let first = span.of(&layer.bytes).first();
    // Inside a string the span begins behind its quote.
    let before = span.start.checked_sub(1).and_then(|at| layer.bytes.get(at as usize));
    if is_json && (first == Some(&b'"') || before != Some(&b'"')) {
        text.extend_from_slice(b"null");
    }
    Span::new(start, text.len())
}

/// The member with the separator after it, or, for the last one, with the separator before it. When the
/// members before it go too, it is the separator before those.
fn with_separator(member: Span, settled: &[Edit], kept: &mut usize, layer: &Layer<'_>) -> Span {
    let bytes: &[u8] = &layer.bytes;
    let separator = match layer.format {
        Format::Json | Format::NdJson | Format::Baggage => b',',
        Format::Yaml | Format::Toml => match scalars::entry(bytes, member) {
            Some(entry) => return entry,
            None => b',',
        },
        Format::Target | Format::Form => b'&',
        Format::Cookie | Format::Forwarded => b';',
        Format::Header
        | Format::Text
        | Format::Multipart
        | Format::Xml
        | Format::Csv
        | Format::CsvData
        | Format::Tsv
        | Format::GraphQl
        | Format::VCard
        | Format::Image
        | Format::Opaque => return member,
    };
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let skip = |from: usize| {
        from + bytes
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| is_space(byte))
            .count()
    };
    let after = skip(member.end as usize);
    if bytes.get(after) == Some(&separator) {
        return Span::new(member.start as usize, skip(after + 1));
    }
    let mut start = member.start;
    while let Some(last) = kept.checked_sub(1).and_then(|last| settled.get(last))
        && last.cut
        && last.span.end == start
    {
        start = last.span.start;
        *kept -= 1;
    }
    let before = bytes.get(..start as usize).unwrap_or_default();
    let gap = before.iter().rev().take_while(|byte| is_space(byte)).count();
    let at = before.len() - gap;
    let start = match before.get(at.wrapping_sub(1)) {
        Some(byte) if *byte == separator => at - 1,
        // The last pair of a query takes the question mark with it.
        Some(b'?') if layer.format == Format::Target && after == bytes.len() => at - 1,
        _ => start as usize,
    };
    Span::new(start, member.end as usize)
}

fn splice(bytes: &[u8], edits: &[Edit], text: &[u8]) -> Vec<u8> {
    let (gone, new) = edits
        .iter()
        .fold((0, 0), |(gone, new), edit| (gone + edit.span.len(), new + edit.with.len()));
    let mut out = Vec::with_capacity((bytes.len() + new).saturating_sub(gone));
    let mut done = 0;
    for edit in edits {
        let range = edit.span.range();
        out.extend_from_slice(bytes.get(done..range.start).unwrap_or_default());
        out.extend_from_slice(edit.with.of(text));
        done = range.end;
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    out
}
