//! Children whom the payload tells of, where nobody stated how old anybody is: a date of birth or an age in it says that
//! they are protected as children are. That somebody is grown up is for those to state who know.

use std::borrow::Cow;

use jiff::{civil::Date, tz::TimeZone};

use super::reading::Reading;
use crate::{
    domain::TagSet,
    policy::{People, Transfer},
};

/// From this age on nobody is a child anywhere.
const GROWN_UP: u32 = 18;

/// The people, with the age of each child among them of whom `ages`, categories, tell.
pub(super) fn with_children<'p>(
    reading: &Reading<'_>,
    transfer: &Transfer,
    people: &'p People,
    ages: &TagSet,
) -> Cow<'p, People> {
    let mut result = Cow::Borrowed(people);
    let Some(now) = transfer.as_of else { return result };
    for (number, finding) in reading.findings.items.iter().enumerate() {
        let marks = finding.marks;
        let is_their_own = !(marks.container || marks.pseudonymous || marks.third_party);
        if !is_their_own || !ages.contains(finding.tag) {
            continue;
        }
        let whose = people.whose(number);
        let Some(person) = people.people.get(whose) else { continue };
        let on_file = person.facts.as_ref().unwrap_or(&transfer.subject);
        if on_file.age.is_some() || on_file.minor.is_some() {
            continue;
        }
        let today = now.0.to_zoned(TimeZone::UTC).date();
        let Some(age) = age(&reading.text(finding), today).filter(|age| *age < GROWN_UP) else {
            continue;
        };
        if let Some(person) = result.to_mut().people.get_mut(whose) {
            let facts = person.facts.get_or_insert_with(|| on_file.clone());
            // Of several the youngest.
            facts.age = Some(facts.age.map_or(age, |told| told.min(age)));
        }
    }
    result
}

/// In whole years, of an age as it is written or of the day of a birth. Of a day whose month cannot be told from its
/// day, those of the year's end.
fn age(text: &str, today: Date) -> Option<u32> {
    let text = text.trim();
    if text.len() <= 2 {
        return text.parse().ok();
    }
    let born = day(text)?;
    let had_no_birthday = (today.month(), today.day()) < (born.month(), born.day());
    let years = i32::from(today.year()) - i32::from(born.year()) - i32::from(had_no_birthday);
    u32::try_from(years).ok()
}

fn day(text: &str) -> Option<Date> {
    let date = text.get(..10).and_then(|date| date.parse::<Date>().ok());
    if date.is_some() {
        return date;
    }
    let is_compact = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_compact {
        let number: i32 = text.parse().ok()?;
        let part = |number: i32| i8::try_from(number).ok();
        let year = i16::try_from(number / 10_000).ok()?;
        return Date::new(year, part(number / 100 % 100)?, part(number % 100)?).ok();
    }
    let year = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| part.len() == 4)
        .find_map(|part| part.parse::<i16>().ok().filter(|year| (1900..2100).contains(year)));
    match year {
        Some(year) => Date::new(year, 12, 31).ok(),
        None => moment(text),
    }
}

/// Seconds or milliseconds since 1970.
fn moment(text: &str) -> Option<Date> {
    let number: i64 = text.parse().ok()?;
    let instant = match text.trim_start_matches('-').len() {
        ..=10 => jiff::Timestamp::from_second(number),
        _ => jiff::Timestamp::from_millisecond(number),
    };
    Some(instant.ok()?.to_zoned(TimeZone::UTC).date())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_as_payloads_tell_them() {
        let today = Date::constant(2026, 11, 23);
        for (text, expected) in [
            ("9", Some(9)),
            ("2016-11-23", Some(10)),
            ("2016-11-24T10:00:00Z", Some(9)),
            ("20161124", Some(9)),
            ("24/11/2016", Some(9)),
            ("24 November 2016", Some(9)),
            ("2016年5月1日", Some(9)),
            ("1479859200", Some(10)),
            ("1479859200000", Some(10)),
            ("1996-04-12", Some(30)),
            ("2030-01-01", None),
            ("18-24", None),
            ("unknown", None),
        ] {
            assert_eq!(age(text, today), expected, "{text}");
        }
    }
}
