//! Character encodings other than UTF-8: which one a body is in, and its text.
//!
//! A body is in what its mark says (U+FEFF at the front), what its media type declares, or what its XML
//! declaration does. Where two of these disagree, two readers see two texts: that is refused. Text of
//! bytes that the encoding does not know is refused too, so that decoding loses nothing.

#[cfg(test)]
mod tests;
mod wide;

use encoding_rs::{ISO_2022_JP, UTF_8};
use memchr::memmem;

use super::{
    Stop,
    media::{self, MediaType},
};
use crate::domain::{Charset, Format, GapCause};

/// The encoding of a body that was declared as `content_type`; `None` when it is UTF-8, or reads the
/// same in UTF-8, or is no text.
pub fn charset(content_type: Option<&str>, bytes: &[u8]) -> Result<Option<Charset>, GapCause> {
    if content_type.is_some_and(media::is_plain_json) && mark(bytes).is_none() {
        return Ok(None);
    }
    let media_type = content_type.and_then(|value| MediaType::parse(value.trim()));
    let format = media_type.as_ref().and_then(media::known);
    let says_nothing = content_type.is_none_or(|value| value.trim().is_empty())
        || media_type
            .as_ref()
            .is_some_and(|media_type| media_type.is("application", "octet-stream"));
    match format {
        Some(Format::Image | Format::Multipart) => return Ok(None),
        None if !says_nothing => return Ok(None),
        Some(_) | None => {}
    }
    let declared = match &media_type {
        Some(media_type) => match media_type.parameter("charset")? {
            Some(label) => Some(Declared::of(&label).ok_or(GapCause::UnknownMediaType)?),
            None => None,
        },
        None => None,
    };
    let marked = mark(bytes);
    let is_xml = format == Some(Format::Xml) || format.is_none();
    let written = if is_xml { xml_declaration(bytes, marked)? } else { None };
    match (marked, declared.or(written)) {
        (Some(marked), _) => {
            let agree = [declared, written].into_iter().flatten().all(|says| says.allows(marked));
            let charset = Some(marked).filter(|marked| *marked != UTF_8_MARKED);
            if !agree || !is_for(format, charset) {
                return Err(GapCause::MediaTypeMismatch);
            }
            Ok(charset)
        }
        (None, None) => Ok(None),
        (None, Some(says)) => {
            let charset = says.settle(bytes)?;
            // The document says otherwise about itself.
            if let (Some(charset), Some(written)) = (charset, written)
                && !written.allows(charset)
            {
                return Err(GapCause::MediaTypeMismatch);
            }
            if charset.is_none() && written.is_some_and(|written| !written.allows_utf_8(bytes)) {
                return Err(GapCause::MediaTypeMismatch);
            }
            if charset.is_some_and(|charset| is_read_otherwise(format, charset, bytes)) {
                return Err(GapCause::MediaTypeMismatch);
            }
            Ok(charset)
        }
    }
}

/// Whether bytes in `charset`, which no mark says, are another text to those who do not look at what is declared.
fn is_read_otherwise(format: Option<Format>, charset: Charset, bytes: &[u8]) -> bool {
    // Readers of JSON take it for UTF-8 whatever is declared (RFC 8259 §8.1, §11).
    let is_json = matches!(format, Some(Format::Json | Format::NdJson));
    !is_for(format, Some(charset))
        || (is_json && std::str::from_utf8(bytes).is_ok() && !has_zero(bytes))
        || wide::is_another_text(charset, bytes)
}

/// Whether a body of this format may be in `charset`. Readers of forms look at none (URL Standard §5.1), so that the
/// signs between names and values have to be where ASCII has them.
fn is_for(format: Option<Format>, charset: Option<Charset>) -> bool {
    format != Some(Format::Form) || charset.is_none_or(|Charset(name)| extends_ascii(name))
}

/// Whether a label is that of UTF-8, or of an encoding in which ASCII is the same.
pub(super) fn is_for_ascii(label: &str) -> bool {
    Declared::of(label).is_some_and(|says| says.allows_utf_8(b""))
}

/// The text of `bytes`, in UTF-8.
pub(super) fn decode(charset: Charset, bytes: &[u8]) -> Result<Vec<u8>, Stop> {
    match charset {
        Charset::UTF_16_LE => utf_16(bytes, u16::from_le_bytes),
        Charset::UTF_16_BE => utf_16(bytes, u16::from_be_bytes),
        Charset::UTF_32_LE => utf_32(bytes, u32::from_le_bytes),
        Charset::UTF_32_BE => utf_32(bytes, u32::from_be_bytes),
        Charset(name) => {
            let known = encoding_rs::Encoding::for_label_no_replacement(name.as_bytes());
            known
                .and_then(|known| known.decode_without_bom_handling_and_without_replacement(bytes))
                .map(|text| text.into_owned().into_bytes())
                .ok_or(Stop::malformed(0))
        }
    }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Vec<u8>, Stop> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Stop::malformed(bytes.len()));
    }
    let mut text = String::with_capacity(bytes.len());
    let mut at = 0;
    for character in char::decode_utf16(units.iter().map(|pair| unit(*pair))) {
        let character = character.map_err(|_| Stop::malformed(at))?;
        text.push(character);
        at += 2 * character.len_utf16();
    }
    Ok(text.into_bytes())
}

fn utf_32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Result<Vec<u8>, Stop> {
    let (units, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(Stop::malformed(bytes.len()));
    }
    let mut text = String::with_capacity(bytes.len() / 2);
    for (index, word) in units.iter().enumerate() {
        text.push(char::from_u32(unit(*word)).ok_or(Stop::malformed(4 * index))?);
    }
    Ok(text.into_bytes())
}

