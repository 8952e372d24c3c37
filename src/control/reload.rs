//! Starts the controller, asks it for reloads, and what it answers.

use std::{
    fmt,
    sync::{
        Arc,
        mpsc::{self, SyncSender, TrySendError},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::oneshot;

use super::{
    BundleFailure, BundleSettings, History, bundle::Fetched, keys::KeySource, load::RulesSource,
    routes::RoutesSettings, status::Status, worker::Worker,
};
use crate::{
    audit::{AuditRules, AuditSink},
    geo::GeoDb,
    snapshot::{Generation, Snapshot, SnapshotCell},
    source::{Diagnostics, Place},
    telemetry::Metrics,
};

/// What the controller is told at start.
#[derive(Debug, Clone)]
pub struct ControlSettings {
    pub source: RulesSource,
    /// Signed bundles; `source` serves only until there is one.
    pub bundles: Option<BundleSettings>,
    pub keys: KeySource,
    /// Read anew when its file changes.
    pub geo: Option<Arc<GeoDb>>,
    /// Judged beside what serves.
    pub shadow: Option<ShadowSettings>,
    /// Reload when the files change.
    pub watch: bool,
    /// Quiet time after a change before the files are read: a directory is often changed file by file.
    pub settle: Duration,
    /// How often the files are looked at where no change was noticed.
    pub look: Duration,
}

impl ControlSettings {
    pub fn new(source: RulesSource, keys: impl Into<KeySource>) -> Self {
        Self {
            source,
            bundles: None,
            keys: keys.into(),
            geo: None,
            shadow: None,
            watch: true,
            settle: Duration::from_millis(100),
            look: Duration::from_secs(10),
        }
    }
}

/// Rules to come, and how many transfers they judge.
#[derive(Debug, Clone)]
pub struct ShadowSettings {
    pub source: RulesSource,
    pub sample_percent: u8,
}

/// What to change over to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// The rules judged beside.
    Promote,
    /// The rules that served before these; once, so that whoever asks again does no harm.
    Rollback,
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
    /// `POST /-/rules/promote`.
    Promote,
    /// `POST /-/rules/rollback`.
    Rollback,
    /// `PUT /-/rules/bundle`.
    Push,
    /// The rules are not trusted any more, and everything is blocked.
    Stale,
}

impl Trigger {
    /// Whether an operator puts other rules in service than the directory's, to stay with them.
    pub fn changes_over(self) -> bool {
        matches!(self, Self::Promote | Self::Rollback)
    }

    /// As the status, the history and the audit have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Change => "change",
            Self::Hangup => "hangup",
            Self::Operator => "operator",
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Push => "push",
            Self::Stale => "stale",
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
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
    /// The routes that serve, where they are read anew as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routes: Option<RoutesReloaded>,
}

/// The routes that were read serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoutesReloaded {
    /// Of the routes; not of the rules.
    pub generation: Generation,
    /// Sections of the configuration file in which it says something else than what is in force.
    pub restart_needed: Vec<&'static str>,
}

/// The rules from before go on serving.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refused {
    #[error("the rules were refused:\n{0}")]
    Rules(Diagnostics),
    /// The rules were not, and the routes were.
    #[error("the routes were refused:\n{0}")]
    Routes(Diagnostics),
    /// A bundle that did not come, or is not believed.
    #[error("{}", .0.message)]
    Bundle(BundleFailure),
    #[error("{0}")]
    Nothing(&'static str),
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

/// What the thread writes and everybody reads.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) cell: Arc<SnapshotCell>,
    status: Mutex<Arc<Status>>,
    history: Mutex<History>,
    /// Where it is put down which rules judge; held from there until they do.
    audit: Mutex<Option<Arc<AuditSink>>>,
}

pub(super) type Answer = Result<Reloaded, Refused>;

/// Who asked for a reload, and where the answer goes.
#[derive(Debug)]
pub(super) struct ReloadRequest {
    pub(super) by: Trigger,
    /// An operator whose name is known.
    pub(super) who: Option<String>,
    pub(super) answer: oneshot::Sender<Answer>,
}

#[derive(Debug)]
pub(super) enum Request {
    /// Those that wait together are answered by one reading.
    Reload(ReloadRequest),
    Do(Work),
    /// The files may have changed.
    Changed,
    Stop,
}

/// What is done one after the other.
#[derive(Debug)]
pub(super) enum Work {
    Switch {
        to: Switch,
        who: String,
        answer: oneshot::Sender<Answer>,
    },
    Push {
        bytes: Vec<u8>,
        asked: ReloadRequest,
    },
    Fetched {
        fetched: Fetched,
        asked: Vec<ReloadRequest>,
    },
    /// From here on routes are read anew as well.
    Follow(Box<RoutesSettings>),
}

/// Reloads that may wait; those that wait together are answered by one.
const REQUESTS_MAX: usize = 64;

