//! Pictures: their metadata is read, their pixels are not.
//!
//! EXIF (with the place where the picture was taken), XMP, comments and textual chunks of JPEG, PNG, WebP
//! and HEIF become fields. Data behind the end of a picture, and kinds whose metadata we do not read, are
//! gaps. [`without_location`] takes the place out and leaves every other byte where it was.

mod heif;
mod tiff;

#[cfg(test)]
mod tests;

use memchr::memchr;

use self::tiff::Exif;
use super::{Fields, Stop, xml};
use crate::domain::{
    Container, Encoding, Escape, FieldSink, GapCause, Key, Limits, Scalar, Span, Value,
};

/// Media subtypes of the kinds of picture we know.
pub(super) const SUBTYPES: [&str; 9] =
    ["jpeg", "jpg", "pjpeg", "png", "webp", "heic", "heif", "avif", "gif"];

/// How a picture is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Jpeg,
    Png,
    WebP,
    Heif,
    Gif,
}

impl Kind {
    pub(super) fn subtypes(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpeg", "jpg", "pjpeg"],
            Self::Png => &["png"],
            Self::WebP => &["webp"],
            Self::Heif => &["heic", "heif", "avif"],
            Self::Gif => &["gif"],
        }
    }
}

/// The kind that `bytes` begin like.
pub(super) fn sniff(bytes: &[u8]) -> Option<Kind> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(Kind::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Kind::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Kind::WebP),
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e', b'i' | b'v', _, ..]
        | [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f' | b's', ..]
        | [_, _, _, _, b'f', b't', b'y', b'p', b'm', b'i' | b's', b'f', b'1', ..] => {
            Some(Kind::Heif)
        }
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Kind::Gif),
        _ => None,
    }
}

/// The metadata of a picture as members of one object: `exif`, `xmp`, and texts by their keyword.
pub(super) fn walk<S: FieldSink>(bytes: &[u8], limits: &Limits, sink: &mut S) -> Result<(), Stop> {
    let mut fields = Fields::new(limits);
    fields.count(0)?;
    sink.open(Key::Root, Container::Object, 0, 0);
    each_block(bytes, &mut |block| {
        fields.count(block.span.range().start)?;
        match block.content {
            Content::Exif => exif(bytes, block.span, &mut fields, sink),
            Content::Xmp => xmp(bytes, block.span, limits, sink),
            Content::Text(name) => {
                let value = text(bytes, block.span);
                match name {
                    Some(name) => sink.scalar(named(name.of(bytes), name), value),
                    None => sink.scalar(named(b"comment", block.span), value),
                }
                Ok(())
            }
            Content::Deflated(name) => {
                let key = named(name.of(bytes), name);
                let value = Value { kind: Scalar::Binary, ..text(bytes, block.span) };
                sink.layer(key, Some("text/plain"), Encoding::Deflate, value);
                Ok(())
            }
        }
    })?;
    sink.close(bytes.len(), bytes.len());
    Ok(())
}

/// The picture without the place where it was taken, as long as before: what told it is overwritten with
/// zeros or spaces. `None` when nothing did.
pub fn without_location(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut edits: Vec<(Span, u8)> = Vec::new();
    // What comes before a gap is still worth taking out.
    let _ = each_block(bytes, &mut |block| {
        match block.content {
            Content::Exif => {
                let exif = Exif::read(block.span.of(bytes));
                let base = block.span.range().start;
                edits
                    .extend(exif.iter().flat_map(Exif::location).map(|span| (span.shift(base), 0)));
            }
            Content::Xmp => {
                let mut places = Places { base: block.span.range().start, spans: Vec::new() };
                let packet = packet(block.span.of(bytes));
                match xml::walk(packet, &Limits::default(), &mut places) {
                    // Padding alone.
                    _ if packet.is_empty() => {}
                    Ok(()) => edits.extend(places.spans.into_iter().map(|span| (span, b' '))),
                    // What we cannot read may say anything.
                    Err(_) => edits.push((block.span, b' ')),
                }
            }
            Content::Text(_) | Content::Deflated(_) => {}
        }
        Ok(())
    });
    if edits.is_empty() {
        return None;
    }
    let mut picture = bytes.to_vec();
    for (span, with) in edits {
        if let Some(place) = picture.get_mut(span.range()) {
            place.fill(with);
        }
    }
    if sniff(bytes) == Some(Kind::Png) {
        renew_checksums(&mut picture);
    }
    Some(picture)
}

