//! Where audit records go: one JSON line each, through a bounded queue to a thread that writes.
//!
//! An exchange copies its line into one of a few buffers and goes on; the writer takes whole buffers.
//! What happens when the writer cannot keep up or cannot write is the operator's choice. By default the
//! record is dropped and counted. Where a transfer needs its record ([`AuditSettings::required`]), the
//! exchange waits in [`AuditSink::commit`] until the line is written, and is refused when it is not.
//! A line is written whole or not at all: what a full disk cut off is taken back. The writer's thread also
//! chains the lines, seals them and puts full files aside; see the ledger.

use std::{
    cell::RefCell,
    io,
    path::PathBuf,
    sync::{Arc, atomic::Ordering, mpsc},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::{
    domain::Effect,
    telemetry::{AuditMetrics, Otlp},
};

use super::{AuditRecord, chain, feed::Feed};

mod ledger;
pub(super) mod mark;
mod output;
mod queue;
mod writer;

use ledger::{Ledger, LedgerSettings};
pub use ledger::{RotateSettings, SealSettings};
pub use mark::AuditRules;
pub(crate) use mark::{AuditDeed, Deed};
use output::Output;
use queue::{Queue, gauge};
use writer::Writer;

/// How long closing waits for a sink that does not take what is queued.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(5);

/// Where to, and what when that fails.
#[derive(Debug, Clone)]
pub struct AuditSettings {
    pub target: AuditTarget,
    /// No record, no transfer.
    pub required: bool,
    pub sync: SyncPolicy,
    /// Bytes of records that may wait to be written.
    pub queue_bytes_max: usize,
    /// How long an exchange waits for its record to be written.
    pub commit_time_max: Duration,
    /// Signs what was written. Without it lines are chained only.
    pub seal: Option<SealSettings>,
    /// When another file is begun, where records go to one.
    pub rotate: Option<RotateSettings>,
    /// Tells the key that records name people under from others, and nothing of it.
    pub subject_key: Option<String>,
    /// Gets a copy of each line that was written.
    pub copy: Option<Arc<Otlp>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditTarget {
    None,
    Stdout,
    /// Appended to; opened again when another file stands under the name, or when asked to.
    File(PathBuf),
}

/// When written records are forced onto the disk. All are at shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyncPolicy {
    #[default]
    AtShutdown,
    Every(Duration),
    /// Before a commit is answered.
    EveryWrite,
}

/// Why there is no record, or no sink.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    #[error("cannot open the audit file `{path}`: {reason}")]
    Open { path: String, reason: String },
    #[error("cannot open the audit file `{path}`: another process writes it")]
    Locked { path: String },
    #[error("audit records are required but go nowhere; set a file or `stdout` as the audit sink")]
    RequiredButNone,
    #[error("cannot start the audit writer: {0}")]
    Thread(String),
    #[error("the audit record could not be written: {0}")]
    Write(String),
    #[error("the audit sink is failing")]
    Failing,
    #[error("the audit record was not written in time")]
    Timeout,
    #[error("the audit sink is closed")]
    Closed,
}

/// How the sink is doing, for the status page.
#[derive(Debug, Clone, serde::Serialize)]
pub struct AuditHealth {
    /// `none`, `stdout` or the file's path.
    pub target: String,
    pub required: bool,
    /// The last write failed.
    pub failing: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    pub queued_bytes: usize,
    pub written: u64,
    pub dropped: u64,
    /// The last line that was written: its number, and its hash. Kept elsewhere they prove later that
    /// the audit was not cut short.
    pub sequence: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub head: String,
    /// That seals are signed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal_key: Option<String>,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            target: AuditTarget::None,
            required: false,
            sync: SyncPolicy::default(),
            queue_bytes_max: 16 << 20,
            commit_time_max: Duration::from_secs(1),
            seal: None,
            rotate: None,
            subject_key: None,
            copy: None,
        }
    }
}

/// Takes the records of all exchanges.
#[derive(Debug)]
pub struct AuditSink {
    settings: AuditSettings,
    metrics: AuditMetrics,
    feed: Feed,
    /// `None` where records go nowhere.
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    queue: Arc<Queue>,
    thread: Thread,
    /// Disconnected when the writer has ended; taken by whoever closes.
    ended: Mutex<Option<mpsc::Receiver<()>>>,
}

