//! Everything that can be wrong with a store: what then, and how it comes back.

use std::io;

use redb::{BackendError, StorageBackend, backends::FileBackend};

use super::*;

/// A disk that fills up and empties on command.
#[derive(Debug)]
struct Disk {
    file: FileBackend,
    is_full: Arc<AtomicBool>,
}

impl Disk {
    fn room(&self) -> Result<(), BackendError> {
        if self.is_full.load(Ordering::SeqCst) {
            return Err(BackendError::Io(io::Error::from(io::ErrorKind::StorageFull)));
        }
        Ok(())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.room()?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.room()?;
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.room()?;
        self.file.write(offset, data)
    }
}

fn open_on(path: &Path, is_full: &Arc<AtomicBool>) -> (FactsStore, Metrics) {
    let metrics = Metrics::new().unwrap();
    let (settings, is_full) = (settings(path), Arc::clone(is_full));
    let file = path.to_owned();
    let store = FactsStore::start(metrics.facts(), |shared| {
        let opener = move || {
            let mut options = std::fs::OpenOptions::new();
            let opened = options.read(true).write(true).create(true).truncate(false).open(&file);
            let file = FileBackend::new(opened.map_err(redb::Error::Io)?)?;
            let disk = Disk { file, is_full: Arc::clone(&is_full) };
            Ok(tables::builder(16 << 20).create_with_backend(disk)?)
        };
        Writer::opening(settings, shared, Box::new(opener))
    });
    (store.unwrap(), metrics)
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_is_got_over_without_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let is_full = Arc::new(AtomicBool::new(false));
    let (store, metrics) = open_on(&directory.path().join("facts.redb"), &is_full);
    let opt_out = |name: &str| tell(&[account("ana")], serde_json::json!({ "opt_outs": [name] }));
    store.change(vec![opt_out("push")]).await.unwrap();
    is_full.store(true, Ordering::SeqCst);
    let refused = store.change(vec![opt_out("ip_sharing")]).await.unwrap_err();
    assert_eq!(refused.cause, Cause::DiskFull, "{refused}");
    // Nothing is answered from a store that cannot take a withdrawal.
    assert!(store.lookup(&[vec![account("ana")]], &[]).await.is_err());
    assert!(store.reserve(reserve(1, 10, None, &[account("ana")])).await.is_err());
    assert!(!store.health().available);
    let text = metrics.render(crate::telemetry::Exposition::default());
    assert!(text.contains("bordergate_facts_available 0"), "{text}");
    assert!(text.contains("bordergate_facts_unavailable_total{cause=\"disk-full\"}"), "{text}");

    is_full.store(false, Ordering::SeqCst);
    until("the store", || store.health().available);
    assert!(
        metrics
            .render(crate::telemetry::Exposition::default())
            .contains("bordergate_facts_available 1")
    );
    let found = store.get(&[account("ana")]).unwrap().unwrap();
    assert!(found.opt_outs.contains("push"));
    store.change(vec![opt_out("ip_sharing")]).await.unwrap();
    assert_eq!(store.get(&[account("ana")]).unwrap().unwrap().opt_outs.len(), 2);
}

/// A damaged file is either refused or right: never does a record go missing in silence.
#[test]
fn a_damaged_file_is_noticed() {
    const PEOPLE: usize = 500;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts.redb");
    let store = open(&path);
    let tell_all = (0..PEOPLE)
        .map(|number| {
            tell(
                &[account(&number.to_string())],
                serde_json::json!({"withdrawn": [{"scope": "all"}]}),
            )
        })
        .collect();
    store.change_blocking(tell_all).unwrap();
    drop(store);
    let whole = std::fs::read(&path).unwrap();
    let damaged = directory.path().join("damaged.redb");
    let (mut refused, mut right) = (0, 0);
    for at in (0..whole.len()).step_by(1_511) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&damaged, &bytes).unwrap();
        let store = open(&damaged);
        let health = store.health();
        if !health.available {
            assert!(
                matches!(health.cause, Some(Cause::Corrupt | Cause::OtherKey | Cause::Newer)),
                "{at}: {health:?}"
            );
            assert!(store.get(&[account("0")]).is_err());
            refused += 1;
            continue;
        }
        for number in 0..PEOPLE {
            let found = store.get(&[account(&number.to_string())]).unwrap();
            assert_eq!(found.map(|record| record.withdrawn.len()), Some(1), "{at}: {number}");
        }
        right += 1;
    }
    // Some bytes of a file mean nothing.
    assert!(refused > 20 && right > 20, "{refused} {right}");
}

#[test]
fn what_is_no_store_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts.redb");
    std::fs::write(&path, b"a letter to somebody".repeat(1_000)).unwrap();
    let store = open(&path);
    assert_eq!(store.health().cause, Some(Cause::Corrupt));
    assert_eq!(std::fs::read(&path).unwrap(), b"a letter to somebody".repeat(1_000));
    // Put a right one in its place, and it serves.
    let other = directory.path().join("other.redb");
    open(&other)
        .change_blocking(vec![tell(&[account("ana")], serde_json::json!({"minor": true}))])
        .unwrap();
    std::fs::rename(&other, &path).unwrap();
    until("the store", || store.health().available);
    assert_eq!(store.get(&[account("ana")]).unwrap().unwrap().minor, Some(true));
}

#[test]
fn a_store_that_is_in_use_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts.redb");
    let first = open(&path);
    let second = open(&path);
    assert_eq!(second.health().cause, Some(Cause::Locked));
    drop(first);
    until("the store", || second.health().available);
}

#[test]
fn a_place_that_is_not_there_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("later");
    let store = open(&folder.join("facts.redb"));
    assert_eq!(store.health().cause, Some(Cause::NoAccess));
    std::fs::create_dir(&folder).unwrap();
    until("the store", || store.health().available);
}

/// Under another key nobody would be found, and every withdrawal with them.
#[test]
fn a_store_is_not_opened_under_another_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts.redb");
    drop(open(&path));
    let other = FactsSettings { key: SubjectKey::new(&[8; 32]), ..settings(&path) };
    let store = FactsStore::open(other, Metrics::new().unwrap().facts()).unwrap();
    assert_eq!(store.health().cause, Some(Cause::OtherKey));
}

#[test]
fn only_its_owner_may_read_the_file_and_no_identifier_is_in_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts.redb");
    let store = open(&path);
    let who = [account("invented-account-4711"), phone("+92 345 1112233")];
    store.change_blocking(vec![tell(&who, serde_json::json!({"opt_outs": ["push"]}))]).unwrap();
    drop(store);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&path).unwrap();
    for text in ["invented-account-4711", "923451112233", "3451112233"] {
        assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
    }
}

#[tokio::test]
async fn a_store_that_has_ended_answers_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("facts.redb"));
    let shared = store.clone();
    drop(store);
    assert!(shared.health().available);
    shared.change(vec![tell(&[account("ana")], serde_json::json!({"minor": true}))]).await.unwrap();
}