/// A piece of metadata.
struct Block {
    content: Content,
    span: Span,
}

enum Content {
    /// A TIFF structure.
    Exif,
    Xmp,
    /// With its keyword.
    Text(Option<Span>),
    /// The same under zlib.
    Deflated(Span),
}

type Take<'t> = &'t mut dyn FnMut(Block) -> Result<(), Stop>;

fn each_block(bytes: &[u8], take: Take<'_>) -> Result<(), Stop> {
    match sniff(bytes) {
        Some(Kind::Jpeg) => jpeg(bytes, take),
        Some(Kind::Png) => png(bytes, take),
        Some(Kind::WebP) => webp(bytes, take),
        Some(Kind::Heif) => heif::blocks(bytes, take),
        Some(Kind::Gif) | None => Err(Stop { cause: GapCause::UnknownMediaType, offset: 0 }),
    }
}

/// ITU-T T.81, Annex B: markers with lengths, then a scan up to the next marker. Several pictures may
/// stand behind each other (CIPA DC-007).
fn jpeg(bytes: &[u8], take: Take<'_>) -> Result<(), Stop> {
    const EXIF: &[u8] = b"Exif\0\0";
    const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
    const XMP_EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
    // Behind its name: a digest of 32 digits, the length of the whole, the place of this piece.
    const XMP_EXTENSION_HEADER_BYTES: usize = 40;
    let mut at = 2;
    loop {
        let [0xFF, marker, rest @ ..] = bytes.get(at..).unwrap_or_default() else {
            return Err(Stop::malformed(at.min(bytes.len())));
        };
        match marker {
            // Padding.
            0xFF => at += 1,
            // End of the picture.
            0xD9 => match rest {
                [] => return Ok(()),
                [0xFF, 0xD8, 0xFF, ..] => at += 4,
                _ if rest.iter().all(|&byte| byte == 0) => return Ok(()),
                _ => return Err(Stop { cause: GapCause::UnknownMediaType, offset: at + 2 }),
            },
            0x01 | 0xD0..=0xD8 => at += 2,
            _ => {
                let [high, low, ..] = rest else { return Err(Stop::malformed(bytes.len())) };
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let end = at + 2 + length;
                if length < 2 || end > bytes.len() {
                    return Err(Stop::malformed(at + 2));
                }
                let span = Span::new(at + 4, end);
                let data = span.of(bytes);
                let behind = |prefix: &[u8]| Span::new(at + 4 + prefix.len(), end);
                let block = match marker {
                    0xE1 if data.starts_with(EXIF) => Some((Content::Exif, behind(EXIF))),
                    0xE1 if data.starts_with(XMP) => Some((Content::Xmp, behind(XMP))),
                    0xE1 if data.starts_with(XMP_EXTENSION) => {
                        let span = behind(XMP_EXTENSION).range();
                        let start = (span.start + XMP_EXTENSION_HEADER_BYTES).min(end);
                        Some((Content::Text(None), Span::new(start, end)))
                    }
                    // Photoshop's resources hold captions and places in words.
                    0xED | 0xFE => Some((Content::Text(None), span)),
                    _ => None,
                };
                if let Some((content, span)) = block {
                    take(Block { content, span })?;
                }
                at = if *marker == 0xDA { scan_end(bytes, end) } else { end };
            }
        }
    }
}

/// Offset of the marker that ends the entropy-coded data at `at`.
fn scan_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(distance) = memchr(0xFF, rest) else { return bytes.len() };
        at += distance;
        match bytes.get(at + 1) {
            // A stuffed byte, or a restart.
            Some(0 | 0xD0..=0xD7) => at += 2,
            Some(_) | None => return at,
        }
    }
}

const PNG_SIGNATURE_BYTES: usize = 8;

