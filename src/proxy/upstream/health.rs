//! How an endpoint fares, as all workers see it: failures in passing, and checks of our own.
//!
//! An endpoint that fails so many times in a row is ejected: it gets nothing for a while, longer each time.
//! Where checks are configured, one that fails them gets nothing until it passes again. When no endpoint is
//! left all of them are tried again: a guess is better than a certain refusal.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, header};
use tokio::time::Instant;

use super::connect::{Sender, Target};
use crate::config::HealthCheck;

/// One endpoint's, shared by all workers.
#[derive(Debug)]
pub(super) struct Health {
    /// What the times below are counted from.
    epoch: Instant,
    failures_max: u32,
    ejection: Duration,
    failures: AtomicU32,
    /// Milliseconds after `epoch`; 0 when it never was ejected.
    ejected_until: AtomicU64,
    /// Ejections in a row: a success after one begins anew.
    ejections: AtomicU32,
    passes_checks: AtomicBool,
}

/// How many times as long as the first an ejection gets.
const EJECTION_FACTOR_MAX: u32 = 10;

impl Health {
    /// `failures_max` 0: nothing is ever ejected.
    pub(super) fn new(failures_max: u32, ejection: Duration) -> Self {
        Self {
            epoch: Instant::now(),
            failures_max,
            ejection,
            failures: AtomicU32::new(0),
            ejected_until: AtomicU64::new(0),
            ejections: AtomicU32::new(0),
            passes_checks: AtomicBool::new(true),
        }
    }

    pub(super) fn is_available(&self) -> bool {
        self.passes_checks.load(Ordering::Relaxed)
            && self.ejected_until.load(Ordering::Relaxed) <= self.now()
    }

    pub(super) fn succeeded(&self) {
        // Reading is what every exchange does; writing would take the line from other cores.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
        if self.ejections.load(Ordering::Relaxed) != 0 {
            self.ejections.store(0, Ordering::Relaxed);
        }
    }

    /// True when this failure ejected it.
    pub(super) fn failed(&self) -> bool {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if self.failures_max == 0 || failures < self.failures_max || !self.is_available() {
            return false;
        }
        self.failures.store(0, Ordering::Relaxed);
        let times = self.ejections.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let length = self.ejection.saturating_mul(times.min(EJECTION_FACTOR_MAX));
        let until = self.now().saturating_add(millis(length));
        self.ejected_until.store(until, Ordering::Relaxed);
        true
    }

    fn now(&self) -> u64 {
        millis(self.epoch.elapsed())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Checks one endpoint until its data centre is retired.
pub(super) async fn check(target: Arc<Target>, number: usize, settings: HealthCheck) {
    let Some(endpoint) = target.endpoints.get(number) else { return };
    let (mut passed, mut failed) = (0_u32, 0_u32);
    loop {
        let passes = probe(&target, number, &settings).await;
        if target.is_retired() {
            return;
        }
        if passes {
            (passed, failed) = (passed.saturating_add(1), 0);
        } else {
            (passed, failed) = (0, failed.saturating_add(1));
        }
        let was = endpoint.health.passes_checks.load(Ordering::Relaxed);
        let is = if was { failed < settings.unhealthy } else { passed >= settings.healthy };
        if was != is {
            endpoint.health.passes_checks.store(is, Ordering::Relaxed);
            tracing::warn!(
                data_centre = target.id,
                endpoint = endpoint.name,
                healthy = is,
                "health checks"
            );
        }
        target.metrics.endpoint_healthy(&target.id, &endpoint.name, is);
        tokio::time::sleep(settings.interval.0).await;
    }
}

/// One check over a connection of its own: any answer 2xx in time will do.
async fn probe(target: &Target, number: usize, settings: &HealthCheck) -> bool {
    let Some(endpoint) = target.endpoints.get(number) else { return false };
    let exchange = async {
        let mut connection = target.connect(number, endpoint).await.ok()?;
        let mut request = Box::new(Request::new(Bytes::new()));
        let path = settings.path.value.parse().ok()?;
        *request.uri_mut() =
            connection.sender.uri(path, Some(&endpoint.host), target.tls.is_some());
        if matches!(connection.sender, Sender::Http1(_)) {
            request.headers_mut().insert(header::HOST, endpoint.host.clone());
        }
        let (answer, _) = connection.sender.send(request).await.ok()?;
        Some(answer.status().is_success())
    };
    matches!(tokio::time::timeout(settings.timeout.0, exchange).await, Ok(Some(true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_eject_for_longer_each_time() {
        let health = Health::new(3, Duration::from_secs(10));
        assert!(!health.failed() && !health.failed());
        health.succeeded();
        assert!(!health.failed() && !health.failed());
        assert!(health.is_available());
        assert!(health.failed(), "the third in a row");
        assert!(!health.is_available());
        assert!(!health.failed(), "what was under way does not make it longer");
        tokio::time::advance(Duration::from_secs(11)).await;
        assert!(health.is_available());
        health.succeeded();
        for _ in 0..2 {
            for _ in 0..3 {
                health.failed();
            }
            assert!(!health.is_available());
            tokio::time::advance(Duration::from_secs(11)).await;
        }
        assert!(!health.is_available(), "the second time it is twice as long");
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(health.is_available());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_bound_nothing_is_ejected() {
        let health = Health::new(0, Duration::from_secs(10));
        assert!((0..100).all(|_| !health.failed()));
        assert!(health.is_available());
    }
}
