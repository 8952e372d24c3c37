//! Whether requests are taken.

use std::sync::atomic::{AtomicU8, Ordering};

use serde::Serialize;

/// Told by whoever runs the listeners, asked by whoever sends requests to them.
#[derive(Debug, Default)]
pub struct Readiness(AtomicU8);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The listeners are not bound yet.
    Starting,
    Serving,
    /// No new requests; those under way are finished.
    Draining,
}

impl Readiness {
    /// All listeners are bound. Without effect once draining has begun.
    pub fn serving(&self) {
        // The answer only says whether it was us who changed it.
        let _ = self.0.compare_exchange(
            State::Starting as u8,
            State::Serving as u8,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
    }

    pub fn draining(&self) {
        self.0.store(State::Draining as u8, Ordering::Release);
    }

    pub fn state(&self) -> State {
        match self.0.load(Ordering::Acquire) {
            0 => State::Starting,
            1 => State::Serving,
            _ => State::Draining,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drains_never_serves_again() {
        let readiness = Readiness::default();
        assert_eq!(readiness.state(), State::Starting);
        readiness.serving();
        assert_eq!(readiness.state(), State::Serving);
        readiness.draining();
        readiness.serving();
        assert_eq!(readiness.state(), State::Draining);
    }
}
