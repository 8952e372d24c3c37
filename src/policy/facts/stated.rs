//! What somebody states of a transfer, read so that nothing of it is lost: a restriction that is misspelt would be one
//! that does not hold.

use serde::Deserializer;
use serde_json::Value;

use super::{LegalBasis, Mechanism, Recipient, Transfer};
use crate::source::near;

/// What a transfer may say, and how it says it. Rules may ask for more, so that what is like none of these is somebody's
/// own.
const MEMBERS: [&str; 35] = [
    "anonymised",
    "as_of",
    "cn_exempt",
    "collected_for",
    "collected_in",
    "config",
    "consideration",
    "contract_necessity",
    "counters",
    "destination",
    "direction",
    "exporter",
    "facts_unavailable",
    "first_transfer_at",
    "government_related",
    "important_data",
    "inbound",
    "legal_basis",
    "legal_hold",
    "mechanisms",
    "occasional",
    "origin",
    "origin_subdivision",
    "policy_versions",
    "purpose",
    "purpose_ended",
    "recipient",
    "remote_access_from",
    "service",
    "source_host",
    "subject",
    "subjects",
    "transport",
    "us_exempt",
    "user_agreement",
];
/// What is said of a person, a recipient or an exporter, and where: beside them it would be somebody's own flag that
/// nothing reads.
const ELSEWHERE: [(&str, &str); 13] = [
    ("age", "/subject/age"),
    ("minor", "/subject/minor"),
    ("consents", "/subject/consents"),
    ("opt_outs", "/subject/opt_outs"),
    ("settings", "/subject/settings"),
    ("withdrawn", "/subject/withdrawn"),
    ("verified", "/subject/verified"),
    ("data_subject", "/subject"),
    ("data_subjects", "/subjects"),
    ("covered_person", "/recipient/covered_person"),
    ("own_purpose", "/recipient/own_purpose"),
    ("data_intermediary", "/recipient/data_intermediary"),
    ("ciio", "/exporter/ciio"),
];
/// What is said inside of a member that has nothing but members of its own.
const INSIDE: [(&str, &[&str]); 6] = [
    ("subject", &["age", "minor", "consents", "opt_outs", "settings", "withdrawn", "verified"]),
    ("subjects", &["pointer", "id", "origin", "origin_subdivision", "subject"]),
    ("exporter", &["id", "role", "sector", "ciio", "flags", "location"]),
    (
        "consents",
        &[
            "scope",
            "type",
            "policy_version",
            "purposes",
            "categories",
            "destinations",
            "recipients",
            "given_at",
            "expires_at",
            "withdrawn_at",
            "evidence_ref",
            "notice_ref",
        ],
    ),
    ("withdrawn", &["scope", "at"]),
    (
        "policy_versions",
        &["id", "effective_from", "destinations", "added_purposes", "material", "notice_ref"],
    ),
];
/// Other words for how long a mechanism holds, and for whom.
const OF_MECHANISM: [(&str, &str); 23] = [
    ("expires", "valid_until"),
    ("expires_at", "valid_until"),
    ("expires_on", "valid_until"),
    ("expiry", "valid_until"),
    ("expiry_date", "valid_until"),
    ("expiration", "valid_until"),
    ("expiration_date", "valid_until"),
    ("valid_to", "valid_until"),
    ("valid_till", "valid_until"),
    ("until", "valid_until"),
    ("ends_at", "valid_until"),
    ("end_date", "valid_until"),
    ("not_after", "valid_until"),
    ("from", "valid_from"),
    ("starts_at", "valid_from"),
    ("start_date", "valid_from"),
    ("not_before", "valid_from"),
    ("country", "destinations"),
    ("countries", "destinations"),
    ("importer", "recipients"),
    ("category", "categories"),
    ("data_category", "categories"),
    ("data_categories", "categories"),
];

impl Transfer {
    /// Reads a transfer in the shape of a decision request, in which every member is one that somebody reads.
    ///
    /// # Errors
    ///
    /// The place and the name of a member that nobody reads, or what serde says, which may repeat a value.
    pub(crate) fn read_strictly<'de, D: Deserializer<'de>>(
        json: D,
    ) -> Result<Self, Misread<D::Error>> {
        let (read, unread) = Self::read(json)?;
        if let Some(place) = unread.into_iter().next() {
            let meant = misspelt_inside(&place);
            return Err(Misread::Unknown { place, meant });
        }
        let slip = read.slips().next();
        slip.map_or(Ok(read), |slip| Err(slip.into()))
    }

