//! PNG (ISO/IEC 15948): chunks of length, type, data and checksum.

use memchr::memchr;

use super::{
    super::{Stop, decode},
    Block, Content, Meaning, Take, unknown,
};
use crate::domain::{Encoding, GapCause, Limits, Span};

pub(super) const SIGNATURE_BYTES: usize = 8;

pub(super) fn blocks(bytes: &[u8], limits: &Limits, take: Take<'_>) -> Result<(), Stop> {
    let mut at = SIGNATURE_BYTES;
    loop {
        let Some((kind, span)) = chunk(bytes, at) else {
            let rest = bytes.get(at..).unwrap_or_default();
            return if is_start_without_text(rest) { Ok(()) } else { Err(Stop::malformed(at)) };
        };
        let text = match &kind {
            b"eXIf" => {
                take(Block::new(Content::Exif, span))?;
                None
            }
            b"tEXt" => Some(Text::plain(bytes, span)),
            b"zTXt" => Some(Text::compressed(bytes, span)),
            b"iTXt" => {
                for words in Text::words(bytes, span).into_iter().filter(|it| !it.is_empty()) {
                    take(Block::new(Content::Text(None), words))?;
                }
                Some(Text::international(bytes, span))
            }
            // A profile and a palette have a name.
            b"iCCP" | b"sPLT" => {
                take(Block::new(Content::Text(None), Text::plain(bytes, span).keyword))?;
                None
            }
            _ if WITHOUT_TEXT.contains(&&kind) => None,
            _ => {
                unknown(bytes, span).map_or(Ok(()), &mut *take)?;
                None
            }
        };
        if let Some(text) = text {
            take(text.block(bytes, Span::new(at, span.range().end + CHECKSUM_BYTES), limits)?)?;
        }
        at = span.range().end + CHECKSUM_BYTES;
        if kind == *b"IEND" {
            return match bytes.get(at..) {
                Some([]) | None => Ok(()),
                Some(_) => Err(Stop { cause: GapCause::UnknownMediaType, offset: at }),
            };
        }
    }
}

const CHECKSUM_BYTES: usize = 4;

/// Whether a chunk that is cut holds nothing but a length, a type and what is no text.
fn is_start_without_text(rest: &[u8]) -> bool {
    const HEAD_BYTES: usize = 8;
    rest.len() <= HEAD_BYTES
        || rest.get(4..HEAD_BYTES).is_some_and(|kind| WITHOUT_TEXT.iter().any(|it| *it == kind))
}

/// Chunks of numbers and pixels: of ISO/IEC 15948 and its extensions, of animations, of colours beyond the usual, and
/// those that Apple, ImageMagick and converters of GIF add to them.
const WITHOUT_TEXT: [&[u8; 4]; 27] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV",
    b"mDCv", b"cLLI", b"cLLi", b"sBIT", b"bKGD", b"hIST", b"pHYs", b"tIME", b"oFFs", b"sTER",
    b"gIFg", b"acTL", b"fcTL", b"fdAT", b"iDOT", b"vpAg", b"orNT",
];

/// A textual chunk.
struct Text {
    keyword: Span,
    text: Span,
    is_compressed: bool,
}

impl Text {
    /// A keyword, a zero, the text.
    fn plain(bytes: &[u8], data: Span) -> Self {
        Self::behind_keyword(bytes, data, 1)
    }

    /// Behind the keyword: the method of compression.
    fn compressed(bytes: &[u8], data: Span) -> Self {
        Self { is_compressed: true, ..Self::behind_keyword(bytes, data, 2) }
    }

    /// Behind the keyword: whether and how it is compressed, the language, the keyword in that
    /// language, the text.
    fn international(bytes: &[u8], data: Span) -> Self {
        let head = Self::behind_keyword(bytes, data, 1);
        let rest = head.text.of(bytes);
        let behind_text = |from: usize| {
            memchr(0, rest.get(from..).unwrap_or_default())
                .map_or(rest.len(), |length| from + length + 1)
        };
        let start = head.text.range().start + behind_text(behind_text(2)).min(rest.len());
        let is_compressed = rest.first() == Some(&1);
        Self { text: Span::new(start, data.range().end), is_compressed, ..head }
    }

