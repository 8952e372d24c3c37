//! Values that tell what they are at the first look.

use crate::{
    detect::token::Token,
    domain::{is_like, is_unique_id},
};

/// A value of which there is little to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bare {
    Digits,
    /// A price, a size, a part of a whole: a few digits, a point, and one or two more.
    Decimal,
    /// A date with a time of day: RFC 3339, or as programs in C write one with the zone.
    Time,
    UniqueId,
}

impl Bare {
    pub(super) fn of(text: &str) -> Option<Self> {
        const DATE: &[u8; 10] = b"0000-00-00";
        const IN_WORDS: &[u8; 30] = b"Aaa Aaa 00 00:00:00 +0000 0000";
        let bytes = text.as_bytes();
        if bytes.len() <= Token::CAPACITY && bytes.iter().all(u8::is_ascii_digit) {
            return Some(Self::Digits);
        }
        if is_unique_id(bytes) {
            return Some(Self::UniqueId);
        }
        if is_decimal(bytes) {
            return Some(Self::Decimal);
        }
        if let Some((date, time)) = bytes.split_first_chunk::<10>() {
            let is_time = is_like(date, DATE)
                && matches!(time.first(), Some(b'T' | b't' | b' '))
                && time.len() <= 25
                && time.iter().all(|byte| {
                    byte.is_ascii_digit()
                        || matches!(
                            byte,
                            b'T' | b't' | b'Z' | b'z' | b':' | b'.' | b'+' | b'-' | b' '
                        )
                });
            if is_time {
                return Some(Self::Time);
            }
        }
        (is_like(bytes, IN_WORDS)).then_some(Self::Time)
    }
}

fn is_decimal(bytes: &[u8]) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    let (whole, behind) = match bytes {
        [whole @ .., b'.', a, b] => (whole, [*a, *b]),
        [whole @ .., b'.', a] => (whole, [*a, *a]),
        _ => return false,
    };
    (1..=7).contains(&whole.len()) && digits(whole) && digits(&behind)
}
