//! Text and bytes put back into the encoding they stood in.

use std::{borrow::Cow, fmt::Write as _, io::Write as _};

use base64::Engine as _;
use flate2::{Compression, write};

use crate::domain::{Encoding, Escape};

/// A changed layer cannot be written in the encoding it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot write `{0:?}` again")]
pub struct EncodeError(pub Encoding);

/// `bytes` wrapped in `encoding`, ready to stand in the parent layer.
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
        Encoding::Base64 => {
            Ok(base64::engine::general_purpose::STANDARD.encode(bytes).into_bytes())
        }
        Encoding::Base64Url => {
            Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes).into_bytes())
        }
        Encoding::Escaped(by) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(escape(by, text).into_owned().into_bytes()),
            Err(_) => Err(EncodeError(encoding)),
        },
        Encoding::Brotli | Encoding::Zstd => Err(EncodeError(encoding)),
    }
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
        Escape::Csv => {
            replace_where(text, |character| character == '"', |_, out| out.push_str("\"\""))
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
            (Escape::None, "a\r\nb", "a  b"),
        ] {
            assert_eq!(escape(by, text), expected);
        }
    }

    #[test]
    fn an_encoding_that_cannot_be_written_says_so() {
        assert_eq!(encode(Encoding::Brotli, b"x"), Err(EncodeError(Encoding::Brotli)));
        assert!(encode(Encoding::Escaped(Escape::Json), b"\xff").is_err());
    }
}
