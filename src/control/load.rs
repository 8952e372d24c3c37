//! Rule files from a directory, or those the program ships.
//!
//! A directory is read as one version: where it is a link, or where its files come through a `..data`
//! link as Kubernetes mounts a ConfigMap, the link is followed once and everything is read behind it. A folder
//! below it that is a link, or where a ConfigMap is mounted, is a version of its own in the same way.
//! What the files say is not looked at here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    fs::{self, Metadata},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::embedded;
use crate::{
    engine::Engine,
    signing::hex,
    source::{Diagnostics, Place, SourceFile, Stamp, give_way},
};

/// Bounds of a rules directory; real ones stay far below.
pub(super) const FILES_MAX: usize = 4_096;
pub(super) const FILE_BYTES_MAX: u64 = 4 << 20;
pub(super) const TOTAL_BYTES_MAX: u64 = 64 << 20;
pub(super) const DEPTH_MAX: usize = 8;

/// Where the rules come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RulesSource {
    /// Those the program ships.
    Embedded,
    /// Every `*.yaml` below a directory, names that begin with a dot left out.
    Directory(PathBuf),
}

/// The files of one version, in the order of names.
#[derive(Debug, Clone, Default)]
pub struct RuleFiles {
    pub files: Vec<SourceFile>,
    /// SHA-256 over names and texts, hex.
    pub hash: String,
    /// Where they really are, behind every link; nowhere when they came from no directory.
    pub(super) whereabouts: Whereabouts,
    /// The directories the files came from.
    pub(super) directories: BTreeSet<PathBuf>,
    pub(super) fingerprint: Fingerprint,
}

/// The folders that a link leads away from, and where to: the directory itself (``) and any below it. What is behind
/// one of them is a version of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Whereabouts(BTreeMap<String, PathBuf>);

/// What can be seen of the files without reading them; differs when one was changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fingerprint(Vec<(PathBuf, Stamp)>);

impl From<&super::Bundle> for RuleFiles {
    fn from(bundle: &super::Bundle) -> Self {
        Self { files: bundle.files.clone(), hash: bundle.hash.clone(), ..Self::default() }
    }
}

impl RuleFiles {
    /// Files of `before` whose rules are gone from the same directory. A link that leads to another directory was put
    /// there whole, and what it leaves out was meant; files that vanish one by one may be on their way back. One that
    /// stands under another name now is not gone, as long as it is compiled there.
    pub(super) fn gone_since<'b>(&self, before: &'b Self) -> Vec<&'b str> {
        if self.whereabouts.directory().is_none() || before.whereabouts.directory().is_none() {
            return Vec::new();
        }
        let is_gone = |before: &&SourceFile| {
            let is_it = |file: &SourceFile| {
                file.name == before.name || (file.text == before.text && Engine::reads(&file.name))
            };
            Engine::reads(&before.name) && !self.files.iter().any(is_it)
        };
        let was_meant =
            |file: &&SourceFile| self.whereabouts.differ(&before.whereabouts, &file.name);
        let gone = before.files.iter().filter(is_gone).filter(|file| !was_meant(file));
        gone.map(|file| file.name.as_str()).collect()
    }

    /// Rules without laws compile, and let out what the laws would not.
    pub fn warn_without_laws(&self, diagnostics: &mut Diagnostics) {
        if !self.files.iter().any(|file| file.name.starts_with("law/")) {
            diagnostics
                .warning(
                    whole("rules"),
                    "no laws: there is no file under `law/`, and no transfer is judged by any",
                )
                .remedy("take `law/` from what `bordergate rules export DIR` writes, unless that is meant");
        }
    }
}

impl Whereabouts {
    fn directory(&self) -> Option<&Path> {
        self.0.get("").map(PathBuf::as_path)
    }

    /// Whether a link on the way to `file` leads elsewhere than it did `before`.
    fn differ(&self, before: &Self, file: &str) -> bool {
        let is_below = |folder: &str| {
            folder.is_empty() || file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        before
            .0
            .iter()
            .filter(|(folder, _)| is_below(folder))
            .any(|(folder, path)| self.0.get(folder).is_some_and(|now| now != path))
    }
}

impl fmt::Display for RulesSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::Directory(path) => path.display().fmt(f),
        }
    }
}

