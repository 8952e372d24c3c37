//! Which rules can be about a transfer at all, by bit sets over its four main dimensions.

use super::{
    RuleRef,
    predicate::{ClassSet, PurposeSet},
    region_set::{REGIONS, RegionSet},
    registry::{ClassRef, PurposeRef},
};
use crate::{domain::Region, source::give_way};

/// The rules that each value of each dimension selects.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    origins: Table,
    destinations: Table,
    purposes: Table,
    classes: Table,
    /// Rules that look at what judging the others showed.
    pub(super) closing: Vec<RuleRef>,
    pub(super) default_deny: RuleRef,
}

/// One row of rule bits per value of a dimension; the last row of a region table is "unknown".
#[derive(Debug, Clone, Default)]
struct Table {
    words: usize,
    rows: Vec<u64>,
    /// Of each row, which words have a bit at all: with many rules few of them do.
    summaries: Vec<u64>,
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
            origins: Table::new(words, REGIONS + 1),
            destinations: Table::new(words, REGIONS + 1),
            purposes: Table::new(words, purposes + 1),
            classes: Table::new(words, ClassSet::MAX + 1),
            closing: Vec::new(),
            default_deny: RuleRef::default(),
        };
        let mut everywhere = Everywhere {
            origins: vec![0; words],
            destinations: vec![0; words],
            purposes: vec![0; words],
            classes: vec![0; words],
        };
        for (number, rule) in rules.iter().enumerate() {
            give_way();
            let Some(rule) = rule else { continue };
            let (within, without) = (rule.origin.as_ref(), rule.origin_not.as_ref());
            index.origins.regions(&mut everywhere.origins, number, within, without);
            let (within, without) = (rule.destination.as_ref(), rule.destination_not.as_ref());
            index.destinations.regions(&mut everywhere.destinations, number, within, without);
            if rule.purpose.is_none() && rule.purpose_not.is_none() {
                set(&mut everywhere.purposes, number);
            } else {
                index.purposes.select(number, 0..=purposes, |purpose| {
                    let purpose = u16::try_from(purpose).map_or(PurposeRef::UNKNOWN, PurposeRef);
                    rule.purpose.as_ref().is_none_or(|set| set.contains(purpose))
                        && !rule.purpose_not.as_ref().is_some_and(|set| set.contains(purpose))
                });
            }
            if rule.class.is_none() && rule.class_not.is_none() {
                set(&mut everywhere.classes, number);
            } else {
                index.classes.select(number, 0..=ClassSet::MAX, |class| {
                    let class = u8::try_from(class).map_or(ClassRef::UNKNOWN, ClassRef);
                    rule.class.is_none_or(|set| set.contains(class))
                        && !rule.class_not.is_some_and(|set| set.contains(class))
                });
            }
        }
        index.origins.finish(&everywhere.origins);
        index.destinations.finish(&everywhere.destinations);
        index.purposes.finish(&everywhere.purposes);
        index.classes.finish(&everywhere.classes);
        index
    }

    /// Calls `visit` with each rule that may apply, in the order of numbers.
    pub(super) fn candidates(
        &self,
        origin: Option<Region>,
        destination: Option<Region>,
        purpose: PurposeRef,
        class: ClassRef,
        mut visit: impl FnMut(RuleRef),
    ) {
        let region = |at: Option<Region>| at.map_or(REGIONS, Region::index).min(REGIONS);
        let (origins, origin_words) = self.origins.row(region(origin));
        let (destinations, destination_words) = self.destinations.row(region(destination));
        let (purposes, purpose_words) = self.purposes.row(purpose.index());
        let (classes, class_words) = self.classes.row(class.index());
        let summaries =
            origin_words.iter().zip(destination_words).zip(purpose_words).zip(class_words);
        for ((((origin, destination), purpose), class), first) in
            summaries.zip((0usize..).step_by(64))
        {
            let mut words = origin & destination & purpose & class;
            while words != 0 {
                let word = first + words.trailing_zeros() as usize;
                words &= words - 1;
                let of = |row: &[u64]| row.get(word).copied().unwrap_or(0);
                let mut bits = of(origins) & of(destinations) & of(purposes) & of(classes);
                while bits != 0 {
                    let number = word * 64 + bits.trailing_zeros() as usize;
                    // Rule numbers are 16 bits wide.
                    visit(RuleRef(u16::try_from(number).unwrap_or(u16::MAX)));
                    bits &= bits - 1;
                }
            }
        }
    }
}

/// Rules that every value of a dimension selects, set into its rows at the end.
struct Everywhere {
    origins: Vec<u64>,
    destinations: Vec<u64>,
    purposes: Vec<u64>,
    classes: Vec<u64>,
}

impl Table {
    fn new(words: usize, values: usize) -> Self {
        Self { words, rows: vec![0; values * words], summaries: Vec::new() }
    }

    fn regions(
        &mut self,
        everywhere: &mut [u64],
        number: usize,
        within: Option<&RegionSet>,
        without: Option<&RegionSet>,
    ) {
        let excluded = |region: usize| without.is_some_and(|set| set.always_contains(region));
        match (within, without) {
            (None, None) => set(everywhere, number),
            // An unknown region is in no set, and outside of every one.
            (None, Some(_)) => self.select(number, 0..=REGIONS, |region| !excluded(region)),
            (Some(within), _) => self.select(number, within.indexes(), |region| !excluded(region)),
        }
    }

    fn select(
        &mut self,
        number: usize,
        values: impl Iterator<Item = usize>,
        selected: impl Fn(usize) -> bool,
    ) {
        for value in values.filter(|value| selected(*value)) {
            let start = value * self.words;
            if let Some(row) = self.rows.get_mut(start..start + self.words) {
                set(row, number);
            }
        }
    }

    fn finish(&mut self, everywhere: &[u64]) {
        if self.words == 0 {
            return;
        }
        for row in self.rows.chunks_mut(self.words) {
            for (word, more) in row.iter_mut().zip(everywhere) {
                *word |= more;
            }
            for words in row.chunks(64) {
                let summary =
                    words.iter().rev().fold(0, |bits, word| bits << 1 | u64::from(*word != 0));
                self.summaries.push(summary);
            }
        }
    }

    /// The row of a value and its summary.
    fn row(&self, value: usize) -> (&[u64], &[u64]) {
        let part = |all: &'_ [u64], length: usize| -> (usize, usize) {
            let start = (value * length).min(all.len());
            (start, (start + length).min(all.len()))
        };
        let (start, end) = part(&self.rows, self.words);
        let row = self.rows.get(start..end).unwrap_or_default();
        let (start, end) = part(&self.summaries, self.words.div_ceil(64));
        (row, self.summaries.get(start..end).unwrap_or_default())
    }
}

fn set(row: &mut [u64], number: usize) {
    if let Some(word) = row.get_mut(number / 64) {
        *word |= 1 << (number % 64);
    }
}
