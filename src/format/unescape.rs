//! The text of a value, and the way back from the text to the bytes it was written as.
//!
//! Text that stands as it is (nearly all of it) is borrowed. Otherwise it is built in a buffer that the
//! caller keeps, beside a list of runs in which text and bytes advance in step. Unescaping never fails:
//! what is not an escape is itself, and bytes that are not UTF-8 become U+FFFD.

mod styled;
#[cfg(test)]
mod tests;

use memchr::{memchr, memchr2, memchr3, memmem};

use crate::domain::{Escape, Span};

/// Unescaped text, either borrowed or in the buffer.
#[derive(Clone, Copy)]
pub struct Text<'b> {
    text: &'b str,
    /// `None` when the text is the bytes.
    buffer: Option<&'b Unescaped>,
}

impl<'b> Text<'b> {
    pub fn as_str(&self) -> &'b str {
        self.text
    }

    /// False when a byte stood there that is no text, so that the text cannot be written back as it was.
    pub fn is_whole(&self) -> bool {
        self.buffer.is_none_or(|buffer| buffer.is_whole)
    }

    /// Where a range of the text stands in the escaped bytes; whole escapes, never half of one.
    pub fn raw_span(&self, span: Span) -> Span {
        match self.buffer {
            None => span,
            Some(buffer) => buffer.unescaped.before(buffer.lossy.before(span)),
        }
    }
}

impl std::fmt::Debug for Text<'_> {
    /// Without the text: a debug line must not carry a payload.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text")
            .field("length", &self.text.len())
            .field("borrowed", &self.buffer.is_none())
            .finish()
    }
}

/// The buffer of [`unescape`]; grows to the longest value it has held and stays there.
#[derive(Default)]
pub struct Unescaped {
    /// What the escapes stand for, as bytes.
    bytes: Vec<u8>,
    unescaped: Map,
    /// Those bytes are UTF-8, and no half of a surrogate pair stood alone.
    is_whole: bool,
    /// What they are as text, where they are not; what a text stands for that has no more than characters.
    text: String,
    lossy: Map,
}

impl Unescaped {
    pub fn new() -> Self {
        Self::default()
    }
}

impl std::fmt::Debug for Unescaped {
    /// Without the text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unescaped").field("capacity", &self.bytes.capacity()).finish()
    }
}

/// The text that `raw` stands for under `escape`.
pub fn unescape<'b>(escape: Escape, raw: &'b [u8], buffer: &'b mut Unescaped) -> Text<'b> {
    unescape_at(escape, raw, None, buffer)
}

/// Like [`unescape`], where `plain` is `raw` as a text, if that is known: nothing is left to check then.
#[inline]
pub fn unescape_at<'b>(
    escape: Escape,
    raw: &'b [u8],
    plain: Option<&'b str>,
    buffer: &'b mut Unescaped,
) -> Text<'b> {
    debug_assert!(plain.is_none_or(|plain| plain.as_bytes() == raw), "another text");
    match (escape, plain) {
        (Escape::None, Some(text)) => Text { text, buffer: None },
        _ => unescape_any(escape, raw, plain, buffer),
    }
}

fn unescape_any<'b>(
    escape: Escape,
    raw: &'b [u8],
    plain: Option<&'b str>,
    buffer: &'b mut Unescaped,
) -> Text<'b> {
    let first = match escape {
        Escape::None => None,
        // Most names and values are shorter than the set-up of a vector search.
        Escape::Json if raw.len() < SHORT_BYTES => raw.iter().position(|&byte| byte == b'\\'),
        Escape::Json => memchr(b'\\', raw),
        Escape::Percent => memchr(b'%', raw),
        Escape::Form => memchr2(b'%', b'+', raw),
        Escape::Xml => memchr3(b'&', b'\r', b'<', raw),
        Escape::Html => memchr(b'&', raw),
        Escape::Csv => memmem::find(raw, b"\"\""),
        Escape::VCard => memchr3(b'\\', b'\r', b'\n', raw),
        Escape::Scalar(style) => styled::next(style, raw),
    };
    if first.is_none()
        && let Some(text) = plain.or_else(|| utf8(raw))
    {
        return Text { text, buffer: None };
    }
    if let (Escape::Json, Some(plain), Some(first)) = (escape, plain, first) {
        buffer.fill_with_text(plain, first);
        return Text { text: &buffer.text, buffer: Some(buffer) };
    }
    buffer.fill(escape, raw, first.unwrap_or(raw.len()));
    let buffer: &'b Unescaped = buffer;
    let text = utf8(&buffer.bytes).unwrap_or(&buffer.text);
    Text { text, buffer: Some(buffer) }
}

