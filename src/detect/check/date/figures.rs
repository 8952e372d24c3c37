//! Dates in figures, in any of the orders in use.

use super::period::{Period, Periods};

/// How years are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Calendar {
    Christian,
    /// Since the death of the Buddha, as Thailand counts.
    Buddhist,
}

impl Calendar {
    const BUDDHIST_BEFORE: u32 = 543;

    /// The year that we would say, if somebody may be born in it.
    fn year(self, year: u32) -> Option<u32> {
        let year = match self {
            Self::Christian => year,
            Self::Buddhist => year.checked_sub(Self::BUDDHIST_BEFORE)?,
        };
        (1900..2100).contains(&year).then_some(year)
    }

    fn of_either(year: u32) -> Option<u32> {
        Self::Christian.year(year).or_else(|| Self::Buddhist.year(year))
    }
}

/// Three numbers with one separator between them, year first or last.
pub(super) fn separated(text: &str) -> Periods {
    in_order(text, Calendar::Christian)
}

/// The same, or without separators, in years since the death of the Buddha.
pub(super) fn buddhist(text: &str) -> Periods {
    let date = text.split(['T', ' ']).next().unwrap_or(text);
    in_order(date, Calendar::Buddhist).or_else(|| without_separators(date, Calendar::Buddhist))
}

fn in_order(text: &str, calendar: Calendar) -> Periods {
    let Some(separator) = text.chars().find(|c| !c.is_ascii_digit()) else { return Periods::NONE };
    if !matches!(separator, '-' | '/' | '.') {
        return Periods::NONE;
    }
    let mut parts = text.split(separator);
    let (Some(a), Some(b), Some(c), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Periods::NONE;
    };
    let read = |part: &str| number(part).filter(|_| part.len() <= 4);
    let (Some(first), Some(second), Some(third)) = (read(a), read(b), read(c)) else {
        return Periods::NONE;
    };
    match (a.len(), c.len()) {
        (4, 1 | 2) => {
            Periods::one(calendar.year(first).and_then(|year| Period::day(year, second, third)))
        }
        (1 | 2, 4) => {
            let Some(year) = calendar.year(third) else { return Periods::NONE };
            Periods::of([Period::day(year, second, first), Period::day(year, first, second)])
        }
        (1 | 2, 2) if calendar == Calendar::Christian => Periods::short(&[
            (third, second, first),
            (third, first, second),
            (first, second, third),
        ]),
        _ => Periods::NONE,
    }
}

/// `YYYYMMDD`.
pub(super) fn year_first(text: &str) -> Periods {
    without_separators(text, Calendar::Christian)
}

fn without_separators(text: &str, calendar: Calendar) -> Periods {
    let number = number(text).filter(|_| text.len() == 8);
    Periods::one(number.and_then(|number| {
        let year = calendar.year(number / 10_000)?;
        Period::day(year, number / 100 % 100, number % 100)
    }))
}

/// `2016-05`, `05/2016`.
pub(super) fn month(text: &str) -> Periods {
    let Some((one, two)) = text.split_once(['-', '/', '.']) else { return Periods::NONE };
    let (year, month) = if one.len() == 4 { (one, two) } else { (two, one) };
    if year.len() != 4 || !(1..=2).contains(&month.len()) {
        return Periods::NONE;
    }
    let read = number(year).zip(number(month));
    Periods::one(read.and_then(|(year, month)| Period::month(year, month)))
}

/// `160501`, `010516`, `050116`.
pub(super) fn of_two_digits_each(text: &str) -> Periods {
    let Some(number) = number(text).filter(|_| text.len() == 6) else { return Periods::NONE };
    let (one, two, three) = (number / 10_000, number / 100 % 100, number % 100);
    Periods::short(&[(one, two, three), (three, two, one), (three, one, two)])
}

/// `20160501000000`, `20160501T000000Z`.
pub(super) fn with_a_time(text: &str) -> Periods {
    let (Some(day), Some(time)) = (text.get(..8), text.get(8..)) else { return Periods::NONE };
    let time = time.strip_prefix('T').unwrap_or(time).trim_end_matches('Z');
    let is_one = matches!(time.len(), 4 | 6 | 9)
        && is_of_digits(time)
        && time.get(..2).is_some_and(|hour| hour < "24");
    if is_one { year_first(day) } else { Periods::NONE }
}

