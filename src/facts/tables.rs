//! The file: its tables, how it is opened, and what can be wrong with it.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use redb::{Builder, Database, ReadableDatabase as _, ReadableTable, TableDefinition};
use serde_json::Value;

use super::{Cause, SubjectKey, ids::ScopeNumber};
use crate::policy::Mechanism;

/// Format, and the check value of the key.
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// Pseudonym of another identifier → pseudonym the subject is filed under.
pub(super) const ALIASES: TableDefinition<'_, &[u8; 16], &[u8; 16]> =
    TableDefinition::new("aliases");
/// Pseudonym → record as JSON.
pub(super) const SUBJECTS: TableDefinition<'_, &[u8; 16], &[u8]> = TableDefinition::new("subjects");
/// Pseudonym a subject is filed under → the circle they are in; circle → another that it was joined to.
pub(super) const CIRCLES: TableDefinition<'_, &[u8; 16], &[u8; 16]> =
    TableDefinition::new("circles");
/// Circle → what forbids for all in it, as JSON.
pub(super) const SHARED: TableDefinition<'_, &[u8; 16], &[u8]> = TableDefinition::new("shared");
/// Id → mechanism as JSON.
pub(super) const MECHANISMS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("mechanisms");
/// Scope of a count → its number.
pub(super) const SCOPES: TableDefinition<'_, &str, u32> = TableDefinition::new("scopes");
/// Number of the scope and pseudonym → the last day the subject was counted on. 22 bytes a subject.
pub(super) const COUNTED: TableDefinition<'_, (u32, &[u8; 16]), u16> =
    TableDefinition::new("counted");
/// Number of the scope and day → subjects whose last day it is.
pub(super) const COUNTS: TableDefinition<'_, (u32, u16), u64> = TableDefinition::new("counts");

/// Of the layout above.
const FORMAT: u32 = 1;

pub(super) type Scopes = Arc<BTreeMap<String, ScopeNumber>>;
pub(super) type Mechanisms = Arc<[Mechanism]>;

/// What is wrong with the file.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error(transparent)]
    Redb(#[from] redb::Error),
    #[error("its key is another one")]
    OtherKey,
    #[error("it has format {0}, and this version reads {FORMAT}")]
    Newer(u32),
    #[error("a {0} in it cannot be read")]
    Record(&'static str),
    #[error("reading it broke off")]
    Panicked,
}

macro_rules! from_redb {
    ($($error:ident)*) => { $(impl From<redb::$error> for Broken {
        fn from(error: redb::$error) -> Self {
            Self::Redb(error.into())
        }
    })* };
}
from_redb!(StorageError TableError TransactionError CommitError DatabaseError);

impl Broken {
    pub(super) fn cause(&self) -> Cause {
        match self {
            Self::Redb(redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch) => {
                Cause::Locked
            }
            Self::Redb(redb::Error::Io(error)) => cause_of(error),
            Self::Redb(redb::Error::PreviousIo | redb::Error::DatabaseClosed) => Cause::Disk,
            // The rest says that the file is none that this program wrote.
            Self::Redb(_) | Self::Record(_) | Self::Panicked => Cause::Corrupt,
            Self::OtherKey => Cause::OtherKey,
            Self::Newer(_) => Cause::Newer,
        }
    }
}

fn cause_of(error: &io::Error) -> Cause {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of the system are not ours")]
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Cause::DiskFull
        }
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotFound
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::NotADirectory => Cause::NoAccess,
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Cause::Corrupt,
        _ => Cause::Disk,
    }
}

/// Runs what calls into the file. A page that went bad under an open store can make it panic.
pub(super) fn fenced<T>(call: impl FnOnce() -> Result<T, Broken>) -> Result<T, Broken> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(Broken::Panicked))
}

/// Opens the file, or makes it; only its owner may read it. Every page is verified.
pub(super) fn open(path: &Path, cache_bytes: usize) -> Result<Database, Broken> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        // A new name is durable when its directory is.
        Ok(_) => sync_parent(path).map_err(redb::Error::Io)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(redb::Error::Io(error).into()),
    }
    fenced(|| Ok(builder(cache_bytes).create(path)?))
}

fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(fs::canonicalize(parent.unwrap_or(Path::new(".")))?)?.sync_all()
}