const SHORT_BYTES: usize = 16;
/// U+FFFD in UTF-8.
const REPLACEMENT: &[u8] = b"\xEF\xBF\xBD";

/// `raw` as a text when it is UTF-8. The short way for short ones: setting up the vector search costs more
/// than it saves.
pub fn utf8(raw: &[u8]) -> Option<&str> {
    if raw.len() < 64 {
        return std::str::from_utf8(raw).ok();
    }
    simdutf8::basic::from_utf8(raw).ok()
}

impl Unescaped {
    fn clear(&mut self) {
        self.bytes.clear();
        self.unescaped.clear();
        self.text.clear();
        self.lossy.clear();
        self.is_whole = true;
    }

    /// The text of a string of JSON whose first escape is at `first`. Its escapes are of characters, so that there is
    /// nothing to check.
    fn fill_with_text(&mut self, plain: &str, first: usize) {
        self.clear();
        let (mut at, mut next) = (0, Some(first));
        while let Some(start) = next {
            let run = plain.get(at..start).unwrap_or_default();
            self.text.push_str(run);
            self.unescaped.push_run(run.len());
            let rest = plain.as_bytes().get(start..).unwrap_or_default();
            let (character, length) = match json(rest) {
                Some((Unit::Character(character), length)) => (character, length),
                Some((Unit::Byte(byte), length)) => (char::from(byte), length),
                Some((Unit::Nothing, _)) | None => ('\\', 1),
            };
            self.is_whole &= character != char::REPLACEMENT_CHARACTER;
            self.text.push(character);
            self.unescaped.push(character.len_utf8(), length);
            at = start + length;
            next = memchr(b'\\', plain.as_bytes().get(at..).unwrap_or_default())
                .map(|distance| at + distance);
        }
        let run = plain.get(at..).unwrap_or_default();
        self.text.push_str(run);
        self.unescaped.push_run(run.len());
    }

    /// `first` is the offset of the first escape.
    fn fill(&mut self, escape: Escape, raw: &[u8], first: usize) {
        self.clear();
        let mut at = 0;
        let mut next = first;
        while next < raw.len() {
            self.copy(raw, at, next);
            let rest = raw.get(next..).unwrap_or_default();
            let mut room = [0; 4];
            let (text, length) = one(escape, rest, &mut room);
            self.is_whole &= text != REPLACEMENT;
            self.unescaped.push(text.len(), length);
            self.bytes.extend_from_slice(text);
            at = next + length;
            let rest = raw.get(at..).unwrap_or_default();
            next = match escape {
                Escape::None => None,
                Escape::Json => memchr(b'\\', rest),
                Escape::Percent => memchr(b'%', rest),
                Escape::Form => memchr2(b'%', b'+', rest),
                Escape::Xml => memchr3(b'&', b'\r', b'<', rest),
                Escape::Html => memchr(b'&', rest),
                Escape::Csv => memchr(b'"', rest),
                Escape::VCard => memchr3(b'\\', b'\r', b'\n', rest),
                Escape::Scalar(style) => styled::next(style, rest),
            }
            .map_or(raw.len(), |distance| at + distance);
        }
        self.copy(raw, at, raw.len());
        if utf8(&self.bytes).is_none() {
            self.is_whole = false;
            let is_encoded = matches!(escape, Escape::Percent | Escape::Form);
            for chunk in self.bytes.utf8_chunks() {
                self.text.push_str(chunk.valid());
                self.lossy.push_run(chunk.valid().len());
                let letter = match chunk.invalid() {
                    [] => continue,
                    [byte] if is_encoded && is_western_letter(*byte) => char::from(*byte),
                    _ => char::REPLACEMENT_CHARACTER,
                };
                self.text.push(letter);
                self.lossy.push(letter.len_utf8(), chunk.invalid().len());
            }
        }
    }

    fn copy(&mut self, raw: &[u8], from: usize, to: usize) {
        let plain = raw.get(from..to).unwrap_or_default();
        self.bytes.extend_from_slice(plain);
        self.unescaped.push_run(plain.len());
    }
}

