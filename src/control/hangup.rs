//! SIGHUP, the old way to say that files have changed.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Reloads, Trigger};

/// Listens from its making on: a hangup no longer ends the process.
#[derive(Debug)]
pub struct Hangups(Signal);

impl Hangups {
    /// Needs a tokio runtime.
    pub fn listen() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }

    /// Reloads at every hangup, `also` first: log and audit files want to be opened anew. Ends with the
    /// runtime.
    pub async fn reload(mut self, reloads: Reloads, also: impl Fn()) {
        while self.0.recv().await.is_some() {
            also();
            // The controller logs how it went.
            let _ = reloads.reload(Trigger::Hangup).await;
        }
    }
}
