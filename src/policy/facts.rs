//! What a rule may ask beside the payload: the transfer and everything on file about it.
//!
//! The JSON shape is the context of `rules/README.md`, "Trying a rule". Every element may be absent: a transfer is put
//! together from several sources, of which the earlier one wins ([`Transfer::fill_from`]), and a rule
//! that needs what is absent finds its condition unmet.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::{Region, ShortStr};

mod exporter;
mod fill;
mod stated;

pub(super) use exporter::exporter_word;
pub use exporter::{Exporter, ExporterRole};
pub use stated::Misread;

/// An instant. A date without time is 00:00 UTC.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Timestamp(#[schemars(with = "String")] pub jiff::Timestamp);

impl std::str::FromStr for Timestamp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Self(instant));
        }
        text.parse::<jiff::civil::Date>()
            .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC))
            .map(|zoned| Self(zoned.timestamp()))
            .map_err(|_| {
                format!(
                    "`{text}` is not an RFC 3339 timestamp or date such as `2026-11-23T09:00:00Z`"
                )
            })
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Timestamp {
    /// Without fractions of a second, for a person to read.
    pub(crate) fn to_the_second(self) -> Self {
        Self(jiff::Timestamp::from_second(self.0.as_second()).unwrap_or(self.0))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Data of one or more people on its way from one jurisdiction to another.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Transfer {
    pub as_of: Option<Timestamp>,
    /// Whose data it is: the jurisdiction of the data subject.
    #[serde(deserialize_with = "origin")]
    pub origin: Option<Region>,
    /// ISO 3166-2, such as `US-TX`.
    #[serde(deserialize_with = "subdivision")]
    pub origin_subdivision: Option<String>,
    pub collected_in: Option<Region>,
    pub destination: Option<Region>,
    /// Countries whose staff can read the data at the destination; a remote read is a transfer.
    #[serde(deserialize_with = "or_default")]
    pub remote_access_from: Vec<Region>,
    #[serde(deserialize_with = "or_default")]
    pub exporter: Exporter,
    #[serde(deserialize_with = "or_default")]
    pub recipient: Recipient,
    pub purpose: Option<ShortStr>,
    /// What is on file of whoever `subjects` does not name.
    #[serde(deserialize_with = "or_default")]
    pub subject: Subject,
    /// People of the payload who have origins or facts of their own.
    #[serde(deserialize_with = "or_default")]
    pub subjects: Vec<NamedSubject>,
    #[serde(deserialize_with = "or_default")]
    pub mechanisms: Vec<Mechanism>,
    /// Distinct-subject counts, this request's subjects included, nested groups joined by a dot:
    /// `us_bulk.identifiers`.
    #[serde(deserialize_with = "counters")]
    pub counters: BTreeMap<ShortStr, u64>,
    pub legal_basis: Option<LegalBasis>,
    #[serde(deserialize_with = "or_default")]
    pub policy_versions: Vec<PolicyVersion>,
    pub user_agreement: Option<UserAgreement>,
    pub transport: Option<Transport>,
    pub source_host: Option<String>,
    pub purpose_ended: Option<bool>,
    pub legal_hold: Option<bool>,
    /// The service that collected the data, where a rule confines reuse to it (MI-27).
    pub collected_for: Option<String>,
    /// Data that comes back to us rather than leaving (MI-57, MI-85).
    pub inbound: Option<bool>,
    /// Whether the data leaves or comes back, in a word; as [`Self::inbound`].
    pub direction: Option<Direction>,
    /// Something of value is given for the data.
    pub consideration: Option<bool>,
    pub contract_necessity: Option<bool>,
    pub occasional: Option<bool>,
    pub anonymised: Option<bool>,
    pub important_data: Option<bool>,
    pub government_related: Option<bool>,
    pub first_transfer_at: Option<Timestamp>,
    /// Nobody could say what is on file.
    pub facts_unavailable: Option<bool>,
    #[serde(deserialize_with = "exempt")]
    pub cn_exempt: Option<CnExempt>,
    #[serde(deserialize_with = "exempt")]
    pub us_exempt: Option<UsExempt>,
    /// Lists that regulators fill later, such as `IN.restricted_destinations`; nested groups are joined
    /// by a dot.
    #[serde(deserialize_with = "lists")]
    pub config: BTreeMap<String, Vec<String>>,
    /// Anything else a caller sent. Rules may name it as a flag.
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

/// Who receives.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, expecting = "a recipient: an object with `class`, `id`, `kind`")]
pub struct Recipient {
    /// A class that the vocabulary knows, such as `first_party_facility`.
    #[schemars(with = "Option<String>")]
    pub class: Option<ShortStr>,
    #[schemars(with = "Option<String>")]
    pub id: Option<ShortStr>,
    /// For a service provider: `delivery`, `analytics` …
    pub kind: Option<String>,
    /// 28 CFR 202.211.
    pub covered_person: Option<bool>,
    pub data_intermediary: Option<bool>,
    pub own_purpose: Option<bool>,
    pub governing_policy: Option<String>,
    #[serde(flatten)]
    #[schemars(skip)]
    pub other: BTreeMap<String, serde_json::Value>,
}

/// Whose data it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(
    default,
    expecting = "a subject: an object with `age`, `consents`, `opt_outs`, `settings`, `withdrawn`"
)]
pub struct Subject {
    #[serde(deserialize_with = "age")]
    pub age: Option<u32>,
    pub minor: Option<bool>,
    #[serde(deserialize_with = "or_default")]
    pub consents: Vec<Consent>,
    #[serde(deserialize_with = "or_default")]
    pub opt_outs: BTreeSet<ShortStr>,
    /// Device and account toggles: `location_access`, `permission.sms`.
    #[serde(deserialize_with = "or_default")]
    pub settings: BTreeMap<ShortStr, bool>,
    #[serde(deserialize_with = "or_default")]
    pub withdrawn: Vec<Withdrawal>,
    pub verified: Option<bool>,
}

/// One person of a payload that carries several: which record is theirs, and what is on file of them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, expecting = "a person: an object with `pointer` or `id`, and `origin`")]
pub struct NamedSubject {
    /// The record, as a JSON Pointer (RFC 6901): `/orders/0/recipient`.
    pub pointer: Option<String>,
    /// A value inside the record, such as an account number, where its place is not known.
    pub id: Option<String>,
    /// Absent: as the transfer says. Said to be `null`, it is known that nobody knows.
    #[serde(deserialize_with = "own_origin", skip_serializing_if = "Option::is_none")]
    pub origin: Option<Region>,
    /// ISO 3166-2, such as `US-TX`.
    #[serde(deserialize_with = "subdivision")]
    pub origin_subdivision: Option<String>,
    /// Absent: as the transfer says of its `subject`.
    pub subject: Option<Subject>,
}

/// A consent on file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(expecting = "a consent: an object with `scope` and `type`")]
pub struct Consent {
    pub scope: ShortStr,
    #[serde(rename = "type")]
    pub kind: ConsentType,
    #[serde(default)]
    pub policy_version: Option<ShortStr>,
    #[serde(default, deserialize_with = "or_default")]
    pub purposes: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub categories: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub destinations: Vec<Region>,
    #[serde(default, deserialize_with = "or_default")]
    pub recipients: Vec<String>,
    #[serde(default)]
    pub given_at: Option<Timestamp>,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// Taken back, where the record says so itself; see also [`Subject::withdrawn`].
    #[serde(default, alias = "revoked_at", skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Timestamp>,
    #[serde(default)]
    pub evidence_ref: Option<String>,
    #[serde(default)]
    pub notice_ref: Option<String>,
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ConsentType {
    Explicit,
    SeparateExplicit,
    NoObjection,
    DeemedByUse,
    Guardian,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(expecting = "a withdrawal: an object with `scope` and `at`")]
pub struct Withdrawal {
    /// `all`, `purpose:x`, `category:x` or `recipient:x`.
    pub scope: String,
    #[serde(default)]
    pub at: Option<Timestamp>,
}

/// A legal instrument on file. What a type adds (`supplementary_measures`, `notified_at`) is in
/// `other`, where a rule's condition names it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, expecting = "a mechanism: an object with `type` and `id`")]
pub struct Mechanism {
    #[serde(rename = "type")]
    pub kind: ShortStr,
    pub id: ShortStr,
    pub valid_from: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
    /// Empty means unscoped, here and below.
    #[serde(deserialize_with = "or_default")]
    pub destinations: Vec<Region>,
    #[serde(deserialize_with = "or_default")]
    pub recipients: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub categories: Vec<String>,
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, expecting = "a legal basis: an object with `type` and `ref`")]
pub struct LegalBasis {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    pub authority_country: Option<Region>,
    #[serde(deserialize_with = "or_default")]
    pub scope_categories: Vec<String>,
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

/// A version of the privacy policy and what it changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(expecting = "a policy version: an object with `id` and `effective_from`")]
pub struct PolicyVersion {
    pub id: ShortStr,
    #[serde(default)]
    pub effective_from: Option<Timestamp>,
    /// `null` or absent: as in the version before.
    #[serde(default)]
    pub destinations: Option<Vec<Region>>,
    #[serde(default, deserialize_with = "or_default")]
    pub added_purposes: BTreeMap<String, Vec<String>>,
    #[serde(default, deserialize_with = "or_default")]
    pub material: bool,
    #[serde(default)]
    pub notice_ref: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, expecting = "an agreement: an object with `accepted` and what it says")]
pub struct UserAgreement {
    pub id: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub accepted: bool,
    pub accepted_at: Option<Timestamp>,
    #[serde(deserialize_with = "or_default")]
    pub forbidden_destinations: Vec<Region>,
    #[serde(deserialize_with = "or_default")]
    pub permits: Vec<Permit>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "a permit: an object with `purpose` and `categories`")]
