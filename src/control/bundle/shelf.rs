//! Which bundle there is, which there was, and how long it is believed.
//!
//! The last good bundle is kept on disk as it came, and checked again like any other when the gateway
//! starts. Beside it stands the highest version that ever served: none below is taken, nor another of the
//! same number. Written in this order, so that a crash between the two leaves nothing that refuses itself.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{Bundle, BundleError, Offer};
use crate::{
    client::ClientSettings, policy::Timestamp, signing::VerifyingKey, telemetry::BundleResult,
};

/// Its name in the cache.
pub const LAST_GOOD: &str = "last-good.bundle";
const STATE: &str = "state.json";

/// A confirmation that is this far in the future is none: the clock was set back, or somebody wrote it.
const CLOCK_STEP_MAX: Duration = Duration::from_secs(300);

/// Where bundles come from, and what is believed.
#[derive(Debug, Clone)]
pub struct BundleSettings {
    /// Polled; `None` where they come by push alone.
    pub url: Option<String>,
    pub interval: Duration,
    pub client: ClientSettings,
    /// One of these signed it.
    pub keys: Vec<VerifyingKey>,
    /// The directory of the last good one.
    pub cache: PathBuf,
    /// None below is taken, whatever the cache says.
    pub version_min: u64,
    /// How long rules are trusted that nobody confirmed.
    pub stale_after: Option<Duration>,
    pub on_stale: OnStale,
}

/// What happens to transfers while the rules are not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStale {
    /// They are judged by the last good rules.
    Keep,
    /// They are blocked.
    Block,
}

/// How the bundles are doing.
#[derive(Debug, Clone, Serialize)]
pub struct BundleStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Of the bundle whose rules were taken last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<jiff::Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<jiff::Timestamp>,
    /// Ids of the trusted keys that signed it.
    pub signed_by: Vec<String>,
    /// No bundle below this version is taken.
    pub version_min: u64,
    /// When it was last certain that these are the rules to go by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
    /// When the server was last asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// Why the rules are no longer trusted; absent while they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untrusted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<BundleFailure>,
}

/// A bundle that was not taken, or did not come.
#[derive(Debug, Clone, Serialize)]
pub struct BundleFailure {
    pub at: Timestamp,
    /// None of those that say that all is well.
    pub kind: BundleResult,
    pub message: String,
}

impl BundleFailure {
    pub(in crate::control) fn new(kind: BundleResult, message: String) -> Self {
        Self { at: Timestamp(jiff::Timestamp::now()), kind, message }
    }
}

/// Why rules that serve are no longer trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::control) enum Untrusted {
    #[error("the rules expired at {0}")]
    Expired(jiff::Timestamp),
    #[error("nobody has confirmed the rules since {0}")]
    Stale(jiff::Timestamp),
    #[error("nobody has confirmed the rules")]
    Unconfirmed,
}

/// The bundles that one controller has to do with.
#[derive(Debug)]
pub(in crate::control) struct Shelf {
    pub(in crate::control) settings: BundleSettings,
    /// Came last and passed every check; serves, unless its rules were refused.
    offered: Option<Bundle>,
    /// Its rules were taken last.
    taken: Option<Taken>,
    /// Came last and did not pass.
    refused: Option<(Offer, BundleFailure)>,
    state: State,
    asked_at: Option<Timestamp>,
    last_failure: Option<BundleFailure>,
}

#[derive(Debug, PartialEq, Eq)]
struct Taken {
    version: u64,
    created: jiff::Timestamp,
    expires: Option<jiff::Timestamp>,
    signed_by: Vec<String>,
    hash: String,
}

impl Taken {
    fn of(bundle: &Bundle) -> Self {
        let manifest = &bundle.manifest;
        Self {
            version: manifest.version,
            created: manifest.created,
            expires: manifest.expires,
            signed_by: bundle.signed_by.clone(),
            hash: bundle.hash.clone(),
        }
    }
}

/// As it stands beside the last good bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    /// The highest version that served.
    version: u64,
    /// The hash of its rules.
    hash: String,
    confirmed_at: Option<jiff::Timestamp>,
}

