//! Records as services exchange them: a customer, an order, a phone that is activated.

use super::{
    body::{Flat, field, filler},
    kind::{Kind, Style},
    national::national_id,
    person::Person,
    random::Random,
};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Record {
    Customer,
    Order,
    Activation,
    Identity,
    Visit,
    Payment,
    Forum,
    Position,
}

impl Record {
    pub(crate) const ALL: [Self; 8] = [
        Self::Customer,
        Self::Order,
        Self::Activation,
        Self::Identity,
        Self::Visit,
        Self::Payment,
        Self::Forum,
        Self::Position,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Order => "order",
            Self::Activation => "activation",
            Self::Identity => "identity",
            Self::Visit => "visit",
            Self::Payment => "payment",
            Self::Forum => "forum",
            Self::Position => "position",
        }
    }

    pub(crate) fn of(self, person: &Person, style: Style, random: &mut Random) -> Flat {
        let name = |name: &str| style.write(name);
        let mut made =
            |key: &str, tag: &str| field(style.write(key), tag, (Kind::of(tag).make)(random));
        match self {
            Self::Customer => vec![
                filler(&name("status"), "active"),
                field(name("first_name"), "first_name", &person.first),
                field(name("last_name"), "last_name", &person.last),
                field(name("email"), "email", &person.email),
                field(name("mobile_no"), "phone", &person.phone),
                field(name("date_of_birth"), "date_of_birth", person.birthday()),
                field(name("gender"), "gender", if person.female { "female" } else { "male" }),
                made("user_id", "account_id"),
                filler(&name("tier"), "gold"),
            ],
            Self::Order => vec![
                made("order_no", "order_number"),
                filler(&name("currency"), "PKR"),
                filler(&name("total"), "45999.00"),
                field(name("receiver_name"), "name", &person.native_name),
                field(name("receiver_phone"), "phone", &person.phone_national),
                field(name("delivery_address"), "address", person.address()),
                field(name("city"), "city", &person.city),
                field(name("postal_code"), "postal_code", &person.postal_code),
                field(name("country"), "country", person.country),
                filler(&name("quantity"), "2"),
            ],
            Self::Activation => vec![
                made("imei", "imei"),
                made("imsi", "imsi"),
                made("iccid", "iccid"),
                made("mac_address", "mac"),
                made("android_id", "device_id"),
                made("device_model", "device_model"),
                field(name("phone_number"), "phone", &person.phone),
                made("mcc", "mcc"),
                made("lac", "lac"),
                made("cell_id", "cell_id"),
                filler(&name("result"), "retry"),
            ],
            Self::Identity => {
                let tag = identity_of(person.country);
                let key = Kind::of(tag).names[0];
                vec![
                    filler(&name("check"), "pending"),
                    field(name("full_name"), "name", person.name()),
                    field(name("birthday"), "date_of_birth", person.birthday()),
                    field(name(key), tag, national_id(tag, random)),
                    field(name("passport_no"), "passport", random.fill("AB%######")),
                    filler(&name("attempt"), "1"),
                ]
            }
            Self::Visit => vec![
                made("client_ip", "ip_address"),
                made("user_agent", "user_agent"),
                made("session_id", "cookie_id"),
                made("gaid", "advertising_id"),
                made("locale", "language"),
                filler(&name("duration_ms"), "1834"),
                filler(&name("page"), "home"),
            ],
            Self::Payment => vec![
                made("card_number", "card"),
                made("cvv", "card_security_code"),
                field(name("customer_name"), "name", person.name()),
                made("iban", "iban"),
                field(name("billing_address"), "address", person.address()),
                filler(&name("amount"), "1299.50"),
                filler(&name("currency"), "EUR"),
            ],
            Self::Forum => vec![
                made("nickname", "username"),
                field(name("email"), "email", &person.email),
                made("feedback_text", "feedback_text"),
                filler(&name("topic"), "camera"),
                filler(&name("votes"), "17"),
            ],
            Self::Position => vec![
                made("device_id", "device_id"),
                field(name("latitude"), "precise_location", random.fill("2%.8607%")),
                field(name("longitude"), "precise_location", random.fill("6%.0011%")),
                filler(&name("provider_state"), "on"),
                filler(&name("satellites"), "9"),
            ],
        }
    }
}

fn identity_of(country: &str) -> &'static str {
    match country {
        "PK" => "pk_cnic",
        "IN" => "in_aadhaar",
        "CN" => "cn_ric",
        "SG" => "sg_nric",
        "US" => "us_ssn",
        "DE" => "de_idnr",
        "GB" => "gb_nino",
        "FR" => "fr_nir",
        "JP" => "jp_mynumber",
        "KR" => "kr_rrn",
        "BR" => "br_cpf",
        "TR" => "tr_tckn",
        "SA" => "sa_id",
        "RU" => "ru_snils",
        "ID" => "id_nik",
        "VN" => "vn_cccd",
        "TH" => "th_pin",
        _ => "ae_eid",
    }
}
