//! China, Hong Kong, Taiwan, Japan and Korea.

use super::{Match, Token, arithmetic};

/// Resident identity number of China (GB 11643-1999): area, birth date, sequence, ISO 7064 MOD 11-2;
/// fifteen digits before 1999.
pub(super) fn cn_ric(token: &Token) -> Option<Match> {
    let compact = token.compact();
    match compact.len() {
        18 => {
            let (check, body) = compact.split_last()?;
            let body = super::digits_of(body)?;
            let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
            let rest = arithmetic::weighted(&body, &weights) % 11;
            let born = arithmetic::is_birth_date(
                arithmetic::number(body.get(6..10)?),
                arithmetic::number(body.get(10..12)?),
                arithmetic::number(body.get(12..14)?),
            );
            let expected = b"10X98765432".get(rest as usize)?;
            let good = is_province(&body) && born && check == expected && token.is_plain();
            good.then_some(Match::SHAPED)
        }
        15 => {
            let digits = token.digits::<15>()?;
            let born = arithmetic::is_date(
                1900 + arithmetic::number(digits.get(6..8)?),
                arithmetic::number(digits.get(8..10)?),
                arithmetic::number(digits.get(10..12)?),
            );
            (is_province(&digits) && born && token.is_plain()).then_some(Match::PLAIN)
        }
        _ => None,
    }
}

/// First two digits of GB/T 2260.
fn is_province(digits: &[u8]) -> bool {
    let province = digits.get(..2).map_or(0, arithmetic::number);
    matches!(province, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83)
}

/// Hong Kong identity card: one or two letters, six digits, a check character in brackets.
pub(super) fn hk_hkid(token: &Token) -> Option<Match> {
    let compact = token.compact();
    let letters = compact.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    if !(1..=2).contains(&letters) || compact.len() != letters + 7 {
        return None;
    }
    let body = compact.get(..compact.len() - 1)?;
    // An absent first letter counts as a space, 36.
    let mut sum = if letters == 1 { 36 * 9 } else { 0 };
    for (byte, weight) in body.iter().rev().zip(2..) {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'Z' => u32::from(byte - b'A') + 10,
            _ => return None,
        };
        sum += value * weight;
    }
    let expected = match (11 - sum % 11) % 11 {
        10 => b'A',
        other => b'0' + u8::try_from(other).ok()?,
    };
    let digits = compact.get(letters..compact.len() - 1)?.iter().all(u8::is_ascii_digit);
    let groups = [u8::try_from(letters + 6).ok()?, 1];
    let written = token.is_written(&groups, b"(");
    (digits && compact.last() == Some(&expected))
        .then_some(Match { shaped: written, ..Match::PLAIN })
}

/// Taiwan: a letter, a sex digit 1, 2, 8 or 9, eight more digits, weights 1 9 8 … 1.
pub(super) fn tw_id(token: &Token) -> Option<Match> {
    // The two-digit value of each letter, A to Z.
    const LETTERS: [u32; 26] = [
        10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32,
        30, 31, 33,
    ];
    let (letter, rest) = token.compact().split_first()?;
    let digits = super::digits_of(rest)?;
    let value = LETTERS.get(usize::from(letter.checked_sub(b'A')?))?;
    let sum =
        value / 10 + value % 10 * 9 + arithmetic::weighted(&digits, &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
    let sex = matches!(digits.first(), Some(1 | 2 | 8 | 9));
    (sex && sum.is_multiple_of(10) && token.is_plain()).then_some(Match::SHAPED)
}

/// My Number of Japan: twelve digits, weights 6 5 4 3 2 7 6 5 4 3 2.
pub(super) fn jp_mynumber(token: &Token) -> Option<Match> {
    let digits = token.digits::<12>()?;
    let rest = arithmetic::weighted(&digits, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    let expected = if rest <= 1 { 0 } else { 11 - rest };
    let good = digits.last().is_some_and(|digit| u32::from(*digit) == expected)
        && !arithmetic::is_filler(&digits);
    let written = token.is_grouped(b'-', &[4, 4, 4]) || token.is_grouped(b' ', &[4, 4, 4]);
    good.then_some(Match { shaped: written, ..Match::PLAIN })
}

/// Resident registration number of Korea: birth date, sex and century, six more. The check digit no
/// longer holds for numbers given since October 2020, so that it only adds certainty.
pub(super) fn kr_rrn(token: &Token) -> Option<Match> {
    let digits = token.digits::<13>()?;
    let (yy, month, day) = (
        arithmetic::number(digits.get(..2)?),
        arithmetic::number(digits.get(2..4)?),
        arithmetic::number(digits.get(4..6)?),
    );
    let century = match digits.get(6)? {
        1 | 2 | 5 | 6 => 1900,
        3 | 4 | 7 | 8 => 2000,
        _ => 1800,
    };
    if !arithmetic::is_date(century + yy, month, day) {
        return None;
    }
    let sum = arithmetic::weighted(&digits, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
    let checked = digits.last().is_some_and(|digit| u32::from(*digit) == (11 - sum % 11) % 10);
    let written = token.is_grouped(b'-', &[6, 7]);
    (written || checked).then_some(Match { shaped: written, ..Match::PLAIN })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_rows;
    use super::*;

    #[test]
    fn numbers_of_east_asia() {
        check_rows(&[
            (cn_ric, "11010519491231002X", Some(true)),
            (cn_ric, "11010519491231002x", Some(true)),
            (cn_ric, "110105194912310021", None),
            (cn_ric, "11010519491331002X", None),
            (cn_ric, "99010519491231002X", None),
            (cn_ric, "110105491231002", Some(false)),
            (cn_ric, "110105491331002", None),
            (hk_hkid, "A123456(3)", Some(true)),
            (hk_hkid, "A1234563", Some(false)),
            (hk_hkid, "A123456(4)", None),
            (hk_hkid, "AB987654(3)", Some(true)),
            (tw_id, "A123456789", Some(true)),
            (tw_id, "A123456788", None),
            (tw_id, "A323456789", None),
            (jp_mynumber, "123456789018", Some(false)),
            (jp_mynumber, "1234 5678 9018", Some(true)),
            (jp_mynumber, "123456789019", None),
            (kr_rrn, "971013-9019902", Some(true)),
            (kr_rrn, "971013-1019902", Some(true)),
            (kr_rrn, "971313-1019902", None),
        ]);
    }
}
