//! One table for every way to make the masks.

use proptest::prelude::*;

use super::*;

/// What `dispatch` takes on this machine, beside what `portable` says.
struct Both<'b>(&'b [u8; BLOCK]);

impl Work for Both<'_> {
    type Output = (Classes, Escapable, Specials, u64);

    fn run<C: Classify>(self, classify: C) -> Self::Output {
        (
            classify.classes(self.0),
            classify.escapable(self.0),
            classify.specials(self.0),
            classify.parity(classify.classes(self.0).quote),
        )
    }
}

fn agree(block: &[u8; BLOCK]) {
    let portable = Both(block).run(portable::Portable);
    assert_eq!(dispatch(Both(block)), portable, "{block:?}");
}

#[test]
fn every_byte_at_every_offset() {
    for byte in 0..=u8::MAX {
        for at in 0..BLOCK {
            let mut block = [b'a'; BLOCK];
            block[at] = byte;
            agree(&block);
            agree(&[byte; BLOCK]);
        }
    }
}

#[test]
fn the_masks_of_a_text() {
    let mut block = [b'x'; BLOCK];
    block[..24].copy_from_slice(b"{\"a\\u\": [1,-2], \n @=J%/.");
    let (classes, escapable, specials, parity) = dispatch(Both(&block));
    let mask = |characters: &str| -> u64 {
        (0..BLOCK).filter(|at| characters.as_bytes().contains(&block[*at])).map(|at| 1 << at).sum()
    };
    assert_eq!(classes.quote, mask("\""));
    assert_eq!(classes.control, mask("\n"));
    assert_eq!(classes.space, mask(" \n"));
    assert_eq!(classes.operator, mask("{}[]:,"));
    assert_eq!(classes.digit, mask("12"));
    assert_eq!(classes.separator, mask(" -./():"));
    assert_eq!(classes.colon(), mask(":"));
    assert_eq!(classes.special, mask("\\@%=J["));
    assert_eq!(specials.backslash, mask("\\"));
    assert_eq!(specials.sign, mask("@%=J["));
    assert_eq!((specials.high, specials.lead), (0, 0));
    assert_eq!(escapable.unicode, mask("u"));
    // From the second byte, which opens a string, to the one before its end.
    assert_eq!(parity, 0b1_1110);
}

proptest! {
    #[test]
    fn any_block(block in proptest::array::uniform32(any::<u8>()), tail in proptest::array::uniform32(any::<u8>())) {
        let mut whole = [0; BLOCK];
        whole[..32].copy_from_slice(&block);
        whole[32..].copy_from_slice(&tail);
        agree(&whole);
    }
}
