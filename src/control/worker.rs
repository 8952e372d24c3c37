//! The thread that loads, compiles and swaps.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError, SyncSender},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    HistoryEntry,
    geoip::GeoFile,
    history,
    keys::Seen,
    load::{RuleFiles, RulesSource},
    reload::{Answer, ControlSettings, Refused, Reloaded, Request, Shared, Trigger},
    status::{Failure, FileStatus, KeyStatus, Status},
    watch::Watch,
};
use crate::{
    engine::Engine,
    policy::Timestamp,
    redact::Keyring,
    snapshot::{Generation, Snapshot, SnapshotCell},
    source::{Diagnostics, Place, SourceFile},
    telemetry::Metrics,
};

/// However busy the directory is, files are read this long after the first change.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(2);

pub(super) struct Worker {
    settings: ControlSettings,
    metrics: Arc<Metrics>,
    shared: Arc<Shared>,
    watch: Option<Watch>,
    geo: Option<GeoFile>,
    /// The files that were last compiled, whether they serve or were refused.
    attempted: RuleFiles,
    /// Those that serve.
    serving: Vec<SourceFile>,
    /// Some file could not be read then; the hash is that of the others.
    attempted_in_part: bool,
    /// Of the keys that were last read; empty when they were refused.
    attempted_keys: String,
    /// What could be seen of their files then.
    seen: Seen,
    /// Notices changes of them for as long as it is held.
    _key_watch: Option<Watch>,
    /// That the watch is not complete.
    warned: bool,
    /// Snapshots that some exchange still holds. The last one to let go frees them, and that should be
    /// this thread: it takes a while.
    retired: Vec<Arc<Snapshot>>,
}

