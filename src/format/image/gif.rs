//! GIF (89a): pictures and extensions, each a chain of sub-blocks of up to 255 bytes.

use super::{super::Stop, Block, Content, Meaning, Take, is_text};
use crate::domain::{GapCause, Span};

pub(super) fn blocks(bytes: &[u8], take: Take<'_>) -> Result<(), Stop> {
    const HEADER_BYTES: usize = 6;
    const SCREEN_BYTES: usize = 7;
    const IMAGE_BYTES: usize = 10;
    let flags = *bytes.get(HEADER_BYTES + 4).ok_or(Stop::malformed(bytes.len()))?;
    let mut at = HEADER_BYTES + SCREEN_BYTES + colours_bytes(flags);
    loop {
        match bytes.get(at..).unwrap_or_default() {
            [b';'] => return Ok(()),
            [b';', ..] => {
                return Err(Stop { cause: GapCause::UnknownMediaType, offset: at + 1 });
            }
            [b',', ..] => {
                let flags = *bytes.get(at + IMAGE_BYTES - 1).ok_or(Stop::malformed(bytes.len()))?;
                // Behind the colours: the size of the first code.
                let data = at + IMAGE_BYTES + colours_bytes(flags) + 1;
                at = sub_blocks(bytes, data, &mut |_| {})?;
            }
            [b'!', label, ..] => at = extension(bytes, *label, at + 2, take)?,
            _ => return Err(Stop::malformed(at.min(bytes.len()))),
        }
    }
}

/// The length of the colour table that flags announce.
fn colours_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// The extension whose first sub-block is at `at`; where it ends.
fn extension(bytes: &[u8], label: u8, at: usize, take: Take<'_>) -> Result<usize, Stop> {
    const XMP: &[u8] = b"\x0BXMP DataXMP";
    const RAMP_BYTES: usize = 258;
    // The packet stands as it is, and behind it a ramp that leads every reader to the end of the chain.
    if label == 0xFF && bytes.get(at..).unwrap_or_default().starts_with(XMP) {
        let start = at + XMP.len();
        let end = sub_blocks(bytes, start, &mut |_| {})?;
        let length = (end - start).saturating_sub(RAMP_BYTES);
        take(Block::new(Content::Xmp, Span::new(start, start + length)))?;
        return Ok(end);
    }
    let mut pieces = Vec::new();
    let end = sub_blocks(bytes, at, &mut |span| pieces.push(span))?;
    // A comment, or text that is drawn, which begins with where.
    let pieces = match label {
        0xFE => pieces.as_slice(),
        0x01 => pieces.get(1..).unwrap_or_default(),
        _ if is_without_text(bytes, label, &pieces) => &[],
        _ => {
            let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return Ok(end) };
            if !pieces.iter().all(|piece| is_text(piece.of(bytes))) {
                let span = Span { start: first.start, end: last.end };
                take(Block::new(Content::Unread, span))?;
                return Ok(end);
            }
            pieces.as_slice()
        }
    };
    match pieces {
        [] => {}
        [span] => take(Block::new(Content::Text(None), *span))?,
        [first, ..] => {
            let whole = pieces.iter().flat_map(|piece| piece.of(bytes)).copied().collect();
            let pieces = pieces.to_vec();
            let meaning = Meaning::Text(None);
            take(Block::new(Content::Rewritten { meaning, bytes: whole, pieces }, *first))?;
        }
    }
    Ok(end)
}

/// How long and how often to show a picture, and a profile of its colours.
fn is_without_text(bytes: &[u8], label: u8, pieces: &[Span]) -> bool {
    let name = pieces.first().map_or(&[][..], |piece| piece.of(bytes));
    let rest: usize = pieces.iter().skip(1).map(|piece| piece.len()).sum();
    match (label, name) {
        (0xF9, name) => name.len() == 4 && rest == 0,
        // A count, and the size of a buffer.
        (0xFF, b"NETSCAPE2.0" | b"ANIMEXTS1.0") => rest <= 8,
        (0xFF, b"ICCRGBG1012") => true,
        _ => false,
    }
}

/// Past the chain of sub-blocks at `at`.
fn sub_blocks(bytes: &[u8], mut at: usize, take: &mut dyn FnMut(Span)) -> Result<usize, Stop> {
    loop {
        let length = usize::from(*bytes.get(at).ok_or(Stop::malformed(bytes.len()))?);
        at += 1;
        if length == 0 {
            return Ok(at);
        }
        if at + length > bytes.len() {
            return Err(Stop::malformed(bytes.len()));
        }
        take(Span::new(at, at + length));
        at += length;
    }
}
