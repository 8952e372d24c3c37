//! Rules that come as signed bundles: taken, refused, and no longer trusted.

use std::sync::mpsc::SyncSender;

use super::{Worker, now, refuse};
use crate::{
    control::{
        OnStale,
        bundle::{Bundle, BundleFailure, Fetched, Fetcher, Shelf, Untrusted},
        load::{RuleFiles, RulesSource, hash},
        reload::{Refused, ReloadRequest, Request, Trigger},
        status::Status,
    },
    snapshot::NOT_TRUSTED,
    source::{Diagnostics, Place, SourceFile},
    telemetry::BundleResult,
};

impl Worker {
    pub(super) fn fetched(&mut self, fetched: Fetched, asked: Vec<ReloadRequest>) {
        let Some(shelf) = &mut self.shelf else { return };
        shelf.asked(now());
        match fetched {
            Fetched::Failed(failure) => self.not_taken(failure, asked),
            Fetched::New(bundle) => self.offer(*bundle, asked),
            Fetched::Unchanged(offer) if shelf.is_offered(&offer) => self.unchanged(asked),
            // It is what was not taken before, and is not taken now; it confirms nothing.
            Fetched::Unchanged(offer) => {
                let failure = shelf.refusal(&offer).unwrap_or_else(|| {
                    let version = offer.version;
                    BundleFailure::new(
                        BundleResult::Old,
                        format!("the server still offers version {version}"),
                    )
                });
                self.not_taken(failure, asked);
            }
        }
    }

    pub(super) fn push(&mut self, bytes: Vec<u8>, asked: ReloadRequest) {
        let Some(shelf) = &self.shelf else {
            let words = "this gateway takes no bundles; see `rules.bundle` in its configuration";
            refuse(vec![asked], &Refused::Nothing(words));
            return;
        };
        match Bundle::open(bytes, &shelf.settings.keys) {
            Ok(bundle) => self.offer(bundle, vec![asked]),
            Err(error) => {
                let failure = BundleFailure::new(error.kind(), format!("the bundle {error}"));
                self.not_taken(failure, vec![asked]);
            }
        }
    }

    fn not_taken(&mut self, failure: BundleFailure, asked: Vec<ReloadRequest>) {
        self.metrics.bundles().offered(failure.kind);
        if let Some(shelf) = &mut self.shelf {
            shelf.failed(failure.clone());
        }
        self.show_bundle();
        // Whoever went back wants what there was, when there is nothing newer to be had.
        let is_way_back = self.pinned.is_some()
            && asked.iter().any(|one| one.by == Trigger::Operator)
            && (self.blocking.is_none() || self.is_trusted);
        if is_way_back {
            self.answer(asked);
        } else {
            refuse(asked, &Refused::Bundle(failure));
        }
    }

    /// The server has what it had.
    fn unchanged(&mut self, asked: Vec<ReloadRequest>) {
        self.metrics.bundles().offered(BundleResult::Unchanged);
        if let Some(shelf) = &mut self.shelf {
            shelf.confirm(now());
            // When it is not, that is for `check_trust` to notice, and to act upon.
            self.is_trusted |= shelf.trust(now()).is_ok();
        }
        let answer = if self.blocking.is_none() || self.is_trusted {
            self.consider(&asked)
        } else {
            Some(Err(Refused::Nothing("the rules are not trusted any more")))
        };
        // Whoever asked finds it in the status.
        self.show_bundle();
        self.tell(asked, answer);
    }

    /// A bundle that is believed: its rules serve if they compile and it goes not back.
    fn offer(&mut self, bundle: Bundle, asked: Vec<ReloadRequest>) {
        let Some(shelf) = &mut self.shelf else { return };
        let is_known = shelf.is_taken(&bundle);
        if let Err(failure) = shelf.offer(bundle, now()) {
            self.not_taken(failure, asked);
            return;
        }
        if is_known {
            self.unchanged(asked);
            return;
        }
        let hash = shelf.offered().map(|bundle| bundle.hash.clone()).unwrap_or_default();
        let answer = self.consider(&asked);
        if self.shared.status().hash == hash {
            let failure = self.shelf.as_mut().and_then(|shelf| shelf.take(now()));
            self.metrics
                .bundles()
                .offered(failure.map_or(BundleResult::Taken, |failure| failure.kind));
            self.is_trusted = true;
        } else if self.pinned.is_some() {
            self.metrics.bundles().offered(BundleResult::Waiting);
        } else {
            self.metrics.bundles().offered(BundleResult::Refused);
            let words = "the rules of the bundle were refused; the failure of the reload says why";
            if let Some(shelf) = &mut self.shelf {
                shelf.failed(BundleFailure::new(BundleResult::Refused, words.to_owned()));
            }
        }
        // Whoever asked finds it in the status.
        self.show_bundle();
        self.tell(asked, answer);
    }

