//! The Americas.

use super::{Match, Token, arithmetic};

/// SSN of the United States: area, group and serial that are given out; dashes or spaces show it.
pub(super) fn us_ssn(token: &Token) -> Option<Match> {
    let digits = token.digits::<9>()?;
    let (area, rest) = digits.split_at_checked(3)?;
    let (group, serial) = rest.split_at_checked(2)?;
    let area = arithmetic::number(area);
    let given = !matches!(area, 0 | 666 | 900..)
        && arithmetic::number(group) != 0
        && arithmetic::number(serial) != 0
        // Printed in advertisements and on a sample card, and never anybody's since.
        && !matches!(arithmetic::number(&digits), 78_051_120 | 219_099_999 | 123_456_789)
        && !digits.iter().skip(1).all(|digit| Some(digit) == digits.first());
    // With spaces between them three numbers of a log look the same.
    let written = token.is_grouped(b'-', &[3, 2, 4]);
    given.then_some(Match { shaped: written, ..Match::PLAIN })
}

/// ITIN of the United States: 9xx with 50–65, 70–88, 90–92 or 94–99 in the middle.
pub(super) fn us_itin(token: &Token) -> Option<Match> {
    let digits = token.digits::<9>()?;
    let [nine, _, _, tens, ones, ..] = digits;
    let group = tens * 10 + ones;
    let good = nine == 9 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99);
    good.then_some(Match { shaped: token.is_grouped(b'-', &[3, 2, 4]), ..Match::PLAIN })
}

/// SIN of Canada: Luhn, not beginning with 0 or 8.
pub(super) fn ca_sin(token: &Token) -> Option<Match> {
    let digits = token.digits::<9>()?;
    let [first, ..] = digits;
    let good = !matches!(first, 0 | 8) && arithmetic::luhn(&digits);
    let written = token.is_grouped(b'-', &[3, 3, 3]) || token.is_grouped(b' ', &[3, 3, 3]);
    good.then_some(Match { shaped: written, ..Match::PLAIN })
}

/// CPF of Brazil: two check digits, not all digits alike.
pub(super) fn br_cpf(token: &Token) -> Option<Match> {
    let digits = token.digits::<11>()?;
    let check = |count: u32| {
        let body = digits.iter().take(count as usize);
        let sum: u32 = body.zip((2..=count + 1).rev()).map(|(d, w)| u32::from(*d) * w).sum();
        let rest = sum * 10 % 11 % 10;
        digits.get(count as usize).is_some_and(|digit| u32::from(*digit) == rest)
    };
    let alike = digits.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
    let good = !alike && check(9) && check(10);
    good.then_some(Match { shaped: token.is_written(&[3, 3, 3, 2], b"..-"), ..Match::PLAIN })
}

/// CURP of Mexico: letters of the name, birth date, sex, state, and a check digit.
pub(super) fn mx_curp(token: &Token) -> Option<Match> {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMN#OPQRSTUVWXYZ";
    let compact: &[u8; 18] = token.compact().try_into().ok()?;
    let letters = compact.get(..4)?.iter().chain(compact.get(10..16)?);
    if !letters.clone().all(u8::is_ascii_uppercase) || !b"HMX".contains(compact.get(10)?) {
        return None;
    }
    let date = super::digits_of(compact.get(4..10)?)?;
    let born = arithmetic::is_short_date(
        arithmetic::number(date.get(..2)?),
        arithmetic::number(date.get(2..4)?),
        arithmetic::number(date.get(4..6)?),
    );
    let mut sum = 0;
    for (byte, weight) in compact.iter().take(17).zip((2..=18u32).rev()) {
        let value = ALPHABET.iter().position(|known| known == byte)?;
        sum += u32::try_from(value).ok()? * weight;
    }
    let check = (10 - sum % 10) % 10;
    let good = born && compact.last() == Some(&(b'0' + u8::try_from(check).ok()?));
    good.then_some(Match::SHAPED)
}

/// RFC of Mexico, of a person: four letters, birth date, three characters.
pub(super) fn mx_rfc(token: &Token) -> Option<Match> {
    let compact: &[u8; 13] = token.compact().try_into().ok()?;
    let date = super::digits_of(compact.get(4..10)?)?;
    let born = arithmetic::is_short_date(
        arithmetic::number(date.get(..2)?),
        arithmetic::number(date.get(2..4)?),
        arithmetic::number(date.get(4..6)?),
    );
    let good = compact.get(..4)?.iter().all(u8::is_ascii_uppercase) && born && token.is_plain();
    good.then_some(Match::PLAIN)
}

/// CUIT or CUIL of Argentina: kind of holder, number, check digit.
pub(super) fn ar_cuit(token: &Token) -> Option<Match> {
    let digits = token.digits::<11>()?;
    let holder = arithmetic::number(digits.get(..2)?);
    let rest = arithmetic::weighted(&digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    let check = [0, 9, 9, 8, 7, 6, 5, 4, 3, 2, 1].get(rest as usize)?;
    let good = matches!(holder, 20 | 23 | 24 | 27) && digits.last() == Some(check);
    let exact = rest == 0 || u32::from(*check) == 11 - rest || rest == 1;
    (good && exact).then_some(Match { shaped: token.is_grouped(b'-', &[2, 8, 1]), ..Match::PLAIN })
}

/// RUT of Chile: seven or eight digits and a check character, 0–9 or K.
pub(super) fn cl_rut(token: &Token) -> Option<Match> {
    let (check, body) = token.compact().split_last()?;
    let body = super::digits_of(body)?;
    let weights = [2, 3, 4, 5, 6, 7, 2, 3];
    let sum: u32 =
        body.iter().rev().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum();
    let expected = match 11 - sum % 11 {
        11 => b'0',
        10 => b'K',
        other => b'0' + u8::try_from(other).ok()?,
    };
    let written = token.is_written(&[2, 3, 3, 1], b"..-")
        || token.is_written(&[1, 3, 3, 1], b"..-")
        || token.is_grouped(b'-', &[8, 1])
        || token.is_grouped(b'-', &[7, 1]);
    (*check == expected && sum > 0).then_some(Match { shaped: written, ..Match::PLAIN })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_rows;
    use super::*;

    #[test]
    fn numbers_of_the_americas() {
        check_rows(&[
            (us_ssn, "536-90-4399", Some(true)),
            (us_ssn, "536904399", Some(false)),
            (us_ssn, "000-90-4399", None),
            (us_ssn, "666-90-4399", None),
            (us_ssn, "900-90-4399", None),
            (us_ssn, "536-00-4399", None),
            (us_ssn, "536-90-0000", None),
            (us_ssn, "078-05-1120", None),
            (us_ssn, "219-09-9999", None),
            (us_itin, "912-90-3456", Some(true)),
            (us_itin, "912-93-3456", None),
            (ca_sin, "123-456-782", Some(true)),
            (ca_sin, "123-456-783", None),
            (br_cpf, "390.533.447-05", Some(true)),
            (br_cpf, "39053344705", Some(false)),
            (br_cpf, "390.533.447-06", None),
            (br_cpf, "11111111111", None),
            (mx_curp, "BOXW310820HNERXN09", Some(true)),
            (mx_curp, "BOXW310820HNERXN08", None),
            (mx_rfc, "GODE561231GR8", Some(false)),
            (mx_rfc, "GODE561331GR8", None),
            (ar_cuit, "20-05536168-2", Some(true)),
            (ar_cuit, "20-05536168-3", None),
            (cl_rut, "12.531.909-2", Some(true)),
            (cl_rut, "12531909-2", Some(true)),
            (cl_rut, "12531909-3", None),
        ]);
    }
}
