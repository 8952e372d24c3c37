//! Text and bytes put back into the encoding they stood in.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write as _, io::Write as _};

use base64::{Engine as _, engine::general_purpose};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use crate::domain::{Charset, Encoding, Escape, Format, ScalarStyle};

/// A changed layer cannot be written in the encoding it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot write `{0:?}` again")]
pub struct EncodeError(pub Encoding);

/// `bytes` wrapped in `encoding`, ready to stand in the parent layer. Fails where nothing may be written again, and
/// for a text with letters that its charset lacks.
pub fn encode(encoding: Encoding, bytes: &[u8]) -> Result<Vec<u8>, EncodeError> {
    match encoding {
        Encoding::Identity => Ok(bytes.to_vec()),
        Encoding::Gzip => {
            let mut encoder =
                write::GzEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::fast());
            encoder
                .write_all(bytes)
                .and_then(|()| encoder.finish())
                .map_err(|_| EncodeError(encoding))
        }
        Encoding::Deflate => {
            let mut encoder =
                write::ZlibEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::fast());
            encoder
                .write_all(bytes)
                .and_then(|()| encoder.finish())
                .map_err(|_| EncodeError(encoding))
        }
        Encoding::Brotli => {
            let params = BrotliEncoderParams {
                quality: BROTLI_QUALITY,
                size_hint: bytes.len(),
                ..BrotliEncoderParams::default()
            };
            let mut out = Vec::with_capacity(bytes.len() / 2);
            brotli::BrotliCompress(&mut &*bytes, &mut out, &params)
                .map_err(|_| EncodeError(encoding))?;
            Ok(out)
        }
        Encoding::Zstd => Ok(compress_to_vec(bytes, CompressionLevel::Fastest)),
        Encoding::Base64 => Ok(general_purpose::STANDARD.encode(bytes).into_bytes()),
        Encoding::Base64Bare => Ok(general_purpose::STANDARD_NO_PAD.encode(bytes).into_bytes()),
        Encoding::Base64Lines => Ok(base64_lines(bytes)),
        Encoding::Base64Url => Ok(general_purpose::URL_SAFE_NO_PAD.encode(bytes).into_bytes()),
        Encoding::Base64UrlPadded => Ok(general_purpose::URL_SAFE.encode(bytes).into_bytes()),
        Encoding::Hex => Ok(hex(bytes, b"0123456789abcdef")),
        Encoding::HexUpper => Ok(hex(bytes, b"0123456789ABCDEF")),
        Encoding::QuotedPrintable => Ok(quoted_printable(bytes)),
        Encoding::QWord => Ok(q_word(bytes)),
        Encoding::Charset(charset) => std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| in_charset(charset, text))
            .ok_or(EncodeError(encoding)),
        Encoding::Escaped(by) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(escape(by, text).into_owned().into_bytes()),
            Err(_) => Err(EncodeError(encoding)),
        },
        Encoding::OneWay => Err(EncodeError(encoding)),
    }
}

/// Of eleven; as fast as gzip's fastest, and smaller.
const BROTLI_QUALITY: i32 = 3;

fn hex(bytes: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    let digit = |value: u8| digits.get(usize::from(value & 0xF)).copied().unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// RFC 2045 §6.8: lines of at most 76 letters.
fn base64_lines(bytes: &[u8]) -> Vec<u8> {
    const LINE_SOURCE_BYTES: usize = 57;
    let lines: Vec<String> = bytes
        .chunks(LINE_SOURCE_BYTES)
        .map(|line| general_purpose::STANDARD.encode(line))
        .collect();
    lines.join("\r\n").into_bytes()
}

/// RFC 2045 §6.7: lines of at most 76 letters, no space at their ends.
fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    const LINE_BYTES_MAX: usize = 76;
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 4);
    let mut line = 0;
    let mut rest = bytes;
    while let Some((&byte, behind)) = rest.split_first() {
        if let Some(next) = rest.strip_prefix(b"\r\n") {
            out.extend_from_slice(b"\r\n");
            (line, rest) = (0, next);
            continue;
        }
        let ends_line = behind.is_empty() || behind.starts_with(b"\r\n");
        let is_plain =
            matches!(byte, b'!'..=b'<' | b'>'..=b'~') || matches!(byte, b' ' | b'\t') && !ends_line;
        let length = if is_plain { 1 } else { 3 };
        // The last column is for the soft line break.
        if line + length > LINE_BYTES_MAX - 1 {
            out.extend_from_slice(b"=\r\n");
            line = 0;
        }
        if is_plain {
            out.push(byte);
        } else {
            out.push(b'=');
            out.extend(
                [byte >> 4, byte & 15]
                    .map(|digit| HEX_DIGITS.get(usize::from(digit)).copied().unwrap_or(b'0')),
            );
        }
        line += length;
        rest = behind;
    }
    out
}

