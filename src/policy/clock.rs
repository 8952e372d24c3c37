//! The time of a transfer, as rules ask after it. Whatever is asked narrows a stretch of time around it: a
//! transfer of any other instant of the stretch, alike in all else, would have had the same answers, and
//! so been judged alike.

use std::cell::Cell;

use super::{Period, Timestamp};

pub(super) struct Clock {
    now: Option<Timestamp>,
    holds: Cell<Stretch>,
}

/// Times of transfers, half-open; or that the time is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    is_known: bool,
    from: Timestamp,
    /// For ever where there is none.
    until: Option<Timestamp>,
}

impl Stretch {
    const ALWAYS: Self =
        Self { is_known: true, from: Timestamp(jiff::Timestamp::MIN), until: None };

    pub(super) fn contains(&self, now: Option<Timestamp>) -> bool {
        match now {
            Some(now) => {
                self.is_known && self.from <= now && self.until.is_none_or(|until| now < until)
            }
            None => !self.is_known,
        }
    }

    #[must_use]
    fn from(self, at: Timestamp) -> Self {
        Self { from: self.from.max(at), ..self }
    }

    #[must_use]
    fn until(self, at: Timestamp) -> Self {
        Self { until: Some(self.until.map_or(at, |until| until.min(at))), ..self }
    }
}

impl Clock {
    pub(super) fn new(now: Option<Timestamp>) -> Self {
        let holds = Stretch { is_known: now.is_some(), ..Stretch::ALWAYS };
        Self { now, holds: Cell::new(holds) }
    }

    /// When all that was asked so far would have been answered the same.
    pub(super) fn holds(&self) -> Stretch {
        self.holds.get()
    }

    pub(super) fn is_known(&self) -> bool {
        self.now.is_some()
    }

    /// It is this instant or later.
    pub(super) fn has_come(&self, at: Timestamp) -> bool {
        let Some(now) = self.now else { return false };
        let (has_come, holds) = (at <= now, self.holds.get());
        self.holds.set(if has_come { holds.from(at) } else { holds.until(at) });
        has_come
    }

    /// It is earlier.
    pub(super) fn is_before(&self, at: Timestamp) -> bool {
        self.is_known() && !self.has_come(at)
    }

    /// It is later.
    pub(super) fn is_past(&self, at: Timestamp) -> bool {
        let next = at.0.checked_add(jiff::SignedDuration::from_nanos(1));
        next.is_ok_and(|next| self.has_come(Timestamp(next)))
    }

    /// Inside the window.
    pub(super) fn is_in(&self, from: Option<Timestamp>, until: Option<Timestamp>) -> bool {
        self.is_known()
            && from.is_none_or(|from| self.has_come(from))
            && until.is_none_or(|until| self.is_before(until))
    }

    /// It is no later than this long after `start`.
    pub(super) fn is_within(&self, period: Period, start: Timestamp) -> bool {
        let Some(now) = self.now else { return false };
        let (is_within, holds) = (period.reaches(start, now), self.holds.get());
        self.holds.set(if is_within {
            holds.until(period.after(start).max(after(now)))
        } else {
            // Once it is over it stays over.
            holds.from(now)
        });
        is_within
    }

    /// The time, of which only the day of UTC matters.
    pub(super) fn day(&self) -> Option<Timestamp> {
        let now = self.now?;
        let day = now.0.to_zoned(jiff::tz::TimeZone::UTC);
        let (start, end) = (day.start_of_day(), day.tomorrow().and_then(|it| it.start_of_day()));
        match (start, end) {
            (Ok(start), Ok(end)) => {
                let holds = self.holds.get().from(Timestamp(start.timestamp()));
                self.holds.set(holds.until(Timestamp(end.timestamp())));
                Some(now)
            }
            (Ok(_) | Err(_), _) => self.instant(),
        }
    }

    /// The time, every bit of which may matter.
    pub(super) fn instant(&self) -> Option<Timestamp> {
        let now = self.now?;
        self.holds.set(self.holds.get().from(now).until(after(now)));
        Some(now)
    }
}

