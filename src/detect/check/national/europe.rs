//! Member states of the European Union.

use super::{Match, Token, arithmetic, digits_of};

const CHECK_LETTERS_ES: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// DNI or NIE of Spain: number (X, Y or Z before it for foreigners) modulo 23 gives the letter.
pub(super) fn es_dni(token: &Token) -> Option<Match> {
    let (letter, body) = token.compact().split_last()?;
    let (first, rest) = body.split_first()?;
    let lead = match first {
        b'X' => 0,
        b'Y' => 1,
        b'Z' => 2,
        b'0'..=b'9' => u32::from(first - b'0'),
        _ => return None,
    };
    let rest = digits_of(rest)?;
    if rest.len() != 7 {
        return None;
    }
    let number = lead * 10_000_000 + arithmetic::number(&rest);
    let good = number > 0 && CHECK_LETTERS_ES.get((number % 23) as usize) == Some(letter);
    let written = token.is_plain()
        || [&[8, 1][..], &[1, 8], &[1, 7, 1]].iter().any(|groups| token.is_grouped(b'-', groups));
    (good && written).then_some(Match::SHAPED)
}

/// NIR of France: sex, birth year and month, place, order, key 97 − number mod 97. Corsica has letters.
pub(super) fn fr_nir(token: &Token) -> Option<Match> {
    let compact: &[u8; 15] = token.compact().try_into().ok()?;
    let (body, key) = compact.split_at_checked(13)?;
    let mut number: u64 = 0;
    let mut less = 0;
    for (position, byte) in body.iter().enumerate() {
        let digit = match (position, byte) {
            (_, b'0'..=b'9') => byte - b'0',
            (6, b'A') => {
                less = 1_000_000;
                0
            }
            (6, b'B') => {
                less = 2_000_000;
                0
            }
            _ => return None,
        };
        number = number * 10 + u64::from(digit);
    }
    let key = arithmetic::number(&digits_of(key)?);
    let month = arithmetic::number(&digits_of(body.get(3..5)?)?);
    let sex = matches!(body.first(), Some(b'1' | b'2' | b'3' | b'4' | b'7' | b'8'));
    let good = sex
        && (1..=12).contains(&month) | (20..=99).contains(&month)
        && u64::from(key) == 97 - (number - less) % 97;
    let written = token.is_grouped(b' ', &[1, 2, 2, 2, 3, 3, 2]);
    // A number of an account has as many digits, and seldom a month among them.
    let dated = token.is_plain() && (1..=12).contains(&month);
    good.then_some(Match { shaped: written || dated, ..Match::PLAIN })
}

/// Codice fiscale of Italy: letters of the name, year, month letter, day and sex, place, check letter.
pub(super) fn it_codicefiscale(token: &Token) -> Option<Match> {
    // What a character at an odd place counts, digits like the first ten letters.
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    let compact: &[u8; 16] = token.compact().try_into().ok()?;
    let (check, body) = compact.split_last()?;
    let letters = body.get(..6)?.iter().chain(body.get(8..9)?).chain(body.get(11..12)?);
    if !letters.clone().all(u8::is_ascii_uppercase) || !b"ABCDEHLMPRST".contains(body.get(8)?) {
        return None;
    }
    let mut sum = 0;
    for (position, byte) in body.iter().enumerate() {
        let value = match byte {
            b'0'..=b'9' => byte - b'0',
            _ => byte - b'A',
        };
        sum += match position % 2 {
            0 => *ODD.get(usize::from(value))?,
            _ => u32::from(value),
        };
    }
    let good = u32::from(check.checked_sub(b'A')?) == sum % 26 && token.is_plain();
    good.then_some(Match::SHAPED)
}