/// RFC 2047 §5 (3): what may stand in the words before a mailbox.
fn q_word(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 4);
    for &byte in bytes {
        match byte {
            b' ' => out.push(b'_'),
            b'!' | b'*' | b'+' | b'-' | b'/' => out.push(byte),
            _ if byte.is_ascii_alphanumeric() => out.push(byte),
            _ => {
                out.push(b'=');
                out.extend(
                    [byte >> 4, byte & 15]
                        .map(|digit| HEX_DIGITS.get(usize::from(digit)).copied().unwrap_or(b'0')),
                );
            }
        }
    }
    out
}

const HEX_DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// `text` in `charset`, whatever letters that lacks: those are written by number where the format has a way to, and as
/// a question mark where it has none. They are none of what was received, all of which had its place. Fails
/// where the charset can write neither.
pub fn encode_text(charset: Charset, format: Format, text: &str) -> Result<Vec<u8>, EncodeError> {
    if let Some(bytes) = in_charset(charset, text) {
        return Ok(bytes);
    }
    let Charset(name) = charset;
    let known = encoding_rs::Encoding::for_label_no_replacement(name.as_bytes())
        .filter(|known| known.output_encoding() == *known)
        .ok_or(EncodeError(Encoding::Charset(charset)))?;
    let has_place = |letter: char| {
        let mut room = [0; 4];
        letter.is_ascii() || !known.encode(letter.encode_utf8(&mut room)).2
    };
    in_charset(charset, &written_by_number(text, format, has_place))
        .ok_or(EncodeError(Encoding::Charset(charset)))
}

/// `text` in ASCII.
pub fn encode_ascii(format: Format, text: &str) -> Vec<u8> {
    written_by_number(text, format, |letter| letter.is_ascii()).into_bytes()
}

fn written_by_number(text: &str, format: Format, has_place: impl Fn(char) -> bool) -> String {
    let mut known: BTreeMap<char, bool> = BTreeMap::new();
    let mut has_place = |letter: char| {
        letter.is_ascii() || *known.entry(letter).or_insert_with(|| has_place(letter))
    };
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        // Writing to a string cannot fail.
        let _ = match format {
            _ if has_place(letter) => out.write_char(letter),
            Format::Json | Format::NdJson | Format::GraphQl => {
                let mut units = [0; 2];
                letter.encode_utf16(&mut units).iter().try_for_each(|it| write!(out, "\\u{it:04x}"))
            }
            Format::Xml => write!(out, "&#{};", u32::from(letter)),
            Format::Target
            | Format::Header
            | Format::Cookie
            | Format::Baggage
            | Format::Forwarded
            | Format::Form
            | Format::Multipart
            | Format::Csv
            | Format::CsvData
            | Format::Tsv
            | Format::VCard
            | Format::Yaml
            | Format::Toml
            | Format::Text
            | Format::Image
            | Format::Opaque => out.write_char('?'),
        };
    }
    out
}

