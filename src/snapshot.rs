//! The compiled world, swapped whole.
//!
//! The control plane builds a [`Snapshot`] beside the running one and stores it; the data plane loads it
//! once per exchange. An exchange is therefore judged by exactly one generation, and a reload never
//! waits for one.

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;

use crate::{engine::Engine, policy::Timestamp};

/// Counts the snapshots of one process, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Generation(pub u64);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Everything an exchange is judged by.
#[derive(Debug)]
pub struct Snapshot {
    pub generation: Generation,
    pub engine: Engine,
    /// SHA-256 over the names and texts of the rule files, hex.
    pub rules_hash: String,
    /// Where the rules came from: a directory, or `embedded`.
    pub rules_source: String,
    pub loaded_at: Timestamp,
}

/// Holds the snapshot that serves.
#[derive(Debug)]
pub struct SnapshotCell(ArcSwap<Snapshot>);

impl SnapshotCell {
    pub fn new(snapshot: Snapshot) -> Self {
        Self(ArcSwap::from_pointee(snapshot))
    }

    /// The serving snapshot, at the cost of one atomic load. Hold it for one exchange, not longer.
    pub fn load(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.0.load()
    }

    /// The same, to keep for longer: across a long await, or on another thread.
    pub fn load_full(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }

    /// Puts `snapshot` in service; exchanges already under way finish with what they loaded.
    pub fn store(&self, snapshot: Snapshot) {
        self.0.store(Arc::new(snapshot));
    }
}
