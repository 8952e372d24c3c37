//! The thread that loads, compiles and swaps.

mod beside;
mod bundles;
mod reload;
mod routes;

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError, SyncSender},
    },
    time::{Duration, Instant},
};

use super::{
    bundle::{Fetcher, Shelf},
    geoip::GeoFile,
    keys::Seen,
    load::{self, RuleFiles, RulesSource},
    reload::{Answer, ControlSettings, Refused, ReloadRequest, Request, Shared, Trigger, Work},
    routes::RoutesFile,
    status::{self, KeyStatus, Status},
    watch::Watch,
};
use crate::{
    memory,
    policy::Timestamp,
    redact::Keyring,
    snapshot::{Generation, Snapshot, SnapshotCell},
    source::{Diagnostics, Place, work_in_stretches},
    telemetry::{BundleResult, Metrics},
};
use reload::{compile, source};

/// However busy the directory is, files are read this long after the first change.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(2);

/// Rules an operator changed over to.
struct Pinned {
    hash: String,
    /// What had served of the directory before.
    replaced: RuleFiles,
    /// The hash of what the directory held when it was last compiled meanwhile, and what is wrong with that.
    checked: Option<(String, Diagnostics)>,
}

/// Rules as files, at three points of their way.
struct RulesRead {
    /// Those that were last compiled, whether they serve or were refused.
    attempted: RuleFiles,
    /// Some file could not be read then; the hash is that of the others.
    in_part: bool,
    /// Those that serve, and those that did before.
    serving: RuleFiles,
    previous: Option<RuleFiles>,
}

/// The rules judged beside.
#[derive(Default)]
struct ShadowFiles {
    /// As they were last read, and as they last compiled.
    files: RuleFiles,
    sound: RuleFiles,
    /// Of the keys they were compiled with.
    keys_fingerprint: String,
    /// Of the files themselves, before they were compiled: what could not be read, or is missed.
    complaints: Diagnostics,
    watch: Option<Watch>,
}

/// The keys that were last read.
struct KeyringRead {
    /// Empty when they were refused.
    fingerprint: String,
    /// What could be seen of their files then.
    seen: Seen,
    /// Notices changes of them for as long as it is held.
    _watch: Option<Watch>,
}

pub(super) struct Worker {
    settings: ControlSettings,
    metrics: Arc<Metrics>,
    shared: Arc<Shared>,
    /// To ourselves, for what is watched later.
    requests: SyncSender<Request>,
    /// The signed bundles, where rules come as such.
    shelf: Option<Shelf>,
    fetcher: Option<Fetcher>,
    /// Whether the bundle was trusted when it was last asked.
    is_trusted: bool,
    /// The hash of what blocks everything, while that serves.
    blocking: Option<String>,
    watch: Option<Watch>,
    geo: Option<GeoFile>,
    routes: Option<RoutesFile>,
    rules: RulesRead,
    /// What serves was gone back to: going back once more would bring what was taken out.
    is_rolled_back: bool,
    /// Those an operator changed over to; the directory is not followed meanwhile.
    pinned: Option<Pinned>,
    shadow: ShadowFiles,
    keyring: KeyringRead,
    /// That the watch is not complete.
    warned: bool,
    /// Snapshots that some exchange still holds. The last one to let go frees them, and that should be
    /// this thread: it takes a while.
    retired: Vec<Arc<Snapshot>>,
}

/// This thread, and those it begins, come after exchanges where the two want the same core, and still get a
/// tenth of it. A system that cannot be told so lets them take turns.
fn yield_to_exchanges() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}

