//! The key ring: which keys there are, and the files they are in.
//!
//! A small YAML file names the keys and says which of them is current; each key is a file of random
//! bytes. They are read anew with the rules. A ring that is not in order is refused with the rules, and
//! the keys from before go on serving. Since what stands where the ring should may be a key itself, no
//! complaint repeats anything of it but the ids of keys that are in order.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    redact::{Key, Keyring, PseudonymKey, Secret},
    source::{At, Diagnostics, Place, SourceFile, Stamp, read_secret},
};

/// Of a key: the length of the hash beneath it (RFC 2104 §3).
const KEY_BYTES_MIN: usize = 32;
const KEY_BYTES_MAX: usize = 4_096;
/// Different bytes that 32 random ones have, but for one case in 2^100: fewer are a text or a pattern.
const VARIETY_MIN: usize = 8;
const KEYS_MAX: usize = 64;
const ID_BYTES_MAX: usize = 32;
const RING_BYTES_MAX: u64 = 64 << 10;

/// Where the keys come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A key ring file.
    Ring(PathBuf),
    /// Keys that are there already and do not change.
    Given(Keyring),
}

/// The key ring file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyringFile {
    /// The id of the key that everything is made under from now on.
    pub current: At<String>,
    /// That key, and the older ones under which what was made earlier can be turned back.
    pub keys: Vec<KeyEntry>,
}

/// One key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// Stands in what is made under the key: up to 32 ASCII letters, digits and `-`.
    pub id: At<String>,
    /// Relative to the key ring file; at least 32 random bytes.
    pub file: At<PathBuf>,
}

/// What can be seen of the files without reading them.
pub(super) type Seen = Vec<(PathBuf, Stamp)>;

impl From<Keyring> for KeySource {
    fn from(keys: Keyring) -> Self {
        Self::Given(keys)
    }
}

impl From<PseudonymKey> for KeySource {
    fn from(key: PseudonymKey) -> Self {
        Self::Given(key.into())
    }
}

impl KeySource {
    /// Reads every key. What is wrong goes to `diagnostics`; `None` when something is.
    pub fn load(&self, diagnostics: &mut Diagnostics) -> Option<Keyring> {
        match self {
            Self::Ring(path) => load(path, diagnostics),
            Self::Given(keys) => Some(keys.clone()),
        }
    }

    pub(super) fn directory(&self) -> Option<&Path> {
        match self {
            Self::Ring(path) => path.parent(),
            Self::Given(_) => None,
        }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Ring(path) => Some(path),
            Self::Given(_) => None,
        }
    }

    /// The files of the keys, as far as the ring can be read.
    pub fn files(&self) -> Vec<PathBuf> {
        let Self::Ring(path) = self else { return Vec::new() };
        let ring =
            read_ring(path).ok().and_then(|text| parse(path, text, &mut Diagnostics::default()));
        let keys = ring.map(|ring| ring.keys).unwrap_or_default();
        keys.iter().map(|key| beside(path, &key.file)).collect()
    }

    /// What is wrong with the ring, among what is wrong.
    pub(super) fn complaint(&self, diagnostics: &Diagnostics) -> Option<String> {
        let about = diagnostics.of(&self.path()?.display().to_string());
        about.has_errors().then(|| about.to_string())
    }

    /// The ring and every file beside it that could be one of its keys, as far as it can be seen.
    pub(super) fn seen(&self) -> Seen {
        let Self::Ring(path) = self else { return Seen::new() };
        let all = std::iter::once(path.clone()).chain(self.files());
        all.filter_map(|path| Stamp::of(&path).map(|stamp| (path, stamp))).collect()
    }
}

