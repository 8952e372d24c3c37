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
mod generic;
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
mod vehicle;
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

/// What the texts are that a check takes, as far as it matters how one is told from what stands around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What a person is called.
    Name,
    /// An address as a whole, which has commas in it.
    PostalAddress,
    /// A part of one in several words, some of them small.
    Street,
    /// Of a form that nothing else has.
    Email,
    /// Any other words.
    Words,
    /// Letters and digits in one piece.
    Code,
    /// Any other form, which may be of several pieces.
    Form,
}

/// One check.
#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    /// Of a whole text.
    Text(Kind, fn(&str) -> Option<Match>),
    /// Of letters and digits, this many.
    Token(usize, usize, fn(&Token) -> Option<Match>),
}

impl Check {
    pub(super) fn named(name: &str) -> Option<Self> {
        let of = |table: &[Row]| {
            table.iter().find(|(known, ..)| *known == name).map(|(_, check, _)| *check)
        };
        of(GENERAL).or_else(|| of(national::CHECKS))
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        Self::described().map(|(name, _)| name)
    }

    /// The names, each with what it takes.
    pub(super) fn described() -> impl Iterator<Item = (&'static str, &'static str)> {
        GENERAL.iter().chain(national::CHECKS).map(|(name, _, takes)| (*name, *takes))
    }

    /// The whole of `text`.
    pub(super) fn whole(self, text: &str) -> Option<Match> {
        match self {
            Self::Text(_, check) => check(text),
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
            (Self::Text(one, check), Self::Text(two, other)) => {
                one == two && std::ptr::fn_addr_eq(check, other)
            }
            (Self::Text(..) | Self::Token(..), _) => false,
        }
    }

    pub(super) fn is_of_tokens(self) -> bool {
        matches!(self, Self::Token(..))
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Text(kind, _) => kind,
            Self::Token(..) => Kind::Form,
        }
    }

    pub(super) fn token(self, token: &Token) -> Option<Match> {
        match self {
            Self::Text(..) => None,
            Self::Token(shortest, longest, check) => {
                if (shortest..=longest).contains(&token.len()) { check(token) } else { None }
            }
        }
    }
}

/// What a check is called in detector files, and what it takes.
type Row = (&'static str, Check, &'static str);

const BARE_DIGITS: [&str; 5] = ["ae_eid", "cn_ric", "fr_nir", "iccid", "imei"];