/// What a label says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Declared {
    Utf8,
    Ascii,
    /// UTF-16 in the order of its mark.
    Utf16,
    Utf32,
    Other(Charset),
}

impl Declared {
    /// `None` for a label that nobody should use: UTF-7 and those that the Encoding Standard replaces.
    fn of(label: &str) -> Option<Self> {
        let label = label.trim().to_ascii_lowercase();
        Some(match label.as_str() {
            "utf-8" | "utf8" => Self::Utf8,
            "us-ascii" | "ascii" | "ansi_x3.4-1968" => Self::Ascii,
            "utf-16" => Self::Utf16,
            "utf-32" => Self::Utf32,
            "utf-32le" => Self::Other(Charset::UTF_32_LE),
            "utf-32be" => Self::Other(Charset::UTF_32_BE),
            other => {
                let known = encoding_rs::Encoding::for_label_no_replacement(other.as_bytes())?;
                if known == UTF_8 { Self::Utf8 } else { Self::Other(Charset(known.name())) }
            }
        })
    }

    /// Whether a text in `charset` may be called this.
    fn allows(self, charset: Charset) -> bool {
        match self {
            Self::Utf8 => charset == UTF_8_MARKED,
            Self::Ascii => false,
            Self::Utf16 => matches!(charset, Charset::UTF_16_LE | Charset::UTF_16_BE),
            Self::Utf32 => matches!(charset, Charset::UTF_32_LE | Charset::UTF_32_BE),
            Self::Other(other) => other == charset,
        }
    }

    /// Whether `bytes`, read as UTF-8, may be called this.
    fn allows_utf_8(self, bytes: &[u8]) -> bool {
        match self {
            Self::Utf8 => true,
            Self::Ascii => bytes.is_ascii(),
            Self::Utf16 | Self::Utf32 => false,
            Self::Other(Charset(name)) => bytes.is_ascii() && extends_ascii(name),
        }
    }

    /// The encoding of unmarked bytes that are called this; `None` when they read the same in UTF-8.
    fn settle(self, bytes: &[u8]) -> Result<Option<Charset>, GapCause> {
        match self {
            Self::Utf8 => Ok(None),
            Self::Ascii if bytes.is_ascii() => Ok(None),
            Self::Ascii => Err(GapCause::MediaTypeMismatch),
            // Without a mark the order shows where the zeros of the first letter are, or it does not:
            // RFC 2781 §4.3 and the Encoding Standard disagree.
            Self::Utf16 => match bytes {
                [0, other, ..] if *other != 0 => Ok(Some(Charset::UTF_16_BE)),
                [other, 0, ..] if *other != 0 => Ok(Some(Charset::UTF_16_LE)),
                _ => Err(GapCause::MediaTypeMismatch),
            },
            Self::Utf32 => match bytes {
                [0, 0, _, other, ..] if *other != 0 => Ok(Some(Charset::UTF_32_BE)),
                [other, _, 0, 0, ..] if *other != 0 => Ok(Some(Charset::UTF_32_LE)),
                _ => Err(GapCause::MediaTypeMismatch),
            },
            Self::Other(Charset(name)) if bytes.is_ascii() && extends_ascii(name) => Ok(None),
            Self::Other(charset) => Ok(Some(charset)),
        }
    }
}

/// ASCII text is the same text in this encoding.
fn extends_ascii(name: &str) -> bool {
    encoding_rs::Encoding::for_label_no_replacement(name.as_bytes())
        .is_some_and(|known| known.is_ascii_compatible() && known != ISO_2022_JP)
}

const UTF_8_MARKED: Charset = Charset("UTF-8");

/// What the mark at the front says.
fn mark(bytes: &[u8]) -> Option<Charset> {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => Some(UTF_8_MARKED),
        [0xFF, 0xFE, 0, 0, ..] => Some(Charset::UTF_32_LE),
        [0, 0, 0xFE, 0xFF, ..] => Some(Charset::UTF_32_BE),
        [0xFF, 0xFE, ..] => Some(Charset::UTF_16_LE),
        [0xFE, 0xFF, ..] => Some(Charset::UTF_16_BE),
        _ => None,
    }
}

/// What an XML declaration says (XML 1.0 §4.3.3). Its letters are ASCII, with zeros between them where
/// letters are wide.
fn xml_declaration(bytes: &[u8], marked: Option<Charset>) -> Result<Option<Declared>, GapCause> {
    let start = bytes.get(..bytes.len().min(4 * DECLARATION_BYTES_MAX)).unwrap_or_default();
    let is_wide = marked.is_some_and(|marked| marked != UTF_8_MARKED) || has_zero(start);
    let mut room = [0; DECLARATION_BYTES_MAX];
    let letters = start.iter().filter(|byte| !is_wide || byte.is_ascii() && **byte != 0);
    for (to, from) in room.iter_mut().zip(letters) {
        *to = *from;
    }
    let Some(name) = encoding_name(&room) else { return Ok(None) };
    let says = std::str::from_utf8(name).ok().and_then(Declared::of);
    says.map(Some).ok_or(GapCause::UnknownMediaType)
}

fn encoding_name(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).strip_prefix(b"<?xml")?;
    let text = text.get(..memmem::find(text, b"?>")?)?;
    let value = text.get(memmem::find(text, b"encoding")? + b"encoding".len()..)?;
    let value = value.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
    value.split(|byte| byte == quote).next()
}

/// Longest XML declaration that is read for its encoding.
const DECLARATION_BYTES_MAX: usize = 128;

fn has_zero(bytes: &[u8]) -> bool {
    memchr::memchr(0, bytes).is_some()
}
