//! The masks in plain arithmetic, for processors without the vector instructions of `wide`.

use super::{BLOCK, Classes, Classify, Escapable, Specials};

#[derive(Debug, Clone, Copy)]
pub(super) struct Portable;

impl Classify for Portable {
    fn classes(self, block: &[u8; BLOCK]) -> Classes {
        let mut classes = Classes::default();
        for (at, byte) in block.iter().enumerate() {
            let bit = |is: bool| u64::from(is) << at;
            classes.quote |= bit(*byte == b'"');
            classes.control |= bit(*byte < 0x20);
            classes.space |= bit(matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
            classes.operator |=
                bit(matches!(byte, b'{' | b'}' | b'[' | b']' | b':' | b',' | 0x0C | 0x1A));
            classes.digit |= bit(byte.is_ascii_digit());
            classes.separator |=
                bit(matches!(byte, b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b':'));
            classes.special |=
                bit(matches!(byte, b'\\' | b'@' | b'%' | b'&' | b'=' | b'[' | b'J')
                    || !byte.is_ascii());
        }
        classes
    }

    fn parity(self, mut mask: u64) -> u64 {
        for by in [1, 2, 4, 8, 16, 32] {
            mask ^= mask << by;
        }
        mask
    }

    fn escapable(self, block: &[u8; BLOCK]) -> Escapable {
        let mut escapable = Escapable::default();
        for (at, byte) in block.iter().enumerate() {
            let bit = |is: bool| u64::from(is) << at;
            escapable.any |=
                bit(matches!(byte, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u'));
            escapable.unicode |= bit(*byte == b'u');
        }
        escapable
    }

    fn specials(self, block: &[u8; BLOCK]) -> Specials {
        let mut specials = Specials::default();
        for (at, byte) in block.iter().enumerate() {
            let bit = |is: bool| u64::from(is) << at;
            specials.backslash |= bit(*byte == b'\\');
            specials.sign |= bit(matches!(byte, b'@' | b'%' | b'&' | b'=' | b'[' | b'J'));
            specials.high |= bit(!byte.is_ascii());
            specials.lead |= bit(matches!(byte | 0x20, 0xE0 | 0xE1 | 0xE2 | 0xEF | 0xF9 | 0xFB));
        }
        specials
    }
}