pub(super) fn builder(cache_bytes: usize) -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(cache_bytes).set_check_integrity_on_open(true);
    builder
}

/// Makes the tables of a new file and knows the key of an old one. What changes rarely is read here.
pub(super) fn prepare(
    database: &Database,
    key: &SubjectKey,
) -> Result<(Scopes, Mechanisms), Broken> {
    let (is_new, has_circles) = {
        let reading = database.begin_read()?;
        match reading.open_table(META) {
            Ok(meta) => {
                check(&meta, key)?;
                (false, reading.open_table(SHARED).is_ok())
            }
            Err(redb::TableError::TableDoesNotExist(_)) => (true, false),
            Err(error) => return Err(error.into()),
        }
    };
    if !is_new && !has_circles {
        let writing = database.begin_write()?;
        writing.open_table(CIRCLES)?;
        writing.open_table(SHARED)?;
        writing.commit()?;
    }
    if is_new {
        let writing = database.begin_write()?;
        {
            let mut meta = writing.open_table(META)?;
            meta.insert("format", FORMAT.to_be_bytes().as_slice())?;
            meta.insert("key", key.check_bytes().as_slice())?;
            writing.open_table(ALIASES)?;
            writing.open_table(SUBJECTS)?;
            writing.open_table(CIRCLES)?;
            writing.open_table(SHARED)?;
            writing.open_table(MECHANISMS)?;
            writing.open_table(SCOPES)?;
            writing.open_table(COUNTED)?;
            writing.open_table(COUNTS)?;
        }
        writing.commit()?;
    }
    let reading = database.begin_read()?;
    Ok((scopes(&reading.open_table(SCOPES)?)?, mechanisms(&reading.open_table(MECHANISMS)?)?))
}

/// Whether the file was made under another key, as far as it can be told without making, mending or holding anything:
/// of one that somebody has open, or did not close, it cannot.
pub(crate) fn is_of_another_key(path: &Path, key: &SubjectKey) -> bool {
    let checked = fenced(|| {
        let reading = redb::ReadOnlyDatabase::open(path)?.begin_read()?;
        check(&reading.open_table(META)?, key)
    });
    matches!(checked, Err(Broken::OtherKey))
}

fn check(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &SubjectKey,
) -> Result<(), Broken> {
    let format = meta.get("format")?.and_then(|format| <[u8; 4]>::try_from(format.value()).ok());
    match format.map(u32::from_be_bytes) {
        Some(FORMAT) => {}
        Some(newer) => return Err(Broken::Newer(newer)),
        None => return Err(Broken::Record("format")),
    }
    match meta.get("key")? {
        Some(known) if known.value() == key.check_bytes() => Ok(()),
        Some(_) => Err(Broken::OtherKey),
        None => Err(Broken::Record("key")),
    }
}

fn scopes(table: &impl ReadableTable<&'static str, u32>) -> Result<Scopes, Broken> {
    let rows = table.iter()?.map(|row| {
        row.map(|(name, number)| (name.value().to_owned(), ScopeNumber(number.value())))
    });
    Ok(Arc::new(rows.collect::<Result<_, _>>()?))
}

pub(super) fn mechanisms(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Mechanisms, Broken> {
    let mut mechanisms = Vec::new();
    for row in table.iter()? {
        mechanisms.push(from_json(row?.1.value(), "mechanism")?);
    }
    Ok(mechanisms.into())
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(
    json: &[u8],
    what: &'static str,
) -> Result<T, Broken> {
    serde_json::from_slice(json).map_err(|_| Broken::Record(what))
}

pub(super) fn to_json<T: serde::Serialize>(
    value: &T,
    what: &'static str,
) -> Result<Vec<u8>, Broken> {
    let value = serde_json::to_value(value).map_err(|_| Broken::Record(what))?;
    serde_json::to_vec(&without_absent(value)).map_err(|_| Broken::Record(what))
}

/// A member that is null or empty says what its absence says, and takes half the room of a consent.
fn without_absent(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, member)| (name, without_absent(member)));
            let is_there = |member: &Value| match member {
                Value::Null => false,
                Value::Array(items) => !items.is_empty(),
                Value::Object(members) => !members.is_empty(),
                Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
            };
            Value::Object(members.filter(|(_, member)| is_there(member)).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_absent).collect()),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}