impl RulesSource {
    /// Reads every file. What could not be read is an error in `diagnostics`, the rest is there still.
    pub fn load(&self, diagnostics: &mut Diagnostics) -> RuleFiles {
        match self {
            Self::Embedded => {
                let files = embedded::files();
                RuleFiles { hash: hash(&files), files, ..RuleFiles::default() }
            }
            Self::Directory(directory) => load_settled(directory, diagnostics),
        }
    }

    /// The fingerprint alone.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Embedded => Fingerprint::default(),
            Self::Directory(directory) => {
                let mut walk = Walk::default();
                if let Ok(base) = base_of(directory) {
                    walk.directory(directory, &base, "", 0, &mut Diagnostics::default());
                }
                walk.fingerprint()
            }
        }
    }
}

/// Reads until what was read is what is there: a link that is swapped meanwhile must not lead to half
/// of one version and half of the next.
fn load_settled(directory: &Path, diagnostics: &mut Diagnostics) -> RuleFiles {
    const TRIES: usize = 3;
    let mut tries = 0;
    loop {
        tries += 1;
        let mut found = Diagnostics::default();
        let loaded = load_directory(directory, &mut found);
        if tries == TRIES
            || loaded.fingerprint == RulesSource::Directory(directory.into()).fingerprint()
        {
            diagnostics.extend(found);
            return loaded;
        }
    }
}

fn load_directory(directory: &Path, diagnostics: &mut Diagnostics) -> RuleFiles {
    let mut walk = Walk::default();
    let base = base_of(directory);
    match &base {
        Ok(base) => walk.directory(directory, base, "", 0, diagnostics),
        Err(error) => {
            complain(
                diagnostics,
                &directory.display().to_string(),
                format!("cannot be read: {error}"),
            )
            .remedy("give a directory with rule files, or leave it out for the shipped rules");
        }
    }
    walk.found.sort_by(|a, b| a.name.cmp(&b.name));
    let fingerprint = walk.fingerprint();
    let mut total_bytes = 0;
    let mut files = Vec::with_capacity(walk.found.len());
    for found in &walk.found {
        give_way();
        match read_text(found) {
            Ok(text) => {
                total_bytes += text.len() as u64;
                files.push(SourceFile { name: found.name.clone(), text });
            }
            Err(reason) => {
                complain(diagnostics, &found.name, reason);
            }
        }
        if total_bytes > TOTAL_BYTES_MAX {
            complain(
                diagnostics,
                &found.name,
                format!("the files up to here have more than {} MiB", TOTAL_BYTES_MAX >> 20),
            );
            break;
        }
    }
    if files.is_empty() && !diagnostics.has_errors() {
        complain(diagnostics, &directory.display().to_string(), "holds no rule files".to_owned())
            .remedy("rule files end in `.yaml`; leave the directory out for the shipped rules");
    }
    let Walk { directories, whereabouts, .. } = walk;
    RuleFiles { hash: hash(&files), files, whereabouts, directories, fingerprint }
}

