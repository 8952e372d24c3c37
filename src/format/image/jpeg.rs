//! JPEG (ITU-T T.81, Annex B): markers with lengths, then a scan up to the next marker. Several pictures
//! may stand behind each other (CIPA DC-007).

use memchr::memchr;

use super::{super::Stop, Block, Content, Meaning, Take, unknown};
use crate::domain::{GapCause, Span};

const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const XMP_EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

pub(super) fn blocks(bytes: &[u8], take: Take<'_>) -> Result<(), Stop> {
    let mut at = 2;
    let mut extension = Extension::default();
    loop {
        let (marker, rest) = match bytes.get(at..).unwrap_or_default() {
            [0xFF, marker, rest @ ..] => (marker, rest),
            // It ends early.
            [] | [0xFF] => return extension.take(bytes, take),
            _ => return Err(Stop::malformed(at.min(bytes.len()))),
        };
        match marker {
            // Padding.
            0xFF => at += 1,
            // End of the picture.
            0xD9 => {
                extension.take(bytes, take)?;
                match rest {
                    [] => return Ok(()),
                    [0xFF, 0xD8, 0xFF, ..] => at += 4,
                    _ if rest.iter().all(|&byte| byte == 0) => return Ok(()),
                    _ => return Err(Stop { cause: GapCause::UnknownMediaType, offset: at + 2 }),
                }
            }
            0x01 | 0xD0..=0xD8 => at += 2,
            _ => {
                let [high, low, data @ ..] = rest else { return extension.take(bytes, take) };
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let end = at + 2 + length;
                if length >= 2 && end > bytes.len() && is_start_without_text(*marker, data) {
                    return extension.take(bytes, take);
                }
                if length < 2 || end > bytes.len() {
                    return Err(Stop::malformed(at + 2));
                }
                segment(bytes, *marker, Span::new(at + 4, end), &mut extension, take)?;
                at = if *marker == 0xDA { scan_end(bytes, end) } else { end };
            }
        }
    }
}

fn segment(
    bytes: &[u8],
    marker: u8,
    span: Span,
    extension: &mut Extension,
    take: Take<'_>,
) -> Result<(), Stop> {
    let data = span.of(bytes);
    let behind = |prefix: &[u8]| Span::new(span.range().start + prefix.len(), span.range().end);
    match marker {
        0xE1 if data.starts_with(EXIF) => take(Block::new(Content::Exif, behind(EXIF))),
        0xE1 if data.starts_with(XMP) => take(Block::new(Content::Xmp, behind(XMP))),
        0xE1 if data.starts_with(XMP_EXTENSION) => extension.add(bytes, behind(XMP_EXTENSION)),
        // Photoshop's resources hold captions and places in words.
        0xED | 0xFE => take(Block::new(Content::Text(None), span)),
        _ if is_without_text(marker, data) => Ok(()),
        _ => unknown(bytes, span).map_or(Ok(()), take),
    }
}

/// Tables, frames and scans, and of the segments that applications add those that say how to show the picture.
fn is_without_text(marker: u8, data: &[u8]) -> bool {
    /// How strongly Photoshop compressed; the comments that it may add come behind.
    const QUALITY: &[u8] = b"Ducky\0\x01\0\x04";
    const QUALITY_BYTES: usize = QUALITY.len() + 6;
    let begins = |prefixes: &[&[u8]]| prefixes.iter().any(|prefix| data.starts_with(prefix));
    match marker {
        0xC0..=0xCF | 0xDA..=0xDF => true,
        0xE0 => begins(&[b"JFIF\0", b"JFXX\0"]),
        // Profiles of colours, further pictures behind this one, and how bright they are (ISO 21496-1).
        0xE2 => begins(&[b"ICC_PROFILE\0", b"MPF\0", b"urn:iso:std:iso:ts:21496:-1\0"]),
        0xEC => begins(&[QUALITY]) && data.len() <= QUALITY_BYTES,
        0xEE => begins(&[b"Adobe"]) && data.len() == 12,
        _ => false,
    }
}

/// The same of a segment that is cut, which may have little of its name.
fn is_start_without_text(marker: u8, data: &[u8]) -> bool {
    data.is_empty()
        || is_without_text(marker, data)
        || (marker == 0xE0 && [b"JFIF\0", b"JFXX\0"].iter().any(|name| name.starts_with(data)))
}

/// A packet too long for one segment, in pieces (XMP Specification Part 3, §1.1.3.1).
#[derive(Default)]
struct Extension {
    /// Where each piece belongs, and where it stands.
    pieces: Vec<(u32, Span)>,
}

impl Extension {
    /// A piece begins with a digest of 32 digits, the length of the whole, and its own place in it.
    fn add(&mut self, bytes: &[u8], span: Span) -> Result<(), Stop> {
        const DIGEST_BYTES: usize = 32;
        const HEADER_BYTES: usize = DIGEST_BYTES + 8;
        let place = span.of(bytes).get(DIGEST_BYTES + 4..HEADER_BYTES);
        let place = place.and_then(<[u8]>::first_chunk::<4>);
        let place = u32::from_be_bytes(*place.ok_or(Stop::malformed(span.range().start))?);
        let start = span.range().start + HEADER_BYTES;
        self.pieces.push((place, Span::new(start, span.range().end)));
        Ok(())
    }

    /// The pieces in their order, as one packet.
    fn take(&mut self, bytes: &[u8], take: Take<'_>) -> Result<(), Stop> {
        let mut pieces = std::mem::take(&mut self.pieces);
        pieces.sort_unstable();
        let Some(&(_, span)) = pieces.first() else { return Ok(()) };
        let mut whole = Vec::new();
        for (place, piece) in &pieces {
            // A hole or an overlap: readers make different packets of it.
            if whole.len() != *place as usize {
                return Err(Stop::malformed(piece.range().start));
            }
            whole.extend_from_slice(piece.of(bytes));
        }
        let pieces = pieces.into_iter().map(|(_, piece)| piece).collect();
        take(Block::new(Content::Rewritten { meaning: Meaning::Xmp, bytes: whole, pieces }, span))
    }
}

/// Offset of the marker that ends the entropy-coded data at `at`.
pub(super) fn scan_end(bytes: &[u8], mut at: usize) -> usize {
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