/// ISO/IEC 15948: chunks of length, type, data and checksum.
fn png(bytes: &[u8], take: Take<'_>) -> Result<(), Stop> {
    let mut at = PNG_SIGNATURE_BYTES;
    loop {
        let (kind, span) = png_chunk(bytes, at).ok_or(Stop::malformed(at.min(bytes.len())))?;
        let data = span.of(bytes);
        let start = span.range().start;
        let keyword = memchr(0, data).unwrap_or(data.len());
        let name = Span::new(start, start + keyword);
        let behind = |skip: usize| {
            Span::new((start + keyword + skip).min(span.range().end), span.range().end)
        };
        let block = match &kind {
            b"eXIf" => Some((Content::Exif, span)),
            b"tEXt" => Some((Content::Text(Some(name)), behind(1))),
            // Behind the keyword: the method of compression.
            b"zTXt" => Some((Content::Deflated(name), behind(2))),
            b"iTXt" => Some(international_text(bytes, name, behind(1))),
            _ => None,
        };
        if let Some((content, span)) = block {
            take(Block { content, span })?;
        }
        at = span.range().end + 4;
        if kind == *b"IEND" {
            return match bytes.get(at..) {
                Some([]) | None => Ok(()),
                Some(_) => Err(Stop { cause: GapCause::UnknownMediaType, offset: at }),
            };
        }
    }
}

/// `rest` stands behind the keyword of an `iTXt` chunk: whether and how it is compressed, the language,
/// the keyword in that language, the text.
fn international_text(bytes: &[u8], name: Span, rest: Span) -> (Content, Span) {
    let data = rest.of(bytes);
    let nth_text = |from: usize| {
        memchr(0, data.get(from..).unwrap_or_default())
            .map_or(data.len(), |length| from + length + 1)
    };
    let start = rest.range().start + nth_text(nth_text(2)).min(data.len());
    let span = Span::new(start, rest.range().end);
    if data.first() == Some(&1) {
        (Content::Deflated(name), span)
    } else if name.of(bytes) == b"XML:com.adobe.xmp" {
        (Content::Xmp, span)
    } else {
        (Content::Text(Some(name)), span)
    }
}

/// Type and data of the chunk at `at`; four bytes of checksum follow.
fn png_chunk(bytes: &[u8], at: usize) -> Option<([u8; 4], Span)> {
    let rest = bytes.get(at..)?;
    let length = u32::from_be_bytes(*rest.first_chunk::<4>()?) as usize;
    let kind = *rest.get(4..)?.first_chunk::<4>()?;
    let span = Span::new(at + 8, (at + 8).checked_add(length)?);
    bytes.get(span.range().end..)?.first_chunk::<4>()?;
    Some((kind, span))
}

fn renew_checksums(picture: &mut [u8]) {
    let mut at = PNG_SIGNATURE_BYTES;
    while let Some((_, span)) = png_chunk(picture, at) {
        let end = span.range().end;
        let mut crc = flate2::Crc::new();
        crc.update(picture.get(at + 4..end).unwrap_or_default());
        if let Some(checksum) = picture.get_mut(end..end + 4) {
            checksum.copy_from_slice(&crc.sum().to_be_bytes());
        }
        at = end + 4;
    }
}

/// A RIFF container: chunks of type, length and data, padded to even lengths.
fn webp(bytes: &[u8], take: Take<'_>) -> Result<(), Stop> {
    let whole = bytes.get(4..).and_then(<[u8]>::first_chunk::<4>).copied().unwrap_or_default();
    let end = (u32::from_le_bytes(whole) as usize).saturating_add(8);
    if end > bytes.len() {
        return Err(Stop::malformed(4));
    }
    let mut at = 12;
    while at < end {
        let header = bytes.get(at..end).and_then(<[u8]>::first_chunk::<8>);
        let Some([kind @ .., a, b, c, d]) = header else { return Err(Stop::malformed(at)) };
        let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        let data_end = (at + 8).checked_add(length).filter(|&data_end| data_end <= end);
        let span = Span::new(at + 8, data_end.ok_or(Stop::malformed(at + 4))?);
        match kind {
            b"EXIF" => {
                let has_prefix = span.of(bytes).starts_with(b"Exif\0\0");
                let start = span.range().start + if has_prefix { 6 } else { 0 };
                take(Block { content: Content::Exif, span: Span::new(start, span.range().end) })?;
            }
            b"XMP " => take(Block { content: Content::Xmp, span })?,
            _ => {}
        }
        at = span.range().end + length % 2;
    }
    match bytes.get(end..) {
        Some([]) | None => Ok(()),
        Some(_) => Err(Stop { cause: GapCause::UnknownMediaType, offset: end }),
    }
}

