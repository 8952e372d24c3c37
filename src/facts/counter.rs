//! Exact counts of distinct subjects: their scopes, windows and days.
//!
//! A count is a set: for each scope, the subjects and the last day each was counted on. Its size over a
//! window is the number of subjects whose last day is in it, so one set serves a calendar year and a
//! rolling window alike, somebody seen twice counts once, and nothing has to be taken out as time passes.

use jiff::{ToSpan as _, civil::Date, tz::Offset};

use super::Pseudonym;
use crate::policy::{CounterWindow, Timestamp};

/// Days since 2020-01-01; the store keeps them as two bytes, enough until 2199.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub u16);

impl Day {
    const FIRST: Date = jiff::civil::date(2020, 1, 1);

    /// The first or last day there is for a date before or after all of them.
    pub fn of(date: Date) -> Self {
        let days = date.since(Self::FIRST).map_or(0, |span| span.get_days());
        Self(u16::try_from(days.max(0)).unwrap_or(u16::MAX))
    }

    pub(crate) fn today() -> Self {
        Self::of(Offset::UTC.to_datetime(jiff::Timestamp::now()).date())
    }

    /// The day of `at`, and the first day that counts: a calendar year by the clock of its law
    /// (CAC Order 16 art. 7 and 8), everything else in UTC. The first day of a rolling window counts
    /// whole (28 CFR 202.205), so a count may err high by the people of part of a day.
    pub fn window(window: CounterWindow, at: Timestamp) -> (Self, Self) {
        let offset = match window {
            CounterWindow::CalendarYear { offset_minutes } => {
                Offset::from_seconds(offset_minutes * 60).unwrap_or(Offset::UTC)
            }
            CounterWindow::Last(_) => Offset::UTC,
        };
        let day = |at: Timestamp| Self::of(offset.to_datetime(at.0).date());
        (day(at), day(window.start(at)))
    }

    pub(crate) fn date(self) -> Date {
        Self::FIRST.saturating_add(i32::from(self.0).days())
    }
}

/// What is counted apart from everything else: a counter of one exporter, towards one recipient or all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountScope {
    /// `cn_ytd_ordinary`, `us_bulk.health`.
    pub counter: String,
    pub exporter: String,
    /// `None`: all recipients together.
    pub recipient: Option<String>,
}

impl CountScope {
    /// Who exports where nobody says who: a gateway is one company's, as a rule.
    pub(crate) const DEFAULT_EXPORTER: &'static str = "own";

    const SEPARATOR: char = '\u{1f}';

    pub(super) fn key(&self) -> String {
        let recipient = self.recipient.as_deref().unwrap_or("");
        let part = |text: &str| text.replace(Self::SEPARATOR, " ");
        [part(&self.counter), part(&self.exporter), part(recipient)].join("\u{1f}")
    }

    pub(super) fn from_key(key: &str) -> Self {
        let mut parts = key.split(Self::SEPARATOR).map(str::to_owned);
        Self {
            counter: parts.next().unwrap_or_default(),
            exporter: parts.next().unwrap_or_default(),
            recipient: parts.next().filter(|recipient| !recipient.is_empty()),
        }
    }
}

/// Asks what a count would be with these subjects in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountQuery {
    pub scope: CountScope,
    /// The first day that counts.
    pub since: Day,
    /// Each by its identifiers, the preferred first.
    pub subjects: Vec<Vec<Pseudonym>>,
}

/// Counts these subjects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Increment {
    pub query: CountQuery,
    pub today: Day,
    /// The largest count for which the decision holds; the reservation is refused beyond it.
    pub at_most: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CAC Order 16 counts from 1 January; the year turns in Beijing eight hours before it does in UTC.
    #[test]
    fn the_year_turns_in_its_own_time_zone() {
        let window = CounterWindow::CalendarYear { offset_minutes: 480 };
        for (at, today, since) in [
            ("2026-12-31T15:59:59Z", "2026-12-31", "2026-01-01"),
            ("2026-12-31T16:00:00Z", "2027-01-01", "2027-01-01"),
            ("2026-06-15T00:00:00Z", "2026-06-15", "2026-01-01"),
        ] {
            let (day, first) = Day::window(window, at.parse().unwrap());
            let dates = (day.date().to_string(), first.date().to_string());
            assert_eq!(dates, (today.to_owned(), since.to_owned()), "{at}");
        }
    }

    #[test]
    fn a_day_beyond_the_calendar_is_its_end() {
        assert_eq!(Day::of(jiff::civil::date(1999, 5, 5)), Day(0));
        assert_eq!(Day::of(jiff::civil::date(2020, 1, 2)), Day(1));
        assert_eq!(Day::of(jiff::civil::date(2300, 1, 1)), Day(u16::MAX));
        assert_eq!(Day(2_557).date(), jiff::civil::date(2027, 1, 1));
    }

    #[test]
    fn a_scope_reads_back_from_its_key() {
        for recipient in [None, Some("mi-dc-beijing".to_owned())] {
            let scope =
                CountScope { counter: "us_bulk.health".into(), exporter: "shop".into(), recipient };
            assert_eq!(CountScope::from_key(&scope.key()), scope);
        }
    }
}
