//! Whether a value can be found in a text by its form at all, as the kinds of its bytes tell.
//!
//! Most values are words. That they are is seen in the masks of their bytes (`classes`), long before a
//! detector is asked: no digits enough for a number, no sign that an address is written around, no
//! label before a value. What is told from here must never be less than what the detectors find.

use super::classes::{BLOCK, Classes, Classify, Specials, Work, dispatch};
use crate::domain::{by_byte, is_like, is_unique_id};

/// Masks of a stretch of text of at most a block: bit `n` speaks of byte `n`.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Hints {
    pub(super) digit: u64,
    pub(super) separator: u64,
    pub(super) colon: u64,
    /// Bytes at which a value may stand whatever else is around them.
    pub(super) noted: u64,
}

/// No value that is found by its form is shorter, and no document inside a string is.
pub(super) const VALUE_BYTES_MIN: usize = 6;

impl Hints {
    /// Bytes that are of any of these kinds.
    #[inline(always)]
    pub(super) fn any(&self) -> u64 {
        self.digit | self.separator | self.colon | self.noted
    }

    /// Whether a value can be found by its form in `string`, which stands at `start` of `text` and is
    /// shorter than a block; these are its masks.
    #[inline]
    pub(super) fn may_hold(&self, text: &[u8], start: usize, string: &[u8]) -> bool {
        let Self { digit, separator, colon, noted } = *self;
        // The words of an address of the web are none in base64 where no digit is.
        let has_key =
            has_long_word(separator, string.len()) && (digit != 0 || !string.starts_with(b"http"));
        if noted | colon == 0 && !has::<4>(digit) && !has::<5>(separator) {
            return has_key || may_be_document(string);
        }
        if (self.are_of_a_time() && is_time(string))
            || is_time_in_words(string)
            || is_unique_id(string)
        {
            return false;
        }
        noted != 0
            || has::<MANY_DIGITS>(digit)
            || may_be_document(string)
            || (has::<4>(digit) && may_identify(digit, separator, string.len()))
            || has::<3>(colon)
            || labels(text, colon, start)
            || fourth_third(separator)
            || has_key
    }

    /// Digits and colons stand as in a date with a time of day: `2026-11-23T09:00:00Z`.
    #[inline(always)]
    fn are_of_a_time(&self) -> bool {
        const FIRST: u64 = (1 << TIME_BYTES_MIN) - 1;
        const COLONS: u64 = 1 << 13 | 1 << 16;
        const OTHERS: u64 = COLONS | 1 << 4 | 1 << 7 | 1 << 10;
        self.digit & FIRST == FIRST & !OTHERS && self.colon & FIRST == COLONS
    }
}

/// Whether at least `N` bits are set. Taken away one by one: counting all of them takes longer on a machine
/// that may have no instruction for it.
#[inline(always)]
const fn has<const N: u32>(mut bits: u64) -> bool {
    let mut taken = 1;
    while taken < N {
        bits &= bits.wrapping_sub(1);
        taken += 1;
    }
    bits != 0
}

/// Whether a value can be found by its form in a text that stands for itself.
pub fn may_hold(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(mut block) = (bytes.len() < BLOCK).then_some([b' '; BLOCK]) else {
        return !is_unique_id(bytes);
    };
    if let Some(start) = block.get_mut(..bytes.len()) {
        start.copy_from_slice(bytes);
    }
    let mut hints = dispatch(Look(&block));
    let only = !(u64::MAX << bytes.len());
    hints.separator &= only;
    hints.may_hold(bytes, 0, bytes)
}

struct Look<'b>(&'b [u8; BLOCK]);

impl Work for Look<'_> {
    type Output = Hints;

    #[inline(always)]
    fn run<C: Classify>(self, classify: C) -> Hints {
        let classes = classify.classes(self.0);
        let mut noted = 0;
        if classes.special != 0 {
            let specials = classify.specials(self.0);
            // What may be an escape of the text itself.
            noted = specials.backslash
                | marks(&specials, self.0)
                | classes.colon() & specials.high << 1;
        }
        let Classes { digit, separator, .. } = classes;
        Hints { digit, separator, colon: classes.colon(), noted }
    }
}

/// What was seen in the stretches of a text so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    digits: u32,
    colons: u32,
}

impl Seen {
    /// Whether a value can be found by its form in the stretch at `start`, of which these are the masks, or
    /// around its beginning.
    #[inline]
    pub(super) fn may_hold(&mut self, hints: &Hints, text: &[u8], start: usize) -> bool {
        self.digits += hints.digit.count_ones();
        self.colons += hints.colon.count_ones();
        hints.noted != 0
            || self.digits >= 4
            || self.colons >= 3
            || labels(text, hints.colon, start)
            || fourth_third(hints.separator)
            || (hints.digit != 0 && has_long_word(hints.separator, BLOCK))
    }
}