pub struct Permit {
    pub purpose: String,
    #[serde(default, deserialize_with = "or_default")]
    pub categories: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    #[serde(alias = "https", alias = "mtls")]
    Tls,
    #[serde(alias = "http", alias = "none")]
    Plaintext,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Inbound,
    Outbound,
}

/// Order 16 of the CAC, art. 3 to 6: a ground on which a transfer is exempt and not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CnExempt {
    pub ground: String,
}

/// 28 CFR 202.501 to 202.511.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsExempt {
    pub ground: String,
}

impl From<String> for CnExempt {
    fn from(ground: String) -> Self {
        Self { ground }
    }
}

impl From<String> for UsExempt {
    fn from(ground: String) -> Self {
        Self { ground }
    }
}

impl Transfer {
    /// Which service sends, where a rule asks that it be the one the data was collected for (MI-27).
    pub(super) const SERVICE: &str = "service";

    /// Of data of which it is known that nobody knows. Reserved for users by ISO 3166-1, and used for
    /// this by the Unicode locale data.
    pub(crate) const UNKNOWN_ORIGIN: Region = Region::new(*b"ZZ");
}

/// `null` means what absence means.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// `unknown` and the empty text say that nobody knows, and a part of a country with a law of its own, such as
/// `AE-DIFC`, is none that rules are shipped for: the origin is then not looked for elsewhere, and no law
/// answers to it (JR-00-06).
fn origin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Region>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    match text.trim() {
        "" => Ok(Some(Transfer::UNKNOWN_ORIGIN)),
        text if text.eq_ignore_ascii_case("unknown") => Ok(Some(Transfer::UNKNOWN_ORIGIN)),
        text if is_profile(text) => Ok(Some(Transfer::UNKNOWN_ORIGIN)),
        text => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}

