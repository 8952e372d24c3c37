//! The certificate that a caller showed, for as long as its connection is kept.
//!
//! It was verified in the handshake. Whose authority is no longer among those of the listener, or whose time is up,
//! is not the same workload any more, however long it keeps its connection.

use std::{sync::Arc, time::Duration};

use rustls::ServerConnection;
use rustls_pki_types::{CertificateDer, UnixTime};
use tokio::sync::watch;

use super::{Reloading, names::expiry, server::Accepting};

/// A chain, leaf first, and what it is measured by.
#[derive(Debug)]
pub(in crate::proxy) struct Shown {
    chain: Vec<CertificateDer<'static>>,
    tls: Arc<Reloading<Accepting>>,
    /// Those it was last found to be signed by.
    accepted: Arc<Accepting>,
    changes: watch::Receiver<()>,
}

/// Whom we do not take any more; only of a session that is resumed, since a handshake asks itself.
#[derive(Debug, thiserror::Error)]
#[error("the certificate of the session is no longer accepted")]
pub(in crate::proxy) struct NotAccepted;

impl Shown {
    /// What was shown in a handshake by `accepted`, if anything. `changes` began before it did.
    pub(in crate::proxy) fn of(
        session: &ServerConnection,
        tls: &Arc<Reloading<Accepting>>,
        accepted: Arc<Accepting>,
        changes: watch::Receiver<()>,
    ) -> Result<Option<Self>, NotAccepted> {
        let Some(chain) = session.peer_certificates() else { return Ok(None) };
        let chain = chain.iter().map(|one| one.clone().into_owned()).collect();
        let shown = Self { chain, tls: Arc::clone(tls), accepted, changes };
        let is_resumed = session.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
        if is_resumed && !shown.accepted.accepts(&shown.chain) {
            return Err(NotAccepted);
        }
        Ok(Some(shown))
    }

    pub(in crate::proxy) fn leaf(&self) -> Option<&CertificateDer<'static>> {
        self.chain.first()
    }

    /// Returns once it is not accepted any more.
    pub(in crate::proxy) async fn until_refused(mut self) {
        loop {
            let by = self.looked_at_again_in();
            let is_changed = tokio::time::timeout(by, self.changes.changed()).await.is_ok();
            let current = self.tls.current();
            // Our own certificate is renewed more often than authorities change.
            let is_known = is_changed && current.has_the_authorities_of(&self.accepted);
            if !is_known && !current.accepts(&self.chain) {
                return;
            }
            self.accepted = current;
        }
    }

    /// Until the first of the chain runs out, and never for so long that a clock which was set is not noticed.
    fn looked_at_again_in(&self) -> Duration {
        let now = UnixTime::now().as_secs();
        let ends = self.chain.iter().filter_map(|one| u64::try_from(expiry(one)?).ok());
        // The last second of it counts (RFC 5280 §4.1.2.5).
        let left = ends.filter_map(|end| (end + 1).checked_sub(now)).filter(|left| *left > 0).min();
        left.map_or(LOOK, Duration::from_secs).min(LOOK)
    }
}

const LOOK: Duration = Duration::from_secs(15 * 60);
