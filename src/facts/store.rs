//! The store as the rest of the gateway sees it: three operations for a transfer, changes, and health.
//!
//! One thread writes. It takes everything that was asked while the last commit was on its way to the
//! disk, commits it as one, puts the new view in place and only then acknowledges. It also opens the
//! file, closes it when anything is wrong with it, and tries again until it is right.

use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::Instant,
};

use arc_swap::ArcSwapOption;
use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;
use tokio::sync::oneshot;

use super::{
    Applied, Cause, Change, CircleId, CountQuery, CountScope, Day, Increment, Pseudonym,
    SubjectKey, SubjectRecord, Unavailable,
    read::View,
    tables::{Broken, Mechanisms, fenced},
    writer::Writer,
};
use crate::telemetry::{FactsMetrics, FactsOperation, FactsResult};

/// Commands that wait for the writer; beyond it the store is busy.
const QUEUE_MAX: usize = 4_096;

/// Where the store is, and under which key.
#[derive(Debug, Clone)]
pub struct FactsSettings {
    /// The file; made if absent.
    pub path: PathBuf,
    pub key: SubjectKey,
    /// Of the file, kept in memory.
    pub cache_bytes: usize,
}

/// Names one transfer for its reservation; a retry of the same has the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub [u8; 16]);

/// What came of a transfer that was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settlement {
    /// It was sent, or may have been, and stays counted.
    Sent,
    /// Nothing of it was: what only this transfer counted is taken back.
    NotSent,
}

/// A count without and with the subjects of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Count {
    pub before: u64,
    pub after: u64,
}

/// The answer to a lookup, in the order of what was asked.
#[derive(Debug, Clone)]
pub struct Found {
    pub subjects: Vec<Option<SubjectRecord>>,
    pub mechanisms: Mechanisms,
    pub counts: Vec<Count>,
}

/// Counts to move for one transfer, all or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reserve {
    pub exchange: ExchangeId,
    /// One for each scope.
    pub increments: Vec<Increment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reservation {
    /// Counted, durably.
    Held { counts: Vec<Count> },
    /// Some count would pass what the decision holds for, because of transfers decided meanwhile.
    /// Nothing was counted; the counts are those to decide by now.
    Refused { counts: Vec<Count> },
}

/// How the store is, for readiness and status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    pub available: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Reservations not settled yet.
    pub held: usize,
}

/// The facts on file. Cloned handles share one store; the last one to go closes it. Whatever is asked of it fails
/// with [`Unavailable`] until it is open, once its file cannot be used any more, and when it is closed; what is
/// said of each call are its answers.
#[derive(Clone)]
pub struct FactsStore(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    commands: SyncSender<Command>,
    thread: Option<JoinHandle<()>>,
}

/// What the writer tells everybody else.
pub(super) struct Shared {
    view: ArcSwapOption<View>,
    health: Mutex<Health>,
    pub(super) metrics: FactsMetrics,
}

pub(super) enum Command {
    Change(Vec<Change>, Reply<Applied>),
    Reserve(Reserve, Reply<Reservation>),
    Settle(ExchangeId, Settlement),
    /// A read of this view went wrong.
    Suspect(Arc<View>, Broken),
    Close,
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, Unavailable>>;

impl FactsStore {
    /// Opens the store, or begins to try: what is wrong with it may be put right while it is in use.
    /// Blocks until the first attempt has come to something.
    pub fn open(settings: FactsSettings, metrics: FactsMetrics) -> std::io::Result<Self> {
        Self::start(metrics, |shared| Writer::new(settings, shared))
    }