/// `1996年4月12日`, `1996년 4월 12일`.
pub(super) fn east_asian(text: &str) -> Periods {
    let is_of_one = |c: char| c.is_ascii_digit() || c == ' ' || "年月日년월일생生".contains(c);
    if !text.contains(['年', '년']) || !text.chars().all(is_of_one) {
        return Periods::NONE;
    }
    let mut numbers = numbers(text).map(number);
    let mut next = || numbers.next().flatten();
    let (Some(year), Some(month), Some(day)) = (next(), next(), next()) else {
        return Periods::NONE;
    };
    Periods::one(Period::day(year, month, day))
}

/// Numbers with anything but words between them: `2016 5 1`, `24112016`, `201605`, `12.5.3`, the day before the month as
/// well.
pub(super) fn loose(text: &str) -> Periods {
    // A name of a month may stand anywhere between the numbers.
    if !text.chars().all(|c| !c.is_alphabetic() || "TZ年月日년월일생生".contains(c)) {
        return Periods::NONE;
    }
    let mut numbers = numbers(text);
    let Some(first) = numbers.next() else { return Periods::NONE };
    match (numbers.next(), numbers.next()) {
        (None, _) => run(first),
        (Some(_), _) if first.len() == 8 => run(first),
        (Some(second), None) => match (first.len(), second.len()) {
            (4, _) => month_of(first, second),
            (_, 4) => month_of(second, first),
            _ => Periods::NONE,
        },
        (Some(second), Some(third)) => three(first, second, third),
    }
}

/// The same with four digits of a year and no sign but these: `12041996`, `12 04 1996`, `1996_04_12`.
pub(super) fn loose_with_a_year(text: &str) -> Periods {
    if !text.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '_') {
        return Periods::NONE;
    }
    let mut numbers = numbers(text);
    let lengths = [numbers.next(), numbers.next(), numbers.next()].map(|it| it.map(str::len));
    match lengths {
        [Some(8), None, None]
        | [Some(4), Some(1 | 2), Some(1 | 2)]
        | [Some(1 | 2), Some(1 | 2), Some(4)]
            if numbers.next().is_none() =>
        {
            loose(text)
        }
        _ => Periods::NONE,
    }
}

/// `1996-103`, the day of a year (ISO 8601-1 §5.2.3).
pub(super) fn day_of_a_year(text: &str) -> Periods {
    let Some((year, day)) = text.split_once('-') else { return Periods::NONE };
    let is_one = year.len() == 4
        && day.len() == 3
        && number(day).is_some_and(|day| (1..=366).contains(&day));
    Periods::one(
        number(year)
            .filter(|_| is_one)
            .and_then(|year| Calendar::Christian.year(year))
            .and_then(Period::year),
    )
}

/// Digits with nothing between them.
fn run(digits: &str) -> Periods {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    match digits.len() {
        6 => month_of(part(0, 4), part(4, 6)),
        8 => three(part(0, 4), part(4, 6), part(6, 8))
            .or_else(|| three(part(0, 2), part(2, 4), part(4, 8))),
        12 | 14 | 17 => year_first(part(0, 8)),
        _ => Periods::NONE,
    }
}

fn three(first: &str, second: &str, third: &str) -> Periods {
    let (Some(a), Some(b), Some(c)) = (number(first), number(second), number(third)) else {
        return Periods::NONE;
    };
    match (first.len(), third.len()) {
        (4, _) => {
            let [month_first, day_first] = day_and_month(a, c, b);
            Periods::one(month_first.or(day_first))
        }
        (_, 4) => Periods::of(day_and_month(c, a, b)),
        (1 | 2, 1 | 2) if second.len() <= 2 => Periods::short(&[(a, b, c), (c, b, a), (c, a, b)]),
        _ => Periods::NONE,
    }
}

/// Of two numbers either may be the day; what `one` is as the day comes first.
fn day_and_month(year: u32, one: u32, two: u32) -> [Option<Period>; 2] {
    let year = Calendar::of_either(year);
    let of = |month, day| year.and_then(|year| Period::day(year, month, day));
    [of(two, one), of(one, two)]
}

fn month_of(year: &str, month: &str) -> Periods {
    let year = number(year).and_then(Calendar::of_either);
    Periods::one(year.zip(number(month)).and_then(|(year, month)| Period::month(year, month)))
}

/// A number of four digits that may be a year, whatever stands around it.
pub(super) fn year_anywhere(text: &str) -> Periods {
    let years = numbers(text).filter(|part| part.len() == 4).filter_map(number);
    Periods::one(years.filter_map(Calendar::of_either).find_map(Period::year))
}

pub(super) fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty())
}

pub(super) fn number(digits: &str) -> Option<u32> {
    is_of_digits(digits).then(|| digits.parse().ok())?
}

pub(super) fn is_of_digits(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}
