//! JPEG (ITU-T T.81, Annex B): markers with lengths, then a scan up to the next marker. Several pictures
//! may stand behind each other (CIPA DC-007).

use memchr::memchr;

use super::{super::Stop, Block, Content, Meaning, Take, icc, unknown};
use crate::domain::{GapCause, Span};

const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const XMP_EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

pub(super) fn blocks(bytes: &[u8], take: Take<'_>) -> Result<(), Stop> {
    let mut thumbnails = Vec::new();
    picture(bytes, 0, Some(&mut thumbnails), take)?;
    for span in thumbnails {
        // They have none of their own.
        let inside = bytes.get(..span.range().end).unwrap_or_default();
        picture(inside, span.range().start, None, take)?;
    }
    Ok(())
}

/// The blocks of the pictures from `start` on. Thumbnails are left in `thumbnails`, where there may be some.
fn picture(
    bytes: &[u8],
    start: usize,
    mut thumbnails: Option<&mut Vec<Span>>,
    take: Take<'_>,
) -> Result<(), Stop> {
    let mut at = start + 2;
    let mut extension = Extension::default();
    let mut profile = Profile::default();
    loop {
        let (marker, rest) = match bytes.get(at..).unwrap_or_default() {
            [0xFF, marker, rest @ ..] => (marker, rest),
            // It ends early.
            [] | [0xFF] => {
                profile.take(bytes, take)?;
                return extension.take(bytes, take);
            }
            _ => return Err(Stop::malformed(at.min(bytes.len()))),
        };
        match marker {
            // Padding.
            0xFF => at += 1,
            // End of the picture.
            0xD9 => {
                profile.take(bytes, take)?;
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
                let [high, low, data @ ..] = rest else {
                    profile.take(bytes, take)?;
                    return extension.take(bytes, take);
                };
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let end = at + 2 + length;
                if length >= 2 && end > bytes.len() && is_start_without_text(*marker, data) {
                    profile.take(bytes, take)?;
                    return extension.take(bytes, take);
                }
                if length < 2 || end > bytes.len() {
                    return Err(Stop::malformed(at + 2));
                }
                let span = Span::new(at + 4, end);
                match (*marker, span.of(bytes), &mut thumbnails) {
                    (0xE0, [b'J', b'F', b'X', b'X', 0, 0x10, 0xFF, 0xD8, ..], Some(found)) => {
                        found.push(Span::new(at + 10, end));
                    }
                    (0xE2, data, _) if data.starts_with(ICC) => profile.add(bytes, span, take)?,
                    _ => segment(bytes, *marker, span, &mut extension, take)?,
                }
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

/// Tables, frames and scans that are as long as what they say, and of the segments that applications add those that say
/// how to show the picture.
pub(super) fn is_without_text(marker: u8, data: &[u8]) -> bool {
    /// How strongly Photoshop compressed; the comments that it may add come behind.
    const QUALITY: &[u8] = b"Ducky\0\x01\0\x04";
    const QUALITY_BYTES: usize = QUALITY.len() + 6;
    let begins = |prefix: &[u8]| data.starts_with(prefix);
    let has = |length: usize| data.len() == length;
    let byte = |at: usize| usize::from(data.get(at).copied().unwrap_or_default());
    match marker {
        0xC4 => are_tables(data, |table| {
            let codes = table.get(1..17).filter(|_| is_of_four(table))?;
            Some(17 + codes.iter().map(|count| usize::from(*count)).sum::<usize>())
        }),
        0xCC => data.chunks(2).all(|pair| pair.len() == 2 && is_of_four(pair)),
        0xC8 => false,
        0xC0..=0xCF | 0xDE => has(6 + 3 * byte(5)),
        0xDA => has(4 + 2 * byte(0)),
        0xDB => are_tables(data, |table| {
            let is_wide = table.first().filter(|_| is_of_four(table))? >> 4;
            Some(1 + 64 * (1 + usize::from(is_wide)))
        }),
        0xDC | 0xDD => has(2),
        0xDF => has(1),
        0xE0 => match (data.get(..5), data.get(5)) {
            (Some(b"JFIF\0"), _) => has(14 + 3 * byte(12) * byte(13)),
            (Some(b"JFXX\0"), Some(0x11)) => has(8 + 768 + byte(6) * byte(7)),
            (Some(b"JFXX\0"), Some(0x13)) => has(8 + 3 * byte(6) * byte(7)),
            _ => false,
        },
        // Further pictures behind this one, and how bright they are (ISO 21496-1).
        0xE2 => {
            let is_known = begins(b"MPF\0") || begins(b"urn:iso:std:iso:ts:21496:-1\0");
            let behind = memchr(0, data).and_then(|end| data.get(end..)).unwrap_or_default();
            is_known && !has_words(behind)
        }
        0xEC => begins(QUALITY) && data.len() <= QUALITY_BYTES,
        0xEE => begins(b"Adobe") && has(12),
        _ => false,
    }
}

/// Whether there are tables behind each other to the end, each as long as `length` says.
fn are_tables(data: &[u8], length: impl Fn(&[u8]) -> Option<usize>) -> bool {
    let mut rest = data;
    while !rest.is_empty() {
        match length(rest).and_then(|length| rest.get(length..)) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    true
}

/// The first byte says that a table is one of four, of one kind or another.
fn is_of_four(table: &[u8]) -> bool {
    table.first().is_some_and(|first| first & 0xEC == 0)
}

/// Whether something among numbers looks like words.
fn has_words(data: &[u8]) -> bool {
    const LETTERS_MIN: usize = 6;
    data.chunk_by(|one, next| one.is_ascii_graphic() && next.is_ascii_graphic())
        .any(|run| run.len() >= LETTERS_MIN)
}

/// The same of a segment that is cut, which may have little of its name: not longer than such a segment gets.
fn is_start_without_text(marker: u8, data: &[u8]) -> bool {
    const TABLES_MAX: usize = 4;
    let is_within = match marker {
        0xC4 => data.len() <= 2 * TABLES_MAX * (17 + 256),
        0xDB => data.len() <= TABLES_MAX * 129,
        0xC8 => false,
        0xC0..=0xCF | 0xDA | 0xDE => data.len() <= 6 + 3 * 255,
        0xDC | 0xDD | 0xDF => data.len() <= 2,
        0xE0 => {
            let is_name = |name: &[u8]| name.starts_with(data) || data.starts_with(name);
            is_name(b"JFIF\0") && data.len() <= 14 || b"JFXX\0".starts_with(data)
        }
        _ => false,
    };
    is_within || data.is_empty() || is_without_text(marker, data)
}

const ICC: &[u8] = b"ICC_PROFILE\0";

/// A profile of colours, in as many segments as it takes (ICC.1:2022, Annex B.4).
#[derive(Default)]
struct Profile {
    pieces: Vec<(u8, Span)>,
}

impl Profile {
    fn add(&mut self, bytes: &[u8], span: Span, take: Take<'_>) -> Result<(), Stop> {
        let start = span.range().start + ICC.len();
        let Some([number, _]) = bytes.get(start..span.range().end).and_then(<[u8]>::first_chunk)
        else {
            return unknown(bytes, Span::new(start, span.range().end)).map_or(Ok(()), take);
        };
        self.pieces.push((*number, Span::new(start + 2, span.range().end)));
        Ok(())
    }

    fn take(&mut self, bytes: &[u8], take: Take<'_>) -> Result<(), Stop> {
        let mut pieces = std::mem::take(&mut self.pieces);
        if pieces.is_empty() {
            return Ok(());
        }
        pieces.sort_unstable();
        let pieces: Vec<Span> = pieces.into_iter().map(|(_, piece)| piece).collect();
        icc::blocks(bytes, &pieces).into_iter().try_for_each(take)
    }
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
