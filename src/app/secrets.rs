//! Keys that are read once, at the start. A file that holds another one since is taken at the next start alone, and
//! whoever changed it is told so.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use crate::config::Config;

/// As it was read; `None` when it cannot be.
type Read = Option<[u8; 32]>;

/// The members of the configuration whose files hold another key than the one in use, whenever it is asked.
pub(super) fn secrets_in_use(config: &Config) -> impl Fn() -> Vec<&'static str> + Send + use<> {
    let facts = config.facts.as_ref().map(|facts| &facts.key_file.value);
    let subject_key = config.audit.subject_key_file.as_ref().map(|path| &path.value);
    let seal = config.audit.seal.as_ref().map(|seal| &seal.key_file.value);
    let bundles = config.rules.bundle.iter().flat_map(|bundle| &bundle.keys);
    let named = [
        ("facts.key_file", facts),
        ("audit.subject_key_file", subject_key),
        ("audit.seal.key_file", seal),
    ];
    let named = named.into_iter().filter_map(|(name, path)| Some((name, path?)));
    let bundles = bundles.map(|key| ("rules.bundle.keys", &key.value));
    let in_use: Vec<(&'static str, PathBuf, Read)> =
        named.chain(bundles).map(|(name, path)| (name, path.clone(), read(path))).collect();
    move || {
        let mut changed: Vec<&'static str> = in_use
            .iter()
            .filter(|(_, path, known)| read(path) != *known)
            .map(|(name, ..)| *name)
            .collect();
        changed.dedup();
        changed
    }
}

fn read(path: &Path) -> Read {
    /// A key is shorter; whatever else stands there is not waited for.
    const BYTES_MAX: u64 = 64 << 10;
    let metadata = fs::metadata(path).ok()?;
    let is_a_key = metadata.is_file() && metadata.len() <= BYTES_MAX;
    let bytes = is_a_key.then(|| fs::read(path).ok()).flatten()?;
    Some(Sha256::digest(bytes).into())
}
