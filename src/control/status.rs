//! What serves, since when, and what went wrong last.

use std::path::Path;

use serde::Serialize;

use super::{BundleStatus, Trigger};
use crate::{policy::Timestamp, redact::Keyring, snapshot::Generation, source::Diagnostics};

/// How the rules are doing. The diagnostics are for operators: they quote rule files, never traffic.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    pub generation: Generation,
    /// SHA-256 over the names and texts of the files that serve, hex.
    pub hash: String,
    /// A directory, `embedded`, or where a bundle came from.
    pub source: String,
    /// Since when this generation serves.
    pub loaded_at: Timestamp,
    /// When the files were last looked at by a reload, and by what.
    pub attempted_at: Timestamp,
    pub attempted_by: Trigger,
    /// What deserves a look in the rules that serve.
    #[serde(skip_serializing_if = "Diagnostics::is_empty")]
    pub warnings: Diagnostics,
    /// True while the files are not those that serve, because they were refused.
    pub stale: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Failure>,
    pub files: Vec<FileStatus>,
    pub keys: KeyStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geoip: Option<GeoStatus>,
    /// Other rules than the directory's serve: an operator promoted or rolled back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowStatus>,
    /// Where rules come as signed bundles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle: Option<BundleStatus>,
}

/// The rules judged beside.
#[derive(Debug, Clone, Serialize)]
pub struct ShadowStatus {
    pub source: String,
    /// Of those that are judged by; absent where none are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    pub sample_percent: u8,
    /// Why the files as they are now are not judged by.
    #[serde(skip_serializing_if = "Diagnostics::is_empty")]
    pub diagnostics: Diagnostics,
}

/// The keys that serve.
#[derive(Debug, Clone, Serialize)]
pub struct KeyStatus {
    /// The key ring file; absent where there is none, and pseudonyms end with the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The id of the key that everything is made under.
    pub current: String,
    /// Those under which what was made earlier can be turned back.
    pub older: Vec<String>,
}

impl KeyStatus {
    pub(super) fn new(path: Option<&Path>, keys: &Keyring) -> Self {
        Self {
            path: path.map(|path| path.display().to_string()),
            current: keys.current().id().to_owned(),
            older: keys.iter().skip(1).map(|key| key.id().to_owned()).collect(),
        }
    }
}

/// The country database.
#[derive(Debug, Clone, Serialize)]
pub struct GeoStatus {
    pub path: String,
    /// Its kind and when it was built.
    pub database: String,
    pub loaded_at: Timestamp,
    /// Why the file as it is now does not serve; the one read before does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A reload that was refused.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    pub at: Timestamp,
    pub by: Trigger,
    /// Of the files that were refused.
    pub hash: String,
    pub diagnostics: Diagnostics,
}

/// One file of the rules that serve.
#[derive(Debug, Clone, Serialize)]
pub struct FileStatus {
    pub name: String,
    pub bytes: usize,
}
