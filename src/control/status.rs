//! What serves, since when, and what went wrong last.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::Serialize;

use super::{
    BundleStatus, Trigger,
    load::{RuleFiles, digest},
};
use crate::{
    config::Config,
    engine::Engine,
    policy::Timestamp,
    redact::Keyring,
    snapshot::Generation,
    source::{Diagnostics, SourceFile, give_way},
};

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
    /// Where there is a configuration file. Not of the rules, so it is shown beside them.
    #[serde(skip)]
    pub routes: Option<RoutesStatus>,
}

/// The routes, and what hangs on them.
#[derive(Debug, Clone, Serialize)]
pub struct RoutesStatus {
    /// The configuration file.
    pub path: String,
    /// Counts the routes that served, from 1; not of the rules.
    pub generation: Generation,
    /// SHA-256 of the file that serves, hex.
    pub hash: String,
    /// Since when this generation serves.
    pub loaded_at: Timestamp,
    pub attempted_at: Timestamp,
    pub attempted_by: Trigger,
    /// So many there are.
    pub routes: usize,
    pub data_centres: usize,
    pub workloads: usize,
    /// True while the file is not the one that serves, because it was refused.
    pub stale: bool,
    /// Sections in which the file says something else than what is in force, and will be after a restart.
    pub restart_needed: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Failure>,
}

impl RoutesStatus {
    pub(super) fn count(&mut self, config: &Config) {
        self.routes = config.routes.len();
        self.data_centres = config.data_centres.len();
        self.workloads = config.workloads.len();
    }
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
    /// The ids of keys under which what was made earlier can be turned back.
    pub older: Vec<String>,
    /// Counts the key rings that served, from 1.
    pub generation: u64,
    /// Since when these serve.
    pub loaded_at: Timestamp,
    /// Why the key ring as it is now does not serve; the one before does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl KeyStatus {
    pub(super) fn new(path: Option<&Path>, keys: &Keyring, now: Timestamp) -> Self {
        Self {
            generation: 1,
            loaded_at: now,
            error: None,
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
    /// Counts the databases that served, from 1.
    pub generation: u64,
    pub loaded_at: Timestamp,
    /// Why the file as it is now does not serve; the one read before does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When a file was refused last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Timestamp>,
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

/// One file of the rules that serve, or of those that were refused.
#[derive(Debug, Clone, Serialize)]
pub struct FileStatus {
    pub name: String,
    pub bytes: usize,
    /// SHA-256 of its text, hex.
    pub hash: String,
    /// Rules it holds, and how many of them are switched off.
    pub rules: usize,
    pub off: usize,
    /// Since when this text serves: the start, or the reload that brought it.
    pub changed_at: Timestamp,
    /// False for a file that is there and does not serve, since it came with a reload that was refused.
    pub serving: bool,
    /// What is wrong in it as it is now, while the last reload stays refused.
    #[serde(skip_serializing_if = "Diagnostics::is_empty")]
    pub problems: Diagnostics,
}

/// The files of `loaded` as they serve in `engine` from `now` on, unless they did `before`.
pub(super) fn files(
    loaded: &RuleFiles,
    engine: &Engine,
    before: &[FileStatus],
    now: Timestamp,
) -> Vec<FileStatus> {
    let (rules, asleep) = (engine.rules(), engine.rules().asleep());
    let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut off: BTreeMap<&str, usize> = BTreeMap::new();
    for info in rules.rules().map(|(_, info)| info).chain(asleep) {
        // The parts of one provision are one rule.
        ids.entry(&info.file).or_default().insert(&info.id);
    }
    for info in asleep {
        *off.entry(&info.file).or_default() += 1;
    }
    let file = |file: &SourceFile| {
        give_way();
        let hash = digest(&file.text);
        let known = before.iter().find(|it| it.serving && it.name == file.name && it.hash == hash);
        FileStatus {
            name: file.name.clone(),
            bytes: file.text.len(),
            hash,
            rules: ids.get(file.name.as_str()).map_or(0, BTreeSet::len),
            off: off.get(file.name.as_str()).copied().unwrap_or_default(),
            changed_at: known.map_or(now, |known| known.changed_at),
            serving: true,
            problems: Diagnostics::default(),
        }
    };
    loaded.files.iter().map(file).collect()
}

/// The files that go on serving, with what is wrong in those that were `refused`.
pub(super) fn files_refused(
    serving: &[FileStatus],
    refused: &RuleFiles,
    problems: &Diagnostics,
    keyring: Option<&Path>,
    now: Timestamp,
) -> Vec<FileStatus> {
    let mut files: Vec<FileStatus> = serving.iter().filter(|file| file.serving).cloned().collect();
    // Those that could not be read are known by their complaints alone.
    let read = refused.files.iter().map(|file| (&file.name, file.text.as_str()));
    let named = problems.iter().map(|problem| (&problem.place.file, ""));
    let named = named.filter(|(name, _)| Some(Path::new(name)) != keyring);
    for (name, text) in read.chain(named) {
        if !name.is_empty() && files.iter().all(|file| file.name != *name) {
            files.push(FileStatus {
                name: name.clone(),
                bytes: text.len(),
                hash: digest(text),
                rules: 0,
                off: 0,
                changed_at: now,
                serving: false,
                problems: Diagnostics::default(),
            });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    for file in &mut files {
        file.problems = problems.of(&file.name);
    }
    files
}
