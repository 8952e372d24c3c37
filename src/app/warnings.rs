//! What deserves a look in the files that a configuration names, and keeps no gateway from starting: told by
//! `config check`, and in the log at the start.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::secrets::secret_files;
use crate::{
    config::Config,
    control::KeySource,
    policy::RuleSet,
    proxy,
    source::{At, Diagnostics, Place},
};

/// A certificate that runs out within so many days is to be renewed now.
const DAYS_LEFT_MIN: i64 = 14;

/// `file` is the configuration's name in complaints; names are looked up in the rules where they compile.
pub(super) fn warnings(config: &Config, file: &str, rules: Option<&RuleSet>) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    if let Some(rules) = rules {
        proxy::misnamed(config, file, rules, &mut diagnostics);
    }
    if let Some(shadow) = &config.rules.shadow
        && !shadow.directory.is_dir()
    {
        let path = shadow.directory.display();
        diagnostics
            .warning(
                shadow.directory.place(file),
                format!("`{path}` is not there; nothing is judged beside until it is"),
            )
            .remedy("make the directory, or correct its name");
    }
    for certificate in certificates(config) {
        dated(certificate, file, &mut diagnostics);
    }
    for secret in secret_files(config) {
        exposed(secret.path, secret.path.place(file), &mut diagnostics);
    }
    if let Some(ring) = &config.rules.keyring {
        for key in KeySource::Ring(ring.value.clone()).files() {
            exposed(&key, ring.place(file), &mut diagnostics);
        }
    }
    diagnostics.sort();
    diagnostics
}

fn certificates(config: &Config) -> impl Iterator<Item = &At<PathBuf>> {
    let of_listeners = config.listeners.iter().filter_map(|it| it.tls.as_ref()).flat_map(|tls| {
        let others = tls.certificates.iter().map(|it| &it.certificate);
        std::iter::once(&tls.certificate).chain(others)
    });
    let of_data_centres =
        config.data_centres.iter().filter_map(|it| it.tls.client_certificate.as_ref());
    of_listeners.chain(of_data_centres).chain(config.admin.tls.as_ref().map(|tls| &tls.certificate))
}

/// One that has run out, or does so soon, or is not good yet.
fn dated(path: &At<PathBuf>, file: &str, diagnostics: &mut Diagnostics) {
    let Some((from, to)) = proxy::validity(path) else { return };
    let now = jiff::Timestamp::now().as_second();
    let date = |at: i64| {
        let at = jiff::Timestamp::from_second(at).ok();
        at.map_or_else(
            || "a day nobody knows".to_owned(),
            |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        )
    };
    let shown = path.display();
    let told = if to <= now {
        format!("the certificate `{shown}` ran out on {}", date(to))
    } else if from > now {
        format!("the certificate `{shown}` is good only from {}", date(from))
    } else if to - now < DAYS_LEFT_MIN * 86_400 {
        format!("the certificate `{shown}` runs out on {}", date(to))
    } else {
        return;
    };
    diagnostics.warning(path.place(file), told).remedy(
        "put a certificate there that is good now, with its key; it is taken while serving",
    );
}

/// A secret that others than whoever runs this can read or change.
fn exposed(path: &Path, place: Place, diagnostics: &mut Diagnostics) {
    // What is not there is complained about elsewhere.
    let Ok(metadata) = fs::metadata(path) else { return };
    let mode = metadata.mode();
    let us = rustix::process::geteuid();
    // Of somebody else, it is the group by which it is shared with us; and root looks at files of others.
    let is_shared_by_group = metadata.uid() != us.as_raw() || us.is_root();
    let others = match mode & 0o077 {
        0 => return,
        bits if bits & 0o002 != 0 => "can be changed by every user of this machine",
        bits if bits & 0o007 != 0 => "can be read by every user of this machine",
        bits if bits & 0o020 != 0 => "can be changed by its group",
        _ if is_shared_by_group => return,
        _ => "can be read by its group",
    };
    let path = path.display();
    diagnostics
        .warning(place, format!("the secret in `{path}` {others}"))
        .remedy(format!("`chmod go= {path}`, or 0440 where its group is how the gateway reads it"));
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_is_for_whoever_runs_this() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("facts.key");
        fs::write(&path, [7; 32]).unwrap();
        for (mode, words) in [
            (0o600, ""),
            (0o400, ""),
            (0o644, "can be read by every user"),
            (0o666, "can be changed by every user"),
            (0o604, "can be read by every user"),
            (0o660, "can be changed by its group"),
        ] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let mut diagnostics = Diagnostics::default();
            exposed(&path, Place::default(), &mut diagnostics);
            let told = diagnostics.to_string();
            assert_eq!(told.is_empty(), words.is_empty(), "{mode:o}: {told}");
            assert!(told.contains(words) && !diagnostics.has_errors(), "{mode:o}: {told}");
        }
    }
}