/// A letter with a mark in Windows-1252, and in ISO-8859-1, which has the same: pages in one of those send forms in
/// it, and nothing says so (URL Standard §5.1).
pub(super) fn is_western_letter(byte: u8) -> bool {
    byte >= 0xC0 && !matches!(byte, 0xD7 | 0xF7)
}

/// The escape at the start of `rest`: what it stands for, and its length. What only looks like one is
/// one byte that stands for itself.
fn one<'r>(escape: Escape, rest: &'r [u8], room: &'r mut [u8; 4]) -> (&'r [u8], usize) {
    if escape == Escape::Xml && rest.first() == Some(&b'<') {
        if let Some(section) = cdata_section(rest) {
            return section;
        }
        if let Some(length) = xml_markup(rest) {
            // What stands in elements side by side is of values side by side.
            let next = rest.get(length..).unwrap_or_default();
            let is_between = rest.get(1) == Some(&b'/')
                && matches!(next, [b'<', sign, ..] if !b"/!?".contains(sign));
            return (if is_between { b"\n" } else { &[] }, length);
        }
    }
    let found = match escape {
        Escape::None => None,
        Escape::Json => json(rest),
        Escape::Percent => percent(rest),
        Escape::Form if rest.first() == Some(&b'+') => Some((Unit::Byte(b' '), 1)),
        Escape::Form => percent(rest),
        Escape::Xml => xml(rest),
        Escape::Html => html(rest),
        Escape::Csv => rest.starts_with(b"\"\"").then_some((Unit::Byte(b'"'), 2)),
        Escape::VCard => vcard(rest),
        Escape::Scalar(style) => styled::one(style, rest),
    };
    match found {
        Some((Unit::Character(character), length)) => {
            (character.encode_utf8(room).as_bytes(), length)
        }
        Some((Unit::Byte(byte), length)) => {
            let [first, ..] = room;
            *first = byte;
            (std::slice::from_ref(first), length)
        }
        Some((Unit::Nothing, length)) => (&[], length),
        None => (rest.get(..1).unwrap_or_default(), 1),
    }
}

/// What one escape stands for.
enum Unit {
    Character(char),
    /// Part of a character perhaps: percent-encoding is of bytes.
    Byte(u8),
    /// A fold: it was put in on the way.
    Nothing,
}

