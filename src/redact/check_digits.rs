//! Check digits of tokens: how far those of a value are off, and others that are as far off.

use crate::domain::Checksum;

/// How many numerals at the beginning and at the end are check digits.
pub(super) fn places(checksum: Checksum) -> (usize, usize) {
    match checksum {
        Checksum::None => (0, 0),
        Checksum::Luhn | Checksum::Verhoeff => (0, 1),
        Checksum::Iban => (2, 0),
    }
}

/// How far the check digits are from the right ones; 0 for a valid value. `None` where a value has no
/// place for them. `numerals` are the digits of `text`.
pub(super) fn offset(checksum: Checksum, text: &str, numerals: &[u8]) -> Option<u8> {
    match checksum {
        Checksum::None => Some(0),
        Checksum::Luhn | Checksum::Verhoeff => {
            let (given, payload) = numerals.split_last()?;
            Some((given + 10 - right(checksum, payload)) % 10)
        }
        Checksum::Iban => {
            let mut characters = text.chars().filter(char::is_ascii_alphanumeric);
            let is_country = characters.by_ref().take(2).filter(char::is_ascii_alphabetic).count();
            let is_checked = characters.take(2).filter(char::is_ascii_digit).count();
            if (is_country, is_checked) != (2, 2) {
                return None;
            }
            let [tens, ones, ..] = numerals else { return None };
            Some((10 * tens + ones + 100 - iban(text, numerals)) % 100)
        }
    }
}

/// Puts in check digits that are `offset` from the right ones.
pub(super) fn restore(checksum: Checksum, text: &str, numerals: &mut [u8], offset: u8) {
    match checksum {
        Checksum::None => {}
        Checksum::Luhn | Checksum::Verhoeff => {
            if let Some((given, payload)) = numerals.split_last_mut() {
                *given = (right(checksum, payload) + offset) % 10;
            }
        }
        Checksum::Iban => {
            let digits = (iban(text, numerals) + offset) % 100;
            if let [tens, ones, ..] = numerals {
                (*tens, *ones) = (digits / 10, digits % 10);
            }
        }
    }
}

fn right(checksum: Checksum, payload: &[u8]) -> u8 {
    match checksum {
        Checksum::Verhoeff => verhoeff(payload),
        Checksum::None | Checksum::Luhn | Checksum::Iban => luhn(payload),
    }
}

/// ISO/IEC 7812-1 Annex B: every second digit, from the last of the payload on, counts twice.
fn luhn(payload: &[u8]) -> u8 {
    let sum: u32 = payload
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let doubled = if index % 2 == 0 { 2 * digit } else { *digit };
            u32::from(if doubled > 9 { doubled - 9 } else { doubled })
        })
        .sum();
    ((10 - sum % 10) % 10) as u8
}

/// J. Verhoeff, Error Detecting Decimal Codes (1969): the dihedral group D₅ and a permutation for each
/// place.
fn verhoeff(payload: &[u8]) -> u8 {
    let mut sum = 0;
    for (index, digit) in payload.iter().rev().enumerate() {
        sum = dihedral(sum, permuted(*digit, index + 1));
    }
    // The inverse: reflections are their own.
    if sum < 5 { (5 - sum) % 5 } else { sum }
}

fn dihedral(a: u8, b: u8) -> u8 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - 5 + 5 - b) % 5,
        (false, false) => (a - 5 + 5 - (b - 5)) % 5,
    }
}

fn permuted(digit: u8, times: usize) -> u8 {
    const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    (0..times % 8)
        .fold(digit, |digit, _| PERMUTATION.get(usize::from(digit)).copied().unwrap_or_default())
}

/// The check digits that ISO 7064 MOD 97-10 asks for, with `numerals` in the place of the text's digits.
fn iban(text: &str, numerals: &[u8]) -> u8 {
    let mut next = numerals.iter();
    let mut country = 0u32;
    let mut sum = 0u32;
    for (index, byte) in text.bytes().filter(u8::is_ascii_alphanumeric).enumerate() {
        let value = match byte {
            b'0'..=b'9' => u32::from(next.next().copied().unwrap_or_default()),
            letter => u32::from(letter.to_ascii_uppercase() - b'A') + 10,
        };
        let shift = if byte.is_ascii_digit() { 10 } else { 100 };
        match index {
            0 | 1 => country = (country * shift + value) % 97,
            2 | 3 => {}
            _ => sum = (sum * shift + value) % 97,
        }
    }
    // Two letters are four digits.
    (98 - ((sum * 10_000 + country) % 97 * 100) % 97) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
    }

    /// Published numbers: payment networks' test cards, GSMA's IMEI example, UIDAI's sample, the IBAN
    /// registry's examples.
    #[test]
    fn valid_numbers_are_not_off_and_near_misses_are() {
        for (checksum, text) in [
            (Checksum::Luhn, "4111 1111 1111 1111"),
            (Checksum::Luhn, "5555555555554444"),
            (Checksum::Luhn, "378282246310005"),
            (Checksum::Luhn, "490154203237518"),
            (Checksum::Verhoeff, "2363"),
            (Checksum::Verhoeff, "758722"),
            (Checksum::Verhoeff, "123451"),
            (Checksum::Iban, "GB29 NWBK 6016 1331 9268 19"),
            (Checksum::Iban, "DE89370400440532013000"),
            (Checksum::Iban, "PK36SCBL0000001123456702"),
            (Checksum::Iban, "NO9386011117947"),
            (Checksum::Iban, "MT84MALT011000012345MTLCAST001S"),
        ] {
            let numerals = digits(text);
            assert_eq!(offset(checksum, text, &numerals), Some(0), "{text}");
            for at in 0..numerals.len() {
                let mut wrong = numerals.clone();
                wrong[at] = (wrong[at] + 1) % 10;
                assert_ne!(offset(checksum, text, &wrong), Some(0), "{text} at {at}");
            }
        }
        for text in ["", "DE", "1234", "D389370400440532013000", "DEX9370400440532013000"] {
            assert_eq!(offset(Checksum::Iban, text, &digits(text)), None, "{text}");
        }
        assert_eq!(offset(Checksum::Luhn, "", &[]), None);
    }

    #[test]
    fn what_was_off_stays_off_as_far() {
        for (checksum, text) in [
            (Checksum::Luhn, "490154203237518"),
            (Checksum::Verhoeff, "758722"),
            (Checksum::Iban, "DE89370400440532013000"),
        ] {
            let (leading, _) = places(checksum);
            for shift in 0..10 {
                let mut numerals = digits(text);
                let at = numerals.len() - 2;
                numerals[at] = (numerals[at] + shift) % 10;
                let off = offset(checksum, text, &numerals).unwrap();
                numerals[leading] = (numerals[leading] + 3) % 10;
                restore(checksum, text, &mut numerals, off);
                assert_eq!(offset(checksum, text, &numerals), Some(off), "{text} {shift}");
            }
        }
    }
}
