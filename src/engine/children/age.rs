//! How old somebody is, as payloads tell it: an age, a range of ages, a bound, a word for a child, or the day of a birth
//! in the ways days are written. What can be read in several ways is read as the youngest it may be.

use jiff::{civil::Date, tz::TimeZone};

use crate::detect::{folded, is_word_for_a_child};

/// Numbers in one text; a day with its time has six.
const NUMBERS_MAX: usize = 8;
/// The highest age of majority (Singapore, Egypt): an upper bound beyond it is no child's.
const MAJORITY_MAX: u32 = 21;

/// In whole years.
pub(super) fn years(text: &str, today: Date) -> Option<u32> {
    let folded = folded(text);
    let text = folded.trim();
    if is_word_for_a_child(text) {
        return Some(0);
    }
    let numbers: Vec<&str> = numbers(text).take(NUMBERS_MAX).collect();
    let is_short = numbers.len() <= 2 && numbers.iter().all(|number| number.len() <= 3);
    // `令和元年5月1日` has two numbers as well.
    let is_of_an_era = ERAS.iter().any(|(era, _)| !era.is_ascii() && text.starts_with(era));
    if is_short && !is_of_an_era && of_an_airline(text, &numbers).is_none() {
        return told(&text.to_lowercase(), &numbers);
    }
    let days = Days { text, numbers: &numbers };
    // Of what may be in a period, its end is the youngest there is.
    let born = days.all().filter(|(first, _)| *first <= today).map(|(_, last)| last.min(today));
    let born = born.max()?;
    let had_no_birthday = (today.month(), today.day()) < (born.month(), born.day());
    let years = i32::from(today.year()) - i32::from(born.year()) - i32::from(had_no_birthday);
    u32::try_from(years).ok()
}

fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty())
}

/// `9`, `9.5`, `9 years`, `18 months`; of `13-17` and `13+` the lower end. `under 18` is any age below, and `under 65`
/// is nobody's in particular.
fn told(text: &str, numbers: &[&str]) -> Option<u32> {
    let (first, last) = (numbers.first()?, numbers.last()?);
    let is_bound = UPPER.iter().any(|words| text.contains(words)) || is_less(text);
    let years = if numbers.len() == 2 && (is_bound || is_range(text)) {
        let unit = text.rsplit_once(last)?.1;
        in_years(first, unit)?.min(in_years(last, unit)?)
    } else {
        in_years(first, text.split_once(first)?.1)?
    };
    if numbers.len() == 1 && is_bound {
        let end = years + u32::from(INCLUSIVE.iter().any(|words| text.contains(words)));
        return (end <= MAJORITY_MAX).then_some(0);
    }
    (years <= 150).then_some(years)
}

/// Whether nothing but a sign or a word for `to` stands between two numbers.
fn is_range(text: &str) -> bool {
    let between = text.trim_matches(|c: char| !c.is_ascii_digit());
    let between = between.trim_matches(|c: char| c.is_ascii_digit()).trim();
    ["-", "–", "—", "~", "〜", "～", "/", "to", "a", "à", "bis", "до", "至", "到", "and"]
        .contains(&between)
}

/// `-18 ans`; a bare `-1` is what databases write of what they do not know.
fn is_less(text: &str) -> bool {
    text.starts_with('-') && text.contains(char::is_alphabetic)
}

/// A number of years, or of the months that `unit` says it is of.
fn in_years(number: &str, unit: &str) -> Option<u32> {
    const MONTHS: [&str; 10] =
        ["mo", "mes", "mês", "мес", "个月", "個月", "개월", "ヶ月", "か月", "ay"];
    let number: u32 = number.parse().ok()?;
    let is_of_months = MONTHS.iter().any(|months| unit.trim_start().starts_with(months));
    Some(if is_of_months { number / 12 } else { number })
}

