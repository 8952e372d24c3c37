//! The rule files as operators write them: serde mirrors, no logic.
//!
//! A rule says when it applies (`when`), what makes the transfer lawful (`require`) and what happens
//! when that is missing (`effect`). Conditions are trees of typed predicates, never expressions, so
//! that they can be read by a compliance officer and analysed by the compiler.

mod condition;
mod register;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    Counted, Layer, Timestamp,
    words::{Names, Period},
};
use crate::{
    domain::{Alphabet, BrokenSignature, Checksum, Effect, Metadata, Otherwise, ReplacementKind},
    source::At,
};
pub use condition::{
    AgreementTest, CollectedForTest, Condition, ConsentOnFileTest, ConsentTest, CounterTest,
    ExporterTest, FirstTransferTest, InListTest, LegalBasisTest, Linked, ListValue, MechanismTest,
    PolicyTest, RecipientTest, SettingTest, SourceHostTest, UnknownVolume, VolumeCount, VolumeTest,
};
pub use register::{
    Carrier, DatedMember, Entry, Group, ListEntry, MorePurposesFile, PermitSource, Purpose,
    PurposesFile, RegisterFile, RegistryVersion, Signatures, Variation, Zone, ZonesFile,
};

/// A file of `law/`, `policy/` or `organisation/`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    pub layer: Layer,
    /// What the file is about: `Pakistan`, `Privacy policy, direct marketing`.
    pub title: String,
    /// Whose defaults these are and who has to review them.
    #[serde(default)]
    pub review: Option<String>,
    /// Regions or zones every rule of the file is about, unless it names an origin itself.
    #[serde(default)]
    pub origin: Option<Names>,
    /// Whose data a law is about: of people there, and (unless it says otherwise) of anybody whose data
    /// is exported from there.
    #[serde(default)]
    pub reach: Reach,
    /// Below this age the law asks a guardian rather than the child; years.
    #[serde(default)]
    pub child_age: Option<u32>,
    /// The ages of those members of a zone where it is another.
    #[serde(default)]
    pub child_ages: Vec<ChildAge>,
    /// What this law calls sensitive; a rule of the file says `data: sensitive` for it.
    #[serde(default)]
    pub sensitive: Option<Names>,
    /// Conditions that several rules of the file share; a rule says `meets: name` for one. One may use
    /// those above it.
    #[serde(default)]
    pub definitions: Vec<Definition>,
    /// Whom the thresholds of this law count.
    #[serde(default)]
    pub counts: Vec<Count>,
    #[serde(default)]
    pub rules: Vec<Rule>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    #[default]
    PeopleAndExporters,
    People,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChildAge {
    pub age: u32,
    pub regions: Names,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    pub name: At<String>,
    pub title: String,
    pub condition: Condition,
}

/// A count of distinct people or devices that thresholds of the file look at.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// A counter of the registers.
    pub counter: At<String>,
    pub of: Counted,
    pub window: CountWindow,
    #[serde(default)]
    pub per: CountPer,
    /// Which transfers count: like the `when` of a rule, across a border unless `domestic`.
    #[serde(default)]
    pub when: Option<Condition>,
    #[serde(default)]
    pub unless: Option<Condition>,
    #[serde(default)]
    pub domestic: bool,
}

/// Exactly one of the two.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CountWindow {
    /// Since 1 January in the time zone with this offset from UTC: `+08:00`.
    #[serde(default)]
    pub calendar_year: Option<At<String>>,
    /// Over this long before the transfer: `12m`.
    #[serde(default)]
    pub last: Option<Period>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactsUnavailable {
    /// The worst it could: nothing is agreed to, everything is withdrawn, every count is over.
    #[default]
    Worst,
    /// What the request states is all there is.
    Stated,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountPer {
    /// Over all recipients of an exporter.
    #[default]
    Exporter,
    /// For each recipient of an exporter.
    Recipient,
}

/// One statement of law, agreement, policy or organisation.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `JR-EU-03`, `MI-42`: what records and replies cite. Parts of one provision share it.
    pub id: At<String>,
    /// Tells the parts of one provision apart: `until-2026-11`.
    #[serde(default)]
    pub part: Option<At<String>>,
    pub title: String,
    /// Where it is written: article, section, heading.
    pub statute: At<String>,
    /// Half-open: from that instant, until just before that one.
    #[serde(default)]
    pub in_force: Option<At<Window>>,
    /// Applicability. A rule without `data` applies only when the payload carries personal data.
    #[serde(default)]
    pub when: Option<Box<At<Condition>>>,
    /// What makes the transfer lawful. Without it the effect always follows.
    #[serde(default)]
    pub require: Option<Box<At<Condition>>>,
    /// When this holds, the rule has nothing to say after all.
    #[serde(default)]
    pub unless: Option<Box<At<Condition>>>,
    /// Allow rules that lift this one.
    #[serde(default)]
    pub exceptions: Option<Names>,
    /// Rules that already do what this one does; it is here to be cited.
    #[serde(default)]
    pub restates: Option<Names>,
    /// What follows when `require` is not met. A rule that only annotates, or is only cited, has none.
    #[serde(default, deserialize_with = "stated")]
    pub effect: Option<Effect>,
    /// Which fields, and what takes their place; without it the categories of `when.data`, removed.
    #[serde(default)]
    pub redact: Option<At<Redact>>,
    /// Obligations that go with the transfer when the rule applies and its `require` is met.
    #[serde(default)]
    pub annotate: Vec<Annotate>,
    /// One sentence for the person whose transfer was stopped or changed.
    pub reason: At<String>,
    #[serde(default)]
    pub mode: Mode,
    /// What the rule comes to while the store of facts does not answer, when it asks for any.
    #[serde(default)]
    pub facts_unavailable: FactsUnavailable,
    /// For a rule of the law layer: judges transfers that cross no border too.
    #[serde(default)]
    pub domestic: bool,
}