fn load(path: &Path, diagnostics: &mut Diagnostics) -> Option<Keyring> {
    let before = diagnostics.error_count();
    let name = path.display().to_string();
    let text = match read_ring(path) {
        Ok(text) => text,
        Err(reason) => {
            let place = Place { file: name, line: 0, column: 0 };
            diagnostics.error(place, format!("the key ring {reason}")).remedy(
                "give a readable file with `current:` and `keys:`, or take `rules.keyring` out",
            );
            return None;
        }
    };
    let ring = parse(path, text, diagnostics)?;
    let mut complain = |at: Place, message: String, remedy: &str| {
        diagnostics.error(at, message).remedy(remedy);
    };
    if ring.keys.len() > KEYS_MAX {
        let place = ring.current.place(&name);
        complain(place, format!("more than {KEYS_MAX} keys"), "take the oldest out");
    }
    let mut keys: Vec<Key> = Vec::new();
    for entry in ring.keys.iter().take(KEYS_MAX) {
        if !is_id(&entry.id) {
            complain(
                entry.id.place(&name),
                "this cannot be the id of a key".to_owned(),
                "use up to 32 letters, digits and `-`, such as `2026-11`",
            );
            continue;
        }
        if keys.iter().any(|key| key.id() == entry.id.value) {
            complain(
                entry.id.place(&name),
                format!("two keys have the id `{}`", *entry.id),
                "give each key an id of its own, and keep it: it stands in what was made under it",
            );
            continue;
        }
        match read_key(&beside(path, &entry.file)) {
            Ok(secret) => {
                let key = Key::new(&entry.id, &secret);
                if let Some(same) = keys.iter().find(|known| known.check() == key.check()) {
                    complain(
                        entry.file.place(&name),
                        format!("key `{}` has the same bytes as key `{}`", *entry.id, same.id()),
                        "make a new one: `(umask 077; head -c 32 /dev/urandom > new.key)`",
                    );
                }
                keys.push(key);
            }
            Err(reason) => complain(
                entry.file.place(&name),
                format!("the file of key `{}` {reason}", *entry.id),
                "a key is a file of at least 32 random bytes: `(umask 077; head -c 32 /dev/urandom > new.key)`",
            ),
        }
    }
    let current = keys.iter().position(|key| key.id() == ring.current.value);
    if !ring.keys.iter().any(|entry| entry.id.value == ring.current.value) {
        complain(
            ring.current.place(&name),
            "no key has the id given as current".to_owned(),
            "name one of those below `keys:`",
        );
    }
    let current = keys.swap_remove(current.filter(|_| diagnostics.error_count() == before)?);
    Some(Keyring::new(current, keys))
}

fn parse(path: &Path, text: String, diagnostics: &mut Diagnostics) -> Option<KeyringFile> {
    read_secret(&SourceFile { name: path.display().to_string(), text }, diagnostics)
}