/// What says that an age is at most a number, or below it.
#[rustfmt::skip]
const UPPER: [&str; 35] = [
    "<", "≤", "under", "below", "less", "younger", "up to", "at most", "max", "unter", "jünger", "höchstens", "moins",
    "jusqu", "menor", "menos", "hasta", "até", "meno di", "sotto", "fino a", "onder", "poniżej", "до", "младше", "моложе",
    "未満", "未满", "未滿", "不满", "不滿", "以下", "미만", "이하", "dưới",
];
/// Those of them that mean the number as well.
#[rustfmt::skip]
const INCLUSIVE: [&str; 24] = [
    "<=", "=<", "≤", "or younger", "and younger", "or under", "and under", "or below", "and below", "or less", "up to",
    "at most", "max", "oder jünger", "und jünger", "höchstens", "et moins", "ou moins", "jusqu", "hasta", "até", "fino a",
    "以下", "이하",
];

/// The days that a text may stand for, each as the first and the last of a period.
struct Days<'t> {
    text: &'t str,
    numbers: &'t [&'t str],
}

type Period = (Date, Date);

impl<'t> Days<'t> {
    fn all(&self) -> impl Iterator<Item = Period> {
        let ticks = self.text.strip_prefix("/Date(").and_then(|rest| rest.split([')', '+']).next());
        let alone = match ticks {
            Some(ticks) => moment(ticks).into_iter().map(of_day).collect(),
            None => self.of_one_number(),
        };
        let found = if alone.is_empty() {
            self.of_an_era().unwrap_or_else(|| self.of_parts())
        } else {
            alone
        };
        found.into_iter()
    }

    /// `20160501`, `160501`, `20160501000000`, `201605`, `2016`; seconds, milliseconds or microseconds since 1970.
    fn of_one_number(&self) -> Vec<Period> {
        let whole = self.text.split_once('.').map_or(self.text, |(whole, part)| {
            if part.bytes().all(|byte| byte.is_ascii_digit()) { whole } else { self.text }
        });
        let digits = whole.strip_prefix('-').unwrap_or(whole);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Vec::new();
        }
        let mut found = Vec::new();
        if whole.len() == digits.len() {
            found.extend(compact(digits));
        }
        if digits.len() >= 7 && (found.is_empty() || digits.len() == 12) {
            found.extend(moment(whole).map(of_day));
        }
        found
    }

    /// `平成28年5月1日`, `H28.5.1`, `令和元年5月1日`.
    fn of_an_era(&self) -> Option<Vec<Period>> {
        let (era, before) = ERAS.iter().find(|(era, _)| self.text.starts_with(era))?;
        let rest = self.text.get(era.len()..)?.trim_start_matches([' ', '.']);
        if !rest.starts_with(|c: char| c.is_ascii_digit() || c == '元') {
            return None;
        }
        let mut parts = numbers(rest).map(|part| part.parse::<i16>().ok());
        let year = if rest.starts_with('元') { Some(1) } else { parts.next()? };
        let mut part = || parts.next().flatten().and_then(|part| i8::try_from(part).ok());
        let year = year? + before;
        Some(match (part(), part()) {
            (Some(month), Some(day)) => {
                Date::new(year, month, day).map(of_day).into_iter().collect()
            }
            (_, _) => of_year(year).into_iter().collect(),
        })
    }

    fn of_parts(&self) -> Vec<Period> {
        if let Some(found) = of_an_airline(self.text, self.numbers) {
            return found;
        }
        // A name of a month may stand anywhere between the numbers.
        let is_of_days = |c: char| !c.is_alphabetic() || "TZ年月日년월일생生".contains(c);
        let numbers = if self.text.chars().all(is_of_days) { self.numbers } else { &[] };
        let mut found = Vec::new();
        match numbers {
            [first, ..] if first.len() == 8 => found.extend(compact(first)),
            [year, month] if year.len() == 4 => found.extend(of_month(year, month)),
            [month, year] if year.len() == 4 => found.extend(of_month(year, month)),
            [a, b, c, ..] if a.len() == 4 => found.extend(day(a, b, c).or_else(|| day(a, c, b))),
            [a, b, c, ..] if c.len() == 4 => {
                found.extend(day(c, b, a).into_iter().chain(day(c, a, b)))
            }
            [a, b, c, ..] if [a, b, c].iter().all(|part| part.len() <= 2) => {
                found.extend(short(a, b, c));
            }
            _ => {}
        }
        if found.is_empty() {
            let years = self.numbers.iter().filter(|number| number.len() == 4);
            found.extend(years.filter_map(|year| of_year(calendar(year)?)).take(1));
        }
        found
    }
}

