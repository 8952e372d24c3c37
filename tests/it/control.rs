//! Rules change while they serve: whole, or not at all.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bordergate::{
    control::{
        ControlSettings, Controller, FileStatus, Hangups, KeySource, Refused, Reloaded, Reloads,
        RulesSource, ShadowSettings, Switch, Trigger,
    },
    geo::GeoDb,
    redact::{Keyring, PseudonymKey, Secret},
    snapshot::Snapshot,
    telemetry::{Exposition, Metrics},
};
use tempfile::TempDir;

use crate::{harness::eventually, mmdb};

/// A directory with few rules in it.
fn rules(directory: &Path) {
    for (name, text) in [
        (
            "taxonomy/categories.yaml",
            "categories:
  - {key: user.name, short: name, title: Name, sensitivity: ordinary, identifier: true}\n",
        ),
        ("detectors/keys.yaml", "{}\n"),
        (
            "registers/vocabulary.yaml",
            "recipient_classes: [{name: affiliate, title: Company of the group}]\n",
        ),
    ] {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    version(directory, 0);
}

/// The next version of the rules: another purpose in one file, another rule in another.
fn version(directory: &Path, version: usize) {
    let purposes = format!(
        "version: {{id: 2019-03-18, effective_from: 2019-03-18, destinations: [SG]}}
purposes:
  - {{id: purpose_{version}, title: Backup, use: functional.storage, permit: [name], recipients: [affiliate]}}\n"
    );
    let policy = format!(
        "layer: policy
title: Backup
rules:
  - id: V-{version:03}
    title: Backup stays in Singapore
    statute: None
    when: {{purpose: purpose_{version}, destination_not: SG}}
    effect: block
    reason: Backup stays in Singapore.\n"
    );
    fs::create_dir_all(directory.join("policy")).unwrap();
    write_whole(&directory.join("purposes.yaml"), &purposes);
    write_whole(&directory.join("policy/backup.yaml"), &policy);
}

/// The version of a snapshot, when it is whole: all that it says is of one version.
fn version_of(snapshot: &Snapshot) -> Option<usize> {
    let rules = snapshot.engine.rules();
    let purpose: usize =
        rules.purposes().find_map(|id| id.strip_prefix("purpose_")?.parse().ok())?;
    let rule: usize =
        rules.rules().find_map(|(_, rule)| rule.id.strip_prefix("V-")?.parse().ok())?;
    (purpose == rule).then_some(purpose)
}

fn write_whole(path: &Path, text: &str) {
    let beside = path.with_extension("next");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

/// A controller over rules of its own.
struct RunningController {
    directory: TempDir,
    controller: Controller,
    metrics: Arc<Metrics>,
}

impl RunningController {
    fn start(watch: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        rules(directory.path());
        Self::start_in(directory, "", watch)
    }

    fn start_in(directory: TempDir, below: &str, watch: bool) -> Self {
        let metrics = Arc::new(Metrics::new().unwrap());
        let source = RulesSource::Directory(directory.path().join(below));
        let settings = ControlSettings {
            watch,
            // Nothing but the watch notices a change in time.
            look: Duration::from_secs(3_600),
            ..ControlSettings::new(source, PseudonymKey::new(b"a key for tests"))
        };
        let controller = Controller::start(settings, Arc::clone(&metrics)).unwrap();
        Self { directory, controller, metrics }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn reloads(&self) -> Reloads {
        self.controller.reloads()
    }

    fn generation(&self) -> u64 {
        self.controller.snapshots().load().generation.0
    }

    fn metric(&self, series: &str) -> f64 {
        let text = self.metrics.render(Exposition::default());
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {series}")).parse().unwrap()
    }

    async fn until_generation(&self, generation: u64) {
        let otherwise = format!("no generation {generation}");
        eventually(&otherwise, async || self.generation() >= generation).await;
    }
}

#[tokio::test]
async fn a_bad_reload_keeps_the_rules_before_it_and_says_so() {
    let running = RunningController::start(false);
    let reloads = running.reloads();
    let serving = running.controller.snapshots().load_full();
    assert_eq!(version_of(&serving), Some(0));
    let good = fs::read(running.path().join("purposes.yaml")).unwrap();
    for (bad, complained) in [
        (&b"purposes: [\n"[..], "purposes.yaml"),
        (b"\xff\xfe", "purposes.yaml"),
        (b"no_such_key: 1\n", "purposes.yaml"),
        // In order by itself, and what names its purposes is not.
        (b"purposes: []\n", "policy/backup.yaml"),
    ] {
        fs::write(running.path().join("purposes.yaml"), bad).unwrap();
        let refused = reloads.reload(Trigger::Operator).await.unwrap_err();
        let Refused::Rules(diagnostics) = refused else { panic!("{refused}") };
        assert!(diagnostics.iter().any(|item| item.place.file == complained), "{diagnostics}");
        assert!(Arc::ptr_eq(&serving, &running.controller.snapshots().load_full()));
        assert_eq!(running.metric("bordergate_config_last_reload_successful"), 0.0);
        assert_eq!(running.metric("bordergate_rules_generation"), 1.0);
        let status = reloads.status();
        assert!(status.stale);
        let failure = status.last_failure.as_ref().unwrap();
        assert_eq!((failure.by, failure.diagnostics.len()), (Trigger::Operator, diagnostics.len()));
    }
    assert_eq!(running.metric("bordergate_reloads_total{result=\"failure\"}"), 4.0);

    fs::write(running.path().join("purposes.yaml"), good).unwrap();
    let reloaded = reloads.reload(Trigger::Hangup).await.unwrap();
    assert_eq!((reloaded.generation.0, reloaded.changed), (1, false));
    assert_eq!(running.metric("bordergate_config_last_reload_successful"), 1.0);
    let status = reloads.status();
    assert!(!status.stale && status.last_failure.is_some());

    version(running.path(), 1);
    let reloaded = reloads.reload(Trigger::Operator).await.unwrap();
    assert_eq!((reloaded.generation.0, reloaded.changed), (2, true));
    assert_ne!(reloaded.hash, serving.rules_hash);
    assert_eq!(reloads.status().hash, reloaded.hash);
    assert!(reloads.status().files.iter().any(|file| file.name == "purposes.yaml"));
}

/// Each file says what it is, since when it serves, and what is wrong in it as it is now.
#[tokio::test]
async fn every_file_of_the_rules_has_a_state_of_its_own() {
    let running = RunningController::start(false);
    let reloads = running.reloads();
    let file = |name: &str| -> FileStatus {
        let status = reloads.status();
        let found = status.files.iter().find(|file| file.name == name);
        found.unwrap_or_else(|| panic!("{name}: {:?}", status.files)).clone()
    };
    let text = fs::read_to_string(running.path().join("policy/backup.yaml")).unwrap();
    let hash = |text: &str| -> String {
        use sha2::{Digest as _, Sha256};
        Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let policy = file("policy/backup.yaml");
    assert_eq!((policy.bytes, policy.hash.as_str()), (text.len(), hash(&text).as_str()));
    assert_eq!((policy.rules, policy.off, policy.serving), (1, 0, true));
    let began = policy.changed_at;
    assert_eq!(file("purposes.yaml").rules, 0);

    // One file with a mistake, one more that is new and not readable: what serves is what served.
    write_whole(
        &running.path().join("policy/backup.yaml"),
        &text.replace("effect: block", "effect: explode"),
    );
    write_whole(&running.path().join("policy/new.yaml"), "layer: [\n");
    reloads.reload(Trigger::Operator).await.unwrap_err();
    let policy = file("policy/backup.yaml");
    assert_eq!((policy.hash.as_str(), policy.changed_at), (hash(&text).as_str(), began));
    let problem = policy.problems.iter().next().unwrap();
    assert!(problem.message.contains("explode") && problem.remedy.is_some(), "{problem}");
    assert_eq!(problem.place.line, 8);
    let new = file("policy/new.yaml");
    assert!(!new.serving && new.problems.has_errors() && new.rules == 0, "{new:?}");
    assert!(file("purposes.yaml").problems.is_empty());

    // In order again: nothing is wrong, and only what changed is new.
    fs::remove_file(running.path().join("policy/new.yaml")).unwrap();
    write_whole(&running.path().join("policy/backup.yaml"), &text);
    reloads.reload(Trigger::Operator).await.unwrap();
    assert!(reloads.status().files.iter().all(|file| file.serving && file.problems.is_empty()));
    let other = text.replace("title: Backup\n", "title: Backups\n");
    write_whole(&running.path().join("policy/backup.yaml"), &other);
    reloads.reload(Trigger::Operator).await.unwrap();
    assert!(file("policy/backup.yaml").changed_at.0 > began.0);
    assert_eq!(file("policy/backup.yaml").hash, hash(&other));
    assert_eq!(file("purposes.yaml").changed_at, began);
}

fn key_bytes(seed: u8) -> Vec<u8> {
    (0..32u8).map(|at| at.wrapping_mul(37) ^ seed).collect()
}

/// Keys come with the rules: a new one serves at once, what was made under the old one is turned back
/// still, and a ring that is not in order changes nothing.
#[tokio::test]
async fn keys_are_read_anew_and_a_bad_ring_leaves_the_old_ones_in_service() {
    for watch in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("old.key"), key_bytes(1)).unwrap();
        fs::write(at("new.key"), key_bytes(2)).unwrap();
        let ring = |current: &str, new: &str| {
            format!(
                "current: {current}\nkeys:\n  - {{id: k1, file: old.key}}\n  - {{id: k2, file: {new}}}\n"
            )
        };
        fs::write(at("keyring.yaml"), ring("k1", "new.key")).unwrap();
        let metrics = Arc::new(Metrics::new().unwrap());
        let settings = ControlSettings {
            watch,
            look: Duration::from_secs(3_600),
            ..ControlSettings::new(RulesSource::Embedded, KeySource::Ring(at("keyring.yaml")))
        };
        let controller = Controller::start(settings, metrics).unwrap();
        let (reloads, snapshots) = (controller.reloads(), controller.snapshots());
        let current = || snapshots.load().engine.keys().current().id().to_owned();
        assert_eq!(current(), "k1");
        assert_eq!(reloads.status().keys.older, ["k2"]);

        // Watched, a change is noticed; otherwise somebody asks.
        let settle = async |generation: u64| {
            if watch {
                let otherwise = format!("no generation {generation}");
                eventually(&otherwise, async || snapshots.load().generation.0 >= generation).await;
            } else {
                reloads.reload(Trigger::Hangup).await.unwrap();
            }
            assert_eq!(snapshots.load().generation.0, generation);
        };
        write_whole(&at("keyring.yaml"), &ring("k2", "new.key"));
        settle(2).await;
        assert_eq!(current(), "k2");
        let status = reloads.status();
        assert_eq!(
            (status.keys.current.as_str(), status.keys.older.as_slice()),
            ("k2", &["k1".to_owned()][..])
        );

        // Another key in the file of the same name is another key.
        let before = snapshots.load().engine.keys().fingerprint();
        fs::write(at("next"), key_bytes(3)).unwrap();
        fs::rename(at("next"), at("new.key")).unwrap();
        settle(3).await;
        assert_ne!(snapshots.load().engine.keys().fingerprint(), before);

        let serving = snapshots.load_full();
        fs::write(at("next"), b"short").unwrap();
        fs::rename(at("next"), at("new.key")).unwrap();
        let refused = reloads.reload(Trigger::Operator).await.unwrap_err();
        let Refused::Rules(diagnostics) = refused else { panic!("{refused}") };
        let told = diagnostics.to_string();
        assert!(told.contains("keyring.yaml:4:20") && told.contains("has 5 bytes"), "{told}");
        assert!(Arc::ptr_eq(&serving, &snapshots.load_full()));
        let status = reloads.status();
        assert!(status.stale && status.keys.current == "k2" && status.keys.generation == 3);
        assert!(status.keys.error.as_ref().unwrap().contains("has 5 bytes"));
        assert!(status.files.iter().all(|file| file.serving && file.problems.is_empty()));
        let shown = serde_json::to_string(&*status).unwrap();
        assert!(shown.contains("has 5 bytes") && !shown.contains("short"), "{shown}");

        fs::write(at("next"), key_bytes(3)).unwrap();
        fs::rename(at("next"), at("new.key")).unwrap();
        let reloaded = reloads.reload(Trigger::Operator).await.unwrap();
        assert_eq!((reloaded.changed, reloaded.generation.0), (false, 3));
        assert!(!reloads.status().stale && reloads.status().keys.error.is_none());
    }
}

/// What can be turned back is not asked for under a key that ends with the process.
#[tokio::test]
async fn reversible_replacements_ask_for_a_key_ring() {
    let directory = tempfile::tempdir().unwrap();
    rules(directory.path());
    fs::create_dir_all(directory.path().join("organisation")).unwrap();
    let rule = "layer: organisation\ntitle: Own\nrules:\n  - id: OWN-01\n    title: t\n    statute: s\n    \
        when: {data: name}\n    effect: redact\n    redact: {replacement: {kind: tokenise}}\n    reason: r\n";
    fs::write(directory.path().join("organisation/own.yaml"), rule).unwrap();
    let source = RulesSource::Directory(directory.path().to_owned());
    let start = |keys: KeySource| {
        let metrics = Arc::new(Metrics::new().unwrap());
        let settings =
            ControlSettings { watch: false, ..ControlSettings::new(source.clone(), keys) };
        Controller::start(settings, metrics)
    };
    let refused =
        start(Keyring::passing(&Secret::new(key_bytes(1))).into()).unwrap_err().to_string();
    assert!(
        refused.contains("organisation/own.yaml:4") && refused.contains("rules.keyring"),
        "{refused}"
    );
    assert!(start(PseudonymKey::new(b"a key for tests").into()).is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_readers_see_whole_generations_only() {
    let running = RunningController::start(false);
    let cell = running.controller.snapshots();
    let done = Arc::new(AtomicBool::new(false));
    // What anybody saw of each generation: its hash and its version.
    let seen: Arc<Mutex<BTreeMap<u64, (String, usize)>>> = Arc::default();
    let readers: Vec<_> = (0..1_000)
        .map(|_| {
            let (cell, done, seen) = (Arc::clone(&cell), Arc::clone(&done), Arc::clone(&seen));
            tokio::spawn(async move {
                let mut last = 0;
                let mut loads = 0u64;
                while !done.load(Ordering::Relaxed) || loads == 0 {
                    let snapshot = cell.load_full();
                    let generation = snapshot.generation.0;
                    assert!(generation >= last, "a reader went back");
                    if generation != last {
                        let mut seen = seen.lock().unwrap();
                        let version = version_of(&snapshot).expect("half of two versions");
                        let now = (snapshot.rules_hash.clone(), version);
                        let first = seen.entry(generation).or_insert_with(|| now.clone());
                        assert_eq!(*first, now, "generation {generation} is two");
                    }
                    last = generation;
                    loads += 1;
                    tokio::task::yield_now().await;
                    assert_eq!(
                        snapshot.generation.0, generation,
                        "a held snapshot stays what it is"
                    );
                }
                loads
            })
        })
        .collect();

    let mut expected = BTreeMap::from([(1, (cell.load().rules_hash.clone(), 0))]);
    let reloads = running.reloads();
    for number in 1..=100 {
        if number % 2 == 0 {
            version(running.path(), number);
            let reloaded = reloads.reload(Trigger::Operator).await.unwrap();
            expected.insert(reloaded.generation.0, (reloaded.hash, number));
        } else if number % 4 == 1 {
            fs::write(running.path().join("policy/broken.yaml"), "layer: policy\nrules: [{}]\n")
                .unwrap();
            reloads.reload(Trigger::Operator).await.unwrap_err();
            fs::remove_file(running.path().join("policy/broken.yaml")).unwrap();
        } else {
            fs::write(running.path().join("broken.yaml"), b"\xff").unwrap();
            reloads.reload(Trigger::Operator).await.unwrap_err();
            fs::remove_file(running.path().join("broken.yaml")).unwrap();
        }
    }
    done.store(true, Ordering::Relaxed);
    let mut loads = 0;
    for reader in readers {
        loads += reader.await.unwrap();
    }
    assert_eq!(expected.len(), 51);
    for (generation, what) in &*seen.lock().unwrap() {
        assert_eq!(expected.get(generation), Some(what), "generation {generation}");
    }
    assert!(loads >= 1_000);
    assert_eq!(running.metric("bordergate_reloads_total{result=\"success\"}"), 51.0);
    assert_eq!(running.metric("bordergate_reloads_total{result=\"failure\"}"), 50.0);
}

#[tokio::test]
async fn a_config_map_swap_is_one_reload() {
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path();
    // As the kubelet mounts a ConfigMap: a directory a version, a link to the current one, and a link
    // for each entry through it.
    for version in 1..=2 {
        rules(&base.join(format!("..2026_{version}")));
        self::version(&base.join(format!("..2026_{version}")), version);
    }
    symlink("..2026_1", base.join("..data")).unwrap();
    for entry in fs::read_dir(base.join("..2026_1")).unwrap() {
        let name = entry.unwrap().file_name();
        symlink(Path::new("..data").join(&name), base.join(&name)).unwrap();
    }
    let running = RunningController::start_in(directory, "", true);
    symlink("..2026_2", running.path().join("..data_tmp")).unwrap();
    fs::rename(running.path().join("..data_tmp"), running.path().join("..data")).unwrap();
    fs::remove_dir_all(running.path().join("..2026_1")).unwrap();
    running.until_generation(2).await;

    // Whatever else was noticed stands in line before this one.
    let reloaded = running.reloads().reload(Trigger::Operator).await.unwrap();
    assert_eq!((reloaded.generation.0, reloaded.changed), (2, false));
    assert_eq!(running.metric("bordergate_reloads_total{result=\"success\"}"), 3.0);
    assert_eq!(running.metric("bordergate_reloads_total{result=\"failure\"}"), 0.0);
}

#[tokio::test]
async fn changes_of_every_kind_are_noticed() {
    let running = RunningController::start(true);
    version(running.path(), 1);
    running.until_generation(2).await;
    assert_eq!(running.reloads().status().attempted_by, Trigger::Change);

    // In place rather than renamed into place.
    let purposes = running.path().join("purposes.yaml");
    let text = fs::read_to_string(&purposes).unwrap();
    fs::write(&purposes, format!("{text}# more\n")).unwrap();
    running.until_generation(3).await;

    // A file of another kind is no reason to reload, and a broken one is none to stop watching.
    fs::write(running.path().join("notes.txt"), "words").unwrap();
    fs::write(running.path().join("broken.yaml"), b"\xff").unwrap();
    eventually("the broken file is not noticed", async || running.reloads().status().stale).await;
    assert_eq!(running.generation(), 3);
    fs::remove_file(running.path().join("broken.yaml")).unwrap();
    version(running.path(), 2);
    running.until_generation(4).await;
}

/// `rm -r law && cp -r … law` leaves no moment in which fewer rules serve; whoever means it says so.
#[tokio::test]
async fn files_that_are_gone_from_the_directory_are_missed() {
    let running = RunningController::start(true);
    let reloads = running.reloads();
    let (law, aside) = (running.path().join("policy"), tempfile::tempdir().unwrap());
    let is_stale = async |expected: bool| {
        eventually("not noticed", async || reloads.status().stale == expected).await;
    };
    fs::create_dir(aside.path().join("policy")).unwrap();
    fs::copy(law.join("backup.yaml"), aside.path().join("policy/backup.yaml")).unwrap();
    fs::remove_dir_all(&law).unwrap();
    is_stale(true).await;
    let told = reloads.status().last_failure.clone().unwrap().diagnostics.to_string();
    assert!(told.starts_with("policy/backup.yaml: error: is gone"), "{told}");
    assert!(told.contains("`POST /-/reload`"), "{told}");
    // Nor do those who send a signal ask for that: whoever turns logs over does.
    let refused = reloads.reload(Trigger::Hangup).await.unwrap_err();
    assert!(matches!(refused, Refused::Rules(_)), "{refused}");
    assert_eq!(running.generation(), 1);
    assert!(
        running
            .controller
            .snapshots()
            .load()
            .engine
            .rules()
            .rules()
            .any(|(_, it)| it.id == "V-000")
    );

    // Back again, it is as it was.
    fs::create_dir(&law).unwrap();
    fs::copy(aside.path().join("policy/backup.yaml"), law.join("backup.yaml")).unwrap();
    is_stale(false).await;
    assert_eq!(running.generation(), 1);

    // Another name is another name, and an operator who asks means it.
    fs::rename(law.join("backup.yaml"), law.join("copies.yaml")).unwrap();
    running.until_generation(2).await;
    fs::remove_dir_all(&law).unwrap();
    is_stale(true).await;
    let reloaded = reloads.reload(Trigger::Operator).await.unwrap();
    assert_eq!((reloaded.changed, reloaded.generation.0), (true, 3));
    let is_there = running
        .controller
        .snapshots()
        .load()
        .engine
        .rules()
        .rules()
        .any(|(_, it)| it.id == "V-000");
    assert!(!is_there && !reloads.status().stale);
    // From there on they are not missed.
    write_whole(&running.path().join("detectors/keys.yaml"), "{} # more\n");
    running.until_generation(4).await;
}

/// Rules that were moved to where nothing compiles them are gone.
#[tokio::test]
async fn rules_that_are_put_aside_within_the_directory_are_missed() {
    let running = RunningController::start(false);
    let reloads = running.reloads();
    for aside in ["tests", "own", ""] {
        let folder = running.path().join(aside);
        fs::create_dir_all(&folder).unwrap();
        fs::rename(running.path().join("policy/backup.yaml"), folder.join("aside.yaml")).unwrap();
        let refused = reloads.reload(Trigger::Hangup).await.unwrap_err();
        assert!(refused.to_string().contains("policy/backup.yaml: error: is gone"), "{refused}");
        assert_eq!((running.generation(), reloads.status().stale), (1, true));
        fs::rename(folder.join("aside.yaml"), running.path().join("policy/backup.yaml")).unwrap();
        assert!(!reloads.reload(Trigger::Hangup).await.unwrap().changed);
    }
}

/// A file in a folder that nothing reads is refused, whoever asks, and the rules before it go on serving.
#[tokio::test]
async fn rules_that_stand_where_nothing_is_read_are_refused() {
    let running = RunningController::start(false);
    let text = fs::read_to_string(running.path().join("policy/backup.yaml")).unwrap();
    for (name, remedy) in [
        ("own/backup.yaml", "rules stand in `law/`, `agreement/`, `policy/` and `organisation/`"),
        ("backup.yaml", "rules stand in `law/`"),
        ("organization/backup.yaml", "did you mean `organisation/`?"),
        ("laws/backup.yaml", "did you mean `law/`?"),
    ] {
        let path = running.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
        let refused = running.reloads().reload(Trigger::Operator).await.unwrap_err().to_string();
        assert!(
            refused.contains(&format!("{name}: error: is not read where it stands")),
            "{refused}"
        );
        assert!(refused.contains(remedy), "{refused}");
        assert_eq!(running.generation(), 1);
        fs::remove_file(&path).unwrap();
    }
}

/// A file that was emptied, by a full disk perhaps, is not one that has nothing to say.
#[tokio::test]
async fn emptied_files_are_refused() {
    let running = RunningController::start(false);
    for name in [
        "detectors/keys.yaml",
        "detectors/values.yaml",
        "registers/vocabulary.yaml",
        "zones/own.yaml",
        "purposes.yaml",
        "policy/backup.yaml",
        "organisation/own.yaml",
        "taxonomy/categories.yaml",
    ] {
        let path = running.path().join(name);
        let before = fs::read(&path).ok();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        for text in ["", "# layer: policy\n"] {
            fs::write(&path, text).unwrap();
            let refused =
                running.reloads().reload(Trigger::Operator).await.unwrap_err().to_string();
            assert!(refused.contains(&format!("{name}:1:1: error: ")), "{name}: {refused}");
        }
        match before {
            Some(before) => fs::write(&path, before).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
    }
    assert!(!running.reloads().reload(Trigger::Operator).await.unwrap().changed);
}

#[tokio::test]
async fn rules_without_laws_are_warned_about() {
    let running = RunningController::start(false);
    let warnings = running.reloads().status().warnings.to_string();
    assert!(warnings.contains("warning: no laws: "), "{warnings}");
    fs::create_dir(running.path().join("law")).unwrap();
    fs::write(running.path().join("law/own.yaml"), "layer: law\ntitle: None\n").unwrap();
    let reloaded = running.reloads().reload(Trigger::Operator).await.unwrap();
    assert!(reloaded.warnings.is_empty(), "{}", reloaded.warnings);
}

/// As the kubelet changes a ConfigMap that is mounted in a folder: what it leaves out was meant, in one reload.
#[tokio::test]
async fn a_config_map_in_a_folder_may_lose_an_entry() {
    let directory = tempfile::tempdir().unwrap();
    rules(directory.path());
    let own = directory.path().join("organisation/own");
    let text = "layer: organisation\ntitle: Own\n";
    fs::create_dir_all(own.join("..1")).unwrap();
    fs::create_dir_all(own.join("..2")).unwrap();
    fs::write(own.join("..1/kept.yaml"), text).unwrap();
    fs::write(own.join("..1/taken.yaml"), format!("{text}# more\n")).unwrap();
    fs::write(own.join("..2/kept.yaml"), text).unwrap();
    symlink("..1", own.join("..data")).unwrap();
    symlink("..data/kept.yaml", own.join("kept.yaml")).unwrap();
    symlink("..data/taken.yaml", own.join("taken.yaml")).unwrap();
    let running = RunningController::start_in(directory, "", true);
    let own = running.path().join("organisation/own");
    symlink("..2", own.join("..data_tmp")).unwrap();
    fs::rename(own.join("..data_tmp"), own.join("..data")).unwrap();
    fs::remove_file(own.join("taken.yaml")).unwrap();
    fs::remove_dir_all(own.join("..1")).unwrap();
    running.until_generation(2).await;
    assert_eq!(running.metric("bordergate_reloads_total{result=\"failure\"}"), 0.0);
    let status = running.reloads().status();
    assert!(!status.stale && !status.files.iter().any(|file| file.name.ends_with("taken.yaml")));
}

/// Rules to come, in a directory beside the one that serves.
struct Beside {
    running: RunningController,
    next: TempDir,
}

impl Beside {
    fn start() -> Self {
        Self::start_with(PseudonymKey::new(b"a key for tests"))
    }

    fn start_with(keys: impl Into<KeySource>) -> Self {
        let (directory, next) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        rules(directory.path());
        rules(next.path());
        version(next.path(), 1);
        let metrics = Arc::new(Metrics::new().unwrap());
        let settings = ControlSettings {
            watch: false,
            look: Duration::from_secs(3_600),
            shadow: Some(ShadowSettings {
                source: RulesSource::Directory(next.path().to_owned()),
                sample_percent: 100,
            }),
            ..ControlSettings::new(RulesSource::Directory(directory.path().to_owned()), keys)
        };
        let controller = Controller::start(settings, Arc::clone(&metrics)).unwrap();
        Self { running: RunningController { directory, controller, metrics }, next }
    }

    /// Who reads the files is not who changes over.
    async fn read(&self) {
        let _ = self.running.reloads().reload(Trigger::Hangup).await;
        // The answer comes before the rules beside are read; the next is asked behind them.
        let _ = self.running.reloads().reload(Trigger::Hangup).await;
    }

    async fn promote(&self) -> Result<Reloaded, Refused> {
        self.running.reloads().switch(Switch::Promote, "an operator").await
    }

    fn told(&self) -> String {
        self.running.reloads().status().shadow.clone().unwrap().diagnostics.to_string()
    }
}

/// What is promoted is what stands in the directory, and nothing is where that is broken.
#[tokio::test]
async fn rules_to_come_are_read_before_they_are_changed_over_to() {
    let beside = Beside::start();
    beside.read().await;
    assert_eq!(beside.running.metric("bordergate_shadow_last_reload_successful"), 1.0);
    let good = fs::read(beside.next.path().join("policy/backup.yaml")).unwrap();
    fs::write(beside.next.path().join("policy/backup.yaml"), "layer: nothing\n").unwrap();
    let refused = beside.promote().await.unwrap_err();
    let Refused::Rules(diagnostics) = refused else { panic!("{refused}") };
    assert!(diagnostics.iter().any(|it| it.place.file == "policy/backup.yaml"), "{diagnostics}");
    assert_eq!(beside.running.metric("bordergate_shadow_last_reload_successful"), 0.0);
    assert_eq!(beside.running.generation(), 1);

    fs::write(beside.next.path().join("policy/backup.yaml"), good).unwrap();
    version(beside.next.path(), 2);
    assert!(beside.promote().await.unwrap().changed);
    assert_eq!(version_of(&beside.running.controller.snapshots().load_full()), Some(2));
    assert_eq!(beside.running.metric("bordergate_shadow_last_reload_successful"), 1.0);
}

/// A directory of rules to come that lost a file is refused like the one that serves.
#[tokio::test]
async fn rules_to_come_that_lost_a_file_are_not_changed_over_to() {
    let beside = Beside::start();
    beside.read().await;
    fs::remove_dir_all(beside.next.path().join("policy")).unwrap();
    beside.read().await;
    assert!(beside.told().starts_with("policy/backup.yaml: error: is gone"), "{}", beside.told());
    let refused = beside.promote().await.unwrap_err();
    assert!(
        refused.to_string().contains("is gone from the rules that are judged beside"),
        "{refused}"
    );
    assert_eq!(beside.running.generation(), 1);
    // Whoever means it says so.
    beside.running.reloads().reload(Trigger::Operator).await.unwrap();
    beside.read().await;
    assert_eq!(beside.told().lines().filter(|line| line.contains("error")).count(), 0);
    assert!(beside.promote().await.unwrap().changed);
}

/// While other rules serve, the directory they replaced is still looked after.
#[tokio::test]
async fn files_that_are_gone_are_missed_while_other_rules_serve() {
    let beside = Beside::start();
    beside.read().await;
    beside.promote().await.unwrap();
    let running = &beside.running;
    let law = running.path().join("policy/backup.yaml");
    let text = fs::read(&law).unwrap();
    fs::remove_file(&law).unwrap();
    beside.read().await;
    let status = running.reloads().status();
    assert!(status.stale && status.pinned);
    let told = status.last_failure.clone().unwrap().diagnostics.to_string();
    assert!(told.starts_with("policy/backup.yaml: error: is gone from the directory"), "{told}");
    assert_eq!(version_of(&running.controller.snapshots().load_full()), Some(1));
    fs::write(&law, text).unwrap();
    beside.read().await;
    let status = running.reloads().status();
    assert!(!status.stale && status.pinned);
    // The same as what serves: there is nothing to stay with.
    version(running.path(), 1);
    beside.read().await;
    let status = running.reloads().status();
    assert!(!status.stale && !status.pinned);
    assert_eq!(running.generation(), 2);
}

/// A restart begins with the directory: one that would not compile is told while others serve, in the status and by the
/// gauge, and so is that they do.
#[tokio::test]
async fn a_directory_that_would_not_serve_is_told_while_other_rules_do() {
    let beside = Beside::start();
    let running = &beside.running;
    beside.read().await;
    let successful = || running.metric("bordergate_config_last_reload_successful");
    assert_eq!(running.metric("bordergate_rules_pinned"), 0.0);
    beside.promote().await.unwrap();
    assert_eq!((running.metric("bordergate_rules_pinned"), successful()), (1.0, 1.0));
    let law = running.path().join("policy/backup.yaml");
    let text = fs::read(&law).unwrap();
    fs::write(&law, "rules: [").unwrap();
    beside.read().await;
    let status = running.reloads().status();
    assert!(status.stale && status.pinned, "{status:?}");
    let told = status.last_failure.clone().unwrap().diagnostics.to_string();
    assert!(told.contains("policy/backup.yaml:2:1: error"), "{told}");
    assert_eq!((successful(), running.generation()), (0.0, 2));
    fs::write(&law, text).unwrap();
    beside.read().await;
    let status = running.reloads().status();
    assert!(!status.stale && status.pinned && successful() == 1.0, "{status:?}");

    // What was refused before rules were changed over to is no better for it.
    fs::write(&law, "rules: [").unwrap();
    beside.read().await;
    version(beside.next.path(), 2);
    beside.promote().await.unwrap();
    let status = running.reloads().status();
    assert!(status.stale && status.pinned && successful() == 0.0, "{status:?}");
    version(running.path(), 3);
    running.reloads().reload(Trigger::Operator).await.unwrap();
    assert_eq!((running.metric("bordergate_rules_pinned"), successful()), (0.0, 1.0));
}

/// A name that is misspelt looks like one whose rules are still to come.
#[tokio::test]
async fn rules_to_come_whose_directory_is_not_there_are_missed_aloud() {
    let directory = tempfile::tempdir().unwrap();
    rules(directory.path());
    let settings = ControlSettings {
        watch: false,
        shadow: Some(ShadowSettings {
            source: RulesSource::Directory(directory.path().join("rules-nxt")),
            sample_percent: 100,
        }),
        ..ControlSettings::new(
            RulesSource::Directory(directory.path().to_owned()),
            PseudonymKey::new(b"a key for tests"),
        )
    };
    let controller = Controller::start(settings, Arc::new(Metrics::new().unwrap())).unwrap();
    eventually("nothing is said of them", async || controller.reloads().status().shadow.is_some())
        .await;
    let told = controller.reloads().status().shadow.clone().unwrap().diagnostics;
    assert!(told.to_string().contains("is not there yet; nothing is judged beside"), "{told}");
    assert!(!told.has_errors());
}

/// A reload that fails changes nothing of which rules serve, and of what they are followed by.
#[tokio::test]
async fn a_reload_that_fails_leaves_what_was_changed_over_to() {
    let beside = Beside::start();
    beside.read().await;
    beside.promote().await.unwrap();
    let running = &beside.running;
    let (served, law) = (running.generation(), running.path().join("policy/backup.yaml"));
    let text = fs::read(&law).unwrap();
    fs::write(&law, "rules: [").unwrap();
    running.reloads().reload(Trigger::Operator).await.unwrap_err();
    assert!(running.reloads().status().pinned);
    fs::write(&law, text).unwrap();
    beside.read().await;
    assert!(running.reloads().status().pinned);
    assert_eq!(running.generation(), served, "the directory is not followed");
}

/// Keys are no part of the rules: those of a ring are followed whoever's rules serve.
#[tokio::test]
async fn keys_are_followed_while_other_rules_serve_than_the_directorys() {
    let keys = tempfile::tempdir().unwrap();
    let ring = keys.path().join("keyring.yaml");
    for seed in [1, 2] {
        fs::write(keys.path().join(format!("{seed}.key")), key_bytes(seed)).unwrap();
    }
    let current = |seed: u8| {
        format!(
            "current: k{seed}\nkeys:\n  - {{id: k1, file: 1.key}}\n  - {{id: k2, file: 2.key}}\n"
        )
    };
    write_whole(&ring, &current(1));
    let beside = Beside::start_with(KeySource::Ring(ring.clone()));
    beside.read().await;
    beside.promote().await.unwrap();
    let (running, promoted) = (&beside.running, beside.running.reloads().status());
    write_whole(&ring, &current(2));
    beside.read().await;
    let (serving, status) =
        (running.controller.snapshots().load_full(), running.reloads().status());
    assert_eq!(serving.engine.keys().current().id(), "k2");
    assert_eq!(version_of(&serving), Some(1), "the rules are those that were changed over to");
    assert!(status.pinned && !status.stale && status.source == promoted.source, "{status:?}");
    assert_eq!((status.keys.current.as_str(), serving.generation.0), ("k2", 3));
    // And once the directory is followed again, it is under those keys.
    running.reloads().reload(Trigger::Operator).await.unwrap();
    let serving = running.controller.snapshots().load_full();
    assert_eq!((version_of(&serving), serving.engine.keys().current().id()), (Some(0), "k2"));
    assert!(!running.reloads().status().pinned);
}

/// What a link leads to was put there whole: what it leaves out was meant.
#[tokio::test]
async fn a_version_with_fewer_files_is_taken_when_its_link_is_swapped() {
    let directory = tempfile::tempdir().unwrap();
    for version in 1..=2 {
        rules(&directory.path().join(format!("release-{version}")));
        self::version(&directory.path().join(format!("release-{version}")), version);
    }
    fs::remove_dir_all(directory.path().join("release-2/policy")).unwrap();
    symlink("release-1", directory.path().join("current")).unwrap();
    let running = RunningController::start_in(directory, "current", true);
    symlink("release-2", running.path().join("next")).unwrap();
    fs::rename(running.path().join("next"), running.path().join("current")).unwrap();
    running.until_generation(2).await;
    // And in the new place files are missed as in the old one.
    fs::remove_file(running.path().join("release-2/detectors/keys.yaml")).unwrap();
    eventually("not noticed", async || running.reloads().status().stale).await;
    assert_eq!(running.generation(), 2);
}

#[tokio::test]
async fn a_hangup_reloads_and_opens_files_anew() {
    let running = RunningController::start(false);
    let reopened = Arc::new(AtomicBool::new(false));
    let hangups = Hangups::listen().unwrap();
    let also = {
        let reopened = Arc::clone(&reopened);
        move || reopened.store(true, Ordering::Relaxed)
    };
    tokio::spawn(hangups.reload(running.reloads(), also));
    version(running.path(), 1);
    let own = std::process::id().to_string();
    assert!(std::process::Command::new("kill").args(["-HUP", &own]).status().unwrap().success());
    running.until_generation(2).await;
    assert!(reopened.load(Ordering::Relaxed));
    assert_eq!(running.reloads().status().attempted_by, Trigger::Hangup);
}

#[tokio::test]
async fn a_rules_directory_that_is_a_link_may_be_swapped() {
    let directory = tempfile::tempdir().unwrap();
    for version in 1..=2 {
        rules(&directory.path().join(format!("release-{version}")));
        self::version(&directory.path().join(format!("release-{version}")), version);
    }
    symlink("release-1", directory.path().join("current")).unwrap();
    let running = RunningController::start_in(directory, "current", true);
    symlink("release-2", running.path().join("next")).unwrap();
    fs::rename(running.path().join("next"), running.path().join("current")).unwrap();
    running.until_generation(2).await;
}

#[tokio::test]
async fn the_country_database_is_read_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("country.mmdb");
    let put = |bytes: &[u8]| {
        fs::write(path.with_extension("next"), bytes).unwrap();
        fs::rename(path.with_extension("next"), &path).unwrap();
    };
    let of = |code: &str| mmdb::write(&[("192.0.2.0/24", code)], mmdb::Layout::Nested);
    put(&of("CN"));
    let geo = Arc::new(GeoDb::load(&path).unwrap());
    rules(&directory.path().join("rules"));
    let metrics = Arc::new(Metrics::new().unwrap());
    let settings = ControlSettings {
        geo: Some(Arc::clone(&geo)),
        look: Duration::from_secs(3_600),
        ..ControlSettings::new(
            RulesSource::Directory(directory.path().join("rules")),
            PseudonymKey::new(b"a key for tests"),
        )
    };
    let controller = Controller::start(settings, Arc::clone(&metrics)).unwrap();
    let region = || geo.region("192.0.2.1".parse().unwrap()).map(|region| region.to_string());
    let status = || controller.reloads().status().geoip.clone().unwrap();
    put(&of("SG"));
    eventually("the new file is not read", async || region().as_deref() == Some("SG")).await;
    put(b"<html>not found</html>");
    eventually("the bad file is not noticed", async || status().error.is_some()).await;
    assert_eq!(region().as_deref(), Some("SG"));
    assert!(
        metrics.render(Exposition::default()).contains("bordergate_geoip_last_reload_successful 0")
    );
    put(&of("US"));
    // Somebody who asks need not wait for the notice.
    let reloaded = controller.reloads().reload(Trigger::Operator).await.unwrap();
    assert_eq!((region().as_deref(), reloaded.generation.0), (Some("US"), 1));
    assert_eq!(status().error, None);
    assert!(
        metrics.render(Exposition::default()).contains("bordergate_geoip_last_reload_successful 1")
    );
}

#[test]
fn without_rules_that_compile_nothing_starts() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("broken.yaml"), b"\xff").unwrap();
    let metrics = Arc::new(Metrics::new().unwrap());
    let settings = ControlSettings::new(
        RulesSource::Directory(directory.path().to_owned()),
        PseudonymKey::new(b"a key for tests"),
    );
    let diagnostics = Controller::start(settings, metrics).unwrap_err();
    assert!(diagnostics.to_string().starts_with("broken.yaml: error: "), "{diagnostics}");
}
