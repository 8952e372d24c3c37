//! Check-digit arithmetic and calendar plausibility, shared by the checks.

/// ISO/IEC 7812-1 Annex B: every second digit from the right is doubled.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(position, digit)| {
            let digit = u32::from(*digit);
            match (position % 2, digit) {
                (0, _) => digit,
                (_, 0..=4) => digit * 2,
                _ => digit * 2 - 9,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Verhoeff's dihedral check over all digits, check digit last.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    let mut check = 0u8;
    for (position, digit) in digits.iter().rev().enumerate() {
        let mut permuted = *digit;
        for _ in 0..position % 8 {
            permuted = PERMUTATION.get(usize::from(permuted)).copied().unwrap_or(0);
        }
        check = dihedral(check, permuted);
    }
    check == 0
}

/// One round of Verhoeff's permutation; position n applies it n times.
const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/// Multiplication in the dihedral group of the pentagon.
fn dihedral(a: u8, b: u8) -> u8 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - 5 + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    }
}

/// Sum of digit times weight.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

/// ISO 7064 MOD 97-10 over letters (A = 10) and digits.
pub(super) fn mod_97(characters: impl IntoIterator<Item = u8>) -> u32 {
    characters.into_iter().fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        b'A'..=b'Z' => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
        _ => rest,
    })
}

/// ISO 7064 MOD 11,10 over all digits, check digit last.
pub(super) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    let mut product = 10u32;
    for digit in body {
        let sum = match (u32::from(*digit) + product) % 10 {
            0 => 10,
            other => other,
        };
        product = sum * 2 % 11;
    }
    (11 - product) % 10 == u32::from(*check)
}

/// A number of up to nine digits.
pub(super) fn number(digits: &[u8]) -> u32 {
    digits.iter().take(9).fold(0, |number, digit| number * 10 + u32::from(*digit))
}

/// All digits alike, or a run of consecutive digits: what people type to fill a form.
pub(super) fn is_filler(digits: &[u8]) -> bool {
    let alike = digits.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
    let rising = digits.windows(2).all(|pair| matches!(pair, [a, b] if (a + 1) % 10 == *b));
    alike || rising
}

pub(super) fn is_date(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => 0,
    };
    (1..=last).contains(&day)
}

/// A person may have been born then: 1900 to 2099, leaving the clock to others.
pub(super) fn is_birth_date(year: u32, month: u32, day: u32) -> bool {
    (1900..2100).contains(&year) && is_date(year, month, day)
}

/// Year without century: the date is real in 1900 + yy or in 2000 + yy.
pub(super) fn is_short_date(yy: u32, month: u32, day: u32) -> bool {
    is_date(1900 + yy, month, day) || is_date(2000 + yy, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
    }

    #[test]
    fn luhn_accepts_and_refuses_the_neighbour() {
        for text in ["79927398713", "4111111111111111", "867619040000019", "0"] {
            assert!(luhn(&digits(text)), "{text}");
            let mut wrong = digits(text);
            if let Some(last) = wrong.last_mut() {
                *last = (*last + 1) % 10;
            }
            assert!(!luhn(&wrong), "{text}");
        }
    }

    #[test]
    fn verhoeff_sees_every_single_error_and_neighbour_swap() {
        // The example of Verhoeff's scheme most texts use: 236 has the check digit 3.
        let good = digits("2363");
        assert!(verhoeff(&good));
        for position in 0..good.len() {
            for digit in 0..10 {
                let mut other = good.clone();
                if other[position] != digit {
                    other[position] = digit;
                    assert!(!verhoeff(&other), "{other:?}");
                }
            }
        }
        assert!(!verhoeff(&digits("2633")));
    }

    #[test]
    fn dates_know_their_month() {
        for (year, month, day, expected) in [
            (2000, 2, 29, true),
            (1900, 2, 29, false),
            (2023, 2, 29, false),
            (2024, 2, 29, true),
            (2024, 4, 31, false),
            (2024, 13, 1, false),
            (2024, 0, 1, false),
            (2024, 1, 0, false),
        ] {
            assert_eq!(is_date(year, month, day), expected, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn filler_is_filler() {
        for (text, expected) in
            [("0000000", true), ("1234567", true), ("1234568", false), ("7890123", true)]
        {
            assert_eq!(is_filler(&digits(text)), expected, "{text}");
        }
    }
}
