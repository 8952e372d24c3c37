//! PNG (ISO/IEC 15948): chunks of length, type, data and checksum.

use std::io::Write as _;

use memchr::memchr;

use super::{
    super::{Stop, decode},
    Block, Content, Meaning, Take, icc, is_text,
    pixels::{Pixels, Says},
    unknown,
};
use crate::domain::{Encoding, GapCause, Limits, Span};

pub(super) const SIGNATURE_BYTES: usize = 8;

pub(super) fn blocks(bytes: &[u8], limits: &Limits, take: Take<'_>) -> Result<(), Stop> {
    let mut at = SIGNATURE_BYTES;
    let mut picture = Picture::default();
    loop {
        let Some((kind, span)) = chunk(bytes, at) else {
            let rest = bytes.get(at..).unwrap_or_default();
            return if picture.is_start_without_text(rest) {
                Ok(())
            } else {
                Err(Stop::malformed(at))
            };
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
            b"iCCP" => {
                let end = span.range().end + CHECKSUM_BYTES;
                profile(bytes, span, Span::new(at, end), limits, take)?;
                None
            }
            // A palette has a name.
            b"sPLT" => {
                take(Block::new(Content::Text(None), Text::plain(bytes, span).keyword))?;
                None
            }
            b"IDAT" | b"fdAT" => {
                picture.pixels(&kind, bytes, span, take)?;
                None
            }
            _ if picture.is_without_text(&kind, span.of(bytes)) => None,
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

/// What the first chunks say of those that follow.
#[derive(Default)]
struct Picture {
    /// Of `IHDR`: grey, of colours, by a palette; with an alpha channel.
    colour: Option<u8>,
    palette: usize,
    pixels: Pixels,
}

impl Picture {
    /// Whether a chunk that is cut holds nothing but a length, a type and what is no text.
    fn is_start_without_text(&mut self, rest: &[u8]) -> bool {
        const HEAD_BYTES: usize = 8;
        let data = rest.get(HEAD_BYTES..).unwrap_or_default();
        match rest.get(4..HEAD_BYTES).and_then(<[u8]>::first_chunk) {
            None => true,
            Some(_) if data.is_empty() => true,
            Some(b"IDAT" | b"fdAT") => true,
            // Their lengths are not what they were.
            Some(kind) => {
                let length =
                    rest.first_chunk().map_or(0, |word| u32::from_be_bytes(*word)) as usize;
                let mut whole = data.get(..length).unwrap_or(data).to_vec();
                whole.resize(length.min(CHUNK_BYTES_MAX), 0);
                whole.len() == length && self.is_without_text(kind, &whole)
            }
        }
    }

    /// Chunks of numbers, as long as such are: of ISO/IEC 15948 and its extensions, of animations, of colours beyond
    /// the usual, and those that Apple, ImageMagick and converters of GIF add to them.
    fn is_without_text(&mut self, kind: &[u8; 4], data: &[u8]) -> bool {
        let has = |length: usize| data.len() == length;
        match kind {
            b"IHDR" if has(13) && self.colour.is_none() => {
                self.colour = data.get(9).copied();
                self.pixels.expect(data);
                true
            }
            b"PLTE" => {
                self.palette = data.len() / 3;
                data.len() <= 768 && data.len().is_multiple_of(3)
            }
            b"IEND" => has(0),
            b"tRNS" => match self.colour {
                Some(0) => has(2),
                Some(2) => has(6),
                Some(3) => data.len() <= self.palette,
                _ => false,
            },
            b"bKGD" => match self.colour {
                Some(0 | 4) => has(2),
                Some(2 | 6) => has(6),
                _ => has(1),
            },
            b"hIST" => has(2 * self.palette),
            b"sBIT" => data.len() <= 4,
            b"gAMA" | b"cICP" | b"gIFg" => has(4),
            b"cHRM" => has(32),
            b"sRGB" | b"sTER" | b"orNT" => has(1),
            b"mDCV" | b"mDCv" => has(24),
            b"cLLI" | b"cLLi" | b"acTL" => has(8),
            b"pHYs" | b"oFFs" | b"vpAg" => has(9),
            b"tIME" => has(7),
            b"fcTL" if has(26) => {
                self.pixels.frame(data);
                true
            }
            // Where the halves of the pixels are that may be read at once.
            b"iDOT" => data.len() <= 64 && !is_text(data),
            _ => false,
        }
    }

    /// Pixels, which end before their chunk does where something is put behind them.
    fn pixels(
        &mut self,
        kind: &[u8; 4],
        bytes: &[u8],
        span: Span,
        take: Take<'_>,
    ) -> Result<(), Stop> {
        // Those of a further frame are numbered.
        let number = if kind == b"fdAT" { 4 } else { 0 };
        let start = (span.range().start + number).min(span.range().end);
        let data = bytes.get(start..span.range().end).unwrap_or_default();
        match self.pixels.read(data) {
            Says::Pixels => Ok(()),
            Says::EndAt(end) => {
                let rest = Span::new(start + end, span.range().end);
                unknown(bytes, rest).map_or(Ok(()), take)
            }
            Says::Broken => take(Block::new(Content::Unread, Span::new(start, span.range().end))),
        }
    }
}

/// No chunk of numbers is longer.
const CHUNK_BYTES_MAX: usize = 1024;

/// A profile of colours: its name, and its texts, which stand there under zlib.
fn profile(
    bytes: &[u8],
    span: Span,
    chunk: Span,
    limits: &Limits,
    take: Take<'_>,
) -> Result<(), Stop> {
    let head = Text::compressed(bytes, span);
    take(Block::new(Content::Text(None), head.keyword))?;
    let Ok(profile) = decode(Encoding::Deflate, head.text.of(bytes), limits) else {
        return take(Block::new(Content::Unread, head.text));
    };
    for text in icc::texts(&profile) {
        let content = match text {
            Some(bytes) => {
                Content::Rewritten { meaning: Meaning::Text(None), bytes, pieces: vec![head.text] }
            }
            None => Content::Unread,
        };
        take(Block { content, span: head.text, chunk: Some(chunk) })?;
    }
    Ok(())
}

/// The chunk at `at` of a profile of colours, without a name and with blanks for its texts; nothing of one that is not
/// shorter then.
pub(super) fn without_texts(bytes: &[u8], at: usize, span: Span) -> Vec<u8> {
    let head = Text::compressed(bytes, span);
    let before = bytes.get(at..span.range().end + CHECKSUM_BYTES).unwrap_or_default();
    let profile = decode(Encoding::Deflate, head.text.of(bytes), &Limits::default()).ok();
    let Some(blanked) = profile.as_deref().and_then(icc::blanked) else { return Vec::new() };
    if profile.as_deref() == Some(&blanked) && head.keyword.len() <= 1 {
        return before.to_vec();
    }
    let mut chunk = vec![0; 4];
    chunk.extend_from_slice(b"iCCP \0\0");
    let mut encoder = flate2::write::ZlibEncoder::new(chunk, flate2::Compression::best());
    let Ok(mut chunk) = encoder.write_all(&blanked).and_then(|()| encoder.finish()) else {
        return Vec::new();
    };
    let length = u32::try_from(chunk.len() - 8).unwrap_or(u32::MAX);
    if let Some(place) = chunk.first_chunk_mut() {
        *place = length.to_be_bytes();
    }
    let mut crc = flate2::Crc::new();
    crc.update(chunk.get(4..).unwrap_or_default());
    chunk.extend_from_slice(&crc.sum().to_be_bytes());
    if chunk.len() <= before.len() { chunk } else { Vec::new() }
}

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
