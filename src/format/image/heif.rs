//! HEIF (ISO/IEC 23008-12): boxes, and in the `meta` box where each item of the file stands.

use super::{Block, Content, Take};
use crate::{
    domain::{GapCause, Span},
    format::Stop,
};

/// An item that is metadata.
struct Item {
    id: u32,
    is_exif: bool,
}

/// Takes the EXIF and XMP items of a file.
pub(super) fn blocks(bytes: &[u8], take: Take<'_>) -> Result<(), Stop> {
    let whole = Boxes { bytes, rest: Span::new(0, bytes.len()) };
    for found in whole {
        let (kind, span) = found?;
        match &kind {
            b"meta" => meta(bytes, span, take)?,
            b"ftyp" | b"mdat" | b"free" | b"skip" => {}
            // A film beside the picture, or something of the maker's own.
            _ => {
                let offset = span.range().start;
                return Err(Stop { cause: GapCause::UnknownMediaType, offset });
            }
        }
    }
    Ok(())
}

fn meta(bytes: &[u8], span: Span, take: Take<'_>) -> Result<(), Stop> {
    let start = span.range().start;
    let children = Span::new((start + 4).min(span.range().end), span.range().end);
    let (mut items, mut places, mut data) = (Vec::new(), None::<Span>, None::<Span>);
    for found in (Boxes { bytes, rest: children }) {
        match found? {
            (kind, span) if kind == *b"iinf" => {
                items = items_of(bytes, span).ok_or(Stop::malformed(span.range().start))?;
            }
            (kind, span) if kind == *b"iloc" => places = Some(span),
            (kind, span) if kind == *b"idat" => data = Some(span),
            _ => {}
        }
    }
    if items.is_empty() {
        return Ok(());
    }
    let places = places.ok_or(Stop::malformed(start))?;
    let missing = Stop::malformed(places.range().start);
    let mut places = Places::of(places.of(bytes)).ok_or(missing)?;
    while let Some(place) = places.next_place(bytes.len()).ok_or(missing)? {
        // Each item is read once, however often it is placed.
        let Some(index) = items.iter().position(|item| item.id == place.id) else { continue };
        let item = items.swap_remove(index);
        let Some(span) = place.span.or_else(|| place.within(data)) else {
            // In pieces, or built of other items.
            return Err(Stop { cause: GapCause::UnknownMediaType, offset: missing.offset });
        };
        let block = if item.is_exif {
            // The first word says how far behind it the TIFF header stands.
            let word = span.of(bytes).first_chunk::<4>().ok_or(missing)?;
            let skip = (u32::from_be_bytes(*word) as usize).saturating_add(4);
            let start = span.range().start.saturating_add(skip).min(span.range().end);
            Block::new(Content::Exif, Span::new(start, span.range().end))
        } else {
            Block::new(Content::Xmp, span)
        };
        take(block)?;
    }
    Ok(())
}

/// The metadata items of an `iinf` box.
fn items_of(bytes: &[u8], span: Span) -> Option<Vec<Item>> {
    let data = span.of(bytes);
    // Behind version and flags: the number of entries, in 16 bits at first and 32 later.
    let header = if data.first()? == &0 { 6 } else { 8 };
    let rest = Span::new((span.range().start + header).min(span.range().end), span.range().end);
    let mut items = Vec::new();
    for found in (Boxes { bytes, rest }) {
        let (kind, span) = found.ok()?;
        let entry = span.of(bytes);
        let (id, rest) = match (&kind, entry.first()?) {
            (b"infe", 2) => (u32::from(half(entry, 4)?), entry.get(8..)?),
            (b"infe", 3) => (word(entry, 4)?, entry.get(10..)?),
            _ => continue,
        };
        let is_exif = rest.starts_with(b"Exif");
        // The name ends with a zero, the media type stands behind it.
        let is_xmp = rest.starts_with(b"mime")
            && rest.split(|&byte| byte == 0).nth(1) == Some(b"application/rdf+xml");
        if (is_exif || is_xmp) && items.len() < ITEMS_MAX {
            items.push(Item { id, is_exif });
        }
    }
    Some(items)
}

/// A picture has one or two; the list is searched for each place.
const ITEMS_MAX: usize = 8;

