//! The checks by the names that detector files call them by.
//!
//! A check is arithmetic or grammar on one candidate value; it knows nothing of the field around it.

pub(super) mod address;
pub(super) mod arithmetic;
mod calling_codes;
mod card;
pub(super) mod code;
pub(super) mod date;
pub(super) mod email;
pub(super) mod iban;
mod imei;
pub(super) mod ip;
pub(super) mod mac;
pub(super) mod mrz;
mod national;
pub(super) mod person;
pub(super) mod phone;
pub(super) mod place;
mod sim;
mod territory;
pub(super) mod words;

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

/// Makes ready what the checks look up.
pub(super) fn prepare() {
    calling_codes::prepare();
}

impl Match {
    pub(super) const PLAIN: Self = Self { shaped: false, coarse: false, region: None };
    pub(super) const SHAPED: Self = Self { shaped: true, coarse: false, region: None };
}

/// A date that somebody may have been born on.
pub(super) fn birth_date(text: &str) -> Option<Match> {
    date::birth(text)
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
            Self::Token(..) => {
                let text = text.trim();
                let read = |text: &str| self.token(&Token::read(text)?);
                // Written with other signs between the groups than the issuer does.
                let signs = ['_', '/'];
                read(text).or_else(|| {
                    let is_written_so = text.contains(signs);
                    is_written_so.then(|| read(&text.replace(signs, "-"))).flatten()
                })
            }
        }
    }

    /// Whether digits without separators may be a shape of their own: all other checks of tokens take
    /// digits for shaped by their separators alone.
    pub(super) fn shapes_bare_digits(self) -> bool {
        BARE_DIGITS.iter().filter_map(|name| Self::named(name)).any(|check| check.is(self))
    }

    fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Token(a, b, check), Self::Token(c, d, other)) => {
                (a, b) == (c, d) && std::ptr::fn_addr_eq(check, other)
            }
            (Self::Text(check), Self::Text(other)) => std::ptr::fn_addr_eq(check, other),
            (Self::Text(_) | Self::Token(..), _) => false,
        }
    }

    pub(super) fn is_of_tokens(self) -> bool {
        matches!(self, Self::Token(..))
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

const BARE_DIGITS: [&str; 5] = ["ae_eid", "cn_ric", "fr_nir", "iccid", "imei"];

#[rustfmt::skip]
static GENERAL: &[(&str, Check)] = &[
    ("apple_version", Check::Text(code::apple_version)),
    ("access_log_user", Check::Text(code::secret)),
    ("account_code", Check::Text(code::account)),
    ("account_number", Check::Text(code::account_number)),
    ("advertising_id", Check::Text(code::advertising)),
    ("age", Check::Text(person::age)),
    ("agent_string", Check::Text(person::agent_string)),
    ("android_code", Check::Text(code::android)),
    ("api_key", Check::Text(code::api_key)),
    ("bank_account", Check::Text(iban::account)),
    ("bic", Check::Token(8, 11, iban::bic)),
    ("birth_date", Check::Text(date::birth)),
    ("birth_date_by_name", Check::Text(date::birth_by_name)),
    ("birth_date_or_part", Check::Text(date::birth_or_part)),
    ("browser", Check::Text(person::browser)),
    ("build", Check::Text(code::build)),
    ("card", Check::Token(13, 19, card::card)),
    ("card_alone", Check::Token(14, 19, card::card_alone)),
    ("card_expiry", Check::Text(card::expiry)),
    ("card_security_code", Check::Text(card::security_code)),
    ("cell", Check::Text(place::cell)),
    ("coordinate", Check::Text(place::any)),
    ("coordinates", Check::Text(place::pair)),
    ("cookie_value", Check::Text(code::cookie_value)),
    ("country", Check::Text(territory::country)),
    ("device_code", Check::Text(code::device)),
    ("division", Check::Text(territory::division)),
    ("email", Check::Text(email::whole)),
    ("firebase_token", Check::Text(code::firebase_token)),
    ("gender", Check::Text(person::gender)),
    ("geohash", Check::Text(place::geohash)),
    ("handle", Check::Text(person::handle)),
    ("hash", Check::Text(code::hash)),
    ("house_number", Check::Text(address::house_number)),
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
    ("login_name", Check::Text(person::login_name)),
    ("mac", Check::Text(mac::whole)),
    ("meid", Check::Token(8, 18, imei::meid)),
    ("member_code", Check::Text(code::member)),
    ("mobile_country_code", Check::Text(sim::mobile_country_code)),
    ("mobile_network", Check::Text(sim::network)),
    ("mobile_operator", Check::Text(sim::operator)),
    ("mobile_network_code", Check::Text(sim::network_code)),
    ("mrz", Check::Text(mrz::whole)),
    ("model_name", Check::Text(sim::model_name)),
    ("name", Check::Text(person::name)),
    ("name_part", Check::Text(person::name_part)),
    ("network_area", Check::Text(place::area)),
    ("one_time_code", Check::Text(code::one_time)),
    ("number_plate", Check::Text(code::number_plate)),
    ("official_number", Check::Text(code::official)),
    ("opaque", Check::Text(code::opaque)),
    ("path_owner", Check::Text(code::path_owner)),
    ("payment_address", Check::Text(iban::payment_address)),
    ("phone_maker", Check::Text(sim::maker)),
    ("phone_model", Check::Text(sim::model)),
    ("phone", Check::Text(phone::whole)),
    ("products", Check::Text(person::products)),
    ("inline_picture", Check::Text(code::inline_picture)),
    ("picture", Check::Text(code::picture)),
    ("place", Check::Text(territory::place)),
    ("place_name", Check::Text(address::place_name)),
    ("plus_code", Check::Text(place::plus_code)),
    ("postal_address", Check::Text(address::address)),
    ("postal_code", Check::Text(territory::postal_code)),
    ("reference", Check::Text(code::reference)),
    ("release", Check::Text(code::release)),
    ("remark", Check::Text(person::remark)),
    ("secret", Check::Text(code::secret)),
    ("sentence", Check::Text(person::sentence)),
    ("serial", Check::Text(code::serial)),
    ("six_digits", Check::Text(territory::six_digits)),
    ("street", Check::Text(address::street)),
    ("system_version", Check::Text(code::system_version)),
    ("token", Check::Text(code::token)),
    ("tracking_area", Check::Text(place::tracking_area)),
    ("travel_document", Check::Text(code::travel_document)),
    ("url_password", Check::Text(code::secret)),
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

    #[test]
    fn digits_are_shaped_by_their_separators() {
        let mut runner = proptest::test_runner::TestRunner::new(proptest::test_runner::Config {
            cases: 200_000,
            ..Default::default()
        });
        let checks: Vec<(&str, Check)> = Check::names()
            .filter_map(|name| Some((name, Check::named(name)?)))
            .filter(|(_, check)| matches!(check, Check::Token(..)) && !check.shapes_bare_digits())
            .collect();
        // Numbers that begin as most do which a check accepts: with a date, or a code of few digits.
        let digits = proptest::string::string_regex(
            "([12]?(19[4-9]|200|4|5|6|7|8|9)[0-9](0[1-9]|1[0-2])(0[1-9]|[12][0-9]))?[0-9]{5,16}",
        )
        .unwrap();
        runner
            .run(&digits, |digits| {
                let token = Token::read(&digits).unwrap();
                for (name, check) in &checks {
                    let shaped = check.token(&token).is_some_and(|found| found.shaped);
                    proptest::prop_assert!(!shaped, "{name} takes {digits} for shaped");
                }
                Ok(())
            })
            .unwrap();
    }
}
