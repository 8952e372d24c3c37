//! National identity numbers, by the part of the world that issues them. Formats and check digits are
//! those the issuers publish; where an issuer publishes none, only structure is checked.

mod americas;
mod east_asia;
mod europe;
mod middle_east;
mod others;
mod south_asia;
mod south_east_asia;

use super::{Check, Match, Row, arithmetic};
use crate::detect::token::Token;

#[rustfmt::skip]
pub(super) static CHECKS: &[Row] = &[
    ("ae_eid", Check::Token(15, 15, middle_east::ae_eid), "Emirates ID"),
    ("ar_cuit", Check::Token(11, 11, americas::ar_cuit), "CUIT and CUIL of Argentina"),
    ("at_svnr", Check::Token(10, 10, europe::at_svnr), "social insurance number of Austria"),
    ("au_medicare", Check::Token(10, 11, others::au_medicare), "Medicare number of Australia"),
    ("au_tfn", Check::Token(9, 9, others::au_tfn), "tax file number of Australia"),
    ("bd_nid", Check::Token(10, 17, others::bd_nid), "national ID of Bangladesh"),
    ("be_nn", Check::Token(11, 11, europe::be_nn), "national number of Belgium"),
    ("bg_egn", Check::Token(10, 10, europe::bg_egn), "EGN of Bulgaria"),
    ("br_cpf", Check::Token(11, 11, americas::br_cpf), "CPF of Brazil"),
    ("ca_sin", Check::Token(9, 9, americas::ca_sin), "social insurance number of Canada"),
    ("ch_ahv", Check::Token(13, 13, others::ch_ahv), "AHV number of Switzerland"),
    ("cl_rut", Check::Token(8, 9, americas::cl_rut), "RUT of Chile"),
    ("cn_ric", Check::Token(15, 18, east_asia::cn_ric), "resident identity card of China"),
    ("cz_rc", Check::Token(10, 10, europe::cz_rc), "birth number of Czechia"),
    ("de_idnr", Check::Token(11, 11, europe::de_idnr), "tax identification number of Germany"),
    ("de_personalausweis", Check::Token(9, 10, europe::de_personalausweis), "identity card of Germany"),
    ("dk_cpr", Check::Token(10, 10, europe::dk_cpr), "CPR number of Denmark"),
    ("ee_ik", Check::Token(11, 11, europe::ee_ik), "personal code of Estonia and Lithuania"),
    ("eg_nid", Check::Token(14, 14, middle_east::eg_nid), "national ID of Egypt"),
    ("es_dni", Check::Token(9, 9, europe::es_dni), "DNI and NIE of Spain"),
    ("fi_hetu", Check::Token(10, 11, europe::fi_hetu), "personal identity code of Finland"),
    ("fr_nir", Check::Token(15, 15, europe::fr_nir), "NIR of France"),
    ("gb_nhs", Check::Token(10, 10, others::gb_nhs), "NHS number"),
    ("gb_nino", Check::Token(9, 9, others::gb_nino), "national insurance number of the United Kingdom"),
    ("gr_amka", Check::Token(11, 11, europe::gr_amka), "AMKA of Greece"),
    ("hk_hkid", Check::Token(8, 9, east_asia::hk_hkid), "identity card of Hong Kong"),
    ("hr_oib", Check::Token(11, 11, europe::hr_oib), "OIB of Croatia"),
    ("hu_taj", Check::Token(9, 9, europe::hu_taj), "TAJ number of Hungary"),
    ("id_nik", Check::Token(16, 16, south_east_asia::id_nik), "NIK of Indonesia"),
    ("ie_pps", Check::Token(8, 9, europe::ie_pps), "PPS number of Ireland"),
    ("il_id", Check::Token(9, 9, middle_east::il_id), "identity number of Israel"),
    ("in_aadhaar", Check::Token(12, 16, south_asia::in_aadhaar), "Aadhaar of India"),
    ("in_pan", Check::Token(10, 10, south_asia::in_pan), "PAN of India"),
    ("in_voter", Check::Token(10, 10, south_asia::in_voter), "voter ID of India"),
    ("ir_melli", Check::Token(10, 10, middle_east::ir_melli), "national code of Iran"),
    ("is_kennitala", Check::Token(10, 10, others::is_kennitala), "kennitala of Iceland"),
    ("it_codicefiscale", Check::Token(16, 16, europe::it_codicefiscale), "codice fiscale of Italy"),
    ("jp_mynumber", Check::Token(12, 12, east_asia::jp_mynumber), "My Number of Japan"),
    ("ke_id", Check::Token(7, 8, middle_east::ke_id), "national ID of Kenya"),
    ("kr_rrn", Check::Token(13, 13, east_asia::kr_rrn), "resident registration number of Korea"),
    ("kz_iin", Check::Token(12, 12, others::kz_iin), "IIN of Kazakhstan"),
    ("lk_nic", Check::Token(10, 12, others::lk_nic), "NIC of Sri Lanka"),
    ("lv_pk", Check::Token(11, 11, europe::lv_pk), "personal code of Latvia"),
    ("mx_curp", Check::Token(18, 18, americas::mx_curp), "CURP of Mexico"),
    ("mx_rfc", Check::Token(13, 13, americas::mx_rfc), "RFC of a person in Mexico"),
    ("my_nric", Check::Token(12, 12, south_east_asia::my_nric), "MyKad number of Malaysia"),
    ("ng_nin", Check::Token(11, 11, middle_east::ng_nin), "NIN of Nigeria"),
    ("nl_bsn", Check::Token(9, 9, europe::nl_bsn), "BSN of the Netherlands"),
    ("no_fodselsnummer", Check::Token(11, 11, others::no_fodselsnummer), "birth number of Norway"),
    ("nz_ird", Check::Token(8, 9, others::nz_ird), "IRD number of New Zealand"),
    ("ph_psn", Check::Token(12, 16, south_east_asia::ph_psn), "PhilSys number of the Philippines"),
    ("pk_cnic", Check::Token(13, 13, south_asia::pk_cnic), "CNIC of Pakistan"),
    ("pl_pesel", Check::Token(11, 11, europe::pl_pesel), "PESEL of Poland"),
    ("pt_nif", Check::Token(9, 9, europe::pt_nif), "NIF of Portugal"),
    ("ro_cnp", Check::Token(13, 13, europe::ro_cnp), "CNP of Romania"),
    ("ru_inn", Check::Token(12, 12, others::ru_inn), "INN of a person in Russia"),
    ("ru_passport", Check::Token(10, 10, others::ru_passport), "passport of Russia"),
    ("ru_snils", Check::Token(11, 11, others::ru_snils), "SNILS of Russia"),
    ("sa_id", Check::Token(10, 10, middle_east::sa_id), "national ID and Iqama of Saudi Arabia"),
    ("se_personnummer", Check::Token(10, 12, europe::se_personnummer), "personal identity number of Sweden"),
    ("sg_nric", Check::Token(9, 9, south_east_asia::sg_nric), "NRIC and FIN of Singapore"),
    ("si_emso", Check::Token(13, 13, europe::si_emso), "EMŠO of Slovenia"),
    ("th_pin", Check::Token(13, 13, south_east_asia::th_pin), "identification number of Thailand"),
    ("tr_tckn", Check::Token(11, 11, middle_east::tr_tckn), "identity number of Türkiye"),
    ("tw_id", Check::Token(10, 10, east_asia::tw_id), "identity card of Taiwan"),
    ("ua_rnokpp", Check::Token(10, 10, others::ua_rnokpp), "tax number of a person in Ukraine"),
    ("us_itin", Check::Token(9, 9, americas::us_itin), "ITIN of the United States"),
    ("us_ssn", Check::Token(9, 9, americas::us_ssn), "social security number of the United States"),
    ("vn_cccd", Check::Token(9, 12, south_east_asia::vn_cccd), "citizen identity card of Vietnam"),
    ("za_id", Check::Token(13, 13, middle_east::za_id), "identity number of South Africa"),
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

    type Case = (fn(&Token) -> Option<Match>, &'static str, Option<bool>);

    /// Check, text, and whether it is accepted as plain (`false`) or as shaped (`true`).
    #[track_caller]
    pub(super) fn check_rows(rows: &[Case]) {
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