impl Shelf {
    /// Looks for the last good bundle, and checks it like a new one. What is wrong with it is a failure
    /// that the status tells; then there is none.
    pub(in crate::control) fn open(settings: BundleSettings) -> Self {
        let mut shelf = Self {
            offered: None,
            taken: None,
            refused: None,
            state: State::default(),
            asked_at: None,
            last_failure: None,
            settings,
        };
        match read(&shelf.path(STATE)) {
            Ok(Some(bytes)) => match serde_json::from_slice(&bytes) {
                Ok(state) => shelf.state = state,
                Err(error) => {
                    shelf.fail(BundleResult::Cache, format!("`{STATE}` cannot be read: {error}"))
                }
            },
            Ok(None) => {}
            Err(error) => {
                shelf.fail(BundleResult::Cache, format!("`{STATE}` cannot be read: {error}"))
            }
        }
        match read(&shelf.path(LAST_GOOD)) {
            Ok(Some(bytes)) => match Bundle::open(bytes, &shelf.settings.keys) {
                Ok(bundle) => shelf.restore(bundle),
                Err(error) => shelf.fail_cached(&error),
            },
            Ok(None) => {}
            Err(error) => {
                shelf.fail(BundleResult::Cache, format!("`{LAST_GOOD}` cannot be read: {error}"))
            }
        }
        shelf
    }

    fn restore(&mut self, bundle: Bundle) {
        let version = bundle.manifest.version;
        let is_same = version == self.state.version && bundle.hash == self.state.hash;
        if version < self.version_min() || (version == self.state.version && !is_same) {
            let least = self.version_min();
            let message = format!("`{LAST_GOOD}` has version {version}, and {least} has served");
            self.fail(BundleResult::Old, message);
            return;
        }
        self.offered = Some(bundle);
    }

    fn fail_cached(&mut self, error: &BundleError) {
        self.fail(error.kind(), format!("`{}` {error}", self.path(LAST_GOOD).display()));
    }

    fn fail(&mut self, kind: BundleResult, message: String) {
        self.failed(BundleFailure::new(kind, message));
    }

    pub(in crate::control) fn failed(&mut self, failure: BundleFailure) {
        tracing::error!(kind = failure.kind.as_str(), "bundle not taken: {}", failure.message);
        self.last_failure = Some(failure);
    }

    /// The server was asked, whatever came of it.
    pub(in crate::control) fn asked(&mut self, now: Timestamp) {
        self.asked_at = Some(now);
    }

    pub(in crate::control) fn offered(&self) -> Option<&Bundle> {
        self.offered.as_ref()
    }

    pub(in crate::control) fn last_failure(&self) -> Option<&BundleFailure> {
        self.last_failure.as_ref()
    }

    /// It is the one whose rules were taken last, though it may have been signed anew since.
    pub(in crate::control) fn is_taken(&self, bundle: &Bundle) -> bool {
        self.taken.as_ref().is_some_and(|taken| {
            taken.version == bundle.manifest.version && taken.hash == bundle.hash
        })
    }

    /// It is the one that passed every check last.
    pub(in crate::control) fn is_offered(&self, offer: &Offer) -> bool {
        self.offered.as_ref().is_some_and(|bundle| {
            bundle.manifest.version == offer.version && bundle.hash == offer.hash
        })
    }

    fn version_min(&self) -> u64 {
        self.state.version.max(self.settings.version_min)
    }

    /// Takes `bundle` for the next one, unless it goes back.
    pub(in crate::control) fn offer(
        &mut self,
        bundle: Bundle,
        now: Timestamp,
    ) -> Result<(), BundleFailure> {
        if let Err(failure) = self.check(&bundle, now) {
            let version = bundle.manifest.version;
            self.refused = Some((Offer { version, hash: bundle.hash }, failure.clone()));
            return Err(failure);
        }
        self.offered = Some(bundle);
        Ok(())
    }

    fn check(&self, bundle: &Bundle, now: Timestamp) -> Result<(), BundleFailure> {
        let version = bundle.manifest.version;
        let old = |message: String| Err(BundleFailure::new(BundleResult::Old, message));
        if version < self.version_min() {
            let least = self.version_min();
            return old(format!("the bundle has version {version}; none below {least} is taken"));
        }
        if version == self.state.version && bundle.hash != self.state.hash {
            return old(format!("the bundle has version {version}, which served with other rules"));
        }
        if let Some(expires) = bundle.manifest.expires.filter(|expires| *expires <= now.0) {
            let message = format!("the bundle expired at {expires}");
            return Err(BundleFailure::new(BundleResult::Expired, message));
        }
        Ok(())
    }

    /// Why it was not taken when it came.
    pub(in crate::control) fn refusal(&self, offer: &Offer) -> Option<BundleFailure> {
        let (refused, failure) = self.refused.as_ref()?;
        (refused == offer).then(|| failure.clone())
    }

