//! Routes, and what hangs on them, read anew when the configuration file changed.
//!
//! Data centres, workloads and the context of all routes change with them; whatever else the file says
//! differently waits for a restart, and the status names it. A file that is not in order changes nothing.

use std::{
    fmt, fs,
    io::{self, Read as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use super::{
    HistoryEntry, Trigger,
    history::{self, Subject},
    load,
    status::{Failure, RoutesStatus},
    watch::Watch,
};
use crate::{
    config::Config,
    policy::Timestamp,
    snapshot::Generation,
    source::{Diagnostics, Place, SourceFile, Stamp},
};

/// Puts the routes of a configuration in service. False, with complaints, when those before go on.
pub type Reroute = Box<dyn Fn(&Config, &str, &mut Diagnostics) -> bool + Send>;

/// The members of the configuration whose files wait for a restart.
pub type RestartNeeded = Box<dyn Fn() -> Vec<&'static str> + Send>;

/// Where routes come from, and where they go.
pub struct RoutesSettings {
    /// The configuration file as it was read at the start.
    pub file: SourceFile,
    /// What it said.
    pub config: Config,
    pub reroute: Reroute,
    pub restart_needed: RestartNeeded,
}

impl fmt::Debug for RoutesSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutesSettings").field("file", &self.file.name).finish_non_exhaustive()
    }
}

pub(super) struct RoutesFile {
    path: PathBuf,
    reroute: Reroute,
    restart_needed: RestartNeeded,
    /// Sections that wait for a restart, and files that were found to.
    sections: Vec<&'static str>,
    files: Vec<&'static str>,
    seen: Option<Stamp>,
    /// The file and the configuration that serve.
    file: SourceFile,
    serving: Config,
    /// The text that was read last, whether it serves or was refused.
    attempted: String,
    /// Why the file as it is now does not serve.
    refusal: Option<Diagnostics>,
    status: RoutesStatus,
    /// Notices changes for as long as it is held.
    _watch: Option<Watch>,
}

/// What a look at the file came to.
#[derive(Debug)]
pub(super) struct Rerouted {
    pub(super) is_taken: bool,
    /// Where something changed or was refused.
    pub(super) entry: Option<HistoryEntry>,
}

impl RoutesFile {
    pub(super) fn new(settings: RoutesSettings, now: Timestamp, watch: Option<Watch>) -> Self {
        let RoutesSettings { file, config, reroute, restart_needed } = settings;
        let mut status = RoutesStatus {
            path: file.name.clone(),
            generation: Generation(1),
            hash: load::digest(&file.text),
            loaded_at: now,
            attempted_at: now,
            attempted_by: Trigger::Start,
            routes: 0,
            data_centres: 0,
            workloads: 0,
            stale: false,
            restart_needed: Vec::new(),
            last_failure: None,
        };
        status.count(&config);
        Self {
            path: PathBuf::from(&file.name),
            reroute,
            restart_needed,
            sections: Vec::new(),
            files: Vec::new(),
            // Whatever happened to it since it was read is seen at the first look.
            seen: None,
            attempted: file.text.clone(),
            file,
            serving: config,
            refusal: None,
            status,
            _watch: watch,
        }
    }

    pub(super) fn status(&self) -> RoutesStatus {
        self.status.clone()
    }

    pub(super) fn refusal(&self) -> Option<&Diagnostics> {
        self.refusal.as_ref()
    }

    pub(super) fn looks_changed(&self) -> bool {
        Stamp::of(&self.path) != self.seen || (self.restart_needed)() != self.files
    }

    /// Whether files wait for a restart that did not before, or do no longer.
    pub(super) fn notice_files(&mut self) -> bool {
        let files = (self.restart_needed)();
        if files == self.files {
            return false;
        }
        if !files.is_empty() {
            tracing::warn!("restart needed for: {}", files.join(", "));
        }
        self.files = files;
        self.show_restart_needed();
        true
    }

    fn show_restart_needed(&mut self) {
        self.status.restart_needed = self.sections.iter().chain(&self.files).copied().collect();
    }

