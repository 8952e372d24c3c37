//! Pakistan and India.

use super::{Match, Token, arithmetic};

/// CNIC of NADRA: province 1 to 7, no check digit; the dashes are what makes it certain.
pub(super) fn pk_cnic(token: &Token) -> Option<Match> {
    let digits = token.digits::<13>()?;
    let [province, ..] = digits;
    let serial = digits.get(5..12)?;
    let shaped = token.is_grouped(b'-', &[5, 7, 1]);
    // Figures in their order are a filler, unless nothing else is written like this.
    let is_filler = serial.iter().all(|digit| serial.first() == Some(digit))
        || (!shaped && arithmetic::is_filler(serial));
    ((1..=7).contains(&province) && !is_filler).then_some(Match { shaped, ..Match::PLAIN })
}

/// Aadhaar of UIDAI: twelve digits, the first 2 to 9, Verhoeff; a virtual identity has sixteen.
pub(super) fn in_aadhaar(token: &Token) -> Option<Match> {
    let written = token.is_grouped(b' ', &[4, 4, 4]) || token.is_grouped(b'-', &[4, 4, 4]);
    let (good, first) = match token.len() {
        12 => {
            let digits = token.digits::<12>()?;
            (arithmetic::verhoeff(&digits) && !arithmetic::is_filler(&digits), digits[0])
        }
        16 => {
            let digits = token.digits::<16>()?;
            (arithmetic::verhoeff(&digits) && !arithmetic::is_filler(&digits), digits[0])
        }
        _ => return None,
    };
    (good && first >= 2).then_some(Match { shaped: written, ..Match::PLAIN })
}

/// PAN of the Income Tax Department; the fourth letter says what kind of holder.
pub(super) fn in_pan(token: &Token) -> Option<Match> {
    let compact: &[u8; 10] = token.compact().try_into().ok()?;
    let (letters, rest) = compact.split_at_checked(5)?;
    let (digits, last) = rest.split_at_checked(4)?;
    let holder = letters.get(3)?;
    let good = letters.iter().chain(last).all(u8::is_ascii_uppercase)
        && digits.iter().all(u8::is_ascii_digit)
        && digits != b"0000"
        && b"ABCFGHLJPT".contains(holder)
        && token.is_plain();
    good.then_some(Match { shaped: *holder == b'P', ..Match::PLAIN })
}

/// EPIC of the Election Commission: three letters, seven digits.
pub(super) fn in_voter(token: &Token) -> Option<Match> {
    let (letters, digits) = token.compact().split_at_checked(3)?;
    let good = letters.iter().all(u8::is_ascii_uppercase) && digits.iter().all(u8::is_ascii_digit);
    good.then_some(Match::PLAIN)
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_rows;
    use super::*;

    #[test]
    fn numbers_of_south_asia() {
        check_rows(&[
            (pk_cnic, "42201-1234568-1", Some(true)),
            (pk_cnic, "4220112345681", Some(false)),
            (pk_cnic, "42201-1234567-1", Some(true)),
            (pk_cnic, "4220112345671", None),
            (pk_cnic, "82201-1234568-1", None),
            (pk_cnic, "42201-0000000-0", None),
            (in_aadhaar, "2341 2341 2346", Some(true)),
            (in_aadhaar, "234123412346", Some(false)),
            (in_aadhaar, "234123412347", None),
            (in_aadhaar, "134123412346", None),
            (in_pan, "ABCPE1234F", Some(true)),
            (in_pan, "ABCCE1234F", Some(false)),
            (in_pan, "ABCDE1234F", None),
            (in_pan, "ABCPE12345", None),
            (in_voter, "ABC1234567", Some(false)),
            (in_voter, "AB12345678", None),
        ]);
    }
}
