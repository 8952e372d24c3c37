//! Singapore, Indonesia, Vietnam, Malaysia, Thailand and the Philippines.

use super::{Match, Token, arithmetic};

/// NRIC or FIN of Singapore: S T F G M, seven digits, a check letter.
pub(super) fn sg_nric(token: &Token) -> Option<Match> {
    let compact: &[u8; 9] = token.compact().try_into().ok()?;
    let [series, body @ .., check] = compact;
    let digits = super::digits_of(body)?;
    let sum = arithmetic::weighted(&digits, &[2, 7, 6, 5, 4, 3, 2]);
    let (offset, letters) = match series {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"XWUTRQPNJLK"),
        _ => return None,
    };
    let expected = letters.get(((sum + offset) % 11) as usize)?;
    (check == expected && token.is_plain()).then_some(Match::SHAPED)
}

/// NIK of Indonesia: region, birth date (day + 40 for women), sequence.
pub(super) fn id_nik(token: &Token) -> Option<Match> {
    let digits = token.digits::<16>()?;
    let province = arithmetic::number(digits.get(..2)?);
    let day = arithmetic::number(digits.get(6..8)?);
    let day = if day > 40 { day - 40 } else { day };
    let born = arithmetic::is_short_date(
        arithmetic::number(digits.get(10..12)?),
        arithmetic::number(digits.get(8..10)?),
        day,
    );
    let sequence = arithmetic::number(digits.get(12..)?);
    let good = matches!(province, 11..=21 | 31..=36 | 51..=53 | 61..=65 | 71..=76 | 81..=82 | 91..=97)
        && born
        && sequence > 0
        && token.is_plain();
    good.then_some(Match::PLAIN)
}

/// CCCD of Vietnam: province, century and sex, year, six digits; the older CMND has nine digits.
pub(super) fn vn_cccd(token: &Token) -> Option<Match> {
    match token.len() {
        12 => {
            let digits = token.digits::<12>()?;
            let province = arithmetic::number(digits.get(..3)?);
            ((1..=96).contains(&province) && digits.get(3).is_some_and(|century| *century <= 3))
                .then_some(Match::PLAIN)
        }
        9 => token.digits::<9>().map(|_| Match::PLAIN),
        _ => None,
    }
}

/// MyKad of Malaysia: birth date, place of birth, number.
pub(super) fn my_nric(token: &Token) -> Option<Match> {
    let digits = token.digits::<12>()?;
    let born = arithmetic::is_short_date(
        arithmetic::number(digits.get(..2)?),
        arithmetic::number(digits.get(2..4)?),
        arithmetic::number(digits.get(4..6)?),
    );
    let place = arithmetic::number(digits.get(6..8)?);
    let place = matches!(place, 1..=16 | 21..=68 | 71..=72 | 74..=79 | 82..=93 | 98 | 99);
    (born && place).then_some(Match { shaped: token.is_grouped(b'-', &[6, 2, 4]), ..Match::PLAIN })
}

/// Thailand: thirteen digits, weights 13 … 2, first digit 1 to 8.
pub(super) fn th_pin(token: &Token) -> Option<Match> {
    let digits = token.digits::<13>()?;
    let sum = arithmetic::weighted(&digits, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    let check = (11 - sum % 11) % 10;
    let good = digits.last().is_some_and(|digit| u32::from(*digit) == check)
        && digits.first().is_some_and(|first| (1..=8).contains(first));
    good.then_some(Match { shaped: token.is_grouped(b'-', &[1, 4, 5, 2, 1]), ..Match::PLAIN })
}

/// PhilSys of the Philippines: sixteen digits on the card, twelve in the register.
pub(super) fn ph_psn(token: &Token) -> Option<Match> {
    (token.is_digits() && matches!(token.len(), 12 | 16))
        .then_some(Match { shaped: token.is_grouped(b'-', &[4, 7, 1]), ..Match::PLAIN })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_rows;
    use super::*;

    #[test]
    fn numbers_of_south_east_asia() {
        check_rows(&[
            (sg_nric, "S1234567D", Some(true)),
            (sg_nric, "F1234567N", Some(true)),
            (sg_nric, "s1234567d", Some(true)),
            (sg_nric, "S1234567E", None),
            (sg_nric, "A1234567D", None),
            (id_nik, "3171011708450001", Some(false)),
            (id_nik, "3171015708450001", Some(false)),
            (id_nik, "3171011713450001", None),
            (id_nik, "9971011708450001", None),
            (vn_cccd, "001096001234", Some(false)),
            (vn_cccd, "099996001234", None),
            (my_nric, "770305-02-1234", Some(true)),
            (my_nric, "771305-02-1234", None),
            (my_nric, "770305-17-1234", None),
            (th_pin, "1234545678781", Some(false)),
            (th_pin, "1-2345-45678-78-1", Some(true)),
            (th_pin, "1234545678782", None),
            (ph_psn, "1234-1234567-1", Some(true)),
            (ph_psn, "12345", None),
        ]);
    }
}
