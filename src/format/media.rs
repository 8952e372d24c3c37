//! Which grammar a body is written in: what its sender declares, held against its bytes.
//!
//! A declaration is believed only as far as the bytes allow. Two readers that disagree about a type read
//! two different messages, so a contradiction is a gap and not a guess. The bytes are UTF-8 by now:
//! `charset` has seen to that.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::{image, scan};
use crate::domain::{Format, GapCause};

/// The format of `bytes` that were declared as `content_type`; without a declaration, the format they
/// look like. An empty body is text.
pub fn identify(content_type: Option<&str>, bytes: &[u8]) -> Result<Format, GapCause> {
    if bytes.is_empty() {
        return Ok(Format::Text);
    }
    match content_type.map(str::trim).filter(|value| !value.is_empty()) {
        None => sniff(bytes),
        Some(value) if is_plain_json(value) => {
            begins_as_json(bytes).then_some(Format::Json).ok_or(GapCause::MediaTypeMismatch)
        }
        Some(value) => {
            let media_type = MediaType::parse(value).ok_or(GapCause::UnknownMediaType)?;
            declared(&media_type, bytes)
        }
    }
}

/// Whether a text has parts in an encoding of its type's own, which is not taken off: base64 of LDIF (RFC 2849), bytes
/// of RTF; or is a message encrypted by OpenPGP (RFC 9580 §6.2).
pub fn hides_text(content_type: Option<&str>, bytes: &[u8]) -> bool {
    let has = |mark: &[u8]| memchr::memmem::find(bytes, mark).is_some();
    if first_of(bytes) == Some(b'-') && has(b"-----BEGIN PGP MESSAGE-----") {
        return true;
    }
    let declared = content_type.map(str::to_ascii_lowercase).unwrap_or_default();
    let is_of = |kind: &str| declared.contains(kind);
    (is_of("ldif") && has(b":: "))
        // Parts of mails are looked for in a text of some length (RFC 2045 §6).
        || (is_of("rfc822") && bytes.len() < TEXT_BYTES_MIN && has(b"ncoding"))
        || (is_of("rtf") && has(b"\\'"))
}

/// A layer of text that is shorter is not looked at where its bytes say that it holds nothing.
pub const TEXT_BYTES_MIN: usize = 64;

/// The type that most bodies have, as nearly all of them write it: known without being taken apart.
pub(super) fn is_plain_json(content_type: &str) -> bool {
    content_type == "application/json"
}

fn begins_as_json(bytes: &[u8]) -> bool {
    first_of(behind_mark(bytes)).is_none_or(|byte| {
        matches!(byte, b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
    })
}

/// The first byte of a text that is no white space.
fn first_of(text: &[u8]) -> Option<u8> {
    text.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

fn behind_mark(bytes: &[u8]) -> &[u8] {
    bytes.get(scan::byte_order_mark(bytes)..).unwrap_or_default()
}

fn declared(media_type: &MediaType<'_>, bytes: &[u8]) -> Result<Format, GapCause> {
    let format = match known(media_type) {
        // Encrypted, whatever it is written in (RFC 7516 §7).
        _ if media_type.is("application", "jose+json") => return Err(GapCause::UnknownMediaType),
        Some(format) => format,
        // The one type that says nothing.
        None if media_type.is("application", "octet-stream") => return sniff(bytes),
        None => return Err(GapCause::UnknownMediaType),
    };
    let text = behind_mark(bytes);
    let first = first_of(text);
    let agrees = match format {
        Format::Json => begins_as_json(bytes),
        Format::NdJson => true,
        Format::Xml => first.is_none_or(|byte| byte == b'<'),
        Format::Form => {
            memchr(0, bytes).is_none() && !is_json_container(text) && first != Some(b'<')
        }
        Format::Csv | Format::CsvData | Format::Tsv => {
            memchr(0, bytes).is_none() && !is_json_container(text)
        }
        Format::GraphQl => memchr(0, bytes).is_none() && first != Some(b'<'),
        Format::VCard => starts_with_ignore_case(text.trim_ascii_start(), b"begin:vcard"),
        // Text of two bytes a letter would look like ASCII with a NUL in between.
        Format::Text | Format::Yaml | Format::Toml => {
            memchr(0, bytes).is_none() && image::sniff(bytes).is_none()
        }
        Format::Multipart => {
            let boundary = media_type.parameter("boundary")?.ok_or(GapCause::Malformed)?;
            begins_with_boundary(bytes, &boundary)
        }
        Format::Image => image::sniff(bytes).is_some_and(|kind| {
            kind.subtypes().iter().any(|subtype| media_type.subtype.eq_ignore_ascii_case(subtype))
        }),
        Format::Target
        | Format::Header
        | Format::Cookie
        | Format::Baggage
        | Format::Forwarded
        | Format::Opaque => false,
    };
    if !agrees {
        return Err(GapCause::MediaTypeMismatch);
    }
    Ok(format)
}

/// No name that is known is longer.
const NAME_BYTES_MAX: usize = 32;

/// In lower case, in the place given; nothing of what is too long.
fn lower<'p>(name: &str, place: &'p mut [u8; NAME_BYTES_MAX]) -> &'p str {
    let Some(place) = place.get_mut(..name.len()) else { return "" };
    place.copy_from_slice(name.as_bytes());
    place.make_ascii_lowercase();
    std::str::from_utf8(place).unwrap_or_default()
}

