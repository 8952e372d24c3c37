//! Mail in a text (RFC 5322): its parts in a transfer encoding, and the encoded words of its headers.
//!
//! Only what is encoded is a document of its own. All else of a mail is read as the text that it is.

use memchr::{memchr, memmem};

use super::{EmbeddedKind, Inner, Look};
use crate::domain::{Encoding, GapCause, Span};

const TRANSFER_ENCODING: &[u8] = b"content-transfer-encoding:";

/// Adds the contents that a header in front of them says to be encoded (RFC 2045 §6): of the mail, and of its parts.
pub(super) fn parts(bytes: &[u8], look: &mut Look<'_>) {
    // As it is written, and in capitals alone.
    for word in [&b"ransfer-"[..], b"RANSFER-"] {
        let mut past = 0;
        for at in memmem::find_iter(bytes, word) {
            if at < past {
                continue;
            }
            let line = line_start(bytes, at);
            let rest = bytes.get(line..).unwrap_or_default();
            let is_header = rest
                .get(..TRANSFER_ENCODING.len())
                .is_some_and(|name| name.eq_ignore_ascii_case(TRANSFER_ENCODING));
            if is_header && let Some(part) = part(bytes, line) {
                past = part.span.range().end;
                look.add(part);
            }
        }
    }
}

/// The content behind the headers of which the one at `line` says how it is encoded; `None` where it is not.
fn part(bytes: &[u8], line: usize) -> Option<Inner> {
    let name_end = line + TRANSFER_ENCODING.len();
    let value = bytes.get(name_end..line_end(bytes, name_end))?.trim_ascii();
    let is = |known: &[u8]| value.eq_ignore_ascii_case(known);
    if is(b"") || is(b"7bit") || is(b"8bit") || is(b"binary") {
        return None;
    }
    let head = head(bytes, line);
    let span = content(bytes, &head)?;
    let encoding = if is(b"quoted-printable") {
        Encoding::QuotedPrintable
    } else if is(b"base64") {
        Encoding::Base64Lines
    } else {
        return Some(Inner::unread(span, GapCause::UnknownContentEncoding));
    };
    let media_type = content_type(bytes, head.span).unwrap_or_else(|| "text/plain".to_owned());
    let kind = EmbeddedKind::Declared(Some(media_type.into()));
    Some(Inner { span, encoding, opened: None, kind, is_escaped: false })
}

/// The headers of a mail or of a part of one.
struct Head {
    /// Up to the blank line.
    span: Span,
    /// The delimiter before a part.
    delimiter: Option<Span>,
}

/// The headers around the line at `line`.
fn head(bytes: &[u8], line: usize) -> Head {
    const LINES_MAX: usize = 256;
    let (mut start, mut delimiter) = (line, None);
    for _ in 0..LINES_MAX {
        let Some(end) = start.checked_sub(1) else { break };
        let before = line_start(bytes, end);
        let text = bytes.get(before..end).unwrap_or_default().trim_ascii_end();
        if text.is_empty() {
            break;
        }
        if text.starts_with(b"--") {
            delimiter = Some(Span::new(before, before + text.len()));
            break;
        }
        start = before;
    }
    let mut end = line;
    while let Some(text) = bytes.get(end..line_end(bytes, end))
        && !text.trim_ascii_end().is_empty()
    {
        end += text.len();
    }
    Head { span: Span::new(start, end), delimiter }
}

/// What stands behind the blank line: up to the next delimiter of a part, or to the end.
fn content(bytes: &[u8], head: &Head) -> Option<Span> {
    let start = line_end(bytes, head.span.range().end);
    let rest = bytes.get(start..)?;
    let end = match head.delimiter {
        None => rest.len(),
        Some(delimiter) => memmem::find_iter(rest, delimiter.of(bytes))
            .find(|at| *at == 0 || rest.get(at - 1) == Some(&b'\n'))
            .unwrap_or(rest.len()),
    };
    // The line end before a delimiter is the delimiter's.
    let text = rest.get(..end)?;
    let text = match head.delimiter {
        Some(_) => text.strip_suffix(b"\n").map_or(text, |it| it.strip_suffix(b"\r").unwrap_or(it)),
        None => text,
    };
    (!text.trim_ascii().is_empty()).then(|| Span::new(start, start + text.len()))
}

