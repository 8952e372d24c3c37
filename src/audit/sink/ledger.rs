//! The chained, sealed and rotated form of what the sink writes.
//!
//! It belongs to the writer's thread; exchanges never wait for a hash. A line gets its number when it is
//! written: lines that a full disk refused get theirs at the next try, so that numbers have no gaps but
//! those that somebody made.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    mark::{self, Because, DIGEST_BYTES, Mark},
    output::{Output, Tail},
    queue::gauge,
};
use crate::{
    audit::chain::{Head, SEAL},
    signing::SigningKey,
    telemetry::{AuditMetrics, Otlp},
};

/// Signs what was written.
#[derive(Debug, Clone)]
pub struct SealSettings {
    pub key: Arc<SigningKey>,
    /// After so many lines,
    pub lines_max: usize,
    /// or when the first of them is this old.
    pub age_max: Duration,
}

/// When a file is put aside and the next begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotateSettings {
    pub bytes_max: Option<u64>,
    pub age_max: Option<Duration>,
}

/// What becomes of the lines beside being written.
pub(super) struct LedgerSettings {
    pub(super) seal: Option<SealSettings>,
    pub(super) rotate: Option<RotateSettings>,
    /// Check value of the key that subjects' pseudonyms are made under.
    pub(super) subject_key: Option<String>,
    /// Goes on to a collector as well.
    pub(super) copy: Option<Arc<Otlp>>,
}

pub(super) struct Ledger {
    output: Output,
    head: Head,
    settings: LedgerSettings,
    metrics: AuditMetrics,
    /// To be written before anything else.
    opening: Option<Vec<u8>>,
    /// Digests of the lines since the last seal.
    unsealed: Vec<[u8; DIGEST_BYTES]>,
    unsealed_since: Instant,
    /// After a rotation that failed, none is tried before.
    rotate_after: Instant,
    opened_at: Instant,
    /// Lines as they go out, and where each ends: here, there, and what the chain came to.
    buffer: Vec<u8>,
    steps: Vec<Step>,
}

#[derive(Clone, Copy)]
struct Step {
    /// In the lines that were given.
    given: usize,
    /// In the buffer.
    end: usize,
    head: Head,
}

impl Ledger {
    /// Lines that are hashed before they are written together.
    const LINES_AT_ONCE: usize = 1_024;
    const ROTATE_AGAIN: Duration = Duration::from_secs(30);

    pub(super) fn new(
        output: Output,
        tail: Tail,
        settings: LedgerSettings,
        metrics: AuditMetrics,
    ) -> Self {
        let now = Instant::now();
        metrics.sequence.set(gauge(tail.head.seq));
        let mut ledger = Self {
            output,
            head: tail.head,
            settings,
            metrics,
            opening: None,
            unsealed: Vec::new(),
            unsealed_since: now,
            rotate_after: now,
            // A file that was there already ages from when it was made.
            opened_at: now.checked_sub(tail.age).unwrap_or(now),
            buffer: Vec::new(),
            steps: Vec::new(),
        };
        ledger.open(Because::Start, tail);
        ledger
    }

    pub(super) fn output(&self) -> &Output {
        &self.output
    }

    pub(super) fn head(&self) -> Head {
        self.head
    }

    fn open(&mut self, because: Because, tail: Tail) {
        let Tail { torn_bytes, is_unclosed, .. } = tail;
        // A line that was cut off says it already, and another file's end is not that of a process.
        let unclosed = is_unclosed && torn_bytes == 0 && because == Because::Start;
        let time = jiff::Timestamp::now();
        let version = env!("CARGO_PKG_VERSION");
        let subject_key = self.settings.subject_key.as_deref();
        let mark = Mark::Opened { time, version, because, subject_key, torn_bytes, unclosed };
        self.opening = Some(mark.line());
    }

    /// Writes whole lines: how many bytes of `lines` are written, and what kept the rest from it.
    pub(super) fn write(&mut self, lines: &[u8]) -> (usize, io::Result<()>) {
        let mut written = 0;
        while written < lines.len() {
            let rest = lines.get(written..).unwrap_or_default();
            let (count, result) = self.write_some(rest);
            written += count;
            // Without an error, nothing is written only of what is no whole line.
            if result.is_err() || count == 0 {
                return (written, result);
            }
            // The records are written; a seal that failed is tried again with the next.
            let _ = self.seal_if_full();
        }
        (written, Ok(()))
    }

    /// Says that the file was opened, where no line has said so yet.
    pub(super) fn write_opening(&mut self) -> io::Result<()> {
        if self.opening.is_some() { self.write_some(&[]).1 } else { Ok(()) }
    }

    /// As many lines as belong below one seal.
    fn write_some(&mut self, lines: &[u8]) -> (usize, io::Result<()>) {
        let lines_max = match &self.settings.seal {
            Some(seal) => {
                let taken = self.unsealed.len() + usize::from(self.opening.is_some());
                seal.lines_max.saturating_sub(taken).max(1)
            }
            None => Self::LINES_AT_ONCE,
        };
        self.buffer.clear();
        self.steps.clear();
        let mut head = self.head;
        let mut given = 0;
        if let Some(opening) = &self.opening {
            head.append(opening, &mut self.buffer, None);
            self.steps.push(Step { given, end: self.buffer.len(), head });
        }
        for end in memchr::memchr_iter(b'\n', lines).take(lines_max) {
            head.append(lines.get(given..=end).unwrap_or_default(), &mut self.buffer, None);
            given = end + 1;
            self.steps.push(Step { given, end: self.buffer.len(), head });
        }
        let (written, result) = self.output.write(&self.buffer);
        let done = self.steps.partition_point(|step| step.end <= written);
        let Some(last) = done.checked_sub(1).and_then(|at| self.steps.get(at)).copied() else {
            return (0, result);
        };
        // Whatever was written, the line that opens the file was the first of it.
        self.opening = None;
        if self.settings.seal.is_some() {
            if self.unsealed.is_empty() {
                self.unsealed_since = Instant::now();
            }
            let digests = self.steps.iter().take(done).map(|step| mark::digest(&step.head.hash));
            self.unsealed.extend(digests);
        }
        if let Some(copy) = &self.settings.copy {
            copy.lines(self.buffer.get(..last.end).unwrap_or_default());
        }
        self.head = last.head;
        self.metrics.unsealed.set(gauge(self.unsealed.len()));
        self.metrics.sequence.set(gauge(self.head.seq));
        (last.given, result)
    }

