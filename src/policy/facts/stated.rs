//! What somebody states of a transfer, read so that nothing of it is lost: a restriction that is misspelt would be one
//! that does not hold.

use serde::Deserializer;

use super::Transfer;
use crate::source::near;

/// What a transfer may say, and how it says it. Rules may ask for more, so that what is like none of these is somebody's
/// own.
const MEMBERS: [&str; 36] = [
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
    "withdrawn",
];

impl Transfer {
    /// Reads a transfer in the shape of a decision request, in which every member is one that somebody reads.
    ///
    /// # Errors
    ///
    /// The place and the name of a member that nobody reads, or what serde says, which may repeat a value.
    pub fn read_strictly<'de, D: Deserializer<'de>>(json: D) -> Result<Self, Misread<D::Error>> {
        let mut unread = None;
        let read: Self = serde_ignored::deserialize(json, |path| {
            unread.get_or_insert_with(|| pointer(&path));
        })
        .map_err(Misread::Malformed)?;
        if let Some(place) = unread {
            return Err(Misread::Unknown { place, meant: None });
        }
        let misspelt =
            |name: &String| near(name, &MEMBERS).map(|meant| (format!("/{name}"), meant));
        match read.other.keys().filter(|name| !MEMBERS.contains(&name.as_str())).find_map(misspelt)
        {
            Some((place, meant)) => Err(Misread::Unknown { place, meant: Some(meant) }),
            None => Ok(read),
        }
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
            (r#"{"subject": {"opt_out": ["push"]}}"#, "nothing reads `/subject/opt_out`"),
            (r#"{"subject": {"withdrawals": []}}"#, "nothing reads `/subject/withdrawals`"),
            (
                r#"{"subjects": [{"id": "1"}, {"subject": {"consents": [{"scope": "s", "type": "explicit", "purpose": ["x"]}]}}]}"#,
                "nothing reads `/subjects/1/subject/consents/0/purpose`",
            ),
            (r#"{"exporter": {"secter": "x"}}"#, "nothing reads `/exporter/secter`"),
            (
                r#"{"remote_acess_from": ["CN"]}"#,
                "nothing reads `/remote_acess_from`; did you mean `remote_access_from`?",
            ),
            (r#"{"subjct": {}}"#, "nothing reads `/subjct`; did you mean `subject`?"),
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