/// The media type that headers declare, with the lines it goes on in (RFC 5322 §2.2.3).
fn content_type(bytes: &[u8], head: Span) -> Option<String> {
    const NAME: &[u8] = b"content-type:";
    let mut at = head.range().start;
    while at < head.range().end {
        let mut end = line_end(bytes, at);
        let is_it =
            bytes.get(at..end)?.get(..NAME.len()).is_some_and(|it| it.eq_ignore_ascii_case(NAME));
        while is_it && end < head.range().end && matches!(bytes.get(end), Some(b' ' | b'\t')) {
            end = line_end(bytes, end);
        }
        if is_it {
            let value = std::str::from_utf8(bytes.get(at + NAME.len()..end)?).ok()?;
            return Some(value.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
        }
        at = end;
    }
    None
}

fn line_start(bytes: &[u8], at: usize) -> usize {
    bytes.get(..at).and_then(|head| memchr::memrchr(b'\n', head)).map_or(0, |end| end + 1)
}

/// Past the end of the line at `at`.
fn line_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at.min(bytes.len()) + memchr(b'\n', rest).map_or(rest.len(), |length| length + 1)
}

/// `=?utf-8?Q?anna=40example.de?=` (RFC 2047 §2), as mail has it and what is made of mail.
pub(super) fn encoded_words(text: &str, look: &mut Look<'_>) {
    const BYTES_MAX: usize = 512;
    let mut at = 0;
    while let Some(length) = text.get(at..).and_then(|rest| rest.find("=?")) {
        let start = at + length + "=?".len();
        at = start;
        let end = text.floor_char_boundary(text.len().min(start + BYTES_MAX));
        let mut parts = text.get(start..end).unwrap_or_default().splitn(3, '?');
        let (Some(charset), Some(kind), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let encoding = match kind {
            "B" | "b" => Encoding::Base64,
            "Q" | "q" => Encoding::QWord,
            _ => continue,
        };
        let Some(length) = rest.find("?=").filter(|length| *length > 0) else { continue };
        let from = start + charset.len() + kind.len() + 2;
        let span = Span::new(from, from + length);
        at = span.range().end + "?=".len();
        // Behind a star stands the language (RFC 2231 §5).
        let charset = charset.split('*').next().unwrap_or_default();
        let media_type = format!("text/plain; charset={charset}").into();
        let behind = text.get(at..).unwrap_or_default();
        let kind = if is_phrase(behind) {
            EmbeddedKind::Phrase(media_type)
        } else {
            EmbeddedKind::Declared(Some(media_type))
        };
        look.add(Inner { span, encoding, opened: None, kind, is_escaped: false });
    }
}

/// Whether an encoded word is one of those before a mailbox that say whose it is (RFC 5322 §3.4): `=?…?= <a@b.example>`.
fn is_phrase(behind: &str) -> bool {
    const WORDS_MAX: usize = 8;
    const MAILBOX_BYTES_MAX: usize = 256;
    let mut rest = behind;
    for _ in 0..WORDS_MAX {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n', '"']);
        match rest.strip_prefix("=?").and_then(|word| word.splitn(3, '?').nth(2)) {
            Some(word) => rest = word.split_once("?=").map_or("", |(_, rest)| rest),
            None => break,
        }
    }
    let mailbox = rest.strip_prefix('<').and_then(|rest| rest.split('>').next());
    mailbox.is_some_and(|mailbox| mailbox.len() < MAILBOX_BYTES_MAX && mailbox.contains('@'))
}
