//! The file or pipe behind the sink, written in whole lines.

use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::{
        fd::AsFd as _,
        unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use super::mark::is_closing;
use crate::audit::chain::{Head, Link};

#[derive(Debug)]
pub(super) struct Output {
    file: File,
    /// `None` for standard output.
    path: Option<PathBuf>,
    /// The last line of the file was cut off, by a full disk or the end of an earlier process.
    torn: bool,
    /// Of a regular file.
    bytes: u64,
}

/// What was found at the end of a file.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tail {
    /// The last line of a chain in it.
    pub(super) head: Head,
    /// Of an unfinished line behind it.
    pub(super) torn_bytes: u64,
    /// That line, where there is one, does not say that its process had nothing more to write.
    pub(super) is_unclosed: bool,
    pub(super) age: Duration,
}

impl Output {
    pub(super) fn stdout() -> io::Result<(Self, Tail)> {
        let descriptor = io::stdout().as_fd().try_clone_to_owned()?;
        let output = Self { file: File::from(descriptor), path: None, torn: false, bytes: 0 };
        Ok((output, Tail::default()))
    }

    pub(super) fn file(path: &Path) -> io::Result<(Self, Tail)> {
        let (file, mut tail, bytes) = open(path)?;
        // An earlier process may have ended when the file before was put aside and this one not begun.
        if tail.head == Head::default() {
            let aside = tail_aside(path).unwrap_or_default();
            (tail.head, tail.is_unclosed) = (aside.head, aside.is_unclosed);
        }
        let torn = tail.torn_bytes > 0;
        Ok((Self { file, path: Some(path.to_owned()), torn, bytes }, tail))
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes whole lines: how many bytes of `lines` are written, and what kept the rest from it.
    pub(super) fn write(&mut self, lines: &[u8]) -> (usize, io::Result<()>) {
        if self.torn && !lines.is_empty() {
            if let Err(error) = self.file.write_all(b"\n") {
                return (0, Err(error));
            }
            self.torn = false;
        }
        let mut written = 0;
        while let Some(rest) = lines.get(written..).filter(|rest| !rest.is_empty()) {
            let error = match self.file.write(rest) {
                Ok(0) => io::ErrorKind::WriteZero.into(),
                Ok(count) => {
                    written += count;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            let head = lines.get(..written).unwrap_or_default();
            let whole = memchr::memrchr(b'\n', head).map_or(0, |at| at + 1);
            if whole < written && self.take_back(written - whole).is_err() {
                self.torn = true;
            }
            self.bytes += whole as u64;
            return (whole, Err(error));
        }
        self.bytes += written as u64;
        (written, Ok(()))
    }

    fn take_back(&self, bytes: usize) -> io::Result<()> {
        let metadata = self.file.metadata()?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.file.set_len(metadata.len().saturating_sub(bytes as u64))
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        match self.file.sync_data() {
            // A pipe or a device has nothing to sync.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            result => result,
        }
    }

    /// Another file, or none, stands under the name.
    pub(super) fn was_moved(&self) -> bool {
        let Some(path) = &self.path else { return false };
        let Ok(open) = self.file.metadata() else { return false };
        match fs::metadata(path) {
            Ok(named) => (named.dev(), named.ino()) != (open.dev(), open.ino()),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// Only where [`was_moved`](Self::was_moved): this process has locked the file that is open.
    pub(super) fn reopen(&mut self) -> io::Result<Tail> {
        let Some(path) = &self.path else { return Ok(Tail::default()) };
        self.sync()?;
        let (file, tail, bytes) = open(path)?;
        self.torn = tail.torn_bytes > 0;
        self.bytes = bytes;
        self.file = file;
        Ok(tail)
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => path.display().fmt(f),
            None => f.write_str("stdout"),
        }
    }
}

/// Readable by the owner and the group, as logs are. Two writers would tear each other's chain, so a
/// file has one.
fn open(path: &Path) -> io::Result<(File, Tail, u64)> {
    let file = OpenOptions::new().read(true).append(true).create(true).mode(0o640).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok((file, Tail::default(), 0));
    }
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "another process writes it"));
        }
        // A file system without locks leaves it to the operator.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let bytes = metadata.len();
    let made = metadata.created().or_else(|_| metadata.modified());
    let age = made.ok().and_then(|made| made.elapsed().ok());
    let mut tail = read_tail(&file, bytes)?;
    tail.age = age.filter(|_| bytes > 0).unwrap_or_default();
    Ok((file, tail, bytes))
}

/// The end of the chain in the file that was put aside last, `audit.000000001000.jsonl`.
fn tail_aside(path: &Path) -> Option<Tail> {
    let (stem, ending) = (path.file_stem()?.to_str()?, path.extension());
    let number = |aside: &Path| -> Option<u64> {
        let name = aside.file_stem()?.to_str()?.strip_prefix(stem)?.strip_prefix('.')?;
        if aside.extension() == ending { name.parse().ok() } else { None }
    };
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
    let entries = fs::read_dir(directory.unwrap_or(Path::new("."))).ok()?;
    let asides = entries.filter_map(|entry| {
        let aside = entry.ok()?.path();
        Some((number(&aside)?, aside))
    });
    let (_, last) = asides.max()?;
    let file = File::open(last).ok()?;
    let bytes = file.metadata().ok()?.len();
    read_tail(&file, bytes).ok()
}

/// The end of the chain in a file, looked for from its end.
fn read_tail(file: &File, bytes: u64) -> io::Result<Tail> {
    /// Longer than any line, seals included.
    const BYTES: u64 = 1 << 20;
    let start = bytes.saturating_sub(BYTES);
    let mut end = vec![0; usize::try_from(bytes - start).unwrap_or_default()];
    file.read_exact_at(&mut end, start)?;
    let whole = memchr::memrchr(b'\n', &end).map_or(0, |at| at + 1);
    let torn_bytes = (end.len() - whole) as u64;
    let mut lines = end.get(..whole).unwrap_or_default().rsplit(|byte| *byte == b'\n');
    let last = lines.find_map(|line| {
        let link = Link::read(line).filter(|link| link.is_whole)?;
        Some((Head { seq: link.seq, hash: link.hash }, !is_closing(line)))
    });
    let (head, is_unclosed) = last.unwrap_or_default();
    Ok(Tail { head, torn_bytes, is_unclosed, age: Duration::ZERO })
}
