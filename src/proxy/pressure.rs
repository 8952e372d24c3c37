//! Sheds load before latency goes.
//!
//! What is ready to go on waits for its turn on the worker's one thread. A watch that asks to be woken every
//! so often is woken as late as everything else, so it knows for how long. While that stays beyond
//! `deadlines.queue`, a growing share of new requests is told to come again, before anything of them is read;
//! when it does not, the share falls back. After CoDel (RFC 8289), with a share in place of single drops.

use std::{cell::Cell, rc::Rc, time::Duration};

use tokio::time::Instant;

use super::worker::Worker;

/// How late one worker is, and what share of new requests it refuses therefore.
#[derive(Debug)]
pub(super) struct Pressure {
    delay_max: Duration,
    /// Looks in a row that found it late.
    late: Cell<u32>,
    /// Of [`WHOLE`].
    share: Cell<u32>,
    /// Grows by the share with each request; a request that fills it is refused.
    sum: Cell<u32>,
}

const WHOLE: u32 = 16;
/// Somebody always gets through, or nobody would know when it is over.
const SHARE_MAX: u32 = 15;
const MORE: u32 = 2;
const LESS: u32 = 1;
/// One late look is a hiccup.
const LATE_IN_ROW: u32 = 2;
const INTERVAL: Duration = Duration::from_millis(50);

impl Pressure {
    pub(super) fn new(delay_max: Duration) -> Self {
        Self { delay_max, late: Cell::new(0), share: Cell::new(0), sum: Cell::new(0) }
    }

    /// False for whoever has to come again.
    pub(super) fn admits(&self) -> bool {
        let share = self.share.get();
        if share == 0 {
            return true;
        }
        let sum = self.sum.get() + share;
        self.sum.set(sum % WHOLE);
        sum < WHOLE
    }

    fn observe(&self, delay: Duration) {
        let share = self.share.get();
        if delay <= self.delay_max {
            self.late.set(0);
            self.share.set(share.saturating_sub(LESS));
            return;
        }
        let late = self.late.get().saturating_add(1);
        self.late.set(late);
        if late >= LATE_IN_ROW {
            if share == 0 {
                tracing::warn!(
                    ?delay,
                    "requests are told to come again: too much waits for its turn"
                );
            }
            self.share.set((share + MORE).min(SHARE_MAX));
        }
    }
}

/// Looks for as long as the worker runs, and tells the metrics.
pub(super) async fn watch(worker: Rc<Worker>, number: usize) {
    let metrics = &worker.proxy.metrics;
    loop {
        let asked = Instant::now() + INTERVAL;
        tokio::time::sleep_until(asked).await;
        let delay = asked.elapsed();
        worker.pressure.observe(delay);
        // Other ways are gone by soon even where nobody calls: what is left behind is let go of.
        drop(worker.ways());
        metrics.queue_delay(number, delay);
        if number == 0 {
            metrics.held_bytes(worker.budget.held());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: Duration = Duration::from_millis(150);
    const IN_TIME: Duration = Duration::from_millis(20);

    fn admitted(pressure: &Pressure) -> usize {
        (0..160).filter(|_| pressure.admits()).count()
    }

    #[test]
    fn who_stays_late_refuses_more_and_more_and_then_less() {
        let pressure = Pressure::new(Duration::from_millis(100));
        assert_eq!(admitted(&pressure), 160);
        pressure.observe(LATE);
        pressure.observe(IN_TIME);
        pressure.observe(LATE);
        assert_eq!(admitted(&pressure), 160, "late now and then");
        pressure.observe(LATE);
        assert_eq!(admitted(&pressure), 140);
        for _ in 0..100 {
            pressure.observe(LATE);
        }
        assert_eq!(admitted(&pressure), 10, "some are let through always");
        for _ in 0..8 {
            pressure.observe(IN_TIME);
        }
        assert_eq!(admitted(&pressure), 90);
        for _ in 0..8 {
            pressure.observe(IN_TIME);
        }
        assert_eq!(admitted(&pressure), 160);
    }
}