/// Tax number of Germany: eleven digits, ISO 7064 MOD 11,10, one digit of the first ten there twice or three times.
pub(super) fn de_idnr(token: &Token) -> Option<Match> {
    let digits = token.digits::<11>()?;
    let mut counts = [0u8; 10];
    for digit in digits.iter().take(10) {
        *counts.get_mut(usize::from(*digit))? += 1;
    }
    let mut several = counts.iter().filter(|count| **count > 1);
    let repeated = matches!((several.next(), several.next()), (Some(2 | 3), None));
    let good = digits.first() != Some(&0) && repeated && arithmetic::mod_11_10(&digits);
    let written = token.is_grouped(b' ', &[2, 3, 3, 3]);
    good.then_some(Match { shaped: written, ..Match::PLAIN })
}

/// Identity card of Germany: nine characters without vowels, a check digit with weights 7 3 1.
pub(super) fn de_personalausweis(token: &Token) -> Option<Match> {
    let compact = token.compact();
    let (body, check) = compact.split_at_checked(9)?;
    let allowed = |byte: &u8| b"0123456789CFGHJKLMNPRTVWXYZ".contains(byte);
    let first = body.first().is_some_and(|byte| b"LMNPRTVWXY".contains(byte));
    if !first || !body.iter().all(allowed) || !token.is_plain() {
        return None;
    }
    match check {
        [] => Some(Match::PLAIN),
        [digit] => {
            let sum: u32 = body
                .iter()
                .zip([7u32, 3, 1].into_iter().cycle())
                .map(|(byte, weight)| char::from(*byte).to_digit(36).unwrap_or(0) * weight)
                .sum();
            (u32::from(digit.checked_sub(b'0')?) == sum % 10).then_some(Match::SHAPED)
        }
        _ => None,
    }
}

/// BSN of the Netherlands: nine digits, the eleven test.
pub(super) fn nl_bsn(token: &Token) -> Option<Match> {
    let digits = token.digits::<9>()?;
    let last = u32::from(*digits.last()?);
    let sum = arithmetic::weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2]);
    (sum > 0 && sum % 11 == last && !arithmetic::is_filler(&digits)).then_some(Match::PLAIN)
}