    /// The facts that a question states, which has members of other kinds `beside` those of a transfer and may have
    /// some for whoever asks: what is inside of a member and nobody reads is kept under its place, and told among
    /// what is [unknown](crate::policy::RuleSet::unknown).
    ///
    /// # Errors
    ///
    /// As [`Self::read_strictly`], where a member was most likely meant to be one that is read.
    pub(crate) fn read_beside<'de, D: Deserializer<'de>>(
        json: D,
        beside: &[&str],
    ) -> Result<Self, Misread<D::Error>> {
        let (mut read, unread) = Self::read(json)?;
        for place in unread {
            if let Some(meant) = misspelt_inside(&place) {
                return Err(Misread::Unknown { place, meant: Some(meant) });
            }
            read.other.insert(place, Value::Null);
        }
        for name in beside {
            read.other.remove(*name);
        }
        // A number beside the transfer may count something of whoever asks.
        let is_number = |slip: &Slip| match slip {
            Slip::Misspelt(..) => false,
            Slip::NoFlag(place) => place
                .strip_prefix('/')
                .is_some_and(|name| read.other.get(name).is_some_and(Value::is_number)),
        };
        let slip = read.slips().find(|slip| !is_number(slip));
        slip.map_or(Ok(read), |slip| Err(slip.into()))
    }

    /// A transfer, and the places inside of its members that nobody reads, as JSON Pointers.
    fn read<'de, D: Deserializer<'de>>(json: D) -> Result<(Self, Vec<String>), Misread<D::Error>> {
        let mut unread = Vec::new();
        let read = serde_ignored::deserialize(json, |path| unread.push(pointer(&path)));
        Ok((read.map_err(Misread::Malformed)?, unread))
    }

    /// The members that would be somebody's own, and were most likely meant to be some that are read.
    fn slips(&self) -> impl Iterator<Item = Slip> {
        let beside = self.other.iter().filter(|(name, _)| !MEMBERS.contains(&name.as_str()));
        let of_transfer = beside.filter_map(|(name, value)| {
            let place = || format!("/{name}");
            let meant = one_of(name, &ELSEWHERE).or_else(|| misspelt(name, &MEMBERS));
            let meant = meant.or_else(|| misspelt_elsewhere(name));
            match meant {
                Some(meant) => Some(Slip::Misspelt(place(), meant)),
                None => is_like_a_flag(value).then(|| Slip::NoFlag(place())),
            }
        });
        let of_recipient = self.recipient.other.keys().filter_map(|name| {
            let meant = misspelt(name, &Recipient::MEMBERS)?;
            Some(Slip::Misspelt(format!("/recipient/{name}"), meant))
        });
        let of_basis = self.legal_basis.iter().flat_map(|basis| basis.other.keys());
        let of_basis = of_basis.filter_map(|name| {
            let meant = misspelt(name, &LegalBasis::MEMBERS)?;
            Some(Slip::Misspelt(format!("/legal_basis/{name}"), meant))
        });
        let of_mechanisms =
            self.mechanisms.iter().zip(0usize..).filter_map(|(mechanism, number)| {
                let (name, meant) = mechanism.misspelt()?;
                Some(Slip::Misspelt(format!("/mechanisms/{number}/{name}"), meant))
            });
        of_transfer.chain(of_recipient).chain(of_basis).chain(of_mechanisms)
    }
}

impl Recipient {
    /// What a recipient says and somebody reads.
    const MEMBERS: [&str; 7] = [
        "class",
        "id",
        "kind",
        "covered_person",
        "data_intermediary",
        "own_purpose",
        "governing_policy",
    ];
}

impl LegalBasis {
    const MEMBERS: [&str; 4] = ["type", "ref", "authority_country", "scope_categories"];
}

impl Mechanism {
    /// The members of every mechanism, which are judged by themselves.
    pub(in crate::policy) const MEMBERS: [&str; 7] =
        ["type", "id", "valid_from", "valid_until", "destinations", "recipients", "categories"];

    /// A member that its type may have added, and that was most likely meant to narrow it: where nothing reads it, it
    /// would widen it. With the one it was meant to be.
    pub fn misspelt(&self) -> Option<(&str, &'static str)> {
        self.other.keys().find_map(|name| {
            let meant = one_of(name, &OF_MECHANISM).or_else(|| misspelt(name, &Self::MEMBERS))?;
            Some((name.as_str(), meant))
        })
    }
}

