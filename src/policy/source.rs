//! The rule files as operators write them: serde mirrors, no logic.
//!
//! A rule says when it applies (`when`), what makes the transfer lawful (`require`) and what happens
//! when that is missing (`effect`). Conditions are trees of typed predicates, never expressions, so
//! that they can be read by a compliance officer and analysed by the compiler.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ConsentType, Counted, Layer, Timestamp,
    words::{FieldTest, Names, Period},
};
use crate::{
    domain::{Alphabet, BrokenSignature, Checksum, Effect, Metadata, Otherwise, ReplacementKind},
    source::At,
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
    /// The same where members of a zone differ.
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
    #[serde(default)]
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
}

/// All keys given must hold; a list under a key means any of its members.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Condition {
    pub all: Option<Vec<Condition>>,
    pub any: Option<Vec<Condition>>,
    pub not: Option<Box<Condition>>,
    /// Definitions of this file, any of them.
    pub meets: Option<Names>,

    /// Regions or zones.
    pub origin: Option<Names>,
    pub origin_not: Option<Names>,
    /// A law file is about this origin.
    pub origin_known: Option<bool>,
    /// ISO 3166-2: `US-TX`.
    pub origin_subdivision: Option<Names>,
    /// Where the data was first collected, as far as it is stated.
    pub collected_in: Option<Names>,
    /// Each country that receives or can read the data is judged by itself.
    pub destination: Option<Names>,
    pub destination_not: Option<Names>,
    pub destination_known: Option<bool>,
    /// Somebody there can read the data.
    pub remote_access: Option<Names>,
    /// Origin and destination differ. True for every law rule that does not say otherwise.
    pub cross_border: Option<bool>,
    pub exporter: Option<ExporterTest>,
    pub recipient: Option<RecipientTest>,
    pub purpose: Option<Names>,
    pub purpose_not: Option<Names>,

    /// Categories by key, short name or wildcard; `personal`, `sensitive` (as this file lists it) or
    /// `any` (also when nothing personal was found).
    pub data: Option<Names>,
    /// Some of it belongs to somebody else than the subject.
    pub third_party: Option<bool>,
    /// Nothing in the payload is personal.
    pub anonymous: Option<bool>,
    /// Some of it is hashed or encrypted.
    pub pseudonymous: Option<bool>,
    /// `full`, `partial`, `opaque`.
    pub coverage: Option<Names>,
    pub linked: Option<Linked>,
    /// The payload carries data of several people, or one person has several origins.
    pub several_people: Option<bool>,

    /// Request flags, any of which is true.
    pub flag: Option<Names>,
    /// Grounds of `cn_exempt`; `any` for whichever.
    pub cn_exempt: Option<Names>,
    /// Grounds of `us_exempt`; `any` for whichever.
    pub us_exempt: Option<Names>,
    pub transport: Option<Names>,
    pub source_host: Option<SourceHostTest>,
    pub collected_for: Option<CollectedForTest>,

    pub age_under: Option<u32>,
    /// Below the age of the origin's law (18 when it names none).
    pub minor: Option<bool>,
    pub verified: Option<bool>,
    pub setting: Option<SettingTest>,
    pub opt_out: Option<Names>,
    /// `all`, `purpose`, `recipient`, `category`.
    pub withdrawn: Option<Names>,
    /// The person has withdrawn something, whatever it is and from whenever it counts.
    pub withdrawal_on_file: Option<bool>,

    pub legal_basis: Option<LegalBasisTest>,
    pub mechanism: Option<MechanismTest>,
    pub consent: Option<ConsentTest>,
    /// A record is there at all, whether or not it counts for anything.
    pub consent_on_file: Option<ConsentOnFileTest>,
    /// The subject agreed afresh to what a policy version added.
    pub fresh_consent: Option<bool>,
    pub counter: Option<CounterTest>,
    /// Some count is on file.
    pub counted: Option<bool>,
    pub volume: Option<VolumeTest>,
    pub in_list: Option<InListTest>,
    pub first_transfer: Option<FirstTransferTest>,
    pub agreement: Option<AgreementTest>,
    pub policy: Option<PolicyTest>,
    /// Judged at a time in this window.
    pub as_of: Option<Window>,
    /// What judging the other rules showed: `mechanism_rejected`, `consent_rejected`,
    /// `categories_uncovered`, `blocked`, `count_unknown`.
    pub observed: Option<Names>,
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExporterTest {
    pub role: Option<Names>,
    pub sector: Option<Names>,
    pub ciio: Option<bool>,
    pub flag: Option<Names>,
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RecipientTest {
    pub class: Option<Names>,
    pub class_not: Option<Names>,
    pub kind: Option<Names>,
    pub has_kind: Option<bool>,
    pub id: Option<Names>,
    pub covered_person: Option<bool>,
    pub data_intermediary: Option<bool>,
    pub own_purpose: Option<bool>,
    pub has_governing_policy: Option<bool>,
}

/// Identifiers that count only beside others (28 CFR 202.212).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Linked {
    /// Two different ones of these …
    pub identifiers: Names,
    /// … unless all that are present belong to one of these groups;
    #[serde(default)]
    pub not_only: Vec<Names>,
    /// or one of them beside one of these.
    #[serde(default)]
    pub beside: Option<Names>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceHostTest {
    pub hosts: Names,
    /// What an absent host means.
    #[serde(default)]
    pub absent: bool,
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CollectedForTest {
    /// Services besides the one that asks.
    pub services: Option<Names>,
    /// What an absent service means.
    pub absent: bool,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingTest {
    pub name: Names,
    /// A setting that is not on file is neither on nor off.
    pub is: bool,
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LegalBasisTest {
    #[serde(rename = "type")]
    pub kind: Option<Names>,
    pub has_ref: Option<bool>,
    /// Further fields that must be filled, such as `mlat_ref`.
    pub has: Option<Names>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MechanismTest {
    #[serde(rename = "type")]
    pub kind: Names,
    /// The record must list this recipient; an unscoped one does not do.
    #[serde(default)]
    pub names_recipient: bool,
    /// The record must list this destination; an unscoped one does not do.
    #[serde(default)]
    pub names_destination: bool,
    /// Type-specific fields.
    #[serde(default)]
    pub with: std::collections::BTreeMap<String, FieldTest>,
    /// Oldest that still counts, from `valid_from`: `3y`.
    #[serde(default)]
    pub max_age: Option<Period>,
    /// Youngest that already counts, from `valid_from`: `10wd`.
    #[serde(default)]
    pub min_age: Option<Period>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentTest {
    pub scope: Names,
    /// `explicit` (the default, and with it `separate_explicit`), `separate_explicit`, `no_objection`,
    /// `deemed_by_use`, `guardian`.
    #[serde(default, rename = "type")]
    #[schemars(with = "Option<OneOrMany<ConsentType>>")]
    pub kind: Option<Names>,
    /// What the record must list by name: `destination`, `recipient`, `purpose`.
    #[serde(default)]
    pub names: Option<Names>,
    /// The record says what the person was told first.
    #[serde(default)]
    pub notice: bool,
}

/// What an editor offers for a name or a list of names; they are read as [`Names`], which know their places.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConsentOnFileTest {
    pub scope: Option<Names>,
    #[serde(rename = "type")]
    #[schemars(with = "Option<OneOrMany<ConsentType>>")]
    pub kind: Option<Names>,
    /// Given to the policy version in force, which is not the first.
    pub to_new_version: Option<bool>,
}

/// A count of distinct people or devices, those of this request included.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CounterTest {
    pub key: At<String>,
    #[serde(default)]
    pub at_least: Option<u64>,
    #[serde(default)]
    pub below: Option<u64>,
    #[serde(default)]
    pub over: Option<u64>,
    /// True asks that the count is on file; a count that is not satisfies no bound.
    #[serde(default)]
    pub known: Option<bool>,
}

/// True when data of several kinds together exceed the lowest threshold of those present.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VolumeTest {
    pub counts: Vec<VolumeCount>,
    /// What it means that none of the counts is on file.
    #[serde(default)]
    pub unknown: UnknownVolume,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnknownVolume {
    #[default]
    Exceeded,
    Below,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VolumeCount {
    pub counter: At<String>,
    pub over: u64,
    /// The payload carries this kind.
    pub when: Condition,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InListTest {
    /// A list that regulators fill: `IN.restricted_destinations`.
    pub list: At<String>,
    pub value: ListValue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListValue {
    Destination,
    Recipient,
    Category,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstTransferTest {
    pub within: Period,
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AgreementTest {
    /// An agreement is there at all, accepted or not.
    pub on_file: Option<bool>,
    pub forbids_destination: Option<bool>,
    pub permits_purpose: Option<bool>,
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyTest {
    /// The version in force lists the destination.
    pub names_destination: Option<bool>,
    /// The purpose is in the registry, was added by a version in force, or is in an accepted agreement.
    pub names_purpose: Option<bool>,
    /// The purpose is in the registry.
    pub registers_purpose: Option<bool>,
    /// A version in force added the purpose, or categories to it.
    pub extends_purpose: Option<bool>,
    /// The purpose may go to a recipient of this class.
    pub permits_recipient: Option<bool>,
    /// A version is not in force yet.
    pub has_pending_version: Option<bool>,
    /// A material version stays out of force for want of a notice.
    pub has_unannounced_version: Option<bool>,
    /// More than one version is on file.
    pub has_several_versions: Option<bool>,
    /// A version on file is a material change.
    pub has_material_version: Option<bool>,
}

/// What is redacted. Several keys add up.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
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

/// `purposes.yaml`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurposesFile {
    /// The policy version the registry was written for; used when a transfer names none.
    #[serde(default)]
    pub version: Option<RegistryVersion>,
    /// Category lists that several purposes share; a purpose names one like a category.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Recipient classes a purpose may go to when it names none itself.
    #[serde(default)]
    pub recipients: Option<Names>,
    /// Further categories for some recipients, whatever the purpose.
    #[serde(default)]
    pub also: Vec<Variation>,
    /// Headers that carry a request rather than belong to what it carries; what is found in them is
    /// recorded, and no rule judges it.
    #[serde(default)]
    pub carriers: Vec<Carrier>,
    #[serde(default)]
    pub signatures: Signatures,
    pub purposes: Vec<Purpose>,
}

/// A header the data centre needs to take the request at all.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Carrier {
    pub header: At<String>,
    /// Why it is not part of the transfer.
    pub reason: String,
}

/// Signatures over a request, which a redaction may break.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Signatures {
    /// What happens to a request whose signature a redaction would break, unless the rule says otherwise.
    /// Default `block`.
    pub on_break: BrokenSignature,
    /// Headers that hold a signature of the body, beside those known by their names.
    pub headers: Vec<At<String>>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistryVersion {
    pub id: At<String>,
    pub effective_from: Timestamp,
    pub destinations: Names,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub name: At<String>,
    pub categories: Names,
    #[serde(default)]
    pub except: Option<Names>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    pub id: At<String>,
    pub title: String,
    /// The fideslang data use: `essential.service`.
    #[serde(rename = "use")]
    pub data_use: String,
    /// Personal categories the purpose needs; `all` for every one.
    #[serde(default)]
    pub permit: Option<Names>,
    /// Further categories for some recipients.
    #[serde(default)]
    pub also: Vec<Variation>,
    /// For these recipients only the categories named here.
    #[serde(default)]
    pub only: Vec<Variation>,
    #[serde(default)]
    pub permit_from: Option<PermitSource>,
    #[serde(default)]
    pub recipients: Option<Names>,
    /// Carries counts of people rather than people: what identifies nobody is not personal here.
    #[serde(default)]
    pub aggregate: bool,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variation {
    #[serde(default)]
    pub class: Option<Names>,
    #[serde(default)]
    pub kind: Option<Names>,
    pub permit: Names,
}

/// Permitted categories that stand in the facts rather than in the registry.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PermitSource {
    /// `legal_basis.scope_categories`.
    LegalBasis,
    /// The categories of the consent with this scope; all when it lists none.
    Consent(At<String>),
}

/// A file of `zones/`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZonesFile {
    pub zones: Vec<Zone>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    pub id: At<String>,
    pub title: String,
    #[serde(default)]
    pub source: Option<String>,
    /// Regions, and zones declared before.
    pub members: Names,
    /// Members for a time.
    #[serde(default)]
    pub dated: Vec<DatedMember>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatedMember {
    pub region: Names,
    #[serde(default)]
    pub from: Option<Timestamp>,
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// A file of `registers/`: the words rules may use for what is on file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RegisterFile {
    pub mechanisms: Vec<Entry>,
    pub consent_scopes: Vec<Entry>,
    pub opt_outs: Vec<Entry>,
    pub settings: Vec<Entry>,
    pub recipient_classes: Vec<Entry>,
    pub provider_kinds: Vec<Entry>,
    pub counters: Vec<Entry>,
    pub lists: Vec<ListEntry>,
    pub legal_bases: Vec<Entry>,
    pub flags: Vec<Entry>,
    pub sectors: Vec<Entry>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub name: At<String>,
    pub title: String,
}

/// A list that a regulator fills; what the transfer brings is added to it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListEntry {
    pub name: At<String>,
    pub title: String,
    #[serde(default)]
    pub values: Vec<String>,
}