/// RFC 8259 §7; a surrogate without its half is U+FFFD.
fn json(rest: &[u8]) -> Option<(Unit, usize)> {
    let byte = match rest.get(1)? {
        quoted @ (b'"' | b'\\' | b'/') => *quoted,
        b'b' => 0x08,
        b'f' => 0x0C,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' if rest.get(2) == Some(&b'{') => return braced(rest),
        b'u' => {
            let unit = hexadecimal(rest.get(2..6)?)?;
            let low = || {
                let second = rest.get(6..12)?;
                second.starts_with(b"\\u").then(|| hexadecimal(second.get(2..)?)).flatten()
            };
            if (0xD800..0xDC00).contains(&unit)
                && let Some(low @ 0xDC00..0xE000) = low()
            {
                let character = char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
                return Some((Unit::Character(character.unwrap_or_default()), 12));
            }
            let character = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
            return Some((Unit::Character(character), 6));
        }
        _ => return None,
    };
    Some((Unit::Byte(byte), 2))
}

/// GraphQL (September 2025, §2.9.4): any number of digits in braces.
fn braced(rest: &[u8]) -> Option<(Unit, usize)> {
    let digits = rest.get(3..rest.len().min(REFERENCE_BYTES_MAX))?;
    let length = memchr(b'}', digits)?;
    let character = char::from_u32(hexadecimal(digits.get(..length)?)?)?;
    Some((Unit::Character(character), 3 + length + 1))
}

fn percent(rest: &[u8]) -> Option<(Unit, usize)> {
    Some((Unit::Byte(percent_byte(rest)?), 3))
}

/// The byte that the two digits behind the sign at the start of `rest` stand for.
pub(super) fn percent_byte(rest: &[u8]) -> Option<u8> {
    hex_byte(rest.get(1..)?.first_chunk()?)
}

/// The byte that two hexadecimal digits stand for.
pub fn hex_byte(digits: &[u8; 2]) -> Option<u8> {
    u8::try_from(hexadecimal(digits)?).ok()
}

/// The five predefined entities, character references, and the line ends that XML 1.0 §2.11 joins.
fn xml(rest: &[u8]) -> Option<(Unit, usize)> {
    if rest.first() == Some(&b'\r') {
        let length = if rest.get(1) == Some(&b'\n') { 2 } else { 1 };
        return Some((Unit::Byte(b'\n'), length));
    }
    let (character, length) = xml_reference(rest)?;
    Some((Unit::Character(character), length))
}

/// What stands in the CDATA section at the start of `rest`, and how long the section is.
pub(super) fn cdata_section(rest: &[u8]) -> Option<(&[u8], usize)> {
    const END: &[u8] = b"]]>";
    let inner = rest.strip_prefix(CDATA)?;
    let length = memmem::find(inner, END)?;
    Some((inner.get(..length)?, CDATA.len() + length + END.len()))
}

/// How long the comment, the instruction or the tag at the start of `rest` is, which are no part of the text they
/// stand in (XML 1.0 §2.4).
pub(super) fn xml_markup(rest: &[u8]) -> Option<usize> {
    let past =
        |end: &[u8], from: usize| Some(from + memmem::find(rest.get(from..)?, end)? + end.len());
    match rest {
        [b'<', b'!', b'-', b'-', ..] => past(b"-->", 4),
        [b'<', b'?', ..] => past(b"?>", 2),
        [b'<', b'/' | b'_' | b':' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.., ..] => {
            let mut at = 1;
            loop {
                at += memchr3(b'>', b'"', b'\'', rest.get(at..)?)?;
                let quote = *rest.get(at)?;
                at += 1;
                if quote == b'>' {
                    return Some(at);
                }
                at += memchr(quote, rest.get(at..)?)? + 1;
            }
        }
        _ => None,
    }
}

/// What a CDATA section begins with (XML 1.0 §2.7).
pub(super) const CDATA: &[u8] = b"<![CDATA[";

/// The reference at the start of `rest`: the character it stands for, and its length.
pub(super) fn xml_reference(rest: &[u8]) -> Option<(char, usize)> {
    // Leading zeros are legal, and no reason to look further than this.
    let window = rest.get(..rest.len().min(REFERENCE_BYTES_MAX))?;
    let end = memchr(b';', window)?;
    let name = window.get(1..end)?;
    let character = match name {
        b"lt" => '<',
        b"gt" => '>',
        b"amp" => '&',
        b"apos" => '\'',
        b"quot" => '"',
        [b'#', b'x', digits @ ..] => char::from_u32(hexadecimal(digits)?)?,
        [b'#', digits @ ..] => {
            let digits = std::str::from_utf8(digits).ok()?;
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            char::from_u32(digits.parse().ok().filter(|_| plain)?)?
        }
        _ => return None,
    };
    Some((character, end + 1))
}

const REFERENCE_BYTES_MAX: usize = 32;

/// Whether `rest` begins with a reference that a web page would show as another character.
pub fn is_html_reference(rest: &[u8]) -> bool {
    html(rest).is_some()
}

/// The HTML Standard, §13.2.5.72: the references of XML, numeric ones without their semicolon, and the
/// names of what identifiers and addresses are written with.
fn html(rest: &[u8]) -> Option<(Unit, usize)> {
    if let Some((character, length)) = xml_reference(rest) {
        return Some((Unit::Character(character), length));
    }
    if let Some(number) = rest.strip_prefix(b"&#") {
        let (radix, skip) = match number.first()? {
            b'x' | b'X' => (16, 1),
            _ => (10, 0),
        };
        let digits = number.get(skip..number.len().min(REFERENCE_BYTES_MAX))?;
        let is_digit = |byte: &&u8| char::from(**byte).is_digit(radix);
        let length = digits.iter().take_while(is_digit).count();
        let digits = std::str::from_utf8(digits.get(..length)?).ok()?;
        let character = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
        let semicolon = usize::from(number.get(skip + length) == Some(&b';'));
        return Some((Unit::Character(character), 2 + skip + length + semicolon));
    }
    let window = rest.get(1..rest.len().min(REFERENCE_BYTES_MAX))?;
    let length = memchr(b';', window)?;
    let name = window.get(..length)?;
    let (_, character) = HTML_NAMES.iter().find(|(known, _)| *known == name)?;
    Some((Unit::Character(*character), length + 2))
}

const HTML_NAMES: [(&[u8], char); 24] = [
    (b"nbsp", '\u{a0}'),
    (b"commat", '@'),
    (b"period", '.'),
    (b"comma", ','),
    (b"plus", '+'),
    (b"num", '#'),
    (b"lowbar", '_'),
    (b"hyphen", '\u{2010}'),
    (b"dash", '\u{2010}'),
    (b"ndash", '\u{2013}'),
    (b"shy", '\u{ad}'),
    (b"colon", ':'),
    (b"semi", ';'),
    (b"sol", '/'),
    (b"bsol", '\\'),
    (b"lpar", '('),
    (b"rpar", ')'),
    (b"lsqb", '['),
    (b"rsqb", ']'),
    (b"equals", '='),
    (b"percnt", '%'),
    (b"Tab", '\t'),
    (b"NewLine", '\n'),
    (b"zwnj", '\u{200c}'),
];

/// A fold, or a backslash and what it protects.
fn vcard(rest: &[u8]) -> Option<(Unit, usize)> {
    let fold = |end: usize| {
        matches!(rest.get(end), Some(b' ' | b'\t')).then_some((Unit::Nothing, end + 1))
    };
    match rest {
        [b'\r', b'\n', ..] => fold(2),
        [b'\r' | b'\n', ..] => fold(1),
        [b'\\', b'n' | b'N', ..] => Some((Unit::Byte(b'\n'), 2)),
        [b'\\', protected @ (b'\\' | b',' | b';' | b':'), ..] => Some((Unit::Byte(*protected), 2)),
        _ => None,
    }
}

/// At least one hexadecimal digit, and nothing else.
fn hexadecimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |value, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        value.checked_mul(16)?.checked_add(digit)
    })
}