enum Slip {
    Misspelt(String, &'static str),
    NoFlag(String),
}

impl<E> From<Slip> for Misread<E> {
    fn from(slip: Slip) -> Self {
        match slip {
            Slip::Misspelt(place, meant) => Self::Unknown { place, meant: Some(meant) },
            Slip::NoFlag(place) => Self::NoFlag { place },
        }
    }
}

/// The letters and digits of a name, which are the same however its words are joined.
fn plain(name: &str) -> String {
    let joined = name.chars().filter(|c| c.is_alphanumeric());
    joined.flat_map(char::to_lowercase).collect()
}

fn one_of(name: &str, words: &[(&str, &'static str)]) -> Option<&'static str> {
    let name = plain(name);
    let name = name.strip_prefix("is").unwrap_or(&name);
    words.iter().find(|(word, _)| plain(word) == name).map(|(_, meant)| *meant)
}

/// The member that a name was meant to be: the same one written otherwise, or a long one with a slip in it. A short
/// name is a slip away from too many others.
fn misspelt(name: &str, members: &[&'static str]) -> Option<&'static str> {
    const LETTERS_MIN: usize = 6;
    let name = plain(name);
    let same = members.iter().find(|member| plain(member) == name);
    let long: Vec<&str> =
        members.iter().copied().filter(|member| member.len() >= LETTERS_MIN).collect();
    let plainly: Vec<String> = long.iter().map(|member| plain(member)).collect();
    let nearly = || {
        let candidates: Vec<&str> = plainly.iter().map(String::as_str).collect();
        let found = near(&name, &candidates)?;
        let at = candidates.iter().position(|candidate| *candidate == found)?;
        let found = long.get(at)?;
        members.iter().find(|member| *member == found)
    };
    same.or_else(nearly).copied()
}

/// The same of a place that a member with nothing but members of its own does not have.
fn misspelt_inside(place: &str) -> Option<&'static str> {
    let (above, name) = place.rsplit_once('/')?;
    let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let holder = above.split('/').rfind(|part| !is_number(part))?;
    let (_, members) = INSIDE.iter().find(|(known, _)| *known == holder)?;
    // A short name is a slip away from many; its first letter is seldom the slip.
    let begins_alike = |meant: &&str| meant.as_bytes().first() == name.as_bytes().first();
    misspelt(name, members).or_else(|| near(name, members).filter(begins_alike))
}

fn misspelt_elsewhere(name: &str) -> Option<&'static str> {
    misspelt(name, &ELSEWHERE.map(|(word, _)| word)).and_then(|meant| one_of(meant, &ELSEWHERE))
}

/// Whether it says what `true` or `false` says, in what no rule takes for it.
fn is_like_a_flag(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            let words = ["true", "false", "yes", "no", "on", "off", "1", "0"];
            words.iter().any(|word| text.trim().eq_ignore_ascii_case(word))
        }
        Value::Number(number) => number.as_f64().is_some_and(|it| it == 0.0 || it == 1.0),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// Why it could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Misread<E> {
    #[error("{0}")]
    Malformed(E),
    #[error("nothing reads `{place}`{}", if_meant(*meant))]
    Unknown {
        /// As a JSON Pointer.
        place: String,
        /// What it may have been meant to be.
        meant: Option<&'static str>,
    },
    #[error("`{place}` says neither `true` nor `false`, in JSON without quotes")]
    NoFlag { place: String },
}

fn if_meant(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn pointer(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}/{index}", pointer(parent)),
        Path::Map { parent, key } => format!("{}/{key}", pointer(parent)),
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => pointer(parent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Transfer, String> {
        let mut json = serde_json::Deserializer::from_str(text);
        Transfer::read_strictly(&mut json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_member_that_nobody_reads_is_named() {
        for (text, expected) in [
            (
                r#"{"subject": {"opt_out": ["push"]}}"#,
                "nothing reads `/subject/opt_out`; did you mean `opt_outs`?",
            ),
            (
                r#"{"subject": {"consnts": []}}"#,
                "nothing reads `/subject/consnts`; did you mean `consents`?",
            ),
            (r#"{"subject": {"ages": 3}}"#, "nothing reads `/subject/ages`; did you mean `age`?"),
            (r#"{"subject": {"weather": 3}}"#, "nothing reads `/subject/weather`"),
            (r#"{"subject": {"withdrawals": []}}"#, "nothing reads `/subject/withdrawals`"),
            (
                r#"{"subjects": [{"id": "1"}, {"subject": {"consents": [{"scope": "s", "type": "explicit", "purpose": ["x"]}]}}]}"#,
                "nothing reads `/subjects/1/subject/consents/0/purpose`; did you mean `purposes`?",
            ),
            (
                r#"{"exporter": {"secter": "x"}}"#,
                "nothing reads `/exporter/secter`; did you mean `sector`?",
            ),
            (
                r#"{"remote_acess_from": ["CN"]}"#,
                "nothing reads `/remote_acess_from`; did you mean `remote_access_from`?",
            ),
            (r#"{"subjct": {}}"#, "nothing reads `/subjct`; did you mean `subject`?"),
            (r#"{"minor": true}"#, "nothing reads `/minor`; did you mean `/subject/minor`?"),
            (
                r#"{"withdrawn": [{"scope": "all"}]}"#,
                "nothing reads `/withdrawn`; did you mean `/subject/withdrawn`?",
            ),
            (
                r#"{"opt_out": ["x"]}"#,
                "nothing reads `/opt_out`; did you mean `/subject/opt_outs`?",
            ),
            (r#"{"SUBJECT": {}}"#, "nothing reads `/SUBJECT`; did you mean `subject`?"),
            (
                r#"{"data_subjects": []}"#,
                "nothing reads `/data_subjects`; did you mean `/subjects`?",
            ),
            (r#"{"is_minor": true}"#, "nothing reads `/is_minor`; did you mean `/subject/minor`?"),
            (
                r#"{"covered_person": true}"#,
                "nothing reads `/covered_person`; did you mean `/recipient/covered_person`?",
            ),
            (
                r#"{"recipient": {"covered_persn": true}}"#,
                "nothing reads `/recipient/covered_persn`; did you mean `covered_person`?",
            ),
            (
                r#"{"legal_basis": {"scope_category": ["x"]}}"#,
                "nothing reads `/legal_basis/scope_category`; did you mean `scope_categories`?",
            ),
            (
                r#"{"mechanisms": [{"type": "a", "id": "1"}, {"type": "a", "id": "2", "expires_at": "2020-01-01"}]}"#,
                "nothing reads `/mechanisms/1/expires_at`; did you mean `valid_until`?",
            ),
            (
                r#"{"mechanisms": [{"type": "a", "id": "1", "validTo": "2020-01-01"}]}"#,
                "nothing reads `/mechanisms/0/validTo`; did you mean `valid_until`?",
            ),
            (
                r#"{"mechanisms": [{"type": "a", "id": "1", "destination": ["US"]}]}"#,
                "nothing reads `/mechanisms/0/destination`; did you mean `destinations`?",
            ),
            (
                r#"{"mechanisms": [{"type": "a", "id": "1", "recipient": ["x"]}]}"#,
                "nothing reads `/mechanisms/0/recipient`; did you mean `recipients`?",
            ),
            (
                r#"{"gpc": "true"}"#,
                "`/gpc` says neither `true` nor `false`, in JSON without quotes",
            ),
            (r#"{"gpc": 1}"#, "`/gpc` says neither `true` nor `false`, in JSON without quotes"),
        ] {
            assert_eq!(read(text).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn what_rules_may_ask_for_is_anybody_s_to_state() {
        for text in [
            "{}",
            r#"{"our_own_flag": true, "service": "shop"}"#,
            r#"{"mechanisms": [{"type": "eu_scc", "id": "1", "supplementary_measures": true}]}"#,
            r#"{"recipient": {"class": "affiliate", "shift": "night"}}"#,
            r#"{"counters": {"us_bulk": {"health": 3}}, "cn_exempt": {"ground": "hr"}}"#,
            r#"{"mechanisms": [{"type": "t", "id": "1", "filed_at": "2026-01-01", "status": "active", "module": 1,
                "notified_at": "2026-01-01", "signed_at": "2026-01-01", "confidentiality": true, "banned": false,
                "no_objection_after": "2026-01-01", "review_due": "2026-01-01", "checked_at": "2026-01-01"}]}"#,
            r#"{"gpc": true, "stage": "test", "page": "x", "region": 7, "court_order": "4711"}"#,
            r#"{"subject": {"consents": null, "settings": {"push": true}}, "origin": null}"#,
        ] {
            assert!(read(text).is_ok(), "{text}: {:?}", read(text));
        }
    }

    #[test]
    fn all_members_are_known() {
        let default = serde_json::to_value(Transfer::default()).unwrap();
        for name in default.as_object().unwrap().keys() {
            assert!(MEMBERS.contains(&name.as_str()), "{name}");
        }
    }
}
