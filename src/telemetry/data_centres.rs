//! Whether data centres answer, each by its id: what operators are told of one that does not.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use prometheus::{IntCounter, IntCounterVec, Registry};
use serde::Serialize;

use super::{catalogue as c, instruments::counters, metrics::MetricsError, sparingly::Sparingly};

/// Counts and remembers; cheap to clone.
#[derive(Clone)]
pub struct DataCentreMetrics {
    exchanges: IntCounterVec,
    known: Arc<Mutex<BTreeMap<String, Arc<Reach>>>>,
}

/// How one data centre fares.
pub struct Reach {
    answered: Option<IntCounter>,
    failed: Option<IntCounter>,
    /// Failures since it answered last.
    in_a_row: AtomicU64,
    failure: Mutex<LastFailure>,
    told: Sparingly,
}

/// Taken hold of by whoever failed, and by nobody else.
#[derive(Default)]
struct LastFailure {
    /// The first since it answered.
    since: Option<jiff::Timestamp>,
    /// The last.
    at: Option<jiff::Timestamp>,
    error: Option<String>,
}

/// One data centre, for the status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DataCentreStatus {
    pub id: String,
    pub state: DataCentreState,
    pub answered: u64,
    pub failed: u64,
    /// When it failed first since it answered; only while it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<jiff::Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure_at: Option<jiff::Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DataCentreState {
    /// Nothing was sent there yet.
    Quiet,
    Answering,
    /// It failed several times in a row.
    NotAnswering,
}

impl DataCentreMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        Ok(Self { exchanges: counters(registry, &c::UPSTREAM_EXCHANGES)?, known: Arc::default() })
    }

    /// The counts of the data centre `id`, which are there from the start.
    pub fn of(&self, id: &str) -> Arc<Reach> {
        let of = |result| self.exchanges.get_metric_with_label_values(&[id, result]).ok();
        let new = || {
            Arc::new(Reach {
                answered: of("answered"),
                failed: of("failed"),
                in_a_row: AtomicU64::new(0),
                failure: Mutex::default(),
                told: Sparingly::every(Reach::AGAIN),
            })
        };
        Arc::clone(self.known.lock().entry(id.to_owned()).or_insert_with(new))
    }

    /// Counts the data centre `id` no longer: it is none any more.
    pub fn gone(&self, id: &str) {
        self.known.lock().remove(id);
        for result in ["answered", "failed"] {
            // It is there, or it was removed already.
            let _ = self.exchanges.remove_label_values(&[id, result]);
        }
    }

    /// By id.
    pub fn status(&self) -> Vec<DataCentreStatus> {
        self.known.lock().iter().map(|(id, reach)| reach.status(id)).collect()
    }
}

impl Reach {
    /// As many failures in a row may be those of the requests.
    const IN_A_ROW_MIN: u64 = 3;
    /// Between two lines of the log about it.
    const AGAIN: Duration = Duration::from_secs(1);

    pub fn answered(&self) {
        if let Some(counter) = &self.answered {
            counter.inc();
        }
        // Reading is what every exchange does; writing would take the line from other cores.
        if self.in_a_row.load(Ordering::Relaxed) != 0 {
            self.in_a_row.store(0, Ordering::Relaxed);
        }
    }

    /// `kind` is a word of the code.
    pub fn failed(&self, kind: &'static str) {
        if let Some(counter) = &self.failed {
            counter.inc();
        }
        let mut failure = self.failure.lock();
        let now = jiff::Timestamp::now();
        if self.in_a_row.fetch_add(1, Ordering::Relaxed) == 0 {
            failure.since = Some(now);
            // That of the times before; what was told just now is more than a word.
            if self.told.is_due() {
                failure.error = None;
            }
        }
        failure.at = Some(now);
        failure.error.get_or_insert_with(|| kind.to_owned());
    }

    /// Whether it is time to say again that it fails, and for how many exchanges it was not said meanwhile. `error` is
    /// kept for the status, and holds no value.
    pub(crate) fn tells(&self, error: &dyn fmt::Display) -> Option<u64> {
        let left_out = self.told.again()?;
        self.failure.lock().error = Some(error.to_string());
        Some(left_out)
    }

    fn status(&self, id: &str) -> DataCentreStatus {
        let count = |counter: &Option<IntCounter>| counter.as_ref().map_or(0, IntCounter::get);
        let (answered, failed) = (count(&self.answered), count(&self.failed));
        let is_failing = self.in_a_row.load(Ordering::Relaxed) >= Self::IN_A_ROW_MIN;
        let state = match answered {
            _ if is_failing => DataCentreState::NotAnswering,
            0 => DataCentreState::Quiet,
            _ => DataCentreState::Answering,
        };
        let failure = self.failure.lock();
        DataCentreStatus {
            id: id.to_owned(),
            state,
            answered,
            failed,
            failing_since: failure.since.filter(|_| is_failing),
            last_failure_at: failure.at,
            last_error: failure.error.clone(),
        }
    }
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reach").field("in_a_row", &self.in_a_row).finish_non_exhaustive()
    }
}

impl fmt::Debug for DataCentreMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataCentreMetrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_several_times_in_a_row_does_not_answer() {
        let metrics = DataCentreMetrics::new(&Registry::new()).unwrap();
        let reach = metrics.of("singapore");
        let state = || metrics.status()[0].state;
        assert_eq!(state(), DataCentreState::Quiet);
        reach.answered();
        for _ in 1..Reach::IN_A_ROW_MIN {
            reach.failed("unreachable");
        }
        assert_eq!(state(), DataCentreState::Answering, "once or twice may be a request's fault");
        reach.failed("unreachable");
        let status = &metrics.status()[0];
        assert_eq!(
            (status.state, status.answered, status.failed),
            (DataCentreState::NotAnswering, 1, 3)
        );
        assert!(
            status.failing_since.is_some() && status.last_error.as_deref() == Some("unreachable")
        );
        reach.answered();
        let status = &metrics.status()[0];
        assert_eq!((status.state, status.failing_since), (DataCentreState::Answering, None));
        metrics.gone("singapore");
        assert!(metrics.status().is_empty());
    }

    #[test]
    fn a_failure_is_told_once_in_a_while_with_how_many_there_were() {
        let metrics = DataCentreMetrics::new(&Registry::new()).unwrap();
        let reach = metrics.of("us");
        assert_eq!(reach.tells(&"refused"), Some(0));
        assert_eq!((reach.tells(&"refused"), reach.tells(&"refused")), (None, None));
        reach.told.set_due();
        assert_eq!(reach.tells(&"reset"), Some(2));
        assert_eq!(metrics.status()[0].last_error.as_deref(), Some("reset"));
    }
}
