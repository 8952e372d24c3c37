//! The section `audit`: where the record of each exchange goes, and what when it cannot.

use std::{path::PathBuf, time::Duration};

use super::{ByteSize, Time};
use crate::source::At;

/// Where the record of each exchange goes.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuditSection {
    pub sink: AuditSinkKind,
    /// The file, when `sink` is `file`; records are appended.
    #[schemars(with = "Option<PathBuf>")]
    pub path: Option<At<PathBuf>>,
    /// No record, no transfer: requests are refused while the sink does not take records. Otherwise a
    /// record that finds no room is lost, which is counted and written into the audit itself.
    pub required: bool,
    /// When written records are forced onto the disk: `always`, before a transfer that needs its record
    /// begins; so often, as `1s`; or only `at_shutdown`.
    pub sync: AuditSync,
    /// Records that wait to be written.
    pub queue_bytes_max: ByteSize,
    /// How long a transfer waits for the record it needs; beyond it the answer is 503.
    pub commit: Time,
    /// Signs what was written, so that nobody can write it anew. Default: lines are chained only.
    pub seal: Option<SealSection>,
    /// The key under which records name people, at least 32 bytes: whose data went where can then be
    /// counted and asked for. Default: that of `facts`, or records name nobody.
    #[schemars(with = "Option<PathBuf>")]
    pub subject_key_file: Option<At<PathBuf>>,
    /// When a file is put aside, as `audit.000000001000.jsonl`, and the next begun. Default: never.
    pub rotate: Option<RotateSection>,
}

impl Default for AuditSection {
    fn default() -> Self {
        Self {
            sink: AuditSinkKind::Stdout,
            path: None,
            required: false,
            sync: AuditSync::Every(Time(Duration::from_secs(1))),
            queue_bytes_max: ByteSize(16 << 20),
            commit: Time(Duration::from_secs(1)),
            seal: None,
            subject_key_file: None,
            rotate: None,
        }
    }
}

/// Where records go.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum AuditSinkKind {
    Stdout,
    File,
    None,
}

/// With what, and how often.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SealSection {
    /// An Ed25519 private key in PEM, as `openssl genpkey -algorithm ed25519` writes it.
    #[schemars(with = "PathBuf")]
    pub key_file: At<PathBuf>,
    /// Lines below one seal.
    #[serde(default = "seal_lines")]
    #[schemars(default = "seal_lines")]
    pub lines: usize,
    /// The longest a line goes without one.
    #[serde(default = "seal_interval")]
    #[schemars(default = "seal_interval")]
    pub interval: Time,
}

fn seal_lines() -> usize {
    1_000
}

fn seal_interval() -> Time {
    Time(Duration::from_secs(1))
}

/// Whichever comes first.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateSection {
    #[serde(default)]
    pub bytes: Option<ByteSize>,
    #[serde(default)]
    pub age: Option<Time>,
}

/// When written records are forced onto the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditSync {
    Always,
    Every(Time),
    AtShutdown,
}

impl serde::Serialize for AuditSync {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Always => serializer.serialize_str("always"),
            Self::Every(time) => time.serialize(serializer),
            Self::AtShutdown => serializer.serialize_str("at_shutdown"),
        }
    }
}

impl<'de> serde::Deserialize<'de> for AuditSync {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "always" => Ok(Self::Always),
            "at_shutdown" => Ok(Self::AtShutdown),
            other => other.parse().map(Self::Every).map_err(|_| {
                serde::de::Error::custom(format!(
                    "`{other}` is none of `always`, `at_shutdown` and a time such as `1s`"
                ))
            }),
        }
    }
}

impl schemars::JsonSchema for AuditSync {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AuditSync".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^(always|at_shutdown|[0-9]+ ?(ms|s|m|h))$",
            "description": "`always`, `at_shutdown`, or a time such as `1s`.",
        })
    }
}
