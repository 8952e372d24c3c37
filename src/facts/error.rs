//! Why the store does not answer.

use std::fmt;

use super::tables::Broken;

/// What is wrong with the store; the labels of its metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It is being opened for the first time.
    Opening,
    /// Its file is not what was written, or no store at all.
    Corrupt,
    /// No room is left on the disk, or the file may not grow.
    DiskFull,
    /// Its file or directory may not be written or read.
    NoAccess,
    /// Another process has it open.
    Locked,
    /// It was made under another key.
    OtherKey,
    /// It was made by a later version.
    Newer,
    /// Any other failure of the disk.
    Disk,
    /// More is asked of it than it can do.
    Busy,
    /// It has ended.
    Closed,
}

impl Cause {
    pub const ALL: [Self; 10] = [
        Self::Opening,
        Self::Corrupt,
        Self::DiskFull,
        Self::NoAccess,
        Self::Locked,
        Self::OtherKey,
        Self::Newer,
        Self::Disk,
        Self::Busy,
        Self::Closed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Corrupt => "corrupt",
            Self::DiskFull => "disk-full",
            Self::NoAccess => "no-access",
            Self::Locked => "locked",
            Self::OtherKey => "other-key",
            Self::Newer => "newer",
            Self::Disk => "disk",
            Self::Busy => "busy",
            Self::Closed => "closed",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Opening => "it is being opened",
            Self::Corrupt => "its file is damaged; put a copy in its place, or import anew",
            Self::DiskFull => "the disk is full, or the file may not grow",
            Self::NoAccess => "its file may not be read or written",
            Self::Locked => "another process has it open",
            Self::OtherKey => "it was made under another key",
            Self::Newer => "it was made by a later version",
            Self::Disk => "the disk failed",
            Self::Busy => "more is asked of it than it can do",
            Self::Closed => "it has ended",
        }
    }
}

/// The store does not answer. Rules that need it say what then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Unavailable {
    pub cause: Cause,
    /// What the system said, for the log.
    pub detail: Option<String>,
}

impl Unavailable {
    pub(super) fn new(cause: Cause) -> Self {
        Self { cause, detail: None }
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the facts store is unavailable: {}", self.cause.sentence())?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

impl From<&Broken> for Unavailable {
    fn from(broken: &Broken) -> Self {
        Self { cause: broken.cause(), detail: Some(broken.to_string()) }
    }
}
