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
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use tokio::sync::{Notify, oneshot};

use crate::domain::Effect;

use super::{AuditMetrics, AuditRecord, Otlp, chain, feed::Feed};

mod ledger;
pub(super) mod mark;
mod output;

use ledger::Ledger;
pub use ledger::{RotateSettings, SealSettings};
pub use mark::AuditChange;
use output::Output;

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
    /// Of a file.
    pub rotate: Option<RotateSettings>,
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
    pub fn open(settings: AuditSettings, metrics: AuditMetrics) -> Result<Self, AuditError> {
        let output = match &settings.target {
            AuditTarget::None if settings.required => return Err(AuditError::RequiredButNone),
            AuditTarget::None => {
                return Ok(Self { settings, metrics, feed: Feed::new(), running: None });
            }
            AuditTarget::Stdout => Output::stdout(),
            AuditTarget::File(path) => Output::file(path),
        };
        let (output, tail) = output.map_err(|error| AuditError::Open {
            path: settings.target.to_string(),
            reason: error.to_string(),
        })?;
        let queue = Arc::new(Queue::new(settings.queue_bytes_max));
        let (seal, rotate) = (settings.seal.clone(), settings.rotate);
        let copy = settings.copy.clone();
        let writer = Writer {
            queue: Arc::clone(&queue),
            ledger: Ledger::new(output, tail, seal, rotate, copy, metrics.clone()),
            sync: settings.sync,
            metrics: metrics.clone(),
            rest: Vec::new(),
            retry_at: None,
            complained_at: None,
            synced_at: Instant::now(),
            looked_at: Instant::now(),
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
    pub fn is_required(&self) -> bool {
        self.settings.required
    }

    /// A sample of what is recorded, kept for whoever watches.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Queues the record and returns at once. Without room it is dropped and counted.
    pub fn record(&self, record: &AuditRecord<'_>) {
        if self.feed.wants(record.effect) {
            with_line(record, |line| self.feed.push(line));
        }
        self.push(record);
    }

    /// Records what an operator changed.
    pub fn change(&self, change: &AuditChange<'_>) {
        self.push(change);
    }

    /// False where records of this outcome go nowhere for now; composing one would be wasted.
    pub fn takes(&self, effect: Effect) -> bool {
        self.running.is_some() || self.feed.would_want(effect)
    }

    fn push(&self, object: &impl serde::Serialize) {
        let Some(running) = &self.running else { return };
        with_line(object, |line| {
            if running.queue.push(line, None) {
                self.metrics.queue_bytes.set(gauge(running.queue.bytes.load(Ordering::Relaxed)));
                running.wake(false);
            } else {
                self.metrics.dropped.inc();
                running.queue.lost.fetch_add(1, Ordering::Relaxed);
            }
        });
    }

    /// Waits until the record is written, at most [`AuditSettings::commit_time_max`]. On an error
    /// there is no record.
    pub async fn commit(&self, record: &AuditRecord<'_>) -> Result<(), AuditError> {
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
            if with_line(record, |line| running.queue.push(line, Some(written))) {
                running.wake(true);
                return answer.await.unwrap_or(Err(AuditError::Closed));
            }
            room.await;
        }
    }

    /// The file is opened anew before the next record: after a rotation, on SIGHUP.
    pub fn reopen(&self) {
        if let Some(running) = &self.running {
            running.queue.reopen.store(true, Ordering::Release);
            running.wake(true);
        }
    }

    /// Writes what is queued, forces it onto the disk and stops. Records after this are dropped.
    pub fn close(&self) {
        let Some(running) = &self.running else { return };
        running.queue.closing.store(true, Ordering::Release);
        running.thread.unpark();
        let ended = lock(&running.ended).take();
        if let Some(ended) = ended
            && ended.recv_timeout(CLOSE_TIME_MAX) == Err(mpsc::RecvTimeoutError::Timeout)
        {
            let bytes = running.queue.bytes.load(Ordering::Relaxed);
            tracing::error!(bytes, "audit records are lost: the sink did not take them in time");
        }
    }

    pub fn health(&self) -> AuditHealth {
        let queue = self.running.as_ref().map(|running| &running.queue);
        AuditHealth {
            target: self.settings.target.to_string(),
            required: self.settings.required,
            failing: queue.is_some_and(|queue| queue.failing.load(Ordering::Acquire)),
            last_error: queue.and_then(|queue| lock(&queue.last_error).clone()),
            queued_bytes: queue.map_or(0, |queue| queue.bytes.load(Ordering::Relaxed)),
            written: self.metrics.written.get(),
            dropped: self.metrics.dropped.get(),
            sequence: queue.map_or(0, |queue| lock(&queue.head).seq),
            head: queue.map(|queue| chain::hash_text(&lock(&queue.head).hash)).unwrap_or_default(),
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
    fn wake(&self, urgent: bool) {
        if urgent {
            self.queue.urgent.store(true, Ordering::Release);
        }
        if !self.queue.waiting.swap(true, Ordering::AcqRel) || urgent {
            self.thread.unpark();
        }
    }
}

/// Buffers between exchanges and the writer. There are several so that threads seldom meet at one; a
/// thread holds one no longer than it takes to copy a line.
#[derive(Debug)]
struct Queue {
    shards: [Mutex<Shard>; Self::SHARDS],
    bytes: AtomicUsize,
    bytes_max: usize,
    /// Something was pushed since the writer last looked.
    waiting: AtomicBool,
    /// Somebody waits for a commit: no time to gather more.
    urgent: AtomicBool,
    /// The last write failed.
    failing: AtomicBool,
    /// And lines wait to be tried again: no commit is taken meanwhile.
    retrying: AtomicBool,
    last_error: Mutex<Option<String>>,
    /// Records that found no room and are not yet told of in the audit.
    lost: AtomicU64,
    /// The last line that was written.
    head: Mutex<chain::Head>,
    reopen: AtomicBool,
    closing: AtomicBool,
    room: Notify,
}

/// Lines, and who waits for which of them.
#[derive(Debug, Default)]
struct Shard {
    lines: Vec<u8>,
    commits: Vec<Commit>,
    closed: bool,
}

#[derive(Debug)]
struct Commit {
    start: usize,
    end: usize,
    written: oneshot::Sender<Result<(), AuditError>>,
}

impl Queue {
    const SHARDS: usize = 8;

    fn new(bytes_max: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            bytes: AtomicUsize::new(0),
            bytes_max,
            waiting: AtomicBool::new(false),
            urgent: AtomicBool::new(false),
            failing: AtomicBool::new(false),
            retrying: AtomicBool::new(false),
            last_error: Mutex::new(None),
            lost: AtomicU64::new(0),
            head: Mutex::default(),
            reopen: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            room: Notify::new(),
        }
    }

    /// False when there is no room or nobody writes any more.
    fn push(&self, line: &[u8], commit: Option<oneshot::Sender<Result<(), AuditError>>>) -> bool {
        let before = self.bytes.fetch_add(line.len(), Ordering::Relaxed);
        // A line longer than the whole queue is let through alone rather than never.
        let room = before == 0 || before + line.len() <= self.bytes_max;
        if room && let Some(shard) = self.shards.get(shard_of_thread()) {
            let mut shard = lock(shard);
            if !shard.closed {
                let start = shard.lines.len();
                shard.lines.extend_from_slice(line);
                let end = shard.lines.len();
                shard.commits.extend(commit.map(|written| Commit { start, end, written }));
                return true;
            }
        }
        self.bytes.fetch_sub(line.len(), Ordering::Relaxed);
        false
    }
}

/// The thread that writes.
struct Writer {
    queue: Arc<Queue>,
    ledger: Ledger,
    sync: SyncPolicy,
    metrics: AuditMetrics,
    /// Lines that could not be written and are tried again.
    rest: Vec<u8>,
    retry_at: Option<Instant>,
    complained_at: Option<Instant>,
    synced_at: Instant,
    looked_at: Instant,
}

impl Writer {
    /// How long lines are gathered before they are written together.
    const GATHER: Duration = Duration::from_millis(5);
    const RETRY: Duration = Duration::from_millis(250);
    /// How often the file's name is checked against the open file.
    const LOOK: Duration = Duration::from_secs(1);
    /// How often the same trouble is logged.
    const COMPLAIN: Duration = Duration::from_secs(10);

    fn run(mut self) {
        loop {
            let closing = self.queue.closing.load(Ordering::Acquire);
            if !closing {
                self.wait();
            }
            self.queue.waiting.store(false, Ordering::Release);
            self.look_after_the_file();
            self.write_rest(closing);
            if self.rest.is_empty() || closing {
                self.write_queue(closing);
            } else {
                self.refuse_commits();
            }
            self.keep_the_ledger(closing);
            self.sync_if_due(closing);
            self.metrics.queue_bytes.set(gauge(self.queue.bytes.load(Ordering::Relaxed)));
            if closing {
                self.drop_rest();
                return;
            }
        }
    }

    fn wait(&self) {
        let queue = &self.queue;
        let pause = match self.retry_at {
            Some(at) => at.saturating_duration_since(Instant::now()),
            // A seal that failed is tried again at the pace of everything else.
            None => self.ledger.seal_due_in().unwrap_or(Self::LOOK).clamp(Self::GATHER, Self::LOOK),
        };
        if !queue.waiting.load(Ordering::Acquire) || self.retry_at.is_some() {
            thread::park_timeout(pause);
        }
        let gather = queue.waiting.load(Ordering::Acquire)
            && !queue.urgent.swap(false, Ordering::AcqRel)
            && !queue.closing.load(Ordering::Acquire);
        if gather {
            thread::park_timeout(Self::GATHER);
        }
    }

    fn look_after_the_file(&mut self) {
        let asked = self.queue.reopen.swap(false, Ordering::AcqRel);
        if !asked && self.looked_at.elapsed() < Self::LOOK {
            return;
        }
        self.looked_at = Instant::now();
        if (asked || self.ledger.output().was_moved())
            && let Err(error) = self.ledger.reopen()
        {
            // Records go on into the file that was open.
            self.complain("open", &error);
        }
    }

    /// Says what was lost, seals what waited long enough and puts a full file aside; nothing of it while
    /// records wait to be tried again.
    fn keep_the_ledger(&mut self, closing: bool) {
        if self.rest.is_empty() {
            let lost = self.queue.lost.swap(0, Ordering::AcqRel);
            if lost > 0
                && let Err(error) = self.ledger.lost(lost)
            {
                self.queue.lost.fetch_add(lost, Ordering::AcqRel);
                self.complain(kind(&error), &error);
            }
            // A process that had nothing to record was there all the same.
            if closing && let Err(error) = self.ledger.write_opening() {
                self.complain(kind(&error), &error);
            }
            if let Err(error) = self.ledger.seal_if_due(closing) {
                self.complain("seal", &error);
            }
            if !closing && let Err(error) = self.ledger.rotate_if_due() {
                self.complain("rotate", &error);
            }
        }
        *lock(&self.queue.head) = self.ledger.head();
    }

    /// Tries again what could not be written.
    fn write_rest(&mut self, now: bool) {
        let due = self.retry_at.is_some_and(|at| now || at <= Instant::now());
        if !due {
            return;
        }
        let lines = std::mem::take(&mut self.rest);
        self.write_lines(lines, Vec::new());
    }

    fn write_queue(&mut self, closing: bool) {
        for index in 0..Queue::SHARDS {
            let Some(shard) = self.queue.shards.get(index) else { continue };
            let Shard { mut lines, mut commits, .. } = {
                let mut shard = lock(shard);
                let taken = std::mem::take(&mut *shard);
                shard.closed = closing;
                taken
            };
            if lines.is_empty() {
                continue;
            }
            // Whoever waited too long was refused its transfer; there is nothing to record.
            let gone = cut(&mut lines, &mut commits, |commit| commit.written.is_closed());
            self.release(gone.0);
            self.write_lines(lines, commits);
        }
        self.queue.room.notify_waiters();
    }

    /// Writes what it can. Lines somebody waits for are refused when they cannot be written; the others
    /// stay for another try.
    fn write_lines(&mut self, mut lines: Vec<u8>, mut commits: Vec<Commit>) {
        let (written, result) = self.ledger.write(&lines);
        let result = result.and_then(|()| match self.sync {
            SyncPolicy::EveryWrite => self.ledger.sync(),
            SyncPolicy::AtShutdown | SyncPolicy::Every(_) => Ok(()),
        });
        let failed_sync = written == lines.len() && result.is_err();
        let failure = result.err().map(|error| {
            self.complain(kind(&error), &error);
            AuditError::Write(error.to_string())
        });
        self.metrics.written.inc_by(count_lines(lines.get(..written).unwrap_or_default()));
        self.release(written);

        for commit in commits.extract_if(.., |commit| commit.end <= written) {
            let answer = if failed_sync { failure.clone() } else { None };
            let _ = commit.written.send(answer.map_or(Ok(()), Err));
        }
        lines.drain(..written);
        for commit in &mut commits {
            commit.start -= written;
            commit.end -= written;
        }
        let (bytes, refused) = cut(&mut lines, &mut commits, |_| true);
        self.release(bytes);
        for commit in refused {
            let _ = commit.written.send(Err(failure.clone().unwrap_or(AuditError::Closed)));
        }
        if !lines.is_empty() {
            self.rest.extend_from_slice(&lines);
            self.retry_at = Some(Instant::now() + Self::RETRY);
            self.queue.retrying.store(true, Ordering::Release);
        } else if failure.is_none() && self.rest.is_empty() {
            self.recover();
        }
    }

    fn recover(&mut self) {
        self.retry_at = None;
        self.queue.retrying.store(false, Ordering::Release);
        self.queue.failing.store(false, Ordering::Release);
        if self.complained_at.take().is_some() {
            tracing::info!(target = %self.ledger.output(), "audit records are written again");
        }
    }

    /// While writing fails, nobody is left waiting.
    fn refuse_commits(&mut self) {
        for shard in &self.queue.shards {
            let (bytes, refused) = {
                let mut shard = lock(shard);
                let Shard { lines, commits, .. } = &mut *shard;
                cut(lines, commits, |_| true)
            };
            self.release(bytes);
            for commit in refused {
                let _ = commit.written.send(Err(AuditError::Failing));
            }
        }
    }

    fn sync_if_due(&mut self, closing: bool) {
        let due = match self.sync {
            SyncPolicy::Every(period) => self.synced_at.elapsed() >= period,
            SyncPolicy::AtShutdown | SyncPolicy::EveryWrite => false,
        };
        if due || closing {
            self.synced_at = Instant::now();
            if let Err(error) = self.ledger.sync() {
                self.complain("sync", &error);
            }
        }
    }

    fn drop_rest(&mut self) {
        let lost = count_lines(&self.rest);
        if lost > 0 {
            self.metrics.dropped.inc_by(lost);
            tracing::error!(
                records = lost,
                "audit records are lost: they could not be written at shutdown"
            );
        }
        self.release(self.rest.len());
        self.metrics.queue_bytes.set(gauge(self.queue.bytes.load(Ordering::Relaxed)));
    }

    fn release(&self, bytes: usize) {
        self.queue.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Counts every failure, and logs one now and then.
    fn complain(&mut self, kind: &'static str, error: &io::Error) {
        self.metrics.errors.with_label_values(&[kind]).inc();
        // Whoever sees that it fails also sees why.
        *lock(&self.queue.last_error) = Some(error.to_string());
        self.queue.failing.store(true, Ordering::Release);
        if self.complained_at.is_none_or(|at| at.elapsed() >= Self::COMPLAIN) {
            self.complained_at = Some(Instant::now());
            tracing::error!(kind, %error, target = %self.ledger.output(), "cannot write audit records");
        }
    }
}

/// Takes out the lines of the commits that `which` names, and those commits; how many bytes went.
fn cut(
    lines: &mut Vec<u8>,
    commits: &mut Vec<Commit>,
    which: impl Fn(&Commit) -> bool,
) -> (usize, Vec<Commit>) {
    if !commits.iter().any(&which) {
        return (0, Vec::new());
    }
    let before = lines.len();
    let mut kept_lines = Vec::with_capacity(before);
    let mut out = Vec::new();
    let mut at = 0;
    for mut commit in std::mem::take(commits) {
        kept_lines.extend_from_slice(lines.get(at..commit.start).unwrap_or_default());
        at = commit.end;
        if which(&commit) {
            out.push(commit);
        } else {
            let line = lines.get(commit.start..commit.end).unwrap_or_default();
            commit.start = kept_lines.len();
            kept_lines.extend_from_slice(line);
            commit.end = kept_lines.len();
            commits.push(commit);
        }
    }
    kept_lines.extend_from_slice(lines.get(at..).unwrap_or_default());
    *lines = kept_lines;
    (before - lines.len(), out)
}

/// Runs `act` on the record as a line of JSON with its end.
fn with_line<T: Default>(record: &impl serde::Serialize, act: impl FnOnce(&[u8]) -> T) -> T {
    thread_local! {
        static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    LINE.with_borrow_mut(|line| {
        line.clear();
        // Writing to memory cannot fail, and no part of a record refuses to be written.
        if let Err(error) = serde_json::to_writer(&mut *line, record) {
            tracing::error!(%error, "cannot write an audit record as JSON");
            return T::default();
        }
        line.push(b'\n');
        act(line)
    })
}

fn shard_of_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SHARD: usize = NEXT.fetch_add(1, Ordering::Relaxed) % Queue::SHARDS;
    }
    SHARD.with(|shard| *shard)
}

fn count_lines(lines: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', lines).count() as u64
}

fn kind(error: &io::Error) -> &'static str {
    let kind = error.kind();
    if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        "no_space"
    } else if kind == io::ErrorKind::BrokenPipe {
        "broken_pipe"
    } else if kind == io::ErrorKind::PermissionDenied {
        "permission"
    } else {
        "io"
    }
}

fn gauge(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// The lock, whoever panicked with it: a buffer of whole lines is never half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
