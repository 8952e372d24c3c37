//! Which rules can be about a transfer at all, by bit sets over its four main dimensions.

use super::{
    predicate::{ClassSet, PurposeSet},
    region_set::{REGIONS, RegionSet},
};
use crate::domain::Region;

/// One row of rule bits per value of a dimension; the last row of a region table is "unknown".
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    words: usize,
    origins: Vec<u64>,
    destinations: Vec<u64>,
    purposes: Vec<u64>,
    classes: Vec<u64>,
    /// Rules that look at what judging the others showed.
    pub(super) closing: Vec<u16>,
    pub(super) default_deny: u16,
}

/// What a rule selects in the dimensions of the index; `None` selects everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Dimensions {
    pub(super) origin: Option<RegionSet>,
    pub(super) origin_not: Option<RegionSet>,
    pub(super) destination: Option<RegionSet>,
    pub(super) destination_not: Option<RegionSet>,
    pub(super) purpose: Option<PurposeSet>,
    pub(super) purpose_not: Option<PurposeSet>,
    pub(super) class: Option<ClassSet>,
    pub(super) class_not: Option<ClassSet>,
}

impl Index {
    /// `rules` in the order of their numbers; `None` for one that is never a candidate.
    pub(super) fn new(rules: &[Option<Dimensions>], purposes: usize) -> Self {
        let words = rules.len().div_ceil(64);
        let mut index = Self {
            words,
            origins: vec![0; (REGIONS + 1) * words],
            destinations: vec![0; (REGIONS + 1) * words],
            purposes: vec![0; (purposes + 1) * words],
            classes: vec![0; (ClassSet::MAX + 1) * words],
            closing: Vec::new(),
            default_deny: 0,
        };
        for (number, rule) in rules.iter().enumerate() {
            let Some(rule) = rule else { continue };
            regions(
                &mut index.origins,
                words,
                number,
                rule.origin.as_ref(),
                rule.origin_not.as_ref(),
            );
            regions(
                &mut index.destinations,
                words,
                number,
                rule.destination.as_ref(),
                rule.destination_not.as_ref(),
            );
            for (purpose, row) in (0u16..).zip(index.purposes.chunks_mut(words)) {
                if rule.purpose.as_ref().is_none_or(|set| set.contains(purpose))
                    && !rule.purpose_not.as_ref().is_some_and(|set| set.contains(purpose))
                {
                    set(row, number);
                }
            }
            for (class, row) in (0u8..).zip(index.classes.chunks_mut(words)) {
                if rule.class.is_none_or(|set| set.contains(class))
                    && !rule.class_not.is_some_and(|set| set.contains(class))
                {
                    set(row, number);
                }
            }
        }
        index
    }

    /// Calls `visit` with each rule that may apply, in the order of numbers.
    pub(super) fn candidates(
        &self,
        origin: Option<Region>,
        destination: Option<Region>,
        purpose: u16,
        class: u8,
        mut visit: impl FnMut(u16),
    ) {
        let region = |at: Option<Region>| at.map_or(REGIONS, Region::index).min(REGIONS);
        let rows = self
            .row(&self.origins, region(origin))
            .iter()
            .zip(self.row(&self.destinations, region(destination)))
            .zip(self.row(&self.purposes, usize::from(purpose)))
            .zip(self.row(&self.classes, usize::from(class)));
        for ((((origin, destination), purpose), class), base) in rows.zip((0u16..).step_by(64)) {
            let mut bits = origin & destination & purpose & class;
            while bits != 0 {
                // A word has 64 bits, so the count fits.
                visit(base + u16::try_from(bits.trailing_zeros()).unwrap_or(0));
                bits &= bits - 1;
            }
        }
    }

    fn row<'i>(&self, table: &'i [u64], number: usize) -> &'i [u64] {
        table.get(number * self.words..(number + 1) * self.words).unwrap_or_default()
    }
}

fn regions(
    table: &mut [u64],
    words: usize,
    number: usize,
    within: Option<&RegionSet>,
    without: Option<&RegionSet>,
) {
    for (region, row) in table.chunks_mut(words).enumerate() {
        let selected = if region == REGIONS {
            within.is_none()
        } else {
            within.is_none_or(|set| set.may_contain(region))
                && !without.is_some_and(|set| set.always_contains(region))
        };
        if selected {
            set(row, number);
        }
    }
}

fn set(row: &mut [u64], number: usize) {
    if let Some(word) = row.get_mut(number / 64) {
        *word |= 1 << (number % 64);
    }
}
