//! Turkey, the Gulf, Egypt, Iran, Israel, Nigeria, Kenya and South Africa.

use super::{Match, Token, arithmetic};

/// TCKN of Turkey: two check digits.
pub(super) fn tr_tckn(token: &Token) -> Option<Match> {
    let digits = token.digits::<11>()?;
    let [a, b, c, d, e, f, g, h, i, ten, eleven] = digits.map(u32::from);
    let first = ((a + c + e + g + i) * 7 + 100 - (b + d + f + h)) % 10;
    let second = (a + b + c + d + e + f + g + h + i + ten) % 10;
    (a != 0 && first == ten && second == eleven && token.is_plain()).then_some(Match::PLAIN)
}

/// Saudi Arabia: ten digits, citizens 1, residents 2, Luhn.
pub(super) fn sa_id(token: &Token) -> Option<Match> {
    let digits = token.digits::<10>()?;
    let good = matches!(digits.first(), Some(1 | 2))
        && arithmetic::luhn(&digits)
        && !arithmetic::is_filler(digits.get(1..9)?);
    (good && token.is_plain()).then_some(Match::PLAIN)
}

/// Emirates ID: 784, year of birth, number, Luhn digit.
pub(super) fn ae_eid(token: &Token) -> Option<Match> {
    let digits = token.digits::<15>()?;
    let year = arithmetic::number(digits.get(3..7)?);
    let good = digits.starts_with(&[7, 8, 4]) && (1900..2100).contains(&year);
    let written = token.is_grouped(b'-', &[3, 4, 7, 1]);
    (good && (written || arithmetic::luhn(&digits)))
        .then_some(Match { shaped: written || token.is_plain(), ..Match::PLAIN })
}

/// Egypt: century, birth date, governorate, sequence, a digit whose rule is not published.
pub(super) fn eg_nid(token: &Token) -> Option<Match> {
    let digits = token.digits::<14>()?;
    let century = match digits.first()? {
        2 => 1900,
        3 => 2000,
        _ => return None,
    };
    let born = arithmetic::is_date(
        century + arithmetic::number(digits.get(1..3)?),
        arithmetic::number(digits.get(3..5)?),
        arithmetic::number(digits.get(5..7)?),
    );
    let governorate = arithmetic::number(digits.get(7..9)?);
    let known = matches!(governorate, 1..=4 | 11..=19 | 21..=29 | 31..=35 | 88);
    (born && known && token.is_plain()).then_some(Match::PLAIN)
}

/// Iran: ten digits, weights 10 … 2.
pub(super) fn ir_melli(token: &Token) -> Option<Match> {
    let digits = token.digits::<10>()?;
    let rest = arithmetic::weighted(&digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    let expected = if rest < 2 { rest } else { 11 - rest };
    let alike = digits.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
    let good = !alike && digits.last().is_some_and(|digit| u32::from(*digit) == expected);
    good.then_some(Match { shaped: token.is_grouped(b'-', &[3, 6, 1]), ..Match::PLAIN })
}

/// Israel: nine digits, Luhn.
pub(super) fn il_id(token: &Token) -> Option<Match> {
    let digits = token.digits::<9>()?;
    (arithmetic::luhn(&digits) && !arithmetic::is_filler(&digits)).then_some(Match::PLAIN)
}

/// South Africa: birth date, sequence, citizenship, Luhn.
pub(super) fn za_id(token: &Token) -> Option<Match> {
    let digits = token.digits::<13>()?;
    let born = arithmetic::is_short_date(
        arithmetic::number(digits.get(..2)?),
        arithmetic::number(digits.get(2..4)?),
        arithmetic::number(digits.get(4..6)?),
    );
    let citizen = digits.get(10).is_some_and(|citizen| *citizen <= 2);
    let written = token.is_grouped(b' ', &[6, 4, 2, 1]) || token.is_grouped(b' ', &[6, 4, 3]);
    (born && citizen && arithmetic::luhn(&digits))
        .then_some(Match { shaped: written, ..Match::PLAIN })
}

/// NIN or BVN of Nigeria: eleven digits, no check digit.
pub(super) fn ng_nin(token: &Token) -> Option<Match> {
    let digits = token.digits::<11>()?;
    (!arithmetic::is_filler(&digits)).then_some(Match::PLAIN)
}

/// Kenya: seven or eight digits.
pub(super) fn ke_id(token: &Token) -> Option<Match> {
    (token.is_digits() && token.is_plain()).then_some(Match::PLAIN)
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_rows;
    use super::*;

    #[test]
    fn numbers_of_the_middle_east_and_africa() {
        check_rows(&[
            (tr_tckn, "17291716060", Some(false)),
            (tr_tckn, "17291716050", None),
            (tr_tckn, "07291716092", None),
            (sa_id, "1053184128", None),
            (sa_id, "3000000002", None),
            (ae_eid, "784-1987-1234567-1", Some(true)),
            (ae_eid, "784-1887-1234567-1", None),
            (ae_eid, "785-1987-1234567-1", None),
            (eg_nid, "29001011234567", Some(false)),
            (eg_nid, "29013011234567", None),
            (eg_nid, "49001011234567", None),
            (ir_melli, "0790419904", Some(false)),
            (ir_melli, "0790419905", None),
            (ir_melli, "1111111111", None),
            (il_id, "039337423", Some(false)),
            (il_id, "039337424", None),
            (za_id, "7503305044089", Some(false)),
            (za_id, "8503305044089", None),
            (za_id, "9125568", None),
            (ng_nin, "12345678901", None),
            (ng_nin, "22345678902", Some(false)),
        ]);
    }
}