/// The origin of somebody who is named apart: whoever says `null` of them does not say that the one stated for the
/// rest is theirs as well (JR-00-06).
fn own_origin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Region>, D::Error> {
    origin(deserializer).map(|stated| stated.or(Some(Transfer::UNKNOWN_ORIGIN)))
}

/// A country, a hyphen, and what of it is meant.
fn is_profile(text: &str) -> bool {
    text.split_once('-').is_some_and(|(country, part)| {
        let is_country = country.parse().is_ok_and(Region::is_assigned);
        is_country && !part.is_empty() && part.bytes().all(|it| it.is_ascii_alphanumeric())
    })
}

/// In capitals, as rules have it.
fn subdivision<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let code = Option::<String>::deserialize(deserializer)?;
    Ok(code.map(|code| code.trim().to_ascii_uppercase()))
}

/// Whole years.
fn age<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "an age is a whole number of years from 0 on")]
    enum Given {
        Years(u32),
    }
    Ok(Option::<Given>::deserialize(deserializer)?.map(|Given::Years(years)| years))
}

/// `{"ground": "hr"}`; a ground of `null` is none. What is not said in this shape exempts nothing.
fn exempt<'de, D: Deserializer<'de>, T: From<String>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "not an object with `ground`, as an exemption is")]
    enum Given {
        Exempt {
            #[serde(default)]
            ground: Option<String>,
        },
    }
    let given = Option::<Given>::deserialize(deserializer)?;
    Ok(given.and_then(|Given::Exempt { ground }| ground).map(T::from))
}

