//! National identity numbers, by the part of the world that issues them. Formats and check digits are
//! those the issuers publish; where an issuer publishes none, only structure is checked.

mod americas;
mod east_asia;
mod europe;
mod middle_east;
mod others;
mod south_asia;
mod south_east_asia;

use super::{Check, Match, arithmetic};
use crate::detect::token::Token;

#[rustfmt::skip]
pub(super) static CHECKS: &[(&str, Check)] = &[
    ("ae_eid", Check::Token(15, 15, middle_east::ae_eid)),
    ("ar_cuit", Check::Token(11, 11, americas::ar_cuit)),
    ("at_svnr", Check::Token(10, 10, europe::at_svnr)),
    ("au_medicare", Check::Token(10, 11, others::au_medicare)),
    ("au_tfn", Check::Token(9, 9, others::au_tfn)),
    ("bd_nid", Check::Token(10, 17, others::bd_nid)),
    ("be_nn", Check::Token(11, 11, europe::be_nn)),
    ("bg_egn", Check::Token(10, 10, europe::bg_egn)),
    ("br_cpf", Check::Token(11, 11, americas::br_cpf)),
    ("ca_sin", Check::Token(9, 9, americas::ca_sin)),
    ("ch_ahv", Check::Token(13, 13, others::ch_ahv)),
    ("cl_rut", Check::Token(8, 9, americas::cl_rut)),
    ("cn_ric", Check::Token(15, 18, east_asia::cn_ric)),
    ("cz_rc", Check::Token(10, 10, europe::cz_rc)),
    ("de_idnr", Check::Token(11, 11, europe::de_idnr)),
    ("de_personalausweis", Check::Token(9, 10, europe::de_personalausweis)),
    ("dk_cpr", Check::Token(10, 10, europe::dk_cpr)),
    ("ee_ik", Check::Token(11, 11, europe::ee_ik)),
    ("eg_nid", Check::Token(14, 14, middle_east::eg_nid)),
    ("es_dni", Check::Token(9, 9, europe::es_dni)),
    ("fi_hetu", Check::Token(10, 11, europe::fi_hetu)),
    ("fr_nir", Check::Token(15, 15, europe::fr_nir)),
    ("gb_nhs", Check::Token(10, 10, others::gb_nhs)),
    ("gb_nino", Check::Token(9, 9, others::gb_nino)),
    ("gr_amka", Check::Token(11, 11, europe::gr_amka)),
    ("hk_hkid", Check::Token(8, 9, east_asia::hk_hkid)),
    ("hr_oib", Check::Token(11, 11, europe::hr_oib)),
    ("hu_taj", Check::Token(9, 9, europe::hu_taj)),
    ("id_nik", Check::Token(16, 16, south_east_asia::id_nik)),
    ("ie_pps", Check::Token(8, 9, europe::ie_pps)),
    ("il_id", Check::Token(9, 9, middle_east::il_id)),
    ("in_aadhaar", Check::Token(12, 16, south_asia::in_aadhaar)),
    ("in_pan", Check::Token(10, 10, south_asia::in_pan)),
    ("in_voter", Check::Token(10, 10, south_asia::in_voter)),
    ("ir_melli", Check::Token(10, 10, middle_east::ir_melli)),
    ("is_kennitala", Check::Token(10, 10, others::is_kennitala)),
    ("it_codicefiscale", Check::Token(16, 16, europe::it_codicefiscale)),
    ("jp_mynumber", Check::Token(12, 12, east_asia::jp_mynumber)),
    ("ke_id", Check::Token(7, 8, middle_east::ke_id)),
    ("kr_rrn", Check::Token(13, 13, east_asia::kr_rrn)),
    ("kz_iin", Check::Token(12, 12, others::kz_iin)),
    ("lk_nic", Check::Token(10, 12, others::lk_nic)),
    ("lv_pk", Check::Token(11, 11, europe::lv_pk)),
    ("mx_curp", Check::Token(18, 18, americas::mx_curp)),
    ("mx_rfc", Check::Token(13, 13, americas::mx_rfc)),
    ("my_nric", Check::Token(12, 12, south_east_asia::my_nric)),
    ("ng_nin", Check::Token(11, 11, middle_east::ng_nin)),
    ("nl_bsn", Check::Token(9, 9, europe::nl_bsn)),
    ("no_fodselsnummer", Check::Token(11, 11, others::no_fodselsnummer)),
    ("nz_ird", Check::Token(8, 9, others::nz_ird)),
    ("ph_psn", Check::Token(12, 16, south_east_asia::ph_psn)),
    ("pk_cnic", Check::Token(13, 13, south_asia::pk_cnic)),
    ("pl_pesel", Check::Token(11, 11, europe::pl_pesel)),
    ("pt_nif", Check::Token(9, 9, europe::pt_nif)),
    ("ro_cnp", Check::Token(13, 13, europe::ro_cnp)),
    ("ru_inn", Check::Token(12, 12, others::ru_inn)),
    ("ru_passport", Check::Token(10, 10, others::ru_passport)),
    ("ru_snils", Check::Token(11, 11, others::ru_snils)),
    ("sa_id", Check::Token(10, 10, middle_east::sa_id)),
    ("se_personnummer", Check::Token(10, 12, europe::se_personnummer)),
    ("sg_nric", Check::Token(9, 9, south_east_asia::sg_nric)),
    ("si_emso", Check::Token(13, 13, europe::si_emso)),
    ("th_pin", Check::Token(13, 13, south_east_asia::th_pin)),
    ("tr_tckn", Check::Token(11, 11, middle_east::tr_tckn)),
    ("tw_id", Check::Token(10, 10, east_asia::tw_id)),
    ("ua_rnokpp", Check::Token(10, 10, others::ua_rnokpp)),
    ("us_itin", Check::Token(9, 9, americas::us_itin)),
    ("us_ssn", Check::Token(9, 9, americas::us_ssn)),
    ("vn_cccd", Check::Token(9, 12, south_east_asia::vn_cccd)),
    ("za_id", Check::Token(13, 13, middle_east::za_id)),
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