    fn seal_if_full(&mut self) -> io::Result<()> {
        match &self.settings.seal {
            Some(seal) if self.unsealed.len() >= seal.lines_max => self.seal(false),
            Some(_) | None => Ok(()),
        }
    }

    /// Seals what has waited long enough; all of it when the file is about to end.
    pub(super) fn seal_if_due(&mut self, closing: bool) -> io::Result<()> {
        let due = self.settings.seal.as_ref().is_some_and(|seal| {
            !self.unsealed.is_empty() && (closing || self.unsealed_since.elapsed() >= seal.age_max)
        });
        if due { self.seal(closing) } else { Ok(()) }
    }

    /// How long until something is to be sealed; `None` when nothing waits for it.
    pub(super) fn seal_due_in(&self) -> Option<Duration> {
        let seal = self.settings.seal.as_ref().filter(|_| !self.unsealed.is_empty())?;
        Some(seal.age_max.saturating_sub(self.unsealed_since.elapsed()))
    }

    fn seal(&mut self, closing: bool) -> io::Result<()> {
        let Some(seal) = &self.settings.seal else { return Ok(()) };
        let line = Mark::Sealed {
            time: jiff::Timestamp::now(),
            from: self.head.seq.saturating_sub(self.unsealed.len() as u64).saturating_add(1),
            digests: mark::digests(&self.unsealed),
            key: seal.key.id(),
            lines_max: seal.lines_max,
            interval_ms: u64::try_from(seal.age_max.as_millis()).unwrap_or(u64::MAX),
            closing,
        }
        .line();
        let mut head = self.head;
        self.buffer.clear();
        head.append(&line, &mut self.buffer, Some(&|hash| seal.key.sign(SEAL, hash)));
        let (written, result) = self.output.write(&self.buffer);
        if written == self.buffer.len() {
            if let Some(copy) = &self.settings.copy {
                copy.lines(&self.buffer);
            }
            self.head = head;
            self.unsealed.clear();
            self.metrics.seals.inc();
            self.metrics.unsealed.set(0);
            self.metrics.sequence.set(gauge(self.head.seq));
        }
        result
    }

    /// Says in the audit itself that records are missing.
    pub(super) fn lost(&mut self, records: u64) -> io::Result<()> {
        let mut line = Mark::Lost { time: jiff::Timestamp::now(), records }.line();
        line.push(b'\n');
        self.write(&line).1
    }

    /// Says that nothing is missing at the end. Where a seal follows, that does.
    pub(super) fn close(&mut self) -> io::Result<()> {
        if self.settings.seal.is_some() && !self.unsealed.is_empty() {
            return Ok(());
        }
        let mut line = Mark::Closed { time: jiff::Timestamp::now() }.line();
        line.push(b'\n');
        self.write(&line).1
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.output.sync()
    }

    /// Opens the file under the name anew. What was written to the one before is sealed first.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if !self.output.was_moved() {
            return Ok(());
        }
        self.seal_if_due(true)?;
        let tail = self.output.reopen()?;
        self.begin(Because::Reopened, tail);
        Ok(())
    }

    fn begin(&mut self, because: Because, tail: Tail) {
        let now = Instant::now();
        self.opened_at = now.checked_sub(tail.age).unwrap_or(now);
        self.open(because, tail);
    }

    /// Puts the file aside when it is long or old enough, under a name that ends in the number of its last
    /// line.
    pub(super) fn rotate_if_due(&mut self) -> io::Result<()> {
        let (Some(rotate), Some(path)) = (self.settings.rotate, self.output.path()) else {
            return Ok(());
        };
        let is_long = rotate.bytes_max.is_some_and(|max| self.output.bytes() >= max);
        let is_old = rotate.age_max.is_some_and(|max| self.opened_at.elapsed() >= max);
        // A file with nothing in it but its opening is not put aside.
        let has_lines = self.opening.is_none() && self.output.bytes() > 0;
        if !has_lines || !(is_long || is_old) || Instant::now() < self.rotate_after {
            return Ok(());
        }
        // Whatever fails from here on is not tried at every line.
        self.rotate_after = Instant::now() + Self::ROTATE_AGAIN;
        let path = path.to_owned();
        self.seal_if_due(true)?;
        self.output.sync()?;
        std::fs::rename(&path, aside(&path, self.head.seq))?;
        let tail = self.output.reopen()?;
        self.begin(Because::Rotation, tail);
        self.metrics.rotations.inc();
        self.rotate_after = Instant::now();
        Ok(())
    }
}

/// `audit.jsonl` becomes `audit.000000001000.jsonl`.
fn aside(path: &Path, seq: u64) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy()));
    path.with_file_name(format!("{stem}.{seq:012}{}", ending.unwrap_or_default()))
}
