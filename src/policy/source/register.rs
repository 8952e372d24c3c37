//! What rules may name: purposes, zones, and the registers of mechanisms and recipients.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    domain::BrokenSignature,
    policy::{Timestamp, words::Names},
    source::At,
};

/// `purposes.yaml`; others are added in files of `purposes/`.
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
    /// Headers that carry a request rather than belong to what it carries; what proves there who calls is recorded, and
    /// no rule judges it.
    #[serde(default)]
    pub carriers: Vec<Carrier>,
    #[serde(default)]
    pub signatures: Signatures,
    pub purposes: Vec<Purpose>,
}

/// A file of `purposes/`: purposes of one's own, beside those of `purposes.yaml`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MorePurposesFile {
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Recipient classes a purpose of this file may go to when it names none itself. Default: those of `purposes.yaml`.
    #[serde(default)]
    pub recipients: Option<Names>,
    pub purposes: Vec<Purpose>,
}

/// A header the data centre needs to take the request at all, for what proves who calls.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Carrier {
    pub header: At<String>,
    /// What it proves that by. Anything else that is found in it is judged like the rest of the request.
    pub categories: Names,
    /// Why that is not part of the transfer.
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
    /// What is about one person in an aggregate too: payloads that carry any of it are none.
    #[serde(default)]
    pub individual: Option<Names>,
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
    /// Regions, and other zones.
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
    /// Grounds of `cn_exempt`.
    pub cn_exemptions: Vec<Entry>,
    /// Grounds of `us_exempt`.
    pub us_exemptions: Vec<Entry>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub name: At<String>,
    pub title: String,
    /// What records of a mechanism say beside the members that every record has.
    #[serde(default)]
    pub members: Vec<String>,
}

/// A list that a regulator fills; what the transfer brings is added to it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListEntry {
    pub name: At<String>,
    pub title: String,
    /// Regions and zones of a list of destinations, categories of a list of those, ids of recipients.
    #[serde(default)]
    pub values: Vec<At<String>>,
}
