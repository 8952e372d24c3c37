//! The first look at a text: how many bytes there are that values begin with.

use crate::{detect::check::code::API_KEY_BYTES_MIN, domain::by_byte};

/// How often the bytes occur that values begin with.
#[derive(Debug, Default)]
pub(super) struct Marks {
    pub(super) at: u32,
    pub(super) percent: u32,
    pub(super) colons: u32,
    pub(super) dots: u32,
    pub(super) dashes: u32,
    pub(super) digits: u32,
    pub(super) dollars: u32,
}

impl Marks {
    /// So long a text has all of them, or is worth as much of a look as if it had.
    const LONG: usize = 2048;
    const ALL: Self = Self {
        at: u32::MAX,
        percent: u32::MAX,
        colons: u32::MAX,
        dots: u32::MAX,
        dashes: u32::MAX,
        digits: u32::MAX,
        dollars: u32::MAX,
    };

    /// Plain counting without branches: seven counters of a byte each in one word, as long as none of them
    /// can overflow.
    pub(super) fn of(bytes: &[u8]) -> Self {
        if bytes.len() >= Self::LONG {
            return Self::ALL;
        }
        let mut marks = Self::default();
        for stretch in bytes.chunks(usize::from(u8::MAX)) {
            let count = |sum: u64, byte: &u8| sum + COUNTERS.of(*byte);
            let [at, percent, colons, dots, dashes, digits, dollars, _] =
                stretch.iter().fold(0, count).to_le_bytes().map(u32::from);
            marks.at += at;
            marks.percent += percent;
            marks.colons += colons;
            marks.dots += dots;
            marks.dashes += dashes;
            marks.digits += digits;
            marks.dollars += dollars;
        }
        marks
    }

    pub(super) fn may_hold_a_value(&self, length: usize) -> bool {
        length >= 6
            && (self.at > 0
                || self.digits >= 4
                || self.colons >= 2
                || self.dashes >= 5
                || (self.dots >= 2 && length >= 20)
                || (self.digits >= 1 && length >= API_KEY_BYTES_MIN)
                || (self.percent > 0 && self.digits >= 2))
    }
}

by_byte! {
    /// What each byte adds to the counters, in the order of the fields of [`Marks`].
    static COUNTERS: u64 = |byte| match byte {
        b'@' => 1,
        b'%' => 1 << 8,
        b':' => 1 << 16,
        b'.' => 1 << 24,
        b'-' => 1 << 32,
        b'0'..=b'9' => 1 << 40,
        b'$' => 1 << 48,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_counted_however_long_the_text() {
        let text = "@%:.-7$".repeat(290);
        let Marks { at, percent, colons, dots, dashes, digits, dollars } =
            Marks::of(text.as_bytes());
        assert_eq!([at, percent, colons, dots, dashes, digits, dollars], [290; 7]);
        let digits = "0".repeat(255 * 3 + 1);
        assert_eq!(Marks::of(digits.as_bytes()).digits, 255 * 3 + 1);
    }
}
