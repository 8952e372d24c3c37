//! One exchange of each bucket of a histogram, by the name of its trace: the way from "some take two
//! seconds" to one that did.
//!
//! The latest is kept, and only of traces that are sampled: any other name leads nowhere. Keeping one takes
//! no lock: a bucket's place is claimed by making its count odd, filled, and given back by making it even
//! again (a sequence lock, H.-J. Boehm, "Can seqlocks get along with programming language memory models?",
//! 2012). Whoever finds it claimed goes on without, since the other exemplar is as recent as its own.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering, fence},
    time::Duration,
};

use super::TraceId;

/// By bucket of one histogram, the last of which has no upper bound.
pub(super) struct Exemplars {
    bounds: &'static [f64],
    places: Box<[Place]>,
}

/// What was observed, when, and in which trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Exemplar {
    pub(super) trace_id: TraceId,
    /// In the unit of the histogram, seconds.
    pub(super) value: f64,
    pub(super) unix_millis: u64,
}

#[derive(Default)]
struct Place {
    /// 0: nothing yet; odd: being written.
    turns: AtomicU64,
    trace_id: [AtomicU64; 2],
    value: AtomicU64,
    unix_millis: AtomicU64,
}

impl Exemplars {
    pub(super) fn new(bounds: &'static [f64]) -> Self {
        let places = (0..=bounds.len()).map(|_| Place::default()).collect();
        Self { bounds, places }
    }

    /// `duration` was observed in a trace that is sampled.
    pub(super) fn observe(&self, duration: Duration, trace_id: TraceId) {
        let value = duration.as_secs_f64();
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        let now = jiff::Timestamp::now().as_millisecond();
        let unix_millis = u64::try_from(now).unwrap_or(0);
        if let Some(place) = self.places.get(bucket) {
            place.put(&Exemplar { trace_id, value, unix_millis });
        }
    }

    /// Of the bucket with this number, if there was a sampled trace in it.
    pub(super) fn of(&self, bucket: usize) -> Option<Exemplar> {
        self.places.get(bucket)?.take()
    }
}

impl Place {
    fn put(&self, exemplar: &Exemplar) {
        let turns = self.turns.load(Ordering::Relaxed);
        let claimed = turns | 1;
        if turns == claimed
            || self
                .turns
                .compare_exchange(turns, claimed, Ordering::Acquire, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        // What is written below is not seen before the claim is.
        fence(Ordering::Release);
        let id = u128::from_be_bytes(exemplar.trace_id.0);
        #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
        let halves = [(id >> 64) as u64, id as u64];
        for (place, half) in self.trace_id.iter().zip(halves) {
            place.store(half, Ordering::Relaxed);
        }
        self.value.store(exemplar.value.to_bits(), Ordering::Relaxed);
        self.unix_millis.store(exemplar.unix_millis, Ordering::Relaxed);
        self.turns.store(claimed.wrapping_add(1), Ordering::Release);
    }

    fn take(&self) -> Option<Exemplar> {
        /// A writer holds a place for some nanoseconds; one that is always held is missed this time.
        const TRIES_MAX: usize = 64;
        for _ in 0..TRIES_MAX {
            let before = self.turns.load(Ordering::Acquire);
            if before == 0 {
                return None;
            }
            let [high, low] =
                [&self.trace_id[0], &self.trace_id[1]].map(|half| half.load(Ordering::Relaxed));
            let value = f64::from_bits(self.value.load(Ordering::Relaxed));
            let unix_millis = self.unix_millis.load(Ordering::Relaxed);
            // What was read above was read before the count is read again.
            fence(Ordering::Acquire);
            if before & 1 == 0 && self.turns.load(Ordering::Relaxed) == before {
                let id = (u128::from(high) << 64) | u128::from(low);
                return Some(Exemplar { trace_id: TraceId(id.to_be_bytes()), value, unix_millis });
            }
            std::hint::spin_loop();
        }
        None
    }
}

impl fmt::Debug for Exemplars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exemplars").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> TraceId {
        TraceId(number.to_be_bytes())
    }

    #[test]
    fn the_latest_of_each_bucket_is_kept() {
        let exemplars = Exemplars::new(&[0.001, 0.01]);
        assert_eq!((0..3).find_map(|bucket| exemplars.of(bucket)), None);
        for (micros, trace) in [(1_000, 1), (1_001, 2), (10_000, 3), (10_001, 4), (9_000_000, 5)] {
            exemplars.observe(Duration::from_micros(micros), id(trace));
        }
        // A bucket takes its upper bound in.
        for (bucket, trace, value) in [(0, 1, 0.001), (1, 3, 0.01), (2, 5, 9.0)] {
            let exemplar = exemplars.of(bucket).unwrap();
            assert_eq!((exemplar.trace_id, exemplar.value), (id(trace), value));
            assert!(exemplar.unix_millis > 1_700_000_000_000);
        }
        assert_eq!(exemplars.of(3), None);
    }

    #[test]
    fn what_is_read_was_written_as_a_whole() {
        let exemplars = Exemplars::new(&[1e9]);
        let number = |number: u64| {
            exemplars.observe(
                Duration::from_secs(number),
                id(u128::from(number) << 64 | u128::from(number)),
            );
        };
        number(1);
        std::thread::scope(|scope| {
            for first in 1..=3 {
                scope.spawn(move || (first..60_000).step_by(3).for_each(number));
            }
            for _ in 0..20_000 {
                if let Some(exemplar) = exemplars.of(0) {
                    let id = u128::from_be_bytes(exemplar.trace_id.0);
                    assert_eq!(id >> 64, id & u128::from(u64::MAX));
                    assert!((exemplar.value - (id >> 64) as f64).abs() < 0.5, "{exemplar:?}");
                }
            }
        });
        assert!(exemplars.of(0).is_some());
    }
}
