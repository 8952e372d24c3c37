//! Compiling what was read, and putting it in service or keeping what serves.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

use super::{Worker, now, unix_seconds};
use crate::{
    control::{
        HistoryEntry,
        bundle::Shelf,
        history::{self, Subject},
        load::RuleFiles,
        reload::{Answer, ControlSettings, Refused, Reloaded, Trigger},
        status::{self, Failure, KeyStatus, Status},
    },
    engine::Engine,
    policy::Timestamp,
    redact::Keyring,
    snapshot::{Generation, Snapshot},
    source::{Diagnostics, Place},
};

/// When it is done, and who wants it.
#[derive(Clone, Copy)]
struct Attempt {
    begin: Instant,
    at: Timestamp,
    by: Trigger,
}

impl Worker {
    /// Compiles the files and puts them in service, or keeps what serves.
    pub(super) fn reload(
        &mut self,
        mut diagnostics: Diagnostics,
        keys: Option<Keyring>,
        by: Trigger,
        who: Option<String>,
    ) -> Answer {
        let attempt = Attempt { begin: Instant::now(), at: now(), by };
        let before = self.shared.status();
        let serving = self.shared.cell.load_full();
        let is_same = self.rules.attempted.hash == before.hash
            && self.keyring.fingerprint == serving.engine.keys().fingerprint();
        let answer = if is_same && !diagnostics.has_errors() {
            self.stay(&before, &serving, attempt)
        } else if let Some(engine) =
            compile(Some(&serving.engine), &self.rules.attempted, keys, &mut diagnostics)
        {
            self.serve(&before, serving, engine, diagnostics, attempt, who.as_deref())
        } else {
            self.refuse(&before, diagnostics, attempt)
        };
        let errors = match &answer {
            Err(Refused::Rules(diagnostics)) => diagnostics.error_count(),
            Ok(_)
            | Err(
                Refused::Routes(_)
                | Refused::Bundle(_)
                | Refused::Nothing(_)
                | Refused::Busy
                | Refused::Stopped,
            ) => 0,
        };
        let is_changed = answer.as_ref().is_ok_and(|reloaded| reloaded.changed);
        if errors > 0 || is_changed {
            self.shared.remember(HistoryEntry {
                of: Subject::Rules,
                at: attempt.at,
                by,
                who,
                generation: self.shared.status().generation,
                hash: self.rules.attempted.hash.clone(),
                errors,
                elapsed_ms: millis(attempt.begin),
                files: history::changes(&self.rules.serving.files, &self.rules.attempted.files),
            });
        }
        if is_changed {
            let before = std::mem::replace(&mut self.rules.serving, self.rules.attempted.clone());
            // Other keys over the same files are nothing to go back from.
            if before.hash != self.rules.serving.hash {
                self.is_rolled_back = by == Trigger::Rollback;
                // Whoever asks twice for the same has it once.
                self.rules.previous = Some(before).filter(|_| !self.is_rolled_back);
            }
        }
        answer
    }

    /// The files and keys are those that serve.
    fn stay(&mut self, before: &Status, serving: &Snapshot, attempt: Attempt) -> Answer {
        let generation = before.generation;
        self.metrics.reload_succeeded(
            generation.0,
            unix_seconds(attempt.at),
            serving.engine.rules().purposes(),
        );
        tracing::info!(generation = generation.0, by = %attempt.by, "rules unchanged");
        let mut status = attempt.noted(before);
        status.stale = false;
        status.keys.error = None;
        status.files.retain(|file| file.serving);
        status.files.iter_mut().for_each(|file| file.problems = Diagnostics::default());
        self.show(status);
        Ok(Reloaded {
            generation,
            hash: self.rules.attempted.hash.clone(),
            changed: false,
            warnings: before.warnings.clone(),
            routes: None,
        })
    }

