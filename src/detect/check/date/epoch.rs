//! Moments as numbers: seconds, milliseconds or microseconds since 1970.

use jiff::{Timestamp, tz::Offset};

use super::{
    figures::is_of_digits,
    period::{Period, Periods},
};

/// Seconds or milliseconds since 1970, between 1900 and 2030.
pub(super) fn written(text: &str) -> Periods {
    // `/Date(321523200000+0000)/`, as services of .NET write it.
    let text = match text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        Some(inner) => inner.split('+').next().unwrap_or(inner),
        None => text,
    };
    let Ok(number) = text.parse::<i64>() else { return Periods::NONE };
    let is_one = match text.trim_start_matches('-').len() {
        7..=8 => number < 0,
        9..=10 => (-2_208_988_800..1_900_000_000).contains(&number),
        11..=13 => (-2_208_988_800_000..1_900_000_000_000).contains(&number),
        _ => false,
    };
    if is_one { Periods::one(day(text, number)) } else { Periods::NONE }
}

/// `1462060800.0`.
pub(super) fn with_a_fraction(text: &str) -> Periods {
    match text.split_once('.') {
        Some((whole, part)) if is_of_digits(part) => written(whole),
        _ => Periods::NONE,
    }
}

/// Microseconds since 1970, as schemas have them, between 1900 and 2030; or what JavaScript shows of a moment:
/// `Date(829267200000)`.
pub(super) fn of_a_program(text: &str) -> Periods {
    if let Some(inner) = text.strip_prefix("Date(").and_then(|rest| rest.strip_suffix(')')) {
        return written(inner);
    }
    let is_one = matches!(text.trim_start_matches('-').len(), 14..=16)
        && text
            .parse::<i64>()
            .is_ok_and(|number| (-2_208_988_800_000_000..1_900_000_000_000_000).contains(&number));
    if is_one { number(text) } else { Periods::NONE }
}

/// Days since 1970, as schemas write a date (Avro 1.12, logical types), or since the last of 1899, as spreadsheets do;
/// no number that a year may be.
pub(super) fn days(text: &str) -> Periods {
    /// Days from the one beginning to the other, and from 1970 to 2030.
    const BETWEEN: i64 = 25_569;
    const DAYS_MAX: i64 = 21_915;
    const SECONDS: i64 = 86_400;
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !matches!(digits.len(), 4 | 5) || !is_of_digits(digits) || digits.starts_with('0') {
        return Periods::NONE;
    }
    let Ok(number @ (..1700 | 2650..)) = text.parse::<i64>() else {
        return Periods::NONE;
    };
    let of = |days: i64| {
        let moment = Timestamp::from_second(days * SECONDS).ok();
        let moment = moment.filter(|_| (-BETWEEN..DAYS_MAX).contains(&days))?;
        let day = Offset::UTC.to_datetime(moment).date();
        Some(Period { first: day, last: day })
    };
    Periods::of([of(number), of(number - BETWEEN).filter(|_| number > 0)])
}

/// A number of any size, microseconds too.
pub(super) fn number(text: &str) -> Periods {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() < 7 || !is_of_digits(digits) {
        return Periods::NONE;
    }
    Periods::one(text.parse().ok().and_then(|number| day(text, number)))
}

fn day(text: &str, number: i64) -> Option<Period> {
    /// The first moment of 1900 and of 2100.
    const BOUNDS: std::ops::Range<i64> = -2_208_988_800..4_102_444_800;
    let seconds = match text.trim_start_matches('-').len() {
        ..=10 => number,
        11..=14 => number.div_euclid(1_000),
        _ => number.div_euclid(1_000_000),
    };
    let moment = Timestamp::from_second(seconds).ok().filter(|_| BOUNDS.contains(&seconds))?;
    let day = Offset::UTC.to_datetime(moment).date();
    Some(Period { first: day, last: day })
}