/// Where the files of a directory really are.
fn base_of(directory: &Path) -> io::Result<PathBuf> {
    let data = directory.join("..data");
    let base = if data.is_dir() { data } else { directory.to_owned() };
    let base = fs::canonicalize(base)?;
    if base.is_dir() { Ok(base) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

#[derive(Debug, Default)]
struct Walk {
    found: Vec<Found>,
    directories: BTreeSet<PathBuf>,
    whereabouts: Whereabouts,
    full: bool,
}

#[derive(Debug)]
struct Found {
    name: String,
    path: PathBuf,
    metadata: Metadata,
}

impl Walk {
    /// The files below `path`, which are really at `base`. Goes through links too; one that leads back up is ended by
    /// the depth.
    fn directory(
        &mut self,
        path: &Path,
        base: &Path,
        prefix: &str,
        depth: usize,
        diagnostics: &mut Diagnostics,
    ) {
        let entries = match fs::read_dir(base) {
            Ok(entries) => entries,
            Err(error) => {
                complain(diagnostics, prefix, format!("the directory cannot be read: {error}"));
                return;
            }
        };
        // A link is swapped in the directory it is in, and a ConfigMap's is inside the one that is mounted.
        self.directories.extend([path.to_owned(), base.to_owned()]);
        if prefix.is_empty() || path != base {
            self.whereabouts.0.insert(prefix.to_owned(), base.to_owned());
        }
        let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            give_way();
            let file_name = entry.file_name();
            let Some(file_name) = file_name.to_str().filter(|name| !name.starts_with('.')) else {
                continue;
            };
            let name = if prefix.is_empty() {
                file_name.to_owned()
            } else {
                format!("{prefix}/{file_name}")
            };
            let path = entry.path();
            let metadata = match fs::metadata(&path) {
                Ok(metadata) => metadata,
                Err(error) => {
                    complain(diagnostics, &name, format!("cannot be read: {error}"));
                    continue;
                }
            };
            if metadata.is_dir() {
                if depth < DEPTH_MAX {
                    match base_of(&path) {
                        Ok(base) => self.directory(&path, &base, &name, depth + 1, diagnostics),
                        Err(error) => {
                            complain(diagnostics, &name, format!("cannot be read: {error}"));
                        }
                    }
                } else {
                    complain(
                        diagnostics,
                        &name,
                        format!("lies deeper than {DEPTH_MAX} directories and is not read"),
                    );
                }
            } else if file_name.ends_with(".yaml") {
                self.file(Found { name, path, metadata }, diagnostics);
            } else if looks_like_rules(&name) {
                diagnostics
                    .warning(whole(&name), "is not read")
                    .remedy("rule files end in `.yaml`");
            }
            if self.full {
                return;
            }
        }
    }

    fn file(&mut self, found: Found, diagnostics: &mut Diagnostics) {
        if self.found.len() < FILES_MAX {
            self.found.push(found);
        } else {
            self.full = true;
            complain(diagnostics, &found.name, format!("more than {FILES_MAX} rule files"));
        }
    }

    fn fingerprint(&self) -> Fingerprint {
        let seen = |found: &Found| (found.path.clone(), Stamp::from(&found.metadata));
        let mut files: Vec<_> = self.found.iter().map(seen).collect();
        files.sort();
        Fingerprint(files)
    }
}

/// A file that somebody may take for rules, and whose name does not end as theirs do: `eu.yml`, `eu.YAML`,
/// `eu.yaml.txt`, `eu.yaml~`, `eu.json`. What tests of rules may need beside them is theirs.
fn looks_like_rules(name: &str) -> bool {
    let (lower, is_of_tests) = (name.to_ascii_lowercase(), name.starts_with("tests/"));
    let file_name = lower.rsplit('/').next().unwrap_or(&lower);
    let is_yaml = [".yaml", ".yml"].iter().any(|end| file_name.contains(end));
    is_yaml || (file_name.ends_with(".json") && !is_of_tests)
}

/// SHA-256, hex.
pub(super) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn read_text(found: &Found) -> Result<String, String> {
    if !found.metadata.is_file() {
        return Err("is not a file".to_owned());
    }
    let mut bytes = Vec::new();
    // The bound holds even where the file has grown since it was looked at.
    fs::File::open(&found.path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("has more than {} MiB", FILE_BYTES_MAX >> 20));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..at).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        format!("is not UTF-8 at byte {at}, in line {line}; save it in that encoding")
    })
}

/// SHA-256 over names and texts, hex: what tells rules from others.
pub fn hash(files: &[SourceFile]) -> String {
    let mut hasher = Sha256::new();
    for file in files {
        give_way();
        // Lengths keep the end of a name and the beginning of its text apart.
        for part in [&file.name, &file.text] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    hex(&hasher.finalize())
}

/// Says of each file that is gone, in these `words`, and how it may go.
pub(super) fn complain_of_gone(gone: &[&str], words: &str, diagnostics: &mut Diagnostics) {
    for name in gone {
        complain(diagnostics, name, words.to_owned()).remedy(
            "put it back; or, if that is meant, take the rules without it by `POST /-/reload`",
        );
    }
}

fn complain<'d>(
    diagnostics: &'d mut Diagnostics,
    name: &str,
    message: String,
) -> &'d mut crate::source::Diagnostic {
    diagnostics.error(whole(name), message)
}

