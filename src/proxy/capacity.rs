//! So many at a time, of all workers together.
//!
//! A share for each worker would refuse a caller with one connection, which is one worker's, long before the bound.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::atomic::{AtomicU32, AtomicUsize, Ordering},
};

/// A bound, and how much of it is taken. It has cache lines of its own: what lies beside it is read by every
/// exchange and would be fetched anew each time that another worker counts.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Capacity {
    max: usize,
    taken: AtomicUsize,
}

impl Capacity {
    pub(super) fn new(max: usize) -> Self {
        Self { max, taken: AtomicUsize::new(0) }
    }

    /// True when there was a place left, which is then taken.
    pub(super) fn take(&self) -> bool {
        // Counted before it is looked at: two at once do not both take the last place.
        let fits = self.taken.fetch_add(1, Ordering::Relaxed) < self.max;
        if !fits {
            self.give_back();
        }
        fits
    }

    fn free(&self) -> usize {
        self.max.saturating_sub(self.taken.load(Ordering::Relaxed))
    }

    /// One that was taken is free again.
    pub(super) fn give_back(&self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Places that many callers share. Each may take as many as are free then, so that whoever takes all that it can
/// leaves as many to others: alone it has half of them, and of two each has a third.
#[derive(Debug)]
pub(super) struct Shares {
    capacity: Capacity,
    /// Callers by the hash of their address. Two that have one in common share, at worst, what one has.
    callers: Box<[AtomicU32]>,
    /// Nobody can choose whom to share with.
    hasher: RandomState,
}

/// Whose share something is; `None` for those who have none of their own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share(Option<usize>);

impl Shares {
    const CALLERS: usize = 4096;

    pub(super) fn new(max: usize) -> Self {
        let mut callers = Vec::new();
        callers.resize_with(Self::CALLERS, AtomicU32::default);
        let (callers, hasher) = (callers.into(), RandomState::new());
        Self { capacity: Capacity::new(max), callers, hasher }
    }

    /// The share of an address: of this machine's own, and of whoever calls for others, there is none.
    pub(super) fn of(&self, address: IpAddr, calls_for_others: bool) -> Share {
        let address = address.to_canonical();
        if calls_for_others || address.is_loopback() {
            return Share(None);
        }
        let hash = match address {
            IpAddr::V4(address) => self.hasher.hash_one(address),
            // A network of this size is one subscriber's (RFC 6177 §2).
            IpAddr::V6(address) => self.hasher.hash_one(address.to_bits() >> 64),
        };
        Share(Some(hash as usize % Self::CALLERS))
    }

    /// True when there was a place left for this caller, which is then taken.
    pub(super) fn take(&self, share: Share) -> bool {
        let taken = self.caller(share).map(|caller| caller.fetch_add(1, Ordering::Relaxed));
        let is_within = taken.is_none_or(|taken| (taken as usize) < self.capacity.free());
        let fits = is_within && self.capacity.take();
        if !fits && let Some(caller) = self.caller(share) {
            caller.fetch_sub(1, Ordering::Relaxed);
        }
        fits
    }

    /// One that was taken is free again.
    pub(super) fn give_back(&self, share: Share) {
        if let Some(caller) = self.caller(share) {
            caller.fetch_sub(1, Ordering::Relaxed);
        }
        self.capacity.give_back();
    }

    fn caller(&self, share: Share) -> Option<&AtomicU32> {
        self.callers.get(share.0?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_caller_takes_what_others_need() {
        let shares = Shares::new(12);
        let share = |address: &str, for_others| shares.of(address.parse().unwrap(), for_others);
        let take = |share: Share| (0..20).filter(|_| shares.take(share)).count();
        let one = share("192.0.2.1", false);
        assert_eq!(take(one), 6, "half, and as many are left");
        let other = share("2001:db8::1", false);
        assert_eq!(take(other), 3);
        assert_eq!(take(share("2001:db8::2", false)), 0, "one network is one caller");
        shares.give_back(one);
        assert_eq!(take(share("192.0.2.1", true)), 4, "a balancer is many");
        assert_eq!(take(share("127.0.0.1", false)), 0, "no more than there are");
        (0..5).for_each(|_| shares.give_back(one));
        (0..3).for_each(|_| shares.give_back(other));
        assert_eq!(take(share("::1", false)), 8);
        assert!(shares.callers.iter().all(|caller| caller.load(Ordering::Relaxed) == 0));
    }

    #[test]
    fn no_more_are_taken_than_there_are() {
        let capacity = Capacity::new(3);
        let taken = || (0..10).filter(|_| capacity.take()).count();
        assert_eq!(taken(), 3);
        capacity.give_back();
        assert_eq!(taken(), 1);
        let in_threads = Capacity::new(40);
        let taken: usize = std::thread::scope(|scope| {
            let each = || (0..50).filter(|_| in_threads.take()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(each)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert!(taken <= 40, "{taken}");
    }
}
