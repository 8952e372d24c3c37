//! Check digits by themselves, for numbers that an operator gives out: where they stand is the pattern's to say.

use super::{Match, arithmetic};

/// Shorter numbers end in the right digit by chance, and often.
const DIGITS_MIN: usize = 4;

/// ISO/IEC 7812-1 over the digits, whatever letters and signs stand between them.
pub(super) fn luhn(text: &str) -> Option<Match> {
    checked(text, arithmetic::luhn)
}

/// Verhoeff's check over the digits.
pub(super) fn verhoeff(text: &str) -> Option<Match> {
    checked(text, arithmetic::verhoeff)
}

/// ISO 7064 MOD 11,10 over the digits.
pub(super) fn mod_11_10(text: &str) -> Option<Match> {
    checked(text, arithmetic::mod_11_10)
}

/// ISO 7064 MOD 97-10 over digits and letters (A = 10) as they stand, two check digits last.
pub(super) fn mod_97(text: &str) -> Option<Match> {
    let characters = text.bytes().map(|byte| byte.to_ascii_uppercase());
    let rest = arithmetic::mod_97(characters.filter(u8::is_ascii_alphanumeric));
    (digits_of(text).len() >= DIGITS_MIN && rest == 1).then_some(Match::SHAPED)
}

/// ISO 7064 MOD 11-2 over the digits; the last may be an `X`, which is ten.
pub(super) fn mod_11_2(text: &str) -> Option<Match> {
    let mut digits = digits_of(text);
    let last = text.bytes().rfind(u8::is_ascii_alphanumeric);
    if matches!(last, Some(b'X' | b'x')) {
        digits.push(10);
    }
    let (check, body) = digits.split_last()?;
    let sum = body.iter().fold(0, |sum, digit| (sum + u32::from(*digit)) * 2 % 11);
    let is_right = (sum + u32::from(*check)) % 11 == 1;
    (digits.len() >= DIGITS_MIN && is_right).then_some(Match::SHAPED)
}

/// Zeros alone pass every sum.
fn checked(text: &str, is_right: fn(&[u8]) -> bool) -> Option<Match> {
    let digits = digits_of(text);
    let is_number = digits.len() >= DIGITS_MIN && digits.iter().any(|digit| *digit != 0);
    (is_number && is_right(&digits)).then_some(Match::SHAPED)
}

fn digits_of(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (fn(&str) -> Option<Match>, &'static [&'static str], &'static [&'static str]);

    #[test]
    fn check_digits_are_right_or_their_neighbours_wrong() {
        let rows: [Row; 5] = [
            (luhn, &["LX-7992-7398-713", "79927398713"], &["79927398710", "18", "0000", "", "LX"]),
            (verhoeff, &["2363", "EMP 2363"], &["2364", "0000"]),
            (mod_11_10, &["0794 5", "07945"], &["07946"]),
            // ISO 17442 gives this one as an example.
            (
                mod_97,
                &["54930084UKLVMY22DS16", "5493-0084-uklv-my22-ds16"],
                &["54930084UKLVMY22DS17", "AB"],
            ),
            (
                mod_11_2,
                &["0000-0002-1825-0097", "0000-0002-1694-233X"],
                &["0000-0002-1825-0098", "X"],
            ),
        ];
        for (check, right, wrong) in rows {
            for text in right {
                assert_eq!(check(text), Some(Match::SHAPED), "{text}");
            }
            for text in wrong {
                assert_eq!(check(text), None, "{text}");
            }
        }
    }
}
