//! Scalars of YAML (1.2.2 §5.7, §6.5, §7.3, §8.1) and strings of TOML (1.0).

use memchr::{memchr, memchr2, memchr3};

use super::{Unit, hexadecimal};
use crate::domain::ScalarStyle;

/// Where the next byte is that may stand for another.
pub(super) fn next(style: ScalarStyle, text: &[u8]) -> Option<usize> {
    match style {
        ScalarStyle::Single => memchr3(b'\'', b'\r', b'\n', text),
        ScalarStyle::Double => memchr3(b'\\', b'\r', b'\n', text),
        ScalarStyle::Plain
        | ScalarStyle::Flow
        | ScalarStyle::Literal(_)
        | ScalarStyle::Folded(_) => memchr2(b'\r', b'\n', text),
        ScalarStyle::Basic => memchr(b'\\', text),
        ScalarStyle::Verbatim => None,
    }
}

/// What the escape or the line end at the start of `rest` stands for, and its length.
pub(super) fn one(style: ScalarStyle, rest: &[u8]) -> Option<(Unit, usize)> {
    match (style, rest) {
        (ScalarStyle::Single, [b'\'', b'\'', ..]) => Some((Unit::Byte(b'\''), 2)),
        (ScalarStyle::Double | ScalarStyle::Basic, [b'\\', ..]) => escaped(rest),
        (ScalarStyle::Literal(indent), [b'\r' | b'\n', ..]) => {
            let end = line_end(rest);
            let behind = rest.get(end..).unwrap_or_default();
            let blanks = behind.iter().take(indent as usize).take_while(|byte| **byte == b' ');
            Some((Unit::Byte(b'\n'), end + blanks.count()))
        }
        (ScalarStyle::Basic | ScalarStyle::Verbatim, _) => None,
        (_, [b'\r' | b'\n', ..]) => Some(folded(rest)),
        _ => None,
    }
}

fn line_end(rest: &[u8]) -> usize {
    if rest.starts_with(b"\r\n") { 2 } else { 1 }
}

/// A line end with the blanks behind it is one; with empty lines behind it, it is a line end.
fn folded(rest: &[u8]) -> (Unit, usize) {
    let first = line_end(rest);
    let behind = rest.get(first..).unwrap_or_default();
    let blanks = behind.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let has_lines = memchr2(b'\r', b'\n', behind.get(..blanks).unwrap_or_default()).is_some();
    (Unit::Byte(if has_lines { b'\n' } else { b' ' }), first + blanks)
}

fn escaped(rest: &[u8]) -> Option<(Unit, usize)> {
    let number = |length: usize| {
        let digits = rest.get(2..2 + length)?;
        let character = char::from_u32(hexadecimal(digits)?);
        Some((Unit::Character(character.unwrap_or(char::REPLACEMENT_CHARACTER)), 2 + length))
    };
    let byte = match rest.get(1)? {
        itself @ (b'"' | b'\\' | b'/' | b' ' | b'\t') => *itself,
        b'0' => 0,
        b'a' => 0x07,
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 0x0B,
        b'f' => 0x0C,
        b'r' => b'\r',
        b'e' => 0x1B,
        b'N' => return Some((Unit::Character('\u{85}'), 2)),
        b'_' => return Some((Unit::Character('\u{a0}'), 2)),
        b'L' => return Some((Unit::Character('\u{2028}'), 2)),
        b'P' => return Some((Unit::Character('\u{2029}'), 2)),
        b'x' => return number(2),
        b'u' => match super::json(rest)? {
            // No surrogates, but nothing else than JSON has.
            (Unit::Character(character), length) => {
                return Some((Unit::Character(character), length));
            }
            _ => return None,
        },
        b'U' => return number(8),
        // An escaped line end is none, and the blanks of the next line are not either.
        b'\r' | b'\n' => {
            let behind = rest.get(1..)?;
            let blanks = behind.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            return Some((Unit::Nothing, 1 + blanks));
        }
        _ => return None,
    };
    Some((Unit::Byte(byte), 2))
}
