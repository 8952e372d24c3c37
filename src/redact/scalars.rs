//! Where scalars of YAML and strings of TOML stand, and what may stand in their place.
//!
//! The first byte of a value says how it is written; the bytes behind a plain one, whether it is in brackets.

use super::place::Place;
use crate::domain::{Finding, Layer, ScalarStyle, Span};

/// Blanks and comments behind a scalar that are looked at.
const BEHIND_MAX: usize = 1 << 10;

pub(super) fn of_yaml(bytes: &[u8], finding: &Finding) -> Place {
    let value = finding.value.of(bytes);
    if finding.kind.is_none() {
        return Place::Collection { is_apart: is_apart(bytes, finding.value.range().start) };
    }
    match value.first() {
        Some(b'#') => Place::Line,
        Some(b'"') => Place::Scalar(ScalarStyle::Double),
        Some(b'\'') => Place::Scalar(ScalarStyle::Single),
        Some(b'|') => Place::Scalar(ScalarStyle::Literal(indent(value))),
        Some(b'>') => Place::Scalar(ScalarStyle::Folded(indent(value))),
        Some(_) | None if finding.span == finding.value => Place::YamlScalar,
        Some(_) | None => {
            let is_flow = is_in_brackets(bytes, finding.value.range().end);
            let style = if is_flow { ScalarStyle::Flow } else { ScalarStyle::Plain };
            if finding.span.start == finding.value.start {
                Place::Words(style)
            } else {
                Place::Scalar(style)
            }
        }
    }
}

pub(super) fn of_toml(bytes: &[u8], finding: &Finding) -> Place {
    match finding.value.of(bytes).first() {
        Some(b'#') => Place::Line,
        Some(b'"') => Place::Scalar(ScalarStyle::Basic),
        Some(b'\'') => Place::Scalar(ScalarStyle::Verbatim),
        Some(_) | None => Place::TomlBare,
    }
}

/// How far in the first line of a block scalar is that says something.
fn indent(scalar: &[u8]) -> u32 {
    let header = memchr::memchr2(b'\n', b'\r', scalar).unwrap_or(scalar.len());
    let lines = scalar.get(header..).unwrap_or_default();
    let blank = lines.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let blank = lines.get(..blank).unwrap_or_default();
    let indent = blank.iter().rev().take_while(|byte| **byte == b' ').count();
    u32::try_from(indent).unwrap_or(u32::MAX)
}

/// Whether a blank stands before `at`, or nothing.
fn is_apart(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    before.is_none_or(|byte| byte.is_ascii_whitespace() || b"[{,".contains(byte))
}

/// Nothing by indentation is followed by one of these.
fn is_in_brackets(bytes: &[u8], end: usize) -> bool {
    let end_max = end.saturating_add(BEHIND_MAX).min(bytes.len());
    let at = past_blanks(bytes.get(..end_max).unwrap_or_default(), end);
    match bytes.get(at) {
        Some(byte) if at < end_max => b",]}".contains(byte),
        // It was not found out.
        Some(_) => true,
        None => false,
    }
}

/// Past blanks, line ends and comments.
fn past_blanks(bytes: &[u8], mut at: usize) -> usize {
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if bytes.get(at) != Some(&b'#') {
            return at;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
    }
}

/// What stands in YAML where a value, or a part of one, was taken out: `null` for all of it, and a word where what is
/// left would be read as something else.
pub(super) fn for_nothing_in_yaml(
    layer: &Layer<'_>,
    finding: &Finding,
    place: Place,
) -> &'static str {
    let is_first = finding.span.start == finding.value.start;
    let behind = layer.bytes.get(finding.span.range().end..finding.value.range().end);
    let behind = behind.unwrap_or_default();
    if place == Place::Line {
        return "";
    }
    if finding.is_whole(layer) {
        return if place == (Place::Collection { is_apart: false }) { " null" } else { "null" };
    }
    // What is not whole stands in one of these.
    let (Place::Scalar(style) | Place::Words(style)) = place else { return "" };
    let is_misread = match style {
        ScalarStyle::Plain | ScalarStyle::Flow => {
            let next = behind.trim_ascii_start().first().copied().map(char::from);
            (is_first && next.is_none_or(is_indicator)) || behind.first() == Some(&b'#')
        }
        // A first line further in would leave the others outside.
        ScalarStyle::Literal(_) | ScalarStyle::Folded(_) => {
            matches!(behind.first(), Some(b' ' | b'\t'))
        }
        ScalarStyle::Single | ScalarStyle::Double | ScalarStyle::Basic | ScalarStyle::Verbatim => {
            false
        }
    };
    if is_misread { "redacted" } else { "" }
}

/// What blanks edits of YAML that lap over each other.
pub(super) fn word(bytes: &[u8], span: Span) -> &'static [u8] {
    if is_apart(bytes, span.range().start) { b"redacted" } else { b" redacted" }
}

/// A whole entry of a table by indentation or line, which goes with its line or leaves the next one where it stood;
/// `None` of one in brackets, which has a comma.
pub(super) fn entry(bytes: &[u8], member: Span) -> Option<Span> {
    let (start, end) = (member.range().start, member.range().end);
    if is_in_brackets(bytes, end) {
        return None;
    }
    let line = |at: usize| {
        let before = bytes.get(..at).unwrap_or_default();
        memchr::memrchr2(b'\n', b'\r', before).map_or(0, |end| end + 1)
    };
    let first = line(start);
    let is_alone = |at: usize, to: usize| {
        bytes.get(at..to).is_some_and(|blank| blank.iter().all(|byte| *byte == b' '))
    };
    if is_alone(first, start) {
        let rest = bytes.get(end..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let line_end = match rest.get(blank..).unwrap_or_default() {
            [b'\r', b'\n', ..] => end + blank + 2,
            [b'\r' | b'\n', ..] => end + blank + 1,
            [] => end + blank,
            _ => end,
        };
        return Some(Span::new(first, line_end));
    }
    let next = past_blanks(bytes, end);
    let next_line = line(next);
    let is_sibling = next < bytes.len()
        && next_line > start
        && next - next_line == start - first
        && is_alone(next_line, next);
    Some(if is_sibling { Span::new(start, next) } else { member })
}

/// What begins something else than a plain scalar (YAML 1.2 §5.3).
pub(super) fn is_indicator(letter: char) -> bool {
    "-?:,[]{}#&*!|>'\"%@`".contains(letter)
}

pub(super) fn is_no_plain_scalar(text: &str) -> bool {
    text.trim() != text
        || text.is_empty()
        || text.starts_with(is_indicator)
        || text.starts_with("...")
        || text.contains(": ")
        || text.contains(" #")
        || text.ends_with(':')
        || text.contains(|letter: char| letter.is_control() || ",[]{}".contains(letter))
}

/// Whether a text is a value of TOML without quotes: a number, a day or a truth value.
pub(super) fn is_bare(text: &str) -> bool {
    let is_day = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_whole = !digits.is_empty()
        && digits.len() < 19
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits.len() == 1 || !digits.starts_with('0'));
    is_day || is_whole || matches!(text, "true" | "false")
}