    pub(super) fn start(
        metrics: FactsMetrics,
        writer: impl FnOnce(Arc<Shared>) -> Writer,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            view: ArcSwapOption::empty(),
            health: Mutex::new(Health {
                available: false,
                cause: Some(Cause::Opening),
                detail: None,
                held: 0,
            }),
            metrics,
        });
        let (commands, queue) = sync_channel(QUEUE_MAX);
        let mut writer = writer(Arc::clone(&shared));
        let (opened, opening) = sync_channel(1);
        let thread = std::thread::Builder::new().name("facts".to_owned()).spawn(move || {
            writer.open();
            // Whoever waits for it may have given up.
            let _ = opened.send(());
            writer.run(&queue);
        })?;
        // A thread that ended without a word has left the store unavailable.
        let _ = opening.recv();
        Ok(Self(Arc::new(Handle { shared, commands, thread: Some(thread) })))
    }

    /// What is on file for a transfer: a record per subject, the mechanisms, and what each count would be
    /// with the subjects asked for. All of it is of one state, no older than whatever was acknowledged
    /// before the call. A subject is asked for by its identifiers, the preferred first.
    #[expect(
        clippy::unused_async,
        reason = "a store that is shared by a fleet is asked over the network"
    )]
    pub async fn lookup(
        &self,
        subjects: &[Vec<Pseudonym>],
        counts: &[CountQuery],
    ) -> Result<Found, Unavailable> {
        self.read(FactsOperation::Lookup, |view| view.lookup(subjects, counts))
    }

    /// Like [`Self::lookup`], for a thread that runs no tasks.
    pub(crate) fn lookup_blocking(
        &self,
        subjects: &[Vec<Pseudonym>],
        counts: &[CountQuery],
    ) -> Result<Found, Unavailable> {
        self.read(FactsOperation::Lookup, |view| view.lookup(subjects, counts))
    }

    /// Counts the subjects of a transfer before any byte of it leaves.
    pub(crate) async fn reserve(&self, reserve: Reserve) -> Result<Reservation, Unavailable> {
        let started = Instant::now();
        let answer = self.ask(|reply| Command::Reserve(reserve, reply)).await;
        let result = match &answer {
            Ok(Reservation::Held { .. }) => FactsResult::Done,
            Ok(Reservation::Refused { .. }) => FactsResult::Refused,
            Err(_) => FactsResult::Unavailable,
        };
        self.0.shared.metrics.operation(FactsOperation::Reserve, result, started.elapsed());
        answer
    }

    /// Says what came of a transfer that was counted.
    pub(crate) fn settle(&self, exchange: ExchangeId, settlement: Settlement) {
        self.tell(Command::Settle(exchange, settlement));
    }

    /// Puts changes on file, all of them or none. What was acknowledged is durable, and governs every
    /// decision that begins afterwards.
    pub async fn change(&self, changes: Vec<Change>) -> Result<Applied, Unavailable> {
        let started = Instant::now();
        let answer = self.ask(|reply| Command::Change(changes, reply)).await;
        self.count_change(&answer, started);
        answer
    }

    /// Like [`Self::change`], but blocks the calling thread.
    pub(crate) fn change_blocking(&self, changes: Vec<Change>) -> Result<Applied, Unavailable> {
        let started = Instant::now();
        let (reply, answer) = oneshot::channel();
        let answer = match self.0.commands.send(Command::Change(changes, reply)) {
            Ok(()) => answer.blocking_recv().unwrap_or_else(|_| Err(self.0.shared.why_not())),
            Err(_) => Err(Unavailable::new(Cause::Closed)),
        };
        self.count_change(&answer, started);
        answer
    }

    /// What is on file about one subject.
    pub fn get(&self, who: &[Pseudonym]) -> Result<Option<SubjectRecord>, Unavailable> {
        self.read(FactsOperation::Lookup, |view| view.record(who))
    }

    pub fn mechanisms(&self) -> Result<Mechanisms, Unavailable> {
        self.read(FactsOperation::Lookup, |view| Ok(view.mechanisms().clone()))
    }

    /// Every subject on file, of one state, until `each` returns false.
    pub(crate) fn each_subject(
        &self,
        each: &mut dyn FnMut(Pseudonym, SubjectRecord) -> bool,
    ) -> Result<(), Unavailable> {
        self.read(FactsOperation::Export, |view| view.each_subject(each))
    }

    /// Every further identifier and the subject it leads to.
    pub(crate) fn each_alias(
        &self,
        each: &mut dyn FnMut(Pseudonym, Pseudonym) -> bool,
    ) -> Result<(), Unavailable> {
        self.read(FactsOperation::Export, |view| view.each_alias(each))
    }

    /// Everybody who was told to share an identifier with another, and the circle of those who do.
    pub(crate) fn each_in_circle(
        &self,
        each: &mut dyn FnMut(Pseudonym, CircleId) -> bool,
    ) -> Result<(), Unavailable> {
        self.read(FactsOperation::Export, |view| view.each_in_circle(each))
    }

    /// Every subject that was counted, with the scope and the last day.
    pub fn each_counted(
        &self,
        each: &mut dyn FnMut(&CountScope, Pseudonym, Day) -> bool,
    ) -> Result<(), Unavailable> {
        self.read(FactsOperation::Export, |view| view.each_counted(each))
    }

    pub fn health(&self) -> Health {
        self.0.shared.health()
    }

    fn read<T>(
        &self,
        operation: FactsOperation,
        read: impl FnOnce(&View) -> Result<T, Broken>,
    ) -> Result<T, Unavailable> {
        let started = Instant::now();
        let shared = &self.0.shared;
        let answer = match shared.view.load_full() {
            Some(view) => fenced(|| read(&view)).map_err(|broken| {
                let unavailable = Unavailable::from(&broken);
                self.tell(Command::Suspect(view, broken));
                unavailable
            }),
            None => Err(shared.why_not()),
        };
        let result = if answer.is_ok() { FactsResult::Done } else { FactsResult::Unavailable };
        shared.metrics.operation(operation, result, started.elapsed());
        answer
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, Unavailable> {
        let (reply, answer) = oneshot::channel();
        match self.0.commands.try_send(command(reply)) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(self.0.shared.why_not())),
            Err(TrySendError::Full(_)) => Err(Unavailable::new(Cause::Busy)),
            Err(TrySendError::Disconnected(_)) => Err(Unavailable::new(Cause::Closed)),
        }
    }

    /// What is lost here leaves a subject counted who need not be.
    fn tell(&self, command: Command) {
        if self.0.commands.try_send(command).is_err() {
            tracing::debug!("the facts store was too busy to be told how a transfer ended");
        }
    }

    fn count_change(&self, answer: &Result<Applied, Unavailable>, started: Instant) {
        let result = if answer.is_ok() { FactsResult::Done } else { FactsResult::Unavailable };
        self.0.shared.metrics.operation(FactsOperation::Change, result, started.elapsed());
    }
}

