//! Which mechanisms of a transfer met a condition, however many it lists.

use smallvec::SmallVec;

/// Mechanisms by their place in the transfer, as bits: the first 64 take no allocation.
#[derive(Debug, Default)]
pub(in crate::policy) struct MechanismSet(SmallVec<[u64; 1]>);

impl MechanismSet {
    pub(super) fn insert(&mut self, index: usize) {
        let (at, bit) = place(index);
        self.reach(at + 1);
        if let Some(word) = self.0.get_mut(at) {
            *word |= bit;
        }
    }

    pub(in crate::policy) fn contains(&self, index: usize) -> bool {
        let (at, bit) = place(index);
        self.0.get(at).is_some_and(|word| word & bit != 0)
    }

    pub(in crate::policy) fn extend(&mut self, other: &Self) {
        self.reach(other.0.len());
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    fn reach(&mut self, words: usize) {
        if self.0.len() < words {
            self.0.resize(words, 0);
        }
    }
}

/// The word of an index, and its bit there.
fn place(index: usize) -> (usize, u64) {
    (index / 64, 1 << (index % 64))
}
