//! Who sends, and the words that are said of them.

use serde::{Deserialize, Deserializer, Serialize};

use super::or_default;
use crate::{domain::Region, policy::names::spelling};

/// Who sends.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(
    default,
    expecting = "an exporter: an object with `role`, `sector`, `ciio`, `flags`, `location`"
)]
pub struct Exporter {
    /// Which company it is, where counts are kept of several.
    pub id: Option<String>,
    pub role: Option<ExporterRole>,
    #[serde(deserialize_with = "sector")]
    pub sector: Option<String>,
    /// A critical information infrastructure operator (CSL art. 33).
    #[serde(deserialize_with = "or_default")]
    pub ciio: bool,
    #[serde(deserialize_with = "flags")]
    pub flags: Vec<String>,
    pub location: Option<Region>,
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
pub enum ExporterRole {
    Controller,
    Processor,
    DataBroker,
}

/// A word about the exporter as rules have it: `Telecom-Licensee` is `telecom_licensee`. What names somebody after a
/// colon, as `workload:checkout` does, is written as that somebody is.
pub(in crate::policy) fn exporter_word(word: &str) -> String {
    let word = word.trim();
    if word.contains(':') {
        return word.to_owned();
    }
    spelling(&word.replace('.', "_"))
}

fn sector<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let sector = Option::<String>::deserialize(deserializer)?;
    Ok(sector.map(|sector| exporter_word(&sector)))
}

fn flags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let flags: Vec<String> = or_default(deserializer)?;
    Ok(flags.iter().map(|flag| exporter_word(flag)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_exporter_is_may_be_written_otherwise() {
        for (text, word) in [
            ("telecom_licensee", "telecom_licensee"),
            ("Telecom_Licensee", "telecom_licensee"),
            (" telecom-licensee ", "telecom_licensee"),
            ("TELECOM LICENSEE", "telecom_licensee"),
            ("", ""),
        ] {
            let stated = format!(r#"{{"sector": "{text}", "flags": ["{text}", "IN-SDF"]}}"#);
            let exporter: Exporter = serde_json::from_str(&stated).unwrap();
            assert_eq!(exporter.sector.as_deref(), Some(word), "{text}");
            assert_eq!(exporter.flags, [word, "in_sdf"], "{text}");
        }
        let stated = r#"{"flags": ["workload:Check-Out"]}"#;
        let exporter: Exporter = serde_json::from_str(stated).unwrap();
        assert_eq!(exporter.flags, ["workload:Check-Out"]);
    }
}
