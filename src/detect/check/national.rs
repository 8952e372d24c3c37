//! National identity numbers, by the part of the world that issues them. Formats and check digits are
//! those the issuers publish; where an issuer publishes none, only structure is checked.

mod americas;
mod east_asia;
mod south_asia;
mod south_east_asia;

use super::{Check, Match, arithmetic};
use crate::detect::token::Token;

#[rustfmt::skip]
pub(super) static CHECKS: &[(&str, Check)] = &[
    ("ar_cuit", Check::Token(11, 11, americas::ar_cuit)),
    ("br_cpf", Check::Token(11, 11, americas::br_cpf)),
    ("ca_sin", Check::Token(9, 9, americas::ca_sin)),
    ("cl_rut", Check::Token(8, 9, americas::cl_rut)),
    ("cn_ric", Check::Token(15, 18, east_asia::cn_ric)),
    ("hk_hkid", Check::Token(8, 9, east_asia::hk_hkid)),
    ("id_nik", Check::Token(16, 16, south_east_asia::id_nik)),
    ("in_aadhaar", Check::Token(12, 16, south_asia::in_aadhaar)),
    ("in_pan", Check::Token(10, 10, south_asia::in_pan)),
    ("in_voter", Check::Token(10, 10, south_asia::in_voter)),
    ("jp_mynumber", Check::Token(12, 12, east_asia::jp_mynumber)),
    ("kr_rrn", Check::Token(13, 13, east_asia::kr_rrn)),
    ("mx_curp", Check::Token(18, 18, americas::mx_curp)),
    ("mx_rfc", Check::Token(13, 13, americas::mx_rfc)),
    ("my_nric", Check::Token(12, 12, south_east_asia::my_nric)),
    ("ph_psn", Check::Token(12, 16, south_east_asia::ph_psn)),
    ("pk_cnic", Check::Token(13, 13, south_asia::pk_cnic)),
    ("sg_nric", Check::Token(9, 9, south_east_asia::sg_nric)),
    ("th_pin", Check::Token(13, 13, south_east_asia::th_pin)),
    ("tw_id", Check::Token(10, 10, east_asia::tw_id)),
    ("us_itin", Check::Token(9, 9, americas::us_itin)),
    ("us_ssn", Check::Token(9, 9, americas::us_ssn)),
    ("vn_cccd", Check::Token(9, 12, south_east_asia::vn_cccd)),
];

/// ASCII digits as numbers; `None` when there is anything else.
fn digits_of(bytes: &[u8]) -> Option<Digits> {
    let mut digits = Digits { values: [0; Token::CAPACITY], length: 0 };
    for byte in bytes {
        *digits.values.get_mut(digits.length)? = char::from(*byte).to_digit(10)? as u8;
        digits.length += 1;
    }
    Some(digits)
}

/// Digit values without an allocation.
struct Digits {
    values: [u8; Token::CAPACITY],
    length: usize,
}

impl std::ops::Deref for Digits {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.values.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (fn(&Token) -> Option<Match>, &'static str, Option<bool>);

    /// Check, text, and whether it is accepted as plain (`false`) or as shaped (`true`).
    #[track_caller]
    pub(super) fn check_rows(rows: &[Row]) {
        let mut wrong = Vec::new();
        for (check, text, expected) in rows {
            let found = Token::read(text).and_then(|token| check(&token)).map(|found| found.shaped);
            if found != *expected {
                wrong.push(format!("{text}: {found:?}, expected {expected:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
