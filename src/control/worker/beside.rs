//! Rules other than those that were last read: judged beside what serves, changed over to, gone back to.

use super::{Pinned, Worker, now, reload::compile};
use crate::{
    control::{
        load::{self, RuleFiles, RulesSource},
        reload::{Answer, Refused, Switch, Trigger},
        status::{ShadowStatus, Status},
    },
    snapshot::{Shadow, Tally},
    source::{Diagnostics, Place},
};

impl Worker {
    /// Puts other rules than the directory's in service, and stays with them.
    pub(super) fn switch(&mut self, to: Switch, who: String) -> Answer {
        if self.blocking.is_some() && to == Switch::Rollback {
            let words =
                "the rules are not trusted any more, and those before them no more than they";
            return Err(Refused::Nothing(words));
        }
        let (by, files) = match to {
            Switch::Promote => (Trigger::Promote, self.promotable()?),
            Switch::Rollback => (Trigger::Rollback, self.rules.previous.clone()),
        };
        let Some(mut files) = files else {
            return Err(Refused::Nothing(match to {
                Switch::Promote => "there are no rules that are judged beside those that serve",
                Switch::Rollback if self.is_rolled_back => {
                    "those before were gone back to already; they serve, and nothing before them is known"
                }
                Switch::Rollback => "no other rules have served since the gateway started",
            }));
        };
        let mut diagnostics = Diagnostics::default();
        let keys = self.settings.keys.load(&mut diagnostics);
        // The directory as it was last seen, so that it does not look changed.
        files.fingerprint = self.rules.attempted.fingerprint.clone();
        files.directories.clone_from(&self.rules.attempted.directories);
        files.whereabouts.clone_from(&self.rules.attempted.whereabouts);
        let replaced = match &self.pinned {
            Some(pinned) => pinned.replaced.clone(),
            None => self.rules.serving.clone(),
        };
        let was_wrong = self.shared.status().stale;
        let before = std::mem::replace(&mut self.rules.attempted, files);
        let answer = self.reload(diagnostics, keys, by, Some(who));
        if answer.is_ok() {
            let hash = self.rules.attempted.hash.clone();
            self.pin(Some(Pinned { hash, replaced, checked: None }));
            // A directory that was refused is no better for it.
            if was_wrong {
                let _ = self.consider(&[]);
            }
        } else {
            self.rules.attempted = before;
        }
        answer
    }

    /// The files that are judged beside, as they are in their directory now. Where those are refused they are none to
    /// change over to, whatever was judged beside before them.
    fn promotable(&mut self) -> Result<Option<RuleFiles>, Refused> {
        self.refresh_shadow(false);
        let status = self.shared.status();
        let refused = status.shadow.as_ref().filter(|shadow| shadow.diagnostics.has_errors());
        if let Some(refused) = refused {
            return Err(Refused::Rules(refused.diagnostics.clone()));
        }
        Ok(self.shared.cell.shadow().map(|_| self.shadow.files.clone()))
    }

    /// What an operator changed over to, where the directory holds something else.
    pub(super) fn pinned_beside(&self, loaded: &RuleFiles) -> Option<&Pinned> {
        self.pinned.as_ref().filter(|pinned| pinned.hash != loaded.hash)
    }

    /// Stays with what was changed over to, or follows the directory again.
    pub(super) fn pin(&mut self, pinned: Option<Pinned>) {
        self.pinned = pinned;
        let pinned = self.pinned.is_some();
        self.metrics.rules_pinned(pinned);
        if self.shared.status().pinned != pinned {
            let status = Status { pinned, ..Status::clone(&self.shared.status()) };
            self.shared.set_status(status);
        }
    }

    pub(super) fn shadow_looks_changed(&self) -> bool {
        let shadow = self.settings.shadow.as_ref();
        shadow.is_some_and(|shadow| shadow.source.fingerprint() != self.shadow.files.fingerprint)
    }

    /// Reads the rules judged beside, and compiles them when they are new. What serves is not touched. Files that are
    /// gone are missed as they are in the directory that serves, unless an operator asked (`is_meant`): these rules are
    /// to serve one day.
    pub(super) fn refresh_shadow(&mut self, is_meant: bool) {
        let Some(settings) = self.settings.shadow.clone() else { return };
        let mut diagnostics = Diagnostics::default();
        let is_there = matches!(&settings.source, RulesSource::Directory(path) if path.is_dir());
        let loaded =
            if is_there { settings.source.load(&mut diagnostics) } else { RuleFiles::default() };
        if !is_there {
            let place = Place { file: settings.source.to_string(), line: 0, column: 0 };
            diagnostics
                .warning(place, "is not there yet; nothing is judged beside until it is")
                .remedy("make the directory, or correct `rules.shadow.directory`");
        }
        if !is_meant {
            let words = "is gone from the rules that are judged beside";
            load::complain_of_gone(&loaded.gone_since(&self.shadow.sound), words, &mut diagnostics);
        }
        let keys = self.shared.cell.load().engine.keys().fingerprint();
        let is_known =
            self.shared.status().shadow.is_some() && diagnostics == self.shadow.complaints;
        if is_known && loaded.hash == self.shadow.files.hash && keys == self.shadow.keys_fingerprint
        {
            self.shadow.files.fingerprint = loaded.fingerprint;
            return;
        }
        self.shadow.complaints = diagnostics.clone();
        self.shadow.files = loaded;
        self.shadow.keys_fingerprint = keys;
        let compiled = if is_there {
            let keys = self.settings.keys.load(&mut diagnostics);
            let serving = self.shared.cell.load();
            compile(Some(&serving.engine), &self.shadow.files, keys, &mut diagnostics)
        } else {
            None
        };
        if compiled.is_some() {
            self.shadow.sound = self.shadow.files.clone();
        }
        self.metrics.shadow_reloaded(compiled.is_some() || !is_there);
        match &compiled {
            Some(_) => tracing::info!(hash = %self.shadow.files.hash, "shadow rules loaded"),
            None if is_there => tracing::error!("shadow rules refused:\n{diagnostics}"),
            None => tracing::warn!("no shadow rules:\n{diagnostics}"),
        }
        let status = ShadowStatus {
            source: settings.source.to_string(),
            hash: compiled.is_some().then(|| self.shadow.files.hash.clone()),
            sample_percent: settings.sample_percent,
            diagnostics,
        };
        self.shared.cell.set_shadow(compiled.map(|engine| Shadow {
            engine,
            hash: self.shadow.files.hash.clone(),
            source: settings.source.to_string(),
            loaded_at: now(),
            sample_percent: settings.sample_percent,
            tally: Tally::default(),
        }));
        let status = Status { shadow: Some(status), ..Status::clone(&self.shared.status()) };
        self.shared.set_status(status);
    }
}