fn whole(name: &str) -> Place {
    Place { file: name.to_owned(), line: 0, column: 0 }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn write(base: &Path, name: &str, text: impl AsRef<[u8]>) {
        let path = base.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn load(base: &Path) -> (Vec<String>, String, Vec<String>) {
        let mut diagnostics = Diagnostics::default();
        let loaded = RulesSource::Directory(base.to_owned()).load(&mut diagnostics);
        let names = loaded.files.into_iter().map(|file| file.name).collect();
        (names, loaded.hash, diagnostics.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn yaml_files_are_read_in_order_and_dot_files_are_not() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path();
        for name in
            ["zones/b.yaml", "purposes.yaml", "law/eu.yaml", ".hidden.yaml", "law/.git/x.yaml"]
        {
            write(base, name, "a: 1");
        }
        let like_rules =
            ["law/us.yml", "law/cn.YAML", "law/de.yaml.txt", "law/fr.yaml~", "law/jp.json"];
        for name in ["README.md", "COVERAGE.md", "tests/case.json", "law/notes.txt"] {
            write(base, name, "words");
        }
        like_rules.iter().for_each(|name| write(base, name, "a: 1"));
        let (names, _, diagnostics) = load(base);
        assert_eq!(names, ["law/eu.yaml", "purposes.yaml", "zones/b.yaml"]);
        assert_eq!(diagnostics.len(), like_rules.len(), "{diagnostics:?}");
        for name in like_rules {
            let warning = format!("{name}: warning: is not read");
            assert!(diagnostics.iter().any(|told| told.starts_with(&warning)), "{diagnostics:?}");
        }
    }

    #[test]
    fn every_unreadable_file_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path();
        write(base, "good.yaml", "a: 1");
        write(base, "latin.yaml", b"a: b\nc: \xe9");
        write(base, "long.yaml", vec![b' '; usize::try_from(FILE_BYTES_MAX).unwrap() + 1]);
        symlink("nowhere", base.join("dangling.yaml")).unwrap();
        symlink("/dev/zero", base.join("endless.yaml")).unwrap();
        let (names, _, diagnostics) = load(base);
        assert_eq!(names, ["good.yaml"]);
        for name in [
            "latin.yaml: error: is not UTF-8 at byte 8, in line 2; save it in that encoding",
            "long.yaml",
            "dangling.yaml",
            "endless.yaml",
        ] {
            assert!(
                diagnostics.iter().any(|text| text.starts_with(name)),
                "{name}: {diagnostics:?}"
            );
        }
    }

    #[test]
    fn a_missing_or_empty_directory_is_an_error_with_a_remedy() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), "file", "");
        for path in [
            directory.path().to_owned(),
            directory.path().join("none"),
            directory.path().join("file"),
        ] {
            let (names, _, diagnostics) = load(&path);
            assert!(names.is_empty() && diagnostics.len() == 1, "{diagnostics:?}");
            assert!(diagnostics[0].contains("help:"), "{diagnostics:?}");
        }
    }

    #[test]
    fn a_link_in_a_circle_ends() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), "a.yaml", "a: 1");
        symlink(".", directory.path().join("again")).unwrap();
        let (names, _, diagnostics) = load(directory.path());
        assert_eq!(names.len(), DEPTH_MAX + 1);
        assert!(diagnostics[0].contains("deeper"), "{diagnostics:?}");
    }

    #[test]
    fn a_config_map_is_read_behind_its_link() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path();
        write(base, "..2026_11_01/law/eu.yaml", "v: 1");
        write(base, "..2026_11_02/law/eu.yaml", "v: 2");
        symlink("..2026_11_01", base.join("..data")).unwrap();
        symlink("..data/law", base.join("law")).unwrap();
        let (names, first, diagnostics) = load(base);
        assert_eq!((names, diagnostics), (vec!["law/eu.yaml".to_owned()], vec![]));
        symlink("..2026_11_02", base.join("..data_tmp")).unwrap();
        fs::rename(base.join("..data_tmp"), base.join("..data")).unwrap();
        assert_ne!(load(base).1, first);
    }

    /// A ConfigMap of its own in a folder, as the kubelet mounts and swaps it.
    #[test]
    fn a_folder_behind_a_link_is_a_version_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path();
        let read = || {
            let mut diagnostics = Diagnostics::default();
            let loaded = RulesSource::Directory(base.to_owned()).load(&mut diagnostics);
            assert!(diagnostics.is_empty(), "{diagnostics}");
            loaded
        };
        let own = base.join("organisation/own");
        write(base, "law/eu.yaml", "v: 1");
        write(base, "organisation/coverage.yaml", "v: 2");
        write(&own, "..1/a.yaml", "v: 3");
        write(&own, "..1/b.yaml", "v: 4");
        write(&own, "..2/a.yaml", "v: 5");
        symlink("..1", own.join("..data")).unwrap();
        symlink("..data/a.yaml", own.join("a.yaml")).unwrap();
        symlink("..data/b.yaml", own.join("b.yaml")).unwrap();
        let first = read();
        assert_eq!(first.files.len(), 4);
        assert!(first.directories.contains(&fs::canonicalize(&own).unwrap()));
        symlink("..2", own.join("..data_tmp")).unwrap();
        fs::rename(own.join("..data_tmp"), own.join("..data")).unwrap();
        // The link of the entry that is gone is still there for a moment.
        let second = read();
        assert_eq!((second.files.len(), second.gone_since(&first)), (3, vec![]));
        assert_ne!(second.fingerprint, first.fingerprint);
        // What the link does not lead to is missed as before.
        fs::remove_file(base.join("organisation/coverage.yaml")).unwrap();
        assert_eq!(read().gone_since(&second), ["organisation/coverage.yaml"]);
        fs::remove_dir_all(&own).unwrap();
        assert_eq!(
            read().gone_since(&second),
            ["organisation/coverage.yaml", "organisation/own/a.yaml"]
        );
    }

    #[test]
    fn only_what_is_compiled_is_where_rules_went() {
        let files = |named: &[(&str, &str)]| RuleFiles {
            files: named
                .iter()
                .map(|(name, text)| SourceFile { name: (*name).into(), text: (*text).into() })
                .collect(),
            whereabouts: Whereabouts([(String::new(), PathBuf::from("/rules"))].into()),
            ..RuleFiles::default()
        };
        let before = files(&[("law/th.yaml", "a: 1"), ("tests/th.yaml", "rows: []")]);
        for (after, gone) in [
            (files(&[("law/th.yaml", "a: 2"), ("tests/th.yaml", "rows: []")]), &[][..]),
            (files(&[("law/asean/th.yaml", "a: 1")]), &[]),
            (files(&[("tests/th.yaml", "a: 1")]), &["law/th.yaml"]),
            (files(&[("own/th.yaml", "a: 1")]), &["law/th.yaml"]),
            (files(&[("th.yaml", "a: 1")]), &["law/th.yaml"]),
            (files(&[]), &["law/th.yaml"]),
        ] {
            assert_eq!(after.gone_since(&before), gone, "{:?}", after.files);
        }
    }

    #[test]
    fn the_hash_tells_names_and_texts_apart() {
        let file = |name: &str, text: &str| SourceFile { name: name.into(), text: text.into() };
        let hashes = [
            hash(&[]),
            hash(&[file("a", "b")]),
            hash(&[file("ab", "")]),
            hash(&[file("a", "b"), file("c", "d")]),
            hash(&[file("c", "d"), file("a", "b")]),
        ];
        let distinct: BTreeSet<_> = hashes.iter().collect();
        assert_eq!(distinct.len(), hashes.len());
        assert_eq!(hashes[0], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
