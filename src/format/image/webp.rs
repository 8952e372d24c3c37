//! WebP: a RIFF container of chunks of type, length and data, padded to even lengths (RFC 9649 §2.3).

use super::{super::Stop, Block, Content, Take, unknown};
use crate::domain::{GapCause, Span};

/// Chunks of pixels, and of how to show them.
const WITHOUT_TEXT: [&[u8; 4]; 7] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];

pub(super) fn blocks(bytes: &[u8], take: Take<'_>) -> Result<(), Stop> {
    let whole = bytes.get(4..).and_then(<[u8]>::first_chunk::<4>).copied().unwrap_or_default();
    let end = (u32::from_le_bytes(whole) as usize).saturating_add(8);
    let is_cut = end > bytes.len();
    let end = end.min(bytes.len());
    let mut at = 12;
    while at < end {
        let header = bytes.get(at..end).and_then(<[u8]>::first_chunk::<8>);
        let Some([kind @ .., a, b, c, d]) = header else {
            return if is_cut { Ok(()) } else { Err(Stop::malformed(at)) };
        };
        let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        let data_end = (at + 8).checked_add(length).filter(|&data_end| data_end <= end);
        let is_empty = at + 8 == end;
        if is_cut && data_end.is_none() && (is_empty || WITHOUT_TEXT.contains(&kind)) {
            return Ok(());
        }
        let span = Span::new(at + 8, data_end.ok_or(Stop::malformed(at + 4))?);
        match kind {
            b"EXIF" => {
                let has_prefix = span.of(bytes).starts_with(b"Exif\0\0");
                let start = span.range().start + if has_prefix { 6 } else { 0 };
                take(Block::new(Content::Exif, Span::new(start, span.range().end)))?;
            }
            b"XMP " => take(Block::new(Content::Xmp, span))?,
            _ if WITHOUT_TEXT.contains(&kind) => {}
            _ => unknown(bytes, span).map_or(Ok(()), &mut *take)?,
        }
        at = span.range().end + length % 2;
    }
    match bytes.get(end..) {
        Some([]) | None => Ok(()),
        Some(_) => Err(Stop { cause: GapCause::UnknownMediaType, offset: end }),
    }
}