    /// The rules of what was offered serve: from here on nothing older does. Says what could not be kept.
    pub(in crate::control) fn take(&mut self, now: Timestamp) -> Option<BundleFailure> {
        let bundle = self.offered.as_ref()?;
        let taken = Some(Taken::of(bundle));
        let is_kept = self.taken == taken;
        self.taken = taken;
        self.state = State {
            version: bundle.manifest.version,
            hash: bundle.hash.clone(),
            confirmed_at: Some(now.0),
        };
        self.last_failure = None;
        let bytes = (!is_kept).then(|| bundle.bytes());
        let kept = bytes.map_or(Ok(()), |bytes| write(&self.path(LAST_GOOD), bytes));
        self.keep(kept)
    }

    /// The last good bundle serves after a start; when it was confirmed is not now.
    pub(in crate::control) fn restored(&mut self) {
        let Some(bundle) = &self.offered else { return };
        self.state.version = self.state.version.max(bundle.manifest.version);
        self.state.hash.clone_from(&bundle.hash);
        self.taken = Some(Taken::of(bundle));
    }

    /// What was taken is offered still. Where it was signed anew, it expires when the last one says, be that later
    /// or earlier.
    pub(in crate::control) fn confirm(&mut self, now: Timestamp) -> Option<BundleFailure> {
        if self.is_taken(self.offered.as_ref()?) { self.take(now) } else { None }
    }

    fn keep(&mut self, bundle: io::Result<()>) -> Option<BundleFailure> {
        let text = serde_json::to_vec(&self.state).unwrap_or_default();
        let kept = bundle.and_then(|()| write(&self.path(STATE), &text));
        let error = kept.err()?;
        let cache = self.settings.cache.display();
        let failure = BundleFailure::new(
            BundleResult::Cache,
            format!("cannot keep the bundle in `{cache}`: {error}; a restart would not find it"),
        );
        self.failed(failure.clone());
        Some(failure)
    }

    /// Whether the rules that were taken may still be gone by.
    pub(in crate::control) fn trust(&self, now: Timestamp) -> Result<(), Untrusted> {
        let Some(taken) = &self.taken else { return Ok(()) };
        if let Some(expires) = taken.expires.filter(|expires| *expires <= now.0) {
            return Err(Untrusted::Expired(expires));
        }
        let Some(stale_after) = self.settings.stale_after else { return Ok(()) };
        let Some(confirmed_at) = self.state.confirmed_at else {
            return Err(Untrusted::Unconfirmed);
        };
        let age = now.0.duration_since(confirmed_at);
        if age.is_negative() && age.unsigned_abs() > CLOCK_STEP_MAX {
            return Err(Untrusted::Unconfirmed);
        }
        if !age.is_negative() && age.unsigned_abs() >= stale_after {
            return Err(Untrusted::Stale(confirmed_at));
        }
        Ok(())
    }

    /// How long they will be, if nothing happens; `None` without an end.
    pub(in crate::control) fn trusted_for(&self, now: Timestamp) -> Option<Duration> {
        let taken = self.taken.as_ref()?;
        let stale_at = self.settings.stale_after.zip(self.state.confirmed_at);
        let stale_at = stale_at.and_then(|(after, at)| at.checked_add(after).ok());
        let end = [taken.expires, stale_at].into_iter().flatten().min()?;
        // A little later, so that it has come to pass when it is looked at.
        let left = end.duration_since(now.0) + jiff::SignedDuration::from_millis(5);
        Some(left.try_into().unwrap_or(Duration::ZERO))
    }

    pub(in crate::control) fn status(&self, now: Timestamp) -> BundleStatus {
        let taken = self.taken.as_ref();
        BundleStatus {
            url: self.settings.url.clone(),
            version: taken.map(|taken| taken.version),
            created: taken.map(|taken| taken.created),
            expires: taken.and_then(|taken| taken.expires),
            signed_by: taken.map(|taken| taken.signed_by.clone()).unwrap_or_default(),
            version_min: self.version_min(),
            confirmed_at: self.state.confirmed_at.map(Timestamp),
            asked_at: self.asked_at,
            untrusted: self.trust(now).err().map(|untrusted| untrusted.to_string()),
            last_failure: self.last_failure.clone(),
        }
    }

    /// Of the bundle that was taken last; 0 before the first.
    pub(in crate::control) fn version(&self) -> u64 {
        self.taken.as_ref().map_or(0, |taken| taken.version)
    }

    pub(in crate::control) fn confirmed_at(&self) -> Option<jiff::Timestamp> {
        self.state.confirmed_at
    }

    fn path(&self, name: &str) -> PathBuf {
        self.settings.cache.join(name)
    }
}

/// `None` where there is no such file.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    /// Far above what a bundle may have.
    const BYTES_MAX: u64 = 256 << 20;
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Whole or not at all, and on the disk when it returns.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(directory)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(path).map_err(|error| error.error)?;
    fs::File::open(directory)?.sync_all()
}