/// Where an item stands; `None` when it is not in one piece of the file.
struct Place {
    id: u32,
    span: Option<Span>,
    /// Where it stands in the `idat` box, if it stands there (§8.11.3.1).
    in_data: Option<Span>,
}

impl Place {
    fn within(&self, data: Option<Span>) -> Option<Span> {
        let (data, span) = (data?, self.in_data?);
        Some(span.shift(data.range().start)).filter(|span| data.contains(*span))
    }
}

/// Reads an `iloc` box.
struct Places<'b> {
    data: &'b [u8],
    at: usize,
    version: u8,
    sizes: [usize; 4],
    left: u32,
}

impl<'b> Places<'b> {
    fn of(data: &'b [u8]) -> Option<Self> {
        let version = *data.first()?;
        let [first, second] = *data.get(4..)?.first_chunk::<2>()?;
        let sizes =
            [first >> 4, first & 15, second >> 4, if version > 0 { second & 15 } else { 0 }];
        let sizes = sizes.map(usize::from);
        let (left, at) = match version {
            0 | 1 => (u32::from(half(data, 6)?), 8),
            2 => (word(data, 6)?, 10),
            _ => return None,
        };
        // Pieces that take no bytes could be without number.
        let [offset_size, length_size, ..] = sizes;
        let is_sound = offset_size + length_size > 0 && sizes.iter().all(|&size| size % 4 == 0);
        (is_sound && sizes.iter().all(|&size| size <= 8)).then_some(Self {
            data,
            at,
            version,
            sizes,
            left,
        })
    }

    /// `None` when the box is broken, `Some(None)` behind its last item.
    #[expect(clippy::option_option, reason = "a failure, and the end of the list")]
    fn next_place(&mut self, length: usize) -> Option<Option<Place>> {
        let Some(left) = self.left.checked_sub(1) else { return Some(None) };
        self.left = left;
        let [offset_size, length_size, base_size, index_size] = self.sizes;
        let id = self.number(if self.version < 2 { 2 } else { 4 })?;
        let method = if self.version > 0 { self.number(2)? & 15 } else { 0 };
        self.number(2)?;
        let base = self.number(base_size)?;
        let count = self.number(2)?;
        let (mut span, mut in_data) = (None, None);
        for _ in 0..count {
            self.number(index_size)?;
            let start = base.checked_add(self.number(offset_size)?)?;
            let end = start.checked_add(self.number(length_size)?)?;
            let is_whole = count == 1 && end <= length;
            span = (is_whole && method == 0).then(|| Span::new(start, end));
            in_data = (is_whole && method == 1).then(|| Span::new(start, end));
        }
        Some(Some(Place { id: u32::try_from(id).ok()?, span, in_data }))
    }

    /// A big-endian number of `size` bytes.
    fn number(&mut self, size: usize) -> Option<usize> {
        let bytes = self.data.get(self.at..self.at + size)?;
        self.at += size;
        let number = bytes.iter().fold(0u64, |number, &byte| (number << 8) | u64::from(byte));
        usize::try_from(number).ok()
    }
}

/// The boxes in a span: type and content.
struct Boxes<'b> {
    bytes: &'b [u8],
    rest: Span,
}

impl Iterator for Boxes<'_> {
    type Item = Result<([u8; 4], Span), Stop>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (start, end) = (self.rest.range().start, self.rest.range().end);
        let found = self.read(start, end);
        // Behind a broken box there is nothing to go by.
        let next = found.map_or(end, |(_, span)| span.range().end);
        self.rest = Span::new(next, end);
        Some(found.ok_or(Stop::malformed(start)))
    }
}

impl Boxes<'_> {
    fn read(&self, start: usize, end: usize) -> Option<([u8; 4], Span)> {
        let data = self.bytes.get(start..end)?;
        let kind = *data.get(4..)?.first_chunk::<4>()?;
        let (header, length) = match word(data, 0)? {
            0 => (8, data.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(*data.get(8..)?.first_chunk()?)).ok()?),
            length => (8, length as usize),
        };
        (header <= length && length <= data.len())
            .then(|| (kind, Span::new(start + header, start + length)))
    }
}

fn half(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*data.get(at..)?.first_chunk()?))
}

fn word(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*data.get(at..)?.first_chunk()?))
}
