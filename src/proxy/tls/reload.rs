//! Files that change while we serve.

use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    source::{Diagnostics, Latest},
    telemetry::{CertificateMetrics, Metrics},
};

/// What files came to, and when the first certificate in them runs out.
#[derive(Debug)]
pub(in crate::proxy) struct Loaded<C> {
    pub(in crate::proxy) config: Arc<C>,
    /// Seconds of Unix time.
    pub(in crate::proxy) expiry: Option<i64>,
}

impl<C> Clone for Loaded<C> {
    fn clone(&self) -> Self {
        Self { config: Arc::clone(&self.config), expiry: self.expiry }
    }
}

/// One side's TLS settings, as its files say now.
pub(in crate::proxy) struct Reloading<C> {
    /// The listener or data centre.
    name: String,
    latest: Latest<Loaded<C>>,
    /// Handshakes neither look at the files nor wait for who does.
    current: ArcSwap<C>,
    changes: watch::Sender<()>,
    /// When the first of the certificates read at first runs out.
    expiry: Option<i64>,
    certificates: CertificateMetrics,
}

impl<C> Reloading<C> {
    /// Loads once; `None` when there was an error. `files` are those that `load` reads.
    pub(in crate::proxy) fn new(
        name: String,
        files: Vec<PathBuf>,
        metrics: &Metrics,
        diagnostics: &mut Diagnostics,
        load: impl Fn(&mut Diagnostics) -> Option<Loaded<C>> + Send + Sync + 'static,
    ) -> Option<Arc<Self>> {
        let load = Arc::new(load);
        let again = Arc::clone(&load);
        let again = move || {
            let mut diagnostics = Diagnostics::default();
            again(&mut diagnostics).ok_or(diagnostics)
        };
        let latest =
            Latest::load("certificates", files, || load(diagnostics).ok_or(()), again).ok()?;
        let Loaded { config, expiry } = latest.current();
        Some(Arc::new(Self {
            name,
            latest,
            current: ArcSwap::new(config),
            changes: watch::Sender::new(()),
            expiry,
            certificates: metrics.certificates(),
        }))
    }

    /// What new handshakes go by.
    pub(in crate::proxy) fn current(&self) -> Arc<C> {
        self.current.load_full()
    }

    /// Tells of each time that there is another `current` from here on.
    pub(in crate::proxy) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }
}

impl<C> fmt::Debug for Reloading<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloading").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Whatever looks at its files when told to.
pub(in crate::proxy) trait Watched: Send + Sync {
    /// Says that it is in use.
    fn begin(&self);
    /// Says that it is no longer.
    fn end(&self);
    /// Reads the files again if one of them has changed.
    fn look(&self);
}

impl<C: Send + Sync> Watched for Reloading<C> {
    fn begin(&self) {
        self.certificates.loaded(&self.name, self.expiry);
    }

    fn end(&self) {
        self.certificates.gone(&self.name);
    }

    fn look(&self) {
        match self.latest.changed() {
            Some(Ok(loaded)) => {
                self.current.store(loaded.config);
                self.changes.send_replace(());
                self.certificates.reloaded(&self.name, loaded.expiry);
                tracing::info!(name = self.name, "certificates read again");
            }
            Some(Err(diagnostics)) => {
                // Half of a pair has been written, perhaps; the other half changes the stamps again.
                self.certificates.refused(&self.name, diagnostics.trim_end());
                tracing::warn!(name = self.name, %diagnostics, "changed certificates cannot be used");
            }
            None => {}
        }
    }
}

/// Looks at the files of all, now and then and when told to; ends when this is dropped.
pub(in crate::proxy) struct Watch {
    all: Arc<Mutex<Vec<Arc<dyn Watched>>>>,
    wake: mpsc::SyncSender<()>,
}

/// Files are on local disks or mounted secrets, so looking costs next to nothing.
const LOOK: Duration = Duration::from_secs(5);

impl Watch {
    pub(in crate::proxy) fn new() -> Self {
        let (wake, woken) = mpsc::sync_channel(1);
        let all: Arc<Mutex<Vec<Arc<dyn Watched>>>> = Arc::default();
        let watched = Arc::clone(&all);
        let look = move || {
            while !matches!(woken.recv_timeout(LOOK), Err(RecvTimeoutError::Disconnected)) {
                let now = watched.lock().clone();
                for one in now {
                    one.look();
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("certificates".to_owned()).spawn(look) {
            tracing::error!(%error, "changed certificates will not be noticed");
        }
        Self { all, wake }
    }

    /// From here on these are looked at, and no others.
    pub(in crate::proxy) fn set(&self, next: Vec<Arc<dyn Watched>>) {
        let mut all = self.all.lock();
        let is_among = |all: &[Arc<dyn Watched>], one: &Arc<dyn Watched>| {
            all.iter().any(|other| Arc::ptr_eq(other, one))
        };
        for gone in all.iter().filter(|one| !is_among(&next, one)) {
            gone.end();
        }
        for new in next.iter().filter(|one| !is_among(&all, one)) {
            new.begin();
        }
        *all = next;
    }

    /// Looks now, without being waited for.
    pub(in crate::proxy) fn look(&self) {
        // When it is about to look anyway there is no room, and no need.
        let _ = self.wake.try_send(());
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
