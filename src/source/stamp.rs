//! Whether a file is another than it was.

use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

/// What can be seen of a file without reading it; it differs once the file was written, replaced or moved.
///
/// The change time counts beside the modification time: a tool that sets the latter back cannot set back the
/// former (POSIX.1-2017, `sys/stat.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    /// Seconds of Unix time, and nanoseconds.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// `None` where nothing is to be seen: there is no file, or it is hidden from us.
    pub fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|metadata| Self::from(&metadata))
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_done_to_a_file_shows() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        assert_eq!(Stamp::of(&path), None);
        fs::write(&path, "one").unwrap();
        let first = Stamp::of(&path).unwrap();
        assert_eq!(Stamp::of(&path), Some(first));

        // Another file of the same bytes and times.
        let other = directory.path().join("other");
        fs::copy(&path, &other).unwrap();
        let file = fs::File::open(&other).unwrap();
        file.set_modified(fs::metadata(&path).unwrap().modified().unwrap()).unwrap();
        fs::rename(&other, &path).unwrap();
        let second = Stamp::of(&path).unwrap();
        assert_ne!(second, first);

        fs::write(&path, "longer").unwrap();
        assert_ne!(Stamp::of(&path), Some(second));
    }
}
