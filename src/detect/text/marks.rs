//! The first look at a text: how many bytes there are that values begin with.

/// How often the bytes occur that values begin with.
#[derive(Debug, Default)]
pub(super) struct Marks {
    pub(super) at: u32,
    pub(super) percent: u32,
    pub(super) colons: u32,
    pub(super) dots: u32,
    pub(super) dashes: u32,
    pub(super) digits: u32,
}

impl Marks {
    /// Plain counting without branches, in bytes as long as they cannot overflow, which the compiler turns
    /// into vector instructions.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut marks = Self::default();
        for stretch in bytes.chunks(usize::from(u8::MAX)) {
            let mut counts = [0u8; 6];
            let [at, percent, colons, dots, dashes, digits] = &mut counts;
            for byte in stretch {
                *at += u8::from(*byte == b'@');
                *percent += u8::from(*byte == b'%');
                *colons += u8::from(*byte == b':');
                *dots += u8::from(*byte == b'.');
                *dashes += u8::from(*byte == b'-');
                *digits += u8::from(byte.wrapping_sub(b'0') < 10);
            }
            let [at, percent, colons, dots, dashes, digits] = counts.map(u32::from);
            marks.at += at;
            marks.percent += percent;
            marks.colons += colons;
            marks.dots += dots;
            marks.dashes += dashes;
            marks.digits += digits;
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
                || (self.percent > 0 && self.digits >= 2))
    }
}
