//! The compiled world, swapped whole.
//!
//! The control plane builds a [`Snapshot`] beside the running one and stores it; the data plane loads it
//! once per exchange. An exchange is therefore judged by exactly one generation, and a reload never
//! waits for one.

mod shadow;

use std::{fmt, sync::Arc};

use arc_swap::{ArcSwap, ArcSwapOption};

pub use shadow::{Compared, Difference, Example, Shadow, Tally};

use crate::{engine::Engine, policy::Timestamp};

/// Counts the snapshots of one process, from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Generation(pub u64);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The rule that blocks everything while the rules are not trusted, and the file it is put in beside them.
pub const NOT_TRUSTED: (&str, &str) = ("NOT-TRUSTED", "organisation/not-trusted.yaml");

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

/// Holds the snapshot that serves, and the rules that are judged beside it.
#[derive(Debug)]
pub struct SnapshotCell {
    serving: ArcSwap<Snapshot>,
    shadow: ArcSwapOption<Shadow>,
}

impl SnapshotCell {
    pub fn new(snapshot: Snapshot) -> Self {
        Self { serving: ArcSwap::from_pointee(snapshot), shadow: ArcSwapOption::empty() }
    }

    /// The serving snapshot, at the cost of one atomic load. Hold it for one exchange, not longer.
    pub fn load(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.serving.load()
    }

    /// The serving snapshot, to keep for longer: across a long await, or on another thread.
    pub fn load_full(&self) -> Arc<Snapshot> {
        self.serving.load_full()
    }

    /// Puts `snapshot` in service; exchanges already under way finish with what they loaded.
    pub fn store(&self, snapshot: Snapshot) {
        self.serving.store(Arc::new(snapshot));
    }

    /// The rules judged beside, if there are any, at the cost of one atomic load where there are none.
    pub fn shadow(&self) -> Option<Arc<Shadow>> {
        let shadow = self.shadow.load();
        shadow.as_ref().map(Arc::clone)
    }

    /// Judges by these beside from here on, or by none.
    pub fn set_shadow(&self, shadow: Option<Shadow>) {
        self.shadow.store(shadow.map(Arc::new));
    }
}