impl Worker {
    pub(super) fn start(
        settings: ControlSettings,
        metrics: Arc<Metrics>,
        requests: &SyncSender<Request>,
    ) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::default();
        let loaded = settings.source.load(&mut diagnostics);
        let seen = settings.keys.seen();
        let keys = settings.keys.load(&mut diagnostics);
        let Some(engine) = compile(&loaded, keys, &mut diagnostics) else {
            metrics.reload_failed();
            return Err(diagnostics);
        };
        let now = now();
        let snapshot = Snapshot {
            generation: Generation(1),
            engine,
            rules_hash: loaded.hash.clone(),
            rules_source: settings.source.to_string(),
            loaded_at: now,
        };
        tracing::info!(
            generation = 1,
            hash = %snapshot.rules_hash,
            source = %snapshot.rules_source,
            files = loaded.files.len(),
            warnings = diagnostics.len(),
            "rules loaded"
        );
        metrics.reload_succeeded(1, unix_seconds(now), snapshot.engine.rules().purposes());
        let watch_of = |path: &Path| if settings.watch { watch(path, requests) } else { None };
        let geo = settings
            .geo
            .as_ref()
            .map(|database| GeoFile::new(Arc::clone(database), now, watch_of(database.path())));
        let status = Status {
            generation: snapshot.generation,
            hash: snapshot.rules_hash.clone(),
            source: snapshot.rules_source.clone(),
            loaded_at: now,
            attempted_at: now,
            attempted_by: Trigger::Start,
            warnings: diagnostics,
            stale: false,
            last_failure: None,
            files: file_status(&loaded),
            keys: KeyStatus::new(settings.keys.path(), snapshot.engine.keys()),
            geoip: geo.as_ref().map(GeoFile::status),
        };
        let key_watch = settings.keys.directory().and_then(|directory| {
            let mut watch = watch_of(directory)?;
            // Keys are files in that directory; what could not be watched is looked at.
            watch.follow(directory, &BTreeSet::new());
            Some(watch)
        });
        let watch = match &settings.source {
            RulesSource::Directory(directory) => watch_of(directory),
            RulesSource::Embedded => None,
        };
        let attempted_keys = snapshot.engine.keys().fingerprint();
        Ok(Self {
            watch,
            geo,
            metrics,
            shared: Arc::new(Shared::new(SnapshotCell::new(snapshot), status)),
            serving: loaded.files.clone(),
            attempted: loaded,
            attempted_in_part: false,
            attempted_keys,
            seen,
            _key_watch: key_watch,
            warned: false,
            retired: Vec::new(),
            settings,
        })
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    pub(super) fn run(mut self, inbox: &mpsc::Receiver<Request>) {
        let mut changed = self.follow();
        loop {
            let mut asked = Vec::new();
            if !changed {
                match inbox.recv_timeout(self.settings.look) {
                    Ok(Request::Reload { by, who, answer }) => asked.push((by, who, answer)),
                    Ok(Request::Changed) => changed = true,
                    Err(RecvTimeoutError::Timeout) => changed = self.looks_changed(),
                    Ok(Request::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
            if changed && asked.is_empty() && !self.settle(inbox, &mut asked) {
                return;
            }
            // Whoever asked before the files are read is answered by this reading.
            for request in inbox.try_iter() {
                match request {
                    Request::Reload { by, who, answer } => asked.push((by, who, answer)),
                    Request::Changed => {}
                    Request::Stop => return,
                }
            }
            self.refresh_geo();
            self.answer(asked);
            changed = self.follow();
            self.retired.retain(|snapshot| Arc::strong_count(snapshot) > 1);
        }
    }

    /// Waits until the directory is quiet. False when it is time to stop.
    fn settle(&self, inbox: &mpsc::Receiver<Request>, asked: &mut Vec<Asked>) -> bool {
        let latest = Instant::now() + SETTLE_TIME_MAX;
        while Instant::now() < latest {
            match inbox.recv_timeout(self.settings.settle) {
                Ok(Request::Changed) => {}
                Ok(Request::Reload { by, who, answer }) => {
                    asked.push((by, who, answer));
                    return true;
                }
                Err(RecvTimeoutError::Timeout) => return true,
                Ok(Request::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        true
    }

    fn looks_changed(&mut self) -> bool {
        self.retired.retain(|snapshot| Arc::strong_count(snapshot) > 1);
        self.settings.watch
            && (self.settings.source.fingerprint() != self.attempted.fingerprint
                || self.settings.keys.seen() != self.seen
                || self.geo.as_ref().is_some_and(GeoFile::looks_changed))
    }

    /// Watches where the files came from. True when they changed before the watch was there.
    fn follow(&mut self) -> bool {
        let directory = match &self.settings.source {
            RulesSource::Directory(directory) => directory,
            RulesSource::Embedded => return self.looks_changed(),
        };
        if let Some(watch) = &mut self.watch {
            let problems = watch.follow(directory, &self.attempted.directories);
            if let Some(problem) = problems.first()
                && !self.warned
            {
                self.warned = true;
                let delay = self.settings.look;
                tracing::warn!(problem, ?delay, "some changes of the rules are noticed late only");
            }
        }
        self.looks_changed()
    }

    fn refresh_geo(&mut self) {
        let Some(geo) = &mut self.geo else { return };
        if geo.refresh(now()) {
            let geoip = geo.status();
            self.metrics.geoip_reloaded(geoip.error.is_none());
            let status = Status { geoip: Some(geoip), ..Status::clone(&self.shared.status()) };
            self.shared.set_status(status);
        }
    }

    /// Reads the rules, and reloads when they are new or somebody asked.
    fn answer(&mut self, asked: Vec<Asked>) {
        let mut diagnostics = Diagnostics::default();
        let loaded = self.settings.source.load(&mut diagnostics);
        // Looked at first: what changes while they are read is seen the next time.
        self.seen = self.settings.keys.seen();
        let keys = self.settings.keys.load(&mut diagnostics);
        let fingerprint = keys.as_ref().map(Keyring::fingerprint).unwrap_or_default();
        let is_new = loaded.hash != self.attempted.hash
            || fingerprint != self.attempted_keys
            || diagnostics.has_errors() != self.attempted_in_part;
        self.attempted_in_part = diagnostics.has_errors();
        self.attempted_keys = fingerprint;
        self.attempted = loaded;
        if is_new || !asked.is_empty() {
            let (by, who) =
                asked.first().map_or((Trigger::Change, None), |(by, who, _)| (*by, who.clone()));
            let answer = self.reload(diagnostics, keys, by, who);
            for (_, _, asker) in asked {
                // An operator who hung up needs no answer.
                let _ = asker.send(answer.clone());
            }
        }
    }

    /// Compiles the files and puts them in service, or keeps what serves.
    fn reload(
        &mut self,
        mut diagnostics: Diagnostics,
        keys: Option<Keyring>,
        by: Trigger,
        who: Option<String>,
    ) -> Answer {
        let loaded = &self.attempted;
        let begin = Instant::now();
        let before = self.shared.status();
        let now = now();
        let mut status = Status { attempted_at: now, attempted_by: by, ..Status::clone(&before) };

        let serving = self.shared.cell.load_full();
        let is_same = loaded.hash == before.hash
            && self.attempted_keys == serving.engine.keys().fingerprint();
        drop(serving);
        let answer = if is_same && !diagnostics.has_errors() {
            self.metrics.reload_succeeded(
                before.generation.0,
                unix_seconds(now),
                self.shared.cell.load().engine.rules().purposes(),
            );
            tracing::info!(generation = %before.generation, ?by, "rules unchanged");
            status.stale = false;
            Ok(Reloaded {
                generation: before.generation,
                hash: loaded.hash.clone(),
                changed: false,
                warnings: before.warnings.clone(),
            })
        } else if let Some(engine) = compile(loaded, keys, &mut diagnostics) {
            let generation = Generation(before.generation.0 + 1);
            self.metrics.reload_succeeded(
                generation.0,
                unix_seconds(now),
                engine.rules().purposes(),
            );
            let keys = KeyStatus::new(self.settings.keys.path(), engine.keys());
            self.retired.push(self.shared.cell.load_full());
            self.shared.cell.store(Snapshot {
                generation,
                engine,
                rules_hash: loaded.hash.clone(),
                rules_source: self.settings.source.to_string(),
                loaded_at: now,
            });
            tracing::info!(
                %generation,
                hash = %loaded.hash,
                files = loaded.files.len(),
                warnings = diagnostics.len(),
                key = %keys.current,
                ?by,
                elapsed_ms = begin.elapsed().as_millis(),
                "rules reloaded"
            );
            status = Status {
                generation,
                hash: loaded.hash.clone(),
                loaded_at: now,
                warnings: diagnostics.clone(),
                stale: false,
                files: file_status(loaded),
                keys,
                ..status
            };
            Ok(Reloaded {
                generation,
                hash: loaded.hash.clone(),
                changed: true,
                warnings: diagnostics,
            })
        } else {
            self.metrics.reload_failed();
            tracing::error!(
                generation = %before.generation,
                ?by,
                errors = diagnostics.error_count(),
                "rules refused, the ones before go on serving:\n{diagnostics}"
            );
            status.stale = true;
            status.last_failure = Some(Failure {
                at: now,
                by,
                hash: loaded.hash.clone(),
                diagnostics: diagnostics.clone(),
            });
            Err(Refused::Rules(diagnostics))
        };
        let errors = match &answer {
            Err(Refused::Rules(diagnostics)) => diagnostics.error_count(),
            Ok(_) | Err(Refused::Busy | Refused::Stopped) => 0,
        };
        if errors > 0 || answer.as_ref().is_ok_and(|reloaded| reloaded.changed) {
            self.shared.remember(HistoryEntry {
                at: now,
                by,
                who,
                generation: status.generation,
                hash: self.attempted.hash.clone(),
                errors,
                elapsed_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
                files: history::changes(&self.serving, &self.attempted.files),
            });
        }
        if errors == 0 {
            self.serving.clone_from(&self.attempted.files);
        }
        self.shared.set_status(status);
        answer
    }
}

/// Who asked for a reload, and where the answer goes.
type Asked = (Trigger, Option<String>, oneshot::Sender<Answer>);

/// Compiles what was read without a complaint. A compiler that gives up in the middle is a complaint
/// too, and not the end of all reloads.
fn compile(
    loaded: &RuleFiles,
    keys: Option<Keyring>,
    diagnostics: &mut Diagnostics,
) -> Option<Engine> {
    // What only the missing file declares would be complained about everywhere else.
    let Some(keys) = keys.filter(|_| !diagnostics.has_errors()) else {
        diagnostics.sort();
        return None;
    };
    let compiled =
        catch_unwind(AssertUnwindSafe(|| Engine::compile(&loaded.files, keys, diagnostics)));
    let engine = compiled.unwrap_or_else(|_| {
        diagnostics
            .error(Place::default(), "the rules cannot be compiled: the compiler failed")
            .remedy("undo the last change of the rules, and report it with them");
        None
    });
    diagnostics.sort();
    engine.filter(|_| !diagnostics.has_errors())
}

fn file_status(loaded: &RuleFiles) -> Vec<FileStatus> {
    let file = |file: &crate::source::SourceFile| FileStatus {
        name: file.name.clone(),
        bytes: file.text.len(),
    };
    loaded.files.iter().map(file).collect()
}

/// Says to the thread itself when something about `path` changed.
fn watch(path: &Path, requests: &SyncSender<Request>) -> Option<Watch> {
    let requests = requests.clone();
    let changed = move || {
        // A full inbox means that the files are about to be read anyway.
        let _ = requests.try_send(Request::Changed);
    };
    match Watch::new(path, changed) {
        Ok(watch) => Some(watch),
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "changes are not noticed at once");
            None
        }
    }
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now())
}

fn unix_seconds(at: Timestamp) -> f64 {
    at.0.as_duration().as_secs_f64()
}
