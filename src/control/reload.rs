//! The thread that loads, compiles and swaps, and how it is asked to.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError, SyncSender, TrySendError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::sync::oneshot;

use super::{
    load::{Fingerprint, RuleFiles, RulesSource},
    status::{Failure, FileStatus, Status},
    watch::Watch,
};
use crate::{
    engine::Engine,
    policy::Timestamp,
    redact::PseudonymKey,
    snapshot::{Generation, Snapshot, SnapshotCell},
    source::{Diagnostics, Place},
    telemetry::Metrics,
};

/// What the controller is told at start.
#[derive(Debug, Clone)]
pub struct ControlSettings {
    pub source: RulesSource,
    pub key: PseudonymKey,
    /// Reload when the files change.
    pub watch: bool,
    /// Quiet time after a change before the files are read: a directory is often changed file by file.
    pub settle: Duration,
    /// How often the files are looked at where no change was noticed.
    pub look: Duration,
}

impl ControlSettings {
    pub fn new(source: RulesSource, key: PseudonymKey) -> Self {
        Self {
            source,
            key,
            watch: true,
            settle: Duration::from_millis(100),
            look: Duration::from_secs(10),
        }
    }
}

/// Who asked for a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    Start,
    /// The files changed.
    Change,
    /// SIGHUP.
    Hangup,
    /// `POST /-/reload`.
    Operator,
}

/// The rules that were read serve.
#[derive(Debug, Clone, Serialize)]
pub struct Reloaded {
    pub generation: Generation,
    pub hash: String,
    /// False when the files were those that served already; the generation is then the same.
    pub changed: bool,
    #[serde(skip_serializing_if = "Diagnostics::is_empty")]
    pub warnings: Diagnostics,
}

/// The rules from before go on serving.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refused {
    #[error("the rules were refused:\n{0}")]
    Rules(Diagnostics),
    #[error("too many reloads are waiting already")]
    Busy,
    #[error("the controller has stopped")]
    Stopped,
}

/// Owns the thread; stops it when dropped.
#[derive(Debug)]
pub struct Controller {
    reloads: Reloads,
    thread: Option<JoinHandle<()>>,
}

/// Asks for reloads and tells how the rules are doing; cheap to clone.
#[derive(Debug, Clone)]
pub struct Reloads {
    requests: SyncSender<Request>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    cell: Arc<SnapshotCell>,
    status: Mutex<Arc<Status>>,
}

type Answer = Result<Reloaded, Refused>;

#[derive(Debug)]
enum Request {
    Reload { by: Trigger, answer: oneshot::Sender<Answer> },
    Changed,
    Stop,
}

/// Reloads that may wait; those that wait together are answered by one.
const REQUESTS_MAX: usize = 64;

/// However busy the directory is, files are read this long after the first change.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(2);

impl Controller {
    /// Loads the rules for the first time; without any that compile there is nothing to serve with.
    pub fn start(settings: ControlSettings, metrics: Arc<Metrics>) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::default();
        let loaded = settings.source.load(&mut diagnostics);
        let Some(engine) = compile(&loaded, &settings, &mut diagnostics) else {
            metrics.reload_failed();
            return Err(diagnostics);
        };
        let now = Timestamp(jiff::Timestamp::now());
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
        metrics.reload_succeeded(1, unix_seconds(now), purposes(&snapshot.engine));
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
        };
        let shared = Arc::new(Shared {
            cell: Arc::new(SnapshotCell::new(snapshot)),
            status: Mutex::new(Arc::new(status)),
        });
        let (requests, inbox) = mpsc::sync_channel(REQUESTS_MAX);
        let reloads = Reloads { requests: requests.clone(), shared: Arc::clone(&shared) };
        let worker = Worker {
            watch: watch(&settings, &requests),
            settings,
            metrics,
            shared,
            attempted_hash: loaded.hash.clone(),
            attempted_in_part: false,
            fingerprint: loaded.fingerprint.clone(),
            retired: Vec::new(),
        };
        let thread = thread::Builder::new()
            .name("control".to_owned())
            .stack_size(8 << 20)
            .spawn(move || worker.run(&inbox, &loaded))
            .map_err(|error| {
                let mut diagnostics = Diagnostics::default();
                diagnostics.error(Place::default(), format!("cannot start a thread: {error}"));
                diagnostics
            })?;
        Ok(Self { reloads, thread: Some(thread) })
    }

    /// Where the serving snapshot is.
    pub fn snapshots(&self) -> Arc<SnapshotCell> {
        Arc::clone(&self.reloads.shared.cell)
    }

    pub fn reloads(&self) -> Reloads {
        self.reloads.clone()
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        if self.reloads.requests.send(Request::Stop).is_ok()
            && let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the controller ended badly");
        }
    }
}

