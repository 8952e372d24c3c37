//! Dates made coarser or shifted, in the form they were written in.
//!
//! Three numbers with separators (`1996-04-12`, `12/04/1996`, `1996年4月12日`), eight digits, a time behind
//! them, and seconds or milliseconds since 1970. Where day and month could be either, the day comes
//! first. Names of months and years of two digits are not read.

use std::ops::Range;

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Year,
    Month,
}

/// Writes the date coarser: the day, and perhaps the month, become 1, and the time 0. False when `text`
/// is no date.
pub(super) fn generalise(text: &str, keep: Keep, out: &mut String) -> bool {
    let coarse = |date: Date| match keep {
        Keep::Year => Date::new(date.year(), 1, 1),
        Keep::Month => Date::new(date.year(), date.month(), 1),
    };
    if let Some((date, unit)) = epoch(text) {
        return coarse(date).is_ok_and(|date| write_epoch(date, 0, unit, out));
    }
    let Some(written) = Written::read(text) else { return false };
    let Ok(date) = coarse(written.date) else { return false };
    let mut day = String::new();
    written.write(text, date, &mut day);
    let time = written.end.min(day.len());
    let (day, time) = day.split_at_checked(time).unwrap_or((&day, ""));
    out.push_str(day);
    out.extend(time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }));
    true
}

/// Writes the date `days` later. False when `text` is no whole date, or would be none any more.
pub(super) fn shift(text: &str, days: i64, out: &mut String) -> bool {
    if let Some((date, unit)) = epoch(text) {
        let Ok(number) = text.trim().parse::<i64>() else { return false };
        let within = number.rem_euclid(86_400 * unit);
        return date
            .checked_add(days.days())
            .is_ok_and(|date| write_epoch(date, within, unit, out));
    }
    let Some(written) = Written::read(text).filter(|written| written.day.is_some()) else {
        return false;
    };
    let Ok(date) = written.date.checked_add(days.days()) else { return false };
    // A year of five digits would not fit.
    if !(1..=9_999).contains(&date.year()) {
        return false;
    }
    written.write(text, date, out);
    true
}

/// A date and where its parts stand in the text.
struct Written {
    date: Date,
    year: Range<usize>,
    month: Range<usize>,
    day: Option<Range<usize>>,
    /// Past the date, where a time may follow.
    end: usize,
}

impl Written {
    fn read(text: &str) -> Option<Self> {
        let start = text.len() - text.trim_start().len();
        let first = run(text, start)?;
        if first.len() == 8 {
            let [year, month, day] =
                [first.start..start + 4, start + 4..start + 6, start + 6..start + 8];
            return Self::of(text, year, month, Some(day), first.end);
        }
        let (second, _) = next(text, first.end, &['-', '/', '.', '年'])?;
        let third = next(text, second.end, &['-', '/', '.', '月']);
        match third {
            Some((third, _)) if first.len() == 4 => {
                Self::of(text, first, second, Some(third.clone()), third.end)
            }
            Some((third, _)) if third.len() == 4 => {
                let is_american = number(text, &second)? > 12;
                let (day, month) = if is_american { (second, first) } else { (first, second) };
                let end = third.end;
                Self::of(text, third, month, Some(day), end)
            }
            None if first.len() == 4 => {
                let end = second.end;
                Self::of(text, first, second, None, end)
            }
            Some(_) | None => None,
        }
    }

    fn of(
        text: &str,
        year: Range<usize>,
        month: Range<usize>,
        day: Option<Range<usize>>,
        end: usize,
    ) -> Option<Self> {
        let is_short = |range: &Range<usize>| (1..=2).contains(&range.len());
        let rest = text.get(end..)?;
        let ends =
            rest.is_empty() || rest.starts_with(['T', 't', ' ', ',', '日', '月', '\n', '\r']);
        if !ends || !is_short(&month) || !day.as_ref().is_none_or(is_short) {
            return None;
        }
        let narrow = |range: &Range<usize>| i8::try_from(number(text, range)?).ok();
        let on = match &day {
            Some(day) => narrow(day)?,
            None => 1,
        };
        let date = Date::new(number(text, &year)?, narrow(&month)?, on).ok()?;
        (date.year() > 0).then_some(Self { date, year, month, day, end })
    }

