//! Great Britain, Switzerland, Norway, Iceland, Russia, Ukraine, Kazakhstan, Australia, New Zealand and
//! the rest of South Asia.

use super::{Match, Token, arithmetic, digits_of};

/// National insurance number of Great Britain: two letters, six digits, A to D.
pub(super) fn gb_nino(token: &Token) -> Option<Match> {
    let compact: &[u8; 9] = token.compact().try_into().ok()?;
    let [first, second, digits @ .., last] = compact;
    let first = first.is_ascii_uppercase() && !b"DFIQUV".contains(first);
    let second_good = second.is_ascii_uppercase() && !b"DFIQUVO".contains(second);
    let prefix = compact.get(..2)?;
    let given = ![b"BG", b"GB", b"NK", b"KN", b"TN", b"NT", b"ZZ"].iter().any(|bad| prefix == *bad);
    let good = first
        && second_good
        && given
        && digits.iter().all(u8::is_ascii_digit)
        && b"ABCD".contains(last);
    let written = token.is_plain() || token.is_grouped(b' ', &[2, 2, 2, 2, 1]);
    (good && written).then_some(Match::SHAPED)
}

/// NHS number: ten digits, weights 10 … 2.
pub(super) fn gb_nhs(token: &Token) -> Option<Match> {
    let digits = token.digits::<10>()?;
    let check = match 11 - arithmetic::weighted(&digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11 {
        11 => 0,
        other => other,
    };
    let good = digits.last().is_some_and(|digit| u32::from(*digit) == check)
        && !arithmetic::is_filler(&digits);
    let written = token.is_grouped(b' ', &[3, 3, 4]) || token.is_grouped(b'-', &[3, 3, 4]);
    good.then_some(Match { shaped: written, ..Match::PLAIN })
}

/// AHV of Switzerland: 756, nine digits, EAN-13 check digit.
pub(super) fn ch_ahv(token: &Token) -> Option<Match> {
    let digits = token.digits::<13>()?;
    let sum = arithmetic::weighted(&digits, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]);
    let good = digits.starts_with(&[7, 5, 6]) && sum.is_multiple_of(10);
    let written = token.is_grouped(b'.', &[3, 4, 4, 2]);
    good.then_some(Match { shaped: written, ..Match::PLAIN })
}

