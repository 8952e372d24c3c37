//! What a date stands for: a day, or a month or a year of days.

use jiff::civil::Date;

use crate::detect::check::arithmetic;

/// From the first day to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub first: Date,
    pub last: Date,
}

impl Period {
    /// A day between 1900 and 2099.
    pub(super) fn day(year: u32, month: u32, day: u32) -> Option<Self> {
        let day = date(year, month, day)?;
        Some(Self { first: day, last: day })
    }

    pub(super) fn month(year: u32, month: u32) -> Option<Self> {
        let first = date(year, month, 1)?;
        Some(Self { first, last: first.last_of_month() })
    }

    pub(super) fn year(year: u32) -> Option<Self> {
        let first = date(year, 1, 1)?;
        Some(Self { first, last: first.last_of_year() })
    }
}

/// Asked first, since what jiff says of one that is none is put together at a cost.
fn date(year: u32, month: u32, day: u32) -> Option<Date> {
    if !arithmetic::is_birth_date(year, month, day) {
        return None;
    }
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// As many as one text may stand for: three orders of its numbers in two centuries.
const PERIODS_MAX: usize = 6;

/// The periods that a text may stand for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Periods([Option<Period>; PERIODS_MAX]);

impl Periods {
    pub(super) const NONE: Self = Self([None; PERIODS_MAX]);

    pub(super) fn of(periods: impl IntoIterator<Item = Option<Period>>) -> Self {
        let mut found = Self::NONE;
        for (place, period) in found.0.iter_mut().zip(periods.into_iter().filter(Option::is_some)) {
            *place = period;
        }
        found
    }

    pub(super) fn one(period: Option<Period>) -> Self {
        let mut found = Self::NONE;
        let [first, ..] = &mut found.0;
        *first = period;
        found
    }

    /// The days of these numbers, year, month and day, in both centuries that two digits may be of.
    pub(super) fn short(orders: &[(u32, u32, u32)]) -> Self {
        Self::of(orders.iter().flat_map(|(year, month, day)| {
            [2000, 1900].map(|century| Period::day(century + year, *month, *day))
        }))
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self.0, [None, ..])
    }

    pub(super) fn or_else(self, others: impl FnOnce() -> Self) -> Self {
        if self.is_empty() { others() } else { self }
    }
}

impl IntoIterator for Periods {
    type Item = Period;
    type IntoIter = std::iter::Flatten<std::array::IntoIter<Option<Period>, PERIODS_MAX>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().flatten()
    }
}