/// `None` when a character has no place in the encoding.
fn in_charset(charset: Charset, text: &str) -> Option<Vec<u8>> {
    let bytes = match charset {
        Charset::UTF_16_LE => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Charset::UTF_16_BE => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Charset::UTF_32_LE => {
            text.chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect()
        }
        Charset::UTF_32_BE => {
            text.chars().flat_map(|letter| u32::from(letter).to_be_bytes()).collect()
        }
        Charset(name) => {
            let known = encoding_rs::Encoding::for_label_no_replacement(name.as_bytes())?;
            let (bytes, used, has_unmappable) = known.encode(text);
            if has_unmappable || used != known {
                return None;
            }
            bytes.into_owned()
        }
    };
    Some(bytes)
}

/// `text` as it must be written where `by` is in force.
pub(super) fn escape(by: Escape, text: &str) -> Cow<'_, str> {
    match by {
        // A header value or plain text: line breaks would end it.
        Escape::None => replace_where(
            text,
            |character| matches!(character, '\r' | '\n' | '\0'),
            |_, out| out.push(' '),
        ),
        Escape::Json => replace_where(
            text,
            |character| matches!(character, '"' | '\\') || character < ' ',
            |character, out| match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                control => {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{:04x}", u32::from(control));
                }
            },
        ),
        Escape::Percent | Escape::Form => replace_where(
            text,
            |character| {
                !(character.is_ascii_alphanumeric()
                    || matches!(character, '-' | '.' | '_' | '~' | '*'))
            },
            |character, out| {
                let mut buffer = [0; 4];
                for byte in character.encode_utf8(&mut buffer).bytes() {
                    let _ = write!(out, "%{byte:02X}");
                }
            },
        ),
        Escape::Xml => replace_where(
            text,
            |character| matches!(character, '<' | '>' | '&' | '"' | '\''),
            |character, out| {
                out.push_str(match character {
                    '<' => "&lt;",
                    '>' => "&gt;",
                    '&' => "&amp;",
                    '"' => "&quot;",
                    _ => "&apos;",
                });
            },
        ),
        Escape::Html => replace_where(
            text,
            |character| matches!(character, '<' | '>' | '&' | '"' | '\''),
            |character, out| {
                // Writing to a string cannot fail.
                let _ = write!(out, "&#{};", u32::from(character));
            },
        ),
        Escape::VCard => replace_where(
            text,
            |character| matches!(character, '\\' | ',' | ';' | '\r' | '\n'),
            |character, out| match character {
                '\n' => out.push_str("\\n"),
                '\r' => {}
                protected => out.extend(['\\', protected]),
            },
        ),
        Escape::Scalar(style) => scalar(style, text),
        Escape::Csv => {
            replace_where(text, |character| character == '"', |_, out| out.push_str("\"\""))
        }
    }
}

fn scalar(style: ScalarStyle, text: &str) -> Cow<'_, str> {
    let is_control = |character: char| character.is_control() && character != '\t';
    match style {
        ScalarStyle::Double | ScalarStyle::Basic => replace_where(
            text,
            |character| matches!(character, '"' | '\\') || character.is_control(),
            |character, out| match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                control => {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{:04x}", u32::from(control));
                }
            },
        ),
        ScalarStyle::Single => replace_where(
            text,
            |character| character == '\'' || is_control(character),
            |character, out| out.push_str(if character == '\'' { "''" } else { " " }),
        ),
        ScalarStyle::Verbatim => replace_where(
            text,
            |character| character == '\'' || is_control(character),
            |_, out| out.push(' '),
        ),
        // Each line as far in as the others, and a first one no further.
        ScalarStyle::Literal(indent) | ScalarStyle::Folded(indent) => replace_where(
            text.trim_start_matches([' ', '\n', '\r']),
            is_control,
            |character, out| match character {
                '\n' => {
                    out.push('\n');
                    out.extend(std::iter::repeat_n(' ', indent as usize));
                }
                '\r' => {}
                _ => out.push(' '),
            },
        ),
        ScalarStyle::Plain | ScalarStyle::Flow => {
            let is_flow = style == ScalarStyle::Flow;
            let ends = |character: char| is_flow && ",[]{}".contains(character);
            let mut out = String::with_capacity(text.len());
            let mut characters = text.chars().peekable();
            while let Some(character) = characters.next() {
                let next = characters.peek().copied();
                let is_blank_next = next.is_none_or(|next| next.is_whitespace() || ends(next));
                let is_blank_before = out.is_empty() || out.ends_with(' ');
                let is_sign = match character {
                    ':' => is_blank_next,
                    '#' => is_blank_before,
                    _ => ends(character) || character.is_control(),
                };
                out.push(if is_sign { ' ' } else { character });
            }
            Cow::Owned(out)
        }
    }
}