fn read_ring(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let file = fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    file.take(RING_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if text.len() as u64 > RING_BYTES_MAX {
        return Err(format!("has more than {} KiB", RING_BYTES_MAX >> 10));
    }
    Ok(text)
}

fn read_key(path: &Path) -> Result<Secret, String> {
    let metadata = fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?;
    if !metadata.is_file() {
        return Err("is not a file".to_owned());
    }
    let mut bytes = Vec::with_capacity(KEY_BYTES_MAX + 1);
    fs::File::open(path)
        .and_then(|file| file.take(KEY_BYTES_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read: {error}"))?;
    let secret = Secret::new(bytes);
    let bytes = secret.expose();
    let variety = (0..=u8::MAX).filter(|byte| bytes.contains(byte)).count();
    match bytes.len() {
        length if length < KEY_BYTES_MIN => Err(format!(
            "has {length} bytes, and at least {KEY_BYTES_MIN} keep it from being guessed"
        )),
        length if length > KEY_BYTES_MAX => Err(format!("has more than {KEY_BYTES_MAX} bytes")),
        _ if variety < VARIETY_MIN => Err("is a pattern rather than random bytes".to_owned()),
        _ => Ok(secret),
    }
}

fn is_id(id: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn beside(ring: &Path, file: &Path) -> PathBuf {
    ring.parent().map_or_else(|| file.to_owned(), |directory| directory.join(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(base: &Path, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(base.join(name), bytes).unwrap();
    }

    fn key(seed: u8) -> Vec<u8> {
        (0..32u8).map(|at| at.wrapping_mul(37) ^ seed).collect()
    }

    fn loaded(base: &Path, ring: &str) -> (Option<Keyring>, Vec<String>) {
        write(base, "keyring.yaml", ring);
        let mut diagnostics = Diagnostics::default();
        let source = KeySource::Ring(base.join("keyring.yaml"));
        let keys = source.load(&mut diagnostics);
        let prefix = format!("{}/", base.display());
        let told = diagnostics.iter().map(|it| it.to_string().replace(&prefix, ""));
        (keys, told.collect())
    }

    #[test]
    fn a_ring_has_a_current_key_and_older_ones() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path();
        write(base, "new.key", key(1));
        write(base, "old.key", key(2));
        let ring = "current: 2026-11\nkeys:\n  - {id: 2026-05, file: old.key}\n  - {id: 2026-11, file: new.key}\n";
        let (keys, told) = loaded(base, ring);
        assert_eq!(told, Vec::<String>::new());
        let keys = keys.unwrap();
        assert_eq!(keys.iter().map(Key::id).collect::<Vec<_>>(), ["2026-11", "2026-05"]);
        let source = KeySource::Ring(base.join("keyring.yaml"));
        let seen = source.seen();
        assert_eq!(seen.len(), 3);
        write(base, "other.key", key(3));
        fs::rename(base.join("other.key"), base.join("new.key")).unwrap();
        assert_ne!(source.seen(), seen);
        let (again, _) = loaded(base, ring);
        assert_ne!(again.unwrap().fingerprint(), keys.fingerprint());
    }

    #[test]
    fn every_fault_is_told_with_its_place_and_no_key_is_shown() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path();
        write(base, "good.key", key(1));
        write(base, "same.key", key(1));
        write(base, "short.key", &key(1)[..31]);
        write(base, "pattern.key", [b'x'; 64]);
        write(base, "long.key", vec![7; KEY_BYTES_MAX + 1]);
        fs::create_dir(base.join("directory.key")).unwrap();
        for (ring, expected) in [
            ("", "current"),
            ("current: a\nkeys: []\n", "keyring.yaml:1:10: error: no key has the id given"),
            (
                "current: b\nkeys:\n  - {id: a, file: good.key}\n",
                "keyring.yaml:1:10: error: no key has the id given",
            ),
            (
                "current: a\nkeys:\n  - {id: a, file: none.key}\n",
                "keyring.yaml:3:19: error: the file of key `a` cannot be read",
            ),
            ("current: a\nkeys:\n  - {id: a, file: short.key}\n", "has 31 bytes, and at least 32"),
            ("current: a\nkeys:\n  - {id: a, file: pattern.key}\n", "is a pattern"),
            ("current: a\nkeys:\n  - {id: a, file: long.key}\n", "has more than 4096 bytes"),
            ("current: a\nkeys:\n  - {id: a, file: directory.key}\n", "is not a file"),
            (
                "current: a\nkeys:\n  - {id: a, file: good.key}\n  - {id: a, file: good.key}\n",
                "keyring.yaml:4:10: error: two keys have the id `a`",
            ),
            (
                "current: a\nkeys:\n  - {id: a, file: good.key}\n  - {id: b, file: same.key}\n",
                "keyring.yaml:4:19: error: key `b` has the same bytes as key `a`",
            ),
            ("current: a\nkeys:\n  - {id: a.b, file: good.key}\n", "this cannot be the id"),
            (
                "current: a\nkeys:\n  - {id: a, path: good.key}\n",
                "keyring.yaml:3:13: error: unknown key",
            ),
            (
                "-----BEGIN PRIVATE KEY-----\nxxxxMC4CAQ\n-----END PRIVATE KEY-----\n",
                "1:1: error: found a text, expected a mapping with `current:` and `keys:`",
            ),
            ("xxxx: a\nxxxx: b\n", "keyring.yaml:2:1: error: a key is given twice"),
            ("xxxxtoken: a\n", "keyring.yaml:1:1: error: unknown key"),
            ("current: a\nkeys:\n  - {id: a, file: xxxxaGVsbG8=}\n", "cannot be read"),
        ] {
            let (keys, told) = loaded(base, ring);
            assert!(keys.is_none(), "{ring}");
            let all = told.join("\n");
            assert!(all.contains(expected), "{ring}: {all}");
            assert!(all.contains("help:"), "{all}");
            assert!(!all.contains("xxxx"), "{all}");
        }
        let mut diagnostics = Diagnostics::default();
        assert!(KeySource::Ring(base.join("nowhere.yaml")).load(&mut diagnostics).is_none());
        assert!(diagnostics.to_string().contains("cannot be read"), "{diagnostics}");
    }
}
