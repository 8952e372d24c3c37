//! What a rule may ask of a transfer.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Window;
use crate::{
    policy::{
        ConsentType,
        words::{FieldTest, Names, Period},
    },
    source::At,
};

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
    /// Where the data was first collected; in the origin, where nobody states it.
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

impl Condition {
    /// Every list of names that stands in it, those of the conditions inside it left out.
    pub(in crate::policy) fn lists(&self) -> impl Iterator<Item = &Names> {
        let Self { exporter, recipient, legal_basis, consent_on_file, .. } = self;
        let plain = [
            &self.meets,
            &self.origin,
            &self.origin_not,
            &self.origin_subdivision,
            &self.collected_in,
            &self.destination,
            &self.destination_not,
            &self.remote_access,
            &self.purpose,
            &self.purpose_not,
            &self.data,
            &self.coverage,
            &self.flag,
            &self.cn_exempt,
            &self.us_exempt,
            &self.transport,
            &self.opt_out,
            &self.withdrawn,
            &self.observed,
        ];
        let exporter = exporter.iter().flat_map(|it| [&it.role, &it.sector, &it.flag]);
        let recipient =
            recipient.iter().flat_map(|it| [&it.class, &it.class_not, &it.kind, &it.id]);
        let basis = legal_basis.iter().flat_map(|it| [&it.kind, &it.has]);
        let on_file = consent_on_file.iter().flat_map(|it| [&it.scope, &it.kind]);
        let consent = self.consent.iter().flat_map(|it| [&it.kind, &it.names]);
        let linked = self.linked.iter().map(|it| &it.beside);
        let services = self.collected_for.iter().map(|it| &it.services);
        let optional = plain.into_iter().chain(exporter).chain(recipient).chain(basis);
        let optional = optional.chain(on_file).chain(consent).chain(linked).chain(services);
        let given = [
            self.mechanism.as_ref().map(|it| &it.kind),
            self.consent.as_ref().map(|it| &it.scope),
            self.setting.as_ref().map(|it| &it.name),
            self.source_host.as_ref().map(|it| &it.hosts),
            self.linked.as_ref().map(|it| &it.identifiers),
        ];
        let groups = self.linked.iter().flat_map(|it| &it.not_only);
        optional.flatten().chain(given.into_iter().flatten()).chain(groups)
    }
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
    /// It goes on to count for longer than this, by `valid_until` and `max_age`: `6m`. One without an end does.
    #[serde(default)]
    pub lasts: Option<Period>,
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
    /// The version in force lists the destination, whoever reads from elsewhere.
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