fn replace_where(
    text: &str,
    must: impl Fn(char) -> bool,
    put: impl Fn(char, &mut String),
) -> Cow<'_, str> {
    if !text.chars().any(&must) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if must(character) { put(character, &mut out) } else { out.push(character) }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_for_where_it_stands() {
        for (by, text, expected) in [
            (Escape::Json, "plain", "plain"),
            (Escape::Json, "a\"b\\c\u{1}\n", "a\\\"b\\\\c\\u0001\\n"),
            (Escape::Form, "a b&c=é", "a%20b%26c%3D%C3%A9"),
            (Escape::Xml, "<a & 'b'>", "&lt;a &amp; &apos;b&apos;&gt;"),
            (Escape::Csv, "say \"x\"", "say \"\"x\"\""),
            (Escape::Html, "<a & 'b'>", "&#60;a &#38; &#39;b&#39;&#62;"),
            (Escape::VCard, "a,b;c\\d\r\ne", "a\\,b\\;c\\\\d\\ne"),
            (Escape::None, "a\r\nb", "a  b"),
        ] {
            assert_eq!(escape(by, text), expected);
        }
    }

    #[test]
    fn an_encoding_that_cannot_be_written_says_so() {
        assert_eq!(encode(Encoding::OneWay, b"x"), Err(EncodeError(Encoding::OneWay)));
        let latin = Encoding::Charset(Charset("windows-1252"));
        assert_eq!(encode(latin, "日本".as_bytes()), Err(EncodeError(latin)));
        assert!(encode(Encoding::Escaped(Escape::Json), b"\xff").is_err());
    }

    #[test]
    fn words_of_headers_have_no_space_and_no_sign_that_ends_them() {
        let text = "Jürgen K. =_?= <+1/2>";
        let word = encode(Encoding::QWord, text.as_bytes()).unwrap();
        assert_eq!(word, b"J=C3=BCrgen_K=2E_=3D=5F=3F=3D_=3C+1/2=3E");
    }

    #[test]
    fn letters_that_an_encoding_lacks_are_written_by_number_or_as_a_question() {
        let cyrillic = |format| encode_text(Charset("KOI8-R"), format, "а: \"é😀\"").unwrap();
        assert_eq!(cyrillic(Format::Json), b"\xc1: \"\\u00e9\\ud83d\\ude00\"");
        assert_eq!(cyrillic(Format::Xml), b"\xc1: \"&#233;&#128512;\"");
        assert_eq!(cyrillic(Format::Text), b"\xc1: \"??\"");
        // Between the letters of a mode.
        let japanese = encode_text(Charset("ISO-2022-JP"), Format::Text, "日é本").unwrap();
        assert_eq!(japanese, b"\x1b$BF|\x1b(B?\x1b$BK\\\x1b(B");
        assert_eq!(encode_ascii(Format::Json, "é"), b"\\u00e9");
        assert!(encode_text(Charset("unknown"), Format::Text, "é").is_err());
    }

    #[test]
    fn lines_are_as_long_as_they_may_be() {
        let long = "é = ".repeat(40);
        for encoding in [Encoding::Base64Lines, Encoding::QuotedPrintable] {
            let text = encode(encoding, long.as_bytes()).unwrap();
            let text = std::str::from_utf8(&text).unwrap();
            assert!(text.is_ascii() && text.lines().count() > 1, "{text}");
            assert!(text.lines().all(|line| line.len() <= 76 && !line.ends_with(' ')), "{text}");
        }
        // RFC 2045 §6.7.
        let quoted = encode(Encoding::QuotedPrintable, b"a=b \r\n\tc\t").unwrap();
        assert_eq!(quoted, b"a=3Db=20\r\n\tc=09");
    }
}