/// PESEL of Poland: birth date (the month tells the century), weights 1 3 7 9.
pub(super) fn pl_pesel(token: &Token) -> Option<Match> {
    let digits = token.digits::<11>()?;
    let month = arithmetic::number(digits.get(2..4)?);
    let century = [1900, 2000, 2100, 2200, 1800].get((month / 20) as usize)?;
    let born = arithmetic::is_date(
        century + arithmetic::number(digits.get(..2)?),
        month % 20,
        arithmetic::number(digits.get(4..6)?),
    );
    let sum = arithmetic::weighted(&digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    (born && sum.is_multiple_of(10) && token.is_plain()).then_some(Match::PLAIN)
}

/// National register of Belgium: birth date, order, key 97 − number mod 97.
pub(super) fn be_nn(token: &Token) -> Option<Match> {
    let digits = token.digits::<11>()?;
    let number = arithmetic::number(digits.get(..9)?);
    let key = arithmetic::number(digits.get(9..)?);
    let month = arithmetic::number(digits.get(2..4)?);
    let born_1900 = 97 - number % 97 == key;
    let born_2000 = 97 - ((2_000_000_000 + u64::from(number)) % 97) as u32 == key;
    let good = month <= 12 && (born_1900 || born_2000);
    good.then_some(Match { shaped: token.is_written(&[2, 2, 2, 3, 2], b"..-."), ..Match::PLAIN })
}

/// CPR of Denmark: birth date, four digits; the old check digit no longer holds.
pub(super) fn dk_cpr(token: &Token) -> Option<Match> {
    let digits = token.digits::<10>()?;
    let born = arithmetic::is_short_date(
        arithmetic::number(digits.get(4..6)?),
        arithmetic::number(digits.get(2..4)?),
        arithmetic::number(digits.get(..2)?),
    );
    born.then_some(Match { shaped: token.is_grouped(b'-', &[6, 4]), ..Match::PLAIN })
}

/// Sweden: birth date, three digits, Luhn.
pub(super) fn se_personnummer(token: &Token) -> Option<Match> {
    let compact = digits_of(token.compact())?;
    let short = match compact.len() {
        10 => compact.get(..)?,
        12 => compact.get(2..)?,
        _ => return None,
    };
    let day = arithmetic::number(short.get(4..6)?);
    // Coordination numbers add 60 to the day.
    let born = arithmetic::is_short_date(
        arithmetic::number(short.get(..2)?),
        arithmetic::number(short.get(2..4)?),
        if day > 60 { day - 60 } else { day },
    );
    let written = token.is_grouped(b'-', &[6, 4]) || token.is_grouped(b'-', &[8, 4]);
    (born && arithmetic::luhn(short)).then_some(Match { shaped: written, ..Match::PLAIN })
}

/// Finland: birth date, century sign, number, check character of 31.
pub(super) fn fi_hetu(token: &Token) -> Option<Match> {
    const CHECK: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let compact = token.compact();
    // The sign is a dash, which is a separator here, or a letter.
    let (date, rest) = compact.split_at_checked(6)?;
    let rest = match rest.len() {
        4 => rest,
        5 => rest.split_first().filter(|(sign, _)| b"ABCDEFYXWVU".contains(sign))?.1,
        _ => return None,
    };
    let (number, check) = rest.split_at_checked(3)?;
    let (date, number) = (digits_of(date)?, digits_of(number)?);
    let born = arithmetic::is_short_date(
        arithmetic::number(date.get(4..6)?),
        arithmetic::number(date.get(2..4)?),
        arithmetic::number(date.get(..2)?),
    );
    let value =
        u64::from(arithmetic::number(&date)) * 1000 + u64::from(arithmetic::number(&number));
    let good = born && CHECK.get((value % 31) as usize) == check.first();
    let signed = token.is_grouped(b'-', &[6, 4]) || compact.len() == 11;
    (good && signed).then_some(Match::SHAPED)
}

/// NIF of Portugal: nine digits, weights 9 … 2.
pub(super) fn pt_nif(token: &Token) -> Option<Match> {
    let digits = token.digits::<9>()?;
    let rest = arithmetic::weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    let expected = if rest < 2 { 0 } else { 11 - rest };
    let person = matches!(digits.first(), Some(1..=4));
    (person
        && digits.last().is_some_and(|digit| u32::from(*digit) == expected)
        && !arithmetic::is_filler(&digits))
    .then_some(Match::PLAIN)
}

/// CNP of Romania: sex and century, birth date, county, number, weights 279146358279.
pub(super) fn ro_cnp(token: &Token) -> Option<Match> {
    let digits = token.digits::<13>()?;
    let born = arithmetic::is_short_date(
        arithmetic::number(digits.get(1..3)?),
        arithmetic::number(digits.get(3..5)?),
        arithmetic::number(digits.get(5..7)?),
    );
    let rest = arithmetic::weighted(&digits, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    let expected = if rest == 10 { 1 } else { rest };
    let good = born
        && digits.first() != Some(&0)
        && digits.last().is_some_and(|digit| u32::from(*digit) == expected)
        && token.is_plain();
    good.then_some(Match::PLAIN)
}

/// EGN of Bulgaria: birth date (month + 20 or + 40 for other centuries), weights 2 4 8 5 10 9 7 3 6.
pub(super) fn bg_egn(token: &Token) -> Option<Match> {
    let digits = token.digits::<10>()?;
    let month = arithmetic::number(digits.get(2..4)?) % 20;
    let born = arithmetic::is_short_date(
        arithmetic::number(digits.get(..2)?),
        month,
        arithmetic::number(digits.get(4..6)?),
    );
    let rest = arithmetic::weighted(&digits, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10;
    let good =
        born && digits.last().is_some_and(|digit| u32::from(*digit) == rest) && token.is_plain();
    good.then_some(Match::PLAIN)
}

/// Birth number of Czechia and Slovakia: birth date (month + 50 for women), divisible by eleven.
pub(super) fn cz_rc(token: &Token) -> Option<Match> {
    let digits = token.digits::<10>()?;
    let month = arithmetic::number(digits.get(2..4)?) % 50;
    let month = if month > 20 { month - 20 } else { month };
    let born = arithmetic::is_short_date(
        arithmetic::number(digits.get(..2)?),
        month,
        arithmetic::number(digits.get(4..6)?),
    );
    let whole = digits.iter().fold(0u64, |number, digit| number * 10 + u64::from(*digit));
    let good = born && whole.is_multiple_of(11);
    good.then_some(Match { shaped: token.is_grouped(b'/', &[6, 4]), ..Match::PLAIN })
}

/// Personal code of Estonia and Lithuania: sex and century, birth date, number, check digit.
pub(super) fn ee_ik(token: &Token) -> Option<Match> {
    let digits = token.digits::<11>()?;
    let born = arithmetic::is_short_date(
        arithmetic::number(digits.get(1..3)?),
        arithmetic::number(digits.get(3..5)?),
        arithmetic::number(digits.get(5..7)?),
    );
    let first = arithmetic::weighted(&digits, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
    let second = arithmetic::weighted(&digits, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11;
    let expected = if first < 10 { first } else { second % 10 };
    let good = born
        && digits.first().is_some_and(|sex| (1..=8).contains(sex))
        && digits.last().is_some_and(|digit| u32::from(*digit) == expected)
        && token.is_plain();
    good.then_some(Match::PLAIN)
}

/// Latvia: birth date and century, or 32 and a number without meaning.
pub(super) fn lv_pk(token: &Token) -> Option<Match> {
    let digits = token.digits::<11>()?;
    let born = digits.starts_with(&[3, 2])
        || arithmetic::is_short_date(
            arithmetic::number(digits.get(4..6)?),
            arithmetic::number(digits.get(2..4)?),
            arithmetic::number(digits.get(..2)?),
        );
    born.then_some(Match { shaped: token.is_grouped(b'-', &[6, 5]), ..Match::PLAIN })
}

/// PPS number of Ireland: seven digits, a check letter, perhaps one more.
pub(super) fn ie_pps(token: &Token) -> Option<Match> {
    let (body, letters) = token.compact().split_at_checked(7)?;
    let digits = digits_of(body)?;
    let (check, extra) = letters.split_first()?;
    let extra = match extra {
        [] => 0,
        [letter @ b'A'..=b'I'] => u32::from(letter - b'A') + 1,
        [b'W'] => 0,
        _ => return None,
    };
    let sum = arithmetic::weighted(&digits, &[8, 7, 6, 5, 4, 3, 2]) + extra * 9;
    let expected = b"WABCDEFGHIJKLMNOPQRSTUV".get((sum % 23) as usize)?;
    (check == expected && token.is_plain()).then_some(Match::SHAPED)
}

/// AMKA of Greece: birth date, number, Luhn.
pub(super) fn gr_amka(token: &Token) -> Option<Match> {
    let digits = token.digits::<11>()?;
    let born = arithmetic::is_short_date(
        arithmetic::number(digits.get(4..6)?),
        arithmetic::number(digits.get(2..4)?),
        arithmetic::number(digits.get(..2)?),
    );
    (born && arithmetic::luhn(&digits) && token.is_plain()).then_some(Match::PLAIN)
}

/// OIB of Croatia: eleven digits, ISO 7064 MOD 11,10.
pub(super) fn hr_oib(token: &Token) -> Option<Match> {
    let digits = token.digits::<11>()?;
    (arithmetic::mod_11_10(&digits) && token.is_plain()).then_some(Match::PLAIN)
}

/// TAJ of Hungary: nine digits, weights 3 and 7.
pub(super) fn hu_taj(token: &Token) -> Option<Match> {
    let digits = token.digits::<9>()?;
    let sum = arithmetic::weighted(&digits, &[3, 7, 3, 7, 3, 7, 3, 7]);
    let good = digits.last().is_some_and(|digit| u32::from(*digit) == sum % 10)
        && !arithmetic::is_filler(&digits);
    good.then_some(Match { shaped: token.is_grouped(b'-', &[3, 3, 3]), ..Match::PLAIN })
}

/// Social insurance of Austria: number, check digit, birth date.
pub(super) fn at_svnr(token: &Token) -> Option<Match> {
    let digits = token.digits::<10>()?;
    let sum = arithmetic::weighted(&digits, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]);
    let born = arithmetic::number(digits.get(6..8)?) <= 13
        && digits.get(4..6).is_some_and(|day| arithmetic::number(day) <= 31);
    let good = born
        && digits.first() != Some(&0)
        && digits.get(3).is_some_and(|digit| u32::from(*digit) == sum % 11);
    good.then_some(Match { shaped: token.is_grouped(b' ', &[4, 6]), ..Match::PLAIN })
}

/// EMŠO of Slovenia and its neighbours: birth date, region, number, weights 7 6 5 4 3 2.
pub(super) fn si_emso(token: &Token) -> Option<Match> {
    let digits = token.digits::<13>()?;
    let year = arithmetic::number(digits.get(4..7)?);
    let year = if year < 800 { 2000 + year } else { 1000 + year };
    let born = arithmetic::is_date(
        year,
        arithmetic::number(digits.get(2..4)?),
        arithmetic::number(digits.get(..2)?),
    );
    let rest = arithmetic::weighted(&digits, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    let expected = if rest == 0 { 0 } else { 11 - rest };
    let good = born
        && digits.last().is_some_and(|digit| u32::from(*digit) == expected)
        && token.is_plain();
    good.then_some(Match::PLAIN)
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_rows;
    use super::*;

    #[test]
    fn numbers_of_the_member_states() {
        check_rows(&[
            (es_dni, "12345678Z", Some(true)),
            (es_dni, "12345678A", None),
            (es_dni, "X2482300W", Some(true)),
            (fr_nir, "2 95 10 99 126 111 93", Some(true)),
            (fr_nir, "295109912611193", Some(true)),
            (fr_nir, "295109912611199", None),
            (it_codicefiscale, "RCCMNL83S18D969H", Some(true)),
            (it_codicefiscale, "RCCMNL83S18D969G", None),
            (de_idnr, "36 574 261 809", Some(true)),
            (de_idnr, "36574261809", Some(false)),
            (de_idnr, "36574261808", None),
            (de_personalausweis, "T220001293", Some(true)),
            (de_personalausweis, "T220001294", None),
            (nl_bsn, "111222333", Some(false)),
            (nl_bsn, "111252333", None),
            (pl_pesel, "44051401359", Some(false)),
            (pl_pesel, "44051401358", None),
            (be_nn, "85.07.30-033.28", Some(true)),
            (be_nn, "85073003329", None),
            (dk_cpr, "211062-5629", Some(true)),
            (dk_cpr, "511062-5629", None),
            (se_personnummer, "880320-0016", Some(true)),
            (se_personnummer, "880320-0018", None),
            (fi_hetu, "131052-308T", Some(true)),
            (fi_hetu, "131052-308U", None),
            (pt_nif, "263196780", Some(false)),
            (pt_nif, "263196785", None),
            (ro_cnp, "1630615123457", Some(false)),
            (ro_cnp, "1630615123458", None),
            (bg_egn, "7523169263", Some(false)),
            (bg_egn, "7552010004", None),
            (cz_rc, "710319/2745", Some(true)),
            (cz_rc, "710319/2746", None),
            (ee_ik, "36805280109", Some(false)),
            (ee_ik, "36805280108", None),
            (ie_pps, "6433435F", Some(true)),
            (ie_pps, "6433435E", None),
            (gr_amka, "01013099997", Some(false)),
            (gr_amka, "01013099999", None),
            (hr_oib, "33392005961", Some(false)),
            (hr_oib, "33392005962", None),
            (at_svnr, "1237 010180", Some(true)),
            (at_svnr, "1238 010180", None),
            (si_emso, "0101006500006", Some(false)),
            (si_emso, "0101006500007", None),
        ]);
    }
}