impl Worker {
    pub(super) fn start(
        settings: ControlSettings,
        metrics: Arc<Metrics>,
        requests: &SyncSender<Request>,
    ) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::default();
        let mut shelf = settings.bundles.clone().map(Shelf::open);
        let fetcher = match &mut shelf {
            Some(shelf) => bundles::begin(shelf, requests, &mut diagnostics),
            None => None,
        };
        let loaded = match shelf.as_ref().and_then(Shelf::offered) {
            Some(bundle) => RuleFiles::from(bundle),
            None if diagnostics.has_errors() => {
                metrics.reload_failed();
                return Err(diagnostics);
            }
            None => settings.source.load(&mut diagnostics),
        };
        let seen = settings.keys.seen();
        let keys = settings.keys.load(&mut diagnostics);
        let Some(engine) = compile(None, &loaded, keys, &mut diagnostics) else {
            metrics.reload_failed();
            if shelf.as_ref().is_some_and(|shelf| shelf.version() > 0) {
                let place = Place { file: "rules.bundle".to_owned(), line: 0, column: 0 };
                diagnostics
                    .error(place, "the rules of the bundle kept on disk cannot serve")
                    .remedy("take `last-good.bundle` out of the cache, and it is fetched anew");
            }
            return Err(diagnostics);
        };
        let now = now();
        if let Some(shelf) = shelf.as_mut().filter(|shelf| shelf.version() == 0) {
            let is_first = shelf.offered().is_some();
            let failure = shelf.take(now);
            if is_first {
                metrics
                    .bundles()
                    .offered(failure.map_or(BundleResult::Taken, |failure| failure.kind));
            }
        }
        let snapshot = Snapshot {
            generation: Generation(1),
            engine,
            rules_hash: loaded.hash.clone(),
            rules_source: source(&settings, shelf.as_ref(), Trigger::Start),
            loaded_at: now,
        };
        tracing::info!(
            generation = snapshot.generation.0,
            hash = %snapshot.rules_hash,
            source = %snapshot.rules_source,
            files = loaded.files.len(),
            warnings = diagnostics.len(),
            "rules loaded"
        );
        metrics.reload_succeeded(1, unix_seconds(now), snapshot.engine.rules().purposes());
        let watch_of = |path: &Path| if settings.watch { watch(path, requests) } else { None };
        let geo = settings
            .geo
            .as_ref()
            .map(|database| GeoFile::new(Arc::clone(database), now, watch_of(database.path())));
        let status = Status {
            generation: snapshot.generation,
            hash: snapshot.rules_hash.clone(),
            source: snapshot.rules_source.clone(),
            loaded_at: now,
            attempted_at: now,
            attempted_by: Trigger::Start,
            warnings: diagnostics,
            stale: false,
            last_failure: None,
            files: status::files(&loaded, &snapshot.engine, &[], now),
            keys: KeyStatus::new(settings.keys.path(), snapshot.engine.keys(), now),
            geoip: geo.as_ref().map(GeoFile::status),
            pinned: false,
            shadow: None,
            bundle: None,
            routes: None,
        };
        let key_watch = settings.keys.directory().and_then(|directory| {
            let mut watch = watch_of(directory)?;
            // Keys are files in that directory; what could not be watched is looked at.
            watch.follow(directory, &BTreeSet::new());
            Some(watch)
        });
        let watch = match &settings.source {
            RulesSource::Directory(directory) => watch_of(directory),
            RulesSource::Embedded => None,
        };
        let shadow_watch = match settings.shadow.as_ref().map(|shadow| &shadow.source) {
            Some(RulesSource::Directory(directory)) => watch_of(directory),
            Some(RulesSource::Embedded) | None => None,
        };
        let fingerprint = snapshot.engine.keys().fingerprint();
        let mut worker = Self {
            shelf,
            fetcher,
            is_trusted: true,
            blocking: None,
            watch,
            geo,
            routes: None,
            requests: requests.clone(),
            metrics,
            shared: Arc::new(Shared::new(SnapshotCell::new(snapshot), status)),
            rules: RulesRead {
                serving: loaded.clone(),
                attempted: loaded,
                in_part: false,
                previous: None,
            },
            is_rolled_back: false,
            pinned: None,
            shadow: ShadowFiles { watch: shadow_watch, ..ShadowFiles::default() },
            keyring: KeyringRead { fingerprint, seen, _watch: key_watch },
            warned: false,
            retired: Vec::new(),
            settings,
        };
        // Nothing is sent by rules that are not trusted, not even at first.
        worker.show_bundle();
        memory::give_back();
        Ok(worker)
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    pub(super) fn run(mut self, inbox: &mpsc::Receiver<Request>) {
        yield_to_exchanges();
        let mut changed = self.follow();
        self.refresh_shadow(false);
        loop {
            // Whether a bundle may still be served by is a question of time, whatever else goes on.
            self.show_bundle();
            let mut asked = Vec::new();
            let mut later = Vec::new();
            if !changed {
                match inbox.recv_timeout(self.patience()) {
                    Ok(Request::Reload(one)) => asked.push(one),
                    Ok(Request::Changed) => changed = true,
                    Ok(Request::Do(work)) => {
                        self.act(work);
                        changed = self.looks_changed();
                        continue;
                    }
                    Err(RecvTimeoutError::Timeout) => changed = self.looks_changed(),
                    Ok(Request::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
            if changed && asked.is_empty() && !self.settle(inbox, &mut asked, &mut later) {
                return;
            }
            // Whoever asked before the files are read is answered by this reading.
            for request in inbox.try_iter() {
                match request {
                    Request::Reload(one) => asked.push(one),
                    Request::Do(work) => later.push(work),
                    Request::Changed => {}
                    Request::Stop => return,
                }
            }
            let is_reading = changed || !asked.is_empty();
            let is_meant = is_operators(&asked);
            work_in_stretches();
            self.refresh_geo();
            self.refresh_routes(&asked);
            self.refresh(asked);
            self.refresh_shadow(is_meant);
            later.into_iter().for_each(|work| self.act(work));
            changed = self.follow();
            self.retired.retain(|snapshot| Arc::strong_count(snapshot) > 1);
            // Reading rules takes more than keeping them does.
            if is_reading {
                memory::give_back();
            }
        }
    }

    /// Waits until the directory is quiet. False when it is time to stop.
    fn settle(
        &self,
        inbox: &mpsc::Receiver<Request>,
        asked: &mut Vec<ReloadRequest>,
        later: &mut Vec<Work>,
    ) -> bool {
        let latest = Instant::now() + SETTLE_TIME_MAX;
        while Instant::now() < latest {
            match inbox.recv_timeout(self.settings.settle) {
                Ok(Request::Changed) => {}
                // Whoever changes over sees the files first.
                Ok(Request::Do(work)) => {
                    later.push(work);
                    return true;
                }
                Ok(Request::Reload(one)) => {
                    asked.push(one);
                    return true;
                }
                Err(RecvTimeoutError::Timeout) => return true,
                Ok(Request::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        true
    }

    fn looks_changed(&mut self) -> bool {
        self.retired.retain(|snapshot| Arc::strong_count(snapshot) > 1);
        self.settings.watch
            && (self.settings.source.fingerprint() != self.rules.attempted.fingerprint
                || self.shadow_looks_changed()
                || self.settings.keys.seen() != self.keyring.seen
                || self.geo.as_ref().is_some_and(GeoFile::looks_changed)
                || self.routes.as_ref().is_some_and(RoutesFile::looks_changed))
    }

    /// Watches where the files came from. True when they changed before the watch was there.
    fn follow(&mut self) -> bool {
        let mut problems = Vec::new();
        if let (Some(watch), RulesSource::Directory(directory)) =
            (&mut self.watch, &self.settings.source)
        {
            problems = watch.follow(directory, &self.rules.attempted.directories);
        }
        if let (Some(watch), Some(shadow)) = (&mut self.shadow.watch, &self.settings.shadow)
            && let RulesSource::Directory(directory) = &shadow.source
        {
            problems.extend(watch.follow(directory, &self.shadow.files.directories));
        }
        if let Some(problem) = problems.first()
            && !self.warned
        {
            self.warned = true;
            let delay = self.settings.look;
            tracing::warn!(problem, ?delay, "some changes of the rules are noticed late only");
        }
        self.looks_changed()
    }

    fn refresh_geo(&mut self) {
        let Some(geo) = &mut self.geo else { return };
        if geo.refresh(now()) {
            let geoip = geo.status();
            self.metrics.geoip_reloaded(geoip.error.is_none());
            let status = Status { geoip: Some(geoip), ..Status::clone(&self.shared.status()) };
            self.shared.set_status(status);
        }
    }

    fn answer(&mut self, asked: Vec<ReloadRequest>) {
        let answer = self.consider(&asked);
        self.tell(asked, answer);
    }

    /// Reads the rules, and reloads when they are new or somebody asked. `None` when nobody did.
    fn consider(&mut self, asked: &[ReloadRequest]) -> Option<Answer> {
        let mut diagnostics = Diagnostics::default();
        let loaded = self.load(&mut diagnostics);
        // Looked at first: what changes while they are read is seen the next time.
        self.keyring.seen = self.settings.keys.seen();
        let keys = self.settings.keys.load(&mut diagnostics);
        let fingerprint = keys.as_ref().map(Keyring::fingerprint).unwrap_or_default();
        let is_operators = is_operators(asked);
        if let Some(pinned) = self.pinned_beside(&loaded)
            && !is_operators
        {
            let words = "is gone from the directory, while others serve that were changed over to";
            load::complain_of_gone(&loaded.gone_since(&pinned.replaced), words, &mut diagnostics);
            let answer = self.note_beside_pinned(loaded, diagnostics, first(asked));
            // The keys are not the directory's, and are followed whoever's rules serve.
            if let Some(keys) = keys.filter(|_| fingerprint != self.keyring.fingerprint) {
                self.keyring.fingerprint = fingerprint;
                self.serve_with(keys, first(asked));
            }
            return Some(answer);
        }
        if loaded.hash == self.rules.serving.hash {
            self.pin(None);
            // In another place perhaps.
            self.rules.serving.whereabouts.clone_from(&loaded.whereabouts);
        } else if !is_operators {
            // A directory that is filled anew looks like one with fewer laws for a moment.
            let words = "is gone, and its rules serve";
            load::complain_of_gone(
                &loaded.gone_since(&self.rules.serving),
                words,
                &mut diagnostics,
            );
        }
        let is_new = loaded.hash != self.rules.attempted.hash
            || fingerprint != self.keyring.fingerprint
            || diagnostics.has_errors() != self.rules.in_part;
        self.rules.in_part = diagnostics.has_errors();
        self.keyring.fingerprint = fingerprint;
        self.rules.attempted = loaded;
        (is_new || !asked.is_empty()).then(|| {
            let (by, who) = first(asked);
            let answer = self.reload(diagnostics, keys, by, who);
            // Where it fails, what an operator changed over to goes on serving, and not only until a file is touched.
            if answer.is_ok() {
                self.pin(None);
            }
            answer
        })
    }
}

impl Worker {
    /// The rules as they are now: of the last bundle, or of the source.
    fn load(&self, diagnostics: &mut Diagnostics) -> RuleFiles {
        match self.shelf.as_ref().and_then(Shelf::offered) {
            Some(bundle) => RuleFiles::from(bundle),
            None => self.settings.source.load(diagnostics),
        }
    }

    /// How long to wait for a request: no longer than the bundle is trusted.
    fn patience(&self) -> Duration {
        let shelf = self.shelf.as_ref().filter(|_| self.is_trusted);
        let trusted_for = shelf.and_then(|shelf| shelf.trusted_for(now()));
        trusted_for.map_or(self.settings.look, |time| time.min(self.settings.look))
    }

    fn act(&mut self, work: Work) {
        match work {
            Work::Switch { to, who, answer } => {
                // An operator who hung up needs no answer.
                let _ = answer.send(self.switch(to, who));
            }
            Work::Push { bytes, asked } => self.push(bytes, asked),
            Work::Fetched { fetched, asked } => self.fetched(fetched, asked),
            Work::Follow(settings) => self.follow_routes(*settings),
        }
    }

    /// Reloads from where the rules are; where that is a server, it is asked first.
    fn refresh(&mut self, mut asked: Vec<ReloadRequest>) {
        if let Some(fetcher) = &self.fetcher {
            for one in std::mem::take(&mut asked) {
                if let Err(one) = fetcher.nudge(one) {
                    let _ = one.answer.send(Err(Refused::Busy));
                }
            }
        }
        if self.blocking.is_some() && !self.is_trusted {
            let words = "the rules are not trusted any more; only a bundle that is can end that";
            refuse(asked, &Refused::Nothing(words));
            // Seen, so that they do not look changed for as long as this lasts.
            self.keyring.seen = self.settings.keys.seen();
            return;
        }
        self.answer(asked);
    }
}

/// Whether somebody asked who may say that what is gone was meant to go.
fn is_operators(asked: &[ReloadRequest]) -> bool {
    asked.iter().any(|one| matches!(one.by, Trigger::Operator | Trigger::Push))
}

/// Who asked first; the files themselves when nobody did.
fn first(asked: &[ReloadRequest]) -> (Trigger, Option<String>) {
    asked.first().map_or((Trigger::Change, None), |one| (one.by, one.who.clone()))
}

fn refuse(asked: Vec<ReloadRequest>, refused: &Refused) {
    send(asked, Some(Err(refused.clone())));
}

fn send(asked: Vec<ReloadRequest>, answer: Option<Answer>) {
    let Some(answer) = answer else { return };
    for one in asked {
        // An operator who hung up needs no answer.
        let _ = one.answer.send(answer.clone());
    }
}

/// Says to the thread itself when something about `path` changed.
fn watch(path: &Path, requests: &SyncSender<Request>) -> Option<Watch> {
    let requests = requests.clone();
    let changed = move || {
        // A full inbox means that the files are about to be read anyway.
        let _ = requests.try_send(Request::Changed);
    };
    match Watch::new(path, changed) {
        Ok(watch) => Some(watch),
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "changes are not noticed at once");
            None
        }
    }
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now())
}

fn unix_seconds(at: Timestamp) -> f64 {
    at.0.as_duration().as_secs_f64()
}