fn counters<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<ShortStr, u64>, D::Error> {
    let joined: BTreeMap<String, u64> = dotted(deserializer)?;
    Ok(joined.into_iter().map(|(name, count)| (name.into(), count)).collect())
}

fn lists<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Vec<String>>, D::Error> {
    dotted(deserializer)
}

/// `{"a": {"b": 1}}` as `{"a.b": 1}`.
fn dotted<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "not by name: a count is a whole number from 0 on, a list is of texts"
    )]
    enum Given<T> {
        One(T),
        Group(BTreeMap<String, T>),
    }
    let given =
        Option::<BTreeMap<String, Given<T>>>::deserialize(deserializer)?.unwrap_or_default();
    let mut joined = BTreeMap::new();
    for (name, given) in given {
        match given {
            Given::One(value) => {
                joined.insert(name, value);
            }
            Given::Group(group) => {
                joined
                    .extend(group.into_iter().map(|(key, value)| (format!("{name}.{key}"), value)));
            }
        }
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_beside_the_terms_are_understood() {
        let read = |text: &str| serde_json::from_str::<Transfer>(text);
        for text in [r#"{"origin": "unknown"}"#, r#"{"origin": ""}"#, r#"{"origin": "ZZ"}"#] {
            assert_eq!(read(text).unwrap().origin, Some(Region::new(*b"ZZ")), "{text}");
        }
        assert_eq!(read(r#"{"origin": null}"#).unwrap().origin, None);
        let texan = read(r#"{"origin_subdivision": "us-tx"}"#).unwrap();
        assert_eq!(texan.origin_subdivision.as_deref(), Some("US-TX"));
        for text in [r#"{"origin": "AE-DIFC"}"#, r#"{"origin": "ae-adgm"}"#] {
            assert_eq!(read(text).unwrap().origin, Some(Transfer::UNKNOWN_ORIGIN), "{text}");
        }
        for text in ["Freedonia", "AE-", "QQ-DIFC", "AE-DIFC-1", "-DIFC"] {
            assert!(read(&format!(r#"{{"origin": "{text}"}}"#)).is_err(), "{text}");
        }
        for (text, transport) in [
            ("https", Transport::Tls),
            ("http", Transport::Plaintext),
            ("none", Transport::Plaintext),
        ] {
            let transfer = read(&format!(r#"{{"transport": "{text}"}}"#)).unwrap();
            assert_eq!(transfer.transport, Some(transport), "{text}");
        }
        for (text, ground) in [
            (r#"{"cn_exempt": {"ground": "hr"}}"#, Some("hr")),
            (r#"{"cn_exempt": {}}"#, None),
            (r#"{"cn_exempt": {"ground": null}}"#, None),
            (r#"{"cn_exempt": null}"#, None),
        ] {
            let exempt = read(text).unwrap().cn_exempt;
            assert_eq!(exempt.map(|exempt| exempt.ground).as_deref(), ground, "{text}");
        }
    }

    #[test]
    fn an_exemption_says_its_ground_by_name() {
        for text in [r#""hr""#, r#"["hr"]"#, "true", r#"{"ground": ["hr"]}"#] {
            for name in ["cn_exempt", "us_exempt"] {
                let stated = format!(r#"{{"{name}": {text}}}"#);
                assert!(serde_json::from_str::<Transfer>(&stated).is_err(), "{stated}");
            }
        }
    }

    #[test]
    fn of_somebody_named_apart_null_is_no_origin_of_others() {
        let named = |text: &str| serde_json::from_str::<NamedSubject>(text).unwrap();
        assert_eq!(named(r#"{"id": "a", "origin": null}"#).origin, Some(Transfer::UNKNOWN_ORIGIN));
        let absent = named(r#"{"id": "a"}"#);
        assert_eq!(absent.origin, None);
        // Written and read again it is the same.
        let written = serde_json::to_string(&absent).unwrap();
        assert_eq!(named(&written), absent);
    }

    #[test]
    fn a_date_is_midnight_utc() {
        assert_eq!(
            "2026-02-01".parse::<Timestamp>().unwrap(),
            "2026-02-01T00:00:00Z".parse::<Timestamp>().unwrap()
        );
        assert!("yesterday".parse::<Timestamp>().is_err());
    }
}