/// The format a media type stands for.
pub(super) fn known(media_type: &MediaType<'_>) -> Option<Format> {
    // RFC 6839 and its kin: what comes after the last `+` is the syntax.
    let syntax = media_type.subtype.rsplit_once('+').map_or(media_type.subtype, |(_, it)| it);
    let (mut kind, mut subtype) = ([0; NAME_BYTES_MAX], [0; NAME_BYTES_MAX]);
    let format = match (lower(media_type.kind, &mut kind), lower(syntax, &mut subtype)) {
        (_, "json") | ("application" | "text", "x-json" | "csp-report") => Format::Json,
        (
            _,
            "json-seq" | "ndjson" | "x-ndjson" | "jsonl" | "x-jsonl" | "jsonlines" | "x-jsonlines",
        )
        | ("application", "x-json-stream") => Format::NdJson,
        ("application", "x-www-form-urlencoded") => Format::Form,
        ("multipart", _) => Format::Multipart,
        ("application" | "text" | "image" | "model", "xml") => Format::Xml,
        ("text" | "application", "csv" | "x-csv") => match media_type.parameter("header") {
            // RFC 4180 §3.
            Ok(Some(header)) if header.eq_ignore_ascii_case("absent") => Format::CsvData,
            Ok(_) | Err(_) => Format::Csv,
        },
        ("text" | "application", "tsv" | "tab-separated-values") => Format::Tsv,
        ("application" | "text", "graphql") => Format::GraphQl,
        ("text" | "application", "vcard" | "x-vcard") | ("text", "directory") => Format::VCard,
        (_, "yaml" | "x-yaml" | "vnd.yaml") => Format::Yaml,
        (_, "toml" | "x-toml") => Format::Toml,
        (
            "application",
            "sql" | "javascript" | "x-javascript" | "ecmascript"
            | "x-sh",
        )
        | ("text", _)
        // A mail as it was sent (RFC 5322).
        | ("message", "rfc822") => Format::Text,
        ("image", subtype) if image::SUBTYPES.contains(&subtype) => Format::Image,
        _ => return None,
    };
    Some(format)
}

/// The format that undeclared bytes look like.
fn sniff(bytes: &[u8]) -> Result<Format, GapCause> {
    if image::sniff(bytes).is_some() {
        return Ok(Format::Image);
    }
    let text = behind_mark(bytes).trim_ascii();
    if text.first() == Some(&0x1E) {
        return Ok(Format::NdJson);
    }
    if is_json_container(text) {
        return Ok(if is_json_lines(text) { Format::NdJson } else { Format::Json });
    }
    if is_xml(text) {
        return Ok(Format::Xml);
    }
    if starts_with_ignore_case(text, b"begin:vcard") {
        return Ok(Format::VCard);
    }
    if let Some(first) = bytes.strip_prefix(b"--")
        && let Some(end) = memchr(b'\n', first)
        && first.get(end + 1..).is_some_and(|rest| starts_with_ignore_case(rest, b"content-"))
    {
        return Ok(Format::Multipart);
    }
    if scan::utf8_length(bytes) < bytes.len() || bytes.iter().any(is_binary) {
        return Err(GapCause::UnknownMediaType);
    }
    Ok(if is_form(text) { Format::Form } else { Format::Text })
}

