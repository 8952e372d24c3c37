//! What waits to be written.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use super::AuditError;
use crate::audit::chain;

/// Buffers between exchanges and the writer. There are several so that threads seldom meet at one; a
/// thread holds one no longer than it takes to copy a line.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) shards: [Mutex<Shard>; Self::SHARDS],
    pub(super) bytes: AtomicUsize,
    pub(super) bytes_max: usize,
    /// Something was pushed since the writer last looked.
    pub(super) waiting: AtomicBool,
    /// Somebody waits for a commit: no time to gather more.
    pub(super) urgent: AtomicBool,
    /// The last write failed.
    pub(super) failing: AtomicBool,
    /// And lines wait to be tried again: no commit is taken meanwhile.
    pub(super) retrying: AtomicBool,
    pub(super) last_error: Mutex<Option<String>>,
    /// Records that found no room and are not yet told of in the audit.
    pub(super) lost: AtomicU64,
    /// The last line that was written.
    pub(super) head: Mutex<chain::Head>,
    pub(super) reopen: AtomicBool,
    pub(super) closing: AtomicBool,
    pub(super) room: Notify,
}

/// Lines, and who waits for which of them.
#[derive(Debug, Default)]
pub(super) struct Shard {
    pub(super) lines: Vec<u8>,
    pub(super) commits: Vec<Commit>,
    pub(super) closed: bool,
}

#[derive(Debug)]
pub(super) struct Commit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) written: oneshot::Sender<Result<(), AuditError>>,
}

impl Queue {
    pub(super) const SHARDS: usize = 8;

    pub(super) fn new(bytes_max: usize) -> Self {
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
    pub(super) fn push(
        &self,
        line: &[u8],
        commit: Option<oneshot::Sender<Result<(), AuditError>>>,
    ) -> bool {
        let before = self.bytes.fetch_add(line.len(), Ordering::Relaxed);
        // A line longer than the whole queue is let through alone rather than never.
        let room = before == 0 || before + line.len() <= self.bytes_max;
        if room && let Some(shard) = self.shards.get(shard_of_thread()) {
            let mut shard = shard.lock();
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

/// Takes out the lines of the commits that `which` names, and those commits; how many bytes went.
pub(super) fn cut(
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

fn shard_of_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SHARD: usize = NEXT.fetch_add(1, Ordering::Relaxed) % Queue::SHARDS;
    }
    SHARD.with(|shard| *shard)
}

/// A count as a gauge has it.
pub(super) fn gauge(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
