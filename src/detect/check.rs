//! The checks by the names that detector files call them by.
//!
//! A check is arithmetic or grammar on one candidate value; it knows nothing of the field around it.

pub(super) mod arithmetic;
mod calling_codes;
mod card;
pub(super) mod code;
mod date;
pub(super) mod email;
mod iban;
mod imei;
pub(super) mod ip;
pub(super) mod mac;
mod national;
mod person;
pub(super) mod phone;
pub(super) mod place;
mod sim;
mod territory;

use crate::domain::Region;

use super::token::Token;

/// What a check says about a value it accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    /// Written as only such a value is: separators in their places, a checksum, a distinct grammar.
    pub(super) shaped: bool,
    /// Less exact than the category means: a coordinate to the kilometre.
    pub(super) coarse: bool,
    /// The jurisdiction the value speaks for.
    pub(super) region: Option<Region>,
}

impl Match {
    pub(super) const PLAIN: Self = Self { shaped: false, coarse: false, region: None };
    pub(super) const SHAPED: Self = Self { shaped: true, coarse: false, region: None };
}

/// One check.
#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    /// Of a whole text.
    Text(fn(&str) -> Option<Match>),
    /// Of letters and digits, this many.
    Token(usize, usize, fn(&Token) -> Option<Match>),
}

impl Check {
    pub(super) fn named(name: &str) -> Option<Self> {
        let of = |table: &[(&str, Self)]| {
            table.iter().find(|(known, _)| *known == name).map(|(_, check)| *check)
        };
        of(GENERAL).or_else(|| of(national::CHECKS))
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        GENERAL.iter().chain(national::CHECKS).map(|(name, _)| *name)
    }

    /// The whole of `text`.
    pub(super) fn whole(self, text: &str) -> Option<Match> {
        match self {
            Self::Text(check) => check(text),
            Self::Token(..) => self.token(&Token::read(text.trim())?),
        }
    }

    pub(super) fn token(self, token: &Token) -> Option<Match> {
        match self {
            Self::Text(_) => None,
            Self::Token(shortest, longest, check) => {
                if (shortest..=longest).contains(&token.len()) { check(token) } else { None }
            }
        }
    }
}

#[rustfmt::skip]
static GENERAL: &[(&str, Check)] = &[
    ("account_code", Check::Text(code::account)),
    ("advertising_id", Check::Text(code::advertising)),
    ("age", Check::Text(person::age)),
    ("bank_account", Check::Text(iban::account)),
    ("bic", Check::Token(8, 11, iban::bic)),
    ("birth_date", Check::Text(date::birth)),
    ("browser", Check::Text(person::browser)),
    ("card", Check::Token(13, 19, card::card)),
    ("card_expiry", Check::Text(card::expiry)),
    ("card_security_code", Check::Text(card::security_code)),
    ("cell", Check::Text(place::cell)),
    ("coordinate", Check::Text(place::any)),
    ("coordinates", Check::Text(place::pair)),
    ("country", Check::Text(territory::country)),
    ("device_code", Check::Text(code::device)),
    ("email", Check::Text(email::whole)),
    ("gender", Check::Text(person::gender)),
    ("geohash", Check::Text(place::geohash)),
    ("handle", Check::Text(person::handle)),
    ("hash", Check::Text(code::hash)),
    ("iban", Check::Token(15, 34, iban::iban)),
    ("iccid", Check::Token(18, 22, sim::iccid)),
    ("ifsc", Check::Token(11, 11, iban::ifsc)),
    ("imei", Check::Token(14, 15, imei::imei)),
    ("imeisv", Check::Token(16, 16, imei::imeisv)),
    ("imsi", Check::Token(14, 15, sim::imsi)),
    ("ip", Check::Text(ip::whole)),
    ("jwt", Check::Text(code::jwt)),
    ("language", Check::Text(person::language)),
    ("latitude", Check::Text(place::latitude)),
    ("longitude", Check::Text(place::longitude)),
    ("mac", Check::Text(mac::whole)),
    ("meid", Check::Token(8, 18, imei::meid)),
    ("member_code", Check::Text(code::member)),
    ("mobile_country_code", Check::Text(sim::mobile_country_code)),
    ("mobile_network", Check::Text(sim::network)),
    ("mobile_network_code", Check::Text(sim::network_code)),
    ("name", Check::Text(person::name)),
    ("name_part", Check::Text(person::name_part)),
    ("network_area", Check::Text(place::area)),
    ("one_time_code", Check::Text(code::one_time)),
    ("opaque", Check::Text(code::opaque)),
    ("payment_address", Check::Text(iban::payment_address)),
    ("phone", Check::Text(phone::whole)),
    ("picture", Check::Text(code::picture)),
    ("postal_address", Check::Text(person::address)),
    ("postal_code", Check::Text(territory::postal_code)),
    ("reference", Check::Text(code::reference)),
    ("secret", Check::Text(code::secret)),
    ("serial", Check::Text(code::serial)),
    ("token", Check::Text(code::token)),
    ("user_agent", Check::Text(person::user_agent)),
    ("uuid", Check::Text(code::uuid)),
    ("words", Check::Text(person::words)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_one_name() {
        let mut names: Vec<&str> = Check::names().collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(Check::named("imei").is_some());
        assert!(Check::named("imie").is_none());
    }
}
