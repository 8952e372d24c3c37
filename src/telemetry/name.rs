//! Names that people gave to things, and nothing that only looks like one.

use std::{borrow::Cow, fmt};

use crate::domain::by_blocks;

/// Bytes of one name.
const NAME_BYTES_MAX: usize = 128;
/// A run of digits this long is a phone number or a device id, not part of a name.
const NAME_DIGITS_MAX: usize = 8;

/// A name that people gave to a thing: a rule, a category, a purpose, a route, a workload.
///
/// Purposes and mechanisms may come off the wire, so what is not shaped like a name is not taken:
/// ASCII letters, digits and `._-/`, at least one letter, no long run of digits, at most 128 bytes; a
/// `spiffe://` identity may have its colon. A date or a timestamp is taken too: policy versions and
/// deadlines are called so. Everything else reads `withheld`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name<'r>(Cow<'r, str>);

impl<'r> Name<'r> {
    pub(crate) const WITHHELD: &'static str = "withheld";

    pub fn new(text: impl Into<Cow<'r, str>>) -> Self {
        let text = text.into();
        if is_name(&text) { Self(text) } else { Self(Cow::Borrowed(Self::WITHHELD)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_name(text: &str) -> bool {
    if text.is_empty() || text.len() > NAME_BYTES_MAX {
        return false;
    }
    is_word(text.strip_prefix("spiffe://").unwrap_or(text)) || is_time(text)
}

fn is_word(text: &str) -> bool {
    let seen = kinds(text.as_bytes());
    seen & (LETTER | OTHER) == LETTER
        // Most names are shorter than a run would be.
        && (text.len() <= NAME_DIGITS_MAX || seen & DIGIT == 0 || !has_long_number(text))
}

/// What there is in a text.
fn kinds(text: &[u8]) -> u8 {
    by_blocks(text, b'-', |block| block.map(kind).iter().fold(0, |seen, kind| seen | kind))
}

fn has_long_number(text: &str) -> bool {
    let mut run = 0;
    text.bytes().any(|byte| {
        run = if byte.is_ascii_digit() { run + 1 } else { 0 };
        run > NAME_DIGITS_MAX
    })
}

const DIGIT: u8 = 1;
const LETTER: u8 = 2;
const OTHER: u8 = 4;

/// What a byte is in a name; without a branch, so that all of a block are asked at once.
fn kind(byte: u8) -> u8 {
    let is_digit = byte.wrapping_sub(b'0') < 10;
    let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let is_mark = (byte == b'.') | (byte == b'_') | (byte == b'-') | (byte == b'/');
    let is_other = !(is_digit | is_letter | is_mark);
    (u8::from(is_digit) * DIGIT) | (u8::from(is_letter) * LETTER) | (u8::from(is_other) * OTHER)
}

fn is_time(text: &str) -> bool {
    // The parsers take more than RFC 3339: dates without dashes, and annotations of any text.
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"-:.+TZ".contains(&b));
    let dashed = text.as_bytes().get(4) == Some(&b'-');
    plain
        && dashed
        && (text.parse::<jiff::civil::Date>().is_ok() || text.parse::<jiff::Timestamp>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name_and_never_a_value() {
        for name in [
            "MI-06",
            "JR-CN-02",
            "user.device.device_id.imei",
            "cloud_sync",
            "2019-03-18",
            "2026-03-02T09:00:00Z",
            "scc-2024-00012345",
            "law/eu",
            "spiffe://mesh.example/ns/shop/sa/checkout",
            "mi-dc-singapore",
        ] {
            assert_eq!(Name::new(name).as_str(), name);
        }
        for value in [
            "",
            "sana.k@example.pk",
            "+923451112233",
            "923451112233",
            "867619040000019",
            "imei-867619040000019",
            "64:CC:2E:AA:BB:01",
            "10.1.2.3",
            "2001:db8::1",
            "Sana Khan",
            "王小明",
            "24.8607",
            "2019-13-45",
            "20190318",
            "2026-03-02T09:00:00Z[u-ca=sana]",
            &"a".repeat(NAME_BYTES_MAX + 1),
        ] {
            assert_eq!(Name::new(value).as_str(), Name::WITHHELD, "{value}");
        }
    }
}
