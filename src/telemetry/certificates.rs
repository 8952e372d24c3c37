//! Certificates by the name of what shows them: until when they are good, and how reading them went.

use std::{collections::BTreeMap, fmt, sync::Arc};

use parking_lot::{Mutex, MutexGuard};
use prometheus::{IntCounterVec, IntGaugeVec, Registry};
use serde::Serialize;

use super::{
    catalogue as c,
    instruments::{counters, gauges},
    metrics::MetricsError,
};

/// Counts and remembers; cheap to clone.
#[derive(Clone)]
pub struct CertificateMetrics {
    expiry: IntGaugeVec,
    reloads: IntCounterVec,
    known: Arc<Mutex<BTreeMap<String, CertificateStatus>>>,
}

/// The certificates of one listener, data centre or the admin address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateStatus {
    pub name: String,
    /// Counts those that were in use, from 1.
    pub generation: u64,
    /// When those in use were read.
    pub loaded_at: jiff::Timestamp,
    /// When the first of them runs out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<jiff::Timestamp>,
    /// Why the files as they are now are not in use; what was read before is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When files were refused last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<jiff::Timestamp>,
}

impl CertificateMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        Ok(Self {
            expiry: gauges(registry, &c::CERTIFICATE_EXPIRY)?,
            reloads: counters(registry, &c::CERTIFICATE_RELOADS)?,
            known: Arc::default(),
        })
    }

    /// Read for the first time; `expiry` in seconds of Unix time.
    pub fn loaded(&self, name: &str, expiry: Option<i64>) {
        self.read(name, expiry, |_| (1, None));
    }

    /// `before` says which generation this is, and when one was refused last.
    fn read(
        &self,
        name: &str,
        expiry: Option<i64>,
        before: impl FnOnce(Option<&CertificateStatus>) -> (u64, Option<jiff::Timestamp>),
    ) {
        let mut known = self.known();
        let (generation, failed_at) = before(known.get(name));
        let status = CertificateStatus {
            name: name.to_owned(),
            generation,
            loaded_at: jiff::Timestamp::now(),
            expires_at: expiry.and_then(|at| jiff::Timestamp::from_second(at).ok()),
            error: None,
            failed_at,
        };
        if let Some(at) = expiry
            && let Ok(gauge) = self.expiry.get_metric_with_label_values(&[name])
        {
            gauge.set(at);
        }
        known.insert(name.to_owned(), status);
    }

    /// Nobody shows it any more.
    pub fn gone(&self, name: &str) {
        self.known().remove(name);
        // It may have had no certificate to run out.
        let _ = self.expiry.remove_label_values(&[name]);
    }

    /// Changed files were read again and are in use.
    pub fn reloaded(&self, name: &str, expiry: Option<i64>) {
        if expiry.is_some_and(|at| at <= jiff::Timestamp::now().as_second()) {
            tracing::warn!(name, "the certificate that was read again has run out");
        }
        self.read(name, expiry, |before| {
            before.map_or((1, None), |before| (before.generation + 1, before.failed_at))
        });
        self.count("success");
    }

    /// Changed files were read again and cannot be used. `why` names files, and no secret.
    pub fn refused(&self, name: &str, why: &str) {
        if let Some(status) = self.known().get_mut(name) {
            status.error = Some(why.to_owned());
            status.failed_at = Some(jiff::Timestamp::now());
        }
        self.count("failure");
    }

    /// By name.
    pub fn status(&self) -> Vec<CertificateStatus> {
        self.known().values().cloned().collect()
    }

    fn count(&self, result: &str) {
        if let Ok(counter) = self.reloads.get_metric_with_label_values(&[result]) {
            counter.inc();
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, CertificateStatus>> {
        self.known.lock()
    }
}

impl fmt::Debug for CertificateMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateMetrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_leaves_what_was_read_before() {
        let certificates = CertificateMetrics::new(&Registry::new()).unwrap();
        certificates.loaded("mesh", Some(1_900_000_000));
        certificates.loaded("admin", None);
        certificates.refused("mesh", "`mesh.crt` holds no certificate");
        let [admin, mesh] = &certificates.status()[..] else { panic!("two names") };
        assert_eq!((&*admin.name, admin.expires_at), ("admin", None));
        assert_eq!(mesh.expires_at.unwrap().as_second(), 1_900_000_000);
        assert!(mesh.error.as_ref().unwrap().contains("mesh.crt"));
        assert!(mesh.generation == 1 && mesh.failed_at.is_some() && admin.failed_at.is_none());
        certificates.reloaded("mesh", Some(2_000_000_000));
        let mesh = &certificates.status()[1];
        assert_eq!((mesh.expires_at.unwrap().as_second(), &mesh.error), (2_000_000_000, &None));
        assert!(mesh.generation == 2 && mesh.failed_at.is_some(), "when it failed is known still");
        certificates.gone("mesh");
        assert_eq!(certificates.status().len(), 1);
        for result in ["success", "failure"] {
            assert_eq!(certificates.reloads.with_label_values(&[result]).get(), 1);
        }
    }
}
