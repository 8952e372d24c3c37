//! Serial numbers of phones: IMEI and IMEISV (3GPP TS 23.003 §6), MEID and ESN (3GPP2 S.R0048).

use super::{super::token::Token, Match, arithmetic};

/// Fifteen digits with a right check digit, or fourteen without one. `shaped` when the type allocation
/// code is one that reporting bodies of mobile phones give and the number is more than a coincidence.
pub(super) fn imei(token: &Token) -> Option<Match> {
    let digits = match token.len() {
        15 => token.digits::<15>()?,
        14 => {
            let short = token.digits::<14>()?;
            return (!arithmetic::is_filler(&short) && is_reporting_body(&short))
                .then_some(Match::PLAIN);
        }
        _ => return None,
    };
    if !arithmetic::luhn(&digits) || is_empty(&digits) {
        return None;
    }
    let written = token.is_plain()
        || token.is_grouped(b'-', &[2, 6, 6, 1])
        || token.is_grouped(b' ', &[2, 6, 6, 1])
        || token.is_grouped(b'-', &[6, 2, 6, 1])
        || token.is_grouped(b'-', &[8, 6, 1])
        || token.is_grouped(b' ', &[8, 6, 1]);
    Some(Match { shaped: written && is_of_a_phone(&digits), ..Match::PLAIN })
}

/// Sixteen digits; the last two are a software version, not a check digit (§6.2.2).
pub(super) fn imeisv(token: &Token) -> Option<Match> {
    let digits = token.digits::<16>()?;
    (!is_empty(&digits) && is_reporting_body(&digits)).then_some(Match::PLAIN)
}

/// Fourteen hexadecimal digits beginning with A to F, eighteen decimal digits, or an eight-digit ESN.
pub(super) fn meid(token: &Token) -> Option<Match> {
    let hex = token.compact().iter().all(u8::is_ascii_hexdigit);
    let first = token.compact().first().copied().unwrap_or(0);
    match token.len() {
        14 if hex && first.is_ascii_alphabetic() => Some(Match::SHAPED),
        15 if hex && first.is_ascii_alphabetic() => Some(Match::SHAPED),
        18 | 11 if token.is_digits() => Some(Match::PLAIN),
        8 if hex => Some(Match::PLAIN),
        _ => None,
    }
}

/// The first two digits of a type allocation code name the body that gave it (GSMA TS.06): 01 CTIA,
/// 35 BABT, 86 TAF, 91 MSAI and so on; 00 is for tests, 99 for multi-mode devices.
fn is_reporting_body(digits: &[u8]) -> bool {
    matches!(
        digits,
        [0, 1, ..]
            | [1, 0, ..]
            | [3, 0 | 3 | 5, ..]
            | [4, 4 | 5 | 9, ..]
            | [5, 0..=4, ..]
            | [8, 6, ..]
            | [9, 1 | 8 | 9, ..]
    )
}

/// A type allocation code that is on the market: of a body that still numbers phones, and not the lowest
/// of its range, which round numbers and counters hit.
fn is_of_a_phone(digits: &[u8]) -> bool {
    let body = matches!(digits, [0, 1, ..] | [3, 5, ..] | [8, 6, ..] | [9, 1 | 9, ..]);
    let filled = digits.get(2..8).is_some_and(|code| code.iter().filter(|d| **d == 0).count() >= 5);
    let serial = digits.get(8..14).is_some_and(|serial| serial.iter().any(|digit| *digit != 0));
    body && !filled && serial
}

fn is_empty(digits: &[u8]) -> bool {
    digits.iter().skip(1).all(|digit| Some(digit) == digits.first())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shaped(check: fn(&Token) -> Option<Match>, text: &str) -> Option<bool> {
        Token::read(text).and_then(|token| check(&token)).map(|found| found.shaped)
    }

    #[test]
    fn imeis_need_their_check_digit() {
        for (text, expected) in [
            ("867619040000019", Some(true)),
            ("352099001761481", Some(true)),
            ("35-209900-176148-1", Some(true)),
            ("356178101000010", Some(true)),
            ("86761904000001", Some(false)),
            ("867619040000018", None),
            ("000000000000000", None),
            ("123456789012347", Some(false)),
            ("100000000000009", Some(false)),
            ("350000000000006", Some(false)),
            ("1700000000000", None),
            ("86761904000001A", None),
        ] {
            assert_eq!(shaped(imei, text), expected, "{text}");
        }
    }

    #[test]
    fn software_versions_and_older_serials() {
        assert_eq!(shaped(imeisv, "8676190400000178"), Some(false));
        assert_eq!(shaped(imeisv, "0000000000000000"), None);
        assert_eq!(shaped(meid, "A0000000002329"), Some(true));
        assert_eq!(shaped(meid, "10000000002329"), None);
    }
}