/// `exif`: an object of the texts and the place that a TIFF structure tells.
fn exif<S: FieldSink>(
    bytes: &[u8],
    block: Span,
    fields: &mut Fields,
    sink: &mut S,
) -> Result<(), Stop> {
    let Span { start, end } = block;
    let (start, end) = (start as usize, end as usize);
    let exif = Exif::read(block.of(bytes)).ok_or(Stop::malformed(start))?;
    sink.open(named(b"exif", block), Container::Object, start, start);
    exif.each(&mut |name, span, reading| {
        let span = span.shift(start);
        fields.count(span.range().start)?;
        let key = named(name.as_bytes(), span);
        match reading {
            None => sink.scalar(key, text(bytes, span)),
            Some(reading) => {
                let kind = Scalar::Binary;
                sink.scalar(key, Value { kind, text: reading, ..text(bytes, span) });
            }
        }
        Ok(())
    })?;
    sink.close(end, end);
    Ok(())
}

/// `xmp`: an object of what an XML document tells.
fn xmp<S: FieldSink>(bytes: &[u8], block: Span, limits: &Limits, sink: &mut S) -> Result<(), Stop> {
    let base = block.range().start;
    let packet = packet(block.of(bytes));
    if packet.is_empty() {
        return Ok(());
    }
    let mut shifted = Shifted { sink, base, name: named(b"xmp", block) };
    xml::walk(packet, limits, &mut shifted)
        .map_err(|stop| Stop { cause: stop.cause, offset: base + stop.offset })
}

/// Without the spaces and zeros behind the document, which some writers leave.
fn packet(block: &[u8]) -> &[u8] {
    let is_padding = |byte: &&u8| **byte == 0 || byte.is_ascii_whitespace();
    let padding = block.iter().rev().take_while(is_padding).count();
    block.get(..block.len() - padding).unwrap_or_default()
}

fn named(text: &[u8], span: Span) -> Key<'_> {
    Key::Name { text, span, escape: Escape::None }
}

fn text(bytes: &[u8], span: Span) -> Value<'_> {
    Value {
        kind: Scalar::String,
        text: span.of(bytes),
        text_span: span,
        span,
        member: span,
        escape: Escape::None,
    }
}

/// Tells the fields of a block as those of the picture around it.
struct Shifted<'s, 'k, S> {
    sink: &'s mut S,
    base: usize,
    /// What the block's root is called.
    name: Key<'k>,
}

impl<S: FieldSink> Shifted<'_, '_, S> {
    fn key<'t>(&self, key: Key<'t>) -> Key<'t>
    where
        Self: 't,
    {
        match key {
            Key::Root | Key::Index(_) => key,
            Key::Name { text, span, escape } => {
                Key::Name { text, span: span.shift(self.base), escape }
            }
        }
    }
}

impl<S: FieldSink> FieldSink for Shifted<'_, '_, S> {
    fn open(&mut self, key: Key<'_>, container: Container, member_start: usize, start: usize) {
        let (member_start, start) = (self.base + member_start, self.base + start);
        match key {
            Key::Root => self.sink.open(self.name, container, member_start, start),
            Key::Index(_) | Key::Name { .. } => {
                let key = self.key(key);
                self.sink.open(key, container, member_start, start);
            }
        }
    }

    fn close(&mut self, end: usize, member_end: usize) {
        self.sink.close(self.base + end, self.base + member_end);
    }

    fn scalar(&mut self, key: Key<'_>, value: Value<'_>) {
        let value = Value {
            text_span: value.text_span.shift(self.base),
            span: value.span.shift(self.base),
            member: value.member.shift(self.base),
            ..value
        };
        let key = self.key(key);
        self.sink.scalar(key, value);
    }
}

/// Collects the members of an XMP packet that tell a place.
struct Places {
    base: usize,
    spans: Vec<Span>,
}

impl FieldSink for Places {
    fn open(&mut self, _: Key<'_>, _: Container, _: usize, _: usize) {}

    fn close(&mut self, _: usize, _: usize) {}

    fn scalar(&mut self, key: Key<'_>, value: Value<'_>) {
        if let Key::Name { text, .. } = key
            && text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(b"gps"))
        {
            self.spans.push(value.member.shift(self.base));
        }
    }
}
