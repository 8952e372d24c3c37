//! The thread that takes what is queued and writes it.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    AuditError, SyncPolicy,
    ledger::Ledger,
    queue::{Commit, Queue, Shard, cut, gauge},
};
use crate::telemetry::{AuditFailure, AuditMetrics};

/// The thread that writes.
pub(super) struct Writer {
    pub(super) queue: Arc<Queue>,
    pub(super) ledger: Ledger,
    pub(super) sync: SyncPolicy,
    pub(super) metrics: AuditMetrics,
    /// Lines that could not be written and are tried again.
    pub(super) rest: Vec<u8>,
    /// An empty buffer with room, for the next lines that are queued.
    pub(super) spare: Vec<u8>,
    pub(super) retry_at: Option<Instant>,
    pub(super) complained_at: Option<Instant>,
    pub(super) synced_at: Instant,
    pub(super) looked_at: Instant,
    /// The file is no longer where it belongs, and no other can be opened there: what is written to it nobody finds.
    pub(super) adrift: bool,
}

impl Writer {
    /// How long lines are gathered before they are written together.
    const GATHER: Duration = Duration::from_millis(5);
    const RETRY: Duration = Duration::from_millis(250);
    /// How often the file's name is checked against the open file.
    const LOOK: Duration = Duration::from_secs(1);
    /// A buffer that grew beyond this is given back.
    const SPARE_BYTES_MAX: usize = 256 << 10;
    /// How often the same trouble is logged.
    const COMPLAIN: Duration = Duration::from_secs(10);

    pub(super) fn run(mut self) {
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
            && let Err(error) = self.find_the_file()
        {
            self.complain(AuditFailure::Open, &error);
        }
    }

    /// Sees to it that what is written next stands under the file's name.
    fn find_the_file(&mut self) -> io::Result<()> {
        let reopened = self.ledger.reopen();
        self.adrift = reopened.is_err();
        reopened
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
                self.complain(AuditFailure::to_write(&error), &error);
            }
            // A process that had nothing to record was there all the same.
            if closing && let Err(error) = self.ledger.write_opening() {
                self.complain(AuditFailure::to_write(&error), &error);
            }
            if closing
                && self.queue.lost.load(Ordering::Acquire) == 0
                && let Err(error) = self.ledger.close()
            {
                self.complain(AuditFailure::to_write(&error), &error);
            }
            if let Err(error) = self.ledger.seal_if_due(closing) {
                self.complain(AuditFailure::Seal, &error);
            }
            if !closing && let Err(error) = self.ledger.rotate_if_due() {
                self.complain(AuditFailure::Rotate, &error);
            }
        }
        *self.queue.head.lock() = self.ledger.head();
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
                let mut shard = shard.lock();
                shard.closed = closing;
                if shard.lines.is_empty() {
                    continue;
                }
                let next = Shard {
                    lines: std::mem::take(&mut self.spare),
                    closed: closing,
                    ..Shard::default()
                };
                std::mem::replace(&mut *shard, next)
            };
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
        // A transfer that waits for its record waits for one that can be found.
        let found = if self.adrift || !commits.is_empty() { self.find_the_file() } else { Ok(()) };
        let (written, result) = match found {
            Ok(()) => self.ledger.write(&lines),
            Err(error) => (0, Err(error)),
        };
        let result = result.and_then(|()| match self.sync {
            SyncPolicy::EveryWrite => self.ledger.sync(),
            SyncPolicy::AtShutdown | SyncPolicy::Every(_) => Ok(()),
        });
        let failed_sync = written == lines.len() && result.is_err();
        let failure = result.err().map(|error| {
            self.complain(AuditFailure::to_write(&error), &error);
            AuditError::Write(error.to_string())
        });
        self.metrics.written.inc_by(count_lines(lines.get(..written).unwrap_or_default()));
        self.release(written);
        // Before anybody is answered, who may ask at once whether writing fails.
        if failure.is_none() && self.rest.is_empty() {
            self.recover();
        }

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
        }
        if lines.capacity() <= Self::SPARE_BYTES_MAX {
            lines.clear();
            self.spare = lines;
        }
    }

    fn recover(&mut self) {
        self.retry_at = None;
        self.queue.retrying.store(false, Ordering::Release);
        self.queue.failing.store(false, Ordering::Release);
        if self.complained_at.take().is_some() {
            tracing::info!(sink = %self.ledger.output(), "audit records are written again");
        }
    }

    /// While writing fails, nobody is left waiting.
    fn refuse_commits(&mut self) {
        for shard in &self.queue.shards {
            let (bytes, refused) = {
                let mut shard = shard.lock();
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
                self.complain(AuditFailure::Sync, &error);
            }
        }
    }

    fn drop_rest(&mut self) {
        let lost = count_lines(&self.rest);
        if lost > 0 {
            self.metrics.dropped.inc_by(lost);
            self.queue.lost.fetch_add(lost, Ordering::AcqRel);
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
    fn complain(&mut self, failure: AuditFailure, error: &io::Error) {
        self.metrics.failed(failure);
        // Whoever sees that it fails also sees why.
        *self.queue.last_error.lock() = Some(error.to_string());
        self.queue.failing.store(true, Ordering::Release);
        if self.complained_at.is_none_or(|at| at.elapsed() >= Self::COMPLAIN) {
            self.complained_at = Some(Instant::now());
            let kind = failure.as_str();
            tracing::error!(kind, %error, sink = %self.ledger.output(), "cannot write audit records");
        }
    }
}

fn count_lines(lines: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', lines).count() as u64
}
