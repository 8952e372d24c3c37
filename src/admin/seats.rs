//! The places for connections. Where all are taken, whoever comes has that of the quietest: nobody keeps a probe out by
//! sitting still.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use parking_lot::Mutex;
use tokio::sync::{AcquireError, Notify, OwnedSemaphorePermit, Semaphore};

#[derive(Debug)]
pub(super) struct Seats {
    free: Arc<Semaphore>,
    taken: Mutex<Vec<Arc<Sitting>>>,
    /// Grows with each connection and each request: the higher, the later.
    turn: AtomicU64,
}

/// One connection's place, which is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    sitting: Arc<Sitting>,
    seats: Arc<Seats>,
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug, Default)]
struct Sitting {
    /// When it last asked for something.
    turn: AtomicU64,
    /// Requests not yet answered.
    open: AtomicUsize,
    leaves: Notify,
}

/// A request under way; it is answered when this is dropped.
#[derive(Debug)]
pub(super) struct Asked(Arc<Sitting>);

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Seats {
    pub(super) fn new(count: usize) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(count));
        Arc::new(Self { free, taken: Mutex::default(), turn: AtomicU64::new(0) })
    }

    /// A place, which another may have to leave first. Nobody closes these.
    pub(super) async fn take(self: &Arc<Self>) -> Result<Seat, AcquireError> {
        let permit = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.have_one_leave();
                Arc::clone(&self.free).acquire_owned().await?
            }
        };
        let sitting = Arc::new(Sitting::default());
        sitting.turn.store(self.next(), Ordering::Relaxed);
        self.taken.lock().push(Arc::clone(&sitting));
        Ok(Seat { sitting, seats: Arc::clone(self), _permit: permit })
    }

    /// The one that has asked for nothing the longest, one with nothing to be answered before others.
    fn have_one_leave(&self) {
        let mut taken = self.taken.lock();
        let quiet = |sitting: &Sitting| {
            let is_answered = sitting.open.load(Ordering::Relaxed) == 0;
            (!is_answered, sitting.turn.load(Ordering::Relaxed))
        };
        let quietest = taken.iter().enumerate().min_by_key(|(_, sitting)| quiet(sitting));
        if let Some((at, _)) = quietest {
            // Told once; then it is on its way.
            taken.swap_remove(at).leaves.notify_one();
        }
    }

    fn next(&self) -> u64 {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }
}

impl Seat {
    pub(super) fn asks(&self) -> Asked {
        self.sitting.turn.store(self.seats.next(), Ordering::Relaxed);
        self.sitting.open.fetch_add(1, Ordering::Relaxed);
        Asked(Arc::clone(&self.sitting))
    }

    /// Waits until somebody else needs the place.
    pub(super) async fn is_needed(&self) {
        self.sitting.leaves.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken.lock().retain(|sitting| !Arc::ptr_eq(sitting, &self.sitting));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn has_to_leave(seat: &Seat) -> bool {
        tokio::time::timeout(Duration::from_millis(5), seat.is_needed()).await.is_ok()
    }

    #[tokio::test]
    async fn the_quietest_leaves_for_whoever_comes() {
        let seats = Seats::new(3);
        let mut sitting = Vec::new();
        for _ in 0..3 {
            sitting.push(seats.take().await.unwrap());
        }
        let [first, second, third]: [Seat; 3] = sitting.try_into().unwrap();
        // The first asks again, the second waits for its answer.
        drop(first.asks());
        let asked = second.asks();
        let comes = tokio::spawn({
            let seats = Arc::clone(&seats);
            async move { seats.take().await }
        });
        assert!(has_to_leave(&third).await);
        assert!(!has_to_leave(&first).await && !has_to_leave(&second).await);
        drop(third);
        let fourth = comes.await.unwrap().unwrap();
        let comes = tokio::spawn({
            let seats = Arc::clone(&seats);
            async move { seats.take().await }
        });
        assert!(has_to_leave(&first).await);
        drop(first);
        let fifth = comes.await.unwrap().unwrap();
        drop(asked);
        drop((second, fourth, fifth));
        assert_eq!(seats.free.available_permits(), 3);
        assert!(seats.taken.lock().is_empty());
    }
}