/// A control character that no text has.
fn is_binary(byte: &u8) -> bool {
    matches!(byte, 0..=8 | 0x0E..=0x1A | 0x1C..=0x1F)
}

/// Brackets at both ends, and behind the first what may stand there.
fn is_json_container(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let second = text.iter().skip(1).copied().find(|byte| !byte.is_ascii_whitespace());
    match (text.first(), text.last(), second) {
        (Some(b'{'), Some(b'}' | b']'), Some(second)) => matches!(second, b'"' | b'}'),
        (Some(b'['), Some(b'}' | b']'), Some(second)) => {
            matches!(second, b'{' | b'[' | b'"' | b']' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
        }
        _ => false,
    }
}

/// A whole container on the first line, and another behind it.
fn is_json_lines(text: &[u8]) -> bool {
    let Some(end) = memchr(b'\n', text) else { return false };
    let (first, rest) = text.split_at_checked(end).unwrap_or((text, b""));
    is_json_container(first) && matches!(rest.trim_ascii_start().first(), Some(b'{' | b'['))
}

fn is_xml(text: &[u8]) -> bool {
    let is_markup =
        matches!(text, [b'<', b'?' | b'!' | b'_' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.., ..]);
    let is_page = is_web_page(text) || is_of_a_page(root(text)) || is_form_of_a_page(text);
    is_markup && !is_page && text.last() == Some(&b'>')
}

/// A web page, or a piece of one with a table in it, whose heads say what its cells are, or with a form, whose fields
/// say what they are of.
pub fn is_web_page(text: &[u8]) -> bool {
    const ENDS: [&[u8]; 4] = [b"</td>", b"</dd>", b"</TD>", b"</DD>"];
    let root = root(text);
    starts_with_ignore_case(text, b"<!doctype html")
        || root.eq_ignore_ascii_case("html")
        || (is_of_a_page(root) && ENDS.iter().any(|end| memmem::find(text, end).is_some()))
        || is_form_of_a_page(text)
}

/// A form, or what stands around one, with fields in it. Documents of XML may have a `form` for their root as well.
fn is_form_of_a_page(text: &[u8]) -> bool {
    const AROUND: [&str; 8] =
        ["form", "fieldset", "label", "section", "article", "main", "body", "select"];
    const FIELDS: [&[u8]; 6] =
        [b"<input ", b"<textarea ", b"<select ", b"<INPUT ", b"<TEXTAREA ", b"<SELECT "];
    let root = root(text);
    let is_around =
        is_of_a_page(root) || AROUND.iter().any(|known| root.eq_ignore_ascii_case(known));
    is_around && FIELDS.iter().any(|field| memmem::find(text, field).is_some())
}

/// The name of the element that a text begins with.
fn root(text: &[u8]) -> &str {
    let name = text.strip_prefix(b"<").unwrap_or_default();
    let length = name.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = name.get(..length.min(NAME_BYTES_MAX)).unwrap_or_default();
    std::str::from_utf8(name).unwrap_or_default()
}

/// Whether an element is one that only a web page, which need not be XML, or a piece of one begins with.
fn is_of_a_page(element: &str) -> bool {
    matches!(
        lower(element, &mut [0; NAME_BYTES_MAX]),
        "blockquote"
            | "br"
            | "center"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "font"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "hr"
            | "img"
            | "li"
            | "ol"
            | "p"
            | "pre"
            | "span"
            | "strong"
            | "table"
            | "tbody"
            | "td"
            | "thead"
            | "tr"
            | "ul"
    )
}

/// Pairs and nothing that would have been percent-encoded.
fn is_form(text: &[u8]) -> bool {
    let is_name = text.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    // Padding has nothing behind it either (RFC 4648 §3.2).
    let unpadded = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let is_padded = text.len().is_multiple_of(4)
        && unpadded.len() < text.len()
        && unpadded.len() >= 14
        && memchr(b'=', unpadded).is_none();
    is_name
        && !is_padded
        && memchr(b'=', text).is_some()
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~*+%=&[]!'(),:@/?$;|".contains(byte))
}

/// The first line is the delimiter, or the closing delimiter of a body without parts.
fn begins_with_boundary(bytes: &[u8], boundary: &str) -> bool {
    let Some(rest) = bytes.strip_prefix(b"\r\n").unwrap_or(bytes).strip_prefix(b"--") else {
        return false;
    };
    let Some(rest) = rest.strip_prefix(boundary.as_bytes()) else { return false };
    let line = rest.get(..memmem::find(rest, b"\r\n").unwrap_or(rest.len())).unwrap_or_default();
    !boundary.is_empty() && matches!(line.trim_ascii(), b"" | b"--")
}

fn starts_with_ignore_case(text: &[u8], lower: &[u8]) -> bool {
    text.get(..lower.len()).is_some_and(|start| start.eq_ignore_ascii_case(lower))
}

/// RFC 9110 §8.3.1.
pub(super) struct MediaType<'v> {
    kind: &'v str,
    subtype: &'v str,
    parameters: &'v str,
}

