//! The files of a configuration that hold secrets, and which of them wait for a restart.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use crate::{config::Config, source::At};

/// A file that opens or proves something to whoever reads it.
pub(super) struct SecretFile<'c> {
    pub(super) path: &'c At<PathBuf>,
    /// The member that names it, where it is read once, at the start: another key in it is taken at the next start
    /// alone.
    read_once: Option<&'static str>,
}

/// All of them but the keys of `rules.keyring`, which another file names.
pub(super) fn secret_files(config: &Config) -> Vec<SecretFile<'_>> {
    let listeners = config.listeners.iter().filter_map(|it| it.tls.as_ref());
    let listeners = listeners
        .flat_map(|tls| [&tls.key].into_iter().chain(tls.certificates.iter().map(|it| &it.key)));
    let data_centres = config.data_centres.iter().filter_map(|it| it.tls.client_key.as_ref());
    let admin = config.admin.tls.as_ref().map(|tls| &tls.key);
    let admin = admin.into_iter().chain(&config.admin.token_file);
    let bundle =
        config.rules.bundle.iter().flat_map(|it| it.token_file.iter().chain(&it.client_key));
    let otlp =
        config.telemetry.otlp.iter().flat_map(|it| it.token_file.iter().chain(&it.client_key));
    let reread = listeners.chain(data_centres).chain(admin).chain(bundle).chain(otlp);

    let facts = config.facts.as_ref().map(|facts| &facts.key_file);
    let seal = config.audit.seal.as_ref().map(|seal| &seal.key_file);
    let read_once = [
        ("facts.key_file", facts),
        ("audit.subject_key_file", config.audit.subject_key_file.as_ref()),
        ("audit.seal.key_file", seal),
    ];
    let read_once = read_once
        .into_iter()
        .filter_map(|(member, path)| Some(SecretFile { path: path?, read_once: Some(member) }));
    reread.map(|path| SecretFile { path, read_once: None }).chain(read_once).collect()
}

/// Of a file as it was read; `None` when it cannot be.
type FileHash = Option<[u8; 32]>;

/// The members of the configuration whose files hold another key than the one in use, whenever it is asked.
pub(super) fn secrets_in_use(config: &Config) -> impl Fn() -> Vec<&'static str> + Send + use<> {
    let secrets = secret_files(config);
    let named = secrets.iter().filter_map(|file| Some((file.read_once?, &file.path.value)));
    // By which bundles are verified: no secret, and read once all the same.
    let bundles = config.rules.bundle.iter().flat_map(|bundle| &bundle.keys);
    let bundles = bundles.map(|key| ("rules.bundle.keys", &key.value));
    let in_use: Vec<(&'static str, PathBuf, FileHash)> =
        named.chain(bundles).map(|(member, path)| (member, path.clone(), read(path))).collect();
    move || {
        let mut changed: Vec<&'static str> = in_use
            .iter()
            .filter(|(_, path, known)| read(path) != *known)
            .map(|(member, ..)| *member)
            .collect();
        changed.dedup();
        changed
    }
}

fn read(path: &Path) -> FileHash {
    /// A key is shorter; whatever else stands there is not waited for.
    const BYTES_MAX: u64 = 64 << 10;
    let metadata = fs::metadata(path).ok()?;
    let is_a_key = metadata.is_file() && metadata.len() <= BYTES_MAX;
    let bytes = is_a_key.then(|| fs::read(path).ok()).flatten()?;
    Some(Sha256::digest(bytes).into())
}