impl Reloads {
    /// Reads the files as they are now, and returns when they serve or are refused.
    pub async fn reload(&self, by: Trigger) -> Result<Reloaded, Refused> {
        self.ask(by)?.await.unwrap_or(Err(Refused::Stopped))
    }

    /// The same for a thread that may wait.
    pub fn reload_and_wait(&self, by: Trigger) -> Result<Reloaded, Refused> {
        self.ask(by)?.blocking_recv().unwrap_or(Err(Refused::Stopped))
    }

    pub fn status(&self) -> Arc<Status> {
        Arc::clone(&self.shared.status.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn snapshots(&self) -> Arc<SnapshotCell> {
        Arc::clone(&self.shared.cell)
    }

    fn ask(&self, by: Trigger) -> Result<oneshot::Receiver<Answer>, Refused> {
        let (answer, answered) = oneshot::channel();
        match self.requests.try_send(Request::Reload { by, answer }) {
            Ok(()) => Ok(answered),
            Err(TrySendError::Full(_)) => Err(Refused::Busy),
            Err(TrySendError::Disconnected(_)) => Err(Refused::Stopped),
        }
    }
}

fn watch(settings: &ControlSettings, requests: &SyncSender<Request>) -> Option<Watch> {
    let RulesSource::Directory(directory) = &settings.source else { return None };
    if !settings.watch {
        return None;
    }
    let requests = requests.clone();
    let changed = move || {
        // A full inbox means that the files are about to be read anyway.
        let _ = requests.try_send(Request::Changed);
    };
    match Watch::new(directory, changed) {
        Ok(watch) => Some(watch),
        Err(error) => {
            tracing::warn!(%error, "changes of the rules directory are not noticed at once");
            None
        }
    }
}

struct Worker {
    settings: ControlSettings,
    metrics: Arc<Metrics>,
    shared: Arc<Shared>,
    watch: Option<Watch>,
    /// Of the files that were last compiled, whether they serve or were refused.
    attempted_hash: String,
    /// Some file could not be read then; the hash is that of the others.
    attempted_in_part: bool,
    fingerprint: Fingerprint,
    /// Snapshots that some exchange still holds. The last one to let go frees them, and that should be
    /// this thread: it takes a while.
    retired: Vec<Arc<Snapshot>>,
}

impl Worker {
    fn run(mut self, inbox: &mpsc::Receiver<Request>, first: &RuleFiles) {
        let mut changed = self.follow(first);
        loop {
            let mut asked = Vec::new();
            if !changed {
                match inbox.recv_timeout(self.settings.look) {
                    Ok(Request::Reload { by, answer }) => asked.push((by, answer)),
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
                    Request::Reload { by, answer } => asked.push((by, answer)),
                    Request::Changed => {}
                    Request::Stop => return,
                }
            }
            let by = asked.first().map_or(Trigger::Change, |(by, _)| *by);
            let mut diagnostics = Diagnostics::default();
            let loaded = self.settings.source.load(&mut diagnostics);
            let is_new = loaded.hash != self.attempted_hash
                || diagnostics.has_errors() != self.attempted_in_part;
            if is_new || !asked.is_empty() {
                let answer = self.reload(&loaded, diagnostics, by);
                for (_, asker) in asked {
                    // An operator who hung up needs no answer.
                    let _ = asker.send(answer.clone());
                }
            }
            changed = self.follow(&loaded);
            self.retired.retain(|snapshot| Arc::strong_count(snapshot) > 1);
        }
    }

    /// Waits until the directory is quiet. False when it is time to stop.
    fn settle(
        &self,
        inbox: &mpsc::Receiver<Request>,
        asked: &mut Vec<(Trigger, oneshot::Sender<Answer>)>,
    ) -> bool {
        let latest = Instant::now() + SETTLE_TIME_MAX;
        while Instant::now() < latest {
            match inbox.recv_timeout(self.settings.settle) {
                Ok(Request::Changed) => {}
                Ok(Request::Reload { by, answer }) => {
                    asked.push((by, answer));
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
        self.settings.watch && self.settings.source.fingerprint() != self.fingerprint
    }

    /// Watches where the files came from. True when they changed before the watch was there.
    fn follow(&mut self, loaded: &RuleFiles) -> bool {
        self.fingerprint = loaded.fingerprint.clone();
        if let (Some(watch), RulesSource::Directory(directory)) =
            (&mut self.watch, &self.settings.source)
        {
            for problem in watch.follow(directory, &loaded.directories) {
                tracing::debug!(problem, "a directory of the rules is not watched");
            }
        }
        self.looks_changed()
    }

    fn status(&self) -> Arc<Status> {
        Arc::clone(&self.shared.status.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Compiles the files and puts them in service, or keeps what serves.
    fn reload(&mut self, loaded: &RuleFiles, mut diagnostics: Diagnostics, by: Trigger) -> Answer {
        let begin = Instant::now();
        let before = self.status();
        self.attempted_hash.clone_from(&loaded.hash);
        self.attempted_in_part = diagnostics.has_errors();
        let now = Timestamp(jiff::Timestamp::now());
        let mut status = Status { attempted_at: now, attempted_by: by, ..Status::clone(&before) };

        let answer = if loaded.hash == before.hash && !diagnostics.has_errors() {
            self.metrics.reload_succeeded(
                before.generation.0,
                unix_seconds(now),
                purposes(&self.shared.cell.load().engine),
            );
            tracing::info!(generation = %before.generation, ?by, "rules unchanged");
            status.stale = false;
            Ok(Reloaded {
                generation: before.generation,
                hash: loaded.hash.clone(),
                changed: false,
                warnings: before.warnings.clone(),
            })
        } else if let Some(engine) = compile(loaded, &self.settings, &mut diagnostics) {
            let generation = Generation(before.generation.0 + 1);
            self.metrics.reload_succeeded(generation.0, unix_seconds(now), purposes(&engine));
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
        *self.shared.status.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(status);
        answer
    }
}

/// Compiles what was read without a complaint. A compiler that gives up in the middle is a complaint
/// too, and not the end of all reloads.
fn compile(
    loaded: &RuleFiles,
    settings: &ControlSettings,
    diagnostics: &mut Diagnostics,
) -> Option<Engine> {
    let compiled = catch_unwind(AssertUnwindSafe(|| {
        Engine::compile(&loaded.files, settings.key.clone(), diagnostics)
    }));
    let engine = compiled.unwrap_or_else(|_| {
        diagnostics
            .error(Place::default(), "the rules cannot be compiled: the compiler failed")
            .remedy("undo the last change of the rules, and report it with them");
        None
    });
    diagnostics.sort();
    engine.filter(|_| !diagnostics.has_errors())
}

fn purposes(_engine: &Engine) -> impl Iterator<Item = &str> {
    std::iter::empty()
}

fn file_status(loaded: &RuleFiles) -> Vec<FileStatus> {
    let file = |file: &crate::source::SourceFile| FileStatus {
        name: file.name.clone(),
        bytes: file.text.len(),
    };
    loaded.files.iter().map(file).collect()
}

fn unix_seconds(at: Timestamp) -> f64 {
    at.0.as_duration().as_secs_f64()
}