impl<'v> MediaType<'v> {
    pub(super) fn parse(value: &'v str) -> Option<Self> {
        let (essence, parameters) = value.split_once(';').unwrap_or((value, ""));
        let (kind, subtype) = essence.trim_ascii().split_once('/')?;
        let is_token = |text: &str| scan::is_token(text.as_bytes());
        (is_token(kind) && is_token(subtype)).then_some(Self { kind, subtype, parameters })
    }

    pub(super) fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind) && self.subtype.eq_ignore_ascii_case(subtype)
    }

    /// The value of a parameter. Given twice with two values it is a mismatch, and so is an extended one
    /// (`boundary*=…`, RFC 2231): readers differ in which of them they take.
    pub(super) fn parameter(&self, name: &str) -> Result<Option<Cow<'v, str>>, GapCause> {
        let mut found: Option<Cow<'v, str>> = None;
        let mut rest = self.parameters;
        loop {
            rest = rest.trim_start_matches([' ', '\t', ';']);
            if rest.is_empty() {
                return Ok(found);
            }
            let Some(end) = rest.find(['=', ';']) else { return Ok(found) };
            let (key, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            // A word without a value says nothing.
            let Some(after) = after.strip_prefix('=') else {
                rest = after;
                continue;
            };
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => unquote(quoted).ok_or(GapCause::Malformed)?,
                None => {
                    let end = after.find(';').unwrap_or(after.len());
                    let (token, after) = after.split_at_checked(end).unwrap_or((after, ""));
                    (Cow::Borrowed(token.trim_end_matches([' ', '\t'])), after)
                }
            };
            let after = after.trim_start_matches([' ', '\t']);
            if !after.is_empty() && !after.starts_with(';') {
                return Err(GapCause::Malformed);
            }
            let (plain, extended) =
                key.split_once('*').map_or((key, None), |it| (it.0, Some(it.1)));
            if extended.is_some() && plain.trim_ascii().eq_ignore_ascii_case(name) {
                return Err(GapCause::MediaTypeMismatch);
            }
            if key.eq_ignore_ascii_case(name) {
                if found.as_ref().is_some_and(|found| *found != value) {
                    return Err(GapCause::MediaTypeMismatch);
                }
                found = Some(value);
            }
            rest = after;
        }
    }
}

/// The text of a quoted string whose first quote is gone, and what comes after it.
fn unquote(quoted: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = memchr::memchr2(b'"', b'\\', quoted.as_bytes())?;
    if quoted.as_bytes().get(end) == Some(&b'"') {
        return Some((Cow::Borrowed(quoted.get(..end)?), quoted.get(end + 1..)?));
    }
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((Cow::Owned(text), quoted.get(at + 1..)?)),
            '\\' => text.push(characters.next()?.1),
            _ => text.push(character),
        }
    }
    None
}