    /// Tells what is wrong with the directory, or that nothing is any more, while other rules serve than it holds:
    /// sooner or later somebody goes back to it, and a restart begins with it.
    pub(super) fn note_beside_pinned(
        &mut self,
        loaded: RuleFiles,
        mut diagnostics: Diagnostics,
        (by, _): (Trigger, Option<String>),
    ) -> Answer {
        self.check_beside_pinned(&loaded, &mut diagnostics);
        let attempt = Attempt { begin: Instant::now(), at: now(), by };
        let (fingerprint, directories) = (loaded.fingerprint.clone(), loaded.directories.clone());
        let (before, was_wrong) = (self.shared.status(), self.rules.in_part);
        self.rules.in_part = diagnostics.has_errors();
        let answer = if self.rules.in_part {
            let pinned = std::mem::replace(&mut self.rules.attempted, loaded);
            let answer = self.refuse(&before, diagnostics, attempt);
            self.rules.attempted = pinned;
            answer
        } else {
            if was_wrong {
                let serving = self.shared.cell.load_full();
                let _ = self.stay(&before, &serving, attempt);
            }
            let words = "an operator changed over to other rules; `POST /-/reload` takes those they replaced";
            Err(Refused::Nothing(words))
        };
        self.rules.attempted.fingerprint = fingerprint;
        self.rules.attempted.directories = directories;
        answer
    }

    /// Compiles what the directory holds, once for each text of it.
    fn check_beside_pinned(&mut self, loaded: &RuleFiles, diagnostics: &mut Diagnostics) {
        let Some(pinned) = self.pinned.as_mut().filter(|_| !diagnostics.has_errors()) else {
            return;
        };
        let known = pinned.checked.take().filter(|(hash, _)| *hash == loaded.hash);
        let (hash, wrong) = known.unwrap_or_else(|| {
            let mut wrong = Diagnostics::default();
            let serving = self.shared.cell.load();
            let keys = Some(serving.engine.keys().clone());
            compile(Some(&serving.engine), loaded, keys, &mut wrong);
            (loaded.hash.clone(), wrong)
        });
        if wrong.has_errors() {
            diagnostics.extend(wrong.clone());
        }
        pinned.checked = Some((hash, wrong));
    }

    /// Puts the files that serve in service with other keys.
    pub(super) fn serve_with(&mut self, keys: Keyring, (by, who): (Trigger, Option<String>)) {
        let attempted = std::mem::replace(&mut self.rules.attempted, self.rules.serving.clone());
        // What is wrong is in the log and in the status.
        let _ = self.reload(Diagnostics::default(), Some(keys), by, who);
        self.rules.attempted = attempted;
    }

    fn serve(
        &mut self,
        before: &Status,
        serving: Arc<Snapshot>,
        engine: Engine,
        warnings: Diagnostics,
        attempt: Attempt,
        who: Option<&str>,
    ) -> Answer {
        let Attempt { begin, at, by } = attempt;
        let loaded = &self.rules.attempted;
        let (generation, hash) = (Generation(before.generation.0 + 1), loaded.hash.clone());
        self.metrics.reload_succeeded(generation.0, unix_seconds(at), engine.rules().purposes());
        let keys = if serving.engine.keys().fingerprint() == engine.keys().fingerprint() {
            KeyStatus { error: None, ..before.keys.clone() }
        } else {
            let generation = before.keys.generation + 1;
            let keys = KeyStatus::new(self.settings.keys.path(), engine.keys(), at);
            KeyStatus { generation, ..keys }
        };
        tracing::info!(
            generation = generation.0,
            %hash,
            files = loaded.files.len(),
            warnings = warnings.len(),
            key = %keys.current,
            %by,
            elapsed_ms = millis(begin),
            "rules reloaded"
        );
        let is_known = hash == before.hash;
        let source = match is_known {
            true => before.source.clone(),
            false => source(&self.settings, self.shelf.as_ref(), by),
        };
        // Whoever sees the new generation serve reads its status, so that comes first.
        self.show(Status {
            generation,
            hash: hash.clone(),
            source: source.clone(),
            loaded_at: at,
            warnings: warnings.clone(),
            stale: false,
            pinned: by.changes_over() || is_known && before.pinned,
            files: status::files(loaded, &engine, &before.files, at),
            keys,
            ..attempt.noted(before)
        });
        self.retired.push(serving);
        let snapshot = Snapshot {
            generation,
            engine,
            rules_hash: hash.clone(),
            rules_source: source,
            loaded_at: at,
        };
        self.shared.swap(snapshot, by, who);
        Ok(Reloaded { generation, hash, changed: true, warnings, routes: None })
    }