    /// Notices that the bundle is no longer trusted, and does what is then to be done.
    pub(super) fn check_trust(&mut self) {
        let Some(shelf) = &self.shelf else { return };
        let was_trusted = self.is_trusted;
        let trust = shelf.trust(now());
        self.is_trusted = trust.is_ok();
        if let Err(untrusted) = trust
            && was_trusted
        {
            match shelf.settings.on_stale {
                OnStale::Keep => tracing::error!(%untrusted, "the rules are not trusted any more"),
                OnStale::Block => self.block(&untrusted),
            }
        }
    }

    /// From here on everything is blocked, by a rule that says why.
    fn block(&mut self, untrusted: &Untrusted) {
        tracing::error!(%untrusted, "the rules are not trusted any more: everything is blocked");
        let rule = SourceFile { name: NOT_TRUSTED.1.to_owned(), text: NOTHING_LEAVES.to_owned() };
        let (serving, previous) = (self.rules.serving.clone(), self.rules.previous.clone());
        // A rule of the bundle may have the name; those of the program have not.
        let shipped = || RulesSource::Embedded.load(&mut Diagnostics::default()).files;
        for mut files in [serving.files.clone(), shipped()] {
            files.retain(|file| file.name != rule.name);
            files.push(rule.clone());
            files.sort_by(|a, b| a.name.cmp(&b.name));
            let hash = hash(&files);
            let mut diagnostics = Diagnostics::default();
            let keys = self.settings.keys.load(&mut diagnostics);
            let keys = keys.unwrap_or_else(|| self.shared.cell.load().engine.keys().clone());
            self.rules.attempted = RuleFiles { files, hash: hash.clone(), ..RuleFiles::default() };
            let answer = self.reload(Diagnostics::default(), Some(keys), Trigger::Stale, None);
            if answer.is_ok() {
                self.blocking = Some(hash);
                break;
            }
        }
        // What an operator can go back to is what served in good faith.
        (self.rules.serving, self.rules.previous) = (serving, previous);
        self.pin(None);
    }

    /// What the status and the metrics say of the bundle; nothing that is not so yet.
    pub(super) fn show_bundle(&mut self) {
        self.check_trust();
        let Some(shelf) = &self.shelf else { return };
        let bundle = shelf.status(now());
        let confirmed_at = shelf.confirmed_at().map(|at| at.as_duration().as_secs_f64());
        let is_trusted = bundle.untrusted.is_none();
        self.metrics.bundles().serving(shelf.version(), confirmed_at, is_trusted);
        let status = Status { bundle: Some(bundle), ..Status::clone(&self.shared.status()) };
        self.shared.set_status(status);
    }
}

/// Beside it every rule is vain: the stricter effect wins.
const NOTHING_LEAVES: &str = "layer: organisation
title: Rules that are not trusted any more
rules:
  - id: NOT-TRUSTED
    title: Nothing leaves by rules that are not trusted
    statute: rules.bundle.on_stale of the configuration
    when: { data: any }
    effect: block
    reason: The rules of this gateway have expired or were not confirmed for too long.
";

/// Starts to ask for bundles; what there is to begin with is then on the shelf, or a complaint made.
pub(super) fn begin(
    shelf: &mut Shelf,
    requests: &SyncSender<Request>,
    diagnostics: &mut Diagnostics,
) -> Option<Fetcher> {
    let needs_first = shelf.offered().is_none();
    let began = Fetcher::new(&shelf.settings, needs_first, requests.clone());
    let place = Place { file: "rules.bundle".to_owned(), line: 0, column: 0 };
    let (fetcher, first) = match began {
        Ok(Some(began)) => began,
        Ok(None) => {
            shelf.restored();
            return None;
        }
        Err(reason) => {
            diagnostics.error(place, format!("bundles cannot be asked for: {reason}"));
            return None;
        }
    };
    let now = now();
    let failure = match first {
        None => {
            shelf.restored();
            return Some(fetcher);
        }
        Some(Fetched::New(bundle)) => shelf.offer(*bundle, now).err(),
        Some(Fetched::Failed(failure)) => Some(failure),
        // Never the first answer.
        Some(Fetched::Unchanged(_)) => None,
    };
    shelf.asked(now);
    if let Some(failure) = failure {
        if let Some(cached) = shelf.last_failure() {
            let cached = &cached.message;
            diagnostics.error(place.clone(), format!("the bundle kept on disk: {cached}"));
        }
        diagnostics
            .error(place, format!("there are no rules to begin with: {}", failure.message))
            .remedy("see that the server offers a bundle that a key of `rules.bundle.keys` signed");
    }
    Some(fetcher)
}