    fn write(&self, text: &str, date: Date, out: &mut String) {
        let mut parts =
            vec![(self.year.clone(), date.year()), (self.month.clone(), date.month().into())];
        parts.extend(self.day.clone().map(|day| (day, date.day().into())));
        parts.sort_by_key(|(range, _)| range.start);
        let mut at = 0;
        for (range, number) in parts {
            out.push_str(text.get(at..range.start).unwrap_or_default());
            out.push_str(&format!("{number:0width$}", width = range.len()));
            at = range.end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
    }
}

/// The run of digits at `at`.
fn run(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    (length > 0).then_some(at..at + length)
}

/// The run of digits behind one of `separators`.
fn next(text: &str, at: usize, separators: &[char]) -> Option<(Range<usize>, char)> {
    let separator = text.get(at..)?.chars().next().filter(|c| separators.contains(c))?;
    Some((run(text, at + separator.len_utf8())?, separator))
}

fn number(text: &str, range: &Range<usize>) -> Option<i16> {
    text.get(range.clone())?.parse().ok()
}

/// The day of seconds or milliseconds since 1970, and how many of them make a second.
fn epoch(text: &str) -> Option<(Date, i64)> {
    let text = text.trim();
    let unit = match text.len() {
        10 => 1,
        13 => 1_000,
        _ => return None,
    };
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = text.parse::<i64>().ok()?.div_euclid(unit);
    let instant = Timestamp::from_second(seconds).ok()?;
    Some((instant.to_zoned(TimeZone::UTC).date(), unit))
}

fn write_epoch(date: Date, within: i64, unit: i64, out: &mut String) -> bool {
    let Ok(midnight) = date.to_zoned(TimeZone::UTC) else { return false };
    let Some(number) =
        midnight.timestamp().as_second().checked_mul(unit).and_then(|it| it.checked_add(within))
    else {
        return false;
    };
    if number < 0 {
        return false;
    }
    out.push_str(&number.to_string());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_made_coarser_in_its_own_form() {
        for (text, year, month) in [
            ("1996-04-12", "1996-01-01", "1996-04-01"),
            ("12/04/1996", "01/01/1996", "01/04/1996"),
            ("4/25/1996", "1/01/1996", "4/01/1996"),
            ("19960412", "19960101", "19960401"),
            ("1996年4月12日", "1996年1月01日", "1996年4月01日"),
            (
                "1996-04-12T10:32:11.250+05:00",
                "1996-01-01T00:00:00.000+00:00",
                "1996-04-01T00:00:00.000+00:00",
            ),
            ("1996-04", "1996-01", "1996-04"),
            // 2020-09-13T12:26:40Z.
            ("1600000000", "1577836800", "1598918400"),
            ("1600000000123", "1577836800000", "1598918400000"),
        ] {
            for (keep, expected) in [(Keep::Year, year), (Keep::Month, month)] {
                let mut out = String::new();
                assert!(generalise(text, keep, &mut out), "{text}");
                assert_eq!(out, expected, "{text}");
            }
        }
        for text in [
            "",
            "April 12",
            "1996-13-01",
            "1996-02-30",
            "12/04/96",
            "1996-04-12abc",
            "12345678",
            "0000-01-01",
        ] {
            assert!(!generalise(text, Keep::Year, &mut String::new()), "{text}");
        }
    }

    #[test]
    fn a_date_is_shifted_over_months_years_and_leap_days() {
        for (text, days, expected) in [
            ("1996-02-28", 1, "1996-02-29"),
            ("1997-02-28", 1, "1997-03-01"),
            ("2000-01-01", -1, "1999-12-31"),
            ("31/12/1999", 1, "01/01/2000"),
            ("12/31/1999", 1, "01/01/2000"),
            ("19991231T235959Z", 1, "20000101T235959Z"),
            ("1996-04-12 10:32", -12, "1996-03-31 10:32"),
            ("1600000000", 2, "1600172800"),
            ("1600000000123", -1, "1599913600123"),
        ] {
            let mut out = String::new();
            assert!(shift(text, days, &mut out), "{text}");
            assert_eq!(out, expected, "{text}");
            let mut back = String::new();
            assert!(shift(&out, -days, &mut back), "{text}");
            if text != "12/31/1999" {
                assert_eq!(back, text);
            }
        }
        for (text, days) in
            [("1996-04", 1), ("9999-12-31", 1), ("0001-01-01", -1), ("soon", 1), ("0000000001", -1)]
        {
            assert!(!shift(text, days, &mut String::new()), "{text}");
        }
    }
}
