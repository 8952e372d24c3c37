//! Sets of jurisdictions, some of whose members belong for a time only.

use super::{Timestamp, clock::Clock};
use crate::domain::Region;

const WORDS: usize = REGIONS.div_ceil(64);
/// One past the largest [`Region::index`].
pub(super) const REGIONS: usize = 26 * 26;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Bits([u64; WORDS]);

impl Bits {
    fn insert(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    fn contains(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }
}

/// A member for a time, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dated {
    region: Region,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// Regions, as a rule's `origin` or `destination` selects them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct RegionSet {
    always: Bits,
    dated: Vec<Dated>,
}

impl RegionSet {
    pub(super) fn insert(&mut self, region: Region) {
        self.always.insert(region.index());
    }

    pub(super) fn insert_dated(
        &mut self,
        region: Region,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) {
        self.dated.push(Dated { region, from, until });
    }

    pub(super) fn extend(&mut self, other: &Self) {
        for (word, more) in self.always.0.iter_mut().zip(other.always.0) {
            *word |= more;
        }
        self.dated.extend_from_slice(&other.dated);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.always == Bits::default() && self.dated.is_empty()
    }

    /// Whether membership depends on the time.
    pub(super) fn is_dated(&self) -> bool {
        !self.dated.is_empty()
    }

    /// A dated member belongs only when the time is known and inside its window.
    pub(super) fn contains(&self, region: Region, clock: &Clock) -> bool {
        self.always.contains(region.index())
            || self
                .dated
                .iter()
                .any(|member| member.region == region && clock.is_in(member.from, member.until))
    }

    /// No region may be in both.
    pub(super) fn disjoint(&self, other: &Self) -> bool {
        self.always.0.iter().zip(other.always.0).all(|(a, b)| a & b == 0)
            && !self.dated.iter().any(|member| other.may_contain(member.region.index()))
            && !other.dated.iter().any(|member| self.may_contain(member.region.index()))
    }

    /// Whatever may be in this is in the other at every time.
    pub(super) fn within(&self, other: &Self) -> bool {
        self == other
            || (self.always.0.iter().zip(other.always.0).all(|(a, b)| a & !b == 0)
                && self.dated.iter().all(|it| other.always_contains(it.region.index())))
    }

    /// Belongs at some time.
    pub(super) fn may_contain(&self, index: usize) -> bool {
        self.always.contains(index)
            || self.dated.iter().any(|member| member.region.index() == index)
    }

    /// [`Region::index`] of each member, those for a time included; some may come twice.
    pub(super) fn indexes(&self) -> impl Iterator<Item = usize> {
        let always = self.always.0.iter().zip((0usize..).step_by(64)).flat_map(|(word, base)| {
            let mut word = *word;
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
                word &= word - 1;
                Some(base + bit)
            })
        });
        always.chain(self.dated.iter().map(|member| member.region.index()))
    }

    /// Belongs at every time.
    pub(super) fn always_contains(&self, index: usize) -> bool {
        self.always.contains(index)
    }
}
