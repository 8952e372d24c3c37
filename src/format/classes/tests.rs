//! One table for every way to make the masks.

use proptest::prelude::*;

use super::*;

/// All that one way says of a block.
struct All<'b>(&'b [u8; BLOCK]);

impl Work for All<'_> {
    type Output = (Classes, Escapable, Specials, u64, Vec<u32>);

    fn run<C: Classify>(self, classify: C) -> Self::Output {
        (
            classify.classes(self.0),
            classify.escapable(self.0),
            classify.specials(self.0),
            classify.parity(classify.classes(self.0).quote),
            places(classify, classify.classes(self.0).digit),
        )
    }
}

fn places<C: Classify>(classify: C, mask: u64) -> Vec<u32> {
    let mut places = [0; 2 * BLOCK];
    classify.write_places(mask, 7, &mut places);
    places[..mask.count_ones() as usize].to_vec()
}

/// Every way that this machine has says the same.
fn agree(block: &[u8; BLOCK]) {
    let portable = All(block).run(portable::Portable);
    assert_eq!(dispatch(All(block)), portable, "{block:?}");
    #[cfg(target_arch = "x86_64")]
    if let Some(way) = avx2::Avx2::new() {
        assert_eq!(way.run(All(block)), portable, "{block:?}");
    }
    let digits = (7..).zip(block).filter(|(_, byte)| byte.is_ascii_digit());
    assert_eq!(portable.4, digits.map(|(place, _)| place).collect::<Vec<_>>());
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
    let (classes, escapable, specials, parity, places) = dispatch(All(&block));
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
    assert_eq!(places, [7 + 9, 7 + 12]);
}

/// Where there is no room, nothing is written, and what is not there is no place.
#[test]
fn places_stay_in_their_room() {
    struct Full;
    impl Work for Full {
        type Output = [u32; 24];

        fn run<C: Classify>(self, classify: C) -> [u32; 24] {
            let mut places = [0; 24];
            classify.write_places(u64::MAX, 1, &mut places[..20]);
            places
        }
    }
    for places in [Full.run(portable::Portable), dispatch(Full)] {
        assert_eq!(places[..16], std::array::from_fn::<u32, 16, _>(|at| at as u32 + 1));
        assert_eq!(places[20..], [0; 4]);
    }
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