/// Date and time of day to the second.
const TIME_BYTES_MIN: usize = 19;
/// With a fraction and an offset.
const TIME_BYTES_MAX: usize = 35;

/// Whether a text whose digits and colons stand as in a time is one (RFC 3339, and as databases write it):
/// nothing else can be found in it.
#[inline]
fn is_time(text: &[u8]) -> bool {
    let Some((date, rest)) = text.split_at_checked(TIME_BYTES_MIN) else { return false };
    text.len() <= TIME_BYTES_MAX
        && date.get(4) == Some(&b'-')
        && date.get(7) == Some(&b'-')
        && matches!(date.get(10), Some(b'T' | b't' | b' '))
        && rest
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b':' | b'+' | b'-' | b'Z' | b'z'))
}

/// Whether a text is a time as mail and HTTP (RFC 5322 §3.3, RFC 9110 §5.6.7) or C programs write it:
/// nothing else can be found in it either.
#[inline]
fn is_time_in_words(text: &[u8]) -> bool {
    const FORMS: [&[u8]; 5] = [
        b"Aaa, 00 Aaa 0000 00:00:00 GMT",
        b"Aaa Aaa 00 00:00:00 +0000 0000",
        b"Aaa Aaa 00 00:00:00 -0000 0000",
        b"Aaa, 00 Aaa 0000 00:00:00 +0000",
        b"Aaa, 00 Aaa 0000 00:00:00 -0000",
    ];
    matches!(text.get(3), Some(b',' | b' ')) && FORMS.iter().any(|form| is_like(text, form))
}

/// Whether a string of JSON holds no value, no document and no word that announces one, as far as that is told
/// by a look at its beginning: `is_plain` says that none of its bytes is marked.
#[inline(always)]
pub(super) fn holds_nothing(string: &[u8], is_plain: bool) -> bool {
    let length = string.len();
    let is_short = length < DOCUMENT_BYTES_MIN && is_plain;
    length < VALUE_BYTES_MIN
        || (is_short && string.first().is_some_and(|first| !BEGINS_DOCUMENT.of(*first)))
        || (is_short && !may_be_document(string))
}

by_byte! {
    /// What stands at the beginning of a document that is told by it, in `may_be_document`.
    static BEGINS_DOCUMENT: bool = |byte| matches!(
        byte,
        b'{' | b'[' | b'<' | b'\\' | b' ' | b'q' | b'm' | b's' | b'f' | b'B' | b'b'
    )
}

/// A shorter string is a document only if it begins like one.
pub(super) const DOCUMENT_BYTES_MIN: usize = 16;

/// Whether a string may be a document of its own: it begins like one, or has no space for as long as one
/// in base64 is at least. An address of the web is looked at for other reasons.
#[inline]
pub(super) fn may_be_document(string: &[u8]) -> bool {
    match string {
        [b'{' | b'[' | b'<' | b'\\' | b' ', ..] => true,
        // Operations of GraphQL have spaces in them.
        [b'q', b'u', b'e', ..]
        | [b'm', b'u', b't', ..]
        | [b's', b'u', b'b', ..]
        | [b'f', b'r', b'a', ..] => true,
        // Credentials have a space behind their scheme (RFC 7617).
        [b'B' | b'b', b'a' | b'A', b's' | b'S', ..] => true,
        _ => string.first_chunk::<DOCUMENT_BYTES_MIN>().is_some_and(|head| {
            let is_address = head.starts_with(b"http") && head.contains(&b':');
            !is_address && !head.contains(&b' ')
        }),
    }
}

/// With so many digits a string is looked at, however they stand.
const MANY_DIGITS: u32 = 7;
/// Bytes within which separators are looked at together.
pub(super) const OVERLAP: usize = 20;

/// Four to six digits: written as an IP address, or with letters around them as in an identifier.
#[inline]
fn may_identify(digit: u64, separator: u64, length: usize) -> bool {
    let behind = separator & digit << 1;
    let groups = digit & behind << 1;
    let is_grouped = groups.count_ones() >= 2;
    let letter = !(digit | separator | u64::MAX << (length % BLOCK));
    let pairs = digit & digit << 1;
    let fours = pairs & pairs << 2 & (letter << 4 | letter >> 1);
    let around = pairs & pairs << 3 & letter << 2;
    is_grouped || fours | around != 0
}