/// From offsets after a rewriting to offsets before it.
#[derive(Default)]
struct Map {
    runs: Vec<Run>,
    after: u32,
    before: u32,
}

/// From here on, every `after_unit` bytes stand for `before_unit` bytes, until the next run.
#[derive(Clone, Copy)]
struct Run {
    after: u32,
    before: u32,
    after_unit: u32,
    before_unit: u32,
}

impl Map {
    fn clear(&mut self) {
        self.runs.clear();
        (self.after, self.before) = (0, 0);
    }

    /// `length` bytes that stand for themselves.
    fn push_run(&mut self, length: usize) {
        if length > 0 {
            self.push_units(1, 1, length);
        }
    }

    /// One escape.
    fn push(&mut self, after: usize, before: usize) {
        self.push_units(after, before, 1);
    }

    fn push_units(&mut self, after: usize, before: usize, count: usize) {
        // A section of XML may be as long as the text.
        let narrow = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let run = Run {
            after: self.after,
            before: self.before,
            after_unit: narrow(after),
            before_unit: narrow(before),
        };
        let same =
            |last: &Run| (last.after_unit, last.before_unit) == (run.after_unit, run.before_unit);
        if !self.runs.last().is_some_and(same) {
            self.runs.push(run);
        }
        let total = |unit: usize| u32::try_from(unit * count).unwrap_or(u32::MAX);
        self.after = self.after.saturating_add(total(after));
        self.before = self.before.saturating_add(total(before));
    }

    /// A map that has no runs was not needed.
    fn before(&self, span: Span) -> Span {
        if self.runs.is_empty() {
            return span;
        }
        let start = self.point(span.start, false);
        let end = if span.is_empty() { start } else { self.point(span.end, true) };
        Span { start, end: end.max(start) }
    }

    /// The start of the unit at `after`, or the end of the unit that ends at or beyond it.
    fn point(&self, after: u32, is_end: bool) -> u32 {
        if after >= self.after {
            return self.before;
        }
        let sought = if is_end { after.saturating_sub(1) } else { after };
        let index = self.runs.partition_point(|run| run.after <= sought).saturating_sub(1);
        let Some(run) = self.runs.get(index) else { return self.before };
        let offset = after.saturating_sub(run.after);
        let unit = run.after_unit.max(1);
        let units = if is_end { offset.div_ceil(unit) } else { offset / unit };
        run.before.saturating_add(units.saturating_mul(run.before_unit))
    }
}
