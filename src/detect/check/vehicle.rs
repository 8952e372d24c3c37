//! What vehicles are told apart by.

use super::Match;

/// A registration mark of a vehicle, as it stands on its plate: letters and digits in up to four groups, `K-AK 482`,
/// `48가 2057`, `MH 12 AB 1234`.
pub(super) fn number_plate(text: &str) -> Option<Match> {
    let text = text.trim();
    let is_letter = |c: char| c.is_alphabetic() && !c.is_lowercase();
    let is_sign = |c: char| matches!(c, ' ' | '-' | '.' | '·');
    let groups = || text.split(is_sign);
    let letters_and_digits = |text: &str| {
        let letters = text.chars().filter(|c| is_letter(*c)).count();
        (letters, text.bytes().filter(u8::is_ascii_digit).count())
    };
    let is_group = |group: &str| {
        let (letters, digits) = letters_and_digits(group);
        group.chars().all(|c| is_letter(c) || c.is_ascii_digit())
            && (1..=10).contains(&(letters + digits))
            && letters <= 5
    };
    let (letters, digits) = letters_and_digits(text);
    let good = groups().count() <= 4
        && groups().all(is_group)
        && (1..=6).contains(&letters)
        && (1..=7).contains(&digits)
        && (5..=10).contains(&(letters + digits));
    good.then_some(Match::PLAIN)
}

/// A vehicle identification number (ISO 3779). Its check digit is asked for in North America alone.
pub(super) fn number(text: &str) -> Option<Match> {
    const SIGNS: usize = 17;
    let text = text.trim();
    let is_sign = |byte: u8| {
        byte.is_ascii_alphanumeric() && !matches!(byte.to_ascii_uppercase(), b'I' | b'O' | b'Q')
    };
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    let good = text.len() == SIGNS
        && text.bytes().all(is_sign)
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic);
    good.then_some(Match::PLAIN)
}
