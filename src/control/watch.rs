//! Notices that rule files changed.
//!
//! Every directory that files were read from is watched, and the one above the rules directory too, for
//! that is where a link to it is swapped; for a single file, the directory it is in. Noticing is all: whoever is told reads the files and compares.
//! Where the system gives no notice (network file systems, too many watches), the controller's regular
//! look at the files finds a change later.

use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};

pub(super) struct Watch {
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
    /// Of what is watched.
    parent: Option<PathBuf>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("watched", &self.watched).finish_non_exhaustive()
    }
}

impl Watch {
    /// Watches the entry of `path` in the directory above. `changed` is called from another thread, and
    /// may be called for nothing.
    pub(super) fn new(
        path: &Path,
        changed: impl Fn() + Send + 'static,
    ) -> Result<Self, notify::Error> {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let parent = absolute.parent().map(Path::to_owned);
        let name = absolute.file_name().map(ToOwned::to_owned);
        let above = parent.clone();
        let mut watcher =
            notify::recommended_watcher(move |event: Result<Event, notify::Error>| {
                // In the directory above, only the entry itself is of interest, and the link through which
                // a ConfigMap's entries change together.
                let elsewhere = |path: &PathBuf| {
                    path.parent() == above.as_deref()
                        && path.file_name() != name.as_deref()
                        && path.file_name() != Some("..data".as_ref())
                };
                let concerns_us = event.map_or(true, |event| {
                    let known = event.paths.is_empty() || !event.paths.iter().all(elsewhere);
                    known && is_change(&event.kind)
                });
                if concerns_us {
                    changed();
                }
            })?;
        let mut watched = BTreeSet::new();
        // Where it may not be watched, a regular look at the files has to do.
        if let Some(parent) = &parent
            && watcher.watch(parent, RecursiveMode::NonRecursive).is_ok()
        {
            watched.insert(parent.clone());
        }
        Ok(Self { watcher, watched, parent })
    }

    /// From here on these directories are watched beside. Says what could not be.
    pub(super) fn follow(
        &mut self,
        directory: &Path,
        directories: &BTreeSet<PathBuf>,
    ) -> Vec<String> {
        let mut wanted = directories.clone();
        wanted.insert(directory.to_owned());
        wanted.extend(self.parent.clone());
        let mut problems = Vec::new();
        for gone in self.watched.difference(&wanted) {
            // A directory that is gone has lost its watch already.
            let _ = self.watcher.unwatch(gone);
        }
        self.watched.retain(|path| wanted.contains(path));
        for path in wanted {
            if self.watched.contains(&path) {
                continue;
            }
            match self.watcher.watch(&path, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(path);
                }
                Err(error) => problems.push(error.to_string()),
            }
        }
        problems
    }
}

/// Reading is not a change; otherwise the controller's own look would start the next one.
fn is_change(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    }
}
