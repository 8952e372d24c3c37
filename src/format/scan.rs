//! The inner loops: how far does a run of ordinary bytes go? Eight bytes at a time, in plain arithmetic.
//!
//! Everything a decoder does per byte rather than per value is in this file.

use super::{
    Stop,
    unescape::{is_western_letter, percent_byte},
};
use crate::domain::GapCause;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = ONES << 7;

/// The high bit of the lowest zero byte of `word` is set; bytes above it may be wrong.
const fn zero_byte(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

const fn repeat(byte: u8) -> u64 {
    ONES * byte as u64
}

/// Offset of the first quotation mark, backslash or control character at or after `at`; the length of
/// `bytes` when there is none.
#[inline]
pub(super) fn json_string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(repeat(0x20)) & !word & HIGHS;
        let stop = control | zero_byte(word ^ repeat(b'"')) | zero_byte(word ^ repeat(b'\\'));
        if stop != 0 {
            return at + stop.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\' | ..0x20) {
            return at;
        }
        at += 1;
    }
    bytes.len()
}

/// Offset of the first `end`, `&`, `<` or control character at or after `at`; the length of `bytes` when
/// there is none.
#[inline]
pub(super) fn xml_text_end(bytes: &[u8], mut at: usize, end: u8) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(repeat(0x20)) & !word & HIGHS;
        let markup = zero_byte(word ^ repeat(b'<')) | zero_byte(word ^ repeat(b'&'));
        let stop = control | markup | zero_byte(word ^ repeat(end));
        if stop != 0 {
            return at + stop.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if matches!(byte, b'<' | b'&' | ..0x20) || byte == end {
            return at;
        }
        at += 1;
    }
    bytes.len()
}

/// Offset of the first byte at or after `at` that is not JSON whitespace, which is also XML's.
#[inline]
pub(super) fn space_end(bytes: &[u8], mut at: usize) -> usize {
    // Most values are followed by their separator at once, or by one space.
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\n' | b'\r' | b'\t') => at += 1,
            Some(_) | None => return at,
        }
        // Indentation comes in long runs.
        while bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) == Some(b"        ") {
            at += 8;
        }
    }
}

/// Offset of the first byte at or after `at` that is not an ASCII digit.
#[inline]
pub(super) fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// How many bytes at the start of `bytes` are valid UTF-8.
#[inline]
pub(super) fn utf8_length(bytes: &[u8]) -> usize {
    if simdutf8::basic::from_utf8(bytes).is_ok() {
        return bytes.len();
    }
    std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len)
}

/// Not before everything was told: a text that is not UTF-8 in places is still worth a look, but what was
/// seen of it is not all there is. `bytes` stand at `base`.
pub(super) fn check_utf8(bytes: &[u8], base: usize) -> Result<(), Stop> {
    match utf8_length(bytes) {
        valid if valid < bytes.len() => {
            Err(Stop { cause: GapCause::InvalidUtf8, offset: base + valid })
        }
        _ => Ok(()),
    }
}

/// The same of a text in which bytes may be percent-encoded (RFC 3986 §2.1): what they make together has to be UTF-8,
/// or a single letter of Windows-1252 beside one of ASCII, as [`unescape`](super::unescape()) reads it. Two such letters
/// in a row may be one of an encoding of the Far East.
pub(super) fn check_percent_decoded(bytes: &[u8], base: usize) -> Result<(), Stop> {
    check_utf8(bytes, base)?;
    let (mut run, mut at) = (Vec::new(), 0);
    while let Some(length) = memchr::memchr(b'%', bytes.get(at..).unwrap_or_default()) {
        let begin = at + length;
        at = begin + 1;
        run.clear();
        let mut end = begin;
        while let Some((byte, width)) = byte_at(bytes, end).filter(|(byte, _)| !byte.is_ascii()) {
            run.push(byte);
            end += width;
        }
        let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
        let is_beside_one = || {
            is_letter(bytes.get(..begin).unwrap_or_default().last()) || is_letter(bytes.get(end))
        };
        let is_western = matches!(run[..], [byte] if is_western_letter(byte)) && is_beside_one();
        if utf8_length(&run) < run.len() && !is_western {
            return Err(Stop { cause: GapCause::InvalidUtf8, offset: base + begin });
        }
        at = at.max(end);
    }
    Ok(())
}

/// A byte as it stands, or percent-encoded, and how many bytes it takes.
fn byte_at(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    match bytes.get(at..)? {
        rest @ [b'%', ..] => Some((percent_byte(rest)?, 3)),
        [byte, ..] => Some((*byte, 1)),
        [] => None,
    }
}

/// For a reader that was given the valid prefix only: whatever it missed at its end is the fault of the
/// bytes there.
pub(super) fn blame_utf8(read: Result<(), Stop>, valid: usize, length: usize) -> Result<(), Stop> {
    match read {
        Err(stop) if stop.offset < valid => Err(stop),
        Ok(()) | Err(_) if valid < length => {
            Err(Stop { cause: GapCause::InvalidUtf8, offset: valid })
        }
        Ok(()) | Err(_) => read,
    }
}

/// Length of the byte order mark at the start of `bytes`.
pub(super) fn byte_order_mark(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 }
}

/// A word of HTTP: of a name, of a media type (RFC 9110 §5.6.2).
#[inline]
pub(super) fn is_token(text: &[u8]) -> bool {
    let is_of_it = |byte: &u8| {
        matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z')
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'|' | b'~')
    };
    !text.is_empty() && text.iter().all(is_of_it)
}

/// A number of JSON (RFC 8259 §6).
#[inline(never)]
pub(super) fn is_number(text: &[u8]) -> bool {
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    let digits = |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.first() == Some(&b'0')) {
        return false;
    }
    rest = rest.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = fraction.get(length..).unwrap_or_default();
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', digits @ ..] => digits,
            digits => digits,
        };
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json_string_end_by_bytes(bytes: &[u8], at: usize) -> usize {
        (at..bytes.len())
            .find(|&index| matches!(bytes[index], b'"' | b'\\' | ..0x20))
            .unwrap_or(bytes.len())
    }

    #[test]
    fn every_byte_value_at_every_offset() {
        for byte in 0..=u8::MAX {
            for offset in 0..24 {
                let mut bytes = [b'a'; 24];
                bytes[offset] = byte;
                for at in 0..=offset {
                    assert_eq!(
                        json_string_end(&bytes, at),
                        json_string_end_by_bytes(&bytes, at),
                        "byte {byte:#04x} at {offset} from {at}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_word_of_http_is_of_its_characters() {
        for byte in 0..=u8::MAX {
            let expected = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            assert_eq!(is_token(&[byte]), expected, "{byte:#04x}");
        }
        assert!(!is_token(b""));
    }

    #[test]
    fn runs_of_spaces_of_every_length() {
        for length in 0..40 {
            for after in ["", "x", "\u{a0}"] {
                let text = format!("{}{after}", " ".repeat(length));
                assert_eq!(space_end(text.as_bytes(), 0), length);
            }
        }
        assert_eq!(space_end(b"\t\r\n          \nx", 0), 14);
        assert_eq!(space_end(b"", 7), 7);
    }

    proptest! {
        #[test]
        fn words_agree_with_bytes(bytes: Vec<u8>, at in 0usize..80) {
            let at = at.min(bytes.len());
            prop_assert_eq!(json_string_end(&bytes, at), json_string_end_by_bytes(&bytes, at));
        }
    }
}