/// Digits with nothing between them.
fn compact(digits: &str) -> Vec<Period> {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    match digits.len() {
        4 => calendar(digits).and_then(of_year).into_iter().collect(),
        6 => {
            let short = short(part(0, 2), part(2, 4), part(4, 6));
            short.into_iter().chain(of_month(part(0, 4), part(4, 6))).collect()
        }
        8 => {
            let from_year = day(part(0, 4), part(4, 6), part(6, 8));
            let to_year = || {
                let year = part(4, 8);
                let (one, two) = (part(0, 2), part(2, 4));
                day(year, two, one).into_iter().chain(day(year, one, two)).collect()
            };
            from_year.map_or_else(to_year, |day| vec![day])
        }
        12 | 14 | 17 => day(part(0, 4), part(4, 6), part(6, 8)).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// `12APR16`, as airlines write days.
fn of_an_airline(text: &str, numbers: &[&str]) -> Option<Vec<Period>> {
    const MONTHS: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let [day, year] = numbers else { return None };
    let name = text.strip_prefix(day)?.strip_suffix(year)?;
    let month = MONTHS.iter().position(|month| *month == name)? + 1;
    let month = i8::try_from(month).ok()?;
    Some(
        centuries(year)
            .filter_map(|year| Date::new(year, month, day.parse().ok()?).ok())
            .map(of_day)
            .collect(),
    )
}

/// Three numbers of two digits, in any of the orders in use.
fn short(a: &str, b: &str, c: &str) -> Vec<Period> {
    let part = |text: &str| text.parse::<i8>().ok();
    let (Some(first), Some(second), Some(third)) = (part(a), part(b), part(c)) else {
        return Vec::new();
    };
    let from_year = centuries(a).filter_map(|year| Date::new(year, second, third).ok());
    let to_year = centuries(c).flat_map(|year| {
        [Date::new(year, second, first), Date::new(year, first, second)].into_iter().flatten()
    });
    from_year.chain(to_year).map(of_day).collect()
}

fn centuries(year: &str) -> impl Iterator<Item = i16> {
    let year = year.parse::<i16>().ok();
    year.into_iter().flat_map(|year| [2000 + year, 1900 + year])
}

fn day(year: &str, month: &str, day: &str) -> Option<Period> {
    Date::new(calendar(year)?, month.parse().ok()?, day.parse().ok()?).ok().map(of_day)
}

fn of_day(day: Date) -> Period {
    (day, day)
}

fn of_month(year: &str, month: &str) -> Option<Period> {
    let first = Date::new(calendar(year)?, month.parse().ok()?, 1).ok()?;
    Some((first, first.last_of_month()))
}

fn of_year(year: i16) -> Option<Period> {
    let first = Date::new(year, 1, 1).ok()?;
    Some((first, first.last_of_year()))
}

/// A year as somebody alive may have been born in, also as Thailand counts them.
fn calendar(year: &str) -> Option<i16> {
    /// Years since the death of the Buddha, less those since Christ's birth.
    const BUDDHIST: i16 = 543;
    let year: i16 = year.parse().ok()?;
    let year = if year >= 1900 + BUDDHIST { year - BUDDHIST } else { year };
    (1900..2100).contains(&year).then_some(year)
}

fn moment(text: &str) -> Option<Date> {
    let number: i64 = text.parse().ok()?;
    let instant = match text.trim_start_matches('-').len() {
        ..=10 => jiff::Timestamp::from_second(number),
        11..=14 => jiff::Timestamp::from_millisecond(number),
        _ => jiff::Timestamp::from_microsecond(number),
    };
    let date = instant.ok()?.to_zoned(TimeZone::UTC).date();
    (date >= jiff::civil::date(1900, 1, 1)).then_some(date)
}

/// The year before the first of each era of Japan since 1868, and of the Republic of China.
const ERAS: [(&str, i16); 11] = [
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_as_payloads_tell_them() {
        let today = Date::constant(2026, 11, 23);
        for (text, expected) in [
            ("9", Some(9)),
            ("٩", Some(9)),
            ("9.5", Some(9)),
            ("9.0", Some(9)),
            ("9 years", Some(9)),
            ("9岁", Some(9)),
            ("9y 3m", Some(9)),
            ("18 months", Some(1)),
            ("30 months", Some(2)),
            ("13-17", Some(13)),
            ("13–17", Some(13)),
            ("13 to 17", Some(13)),
            ("17-13", Some(13)),
            ("18-24", Some(18)),
            ("6-12 months", Some(0)),
            ("under 13", Some(0)),
            ("<13", Some(0)),
            ("under 18", Some(0)),
            ("17 or younger", Some(0)),
            ("17 and under", Some(0)),
            ("moins de 18 ans", Some(0)),
            ("-18 ans", Some(0)),
            ("未满18岁", Some(0)),
            ("18歳未満", Some(0)),
            ("17岁以下", Some(0)),
            ("18세 미만", Some(0)),
            ("under 36 months", Some(0)),
            ("under 21", Some(0)),
            ("≤20", Some(0)),
            ("20 or younger", Some(0)),
            ("21 or younger", None),
            ("<=21", None),
            ("21歳以下", None),
            ("under 65", None),
            ("13+", Some(13)),
            ("over 12", Some(12)),
            ("over 18", Some(18)),
            ("18以上", Some(18)),
            ("65+", Some(65)),
            (">=13 and <18", Some(13)),
            ("<18, >=13", Some(13)),
            ("age 18 months", Some(1)),
            ("minor", Some(0)),
            ("Child", Some(0)),
            ("未成年", Some(0)),
            ("adult", None),
            ("120", Some(120)),
            ("2016-11-23", Some(10)),
            ("2016-11-24T10:00:00Z", Some(9)),
            ("20161124", Some(9)),
            ("20161124T100000Z", Some(9)),
            ("24112016", Some(9)),
            ("24/11/2016", Some(9)),
            ("11/24/2016", Some(9)),
            ("24 November 2016", Some(9)),
            ("2016年5月1日", Some(10)),
            ("2016年12月1日", Some(9)),
            ("1479859200", Some(10)),
            ("1479859200000", Some(10)),
            ("1479859200000000", Some(10)),
            ("1462060800.0", Some(10)),
            ("/Date(1462060800000)/", Some(10)),
            ("/Date(1462060800000+0000)/", Some(10)),
            ("-14182940", Some(57)),
            ("٢٠١٦-٠٥-٠١", Some(10)),
            ("01.05.16", Some(10)),
            ("160501", Some(10)),
            ("12APR16", Some(10)),
            ("12APR87", Some(39)),
            ("2016-05", Some(10)),
            ("12/2016", Some(9)),
            ("201605", Some(10)),
            ("2016", Some(9)),
            ("2026", Some(0)),
            ("20160501000000", Some(10)),
            ("201605010000", Some(10)),
            ("829267200000", Some(30)),
            ("2559-05-01", Some(10)),
            ("1/5/2559", Some(10)),
            ("平成28年5月1日", Some(10)),
            ("令和元年5月1日", Some(7)),
            ("H28.5.1", Some(10)),
            ("昭和55年3月4日", Some(46)),
            ("民國105年5月3日", Some(10)),
            ("1996-04-12", Some(30)),
            ("2030-01-01", None),
            ("12.5.3", Some(14)),
            ("5 December 2016", Some(9)),
            ("Tue 5 Dec 2016", Some(9)),
            ("2016 Dec 5 10:00", Some(9)),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(years(text, today), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_written_panics(text in "[0-9A-Z年月日元./:+ -]{0,20}") {
            let _ = years(&text, Date::constant(2026, 11, 23));
        }
    }
}
