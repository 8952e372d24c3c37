//! Years counted from the first of an era.

use super::{
    figures::{number, numbers},
    period::{Period, Periods},
};

/// `昭和55年3月4日`, `平成元年5月1日`, `S55.3.4`, `民國79年5月3日`.
pub(super) fn day(text: &str) -> Periods {
    match read(text) {
        Some((year, Some(month), Some(day))) => Periods::one(Period::day(year, month, day)),
        _ => Periods::NONE,
    }
}

/// `昭和55年`, `平成28年5月`, `H28`.
pub(super) fn year(text: &str) -> Periods {
    Periods::one(read(text).and_then(|(year, month, _)| match month {
        Some(month) => Period::month(year, month),
        None => Period::year(year),
    }))
}

/// The year, and what follows of a month and a day.
fn read(text: &str) -> Option<(u32, Option<u32>, Option<u32>)> {
    let (rest, before) =
        ERAS.iter().find_map(|(era, before)| Some((text.strip_prefix(era)?, before)))?;
    let rest = rest.trim_start_matches([' ', '.']);
    let (is_first_year, rest) = match rest.strip_prefix('元') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let is_of_one = |c: char| c.is_ascii_digit() || " .-/年月日生".contains(c);
    if !rest.chars().all(is_of_one) {
        return None;
    }
    let mut numbers = numbers(rest).map(number);
    let mut next = || numbers.next().flatten();
    let year = if is_first_year { Some(1) } else { next().filter(|year| (1..=120).contains(year)) };
    Some((before + year?, next(), next()))
}

/// The year before the first of each era of Japan since 1868, and of the Republic of China.
const ERAS: [(&str, u32); 11] = [
    ("明治", 1867),
    ("大正", 1911),
    ("昭和", 1925),
    ("平成", 1988),
    ("令和", 2018),
    ("民國", 1911),
    ("民国", 1911),
    ("T", 1911),
    ("S", 1925),
    ("H", 1988),
    ("R", 2018),
];