/// Birth number of Norway: birth date, number, two check digits.
pub(super) fn no_fodselsnummer(token: &Token) -> Option<Match> {
    let digits = token.digits::<11>()?;
    let day = arithmetic::number(digits.get(..2)?) % 40;
    let month = arithmetic::number(digits.get(2..4)?) % 40;
    let born = arithmetic::is_short_date(arithmetic::number(digits.get(4..6)?), month, day);
    let first = arithmetic::weighted(&digits, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11;
    let second = arithmetic::weighted(&digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11;
    let written = token.is_grouped(b' ', &[6, 5]);
    (born && first == 0 && second == 0).then_some(Match { shaped: written, ..Match::PLAIN })
}

/// Kennitala of Iceland: birth date, number, check digit, century.
pub(super) fn is_kennitala(token: &Token) -> Option<Match> {
    let digits = token.digits::<10>()?;
    // Companies add 40 to the day, people do not.
    let born = arithmetic::is_short_date(
        arithmetic::number(digits.get(4..6)?),
        arithmetic::number(digits.get(2..4)?),
        arithmetic::number(digits.get(..2)?),
    );
    let sum = arithmetic::weighted(&digits, &[3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11;
    let century = matches!(digits.last(), Some(0 | 8 | 9));
    let written = token.is_grouped(b'-', &[6, 4]);
    (born && century && sum == 0).then_some(Match { shaped: written, ..Match::PLAIN })
}

/// INN of Russia, of a person: twelve digits, two check digits.
pub(super) fn ru_inn(token: &Token) -> Option<Match> {
    let digits = token.digits::<12>()?;
    let first = arithmetic::weighted(&digits, &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10;
    let second = arithmetic::weighted(&digits, &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10;
    let good = digits.get(10).is_some_and(|digit| u32::from(*digit) == first)
        && digits.get(11).is_some_and(|digit| u32::from(*digit) == second)
        && !arithmetic::is_filler(&digits);
    (good && token.is_plain()).then_some(Match::PLAIN)
}

/// SNILS of Russia: nine digits, sum with weights 9 … 1 modulo 101.
pub(super) fn ru_snils(token: &Token) -> Option<Match> {
    let digits = token.digits::<11>()?;
    let sum = arithmetic::weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100;
    let good = arithmetic::number(digits.get(9..)?) == sum && sum > 0;
    let written = token.is_written(&[3, 3, 3, 2], b"-- ") || token.is_grouped(b'-', &[3, 3, 3, 2]);
    good.then_some(Match { shaped: written, ..Match::PLAIN })
}

/// Internal passport of Russia: series of four digits, number of six.
pub(super) fn ru_passport(token: &Token) -> Option<Match> {
    let digits = token.digits::<10>()?;
    let region = arithmetic::number(digits.get(..2)?);
    let written = token.is_grouped(b' ', &[4, 6]) || token.is_grouped(b' ', &[2, 2, 6]);
    ((1..=99).contains(&region)).then_some(Match { shaped: written, ..Match::PLAIN })
}

/// Taxpayer number of Ukraine: ten digits, days since 1899 first.
pub(super) fn ua_rnokpp(token: &Token) -> Option<Match> {
    let digits = token.digits::<10>()?;
    let weights = [10, 5, 7, 9, 4, 6, 10, 5, 7];
    let sum = arithmetic::weighted(&digits, &weights) + 11 * 9 * 10;
    // The first weight is minus one, which is ten modulo eleven.
    let good = digits.last().is_some_and(|digit| u32::from(*digit) == sum % 11 % 10);
    (good && token.is_plain()).then_some(Match::PLAIN)
}

/// IIN of Kazakhstan: birth date, century and sex, number, check digit.
pub(super) fn kz_iin(token: &Token) -> Option<Match> {
    let digits = token.digits::<12>()?;
    let born = arithmetic::is_short_date(
        arithmetic::number(digits.get(..2)?),
        arithmetic::number(digits.get(2..4)?),
        arithmetic::number(digits.get(4..6)?),
    );
    let first = arithmetic::weighted(&digits, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11;
    let second = arithmetic::weighted(&digits, &[3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11;
    let expected = if first < 10 { first } else { second };
    let good = born
        && digits.get(6).is_some_and(|century| (1..=6).contains(century))
        && digits.last().is_some_and(|digit| u32::from(*digit) == expected)
        && token.is_plain();
    good.then_some(Match::PLAIN)
}

/// Tax file number of Australia: nine digits, weights 1 4 3 7 5 8 6 9 10, modulo 11.
pub(super) fn au_tfn(token: &Token) -> Option<Match> {
    let digits = token.digits::<9>()?;
    let sum = arithmetic::weighted(&digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]);
    let good = sum.is_multiple_of(11) && sum > 0 && !arithmetic::is_filler(&digits);
    good.then_some(Match { shaped: token.is_grouped(b' ', &[3, 3, 3]), ..Match::PLAIN })
}

/// Medicare of Australia: first digit 2 to 6, check digit in the ninth place.
pub(super) fn au_medicare(token: &Token) -> Option<Match> {
    let compact = digits_of(token.compact())?;
    let sum = arithmetic::weighted(&compact, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10;
    let good = compact.first().is_some_and(|first| (2..=6).contains(first))
        && compact.get(8).is_some_and(|digit| u32::from(*digit) == sum);
    let written = token.is_grouped(b' ', &[4, 5, 1]);
    good.then_some(Match { shaped: written, ..Match::PLAIN })
}

/// IRD number of New Zealand: eight or nine digits, two sets of weights.
pub(super) fn nz_ird(token: &Token) -> Option<Match> {
    let compact = digits_of(token.compact())?;
    let mut digits = [0u8; 9];
    let start = 9usize.checked_sub(compact.len())?;
    digits.get_mut(start..)?.copy_from_slice(&compact);
    let number = arithmetic::number(&digits);
    let check = |weights: &[u32]| match arithmetic::weighted(&digits, weights) % 11 {
        0 => 0,
        rest => 11 - rest,
    };
    let first = check(&[3, 2, 7, 6, 5, 4, 3, 2]);
    let expected = if first == 10 { check(&[7, 4, 3, 2, 5, 2, 7, 6]) } else { first };
    let good = (10_000_000..150_000_000).contains(&number)
        && digits.last().is_some_and(|digit| u32::from(*digit) == expected);
    let written = token.is_grouped(b'-', &[2, 3, 3]) || token.is_grouped(b'-', &[3, 3, 3]);
    good.then_some(Match { shaped: written, ..Match::PLAIN })
}

/// Bangladesh: ten digits of the smart card, or thirteen or seventeen.
pub(super) fn bd_nid(token: &Token) -> Option<Match> {
    (token.is_digits() && matches!(token.len(), 10 | 13 | 17) && token.is_plain())
        .then_some(Match::PLAIN)
}

/// Sri Lanka: nine digits and V or X (day of the year in the third to fifth), or twelve digits.
pub(super) fn lk_nic(token: &Token) -> Option<Match> {
    let compact = token.compact();
    match compact.len() {
        10 => {
            let (last, body) = compact.split_last()?;
            let day = arithmetic::number(digits_of(body)?.get(2..5)?) % 500;
            (b"VX".contains(last) && (1..=366).contains(&day)).then_some(Match::SHAPED)
        }
        12 => {
            let digits = token.digits::<12>()?;
            let year = arithmetic::number(digits.get(..4)?);
            let day = arithmetic::number(digits.get(4..7)?) % 500;
            ((1900..2100).contains(&year) && (1..=366).contains(&day)).then_some(Match::PLAIN)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_rows;
    use super::*;

    #[test]
    fn numbers_of_the_others() {
        check_rows(&[
            (gb_nino, "AB123456C", Some(true)),
            (gb_nino, "AB 12 34 56 C", Some(true)),
            (gb_nino, "BG123456C", None),
            (gb_nino, "DA123456C", None),
            (gb_nino, "AB123456E", None),
            (gb_nhs, "943 476 5870", Some(true)),
            (gb_nhs, "9434765870", Some(false)),
            (gb_nhs, "9434765871", None),
            (ch_ahv, "756.9217.0769.85", Some(true)),
            (ch_ahv, "756.9217.0769.84", None),
            (no_fodselsnummer, "15108695088", Some(false)),
            (no_fodselsnummer, "15108695089", None),
            (is_kennitala, "120174-0020", Some(true)),
            (is_kennitala, "530575-0209", None),
            (ru_inn, "500100732259", Some(false)),
            (ru_inn, "500100732250", None),
            (ru_snils, "112-233-445 95", Some(true)),
            (ru_snils, "112-233-445 94", None),
            (ua_rnokpp, "1759013776", Some(false)),
            (ua_rnokpp, "1759013770", None),
            (kz_iin, "990215350004", None),
            (au_tfn, "123 456 782", Some(true)),
            (au_tfn, "999 999 999", None),
            (au_medicare, "2123 45670 1", Some(true)),
            (au_medicare, "2123 45680 1", None),
            (nz_ird, "49091850", Some(false)),
            (nz_ird, "136410132", Some(false)),
            (nz_ird, "136410133", None),
            (lk_nic, "921450123V", Some(true)),
            (lk_nic, "929990123V", None),
            (ru_passport, "4509 123456", Some(true)),
        ]);
    }
}
