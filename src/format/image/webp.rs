//! WebP: a RIFF container of chunks of type, length and data, padded to even lengths (RFC 9649 §2.3).

use super::{super::Stop, Block, Content, Take, icc, unknown};
use crate::domain::{GapCause, Span};

/// Chunks of pixels.
const PIXELS: [&[u8; 4]; 3] = [b"VP8 ", b"VP8L", b"ALPH"];
/// What precedes the chunks of a frame.
pub(super) const FRAME_BYTES: usize = 16;

pub(super) fn blocks(bytes: &[u8], take: Take<'_>) -> Result<(), Stop> {
    let whole = bytes.get(4..).and_then(<[u8]>::first_chunk::<4>).copied().unwrap_or_default();
    let end = (u32::from_le_bytes(whole) as usize).saturating_add(8);
    let is_cut = end > bytes.len();
    let end = end.min(bytes.len());
    let mut at = 12;
    // Where the frame ends whose chunks are read.
    let mut frame_end = None;
    while at < end {
        if frame_end.is_some_and(|frame_end| at >= frame_end) {
            frame_end = None;
        }
        let header = bytes.get(at..end).and_then(<[u8]>::first_chunk::<8>);
        let Some([kind @ .., a, b, c, d]) = header else {
            return if is_cut { Ok(()) } else { Err(Stop::malformed(at)) };
        };
        let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        let data_end = (at + 8).checked_add(length).filter(|&data_end| data_end <= end);
        let is_empty = at + 8 == end;
        if is_cut && data_end.is_none() && (is_empty || PIXELS.contains(&kind)) {
            return Ok(());
        }
        let is_cut_frame = is_cut && kind == b"ANMF" && frame_end.is_none();
        let data_end = data_end.or(is_cut_frame.then_some(end));
        let is_inside = |data_end: &usize| frame_end.is_none_or(|frame_end| *data_end <= frame_end);
        let data_end = data_end.filter(is_inside).ok_or(Stop::malformed(at + 4))?;
        let span = Span::new(at + 8, data_end);
        match kind {
            b"EXIF" => {
                let has_prefix = span.of(bytes).starts_with(b"Exif\0\0");
                let start = span.range().start + if has_prefix { 6 } else { 0 };
                take(Block::new(Content::Exif, Span::new(start, span.range().end)))?;
            }
            b"XMP " => take(Block::new(Content::Xmp, span))?,
            b"ICCP" => icc::blocks(bytes, &[span]).into_iter().try_for_each(&mut *take)?,
            // A frame of an animation: chunks of its own behind its place.
            b"ANMF" if frame_end.is_none() && span.len() >= FRAME_BYTES => {
                frame_end = Some(data_end);
                at = span.range().start + FRAME_BYTES;
                continue;
            }
            b"VP8X" if span.len() == 10 => {}
            b"ANIM" if span.len() == 6 => {}
            _ if PIXELS.contains(&kind) => {}
            _ => unknown(bytes, span).map_or(Ok(()), &mut *take)?,
        }
        at = span.range().end + length % 2;
    }
    match bytes.get(end..) {
        Some([]) | None => Ok(()),
        Some(_) => Err(Stop { cause: GapCause::UnknownMediaType, offset: end }),
    }
}