/// The next instant.
fn after(at: Timestamp) -> Timestamp {
    Timestamp(at.0.saturating_add(jiff::SignedDuration::from_nanos(1)).unwrap_or(at.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp(jiff::Timestamp::from_second(second).unwrap())
    }

    #[derive(Debug, Clone)]
    enum Asked {
        HasCome(i64),
        IsBefore(i64),
        IsPast(i64),
        IsIn(Option<i64>, Option<i64>),
        IsWithin(Period, i64),
        Day,
        Instant,
    }

    fn answer(clock: &Clock, asked: &Asked) -> String {
        let date = |at: Timestamp| at.0.to_zoned(jiff::tz::TimeZone::UTC).date();
        match asked {
            Asked::HasCome(second) => clock.has_come(at(*second)).to_string(),
            Asked::IsBefore(second) => clock.is_before(at(*second)).to_string(),
            Asked::IsPast(second) => clock.is_past(at(*second)).to_string(),
            Asked::IsIn(from, until) => clock.is_in(from.map(at), until.map(at)).to_string(),
            Asked::IsWithin(period, start) => clock.is_within(*period, at(*start)).to_string(),
            Asked::Day => format!("{:?}", clock.day().map(date)),
            Asked::Instant => format!("{:?}", clock.instant()),
        }
    }

    /// Within three years, on a grid where instants meet.
    fn any_second() -> impl Strategy<Value = i64> {
        (0i64..3 * 366 * 4).prop_map(|quarters| 1_700_006_400 + quarters * 21_600)
    }

    fn any_asked() -> impl Strategy<Value = Asked> {
        let period = prop_oneof![
            (0u16..3).prop_map(Period::Years),
            (0u16..20).prop_map(Period::Months),
            (0u16..400).prop_map(Period::Days),
            (0u16..30).prop_map(Period::WorkingDays),
        ];
        prop_oneof![
            any_second().prop_map(Asked::HasCome),
            any_second().prop_map(Asked::IsBefore),
            any_second().prop_map(Asked::IsPast),
            (prop::option::of(any_second()), prop::option::of(any_second()))
                .prop_map(|(from, until)| Asked::IsIn(from, until)),
            (period, any_second()).prop_map(|(period, start)| Asked::IsWithin(period, start)),
            Just(Asked::Day),
            Just(Asked::Instant),
        ]
    }

    proptest! {
        #[test]
        fn at_every_instant_of_the_stretch_the_answers_are_the_same(
            now in prop::option::weighted(0.95, any_second()),
            asked in prop::collection::vec(any_asked(), 0..4),
            others in prop::collection::vec((any_second(), -1i64..=1), 32),
        ) {
            let clock = Clock::new(now.map(at));
            let answers: Vec<String> = asked.iter().map(|it| answer(&clock, it)).collect();
            let holds = clock.holds();
            prop_assert!(holds.contains(now.map(at)));
            prop_assert_eq!(holds.contains(None), now.is_none());
            for (second, nanosecond) in others {
                let other = at(second).0 + jiff::SignedDuration::from_nanos(nanosecond);
                let other = Some(Timestamp(other));
                if holds.contains(other) {
                    let then = Clock::new(other);
                    let now: Vec<String> = asked.iter().map(|it| answer(&then, it)).collect();
                    prop_assert_eq!(&answers, &now, "{:?}", other);
                }
            }
        }
    }

    #[test]
    fn what_was_asked_bounds_the_stretch_and_nothing_else_does() {
        let clock = Clock::new(Some(at(50)));
        assert_eq!(clock.holds(), Stretch::ALWAYS);
        assert!(clock.has_come(at(10)) && clock.is_before(at(90)));
        assert!(clock.has_come(at(20)) && clock.is_before(at(80)));
        for (second, is) in [(19, false), (20, true), (79, true), (80, false)] {
            assert_eq!(clock.holds().contains(Some(at(second))), is, "{second}");
        }
    }
}
