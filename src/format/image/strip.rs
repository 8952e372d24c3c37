//! A picture without what is told beside its pixels.
//!
//! What is compressed, and how to show it (orientation, colours, frames), stays byte for byte. Where parts
//! of the file point at each other by their place, metadata are overwritten rather than cut out. A kind or
//! a structure we do not know is left to whoever asks: nothing is said to be stripped that may not be.

use super::{
    Content, Kind, Meaning, each_block,
    jpeg::{self, scan_end},
    png::{self, SIGNATURE_BYTES, chunk},
    sniff, tiff,
    webp::FRAME_BYTES,
};
use crate::domain::{Limits, Span};

/// The picture without EXIF (but for its orientation), XMP, captions, comments, thumbnails and times.
/// `None` when its structure cannot be followed to the end.
pub fn without_metadata(bytes: &[u8]) -> Option<Vec<u8>> {
    match sniff(bytes)? {
        Kind::Jpeg => blanked(jpeg(bytes)?),
        Kind::Png => blanked(png(bytes)?),
        Kind::WebP => blanked(webp(bytes)?),
        Kind::Heif => heif(bytes),
        Kind::Gif => None,
    }
}

/// With blanks for the texts of a profile of colours, which stays. `None` when something is left that may hold one.
fn blanked(mut picture: Vec<u8>) -> Option<Vec<u8>> {
    let mut texts = Vec::new();
    let mut is_whole = true;
    let has_checksums = sniff(&picture) == Some(Kind::Png);
    each_block(&picture, &Limits::default(), &mut |block| {
        match block.content {
            Content::Text(_) => texts.push(block.span),
            Content::Rewritten { meaning: Meaning::Text(_), pieces, .. } => texts.extend(pieces),
            Content::Unread => is_whole = false,
            Content::Exif | Content::Xmp | Content::Rewritten { .. } => {}
        }
        Ok(())
    })
    .ok()?;
    for span in texts {
        let place = picture.get_mut(span.range())?;
        if has_checksums && place.iter().any(|byte| *byte != b' ') {
            return None;
        }
        place.iter_mut().filter(|byte| **byte != 0).for_each(|byte| *byte = b' ');
    }
    is_whole.then_some(picture)
}

/// Every application segment and comment but those that decoding needs is overwritten.
fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    const EXIF: &[u8] = b"Exif\0\0";
    // Of two halves: where it belongs, and what it says.
    const XMP: [&[u8]; 2] =
        [b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"];
    let mut picture = bytes.to_vec();
    let mut at = 2;
    loop {
        let [0xFF, marker, rest @ ..] = bytes.get(at..)? else { return None };
        match marker {
            0xFF => at += 1,
            0xD9 => match rest {
                [] => return Some(picture),
                [0xFF, 0xD8, 0xFF, ..] => at += 4,
                _ if rest.iter().all(|&byte| byte == 0) => return Some(picture),
                _ => return None,
            },
            0x01 | 0xD0..=0xD8 => at += 2,
            _ => {
                let length = usize::from(u16::from_be_bytes(*rest.first_chunk()?));
                let end = at + 2 + length;
                if length < 2 {
                    return None;
                }
                let data = bytes.get(at + 4..end)?;
                let is_needed = match marker {
                    0xE0 if data.starts_with(b"JFXX\0") => false,
                    0xE2 if data.starts_with(b"ICC_PROFILE\0") => true,
                    0xE2 if !data.starts_with(b"MPF\0") => false,
                    // Adobe's says how colours were transformed.
                    0xE0 | 0xE2 | 0xEE => jpeg::is_without_text(*marker, data),
                    0xE1 | 0xE3..=0xED | 0xEF | 0xFE => false,
                    _ => true,
                };
                if !is_needed {
                    let place = picture.get_mut(at + 4..end)?;
                    let prefix = XMP.iter().find(|prefix| data.starts_with(prefix));
                    if *marker == 0xE1 && data.starts_with(EXIF) {
                        tiff::blank(place.get_mut(EXIF.len()..)?);
                    } else if *marker == 0xE1
                        && let Some(prefix) = prefix
                    {
                        place.get_mut(prefix.len()..)?.fill(b' ');
                    } else {
                        place.fill(if *marker == 0xFE { b' ' } else { 0 });
                    }
                }
                at = if *marker == 0xDA { scan_end(bytes, end) } else { end };
            }
        }
    }
}

/// The chunks that say how to show the picture (ISO/IEC 15948, and those of APNG and HDR).
fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    const SHOWN: [&[u8; 4]; 15] = [
        b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"hIST",
        b"pHYs", b"acTL", b"fcTL", b"fdAT", b"IEND",
    ];
    let mut picture = Vec::with_capacity(bytes.len());
    picture.extend_from_slice(bytes.get(..SIGNATURE_BYTES)?);
    let mut at = SIGNATURE_BYTES;
    loop {
        let (kind, span) = chunk(bytes, at)?;
        let end = span.range().end + 4;
        // A critical chunk begins with a capital.
        let is_critical = kind.first()?.is_ascii_uppercase();
        if is_critical || SHOWN.contains(&&kind) {
            picture.extend_from_slice(bytes.get(at..end)?);
        } else if &kind == b"iCCP" {
            picture.extend(png::without_texts(bytes, at, span));
        } else if &kind == b"eXIf" {
            let start = picture.len();
            picture.extend_from_slice(bytes.get(at..end)?);
            tiff::blank(picture.get_mut(start + 8..start + 8 + span.len())?);
            let mut crc = flate2::Crc::new();
            crc.update(picture.get(start + 4..start + 8 + span.len())?);
            picture.get_mut(start + 8 + span.len()..)?.copy_from_slice(&crc.sum().to_be_bytes());
        }
        at = end;
        if &kind == b"IEND" {
            return bytes.get(at..)?.is_empty().then_some(picture);
        }
    }
}

fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    const SHOWN: [&[u8; 4]; 6] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ICCP"];
    let end = (u32::from_le_bytes(*bytes.get(4..)?.first_chunk()?) as usize).checked_add(8)?;
    let mut picture = bytes.to_vec();
    let mut at = 12;
    while at < end {
        let kind = *bytes.get(at..end)?.first_chunk::<4>()?;
        let length = u32::from_le_bytes(*bytes.get(at + 4..)?.first_chunk()?) as usize;
        let data_end = (at + 8).checked_add(length).filter(|data_end| *data_end <= end)?;
        let data = bytes.get(at + 8..data_end)?;
        let place = picture.get_mut(at + 8..data_end)?;
        match &kind {
            // The chunks of a frame stand behind its place.
            b"ANMF" if length >= FRAME_BYTES => {
                at += 8 + FRAME_BYTES;
                continue;
            }
            b"EXIF" => {
                let prefix = if data.starts_with(b"Exif\0\0") { 6 } else { 0 };
                tiff::blank(place.get_mut(prefix..)?);
            }
            b"XMP " => place.fill(b' '),
            _ if SHOWN.contains(&&kind) => {}
            _ => place.fill(0),
        }
        at = data_end + length % 2;
    }
    bytes.get(end..)?.is_empty().then_some(picture)
}

fn heif(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut blocks: Vec<(bool, Span)> = Vec::new();
    each_block(bytes, &Limits::default(), &mut |block| {
        blocks.push((matches!(block.content, Content::Exif), block.span));
        Ok(())
    })
    .ok()?;
    let mut picture = bytes.to_vec();
    for (is_exif, span) in blocks {
        let place = picture.get_mut(span.range())?;
        if is_exif { tiff::blank(place) } else { place.fill(b' ') }
    }
    Some(picture)
}