    /// Reads the file if it changed or somebody `asked`; `None` when there was nothing to do.
    pub(super) fn refresh(
        &mut self,
        asked: Option<(Trigger, Option<String>)>,
        now: Timestamp,
    ) -> Option<Rerouted> {
        // Looked at first: what changes while it is read is seen the next time.
        let seen = Stamp::of(&self.path);
        if seen == self.seen && asked.is_none() {
            return None;
        }
        self.seen = seen;
        let begin = std::time::Instant::now();
        let mut diagnostics = Diagnostics::default();
        let text = read(&self.path, &self.file.name, &mut diagnostics);
        if asked.is_none() && text.as_ref().is_some_and(|text| *text == self.attempted) {
            return None;
        }
        let (by, who) = asked.unwrap_or((Trigger::Change, None));
        let next = SourceFile { name: self.file.name.clone(), text: text.unwrap_or_default() };
        let is_new = next.text != self.attempted;
        self.attempted.clone_from(&next.text);
        self.status.attempted_at = now;
        self.status.attempted_by = by;
        let hash = load::digest(&next.text);
        let changed = self.take(&next, &mut diagnostics);
        let mut entry = HistoryEntry {
            of: Subject::Routes,
            at: now,
            by,
            who,
            generation: self.status.generation,
            hash: hash.clone(),
            errors: diagnostics.error_count(),
            elapsed_ms: 0,
            files: Vec::new(),
        };
        let Some(changed) = changed else {
            diagnostics.sort();
            tracing::error!(
                generation = self.status.generation.0,
                %by,
                "routes refused, the ones before go on serving:\n{diagnostics}"
            );
            entry.files = changes(&self.file, &next);
            entry.elapsed_ms = millis(begin);
            self.status.stale = true;
            self.status.last_failure =
                Some(Failure { at: now, by, hash, diagnostics: diagnostics.clone() });
            self.refusal = Some(diagnostics);
            return Some(Rerouted { is_taken: false, entry: is_new.then_some(entry) });
        };
        self.refusal = None;
        self.status.stale = false;
        self.status.hash = hash;
        let before = std::mem::replace(&mut self.file, next);
        if changed {
            self.status.generation.0 += 1;
            self.status.loaded_at = now;
            self.status.count(&self.serving);
            entry.generation = self.status.generation;
            entry.files = changes(&before, &self.file);
            entry.elapsed_ms = millis(begin);
        }
        let RoutesStatus { generation, routes, data_centres, .. } = &self.status;
        let restart_needed = self.status.restart_needed.join(", ");
        if changed {
            tracing::info!(generation = generation.0, routes, data_centres, %by, "routes reloaded");
        } else {
            tracing::info!(generation = generation.0, %by, "routes unchanged");
        }
        if is_new && !restart_needed.is_empty() {
            tracing::warn!("restart needed for: {restart_needed}");
        }
        Some(Rerouted { is_taken: true, entry: changed.then_some(entry) })
    }

    /// Whether what serves is another than before; `None`, with complaints, when it is refused.
    fn take(&mut self, file: &SourceFile, diagnostics: &mut Diagnostics) -> Option<bool> {
        if diagnostics.has_errors() {
            return None;
        }
        let next = Config::check(file, diagnostics)?;
        let next = self.serving.rerouted(next);
        let is_other = next.config != self.serving;
        if is_other {
            let reroute = || (self.reroute)(&next.config, &file.name, diagnostics);
            let taken = catch_unwind(AssertUnwindSafe(reroute)).unwrap_or_else(|_| {
                let place = Place { file: file.name.clone(), line: 0, column: 0 };
                diagnostics
                    .error(place, "the routes cannot be compiled: the compiler failed")
                    .remedy("undo the last change of the configuration, and report it with it");
                false
            });
            if !taken {
                return None;
            }
        }
        self.serving = next.config;
        self.sections = next.restart_needed;
        self.show_restart_needed();
        Some(is_other)
    }
}

fn changes(before: &SourceFile, after: &SourceFile) -> Vec<super::FileChange> {
    history::changes(std::slice::from_ref(before), std::slice::from_ref(after))
}

fn millis(begin: std::time::Instant) -> u64 {
    u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn read(path: &Path, name: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    let whole = || -> io::Result<String> {
        let file = fs::File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let mut text = String::new();
        let bytes_max = load::FILE_BYTES_MAX;
        if file.take(bytes_max + 1).read_to_string(&mut text)? as u64 > bytes_max {
            return Err(io::Error::other(format!("it has more than {} MiB", bytes_max >> 20)));
        }
        Ok(text)
    };
    match whole() {
        Ok(text) => Some(text),
        Err(error) => {
            let place = Place { file: name.to_owned(), line: 0, column: 0 };
            diagnostics
                .error(place, format!("the file cannot be read: {error}"))
                .remedy("put the configuration back; the routes that serve are those it had");
            None
        }
    }
}

impl fmt::Debug for RoutesFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutesFile").field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
