//! What is on file about people, mechanisms and counts, kept on disk and asked once a transfer.
//!
//! Consents, opt-outs, withdrawals, settings and attributes of subjects; mechanisms; and exact counts of
//! distinct subjects or devices, which thresholds of law are measured by. A subject is known here by a
//! [`Pseudonym`] alone, a keyed code of an identifier; no identifier is ever stored.
//!
//! Three operations serve a transfer, shaped so that a server shared by a fleet can take the place of the
//! embedded store: each is one round trip, each is atomic where it runs, none reads here and writes back.
//! [`FactsStore::lookup`] answers for all subjects of a message together, and with the counts as they
//! would be with them. [`FactsStore::reserve`] counts them, unless a count would pass the number up to
//! which the decision holds. [`FactsStore::settle`] says whether anything was sent. Asked twice with one
//! [`ExchangeId`], each does no more than once. What is never settled stays counted: a count may err high,
//! never low.
//!
//! **Why redb.** The store must be exact, must lose nothing it acknowledged, and must notice when its file
//! is no longer what it wrote. Of the maintained embedded stores in safe Rust, redb is one file, one
//! `fsync` a commit, snapshot reads beside the writer, no dependencies, and can verify the checksum of
//! every page when it opens. fjall wrote as fast here when commits are grouped by 64 (15,000 against
//! 18,000 subjects a second) and verifies what it reads, but its journal ends without a word at the first
//! entry it cannot parse: a flipped bit could take acknowledged withdrawals with it. sled has no stable
//! release; LMDB and RocksDB are C and C++. What redb gives up: it reads without verifying once it is open
//! and may panic over a page that went bad meanwhile, so every call into it is fenced, and a fence that
//! holds closes the store, which then opens again with the full check. Both are MIT or Apache-2.0.
//!
//! **Size**, measured with commits of 512 at a cache of 64 MiB: a million counted subjects take 34 MiB of
//! disk per scope (18 bytes of key beside 2 of day, in pages two thirds full), a million subjects with two
//! consents each about 1 GiB. Memory is the cache and does not grow with either: 38 MiB resident after the
//! million counts, 70 MiB after the records. Opening verifies about 100 MiB a second.
//!
//! [`Register::lookup`] says who is in a message and what is asked for them. Not here: which counters a
//! transfer moves, and what a rule makes of it all.

mod change;
mod counter;
mod entry;
mod error;
mod export;
mod held;
mod ids;
mod known;
mod lookup;
mod pseudonym;
mod read;
mod record;
pub mod rows;
mod spelling;
mod store;
mod tables;
mod text;
mod unseen;
mod write;
mod writer;

pub use change::{Applied, Change, Counted};
pub(crate) use counter::Increment;
pub use counter::{CountQuery, CountScope, Day};
pub(crate) use entry::EntryReader;
pub use error::{Cause, Unavailable};
pub use ids::CircleId;
pub use lookup::{Names, Register};
pub(crate) use lookup::{Question, Subjects};
pub use pseudonym::{Identifier, IdentifierKind, Pseudonym, SubjectKey};
pub use record::SubjectRecord;
pub use store::{Count, ExchangeId, FactsSettings, FactsStore, Found, Health};
pub(crate) use store::{Reservation, Reserve, Settlement};
pub(crate) use tables::is_of_another_key;
pub use text::Format;
pub(crate) use text::{LineError, Lines};
pub(crate) use unseen::unseen;

#[cfg(test)]
mod tests;