/// Twenty bytes among others without a separator: as the keys of interfaces and words in base64 have at least.
#[inline]
fn has_long_word(separator: u64, length: usize) -> bool {
    let within = if length < BLOCK { !(u64::MAX << length) } else { u64::MAX };
    let (word, between) = (within & !separator, within & separator);
    let two = word & word >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    let sixteen = eight & eight >> 8;
    between != 0 && sixteen & four >> 16 != 0
}

/// Four separators with two bytes between each, as in a MAC address.
#[inline]
fn fourth_third(separator: u64) -> bool {
    let thirds = separator & separator << 3;
    let sixths = thirds & thirds << 3;
    sixths & sixths << 3 != 0
}

/// A colon behind which a value may stand: before a space or another colon, or between what is no digit and
/// a letter, digit or quote. The colons of times and of addresses of the web are neither.
#[inline]
fn labels(text: &[u8], mut colon: u64, start: usize) -> bool {
    while colon != 0 {
        let at = start + colon.trailing_zeros() as usize;
        let is_label = match text.get(at + 1) {
            Some(b' ' | b':' | b'\t') => true,
            Some(b'/') | None => false,
            Some(_) => at
                .checked_sub(1)
                .and_then(|before| text.get(before))
                .is_some_and(|last| !last.is_ascii_digit()),
        };
        if is_label {
            return true;
        }
        colon &= colon - 1;
    }
    false
}

/// Signs around which values stand, and characters that are digits, signs or spaces of other scripts.
#[inline]
pub(super) fn marks(specials: &Specials, block: &[u8; BLOCK]) -> u64 {
    signs(specials.sign, block) | foreign(specials.lead, block)
}

/// The signs themselves, and the `J` of a token's `eyJ`.
#[inline(always)]
fn signs(mut signs: u64, block: &[u8; BLOCK]) -> u64 {
    let mut noted = signs;
    while signs != 0 {
        let at = signs.trailing_zeros() as usize;
        let is_word = block.get(at) == Some(&b'J')
            && at.checked_sub(2).and_then(|from| block.get(from..at)).is_some_and(|e| e != b"ey");
        noted &= !(u64::from(is_word) << at);
        signs &= signs - 1;
    }
    noted
}

/// Digits of other scripts, full-width forms, and characters without width: those of `leads` that begin
/// one, or may where the block ends.
#[inline(always)]
fn foreign(mut leads: u64, block: &[u8; BLOCK]) -> u64 {
    let mut noted = 0;
    while leads != 0 {
        let at = leads.trailing_zeros() as usize;
        let character = (block.get(at), block.get(at + 1), block.get(at + 2));
        let matters = match character {
            (Some(0xC2), Some(second), _) => matches!(second, 0xA0 | 0xAD),
            (Some(0xD9), Some(second), _) => matches!(second, 0xA0..=0xA9 | 0xAB),
            (Some(0xDB), Some(second), _) => matches!(second, 0xB0..=0xB9),
            (Some(0xE0), Some(_), Some(third)) => matches!(third, 0x90..=0x99 | 0xA0..=0xAF),
            (Some(0xE1), Some(second), Some(_)) => matches!(second, 0x81 | 0x9F | 0xA0),
            (Some(0xE2), Some(second), Some(third)) => match second {
                0x80 => matches!(third, 0x80..=0x94 | 0xA4 | 0xAF),
                0x81 => *third == 0xA0,
                0x88 => *third == 0x92,
                _ => false,
            },
            (Some(0xEF), Some(second), Some(third)) => match second {
                0xBC => matches!(third, 0x90..=0x9D | 0xA0),
                0xBB => *third == 0xBF,
                _ => false,
            },
            (Some(0xC2 | 0xD9 | 0xDB | 0xE0..=0xE2 | 0xEF), ..) => true,
            _ => false,
        };
        noted |= u64::from(matters) << at;
        leads &= leads - 1;
    }
    noted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_holds_nothing_and_what_is_like_one_may() {
        for time in [
            "2026-11-23T09:00:00.123Z",
            "2026-11-23 09:00:00+08:00",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 -0800",
            "Sun Aug 31 00:29:15 +0000 2014",
        ] {
            assert!(!may_hold(time), "{time}");
        }
        for text in [
            "2026-11-23T09:00:00 call 03001234567",
            "Sun, 06 Nov 1994 08:49:37 GMT 03001234567",
            "Sun Aug 31 00:29:15 92 3001 23",
            "Sun, 06 Nov 03001234567 9:37 GMT",
        ] {
            assert!(may_hold(text), "{text}");
        }
    }
}
