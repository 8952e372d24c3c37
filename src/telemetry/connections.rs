//! How many callers are connected, and how many of them are being served.

use prometheus::{IntGauge, Registry};

use super::{catalogue as c, instruments};

/// The gauges of connections; each [`Connection`] moves them.
#[derive(Debug, Clone)]
pub struct ConnectionMetrics {
    served: IntGauge,
    quiet: IntGauge,
}

/// One connection, quiet at first; it is gone when this is dropped.
#[derive(Debug)]
pub struct Connection {
    metrics: ConnectionMetrics,
    is_served: bool,
}

impl ConnectionMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let connections = instruments::gauges(registry, &c::CONNECTIONS)?;
        Ok(Self {
            served: connections.get_metric_with_label_values(&["served"])?,
            quiet: connections.get_metric_with_label_values(&["quiet"])?,
        })
    }

    /// Counts a connection until the guard is dropped.
    #[must_use]
    pub fn begin(&self) -> Connection {
        self.quiet.inc();
        Connection { metrics: self.clone(), is_served: false }
    }

    fn of(&self, is_served: bool) -> &IntGauge {
        if is_served { &self.served } else { &self.quiet }
    }
}

impl Connection {
    /// Something serves it from now on, or nothing does any more.
    pub(crate) fn is_served(&mut self, is_served: bool) {
        self.metrics.of(self.is_served).dec();
        self.is_served = is_served;
        self.metrics.of(self.is_served).inc();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.metrics.of(self.is_served).dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_in_one_state_until_it_goes() {
        let metrics = ConnectionMetrics::new(&Registry::new()).unwrap();
        let count = || (metrics.served.get(), metrics.quiet.get());
        let mut first = metrics.begin();
        let second = metrics.begin();
        assert_eq!(count(), (0, 2));
        first.is_served(true);
        first.is_served(true);
        assert_eq!(count(), (1, 1));
        drop(second);
        assert_eq!(count(), (1, 0));
        first.is_served(false);
        assert_eq!(count(), (0, 1));
        drop(first);
        assert_eq!(count(), (0, 0));
    }
}
