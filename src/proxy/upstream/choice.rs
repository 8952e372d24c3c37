//! Which endpoint gets the next exchange, and how often one may be sent again.

use std::cell::Cell;

/// Numbers that nobody need guess: xorshift64 (Marsaglia, 2003).
#[derive(Debug)]
pub(super) struct Dice(Cell<u64>);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(Cell::new(seed | 1))
    }

    /// Below `bound`, which is at least 1.
    fn below(&self, bound: usize) -> usize {
        let mut number = self.0.get();
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        self.0.set(number);
        usize::try_from(number % (bound.max(1) as u64)).unwrap_or(0)
    }
}

/// Of two candidates drawn at random, the one with less under way (Mitzenmacher, 2001): as good as asking
/// all of them, and it does not send everybody to the one that was idle a moment ago.
pub(super) fn choose(
    dice: &Dice,
    mut candidates: impl Iterator<Item = usize> + Clone,
    load: impl Fn(usize) -> usize,
) -> Option<usize> {
    let count = candidates.clone().count();
    let first = dice.below(count);
    let one = candidates.clone().nth(first)?;
    if count == 1 {
        return Some(one);
    }
    let second = (first + 1 + dice.below(count - 1)) % count;
    let other = candidates.nth(second)?;
    Some(if load(other) < load(one) { other } else { one })
}

/// How many exchanges may be sent again: a tenth of those sent, and a few at the start. When everything
/// fails, sending it twice makes it worse.
#[derive(Debug)]
pub(super) struct RetryBudget(Cell<f32>);

const RETRIES_SAVED_MAX: f32 = 10.0;
const RETRIES_PER_REQUEST: f32 = 0.1;

impl Default for RetryBudget {
    fn default() -> Self {
        Self(Cell::new(RETRIES_SAVED_MAX))
    }
}

impl RetryBudget {
    pub(super) fn sent(&self) {
        self.0.set((self.0.get() + RETRIES_PER_REQUEST).min(RETRIES_SAVED_MAX));
    }

    /// True when there is one left, which is then taken.
    pub(super) fn take(&self) -> bool {
        let left = self.0.get();
        let some = left >= 1.0;
        if some {
            self.0.set(left - 1.0);
        }
        some
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_less_loaded_of_two_gets_it() {
        let dice = Dice::new(7);
        assert_eq!(choose(&dice, 0..0, |_| 0), None);
        assert_eq!(choose(&dice, 4..5, |_| 9), Some(4));
        let mut counts = [0_usize; 4];
        for _ in 0..10_000 {
            // One of them is slow and keeps what it got.
            let chosen = choose(&dice, 0..4, |at| if at == 2 { 1_000 } else { 0 }).unwrap();
            counts[chosen] += 1;
        }
        assert_eq!(counts[2], 0, "whoever is drawn beside it has less to do");
        for at in [0, 1, 3] {
            assert!((2_500..4_200).contains(&counts[at]), "{counts:?}");
        }
    }

    #[test]
    fn load_is_spread_evenly_when_it_counts() {
        let dice = Dice::new(11);
        let mut counts = [0_usize; 8];
        for _ in 0..8_000 {
            let chosen = choose(&dice, 0..8, |at| counts[at]).unwrap();
            counts[chosen] += 1;
        }
        assert!(counts.iter().all(|count| (990..1_010).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_tenth_may_be_sent_again() {
        let budget = RetryBudget::default();
        assert_eq!((0..100).filter(|_| budget.take()).count(), 10);
        let mut retried = 0;
        for _ in 0..1_000 {
            budget.sent();
            retried += usize::from(budget.take());
        }
        assert!((95..=101).contains(&retried), "{retried}");
    }
}
