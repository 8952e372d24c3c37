//! The file or pipe behind the sink, written in whole lines.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::{
        fd::AsFd as _,
        unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
};

#[derive(Debug)]
pub(super) struct Output {
    file: File,
    /// `None` for standard output.
    path: Option<PathBuf>,
    /// The last line of the file was cut off, by a full disk or the end of an earlier process.
    torn: bool,
}

impl Output {
    pub(super) fn stdout() -> io::Result<Self> {
        let descriptor = io::stdout().as_fd().try_clone_to_owned()?;
        Ok(Self { file: File::from(descriptor), path: None, torn: false })
    }

    pub(super) fn file(path: &Path) -> io::Result<Self> {
        let file = open(path)?;
        let torn = ends_torn(&file);
        Ok(Self { file, path: Some(path.to_owned()), torn })
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
            return (whole, Err(error));
        }
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

    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if let Some(path) = &self.path {
            let file = open(path)?;
            self.sync()?;
            self.torn = ends_torn(&file);
            self.file = file;
        }
        Ok(())
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

/// Readable by the owner and the group, as logs are.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o640).open(path)
}

fn ends_torn(file: &File) -> bool {
    let Ok(metadata) = file.metadata() else { return false };
    let Some(last) = metadata.len().checked_sub(1).filter(|_| metadata.is_file()) else {
        return false;
    };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last).is_ok() && byte != *b"\n"
}
