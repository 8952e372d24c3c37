//! The country database, read anew when its file changed.

use std::sync::Arc;

use super::{status::GeoStatus, watch::Watch};
use crate::{geo::GeoDb, policy::Timestamp, source::Stamp};

#[derive(Debug)]
pub(super) struct GeoFile {
    database: Arc<GeoDb>,
    seen: Option<Stamp>,
    status: GeoStatus,
    /// Notices changes for as long as it is held.
    _watch: Option<Watch>,
}

impl GeoFile {
    pub(super) fn new(database: Arc<GeoDb>, now: Timestamp, watch: Option<Watch>) -> Self {
        let status = GeoStatus {
            path: database.path().display().to_string(),
            database: database.describe(),
            generation: 1,
            loaded_at: now,
            error: None,
            failed_at: None,
        };
        Self { seen: Stamp::of(database.path()), database, status, _watch: watch }
    }

    pub(super) fn status(&self) -> GeoStatus {
        self.status.clone()
    }

    pub(super) fn looks_changed(&self) -> bool {
        Stamp::of(self.database.path()) != self.seen
    }

    /// Reads the file if it changed since it was last read. True when it was read, in vain or not.
    pub(super) fn refresh(&mut self, now: Timestamp) -> bool {
        let seen = Stamp::of(self.database.path());
        if seen == self.seen {
            return false;
        }
        self.seen = seen;
        match self.database.reload() {
            Ok(()) => {
                self.status.database = self.database.describe();
                self.status.generation += 1;
                self.status.loaded_at = now;
                self.status.error = None;
                tracing::info!(database = %self.status.database, "country database reloaded");
            }
            Err(error) => {
                self.status.error = Some(error.to_string());
                self.status.failed_at = Some(now);
                tracing::error!(%error, "country database refused, the one before goes on serving");
            }
        }
        true
    }
}