impl Controller {
    /// Loads the rules for the first time. Fails with what is wrong with them: without any that compile there is
    /// nothing to serve with.
    pub fn start(settings: ControlSettings, metrics: Arc<Metrics>) -> Result<Self, Diagnostics> {
        let (requests, inbox) = mpsc::sync_channel(REQUESTS_MAX);
        let worker = Worker::start(settings, metrics, &requests)?;
        let reloads = Reloads { requests, shared: worker.shared() };
        let thread = thread::Builder::new()
            .name("control".to_owned())
            .stack_size(8 << 20)
            .spawn(move || worker.run(&inbox))
            .map_err(|error| {
                let mut diagnostics = Diagnostics::default();
                diagnostics.error(Place::default(), format!("cannot start a thread: {error}"));
                diagnostics
            })?;
        Ok(Self { reloads, thread: Some(thread) })
    }

    /// From here on the routes in a configuration file are read anew when it changes, and with the rules.
    pub fn follow_routes(&self, settings: RoutesSettings) {
        if self.reloads.requests.send(Request::Do(Work::Follow(Box::new(settings)))).is_err() {
            tracing::error!("the controller has stopped; routes are not read anew");
        }
    }

    /// From here on `audit` says which rules judge: those that do now, and each that take their place.
    pub fn record_in(&self, audit: &Arc<AuditSink>) {
        let shared = &self.reloads.shared;
        let mut slot = shared.audit.lock();
        record(audit, &shared.cell.load(), Trigger::Start, None);
        *slot = Some(Arc::clone(audit));
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
        // Whoever still asks for reloads does not keep the audit open.
        self.reloads.shared.audit.lock().take();
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
        self.ask(by, None)?.await.unwrap_or(Err(Refused::Stopped))
    }

    /// Like [`Self::reload`], for an operator whose name is known.
    pub async fn reload_for(&self, who: &str) -> Result<Reloaded, Refused> {
        let asked = self.ask(Trigger::Operator, Some(who.to_owned()))?;
        asked.await.unwrap_or(Err(Refused::Stopped))
    }

    /// Changes over to other rules than those of the directory. They serve until an operator reloads, or
    /// the directory holds the same. When they are refused, what served goes on.
    pub async fn switch(&self, to: Switch, who: &str) -> Result<Reloaded, Refused> {
        let (answer, answered) = oneshot::channel();
        self.send(Request::Do(Work::Switch { to, who: who.to_owned(), answer }))?;
        answered.await.unwrap_or(Err(Refused::Stopped))
    }

    /// Takes a signed bundle from an operator, if it is believed and goes not back.
    pub async fn push(&self, bytes: Vec<u8>, who: &str) -> Result<Reloaded, Refused> {
        let (answer, answered) = oneshot::channel();
        let asked = ReloadRequest { by: Trigger::Push, who: Some(who.to_owned()), answer };
        self.send(Request::Do(Work::Push { bytes, asked }))?;
        answered.await.unwrap_or(Err(Refused::Stopped))
    }

    /// What the reloads so far came to, the latest first.
    pub fn history(&self) -> History {
        self.shared.history.lock().clone()
    }

    pub fn status(&self) -> Arc<Status> {
        self.shared.status()
    }

    pub fn snapshots(&self) -> Arc<SnapshotCell> {
        Arc::clone(&self.shared.cell)
    }

    fn ask(&self, by: Trigger, who: Option<String>) -> Result<oneshot::Receiver<Answer>, Refused> {
        let (answer, answered) = oneshot::channel();
        self.send(Request::Reload(ReloadRequest { by, who, answer }))?;
        Ok(answered)
    }

    fn send(&self, request: Request) -> Result<(), Refused> {
        self.requests.try_send(request).map_err(|error| match error {
            TrySendError::Full(_) => Refused::Busy,
            TrySendError::Disconnected(_) => Refused::Stopped,
        })
    }
}

impl Shared {
    pub(super) fn new(cell: SnapshotCell, status: Status) -> Self {
        let status = Mutex::new(Arc::new(status));
        Self { cell: Arc::new(cell), status, history: Mutex::default(), audit: Mutex::default() }
    }

    /// Puts `snapshot` in service, once the audit says so.
    pub(super) fn swap(&self, snapshot: Snapshot, by: Trigger, who: Option<&str>) {
        let audit = self.audit.lock();
        if let Some(audit) = &*audit {
            record(audit, &snapshot, by, who);
        }
        self.cell.store(snapshot);
    }

    pub(super) fn remember(&self, entry: super::HistoryEntry) {
        self.history.lock().push(entry);
    }

    pub(super) fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status.lock())
    }

    pub(super) fn set_status(&self, status: Status) {
        *self.status.lock() = Arc::new(status);
    }
}

fn record(audit: &AuditSink, snapshot: &Snapshot, by: Trigger, who: Option<&str>) {
    audit.rules(&AuditRules {
        time: jiff::Timestamp::now(),
        generation: snapshot.generation.0,
        rules_hash: &snapshot.rules_hash,
        source: &snapshot.rules_source,
        because: by.as_str(),
        who,
        key: snapshot.engine.keys().current().id(),
    });
}