impl fmt::Debug for FactsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FactsStore").field("health", &self.health()).finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // A writer that is gone already needs no word.
        let _ = self.commands.send(Command::Close);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the facts store ended badly");
        }
    }
}

impl Shared {
    pub(super) fn put(&self, view: View) {
        self.view.store(Some(Arc::new(view)));
    }

    /// True for the view that is in place.
    pub(super) fn is_current(&self, view: &Arc<View>) -> bool {
        self.view.load().as_ref().is_some_and(|current| Arc::ptr_eq(current, view))
    }

    pub(super) fn available(&self, held: usize) {
        self.metrics.available();
        *self.lock() = Health { available: true, cause: None, detail: None, held };
    }

    pub(super) fn held(&self, held: usize) {
        self.lock().held = held;
    }

    /// No more reading; says why.
    pub(super) fn unavailable(&self, why: &Unavailable) {
        self.view.store(None);
        self.metrics.unavailable(why.cause.as_str());
        *self.lock() = Health {
            available: false,
            cause: Some(why.cause),
            detail: why.detail.clone(),
            held: 0,
        };
    }

    pub(super) fn why_not(&self) -> Unavailable {
        let health = self.lock();
        Unavailable { cause: health.cause.unwrap_or(Cause::Opening), detail: health.detail.clone() }
    }

    fn health(&self) -> Health {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Health> {
        self.health.lock()
    }
}

pub(super) type Queue = Receiver<Command>;
