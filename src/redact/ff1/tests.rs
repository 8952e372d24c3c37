use aes::{Aes128, Aes192, Aes256, cipher::KeyInit};
use proptest::prelude::*;

use super::*;
use crate::redact::bytes_of as bytes;

const KEY_128: &str = "2B7E151628AED2A6ABF7158809CF4F3C";
const KEY_192: &str = "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F";
const KEY_256: &str = "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94";

fn numerals(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(character.to_digit(36).unwrap()).unwrap()).collect()
}

fn apply(key: &str, direction: Direction, radix: u32, tweak: &[u8], numerals: &mut [u8]) {
    let key = bytes(key);
    match key.len() {
        16 => {
            Ff1::new(Aes128::new_from_slice(&key).unwrap()).apply(direction, radix, tweak, numerals)
        }
        24 => {
            Ff1::new(Aes192::new_from_slice(&key).unwrap()).apply(direction, radix, tweak, numerals)
        }
        _ => {
            Ff1::new(Aes256::new_from_slice(&key).unwrap()).apply(direction, radix, tweak, numerals)
        }
    }
    .unwrap();
}

/// The nine samples that NIST gives for FF1
/// (<https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values>).
#[test]
fn the_samples_of_nist_come_out() {
    for (key, radix, tweak, plain, cipher) in [
        (KEY_128, 10, "", "0123456789", "2433477484"),
        (KEY_128, 10, "39383736353433323130", "0123456789", "6124200773"),
        (KEY_128, 36, "3737373770717273373737", "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
        (KEY_192, 10, "", "0123456789", "2830668132"),
        (KEY_192, 10, "39383736353433323130", "0123456789", "2496655549"),
        (KEY_192, 36, "3737373770717273373737", "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
        (KEY_256, 10, "", "0123456789", "6657667009"),
        (KEY_256, 10, "39383736353433323130", "0123456789", "1001623463"),
        (KEY_256, 36, "3737373770717273373737", "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
    ] {
        let mut text = numerals(plain);
        apply(key, Direction::Encrypt, radix, &bytes(tweak), &mut text);
        assert_eq!(text, numerals(cipher), "{plain} under {key}");
        apply(key, Direction::Decrypt, radix, &bytes(tweak), &mut text);
        assert_eq!(text, numerals(plain), "{cipher} under {key}");
    }
}

#[test]
fn what_is_outside_the_domain_is_refused() {
    let cipher = Ff1::new(Aes256::new_from_slice(&bytes(KEY_256)).unwrap());
    let refused = |radix, tweak: &[u8], length: usize, numeral: u8| {
        cipher.apply(Direction::Encrypt, radix, tweak, &mut vec![numeral; length]).is_err()
    };
    // 10^6, 36^4 and 62^4 are the first that reach a million.
    for (radix, shortest) in [(10, 6), (36, 4), (62, 4), (2, 20)] {
        assert!(refused(radix, b"", shortest - 1, 1), "{radix}");
        assert!(!refused(radix, b"", shortest, 1), "{radix}");
        assert!(!refused(radix, b"", NUMERALS_MAX, 1), "{radix}");
        assert!(refused(radix, b"", NUMERALS_MAX + 1, 1), "{radix}");
    }
    assert!(refused(10, b"", 6, 10));
    assert!(refused(1, b"", 60, 0));
    assert!(refused(63, b"", 60, 0));
    assert!(refused(10, &[0; TWEAK_BYTES_MAX + 1], 6, 1));
    assert!(!refused(62, &[0; TWEAK_BYTES_MAX], NUMERALS_MAX, 61));
}

proptest! {
    /// Another implementation gives the same for every radix, length and tweak, and the way back leads
    /// back.
    #[test]
    fn another_implementation_agrees(
        radix in 2u32..=62,
        key: [u8; 32],
        tweak in prop::collection::vec(any::<u8>(), 0..=TWEAK_BYTES_MAX),
        seed in prop::collection::vec(any::<u8>(), NUMERALS_MAX),
        length in 2..=NUMERALS_MAX,
    ) {
        let plain: Vec<u8> =
            seed[..length].iter().map(|byte| byte % u8::try_from(radix).unwrap()).collect();
        let cipher = Ff1::new(Aes256::new_from_slice(&key).unwrap());
        let mut ours = plain.clone();
        let result = cipher.apply(Direction::Encrypt, radix, &tweak, &mut ours);
        let fits = f64::from(radix).powi(i32::try_from(length).unwrap()) >= 1e6;
        prop_assert_eq!(result.is_ok(), fits);
        if fits {
            let theirs = fpe::ff1::FF1::<Aes256>::new(&key, radix).unwrap();
            let given = fpe::ff1::FlexibleNumeralString::from(
                plain.iter().map(|numeral| u16::from(*numeral)).collect::<Vec<_>>(),
            );
            let expected: Vec<u16> = theirs.encrypt(&tweak, &given).unwrap().into();
            prop_assert_eq!(ours.iter().map(|it| u16::from(*it)).collect::<Vec<_>>(), expected);
            cipher.apply(Direction::Decrypt, radix, &tweak, &mut ours).unwrap();
            prop_assert_eq!(ours, plain);
        }
    }
}