impl AuditSink {
    /// Opens the target and begins to write. Fails when it cannot be written, when another process writes it, and when
    /// records are required and go nowhere.
    pub fn open(settings: AuditSettings, metrics: AuditMetrics) -> Result<Self, AuditError> {
        let output = match &settings.target {
            AuditTarget::None if settings.required => return Err(AuditError::RequiredButNone),
            AuditTarget::None => {
                return Ok(Self { settings, metrics, feed: Feed::new(), running: None });
            }
            AuditTarget::Stdout => Output::stdout(),
            AuditTarget::File(path) => Output::file(path),
        };
        let (output, tail) = output.map_err(|error| {
            let path = settings.target.to_string();
            if error.kind() == io::ErrorKind::ResourceBusy {
                AuditError::Locked { path }
            } else {
                AuditError::Open { path, reason: error.to_string() }
            }
        })?;
        let queue = Arc::new(Queue::new(settings.queue_bytes_max));
        let of_ledger = LedgerSettings {
            seal: settings.seal.clone(),
            rotate: settings.rotate,
            subject_key: settings.subject_key.clone(),
            copy: settings.copy.clone(),
        };
        let writer = Writer {
            queue: Arc::clone(&queue),
            ledger: Ledger::new(output, tail, of_ledger, metrics.clone()),
            sync: settings.sync,
            metrics: metrics.clone(),
            rest: Vec::new(),
            spare: Vec::new(),
            retry_at: None,
            complained_at: None,
            synced_at: Instant::now(),
            looked_at: Instant::now(),
            adrift: false,
        };
        let (end, ended) = mpsc::sync_channel(0);
        let handle = thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || {
                // Dropped however the writer ends.
                let _end: mpsc::SyncSender<()> = end;
                writer.run();
            })
            .map_err(|error| AuditError::Thread(error.to_string()))?;
        let running =
            Running { queue, thread: handle.thread().clone(), ended: Mutex::new(Some(ended)) };
        Ok(Self { settings, metrics, feed: Feed::new(), running: Some(running) })
    }

    /// True where [`commit`](Self::commit) must succeed before anything is forwarded.
    pub(crate) fn is_required(&self) -> bool {
        self.settings.required
    }

    /// No transfer may begin, for want of a record. Tried again all the time, whether anybody calls or not.
    pub(crate) fn is_refusing(&self) -> bool {
        let retrying = |running: &Running| running.queue.retrying.load(Ordering::Acquire);
        self.settings.required && self.running.as_ref().is_some_and(retrying)
    }

    /// A sample of what is recorded, kept for whoever watches.
    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Queues the record and returns at once. Without room it is dropped and counted.
    pub fn record(&self, record: &AuditRecord<'_>) {
        // What was refused before it was judged is watched among the blocked.
        let effect = record.effect.unwrap_or(Effect::Block);
        if !self.takes(effect) {
            return;
        }
        with_line(
            |line| record.write(line),
            |line| {
                if self.feed.wants(effect) {
                    self.feed.push(line);
                }
                self.push(line);
            },
        );
    }

    /// Records what an operator did.
    pub(crate) fn deed(&self, deed: &AuditDeed<'_>) {
        with_line(|line| deed.write(line), |line| self.push(line));
    }

    /// Records which rules judge from here on.
    pub fn rules(&self, rules: &AuditRules<'_>) {
        with_line(|line| rules.write(line), |line| self.push(line));
    }

    /// False where records of this outcome go nowhere for now; composing one would be wasted.
    pub(crate) fn takes(&self, effect: Effect) -> bool {
        self.running.is_some() || self.feed.would_want(effect)
    }

    fn push(&self, line: &[u8]) {
        let Some(running) = &self.running else { return };
        if running.queue.push(line, None) {
            self.metrics.queue_bytes.set(gauge(running.queue.bytes.load(Ordering::Relaxed)));
            running.wake();
        } else {
            self.metrics.dropped.inc();
            running.queue.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until the record is written, at most [`AuditSettings::commit_time_max`]. On an error
    /// there is no record.
    pub(crate) async fn commit(&self, record: &AuditRecord<'_>) -> Result<(), AuditError> {
        let Some(running) = &self.running else { return Ok(()) };
        let answer = self.enqueue(running, record);
        match tokio::time::timeout(self.settings.commit_time_max, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(AuditError::Timeout),
        }
    }

    async fn enqueue(&self, running: &Running, record: &AuditRecord<'_>) -> Result<(), AuditError> {
        loop {
            // Listening begins before the queue is tried, so that room made in between is not missed.
            let room = running.queue.room.notified();
            tokio::pin!(room);
            room.as_mut().enable();
            if running.queue.closing.load(Ordering::Acquire) {
                return Err(AuditError::Closed);
            }
            if running.queue.retrying.load(Ordering::Acquire) {
                return Err(AuditError::Failing);
            }
            let (written, answer) = oneshot::channel();
            let push = |line: &[u8]| running.queue.push(line, Some(written));
            if with_line(|line| record.write(line), push) {
                running.wake_at_once();
                return answer.await.unwrap_or(Err(AuditError::Closed));
            }
            room.await;
        }
    }

    /// The file is opened anew before the next record: after a rotation, on SIGHUP.
    pub(crate) fn reopen(&self) {
        if let Some(running) = &self.running {
            running.queue.reopen.store(true, Ordering::Release);
            running.wake_at_once();
        }
    }

    /// Writes what is queued, forces it onto the disk and stops. Records after this are dropped. How many were
    /// lost, and the audit does not say so.
    pub fn close(&self) -> u64 {
        let Some(running) = &self.running else { return 0 };
        running.queue.closing.store(true, Ordering::Release);
        running.thread.unpark();
        let ended = running.ended.lock().take();
        if let Some(ended) = ended
            && ended.recv_timeout(CLOSE_TIME_MAX) == Err(mpsc::RecvTimeoutError::Timeout)
        {
            let bytes = running.queue.bytes.load(Ordering::Relaxed);
            tracing::error!(bytes, "audit records are lost: the sink did not take them in time");
            // How many lines these are nobody counts any more.
            running.queue.lost.fetch_add(u64::from(bytes > 0), Ordering::AcqRel);
        }
        running.queue.lost.load(Ordering::Acquire)
    }

    pub fn health(&self) -> AuditHealth {
        let queue = self.running.as_ref().map(|running| &running.queue);
        AuditHealth {
            target: self.settings.target.to_string(),
            required: self.settings.required,
            failing: queue.is_some_and(|queue| queue.failing.load(Ordering::Acquire)),
            last_error: queue.and_then(|queue| queue.last_error.lock().clone()),
            queued_bytes: queue.map_or(0, |queue| queue.bytes.load(Ordering::Relaxed)),
            written: self.metrics.written.get(),
            dropped: self.metrics.dropped.get(),
            sequence: queue.map_or(0, |queue| queue.head.lock().seq),
            head: queue.map(|queue| chain::hash_text(&queue.head.lock().hash)).unwrap_or_default(),
            seal_key: self.settings.seal.as_ref().map(|seal| seal.key.id().to_owned()),
        }
    }
}

impl Drop for AuditSink {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Display for AuditTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Stdout => f.write_str("stdout"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl Running {
    fn wake(&self) {
        if !self.queue.waiting.swap(true, Ordering::AcqRel) {
            self.thread.unpark();
        }
    }

    /// Not only when the writer would look again anyway.
    fn wake_at_once(&self) {
        self.queue.urgent.store(true, Ordering::Release);
        self.queue.waiting.swap(true, Ordering::AcqRel);
        self.thread.unpark();
    }
}

/// Runs `act` on a line of JSON with its end.
fn with_line<T>(write: impl FnOnce(&mut Vec<u8>), act: impl FnOnce(&[u8]) -> T) -> T {
    thread_local! {
        static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    LINE.with_borrow_mut(|line| {
        line.clear();
        write(line);
        line.push(b'\n');
        act(line)
    })
}

#[cfg(test)]
mod tests;