    fn refuse(&mut self, before: &Status, diagnostics: Diagnostics, attempt: Attempt) -> Answer {
        self.metrics.reload_failed();
        tracing::error!(
            generation = before.generation.0,
            by = %attempt.by,
            errors = diagnostics.error_count(),
            "rules refused, the ones before go on serving:\n{diagnostics}"
        );
        let keyring = self.settings.keys.path();
        let loaded = &self.rules.attempted;
        let mut status = attempt.noted(before);
        status.stale = true;
        status.files =
            status::files_refused(&before.files, loaded, &diagnostics, keyring, attempt.at);
        status.keys.error = self.settings.keys.complaint(&diagnostics);
        status.last_failure = Some(Failure {
            at: attempt.at,
            by: attempt.by,
            hash: loaded.hash.clone(),
            diagnostics: diagnostics.clone(),
        });
        self.show(status);
        Err(Refused::Rules(diagnostics))
    }

    fn show(&mut self, status: Status) {
        if self.blocking.as_ref().is_some_and(|hash| *hash != status.hash) {
            self.blocking = None;
        }
        self.shared.set_status(status);
    }
}

impl Attempt {
    /// What is told of it beside how it ends.
    fn noted(self, before: &Status) -> Status {
        Status { attempted_at: self.at, attempted_by: self.by, ..before.clone() }
    }
}

fn millis(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Where the rules came from that `by` put in service.
pub(super) fn source(settings: &ControlSettings, shelf: Option<&Shelf>, by: Trigger) -> String {
    let from = match shelf.filter(|shelf| shelf.offered().is_some()) {
        Some(shelf) => shelf.settings.url.clone().unwrap_or_else(|| "pushed".to_owned()),
        None => settings.source.to_string(),
    };
    match (by, &settings.shadow) {
        (Trigger::Promote, Some(shadow)) => format!("{} (promoted)", shadow.source),
        (Trigger::Rollback, _) => format!("{from} (rolled back)"),
        (Trigger::Push, _) => "pushed".to_owned(),
        (Trigger::Stale, _) => format!("{from} (not trusted)"),
        _ => from,
    }
}

/// Compiles what was read without a complaint, to take the place of what serves. A compiler that gives up
/// in the middle is a complaint too, and not the end of all reloads.
pub(super) fn compile(
    serving: Option<&Engine>,
    loaded: &RuleFiles,
    keys: Option<Keyring>,
    diagnostics: &mut Diagnostics,
) -> Option<Engine> {
    // What only the missing file declares would be complained about everywhere else.
    let Some(keys) = keys.filter(|_| !diagnostics.has_errors()) else {
        diagnostics.sort();
        return None;
    };
    let compiled = catch_unwind(AssertUnwindSafe(|| {
        Engine::compile_after(serving, &loaded.files, keys, diagnostics)
    }));
    let engine = compiled.unwrap_or_else(|_| {
        diagnostics
            .error(Place::default(), "the rules cannot be compiled: the compiler failed")
            .remedy("undo the last change of the rules, and report it with them");
        None
    });
    let engine = engine.filter(|_| !diagnostics.has_errors());
    if engine.is_some() {
        loaded.warn_without_laws(diagnostics);
    }
    diagnostics.sort();
    engine
}