    /// The language of an international text, and its keyword in that.
    fn words(bytes: &[u8], data: Span) -> [Span; 2] {
        let (start, end) = (data.range().start, data.range().end);
        let length = |from: usize| {
            let rest = bytes.get(from..end).unwrap_or_default();
            memchr(0, rest).unwrap_or(rest.len())
        };
        let language = (start + length(start) + 3).min(end);
        let keyword = (language + length(language) + 1).min(end);
        [language, keyword].map(|from| Span::new(from, from + length(from)))
    }

    fn behind_keyword(bytes: &[u8], data: Span, skip: usize) -> Self {
        let (start, end) = (data.range().start, data.range().end);
        let length = memchr(0, data.of(bytes)).unwrap_or(data.len());
        Self {
            keyword: Span::new(start, start + length),
            text: Span::new((start + length + skip).min(end), end),
            is_compressed: false,
        }
    }

    fn block(self, bytes: &[u8], chunk: Span, limits: &Limits) -> Result<Block, Stop> {
        let keyword = self.keyword.of(bytes);
        let start = self.text.range().start;
        let plain = if self.is_compressed {
            let inflated = decode(Encoding::Deflate, self.text.of(bytes), limits);
            Some(inflated.map_err(|stop| Stop { offset: start, ..stop })?)
        } else {
            None
        };
        let is_xmp = keyword == b"XML:com.adobe.xmp";
        let profile = keyword.strip_prefix(b"Raw profile type ").map(|name| {
            let digits = plain.as_deref().unwrap_or(self.text.of(bytes));
            raw_profile(name, digits, self.keyword)
        });
        let rewritten = match (profile, plain) {
            (Some(profile), _) => Some(profile.ok_or(Stop::malformed(start))?),
            (None, Some(plain)) if is_xmp => Some((Meaning::Xmp, plain)),
            (None, Some(plain)) => Some((Meaning::Text(Some(self.keyword)), plain)),
            (None, None) => None,
        };
        Ok(match rewritten {
            Some((meaning, inner)) => Block {
                content: Content::Rewritten { meaning, bytes: inner, pieces: vec![self.text] },
                span: self.text,
                chunk: Some(chunk),
            },
            None if is_xmp => Block::new(Content::Xmp, self.text),
            None => Block::new(Content::Text(Some(self.keyword)), self.text),
        })
    }
}

/// What ImageMagick and its kin put metadata of other formats into: a line with a name, one with the
/// length, then hexadecimal digits.
fn raw_profile(name: &[u8], text: &[u8], keyword: Span) -> Option<(Meaning, Vec<u8>)> {
    let text = text.trim_ascii_start();
    let text = text.get(memchr(b'\n', text)? + 1..)?.trim_ascii_start();
    let text = text.get(memchr(b'\n', text)? + 1..)?;
    let mut digits = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|&byte| char::from(byte).to_digit(16));
    let mut profile = Vec::with_capacity(text.len() / 2);
    while let Some(high) = digits.next() {
        profile.push(u8::try_from(high? << 4 | digits.next()??).ok()?);
    }
    Some(match name {
        b"exif" | b"APP1" | b"app1" if profile.starts_with(b"Exif\0\0") => {
            profile.drain(..6);
            (Meaning::Exif, profile)
        }
        b"exif" => (Meaning::Exif, profile),
        b"xmp" => (Meaning::Xmp, profile),
        _ => (Meaning::Text(Some(keyword)), profile),
    })
}

/// Type and data of the chunk at `at`; four bytes of checksum follow.
pub(super) fn chunk(bytes: &[u8], at: usize) -> Option<([u8; 4], Span)> {
    let rest = bytes.get(at..)?;
    let length = u32::from_be_bytes(*rest.first_chunk::<4>()?) as usize;
    let kind = *rest.get(4..)?.first_chunk::<4>()?;
    let span = Span::new(at + 8, (at + 8).checked_add(length)?);
    bytes.get(span.range().end..)?.first_chunk::<CHECKSUM_BYTES>()?;
    Some((kind, span))
}

pub(super) fn renew_checksums(picture: &mut [u8]) {
    let mut at = SIGNATURE_BYTES;
    while let Some((_, span)) = chunk(picture, at) {
        let end = span.range().end;
        let mut crc = flate2::Crc::new();
        crc.update(picture.get(at + 4..end).unwrap_or_default());
        if let Some(checksum) = picture.get_mut(end..end + CHECKSUM_BYTES) {
            checksum.copy_from_slice(&crc.sum().to_be_bytes());
        }
        at = end + CHECKSUM_BYTES;
    }
}