/// A key that is there and says nothing would be taken for one that is not there.
fn stated<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    #[default]
    Enforce,
    /// Judge and annotate, change nothing.
    Warn,
    Off,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    #[serde(default)]
    pub from: Option<Timestamp>,
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Its end is known and meant: it stays for transfers of its time, and `rules check` is silent about it.
    #[serde(default)]
    pub keep_for_replay: bool,
}

/// What is redacted. Several keys add up.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "what is redacted: `categories`, `outside`, …")]
pub struct Redact {
    pub categories: Option<Names>,
    /// Everything personal except these.
    pub outside: Option<Names>,
    /// Everything personal that the purpose does not permit.
    pub outside_purpose: bool,
    /// Everything personal that a policy version added and the subject did not agree to afresh.
    pub without_fresh_consent: bool,
    /// Every category the subject withdrew.
    pub withdrawn: bool,
    /// Categories that a list of the transfer names.
    pub in_list: Option<At<String>>,
    /// Only what belongs to somebody else than the subject.
    pub third_party: bool,
    /// Only what is hashed or encrypted, or only what is neither.
    pub pseudonymous: Option<bool>,
    /// Only among these.
    pub within: Option<Names>,
    pub replacement: Option<Replacement>,
    /// When this breaks a signature over the message. Default: what `purposes.yaml` says under
    /// `signatures`.
    pub broken_signature: Option<BrokenSignature>,
}

/// What takes a value's place.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    pub kind: At<ReplacementKind>,
    /// For `replace`: the text. Default `[redacted]`.
    #[serde(default)]
    pub with: Option<String>,
    /// For `replace`: a number stays a number.
    #[serde(default)]
    pub keep_type: bool,
    /// For `tokenise`: characters of the alphabet that stay at the beginning.
    #[serde(default)]
    pub keep_first: Option<u8>,
    /// For `mask` and `tokenise`: characters that stay at the end.
    #[serde(default)]
    pub keep_last: Option<u8>,
    /// For `tokenise`: the characters a token is made of. Default: as is usual for the category.
    #[serde(default)]
    pub alphabet: Option<Alphabet>,
    /// For `tokenise`: the check digits a token has. Default: as is usual for the category.
    #[serde(default)]
    pub checksum: Option<Checksum>,
    /// For `tokenise` and `shift_dates`: what is done to a value that cannot be changed so. Default
    /// `remove`.
    #[serde(default)]
    pub otherwise: Option<Otherwise>,
    /// For `generalise`, one of the following: decimals of a coordinate that stay.
    #[serde(default)]
    pub decimals: Option<u8>,
    /// Leading bits of an address that stay.
    #[serde(default)]
    pub ip_prefix: Option<IpPrefix>,
    /// What stays of a date.
    #[serde(default)]
    pub date: Option<DatePart>,
    /// Leading letters and digits that stay, as of a postal code.
    #[serde(default)]
    pub prefix: Option<u8>,
    /// For `shift_dates`: how far at most, in either direction.
    #[serde(default)]
    pub days_max: Option<u16>,
    /// For `shift_dates`: categories whose value tells the subject, first choice first.
    #[serde(default)]
    pub by: Option<Names>,
    /// For `strip_metadata`: what goes from a picture. Default `all`.
    #[serde(default)]
    pub metadata: Option<Metadata>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IpPrefix {
    pub v4_bits: u8,
    pub v6_bits: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DatePart {
    Year,
    Month,
}

/// An obligation: `file-ctia-by`, with a fixed text or a deadline.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Annotate {
    pub name: At<String>,
    #[serde(default)]
    pub value: Option<String>,
    #[serde(default)]
    pub deadline: Option<Deadline>,
    #[serde(default)]
    pub fact: Option<Fact>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    pub after: Start,
    pub period: Period,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    AsOf,
    FirstTransfer,
}

/// A fact of the transfer that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Origin,
    Destination,
    PolicyVersion,
    GoverningPolicy,
    RemoteAccess,
}