#[rustfmt::skip]
static GENERAL: &[Row] = &[
    ("luhn", Check::Text(Kind::Form, generic::luhn), "any number with its check digit by Luhn (ISO/IEC 7812-1), over its digits alone"),
    ("mod11_2", Check::Text(Kind::Form, generic::mod_11_2), "any number with its check digit or `X` by ISO 7064 MOD 11-2"),
    ("mod11_10", Check::Text(Kind::Form, generic::mod_11_10), "any number with its check digit by ISO 7064 MOD 11,10, over its digits alone"),
    ("mod97", Check::Text(Kind::Form, generic::mod_97), "any number with two check digits by ISO 7064 MOD 97-10, over digits and letters"),
    ("verhoeff", Check::Text(Kind::Form, generic::verhoeff), "any number with its check digit by Verhoeff, over its digits alone"),
    ("apple_version", Check::Text(Kind::Form, code::apple_version), "a version as telephones and computers of Apple have it: `17.1.2`"),
    ("access_log_user", Check::Text(Kind::Form, code::secret), "who asked, in a line of an access log"),
    ("account_code", Check::Text(Kind::Code, code::account), "three characters or more with a digit, no spaces"),
    ("account_number", Check::Text(Kind::Form, code::account_number), "six to twelve digits"),
    ("advertising_id", Check::Text(Kind::Code, code::advertising), "a UUID, 16, 32 or 64 hexadecimal digits, or another long opaque code"),
    ("age", Check::Text(Kind::Form, person::age), "0 to 130, a range or a bound: `18-24`, `65+`, `under 18`; or a word for a child"),
    ("agent_string", Check::Text(Kind::Form, person::agent_string), "what a browser or program says of itself and of the device, with a comment in brackets"),
    ("android_code", Check::Text(Kind::Form, code::android), "sixteen hexadecimal digits"),
    ("api_key", Check::Text(Kind::Form, code::api_key), "a key of a well-known interface, by its beginning"),
    ("bank_account", Check::Text(Kind::Form, iban::account), "an account as a bank prints it, an IBAN among them"),
    ("bic", Check::Token(8, 11, iban::bic), "business identifier code (ISO 9362)"),
    ("birth_date", Check::Text(Kind::Form, date::birth), "a date from 1900 on, in any usual form"),
    ("birth_date_by_name", Check::Text(Kind::Form, date::birth_by_name), "the same, or what only a name says is one: `2016-05`, `160501`, `2559-05-01`"),
    ("birth_date_or_part", Check::Text(Kind::Form, date::birth_or_part), "the same, or a day, month or year by itself"),
    ("browser", Check::Text(Kind::Form, person::browser), "what a browser or device is called, and no products alone"),
    ("build", Check::Text(Kind::Form, code::build), "a build of a system or its release: `TP1A.220624.014`, `13`"),
    ("card", Check::Token(13, 19, card::card), "a payment card of a known network with its check digit (Luhn)"),
    ("card_alone", Check::Token(14, 19, card::card_alone), "the same of 14 to 19 digits that are no article or time"),
    ("card_expiry", Check::Text(Kind::Form, card::expiry), "`12/27`, `1227`, `2027-12`"),
    ("card_security_code", Check::Text(Kind::Form, card::security_code), "three or four digits"),
    ("cell", Check::Text(Kind::Form, place::cell), "the identity of a mobile cell, up to 36 bits"),
    ("coordinate", Check::Text(Kind::Form, place::any), "a latitude, a longitude, a pair of both or a code for a place"),
    ("coordinates", Check::Text(Kind::Form, place::pair), "a latitude and a longitude in one text"),
    ("cookie_value", Check::Text(Kind::Form, code::cookie_value), "what an identifier in a cookie is: opaque, or short with a digit"),
    ("country", Check::Text(Kind::Words, territory::country), "an ISO 3166-1 code, a calling code or the name of a country"),
    ("device_code", Check::Text(Kind::Code, code::device), "six characters or more with a digit, no spaces"),
    ("division", Check::Text(Kind::Form, territory::division), "a state, province or district, by its name"),
    ("email", Check::Text(Kind::Email, email::whole), "an e-mail address (RFC 5322)"),
    ("email_by_name", Check::Text(Kind::Email, email::by_name), "the same, or what only a name says is one: `sana@localhost`"),
    ("firebase_token", Check::Text(Kind::Form, code::firebase_token), "a registration of Firebase"),
    ("gender", Check::Text(Kind::Form, person::gender), "a word or code for a gender (ISO/IEC 5218)"),
    ("geohash", Check::Text(Kind::Form, place::geohash), "a geohash; six characters or more are exact"),
    ("handle", Check::Text(Kind::Words, person::handle), "a name somebody goes by online: no sentence, no time"),
    ("hash", Check::Text(Kind::Form, code::hash), "32, 40, 64, 96 or 128 hexadecimal digits, or as much base64"),
    ("house_number", Check::Text(Kind::Form, address::house_number), "`23a`, `159/3`, `Apt 5C`"),
    ("iban", Check::Token(15, 34, iban::iban), "an IBAN with its check digits (ISO 13616, MOD 97-10)"),
    ("iccid", Check::Token(18, 22, sim::iccid), "the number of a SIM card with its check digit (ITU-T E.118, Luhn)"),
    ("ifsc", Check::Token(11, 11, iban::ifsc), "the code of an Indian bank branch"),
    ("imei", Check::Token(14, 15, imei::imei), "the number of a telephone, 15 digits with check digit (Luhn) or 14 without"),
    ("imeisv", Check::Token(16, 16, imei::imeisv), "the same with two digits of a software version"),
    ("imsi", Check::Token(14, 15, sim::imsi), "14 or 15 digits that begin with a mobile country code"),
    ("ip", Check::Text(Kind::Form, ip::whole), "an IPv4 or IPv6 address"),
    ("jwt", Check::Text(Kind::Form, code::jwt), "a JSON Web Token (RFC 7519)"),
    ("language", Check::Text(Kind::Words, person::language), "a language tag (BCP 47) or the name of a language"),
    ("latitude", Check::Text(Kind::Form, place::latitude), "degrees north"),
    ("longitude", Check::Text(Kind::Form, place::longitude), "degrees east"),
    ("login_name", Check::Text(Kind::Form, person::login_name), "one word that no system account is called"),
    ("mac", Check::Text(Kind::Form, mac::whole), "the address of an interface, 48 bits"),
    ("marked_login_name", Check::Text(Kind::Form, person::marked_login_name), "the same as `login_name`, with a digit, a dot or a low line in it"),
    ("meid", Check::Token(8, 18, imei::meid), "a MEID or ESN of a telephone"),
    ("member_code", Check::Text(Kind::Code, code::member), "`account_code`, and no UUID"),
    ("mobile_country_code", Check::Text(Kind::Form, sim::mobile_country_code), "three digits that are assigned"),
    ("mobile_network", Check::Text(Kind::Form, sim::network), "a mobile country code and a network code"),
    ("mobile_operator", Check::Text(Kind::Form, sim::operator), "a network by its number or its name"),
    ("mobile_network_code", Check::Text(Kind::Form, sim::network_code), "two or three digits"),
    ("mrz", Check::Text(Kind::Form, mrz::whole), "the machine-readable zone of a travel document with its check digits (ICAO 9303)"),
    ("model_name", Check::Text(Kind::Form, sim::model_name), "what a device is called by its maker"),
    ("name", Check::Text(Kind::Name, person::name), "what a person is called, written as names are"),
    ("name_part", Check::Text(Kind::Words, person::name_part), "one word or two, letters only"),
    ("network_area", Check::Text(Kind::Form, place::area), "the code of a location area, 16 or 24 bits"),
    ("one_time_code", Check::Text(Kind::Code, code::one_time), "four to eight digits, or as many letters and digits"),
    ("number_plate", Check::Text(Kind::Form, vehicle::number_plate), "the mark on the plate of a vehicle"),
    ("official_number", Check::Text(Kind::Code, code::official), "eight letters and digits or more, six of them digits"),
    ("opaque", Check::Text(Kind::Code, code::opaque), "eight characters or more that say nothing to a reader; shorter numbers want `reference`"),
    ("path_owner", Check::Text(Kind::Form, code::path_owner), "whom a segment of a path names behind `users`"),
    ("payment_address", Check::Text(Kind::Form, iban::payment_address), "a name and the handle of a payment provider: `sana@upi`"),
    ("phone_maker", Check::Text(Kind::Form, sim::maker), "who makes telephones"),
    ("phone_model", Check::Text(Kind::Form, sim::model), "what a telephone is called, or the code on its label"),
    ("phone", Check::Text(Kind::Form, phone::whole), "a telephone number with its country code, or as written at home"),
    ("products", Check::Text(Kind::Form, person::products), "names of programs with their versions: `okhttp/4.12.0`"),
    ("inline_picture", Check::Text(Kind::Form, code::inline_picture), "a picture whose bytes are in the value"),
    ("picture", Check::Text(Kind::Form, code::picture), "the same, or the address of one"),
    ("place", Check::Text(Kind::Words, territory::place), "the code or name of a place"),
    ("place_name", Check::Text(Kind::Form, address::place_name), "what a place is called, and no state of a thing"),
    ("plus_code", Check::Text(Kind::Form, place::plus_code), "an Open Location Code"),
    ("postal_address", Check::Text(Kind::PostalAddress, address::address), "where somebody lives, in one text"),
    ("postal_code", Check::Text(Kind::Form, territory::postal_code), "three to ten letters and digits, two digits at least"),
    ("reference", Check::Text(Kind::Code, code::reference), "any number that can be quoted: three characters or more with a digit"),
    ("release", Check::Text(Kind::Form, code::release), "what a release of a system is called"),
    ("remark", Check::Text(Kind::Words, person::remark), "what somebody said, and no code for it"),
    ("secret", Check::Text(Kind::Words, code::secret), "anything that is no mere word about a secret"),
    ("sentence", Check::Text(Kind::Form, person::sentence), "more than a word that somebody wrote"),
    ("serial", Check::Text(Kind::Code, code::serial), "five to thirty letters, digits and dashes with two digits at least"),
    ("six_digits", Check::Text(Kind::Form, territory::six_digits), "six digits, the first of them no zero"),
    ("street", Check::Text(Kind::Street, address::street), "what a street is called"),
    ("system_version", Check::Text(Kind::Form, code::system_version), "a version of a system: `13`, `17.1.2`"),
    ("token", Check::Text(Kind::Code, code::token), "eight characters or more without spaces, or a scheme and such a token"),
    ("global_cell", Check::Text(Kind::Form, sim::global_cell), "network, area and number of a cell in one piece"),
    ("tracking_area", Check::Text(Kind::Form, place::tracking_area), "the code of a tracking area where nothing else tells of a cell"),
    ("travel_document", Check::Text(Kind::Form, code::travel_document), "the number of a passport: nine letters and digits at most"),
    ("url_password", Check::Text(Kind::Form, code::secret), "the password in an address: `scheme://user:password@host`"),
    ("user_agent", Check::Text(Kind::Form, person::user_agent), "what a browser says of itself: `Mozilla/5.0 (…)`"),
    ("uuid", Check::Text(Kind::Form, code::uuid), "a UUID that is not all zeros"),
    ("vehicle_number", Check::Text(Kind::Form, vehicle::number), "the identification number of a vehicle, 17 letters and digits (ISO 3779)"),
    ("words", Check::Text(Kind::Words, person::words), "a text with a letter in it"),
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
